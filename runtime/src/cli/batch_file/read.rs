//! Reading a file of commands, with every fault of it.

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::cli::json::check_numbers;
use crate::cli::suggest::hint;
use crate::value::{Object, kind};

/// The keys of a command.
const KEYS: [&str; 4] = ["name", "method", "params", "rest"];

/// A command as the file gives it.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    /// Its name; where the file has none, its place counted from 1.
    pub(super) name: String,
    pub(super) method: String,
    pub(super) params: Object,
    pub(super) rest: Option<u8>,
}

/// What is no command: its name, and all that is wrong with it.
#[derive(Debug, PartialEq)]
pub(super) struct Faulty {
    pub(super) name: String,
    pub(super) faults: Vec<String>,
}

/// The commands of a file in their order, the faulty ones in their places.
///
/// # Errors
/// What is wrong with the file as a whole.
pub(super) fn entries(text: &str) -> Result<Vec<Result<Entry, Faulty>>, String> {
    let text = text.trim_start_matches('\u{FEFF}');
    let lines: Vec<(usize, &str)> = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    if is_lines(&lines) {
        return Ok(lines.into_iter().enumerate().map(|(at, line)| of_line(at, line)).collect());
    }
    // YAML has JSON in it.
    let List(commands) = serde_yaml::from_str(text).map_err(|error| match error.to_string() {
        words if words.contains("more than one document") => {
            "there are several YAML documents (`---`) in it: put all commands into one".to_owned()
        }
        words => words,
    })?;
    Ok(commands.into_iter().enumerate().map(|(at, (name, value))| entry(at, name, value)).collect())
}

/// Whether a text is an object a line: what no YAML of several lines looks like.
fn is_lines(lines: &[(usize, &str)]) -> bool {
    let [(_, first), _, ..] = lines else { return false };
    lines.iter().all(|(_, line)| line.starts_with('{')) || serde_json::from_str::<Object>(first).is_ok()
}

fn of_line(at: usize, (number, line): (usize, &str)) -> Result<Entry, Faulty> {
    let faulty = |fault: String| Faulty { name: (at + 1).to_string(), faults: vec![fault] };
    match serde_json::from_str(line) {
        Ok(value) => match check_numbers(line) {
            Ok(()) => entry(at, None, value),
            Err(fault) => Err(faulty(format!("line {}: {fault}", number + 1))),
        },
        Err(error) => {
            let words = error.to_string();
            let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
            Err(faulty(format!("line {}, column {}: {words}", number + 1, error.column())))
        }
    }
}

/// Reads a command. `name`: the key that it stands below.
fn entry(at: usize, name: Option<String>, value: Value) -> Result<Entry, Faulty> {
    const SHAPE: &str = "a command has a `method`, and may have `params` and `rest`";
    let place = || (at + 1).to_string();
    let mut entries = match value {
        // A method alone needs no object.
        Value::String(method) => Object::from_iter([("method".to_owned(), Value::String(method))]),
        Value::Object(entries) => entries,
        other => {
            let faults = vec![format!("{SHAPE}; this is {}", kind(&other))];
            return Err(Faulty { name: name.unwrap_or_else(place), faults });
        }
    };
    let mut faults = Vec::new();
    let mut wrong = |key: &str, wanted: &str, found: &Value| {
        faults.push(format!("`{key}`: {wanted} is needed, found {}", kind(found)));
    };
    let mut text = |key: &str| match entries.shift_remove(key) {
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) if key == "name" => Some(number.to_string()),
        None | Some(Value::Null) => None,
        Some(other) => {
            wrong(key, "a text", &other);
            Some(String::new())
        }
    };
    let (inner, method) = (text("name"), text("method"));
    let params = match entries.shift_remove("params") {
        Some(Value::Object(params)) => params,
        None | Some(Value::Null) => Object::new(),
        Some(other) => {
            wrong("params", "an object", &other);
            Object::new()
        }
    };
    let rest = match entries.shift_remove("rest") {
        None | Some(Value::Null) => None,
        Some(rest) => match rest.as_u64() {
            Some(number @ (2 | 3)) => u8::try_from(number).ok(),
            _ => {
                faults.push("`rest` is 2 or 3".to_owned());
                None
            }
        },
    };
    for key in entries.keys() {
        faults.push(format!("a command has no key `{key}`{}", hint(key, KEYS)));
    }
    let name = name.or(inner).unwrap_or_else(place);
    match method {
        Some(method) if faults.is_empty() => Ok(Entry { name, method, params, rest }),
        method => {
            if method.is_none() {
                faults.push("the `method` is missing".to_owned());
            }
            Err(Faulty { name, faults })
        }
    }
}

