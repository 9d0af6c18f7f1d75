//! Finds the place of a value or a key in a YAML text: reads the text once more with a seed that walks to the wanted
//! path and fails there on purpose; the parser's error then carries the place. Costs something only when there is a
//! problem to show.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::diag::{Place, SourceText};

/// A step on the way from a file's top to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    In(String),
    /// The item of a list.
    At(usize),
    /// The key itself; always the last step.
    Key(String),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::In(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::At(index)
    }
}

/// The place of a path; of the deepest part of it that exists.
pub(crate) fn locate(source: &Arc<SourceText>, path: &[Step]) -> Place {
    for length in (0..=path.len()).rev() {
        let walk = Walk { path: &path[..length] };
        if let Err(error) = walk.deserialize(serde_yaml::Deserializer::from_str(&source.text))
            && error.to_string().contains(FOUND)
            && let Some(location) = error.location()
        {
            return Place::at(source, location.line(), location.column());
        }
    }
    Place::at(source, 1, 1)
}

const FOUND: &str = "\u{1}found\u{1}";

struct Walk<'p> {
    path: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Walk<'_> {
    /// At the end of the path every value is an error; before it a scalar is a dead end.
    fn end<E: de::Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.end()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.end()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.end()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.end()
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.end()
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.end()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return self.end();
        };
        let mut at = 0;
        loop {
            let more = if *first == Step::At(at) {
                items.next_element_seed(Walk { path: rest })?.is_some()
            } else {
                items.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(());
            }
            at += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return self.end();
        };
        let wanted_key = if let Step::Key(key) = first { Some(key.as_str()) } else { None };
        while let Some(key) = entries.next_key_seed(KeySeed { wanted: wanted_key })? {
            if matches!(first, Step::In(wanted) if *wanted == key) {
                entries.next_value_seed(Walk { path: rest })?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Reads a key, and fails on the wanted one.
struct KeySeed<'k> {
    wanted: Option<&'k str>,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        struct Check<'k>(Option<&'k str>);
        impl Visitor<'_> for Check<'_> {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
                if self.0 == Some(key) { Err(E::custom(FOUND)) } else { Ok(key.to_owned()) }
            }

            fn visit_i64<E: de::Error>(self, key: i64) -> Result<String, E> {
                self.visit_str(&key.to_string())
            }

            fn visit_u64<E: de::Error>(self, key: u64) -> Result<String, E> {
                self.visit_str(&key.to_string())
            }

            fn visit_bool<E: de::Error>(self, key: bool) -> Result<String, E> {
                self.visit_str(&key.to_string())
            }

            fn visit_f64<E: de::Error>(self, key: f64) -> Result<String, E> {
                self.visit_str(&key.to_string())
            }
        }
        deserializer.deserialize_any(Check(self.wanted))
    }
}

/// Every text of a file with its path, keys included: for rules that hold for all of them.
pub(crate) fn texts(text: &str, visit: &mut dyn FnMut(&[Step], &str)) {
    let Ok(super::json::Json(value)) = serde_yaml::from_str(text) else {
        return;
    };
    walk(&value, &mut Vec::new(), visit);
}

fn walk(value: &serde_json::Value, path: &mut Vec<Step>, visit: &mut dyn FnMut(&[Step], &str)) {
    match value {
        serde_json::Value::String(text) => visit(path, text),
        serde_json::Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(Step::At(at));
                walk(item, path, visit);
                path.pop();
            }
        }
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                path.push(Step::Key(key.clone()));
                visit(path, key);
                path.pop();
                path.push(Step::In(key.clone()));
                walk(value, path, visit);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_keys_are_found() {
        let text = "a: 1\nlist:\n  - name: x\n    values: {small: Up to 100., 7: Seven.}\n";
        let source = Arc::new(SourceText { path: "a.yaml".into(), text: text.into() });
        let found = |path: &[Step]| source.text[locate(&source, path).span].to_owned();
        assert_eq!(found(&["list".into(), 0.into(), "name".into()]), "x");
        assert_eq!(found(&["list".into(), 0.into(), "values".into(), "7".into()]), "Seven.");
        assert_eq!(found(&["list".into(), 0.into(), Step::Key("values".into())]), "values");
        assert_eq!(found(&["list".into(), 0.into(), "missing".into()]), "name");
    }
}
