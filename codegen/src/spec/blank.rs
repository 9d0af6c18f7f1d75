//! Keys without a value. serde takes them for keys that are left out, or for the word `null`, so that nobody would notice
//! what somebody meant to write.

use std::sync::Arc;

use serde_json::Value;

use super::json::Json;
use super::locate::{Step, locate};
use crate::diag::{Diagnostic, Diagnostics, SourceText};

/// Keys whose values are data of the portal: null is one like others there.
const DATA: [&str; 5] = ["arguments", "constants", "default", "response", "values"];

/// Reports keys without a value.
pub(super) fn check(text: &Arc<SourceText>, problems: &mut Diagnostics) {
    // Reading a file once more takes time, and hardly any has such a key.
    if !may_have(&text.text) {
        return;
    }
    let Ok(Json(value)) = serde_yaml::from_str(&text.text) else { return };
    let mut found = Vec::new();
    walk(&value, &mut Vec::new(), &mut found);
    for path in found {
        let Some(Step::Key(key)) = path.last() else { continue };
        let message = format!("the key `{key}` has no value");
        problems.push(Diagnostic::new(locate(text, &path), message).help("write one, or remove the key"));
    }
}

fn walk(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                if value.is_null() {
                    let mut at = path.clone();
                    at.push(Step::Key(key.clone()));
                    found.push(at);
                } else if !DATA.contains(&key.as_str()) {
                    path.push(Step::In(key.clone()));
                    walk(value, path, found);
                    path.pop();
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(Step::At(at));
                walk(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Whether there may be such a key: null in so many words, or a line that ends with a colon and has nothing below it.
fn may_have(text: &str) -> bool {
    let mut above: Option<usize> = None;
    for line in text.lines() {
        let code = line.split_once(" #").map_or(line, |(code, _)| code).trim_end();
        let content = code.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = code.len() - content.len();
        let is_item = content.starts_with("- ");
        if above.is_some_and(|above| indent < above || indent == above && !is_item) {
            return true;
        }
        // The key of an item stands behind the dash.
        let key = code.len() - content.trim_start_matches(['-', ' ']).len();
        above = code.ends_with(':').then_some(key);
        if [": null", ": ~", ":}", ":,", ": ,", ": }"].iter().any(|null| code.contains(null)) {
            return true;
        }
    }
    above.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let source = Arc::new(SourceText { path: "a.yaml".into(), text: text.into() });
        let mut problems = Diagnostics::default();
        check(&source, &mut problems);
        if problems.is_empty() { String::new() } else { problems.places().join(" ") }
    }

    #[test]
    fn keys_without_a_value_are_found_wherever_they_stand() {
        assert_eq!(
            found("scope: null\nparams:\n  - name: x\n    default: ~\n    entries:\n"),
            "a.yaml:1 a.yaml:4 a.yaml:5"
        );
        assert_eq!(
            found("params:\n  - {name: x, values: }\nfields: # none\n\nreference:"),
            "a.yaml:2 a.yaml:3 a.yaml:5"
        );
        assert_eq!(found("params:\n- name:\n  type: id\n"), "a.yaml:2");
    }

    #[test]
    fn null_may_be_answered_and_sent() {
        assert_eq!(found("constants: {a: null}\nexamples:\n  - arguments: {a: ~}\n    response:\n      result:\n"), "");
        assert_eq!(found("params:\n- name: x\n  values:\n    - null\n"), "");
    }
}
