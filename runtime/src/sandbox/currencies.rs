//! Currencies, which are named by their codes and not by numbers.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, ROWS};
use crate::sandbox::query;
use crate::sandbox::records::{self, blank};
use crate::sandbox::store::Store;
use crate::value::Object;

const ALL: &str = "crm.currency";

/// What a portal has from the start: code, name, rate; the first is the base.
const KNOWN: &[(&str, &str, &str)] =
    &[("USD", "US dollar", "1.0000"), ("EUR", "Euro", "1.1000"), ("GBP", "Pound sterling", "1.2800")];

/// Puts the currencies of the start.
pub(super) fn seed(store: &mut Store, made: &str) {
    let Some(entity) = ROWS.entity(ALL) else { return };
    for (id, (code, name, rate)) in (1..).zip(KNOWN) {
        let mut record = blank(entity, id);
        record.insert("CURRENCY".into(), (*code).into());
        record.insert("AMOUNT".into(), (*rate).into());
        record.insert("SORT".into(), (id * 100).to_string().into());
        record.insert("BASE".into(), if id == 1 { "Y" } else { "N" }.into());
        record.insert("DATE_UPDATE".into(), made.into());
        record.insert("LANG".into(), json!({ "en": written(code, name) }));
        store.put(ALL, id, record);
    }
}

/// How amounts are written in a language.
fn written(code: &str, name: &str) -> Value {
    json!({
        "FORMAT_STRING": format!("# {code}"), "FULL_NAME": name, "DEC_POINT": ".", "THOUSANDS_SEP": null, "DECIMALS": "2",
        "THOUSANDS_VARIANT": "C", "HIDE_ZERO": "Y",
    })
}

fn refused(text: &str) -> Refusal {
    Refusal::new(400, "", text)
}

fn entity() -> Result<&'static Entity, Refusal> {
    ROWS.entity(ALL).ok_or_else(Refusal::no_method)
}

fn find(call: &Call<'_>, code: &str) -> Option<(u64, Object)> {
    let is_its = |record: &Object| {
        record.get("CURRENCY").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(code))
    };
    call.store().all(ALL).iter().find(|(_, record)| is_its(record)).map(|(id, record)| (*id, record.clone()))
}

/// The currency that the parameter `id` names.
fn named(call: &Call<'_>) -> Result<(u64, Object), Refusal> {
    let code = call.text("id").unwrap_or_default();
    find(call, &code).ok_or_else(|| refused("Not found"))
}

/// A record as it is answered: the way of writing of the first language stands at the top.
fn show(record: &Object, with_languages: bool) -> Value {
    let mut shown = record.clone();
    shown.shift_remove("ID");
    let languages = shown.shift_remove("LANG").unwrap_or_else(|| json!({}));
    let first = languages.as_object().and_then(|languages| languages.iter().next());
    if let Some((language, Value::Object(written))) = first {
        shown.insert("LID".into(), language.as_str().into());
        for name in ["FULL_NAME", "FORMAT_STRING", "DEC_POINT", "THOUSANDS_SEP", "DECIMALS"] {
            shown.insert(name.into(), written.get(name).cloned().unwrap_or_default());
        }
    }
    if with_languages {
        shown.insert("LANG".into(), languages);
    }
    Value::Object(shown)
}

/// Takes over what may be set.
fn change(call: &Call<'_>, entity: &Entity, record: &mut Object, fields: &Object) {
    for (name, value) in fields {
        let name = name.to_uppercase();
        match entity.fields.get(&name) {
            Some(_) if name == "LANG" => merge_languages(record, value),
            Some(field) if !field.readonly => {
                let value = match (name.as_str(), value) {
                    ("AMOUNT", value) => {
                        let rate = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).unwrap_or(0.0);
                        format!("{rate:.4}").into()
                    }
                    (_, value) => records::normal(entity, field.kind, value.clone()),
                };
                record.insert(name, value);
            }
            _ => {}
        }
    }
    record.insert("DATE_UPDATE".into(), iso(call.now).into());
}

