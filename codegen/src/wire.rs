//! The forms that values have on the wire: from the arguments of an example to the body that they make. The command
//! line follows the same rules, which a test over every example holds against these.

use serde_json::{Map, Value, json};

use crate::ir::{BooleanForm, Param, Ty, Wire};

/// The body of a function with these arguments.
pub fn body(
    params: &[Param],
    constants: &[(Vec<String>, Value)],
    arguments: &Map<String, Value>,
) -> Map<String, Value> {
    let mut body = Map::new();
    for (path, value) in constants {
        insert(&mut body, path, value.clone());
    }
    for param in params {
        let Some(value) = arguments.get(&param.name).or(param.default.as_ref()) else {
            continue;
        };
        let value = wire_form(param, value);
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
    body
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
        (Ty::Array(item), Value::Array(items)) => items.iter().map(|value| form(item, entries, value)).collect(),
        (Ty::Boolean(kind), Value::Bool(flag)) => match kind {
            BooleanForm::Json => json!(flag),
            BooleanForm::YesNo => json!(if *flag { "Y" } else { "N" }),
            BooleanForm::NoYes => json!(if *flag { "N" } else { "Y" }),
            BooleanForm::OneZero => json!(u8::from(*flag)),
        },
        // The content of an example's file is nobody's concern.
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
