//! The one table of how values are written where JSON cannot be: in the commands of a batch, which are queries in PHP's
//! brackets. A value either means there what it means in the JSON body of a single call, or it is not written at all:
//! then the call is sent by itself.
//!
//! | Value | Alone, as JSON | In a batch | Why it is the same |
//! |-|-|-|-|
//! | text, `""` too | `"a b"` | `a%20b` | the same text |
//! | whole number | `7` | `7` | PHP reads a numeric text as the number |
//! | number | `2.50`, `1.0` | `2.5`, `1` | as PHP itself writes the number |
//! | `true`, `false` | `true`, `false` | `1`, `0` | the form that PHP gives them in a query |
//! | date, time | `"2026-01-31"` | `2026-01-31` | a text |
//! | list | `["a"]` | `key[0]=a` | the same array |
//! | object | `{"A": "b"}` | `key[A]=b` | the same array |
//! | `null`, `[]`, `{}` | as it is | — | a query has no form for them: sent alone |
//! | a text with `$result` | as it is | — | the portal would put something else in its place: sent alone |
//! | more than 1,000 values | as they are | — | PHP drops those beyond: sent alone |
//! | keys that PHP changes, as `A.B` | as it is | — | sent alone |
//!
//! The parameters of a call that only reads are an exception in one point: a parameter that is `null`, `[]` or `{}` as a
//! whole is left out of the command, for to a list an empty filter and none are the same. Not so where the portal reads
//! parameters by position: there it keeps a place.

use std::fmt;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Number, Value};

use crate::value::Object;

/// PHP's `max_input_vars` is 1,000 if nobody has changed it: values beyond that are dropped in silence.
const MOST_VALUES: usize = 1_000;
/// PHP's `max_input_nesting_level` is 64; nobody means to nest half as deep.
const DEEPEST: usize = 32;
/// What a query carries as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value that a query has no form for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inexpressible {
    /// Where it stands, as `fields[PHONE][0]`.
    pub at: String,
    /// What it is, as `null`.
    pub what: &'static str,
}

impl fmt::Display for Inexpressible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}, which a batch cannot carry", self.at, self.what)
    }
}

impl std::error::Error for Inexpressible {}

/// Writes parameters as a query in PHP's brackets: `filter[%3EID]=7&select[0]=ID`.
///
/// ```
/// use bitrix24_runtime::{encoding, json};
///
/// let params = json!({"fields": {"TITLE": "A & B", "OPENED": true, "TAGS": ["x", "y"]}});
/// let query = encoding::query(params.as_object().unwrap()).unwrap();
/// assert_eq!(query, "fields[TITLE]=A%20%26%20B&fields[OPENED]=1&fields[TAGS][0]=x&fields[TAGS][1]=y");
/// ```
///
/// # Errors
/// [`Inexpressible`] for the first value that would not mean the same in a query.
pub fn query(params: &Object) -> Result<String, Inexpressible> {
    write_query(params, false, &mut |text, query| plain(text, query))
}

/// [`query`] for the commands of a batch. `skips_empty`: what is empty as a whole is left out. `text` writes each text, so that references can be put in; it says what is wrong
/// with one that cannot be written.
pub(crate) fn write_query(
    params: &Object,
    skips_empty: bool,
    text: &mut dyn FnMut(&str, &mut String) -> Result<(), &'static str>,
) -> Result<String, Inexpressible> {
    let mut writer = Writer { query: String::new(), values: 0, text };
    for (key, value) in params {
        if skips_empty && is_empty(value) {
            continue;
        }
        let fault = |what| Inexpressible { at: key.clone(), what };
        if key.contains(['.', ' ']) || key == "auth" {
            return Err(fault("a name that PHP changes or that means something else in a batch"));
        }
        check_key(key).map_err(fault)?;
        let mut path = String::new();
        escape(key, &mut path);
        writer.value(value, &path, key, 1)?;
    }
    Ok(writer.query)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A text that is nothing but a text.
pub(crate) fn plain(text: &str, query: &mut String) -> Result<(), &'static str> {
    if text.contains("$result") {
        return Err("a text that the portal would take for a reference");
    }
    escape(text, query);
    Ok(())
}

/// Writes a text so that it arrives as it is.
pub(crate) fn escape(text: &str, query: &mut String) {
    query.extend(utf8_percent_encode(text, ESCAPED));
}

fn check_key(key: &str) -> Result<(), &'static str> {
    let is_changed = key.is_empty() || key.starts_with(char::is_whitespace) || key.contains(['[', ']', '\0']);
    if is_changed { Err("a name that PHP changes") } else { plain(key, &mut String::new()) }
}

struct Writer<'w> {
    query: String,
    values: usize,
    text: &'w mut dyn FnMut(&str, &mut String) -> Result<(), &'static str>,
}

