//! What of a batch has left the machine. Its rows are noted in the journal when a request leaves, and taken back when the
//! portal has surely not carried it out: what only waits for the portal's limits, for minutes perhaps, does not count as sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journal::Journal;
use crate::client::Moment;

/// The journal, while nobody else writes it.
pub(super) fn locked(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rows of a batch, and its requests so far.
pub(super) struct Departure {
    journal: Arc<Mutex<Journal>>,
    rows: Vec<u64>,
    /// Reads can be repeated, and are not noted.
    is_noted: bool,
    requests: Mutex<Requests>,
}

/// How many requests have left, and how many of them were surely not carried out.
#[derive(Clone, Copy, Default)]
struct Requests {
    left: usize,
    void: usize,
}

impl Departure {
    pub(super) fn new(journal: Arc<Mutex<Journal>>, rows: Vec<u64>, is_noted: bool) -> Self {
        Self { journal, rows, is_noted, requests: Mutex::default() }
    }

    /// Whether the portal may have carried out any of them.
    pub(super) fn is_out(&self) -> bool {
        let requests = *self.requests();
        requests.left > requests.void
    }

    /// Notes what happens to a request. What is about to leave is on the disk before.
    pub(super) fn tell(&self, moment: Moment) -> Result<(), String> {
        let mut requests = self.requests();
        let was_out = requests.left > requests.void;
        match moment {
            Moment::Leaves => requests.left += 1,
            Moment::Void => requests.void += 1,
        }
        let is_out = requests.left > requests.void;
        match (self.is_noted, was_out, is_out) {
            (true, false, true) => locked(&self.journal).sent(&self.rows),
            (true, true, false) => locked(&self.journal).back(&self.rows),
            _ => Ok(()),
        }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::{Run, State};
    use super::*;

    #[test]
    fn rows_are_sent_from_the_first_request_that_is_not_void() {
        let run = Run::new("crm.deal.add", 2, "b24.example.org", 5, String::new(), String::new());
        let journal = Arc::new(Mutex::new(Journal::absent(run)));
        let departure = Departure::new(Arc::clone(&journal), vec![2, 3], true);
        let is_sent = |row: u64| matches!(locked(&journal).state(row), State::Sent(_));
        for (moment, expected) in [
            (None, false),
            (Some(Moment::Leaves), true),
            (Some(Moment::Void), false),
            (Some(Moment::Leaves), true),
            // A second request, of rows that travel alone: the first one may have been carried out.
            (Some(Moment::Leaves), true),
            (Some(Moment::Void), true),
        ] {
            moment.map_or(Ok(()), |moment| departure.tell(moment)).expect("noted");
            assert_eq!((is_sent(2), is_sent(3), departure.is_out()), (expected, expected, expected), "{moment:?}");
            assert!(!is_sent(1));
        }
        let reads = Departure::new(Arc::clone(&journal), vec![1], false);
        reads.tell(Moment::Leaves).expect("noted");
        assert!(reads.is_out() && !is_sent(1));
    }
}
