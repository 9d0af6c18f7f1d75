//! One method: a path with one operation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::component::{Component, Fixed};
use super::json::{Json, Object};
use super::schema;
use super::servers;
use crate::emit::tables;
use crate::ir::{Effect, ErrorCode, Example, Function, Method, Rest, Shape};

/// The content of files in examples.
const CONTENT: &str = "SGVsbG8h";

/// The path below the server. With its suffix a method of REST 2 keeps apart from its twin of REST 3.0, which has none.
pub(super) fn path(method: &Method) -> String {
    match method.rest {
        Rest::V2 => format!("/{}.json", method.name),
        Rest::V3 => format!("/{}", method.name),
    }
}

/// The path item.
pub(super) fn item<'a>(method: &'a Method, function: &'a Function) -> Json<'a> {
    let mut json = Json::default();
    json.object(|item| {
        if method.rest == Rest::V3 {
            item.raw("servers", &servers(Rest::V3));
        }
        item.object("post", |operation| self::operation(operation, method, function));
    });
    json
}

fn operation<'a>(operation: &mut Object<'_, 'a>, method: &'a Method, function: &'a Function) {
    let is_v3 = method.rest == Rest::V3;
    operation.string("operationId", function.name.as_str());
    operation.strings("tags", [method.category.as_str()]);
    operation.string("summary", &function.title);
    operation.string("description", &description(method, function));
    if let Some(page) = &method.reference {
        operation.object("externalDocs", |docs| docs.string("url", page));
    }
    if method.deprecated.is_some() {
        operation.yes("deprecated");
    }
    if method.app_only {
        operation.raw("security", r#"[{"token":[]}]"#);
    }
    if is_v3 && !matches!(method.effect, Effect::Read | Effect::List) {
        operation.raw("parameters", r##"[{"$ref":"#/components/parameters/IdempotencyKey"}]"##);
    }
    let params = || function.params.iter().filter(|param| !param.is_group);
    if is_v3 || params().next().is_some() {
        operation.object("requestBody", |body| {
            if params().any(|param| param.required) {
                body.yes("required");
            }
            let bodies = function.examples.iter().map(|example| (example, request(function, example)));
            content(body, |json| schema::body(json, params(), is_v3), bodies);
        });
    }
    operation.object("responses", |responses| {
        responses.object("200", |answer| {
            answer.string("description", "Done.");
            let answers = function.examples.iter().filter_map(|example| {
                let answer = example.response.clone().filter(|answer| answer.get("result").is_some());
                Some((example, answer?))
            });
            content(answer, |json| envelope(json, method, function), answers);
        });
        errors(responses, method);
    });
    extensions(operation, method, function);
}

fn description(method: &Method, function: &Function) -> String {
    let mut description = function.summary.clone();
    let mut add = |text: &str| {
        description.push_str("\n\n");
        description.push_str(text);
    };
    if let Some(gone) = &method.deprecated {
        if let Some(replacement) = &gone.replacement {
            add(&format!("Deprecated in favour of `{replacement}`."));
        }
        if let Some(note) = &gone.note {
            add(note);
        }
    }
    add(&format!("Scope: `{}`.", method.scope));
    if let Some(access) = &method.access {
        add(&format!("Who may call it: {access}."));
    }
    if method.ordered {
        add("The portal reads the parameters by their order: keep the order of the properties.");
    }
    description
}

/// What has `application/json` with a schema and examples.
fn content<'a, 'e>(
    object: &mut Object<'_, 'a>,
    schema: impl FnOnce(&mut Json<'a>),
    examples: impl Iterator<Item = (&'e Example, Value)>,
) {
    object.object("content", |content| {
        content.object("application/json", |media| {
            schema(media.key("schema"));
            let examples: Vec<(&Example, Value)> = examples.collect();
            if examples.is_empty() {
                return;
            }
            media.object("examples", |object| {
                for (at, (example, value)) in examples.iter().enumerate() {
                    object.object(&format!("example-{}", at + 1), |object| {
                        if let Some(title) = &example.title {
                            object.string("summary", title);
                        }
                        object.value("value", value);
                    });
                }
            });
        });
    });
}

/// The answer around the result.
fn envelope<'a>(json: &mut Json<'a>, method: &'a Method, function: &'a Function) {
    let returns = method.answer_of(function);
    json.object(|object| {
        object.string("type", "object");
        object.strings("required", ["result"]);
        object.object("properties", |keys| {
            let shown = function.examples.iter().find_map(|example| example.response.as_ref()?.get("result"));
            schema::result(keys.key("result"), returns, shown);
            if matches!(returns.shape, Shape::Page(_)) && method.rest == Rest::V2 {
                keys.raw("total", r#"{"description":"How many records there are on all pages.","type":"integer"}"#);
                keys.raw(
                    "next",
                    r#"{"description":"Where the next page begins; absent on the last one.","type":"integer"}"#,
                );
            }
            keys.object("time", |time| time.refer(Component::Fixed(Fixed::Time)));
        });
        object.yes("additionalProperties");
    });
}

/// The documented errors by their status, and what any call may be refused with.
fn errors<'a>(responses: &mut Object<'_, 'a>, method: &Method) {
    let component = Component::Fixed(if method.rest == Rest::V3 { Fixed::ErrorV3 } else { Fixed::Error });
    let mut by_status: BTreeMap<String, Vec<&ErrorCode>> = BTreeMap::from([("default".to_owned(), Vec::new())]);
    for error in &method.errors {
        let status = error.http.filter(|status| *status != 200);
        by_status
            .entry(status.map_or_else(|| "default".to_owned(), |status| status.to_string()))
            .or_default()
            .push(error);
    }
    for (status, errors) in by_status {
        let lines: Vec<String> = errors
            .iter()
            .map(|error| match error.code.as_str() {
                "" => format!("- without a code: {}", error.description),
                code => format!("- `{code}`: {}", error.description),
            })
            .collect();
        let description = if lines.is_empty() { "Refused.".to_owned() } else { lines.join("\n") };
        responses.object(&status, |response| {
            response.string("description", &description);
            content(response, |json| json.object(|schema| schema.refer(component)), std::iter::empty());
        });
    }
}

/// What OpenAPI has no words for.
fn extensions(operation: &mut Object<'_, '_>, method: &Method, function: &Function) {
    operation.string("x-bitrix24-method", &method.name);
    operation.raw("x-bitrix24-rest", if method.rest == Rest::V3 { "3" } else { "2" });
    operation.string("x-bitrix24-scope", &method.scope);
    operation.string("x-bitrix24-effect", tables::effect(method.effect));
    if let Some(paging) = &method.paging {
        operation.string("x-bitrix24-paging", paging.style.word());
    }
    if let Some(records) = &method.answer_of(function).records {
        operation.string("x-bitrix24-records", records);
    }
    if let Some(replacement) = method.deprecated.as_ref().and_then(|gone| gone.replacement.as_ref()) {
        operation.string("x-bitrix24-replacement", replacement);
    }
    for (key, is_set) in [("ordered", method.ordered), ("app-only", method.app_only)] {
        if is_set {
            operation.yes(&format!("x-bitrix24-{key}"));
        }
    }
    if !method.batchable {
        operation.raw("x-bitrix24-batchable", "false");
    }
}

/// The body of an example as it is sent, files as the portal takes them.
fn request(function: &Function, example: &Example) -> Value {
    let file = |form, name: &str| crate::wire::file(form, name, CONTENT);
    crate::wire::with_files(&function.params, &example.body, &file).into()
}
