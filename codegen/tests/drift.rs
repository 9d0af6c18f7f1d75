//! The comparison of the specs with facts.

use std::path::Path;

use bitrix24_codegen::drift::{self, Covers, Fact, Facts, Kind};
use bitrix24_codegen::ir::{Api, Rest};
use bitrix24_codegen::project;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project")
}

fn api() -> Api {
    project::read(root()).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn exceptions() -> drift::Exceptions {
    let text = std::fs::read_to_string(root().join("xtask/drift.yaml")).expect("the exceptions");
    drift::exceptions("xtask/drift.yaml", &text).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The kinds of differences, each shown once, in a small file of facts.
#[test]
fn facts_are_compared_with_the_specs() {
    let text = r#"
{"method": "user.update", "scope": ["user"], "deprecated": true, "params": [{"name": "id", "type": "array", "required": false}, {"name": "NEWS", "type": "string"}, {"name": "UF_...", "type": "string"}]}
{"method": "user.dance", "scope": ["user"], "params": []}
{"method": "tasks.task.get", "rest": 3, "scope": ["dance"]}
"#;
    let api = api();
    let facts =
        Facts { covers: Covers::Some { rest: vec![Rest::V3], scopes: None }, ..Facts::read(text).expect("facts") };
    let all = drift::compare(&api, &facts);
    let find = |method: &str, key: &str| {
        let of = all.iter().filter(|one| one.method == method && one.key == key);
        of.map(|one| (one.kind, one.specs.as_str(), one.facts.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(find("user.dance", ""), [(Kind::Added, "", "user")]);
    assert_eq!(find("user.update", ""), [(Kind::Deprecated, "false", "true")]);
    assert_eq!(find("user.update", "id"), [(Kind::Type, "id", "array"), (Kind::Required, "required", "optional")]);
    assert_eq!(find("user.update", "NEWS"), [(Kind::Added, "", "string")]);
    assert_eq!(find("user.update", "EMAIL"), [(Kind::Removed, "string", "")]);
    assert_eq!(find("tasks.task.get@3", ""), [(Kind::Scope, "tasks", "dance")]);
    assert_eq!(find("tasks.task.add@3", ""), [(Kind::Removed, "tasks", "")], "the facts cover REST 3.0");
    assert!(find("user.add", "").is_empty(), "and REST 2 not");
    let report = drift::text(&all);
    assert!(report.starts_with("New methods: 1\n  user.dance (scope user)\nMethods that are gone: "), "{report}");
    assert!(report.contains("    ~ id: id → array\n") && report.contains("    + NEWS: string\n"), "{report}");
    assert!(Facts::read("{\"method\": 5}").expect_err("no text").starts_with("line 1: "));
    assert!(Facts::read("{\"method\": \"a\", \"rest\": 4}").is_err());
    let slip = Facts::read("{\"method\": \"a\", \"page\": \"x\", \"params\": []}\n{\"method\": \"a\", \"parms\": []}");
    assert_eq!(slip.expect_err("a slip"), "line 2: unknown key `parms`; did you mean `params`?");
    let slip =
        Facts::read(r#"{"method": "a", "params": [{"name": "x", "children": [{"name": "y", "requierd": true}]}]}"#);
    assert_eq!(slip.expect_err("a slip"), "line 1: unknown key `requierd`; did you mean `required`?");
    let same = Facts { covers: Covers::All, methods: api.methods.iter().map(named).collect() };
    assert_eq!(drift::compare(&api, &same), []);
}

fn named(method: &bitrix24_codegen::ir::Method) -> Fact {
    Fact::named(&method.name, if method.rest == Rest::V3 { 3 } else { 2 })
}

/// The documentation's facts, where they are at hand: no method is missing, and what differs is meant to.
#[test]
fn the_specs_are_what_the_documentation_says() {
    let path = root().join("../shared/rest/methods.ndjson");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not here, so the specs are not compared with the documentation", path.display());
        return;
    };
    let facts = Facts::read(&text).unwrap_or_else(|fault| panic!("{fault}"));
    let all = drift::compare(&api(), &facts);
    let exceptions = exceptions();
    let stale = exceptions.stale(&all, &facts);
    assert!(stale.is_empty(), "no differences any more: remove them from xtask/drift.yaml: {stale:#?}");
    let left = exceptions.filter(all);
    assert!(left.is_empty(), "mend the specs, or list it in xtask/drift.yaml with the reason:\n{}", drift::text(&left));
}

#[test]
fn exceptions_are_read_strictly() {
    let told = |text: &str| drift::exceptions("drift.yaml", text).expect_err("refused").report(false);
    for (text, parts) in [
        (
            "- {reason: R., kind: typo, methods: {a: [b]}}",
            ["`typo` is no kind", "drift.yaml:1:22", "did you mean `type`?"],
        ),
        ("- reason: ' '\n  kind: type\n  methods: {a: [b]}", ["the reason is empty", "drift.yaml:1:11", "say why"]),
        (
            "- {reason: R., kind: type, methods: {a: [b, b]}}",
            ["`b` of `a` (type) is listed twice", ":1:45", "keep one"],
        ),
        ("- {reason: R., kind: type, method: {a: [b]}}", ["unknown key `method`", ":1:28", "did you mean `methods`?"]),
        ("- {reason: R., kind: type, methods: {a: [b}}", ["the list that opens here", ":1:41", "close it with `]`"]),
    ] {
        for part in parts {
            assert!(told(text).contains(part), "no {part:?} in:\n{}", told(text));
        }
    }
    let one = drift::exceptions("drift.yaml", "- {reason: R., kind: added, methods: {user.dance: []}}").expect("one");
    let facts = Facts::read("{\"method\": \"user.dance\", \"params\": []}").expect("a fact");
    let facts = Facts { covers: Covers::Some { rest: vec![], scopes: None }, ..facts };
    let all = drift::compare(&api(), &facts);
    assert_eq!((all.len(), one.filter(all.clone()).len()), (1, 0));
    assert!(one.stale(&all, &facts).is_empty() && one.stale(&[], &facts).len() == 1);
}
