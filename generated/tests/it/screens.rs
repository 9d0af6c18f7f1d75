//! What people read: start page, lists, help, search and errors, as they look.

use crate::support::run;

fn shown(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(arguments);
    format!("$ oint {}\n{stdout}{stderr}exit code {code}\n", arguments.join(" "))
}

#[test]
fn pages_of_help() {
    insta::assert_snapshot!("start_page", shown(&["--help"]));
    insta::assert_snapshot!("help_of_an_update", shown(&["bitrix24", "UpdateUser", "--help"]));
    insta::assert_snapshot!("help_of_a_list", shown(&["bitrix24", "crm.item.list", "--help"]));
    insta::assert_snapshot!("help_of_a_delete", shown(&["bitrix24", "crm.item.delete", "--help", "--all"]));
    insta::assert_snapshot!("a_category", shown(&["bitrix24", "crm", "deals"]));
}

#[test]
fn categories_are_found_by_any_of_their_names() {
    let deals = run(&["bitrix24", "crm/deals"]);
    for arguments in [&["bitrix24", "crm", "deals"][..], &["bitrix24", "CRM/Deals"]] {
        assert_eq!(run(arguments), deals, "{arguments:?}");
    }
    let (code, stdout, _) = run(&["bitrix24"]);
    assert!(code == 0 && stdout.lines().count() < 50 && stdout.contains("  tasks "), "{stdout}");
    let (_, stdout, _) = run(&["bitrix24", "--all"]);
    assert!(stdout.lines().count() > 1_700);
}

/// The methods that a search brings, best ones first, and what it says besides.
fn found(words: &[&str]) -> (Vec<String>, String) {
    let (code, stdout, stderr) = run(&[&["search", "--output", "json"], words].concat());
    assert_eq!(code, 0, "{words:?}: {stderr}");
    let found: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let names = found.as_array().into_iter().flatten();
    (names.filter_map(|found| found["method"].as_str().map(str::to_owned)).collect(), stderr)
}

/// A whole name is first however it is written, deprecated or not.
#[test]
fn a_name_is_found_first() {
    for (words, expected) in [
        (&["crm.deal.list"][..], "crm.deal.list"),
        (&["crm", "deal", "list"], "crm.deal.list"),
        (&["CRM.Deal.List"], "crm.deal.list"),
        (&["GetDealsList"], "crm.deal.list"),
        (&["get-deals-list"], "crm.deal.list"),
        (&["crm.item.list"], "crm.item.list"),
        (&["user.get"], "user.get"),
        (&["UpdateUser"], "user.update"),
        (&["update", "user"], "user.update"),
        (&["ИзменитьПользователя"], "user.update"),
        (&["изменитьпользователя"], "user.update"),
        (&["batch"], "batch"),
    ] {
        let (names, said) = found(words);
        assert_eq!((names.first().map(String::as_str), said.as_str()), (Some(expected), ""), "{words:?}: {names:?}");
    }
    // Every method by its own name.
    for command in bitrix24::TABLES.commands().step_by(97) {
        let Some(method) = &command.method else { continue };
        assert_eq!(found(&[method]).0.first().map(String::as_str), Some(method.as_ref()));
    }
}

#[test]
fn searching_finds_the_best_first() {
    for (words, expected, within) in [
        (&["user", "update"][..], "user.update", 3),
        (&["update", "users"], "user.update", 3),
        (&["пользователя", "изменить"], "user.update", 2),
        (&["deal", "list"], "crm.deal.list", 3),
        (&["list", "deals"], "crm.deal.list", 3),
        (&["new", "deal"], "crm.deal.add", 3),
        (&["remove", "task"], "tasks.task.delete", 5),
        (&["task", "delete"], "tasks.task.delete", 5),
        (&["add", "task", "comment"], "task.commentitem.add", 5),
        (&["companies"], "crm.company.", 6),
        (&["product", "price"], "catalog.price.", 5),
        (&["send", "message"], "im.message.add", 10),
        // A parameter, and a word of a title.
        (&["UF_DEPARTMENT"], "user.add", 6),
        (&["kanban"], "task.stages.", 5),
        (&["entityTypeId", "list"], "crm.", 5),
    ] {
        let (names, said) = found(words);
        let is_found = names.iter().take(within).any(|name| name.starts_with(expected));
        assert!(is_found && said.is_empty(), "{words:?}: {names:?} {said}");
    }
    let (code, stdout, stderr) = run(&["search", "qwertyuiop"]);
    assert!(code == 1 && stdout.is_empty() && stderr.contains("nothing is called"), "{stderr}");
    assert_eq!(run(&["search"]).0, 2);
    let (_, stdout, _) = run(&["search", "user", "--most", "3"]);
    assert!(stdout.contains("… and "), "{stdout}");
}

#[test]
fn a_typing_error_is_seen_through_and_told() {
    for (words, expected, corrected) in [
        (&["updaet", "user"][..], "user.update", "`update user`"),
        (&["crm.deal.lsit"], "crm.deal.list", "`crm.deal.list`"),
        (&["UpdateUsre"], "user.update", "`updateuser`"),
        (&["crm", "deal", "lisst"], "crm.deal.list", "`crm deal list`"),
        (&["ИзменитьПолзователя"], "user.update", "`изменитьпользователя`"),
    ] {
        let (names, said) = found(words);
        assert!(names.first().is_some_and(|name| name == expected), "{words:?}: {names:?}");
        assert!(said.contains(corrected), "{words:?}: {said}");
    }
}
