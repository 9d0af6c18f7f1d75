//! The OpenAPI documents: every example of a spec is what the documents say of its method.

use std::collections::BTreeMap;
use std::path::Path;

use bitrix24_codegen::emit::{OutFile, openapi};
use bitrix24_codegen::ir::Api;
use bitrix24_codegen::project;
use serde_json::{Value, json};

/// Examples whose answer is not of the documented type, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn api() -> Api {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    project::read(root).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn document(files: &[OutFile], path: &str) -> Value {
    let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("there is no {path}"));
    serde_json::from_str(&file.content).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A validator of one schema that can reach the document's components.
fn validator(schema: &Value, components: &Value) -> jsonschema::Validator {
    let mut schema = schema.clone();
    schema["components"] = json!({ "schemas": components });
    jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn examples_are_what_the_documents_say() {
    let api = api();
    let files = openapi::openapi(&api);
    let whole = document(&files, openapi::WHOLE);
    let mut faults: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut examples = 0;
    for file in files.iter().filter(|file| file.path != openapi::WHOLE) {
        let document: Value = serde_json::from_str(&file.content).expect("JSON");
        let components = &document["components"]["schemas"];
        for (path, item) in document["paths"].as_object().expect("paths") {
            let (path, whole_item) =
                whole["paths"].as_object().and_then(|paths| paths.get_key_value(path)).expect(path);
            assert_eq!(item, whole_item, "{path}: the documents disagree");
            let operation = &item["post"];
            for media in [&operation["requestBody"], &operation["responses"]["200"]] {
                let media = &media["content"]["application/json"];
                let Some(shown) = media["examples"].as_object() else { continue };
                let validator = validator(&media["schema"], components);
                for example in shown.values() {
                    examples += 1;
                    let errors = validator.iter_errors(&example["value"]);
                    faults
                        .entry(path)
                        .or_default()
                        .extend(errors.map(|error| format!("{}: {error}", error.instance_path())));
                }
            }
        }
    }
    faults.retain(|_, errors| !errors.is_empty());
    assert!(examples > 3000, "{examples} examples");
    for (path, reason) in EXCEPTIONS {
        assert!(faults.remove(path).is_some(), "{path} is no exception any more ({reason}): remove it from the list");
    }
    assert!(faults.is_empty(), "examples that do not fit their schemas: {faults:#?}");
}

#[test]
fn every_method_is_in_the_whole_and_in_its_scope() {
    let api = api();
    let files = openapi::openapi(&api);
    let whole = document(&files, openapi::WHOLE);
    let paths = whole["paths"].as_object().expect("paths");
    let mut names = std::collections::BTreeSet::new();
    for method in &api.methods {
        let path = if method.rest == bitrix24_codegen::ir::Rest::V3 {
            format!("/{}", method.name)
        } else {
            format!("/{}.json", method.name)
        };
        if !paths.contains_key(&path) {
            assert!(!method.functions[0].has_connection(), "{path} is missing");
            continue;
        }
        let operation = &paths[&path]["post"];
        assert_eq!(operation["x-bitrix24-scope"], json!(method.scope), "{path}");
        assert!(names.insert(operation["operationId"].to_string()), "{path}: its operationId is taken");
    }
    let mut seen = std::collections::BTreeSet::new();
    for name in whole["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(seen.insert(name.to_lowercase()), "two components differ in the case of `{name}` only");
    }
    let idents: Vec<&str> = api.types.iter().map(|entity| entity.ident.as_str()).collect();
    for ident in &idents {
        for taken in [format!("{ident}Input"), format!("{ident}Keys")] {
            assert!(!idents.contains(&taken.as_str()), "the type `{taken}` has the name of a component of `{ident}`");
        }
        assert!(!ident.starts_with("Portal"), "`{ident}` may have the name of a component that every document has");
    }
}

/// A few facts by hand, so that the emitter and its tests cannot go wrong together.
#[test]
fn a_method_is_described_as_it_is() {
    let files = openapi::openapi(&api());
    let user = document(&files, "docs/static/openapi/user.json");
    assert_eq!(user["openapi"], "3.1.0");
    assert_eq!(user["servers"][0]["url"], "https://{portal}/rest/{user}/{code}");
    let update = &user["paths"]["/user.update.json"]["post"];
    assert_eq!(update["operationId"], "UpdateUser");
    assert_eq!(update["x-bitrix24-effect"], "update");
    let body = &update["requestBody"]["content"]["application/json"]["schema"]["allOf"];
    assert_eq!(body[0]["$ref"], "#/components/schemas/UserInput");
    assert_eq!(body[1]["required"], json!(["ID"]));
    assert_eq!(user["components"]["schemas"]["UserInput"]["properties"]["EMAIL"]["type"], "string");
    let tasks = document(&files, "docs/static/openapi/tasks.json");
    let add = &tasks["paths"]["/tasks.task.add"];
    assert_eq!(add["servers"][0]["url"], "https://{portal}/rest/api/{user}/{code}");
    assert_eq!(add["post"]["parameters"][0]["$ref"], "#/components/parameters/IdempotencyKey");
    assert!(tasks["paths"]["/tasks.task.get"]["post"].get("parameters").is_none(), "reading needs no key");
}