/// The commands in their order, however they are written, each with the key that it stands below.
struct List(Vec<(Option<String>, Value)>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = List;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("commands by name, or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List, A::Error> {
                // A map of its own would lose a name that is there twice.
                let mut commands: Vec<(String, Value)> = Vec::new();
                while let Some(Key(name)) = map.next_key()? {
                    commands.push((name, map.next_value()?));
                }
                // A lone object is one command.
                let is_method = |(key, value): &(String, Value)| key == "method" && value.is_string();
                let is_lone = commands.first().is_some_and(is_method)
                    || commands.iter().any(is_method) && commands.iter().all(|(key, _)| KEYS.contains(&key.as_str()));
                Ok(List(match is_lone {
                    true => vec![(None, Value::Object(commands.into_iter().collect()))],
                    false => commands.into_iter().map(|(name, value)| (Some(name), value)).collect(),
                }))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
                let mut commands = Vec::new();
                while let Some(value) = items.next_element()? {
                    commands.push((None, value));
                }
                Ok(List(commands))
            }

            // An empty file, or one of comments.
            fn visit_none<E: de::Error>(self) -> Result<List, E> {
                Ok(List(Vec::new()))
            }

            fn visit_unit<E: de::Error>(self) -> Result<List, E> {
                Ok(List(Vec::new()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A name: YAML reads `7` as a number.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(de::Error::custom("a command's name is a text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and methods, or the faults.
    fn told(text: &str) -> Vec<String> {
        match entries(text) {
            Ok(entries) => entries
                .into_iter()
                .map(|entry| match entry {
                    Ok(entry) => format!("{}={}", entry.name, entry.method),
                    Err(faulty) => format!("{}: {}", faulty.name, faulty.faults.join("; ")),
                })
                .collect(),
            Err(fault) => vec![format!("fault: {fault}")],
        }
    }

    #[test]
    fn commands_are_read_in_every_form_and_keep_their_order() {
        for text in [
            "b:\n  method: crm.deal.list\n  params: {filter: {ID: 7}}\na: user.get\n",
            "{\"b\": {\"method\": \"crm.deal.list\"}, \"a\": {\"method\": \"user.get\"}}",
            "- {name: b, method: crm.deal.list}\n- name: a\n  method: user.get\n",
            "{\"name\": \"b\", \"method\": \"crm.deal.list\"}\n\n{\"name\": \"a\", \"method\": \"user.get\"}\n",
        ] {
            assert_eq!(told(text), ["b=crm.deal.list", "a=user.get"], "{text}");
        }
        for lone in ["{\"method\": \"user.get\", \"params\": {}}", "params: {}\nmethod: user.get\n"] {
            assert_eq!(told(lone), ["1=user.get"], "{lone}");
        }
        assert_eq!(told("- user.get\n- {name: 7, method: crm.deal.list}\n"), ["1=user.get", "7=crm.deal.list"]);
        for nothing in ["", "\n\n", "# nothing yet\n", "{}", "[]", "null"] {
            assert!(told(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn every_fault_of_a_file_is_told() {
        let file =
            "a: {metod: user.get}\nb: {method: user.get, param: {ID: 1}, rest: 4}\nc: 7\nd: {method: 7, params: []}\n";
        assert_eq!(
            told(file),
            [
                "a: a command has no key `metod`\nhelp: did you mean `method`?; the `method` is missing",
                "b: `rest` is 2 or 3; a command has no key `param`\nhelp: did you mean `params`?",
                "c: a command has a `method`, and may have `params` and `rest`; this is a number",
                "d: `method`: a text is needed, found a number; `params`: an object is needed, found an array",
            ]
        );
        assert_eq!(
            told("{\"method\": \"user.get\"}\n{\"method\": \"a\"\n\n{\"method\": \"crm.deal.list\"}\n"),
            ["1=user.get", "2: line 2, column 14: EOF while parsing an object", "3=crm.deal.list"]
        );
        assert_eq!(
            told("{\"method\": \"user.get\"}\nuser.get\n"),
            ["1=user.get", "2: line 2, column 1: expected value"]
        );
        assert_eq!(told("a: user.get\na: user.get\n"), ["a=user.get", "a=user.get"], "both, to be told of");
        for (text, words) in [
            ("user.get", "fault: invalid type: string \"user.get\", expected commands by name"),
            ("a: user.get\n---\nb: user.get\n", "fault: there are several YAML documents"),
            ("a: [", "fault: "),
        ] {
            assert!(told(text).concat().starts_with(words), "{text}: {:?}", told(text));
        }
    }
}
