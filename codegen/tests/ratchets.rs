//! What must not get worse. Numbers that are not nought yet stand in `ratchets.yaml`, where those of faults may only fall and
//! those of merits only rise: one that gets worse is a fault of the change, one that gets better is written there, so that
//! nothing is lost again.

use std::collections::BTreeMap;
use std::path::Path;

use bitrix24_codegen::drift::{self, Facts, Kind as Difference};
use bitrix24_codegen::ir::{Api, Kind, Param, Shape, Ty};
use bitrix24_codegen::names::words;
use bitrix24_codegen::project;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ratchets {
    /// Parameters of methods whose type is not known.
    untyped_parameters: usize,
    /// Keys of objects whose type is not known.
    untyped_keys: usize,
    /// Results whose type is not known.
    untyped_results: usize,
    /// Lists in pages that can be walked by number, which is quicker and loses nothing while records come and go.
    walked_by_number: usize,
    /// Methods that are documented to answer errors with the status 200.
    errors_with_status_200: Vec<Group>,
    /// What is let off: a rule, the place, the reason.
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    rule: String,
    place: String,
    reason: String,
}

/// Methods whose names begin alike, or one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    methods: String,
    reason: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project")
}

fn api() -> Api {
    project::read(root()).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn ratchets() -> Ratchets {
    serde_yaml::from_str(include_str!("ratchets.yaml")).expect("the ratchets")
}

/// Every parameter, field and key, each once and with its place; shared types stand for themselves.
fn keys(api: &Api) -> Vec<(String, &Param)> {
    fn walk<'a>(place: &str, params: impl Iterator<Item = &'a Param>, all: &mut Vec<(String, &'a Param)>) {
        for param in params.filter(|param| !param.is_group) {
            let place = format!("{place} {}", param.name);
            if let Some(entries) = &param.entries {
                walk(&place, entries.own().iter(), all);
            }
            all.push((place, param));
        }
    }
    let mut all = Vec::new();
    for method in &api.methods {
        for function in &method.functions {
            walk(function.name.as_str(), function.params.iter(), &mut all);
        }
    }
    for entity in &api.types {
        walk(&format!("type {}", entity.name), entity.fields.iter(), &mut all);
    }
    all
}

/// Compares what a rule finds with what is let off: both must be the same.
fn hold(rule: &str, found: Vec<String>) {
    let ratchets = ratchets();
    let mut allowed: BTreeMap<&str, &str> = BTreeMap::new();
    for exception in ratchets.exceptions.iter().filter(|exception| exception.rule == rule) {
        assert!(!exception.reason.trim().is_empty(), "{}: give the reason", exception.place);
        allowed.insert(&exception.place, &exception.reason);
    }
    let new: Vec<&String> = found.iter().filter(|place| allowed.remove(place.as_str()).is_none()).collect();
    assert!(
        new.is_empty(),
        "{rule}: mend these specs, or list them in codegen/tests/ratchets.yaml with the reason: {new:#?}"
    );
    assert!(
        allowed.is_empty(),
        "{rule}: no exceptions any more, remove them from codegen/tests/ratchets.yaml: {allowed:#?}"
    );
}

/// Compares a number with its ratchet; what is wrong with it.
fn count(name: &str, ratchet: usize, found: &[String]) -> Option<String> {
    let number = found.len();
    match number.cmp(&ratchet) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(format!(
            "{name}: only {number} are left of {ratchet}; write `{name}: {number}` into codegen/tests/ratchets.yaml"
        )),
        std::cmp::Ordering::Greater => Some(format!(
            "{name}: {number}, and {ratchet} are allowed; give what is new among these its type: {found:#?}"
        )),
    }
}

/// A type that nobody can get or send is a fault: methods that only take over its fields say so with `view: false`.
#[test]
fn every_type_of_the_client_is_of_use() {
    let api = api();
    let unreached = api.types.iter().filter(|entity| entity.view && entity.features.is_empty());
    hold("types that no method answers or takes", unreached.map(|entity| entity.source.clone()).collect());
}

fn is_untyped(ty: &Ty) -> bool {
    match ty {
        Ty::Any => true,
        Ty::Array(item) => is_untyped(item),
        _ => false,
    }
}

#[test]
fn no_documented_method_is_missing() {
    let path = root().join("../shared/rest/methods.ndjson");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not here, so nothing tells whether a method is missing", path.display());
        return;
    };
    let facts = Facts::read(&text).unwrap_or_else(|fault| panic!("{fault}"));
    let all = drift::compare(&api(), &facts);
    let missing = all.iter().filter(|one| one.key.is_empty() && one.kind == Difference::Added);
    hold("missing methods", missing.map(|one| one.method.clone()).collect());
}

