//! Which fault or change meets which request.

use crate::sandbox::options::{FaultKind, Mutation, Options, Trigger};

/// How often a trigger has matched and fired.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    seen: u64,
    fired: u64,
}

/// The counters of all triggers, and the source of chance.
#[derive(Debug)]
pub(super) struct Plan {
    faults: Vec<Count>,
    mutations: Vec<Count>,
    chance: fastrand::Rng,
}

impl Plan {
    /// Counts from the start.
    pub(super) fn new(options: &Options) -> Self {
        Self {
            faults: vec![Count::default(); options.faults.len()],
            mutations: vec![Count::default(); options.mutations.len()],
            chance: fastrand::Rng::with_seed(options.seed),
        }
    }

    /// What goes wrong with this request. Every fault counts the request, the first that fires is the answer.
    pub(super) fn fault(&mut self, options: &Options, method: &str) -> Option<FaultKind> {
        let mut found = None;
        for (fault, count) in options.faults.iter().zip(&mut self.faults) {
            if fires(&fault.trigger, count, method, &mut self.chance, found.is_none()) {
                found = Some(fault.kind.clone());
            }
        }
        found
    }

    /// What changes before this request.
    pub(super) fn mutations<'o>(&mut self, options: &'o Options, method: &str) -> Vec<&'o Mutation> {
        let fired = options.mutations.iter().zip(&mut self.mutations).filter_map(|(mutation, count)| {
            fires(&mutation.trigger, count, method, &mut self.chance, true).then_some(mutation)
        });
        fired.collect()
    }

    /// The milliseconds of jitter that this answer gets.
    pub(super) fn jitter(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.chance.u64(0..=most) }
    }
}

fn fires(trigger: &Trigger, count: &mut Count, method: &str, chance: &mut fastrand::Rng, may: bool) -> bool {
    if !trigger.method.as_deref().is_none_or(|pattern| matches(pattern, method)) {
        return false;
    }
    count.seen += 1;
    let now = (trigger.at.is_empty() || trigger.at.contains(&count.seen))
        && trigger.every.is_none_or(|step| step > 0 && count.seen.is_multiple_of(step))
        && trigger.rate.is_none_or(|share| chance.f64() < share)
        && trigger.times.is_none_or(|most| count.fired < most);
    if now && may {
        count.fired += 1;
    }
    now && may
}

/// Whether a method, in lower case, is meant by a name or by `prefix*`.
fn matches(pattern: &str, method: &str) -> bool {
    let pattern = pattern.to_lowercase();
    match pattern.strip_suffix('*') {
        Some(prefix) => method.starts_with(prefix),
        None => pattern == method,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::options::Fault;

    fn fired(fault: Fault, methods: &[&str]) -> Vec<bool> {
        let options = Options { faults: vec![fault], seed: 42, ..Options::default() };
        let mut plan = Plan::new(&options);
        methods.iter().map(|method| plan.fault(&options, method).is_some()).collect()
    }

    #[test]
    fn triggers_pick_requests() {
        let methods = ["a.b", "a.c", "d", "a.b", "a.b"];
        let fault = || Fault::new(FaultKind::Truncated);
        assert_eq!(fired(fault(), &methods), [true; 5]);
        assert_eq!(fired(fault().on("A.B"), &methods), [true, false, false, true, true]);
        assert_eq!(fired(fault().on("a.*").at([2, 4]), &methods), [false, true, false, false, true]);
        assert_eq!(fired(fault().on("a.b").every(2), &methods), [false, false, false, true, false]);
        assert_eq!(fired(fault().on("a.b").times(1), &methods), [true, false, false, false, false]);
        assert_eq!(fired(fault().rate(0.0), &methods), [false; 5]);
        assert_eq!(fired(fault().rate(1.0), &methods), [true; 5]);
    }

    #[test]
    fn the_same_seed_brings_the_same_fate() {
        let methods = vec!["a"; 64];
        let first = fired(Fault::new(FaultKind::Truncated).rate(0.5), &methods);
        assert_eq!(first, fired(Fault::new(FaultKind::Truncated).rate(0.5), &methods));
        assert!(first.contains(&true) && first.contains(&false));
    }
}
