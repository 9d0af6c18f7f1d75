//! Who waits for a place in the bucket, in order of arrival. Whoever waits holds nothing: a call that is not polled, since its
//! task does something else, is passed over when its turn has come, and has its turn back as soon as it is polled again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long whoever is called has to come: a busy runtime does not get round to a task at once.
const GRACE: Duration = Duration::from_millis(100);
/// How much later those look who are not next: mostly they are called before.
const LATER: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    arrived: u64,
    /// Those who wait and come when they are called, by the number of their arrival.
    present: BTreeMap<u64, Waiter>,
}

#[derive(Debug)]
struct Waiter {
    /// When it looks again by itself.
    due: Instant,
    /// Since when it has been asked to look.
    called: Option<Instant>,
    bell: Arc<Notify>,
}

impl Waiter {
    fn call(&mut self, now: Instant) {
        if self.called.is_none() {
            self.called = Some(now);
            self.bell.notify_one();
        }
    }

    /// Whether it has been called and did not come.
    fn is_missing(&self, now: Instant) -> bool {
        self.called.is_some_and(|called| called + GRACE <= now)
    }
}

/// A place in the queue, left when it is dropped.
#[derive(Debug)]
pub(super) struct Spot<'q> {
    queue: &'q Queue,
    number: u64,
    bell: Arc<Notify>,
}

impl Queue {
    /// Joins the end of the queue.
    pub(super) fn join(&self) -> Spot<'_> {
        let mut waiting = self.waiting();
        waiting.arrived += 1;
        Spot { queue: self, number: waiting.arrived, bell: Arc::default() }
    }

    /// How many wait for their turn.
    pub(super) fn len(&self) -> usize {
        self.waiting().present.len()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spot<'_> {
    /// Whether it is this one's turn; if not, the time after which to look again.
    pub(super) fn look(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut waiting = self.queue.waiting();
        // Whoever looks is here.
        self.stay(&mut waiting, now);
        loop {
            let mut ahead = waiting.present.range_mut(..self.number);
            let Some((_, first)) = ahead.next() else { return Ok(()) };
            match first.called {
                None if first.due > now => {
                    let longer = if ahead.next().is_none() { GRACE } else { LATER };
                    return Err(first.due - now + longer);
                }
                None => {
                    first.call(now);
                    return Err(GRACE);
                }
                Some(called) if called + GRACE > now => return Err(called + GRACE - now),
                Some(_) => {
                    // It did not come. Who else would not is found out at once, however many they are.
                    waiting.present.retain(|number, waiter| *number >= self.number || !waiter.is_missing(now));
                    waiting.present.range_mut(..self.number).for_each(|(_, waiter)| waiter.call(now));
                }
            }
        }
    }

    /// Waits for as long, or until it is called.
    pub(super) async fn rest(&self, wait: Duration) {
        self.stay(&mut self.queue.waiting(), Instant::now() + wait);
        let _ = tokio::time::timeout(wait, self.bell.notified()).await;
    }

    fn stay(&self, waiting: &mut Waiting, due: Instant) {
        waiting.present.insert(self.number, Waiter { due, called: None, bell: Arc::clone(&self.bell) });
    }
}

impl Drop for Spot<'_> {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting();
        waiting.present.remove(&self.number);
        if let Some((_, first)) = waiting.present.iter_mut().next() {
            first.call(Instant::now());
        }
    }
}
