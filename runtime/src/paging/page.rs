//! Pages as they wait to be handed out: as text where there may be many of them, since text is a tenth of the size.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::output::Mismatch;
use crate::value::kind;

/// The records of one page.
pub(super) enum RawPage {
    /// The JSON of the result or of the list in it.
    Text(Box<RawValue>),
    Values(Vec<Value>),
}

/// What is to be known of a page before its records are read.
pub(super) struct Outline {
    pub(super) page: RawPage,
    pub(super) records: usize,
    /// The number of the last record.
    pub(super) last: Option<i64>,
}

impl RawPage {
    /// Reads the records.
    pub(super) fn read(self) -> Result<Vec<Value>, Mismatch> {
        match self {
            Self::Values(values) => Ok(values),
            Self::Text(text) => match serde_json::from_str(text.get()) {
                Ok(value) => list(value),
                Err(error) => Err(Mismatch { expected: "a list", found: error.to_string() }),
            },
        }
    }
}

/// The records of a list; PHP writes a list with gaps in its keys as a map.
pub(super) fn list(value: Value) -> Result<Vec<Value>, Mismatch> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Object(entries) => Ok(entries.into_iter().map(|(_, item)| item).collect()),
        other => Err(Mismatch { expected: "a list", found: kind(&other).to_owned() }),
    }
}

/// The records below a key of a result.
pub(super) fn find(result: Value, records: &str) -> Result<Vec<Value>, Mismatch> {
    let mut value = result;
    for key in records.split('.').filter(|key| !key.is_empty()) {
        let Value::Object(entries) = &mut value else { break };
        if entries.is_empty() {
            break;
        }
        value = entries.get_mut(key).map(Value::take).ok_or_else(|| missing(key))?;
    }
    list(value)
}

/// What is no list of records must not pass for one.
fn missing(key: &str) -> Mismatch {
    Mismatch { expected: "a list of records", found: format!("an object without `{key}`") }
}

/// The number of a record; text and number are the same.
pub(super) fn number(record: &Value, field: &str) -> Option<i64> {
    match record.get(field)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Takes the outline of records that have been read.
pub(super) fn outline_of(values: Vec<Value>, field: &str) -> Outline {
    let last = values.last().and_then(|record| number(record, field));
    Outline { records: values.len(), last, page: RawPage::Values(values) }
}

/// Finds the list in a result, counts it and reads the number of its last record. No other record is read.
pub(super) fn outline(result: Box<RawValue>, records: &str, field: &str) -> Result<Outline, Mismatch> {
    let malformed = |error: serde_json::Error| Mismatch { expected: "a list", found: error.to_string() };
    let mut text: &RawValue = &result;
    for key in records.split('.').filter(|key| !key.is_empty()) {
        if !text.get().starts_with('{') {
            break;
        }
        let entries: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text.get()).map_err(malformed)?;
        match entries.get(key) {
            Some(inner) => text = inner,
            None if entries.is_empty() => break,
            None => return Err(missing(key)),
        }
    }
    if !text.get().starts_with('[') {
        let value: Value = serde_json::from_str(text.get()).map_err(malformed)?;
        return Ok(outline_of(list(value)?, field));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text.get()).map_err(malformed)?;
    let count = items.len();
    let last = match items.last() {
        Some(item) => number(&serde_json::from_str(item.get()).map_err(malformed)?, field),
        None => None,
    };
    let page = if std::ptr::eq(text, &*result) { None } else { Some(text.to_owned()) };
    Ok(Outline { records: count, last, page: RawPage::Text(page.unwrap_or(result)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value, records: &str) -> (usize, Option<i64>, Vec<Value>) {
        let raw = RawValue::from_string(value.to_string()).expect("JSON");
        let outline = outline(raw, records, "ID").expect("a list");
        (outline.records, outline.last, outline.page.read().expect("a list"))
    }

    #[test]
    fn lists_are_found_and_counted() {
        let list = json!([{"ID": "5"}, {"ID": 7, "X": [1]}]);
        let items = list.as_array().cloned().expect("a list");
        for (value, records) in [
            (list.clone(), ""),
            (list.clone(), "items"),
            (json!({"items": list}), "items"),
            (json!({"a": {"b": list}, "c": 1}), "a.b"),
            (json!({"3": {"ID": "5"}, "1": {"ID": 7, "X": [1]}}), ""),
        ] {
            assert_eq!(of(value, records), (2, Some(7), items.clone()), "{records}");
        }
        assert_eq!(of(json!([]), ""), (0, None, vec![]));
        for (value, records) in [("true", ""), ("null", ""), (r#"{"users": []}"#, "items")] {
            let raw = RawValue::from_string(value.into()).expect("JSON");
            assert!(outline(raw, records, "ID").is_err(), "{value}");
            assert!(find(serde_json::from_str(value).expect("JSON"), records).is_err(), "{value}");
        }
        assert_eq!(find(json!({"a": {"b": [1]}}), "a.b"), Ok(vec![json!(1)]));
        assert_eq!(find(json!([]), "items"), Ok(vec![]));
    }
}
