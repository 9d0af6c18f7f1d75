//! The documentation's own samples: every documented request passes and sends what it says, every documented answer
//! is read without loss. The samples lie beside the project where it is developed; without them the tests say so and
//! pass.

use std::fs;

use bitrix24::TABLES;
use bitrix24::cli::dry_run;
use bitrix24::table::Command;
use serde_json::{Map, Value};

use crate::support::facts;

/// A documented method.
#[derive(serde::Deserialize)]
struct Documented {
    method: String,
    rest: u8,
    #[serde(default)]
    examples: Vec<Sample>,
    #[serde(default)]
    responses: Vec<Value>,
}

#[derive(serde::Deserialize)]
struct Sample {
    #[serde(default)]
    body: Value,
}

fn documented() -> Option<Vec<Documented>> {
    let folder = facts("rest/methods.ndjson")?;
    let text = fs::read_to_string(folder.join("rest/methods.ndjson")).expect("the facts");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("facts in their form")).collect())
}

/// The command of a method itself.
fn command(method: &Documented) -> Option<Command<'static>> {
    TABLES.command(&method.method, Some(method.rest))
}

/// A documented body without the token.
fn body(sample: &Sample) -> Option<Map<String, Value>> {
    let mut body = sample.body.as_object()?.clone();
    body.shift_remove("auth");
    Some(body)
}

/// The samples that the documentation itself gets wrong: method → why.
fn is_wrong(method: &str) -> Option<&'static str> {
    WRONG.iter().find(|(known, _)| known.eq_ignore_ascii_case(method)).map(|(_, why)| *why)
}

const WRONG: &[(&str, &str)] = &[];

#[test]
fn documented_requests_pass_as_a_whole() {
    let Some(methods) = documented() else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for method in &methods {
        let Some(command) = command(method) else { continue };
        for body in method.examples.iter().filter_map(body).filter(|_| is_wrong(&method.method).is_none()) {
            count += 1;
            let name = command.method.as_deref().unwrap_or_default();
            let arguments = [
                name,
                "--rest",
                if method.rest == 3 { "3" } else { "2" },
                "--params",
                &Value::from(body.clone()).to_string(),
            ];
            match dry_run(&TABLES, &arguments.map(str::to_owned)) {
                Err(message) => faults.push(format!("{name}: {message}")),
                Ok(run) if run.request["body"] != Value::from(body.clone()) => {
                    faults.push(format!("{name}:\n  there {}\n  here  {}", Value::from(body), run.request["body"]));
                }
                Ok(_) => {}
            }
        }
    }
    report("documented requests as --params", count, &faults);
}

#[test]
fn documented_requests_pass_option_by_option() {
    let Some(methods) = documented() else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for method in &methods {
        let Some(command) = command(method) else { continue };
        for body in method.examples.iter().filter_map(body).filter(|_| is_wrong(&method.method).is_none()) {
            count += 1;
            let name = command.method.as_deref().unwrap_or_default().to_owned();
            let mut arguments = vec![name.clone(), "--rest".into(), method.rest.to_string()];
            let mut merged = Map::new();
            for (key, value) in &body {
                match command.params.iter().find(|param| param.path().is_some_and(|path| path == [key.as_str()])) {
                    Some(param) => {
                        arguments.push(format!("--{}", param.option.as_deref().unwrap_or_default()));
                        arguments.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    }
                    None => drop(merged.insert(key.clone(), value.clone())),
                }
            }
            if !merged.is_empty() {
                match command.params.iter().find(|param| param.wire == "merge") {
                    Some(param) => {
                        arguments.push(format!("--{}", param.option.as_deref().unwrap_or_default()));
                        arguments.push(Value::from(merged).to_string());
                    }
                    None => {
                        faults.push(format!("{name}: no option for {:?}", merged.keys().collect::<Vec<_>>()));
                        continue;
                    }
                }
            }
            match dry_run(&TABLES, &arguments) {
                Err(message) => faults.push(format!("{name}: {message}")),
                Ok(run) => {
                    let (ours, theirs) = (plain(&run.request["body"]), plain(&body.clone().into()));
                    if ours != theirs {
                        faults.push(format!("{name}:\n  there {theirs}\n  here  {ours}"));
                    }
                }
            }
        }
    }
    report("documented requests option by option", count, &faults);
}

/// Scalars as text: an option cannot tell `"7"` from `7`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(keys) => keys.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Bool(_) | Value::Number(_) => value.to_string().into(),
        other => other.clone(),
    }
}

#[test]
fn documented_answers_are_of_the_type_that_is_promised() {
    let Some(methods) = documented() else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for method in &methods {
        let Some(command) = command(method) else { continue };
        let Some(returns) = &command.returns else { continue };
        for response in method.responses.iter().filter(|response| response.get("result").is_some()) {
            count += 1;
            if let Err(fault) = crate::support::read_as(returns, response) {
                faults.push(format!("{}: {fault}", method.method));
            }
        }
    }
    report("documented answers", count, &faults);
}

fn report(what: &str, count: usize, faults: &[String]) {
    println!("{what}: {count}, {} differ", faults.len());
    assert!(faults.is_empty(), "{what}: {} of {count} differ:\n{}", faults.len(), faults.join("\n"));
}
