//! Short forms of structured values, as people type them: `STAGE_ID=NEW` and `>OPPORTUNITY=100` for conditions and fields,
//! `ID:desc` for an order, `ID,TITLE` for names. An option given several times is one value.

use std::path::Path;

use serde_json::Value;

use crate::cli::value::{Converted, Inputs, below, convert, plain};
use crate::table::{Param, alternatives, below_keys, is_object, item_of};
use crate::value::Object;

/// What may stand before the key of a condition.
const PREFIXES: &[char] = &['!', '=', '<', '>', '%', '@', '?', '+', '~', '*'];

/// The operators between a key and a value; longer ones first.
const OPERATORS: [&str; 6] = [">=", "<=", "!=", "=", ">", "<"];

/// What a parameter is for, by its name: its short forms differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Conditions.
    Filter,
    /// Keys with their directions.
    Order,
    /// Names of fields.
    Select,
    /// Numbers or identifiers.
    Numbers,
    /// Keys with their values.
    Object,
    /// All else.
    Value,
}

impl Use {
    fn of(param: &Param<'_>) -> Self {
        let is = |name: &str| param.name.eq_ignore_ascii_case(name);
        match param.type_word.as_ref() {
            word if is_object(word) && (is("order") || is("sort")) => Self::Order,
            word if (is_object(word) || holds_lists(word)) && is("filter") => Self::Filter,
            word if is_object(word) => Self::Object,
            "array<string>" if is("select") => Self::Select,
            "array<id>" | "array<integer>" | "array<number>" => Self::Numbers,
            _ => Self::Value,
        }
    }
}

/// Whether items of a list may be lists, as the conditions of REST 3.0 are.
fn holds_lists(word: &str) -> bool {
    item_of(word).is_some_and(|item| alternatives(item).any(|one| item_of(one).is_some()))
}

/// Whether an option may be given several times, all of them together being its value.
pub(crate) fn may_repeat(param: &Param<'_>) -> bool {
    let word = param.type_word.as_ref();
    is_object(word) || item_of(word).is_some_and(|item| !item.starts_with("file"))
}

/// What stands for the value of a parameter that has a short form.
pub(crate) fn placeholder(param: &Param<'_>) -> Option<&'static str> {
    match Use::of(param) {
        Use::Filter => Some("KEY=VALUE"),
        Use::Order => Some("KEY:desc"),
        Use::Select => Some("NAMES"),
        Use::Object | Use::Numbers | Use::Value => None,
    }
}

/// The value of an option from all the texts that it was given with. `name`: what to call a file instead of its own name.
pub(crate) fn read(
    param: &Param<'_>,
    texts: &[&str],
    inputs: &Inputs,
    name: Option<&str>,
) -> Result<Converted, String> {
    let own = Use::of(param);
    let mut all: Option<Converted> = None;
    for text in texts {
        let next = match short(own, param, text, inputs)? {
            Some(value) => value,
            None => convert(param, text, inputs, name)?,
        };
        all = Some(match all {
            Some(before) => joined(own, before, next),
            None => next,
        });
    }
    all.ok_or_else(|| "a value is missing".to_owned())
}

/// Two values of one option as one: lists follow each other, objects are merged. Several conditions on one key ask for any
/// of the values.
fn joined(own: Use, before: Converted, next: Converted) -> Converted {
    let Converted { value, mut files } = before;
    match (value, next.value) {
        (Value::Object(mut keys), Value::Object(more)) => {
            for (key, value) in more {
                files.retain(|(path, _)| path.first() != Some(&key));
                match keys.get_mut(&key) {
                    Some(known) if own == Use::Filter => {
                        let mut any = match known.take() {
                            Value::Array(items) => items,
                            single => vec![single],
                        };
                        match value {
                            Value::Array(items) => any.extend(items),
                            single => any.push(single),
                        }
                        *known = Value::Array(any);
                    }
                    _ => drop(keys.insert(key, value)),
                }
            }
            files.extend(next.files);
            Converted { value: Value::Object(keys), files }
        }
        (Value::Array(mut items), Value::Array(more)) => {
            let behind = items.len();
            items.extend(more);
            files.extend(next.files.into_iter().map(|(mut path, file)| {
                if let Some(first) = path.first_mut() {
                    *first = first.parse::<usize>().map_or_else(|_| first.clone(), |at| (at + behind).to_string());
                }
                (path, file)
            }));
            Converted { value: Value::Array(items), files }
        }
        // What does not fit together: the last one wins.
        (_, value) => Converted { value, files: next.files },
    }
}

/// What a text means in a short form; none where it is in no short form.
fn short(own: Use, param: &Param<'_>, text: &str, inputs: &Inputs) -> Result<Option<Converted>, String> {
    let trimmed = text.trim();
    let is_long = inputs.is_table()
        || trimmed == "-"
        || trimmed.starts_with(['{', '['])
        || Path::new(trimmed).is_file()
        || trimmed.strip_prefix('@').is_some_and(|path| own != Use::Filter || Path::new(path).is_file());
    if is_long {
        return Ok(None);
    }
    let value = match own {
        Use::Filter => match condition(trimmed) {
            Some((prefix, key, operator, value)) => filter(param, (prefix, key, operator), value, inputs)?.into(),
            None => return Ok(None),
        },
        Use::Order => match order(trimmed) {
            Some(order) => Value::Object(order).into(),
            None => return Ok(None),
        },
        Use::Object => match trimmed.split_once('=').filter(|(key, _)| is_key(key)) {
            Some((key, value)) => field(param, key, value, inputs)?,
            None => return Ok(None),
        },
        Use::Select => Value::from(names(trimmed)).into(),
        Use::Numbers if trimmed.contains(',') => {
            let mut all = Converted::from(Value::Array(Vec::new()));
            for item in names(trimmed) {
                all = joined(own, all, convert(param, item, inputs, None)?);
            }
            all
        }
        Use::Numbers | Use::Value => return Ok(None),
    };
    Ok(Some(value))
}

/// Texts with commas between them.
fn names(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | ':' | '-'))
}

