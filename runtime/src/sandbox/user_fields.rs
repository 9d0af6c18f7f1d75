//! Custom fields of accounts.

use serde_json::Value;

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::records;
use crate::sandbox::store::Store;
use crate::value::Object;

/// The collection.
const FIELDS: &str = "user.userfield";

/// What the portal sets where the caller does not.
const DEFAULTS: &[(&str, &str)] = &[
    ("SORT", "100"),
    ("MULTIPLE", "N"),
    ("MANDATORY", "N"),
    ("SHOW_FILTER", "N"),
    ("SHOW_IN_LIST", "Y"),
    ("EDIT_IN_LIST", "Y"),
    ("IS_SEARCHABLE", "N"),
];

/// What cannot be changed once the field exists.
const FIXED: &[&str] = &["ID", "ENTITY_ID", "FIELD_NAME", "USER_TYPE_ID", "MULTIPLE"];

fn administrator(call: &Call<'_>) -> Result<(), Refusal> {
    call.administrator().map_err(|_| Refusal::new(400, "", "Access denied."))
}

fn given(call: &Call<'_>) -> Object {
    call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn missing(field: &str) -> Refusal {
    Refusal::new(400, "", format!("The '{field}' field is not found."))
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    administrator(call)?;
    let fields = given(call);
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for key in ["FIELD_NAME", "USER_TYPE_ID"] {
        if text(key).is_empty() {
            return Err(missing(key));
        }
    }
    let bare = text("FIELD_NAME").to_uppercase();
    let bare = bare.trim_start_matches("UF_USR_").trim_start_matches("UF_");
    let name = format!("UF_USR_{bare}");
    if call.store().all(FIELDS).values().any(|field| field.get("FIELD_NAME").and_then(Value::as_str) == Some(&name)) {
        return Err(Refusal::core(format!("Field {name} for USER object already exists")));
    }
    let id = call.store_mut().next(FIELDS);
    let mut field = Object::new();
    field.insert("ID".into(), id.to_string().into());
    field.insert("ENTITY_ID".into(), "USER".into());
    field.extend(DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    field.extend(fields);
    field.insert("FIELD_NAME".into(), name.into());
    number_choices(call.store_mut(), &mut field);
    call.store_mut().put(FIELDS, id, field);
    Ok(Value::from(id).into())
}

/// Gives each new choice of an enumeration its number.
fn number_choices(store: &mut Store, field: &mut Object) {
    let Some(Value::Array(choices)) = field.get_mut("LIST") else {
        return;
    };
    for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
        if !choice.contains_key("ID") {
            let id = store.next("user.userfield.choice");
            choice.insert("ID".into(), id.to_string().into());
        }
        choice.entry("SORT").or_insert_with(|| "100".into());
        choice.entry("DEF").or_insert_with(|| "N".into());
    }
}

fn number(call: &Call<'_>) -> Result<u64, Refusal> {
    let id = call.number("id").and_then(|id| u64::try_from(id).ok());
    id.filter(|id| call.store().get(FIELDS, *id).is_some())
        .ok_or_else(|| Refusal::new(400, "", "The field is not found."))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    administrator(call)?;
    let id = number(call)?;
    let changes = given(call);
    let mut field = call.store().get(FIELDS, id).cloned().unwrap_or_default();
    field.extend(changes.into_iter().filter(|(key, _)| !FIXED.contains(&key.as_str())));
    number_choices(call.store_mut(), &mut field);
    call.store_mut().put(FIELDS, id, field);
    Ok(Value::Bool(true).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    administrator(call)?;
    let id = number(call)?;
    let field = call.store_mut().remove(FIELDS, id).unwrap_or_default();
    if let Some(name) = field.get("FIELD_NAME").and_then(Value::as_str) {
        let having = call.store().all("user").iter().filter(|(_, user)| user.contains_key(name));
        for (id, mut user) in having.map(|(id, user)| (*id, user.clone())).collect::<Vec<_>>() {
            user.shift_remove(name);
            call.store_mut().put("user", id, user);
        }
    }
    Ok(Value::Bool(true).into())
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    administrator(call)?;
    let query = records::asked(call.params, &str::to_uppercase);
    Ok(query.run(call.store().all(FIELDS), "ID").success(|field| Value::Object(field.clone())))
}
