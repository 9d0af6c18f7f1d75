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
    /// The file that keeps the data.
    #[cfg(feature = "sandbox-db")]
    pub(super) db: Option<crate::sandbox::db::Db>,
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
            #[cfg(feature = "sandbox-db")]
            db: None,
            ahead: Duration::ZERO,
            options,
        }
    }

    /// The portal's time.
    pub(super) fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead
    }

    /// Keeps the data in a file from now on. What the file holds goes before what there is.
    ///
    /// # Errors
    /// What is wrong with the file.
    #[cfg(feature = "sandbox-db")]
    pub(super) fn keep(
        &mut self,
        path: &std::path::Path,
        application: &crate::sandbox::Application,
    ) -> Result<(), String> {
        use crate::sandbox::{auth, oauth};
        let (mut db, found) = crate::sandbox::db::Db::open(path)?;
        match found {
            Some(store) => self.store = store,
            None => db.replace(&self.store).map_err(|error| format!("cannot write {}: {error}", path.display()))?,
        }
        self.store.watch();
        // The token of the start may be another one than last time.
        if auth::pair(&self.store, "ACCESS", &application.token).is_none() {
            let pair = oauth::first(application, self.now(), self.options.token_life);
            let id = self.store.next(auth::TOKENS);
            self.store.put(auth::TOKENS, id, pair.record());
        }
        self.db = Some(db);
        self.persist()
    }

    /// Writes what has changed to the file that keeps the data, if there is one. Nothing may be answered before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn persist(&mut self) -> Result<(), String> {
        #[cfg(feature = "sandbox-db")]
        if let (Some(db), Some(changes)) = (&mut self.db, self.store.changes()) {
            db.write(&self.store, &changes).map_err(|error| format!("the data cannot be kept: {error}"))?;
        }
        Ok(())
    }

    /// Puts these data in the place of the present ones, and forgets everything else that was counted or set.
    pub(super) fn replace(&mut self, store: Store) {
        #[cfg(feature = "sandbox-db")]
        let db = self.db.take();
        *self = Self::new(store, Options::default());
        #[cfg(feature = "sandbox-db")]
        if let Some(mut db) = db {
            if let Err(error) = db.replace(&self.store) {
                tracing::error!(%error, "the data cannot be kept");
            }
            self.store.watch();
            self.db = Some(db);
        }
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