#[test]
fn every_key_says_what_it_means() {
    let api = api();
    let filler =
        ["a", "an", "the", "of", "this", "its", "is", "value", "values", "field", "parameter", "property", "key"];
    let (mut silent, mut repeats) = (Vec::new(), Vec::new());
    for (place, param) in keys(&api) {
        if param.description.trim().is_empty() {
            silent.push(place);
            continue;
        }
        let name = words(&param.name);
        // Known values that are explained say what the key itself does not have to.
        let is_explained = param.values.iter().any(|known| known.description.is_some());
        let says =
            words(&param.description).into_iter().any(|word| !filler.contains(&word.as_str()) && !name.contains(&word));
        if !says && !is_explained {
            repeats.push(place);
        }
    }
    hold("descriptions", silent);
    hold("descriptions that only repeat the name", repeats);
}

#[test]
fn every_method_shows_how_it_is_called() {
    let api = api();
    let mut without = Vec::new();
    let mut unanswered = Vec::new();
    for method in &api.methods {
        for function in &method.functions {
            if function.examples.is_empty() && !matches!(function.kind, Kind::Template { .. }) {
                without.push(function.name.to_string());
            }
        }
        let is_answered = |example: &bitrix24_codegen::ir::Example| example.response.is_some();
        let is_call = method.functions.first().is_some_and(|function| function.has_connection());
        if is_call && !method.functions.iter().flat_map(|function| &function.examples).any(is_answered) {
            unanswered.push(method.source.clone());
        }
    }
    hold("examples", without);
    hold("answers", unanswered);
}

/// An error usually has a status of its own; 200 is believed only where the documentation says so.
#[test]
fn errors_come_with_a_status_of_errors() {
    let api = api();
    let mut groups: BTreeMap<String, (usize, String)> =
        ratchets().errors_with_status_200.into_iter().map(|group| (group.methods, (0, group.reason))).collect();
    let mut others = Vec::new();
    for method in api.methods.iter().filter(|method| method.errors.iter().any(|error| error.http == Some(200))) {
        match groups.iter_mut().find(|(methods, _)| method.name.starts_with(methods.as_str())) {
            Some((_, (number, _))) => *number += 1,
            None => others.push(&method.source),
        }
    }
    assert!(
        others.is_empty(),
        "give these errors the documented status, or the methods a line in codegen/tests/ratchets.yaml: {others:#?}"
    );
    for (methods, (number, reason)) in groups {
        assert!(number > 0, "{methods}: no such errors any more, remove the line from codegen/tests/ratchets.yaml");
        assert!(!reason.trim().is_empty(), "{methods}: give the reason");
    }
}

/// A filter or an order that loses its keys loses the walk as well, and nothing else would tell.
#[test]
fn lists_are_walked_by_number() {
    let api = api();
    let (walked, others): (Vec<_>, Vec<_>) = api.methods.iter().partition(|method| method.keyset.is_some());
    let (number, ratchet) = (walked.len(), ratchets().walked_by_number);
    let others: Vec<&String> =
        others.into_iter().filter(|method| method.paging.is_some()).map(|method| &method.source).collect();
    assert!(
        number >= ratchet,
        "walked_by_number: {number}, and {ratchet} there were; which of these had the number among the keys of its filter? {others:#?}"
    );
    assert!(
        number == ratchet,
        "write `walked_by_number: {number}` into codegen/tests/ratchets.yaml: {ratchet} there were"
    );
}

#[test]
fn types_become_known() {
    let api = api();
    let ratchets = ratchets();
    let mut parameters = Vec::new();
    let mut results = Vec::new();
    for method in &api.methods {
        let untyped = method.params.iter().filter(|param| !param.is_group && is_untyped(&param.ty));
        parameters.extend(untyped.map(|param| format!("{} {}", method.source, param.name)));
        if matches!(&method.returns.shape, Shape::Value(ty) if is_untyped(ty)) {
            results.push(method.source.clone());
        }
    }
    let is_inner = |place: &str| place.starts_with("type ") || place.matches(' ').count() > 1;
    let inner = keys(&api).into_iter().filter(|(place, param)| is_inner(place) && is_untyped(&param.ty));
    let inner: Vec<String> = inner.map(|(place, _)| place).collect();
    let faults = [
        count("untyped_parameters", ratchets.untyped_parameters, &parameters),
        count("untyped_keys", ratchets.untyped_keys, &inner),
        count("untyped_results", ratchets.untyped_results, &results),
    ];
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    assert!(
        faults.is_empty(),
        "{}",
        faults.join(
            "
"
        )
    );
}
