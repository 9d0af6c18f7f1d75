//! What the portal remembers: collections of numbered records.

#![cfg_attr(not(feature = "sandbox-db"), allow(dead_code, reason = "only who keeps the data asks what has changed"))]

use std::collections::{BTreeMap, BTreeSet};

use crate::value::Object;

/// Records of one kind by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Collection {
    records: BTreeMap<u64, Object>,
    /// The highest number ever given: numbers are not used twice.
    last: u64,
}

/// All collections by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    collections: BTreeMap<String, Collection>,
    /// What has changed since it was last asked, where somebody wants to know.
    changes: Option<Changes>,
}

/// Records that were put or removed, and collections that gave out a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Changes {
    pub(super) records: BTreeSet<(String, u64)>,
    pub(super) counters: BTreeSet<String>,
}

static NONE: BTreeMap<u64, Object> = BTreeMap::new();

impl Store {
    /// The records of a collection.
    pub(super) fn all(&self, collection: &str) -> &BTreeMap<u64, Object> {
        self.collections.get(collection).map_or(&NONE, |found| &found.records)
    }

    /// A record.
    pub(super) fn get(&self, collection: &str, id: u64) -> Option<&Object> {
        self.all(collection).get(&id)
    }

    /// The number for a new record.
    pub(super) fn next(&mut self, collection: &str) -> u64 {
        if let Some(changes) = &mut self.changes {
            changes.counters.insert(collection.to_owned());
        }
        let found = self.collection(collection);
        found.last += 1;
        found.last
    }

    /// Puts a record in place of what has its number.
    pub(super) fn put(&mut self, collection: &str, id: u64, record: Object) {
        self.changed(collection, id);
        let found = self.collection(collection);
        found.last = found.last.max(id);
        found.records.insert(id, record);
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, collection: &str, id: u64) -> Option<Object> {
        self.changed(collection, id);
        self.collection(collection).records.remove(&id)
    }

    /// The highest number that a collection has given.
    pub(super) fn last(&self, collection: &str) -> u64 {
        self.collections.get(collection).map_or(0, |found| found.last)
    }

    /// Sees to it that numbers up to this one are not given again.
    pub(super) fn set_last(&mut self, collection: &str, last: u64) {
        let found = self.collection(collection);
        found.last = found.last.max(last);
    }

    /// The names of all collections.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.collections.keys().map(String::as_str)
    }

    /// Notes changes from now on.
    pub(super) fn watch(&mut self) {
        self.changes = Some(Changes::default());
    }

    /// What has changed since this was last asked; none if nothing has.
    pub(super) fn changes(&mut self) -> Option<Changes> {
        let changes = self.changes.as_mut()?;
        let is_empty = changes.records.is_empty() && changes.counters.is_empty();
        (!is_empty).then(|| std::mem::take(changes))
    }

    fn changed(&mut self, collection: &str, id: u64) {
        if let Some(changes) = &mut self.changes {
            changes.records.insert((collection.to_owned(), id));
        }
    }

    /// The collections that hold records, with their number.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.collections
            .iter()
            .map(|(name, found)| (name.as_str(), found.records.len()))
            .filter(|(_, count)| *count > 0)
    }

    fn collection(&mut self, name: &str) -> &mut Collection {
        if !self.collections.contains_key(name) {
            self.collections.insert(name.to_owned(), Collection::default());
        }
        self.collections.entry(name.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_used_twice() {
        let mut store = Store::default();
        store.put("a", 7, Object::new());
        assert_eq!(store.next("a"), 8);
        store.put("a", 8, Object::new());
        assert!(store.remove("a", 8).is_some());
        assert_eq!((store.next("a"), store.next("b")), (9, 1));
        assert_eq!(store.changes(), None, "nobody watches");
        assert_eq!(store.sizes().collect::<Vec<_>>(), [("a", 1)]);
        assert!(store.get("a", 8).is_none() && store.get("none", 1).is_none());
    }
}
