//! The commands of the guides: every line of `oint` goes into a shell as it stands there, as a dry run, or with `--help` where
//! there is nothing to send. A command that is not understood is a fault of the guide.

#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{oint, told};

/// What stands for `oint` in the shell: of what a command would send the request is shown, of the others the help.
const OINT: &str = r#"oint() {
  case "$1 $*" in
    *" --dry-run"*|*" --help"*|*" --curl"*|*" --describe"*) ;;
    bitrix24*|call*|batch*) set -- "$@" --dry-run ;;
    search*|version*) ;;
    *) set -- "$@" --help ;;
  esac
  "$OINT" "$@" > shown
}
"#;

/// The guides in all languages.
fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let folders = ["guides", "i18n/ru/docusaurus-plugin-content-docs/current"];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(docs.join(folder)).expect("guides"));
    let mut pages: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

/// The blocks of a page, each with the number of its first line and what stands behind the fence.
fn blocks(page: &str) -> Vec<(usize, &str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str, Vec<&str>)> = None;
    for (at, line) in page.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(head), None) => open = Some((at + 2, head, Vec::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some((_, _, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    found
}

/// The commands of a block, each with the number of its line: those behind a prompt, in Bash all of them.
fn commands<'p>(at: usize, head: &str, lines: &[&'p str]) -> Vec<(usize, &'p str)> {
    let command = |line: &'p str| match line.trim_start().strip_prefix("$ ") {
        Some(command) => Some(command),
        None => (head == "bash").then_some(line.trim_start()),
    };
    let numbered = lines.iter().enumerate().filter_map(|(line, text)| Some((at + line, command(text)?)));
    numbered.filter(|(_, command)| command.starts_with("oint ")).collect()
}

#[test]
fn every_command_of_the_guides_is_understood() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("text");
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).expect("written");
        // Files that the pages speak of without showing them.
        put("webhook.txt", "");
        put("rows.csv", "fields.TITLE\nDoors\n");
        put("report.pdf", "%PDF-1.7\n");
        put("portrait.jpg", "a picture");
        for (_, head, lines) in blocks(&text) {
            if let Some((_, title)) = head.split_once("title=\"") {
                put(title.trim_end_matches('"'), &(lines.join("\n") + "\n"));
            }
        }
        for (line, command) in blocks(&text).iter().flat_map(|(at, head, lines)| commands(*at, head, lines)) {
            seen += 1;
            let known = oint(&[]);
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{OINT}{}", command.trim_end_matches('&'))]).current_dir(folder.path());
            shell.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
            shell.env("OINT", known.get_program()).env_remove("B24_URL");
            let (code, _, stderr) = told(&shell.output().expect("sh runs"));
            if code != 0 {
                faults.push(format!("{}:{line}: {command}\n{stderr}", page.display()));
            }
        }
    }
    assert!(seen >= 50, "{seen} commands found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
