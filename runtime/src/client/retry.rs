//! When a failed call is tried again: how often, after which pause, and when the client as a whole has tried enough.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often and how fast a call is tried again after a failure that allows it.
///
/// What allows it depends on the call's [`Effect`](crate::Effect): a read may always be repeated, a write only when the
/// portal surely did not carry it out. Waiting for the portal's limits is no retry and is not counted.
///
/// The pauses have full jitter: the n-th is a random time between zero and `base × 2ⁿ`, at most `longest`, and never
/// shorter than the portal's `Retry-After`.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::{Fault, FaultKind, Sandbox}, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # let address = portal.webhook();
/// use bitrix24_runtime::{Client, Effect, Error, json};
///
/// let client = Client::webhook(&address)?;
///
/// // The answer is lost on its way: a read is sent again …
/// # portal.fault(Fault::new(FaultKind::Close { committed: true }).times(1));
/// client.call("crm.deal.list", json!({})).with_effect(Effect::List).await?;
/// assert_eq!(client.metrics().retries, 1);
///
/// // … and a write is not, since the portal may have carried it out.
/// # portal.fault(Fault::new(FaultKind::Close { committed: true }).times(1));
/// let lost = client.call("crm.deal.add", json!({"fields": {"TITLE": "New"}})).await;
/// assert!(matches!(lost, Err(Error::OutcomeUnknown { .. })));
/// assert_eq!(client.metrics().retries, 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) base: Duration,
    pub(crate) longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries: 4, base: Duration::from_millis(500), longest: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// Every call is tried once.
    pub fn never() -> Self {
        Self { retries: 0, ..Self::default() }
    }

    /// How often a call is tried again; 4 if not set.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// What the pauses grow from; half a second if not set.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest pause; 20 seconds if not set.
    pub fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// The pause before a retry, counted from 0. `random` is between 0 and 1.
    pub(crate) fn pause(&self, retry: u32, random: f64) -> Duration {
        let ceiling = self.base.saturating_mul(2_u32.saturating_pow(retry)).min(self.longest);
        ceiling.mul_f64(random.clamp(0.0, 1.0))
    }
}

/// What keeps a client from multiplying the load of a portal in trouble: retries are paid from a purse that only
/// successes fill.
#[derive(Debug)]
pub(super) struct Budget(Mutex<f64>);

impl Budget {
    /// Retries in hand at most, and at the start.
    const MOST: f64 = 100.0;
    /// What a success brings.
    const REFUND: f64 = 0.2;

    pub(super) fn new() -> Self {
        Self(Mutex::new(Self::MOST))
    }

    /// Pays for a retry; false when the purse is empty.
    pub(super) fn pay(&self) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pays = *left >= 1.0;
        if pays {
            *left -= 1.0;
        }
        pays
    }

    pub(super) fn refund(&self) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = (*left + Self::REFUND).min(Self::MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        let policy = RetryPolicy::default().base(Duration::from_secs(1)).longest(Duration::from_secs(5));
        let pauses: Vec<u64> = (0..5).map(|retry| policy.pause(retry, 1.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(policy.pause(u32::MAX, 0.5), Duration::from_millis(2500));
        assert_eq!(policy.pause(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn an_empty_purse_is_filled_by_successes_only() {
        let budget = Budget::new();
        assert_eq!((0..200).filter(|_| budget.pay()).count(), 100);
        assert!(!budget.pay());
        (0..5).for_each(|_| budget.refund());
        assert!(budget.pay() && !budget.pay());
    }
}
