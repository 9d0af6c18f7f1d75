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

/// A documented body without the token; none where words stand for the values.
fn body(sample: &Sample) -> Option<Map<String, Value>> {
    let mut body = sample.body.as_object()?.clone();
    body.shift_remove("auth");
    let text = Value::from(body.clone()).to_string();
    (!text.contains("**put_") && !text.contains("$(")).then_some(body)
}

fn is_listed(list: &[(&str, &str)], method: &str) -> bool {
    list.iter().any(|(known, _)| known.eq_ignore_ascii_case(method))
}

/// The samples that the documentation itself gets wrong: method → why.
const WRONG: &[(&str, &str)] = &[
    ("crm.address.list", "the sample has the key limit, which no table has"),
    ("crm.contact.userfield.update", "the sample lacks the id that its own table requires"),
    ("crm.invoice.list", "the sample has a key that no table has"),
    ("crm.invoice.userfield.add", "the sample has the keys of another method"),
    ("crm.product.property.types", "the sample has a key, and no table has any"),
    ("sale.delivery.handler.list", "the sample calls another method; the page says that this one has no parameters"),
    ("sale.shipmentitem.getfields", "the sample has a key, and no table has any"),
    ("task.comment.add", "the sample has the keys of another method"),
    ("task.item.add", "the sample has the key of another method"),
    ("task.item.addfile", "words stand for the content, with an ending as names of files have"),
    ("task.item.getdescription", "the sample has a key that the table has not, and lacks the one that it has"),
    ("task.item.isactionallowed", "ACTION in the sample, ACTIONID in the table"),
    ("task.item.update", "taskId and fields in the sample, TASKID and TASKDATA in the table"),
    ("task.items.getlist", "the sample has the keys of another method"),
    ("task.logitem.list", "taskId in the sample, ID in the table"),
    ("tasks.api.scrum.epic.update", "the sample nests the body in itself"),
    ("user.search", "the sample spreads the keys of FILTER over the top level"),
];

/// What an option cannot say: method → why.
const NO_OPTION: &[(&str, &str)] = &[
    ("calendar.event.get", "an empty owner, and an empty option counts as not given"),
    ("calendar.event.get.nearest", "an empty owner, and an empty option counts as not given"),
    ("entity.section.update", "a custom field of the section, which stands beside the parameters"),
    ("im.chat.updateAvatar", "three dots inside the content, which is no base64"),
    ("imbot.chat.add", "three dots inside the content, which is no base64"),
    ("imbot.chat.updateAvatar", "three dots inside the content, which is no base64"),
    ("sale.delivery.add", "three dots inside the content, which is no base64"),
    ("sale.paysystem.add", "a comment in place of the content"),
    ("telephony.externalCall.attachRecord", "three dots inside the content, which is no base64"),
    ("crm.dealcategory.default.set", "an empty name, and an empty option counts as not given"),
    ("timeman.timecontrol.settings.set", "true where the table knows 1 as well, and 0 alone for the opposite"),
    ("user.get", "a key of the filter beside the parameters"),
    ("crm.activity.configurable.update", "a JSON boolean where the table says Y or N"),
];

#[test]
fn documented_requests_pass_as_a_whole() {
    let Some(methods) = documented() else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for method in &methods {
        let Some(command) = command(method) else { continue };
        if is_listed(WRONG, &method.method) {
            continue;
        }
        for body in method.examples.iter().filter_map(body) {
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
        if is_listed(WRONG, &method.method) || is_listed(NO_OPTION, &method.method) {
            continue;
        }
        for body in method.examples.iter().filter_map(body) {
            count += 1;
            let name = command.method.as_deref().unwrap_or_default().to_owned();
            let mut arguments = vec![name.clone(), "--rest".into(), method.rest.to_string()];
            let mut merged = Map::new();
            for (key, value) in &body {
                match command
                    .params
                    .iter()
                    .find(|param| param.path().is_some_and(|path| path.len() == 1 && path[0].eq_ignore_ascii_case(key)))
                {
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
                    if !is_same(&lower(&ours), &lower(&theirs)) {
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
        // A file shows as its name and size.
        Value::Object(keys) if keys.contains_key("file") && keys.contains_key("bytes") => FILE.into(),
        Value::Object(keys) => keys.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Bool(_) | Value::Number(_) => value.to_string().into(),
        other => other.clone(),
    }
}

/// An option sends the documented spelling of its key, where samples are not consistent.
fn lower(body: &Value) -> Value {
    let keys = body.as_object().into_iter().flatten();
    keys.map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
}

/// Whether two bodies are the same; what is a file here may be any form of its content there.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(file), _) if file == FILE => true,
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, value)| theirs.get(key).is_some_and(|other| is_same(value, other)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (ours, theirs) => ours == theirs,
    }
}

/// What stands for a file in a body that is to be compared.
const FILE: &str = "<file>";

#[test]
fn documented_answers_are_of_the_type_that_is_promised() {
    let Some(methods) = documented() else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for method in &methods {
        let Some(command) = command(method) else { continue };
        let Some(returns) = &command.returns else { continue };
        // Some pages show errors among the answers.
        let is_answer = |response: &&Value| {
            response.get("result").is_some_and(|result| result.get("error").is_none_or(|error| error.is_object()))
        };
        for response in method.responses.iter().filter(is_answer) {
            count += 1;
            if let Err(fault) = crate::support::read_as(returns, response) {
                faults.push(format!("{}: {fault}", method.method));
            }
        }
    }
    report("documented answers", count, &faults);
}

#[test]
fn documented_answers_hold_null_where_it_may_be() {
    let Some(methods) = documented() else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for method in &methods {
        let Some(command) = command(method) else { continue };
        let Some(returns) = &command.returns else { continue };
        for response in method.responses.iter().filter(|response| response.get("result").is_some()) {
            count += 1;
            let unsaid = crate::nulls::unsaid(returns, response);
            faults.extend(unsaid.into_iter().map(|place| format!("{}: {place}", method.method)));
        }
    }
    report("documented answers and what is null in them", count, &faults);
}

fn report(what: &str, count: usize, faults: &[String]) {
    println!("{what}: {count}, {} differ", faults.len());
    assert!(faults.is_empty(), "{what}: {} of {count} differ:\n{}", faults.len(), faults.join("\n"));
}
