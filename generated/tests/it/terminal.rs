//! `oint` before a person: questions, bars, tables and Ctrl-C on a pseudo-terminal.

use std::path::Path;
use std::time::Duration;

use bitrix24::sandbox::Options;
use rexpect::session::{PtySession, spawn_command};

use crate::support::{oint, portal};

/// Longer than anything here takes on a busy machine.
const PATIENCE: u64 = 60_000;

/// Starts `oint` on a terminal of 60 columns.
fn on_a_terminal(arguments: &[&str], folder: &Path, variables: &[(&str, &str)]) -> PtySession {
    let known = oint(arguments);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "stty cols 60 rows 30; exec \"$0\" \"$@\""]).arg(known.get_program()).args(known.get_args());
    for (name, value) in known.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(folder).env("TERM", "xterm").envs(variables.iter().copied());
    spawn_command(command, Some(PATIENCE)).expect("started")
}

/// Reads to the end; brings what was shown, without colours, and the exit code.
fn end(session: &mut PtySession) -> (String, i32) {
    let text = session.exp_eof().expect("it ends");
    let status = format!("{:?}", session.process().wait().expect("it ends"));
    // The type has no name outside of its crate: `Exited(Pid(7), 0)`.
    let code =
        status.strip_prefix("Exited(").and_then(|rest| rest.rsplit(", ").next()?.strip_suffix(')')?.parse().ok());
    let code = code.unwrap_or_else(|| panic!("{status}: {text}"));
    (text, code)
}

#[test]
fn a_deletion_is_asked_about() {
    let portal = portal();
    portal.fill("crm.deal", 3);
    let folder = tempfile::tempdir().expect("a folder");
    let id = portal.records("crm.deal")[0]["ID"].to_string().replace('"', "");
    let webhook = portal.webhook();
    let delete = ["bitrix24", "crm.deal.delete", "--id", &id, "--url", &webhook];
    for (answer, expected, left) in [("", 2, 0), ("no", 2, 0), ("y", 0, 1)] {
        let before = portal.records("crm.deal").len();
        let mut session = on_a_terminal(&delete, folder.path(), &[("NO_COLOR", "1")]);
        session.exp_string(&format!("Delete deal {id} at 127.0.0.1")).expect("a question");
        session.exp_string("? [y/N]").expect("a question");
        session.send_line(answer).expect("answered");
        let (text, code) = end(&mut session);
        assert_eq!((code, before - portal.records("crm.deal").len()), (expected, left), "{text}");
        assert_eq!(text.contains("not confirmed; nothing was sent"), expected == 2, "{text}");
    }
}

#[test]
fn a_table_fits_the_terminal() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let mut session = on_a_terminal(&["bitrix24", "user.get", "--url", &webhook], folder.path(), &[("NO_COLOR", "1")]);
    let (text, code) = end(&mut session);
    let table: Vec<&str> = text.lines().take_while(|line| !line.starts_with("note:")).collect();
    assert!(code == 0 && table[0].trim_start().starts_with("ID  ") && table.len() > 2, "{text}");
    assert!(table.iter().all(|line| line.trim_end().chars().count() <= 60), "{text}");
    assert!(text.contains("columns do not fit") && text.contains("--columns"), "{text}");
    // One object is shown in colours.
    let mut session = on_a_terminal(&["bitrix24", "user.current", "--url", &webhook], folder.path(), &[]);
    let (text, code) = end(&mut session);
    assert!(code == 0 && text.contains("\u{1b}[32m\"Anna\""), "{text}");
}

#[test]
fn a_long_list_has_a_bar_and_ends_with_ctrl_c() {
    let portal = portal();
    portal.fill("tasks.task", 30_000);
    portal.set_options(Options { latency: Duration::from_millis(250), ..Options::default() });
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let list =
        ["bitrix24", "tasks.task.list", "--url", &webhook, "--all", "--select", "ID,TITLE", "--out", "tasks.csv"];
    let mut session = on_a_terminal(&list, folder.path(), &[("NO_COLOR", "1")]);
    session.exp_regex(r"\d+/30,0\d\d").expect("a bar with the total");
    session.exp_regex(r"/s").expect("a rate");
    session.send_control('c').expect("sent");
    let (text, code) = end(&mut session);
    assert_eq!(code, 130, "{text}");
    assert!(text.contains("the list is not whole"), "{text}");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("read").flatten().map(|entry| entry.path()).collect();
    let [part] = files.as_slice() else { panic!("{files:?}: {text}") };
    assert!(part.to_string_lossy().ends_with(".part") && text.contains("what came so far is in"), "{part:?}: {text}");
    let kept = std::fs::read_to_string(part).expect("there");
    assert!(kept.starts_with("id,title\n") && kept.ends_with('\n') && kept.lines().count() > 50, "{}", kept.len());
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
    let mut session = on_a_terminal(&["call", "server.time", "--url", &webhook], folder.path(), &variables);
    session.exp_regex(r"portal limit: next call in \d\.\d s").expect("a countdown");
    let (text, code) = end(&mut session);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn long_texts_go_through_the_pager() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = on_a_terminal(&["bitrix24", "tasks"], folder.path(), &[("PAGER", "sed s/^/paged:/")]);
    let (text, code) = end(&mut session);
    assert!(code == 0 && text.lines().count() > 30 && text.lines().all(|line| line.starts_with("paged:")), "{text}");
    // What fits the screen does not, and headings are bold.
    let mut session = on_a_terminal(&["call"], folder.path(), &[("PAGER", "false")]);
    let (text, code) = end(&mut session);
    assert!(code == 0 && text.contains("\u{1b}[1mUsage:\u{1b}[0m oint call"), "{text}");
}