/// Splits a condition: what stands before the key, the key, the operator behind it, the value.
fn condition(text: &str) -> Option<(&str, &str, &str, &str)> {
    let key_at = text.find(|char| !PREFIXES.contains(&char))?;
    let (prefix, rest) = text.split_at(key_at);
    let end = rest.find(['=', '<', '>', '!'])?;
    let (key, rest) = rest.split_at(end);
    let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
    is_key(key.trim()).then(|| (prefix, key.trim(), operator, rest[operator.len()..].trim()))
}

/// A condition as the method takes it: an object of keys with operators before them, or a list of field, operator and value.
fn filter(
    param: &Param<'_>,
    (prefix, key, operator): (&str, &str, &str),
    text: &str,
    inputs: &Inputs,
) -> Result<Value, String> {
    let written = match (prefix, operator) {
        (prefix, "=") => prefix.to_owned(),
        ("", "!=") => "!".to_owned(),
        ("", operator) => operator.to_owned(),
        _ => return Err(format!("`{prefix}{key}{operator}{text}` has an operator on both sides of the key")),
    };
    // Any of several values.
    let is_list = written.contains('@') && !text.starts_with('[');
    let value = match is_list {
        true => names(text).into_iter().map(|item| condition_value(param, key, item, inputs)).collect(),
        false => condition_value(param, key, text, inputs),
    };
    if is_object(&param.type_word) {
        return Ok(Value::Object([(format!("{written}{key}"), value)].into_iter().collect()));
    }
    let operator = match written.as_str() {
        "" | "=" => "=",
        "!" | "!=" => "!=",
        "@" => "in",
        other @ (">" | ">=" | "<" | "<=") => other,
        other => {
            return Err(format!(
                "`{other}` is no operator of REST 3.0, but =, !=, <, <=, >, >= and @ (one of several) are"
            ));
        }
    };
    Ok(Value::Array(vec![Value::Array(vec![key.into(), operator.into(), value])]))
}

/// The value of a condition, typed where the key is known. What does not look like its type is for the portal to judge.
fn condition_value(param: &Param<'_>, key: &str, text: &str, inputs: &Inputs) -> Value {
    let known = param.entries.iter().find(|entry| entry.name == key).filter(|_| !text.is_empty());
    let typed = known
        .filter(|entry| !entry.type_word.starts_with("array"))
        .and_then(|entry| convert(entry, text, inputs, None).ok());
    typed.map_or_else(|| if text.is_empty() { "".into() } else { plain(text) }, |converted| converted.value)
}

/// A field with its value, typed where the key is known.
fn field(param: &Param<'_>, key: &str, text: &str, inputs: &Inputs) -> Result<Converted, String> {
    // The known keys of a map are those of what stands below its own.
    let is_map = below_keys(&param.type_word).is_some();
    let known = param.entries.iter().find(|entry| entry.name == key && !is_map);
    let mut value = match known {
        _ if text.is_empty() => Converted::from(Value::from("")),
        Some(entry) => read(entry, &[text], inputs, None).map_err(|fault| format!("`{key}`: {fault}"))?,
        None if is_map => below(param, text, inputs).map_err(|fault| format!("`{key}`: {fault}"))?,
        None => {
            inputs.note_key(param, key);
            plain(text).into()
        }
    };
    for (path, _) in &mut value.files {
        path.insert(0, key.to_owned());
    }
    value.value = Value::Object([(key.to_owned(), value.value)].into_iter().collect());
    Ok(value)
}

