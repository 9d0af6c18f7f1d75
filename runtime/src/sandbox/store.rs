//! What the portal remembers: collections of numbered records.

use std::collections::BTreeMap;

use crate::value::Object;

/// Records of one kind by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Collection {
    records: BTreeMap<u64, Object>,
    /// The highest number ever given: numbers are not used twice.
    last: u64,
}

/// All collections by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Store {
    collections: BTreeMap<String, Collection>,
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
        let found = self.collection(collection);
        found.last += 1;
        found.last
    }

    /// Puts a record in place of what has its number.
    pub(super) fn put(&mut self, collection: &str, id: u64, record: Object) {
        let found = self.collection(collection);
        found.last = found.last.max(id);
        found.records.insert(id, record);
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, collection: &str, id: u64) -> Option<Object> {
        self.collection(collection).records.remove(&id)
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
        assert_eq!(store.sizes().collect::<Vec<_>>(), [("a", 1)]);
        assert!(store.get("a", 8).is_none() && store.get("none", 1).is_none());
    }
}
