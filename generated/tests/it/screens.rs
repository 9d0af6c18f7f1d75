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

#[test]
fn searching_finds_the_best_first() {
    let first = |words: &[&str]| {
        let (code, stdout, stderr) = run(&[&["search", "--output", "json"], words].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{words:?}");
        let found: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        let names = found.as_array().into_iter().flatten();
        names.filter_map(|found| found["method"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    for (words, expected) in [
        (&["user", "update"][..], "user.update"),
        (&["update", "users"], "user.update"),
        (&["ИзменитьПользователя"], "user.update"),
        (&["пользователя", "изменить"], "user.update"),
        (&["crm.item.list"], "crm.item.list"),
        (&["task", "delete"], "tasks.task.delete"),
        (&["add", "task", "comment"], "task.commentitem.add"),
        (&["product", "price"], "catalog.price"),
    ] {
        let found = first(words);
        assert!(found.iter().take(5).any(|name| name.starts_with(expected)), "{words:?}: {found:?}");
    }
    let (code, stdout, stderr) = run(&["search", "qwertyuiop"]);
    assert!(code == 1 && stdout.is_empty() && stderr.contains("nothing is called"), "{stderr}");
    assert_eq!(run(&["search"]).0, 2);
    let (_, stdout, _) = run(&["search", "user", "--most", "3"]);
    assert!(stdout.contains("… and "), "{stdout}");
}
