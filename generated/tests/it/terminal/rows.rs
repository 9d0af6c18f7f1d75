//! A table of rows on a terminal: the question, the bar, Ctrl-C once and twice, and going on.

use std::path::Path;
use std::time::Duration;

use bitrix24::Value;
use bitrix24::sandbox::{Options, Portal};

use super::{End, Terminal};
use crate::support::{oint, portal, told};

/// So many deals, and a table that renames them.
fn stage(rows: usize) -> (Portal, tempfile::TempDir) {
    let portal = portal();
    portal.fill("crm.deal", rows);
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "id,fields.TITLE\n".to_owned();
    for deal in portal.records("crm.deal").iter().take(rows) {
        text.push_str(&format!("{},Renamed\n", deal["ID"].to_string().replace('"', "")));
    }
    std::fs::write(folder.path().join("rows.csv"), text).expect("written");
    (portal, folder)
}

fn slow(portal: &Portal, milliseconds: u64) {
    portal.set_options(Options { latency: Duration::from_millis(milliseconds), ..Options::default() });
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["bitrix24", "crm.deal.update", "--each", "rows.csv"], more].concat()
}

fn start(portal: &Portal, folder: &Path, more: &[&str]) -> Terminal {
    let webhook = portal.webhook();
    let variables = [("B24_URL", webhook.as_str()), ("B24_LIMITS", "off"), ("NO_COLOR", "1")];
    Terminal::start_into("results", &arguments(more), folder, &variables)
}

/// Goes on without a terminal.
fn resume(portal: &Portal, folder: &Path) -> (i32, Vec<Value>, String) {
    let mut command = oint(&arguments(&["--yes", "--resume"]));
    command.env("B24_URL", portal.webhook()).env("B24_LIMITS", "off").current_dir(folder);
    let (code, stdout, stderr) = told(&command.output().expect("oint runs"));
    (code, lines(&stdout), stderr)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The lines of the results, each of them whole.
fn results(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("results")).expect("there");
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    lines(&text)
}

fn renamed(portal: &Portal) -> usize {
    portal.records("crm.deal").iter().filter(|deal| deal["TITLE"] == "Renamed").count()
}

#[test]
fn a_no_and_a_ctrl_c_at_the_question_leave_nothing_behind() {
    let (portal, folder) = stage(70);
    let mut terminal = start(&portal, folder.path(), &[]);
    terminal.expect("Call crm.deal.update for 70 rows at 127.0.0.1:\\d+\\? \\[y/N\\] ");
    terminal.say("n");
    let End { code, screen, .. } = terminal.end();
    assert!(code == 2 && screen.contains("not confirmed; nothing was sent"), "{screen}");
    let mut terminal = start(&portal, folder.path(), &[]);
    terminal.expect("\\[y/N\\] ");
    terminal.interrupt();
    terminal.session.exp_eof().expect("it ends");
    assert!(!folder.path().join("rows.csv.journal").exists(), "the next run would think that something was sent");
    assert_eq!(portal.counts().requests, 0);

    let mut terminal = start(&portal, folder.path(), &[]);
    terminal.expect("\\[y/N\\] ");
    terminal.say("yes");
    let End { code, screen, shown } = terminal.end();
    assert!(code == 0 && shown.contains("70/70"), "{shown}");
    // The bar is gone in the end; question and answer stand there.
    assert!(!screen.contains("70/70"), "{screen}");
    assert_eq!((results(folder.path()).len(), renamed(&portal)), (70, 70));
    // What would be refused is not asked about.
    let terminal = start(&portal, folder.path(), &[]);
    let End { code, screen, .. } = terminal.end();
    assert!(code == 2 && screen.contains("--resume") && !screen.contains("[y/N]"), "{screen}");
}

#[test]
fn a_bar_shows_the_way_and_ctrl_c_ends_it_between_two_requests() {
    let (portal, folder) = stage(1_500);
    slow(&portal, 250);
    let mut terminal = start(&portal, folder.path(), &["--yes"]);
    terminal.expect(" \\d+/1,500  \\S+/s  \\S+ left");
    terminal.interrupt();
    terminal.expect("waiting for the rows on their way; Ctrl-C again ends at once");
    let End { code, screen, shown } = terminal.end();
    assert_eq!(code, 130, "{shown}");
    assert!(screen.contains("interrupted; no row is on its way") && screen.contains("--resume"), "{screen}");
    let first = results(folder.path());
    assert!(!first.is_empty() && first.len() < 1_500 && first.len().is_multiple_of(50), "{}", first.len());
    assert!(first.iter().enumerate().all(|(at, line)| line["row"] == at + 1 && line["ok"] == true));
    assert_eq!(renamed(&portal), first.len());
    slow(&portal, 0);
    let (code, all, stderr) = resume(&portal, folder.path());
    assert_eq!((code, all.len(), renamed(&portal)), (0, 1_500, 1_500), "{stderr}");
    assert_eq!(all[..first.len()], first);
    assert_eq!(portal.counts().requests, 30, "no row was sent twice");
}

#[test]
fn a_second_ctrl_c_waits_for_nothing() {
    let (portal, folder) = stage(150);
    slow(&portal, 50_000);
    let mut terminal = start(&portal, folder.path(), &["--yes"]);
    terminal.expect("0/150");
    while portal.counts().requests == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal.interrupt();
    terminal.expect("Ctrl-C again ends at once");
    terminal.interrupt();
    let End { code, screen, shown } = terminal.end();
    assert!(code == 130 && screen.contains("the rows on their way have an unknown outcome"), "{shown}");
    // Nothing was answered, so nobody knows how fast it goes, nor for how long.
    assert!(!shown.contains("/s") && !shown.contains(" left"), "{shown}");
    assert!(results(folder.path()).is_empty());
    slow(&portal, 0);
    let (code, all, stderr) = resume(&portal, folder.path());
    let unknown = all.iter().filter(|line| line["unknown"] == true).count();
    assert_eq!((code, all.len(), unknown), (6, 150, 50), "{stderr}");
}

/// What only waits for the portal's limits has not been sent: it is not waited for, and nothing of it is unknown.
#[test]
fn ctrl_c_ends_a_wait_for_the_limits_at_once() {
    let (portal, folder) = stage(150);
    let limits = folder.path().join("limits");
    std::fs::create_dir(&limits).expect("made");
    let limits = limits.to_string_lossy().into_owned();
    let webhook = portal.webhook();
    // A request in a thousand seconds, behind the first ones.
    let variables = [
        ("B24_URL", webhook.as_str()),
        ("B24_LIMITS", "0.001/2"),
        ("XDG_RUNTIME_DIR", limits.as_str()),
        ("NO_COLOR", "1"),
    ];
    let mut terminal = Terminal::start_into("results", &arguments(&["--yes"]), folder.path(), &variables);
    terminal.expect("portal limit: next call in ");
    terminal.interrupt();
    let End { code, screen, shown } = terminal.end();
    assert!(code == 130 && screen.contains("interrupted; no row is on its way"), "{shown}");
    let first = results(folder.path());
    assert!(first.len() < 150 && first.iter().all(|line| line["ok"] == true), "{}", first.len());
    let (code, all, stderr) = resume(&portal, folder.path());
    assert_eq!((code, all.len(), renamed(&portal)), (0, 150, 150), "{stderr}");
}
