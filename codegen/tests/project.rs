//! The project's own specs: up to date, valid against their schemas, every example in its place.

use std::path::{Path, PathBuf};

use bitrix24_codegen::ir::Kind;
use bitrix24_codegen::spec::{self, Source};
use bitrix24_codegen::{freshness, project, read};
use proptest::prelude::*;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project").to_path_buf()
}

fn sources() -> Vec<Source> {
    spec::files(&root()).expect("the specs")
}

#[test]
fn generated_files_are_up_to_date() {
    let plan = project::plan(&root(), None).unwrap_or_else(|failure| panic!("{failure:?}"));
    assert!(plan.is_clean(), "run `cargo xtask codegen`:\n{}", plan.diff(60));
}

/// The files on disk were made from the specs in the order of their names; any other order makes the same bytes.
#[test]
fn the_order_of_the_specs_does_not_matter() {
    let mut sources = sources();
    sources.reverse();
    let middle = sources.len() / 3;
    sources.rotate_left(middle);
    let api = read(&sources).unwrap_or_else(|problems| panic!("{problems}"));
    for file in bitrix24_codegen::emit::all(&api) {
        let there = std::fs::read_to_string(root().join(&file.path)).unwrap_or_default();
        assert!(there == file.content, "{} depends on the order of the specs, or is not up to date", file.path);
    }
}

#[test]
fn every_spec_is_valid_against_its_schema() {
    let schemas = spec::schemas();
    let validator = |name: &str| {
        let schema = &schemas.iter().find(|(known, _)| *known == name).expect("a schema").1;
        jsonschema::validator_for(schema).expect("a schema that is one")
    };
    let (method, category) = (validator("method.schema.json"), validator("category.schema.json"));
    let (ty, compat) = (validator("type.schema.json"), validator("compat.schema.json"));
    let translated: Vec<_> = ["method", "category", "type", "compat", "phrases", "furniture"]
        .map(|name| (name, validator(&format!("i18n/{name}.schema.json"))))
        .into_iter()
        .collect();
    let of_texts = |name: &str| {
        let (name, validator) = translated.iter().find(|(known, _)| *known == name).expect("a schema");
        (validator, *name)
    };
    for source in sources() {
        let text = String::from_utf8(source.bytes).expect("UTF-8");
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        let language = source.path.strip_prefix("specs/i18n/").and_then(|path| path.split_once('/'));
        let (validator, schema) = match &source.path {
            _ if language.is_some() => match language.map_or("", |(_, path)| path) {
                "phrases.yaml" => of_texts("phrases"),
                "furniture.yaml" => of_texts("furniture"),
                path if path.ends_with("_category.yaml") => of_texts("category"),
                path if path.starts_with("types/") => of_texts("type"),
                path if path.starts_with("compat/") => of_texts("compat"),
                _ => of_texts("method"),
            },
            path if path.ends_with("/_category.yaml") => (&category, "category"),
            path if path.starts_with("specs/types/") => (&ty, "type"),
            path if path.starts_with("specs/compat/") => (&compat, "compat"),
            _ => (&method, "method"),
        };
        let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", source.path);
        // The schemas of texts lie in specs/i18n.
        let depth = source.path.matches('/').count() - if language.is_some() { 2 } else { 1 };
        let line = format!("# yaml-language-server: $schema={}{schema}.schema.json", "../".repeat(depth));
        assert!(text.starts_with(&line), "{} must begin with `{line}`", source.path);
    }
}

#[test]
fn a_schema_refuses_what_the_generator_refuses() {
    let schema = &spec::schemas()[0].1;
    let validator = jsonschema::validator_for(schema).expect("a schema that is one");
    let good: Value = serde_yaml::from_str(include_str!("../../specs/user/user.update.yaml")).expect("YAML");
    for (pointer, bad) in [("/effect", "raed"), ("/params/0/type", "strng"), ("/params/0/required", "maybe")] {
        let mut value = good.clone();
        *value.pointer_mut(pointer).expect("there") = bad.into();
        assert!(!validator.is_valid(&value), "{pointer} = {bad}");
    }
    let mut value = good;
    value.as_object_mut().expect("an object").insert("colour".into(), "red".into());
    assert!(!validator.is_valid(&value), "an unknown key");
}

#[test]
fn translations_follow_their_originals() {
    let checked = freshness::check(&root(), &[]).unwrap_or_else(|failure| panic!("{failure:?}"));
    assert!(checked.problems.is_empty(), "{}", checked.problems.report(false));
    let writes: Vec<&str> = checked.writes.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(writes, [""; 0], "run `cargo xtask lint`");
}

/// A few facts by hand, so that the generator and its tests cannot go wrong together.
#[test]
fn well_known_functions_are_there() {
    let api = read(&sources()).unwrap_or_else(|problems| panic!("{problems}"));
    let functions: Vec<(&str, usize, &str)> = api
        .methods
        .iter()
        .flat_map(|method| {
            method.functions.iter().map(|function| (function.name.as_str(), function.position, method.name.as_str()))
        })
        .collect();
    for wanted in [
        ("GetCurrentUser", 1, "user.current"),
        ("GetUser", 2, "user.get"),
        ("CreateUser", 3, "user.add"),
        ("UpdateUser", 4, "user.update"),
        ("ChangeUserStatus", 5, "user.update"),
        ("FindUsers", 6, "user.search"),
        ("GetUserFieldsStructure", 7, "user.fields"),
        ("GetUserFilterStructure", 8, "user.search"),
    ] {
        assert!(functions.contains(&wanted), "{wanted:?} in {functions:?}");
    }
    let update = api.methods.iter().find(|method| method.name == "user.update").expect("there");
    let options: Vec<(&str, Option<char>)> =
        update.params.iter().map(|param| (param.option.as_str(), param.short)).collect();
    assert_eq!(options, [("userid", Some('s')), ("fields", Some('f'))]);
    let status = update.functions.iter().find(|function| function.name.as_str() == "ChangeUserStatus").expect("there");
    assert!(matches!(status.kind, Kind::Preset { .. }));
    assert_eq!(Value::Object(status.examples[0].body.clone()), serde_json::json!({"ID": 2150, "ACTIVE": "N"}));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_prose_is_refused_or_kept(text in ".{0,60}") {
        let spec = serde_json::json!({
            "method": "thing.get", "title": "Get a thing", "summary": text, "scope": "thing", "effect": "read",
            "returns": {"type": "object", "description": "The thing."}, "examples": [{}],
        });
        // JSON is YAML.
        let sources = [
            Source { path: "specs/thing/thing.get.yaml".into(), bytes: spec.to_string().into_bytes() },
            Source { path: "specs/thing/_category.yaml".into(), bytes: b"title: Things\nsummary: Things of a test.\nposition: 1\n".to_vec() },
        ];
        match read(&sources) {
            Ok(api) => {
                prop_assert_eq!(&api.methods[0].functions[0].summary, &text);
                // Whatever it says, the emitters cope.
                let _ = bitrix24_codegen::emit::all(&api).count();
            }
            Err(problems) => prop_assert!(!problems.places().is_empty()),
        }
    }

    #[test]
    fn any_bytes_are_refused_with_a_place(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let problems = read(&[Source { path: "specs/thing/thing.get.yaml".into(), bytes }]).expect_err("noise is no spec");
        prop_assert!(!problems.to_string().is_empty());
    }
}
