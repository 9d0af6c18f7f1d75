//! Whether translations keep up with their originals. A text in another language is fit for the English one that it was
//! written for; when that one changes, somebody has to look at both.
//!
//! Guides say themselves which version of the English file they follow. The texts of specs are thousands of lines, so that
//! is recorded beside them, in a file that nobody writes by hand. Looked at by `cargo xtask lint` and a test: the
//! generator need not know.

mod guides;
mod texts;

use std::fs;
use std::path::Path;

use sha1::{Digest as _, Sha1};

use crate::diag::Diagnostics;
use crate::emit::OutFile;
use crate::project::{self, Failure};
use crate::spec::{self, LANGUAGES};

/// What was found.
#[derive(Debug)]
pub struct Checked {
    /// Translations that are behind their originals.
    pub problems: Diagnostics,
    /// Files to write: what is new or was accepted is to be recorded.
    pub writes: Vec<OutFile>,
}

/// Compares the translations of the project at `root` with their originals. Those that `accepted` names are fit for the
/// originals as they are now: files or folders by their path from the root, the translations' or the originals'.
///
/// # Errors
/// Problems of the specs, a file that cannot be read, or an accepted path that belongs to no translation.
pub fn check(root: &Path, accepted: &[String]) -> Result<Checked, Failure> {
    let mut accepted = Accepted { paths: accepted, used: vec![false; accepted.len()] };
    let mut checked = Checked { problems: Diagnostics::default(), writes: Vec::new() };
    let mut problems = Diagnostics::default();
    let specs = spec::load(&project::sources(root)?, &mut problems);
    if !problems.is_empty() {
        return Err(problems.sorted().into());
    }
    for overlays in &specs.overlays {
        let record = record(root, &overlays.language, &mut accepted)?;
        texts::check(&specs, overlays, &record, &mut accepted, &mut checked);
    }
    for language in LANGUAGES {
        guides::check(root, language, &mut accepted, &mut checked)?;
    }
    if let Some(at) = accepted.used.iter().position(|used| !used) {
        return Err(Failure::Other(format!("no translation belongs to {}", accepted.paths[at])));
    }
    checked.problems = checked.problems.sorted();
    Ok(checked)
}

/// The record of a language. Without one, every text would pass for one that fits: a new one is begun only when somebody
/// accepts all of them.
fn record(root: &Path, language: &str, accepted: &mut Accepted<'_>) -> Result<String, Failure> {
    let path = texts::record_of(language);
    let text = read(root, &path)?;
    if accepted.covers(&path, &path) {
        return Ok(text.unwrap_or_default());
    }
    let refused = |fault: String, help: &str| {
        let begin = format!("cargo xtask lint --accept specs/i18n/{language}");
        Err(Failure::Other(format!(
            "{fault}\nhelp: {help}; where all texts fit the English ones as they are, begin a new one with `{begin}`"
        )))
    };
    let Some(text) = text else {
        let fault = format!("{path} is missing, which tells what English texts the translations were written for");
        return refused(fault, &format!("take it back from git (`git checkout -- {path}`)"));
    };
    match texts::damage(&text) {
        None => Ok(text),
        Some(line) => {
            let help = "keep the lines of both sides of a merge and remove git's marks, or take it back from git";
            refused(format!("{path}, line {line}: not a line of such a record"), help)
        }
    }
}

/// The paths whose translations are accepted.
struct Accepted<'p> {
    paths: &'p [String],
    /// Those that some translation belongs to.
    used: Vec<bool>,
}

impl Accepted<'_> {
    /// Whether a translation is accepted, by its own path or by the one of what it translates.
    fn covers(&mut self, translation: &str, original: &str) -> bool {
        let mut covers = false;
        for (path, used) in self.paths.iter().zip(&mut self.used) {
            let below = |file: &str| {
                file.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if below(translation) || below(original) {
                (covers, *used) = (true, true);
            }
        }
        covers
    }
}

/// The words that tell what to do about a translation.
fn acceptance(first: &str, path: &str) -> String {
    format!("{first}; if it fits as it is: `cargo xtask lint --accept {path}`")
}

/// The text of a file; none where there is no such file.
fn read(root: &Path, path: &str) -> Result<Option<String>, Failure> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Other(format!("cannot read {path}: {error}"))),
    }
}

/// The first digits of the SHA-1 of some parts.
fn digest(parts: &[&[u8]], digits: usize) -> String {
    let mut hasher = Sha1::new();
    parts.iter().for_each(|part| hasher.update(part));
    let mut text: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_covers_what_is_below_it() {
        let paths = ["specs/i18n/ru/user".to_owned(), "specs/crm/a.yaml".to_owned(), "docs".to_owned()];
        let mut accepted = Accepted { paths: &paths, used: vec![false; 3] };
        assert!(accepted.covers("specs/i18n/ru/user/user.get.yaml", "specs/user/user.get.yaml"));
        assert!(!accepted.covers("specs/i18n/ru/users.yaml", "specs/users.yaml"));
        assert!(accepted.covers("specs/i18n/ru/crm/a.yaml", "specs/crm/a.yaml"));
        assert_eq!(accepted.used, [true, true, false]);
    }
}
