//! The commands of an example for the shells: quoted so that any value arrives as it is.

use serde_json::Value;

use crate::emit::tables::text;
use crate::ir::{Example, Function, Param, Ty};

/// How a page shows the connection: the options before and after the function's own.
pub(super) struct Connection {
    /// The value of `--url`.
    pub(super) url: &'static str,
    /// The value of `--token`.
    pub(super) token: Option<&'static str>,
}

/// A shell's way of writing a command.
struct Shell {
    continuation: &'static str,
    quote: fn(&str) -> String,
    /// Whether a text may stand in double quotes as it is.
    is_plain: fn(&str) -> bool,
    /// JSON whose texts need escapes.
    awkward: fn(&Value) -> String,
    /// What stands between an option and a value of no characters.
    before_empty: char,
}

static BASH: Shell = Shell {
    continuation: " \\",
    quote: |text| format!("'{}'", text.replace('\'', "'\\''")),
    is_plain: |text| !text.contains(['"', '$', '`', '\\', '!', '\n']),
    awkward: Value::to_string,
    before_empty: ' ',
};

static BATCH: Shell = Shell {
    continuation: " ^",
    quote: batch_quoted,
    is_plain: |text| !text.contains(['"', '%', '\\', '\n']),
    awkward: escaped_single,
    before_empty: ' ',
};

static POWERSHELL: Shell = Shell {
    continuation: " `",
    // The typographic quotes end a text, too; each of them is doubled to stand for itself.
    quote: |text| {
        let mut quoted = String::from("'");
        for char in text.chars() {
            if matches!(char, '\'' | '\u{2018}'..='\u{201B}') {
                quoted.push(char);
            }
            quoted.push(char);
        }
        quoted + "'"
    },
    is_plain: |text| !text.contains(['"', '$', '`', '\n', '\u{201C}', '\u{201D}', '\u{201E}']),
    // Windows PowerShell hands double quotes inside an argument on without a mark, so that they get lost.
    awkward: escaped_single,
    // It drops an empty argument.
    before_empty: '=',
};

/// A text in double quotes for cmd, which does not know the `\"` of the program that reads the arguments: it takes every
/// quote for the beginning or the end of a text. Where that would expose a character with a meaning, or leave the line
/// open, cmd sees no quote at all, but `^` before each such character. `%` is doubled in a batch file.
fn batch_quoted(text: &str) -> String {
    let special = |char: char| matches!(char, '&' | '|' | '<' | '>' | '^' | '(' | ')');
    let mut open = true;
    let mut is_exposed = false;
    for char in text.chars() {
        open ^= char == '"';
        is_exposed |= !open && special(char);
    }
    let has_carets = is_exposed || !open;
    let quote = if has_carets { "^\"" } else { "\"" };
    let mut quoted = quote.to_owned();
    let mut backslashes = 0;
    for char in text.chars() {
        match char {
            '"' => {
                quoted.push_str(&"\\".repeat(backslashes + 1));
                quoted.push_str(quote);
            }
            '%' => quoted.push_str("%%"),
            char if has_carets && special(char) => quoted.extend(['^', char]),
            char => quoted.push(char),
        }
        backslashes = if char == '\\' { backslashes + 1 } else { 0 };
    }
    quoted + &"\\".repeat(backslashes) + quote
}

/// A command in the words of a shell. The options of the call are written once, whatever connections it is shown with.
pub(super) struct Command {
    shell: &'static Shell,
    call: String,
    options: Vec<String>,
}

/// The command for Bash.
pub(super) fn bash(function: &Function, example: Option<&Example>) -> Command {
    Command::of(&BASH, function, example)
}

/// The command for the Windows command line.
pub(super) fn batch(function: &Function, example: Option<&Example>) -> Command {
    Command::of(&BATCH, function, example)
}

/// The command for PowerShell, both the one of Windows and its successor.
pub(super) fn powershell(function: &Function, example: Option<&Example>) -> Command {
    Command::of(&POWERSHELL, function, example)
}

impl Command {
    fn of(shell: &'static Shell, function: &Function, example: Option<&Example>) -> Self {
        let given = function.params.iter().filter_map(|param| Some((param, example?.arguments.get(&param.name)?)));
        let option = |(param, value): (&Param, &Value)| {
            format!("--{}{}{}", param.option, shell.gap(value), shell.value(&param.ty, value))
        };
        Self { shell, call: format!("oint bitrix24 {}", function.name), options: given.map(option).collect() }
    }

    /// The command without a connection.
    pub(super) fn alone(&self) -> String {
        self.joined(None, None)
    }

