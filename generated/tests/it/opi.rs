//! The functions of the Open Integration Package: each runs against a portal with its documented example, and sends
//! what the package sends. The facts that the comparison needs lie beside the project where it is developed; without
//! them those tests say so and pass.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use bitrix24::TABLES;
use bitrix24::cli::dry_run;
use bitrix24::sandbox::Portal;
use serde_json::{Map, Value, json};

use crate::support::{facts, oint, portal, told};

/// A parameter of a function of the package.
#[derive(serde::Deserialize)]
struct Param {
    cli: String,
    wire: Option<String>,
    coerce: Option<String>,
    default: Option<Value>,
}

/// A function of the package.
#[derive(serde::Deserialize)]
struct Function {
    name: String,
    method: Option<String>,
    kind: String,
    #[serde(default)]
    params: Vec<Param>,
    #[serde(rename = "const", default)]
    constants: Map<String, Value>,
}

/// A documented command.
#[derive(serde::Deserialize)]
struct Invocation {
    #[serde(rename = "fn")]
    function: String,
    args: BTreeMap<String, String>,
}

fn functions(folder: &Path) -> Vec<Function> {
    let text = fs::read_to_string(folder.join("opi/functions.yaml")).expect("the facts");
    serde_yaml::from_str(&text).expect("facts in their form")
}

/// A value that the package leaves out of the request.
fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(keys) => !keys.is_empty(),
    }
}

/// JSON in double or single quotes, as the package's documentation writes it.
fn collection(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&text.replace('\'', "\""))).ok()
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

fn set(body: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(body.insert(path.to_owned(), value)),
        Some((key, rest)) => {
            let inner = body.entry(key).or_insert_with(|| json!({}));
            set(inner.as_object_mut().expect("an object"), rest, value);
        }
    }
}

/// The body that the package sends.
fn promised(function: &Function, arguments: &BTreeMap<String, String>) -> Map<String, Value> {
    let mut body = Map::new();
    for (path, value) in &function.constants {
        set(&mut body, path, value.clone());
    }
    for param in &function.params {
        let Some(wire) = param.wire.as_deref().filter(|_| !matches!(param.cli.as_str(), "url" | "token")) else {
            continue;
        };
        let given = arguments.get(&param.cli).map(|text| Value::from(text.as_str()));
        let value = given.filter(is_filled).or_else(|| param.default.clone()).unwrap_or_default();
        let yes_no = |yes: bool| Value::from(if yes { "Y" } else { "N" });
        match param.coerce.as_deref() {
            // The one flag that says the opposite of its key.
            Some("YN") if function.name == "ChangeUserStatus" => set(&mut body, wire, yes_no(!flag(&value))),
            Some("YN") => set(&mut body, wire, yes_no(flag(&value))),
            Some("Boolean") if value != "" && !value.is_null() => set(&mut body, wire, flag(&value).into()),
            _ if !is_filled(&value) => {}
            _ if wire == "*" => {
                body.extend(collection(&value).and_then(|value| value.as_object().cloned()).unwrap_or_default())
            }
            Some("Collection" | "KeyAndValue") => {
                let value = collection(&value)
                    .filter(|value| value.is_object() || value.is_array())
                    .unwrap_or_else(|| json!([value]));
                set(&mut body, wire, value);
            }
            Some("Array") => {
                let list = collection(&value).filter(Value::is_array);
                let object = collection(&value).filter(Value::is_object);
                set(&mut body, wire, list.unwrap_or_else(|| json!([object.unwrap_or(value)])));
            }
            Some("Files") => {
                let names = collection(&value).and_then(|value| value.as_object().cloned()).unwrap_or_default();
                set(&mut body, wire, names.keys().map(|name| json!({ "file": name })).collect());
            }
            Some("File" | "Base64") => set(&mut body, wire, json!({ "file": null })),
            Some("DateISO") => {
                set(&mut body, wire, value.as_str().unwrap_or_default().chars().take(19).collect::<String>().into())
            }
            Some("DateISOZ") => {
                let seconds: String = value.as_str().unwrap_or_default().chars().take(19).collect();
                set(&mut body, wire, format!("{seconds}Z").into());
            }
            _ => set(&mut body, wire, value),
        }
    }
    body
}

/// Both bodies in a form in which they may be compared: scalars as text, files by their being there.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(keys)
            if keys.contains_key("file") && keys.keys().all(|key| matches!(key.as_str(), "file" | "bytes")) =>
        {
            "a file".into()
        }
        Value::Object(keys) => keys.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Bool(_) | Value::Number(_) => value.to_string().into(),
        other => other.clone(),
    }
}

/// A file in place of each address, so that nothing is downloaded.
fn without_downloads(text: &str, file: &str) -> String {
    let mut local = text.to_owned();
    while let Some(at) = local.find("https://hut.") {
        let end = local[at..].find(['\'', '"', ' ']).map_or(local.len(), |length| at + length);
        local.replace_range(at..end, file);
    }
    local
}

