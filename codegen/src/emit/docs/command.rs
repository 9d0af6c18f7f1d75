//! The commands of an example for the shells: quoted so that any value arrives as it is.

use serde_json::Value;

use crate::emit::tables::text;
use crate::ir::{Example, Function, Ty};

/// How a page shows the connection: the options before and after the function's own.
pub struct Connection {
    /// The value of `--url`.
    pub url: &'static str,
    /// The value of `--token`.
    pub token: Option<&'static str>,
}

/// A shell's way of writing a command.
struct Shell {
    comment: &'static str,
    continuation: &'static str,
    quote: fn(&str) -> String,
    /// Whether a text may stand in double quotes as it is.
    is_plain: fn(&str) -> bool,
}

const BASH: Shell = Shell {
    comment: "#",
    continuation: " \\",
    quote: |text| format!("'{}'", text.replace('\'', "'\\''")),
    is_plain: |text| !text.contains(['"', '$', '`', '\\', '!', '\n']),
};

const BATCH: Shell = Shell {
    comment: "::",
    continuation: " ^",
    // The runtime of Windows programs takes `\"` for a quote; `%` is doubled in a batch file.
    quote: |text| {
        let mut quoted = String::from("\"");
        let mut backslashes = 0;
        for char in text.chars() {
            match char {
                '\\' => backslashes += 1,
                '"' => {
                    quoted.push_str(&"\\".repeat(backslashes + 1));
                    backslashes = 0;
                }
                _ => backslashes = 0,
            }
            quoted.push(char);
            if char == '%' {
                quoted.push('%');
            }
        }
        quoted + &"\\".repeat(backslashes) + "\""
    },
    is_plain: |text| !text.contains(['"', '%', '\\', '\n']),
};

/// The command for Bash.
pub fn bash(function: &Function, example: Option<&Example>, connection: Option<&Connection>) -> String {
    BASH.command(function, example, connection)
}

/// The command for the Windows command line.
pub fn batch(function: &Function, example: Option<&Example>, connection: Option<&Connection>) -> String {
    BATCH.command(function, example, connection)
}

impl Shell {
    fn command(&self, function: &Function, example: Option<&Example>, connection: Option<&Connection>) -> String {
        let mut words = vec![format!("oint bitrix24 {}", function.name)];
        words.extend(connection.map(|connection| format!("--url {}", self.double(connection.url))));
        let mut has_json = false;
        for param in &function.params {
            let Some(value) = example.and_then(|example| example.arguments.get(&param.name)) else {
                continue;
            };
            has_json |= value.is_object() || value.is_array();
            words.push(format!("--{} {}", param.option, self.value(&param.ty, value)));
        }
        words.extend(
            connection.and_then(|connection| connection.token).map(|token| format!("--token {}", self.double(token))),
        );
        let comment = if has_json {
            format!("{} JSON data can also be given as the path of a .json file\n\n", self.comment)
        } else {
            String::new()
        };
        format!("{comment}{}", words.join(&format!("{}\n    ", self.continuation)))
    }

    fn value(&self, ty: &Ty, value: &Value) -> String {
        match value {
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Object(_) | Value::Array(_) => {
                let single = single_quoted(value);
                match single.filter(|text| (self.is_plain)(text)) {
                    Some(text) => self.double(&text),
                    None => (self.quote)(&value.to_string()),
                }
            }
            _ => {
                let bare = text(value);
                // A real line break cannot be typed everywhere: the command line reads `\n` as one.
                let escaped = if *ty == Ty::String { bare.replace('\\', "\\\\").replace('\n', "\\n") } else { bare };
                if (self.is_plain)(&escaped) { self.double(&escaped) } else { (self.quote)(&escaped) }
            }
        }
    }

    fn double(&self, text: &str) -> String {
        format!("\"{text}\"")
    }
}

/// JSON with single quotes, where no text in it needs an escape.
fn single_quoted(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains(['\'', '"', '\\']) || text.contains(char::is_control) => None,
        Value::String(text) => Some(format!("'{text}'")),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(single_quoted).collect();
            Some(format!("[{}]", items?.join(",")))
        }
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                Some(format!("{}:{}", single_quoted(&Value::from(key.as_str()))?, single_quoted(value)?))
            };
            let entries: Option<Vec<String>> = entries.iter().map(entry).collect();
            Some(format!("{{{}}}", entries?.join(",")))
        }
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bash_hands_every_value_over_as_it_is(text in "[^\0]{0,40}") {
            let quoted = (BASH.quote)(&text);
            let output = std::process::Command::new("bash").arg("-c").arg(format!("printf %s {quoted}")).output();
            prop_assume!(output.is_ok());
            prop_assert_eq!(String::from_utf8_lossy(&output.expect("assumed").stdout).into_owned(), text);
        }
    }

    #[test]
    fn json_takes_single_quotes_where_it_can() {
        let value = serde_json::json!({"EMAIL": "o@example.org", "UF_DEPARTMENT": [7], "ACTIVE": true});
        assert_eq!(BASH.value(&Ty::Object, &value), "\"{'EMAIL':'o@example.org','UF_DEPARTMENT':[7],'ACTIVE':true}\"");
        let awkward = serde_json::json!({"NAME": "O'Neil"});
        assert_eq!(BASH.value(&Ty::Object, &awkward), "'{\"NAME\":\"O'\\''Neil\"}'");
        assert_eq!(BATCH.value(&Ty::Object, &awkward), "\"{\\\"NAME\\\":\\\"O'Neil\\\"}\"");
        assert_eq!(BATCH.value(&Ty::String, &"50% off".into()), "\"50%% off\"");
    }
}
