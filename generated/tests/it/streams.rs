//! What `oint` reads and writes beside its arguments: standard input has one reader, and what cannot be written out is told
//! with what has been done all the same.

use std::io::Write as _;
use std::process::Stdio;

use bitrix24::{Value, json};

use crate::support::{oint, portal, run, told};

/// Runs `oint` with a text on standard input.
fn fed(arguments: &[&str], text: &str) -> (i32, String, String) {
    let mut command = oint(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("oint runs");
    // Whoever refuses the options reads nothing.
    let _ = child.stdin.take().expect("piped").write_all(text.as_bytes());
    told(&child.wait_with_output().expect("ended"))
}

fn shown(arguments: &[&str], text: &str) -> Value {
    let (code, stdout, stderr) = fed(&[arguments, &["--dry-run"]].concat(), text);
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    serde_json::from_str(&stdout).expect("JSON")
}

#[test]
fn a_token_on_standard_input_becomes_nobody_elses_text() {
    let portal = portal();
    let address = portal.address();
    let connection = ["--url", &address, "--token", "-"];
    for arguments in [
        &["bitrix24", "user.update", "--params", "-"][..],
        &["bitrix24", "user.update", "--userid", "1", "--fields", "-"],
        &["bitrix24", "crm.item.add", "--entityTypeId", "2", "--each", "-"],
        &["bitrix24", "disk.storage.uploadFile", "--storageid", "1", "--file-content", "-"],
        &["call", "user.update", "--params", "-"],
        &["batch", "-"],
        &["mcp"],
    ] {
        let (code, stdout, stderr) = fed(&[arguments, &connection].concat(), "sandboxtoken0000\n");
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains("can be read by one option only"), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("sandboxtoken"), "{arguments:?}: {stderr}");
    }
    assert!(portal.requests().is_empty());
}

#[test]
fn values_that_begin_with_a_dash_are_texts() {
    let message = |words: &[&str]| {
        let command = ["bitrix24", "im.message.add", "--dialog-id", "chat1"];
        shown(&[&command[..], words].concat(), "")["body"]["MESSAGE"].clone()
    };
    for text in ["- first", "-5 degrees", "-- so they say"] {
        assert_eq!(message(&["--message", text]), text);
        assert_eq!(message(&[&format!("--message={text}")]), text);
    }
    assert_eq!(message(&["--message=-x"]), "-x");
    let (code, _, stderr) = run(&["bitrix24", "im.message.add", "--message", "-x", "--dry-run"]);
    assert!(code == 2 && stderr.contains("stands behind `=`"), "{stderr}");
}

#[test]
fn files_come_from_standard_input_and_in_base64_too() {
    let upload = |content: &str, text: &str| {
        let command =
            ["bitrix24", "disk.storage.uploadFile", "--storageid", "1", "--title", "a.txt", "--file-content", content];
        shown(&command, text)["body"]["fileContent"].clone()
    };
    assert_eq!(upload("-", "hello\n"), json!({ "file": "a.txt", "bytes": 6 }));
    assert_eq!(upload("aGVsbG8=", ""), json!({ "file": "a.txt", "bytes": 5 }));
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_read_as_well() {
    let pipe = std::env::temp_dir().join(format!("oint-pipe-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let place = pipe.clone();
    let writer = std::thread::spawn(move || std::fs::write(place, "{\"NAME\": \"Oleg\"}"));
    let name = pipe.display().to_string();
    let request = shown(&["bitrix24", "user.update", "--userid", "7", "--fields", &name], "");
    writer.join().expect("joined").expect("written");
    std::fs::remove_file(&pipe).expect("removed");
    assert_eq!(request["body"]["NAME"], "Oleg");
}

#[test]
fn a_write_whose_answer_cannot_be_shown_is_told_as_carried_out() {
    let portal = portal();
    let url = portal.webhook();
    let add = ["bitrix24", "crm.item.add", "--entityTypeId", "2", "--fields", "{'title':'Doors'}", "--url", &url];
    let added = |tail: &[&str]| {
        let before = portal.records("crm.deal").len();
        let (code, stdout, stderr) = run(&[&add[..], tail].concat());
        assert_eq!((code, portal.records("crm.deal").len()), (7, before + 1), "{stderr}");
        assert!(stderr.contains("crm.item.add has been carried out; do not repeat it. The answer: {"), "{stderr}");
        assert!(stderr.contains("\"title\":\"Doors\""), "{stderr}");
        stdout
    };
    assert_eq!(added(&["--query", ".id | ltrimstr(1) | error"]), "");
    assert_eq!(added(&["--query", "\"no\" | halt_error"]), "");
    // A read has changed nothing, and its output is not whole all the same.
    let get = ["bitrix24", "user.current", "--url", &url, "--query", ".ID | .[0].x"];
    let (code, stdout, stderr) = run(&get);
    assert!(code == 7 && stdout.is_empty() && !stderr.contains("carried out"), "{stderr}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_as_what_it_is() {
    let portal = portal();
    let url = portal.webhook();
    let before = portal.records("crm.deal").len();
    let mut add =
        oint(&["bitrix24", "crm.item.add", "--entityTypeId", "2", "--fields", "{'title':'Doors'}", "--url", &url]);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("there");
    let (code, _, stderr) =
        told(&add.stdout(full).stderr(Stdio::piped()).spawn().expect("oint runs").wait_with_output().expect("ended"));
    assert_eq!((code, portal.records("crm.deal").len()), (7, before + 1), "{stderr}");
    assert!(stderr.contains("No space left") && stderr.contains("has been carried out"), "{stderr}");
}

#[test]
fn what_a_query_makes_of_each_record_is_a_row() {
    let portal = portal();
    let url = portal.webhook();
    let told = |query: &str, format: &str| {
        let (code, stdout, stderr) =
            run(&["bitrix24", "user.get", "--url", &url, "--query", query, "--output", format, "--filter", "ID=1"]);
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    assert_eq!(told(".[] | [.ID, \"x\"]", "yaml"), "- - \"1\"\n  - x\n");
    let rows = told(".[] | [.ID, \"x\"]", "csv");
    assert_eq!(rows, told("[.[] | [.ID, \"x\"]]", "csv"));
    assert_eq!(told("[.[].ID]", "csv"), "value\n1\n");
    assert_eq!(told("[.[] | [.ID, \"x\"] | @csv]", "json"), "[\n  \"\\\"1\\\",\\\"x\\\"\"\n]\n");
}
