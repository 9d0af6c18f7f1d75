//! The guard of the portal's run-time limit: each method may use so many seconds in ten minutes, and the portal tells
//! with every answer how many are used (`time.operating`, a running total). A method that has used up its seconds waits
//! for `operating_reset_at` instead of being refused.
//!
//! Documentation and measurements disagree on whom a batch is charged to: the methods inside it, or the batch as one
//! method. Both are watched: a batch waits for its own name and for those of its commands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::client::shared::SharedState;
use crate::value::Object;

/// The name that a batch is charged under, where it is charged as a whole.
const BATCH: &str = "batch";
/// The portal counts over ten minutes: nothing is blocked for longer.
pub(super) const WINDOW: Duration = Duration::from_secs(600);
/// How long a method rests after a refusal that does not say when it is free; twice as long after each further one.
const REST: Duration = Duration::from_secs(15);
/// How long the first call after a rest is ahead of the others, which wait for what it brings.
const LEAD: Duration = Duration::from_secs(1);

/// The methods that have used up their seconds. Others are not remembered.
pub(super) type Rests = BTreeMap<String, Rest>;

/// How long a method is left alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rest {
    /// A moment in the time since whatever its owner counts from.
    pub(super) until: Duration,
    /// Refusals in a row that did not say when the method is free.
    pub(super) refusals: u32,
}

#[derive(Debug)]
pub(super) struct Guard {
    /// Seconds a method may use; none when the portal has no such limit.
    limit: Option<f64>,
    since: Instant,
    own: Mutex<Rests>,
    /// Where the same is kept together with other programs.
    shared: Option<Arc<SharedState>>,
    /// Whether any method rested when it was last looked.
    any: AtomicBool,
}

impl Guard {
    pub(super) fn new(limit: Option<Duration>, shared: Option<Arc<SharedState>>) -> Self {
        let limit = limit.map(|limit| limit.as_secs_f64());
        Self { limit, since: Instant::now(), own: Mutex::default(), shared, any: AtomicBool::new(false) }
    }

    /// Does something with the methods that rest: the shared ones, or the client's own where none are shared.
    async fn step<T>(&self, step: impl Fn(&mut Rests, Duration) -> T) -> T {
        let step = |rests: &mut Rests, now| {
            let outcome = step(rests, now);
            self.any.store(!rests.is_empty(), Ordering::Relaxed);
            outcome
        };
        if let Some(shared) = &self.shared
            && let Some(outcome) = shared.step(|state, now| step(&mut state.rests, now)).await
        {
            return outcome;
        }
        step(&mut self.own.lock().unwrap_or_else(PoisonError::into_inner), self.since.elapsed())
    }

    /// Lets a call of these methods through, or says which is blocked and for how long.
    pub(super) async fn admit(&self, methods: &[&str]) -> Result<(), (String, Duration)> {
        if self.shared.is_none() && !self.any.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.step(|rests, now| {
            let wait = |method: &str| Some(rests.get(method)?.until.saturating_sub(now));
            let longest =
                methods.iter().filter_map(|method| Some((method, wait(method)?))).max_by_key(|(_, wait)| *wait);
            match longest {
                Some((method, wait)) if !wait.is_zero() => return Err(((*method).to_owned(), wait)),
                None => return Ok(()),
                Some(_) => {}
            }
            for method in methods {
                if let Some(rest) = rests.get_mut(*method) {
                    rest.until = now + LEAD;
                }
            }
            Ok(())
        })
        .await
    }

    /// Reads what an answer says of the method that was called.
    pub(super) async fn observe(&self, method: &str, time: Option<&Object>) {
        let Some((used, rest)) = time.and_then(usage) else { return };
        self.used(method, used, rest).await;
    }

    async fn used(&self, method: &str, used: f64, rest: Duration) {
        if self.limit.is_some_and(|limit| used >= limit) {
            tracing::warn!(target: "bitrix24", method, operating = used, rest_s = rest.as_secs_f64(), "operating_used_up");
            self.step(|rests, now| rests.insert(method.to_owned(), Rest { until: now + rest, refusals: 0 })).await;
        } else if self.any.load(Ordering::Relaxed) {
            self.step(|rests, _| rests.remove(method)).await;
        }
    }

    /// Reads what a batch's answer says of its commands: `commands` are their keys and methods.
    pub(super) async fn observe_batch(&self, commands: &[(&str, &str)], result: &Value) {
        let part = |part: &str, key: &str| {
            let part = result.get(part)?;
            // A list where the keys are 0, 1, 2 …
            part.get(key).or_else(|| part.get(key.parse::<usize>().ok()?))
        };
        let usages: Vec<(&str, f64, Duration)> = commands
            .iter()
            .filter_map(|(key, method)| {
                let (used, rest) = usage(part("result_time", key)?.as_object()?)?;
                Some((*method, used, rest))
            })
            .collect();
        if let Some((first, used, rest)) = usages.first() {
            let is_same = usages.iter().all(|(_, other, _)| (other - used).abs() < 1e-6);
            // One figure for different methods is that of the batch as a whole.
            if is_same && *used > 0.0 && usages.iter().any(|(method, ..)| method != first) {
                self.used(BATCH, *used, *rest).await;
            } else {
                // A running total: the last command of a method knows best.
                let last: BTreeMap<&str, (f64, Duration)> =
                    usages.iter().map(|(method, used, rest)| (*method, (*used, *rest))).collect();
                for (method, (used, rest)) in last {
                    self.used(method, used, rest).await;
                }
            }
        }
        for (key, method) in commands {
            let error = part("result_error", key);
            if error.and_then(|error| error.get("error")?.as_str()) == Some("OPERATION_TIME_LIMIT") {
                self.refused(method, part("result_time", key).and_then(Value::as_object)).await;
            }
        }
    }

