//! Changes behind the caller's back: records that vanish or come between two pages.

use std::time::SystemTime;

use crate::sandbox::answer::iso;
use crate::sandbox::entity::ROWS;
use crate::sandbox::options::Mutation;
use crate::sandbox::records;
use crate::sandbox::store::Store;

/// Carries out a change. `other` makes the records of collections that are no entities.
pub(super) fn apply(
    store: &mut Store,
    mutation: &Mutation,
    now: SystemTime,
    other: &dyn Fn(u64) -> Option<crate::value::Object>,
) {
    let collection = mutation.collection.as_str();
    let ids = store.all(collection).keys();
    let mut gone: Vec<u64> = ids.clone().take(mutation.delete_first).copied().collect();
    gone.extend(ids.rev().take(mutation.delete_last));
    for id in gone {
        store.remove(collection, id);
    }
    for _ in 0..mutation.add {
        let id = store.next(collection);
        let Some(entity) = ROWS.entity(collection) else {
            if let Some(record) = other(id) {
                store.put(collection, id, record);
            }
            continue;
        };
        let mut record = records::blank(entity, id);
        let stamps = entity.created.iter().chain(&entity.changed);
        record.extend(stamps.map(|field| (field.clone(), iso(now).into())));
        store.put(collection, id, record);
    }
}