impl Writer<'_> {
    /// `path` is the key as it is written, `shown` as people read it.
    fn value(&mut self, value: &Value, path: &str, shown: &str, depth: usize) -> Result<(), Inexpressible> {
        let fault = |what| Inexpressible { at: shown.to_owned(), what };
        if depth > DEEPEST {
            return Err(fault("nested too deep"));
        }
        match value {
            Value::Null => Err(fault("null")),
            Value::Array(items) if items.is_empty() => Err(fault("an empty list")),
            Value::Object(entries) if entries.is_empty() => Err(fault("an empty object")),
            Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
                self.value(item, &format!("{path}[{at}]"), &format!("{shown}[{at}]"), depth + 1)
            }),
            Value::Object(entries) => entries.iter().try_for_each(|(key, item)| {
                check_key(key).map_err(fault)?;
                let mut inner = format!("{path}[");
                escape(key, &mut inner);
                inner.push(']');
                self.value(item, &inner, &format!("{shown}[{key}]"), depth + 1)
            }),
            Value::String(text) => {
                self.key(path).map_err(fault)?;
                (self.text)(text, &mut self.query).map_err(fault)
            }
            Value::Bool(flag) => {
                self.key(path).map_err(fault)?;
                self.query.push(if *flag { '1' } else { '0' });
                Ok(())
            }
            Value::Number(number) => {
                self.key(path).map_err(fault)?;
                escape(&as_php_writes(number), &mut self.query);
                Ok(())
            }
        }
    }

    fn key(&mut self, path: &str) -> Result<(), &'static str> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err("beyond the 1,000 values that PHP takes");
        }
        let between = if self.query.is_empty() { "" } else { "&" };
        // Writing to a string does not fail.
        let _ = write!(self.query, "{between}{path}=");
        Ok(())
    }
}

/// PHP writes 1.0 as `1`.
fn as_php_writes(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(params: &Value) -> Result<String, String> {
        query(params.as_object().expect("an object")).map_err(|fault| fault.to_string())
    }

    #[test]
    fn each_row_of_the_table() {
        for (value, expected) in [
            (json!("a b"), "k=a%20b"),
            (json!(""), "k="),
            (json!("Олег+1 & 50%"), "k=%D0%9E%D0%BB%D0%B5%D0%B3%2B1%20%26%2050%25"),
            (json!(7), "k=7"),
            (json!(-7), "k=-7"),
            (json!(2.50), "k=2.5"),
            (json!(1.0), "k=1"),
            (json!(-0.0), "k=-0"),
            (json!(true), "k=1"),
            (json!(false), "k=0"),
            (json!("2026-01-31T10:00:00+03:00"), "k=2026-01-31T10%3A00%3A00%2B03%3A00"),
            (json!(["a", 2]), "k[0]=a&k[1]=2"),
            (json!({">ID": 5, "0": {"logic": "OR"}}), "k[%3EID]=5&k[0][logic]=OR"),
        ] {
            assert_eq!(of(&json!({ "k": value })).as_deref(), Ok(expected), "{value}");
        }
        for (params, expected) in [
            (json!({"k": null}), "`k` is null, which a batch cannot carry"),
            (json!({"k": {"a": [1, []]}}), "`k[a][1]` is an empty list, which a batch cannot carry"),
            (json!({"k": {}}), "`k` is an empty object, which a batch cannot carry"),
            (
                json!({"k": ["$result[x]"]}),
                "`k[0]` is a text that the portal would take for a reference, which a batch cannot carry",
            ),
            (json!({"k": {"a[b]": 1}}), "`k` is a name that PHP changes, which a batch cannot carry"),
            (json!({"k": {"": 1}}), "`k` is a name that PHP changes, which a batch cannot carry"),
        ] {
            assert_eq!(of(&params), Err(expected.to_owned()), "{params}");
        }
        for name in ["a.b", "a b", " a", "", "a[", "auth"] {
            assert!(of(&json!({ name: 1 })).is_err(), "{name}");
        }
        assert!(of(&json!({"k": vec![1; 1_000]})).is_ok());
        assert!(of(&json!({"k": vec![1; 1_001]})).is_err());
    }

    #[test]
    fn to_a_read_empty_parameters_are_none() {
        let params = json!({"select": [], "filter": {"A": 1}, "order": {}, "start": null});
        let written = write_query(params.as_object().expect("an object"), true, &mut |text, query| plain(text, query));
        assert_eq!(written.as_deref(), Ok("filter[A]=1"));
        let params = json!({"filter": {"@ID": []}});
        let written = write_query(params.as_object().expect("an object"), true, &mut |text, query| plain(text, query));
        assert!(written.is_err(), "an empty condition is not none");
    }
}
