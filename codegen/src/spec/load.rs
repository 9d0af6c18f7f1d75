//! Reads spec files into structs and turns the parser's errors into diagnostics.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::blank;
use super::compat::CompatSpec;
use super::explain::explain;
use super::furniture::Furniture;
use super::locate::{self, Step, locate};
use super::model::{CategorySpec, MethodSpec, TypeSpec};
use super::overlay::{LANGUAGES, Overlays};
use crate::diag::{Diagnostic, Diagnostics, Place, SourceText};

/// A spec file as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path from the project's root, with `/`: `specs/user/user.update.yaml`.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// A spec with its file.
#[derive(Debug)]
pub struct File<T> {
    /// The file.
    pub source: Arc<SourceText>,
    /// What it says.
    pub spec: T,
}

impl<T> File<T> {
    /// The place of a value.
    pub fn place(&self, path: &[Step]) -> Place {
        locate(&self.source, path)
    }

    /// The file's folder below `specs/`: the category's key.
    pub fn folder(&self) -> &str {
        folder(&self.source.path)
    }

    /// The file's name without `.yaml`.
    pub fn stem(&self) -> &str {
        self.source.path.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml")).unwrap_or_default()
    }
}

fn folder(path: &str) -> &str {
    let below = path.strip_prefix("specs/").unwrap_or(path);
    below.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// All spec files, sorted by path.
#[derive(Debug, Default)]
pub struct Specs {
    /// Methods.
    pub methods: Vec<File<MethodSpec>>,
    /// Categories.
    pub categories: Vec<File<CategorySpec>>,
    /// Shared types.
    pub types: Vec<File<TypeSpec>>,
    /// What other packages offer.
    pub compat: Vec<File<CompatSpec>>,
    /// What pages have beside the texts of specs, in English.
    pub furniture: Option<File<Furniture>>,
    /// Their texts in other languages, by language.
    pub overlays: Vec<Overlays>,
    /// Files that could not be read, by path without `.yaml`: what refers to them is not an error of its own.
    pub broken: Vec<String>,
}

/// The spec files of a project.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(root: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    walk(&root.join("specs"), "specs", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn walk(folder: &Path, name: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    let at = |path: &str, error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
    for entry in fs::read_dir(folder).map_err(|error| at(name, error))? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        // Editors keep locks and copies in hidden files; some of them cannot even be read.
        if file_name.starts_with('.') {
            continue;
        }
        let path = format!("{name}/{file_name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &path, sources)?;
        } else if kind.is_symlink() && !entry.path().is_file() {
            let fault =
                if entry.path().exists() { "links to folders are not followed" } else { "the link leads nowhere" };
            return Err(io::Error::other(format!("{path}: {fault}; remove it")));
        } else if is_spec(&file_name) {
            let bytes = fs::read(entry.path()).map_err(|error| at(&path, error))?;
            sources.push(Source { path, bytes });
        }
    }
    Ok(())
}

/// Whether a file is meant to be a spec, its ending well written or not. What else may be there is known.
fn is_spec(name: &str) -> bool {
    const OTHERS: [&str; 8] = ["json", "lock", "md", "orig", "rej", "bak", "swp", "tmp"];
    let is_copy = name.ends_with('~') || name.starts_with('#');
    let ending = Path::new(name).extension();
    !is_copy && !ending.is_some_and(|ending| OTHERS.iter().any(|other| ending.eq_ignore_ascii_case(other)))
}

/// Several files in one text, for tests and samples: a line `=== <path>` begins each.
pub fn bundle(text: &[u8]) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(b"=== "), sources.last_mut()) {
            (Some(path), _) => {
                sources.push(Source { path: String::from_utf8_lossy(path).trim().to_owned(), bytes: Vec::new() })
            }
            (None, Some(source)) => source.bytes.extend_from_slice(line),
            (None, None) => {}
        }
    }
    sources
}