fn merge_languages(record: &mut Object, given: &Value) {
    let (Some(given), Value::Object(known)) = (given.as_object(), record.entry("LANG").or_insert_with(|| json!({})))
    else {
        return;
    };
    for (language, written) in given {
        let Some(written) = written.as_object() else { continue };
        let texts = written.iter().map(|(name, value)| match value {
            Value::Number(number) => (name.clone(), number.to_string().into()),
            value => (name.clone(), value.clone()),
        });
        if let Value::Object(entry) = known.entry(language.clone()).or_insert_with(|| json!({})) {
            entry.extend(texts);
        }
    }
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    call.administrator().map_err(|_| refused("Access denied."))?;
    let entity = entity()?;
    let fields = call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let code = fields.get("CURRENCY").and_then(Value::as_str).unwrap_or_default().to_uppercase();
    if code.is_empty() {
        return Err(Refusal::core("Undefined array key \"CURRENCY\""));
    }
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(Refusal::core("The code of a currency has three Latin letters"));
    }
    if find(call, &code).is_some() {
        return Err(Refusal::core(format!("The currency {code} exists already")));
    }
    let id = call.store_mut().next(ALL);
    let mut record = blank(entity, id);
    record.insert("LANG".into(), json!({}));
    change(call, entity, &mut record, &fields);
    record.insert("CURRENCY".into(), code.as_str().into());
    call.store_mut().put(ALL, id, record);
    Ok(Value::from(code).into())
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let (_, record) = named(call)?;
    Ok(show(&record, true).into())
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let mut query = records::asked(call.params, &str::to_uppercase);
    (query.start, query.page) = (-1, usize::MAX);
    let mut success = query.run(call.store().all(ALL), "ID").success(|record| show(record, false));
    // The portal does not count them.
    success.total = Some(0);
    Ok(success)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    call.administrator().map_err(|_| refused("Access denied."))?;
    let (id, mut record) = named(call)?;
    let mut fields = call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    fields.shift_remove("CURRENCY");
    change(call, entity()?, &mut record, &fields);
    call.store_mut().put(ALL, id, record);
    Ok(Value::Bool(true).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    call.administrator().map_err(|_| refused("Access denied."))?;
    let (id, record) = named(call)?;
    if is_base(&record) {
        return Err(refused("Cannot delete base currency."));
    }
    call.store_mut().remove(ALL, id);
    Ok(Value::Bool(true).into())
}

fn is_base(record: &Object) -> bool {
    record.get("BASE").and_then(Value::as_str) == Some("Y")
}

pub(super) fn base_get(call: &mut Call<'_>) -> Outcome {
    let base = call.store().all(ALL).values().find(|record| is_base(record));
    Ok(base.and_then(|record| record.get("CURRENCY")).cloned().unwrap_or_default().into())
}

pub(super) fn base_set(call: &mut Call<'_>) -> Outcome {
    call.administrator().map_err(|_| refused("Access denied."))?;
    let (base, _) = named(call)?;
    let all: Vec<(u64, Object)> = call.store().all(ALL).iter().map(|(id, record)| (*id, record.clone())).collect();
    for (id, mut record) in all {
        record.insert("BASE".into(), if id == base { "Y" } else { "N" }.into());
        if id == base {
            record.insert("AMOUNT".into(), "1.0000".into());
        }
        call.store_mut().put(ALL, id, record);
    }
    Ok(Value::Bool(true).into())
}

pub(super) fn languages_get(call: &mut Call<'_>) -> Outcome {
    let (_, record) = named(call)?;
    Ok(record.get("LANG").cloned().unwrap_or_else(|| json!({})).into())
}

pub(super) fn languages_set(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    merge_languages(&mut record, call.param("localizations").unwrap_or(&Value::Null));
    call.store_mut().put(ALL, id, record);
    Ok(Value::Bool(true).into())
}

pub(super) fn languages_delete(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    let gone = call.param("lids").map(query::selection).unwrap_or_default();
    if let Some(Value::Object(languages)) = record.get_mut("LANG") {
        languages.retain(|language, _| !gone.contains(language));
    }
    call.store_mut().put(ALL, id, record);
    Ok(Value::Bool(true).into())
}
