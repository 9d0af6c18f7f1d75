//! The portal's rate limit, kept on this side: a request waits for its place in the bucket before it is sent.

mod bucket;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bucket::{Bucket, Size};

/// The rate limit of a portal: a bucket that holds `burst` requests and loses `drain` of them a second.
///
/// Requests are counted when they are sent, in order of arrival, by all clones of a client together. What the portal
/// refuses all the same (other programs of this machine use the bucket as well) fills the bucket and waits for its turn
/// again; it is no failed attempt.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Limits {
    size: Option<Size>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::standard()
    }
}

impl Limits {
    /// Cloud portals of all plans but Enterprise: 2 requests a second, 50 at once. The default.
    pub fn standard() -> Self {
        Self { size: Some(Size { drain: 2.0, burst: 50.0 }) }
    }

    /// Cloud portals of the plan Enterprise: 5 requests a second, 250 at once.
    pub fn enterprise() -> Self {
        Self { size: Some(Size { drain: 5.0, burst: 250.0 }) }
    }

    /// A limit of one's own: `drain` requests a second (at least one in 1000 seconds), `burst` at once (at least one).
    pub fn custom(drain: f64, burst: u32) -> Self {
        let drain = if drain.is_finite() { drain.clamp(0.001, 1e6) } else { 1e6 };
        Self { size: Some(Size { drain, burst: f64::from(burst.max(1)) }) }
    }

    /// No limit, for portals of one's own: their servers have settings instead.
    pub fn off() -> Self {
        Self { size: None }
    }
}

/// The bucket of a client.
#[derive(Debug)]
pub(super) struct Limiter {
    size: Option<Size>,
    since: Instant,
    bucket: Mutex<Bucket>,
    /// Held by whoever is next. Those behind wait for it in order of arrival, and a call that is dropped leaves the queue.
    turn: tokio::sync::Mutex<()>,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            size: limits.size,
            since: Instant::now(),
            bucket: Mutex::new(Bucket::default()),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits for a place, and takes it: the caller sends at once. Says how long it waited. Nothing is taken when the
    /// future is dropped before it ends.
    pub(super) async fn acquire(&self) -> Duration {
        let Some(size) = self.size else { return Duration::ZERO };
        let since = Instant::now();
        let _turn = self.turn.lock().await;
        loop {
            match self.take(size) {
                Ok(()) => return since.elapsed(),
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    fn take(&self, size: Size) -> Result<(), Duration> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(size, self.since.elapsed())
    }

    /// The portal refused a request because its bucket is full.
    pub(super) fn refused(&self) {
        if let Some(size) = self.size {
            self.bucket.lock().unwrap_or_else(PoisonError::into_inner).fill(size, self.since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn places_are_given_in_order_of_arrival_and_given_back() {
        let limiter = Arc::new(Limiter::new(&Limits::custom(200.0, 3)));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 0..40 {
            let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                limiter.acquire().await;
                order.lock().expect("whole").push(number);
            }));
            tokio::task::yield_now().await;
        }
        // Some of those that wait change their minds.
        for number in [7, 8, 21] {
            tasks[number].abort();
        }
        for task in tasks {
            let _ = task.await;
        }
        let order = order.lock().expect("whole").clone();
        assert_eq!(order, (0..40).filter(|number| ![7, 8, 21].contains(number)).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let limiter = Limiter::new(&Limits::off());
        for _ in 0..10_000 {
            assert_eq!(limiter.acquire().await, Duration::ZERO);
        }
        limiter.refused();
    }
}
