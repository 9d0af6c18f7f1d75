//! Turns the errors of reading a file into diagnostics: what, where, and how to mend it.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::syntax;
use crate::diag::{Diagnostic, Place, SourceText};
use crate::suggest::nearest;

/// Splits a parse error's message from its help.
pub(super) const HELP: &str = "\u{1}help\u{1}";

/// A parser's error in our words.
pub(crate) fn explain(text: &Arc<SourceText>, error: &serde_yaml::Error) -> Diagnostic {
    // A text that is no YAML is read as far as it goes, and what is missing then is not the fault.
    if let Err(error) = serde_yaml::from_str::<IgnoredAny>(&text.text) {
        return syntax::explain(text, &error);
    }
    let full = error.to_string();
    let place = error.location().map_or_else(|| Place::at(text, 1, 1), |at| Place::at(text, at.line(), at.column()));
    // serde_yaml puts the path before the message and the place behind it.
    let message = match full.rfind(" at line ") {
        Some(at) if error.location().is_some() => &full[..at],
        _ => &full,
    };
    let message = message.split_once(": ").filter(|(path, _)| is_path(path)).map_or(message, |(_, message)| message);
    if let Some((message, help)) = message.split_once(HELP) {
        let key = message.strip_prefix("the key `").and_then(|rest| rest.strip_suffix("` stands here twice"));
        let place = key.and_then(|key| second(text, &place, key)).unwrap_or(place);
        return Diagnostic::new(place, message).help(help);
    }
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((key, known)) if message.starts_with("unknown field") => {
            let help = match nearest(key, known.iter().copied()) {
                _ if *key == "<<" => "merge keys of YAML are not supported: write the keys out".to_owned(),
                _ if *key == "use" && known.contains(&"wire") => {
                    "it is the first key of what is taken over, in `params` of a method or `fields` of a type"
                        .to_owned()
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("known keys: {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
                }
            };
            Diagnostic::new(place, format!("unknown key `{key}`")).help(help)
        }
        Some((key, _)) if message.starts_with("missing field") => {
            Diagnostic::new(place, format!("the key `{key}` is missing")).label("in the mapping that begins here")
        }
        Some((key, _)) if message.starts_with("duplicate field") => {
            let place = second(text, &place, key).unwrap_or(place);
            Diagnostic::new(place, format!("the key `{key}` stands here twice")).help("keep one of them")
        }
        _ if ["invalid type: ", "invalid value: "].iter().any(|kind| message.starts_with(kind)) => {
            let (_, fault) = message.split_once(": ").unwrap_or_default();
            let (found, expected) = fault.split_once(", expected ").unwrap_or((fault, "something else"));
            let expected = match expected {
                "usize" => "a whole number",
                "u16" => "a whole number up to 65535",
                "a character" => "one letter or digit",
                "a value" if found == "enum" => "a value without a tag",
                word if word.starts_with("struct ") => "a mapping with keys",
                word => word,
            };
            let help = mend(found, expected);
            let found = if found == "enum" { "a YAML tag" } else { found };
            Diagnostic::new(place, format!("expected {expected}, found {found}")).maybe_help(help)
        }
        _ => Diagnostic::new(place, format!("not valid YAML: {message}")),
    }
}

/// How to mend a value of another type, where that is plain.
fn mend(found: &str, expected: &str) -> Option<String> {
    if found == "enum" {
        return Some("put a text that begins with `!` in quotes".to_owned());
    }
    let text = found.strip_prefix("string \"")?.strip_suffix('"')?;
    if expected == "a boolean" {
        return match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" => Some("write `false`".to_owned()),
            _ => Some("write `true` or `false`".to_owned()),
        };
    }
    let (key, value) = text.split_once([' ', ':'])?;
    let is_key = !key.is_empty() && key.chars().all(|char| char.is_ascii_lowercase() || char == '_');
    let takes_keys = expected.contains("a parameter") || expected.contains("a mapping");
    (is_key && takes_keys).then(|| format!("write it as `{key}: {}`", value.trim()))
}

/// Where a key stands for the second time in the block mapping that begins at a place.
fn second(text: &Arc<SourceText>, mapping: &Place, key: &str) -> Option<Place> {
    let start = text.text[..mapping.span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = mapping.span.start - start;
    let lines = text.text[start..].lines().enumerate();
    let stands = |line: &str| {
        line.get(indent..)
            .is_some_and(|rest| rest.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
    };
    let (at, _) = lines.filter(|(_, line)| stands(line)).nth(1)?;
    let first_line = 1 + text.text[..start].matches('\n').count();
    Some(Place::at(text, first_line + at, indent + 1))
}

/// Whether this is the path that serde_yaml puts before a message: `params[0].type`.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(' ')
        && text.chars().all(|char| char.is_alphanumeric() || matches!(char, '.' | '_' | '[' | ']' | '-' | '?' | '\\'))
}
