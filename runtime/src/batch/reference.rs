//! References to earlier results of the same batch.
//!
//! A reference stands among the parameters as a text with marks around it that no other text has, and carries the number
//! of its batch: what a user typed is never taken for one, and one that strays into another batch is noticed.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::response::Response;
use crate::value::Id;

const OPEN: &str = "\u{2}b24result:";
const CLOSE: char = '\u{3}';
const BETWEEN: char = '\u{1f}';
/// Behind the number of the command: the path begins at the answer's root.
const WHOLE: char = '^';

/// The result of an earlier command, or a part of it, to be used as a parameter of a later one of the same batch.
///
/// It becomes the portal's `$result[…]` where both commands travel in one request, and the value itself where they do not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a reference does something as a parameter"]
pub struct Reference {
    pub(super) batch: u64,
    pub(super) command: usize,
    /// Whether the path begins at the root of the answer, and not at the records in it.
    pub(super) is_whole: bool,
    pub(super) path: Vec<String>,
}

impl Reference {
    /// What stands below a key.
    pub fn field(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }

    /// What stands at a place of a list, counted from 0.
    pub fn at(mut self, place: usize) -> Self {
        self.path.push(place.to_string());
        self
    }

    /// Whether it points at a place of a list, which the list may not have.
    pub(super) fn is_in_list(&self) -> bool {
        self.path.iter().any(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The reference in the portal's notation, for a command called `key` whose method keeps its records at `records`.
    pub(super) fn wire(&self, key: &str, records: &str) -> String {
        let records = records.split('.').filter(|part| !part.is_empty() && !self.is_whole);
        written(key, records.chain(self.path.iter().map(String::as_str)))
    }

    /// The reference as people write it, for a command called `name`.
    pub(super) fn shown(&self, name: &str) -> String {
        written(name, self.path.iter().map(String::as_str))
    }

    /// What it refers to in the answer to a command whose method keeps its records at `records`.
    pub(super) fn find<'r>(&self, response: &'r Response, records: &str) -> Option<Cow<'r, Value>> {
        if self.is_whole {
            return response.at_root(&self.path, records);
        }
        at(&response.result, self.path.iter().map(String::as_str)).map(Cow::Borrowed)
    }
}

fn written<'p>(name: &str, path: impl Iterator<Item = &'p str>) -> String {
    path.fold(format!("$result[{name}]"), |text, part| format!("{text}[{part}]"))
}

/// What stands at a path of keys and places.
pub(crate) fn at<'v, 'p>(value: &'v Value, mut path: impl Iterator<Item = &'p str>) -> Option<&'v Value> {
    path.try_fold(value, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        Value::Object(entries) => entries.get(key),
        _ => None,
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{:x}{BETWEEN}{}", self.batch, self.command)?;
        if self.is_whole {
            write!(f, "{WHOLE}")?;
        }
        for part in &self.path {
            write!(f, "{BETWEEN}{part}")?;
        }
        write!(f, "{CLOSE}")
    }
}

impl From<Reference> for Value {
    fn from(reference: Reference) -> Self {
        reference.to_string().into()
    }
}

/// So that it can stand in `json!`.
impl serde::Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl From<Reference> for Id {
    fn from(reference: Reference) -> Self {
        reference.to_string().into()
    }
}

/// A piece of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    Reference(Reference),
}

/// Takes a text apart.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let Some((inside, next)) = behind.split_once(CLOSE) else { break };
        let Some(reference) = read(inside) else { break };
        if !before.is_empty() {
            found.push(Part::Text(before));
        }
        found.push(Part::Reference(reference));
        rest = next;
    }
    if !rest.is_empty() || found.is_empty() {
        found.push(Part::Text(rest));
    }
    found
}

fn read(inside: &str) -> Option<Reference> {
    let mut parts = inside.split(BETWEEN);
    let batch = u64::from_str_radix(parts.next()?, 16).ok()?;
    let command = parts.next()?;
    let (command, is_whole) = command.strip_suffix(WHOLE).map_or((command, false), |command| (command, true));
    Some(Reference { batch, command: command.parse().ok()?, is_whole, path: parts.map(str::to_owned).collect() })
}

/// Whether a text holds a reference.
pub(super) fn holds_one(text: &str) -> bool {
    text.contains(OPEN)
}

/// Whether a value holds a reference.
pub(crate) fn is_in(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(OPEN),
        Value::Array(items) => items.iter().any(is_in),
        Value::Object(entries) => entries.iter().any(|(key, value)| key.contains(OPEN) || is_in(value)),
        _ => false,
    }
}

