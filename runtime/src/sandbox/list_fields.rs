//! Fields of universal lists, and the form of the values that elements have for them.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, ROWS};
use crate::sandbox::records::{self, number};
use crate::value::Object;

/// The collection of the fields.
const FIELDS: &str = "lists.field";
/// The counter of the choices of a field.
const CHOICES: &str = "lists.choice";
/// The counter of the values of elements.
const VALUES: &str = "lists.value";

/// The field that every list has.
const NAME: &str = "NAME";

fn entity() -> Result<&'static Entity, Refusal> {
    ROWS.entity(FIELDS).ok_or_else(Refusal::no_method)
}

fn missing(name: &str) -> Refusal {
    Refusal::new(400, "ERROR_REQUIRED_PARAMETERS_MISSING", format!("Required parameter `{name}` is missing"))
}

/// The number of the list that the parameters name.
fn list(call: &Call<'_>) -> Result<u64, Refusal> {
    let entity = entity()?;
    let parent = entity.parent.as_ref().ok_or_else(Refusal::no_method)?;
    records::parent_of(call, entity, parent)?.ok_or_else(|| missing("IBLOCK_ID"))
}

/// What the caller sent below `FIELDS`.
fn given(call: &Call<'_>) -> Object {
    call.param("FIELDS").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// A field that the portal itself brings is called after its type; others have a number and a code.
fn is_property(kind: &str) -> bool {
    matches!(kind, "S" | "N" | "L" | "F" | "G" | "E") || kind.contains(':')
}

fn text<'f>(field: &'f Object, key: &str) -> &'f str {
    field.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A flag as `Y` or `N`.
fn flag(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::Bool(true)) => "Y",
        Some(Value::String(text)) if matches!(text.as_str(), "Y" | "y" | "1" | "true") => "Y",
        Some(Value::Number(number)) if number.as_u64() == Some(1) => "Y",
        _ => "N",
    }
}

/// The choices of a field, by number, with the default one first.
fn choices(call: &mut Call<'_>, fields: &Object, known: &Object) -> Option<(Object, Value)> {
    let mut named = known.clone();
    let mut default = Value::from("");
    if let Some(Value::Object(list)) = fields.get("LIST") {
        for (key, choice) in list {
            let value = choice.get("VALUE").cloned().unwrap_or_default();
            let id = match number(&Value::from(key.as_str())).filter(|id| known.contains_key(&id.to_string())) {
                Some(id) => id,
                None => call.store_mut().next(CHOICES),
            };
            if value.as_str().is_none_or(str::is_empty) {
                named.shift_remove(&id.to_string());
                continue;
            }
            if choice.get("DEF").and_then(Value::as_str) == Some("Y") {
                default = id.to_string().into();
            }
            named.insert(id.to_string(), value);
        }
    }
    for line in text(fields, "LIST_TEXT_VALUES").lines().map(str::trim).filter(|line| !line.is_empty()) {
        let id = call.store_mut().next(CHOICES);
        named.insert(id.to_string(), line.into());
    }
    (named != *known).then_some((named, default))
}

/// Takes over what the caller sent.
fn fill(call: &mut Call<'_>, field: &mut Object, fields: &Object) {
    for name in
        ["NAME", "CODE", "DEFAULT_VALUE", "SETTINGS", "USER_TYPE_SETTINGS", "ROW_COUNT", "COL_COUNT", "LINK_IBLOCK_ID"]
    {
        if let Some(value) = fields.get(name) {
            field.insert(name.to_owned(), value.clone());
        }
    }
    for name in ["IS_REQUIRED", "MULTIPLE"].iter().filter(|name| fields.contains_key(**name)) {
        field.insert((*name).to_string(), flag(fields.get(*name)).into());
    }
    if let Some(sort) = fields.get("SORT").and_then(number) {
        field.insert("SORT".into(), sort.into());
    }
    let known = field.get("DISPLAY_VALUES_FORM").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some((named, default)) = choices(call, fields, &known) {
        field.insert("DISPLAY_VALUES_FORM".into(), named.into());
        if default != "" {
            field.insert("DEFAULT_VALUE".into(), default);
        }
    }
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let list = list(call)?;
    let fields = given(call);
    let kind = text(&fields, "TYPE").to_owned();
    for name in ["NAME", "TYPE"] {
        if text(&fields, name).trim().is_empty() {
            return Err(missing(name));
        }
    }
    if is_property(&kind) && text(&fields, "CODE").trim().is_empty() {
        return Err(Refusal::new(400, "ERROR_SAVE_FIELD", "Please fill the code fields"));
    }
    let of_list = |field: &&Object| field.get("IBLOCK_ID").and_then(number) == Some(list);
    let is_there = |field: &Object| {
        if is_property(&kind) { text(field, "CODE") == text(&fields, "CODE") } else { text(field, "TYPE") == kind }
    };
    if kind == NAME || call.store().all(FIELDS).values().filter(of_list).any(is_there) {
        return Err(Refusal::new(400, "ERROR_SAVE_FIELD", "A field with this code already exists"));
    }
    let id = call.store_mut().next(FIELDS);
    let key = if is_property(&kind) { format!("PROPERTY_{id}") } else { kind.clone() };
    let (base, user) =
        kind.split_once(':').map_or((kind.as_str(), Value::from(false)), |(base, user)| (base, user.into()));
    let field = json!({
        "IBLOCK_ID": list, "FIELD_ID": key, "SORT": 500, "NAME": "", "IS_REQUIRED": "N", "MULTIPLE": "N", "DEFAULT_VALUE": "",
        "TYPE": kind,
    });
    let mut field = field.as_object().cloned().unwrap_or_default();
    if is_property(&kind) {
        let own = json!({
            "PROPERTY_TYPE": base, "PROPERTY_USER_TYPE": user, "CODE": "", "ID": id.to_string(), "LINK_IBLOCK_ID": null,
            "ROW_COUNT": "1", "COL_COUNT": "30", "USER_TYPE_SETTINGS": null,
        });
        field.extend(own.as_object().cloned().unwrap_or_default());
    }
    let settings = json!({
        "SHOW_ADD_FORM": "Y", "SHOW_EDIT_FORM": "Y", "ADD_READ_ONLY_FIELD": "N", "EDIT_READ_ONLY_FIELD": "N", "SHOW_FIELD_PREVIEW": "N",
    });
    field.insert("SETTINGS".into(), settings);
    fill(call, &mut field, &fields);
    call.store_mut().put(FIELDS, id, field);
    Ok(Value::from(key).into())
}

