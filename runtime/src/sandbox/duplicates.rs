//! `crm.duplicate.findbycomm`: leads, contacts and companies that have one of these telephone numbers or addresses.

use serde_json::Value;

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::value::Object;

/// The most numbers that are looked for.
const MOST: usize = 20;

/// The kinds of records that are searched.
const KINDS: [(&str, &str); 3] = [("LEAD", "crm.lead"), ("CONTACT", "crm.contact"), ("COMPANY", "crm.company")];

fn refused(code: &str, text: &str) -> Refusal {
    Refusal::new(400, code, text)
}

/// What is compared: the digits of a telephone number, an address in lower case.
fn essence(kind: &str, text: &str) -> String {
    if kind == "PHONE" { text.chars().filter(char::is_ascii_digit).collect() } else { text.trim().to_lowercase() }
}

pub(super) fn find(call: &mut Call<'_>) -> Outcome {
    let kind = call.text("type").unwrap_or_default().to_uppercase();
    match kind.as_str() {
        "PHONE" | "EMAIL" => {}
        "" => return Err(refused("Communication type is not defined", "Parameter 'type' is required.")),
        other => {
            let text = format!("Communication type '{other}' is not supported in current context");
            return Err(refused("400", &text));
        }
    }
    let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let wanted: Vec<String> = match call.param("values") {
        Some(Value::Array(values)) => values.iter().take(MOST).map(|value| essence(&kind, &texts(value))).collect(),
        Some(Value::Object(values)) => values.values().take(MOST).map(|value| essence(&kind, &texts(value))).collect(),
        _ => return Err(refused("400", "Communication values is not defined")),
    };
    let only = call.text("entity_type").unwrap_or_default().to_uppercase();
    let has = |record: &Object| {
        let entries = record.get(&kind).and_then(Value::as_array);
        let mut values = entries.into_iter().flatten().filter_map(|entry| entry.get("VALUE"));
        values.any(|value| wanted.contains(&essence(&kind, &texts(value))))
    };
    let mut found = Object::new();
    for (name, collection) in KINDS.iter().filter(|(name, _)| only.is_empty() || only == *name) {
        let ids: Vec<u64> =
            call.store().all(collection).iter().filter(|(_, record)| has(record)).map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            found.insert((*name).to_owned(), ids.into());
        }
    }
    // PHP prints a map without entries as a list.
    Ok(if found.is_empty() { Value::Array(Vec::new()).into() } else { found.into() })
}
