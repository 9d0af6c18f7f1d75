//! The Rust call of an example, as doc comments and pages show it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::emit::client::{arguments, required_struct};
use crate::ir::{Example, FileForm, Function, Kind, Method, Param, Ty, Wire};
use crate::wire::{fill, wire_form};

/// The call; `client` is the expression of a reference to the client.
pub fn call(method: &Method, function: &Function, example: &Example, client: &str) -> String {
    let constructor = match &function.kind {
        Kind::Preset { constructor, .. } | Kind::Local { constructor } => constructor,
        _ => &method.constructor,
    };
    let module: Vec<&str> = method.module.iter().map(|segment| segment.as_str()).collect();
    let module = module.join("::");
    let taken = arguments(function);
    let given = |param: &&Param| find(function, example, &param.name).or(param.default.as_ref()).cloned();
    let list: Vec<String> = match required_struct(method).filter(|_| function.kind == Kind::Method) {
        Some(name) => {
            let field = |param: &&Param| {
                format!("{}: {}", param.ident, owned(&param.ty, param, &given(param).unwrap_or_default()))
            };
            let fields: Vec<String> = taken.iter().map(field).collect();
            vec![format!("{module}::{name} {{ {} }}", fields.join(", "))]
        }
        None => taken.iter().map(|param| expression(param, &given(param).unwrap_or_default())).collect(),
    };
    let list = list.join(", ");
    if matches!(function.kind, Kind::Local { .. }) {
        return format!("let result = {module}::{constructor}({list});");
    }
    let is_taken = |name: &str| taken.iter().any(|taken| taken.name == name);
    let mut steps = Vec::new();
    for param in &function.params {
        let Some(value) = example.arguments.get(&param.name) else {
            continue;
        };
        match (&param.wire, value) {
            _ if is_taken(&param.name) => {}
            _ if param.is_group => steps.push(format!(".param({}, {})", text(&param.name), expression(param, value))),
            (Wire::Merge, Value::Object(entries)) => {
                let known = param.entries.as_ref().map_or(&[][..], |entries| &entries.all);
                for (key, value) in entries {
                    match known.iter().find(|entry| entry.name == *key) {
                        Some(entry) if is_taken(&entry.name) => {}
                        Some(entry) => steps.push(format!(".{}({})", entry.ident, expression(entry, value))),
                        None => steps.push(format!(".param({}, {})", text(key), json(value))),
                    }
                }
            }
            _ => steps.push(format!(".{}({})", param.ident, expression(param, value))),
        }
    }
    steps.push(format!(".send({client})"));
    steps.push(".await?;".to_owned());
    let call = format!("let result = {module}::{constructor}({list})");
    if steps.len() == 2 { format!("{call}{}", steps.concat()) } else { format!("{call}\n    {}", steps.join("\n    ")) }
}

/// An argument of the example: a parameter's, or one inside a merged object.
fn find<'e>(function: &Function, example: &'e Example, name: &str) -> Option<&'e Value> {
    example.arguments.get(name).or_else(|| {
        let merged = function.params.iter().filter(|param| param.wire == Wire::Merge);
        merged.filter_map(|param| example.arguments.get(&param.name)).find_map(|entries| entries.get(name))
    })
}

fn expression(param: &Param, value: &Value) -> String {
    typed(&param.ty, param, value)
}

