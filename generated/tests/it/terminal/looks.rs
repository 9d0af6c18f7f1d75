//! How things look: tables, colours, pages, and the question before a deletion.

use super::{COLUMNS, End, Terminal};
use crate::support::{oint, portal, told};

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
        let mut terminal = Terminal::start(&delete, folder.path(), &[("NO_COLOR", "1")]);
        terminal.expect(&format!("Delete deal {id} at 127.0.0.1:\\d+\\? \\[y/N\\] "));
        terminal.say(answer);
        let End { code, screen, .. } = terminal.end();
        assert_eq!((code, before - portal.records("crm.deal").len()), (expected, left), "{screen}");
        assert_eq!(screen.contains("not confirmed; nothing was sent"), expected == 2, "{screen}");
    }
}

#[test]
fn a_table_fits_the_terminal() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let list = ["bitrix24", "user.get", "--url", &webhook];
    let End { code, shown, .. } = Terminal::start(&list, folder.path(), &[("NO_COLOR", "1")]).end();
    let table: Vec<&str> = shown.lines().take_while(|line| !line.starts_with("note:")).collect();
    assert!(code == 0 && table[0].trim_start().starts_with("ID  ") && table.len() > 2, "{shown}");
    assert!(table.iter().all(|line| line.trim_end().chars().count() <= usize::from(COLUMNS)), "{shown}");
    assert!(shown.contains("columns do not fit") && shown.contains("--columns"), "{shown}");
}

/// Letters of two columns and of none are counted as the terminal counts them: no line breaks.
#[test]
fn wide_letters_fit_as_well() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let titles = ["取引先との長い長い契約更新についての打ち合わせの記録", "e\u{301}te\u{301}", "🏫 Семья и школа"];
    for title in titles {
        let fields = format!("TITLE={title}");
        let made = ["bitrix24", "crm.deal.add", "--fields", &fields, "--url", &webhook];
        assert_eq!(told(&oint(&made).output().expect("oint runs")).0, 0);
    }
    let list = ["bitrix24", "crm.deal.list", "--url", &webhook, "--select", "ID,TITLE,STAGE_ID", "--order", "ID:desc"];
    let list = [&list[..], &["--limit", "3"]].concat();
    let End { code, screen, shown } = Terminal::start(&list, folder.path(), &[("NO_COLOR", "1")]).end();
    let table: Vec<&str> = screen.lines().filter(|line| !line.starts_with("note:")).collect();
    assert_eq!((code, table.len()), (0, 4), "a heading and three deals: {screen}");
    assert!(table[1..].iter().all(|line| line.contains("NEW")), "{screen}");
    assert!(shown.contains('…'), "what is too long is cut: {screen}");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let portal = portal();
    let folder = tempfile::tempdir().expect("a folder");
    let webhook = portal.webhook();
    let call = ["bitrix24", "user.current", "--url", &webhook];
    let fault = ["bitrix24", "user.current", "--nosuch"];
    let on = |arguments: &[&str], variables: &[(&str, &str)]| {
        Terminal::start(arguments, folder.path(), variables).end().shown.contains("\u{1b}[")
    };
    let with = |more: &[&'static str]| [&call[..], more].concat();
    assert!(on(&call, &[]) && on(&fault, &[]) && on(&["--help"], &[("PAGER", "cat")]));
    for arguments in [&call[..], &fault, &["--help"], &["search", "deal"], &["bitrix24", "UpdateUser", "--help"]] {
        assert!(!on(arguments, &[("NO_COLOR", "1"), ("PAGER", "cat")]), "{arguments:?}");
        assert!(!on(arguments, &[("TERM", "dumb"), ("PAGER", "cat")]), "{arguments:?}");
    }
    assert!(!on(&with(&["--color", "never"]), &[]) && !on(&["--color=never", "--help"], &[("PAGER", "cat")]));
    assert!(on(&with(&["--color", "always"]), &[("NO_COLOR", "1")]), "an option wins");
    // Elsewhere there are none, unless somebody asks for them.
    let piped = |arguments: &[&str]| told(&oint(arguments).output().expect("oint runs")).1.contains("\u{1b}[");
    assert!(!piped(&call) && piped(&with(&["--color", "always", "--output", "pretty"])));
}

#[test]
fn long_texts_go_through_the_pager() {
    let folder = tempfile::tempdir().expect("a folder");
    let tasks = ["bitrix24", "tasks"];
    let End { code, shown, .. } = Terminal::start(&tasks, folder.path(), &[("PAGER", "sed s/^/paged:/")]).end();
    assert!(code == 0 && shown.lines().count() > 30 && shown.lines().all(|line| line.starts_with("paged:")), "{shown}");
    // What fits the screen does not, and headings are bold.
    let End { code, shown, .. } = Terminal::start(&["call"], folder.path(), &[("PAGER", "false")]).end();
    assert!(code == 0 && shown.contains("\u{1b}[1mUsage:\u{1b}[0m oint call"), "{shown}");
    // A pager that is not there is no reason to show nothing, nor is one that ends early a fault.
    let End { code, shown, .. } = Terminal::start(&tasks, folder.path(), &[("PAGER", "no-such-pager")]).end();
    assert!(code == 0 && shown.lines().count() > 30, "{shown}");
    let End { code, shown, .. } = Terminal::start(&tasks, folder.path(), &[("PAGER", "head -n 2")]).end();
    assert_eq!((code, shown.lines().count()), (0, 2), "{shown}");
}
