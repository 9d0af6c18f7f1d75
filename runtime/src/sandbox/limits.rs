//! The portal's two limits: how many requests a source address may send, and how long a method may run.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::sandbox::options::{Bucket, Operating};

/// Source addresses remembered; the fullest are kept.
const MOST_SOURCES: usize = 10_000;

/// The levels of the buckets.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    levels: BTreeMap<IpAddr, (f64, SystemTime)>,
}

impl Buckets {
    /// Counts a request, or refuses it. A refused request is not counted.
    pub(super) fn admit(&mut self, bucket: &Bucket, source: IpAddr, now: SystemTime) -> bool {
        if self.levels.len() > MOST_SOURCES {
            self.levels.retain(|_, (level, _)| *level > 1.0);
        }
        let (level, since) = self.levels.entry(source).or_insert((bucket.level, now));
        let passed = now.duration_since(*since).unwrap_or(Duration::ZERO).as_secs_f64();
        *level = (*level - passed * bucket.rate).max(0.0);
        *since = now;
        let admitted = *level + 1.0 <= bucket.burst;
        if admitted {
            *level += 1.0;
        }
        admitted
    }
}

/// What each method has run for, a caller: webhooks and applications have an account each.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    spent: BTreeMap<(String, String), VecDeque<(u64, f64)>>,
}

/// The state of a method's account after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Charge {
    /// Seconds used within the window.
    pub(super) operating: f64,
    /// Unix seconds at which the oldest part of them drops out.
    pub(super) reset_at: u64,
}

impl Ledger {
    /// Charges a call, unless the allowance is used up already: then the answer is none.
    pub(super) fn charge(&mut self, terms: &Operating, caller: &str, method: &str, now: SystemTime) -> Option<Charge> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let cost = terms.costs.get(method).copied().unwrap_or(terms.cost);
        if cost == 0.0 && self.spent.is_empty() {
            return Some(Charge { operating: 0.0, reset_at: now.saturating_add(terms.window) });
        }
        let baskets = self.spent.entry((caller.to_owned(), method.to_owned())).or_default();
        baskets.retain(|(since, _)| since.saturating_add(terms.window) > now);
        let used: f64 = baskets.iter().map(|(_, cost)| cost).sum();
        if terms.limit.is_some_and(|limit| used >= limit) {
            return None;
        }
        let width = (terms.window / 10).max(1);
        match baskets.back_mut() {
            Some((since, spent)) if since.saturating_add(width) > now => *spent += cost,
            _ => baskets.push_back((now, cost)),
        }
        let oldest = baskets.front().map_or(now, |(since, _)| *since);
        Some(Charge { operating: used + cost, reset_at: oldest.saturating_add(terms.window) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn the_bucket_leaks_and_each_address_has_its_own() {
        let (one, two) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv4Addr::new(127, 0, 0, 2)));
        let mut buckets = Buckets::default();
        let bucket = Bucket { rate: 2.0, burst: 3.0, level: 1.0 };
        let tries = |buckets: &mut Buckets, source, now| (0..5).filter(|_| buckets.admit(&bucket, source, now)).count();
        assert_eq!(tries(&mut buckets, one, at(0)), 2, "it starts at the level given");
        assert_eq!(tries(&mut buckets, two, at(0)), 2);
        assert_eq!(tries(&mut buckets, one, at(1)), 2, "a second frees two places");
        assert_eq!(tries(&mut buckets, one, at(60)), 3, "and never more than there are");
    }

    #[test]
    fn a_method_runs_out_of_time_and_recovers() {
        let mut ledger = Ledger::default();
        let terms = Operating { limit: Some(2.0), cost: 1.0, ..Operating::default() };
        let charge = |ledger: &mut Ledger, method: &str, now| ledger.charge(&terms, "webhook", method, at(now));
        assert_eq!(charge(&mut ledger, "a", 0), Some(Charge { operating: 1.0, reset_at: 1_000_600 }));
        assert_eq!(charge(&mut ledger, "a", 90), Some(Charge { operating: 2.0, reset_at: 1_000_600 }));
        assert_eq!(charge(&mut ledger, "a", 100), None, "used up");
        assert!(charge(&mut ledger, "b", 100).is_some(), "another method goes on");
        assert!(ledger.charge(&terms, "application", "a", at(100)).is_some(), "and another caller");
        assert_eq!(charge(&mut ledger, "a", 600), Some(Charge { operating: 2.0, reset_at: 1_000_690 }));
    }
}
