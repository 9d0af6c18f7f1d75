//! Everything about a portal that changes while it runs, behind one lock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::sandbox::disk::Place;
use crate::sandbox::limits::{Buckets, Ledger};
use crate::sandbox::oauth::Codes;
use crate::sandbox::options::Options;
use crate::sandbox::plan::Plan;
use crate::sandbox::store::Store;
use crate::sandbox::v3::Idempotency;

/// The state of a portal.
#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) options: Options,
    pub(super) plan: Plan,
    pub(super) buckets: Buckets,
    pub(super) ledger: Ledger,
    pub(super) codes: Codes,
    pub(super) idempotency: Idempotency,
    /// The places that files may be sent to, by token.
    pub(super) uploads: BTreeMap<String, Place>,
    /// Where new secrets come from.
    pub(super) secrets: fastrand::Rng,
    /// How far the portal's clock is ahead of the machine's.
    pub(super) ahead: Duration,
}

impl State {
    /// A portal with these data and this behaviour.
    pub(super) fn new(store: Store, options: Options) -> Self {
        let plan = Plan::new(&options);
        Self {
            store,
            plan,
            buckets: Buckets::default(),
            ledger: Ledger::default(),
            codes: Codes::default(),
            idempotency: Idempotency::default(),
            uploads: BTreeMap::new(),
            secrets: fastrand::Rng::new(),
            ahead: Duration::ZERO,
            options,
        }
    }

    /// The portal's time.
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// Takes over a behaviour; what was counted for the old one is forgotten.
    pub(super) fn set_options(&mut self, options: Options) {
        if options.bucket != self.options.bucket {
            self.buckets = Buckets::default();
        }
        self.plan = Plan::new(&options);
        self.options = options;
    }
}
