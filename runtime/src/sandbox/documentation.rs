//! `rest.documentation.openapi`: what a portal says of its REST 3.0 methods, an OpenAPI 3.0 document of the tables.

use serde_json::{Map, Value, json};

use crate::sandbox::auth::Caller;
use crate::table::{Command, Param, Tables, alternatives, below_keys, is_one_of, item_of};
use crate::value::Object;

/// The names of the method.
pub(super) const NAMES: [&str; 2] = ["rest.documentation.openapi", "documentation"];

/// The document of the methods that a caller may call.
pub(super) fn document(tables: &Tables, caller: &Caller) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let mut tags: Vec<String> = Vec::new();
    let commands = tables.commands().filter(|command| command.rest == 3 && caller.covers(&command.scope));
    for command in commands.filter(|command| command.constants.is_empty() && command.template.is_none()) {
        let Some(method) = command.method.as_deref() else { continue };
        let module = method.split('.').next().unwrap_or(method).to_owned();
        let schema = format!("{}Request", command.function);
        paths.insert(format!("/{method}"), operation(&command, &module, &schema));
        schemas.insert(schema, body(&command));
        if !tags.contains(&module) {
            tags.push(module);
        }
    }
    let tags: Vec<Value> =
        tags.iter().map(|name| json!({ "name": name, "description": format!("{name} module methods") })).collect();
    json!({
        "openapi": "3.0.0",
        "info": { "title": "Bitrix24 REST V3 API", "version": "1.0.0" },
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn operation(command: &Command<'_>, module: &str, schema: &str) -> Value {
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    json!({
        "post": {
            "tags": [module],
            "summary": command.title,
            "description": command.summary,
            "deprecated": command.deprecated.is_some(),
            "requestBody": { "content": content(json!({ "$ref": format!("#/components/schemas/{schema}") })) },
            "responses": { "200": { "description": "Success", "content": content(json!({ "type": "object" })) } },
        }
    })
}

/// The keys of a body, those of paths below each other.
fn body(command: &Command<'_>) -> Value {
    let mut body = blank();
    for param in command.params.iter().filter(|param| !param.group) {
        match param.path() {
            None => param.entries.iter().for_each(|entry| insert(&mut body, &[entry.name.to_string()], entry)),
            Some(path) => insert(&mut body, &path, param),
        }
    }
    body.into()
}

fn blank() -> Object {
    let mut object = Object::new();
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), json!({}));
    object
}

fn insert(object: &mut Object, path: &[String], param: &Param<'_>) {
    let Some((key, rest)) = path.split_first() else { return };
    if param.required {
        let required = object.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut().filter(|names| !names.contains(&json!(key))) {
            required.push(key.as_str().into());
        }
    }
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else { return };
    if rest.is_empty() {
        properties.insert(key.clone(), schema(param, &param.type_word));
    } else {
        let inner = properties.entry(key.as_str()).or_insert_with(|| blank().into());
        if let Some(inner) = inner.as_object_mut() {
            insert(inner, rest, param);
        }
    }
}

fn schema(param: &Param<'_>, word: &str) -> Value {
    if is_one_of(word) {
        let each: Vec<Value> = alternatives(word).map(|one| schema(param, one)).collect();
        return json!({ "description": param.description, "oneOf": each });
    }
    if let Some(item) = item_of(word) {
        return json!({ "type": "array", "description": param.description, "items": schema(param, item) });
    }
    if let Some(inner) = below_keys(word) {
        return json!({ "type": "object", "description": param.description, "additionalProperties": schema(param, inner) });
    }
    let (ty, format) = match word.split('<').next().unwrap_or(word) {
        "id" | "integer" => ("integer", None),
        "number" => ("number", None),
        "boolean" => ("boolean", None),
        "date" => ("string", Some("date")),
        "datetime" => ("string", Some("date-time")),
        "object" => ("object", None),
        "any" => return json!({ "description": param.description }),
        _ => ("string", None),
    };
    let mut schema = json!({ "type": ty, "description": param.description });
    if let Some(format) = format {
        schema["format"] = format.into();
    }
    if ty == "object" && !param.entries.is_empty() {
        let mut keys = blank();
        param.entries.iter().for_each(|entry| insert(&mut keys, &[entry.name.to_string()], entry));
        for (key, value) in keys {
            schema[key.as_str()] = value;
        }
    }
    schema
}
