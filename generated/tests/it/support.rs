//! A portal and the built command, for the tests of this folder.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bitrix24::output::{FromValue, Mismatch};
use bitrix24::sandbox::{Portal, Sandbox};
use bitrix24::table::{Form, Returns};
use bitrix24::{Id, Map, Object, TABLES, Value};

/// A fresh portal.
pub fn portal() -> Portal {
    Sandbox::new(&TABLES).start().expect("a free port")
}

/// `oint` with these arguments and nothing of a connection in its environment; what it keeps of portals' limits stays among the
/// build's files.
pub fn oint(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oint"));
    command.args(arguments);
    for variable in
        ["B24_URL", "B24_TOKEN", "B24_LIMITS", "B24_PROFILE", "B24_RAW", "B24_YES", "NO_COLOR", "RUST_LOG", "PAGER"]
    {
        command.env_remove(variable);
    }
    // No profile of whoever runs the tests, and nothing in their keyring.
    command.env("B24_CONFIG_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-profiles")).env("B24_KEYRING", "off");
    command.env("XDG_RUNTIME_DIR", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs it: exit code, standard output, standard error.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    told(&oint(arguments).output().expect("oint runs"))
}

/// What a process told.
pub fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// The folder of facts that the project is developed with, when it lies beside it and holds `file`; else says so.
pub fn facts(file: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if folder.join(file).exists() {
        return Some(folder);
    }
    println!("skipped: {} is not there; the project's own examples cover the same ground", folder.join(file).display());
    None
}

/// A portal that answers everything with this result.
pub fn answering(result: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/rest/1/code/", listener.local_addr().expect("known"));
    let body = format!("{{\"result\": {result}}}");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 16384];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// Reads an answer as the type that a method promises, as the generated client does.
pub fn read_as(returns: &Returns<'_>, response: &Value) -> Result<(), String> {
    let result = &response["result"];
    let narrowed =
        returns.records.as_deref().and_then(|records| records.split('.').try_fold(result, |value, key| value.get(key)));
    let value = narrowed.unwrap_or(result).clone();
    let is_nothing = value.is_null() || (value == false && !returns.type_word.starts_with("boolean"));
    if returns.nullable && is_nothing {
        return Ok(());
    }
    let first = Form {
        type_word: returns.type_word.clone(),
        entity: returns.entity.clone(),
        description: returns.description.clone(),
    };
    let forms: Vec<&Form<'_>> = [&first].into_iter().chain(&returns.or).collect();
    // The kind of JSON tells most forms apart, as in the client.
    let meant = forms.iter().copied().filter(|form| form_of_kind(&form.type_word, &value));
    let read = match meant.map(|form| as_form(form, value.clone())).reduce(Result::or) {
        Some(read) => read,
        None => as_form(&first, value),
    };
    let words: Vec<&str> = forms.iter().map(|form| form.type_word.as_ref()).collect();
    read.map_err(|mismatch| format!("expected {}, found {} ({})", mismatch.expected, mismatch.found, words.join(", ")))
}

/// Whether a value is of the kind of JSON that a form is written as.
fn form_of_kind(word: &str, value: &Value) -> bool {
    match word {
        "list" => value.is_array(),
        "string" | "date" | "datetime" => value.is_string(),
        "integer" | "number" | "id" => value.is_number() || value.is_string(),
        "boolean" => value.is_boolean(),
        word if word.starts_with("array") => value.is_array(),
        word => (word == "object" || word.starts_with("map")) && value.is_object(),
    }
}

fn as_form(form: &Form<'_>, value: Value) -> Result<(), Mismatch> {
    let of_record = |value: Value| match form.entity {
        Some(_) => Object::from_value(value).map(drop),
        None => Ok(()),
    };
    let list = |value| Vec::<Value>::from_value(value).and_then(|records| records.into_iter().try_for_each(of_record));
    let map = |value, read: &dyn Fn(Value) -> Result<(), Mismatch>| {
        Map::<Value>::from_value(value).and_then(|map| map.into_iter().try_for_each(|(_, value)| read(value)))
    };
    match form.type_word.as_ref() {
        "list" | "page" => list(value),
        "map" => map(value, &of_record),
        "map<list>" => map(value, &list),
        word => as_type(word, value),
    }
}

fn as_type(word: &str, value: Value) -> Result<(), Mismatch> {
    match word {
        "string" | "date" | "datetime" | "datetime<Z>" => String::from_value(value).map(drop),
        "integer" => i64::from_value(value).map(drop),
        "number" => f64::from_value(value).map(drop),
        "id" => Id::from_value(value).map(drop),
        "object" => Object::from_value(value).map(drop),
        "nothing" => <()>::from_value(value),
        _ if word.starts_with("boolean") => bool::from_value(value).map(drop),
        _ => {
            let inner = |of: &str| word.strip_prefix(of).and_then(|rest| rest.strip_suffix('>'));
            match (inner("array<"), inner("map<")) {
                (Some(item), _) => {
                    Vec::<Value>::from_value(value)?.into_iter().try_for_each(|value| as_type(item, value))
                }
                (_, Some(below)) => {
                    Map::<Value>::from_value(value)?.into_iter().try_for_each(|(_, value)| as_type(below, value))
                }
                (None, None) => Ok(()),
            }
        }
    }
}
