//! JSON as people type it in a shell: strict JSON, or the same with single quotes, which need no escaping inside double
//! ones: `{'NAME':'Oleg','UF_DEPARTMENT':[7]}`.

use serde_json::{Map, Number, Value};

use crate::number;

/// How deep values may be nested; deeper ones would only be an attack on the stack.
const DEEPEST: usize = 128;

/// Reads a value. Strict JSON is tried first, so that whatever is JSON means what it means everywhere.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value) => check_numbers(text).map(|()| value),
        Err(_) => {
            let mut reader = Reader { text, at: 0 };
            let value = reader.value(0).and_then(|value| reader.end().map(|()| value));
            value.map_err(|reason| reader.explain(&reason))
        }
    }
}

/// Refuses strict JSON with a number that would be another one after reading.
pub(crate) fn check_numbers(json: &str) -> Result<(), String> {
    number::first_changed(json).map_or(Ok(()), |changed| Err(too_long(changed)))
}

/// What is said of a number that would be another one after reading.
pub(crate) fn too_long(number: &str) -> String {
    format!("the number {number} has more digits than a number keeps; write it as text in quotes, \"{number}\"")
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    /// The reason with the place: the line and a caret below the character.
    fn explain(&self, reason: &str) -> String {
        const AROUND: usize = 30;
        let before: Vec<char> =
            self.text[..self.at].chars().rev().take_while(|char| *char != '\n').take(AROUND).collect();
        let after: String = self.text[self.at..].chars().take_while(|char| *char != '\n').take(AROUND).collect();
        let line: String = before
            .iter()
            .rev()
            .copied()
            .chain(after.chars())
            .map(|char| if char.is_control() { ' ' } else { char })
            .collect();
        let place = self.text[..self.at].chars().count() + 1;
        format!("not valid JSON at character {place}: {reason}\n  {line}\n  {}^", " ".repeat(before.len()))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|char| matches!(char, ' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn end(&mut self) -> Result<(), String> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err("nothing may follow the value".into()),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err("nested too deeply".into());
        }
        self.space();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('\'' | '"') => self.string().map(Value::String),
            Some(_) => self.word(),
            None => Err("a value is missing".into()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.next();
        let mut entries = Map::new();
        loop {
            self.space();
            match self.peek() {
                Some('}') if entries.is_empty() => break,
                Some('\'' | '"') => {}
                _ => return Err("a key in quotes is expected".into()),
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(':') {
                return Err("`:` is expected behind the key".into());
            }
            self.next();
            let value = self.value(depth + 1)?;
            entries.insert(key, value);
            self.space();
            match self.peek() {
                Some(',') => self.next(),
                Some('}') => break,
                _ => return Err("`,` or `}` is expected".into()),
            };
        }
        self.next();
        Ok(Value::Object(entries))
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.next();
        let mut items = Vec::new();
        loop {
            self.space();
            if self.peek() == Some(']') && items.is_empty() {
                break;
            }
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(',') => self.next(),
                Some(']') => break,
                _ => return Err("`,` or `]` is expected".into()),
            };
        }
        self.next();
        Ok(Value::Array(items))
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        let quote = self.next();
        let mut string = String::new();
        loop {
            match self.next() {
                None => {
                    self.at = start;
                    return Err("the closing quote of this text is missing".into());
                }
                end if end == quote => return Ok(string),
                Some('\\') => string.push(self.escape()?),
                Some(char) => string.push(char),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let start = self.at;
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{C}'),
            Some('u') => self.unicode(),
            Some(char @ ('\\' | '/' | '"' | '\'')) => Ok(char),
            _ => {
                self.at = start;
                Err("unknown escape; write `\\\\` for a backslash".into())
            }
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let high = self.hex()?;
        if let Some(char) = char::from_u32(high) {
            return Ok(char);
        }
        // The first half of a surrogate pair.
        if self.next() == Some('\\') && self.next() == Some('u') {
            let low = self.hex()?;
            if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(code).ok_or_else(|| "no such character".into());
            }
        }
        Err("half of a surrogate pair is no character".into())
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits: String = self.text[self.at..].chars().take(4).collect();
        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4 && !digits.starts_with('+'));
        let code = code.ok_or("four hexadecimal digits are expected behind `\\u`")?;
        self.at += 4;
        Ok(code)
    }

    /// `true`, `false`, `null` or a number.
    fn word(&mut self) -> Result<Value, String> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', ':', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        let value = match &rest[..end] {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            word => match serde_json::from_str::<Number>(word) {
                Ok(_) if !number::is_kept(word) => return Err(too_long(word)),
                Ok(number) => Value::Number(number),
                Err(_) => return Err("text needs quotes".into()),
            },
        };
        self.at += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// A value in single quotes.
    fn single(value: &Value) -> String {
        let quote = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        match value {
            Value::String(text) => quote(text),
            Value::Array(items) => format!("[{}]", items.iter().map(single).collect::<Vec<_>>().join(", ")),
            Value::Object(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{}: {}", quote(key), single(value))).collect();
                format!("{{{}}}", entries.join(","))
            }
            other => other.to_string(),
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(".*", inner, 0..6).prop_map(|entries| entries.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn single_quotes_mean_what_double_ones_do(value in values()) {
            prop_assert_eq!(read(&single(&value)), Ok(value.clone()));
            prop_assert_eq!(read(&value.to_string()), Ok(value));
        }

        #[test]
        fn no_text_is_too_odd_for_an_answer(text in ".*") {
            let _ = read(&text);
        }
    }

    #[test]
    fn the_form_of_the_pages_is_read() {
        assert_eq!(
            read("{'EMAIL':'o@example.org','UF_DEPARTMENT':7}"),
            Ok(json!({"EMAIL": "o@example.org", "UF_DEPARTMENT": 7}))
        );
        assert_eq!(read("['1', \"2\", 3]"), Ok(json!(["1", "2", 3])));
        assert_eq!(read("{}"), Ok(json!({})));
    }

    #[test]
    fn a_number_is_what_was_typed_or_refused() {
        for text in ["{\"LAT\":1527.8800197338637}", "{'LAT':1527.8800197338637}"] {
            assert_eq!(read(text).map(|value| value.to_string()).as_deref(), Ok("{\"LAT\":1527.8800197338637}"));
        }
        for text in ["{\"ICCID\":89701012345678901234}", "{'ICCID':89701012345678901234}", "[0.12345678901234567890]"] {
            assert!(read(text).expect_err("too long").contains("write it as text in quotes"), "{text}");
        }
    }

    #[test]
    fn faults_are_shown_with_a_caret() {
        let fault = read("{'NAME':Oleg}").unwrap_err();
        assert_eq!(fault, "not valid JSON at character 9: text needs quotes\n  {'NAME':Oleg}\n          ^");
        assert!(read("{'a':1").unwrap_err().contains("`,` or `}`"));
        assert!(read("{'a").unwrap_err().contains("closing quote"));
        assert!(read(&"[".repeat(5000)).unwrap_err().contains("too deeply"));
    }
}