/// Reads all files; what cannot be read is reported and left out.
pub fn load(sources: &[Source], problems: &mut Diagnostics) -> Specs {
    let mut order: Vec<&Source> = sources.iter().collect();
    order.sort_by(|a, b| a.path.cmp(&b.path));
    let mut specs = Specs::default();
    for source in order {
        let text = Arc::new(SourceText {
            path: source.path.clone(),
            text: String::from_utf8_lossy(&source.bytes).into_owned(),
        });
        let before = problems.len();
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if let Some((fault, help)) = misplaced(&source.path, name) {
            problems.push(Diagnostic::new(Place::at(&text, 1, 1), fault).help(help));
        } else {
            check_text(source, &text, problems);
        }
        if problems.len() > before {
        } else if let Some(path) = source.path.strip_prefix("specs/i18n/") {
            overlay(path, &text, &mut specs, problems);
        } else if name == "_category.yaml" {
            specs.categories.extend(parse(&text, problems));
        } else if folder(&source.path) == "types" {
            specs.types.extend(parse(&text, problems));
        } else if folder(&source.path) == "compat" {
            specs.compat.extend(parse(&text, problems));
        } else {
            specs.methods.extend(parse(&text, problems));
        }
        if problems.len() > before {
            specs.broken.push(source.path.trim_end_matches(".yaml").to_owned());
        }
    }
    specs
}

/// What is wrong with the name or the place of a file, and how to mend it.
fn misplaced(path: &str, name: &str) -> Option<(&'static str, &'static str)> {
    if !name.ends_with(".yaml") {
        return Some(("spec files end in `.yaml`", "rename the file, or remove it"));
    }
    if name == "category.yaml" {
        return Some(("the file of a category is called `_category.yaml`", "rename the file"));
    }
    if path.starts_with("specs/i18n/") {
        return None;
    }
    match folder(path).split_once('/')? {
        ("types", _) => Some(("shared types stand in specs/types, without folders", "move the file to specs/types/")),
        ("compat", _) => Some(("packages stand in specs/compat, without folders", "move the file to specs/compat/")),
        _ => None,
    }
}

/// Reads a file of texts in another language; `path` is the one below `specs/i18n/`.
fn overlay(path: &str, text: &Arc<SourceText>, specs: &mut Specs, problems: &mut Diagnostics) {
    if path == "en/furniture.yaml" {
        specs.furniture = parse(text, problems);
        return;
    }
    let Some((language, path)) = path.split_once('/').filter(|(language, _)| LANGUAGES.contains(language)) else {
        let known: Vec<String> = LANGUAGES.iter().map(|language| format!("specs/i18n/{language}/")).collect();
        problems.push(
            Diagnostic::new(Place::at(text, 1, 1), "texts stand in the folder of a language that the site has")
                .help(format!("move the file to {}", known.join(" or "))),
        );
        return;
    };
    if specs.overlays.last().is_none_or(|last| last.language != language) {
        specs.overlays.push(Overlays { language: language.to_owned(), ..Overlays::default() });
    }
    let Some(overlays) = specs.overlays.last_mut() else { return };
    if path == "furniture.yaml" {
        overlays.furniture = parse(text, problems);
    } else if path == "phrases.yaml" {
        overlays.phrases = parse(text, problems);
    } else if path.ends_with("_category.yaml") {
        overlays.categories.extend(parse(text, problems));
    } else if path.starts_with("types/") {
        overlays.types.extend(parse(text, problems));
    } else if path.starts_with("compat/") {
        overlays.compat.extend(parse(text, problems));
    } else {
        overlays.methods.extend(parse(text, problems));
    }
}

fn parse<T: DeserializeOwned>(text: &Arc<SourceText>, problems: &mut Diagnostics) -> Option<File<T>> {
    match serde_yaml::from_str::<T>(&text.text) {
        Ok(spec) => {
            let before = problems.len();
            blank::check(text, problems);
            // What is not there would break other rules as well.
            (problems.len() == before).then(|| File { source: Arc::clone(text), spec })
        }
        Err(error) => {
            problems.push(explain(text, &error));
            None
        }
    }
}

/// Rules for any text of a spec: UTF-8, and no character that is invisible or changes the direction of what follows.
fn check_text(source: &Source, text: &Arc<SourceText>, problems: &mut Diagnostics) {
    if let Err(error) = std::str::from_utf8(&source.bytes) {
        let line = 1 + source.bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        problems.push(Diagnostic::new(Place::at(text, line, 1), "the file is not UTF-8").help("save it as UTF-8"));
        return;
    }
    if text.text.trim().is_empty() {
        let help = match text.path.strip_prefix("specs/i18n/") {
            Some(_) => "write the texts, or remove the file: its page is in English then",
            None => "`cargo xtask new <method>` writes a spec to start from",
        };
        problems.push(Diagnostic::new(Place::at(text, 1, 1), "the file is empty").help(help));
        return;
    }
    if let Some((at, char)) = first_refused(&text.text) {
        let place = Place { source: Arc::clone(text), span: at..at + char.len_utf8() };
        problems.push(refused(place, char));
        return;
    }
    // An escape may hide such a character in a quoted text.
    if has_escape(&text.text) {
        let mut found = None;
        locate::texts(&text.text, &mut |path, value| {
            if found.is_none()
                && let Some(char) = value.chars().find(|char| is_refused(*char))
            {
                found = Some((path.to_vec(), char));
            }
        });
        if let Some((path, char)) = found {
            problems.push(refused(locate(text, &path), char));
        }
    }
}