/// The references in a value.
pub(super) fn all(value: &Value, found: &mut Vec<Reference>) {
    match value {
        Value::String(text) if text.contains(OPEN) => {
            found.extend(parts(text).into_iter().filter_map(|part| match part {
                Part::Reference(reference) => Some(reference),
                Part::Text(_) => None,
            }));
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| all(item, found)),
        _ => {}
    }
}

/// Puts values in the place of references; those that `find` does not know stay.
pub(super) fn resolve(value: &mut Value, find: &dyn Fn(&Reference) -> Option<Value>) {
    match value {
        Value::String(text) if text.contains(OPEN) => {
            let parts = parts(text);
            if let [Part::Reference(reference)] = parts.as_slice() {
                if let Some(found) = find(reference) {
                    *value = found;
                }
                return;
            }
            let mut whole = String::new();
            for part in parts {
                match part {
                    Part::Text(text) => whole.push_str(text),
                    Part::Reference(reference) => match find(&reference) {
                        Some(Value::String(text)) => whole.push_str(&text),
                        Some(Value::Null) => {}
                        Some(Value::Bool(flag)) => whole.push(if flag { '1' } else { '0' }),
                        Some(other) => whole.push_str(&other.to_string()),
                        None => whole.push_str(&reference.to_string()),
                    },
                }
            }
            *value = whole.into();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, find)),
        Value::Object(entries) => entries.values_mut().for_each(|item| resolve(item, find)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reference(path: &[&str]) -> Reference {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Reference { batch: 0xabc, command: 3, is_whole: false, path }
    }

    fn whole(path: &[&str]) -> Reference {
        Reference { is_whole: true, ..reference(path) }
    }

    fn response(result: &Value, records: &str) -> Response {
        let mut response = Response::new(crate::value::Object::from_iter([("result".to_owned(), result.clone())]));
        response.narrow(records);
        response
    }

    #[test]
    fn references_survive_being_a_text() {
        let text = format!("before {} behind", reference(&["0", "ID"]));
        assert_eq!(
            parts(&text),
            [Part::Text("before "), Part::Reference(reference(&["0", "ID"])), Part::Text(" behind")]
        );
        for alone in [reference(&[]), whole(&[]), whole(&["items", "0"])] {
            assert_eq!(parts(&alone.to_string()), [Part::Reference(alone.clone())]);
        }
        for text in ["", "plain", "$result[c0]", "\u{2}b24result:", "\u{2}b24result:xyz\u{3}", "\u{2}b24result:1\u{3}"]
        {
            assert_eq!(parts(text), [Part::Text(text)], "{text:?}");
        }
        assert!(
            is_in(&json!({"a": [reference(&["ID"])]}))
                && is_in(&json!({"a": [text]}))
                && !is_in(&json!({"a": ["$result[c0]"]}))
        );
    }

    #[test]
    fn references_are_written_and_resolved() {
        let id = reference(&["0", "id"]);
        assert_eq!(id.wire("c3", "items"), "$result[c3][items][0][id]");
        assert_eq!(whole(&["items", "0", "id"]).wire("c3", "items"), "$result[c3][items][0][id]");
        assert_eq!(
            (id.shown("deal"), whole(&[]).shown("deal")),
            ("$result[deal][0][id]".into(), "$result[deal]".into())
        );
        let list = response(&json!([{"id": 7, "tags": ["x"]}]), "");
        assert_eq!(id.find(&list, "").as_deref(), Some(&json!(7)));
        let find = |reference: &Reference| reference.find(&list, "").map(Cow::into_owned);
        let mut value =
            json!({"a": id.to_string(), "b": [format!("D_{id}!")], "c": reference(&["0", "tags"]).to_string()});
        resolve(&mut value, &find);
        assert_eq!(value, json!({"a": 7, "b": ["D_7!"], "c": ["x"]}));
    }

    #[test]
    fn a_path_begins_at_the_records_or_at_the_root() {
        let result = json!({"page": {"items": [{"id": 7}], "size": 1}, "more": true});
        for records in ["", "page", "page.items", "nothing"] {
            let response = response(&result, records);
            for (path, expected) in [
                (vec![], result.clone()),
                (vec!["page"], result["page"].clone()),
                (vec!["page", "items", "0", "id"], json!(7)),
                (vec!["page", "size"], json!(1)),
                (vec!["more"], json!(true)),
            ] {
                assert_eq!(whole(&path).find(&response, records).as_deref(), Some(&expected), "{records} {path:?}");
            }
            assert_eq!(whole(&["page", "gone"]).find(&response, records), None, "{records}");
        }
        assert_eq!(
            reference(&["0", "id"]).find(&response(&result, "page.items"), "page.items").as_deref(),
            Some(&json!(7))
        );
    }
}