    /// The portal refused the method; `time` is what the refusal says, if it does.
    pub(super) async fn refused(&self, method: &str, time: Option<&Object>) {
        self.step(|rests, now| {
            let before = rests.get(method).map_or(0, |rest| rest.refusals);
            let (rest, refusals) = match time.and_then(usage) {
                Some((_, rest)) if !rest.is_zero() => (rest, 0),
                _ => ((REST * 2_u32.pow(before.min(6))).min(WINDOW), before + 1),
            };
            let until = (now + rest).max(rests.get(method).map_or(now, |rest| rest.until));
            rests.insert(method.to_owned(), Rest { until, refusals });
        })
        .await;
    }
}

/// Seconds used, and the time until some of them are free again by the portal's own clock.
fn usage(time: &Object) -> Option<(f64, Duration)> {
    let number = |key: &str| {
        let value = time.get(key)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number: &f64| number.is_finite())
    };
    let used = number("operating")?;
    let ours = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
    let now = number("finish").unwrap_or_else(ours);
    let rest = number("operating_reset_at").map_or(0.0, |reset| reset - now).clamp(0.0, WINDOW.as_secs_f64());
    Some((used, Duration::from_secs_f64(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn guard() -> Guard {
        Guard::new(Some(Duration::from_secs(480)), None)
    }

    fn time(operating: f64, rest: f64) -> Object {
        let time = json!({"finish": 1000.0, "operating": operating, "operating_reset_at": 1000.0 + rest});
        time.as_object().cloned().expect("an object")
    }

    async fn wait(guard: &Guard, methods: &[&str]) -> Option<(String, f64)> {
        guard.admit(methods).await.err().map(|(method, wait)| (method, wait.as_secs_f64()))
    }

    #[tokio::test]
    async fn a_method_rests_when_its_seconds_are_used_and_others_go_on() {
        let guard = guard();
        guard.observe("crm.deal.list", Some(&time(479.9, 300.0))).await;
        assert_eq!(wait(&guard, &["crm.deal.list"]).await, None);
        guard.observe("crm.deal.list", Some(&time(480.0, 300.0))).await;
        assert!(wait(&guard, &["crm.deal.list"]).await.is_some_and(|(_, wait)| wait > 299.0));
        assert_eq!(wait(&guard, &["crm.deal.get"]).await, None);
        // A batch waits for its commands.
        assert!(wait(&guard, &["batch", "crm.deal.get", "crm.deal.list"]).await.is_some());
        // The figure is a running total: a lower one frees the method.
        guard.observe("crm.deal.list", Some(&time(200.0, 300.0))).await;
        assert_eq!(wait(&guard, &["crm.deal.list"]).await, None);
    }

    #[tokio::test]
    async fn after_a_rest_one_call_goes_ahead() {
        let guard = guard();
        guard.observe("m", Some(&time(500.0, 0.0))).await;
        assert_eq!(wait(&guard, &["m"]).await, None);
        assert!(wait(&guard, &["m"]).await.is_some_and(|(_, wait)| wait <= 1.0));
        guard.observe("m", Some(&time(3.0, 0.0))).await;
        assert_eq!((wait(&guard, &["m"]).await, wait(&guard, &["m"]).await), (None, None));
    }

    #[tokio::test]
    async fn refusals_without_a_time_rest_longer_each_time() {
        let guard = guard();
        guard.refused("m", None).await;
        assert!(wait(&guard, &["m"]).await.is_some_and(|(_, wait)| (14.0..=15.0).contains(&wait)));
        guard.refused("m", None).await;
        assert!(wait(&guard, &["m"]).await.is_some_and(|(_, wait)| (29.0..=30.0).contains(&wait)));
        guard.refused("m", Some(&time(480.0, 100.0))).await;
        assert!(wait(&guard, &["m"]).await.is_some_and(|(_, wait)| (99.0..=100.0).contains(&wait)));
    }

    #[tokio::test]
    async fn a_batch_is_charged_by_command_or_as_a_whole() {
        let commands = [("a", "crm.deal.list"), ("b", "crm.lead.list")];
        let answer = |a: f64, b: f64| json!({"result_time": {"a": time(a, 60.0), "b": time(b, 60.0)}});
        let by_command = guard();
        by_command.observe_batch(&commands, &answer(481.0, 2.0)).await;
        assert!(wait(&by_command, &["crm.deal.list"]).await.is_some());
        assert_eq!(wait(&by_command, &["crm.lead.list"]).await, None);
        let as_whole = guard();
        as_whole.observe_batch(&commands, &answer(481.0, 481.0)).await;
        assert_eq!(wait(&as_whole, &["crm.deal.list"]).await, None);
        assert!(wait(&as_whole, &["batch", "crm.deal.list"]).await.is_some());
        // A command that was refused blocks its method; keys 0, 1, 2 come as a list.
        let refused = guard();
        let answer =
            json!({"result": [], "result_error": [null, {"error": "OPERATION_TIME_LIMIT"}], "result_time": []});
        refused.observe_batch(&[("0", "x"), ("1", "y")], &answer).await;
        assert!(wait(&refused, &["x"]).await.is_none() && wait(&refused, &["y"]).await.is_some());
    }
}