#[test]
fn documented_commands_send_what_the_package_sends() {
    let Some(folder) = facts("opi/invocations.ndjson") else { return };
    let functions = functions(&folder);
    let text = fs::read_to_string(folder.join("opi/invocations.ndjson")).expect("the facts");
    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("picture.jpg");
    fs::write(&file, "a picture").expect("written");
    let (mut count, mut faults) = (0, Vec::new());
    for line in text.lines() {
        let invocation: Invocation = serde_json::from_str(line).expect("facts in their form");
        let function = functions.iter().find(|known| known.name == invocation.function).expect("a known function");
        if function.kind != "call" || function.method.is_none() {
            continue;
        }
        count += 1;
        let mut arguments = vec![invocation.function.clone()];
        for (option, value) in &invocation.args {
            arguments.push(format!("--{option}"));
            arguments.push(without_downloads(value, &file.to_string_lossy()));
        }
        match dry_run(&TABLES, &arguments) {
            Err(message) => faults.push(format!("{arguments:?}: {message}")),
            Ok(run) => {
                let (ours, theirs) = (plain(&run.request["body"]), plain(&promised(function, &invocation.args).into()));
                if ours != theirs {
                    faults.push(format!("{}:\n  there {theirs}\n  here  {ours}", function.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn recorded_answers_are_of_the_type_that_is_promised() {
    let Some(folder) = facts("opi/results") else { return };
    let mut faults = Vec::new();
    for entry in fs::read_dir(folder.join("opi/results")).expect("the facts") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // What was private is masked; a number will do for it.
        let text = fs::read_to_string(&path).expect("an answer").replace("\"***\"", "\"1\"");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        let command = TABLES.command(&name, None).unwrap_or_else(|| panic!("no command {name}"));
        // Some answers are errors; procedures and local functions answer in a form of their own.
        let (Some(returns), true) = (&command.returns, answer.get("result").is_some() && command.procedure.is_none())
        else {
            continue;
        };
        if let Err(fault) = crate::support::read_as(returns, &answer) {
            faults.push(format!("{name}: {fault}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn templates_have_every_key_that_the_package_has() {
    #[derive(serde::Deserialize)]
    struct Known {
        name: String,
        template: Option<Fields>,
    }
    #[derive(serde::Deserialize)]
    struct Fields {
        fields: Vec<String>,
    }
    let Some(folder) = facts("opi/functions.yaml") else { return };
    let text = fs::read_to_string(folder.join("opi/functions.yaml")).expect("the facts");
    let known: Vec<Known> = serde_yaml::from_str(&text).expect("facts in their form");
    let templates = known.iter().filter_map(|known| Some((known.name.as_str(), known.template.as_ref()?)));
    for (name, template) in templates {
        let command = TABLES.command(name, None).expect("a command");
        let object = command.template.expect("a template");
        for field in &template.fields {
            assert!(object.get(field).is_some(), "{name} lacks {field}: {object}");
        }
    }
}

/// A code of the portal's authorisation server.
fn code(portal: &Portal) -> String {
    let address = portal.address();
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the portal");
    let path = format!("/oauth/authorize/?client_id={}", portal.client_id());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let code = answer.split("code=").nth(1).and_then(|rest| rest.split(['&', '\r']).next());
    code.unwrap_or_else(|| panic!("no code in {answer}")).to_owned()
}

#[test]
fn every_function_of_the_package_runs_with_its_documented_example() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let mut faults = Vec::new();
    for name in names() {
        let command = TABLES.command(&name, None).unwrap_or_else(|| panic!("no command {name}"));
        let mut arguments = vec!["bitrix24".to_owned(), name.clone()];
        let given = command.examples.first().map(|example| example.arguments.clone()).unwrap_or_default();
        for param in &command.params {
            let Some(value) = given.get(param.name.as_ref()) else { continue };
            // What an application has at this portal and nowhere else.
            let value = match (command.procedure.as_deref(), param.name.as_ref()) {
                (Some("oauth-code" | "oauth-refresh"), "client_id") => portal.client_id().into(),
                (Some("oauth-code" | "oauth-refresh"), "client_secret") => portal.client_secret().into(),
                (Some("oauth-code"), "code") => code(&portal).into(),
                (Some("oauth-refresh"), "refresh_token") => portal.refresh_token().into(),
                _ => value.clone(),
            };
            crate::command_line::make_files(param, &value, folder.path());
            arguments.push(format!("--{}", param.option.as_deref().unwrap_or_default()));
            arguments.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        if command.app_only {
            let own = ["--url".to_owned(), portal.address(), "--token".to_owned(), portal.token().to_owned()];
            arguments.extend(own);
        } else if command.method.is_some() {
            arguments.extend(["--url".to_owned(), portal.webhook()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut process = oint(&arguments);
        // What is set once for scripts of the package: nothing is asked, answers come whole.
        process.env("B24_YES", "1").env("B24_RAW", "1");
        process.current_dir(folder.path()).env("B24_OAUTH_SERVER", portal.address());
        let (exit, stdout, stderr) = told(&process.output().expect("oint runs"));
        let is_whole = command.method.is_none()
            || serde_json::from_str::<Value>(&stdout).is_ok_and(|answer| answer.get("result").is_some())
            || command.procedure.is_some();
        if exit != 0 || stdout.trim().is_empty() || !is_whole {
            faults.push(format!("{arguments:?} → {exit}\n{stderr}"));
        }
    }
    assert!(faults.is_empty(), "{} of the functions:\n{}", faults.len(), faults.join("\n"));
}

/// The names of the package's functions, from the project's own list.
fn names() -> Vec<String> {
    let list = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../specs/compat/opi.yaml");
    #[derive(serde::Deserialize)]
    struct List {
        functions: Vec<Named>,
    }
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    let list: List = serde_yaml::from_str(&fs::read_to_string(list).expect("the list")).expect("a list");
    list.functions.into_iter().map(|function| function.name).collect()
}

#[test]
fn every_function_of_the_package_is_here() {
    let names = names();
    assert_eq!(names.len(), 179);
    for name in names {
        let command = TABLES.command(&name, None).unwrap_or_else(|| panic!("no command {name}"));
        assert!(command.template.is_some() || !command.examples.is_empty(), "{name} has no example");
    }
}
