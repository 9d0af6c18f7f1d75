//! A spec to start from, made of the nearest sibling's text.

use crate::ir::{Effect, Rest};
use crate::spec::{File, MethodSpec};

/// Verbs at the end of a method's name and what they do.
const VERBS: &[(&str, &str)] = &[
    ("get", "read"),
    ("fields", "read"),
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

/// The text of a new spec in the category `folder`. The sibling's parameters, result and errors are taken over as a
/// start, its words are not: they stand as `TODO`, which the checks refuse until they are written.
pub fn skeleton(method: &str, rest: Rest, folder: &str, sibling: Option<&File<MethodSpec>>) -> String {
    let verb = method.rsplit('.').next().unwrap_or(method).to_lowercase();
    let depth = folder.split('/').count();
    let effect = VERBS.iter().find(|(known, _)| *known == verb).map_or("action", |(_, effect)| effect);
    let mut text =
        format!("# yaml-language-server: $schema={}method.schema.json\nmethod: {method}\n", "../".repeat(depth));
    text.push_str("title: TODO\nsummary: TODO.\n");
    let block = |key: &str| sibling.and_then(|file| block(&file.source.text, key));
    text.push_str(
        &block("scope").unwrap_or_else(|| format!("scope: {}\n", method.split('.').next().unwrap_or(method))),
    );
    if rest == Rest::V3 {
        text.push_str("rest: 3\n");
    }
    text.push_str(&block("access").unwrap_or_default());
    text.push_str(&format!("effect: {effect}\n"));
    if effect == "list" {
        text.push_str(&block("paging").unwrap_or_default());
    }
    text.push_str(&reference(method, sibling));
    text.push_str(&block("params").unwrap_or_default());
    let same_effect = sibling.is_some_and(|file| word(file.spec.effect.0) == effect);
    let returns = match effect {
        _ if same_effect => block("returns"),
        "update" | "delete" => Some("returns: {type: boolean, description: TODO.}\n".to_owned()),
        "create" => Some("returns: {type: id, description: TODO.}\n".to_owned()),
        _ => None,
    };
    text.push_str(&returns.unwrap_or_else(|| "returns: {type: object, description: TODO.}\n".to_owned()));
    text.push_str(&block("errors").unwrap_or_default());
    let examples = if same_effect { block("examples") } else { None };
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
