//! The words of the generated Rust items: doc comments made from the texts of the specs.

use crate::emit::rust_example;
use crate::ir::{Entity, Function, Kind, Method, Param};

/// Text from a spec, escaped so that rustdoc shows it as it was written.
pub fn prose(text: &str) -> String {
    let mut prose = String::with_capacity(text.len() + 16);
    for (at, piece) in text.split(' ').enumerate() {
        if at > 0 {
            prose.push(' ');
        }
        if is_plain(piece) { prose.push_str(piece) } else { prose.push_str(&word(piece)) }
    }
    prose
}

/// Whether a word surely means nothing but itself: nearly all do. No address is among them: it has a colon.
fn is_plain(word: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b",;.'\"/%?!)-".contains(byte);
    let bytes = word.as_bytes();
    bytes.first().is_some_and(|first| *first >= 0x80 || first.is_ascii_alphabetic() || *first == b'(')
        && bytes.iter().skip(1).all(inner)
}

/// Escapes a word; an address becomes a link.
fn word(word: &str) -> String {
    let address = word.trim_end_matches(['.', ',', ';', ')']);
    let is_address = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    if is_address
        && address.chars().all(|char| char.is_ascii_graphic() && !matches!(char, '<' | '>' | '\\' | '"' | '`'))
    {
        return format!("<{address}>{}", &word[address.len()..]);
    }
    let chars: Vec<char> = word.chars().collect();
    let mut escaped = String::with_capacity(word.len());
    for (at, &char) in chars.iter().enumerate() {
        let inside =
            at > 0 && chars[at - 1].is_alphanumeric() && chars.get(at + 1).is_some_and(|next| next.is_alphanumeric());
        let structural = match char {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '~' | '|' => true,
            '_' => !inside,
            '#' | '-' | '+' | '=' => at == 0,
            '.' | ')' => at > 0 && chars[..at].iter().all(char::is_ascii_digit),
            _ => false,
        };
        if structural {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// The type of the calls of a method, or of one of its functions.
pub fn call_type(method: &Method, summary: &str) -> String {
    format!("A call of `{}`: {}", method.name, prose(summary))
}

/// The function that makes a call.
pub fn constructor(method: &Method, function: &Function) -> String {
    let mut text = prose(&function.summary);
    text.push_str(&match function.kind {
        Kind::Preset { .. } => format!("\n\nCalls `{}` with fixed values.", method.name),
        _ => format!("\n\nCalls `{}`; scope `{}`.", method.name, method.scope),
    });
    if let Some(access) = &method.access {
        text.push_str(&format!(" May be called by: {}.", prose(access)));
    }
    let forms = method.answer_of(function).shape.forms();
    if !forms.is_empty() {
        text.push_str("\n\nAnswers one of these:\n");
        forms.iter().for_each(|form| text.push_str(&format!("\n- {}", prose(&form.description))));
    }
    if let Some(reference) = &method.reference {
        text.push_str(&format!("\n\nDocumentation: <{reference}>"));
    }
    if let Some(example) = function.examples.first() {
        let call = rust_example::call(method, function, example, "client");
        text.push_str("\n\n```no_run\n# async fn example(client: &bitrix24::Client) -> Result<(), Box<dyn std::error::Error>> {\n");
        text.push_str("use bitrix24::*;\n\n");
        text.push_str(&call);
        text.push_str("\n# Ok(())\n# }\n```");
    }
    if !method.errors.is_empty() {
        text.push_str("\n\n# Errors\n\nAmong others, the portal's own:\n");
        for error in &method.errors {
            let code = if error.code.is_empty() { "without a code".to_owned() } else { format!("`{}`", error.code) };
            text.push_str(&format!("\n- {code}: {}", prose(&error.description)));
        }
    }
    text
}

/// The setter of a merged object.
pub fn merge_setter(param: &Param) -> String {
    format!("Sets several values at once: each entry becomes a parameter. {}", prose(&param.description))
}

/// The setter of a parameter.
pub fn setter(param: &Param) -> String {
    let mut text = format!("`{}`. {}", param.name, prose(&param.description));
    if !param.values.is_empty() {
        text.push_str("\n\nKnown values:");
        for known in &param.values {
            let value = known.value.as_str().map_or_else(|| known.value.to_string(), str::to_owned);
            let meaning = known.description.as_ref().map(|meaning| format!(" {}", prose(meaning))).unwrap_or_default();
            text.push_str(&format!(
                "\n- {}{}",
                code(&value),
                if meaning.is_empty() { meaning } else { format!(":{meaning}") }
            ));
        }
    }
    text
}

/// The view of a shared type.
pub fn entity(entity: &Entity) -> String {
    format!(
        "{}\n\nReading a field gives `None` where the portal did not send it or sent something else; `get` shows it as it is.\n\n\
         Part of the crate with {}.",
        prose(&entity.description),
        features(&gate(entity))
    )
}

/// The cargo features each of which brings a shared type; one that no method reaches comes with all of them.
pub fn gate(entity: &Entity) -> Vec<&str> {
    match entity.features.is_empty() {
        true => vec!["full"],
        false => entity.features.iter().map(|feature| feature.as_str()).collect(),
    }
}

fn features(features: &[&str]) -> String {
    let names: Vec<String> = features.iter().map(|feature| format!("`{feature}`")).collect();
    match &names[..] {
        [feature] => format!("the feature {feature}"),
        _ => format!("any of the features {}", names.join(", ")),
    }
}

/// Inline code that may hold any text of one line.
fn code(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_plain_word_needs_no_escape(text in "[(a-zA-Z0-9é.,;'\"/%?!~_:*)-]{1,6}|\\PC{1,6}") {
            if is_plain(&text) {
                prop_assert_eq!(word(&text), text);
            }
        }
    }

    #[test]
    fn markup_in_prose_stays_text() {
        assert_eq!(prose("Use <b>, [x](y), `code` and a*b*c."), "Use \\<b\\>, \\[x\\](y), \\`code\\` and a\\*b\\*c.");
        assert_eq!(prose("UF_DEPARTMENT stays, _so_ does not."), "UF_DEPARTMENT stays, \\_so\\_ does not.");
        assert_eq!(prose("# no heading"), "\\# no heading");
        assert_eq!(prose("See https://example.org/a."), "See <https://example.org/a>.");
        assert_eq!(code("a`b"), "`` a`b ``");
    }
}