/// Keys with their directions: `ID:desc`, `ID=desc` or `ID`, several with commas between them.
fn order(text: &str) -> Option<Object> {
    let term = |term: &str| {
        let (key, direction) = term.split_once([':', '=']).unwrap_or((term, "ASC"));
        let direction = match direction.trim().to_ascii_uppercase().as_str() {
            word @ ("ASC" | "DESC") => word.to_owned(),
            _ => direction.trim().to_owned(),
        };
        is_key(key.trim()).then(|| (key.trim().to_owned(), Value::from(direction)))
    };
    names(text).into_iter().map(term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn param(name: &str, type_word: &str, entries: &Value) -> Param<'static> {
        let entries: Vec<Value> = entries
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, word)| {
                json!({"name": name, "argument": null, "option": null, "short": null, "type": word, "required": false,
                "default": null, "values": [], "wire": name, "description": "."})
            })
            .collect();
        let row = json!({"name": name, "argument": "X", "option": "x", "short": null, "type": type_word, "required": false,
            "default": null, "values": [], "wire": name, "description": ".", "entries": entries});
        serde_json::from_str(row.to_string().leak()).expect("a parameter")
    }

    fn value(param: &Param<'_>, texts: &[&str]) -> Result<Value, String> {
        read(param, texts, &Inputs::new(), None).map(|converted| converted.value)
    }

    #[test]
    fn conditions_are_keys_with_operators() {
        let filter = param(
            "filter",
            "object",
            &json!({"ID": "id", "CLOSED": "boolean<Y/N>", "TITLE": "string", "SUM": "number"}),
        );
        for (texts, expected) in [
            (&["STAGE_ID=NEW", ">OPPORTUNITY=100"][..], json!({"STAGE_ID": "NEW", ">OPPORTUNITY": 100})),
            (&["SUM>=1.5", "ID!=7"], json!({">=SUM": 1.5, "!ID": 7})),
            (&["CLOSED=true", "TITLE=12"], json!({"CLOSED": "Y", "TITLE": "12"})),
            (&["@STAGE_ID=NEW, WON"], json!({"@STAGE_ID": ["NEW", "WON"]})),
            (&["STAGE_ID=NEW", "STAGE_ID=WON"], json!({"STAGE_ID": ["NEW", "WON"]})),
            (&["!STAGE_ID=", "%TITLE=a=b"], json!({"!STAGE_ID": "", "%TITLE": "a=b"})),
            (&["{'ID': 1}", "TITLE=x"], json!({"ID": 1, "TITLE": "x"})),
            (&["SUM=cheap"], json!({"SUM": "cheap"})),
        ] {
            assert_eq!(value(&filter, texts), Ok(expected), "{texts:?}");
        }
        assert!(value(&filter, &["!ID>7"]).expect_err("refused").contains("both sides"));
        assert!(value(&filter, &["no condition"]).expect_err("refused").contains("neither JSON nor a file"));
    }

    #[test]
    fn the_conditions_of_rest_3_are_lists() {
        let filter = param("filter", "array<array<any>|object>", &json!({}));
        assert_eq!(
            value(&filter, &["id>5", "@status=2,3", "title=x", "[['a', 1], {'logic': 'or'}]"]),
            Ok(json!([["id", ">", 5], ["status", "in", [2, 3]], ["title", "=", "x"], ["a", 1], {"logic": "or"}]))
        );
        assert!(value(&filter, &["%title=x"]).expect_err("refused").contains("REST 3.0"));
    }

    #[test]
    fn orders_names_fields_and_numbers_have_short_forms() {
        for type_word in ["object", "map<string>"] {
            let order = param("ORDER", type_word, &json!({}));
            assert_eq!(
                value(&order, &["ID:desc,TITLE", "DATE=asc"]),
                Ok(json!({"ID": "DESC", "TITLE": "ASC", "DATE": "ASC"}))
            );
        }
        let select = param("select", "array<string>", &json!({}));
        assert_eq!(value(&select, &["ID, TITLE", "UF_*", "['X']"]), Ok(json!(["ID", "TITLE", "UF_*", "X"])));
        let numbers = param("users", "array<id>", &json!({}));
        assert_eq!(value(&numbers, &["1,2", "C1"]), Ok(json!([1, 2, "C1"])));
        let labels = param("LANG_ALL", "map<object>", &json!({"TITLE": "string", "IS_MAIN": "boolean<Y/N>"}));
        assert_eq!(
            value(&labels, &["en={'TITLE': 'Deal', 'IS_MAIN': true}", "{'ru': {'IS_MAIN': false}}"]),
            Ok(json!({"en": {"TITLE": "Deal", "IS_MAIN": "Y"}, "ru": {"IS_MAIN": "N"}}))
        );
        let ages = param("ages", "map<string>", &json!({}));
        assert_eq!(value(&ages, &["Oleg=30", "{'Anna': '31'}"]), Ok(json!({"Oleg": "30", "Anna": "31"})));
        let fields = param("fields", "object", &json!({"UF_DEPARTMENT": "array<id>", "NAME": "string"}));
        assert_eq!(
            value(&fields, &["NAME=Oleg", "UF_DEPARTMENT=7", "{'NAME': 'Anna'}", "UF_X=a=b"]),
            Ok(json!({"NAME": "Anna", "UF_DEPARTMENT": [7], "UF_X": "a=b"}))
        );
        let text = param("text", "string", &json!({}));
        assert_eq!(value(&text, &["a=b,c"]), Ok(json!("a=b,c")));
    }
}
