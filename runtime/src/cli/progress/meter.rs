//! How fast a command goes and how long it will still take, from what it has done lately. Before the first thing is done
//! nothing is known of either.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What was done longer ago says little of now: a portal is fast until its limit is reached.
const MEMORY: Duration = Duration::from_secs(15);
/// Samples that are closer to each other are one.
const GRAIN: Duration = Duration::from_millis(200);

/// Counts what was done and when.
#[derive(Debug)]
pub(super) struct Meter {
    /// When how much had been done, the beginning first; never empty.
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// Begins to measure, with nothing done.
    pub(super) fn new(now: Instant) -> Self {
        Self { samples: VecDeque::from([(now, 0)]) }
    }

    /// So much has been done by now.
    pub(super) fn record(&mut self, done: u64, now: Instant) {
        if self.samples.back().is_some_and(|(_, known)| *known == done) {
            return;
        }
        // The beginning stays, however soon the first thing is done.
        if self.samples.len() > 2
            && let Some(last) = self.samples.back_mut().filter(|(at, _)| now.duration_since(*at) < GRAIN)
        {
            last.1 = done;
        } else {
            self.samples.push_back((now, done));
        }
        // One that is older is kept: it is where the others began.
        while self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) > MEMORY) && self.samples.len() > 2 {
            self.samples.pop_front();
        }
    }

    /// How much is done in a second; none before anything is known.
    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        let ((since, before), (_, done)) = (self.samples.front()?, self.samples.back()?);
        let seconds = now.duration_since(*since).as_secs_f64();
        let rate = done.saturating_sub(*before) as f64 / seconds;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }
}

/// A rate as it is shown.
pub(super) fn shown(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

/// How long so much will still take at a rate.
pub(super) fn left(much: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64(much as f64 / rate).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_before_something_is_done() {
        let start = Instant::now();
        let after = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut meter = Meter::new(start);
        meter.record(0, after(1.0));
        assert_eq!((meter.rate(start), meter.rate(after(60.0))), (None, None));
        meter.record(50, after(2.0));
        assert_eq!(meter.rate(after(2.0)), Some(25.0));
        assert_eq!(
            (shown(25.0), shown(0.43), left(150, 25.0)),
            ("25/s".into(), "0.4/s".into(), Duration::from_secs(6))
        );
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let mut meter = Meter::new(start);
        // A thousand a second at first, then ten.
        let mut done = 0;
        for tenth in 1..=400_u64 {
            done += if tenth <= 100 { 100 } else { 1 };
            meter.record(done, start + Duration::from_millis(100 * tenth));
        }
        let rate = meter.rate(start + Duration::from_secs(40)).expect("known");
        assert!((9.0..11.0).contains(&rate), "{rate}");
        assert!(meter.samples.len() < 100, "{}", meter.samples.len());
        // Silence makes it slower, not unknown.
        let rate = meter.rate(start + Duration::from_secs(100)).expect("known");
        assert!((1.0..3.0).contains(&rate), "{rate}");
    }
}
