//! Long lists on a terminal: the bar, Ctrl-C, and the wait for the portal's limits.

use std::path::Path;
use std::time::Duration;

use bitrix24::sandbox::{Options, Portal};

use super::{End, Terminal};
use crate::support::{oint, portal};

/// A portal with many tasks that takes its time.
fn slow() -> Portal {
    let portal = portal();
    portal.fill("tasks.task", 8_000);
    portal.set_options(Options { latency: Duration::from_millis(1_500), ..Options::default() });
    portal
}

/// Waits for a bar, and ends it.
fn interrupted(mut terminal: Terminal) -> End {
    terminal.expect(r"\d[\d,]*/8,0\d\d  \S+/s  \S+ left");
    terminal.interrupt();
    let end = terminal.end();
    assert_eq!(end.code, 130, "{}", end.shown);
    assert!(end.screen.contains("the list is not whole"), "{}", end.screen);
    assert!(!end.screen.contains('━'), "the bar is gone: {}", end.screen);
    end
}

fn arguments<'a>(webhook: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["bitrix24", "tasks.task.list", "--url", webhook, "--all", "--select", "ID,TITLE"], more].concat()
}

#[test]
fn a_long_list_has_a_bar_and_ends_with_ctrl_c() {
    let portal = slow();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let list = arguments(&webhook, &["--out", "tasks.csv"]);
    let end = interrupted(Terminal::start(&list, folder.path(), &[("NO_COLOR", "1")]));
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("read").flatten().map(|entry| entry.path()).collect();
    let [part] = files.as_slice() else { panic!("{files:?}: {}", end.shown) };
    assert!(part.to_string_lossy().ends_with(".part") && end.shown.contains("what came so far is in"), "{part:?}");
    assert!(whole_lines(part).starts_with("id,title\n"));
}

/// A file that is whole is told of, so that nobody wonders whether something happened.
#[test]
fn a_list_in_a_file_is_told_of() {
    let portal = portal();
    portal.fill("tasks.task", 120);
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let list = arguments(&webhook, &["--out", "tasks.csv"]);
    let End { code, screen, shown } = Terminal::start(&list, folder.path(), &[("NO_COLOR", "1")]).end();
    assert_eq!((code, screen.as_str()), (0, "120 records are in tasks.csv"), "{shown}");
    assert_eq!(whole_lines(&folder.path().join("tasks.csv")).lines().count(), 121);
}

#[test]
fn a_redirected_list_ends_in_whole_lines() {
    let portal = slow();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let list = arguments(&webhook, &["--output", "ndjson"]);
    interrupted(Terminal::start_into("tasks", &list, folder.path(), &[("NO_COLOR", "1")]));
    for line in whole_lines(&folder.path().join("tasks")).lines() {
        let task: bitrix24::Value = serde_json::from_str(line).expect("JSON");
        assert!(task["id"].is_string() || task["id"].is_number(), "{line}");
    }
}

/// What a file holds: lines that are whole, and enough of them.
fn whole_lines(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("there");
    assert!(text.ends_with('\n') && text.lines().count() >= 50, "{}", text.len());
    text
}

#[test]
fn a_wait_for_the_portal_is_counted_down() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let runtime = folder.path().to_string_lossy().into_owned();
    let variables = [("B24_LIMITS", "0.5/2"), ("XDG_RUNTIME_DIR", runtime.as_str()), ("NO_COLOR", "1")];
    for _ in 0..2 {
        let output = oint(&["call", "server.time", "--url", &webhook]).envs(variables).output().expect("oint runs");
        assert!(output.status.success());
    }
    let mut terminal = Terminal::start(&["call", "server.time", "--url", &webhook], folder.path(), &variables);
    terminal.expect(r"portal limit: next call in \d\.\d s");
    let End { code, screen, shown } = terminal.end();
    assert!(code == 0 && !screen.contains("portal limit"), "the line is gone: {shown}");
}
