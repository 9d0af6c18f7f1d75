//! `oint batch FILE`: named commands that use each other's results, against a portal over real HTTP.

use bitrix24::sandbox::{Fault, FaultKind, Portal, Sandbox, Seed};
use bitrix24::table::Command;
use bitrix24::{Object, TABLES, Value, json};

use crate::support::{oint, told};

fn empty() -> Portal {
    Sandbox::new(&TABLES).seed(Seed::Empty).start().expect("a free port")
}

/// Runs a file of commands: exit code, standard output as JSON (null where it is none), standard error.
fn batch(portal: &Portal, file: &str, options: &[&str]) -> (i32, Value, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("commands.yaml");
    std::fs::write(&path, file).expect("written");
    let mut command = oint(&[&["batch", &*path.to_string_lossy()], options].concat());
    let output = command.env("B24_URL", portal.webhook()).env("B24_LIMITS", "off").output().expect("oint runs");
    let (code, stdout, stderr) = told(&output);
    (code, serde_json::from_str(&stdout).unwrap_or_default(), stderr)
}

const LINKED: &str = "
company:
  method: crm.company.add
  params: {fields: {TITLE: Acme}}
deal:
  method: CreateDeal
  params:
    fields: {TITLE: 'Doors for $result[company]', COMPANY_ID: '$result[company]'}
made: {method: crm.deal.get, params: {id: '$result[deal]'}}
title: {method: crm.company.get, params: {id: '$result[made][COMPANY_ID]'}}
";

