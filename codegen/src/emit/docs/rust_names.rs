//! What Rust calls the functions and their parameters, for the form that writes calls: it knows the descriptor, which
//! does not speak of Rust.

use serde_json::{Map, Value, json};

use crate::emit::client::{arguments, required_struct};
use crate::emit::{OutFile, banner};
use crate::ir::{Api, Function, Kind, Method, Param};
use crate::names::joined;

/// `functions`: path, arguments, unusual setters, struct of arguments; `types`: unusual setters.
pub(super) fn rust_names(api: &Api) -> OutFile {
    let mut functions = Map::new();
    for method in &api.methods {
        for function in &method.functions {
            if let Some(value) = names(method, function) {
                functions.insert(function.kebab.to_string(), value);
            }
        }
    }
    let mut types = Map::new();
    for entity in &api.types {
        let names = unusual(&entity.fields);
        if !names.is_empty() {
            types.insert(entity.name.clone(), names.into());
        }
    }
    // A line a function reads well in a diff.
    let line = |(name, value): (&String, &Value)| format!("{}: {value}", json!(name));
    let block = |map: &Map<String, Value>| map.iter().map(line).collect::<Vec<_>>().join(",\n");
    let content = format!(
        "{{\"note\": {},\n\"functions\": {{\n{}\n}},\n\"types\": {{\n{}\n}}}}\n",
        json!(banner("specs/")),
        block(&functions),
        block(&types)
    );
    OutFile::new(format!("{}/_rust.json", super::FOLDER), content)
}

fn names(method: &Method, function: &Function) -> Option<Value> {
    let constructor = match &function.kind {
        Kind::Method => &method.constructor,
        Kind::Preset { constructor, .. } => constructor,
        Kind::Template { .. } | Kind::Local { .. } | Kind::Procedure(_) => return None,
    };
    let path: Vec<&str> = method.module.iter().map(|segment| segment.as_str()).chain([constructor.as_str()]).collect();
    let arguments: Vec<&str> = arguments(function).iter().map(|param| param.name.as_str()).collect();
    let mut names = unusual(&function.params);
    for param in &function.params {
        names.extend(param.entries.as_ref().map_or_else(Map::new, |entries| unusual(entries.own())));
    }
    let mut value = vec![json!(path.join("::")), json!(arguments), names.into()];
    value.extend(required_struct(method).filter(|_| function.kind == Kind::Method).map(Value::from));
    Some(value.into())
}

/// Names of setters that are not just the key in snake case.
fn unusual(params: &[Param]) -> Map<String, Value> {
    params
        .iter()
        .filter(|param| param.ident.as_str() != joined(&param.name, '_'))
        .map(|param| (param.name.clone(), json!(param.ident.as_str())))
        .collect()
}
