//! Translations and their originals, in a project of a few files: what is noticed, and how it is settled.

use std::fs;
use std::path::Path;

use bitrix24_codegen::freshness::{Checked, check};
use tempfile::TempDir;

const SPEC: &str = "specs/thing/thing.get.yaml";
const TEXTS: &str = "specs/i18n/ru/thing/thing.get.yaml";
const RECORD: &str = "specs/i18n/ru/originals.lock";
const GUIDE: &str = "docs/guides/batch.md";
const TRANSLATED: &str = "docs/i18n/ru/docusaurus-plugin-content-docs/current/batch.md";

fn project() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(
        folder.path(),
        SPEC,
        "method: thing.get\ntitle: Get thing\nsummary: Reads a thing.\nscope: thing\neffect: read\nparams:\n  - {name: ID, type: id, \
         required: true, description: Number of the thing.}\nreturns: {type: object, description: The thing.}\n",
    );
    write(
        folder.path(),
        TEXTS,
        "title: Получить вещь\nsummary: Читает вещь.\nparams:\n  ID: Номер вещи.\nreturns: Вещь.\n",
    );
    write(folder.path(), GUIDE, "# Batches\n\nMany calls at once.\n");
    write(folder.path(), TRANSLATED, "---\ntitle: Пакеты\n---\n\n# Пакеты\n\nМного вызовов сразу.\n");
    settle(folder.path(), &["docs", "specs/i18n/ru"]);
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let place = root.join(path);
    fs::create_dir_all(place.parent().expect("a folder")).expect("made");
    fs::write(place, text).expect("written");
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).expect("read")
}

fn change(root: &Path, path: &str, from: &str, to: &str) {
    let text = read(root, path);
    assert!(text.contains(from), "{path} has no {from}");
    write(root, path, &text.replace(from, to));
}

fn checked(root: &Path, accepted: &[&str]) -> Checked {
    let accepted: Vec<String> = accepted.iter().map(|path| (*path).to_owned()).collect();
    check(root, &accepted).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// Writes what a check wants written. Gives its problems.
fn settle(root: &Path, accepted: &[&str]) -> String {
    let checked = checked(root, accepted);
    for file in &checked.writes {
        write(root, &file.path, &file.content);
    }
    if checked.problems.is_empty() { String::new() } else { checked.problems.report(false) }
}

#[test]
fn what_is_settled_stays_settled() {
    let project = project();
    let checked = checked(project.path(), &[]);
    assert!(checked.problems.is_empty() && checked.writes.is_empty(), "{:?}", checked.writes);
}

#[test]
fn an_english_text_that_changed_alone_is_reported_with_its_place_until_somebody_looks_at_it() {
    let project = project();
    let root = project.path();
    change(root, SPEC, "Number of the thing.", "Number of the thing from 1.");
    for _ in 0..2 {
        let told = settle(root, &[]);
        for part in [
            "error: the English text has changed since this one was written",
            "specs/i18n/ru/thing/thing.get.yaml:4:7",
            "in English now: Number of the thing from 1.",
            "`cargo xtask lint --accept specs/i18n/ru/thing/thing.get.yaml`",
            "error: 1 problem in 1 file",
        ] {
            assert!(told.contains(part), "no {part:?} in:\n{told}");
        }
    }
    // Written anew, it is fit again by itself.
    change(root, TEXTS, "Номер вещи.", "Номер вещи, начиная с 1.");
    assert_eq!(settle(root, &[]), "");
    // Back to what it was: nothing is known of these two together any more but what they were.
    change(root, SPEC, "Number of the thing from 1.", "Number of it.");
    assert!(settle(root, &[]).contains("thing.get.yaml:4:7"));
    assert_eq!(settle(root, &["specs/thing"]), "", "accepted by the folder of the English spec");
    assert_eq!(settle(root, &[]), "");
}

#[test]
fn texts_that_come_together_or_move_are_nobodys_business() {
    let project = project();
    let root = project.path();
    change(root, SPEC, "Reads a thing.", "Reads one thing.");
    change(root, TEXTS, "Читает вещь.", "Читает одну вещь.");
    change(root, SPEC, "name: ID", "name: KEY");
    change(root, TEXTS, "ID: ", "KEY: ");
    assert_eq!(settle(root, &[]), "");
    let before = read(root, RECORD);
    // A merge that keeps the lines of both sides loses nothing.
    write(root, RECORD, &format!("{before}thing/thing.get.yaml 111111222222\nthing/gone.yaml 111111222222\n"));
    assert_eq!(settle(root, &[]), "");
    assert_eq!(read(root, RECORD), before);
}

#[test]
fn a_record_that_is_lost_or_damaged_is_not_begun_anew_by_itself() {
    let project = project();
    let root = project.path();
    let before = read(root, RECORD);
    let refused = || format!("{:?}", check(root, &[]).expect_err("no record"));
    fs::remove_file(root.join(RECORD)).expect("removed");
    let told = refused();
    assert!(told.contains("specs/i18n/ru/originals.lock is missing") && told.contains("git checkout -- "), "{told}");
    write(root, RECORD, &format!("{before}<<<<<<< HEAD\n"));
    let told = refused();
    assert!(told.contains("originals.lock, line 3: ") && told.contains("remove git's marks"), "{told}");
    assert!(told.contains("`cargo xtask lint --accept specs/i18n/ru`"), "{told}");
    write(root, RECORD, "");
    assert!(refused().contains("originals.lock, line 1: "));
    assert_eq!(settle(root, &["specs/i18n/ru"]), "");
    assert_eq!(read(root, RECORD), before);
}

#[test]
fn a_guide_says_which_version_it_follows_and_git_shows_what_has_changed_since() {
    let project = project();
    let root = project.path();
    let followed = read(root, TRANSLATED);
    let version = followed.split("follows: ").nth(1).and_then(|rest| rest.get(..8)).expect("a version").to_owned();
    change(root, GUIDE, "Many calls", "Any number of calls");
    let told = settle(root, &[]);
    for part in [
        "error: docs/guides/batch.md has changed since it was translated",
        "docs/i18n/ru/docusaurus-plugin-content-docs/current/batch.md:3:10",
        &format!("`git diff {version} docs/guides/batch.md` shows how"),
        "--accept docs/i18n/ru/docusaurus-plugin-content-docs/current/batch.md`",
    ] {
        assert!(told.contains(part), "no {part:?} in:\n{told}");
    }
    assert_eq!(settle(root, &[GUIDE]), "");
    assert_ne!(read(root, TRANSLATED), followed);
    // Line ends of Windows are not another version.
    let text = read(root, GUIDE);
    write(root, GUIDE, &text.replace('\n', "\r\n"));
    assert_eq!(settle(root, &[]), "");
}

#[test]
fn a_guide_without_a_version_or_without_an_original_is_reported() {
    let project = project();
    let root = project.path();
    write(root, TRANSLATED, "---\ntitle: Пакеты\n---\n");
    write(root, &TRANSLATED.replace("batch", "bach"), "---\ntitle: Пакеты\n---\n");
    let told = settle(root, &[]);
    assert!(told.contains("the guide does not say which version of docs/guides/batch.md it follows"), "{told}");
    assert!(
        told.contains("docs/guides/bach.md, which does not exist") && told.contains("is it docs/guides/batch.md?"),
        "{told}"
    );
}

#[test]
fn a_path_without_translations_cannot_be_accepted() {
    let project = project();
    let failure = check(project.path(), &["specs/user".to_owned()]).expect_err("nothing is there");
    assert!(format!("{failure:?}").contains("no translation belongs to specs/user"));
}
