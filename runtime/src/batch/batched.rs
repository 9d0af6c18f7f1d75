//! Which methods the portal takes in a batch, as far as a client has seen.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Whether the portal has taken a method in a batch or refused it there, by the method's name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Batched(Mutex<BTreeMap<String, bool>>);

impl Batched {
    /// Remembers that a method was taken, or refused. What was refused once stays refused: the portal may look at the parameters.
    pub(super) fn learn(&self, method: &str, is_taken: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(method.to_ascii_lowercase()).or_insert(is_taken);
        *entry &= is_taken;
    }

    /// Whether a method was taken; none while nobody knows.
    pub(super) fn takes(&self, method: &str) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&method.to_ascii_lowercase()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_once_stays_refused() {
        let batched = Batched::default();
        assert_eq!(batched.takes("x.add"), None);
        batched.learn("x.add", true);
        assert_eq!((batched.takes("X.Add"), batched.takes("x.clear")), (Some(true), None));
        batched.learn("X.ADD", false);
        batched.learn("x.add", true);
        assert_eq!(batched.takes("x.add"), Some(false));
    }
}
