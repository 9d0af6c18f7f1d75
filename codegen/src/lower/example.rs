//! Examples must fit the parameters that they exemplify.

use serde_json::{Map, Value};

use crate::diag::Diagnostic;
use crate::emit::tables::text;
use crate::ir::{Example, Param, Ty};
use crate::lower::{Context, step};
use crate::spec::{ExampleSpec, File, MethodSpec, Step};
use crate::suggest::nearest;

/// Whether a value is of a type; if not, what is wrong.
pub(super) fn fits(ty: &Ty, value: &Value) -> Result<(), String> {
    let wrong = |expected: &str| Err(format!("expected {expected}, found {}", kind(value)));
    match (ty, value) {
        (Ty::Any, _)
        | (Ty::String | Ty::File(_), Value::String(_))
        | (Ty::Boolean(_), Value::Bool(_))
        | (Ty::Number, Value::Number(_))
        | (Ty::Object, Value::Object(_)) => Ok(()),
        (Ty::Integer, Value::Number(number)) if number.is_i64() => Ok(()),
        (Ty::Integer, Value::Number(number)) if number.is_u64() => {
            Err(format!("expected a whole number up to {}, found {number}", i64::MAX))
        }
        (Ty::Id, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
        (Ty::Id, Value::String(id)) if !id.is_empty() => Ok(()),
        (Ty::Date, Value::String(date)) => {
            if is_date(date) {
                Ok(())
            } else {
                Err(format!("`{date}` is no date: write YYYY-MM-DD"))
            }
        }
        (Ty::DateTime(_), Value::String(time)) => {
            if is_datetime(time) {
                Ok(())
            } else {
                Err(format!("`{time}` is no time: write YYYY-MM-DDThh:mm:ss+hh:mm"))
            }
        }
        (Ty::OneOf(types), value) => {
            let faults: Vec<String> = types.iter().filter_map(|ty| fits(ty, value).err()).collect();
            match crate::wire::fitting(types, value) {
                _ if faults.len() < types.len() => Ok(()),
                Ty::Any => Err(faults.join("; or ")),
                meant => fits(meant, value),
            }
        }
        (Ty::Array(item), Value::Array(items)) => items.iter().try_for_each(|value| fits(item, value)),
        (Ty::Map(value), Value::Object(keys)) => keys.values().try_for_each(|one| fits(value, one)),
        (Ty::String, _) => wrong("text"),
        (Ty::Integer, _) => wrong("a whole number"),
        (Ty::Number, _) => wrong("a number"),
        (Ty::Boolean(_), _) => wrong("true or false"),
        (Ty::Id, _) => wrong("an identifier: a whole number or text"),
        (Ty::Date | Ty::DateTime(_), _) => wrong("a date as text"),
        (Ty::File(_), _) => wrong("a file's name"),
        (Ty::Array(_), _) => wrong("a list"),
        (Ty::Object | Ty::Map(_), _) => wrong("an object"),
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text \"{text}\""),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |part: &str, length: usize| (part.len() == length).then(|| part.parse::<u32>().ok()).flatten();
    match (number(year, 4), number(month, 2), number(day, 2)) {
        (Some(year), Some(month @ 1..=12), Some(day)) => {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let most = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
            (1..=most).contains(&day)
        }
        _ => false,
    }
}

fn is_datetime(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', ' ']) else {
        return is_date(text);
    };
    let clock = time.trim_end_matches('Z');
    let clock = clock.split_once(['+', '-']).map_or(clock, |(clock, _)| clock);
    let clock = clock.split('.').next().unwrap_or_default();
    let parts: Vec<Option<u32>> = clock.split(':').map(|part| part.parse().ok().filter(|_| part.len() == 2)).collect();
    let in_range = |(at, part): (usize, &Option<u32>)| part.is_some_and(|part| part < if at == 0 { 24 } else { 60 });
    is_date(date) && matches!(parts.len(), 2 | 3) && parts.iter().enumerate().all(in_range)
}

/// What is wrong with a value that is none of the known ones.
pub(super) fn unknown_value(param: &Param, value: &Value) -> Option<String> {
    if param.values.is_empty() || matches!(param.ty, Ty::Boolean(_)) {
        return None;
    }
    if let (Ty::OneOf(types), value) = (&param.ty, value) {
        let ty = crate::wire::fitting(types, value).clone();
        return unknown_value(&Param { ty, ..param.clone() }, value);
    }
    if let Value::Array(items) = value {
        return items.iter().find_map(|item| unknown_value(param, item));
    }
    if let (Ty::Map(_), Value::Object(keys)) = (&param.ty, value) {
        return keys.values().find_map(|value| unknown_value(param, value));
    }
    let known = param.values.iter().any(|known| text(&known.value) == text(value));
    (!known).then(|| {
        let list: Vec<String> = param.values.iter().map(|known| format!("`{}`", text(&known.value))).collect();
        format!("`{}` is none of the known values of `{}`: {}", text(value), param.name, list.join(", "))
    })
}

/// Whether a key passes although no spec knows it: custom fields, links to smart processes, and keys of filters with an operator before them.
fn passes(key: &str) -> bool {
    let bare = key.trim_start_matches(['!', '=', '<', '>', '%', '@', '?', '+', '~', '*']);
    let is_numbered = |rest: &str| rest.starts_with(|char: char| char.is_ascii_digit());
    ["UF_", "PROPERTY_", "ufCrm", "property"].iter().any(|prefix| bare.starts_with(prefix))
        || ["field", "PARENT_ID_", "parentId"].iter().any(|prefix| bare.strip_prefix(prefix).is_some_and(is_numbered))
}

