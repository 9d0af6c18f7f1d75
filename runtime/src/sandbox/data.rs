//! Data sets of one's own: a JSON or YAML file of records by collection.
//!
//! ```yaml
//! user:
//!   - {ID: 7, NAME: Olga, LAST_NAME: Berg, EMAIL: olga@example.org}
//! crm.deal:
//!   - {TITLE: First, OPPORTUNITY: 100}
//! ```

use serde_json::Value;

use crate::sandbox::entity::{Kind, ROWS};
use crate::sandbox::records::{self, blank, number};
use crate::sandbox::seed;
use crate::sandbox::store::Store;
use crate::value::Object;

/// Reads a data set into a store.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str, store: &mut Store) -> Result<(), String> {
    let data: Value = serde_yaml::from_str(text).map_err(|error| format!("it is neither JSON nor YAML: {error}"))?;
    let Value::Object(collections) = data else {
        return Err("it must be a map of collections, such as `crm.deal`, to lists of records".into());
    };
    for (collection, records) in collections {
        let Value::Array(records) = records else {
            return Err(format!("`{collection}` must be a list of records"));
        };
        for record in records {
            let Value::Object(record) = record else {
                return Err(format!("`{collection}` must be a list of maps"));
            };
            put(store, &collection, record)?;
        }
    }
    Ok(())
}

fn put(store: &mut Store, collection: &str, fields: Object) -> Result<(), String> {
    let given = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, id)| number(id));
    let id = given.unwrap_or_else(|| store.next(collection));
    if collection == "user" {
        let mut user = seed::user(id, "", "", "", 1);
        user.extend(fields.into_iter().map(|(name, value)| (name.to_uppercase(), value)));
        user.insert("ID".into(), id.to_string().into());
        store.put(collection, id, user);
        return Ok(());
    }
    // A smart process has the row of all of them.
    let is_smart = collection.strip_prefix("crm.item.").is_some_and(|id| id.parse::<u64>().is_ok());
    let row = if is_smart { "crm.item" } else { collection };
    let entity = ROWS.entity(row).ok_or_else(|| {
        let known: Vec<&str> = ROWS.names().chain(["user"]).collect();
        format!("there is no collection `{collection}`; there are {}", known.join(", "))
    })?;
    let mut record = blank(entity, id);
    for (name, value) in fields {
        let name = records::stored_name(entity, &name);
        if name != entity.id {
            let kind = entity.kind(&name);
            let value = records::normal(entity, kind, value);
            let value = if kind == Kind::Multi { records::merged(&name, &Value::Null, value) } else { value };
            record.insert(name, value);
        }
    }
    records::flag_contacts(entity, &mut record);
    store.put(collection, id, record);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_read() {
        let mut store = Store::default();
        let yaml = "user:\n  - {ID: 7, name: Olga}\ncrm.deal:\n  - TITLE: First\n    OPPORTUNITY: 100\ntasks.task:\n  - {title: Call}\n";
        assert_eq!(read(yaml, &mut store), Ok(()));
        assert_eq!(read("{\"crm.deal\": [{\"ID\": 9, \"TITLE\": \"Second\"}]}", &mut store), Ok(()));
        let text = |collection: &str, id, field: &str| {
            store.get(collection, id).and_then(|record| record.get(field)).cloned().unwrap_or_default()
        };
        assert_eq!((text("user", 7, "NAME"), text("crm.deal", 1, "OPPORTUNITY")), ("Olga".into(), "100.00".into()));
        assert_eq!((text("crm.deal", 9, "TITLE"), text("tasks.task", 1, "TITLE")), ("Second".into(), "Call".into()));
        for (wrong, part) in [
            ("- 1", "a map of collections"),
            ("a: 1", "a list of records"),
            ("crm.deal: [1]", "a list of maps"),
            ("crm.deals: [{}]", "crm.deal,"),
            ("{", "neither JSON nor YAML"),
        ] {
            assert!(read(wrong, &mut Store::default()).is_err_and(|error| error.contains(part)), "{wrong}");
        }
    }
}
