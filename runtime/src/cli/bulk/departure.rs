//! What has left the machine. The rows of a request are noted in the journal when it leaves, and taken back when the portal has
//! surely not carried it out: what only waits for the portal's limits, for minutes perhaps, does not count as sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journal::{Journal, State};
use crate::client::Moment;

/// The journal, while nobody else writes it.
pub(super) fn locked(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request's way, as often as it is tried.
pub(super) struct Departure {
    journal: Arc<Mutex<Journal>>,
    rows: Vec<u64>,
    /// Those that no earlier run may have had carried out already; none of reads, which can be repeated and are not noted.
    own: Option<Vec<u64>>,
    course: Mutex<Course>,
}

/// How the request stands.
#[derive(Default)]
struct Course {
    is_out: bool,
    /// Whether an attempt was followed by another one, and may have been carried out: nothing is taken back any more.
    is_uncertain: bool,
    /// Why the journal could not be written.
    fault: Option<String>,
}

impl Departure {
    pub(super) fn new(journal: Arc<Mutex<Journal>>, rows: Vec<u64>, is_noted: bool) -> Self {
        let own = is_noted.then(|| {
            let journal = locked(&journal);
            rows.iter().copied().filter(|row| journal.state(*row) == State::Open).collect()
        });
        Self { journal, rows, own, course: Mutex::default() }
    }

    /// Whether it is on its way.
    pub(super) fn is_out(&self) -> bool {
        self.course().is_out
    }

    /// Notes what happens to it. What is about to leave is on the disk before.
    pub(super) fn tell(&self, moment: Moment) -> Result<(), String> {
        let mut course = self.course();
        let was_out = std::mem::replace(&mut course.is_out, moment == Moment::Leaves);
        let noted = match moment {
            Moment::Leaves if was_out || course.is_uncertain => {
                course.is_uncertain = true;
                Ok(())
            }
            Moment::Leaves if self.own.is_some() => locked(&self.journal).sent(&self.rows),
            Moment::Leaves => Ok(()),
            Moment::Void => self.take_back_all(&course, &self.rows),
        };
        if let Err(fault) = &noted {
            course.is_out = false;
            course.fault = Some(fault.clone());
        }
        noted
    }

    /// Takes rows back that its answer says were not carried out.
    pub(super) fn take_back(&self, rows: &[u64]) -> Result<(), String> {
        self.take_back_all(&self.course(), rows)
    }

    /// What kept it here: the journal could not be written.
    pub(super) fn fault(&self) -> Option<String> {
        self.course().fault.clone()
    }

    fn take_back_all(&self, course: &Course, rows: &[u64]) -> Result<(), String> {
        let Some(own) = self.own.as_ref().filter(|_| !course.is_uncertain) else { return Ok(()) };
        let rows: Vec<u64> = rows.iter().copied().filter(|row| own.contains(row)).collect();
        locked(&self.journal).back(&rows)
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::Run;
    use super::*;

    fn journal() -> Arc<Mutex<Journal>> {
        let run = Run::new("crm.deal.add", 2, "b24.example.org", 5, String::new(), String::new());
        Arc::new(Mutex::new(Journal::absent(run)))
    }

    #[test]
    fn rows_are_sent_from_the_first_request_that_is_not_void() {
        let journal = journal();
        let departure = Departure::new(Arc::clone(&journal), vec![2, 3], true);
        let is_sent = |row: u64| matches!(locked(&journal).state(row), State::Sent(_));
        for (moment, is_out, expected) in [
            (None, false, false),
            (Some(Moment::Leaves), true, true),
            (Some(Moment::Void), false, false),
            (Some(Moment::Leaves), true, true),
            // The answer of the one before is lost: it may have been carried out.
            (Some(Moment::Leaves), true, true),
            (Some(Moment::Void), false, true),
            (Some(Moment::Leaves), true, true),
            (Some(Moment::Void), false, true),
        ] {
            moment.map_or(Ok(()), |moment| departure.tell(moment)).expect("noted");
            assert_eq!((is_sent(2), is_sent(3), departure.is_out()), (expected, expected, is_out), "{moment:?}");
            assert!(!is_sent(1));
        }
        departure.take_back(&[2]).expect("noted");
        assert!(is_sent(2));
        let reads = Departure::new(Arc::clone(&journal), vec![1], false);
        reads.tell(Moment::Leaves).expect("noted");
        assert!(reads.is_out() && !is_sent(1));
    }

    #[test]
    fn what_an_earlier_run_may_have_had_carried_out_is_never_taken_back() {
        let journal = journal();
        locked(&journal).sent(&[2]).expect("noted");
        let departure = Departure::new(Arc::clone(&journal), vec![2, 3], true);
        departure.tell(Moment::Leaves).expect("noted");
        departure.tell(Moment::Void).expect("noted");
        let journal = locked(&journal);
        assert!(matches!((journal.state(2), journal.state(3)), (State::Sent(_), State::Open)));
    }
}