fn typed(ty: &Ty, param: &Param, value: &Value) -> String {
    match (ty, value) {
        (Ty::File(_), Value::String(name)) => format!("File::read({})?", text(name)),
        (Ty::Array(item), Value::Array(items)) => {
            let is_text = |value: &Value| value.is_string();
            if items.is_empty() {
                return format!("Vec::<{}>::new()", element(item));
            }
            // The items of a Rust list have one type.
            let mixed = items.iter().any(is_text) && !items.iter().all(is_text);
            let lengths: BTreeSet<usize> = items.iter().filter_map(Value::as_array).map(Vec::len).collect();
            let items = items.iter().map(|value| match &**item {
                Ty::Id if mixed => text(&crate::emit::tables::text(value)),
                // Their neighbours, or those of the list around them, may be of another type.
                Ty::OneOf(_) if !item.is_text() => {
                    format!("json!({})", in_macro(item, param, value))
                }
                // Lists in a list are arrays of one length, or vectors.
                Ty::Array(_) if lengths.len() > 1 => format!("Vec::from({})", typed(item, param, value)),
                item => typed(item, param, value),
            });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        (Ty::Number, Value::Number(number)) => {
            let number = number.to_string();
            if number.contains(['.', 'e', 'E']) { number } else { format!("{number}.0") }
        }
        (Ty::Integer | Ty::Id, Value::Number(number)) => match number.as_i64() {
            Some(small) if i32::try_from(small).is_ok() => small.to_string(),
            Some(large) => format!("{large}_i64"),
            None => text(&number.to_string()),
        },
        (Ty::Boolean(_), Value::Bool(flag)) => flag.to_string(),
        (Ty::Object | Ty::Map(_) | Ty::OneOf(_) | Ty::Any, value) => {
            let form = wire_form(&Param { ty: ty.clone(), ..param.clone() }, value);
            if form.is_string() { json(&form) } else { format!("json!({})", in_macro(ty, param, value)) }
        }
        (_, Value::String(string)) => text(string),
        (_, other) => json(other),
    }
}

/// A value as the macro `json!` takes it: a file in it is an expression.
fn in_macro(ty: &Ty, param: &Param, value: &Value) -> String {
    let mut form = wire_form(&Param { ty: ty.clone(), ..param.clone() }, value);
    let files = RefCell::new(Vec::new());
    let mark = |at: usize| Value::from(format!("\0{at}"));
    fill(&mut form, ty, param, &|form, name| {
        let method = match form {
            FileForm::Pair => "pair",
            FileForm::Base64 => "base64",
            FileForm::FileData => "file_data",
        };
        let mut files = files.borrow_mut();
        files.push(format!("File::read({})?.{method}()", text(name)));
        mark(files.len() - 1)
    });
    let marked = literal(&form);
    files.take().iter().enumerate().fold(marked, |text, (at, file)| text.replace(&mark(at).to_string(), file))
}

fn element(ty: &Ty) -> &'static str {
    match ty {
        Ty::Integer => "i64",
        Ty::Number => "f64",
        Ty::Boolean(_) => "bool",
        Ty::Id => "Id",
        Ty::OneOf(_) if ty.is_text() => "String",
        Ty::Object | Ty::Map(_) | Ty::OneOf(_) | Ty::Any | Ty::Array(_) | Ty::File(_) => "Value",
        Ty::String | Ty::Date | Ty::DateTime(_) => "String",
    }
}

/// A struct's field needs the value itself, where a setter takes anything that becomes one.
fn owned(ty: &Ty, param: &Param, value: &Value) -> String {
    match (ty, value) {
        (Ty::Array(item), Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|value| owned(item, param, value)).collect();
            format!("vec![{}]", items.join(", "))
        }
        (Ty::Boolean(_) | Ty::File(_), value) => typed(ty, param, value),
        (ty, value) => format!("{}.into()", typed(ty, param, value)),
    }
}

fn json(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number)
            if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) || number.is_f64() =>
        {
            number.to_string()
        }
        other => format!("json!({})", literal(other)),
    }
}

/// JSON as `json!` takes it: as it is, but for numbers that Rust would take for too large an `i32`.
fn literal(value: &Value) -> String {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) if i32::try_from(small).is_ok() => small.to_string(),
            (Some(large), _) => format!("{large}_i64"),
            (None, Some(huge)) => format!("{huge}_u64"),
            (None, None) => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(",")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("{}:{}", Value::from(key.as_str()), literal(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// A string literal.
fn text(string: &str) -> String {
    format!("{string:?}")
}
