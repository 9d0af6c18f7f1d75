//! An answer in XML: the keys of the JSON are the names of the elements.

use serde_json::Value;

/// A whole document with the root `response`.
pub(super) fn document(answer: &Value) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
    element(&mut text, "response", answer);
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    text.push('<');
    text.push_str(name);
    text.push('>');
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| element(text, &named(key), value)),
        Value::Array(items) => items.iter().for_each(|item| element(text, "item", item)),
        Value::String(value) => escape(text, value),
        Value::Number(number) => text.push_str(&number.to_string()),
        // As PHP prints them.
        Value::Bool(true) => text.push('1'),
        Value::Bool(false) | Value::Null => {}
    }
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

/// A key as a name that XML allows; keys that count are `item`.
fn named(key: &str) -> String {
    if key.is_empty() || key.bytes().all(|byte| byte.is_ascii_digit()) {
        return "item".to_owned();
    }
    let mut name: String = key.chars().map(|char| if allowed(char) { char } else { '_' }).collect();
    if name.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '.')) {
        name.insert(0, '_');
    }
    name
}

fn allowed(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '-' | '.')
}

/// Text without markup. Characters that XML does not know, even escaped, are left out.
fn escape(text: &mut String, value: &str) {
    for char in value.chars() {
        match char {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            char => text.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_become_elements() {
        let answer = json!({
            "result": {"ID": "7", "ACTIVE": true, "OPENED": false, "NOTE": null, "SUM": 9.5, "TAGS": ["a<b", "\"&\u{1}"],
                       "12": "x", "1a": "y", "a b": "z"},
        });
        assert_eq!(
            document(&answer),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<response><result><ID>7</ID><ACTIVE>1</ACTIVE><OPENED></OPENED>\
             <NOTE></NOTE><SUM>9.5</SUM><TAGS><item>a&lt;b</item><item>&quot;&amp;</item></TAGS><item>x</item><_1a>y</_1a>\
             <a_b>z</a_b></result></response>"
        );
    }
}
