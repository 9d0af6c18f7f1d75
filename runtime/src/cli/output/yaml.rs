//! YAML that readers of both its versions understand alike: in 1.1 the plain words `no` and `on` are booleans, `12:30` is a
//! number and `2026-01-31` a date.

use std::io;

use serde_json::Value;

/// Stands before a text that is to be quoted: the writer quotes what holds it, and shows it as an escape.
const MARK: char = '\u{1}';
const SHOWN: &str = "\"\\x01";

/// Writes a value.
pub(super) fn write(mut value: Value, out: &mut dyn io::Write) -> io::Result<()> {
    // A text that holds the mark itself could not be told from one that was marked.
    let is_marked = !holds_mark(&value);
    if is_marked {
        mark(&mut value);
    }
    let text = serde_yaml::to_string(&value).map_err(io::Error::other)?;
    out.write_all(if is_marked { text.replace(SHOWN, "\"") } else { text }.as_bytes())
}

fn holds_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(MARK),
        Value::Array(items) => items.iter().any(holds_mark),
        Value::Object(entries) => entries.iter().any(|(key, value)| key.contains(MARK) || holds_mark(value)),
        _ => false,
    }
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) if is_ambiguous(text) => text.insert(0, MARK),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(entries) => {
            if entries.keys().any(|key| is_ambiguous(key)) {
                let marked = |(key, value): (String, Value)| {
                    (if is_ambiguous(&key) { format!("{MARK}{key}") } else { key }, value)
                };
                *entries = std::mem::take(entries).into_iter().map(marked).collect();
            }
            entries.values_mut().for_each(mark);
        }
        _ => {}
    }
}

/// Whether a plain text would be something else to a reader of YAML 1.1.
fn is_ambiguous(text: &str) -> bool {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "="];
    let is_number = text.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | '.'))
        && text.chars().any(|char| char.is_ascii_digit());
    is_number || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_stay_texts_in_every_version() {
        let value = json!({
            "a": ["no", "On", "12:30:45", "1_000", "2026-01-31", "=", "north", "a: b", 12, true],
            "n": "- x",
            "7": "7 \"seven\"\nlines",
        });
        let mut out = Vec::new();
        write(value.clone(), &mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        let expected = "a:\n- \"no\"\n- \"On\"\n- \"12:30:45\"\n- \"1_000\"\n- \"2026-01-31\"\n- \"=\"\n- north\n- 'a: b'\n- 12\n- true\n\"n\": '- x'\n\"7\": \"7 \\\"seven\\\"\\nlines\"\n";
        assert_eq!(text, expected);
        assert_eq!(serde_yaml::from_str::<Value>(&text).expect("YAML"), value);
        let odd = json!(["\u{1}no", "no"]);
        let mut out = Vec::new();
        write(odd.clone(), &mut out).expect("written");
        assert_eq!(serde_yaml::from_slice::<Value>(&out).expect("YAML"), odd);
    }
}
