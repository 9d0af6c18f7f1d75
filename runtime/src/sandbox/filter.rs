//! Filters, sorting, selecting and paging, as the portal's list methods do them.

use std::cmp::Ordering;

use serde_json::Value;

use crate::sandbox::answer::Success;
use crate::value::Object;

/// Records on a page.
const PAGE: usize = 50;

/// The operators that may stand before a key, longest first.
const OPERATORS: &[&str] = &["!=%", "!%=", "!@", "!%", "!=", ">=", "<=", "=%", "%=", ">", "<", "@", "%", "=", "!"];

/// Splits a key into its operator and the field.
pub(super) fn operator(key: &str) -> (&'static str, &str) {
    OPERATORS
        .iter()
        .find_map(|operator| key.strip_prefix(operator).map(|field| (*operator, field)))
        .unwrap_or(("=", key))
}

/// Whether a record fits a condition.
pub(super) fn fits(record: &Object, key: &str, wanted: &Value) -> bool {
    let (operator, field) = operator(key);
    let values = list(record.get(field).unwrap_or(&Value::Null));
    let wanted = list(wanted);
    let any =
        |test: &dyn Fn(&str, &str) -> bool| values.iter().any(|value| wanted.iter().any(|wanted| test(value, wanted)));
    match operator {
        "=" | "@" => any(&|value, wanted| same(value, wanted)),
        "!" | "!=" | "!@" => !any(&|value, wanted| same(value, wanted)),
        "%" => any(&contains),
        "!%" => !any(&contains),
        "=%" | "%=" => any(&like),
        "!=%" | "!%=" => !any(&like),
        ">" => any(&|value, wanted| compare(value, wanted).is_gt()),
        ">=" => any(&|value, wanted| compare(value, wanted).is_ge()),
        "<" => any(&|value, wanted| compare(value, wanted).is_lt()),
        "<=" => any(&|value, wanted| compare(value, wanted).is_le()),
        _ => false,
    }
}

/// A value as the texts that it is compared by: flags are `Y` and `N`, a list is any of its items.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(list).collect(),
        Value::Bool(flag) => vec![if *flag { "Y" } else { "N" }.to_owned()],
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Object(_) => vec![String::new()],
    }
}

fn same(value: &str, wanted: &str) -> bool {
    let flag = |text: &str| match text {
        "true" => "Y".to_owned(),
        "false" => "N".to_owned(),
        text => text.to_lowercase(),
    };
    value.eq_ignore_ascii_case(&flag(wanted)) || value.to_lowercase() == flag(wanted)
}

fn contains(value: &str, wanted: &str) -> bool {
    value.to_lowercase().contains(&wanted.to_lowercase())
}

/// SQL's `LIKE` with `%`.
fn like(value: &str, mask: &str) -> bool {
    let (value, mask) = (value.to_lowercase(), mask.to_lowercase());
    let parts: Vec<&str> = mask.split('%').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return value == mask;
    };
    let Some(mut rest) = value.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Numbers by size, all else as text (dates in ISO 8601 sort that way too).
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        _ => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

/// Sorts records by a field, and by their number where it is the same.
pub(super) fn sort(records: &mut [Object], field: &str, descending: bool) {
    let text = |record: &Object, field: &str| record.get(field).map(|value| list(value).join(",")).unwrap_or_default();
    records.sort_by(|a, b| {
        let order = compare(&text(a, field), &text(b, field));
        let order = if descending { order.reverse() } else { order };
        order.then_with(|| compare(&text(a, "ID"), &text(b, "ID")))
    });
}

/// Keeps the selected fields; no selection and `*` keep all, `UF_*` the custom ones.
pub(super) fn select(record: Object, fields: &[String]) -> Object {
    if fields.is_empty() || fields.iter().any(|field| field == "*") {
        return record;
    }
    let wanted = |key: &str| {
        fields.iter().any(|field| field.eq_ignore_ascii_case(key) || field == "UF_*" && key.starts_with("UF_"))
    };
    record.into_iter().filter(|(key, _)| wanted(key)).collect()
}

/// The page that begins at `start`; with `-1` the first one, uncounted.
pub(super) fn page(records: Vec<Object>, start: i64) -> Success {
    let total = records.len();
    let from = usize::try_from(start).unwrap_or(0);
    let items: Vec<Value> = records.into_iter().skip(from).take(PAGE).map(Value::Object).collect();
    let next = from + PAGE;
    Success {
        result: items.into(),
        total: Some(if start < 0 { 0 } else { total }),
        next: (start >= 0 && next < total).then_some(next),
        canned: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operators_do_what_the_documentation_says() {
        let Value::Object(record) =
            json!({"ID": "7", "NAME": "Oleg", "ACTIVE": true, "UF_DEPARTMENT": [5, 7], "DATE": "2026-01-31"})
        else {
            unreachable!("an object was written")
        };
        for (key, wanted, expected) in [
            ("ID", json!(7), true),
            ("ID", json!([1, 7]), true),
            ("!ID", json!("7"), false),
            (">ID", json!("10"), false),
            (">=ID", json!(7), true),
            ("<DATE", json!("2026-02-01"), true),
            ("%NAME", json!("le"), true),
            ("!%NAME", json!("le"), false),
            ("=%NAME", json!("ol%"), true),
            ("%=NAME", json!("%x%"), false),
            ("@UF_DEPARTMENT", json!([7, 9]), true),
            ("!@UF_DEPARTMENT", json!([9]), true),
            ("ACTIVE", json!(true), true),
            ("ACTIVE", json!("N"), false),
            ("LAST_NAME", json!(""), true),
        ] {
            assert_eq!(fits(&record, key, &wanted), expected, "{key} {wanted}");
        }
    }

    #[test]
    fn pages_tell_of_the_next_one() {
        let records = |count: usize| vec![Object::new(); count];
        let shape = |success: Success| (success.result.as_array().map_or(0, Vec::len), success.total, success.next);
        assert_eq!(shape(page(records(120), 0)), (50, Some(120), Some(50)));
        assert_eq!(shape(page(records(120), 100)), (20, Some(120), None));
        assert_eq!(shape(page(records(120), -1)), (50, Some(0), None));
        assert_eq!(shape(page(records(50), 0)), (50, Some(50), None));
    }
}