/// A field as it is answered.
fn shown(field: &Object) -> Value {
    let mut shown = field.clone();
    shown.shift_remove("IBLOCK_ID");
    shown.into()
}

fn of_name() -> Value {
    json!({
        "FIELD_ID": NAME, "SORT": 10, "NAME": "Name", "IS_REQUIRED": "Y", "MULTIPLE": "N", "DEFAULT_VALUE": "", "TYPE": NAME,
        "SETTINGS": { "SHOW_ADD_FORM": "Y", "SHOW_EDIT_FORM": "Y" },
    })
}

/// All fields by their keys; a single one stands below its type.
pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let list = list(call)?;
    let of_list = |field: &&Object| field.get("IBLOCK_ID").and_then(number) == Some(list);
    let mut fields: Vec<&Object> = call.store().all(FIELDS).values().filter(of_list).collect();
    fields.sort_by_key(|field| field.get("SORT").and_then(number));
    if let Some(wanted) = call.text("FIELD_ID").filter(|wanted| !wanted.is_empty()) {
        if wanted == NAME {
            return Ok(json!({ NAME: of_name() }).into());
        }
        let found = fields.into_iter().find(|field| text(field, "FIELD_ID") == wanted);
        return Ok(found.map_or_else(|| json!([]), |field| json!({ text(field, "TYPE"): shown(field) })).into());
    }
    let mut all = Object::new();
    all.insert(NAME.into(), of_name());
    all.extend(fields.into_iter().map(|field| (text(field, "FIELD_ID").to_owned(), shown(field))));
    Ok(all.into())
}

fn named(call: &Call<'_>) -> Result<(u64, Object), Refusal> {
    let list = list(call)?;
    let wanted = call.text("FIELD_ID").filter(|wanted| !wanted.is_empty()).ok_or_else(|| missing("FIELD_ID"))?;
    let is_it =
        |field: &Object| field.get("IBLOCK_ID").and_then(number) == Some(list) && text(field, "FIELD_ID") == wanted;
    let found = call.store().all(FIELDS).iter().find(|(_, field)| is_it(field));
    let found = found.map(|(id, field)| (*id, field.clone()));
    found.ok_or_else(|| Refusal::new(400, "ERROR_UPDATE_FIELD", "Error updating the field."))
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let fields = given(call);
    for name in ["NAME", "TYPE"] {
        if text(&fields, name).trim().is_empty() {
            return Err(missing(name));
        }
    }
    if call.text("FIELD_ID").as_deref() == Some(NAME) {
        return Ok(Value::Bool(true).into());
    }
    let (id, mut field) = named(call)?;
    fill(call, &mut field, &fields);
    call.store_mut().put(FIELDS, id, field);
    Ok(Value::Bool(true).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let list = list(call)?;
    let (id, field) = named(call)?;
    call.store_mut().remove(FIELDS, id);
    let key = text(&field, "FIELD_ID");
    let of_list =
        |element: &Object| element.get("IBLOCK_ID").and_then(number) == Some(list) && element.contains_key(key);
    let having = call.store().all("lists.element").iter().filter(|(_, element)| of_list(element));
    for (id, mut element) in having.map(|(id, element)| (*id, element.clone())).collect::<Vec<_>>() {
        element.shift_remove(key);
        call.store_mut().put("lists.element", id, element);
    }
    Ok(Value::Bool(true).into())
}

/// Puts the values of an element's own fields into the form that the portal answers: by the numbers of the values.
pub(super) fn settle(call: &mut Call<'_>, record: &mut Object, sent: &Object, before: Option<&Object>) {
    for (name, value) in sent.iter().filter(|(name, _)| name.starts_with("PROPERTY_")) {
        let known = before.and_then(|before| before.get(name)).and_then(Value::as_object);
        let mut numbered = Object::new();
        let items: Vec<(Option<String>, Value)> = match value {
            Value::Array(items) => items.iter().map(|item| (None, item.clone())).collect(),
            Value::Object(map) => map.iter().map(|(key, item)| (Some(key.clone()), item.clone())).collect(),
            item => vec![(None, item.clone())],
        };
        for (key, item) in items {
            let item = item.get("VALUE").cloned().unwrap_or(item);
            let item = match item {
                Value::Number(number) => number.to_string().into(),
                Value::Bool(flag) => if flag { "Y" } else { "N" }.into(),
                other => other,
            };
            if item.is_null() || item == "" {
                continue;
            }
            let key = key.filter(|key| known.is_some_and(|known| known.contains_key(key)));
            let key = key.unwrap_or_else(|| call.store_mut().next(VALUES).to_string());
            numbered.insert(key, item);
        }
        if numbered.is_empty() {
            record.shift_remove(name);
        } else {
            record.insert(name.clone(), numbered.into());
        }
    }
}