    /// The command with a connection.
    pub(super) fn with(&self, connection: &Connection) -> String {
        self.joined(Some(connection.url), connection.token)
    }

    fn joined(&self, url: Option<&str>, token: Option<&str>) -> String {
        let mut joined = self.call.clone();
        let mut add = |word: &str| {
            joined.push_str(self.shell.continuation);
            joined.push_str("\n    ");
            joined.push_str(word);
        };
        if let Some(url) = url {
            add(&format!("--url \"{url}\""));
        }
        self.options.iter().for_each(|option| add(option));
        if let Some(token) = token {
            add(&format!("--token \"{token}\""));
        }
        joined
    }
}

impl Shell {
    /// What stands between an option and its value: the next word would be taken for an option where it begins with a dash.
    fn gap(&self, value: &Value) -> char {
        match value.as_str() {
            Some("") => self.before_empty,
            Some(text) if text.starts_with('-') => '=',
            _ => ' ',
        }
    }

    fn value(&self, ty: &Ty, value: &Value) -> String {
        match value {
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Object(_) | Value::Array(_) => {
                let single = single_quoted(value);
                let text = single.unwrap_or_else(|| (self.awkward)(value));
                if (self.is_plain)(&text) { self.double(&text) } else { (self.quote)(&text) }
            }
            _ => {
                let bare = text(value);
                // A real line break cannot be typed everywhere: the command line reads `\n` as one. It leaves alone what looks
                // like JSON.
                let has_escapes = value.is_string() && is_text(ty) && !bare.starts_with(['{', '[']);
                let escaped = if has_escapes { bare.replace('\\', "\\\\").replace('\n', "\\n").into() } else { bare };
                if (self.is_plain)(&escaped) { self.double(&escaped) } else { (self.quote)(&escaped) }
            }
        }
    }

    fn double(&self, text: &str) -> String {
        format!("\"{text}\"")
    }
}

/// Whether a text is in the end read as one by the type.
fn is_text(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Any => true,
        Ty::OneOf(types) => types.contains(&Ty::String) && !types.contains(&Ty::Id),
        _ => false,
    }
}

