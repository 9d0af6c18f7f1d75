//! Facts from the OpenAPI document that a portal answers to `rest.documentation.openapi`.

use serde_json::{Map, Value};

use super::facts::{Fact, FactParam};

/// The deepest nesting of keys that is read; schemas may contain themselves.
const DEEPEST: usize = 4;

/// The methods of a document.
///
/// # Errors
/// When it is none.
pub fn facts(document: &Value) -> Result<Vec<Fact>, String> {
    let paths = document.get("paths").and_then(Value::as_object).ok_or("the document has no `paths`")?;
    Ok(paths
        .iter()
        .map(|(path, item)| {
            let operation = item.get("post").or_else(|| item.get("get"));
            let params = operation.and_then(|operation| body(document, operation));
            let deprecated = operation.and_then(|operation| operation.get("deprecated")).and_then(Value::as_bool);
            Fact { deprecated, params, ..Fact::named(path.trim_start_matches('/'), 3) }
        })
        .collect())
}

/// The keys of the body; none where the document does not describe it.
fn body(document: &Value, operation: &Value) -> Option<Vec<FactParam>> {
    let content = operation.get("requestBody")?.get("content")?.as_object()?;
    let media = content.get("application/json").or_else(|| content.values().next())?;
    Some(keys(document, media.get("schema")?, 0))
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn keys(document: &Value, schema: &Value, depth: usize) -> Vec<FactParam> {
    let schema = resolve(document, schema);
    if depth > DEEPEST {
        return Vec::new();
    }
    let mut found: Vec<FactParam> = Vec::new();
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        found.extend(keys(document, part, depth));
    }
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (name, property) in properties {
        let property = resolve(document, property);
        let inner = property.get("items").unwrap_or(property);
        found.push(FactParam {
            name: name.clone(),
            ty: word(property),
            required: Some(false),
            children: keys(document, inner, depth + 1),
        });
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        for key in found.iter_mut().filter(|key| name == key.name.as_str()) {
            key.required = Some(true);
        }
    }
    found
}

fn word(schema: &Value) -> Option<String> {
    let ty = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
        Some(ty) => ty.as_str()?.to_owned(),
        None => return None,
    };
    Some(match (ty.as_str(), schema.get("format").and_then(Value::as_str)) {
        ("string", Some("date-time")) => "datetime".to_owned(),
        ("string", Some("date")) => "date".to_owned(),
        _ => ty,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_read_through_references() {
        let document = json!({
            "paths": {
                "/tasks.task.add": {"post": {"requestBody": {"content": {"application/json": {"schema": {
                    "type": "object", "required": ["fields"], "properties": {"fields": {"$ref": "#/components/schemas/Task"}}
                }}}}}},
                "/tasks.task.get": {},
            },
            "components": {"schemas": {"Task": {"type": "object", "required": ["title"], "properties": {
                "title": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Task"},
                "deadline": {"type": "string", "format": "date-time"},
            }}}},
        });
        let facts = facts(&document).expect("facts");
        assert_eq!((facts[0].method.as_str(), facts[0].rest), ("tasks.task.add", 3));
        let params = facts[0].params.as_ref().expect("a body");
        assert_eq!((params[0].name.as_str(), params[0].required), ("fields", Some(true)));
        let title = params[0].children.iter().find(|key| key.name == "title").expect("a title");
        assert_eq!((title.ty.as_deref(), title.required), (Some("string"), Some(true)));
        assert!(params[0].children.iter().any(|key| key.ty.as_deref() == Some("datetime")));
        assert!(facts[1].params.is_none(), "nothing is said of its parameters");
        assert!(super::facts(&json!({"result": []})).is_err());
    }
}