fn refused(place: Place, char: char) -> Diagnostic {
    Diagnostic::new(place, format!("the character U+{:04X} is not allowed in a spec", u32::from(char)))
        .label("here")
        .help("remove it; control characters, direction marks and other invisible characters can hide what a text says")
}

/// The first character that no spec may hold. Only what begins like one of them is looked at: files are long.
fn first_refused(text: &str) -> Option<(usize, char)> {
    let may_begin = |byte: u8| match byte {
        b'\n' | b'\r' | b'\t' => false,
        0..0x20 | 0x7F | 0xC2 | 0xD8 | 0xE2.. => true,
        _ => false,
    };
    let places = text.bytes().enumerate().filter(|(_, byte)| may_begin(*byte));
    let mut chars = places.filter_map(|(at, _)| Some((at, text.get(at..)?.chars().next()?)));
    chars.find(|(_, char)| is_refused(*char))
}

/// Whether an escape of another character than a quote, a backslash, a line break or a tabulator stands anywhere.
fn has_escape(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let run = rest[at..].bytes().take_while(|byte| *byte == b'\\').count();
        rest = &rest[at + run..];
        // Pairs are backslashes.
        if run % 2 == 1 && !rest.starts_with(['"', 'n', 't', 'r', '/', ' ', '\n']) {
            return true;
        }
    }
    false
}

/// Characters that no spec may hold.
pub(super) fn is_refused(char: char) -> bool {
    (char.is_control() && !matches!(char, '\n' | '\r' | '\t'))
        || matches!(char, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(u32::from(char), 0xE0000..=0xE007F | 0x061C)
        || matches!(u32::from(char) & 0xFFFE, 0xFFFE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_that_lead_nowhere_or_to_folders_are_named() {
        let root = tempfile::tempdir().expect("a folder");
        let specs = root.path().join("specs");
        fs::create_dir(&specs).expect("made");
        let link = |to: &str| {
            let place = specs.join("odd.yaml");
            let _ = fs::remove_file(&place);
            std::os::unix::fs::symlink(to, &place).expect("linked");
            files(root.path()).map(|sources| sources.len()).map_err(|error| error.to_string())
        };
        assert_eq!(link("gone.yaml"), Err("specs/odd.yaml: the link leads nowhere; remove it".to_owned()));
        assert_eq!(link("."), Err("specs/odd.yaml: links to folders are not followed; remove it".to_owned()));
        fs::write(specs.join("real.yaml"), "x").expect("written");
        assert_eq!(link("real.yaml"), Ok(2));
    }

    #[test]
    fn what_is_no_spec_by_its_name_is_passed_over() {
        for name in ["a.yaml", "A.YML", "a.yaml.txt", "user.get", "notes"] {
            assert!(is_spec(name), "{name}");
        }
        for name in ["method.schema.json", "originals.lock", "README.md", "a.yaml~", "#a.yaml#", "a.yaml.orig"] {
            assert!(!is_spec(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_refused_character_is_found(text in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f\u{61c}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{2069}\u{feff}\u{fff9}-\u{ffff}\u{1fffe}\u{e0001}]){0,12}") {
            prop_assert_eq!(first_refused(&text), text.char_indices().find(|(_, char)| is_refused(*char)));
        }

        #[test]
        fn an_escape_that_can_hide_a_character_is_seen(before in "[a\\\\\" ]{0,6}", escape in "[0abefvN_LPxuU]") {
            let text = format!("a: \"{before}\\{escape}\"");
            let run = text.trim_end_matches(['"']).trim_end_matches(&escape[..]).bytes().rev().take_while(|byte| *byte == b'\\').count();
            prop_assume!(run % 2 == 1);
            prop_assert!(has_escape(&text));
        }
    }
}
