//! A spec to start from, made of the nearest sibling's text and of what is known of the method already.

use std::fmt::Write as _;

use crate::drift::{Fact, FactParam};
use crate::ir::{Effect, Rest};
use crate::spec::{File, MethodSpec, ReturnsWord};

/// Verbs at the end of a method's name and what they do.
const VERBS: &[(&str, &str)] = &[
    ("get", "read"),
    ("fields", "read"),
    ("getfields", "read"),
    ("current", "read"),
    ("list", "list"),
    ("search", "list"),
    ("add", "create"),
    ("register", "create"),
    ("update", "update"),
    ("set", "update"),
    ("delete", "delete"),
    ("unregister", "delete"),
];

/// Verbs of methods that describe the fields of a record.
const FIELDS: &[&str] = &["fields", "getfields"];

/// The text of a new spec in the category `folder`. The sibling's parameters, result and errors are taken over as a
/// start, its words are not: they stand as `TODO`, which the checks refuse until they are written. What `fact` says of the
/// method wins over the sibling.
pub fn skeleton(
    method: &str,
    rest: Rest,
    folder: &str,
    sibling: Option<&File<MethodSpec>>,
    fact: Option<&Fact>,
) -> String {
    let verb = method.rsplit('.').next().unwrap_or(method).to_lowercase();
    let depth = folder.split('/').count();
    let effect = VERBS.iter().find(|(known, _)| *known == verb).map_or("action", |(_, effect)| effect);
    let mut text =
        format!("# yaml-language-server: $schema={}method.schema.json\nmethod: {method}\n", "../".repeat(depth));
    text.push_str("title: TODO\nsummary: TODO.\n");
    let block = |key: &str| sibling.and_then(|file| block(&file.source.text, key));
    let scope = fact.and_then(|fact| fact.scope.first()).map(|scope| format!("scope: {scope}\n"));
    let scope = scope.or_else(|| block("scope"));
    text.push_str(&scope.unwrap_or_else(|| format!("scope: {}\n", method.split('.').next().unwrap_or(method))));
    if rest == Rest::V3 {
        text.push_str("rest: 3\n");
    }
    text.push_str(&block("access").unwrap_or_default());
    text.push_str(&format!("effect: {effect}\n"));
    if effect == "list" {
        text.push_str(&block("paging").unwrap_or_default());
    }
    text.push_str(&reference(method, sibling));
    let known = fact.and_then(|fact| fact.params.as_ref());
    match known {
        Some(params) if params.is_empty() => {}
        Some(known) => {
            text.push_str("params:\n");
            params(&mut text, known, 1);
        }
        None => text.push_str(&block("params").unwrap_or_default()),
    }
    // What describes fields answers them by their codes, so it has less in common with what reads a record.
    let describes_fields = FIELDS.contains(&verb.as_str());
    let is_alike = sibling.is_some_and(|file| {
        let is_map = matches!(file.spec.returns.ty, ReturnsWord::Map(_));
        word(file.spec.effect.0) == effect && is_map == describes_fields
    });
    let returns = match effect {
        _ if is_alike => block("returns"),
        _ if describes_fields => Some("returns: {type: map, description: TODO.}\n".to_owned()),
        "update" | "delete" => Some("returns: {type: boolean, description: TODO.}\n".to_owned()),
        "create" => Some("returns: {type: id, description: TODO.}\n".to_owned()),
        _ => None,
    };
    text.push_str(&returns.unwrap_or_else(|| "returns: {type: object, description: TODO.}\n".to_owned()));
    text.push_str(&block("errors").unwrap_or_default());
    let examples = if is_alike && known.is_none() { block("examples") } else { None };
    text.push_str(
        &examples.unwrap_or_else(|| "examples:\n  - arguments: {}\n    response: {result: true}\n".to_owned()),
    );
    text
}

fn word(effect: Effect) -> &'static str {
    crate::emit::tables::effect(effect)
}

/// The official page's address, by the sibling's.
fn reference(method: &str, sibling: Option<&File<MethodSpec>>) -> String {
    let folder = sibling
        .and_then(|file| file.spec.reference.as_deref())
        .and_then(|page| page.rsplit_once('/'))
        .map(|(folder, _)| folder);
    match folder {
        Some(folder) => format!("reference: {folder}/{}.html\n", method.to_lowercase().replace('.', "-")),
        None => String::new(),
    }
}

/// Parameters as facts tell them. A text in quotes is YAML whatever it holds.
fn params(text: &mut String, known: &[FactParam], depth: usize) {
    let indent = "  ".repeat(depth);
    for param in known.iter().filter(|param| !param.is_placeholder()) {
        let _ = writeln!(text, "{indent}- name: {}", serde_json::Value::from(param.name.as_str()));
        let _ = writeln!(text, "{indent}  type: {}", param.spec_type());
        if param.required == Some(true) {
            let _ = writeln!(text, "{indent}  required: true");
        }
        let _ = writeln!(text, "{indent}  description: TODO.");
        if param.children.iter().any(|child| !child.is_placeholder()) {
            let _ = writeln!(text, "{indent}  entries:");
            params(text, &param.children, depth + 2);
        }
    }
}

/// The lines of a top-level key.
fn block(text: &str, key: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("{key}:")));
    let mut block = format!("{}\n", lines.next()?);
    for line in lines.take_while(|line| line.starts_with([' ', '-', '\t'])) {
        block.push_str(line);
        block.push('\n');
    }
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostics;
    use crate::spec::{Source, load};

    fn returns(method: &str, sibling: &str, sibling_returns: &str) -> String {
        let text = format!(
            "method: {sibling}\ntitle: x\nsummary: x.\nscope: thing\neffect: read\nreturns: {{type: {sibling_returns}, description: x.}}\n"
        );
        let path = format!("specs/thing/{sibling}.yaml");
        let specs = load(&[Source { path, bytes: text.into_bytes() }], &mut Diagnostics::default());
        let text = skeleton(method, Rest::V2, "thing", specs.methods.first(), None);
        text.lines().find(|line| line.starts_with("returns:")).unwrap_or_default().to_owned()
    }

    #[test]
    fn fields_are_described_as_a_map() {
        let map = "returns: {type: map, description: TODO.}";
        assert_eq!(returns("thing.fields", "thing.get", "object"), map);
        assert_eq!(returns("thing.part.getFields", "thing.get", "object"), map);
        let like = "returns: {type: map<string>, description: x.}";
        assert_eq!(returns("thing.fields", "thing.part.fields", "map<string>"), like);
        let record = "returns: {type: object, description: TODO.}";
        assert_eq!(returns("thing.get", "thing.fields", "map<string>"), record);
        assert_eq!(returns("thing.current", "thing.get", "id"), "returns: {type: id, description: x.}");
    }
}
