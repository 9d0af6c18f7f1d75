//! Lists and records on the command line: every page, conditions in their short forms, every format, files that appear
//! whole; and what asks before it deletes.

use std::process::Stdio;

use bitrix24::{Value, json};

use crate::support::{oint, portal, run, told};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}

#[test]
fn all_pages_come_in_few_requests_and_once() {
    let portal = portal();
    portal.fill("tasks.task", 1_234);
    let count = portal.records("tasks.task").len();
    portal.clear_log();
    let list = ["bitrix24", "tasks.task.list", "--url", &portal.webhook(), "--select", "ID,TITLE"];
    let (code, stdout, stderr) = run(&[&list[..], &["--all", "--output", "ndjson"]].concat());
    assert_eq!((code, stderr.as_str(), stdout.lines().count()), (0, "", count));
    let mut ids: Vec<String> = stdout.lines().map(|line| parsed(line)["id"].to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    // The first page alone, said so.
    let (code, stdout, stderr) = run(&list);
    assert_eq!((code, parsed(&stdout).as_array().map(Vec::len)), (0, Some(50)));
    assert!(stderr.contains(&format!("the first 50 of {count} records; --all brings all")), "{stderr}");
    // What is known of a method holds where it is called by its name alone.
    let call = ["call", "tasks.task.list", "--url", &portal.webhook(), "--all", "--query", "length"];
    assert_eq!(run(&call), (0, format!("{count}\n"), String::new()));
    // A whole list is JSON as well, and so is none.
    let (_, stdout, _) = run(&[&list[..], &["--all"]].concat());
    assert_eq!(parsed(&stdout).as_array().map(Vec::len), Some(count));
    let (_, stdout, _) = run(&[&list[..], &["--all", "--filter", "TITLE=no such title"]].concat());
    assert_eq!(stdout, "[]\n");
    for (limit, expected) in [("0", 0), ("7", 7), ("120", 120), ("99999", count)] {
        let (code, stdout, stderr) = run(&[&list[..], &["--limit", limit, "--output", "csv"]].concat());
        let lines = if expected == 0 { 0 } else { expected + 1 };
        assert_eq!((code, stderr.as_str(), stdout.lines().count()), (0, "", lines), "{limit}");
    }
}

#[test]
fn conditions_and_orders_have_short_forms() {
    let dry = |arguments: &[&str]| {
        let (code, stdout, stderr) = run(&[&["bitrix24"], arguments, &["--dry-run"]].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
        parsed(&stdout)["body"].clone()
    };
    let list = ["crm.item.list", "--entity-type-id", "2"];
    assert_eq!(
        dry(&[
            &list[..],
            &["--filter", "stageId=NEW", "--filter", ">opportunity=100", "--filter", "id!=7"],
            &["--order", "id:desc", "--select", "id,title", "--select", "stageId"],
        ]
        .concat()),
        json!({
            "entityTypeId": 2,
            "select": ["id", "title", "stageId"],
            "filter": {"stageId": "NEW", ">opportunity": 100, "!id": 7},
            "order": {"id": "DESC"},
        })
    );
    assert_eq!(
        dry(&["tasks.task.list", "--rest", "3", "--filter", "id>5", "--filter", "@id=7,8", "--order", "id"]),
        json!({"filter": [["id", ">", 5], ["id", "in", [7, 8]]], "order": {"id": "ASC"}})
    );
    assert_eq!(
        dry(&["UpdateUser", "--userid", "7", "--fields", "NAME=Oleg", "--fields", "UF_DEPARTMENT=7,8"]),
        json!({"ID": 7, "NAME": "Oleg", "UF_DEPARTMENT": [7, 8]})
    );
    // The name on the wire is an option too, where no other has it.
    assert_eq!(dry(&["UpdateUser", "--id", "7", "--fields", "{}"]), json!({"ID": 7}));
    // The method's own `limit` is its own; the common one has another spelling.
    let (code, stdout, _) = run(&["bitrix24", "log.blogpost.get", "--limit", "5", "--max", "7", "--dry-run"]);
    assert_eq!((code, &parsed(&stdout)["body"]["LIMIT"]), (0, &json!(5)));
}

#[test]
fn every_format_shows_the_records() {
    let portal = portal();
    let list =
        ["bitrix24", "user.get", "--url", &portal.webhook(), "--limit", "2", "--columns", "ID,NAME,UF_DEPARTMENT"];
    let shown = |options: &[&str]| {
        let (code, stdout, stderr) = run(&[&list[..], options].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{options:?}");
        stdout
    };
    let all: Vec<String> = ["json", "pretty", "ndjson", "table", "csv", "yaml"]
        .iter()
        .map(|format| format!("--output {format}\n{}", shown(&["--output", format])))
        .collect();
    insta::assert_snapshot!("formats", all.join("\n"));
    assert_eq!(shown(&["--query", ".[] | .NAME"]).lines().count(), 2);
    assert_eq!(shown(&["--query", "length"]), "2\n");
    assert_eq!(shown(&["--jq", ".[0].ID", "--output", "json"]), "\"1\"\n");
    let coloured = shown(&["--output", "pretty", "--color", "always"]);
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let (code, stdout, stderr) = run(&[&list[..], &["--output", "xml"]].concat());
    assert!(code == 2 && stdout.is_empty() && stderr.contains("no format `xml`"), "{stderr}");
    let (code, _, stderr) = run(&[&list[..], &["--query", ".["]].concat());
    assert!(code == 2 && stderr.contains("no program of jq"), "{stderr}");
    let (code, _, stderr) = run(&[&list[..], &["--raw"]].concat());
    assert!(code == 2 && stderr.contains("--raw"), "{stderr}");
    let (code, _, stderr) = run(&["bitrix24", "GetCurrentUser", "--url", &portal.webhook(), "--all"]);
    assert!(code == 2 && stderr.contains("are for lists"), "{stderr}");
}

#[test]
fn whole_answers_come_with_raw() {
    let portal = portal();
    let get = ["bitrix24", "GetCurrentUser", "--url", &portal.webhook()];
    let (_, stdout, _) = run(&[&get[..], &["--raw"]].concat());
    assert_eq!(parsed(&stdout)["result"]["ID"], "1");
    let output = oint(&get).env("B24_RAW", "1").output().expect("oint runs");
    assert_eq!(parsed(&told(&output).1)["result"]["ID"], "1");
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let portal = portal();
    portal.fill("tasks.task", 300);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tasks.csv");
    let path = file.to_string_lossy().into_owned();
    std::fs::write(&file, "before").expect("written");
    let list = ["bitrix24", "tasks.task.list", "--url", &portal.webhook(), "--all", "--out", &path];
    let (code, stdout, stderr) = run(&list);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
    let whole = std::fs::read_to_string(&file).expect("there");
    assert_eq!(whole.lines().count(), portal.records("tasks.task").len() + 1);
    // An ending that people expect something else of is noted.
    let other = folder.path().join("tasks.xlsx");
    let path_of_other = other.to_string_lossy().into_owned();
    let few = ["bitrix24", "tasks.task.list", "--url", &portal.webhook(), "--limit", "2", "--out", &path_of_other];
    let (code, _, stderr) = run(&few);
    assert!(code == 0 && stderr.contains("`.xlsx` is the ending of no format"), "{stderr}");
    assert!(parsed(&std::fs::read_to_string(&other).expect("there")).is_array());
    assert_eq!(run(&[&few[..], &["--output", "json"]].concat()).2, "");
    std::fs::remove_file(&other).expect("removed");
    // What fails leaves the file as it was, and nothing beside it.
    let missing = ["bitrix24", "tasks.task.get", "--url", &portal.webhook(), "--task", "99999", "--out", &path];
    assert_eq!(run(&missing).0, 1);
    assert_eq!(std::fs::read_to_string(&file).expect("there"), whole);
    assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1);
    let (code, _, stderr) = run(&["bitrix24", "GetCurrentUser", "--url", &portal.webhook(), "--out", "/no/such/x"]);
    assert!(code == 2 && stderr.contains("--out"), "{stderr}");
}

#[test]
fn a_reader_of_a_long_list_may_go_away() {
    let portal = portal();
    portal.fill("tasks.task", 2_000);
    let mut child = oint(&["bitrix24", "tasks.task.list", "--url", &portal.webhook(), "--all", "--output", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("oint runs");
    let mut line = String::new();
    let mut reader = std::io::BufReader::with_capacity(64, child.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut reader, &mut line).expect("a line");
    drop(reader);
    let (code, _, stderr) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(parsed(&line)["id"].is_string() || parsed(&line)["id"].is_number(), "{line}");
}

#[test]
fn what_deletes_wants_to_be_sure() {
    let portal = portal();
    portal.fill("crm.deal", 3);
    let id = portal.records("crm.deal")[0]["ID"].to_string().replace('"', "");
    let delete = ["bitrix24", "crm.deal.delete", "--id", &id, "--url", &portal.webhook()];
    portal.clear_log();
    let (code, stdout, stderr) = run(&delete);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains(&format!("Delete deal {id} at 127.0.0.1"))
            && stderr.contains("--yes")
            && stderr.contains("nothing was sent"),
        "{stderr}"
    );
    // The same call by its name alone.
    let params = format!("{{'ID': {id}}}");
    let call = ["call", "crm.deal.delete", "--params", &params, "--url", &portal.webhook()];
    assert_eq!(run(&call).0, 2);
    assert_eq!(run(&["bitrix24", "call", "no.known.delete", "--url", &portal.webhook()]).0, 2);
    // What only shows a request asks nothing.
    assert_eq!(run(&[&delete[..], &["--dry-run"]].concat()).0, 0);
    let (code, stdout, _) = run(&[&delete[..], &["--curl"]].concat());
    assert!(code == 0 && stdout.starts_with("curl -X POST 'http://127.0.0.1"), "{stdout}");
    assert!(stdout.contains("/rest/1/***/crm.deal.delete'") && !stdout.contains("sandboxcode"), "{stdout}");
    assert_eq!(portal.counts().requests, 0);
    let before = portal.records("crm.deal").len();
    let (code, stdout, _) = run(&[&delete[..], &["--yes"]].concat());
    assert_eq!((code, stdout.as_str(), portal.records("crm.deal").len()), (0, "true\n", before - 1));
    let id = portal.records("crm.deal")[0]["ID"].to_string().replace('"', "");
    let output =
        oint(&["bitrix24", "crm.deal.delete", "--id", &id, "--url", &portal.webhook()]).env("B24_YES", "1").output();
    assert_eq!(told(&output.expect("oint runs")).0, 0);
}

#[test]
fn a_log_tells_of_the_work_and_no_secret() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("oint.log");
    let get = ["bitrix24", "GetCurrentUser", "--url", &portal.address(), "--token", portal.token()];
    let (code, stdout, stderr) = run(&[&get[..], &["-v"]].concat());
    assert_eq!((code, &parsed(&stdout)["ID"]), (0, &json!("1")));
    assert!(stderr.contains("answered") && stderr.contains("user.current"), "{stderr}");
    let output =
        oint(&[&get[..], &["-vv", "--log-file", &file.to_string_lossy()]].concat()).env("RUST_LOG", "trace").output();
    let (_, _, quiet) = told(&output.expect("oint runs"));
    assert_eq!(quiet, "");
    let output = oint(&get).env("RUST_LOG", "trace").output();
    let (_, _, everything) = told(&output.expect("oint runs"));
    let log = std::fs::read_to_string(&file).expect("written");
    for text in [&stderr, &log, &everything] {
        assert!(text.contains("answered") && !text.contains(portal.token()), "{text}");
    }
    let webhook = oint(&["bitrix24", "GetCurrentUser", "--url", &portal.webhook()]).env("RUST_LOG", "trace").output();
    let (_, _, everything) = told(&webhook.expect("oint runs"));
    assert!(everything.contains("answered") && !everything.contains("sandboxcode"), "{everything}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_list_ends_with_a_whole_line() {
    use bitrix24::sandbox::Options;
    use std::io::{BufRead as _, Read as _};
    let portal = portal();
    portal.fill("tasks.task", 20_000);
    portal.set_options(Options { latency: std::time::Duration::from_millis(200), ..Options::default() });
    let mut child = oint(&["bitrix24", "tasks.task.list", "--url", &portal.webhook(), "--all", "--output", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("oint runs");
    let mut reader = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let mut text = String::new();
    reader.read_line(&mut text).expect("a line");
    let status =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
    reader.read_to_string(&mut text).expect("the rest");
    let (code, _, stderr) = told(&child.wait_with_output().expect("it ends"));
    assert_eq!(code, 130, "{stderr}");
    assert!(stderr.contains("not whole"), "{stderr}");
    assert!(text.ends_with('\n') && text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(text.lines().count() < 20_000);
}