impl Context<'_> {
    /// Lowers the examples of a function.
    pub(super) fn examples(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        specs: &[ExampleSpec],
        params: &[Param],
        constants: &[(Vec<String>, Value)],
    ) -> Vec<Example> {
        let order = file.spec.ordered;
        let mut examples = Vec::new();
        for (at, spec) in specs.iter().enumerate() {
            let path = step(path, at);
            match &spec.title {
                Some(title) => self.title(file, &step(&path, "title"), title),
                None if specs.len() > 1 => {
                    self.report_help(file, &path, "one of several examples needs a title", "add `title: What it shows`")
                }
                None => {}
            }
            let arguments = &spec.arguments.0;
            self.arguments(file, &step(&path, "arguments"), params, arguments);
            let missing: Vec<String> = params
                .iter()
                .filter(|param| param.required && !arguments.contains_key(&param.name))
                .map(|param| format!("`{}`", param.name))
                .collect();
            if !missing.is_empty() {
                self.report(
                    file,
                    &step(&path, "arguments"),
                    format!("the example lacks what the call requires: {}", missing.join(", ")),
                );
            }
            if let Some(response) = &spec.response
                && !response.0.contains_key("result")
                && !response.0.contains_key("error")
            {
                self.report_help(
                    file,
                    &step(&path, "response"),
                    "a response has the key `result`",
                    "write the portal's whole answer: `{result: …}`",
                );
            }
            examples.push(Example {
                title: spec.title.clone(),
                arguments: arguments.clone(),
                body: crate::wire::body(params, constants, arguments, order),
                response: spec.response.as_ref().map(|response| Value::Object(response.0.clone())),
            });
        }
        examples
    }

    /// Checks the keys and values of an object against what is known of it.
    fn arguments(&mut self, file: &File<MethodSpec>, path: &[Step], known: &[Param], given: &Map<String, Value>) {
        for (key, value) in given {
            let bare = key.trim_start_matches(['!', '=', '<', '>', '%', '@', '?', '+']);
            match known
                .iter()
                .find(|param| param.name == *key)
                .or_else(|| known.iter().find(|param| param.name == bare))
            {
                Some(param) => {
                    // A filter may compare a key with a list, whatever its own type.
                    let has_operator = param.name != *key;
                    if !(has_operator && value.is_array()) {
                        self.value(file, &step(path, key.as_str()), param, value);
                    }
                }
                None if passes(key) => {}
                None => {
                    let near = nearest(key, known.iter().map(|param| param.name.as_str()))
                        .map(|near| format!("did you mean `{near}`?"));
                    let list: Vec<&str> = known.iter().map(|param| param.name.as_str()).take(8).collect();
                    let help = near.unwrap_or_else(|| {
                        format!("known: {}{}", list.join(", "), if known.len() > 8 { ", …" } else { "" })
                    });
                    let place = file.place(&step(path, Step::Key(key.clone())));
                    self.problems.push(
                        Diagnostic::new(place, format!("the example gives `{key}`, which the spec does not know"))
                            .help(help),
                    );
                }
            }
        }
    }

    fn value(&mut self, file: &File<MethodSpec>, path: &[Step], param: &Param, value: &Value) {
        if let Err(fault) = fits(&param.ty, value) {
            self.report(file, path, format!("`{}`: {fault}", param.name));
        } else if let Some(fault) = unknown_value(param, value) {
            self.report_help(file, path, fault, "add it to `values` if the portal takes it");
        }
        if let Some(entries) = &param.entries {
            self.objects(file, path, (&param.ty, &entries.all), (&param.name, value));
        }
    }

    /// Checks the objects in a value: itself, the items of a list, what stands below the free keys of a map.
    fn objects(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        (ty, entries): (&Ty, &[Param]),
        (name, value): (&str, &Value),
    ) {
        match (ty, value) {
            (Ty::OneOf(types), value) => {
                self.objects(file, path, (crate::wire::fitting(types, value), entries), (name, value));
            }
            (Ty::Map(inner), Value::Object(keys)) => {
                for (key, one) in keys {
                    self.objects(file, &step(path, key.as_str()), (inner, entries), (name, one));
                }
            }
            (_, Value::Object(keys)) => {
                self.arguments(file, path, entries, keys);
                self.required_keys(file, path, entries, (name, keys));
            }
            (ty, Value::Array(items)) => {
                let inner = if let Ty::Array(inner) = ty { inner } else { ty };
                for (at, item) in items.iter().enumerate() {
                    self.objects(file, &step(path, at), (inner, entries), (name, item));
                }
            }
            _ => {}
        }
    }

    fn required_keys(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        entries: &[Param],
        (name, given): (&str, &Map<String, Value>),
    ) {
        let missing: Vec<String> = entries
            .iter()
            .filter(|entry| entry.required && !given.contains_key(&entry.name))
            .map(|entry| format!("`{}`", entry.name))
            .collect();
        if !missing.is_empty() {
            self.report(file, path, format!("`{name}` lacks what it requires: {}", missing.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_dates() {
        assert!(is_date("2024-02-29") && !is_date("2023-02-29") && !is_date("2024-13-01") && !is_date("01.02.2024"));
        assert!(
            is_datetime("2026-01-31T10:00:00+03:00")
                && is_datetime("2026-01-31T10:00")
                && !is_datetime("2026-01-31T25:00:00")
        );
    }

    #[test]
    fn custom_keys_and_links_pass() {
        for key in ["UF_CRM_1", ">=UF_DATE", "PROPERTY_107", "ufCrm3Code", "field12", "PARENT_ID_128", "!parentId1036"]
        {
            assert!(passes(key), "{key}");
        }
        for key in ["PARENT_ID", "PARENT_ID_", "parentIdentity", "fields", "TITLE"] {
            assert!(!passes(key), "{key}");
        }
    }
}
