//! The columns that are wanted of a record: keys, or paths of keys with dots between them.

use serde_json::Value;

use crate::value::Object;

/// What `--columns` names; without it, everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns(Option<Vec<String>>);

impl Columns {
    /// Reads a list of names with commas between them.
    pub(super) fn new(text: Option<&str>) -> Self {
        let names =
            |text: &str| text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self(text.map(names))
    }

    /// The names, where they are chosen.
    pub(super) fn names(&self) -> Option<&[String]> {
        self.0.as_deref()
    }

    /// A record with the columns alone. What is no object, or was not restricted, stays as it is.
    pub(super) fn of(&self, record: Value) -> Value {
        match (&self.0, record) {
            (Some(names), record @ Value::Object(_)) => {
                let column = |name: &String| (name.clone(), at(&record, name).cloned().unwrap_or_default());
                Value::Object(names.iter().map(column).collect::<Object>())
            }
            (Some(_), Value::Array(items)) => items.into_iter().map(|item| self.of(item)).collect(),
            (_, record) => record,
        }
    }
}

/// The chosen columns that no record has had so far.
pub(super) struct Unseen {
    names: Vec<String>,
    /// The keys of the first record.
    known: Vec<String>,
    is_empty: bool,
}

impl Unseen {
    pub(super) fn new(columns: &Columns) -> Self {
        Self { names: columns.names().map(<[String]>::to_vec).unwrap_or_default(), known: Vec::new(), is_empty: true }
    }

    /// A record, or a list of them, comes by.
    pub(super) fn look(&mut self, record: &Value) {
        if self.names.is_empty() {
            return;
        }
        match record {
            Value::Object(_) => {
                if std::mem::take(&mut self.is_empty) {
                    collect(&mut self.known, record);
                }
                self.names.retain(|name| at(record, name).is_none());
            }
            Value::Array(records) => records.iter().for_each(|record| self.look(record)),
            _ => {}
        }
    }

    /// What is to be said in the end.
    pub(super) fn note(&self) -> Option<String> {
        if self.is_empty || self.names.is_empty() {
            return None;
        }
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let near = match self.names.as_slice() {
            [name] => crate::cli::suggest::hint(name, self.known.iter().map(String::as_str)),
            _ => String::new(),
        };
        let known = format!("\nhelp: there are {}", self.known.join(", "));
        Some(format!("--columns: no record has {}{}", names.join(" or "), if near.is_empty() { known } else { near }))
    }
}

/// What stands at a path: the key of this very name, or what the keys between the dots lead to. Upper and lower case are
/// the same where nothing is spelt exactly so.
pub(super) fn at<'v>(record: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(value) = key(record, path) {
        return Some(value);
    }
    path.split('.').try_fold(record, key)
}

fn key<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(keys) => {
            let alike = || keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            keys.get(name).or_else(alike)
        }
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// A value in a cell: scalars bare, what is nested as JSON.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Adds the keys of a record that are not among the names.
pub(super) fn collect(names: &mut Vec<String>, record: &Value) {
    if let Value::Object(keys) = record {
        for key in keys.keys() {
            if !names.contains(key) {
                names.push(key.clone());
            }
        }
    }
}

/// The name of the column of values that are no objects.
pub(super) const VALUE: &str = "value";

/// A record as an object: what is none gets one with a single key.
pub(super) fn as_object(record: Value) -> Value {
    match record {
        record @ Value::Object(_) => record,
        other => Value::Object([(VALUE.to_owned(), other)].into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_keys_or_paths() {
        let record = json!({"ID": 7, "a.b": 1, "BY": {"NAME": "Anna", "TAGS": ["x", "y"]}});
        let chosen = Columns::new(Some("ID, by.name, BY.TAGS.1, a.b, NONE")).of(record);
        assert_eq!(chosen, json!({"ID": 7, "by.name": "Anna", "BY.TAGS.1": "y", "a.b": 1, "NONE": null}));
        assert_eq!(Columns::new(None).of(json!([1])), json!([1]));
    }

    #[test]
    fn columns_that_nobody_has_are_told() {
        let note = |columns: &str, records: Value| {
            let mut unseen = Unseen::new(&Columns::new(Some(columns)));
            unseen.look(&records);
            unseen.note()
        };
        let records = json!([{"ID": 7, "TITLE": null}, {"ID": 8, "BY": {"NAME": "Anna"}}]);
        assert_eq!(note("id,TITLE,BY.NAME", records.clone()), None);
        let told = note("TITEL", records.clone()).expect("told");
        assert!(told.contains("no record has `TITEL`") && told.contains("did you mean `TITLE`"), "{told}");
        let told = note("ID,NONE,BY.X", records).expect("told");
        assert!(told.contains("`NONE` or `BY.X`") && told.contains("there are ID, TITLE"), "{told}");
        assert_eq!((note("NONE", json!([])), note("NONE", json!("text"))), (None, None));
    }
}