#[test]
fn commands_use_the_results_of_earlier_ones() {
    let portal = empty();
    let (code, told, stderr) = batch(&portal, LINKED, &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let company = &told["company"]["result"];
    assert_eq!(told["made"]["result"]["TITLE"], format!("Doors for {company}"));
    assert_eq!(told["title"]["result"]["TITLE"], "Acme");
    let names: Vec<&String> = told.as_object().expect("an object by name").keys().collect();
    assert_eq!(names, ["company", "deal", "made", "title"]);
    assert_eq!(portal.counts().requests, 1);

    let (code, _, _) = batch(&portal, LINKED, &["--output", "ndjson"]);
    assert_eq!(code, 0);
    let (_, shown, _) = batch(&portal, LINKED, &["--dry-run"]);
    assert_eq!(shown["commands"], 4);
    let commands = &shown["requests"][0]["body"]["cmd"];
    assert!(
        commands["c2"].as_str().is_some_and(|text| text.contains("$result") || text.contains("%24result")),
        "{shown}"
    );
    assert_eq!(portal.counts().requests, 2, "a dry run sends nothing");
}

#[test]
fn what_fails_is_told_and_what_needs_it_is_not_run() {
    let portal = empty();
    let file = "
a: {method: crm.deal.get, params: {id: 999}}
b: {method: crm.deal.get, params: {id: '$result[a][ID]'}}
c: {method: crm.company.add, params: {fields: {TITLE: C}}}
";
    let (code, told, stderr) = batch(&portal, file, &[]);
    assert_eq!(code, 1);
    assert!(told["a"]["error"]["message"].is_string() && told["b"]["skipped"] == true, "{told}");
    assert_eq!(told["c"]["ok"], true);
    assert!(stderr.contains("of 3 commands 1 failed, 1 not run"), "{stderr}");
    let (code, told, _) = batch(&portal, file, &["--halt"]);
    assert!(code == 1 && told["c"]["skipped"] == true, "{told}");

    portal.fault(Fault::new(FaultKind::Close { committed: true }).times(1));
    let adds = "a: {method: crm.company.add, params: {fields: {TITLE: X}}}\nb: {method: crm.company.add, params: {fields: {TITLE: Y}}}\n";
    let (code, told, _) = batch(&portal, adds, &[]);
    assert!(code == 6 && told["a"]["unknown"] == true && told["b"]["unknown"] == true, "{told}");
}

#[test]
fn faults_of_the_file_are_all_named_before_anything_is_sent() {
    let portal = empty();
    let file = "
a: {method: crm.deal.gett, params: {id: 1}}
b: {method: crm.deal.get, params: {idd: 1}}
c: {method: crm.deal.get, params: {id: '$result[d]'}}
d: {method: crm.deal.get}
";
    let (code, _, stderr) = batch(&portal, file, &[]);
    assert_eq!(code, 2);
    for words in [
        "a: there is no method `crm.deal.gett`",
        "b: GetDeal has no parameter `idd`",
        "`$result[d]`: no earlier",
        "d: GetDeal needs more",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    let (code, _, stderr) = batch(&portal, "a: {method: crm.deal.delete, params: {id: 1}}", &[]);
    assert!(code == 2 && stderr.contains("--yes"), "{stderr}");
    assert_eq!(portal.counts().requests, 0);
    let (code, _, _) = batch(&portal, "a: {method: any.method, params: {x: 1}}", &["--allow-unknown", "--dry-run"]);
    assert_eq!(code, 0);
}

#[test]
fn references_work_in_the_portals_own_notation_and_in_the_short_one() {
    let portal = empty();
    let file = "
c: {method: crm.item.add, params: {entityTypeId: 3, fields: {name: Oleg}}}
d: {method: crm.deal.add, params: {fields: {TITLE: one, CONTACT_ID: '$result[c][item][id]'}}}
e: {method: crm.deal.add, params: {fields: {TITLE: two, CONTACT_ID: '$result[c][id]'}}}
t: {method: tasks.task.add, params: {fields: {TITLE: call, RESPONSIBLE_ID: 1}}}
f: {method: crm.deal.add, params: {fields: {TITLE: three, COMMENTS: 'task $result[t][task][id], $result[t][id]'}}}
l: {method: crm.item.list, params: {entityTypeId: 2, select: [id], order: {id: asc}}}
g: {method: crm.item.get, params: {entityTypeId: 2, id: '$result[l][items][0][id]'}}
h: {method: crm.item.get, params: {entityTypeId: 2, id: '$result[l][0][id]'}}
u: {method: crm.item.update, params: {entityTypeId: 2, id: '$result[l][items][1][id]', fields: {title: second}}}
";
    let (code, told, stderr) = batch(&portal, file, &[]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{told}");
    let contact = told["c"]["result"]["id"].to_string();
    let deals = portal.records("crm.deal");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    assert_eq!((text(&deals[0]["CONTACT_ID"]), text(&deals[1]["CONTACT_ID"])), (contact.clone(), contact));
    let task = text(&told["t"]["result"]["id"]);
    assert_eq!(deals[2]["COMMENTS"], format!("task {task}, {task}"));
    assert_eq!(told["g"]["result"], told["h"]["result"]);
    assert_eq!(told["g"]["result"]["title"], "one");
    assert_eq!(told["u"]["result"]["title"], "second");
}

#[test]
fn a_reference_that_cannot_be_is_told_before_anything_is_sent() {
    let portal = empty();
    let file = "
a: {method: crm.deal.add, params: {fields: {TITLE: a}}}
l: {method: crm.item.list, params: {entityTypeId: 2}}
b: {method: crm.deal.get, params: {id: '$result[a][ID]'}}
c: {method: crm.item.get, params: {entityTypeId: 2, id: '$result[l][id]'}}
d: {method: crm.item.get, params: {entityTypeId: 2, id: '$result[l][items][id]'}}
";
    let (code, _, stderr) = batch(&portal, file, &[]);
    assert_eq!(code, 2);
    for words in [
        "b: `$result[a][ID]`: crm.deal.add brings a value with nothing below it",
        "c: `$result[l][id]`: crm.item.list brings a list: a place of it comes first, as in `[items][0][id]`",
        "d: `$result[l][items][id]`: crm.item.list brings a list",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    assert_eq!(portal.counts().requests, 0);
    let (code, _, _) = batch(&portal, file, &["--allow-unknown", "--dry-run"]);
    assert_eq!(code, 0, "what the portal may know is not held up");
}

/// The paths into an answer: to what it is made of, in every depth.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(entries) => {
            let plain = entries.iter().filter(|(key, _)| !key.contains(['[', ']']));
            plain.for_each(|(key, value)| paths(value, &format!("{path}[{key}]"), found));
        }
        Value::Array(items) => {
            items.iter().take(2).enumerate().for_each(|(at, value)| paths(value, &format!("{path}[{at}]"), found))
        }
        _ => {}
    }
}

#[test]
fn no_part_of_a_documented_answer_is_refused() {
    let mut file = Object::new();
    let mut count = 0;
    // What `batch` holds has references of its own.
    let is_call = |command: &Command<'_>| {
        let is_one = command.method.as_deref().is_some_and(|method| method != "batch");
        is_one && !command.local && command.procedure.is_none()
    };
    for command in TABLES.commands().filter(is_call) {
        let Some((example, answer)) =
            command.examples.iter().find_map(|example| Some((example, example.response.as_ref()?.get("result")?)))
        else {
            continue;
        };
        let records = command.returns.as_ref().and_then(|returns| returns.records.as_deref()).unwrap_or_default();
        let mut texts = Vec::new();
        paths(answer, "", &mut texts);
        let short = records.split('.').try_fold(answer, |value, key| value.get(key));
        short.iter().for_each(|records| paths(records, "", &mut texts));
        let key = &command.key;
        file.insert(key.to_string(), json!({"method": key, "rest": command.rest, "params": example.body}));
        let fields: Object = texts
            .iter()
            .enumerate()
            .map(|(at, path)| (format!("UF_CRM_{at}"), json!(format!("$result[{key}]{path}"))))
            .collect();
        count += fields.len();
        file.insert(format!("{key} used"), json!({"method": "crm.deal.add", "params": {"fields": fields}}));
    }
    assert!(count > 5_000, "{count}");
    let portal = empty();
    let (code, _, stderr) = batch(&portal, &Value::Object(file).to_string(), &["--dry-run"]);
    let refused: Vec<&str> = stderr.lines().filter(|line| line.contains("$result")).collect();
    assert!(
        code == 0 && refused.is_empty(),
        "{} {}\n{}",
        refused.len(),
        refused.join("\n"),
        &stderr[..stderr.len().min(2000)]
    );
}

