//! A generator that is killed at any moment leaves whole files only, and the next run finishes the work.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bitrix24_codegen::{emit::OutFile, sync::Plan};

/// How many files a run writes.
const FILES: usize = 400;

fn files(round: usize) -> Vec<OutFile> {
    let file = |at: usize| {
        OutFile::new(format!("generated/src/m{}/f{at}.rs", at % 7), format!("{round} {}", "x".repeat(20_000)))
    };
    // Some files come and go, so that there are orphans too.
    (0..FILES).filter(|at| !(at + round).is_multiple_of(5)).map(file).collect()
}

/// The child: writes one round after the other until it is killed.
#[test]
#[ignore = "runs as the child of the next test"]
fn write_for_ever() {
    let root = std::env::var("KILLED_ROOT").expect("the parent names the folder");
    for round in 0.. {
        let plan = Plan::new(Path::new(&root), files(round), &["generated/src"]).expect("compared");
        plan.apply(Path::new(&root)).expect("written");
    }
}

#[test]
fn a_killed_run_leaves_whole_files_and_the_next_one_mends() {
    let root = tempfile::tempdir().expect("a folder");
    for kill in 0..25_u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--ignored", "--exact", "write_for_ever"])
            .env("KILLED_ROOT", root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the child runs");
        std::thread::sleep(Duration::from_millis(30 + 7 * kill));
        child.kill().expect("killed");
        child.wait().expect("gone");
        for folder in fs::read_dir(root.path().join("generated/src")).into_iter().flatten().flatten() {
            for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                let text = fs::read_to_string(file.path()).expect("text");
                assert!(text.len() > 20_000 && text.ends_with('x'), "a part of a file: {}", file.path().display());
            }
        }
        let wanted = files(1_000_000);
        Plan::new(root.path(), wanted.clone(), &["generated/src"])
            .expect("compared")
            .apply(root.path())
            .expect("mended");
        assert!(Plan::new(root.path(), wanted, &["generated/src"]).expect("compared").is_clean());
        assert!(!root.path().join("generated/.staging").exists());
    }
}
