//! Parameters of a request: JSON, or a form or query with PHP's brackets (`FILTER[NAME]=Oleg&UF_DEPARTMENT[]=7`).

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// Deeper nesting is refused.
const DEEPEST: usize = 32;
/// More pairs are refused, as PHP's `max_input_vars` does.
const MOST_PAIRS: usize = 10_000;

/// Decodes a query or a form.
pub(super) fn form(text: &str) -> Result<Map<String, Value>, String> {
    let mut form = Form::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        form.insert(&unescape(key), unescape(value))?;
    }
    Ok(form.finish())
}

/// A form that is read pair by pair.
#[derive(Default)]
pub(super) struct Form {
    root: Tree,
    pairs: usize,
}

impl Form {
    /// Adds a pair; the key may have brackets.
    pub(super) fn insert(&mut self, key: &str, value: String) -> Result<(), String> {
        self.pairs += 1;
        if self.pairs > MOST_PAIRS {
            return Err(format!("more than {MOST_PAIRS} parameters"));
        }
        let path = path(key);
        if path.len() > DEEPEST {
            return Err(format!("nested more than {DEEPEST} times"));
        }
        self.root.insert(&path, value);
        Ok(())
    }

    /// The parameters.
    pub(super) fn finish(self) -> Map<String, Value> {
        match self.root.value() {
            Value::Object(map) => map,
            // Keys that count from 0 look like a list, but at the top they are parameters by position.
            Value::Array(items) => items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
            _ => Map::new(),
        }
    }
}

fn unescape(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `a[b][]` → a, b, (next index).
fn path(key: &str) -> Vec<Option<String>> {
    let Some(open) = key.find('[').filter(|open| *open > 0) else {
        return vec![Some(key.to_owned())];
    };
    let mut path = vec![Some(key[..open].to_owned())];
    let mut rest = &key[open..];
    while let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        path.push((!inside.is_empty()).then(|| inside.to_owned()));
        rest = behind;
    }
    path
}

/// A PHP array in the making.
#[derive(Default)]
struct Tree {
    text: Option<String>,
    entries: IndexMap<String, Tree>,
    next: u64,
}

impl Tree {
    fn insert(&mut self, path: &[Option<String>], text: String) {
        let Some((first, rest)) = path.split_first() else {
            self.text = Some(text);
            self.entries.clear();
            return;
        };
        let key = first.clone().unwrap_or_else(|| self.next.to_string());
        if let Ok(index) = key.parse::<u64>() {
            self.next = self.next.max(index.saturating_add(1));
        }
        self.text = None;
        self.entries.entry(key).or_default().insert(rest, text);
    }

    /// A list where the keys count from 0, else a map.
    fn value(self) -> Value {
        if let Some(text) = self.text {
            return text.into();
        }
        let counts = self.entries.iter().enumerate().all(|(at, (key, _))| *key == at.to_string());
        if counts && !self.entries.is_empty() {
            Value::Array(self.entries.into_values().map(Self::value).collect())
        } else {
            Value::Object(self.entries.into_iter().map(|(key, tree)| (key, tree.value())).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn brackets_nest() {
        let decoded = form("FILTER[%25NAME]=Oleg+L&FILTER[@UF_DEPARTMENT][]=5&FILTER[@UF_DEPARTMENT][]=7&start=50&x")
            .map(Value::Object);
        assert_eq!(
            decoded,
            Ok(json!({"FILTER": {"%NAME": "Oleg L", "@UF_DEPARTMENT": ["5", "7"]}, "start": "50", "x": ""}))
        );
        assert_eq!(
            form("0=123&1[POST_MESSAGE]=test").map(Value::Object),
            Ok(json!({"0": "123", "1": {"POST_MESSAGE": "test"}}))
        );
        assert_eq!(
            form("a[=1&[b]=2&a[5]=x&a[]=y").map(Value::Object).map(|value| value["[b]"].clone()),
            Ok(json!("2"))
        );
    }

    fn encode(value: &Value, key: &str, pairs: &mut Vec<String>) {
        let escape =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| encode(item, &format!("{key}[{at}]"), pairs))
            }
            Value::Object(map) => map.iter().for_each(|(name, item)| encode(item, &format!("{key}[{name}]"), pairs)),
            Value::String(text) => pairs.push(format!("{}={}", escape(key), escape(text))),
            _ => {}
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = ".{0,8}".prop_map(Value::from);
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                proptest::collection::btree_map("[A-Za-z@%_]{1,5}", inner, 1..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(value in values()) {
            let mut pairs = Vec::new();
            encode(&value, "key", &mut pairs);
            let decoded = form(&pairs.join("&"));
            prop_assert_eq!(decoded.as_ref().ok().and_then(|map| map.get("key")), Some(&value));
        }

        #[test]
        fn no_text_is_too_odd(text in ".*") {
            let _ = form(&text);
        }
    }
}
