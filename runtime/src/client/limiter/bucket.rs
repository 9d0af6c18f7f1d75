//! The arithmetic of a leaky bucket, without a clock of its own.

use std::time::Duration;

/// How full the bucket was at a moment. The moments are the caller's: time since whatever it counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::client) struct Bucket {
    pub(in crate::client) level: f64,
    pub(in crate::client) at: Duration,
}

/// What a bucket holds, and how fast it empties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::client) struct Size {
    /// Requests that leave the bucket in a second.
    pub(in crate::client) drain: f64,
    /// Requests that it holds.
    pub(in crate::client) burst: f64,
}

impl Size {
    /// What is used of it. One place stays free: requests do not reach the portal at the distance at which they were
    /// sent, and its clock is not ours.
    fn usable(self) -> f64 {
        (self.burst - 1.0).max(1.0)
    }
}

impl Bucket {
    /// Lets drain what drained until now. A clock that was set back costs nothing and gives nothing.
    fn drain(&mut self, size: Size, now: Duration) {
        let elapsed = now.saturating_sub(self.at).as_secs_f64();
        self.level = (self.level - elapsed * size.drain).clamp(0.0, size.burst);
        self.at = now;
    }

    /// How long the next request but so many others has to wait for its place.
    pub(in crate::client) fn free_in(&mut self, size: Size, now: Duration, others: usize) -> Duration {
        self.drain(size, now);
        let over = self.level + 1.0 + others as f64 - size.usable();
        // A sleep ends by whole milliseconds: what is missing less than that is not missing.
        if over <= size.drain / 1000.0 { Duration::ZERO } else { Duration::from_secs_f64(over / size.drain) }
    }

    /// Puts one request in, or says how long it must wait for its place.
    pub(in crate::client) fn take(&mut self, size: Size, now: Duration) -> Result<(), Duration> {
        let wait = self.free_in(size, now, 0);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.level += 1.0;
        Ok(())
    }

    /// The portal says that it is full: somebody else uses it as well.
    pub(in crate::client) fn fill(&mut self, size: Size, now: Duration) {
        self.drain(size, now);
        self.level = size.burst;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Size = Size { drain: 2.0, burst: 50.0 };

    #[test]
    fn after_the_burst_requests_leave_at_the_rate_of_the_drain() {
        let mut bucket = Bucket::default();
        let mut now = Duration::ZERO;
        for _ in 0..120 {
            while let Err(wait) = bucket.take(STANDARD, now) {
                now += wait;
            }
        }
        // 49 at once, 71 more at two a second.
        assert!((now.as_secs_f64() - 35.5).abs() < 0.1, "{now:?}");
    }

    #[test]
    fn the_portal_is_never_sent_more_than_it_takes() {
        // The same bucket as the portal counts it, with requests that arrive up to 200 ms late.
        let (mut ours, mut portal) = (Bucket::default(), Bucket::default());
        let (mut now, mut arrived) = (Duration::ZERO, Duration::ZERO);
        for request in 0..500_u64 {
            while let Err(wait) = ours.take(STANDARD, now) {
                now += wait;
            }
            arrived = arrived.max(now + Duration::from_millis(request * 37 % 200));
            portal.drain(STANDARD, arrived);
            portal.level += 1.0;
            assert!(portal.level <= STANDARD.burst, "{request}: {portal:?}");
        }
    }

    #[test]
    fn a_full_bucket_costs_a_second() {
        let mut bucket = Bucket::default();
        bucket.fill(STANDARD, Duration::from_secs(9));
        assert_eq!(bucket.take(STANDARD, Duration::from_secs(9)), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(STANDARD, Duration::from_secs(10)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_does_no_harm() {
        let mut bucket = Bucket { level: 50.0, at: Duration::from_secs(1000) };
        assert_eq!(bucket.take(STANDARD, Duration::from_secs(10)), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(STANDARD, Duration::from_secs(11)), Ok(()));
    }

    #[test]
    fn the_smallest_bucket_works() {
        let size = Size { drain: 1.0, burst: 1.0 };
        let mut bucket = Bucket::default();
        assert_eq!(bucket.take(size, Duration::ZERO), Ok(()));
        assert_eq!(bucket.take(size, Duration::ZERO), Err(Duration::from_secs(1)));
    }
}