/// Whether an example gives JSON to an option.
pub(super) fn gives_json(function: &Function, example: &Example) -> bool {
    let mut values = function.params.iter().filter_map(|param| example.arguments.get(&param.name));
    values.any(|value| value.is_object() || value.is_array())
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

/// JSON with single quotes and without any double one.
fn escaped_single(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let strict = Value::from(text.as_str()).to_string();
            let inner = strict[1..strict.len() - 1].replace("\\\"", "\\u0022").replace('\'', "\\'");
            format!("'{inner}'")
        }
        Value::Array(items) => format!("[{}]", items.iter().map(escaped_single).collect::<Vec<_>>().join(",")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}:{}", escaped_single(&key.as_str().into()), escaped_single(value))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::docs::shells;
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
        assert_eq!(BATCH.value(&Ty::Object, &awkward), "\"{'NAME':'O\\'Neil'}\"");
        assert_eq!(POWERSHELL.value(&Ty::Object, &awkward), "\"{'NAME':'O\\'Neil'}\"");
        let nasty = serde_json::json!({"A\"": "x \"|\" $y \\ \u{201D}"});
        assert_eq!(BATCH.value(&Ty::Object, &nasty), "\"{'A\\u0022':'x \\u0022|\\u0022 $y \\\\ \u{201D}'}\"");
        assert_eq!(POWERSHELL.value(&Ty::Object, &nasty), "'{''A\\u0022'':''x \\u0022|\\u0022 $y \\\\ \u{201D}''}'");
    }

    #[test]
    fn cmd_sees_no_character_with_a_meaning() {
        for (text, expected) in [
            ("50% off", "\"50%% off\""),
            ("a|b", "\"a|b\""),
            ("say \"hello\"", "\"say \\\"hello\\\"\""),
            ("say \"a|b\"", "^\"say \\^\"a^|b\\^\"^\""),
            ("5\" & more", "^\"5\\^\" ^& more^\""),
            ("C:\\x\\", "\"C:\\x\\\\\""),
        ] {
            assert_eq!((BATCH.quote)(text), expected);
        }
    }

    /// A command with an option of this value between two others.
    fn around(shell: &Shell, ty: &Ty, value: &Value) -> String {
        let option = format!("--value{}{}", shell.gap(value), shell.value(ty, value));
        let words = ["oint call".to_owned(), option, "--token \"***\"".into()];
        words.join(&format!("{}\n    ", shell.continuation))
    }

    /// The value among the arguments, which must be the only one that is not known.
    fn inside(arguments: &[String]) -> String {
        match arguments {
            [oint, call, option, value, token, secret] => {
                assert_eq!([oint, call, option, token, secret], ["oint", "call", "--value", "--token", "***"]);
                value.clone()
            }
            [oint, call, value, token, secret] => {
                assert_eq!([oint, call, token, secret], ["oint", "call", "--token", "***"]);
                value.strip_prefix("--value=").expect("the option").to_owned()
            }
            other => panic!("{} arguments: {other:?}", other.len()),
        }
    }

    /// What the command line makes of a text: a line break and a backslash may be written with a backslash.
    fn read_text(text: &str) -> String {
        if text.starts_with(['{', '[']) {
            return text.to_owned();
        }
        let mut read = String::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '\\' if chars.next_if_eq(&'n').is_some() => read.push('\n'),
                '\\' if chars.next_if_eq(&'\\').is_some() => read.push('\\'),
                char => read.push(char),
            }
        }
        read
    }

    /// What it makes of JSON: texts may stand in single quotes.
    fn read_json(text: &str) -> Value {
        let mut strict = String::new();
        let mut open = None;
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match (char, open) {
                ('\\', Some(_)) => match chars.next() {
                    Some('\'') => strict.push('\''),
                    next => strict.extend(['\\'].into_iter().chain(next)),
                },
                ('"', Some('\'')) => strict.push_str("\\\""),
                ('"' | '\'', None) => {
                    open = Some(char);
                    strict.push('"');
                }
                (char, Some(quote)) if char == quote => {
                    open = None;
                    strict.push('"');
                }
                (char, _) => strict.push(char),
            }
        }
        serde_json::from_str(&strict).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    const TEXT: &str = "[a-c\"'%^&|<>()!$`@#,;={}\\\\ \n\u{2018}-\u{201F}\u{44f}-]{0,24}";

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            TEXT.prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from)
        ];
        let inner = leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((TEXT, inner), 0..3)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        });
        prop::collection::vec((TEXT, inner), 0..3).prop_map(|entries| Value::Object(entries.into_iter().collect()))
    }

    // The shells of Windows are played by `shells`, which is written from the descriptions of their rules; no real one is
    // started.
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn cmd_hands_every_text_over(text in TEXT) {
            // A text that looks like JSON gets no escapes: with a line break it cannot be typed in cmd.
            prop_assume!(!text.starts_with('{') || !text.contains('\n'));
            let written = around(&BATCH, &Ty::String, &text.as_str().into());
            prop_assert_eq!(read_text(&inside(&shells::cmd(&written).map_err(TestCaseError::fail)?)), text);
        }

        #[test]
        fn cmd_hands_all_json_over(value in json()) {
            let written = around(&BATCH, &Ty::Object, &value);
            prop_assert_eq!(read_json(&inside(&shells::cmd(&written).map_err(TestCaseError::fail)?)), value);
        }

        #[test]
        fn powershell_hands_every_text_over(text in TEXT) {
            let written = around(&POWERSHELL, &Ty::String, &text.as_str().into());
            let words = shells::powershell(&written).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&read_text(&inside(&words)), &text);
            // The one of Windows cannot: it loses double quotes, and a blank makes it halve backslashes at the end.
            prop_assume!(!text.contains('"') && !text.ends_with("\\\\"));
            // What looks like JSON has no escapes, so that one is enough there.
            prop_assume!(!(text.starts_with(['{', '[']) && text.ends_with('\\')));
            prop_assert_eq!(read_text(&inside(&shells::windows_powershell(&words))), text);
        }

        #[test]
        fn both_powershells_hand_all_json_over(value in json()) {
            let words = shells::powershell(&around(&POWERSHELL, &Ty::Object, &value)).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&read_json(&inside(&words)), &value);
            prop_assert_eq!(read_json(&inside(&shells::windows_powershell(&words))), value);
        }
    }

    #[test]
    fn texts_of_mixed_types_have_escapes_unless_they_look_like_json() {
        let mixed = Ty::OneOf(vec![Ty::String, Ty::Map(Box::new(Ty::String))]);
        for (text, expected) in [("C:\\new", "'C:\\\\new'"), ("a\nb", "'a\\nb'"), ("{\\n", "'{\\n'")] {
            assert_eq!(BASH.value(&mixed, &text.into()), expected);
        }
        assert_eq!(around(&BASH, &mixed, &"- first".into()).lines().nth(1), Some("    --value=\"- first\" \\"));
    }

    #[test]
    fn powershell_keeps_an_empty_value() {
        assert_eq!(POWERSHELL.before_empty, '=');
        assert_eq!(POWERSHELL.value(&Ty::String, &"".into()), "\"\"");
    }
}
