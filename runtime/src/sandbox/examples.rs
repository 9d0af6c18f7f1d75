//! The documentation's own requests. They speak of records that this portal need not hold; whoever tries an example as
//! it stands gets the answer that stands beside it.

use std::collections::HashMap;

use serde_json::Value;

use crate::sandbox::answer::Success;
use crate::table::Tables;
use crate::value::Object;

/// The documented requests and their answers, by method in lower case and REST version.
pub(super) struct Examples(HashMap<(String, u8), Vec<(Value, Value)>>);

impl Examples {
    /// Collects the examples of all functions of all methods.
    pub(super) fn of(tables: &Tables) -> Self {
        let mut all: HashMap<(String, u8), Vec<(Value, Value)>> = HashMap::new();
        for command in tables.commands() {
            let Some(method) = command.method.as_deref().map(str::to_lowercase) else { continue };
            let pairs =
                command.examples.iter().filter_map(|example| Some((example.body.clone(), example.response.clone()?)));
            all.entry((method, command.rest)).or_default().extend(pairs);
        }
        Self(all)
    }

    /// The documented answer to a documented request.
    pub(super) fn answer(&self, method: &str, rest: u8, params: &Object) -> Option<Success> {
        let known = self.0.get(&(method.to_owned(), rest))?;
        let given = Value::Object(params.clone());
        let (_, response) = known.iter().find(|(body, _)| is_same(body, &given))?;
        let number =
            |key: &str| response.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        Some(Success {
            result: response.get("result")?.clone(),
            total: number("total"),
            next: number("next"),
            canned: true,
            printed: None,
        })
    }
}

/// Whether a request is the documented one. Numbers may come as text, and a file's content is nobody's concern.
pub(super) fn is_same(documented: &Value, given: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (documented, given) {
        (Value::Object(keys), _) if keys.len() == 1 && keys.contains_key("file") => true,
        (Value::Object(keys), Value::Object(given)) => {
            keys.len() == given.len()
                && keys.iter().all(|(key, value)| given.get(key).is_some_and(|given| is_same(value, given)))
        }
        (Value::Array(items), Value::Array(given)) => {
            items.len() == given.len() && items.iter().zip(given).all(|(item, given)| is_same(item, given))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (documented, given) => text(documented) == text(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_documented_request_is_known_again() {
        let documented = json!({"id": 7, "fields": {"NAME": "x", "FILE": {"file": "a.pdf"}}});
        assert!(is_same(&documented, &json!({"fields": {"FILE": ["a.pdf", "AA=="], "NAME": "x"}, "id": "7"})));
        assert!(!is_same(&documented, &json!({"id": 8, "fields": {"NAME": "x", "FILE": "y"}})));
        assert!(!is_same(&documented, &json!({"id": 7})));
    }
}
