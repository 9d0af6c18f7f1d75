//! The forms that values have on the wire: from the arguments of an example to the body that they make. The command
//! line follows the same rules, which a test over every example holds against these.

use serde_json::{Map, Value, json};

use crate::ir::{BooleanForm, FileForm, JsonKind, Param, TimeForm, Ty, Wire};

/// The body of a function with these arguments; with `ordered` its keys stand in the order of the parameters.
pub fn body(
    params: &[Param],
    constants: &[(Vec<String>, Value)],
    arguments: &Map<String, Value>,
    ordered: bool,
) -> Map<String, Value> {
    let mut body = Map::new();
    for (path, value) in constants {
        insert(&mut body, path, value.clone());
    }
    // An object given as a whole comes first: what is given for one of its keys wins over it.
    let (groups, plain): (Vec<&Param>, Vec<&Param>) = params.iter().partition(|param| param.is_group);
    for param in groups.into_iter().chain(plain) {
        let is_excluded = param.unless.as_ref().is_some_and(|other| arguments.contains_key(other));
        let Some(value) = arguments.get(&param.name).or(param.default.as_ref()).filter(|_| !is_excluded) else {
            continue;
        };
        let name = param.filename.as_ref().and_then(|other| arguments.get(other));
        let value = match (&param.ty, name) {
            (Ty::File(_), Some(name)) => json!({ "file": name }),
            _ => wire_form(param, value),
        };
        match (&param.wire, value) {
            // What was set before stays: a parameter wins over an entry of the same key.
            (Wire::Merge, Value::Object(entries)) => {
                for (key, value) in entries {
                    body.entry(key).or_insert(value);
                }
            }
            (Wire::Merge, _) => {}
            (Wire::Path(path), value) => insert(&mut body, path, value),
        }
    }
    if ordered {
        arrange(&mut body, params);
    }
    body
}

/// Puts the keys into the order of the parameters; others follow. An empty list stands for an object or a list that is left out
/// before others.
fn arrange(body: &mut Map<String, Value>, params: &[Param]) {
    let mut rest = std::mem::take(body);
    let positions = crate::emit::tables::positions(params);
    let last = positions.iter().rposition(|(key, _)| rest.contains_key(*key)).map_or(0, |last| last + 1);
    for (key, is_container) in positions.into_iter().take(last) {
        match rest.remove(key) {
            Some(value) => {
                body.insert(key.to_owned(), value);
            }
            None if is_container => {
                body.insert(key.to_owned(), json!([]));
            }
            None => {}
        }
    }
    body.extend(rest);
}

fn insert(body: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut object = body;
    for key in parents {
        let slot = object.entry(key).or_insert_with(|| json!({}));
        if !slot.is_object() {
            *slot = json!({});
        }
        let Value::Object(inner) = slot else { return };
        object = inner;
    }
    object.insert(last.clone(), value);
}

/// A value as the portal takes it.
pub fn wire_form(param: &Param, value: &Value) -> Value {
    let entries = param.entries.as_ref().map_or(&[][..], |entries| &entries.all);
    form(&param.ty, entries, value)
}

fn form(ty: &Ty, entries: &[Param], value: &Value) -> Value {
    match (ty, value) {
        (Ty::OneOf(types), value) => form(fitting(types, value), entries, value),
        (Ty::Array(item), Value::Array(items)) => items.iter().map(|value| form(item, entries, value)).collect(),
        (Ty::Map(inner), Value::Object(keys)) => {
            keys.iter().map(|(key, value)| (key.clone(), form(inner, entries, value))).collect()
        }
        (Ty::Boolean(kind), Value::Bool(flag)) => match kind {
            BooleanForm::Json => json!(flag),
            BooleanForm::YesNo => json!(if *flag { "Y" } else { "N" }),
            BooleanForm::NoYes => json!(if *flag { "N" } else { "Y" }),
            BooleanForm::OneZero => json!(u8::from(*flag)),
        },
        (Ty::DateTime(TimeForm::Utc), Value::String(time)) => json!(utc(time)),
        // The content of an example's file is nobody's concern; `fill` puts the file there.
        (Ty::File(_), Value::String(name)) => json!({ "file": name }),
        (_, Value::Object(keys)) => keys
            .iter()
            .map(|(key, value)| {
                let known = entries.iter().find(|entry| entry.name == *key);
                (key.clone(), known.map_or_else(|| value.clone(), |entry| wire_form(entry, value)))
            })
            .collect(),
        _ => value.clone(),
    }
}

