//! The guides in another language. Each says in its front matter which version of the English file it follows, as
//! `follows: 1a2b3c4d`: the first digits of git's own number of that file's content. So git can show what has changed since.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{Accepted, Checked, acceptance, digest, read};
use crate::diag::{Diagnostic, Place, SourceText};
use crate::emit::OutFile;
use crate::project::Failure;
use crate::suggest::nearest;

/// Where the English guides are.
const GUIDES: &str = "docs/guides";
/// Digits of a version that are written down.
const DIGITS: usize = 8;

fn folder_of(language: &str) -> String {
    format!("docs/i18n/{language}/docusaurus-plugin-content-docs/current")
}

/// Reports guides that follow another version of their original than the one that is there.
pub(super) fn check(
    root: &Path,
    language: &str,
    accepted: &mut Accepted<'_>,
    checked: &mut Checked,
) -> Result<(), Failure> {
    let folder = folder_of(language);
    let known = names(root, GUIDES)?;
    for name in names(root, &folder)? {
        let (path, original) = (format!("{folder}/{name}"), format!("{GUIDES}/{name}"));
        let Some(text) = read(root, &path)? else { continue };
        let source = Arc::new(SourceText { path, text });
        let Some(english) = read(root, &original)? else {
            let near = nearest(&name, known.iter().map(String::as_str));
            let help = near.map_or_else(|| "remove it".to_owned(), |near| format!("is it {GUIDES}/{near}?"));
            let message = format!("this is the translation of {original}, which does not exist");
            checked.problems.push(Diagnostic::new(Place::at(&source, 1, 1), message).help(help));
            continue;
        };
        let version = version(&english);
        let mark = mark(&source.text);
        if mark.clone().is_some_and(|mark| source.text[mark] == version) {
            accepted.covers(&source.path, &original);
        } else if accepted.covers(&source.path, &original) {
            match marked(&source.text, mark, &version) {
                Some(text) => checked.writes.push(OutFile::new(&source.path, text)),
                None => checked.problems.push(
                    Diagnostic::new(Place::at(&source, 1, 1), "the guide has no front matter")
                        .help("begin it with `---`, a `title` and `---`"),
                ),
            }
        } else {
            checked.problems.push(behind(&source, &original, mark));
        }
    }
    Ok(())
}

/// What is said of a guide that follows another version, or does not say which one.
fn behind(source: &Arc<SourceText>, original: &str, mark: Option<Range<usize>>) -> Diagnostic {
    let Some(mark) = mark else {
        let message = format!("the guide does not say which version of {original} it follows");
        return Diagnostic::new(Place::at(source, 1, 1), message).help(acceptance("compare the two", &source.path));
    };
    let version = source.text[mark.clone()].to_owned();
    let place = Place { source: Arc::clone(source), span: mark };
    Diagnostic::new(place, format!("{original} has changed since it was translated"))
        .help(format!("`git diff {version} {original}` shows how"))
        .help(acceptance("bring the translation up to date", &source.path))
}

/// Git's number of a file's content.
fn version(text: &str) -> String {
    digest(&[format!("blob {}\0", text.len()).as_bytes(), text.as_bytes()], DIGITS)
}

/// The front matter of a page, between its lines.
fn front_matter(text: &str) -> Option<Range<usize>> {
    let start = text.strip_prefix("---\n").map(|_| 4)?;
    let end = start + text[start..].find("\n---\n")? + 1;
    Some(start..end)
}

/// Where a page says which version it follows.
fn mark(text: &str) -> Option<Range<usize>> {
    const KEY: &str = "follows:";
    let matter = front_matter(text)?;
    let mut at = matter.start;
    for line in text[matter].split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix(KEY) {
            let value = rest.trim();
            let start = at + KEY.len() + (rest.len() - rest.trim_start().len());
            return (!value.is_empty()).then(|| start..start + value.len());
        }
        at += line.len();
    }
    None
}

/// The page with another mark.
fn marked(text: &str, mark: Option<Range<usize>>, version: &str) -> Option<String> {
    let mut text = text.to_owned();
    match mark {
        Some(mark) => text.replace_range(mark, version),
        None => text.insert_str(front_matter(&text)?.end, &format!("follows: {version}\n")),
    }
    Some(text)
}

/// The guides of a folder, sorted; none where there is no such folder.
fn names(root: &Path, folder: &str) -> Result<Vec<String>, Failure> {
    let told = |error: io::Error| Failure::Other(format!("cannot read {folder}: {error}"));
    let mut names = Vec::new();
    match fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(told(error)),
        Ok(entries) => {
            for entry in entries {
                let name = entry.map_err(told)?.file_name().to_string_lossy().into_owned();
                if name.ends_with(".md") && !name.starts_with('.') {
                    names.push(name);
                }
            }
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_gits_number_of_the_content() {
        // `printf 'hello\n' | git hash-object --stdin`
        assert_eq!(version("hello\n"), "ce013625");
    }

    #[test]
    fn the_mark_is_found_replaced_and_added() {
        let page = "---\ntitle: T\nfollows: 12345678\n---\n\nfollows: x\n";
        let found = mark(page).expect("a mark");
        assert_eq!(&page[found.clone()], "12345678");
        assert_eq!(marked(page, Some(found), "87654321").expect("front matter"), page.replace("12345678", "87654321"));
        let bare = "---\ntitle: T\n---\n\nText.\n";
        assert_eq!(mark(bare), None);
        assert_eq!(marked(bare, None, "1a").expect("front matter"), "---\ntitle: T\nfollows: 1a\n---\n\nText.\n");
        assert_eq!(mark("---\nfollows:\n---\n"), None);
        assert_eq!(marked("# T\n", None, "1a"), None);
    }
}
