//! Reads spec files into structs and turns the parser's errors into diagnostics.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::compat::CompatSpec;
use super::furniture::Furniture;
use super::locate::{self, Step, locate};
use super::model::{CategorySpec, MethodSpec, TypeSpec};
use super::overlay::{LANGUAGES, Overlays};
use crate::diag::{Diagnostic, Diagnostics, Place, SourceText};
use crate::suggest::nearest;

/// Splits a parse error's message from its help.
pub(super) const HELP: &str = "\u{1}help\u{1}";

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
    let at = |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    for entry in fs::read_dir(folder).map_err(|error| at(folder, error))? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        // Editors keep locks and copies in hidden files; some of them cannot even be read.
        if file_name.starts_with('.') {
            continue;
        }
        let path = format!("{name}/{file_name}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &path, sources)?;
        } else if is_spec(&path) {
            let bytes = fs::read(entry.path()).map_err(|error| at(&entry.path(), error))?;
            sources.push(Source { path, bytes });
        }
    }
    Ok(())
}

/// Whether a file is meant to be a spec, its ending well written or not.
fn is_spec(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|ending| ["yaml", "yml"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
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
        check_text(source, &text, problems);
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if problems.len() > before {
        } else if !name.ends_with(".yaml") {
            problems.push(Diagnostic::new(Place::at(&text, 1, 1), "spec files end in `.yaml`").help("rename the file"));
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
        Ok(spec) => Some(File { source: Arc::clone(text), spec }),
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
        problems.push(
            Diagnostic::new(Place::at(text, 1, 1), "the file is empty")
                .help("`cargo xtask new <method>` writes a spec to start from"),
        );
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

/// A parser's error in our words.
fn explain(text: &Arc<SourceText>, error: &serde_yaml::Error) -> Diagnostic {
    let full = error.to_string();
    let place = error.location().map_or_else(|| Place::at(text, 1, 1), |at| Place::at(text, at.line(), at.column()));
    // serde_yaml puts the path before the message and the place behind it.
    let message = match full.rfind(" at line ") {
        Some(at) if error.location().is_some() => &full[..at],
        _ => &full,
    };
    let message = message.split_once(": ").filter(|(path, _)| is_path(path)).map_or(message, |(_, message)| message);
    if let Some((message, help)) = message.split_once(HELP) {
        return Diagnostic::new(place, message).help(help);
    }
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((key, known)) if message.starts_with("unknown field") => {
            let help = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("known keys: {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
                }
            };
            Diagnostic::new(place, format!("unknown key `{key}`")).help(help)
        }
        Some((key, _)) if message.starts_with("missing field") => {
            Diagnostic::new(place, format!("the key `{key}` is missing")).label("in the mapping that begins here")
        }
        Some((key, _)) if message.starts_with("duplicate field") => {
            let place = second(text, &place, key).unwrap_or(place);
            Diagnostic::new(place, format!("the key `{key}` stands here twice")).help("keep one of them")
        }
        _ if ["invalid type: ", "invalid value: "].iter().any(|kind| message.starts_with(kind)) => {
            let (_, fault) = message.split_once(": ").unwrap_or_default();
            let (found, expected) = fault.split_once(", expected ").unwrap_or((fault, "something else"));
            let expected = match expected {
                "usize" => "a whole number",
                "u16" => "a whole number up to 65535",
                "a character" => "one letter or digit",
                "a value" if found == "enum" => "a value without a tag",
                word if word.starts_with("struct ") => "a mapping with keys",
                word => word,
            };
            let found = if found == "enum" { "a YAML tag" } else { found };
            Diagnostic::new(place, format!("expected {expected}, found {found}"))
        }
        _ => Diagnostic::new(place, format!("not valid YAML: {message}")),
    }
}

/// Where a key stands for the second time in the block mapping that begins at a place.
fn second(text: &Arc<SourceText>, mapping: &Place, key: &str) -> Option<Place> {
    let start = text.text[..mapping.span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = mapping.span.start - start;
    let lines = text.text[start..].lines().enumerate();
    let stands = |line: &str| {
        line.get(indent..)
            .is_some_and(|rest| rest.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
    };
    let (at, _) = lines.filter(|(_, line)| stands(line)).nth(1)?;
    let first_line = 1 + text.text[..start].matches('\n').count();
    Some(Place::at(text, first_line + at, indent + 1))
}

/// Whether this is the path that serde_yaml puts before a message: `params[0].type`.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(' ')
        && text.chars().all(|char| char.is_alphanumeric() || matches!(char, '.' | '_' | '[' | ']' | '-' | '?' | '\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
