//! Differences for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::compare::{Difference, Kind};

/// A readable report: methods that are new, those that are gone, then changes by method.
pub fn text(differences: &[Difference]) -> String {
    let mut text = String::new();
    for (kind, title) in [(Kind::Added, "New methods"), (Kind::Removed, "Methods that are gone")] {
        let methods: Vec<&Difference> =
            differences.iter().filter(|one| one.key.is_empty() && one.kind == kind).collect();
        if methods.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{title}: {}", methods.len());
        for one in methods {
            let scope = if one.facts.is_empty() { &one.specs } else { &one.facts };
            let note = if scope.is_empty() { String::new() } else { format!(" (scope {scope})") };
            let _ = writeln!(text, "  {}{note}", one.method);
        }
    }
    let mut changed: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
    for one in differences {
        if !one.key.is_empty() || !matches!(one.kind, Kind::Added | Kind::Removed) {
            changed.entry(&one.method).or_default().push(one);
        }
    }
    if !changed.is_empty() {
        let _ = writeln!(text, "Methods that changed: {}", changed.len());
    }
    for (method, differences) in changed {
        let _ = writeln!(text, "  {method}");
        for one in differences {
            let _ = match one.kind {
                Kind::Added => writeln!(text, "    + {}: {}", one.key, one.facts),
                Kind::Removed => writeln!(text, "    - {}: {}", one.key, one.specs),
                kind if one.key.is_empty() => writeln!(text, "    ~ {}: {} → {}", kind.word(), one.specs, one.facts),
                _ => writeln!(text, "    ~ {}: {} → {}", one.key, one.specs, one.facts),
            };
        }
    }
    text
}

/// The same as JSON.
pub fn json(differences: &[Difference]) -> Value {
    let rows = differences.iter().map(|one| {
        json!({
            "method": one.method.trim_end_matches("@3"), "rest": if one.method.ends_with("@3") { 3 } else { 2 },
            "key": if one.key.is_empty() { Value::Null } else { one.key.as_str().into() },
            "kind": one.kind.word(), "specs": one.specs, "facts": one.facts,
        })
    });
    rows.collect()
}
