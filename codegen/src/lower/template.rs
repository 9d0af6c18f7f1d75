//! Templates: an object whose values tell what belongs there.

use serde_json::{Map, Value};

use crate::emit::tables::text;
use crate::ir::{Param, Ty};

/// The object made of known keys.
pub(super) fn object(entries: &[Param]) -> Map<String, Value> {
    entries.iter().map(|entry| (entry.name.clone(), hint(&entry.ty, entry))).collect()
}

fn hint(ty: &Ty, entry: &Param) -> Value {
    match ty {
        Ty::Array(item) => Value::Array(vec![hint(item, entry)]),
        Ty::Map(value) => Value::Object(Map::from_iter([("…".to_owned(), hint(value, entry))])),
        Ty::Object | Ty::Any if entry.entries.as_ref().is_some_and(|entries| !entries.all.is_empty()) => {
            Value::Object(object(entry.entries.as_ref().map_or(&[], |entries| &entries.all)))
        }
        Ty::OneOf(types) if types.iter().any(Ty::is_object) && entry.entries.is_some() => hint(&Ty::Object, entry),
        _ if !entry.values.is_empty() => {
            let values: Vec<_> = entry.values.iter().map(|known| text(&known.value)).collect();
            values.join(" | ").into()
        }
        _ => entry.description.clone().into(),
    }
}
