//! `batch`: many calls in one request, later ones using the answers of earlier ones.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, Success, time_block};
use crate::sandbox::decode;
use crate::sandbox::limits::Charge;
use crate::value::Object;

/// The most commands in a batch; those behind are refused.
pub(super) const MOST: usize = 50;

/// A command's outcome, and what its method's account says.
pub(super) type Ran = (Outcome, Charge);

/// Runs a batch. `run` carries out one command: its place counted from 1, the method and the parameters.
pub(super) fn run(params: &Object, mut run: impl FnMut(usize, &str, Object) -> Ran) -> Outcome {
    let commands: Vec<(String, &Value)> = match crate::sandbox::dispatch::find(params, "cmd") {
        Some(Value::Object(map)) => map.iter().map(|(key, command)| (key.clone(), command)).collect(),
        Some(Value::Array(items)) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    let halt = match crate::sandbox::dispatch::find(params, "halt") {
        Some(Value::Bool(halt)) => *halt,
        Some(Value::Number(halt)) => halt.as_f64() != Some(0.0),
        Some(Value::String(halt)) => !matches!(halt.to_lowercase().as_str(), "" | "0" | "false" | "n"),
        _ => false,
    };
    let mut results = Object::new();
    let (mut errors, mut totals, mut nexts, mut times) = (Object::new(), Object::new(), Object::new(), Object::new());
    for (at, (key, command)) in commands.into_iter().enumerate() {
        // What is no text is passed over, as the portal does.
        let Value::String(command) = command else { continue };
        let since = SystemTime::now();
        let (outcome, charge) = if at < MOST {
            let (method, query) = command.split_once('?').unwrap_or((command, ""));
            let method = method.trim().trim_start_matches('/');
            match decode::form(query) {
                _ if method.eq_ignore_ascii_case("batch") => (Err(nested()), Charge::default()),
                Ok(params) => {
                    let params = params.into_iter().map(|(key, value)| (key, resolve(value, &results))).collect();
                    run(at + 1, method, params)
                }
                Err(reason) => (Err(Refusal::new(400, "INVALID_REQUEST", reason)), Charge::default()),
            }
        } else {
            (Err(Refusal::new(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")), Charge::default())
        };
        match outcome {
            Ok(success) => {
                results.insert(key.clone(), success.result);
                totals.extend(success.total.map(|total| (key.clone(), total.into())));
                nexts.extend(success.next.map(|next| (key.clone(), next.into())));
                times.insert(key, time_block(since, charge));
            }
            Err(refusal) => {
                errors.insert(key, json!({"error": refusal.code, "error_description": refusal.description}));
                if halt {
                    break;
                }
            }
        }
    }
    let mut result = Object::new();
    for (name, map) in [
        ("result", results),
        ("result_error", errors),
        ("result_total", totals),
        ("result_next", nexts),
        ("result_time", times),
    ] {
        result.insert(name.to_owned(), php_array(map));
    }
    Ok(Success::from(Value::Object(result)))
}

fn nested() -> Refusal {
    Refusal::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
}

/// As PHP prints an array: a list where the keys count from 0, so also where there are none.
pub(super) fn php_array(map: Object) -> Value {
    if map.keys().enumerate().all(|(at, key)| *key == at.to_string()) {
        map.into_iter().map(|(_, value)| value).collect()
    } else {
        Value::Object(map)
    }
}

/// Puts the answers of earlier commands in the place of `$result[key][field]…`. A value that is nothing but a reference
/// becomes what it points at, list or map; within a text its text is put in; one that points nowhere is empty.
fn resolve(value: Value, results: &Object) -> Value {
    match value {
        Value::String(text) => match text.find("$result[") {
            Some(_) => resolve_text(&text, results),
            None => text.into(),
        },
        Value::Array(items) => items.into_iter().map(|item| resolve(item, results)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, item)| (key, resolve(item, results))).collect(),
        other => other,
    }
}

fn resolve_text(text: &str, results: &Object) -> Value {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("$result[") {
        let path = &rest[at + "$result".len()..];
        let mut behind = path;
        let mut keys = Vec::new();
        while let Some((key, next)) = behind.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
            keys.push(key);
            behind = next;
        }
        if keys.is_empty() {
            // An opening bracket without its end is plain text.
            break;
        }
        let found = point(results, &keys);
        if at == 0 && behind.is_empty() && resolved.is_empty() {
            return found.cloned().unwrap_or_else(|| "".into());
        }
        resolved.push_str(&rest[..at]);
        match found {
            Some(Value::String(text)) => resolved.push_str(text),
            Some(Value::Null) | None => {}
            Some(Value::Bool(flag)) => resolved.push_str(if *flag { "1" } else { "" }),
            Some(other) => resolved.push_str(&other.to_string()),
        }
        rest = behind;
    }
    resolved.push_str(rest);
    resolved.into()
}

fn point<'r>(results: &'r Object, keys: &[&str]) -> Option<&'r Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(results.get(*first)?, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        Value::Object(map) => map.get(*key),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn references_point_into_answers() {
        let results = object(json!({
            "users": [{"ID": "7", "UF_DEPARTMENT": [5, 7]}, {"ID": "9"}], "0": 12, "page": {"tasks": [{"id": 3}]},
        }));
        for (text, expected) in [
            ("$result[users][1][ID]", json!("9")),
            ("$result[0]", json!(12)),
            ("$result[users][0][UF_DEPARTMENT]", json!([5, 7])),
            ("$result[page][tasks][0][id]", json!(3)),
            ("D_$result[0]-$result[users][0][ID]!", json!("D_12-7!")),
            ("$result[nothing]", json!("")),
            ("x$result[users][5][ID]", json!("x")),
            ("$result[users", json!("$result[users")),
            ("$result", json!("$result")),
        ] {
            assert_eq!(resolve(text.into(), &results), expected, "{text}");
        }
        assert_eq!(
            resolve(json!({"filter": {">ID": "$result[users][0][ID]", "@ID": ["$result[0]"]}}), &results),
            json!({"filter": {">ID": "7", "@ID": [12]}})
        );
    }

    #[test]
    fn maps_are_printed_as_php_prints_arrays() {
        assert_eq!(php_array(Object::new()), json!([]));
        assert_eq!(php_array(object(json!({"0": 1, "1": 2}))), json!([1, 2]));
        assert_eq!(php_array(object(json!({"1": 2}))), json!({"1": 2}));
        assert_eq!(php_array(object(json!({"1": 1, "0": 2}))), json!({"1": 1, "0": 2}));
    }

    #[test]
    fn a_batch_ends_where_it_must() {
        let echo = |_: usize, method: &str, params: Object| -> Ran {
            let outcome = match method {
                "fail" => Err(Refusal::core("no")),
                "list" => Ok(Success { result: json!([1]), total: Some(70), next: Some(50), ..Success::default() }),
                _ => Ok(Value::Object(params).into()),
            };
            (outcome, Charge::default())
        };
        let result = |params: Value| run(&object(params), echo).expect("a batch itself does not fail").result;
        let done = result(json!({"cmd": {"a": "echo?x=1", "b": "fail", "c": "batch?cmd[]=x", "d": "list", "e": 7}}));
        assert_eq!(done["result"], json!({"a": {"x": "1"}, "d": [1]}));
        assert_eq!(done["result_error"]["b"]["error"], "ERROR_CORE");
        assert_eq!(done["result_error"]["c"]["error"], "ERROR_BATCH_METHOD_NOT_ALLOWED");
        assert_eq!((&done["result_total"], &done["result_next"]), (&json!({"d": 70}), &json!({"d": 50})));
        assert!(done["result_time"]["a"]["operating"].is_number() && done["result_time"].get("b").is_none());

        let halted = result(json!({"cmd": ["fail", "echo?x=1"], "halt": "1"}));
        assert_eq!((&halted["result"], halted["result_error"].as_array().map(Vec::len)), (&json!([]), Some(1)));
        assert_eq!(result(json!({"cmd": ["echo?x=1"], "halt": "0"}))["result"], json!([{"x": "1"}]));

        let long = result(json!({"cmd": vec!["echo?x=1"; 52]}));
        assert_eq!(long["result"].as_array().map(Vec::len), Some(50));
        assert_eq!(long["result_error"]["51"]["error"], "ERROR_BATCH_LENGTH_EXCEEDED");
        assert_eq!(result(json!({}))["result_time"], json!([]));
    }
}