#[test]
fn errors_speak_of_the_names_in_the_file() {
    let portal = empty();
    let file = "
a: {method: crm.company.add, params: {fields: {TITLE: A}}}
b: {method: crm.deal.get, params: {id: 999}}
c: {method: crm.deal.get, params: {id: '$result[b][ID]'}}
d: {method: crm.company.list}
e: {method: crm.deal.update, params: {id: '$result[d][7][ID]', fields: {TITLE: E}}}
";
    let (_, told, _) = batch(&portal, file, &[]);
    let message = |name: &str| told[name]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(message("c"), "crm.deal.get: not run: it refers to `$result[b][ID]`, and that command failed");
    assert_eq!(message("e"), "crm.deal.update: not run: `$result[d][7][ID]` is not in the answer");
    let (_, told, _) = batch(&portal, file, &["--halt"]);
    assert_eq!(told["c"]["message"], "crm.deal.get: not run: command b of the batch, crm.deal.get, failed");
    let unnamed = "- {method: crm.company.list}\n- {method: crm.deal.get, params: {id: 999}}\n- {method: crm.deal.get, params: {id: 1}}\n";
    let (_, told, _) = batch(&portal, unnamed, &["--halt"]);
    assert_eq!(told["3"]["message"], "crm.deal.get: not run: command 2 of the batch, crm.deal.get, failed");
}

#[test]
fn a_file_that_cannot_be_read_says_why_and_where() {
    let portal = empty();
    for (file, words) in [
        ("", "there are no commands"),
        ("# later\n", "there are no commands"),
        ("a: {method: crm.deal.get, param: {id: 1}}\nb: {method: crm.deal.gett}", "a: a command has no key `param`"),
        ("a: {method: crm.deal.get, param: {id: 1}}\nb: {method: crm.deal.gett}", "b: there is no method"),
        (
            "{\"method\": \"user.get\"}\n{\"method\": \"user.get\"\n",
            "2: line 2, column 21: EOF while parsing an object",
        ),
    ] {
        let (code, _, stderr) = batch(&portal, file, &[]);
        assert!(code == 2 && stderr.contains(words), "{words}: {stderr}");
    }
    assert_eq!(portal.counts().requests, 0);
}

#[test]
fn what_deletes_asks_wherever_it_is_hidden() {
    let portal = empty();
    portal.fill("crm.deal", 3);
    let hidden = r#"{"a": "crm.deal.delete?id=1", "b": "crm.deal.get?id=2"}"#;
    let params = format!(r#"{{"cmd": {hidden}}}"#);
    let list = r#"{"CMD": ["/crm.deal.DELETE?id=1"]}"#;
    for arguments in [
        &["bitrix24", "RunBatch", "--cmd", hidden][..],
        &["bitrix24", "batch", "--params", &params],
        &["call", "batch", "--params", &params],
        &["call", "BATCH.json", "--params", list],
        &["call", "crm.deal.delete.json", "--params", r#"{"id": 1}"#],
    ] {
        let run = |more: &[&str]| {
            let mut command = oint(&[arguments, more].concat());
            command.env("B24_URL", portal.webhook()).env("B24_LIMITS", "off").stdin(std::process::Stdio::null());
            told(&command.output().expect("oint runs"))
        };
        let (code, _, stderr) = run(&[]);
        assert!(
            code == 2 && stderr.contains("--yes") && stderr.to_lowercase().contains("crm.deal.delete"),
            "{arguments:?}: {stderr}"
        );
        assert_eq!(run(&["--dry-run"]).0, 0, "{arguments:?}");
        assert_eq!(portal.records("crm.deal").len(), 3, "{arguments:?}");
    }
    for file in [
        format!("a: {{method: batch, params: {params}}}"),
        "a: {method: crm.deal.delete.json, params: {id: 1}}".to_owned(),
        "a: {method: my.own.delete, params: {id: 1}}".to_owned(),
    ] {
        let (code, _, stderr) = batch(&portal, &file, &["--allow-unknown"]);
        assert!(code == 2 && stderr.contains("1 command of the batch that removes something"), "{file}: {stderr}");
    }
    assert_eq!((portal.records("crm.deal").len(), portal.counts().requests), (3, 0));
    // What only reads does not ask, and what is agreed to is done.
    let (code, told, _) = batch(&portal, r#"a: {method: batch, params: {cmd: {b: "crm.deal.get?id=2"}}}"#, &[]);
    assert!(code == 0 && told["a"]["result"]["result"]["b"]["ID"] == "2", "{told}");
    let (code, _, stderr) = batch(&portal, &format!("a: {{method: batch, params: {params}}}"), &["--yes"]);
    assert_eq!((code, portal.records("crm.deal").len()), (0, 2), "{stderr}");
}
