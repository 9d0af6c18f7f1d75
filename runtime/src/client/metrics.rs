//! What a client has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts of a client and all its clones since it was made; see [`Client::metrics`](crate::Client::metrics).
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # let address = portal.webhook();
/// use bitrix24_runtime::{Client, json};
///
/// let client = Client::webhook(&address)?;
/// client.clone().call("profile", json!({})).await?;
/// let metrics = client.metrics();
/// assert_eq!((metrics.calls, metrics.requests, metrics.failed), (1, 1, 0));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Calls begun. A batch is one.
    pub calls: u64,
    /// Calls that ended in an error of any kind.
    pub failed: u64,
    /// Calls that ended in [`Error::OutcomeUnknown`](crate::Error::OutcomeUnknown).
    pub unknown: u64,
    /// HTTP requests sent, those of the authorisation server not among them.
    pub requests: u64,
    /// Requests sent again after a failure.
    pub retries: u64,
    /// Requests that the portal refused for its rate limit (503).
    pub rate_refusals: u64,
    /// Requests that the portal refused for a method's run time (429).
    pub operating_refusals: u64,
    /// Requests that waited for a place in the bucket, or for a method's run time.
    pub waits: u64,
    /// Time spent in these waits.
    pub waited: Duration,
    /// Access tokens renewed.
    pub refreshes: u64,
    /// Bytes of request bodies.
    pub bytes_sent: u64,
    /// Bytes of answers, after decompression.
    pub bytes_received: u64,
}

/// The counters behind [`Metrics`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) calls: Counter,
    pub(super) failed: Counter,
    pub(super) unknown: Counter,
    pub(super) requests: Counter,
    pub(super) retries: Counter,
    pub(super) rate_refusals: Counter,
    pub(super) operating_refusals: Counter,
    pub(super) waits: Counter,
    pub(super) waited_micros: Counter,
    pub(super) bytes_sent: Counter,
    pub(super) bytes_received: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// A request waited.
    pub(super) fn waited(&self, time: Duration) {
        self.waits.one();
        self.waited_micros.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn snapshot(&self) -> Metrics {
        Metrics {
            calls: self.calls.get(),
            failed: self.failed.get(),
            unknown: self.unknown.get(),
            requests: self.requests.get(),
            retries: self.retries.get(),
            rate_refusals: self.rate_refusals.get(),
            operating_refusals: self.operating_refusals.get(),
            waits: self.waits.get(),
            waited: Duration::from_micros(self.waited_micros.get()),
            refreshes: 0,
            bytes_sent: self.bytes_sent.get(),
            bytes_received: self.bytes_received.get(),
        }
    }
}
