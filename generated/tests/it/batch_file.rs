//! `oint batch FILE`: named commands that use each other's results, against a portal over real HTTP.

use bitrix24::sandbox::{Fault, FaultKind, Portal, Sandbox, Seed};
use bitrix24::{TABLES, Value};

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