/// What becomes of a file: its form, and its name.
pub type ToFile<'f> = &'f dyn Fn(FileForm, &str) -> Value;

/// A file as the portal takes it.
pub fn file(form: FileForm, name: &str, content: &str) -> Value {
    match form {
        FileForm::Pair => json!([name, content]),
        FileForm::Base64 => json!(content),
        FileForm::FileData => json!({ "fileData": [name, content] }),
    }
}

/// A body with its files: `{"file": NAME}` stands for one in it.
pub fn with_files(params: &[Param], body: &Map<String, Value>, file: ToFile<'_>) -> Map<String, Value> {
    let mut body = body.clone();
    for param in params {
        match &param.wire {
            Wire::Merge => fill_entries(&mut body, param, file),
            Wire::Path(path) => {
                let Some((first, below)) = path.split_first() else { continue };
                let target = body.get_mut(first);
                if let Some(target) = below.iter().try_fold(target, |at, key| Some(at?.get_mut(key))).flatten() {
                    fill(target, &param.ty, param, file);
                }
            }
        }
    }
    body
}

/// Puts the files below a value of a type into it.
pub fn fill(value: &mut Value, ty: &Ty, param: &Param, file: ToFile<'_>) {
    match (ty, value) {
        (Ty::OneOf(types), value) => {
            let ty = fitting(types, value);
            fill(value, ty, param, file);
        }
        (Ty::Array(item), Value::Array(items)) => items.iter_mut().for_each(|one| fill(one, item, param, file)),
        (Ty::Map(inner), Value::Object(keys)) => keys.values_mut().for_each(|one| fill(one, inner, param, file)),
        (Ty::File(form), slot) => {
            let Some(name) = slot.get("file").and_then(Value::as_str) else { return };
            *slot = file(*form, name);
        }
        (_, Value::Object(keys)) => fill_entries(keys, param, file),
        _ => {}
    }
}

fn fill_entries(keys: &mut Map<String, Value>, param: &Param, file: ToFile<'_>) {
    for entry in param.entries.iter().flat_map(|entries| &entries.all) {
        if let Some(value) = keys.get_mut(&entry.name) {
            fill(value, &entry.ty, entry, file);
        }
    }
}

/// The one of several types that a value is of, as far as its kind tells.
pub fn fitting<'t>(types: &'t [Ty], value: &Value) -> &'t Ty {
    let kind = match value {
        Value::Null => None,
        Value::Bool(_) => return types.iter().find(|ty| matches!(ty, Ty::Boolean(_))).unwrap_or(&Ty::Any),
        Value::Number(_) => Some(JsonKind::Number),
        Value::String(_) => Some(JsonKind::Text),
        Value::Array(_) => Some(JsonKind::List),
        Value::Object(_) => Some(JsonKind::Object),
    };
    types.iter().find(|ty| kind.is_some_and(|kind| ty.kinds().contains(&kind))).unwrap_or(&Ty::Any)
}

/// A point in time that tells its offset; one without is taken for UTC.
fn utc(text: &str) -> String {
    let whole = if text.contains(['T', ' ']) { text.replace(' ', "T") } else { format!("{text}T00:00:00") };
    let (date, clock) = whole.split_once('T').unwrap_or((&whole, ""));
    let at = clock.find(['+', '-', 'Z']).unwrap_or(clock.len());
    let seconds = clock[..at].split('.').next().unwrap_or_default();
    let offset = if at == clock.len() { "Z" } else { &clock[at..] };
    format!("{date}T{seconds}{offset}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_tell_their_offset() {
        for (given, expected) in [
            ("2026-01-31T10:00:00", "2026-01-31T10:00:00Z"),
            ("2026-01-31 10:00:00", "2026-01-31T10:00:00Z"),
            ("2026-01-31T10:00:00.7662706", "2026-01-31T10:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T01:00:00+03:00", "2026-01-31T01:00:00+03:00"),
            ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ] {
            assert_eq!(utc(given), expected);
        }
    }
}
