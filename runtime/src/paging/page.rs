//! Pages as they wait to be handed out: as text where there may be many of them.

use std::borrow::Cow;

use serde_json::Value;

use crate::output::{FromValue, Mismatch};
use crate::paging::text::TextPage;
use crate::value::kind;

/// The records of one page.
pub(super) enum RawPage {
    Text(TextPage),
    Values(Vec<Value>),
}

impl RawPage {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(page) => page.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// The numbers of the records; of text these are found already, by the field that its walk is by.
    pub(super) fn numbers(&self, field: &str) -> Cow<'_, [Option<i64>]> {
        match self {
            Self::Text(page) => Cow::Borrowed(page.numbers()),
            Self::Values(values) => values.iter().map(|value| number(value, field)).collect(),
        }
    }

    /// A record in JSON, to be shown.
    pub(super) fn shown(&self, at: usize) -> String {
        match self {
            Self::Text(page) => page.record(at).to_owned(),
            Self::Values(values) => values.get(at).map(Value::to_string).unwrap_or_default(),
        }
    }

    /// Reads the records.
    pub(super) fn read<T: FromValue>(self) -> Result<Vec<T>, Mismatch> {
        match self {
            Self::Text(page) => page.read(),
            Self::Values(values) => values.into_iter().map(T::from_value).collect(),
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
pub(super) fn missing(key: &str) -> Mismatch {
    Mismatch { expected: "a list of records", found: format!("an object without `{key}`") }
}

/// The number of a record; text and number are the same.
pub(super) fn number(record: &Value, field: &str) -> Option<i64> {
    as_number(record.get(field)?)
}

pub(super) fn as_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_are_found() {
        for (value, records) in [(json!(true), ""), (json!(null), ""), (json!({"users": []}), "items")] {
            assert!(find(value.clone(), records).is_err(), "{value}");
        }
        assert_eq!(find(json!({"3": 1, "1": 2}), ""), Ok(vec![json!(1), json!(2)]));
        assert_eq!(find(json!({"a": {"b": [1]}}), "a.b"), Ok(vec![json!(1)]));
        assert_eq!(find(json!([]), "items"), Ok(vec![]));
    }
}
