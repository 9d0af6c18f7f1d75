//! The texts of specs in another language. A record beside them (`originals.lock`) holds for each a digest of itself and
//! one of the English text that it was written for. It keeps itself: a text that is new or was written anew is recorded as
//! it stands, and only one that stayed as it was while the English one changed is a question for somebody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Accepted, Checked, acceptance, digest};
use crate::diag::Diagnostic;
use crate::emit::OutFile;
use crate::lower::{TextPair, text_pairs};
use crate::spec::{Overlays, Specs, Step, locate, texts};

/// Digits of a digest: within one file's texts no two are alike by chance.
const DIGITS: usize = 6;
/// What the record begins with.
const HEAD: &str = "# Which English texts these texts were written for. `cargo xtask lint` keeps this file.\n";

/// Where the record of a language is.
pub(super) fn record_of(language: &str) -> String {
    format!("specs/i18n/{language}/originals.lock")
}

/// By file, the digest of each text with those of the English texts that it fits.
type Record = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Reports texts that stayed the same when the English ones changed, and brings the record up to date.
pub(super) fn check(
    specs: &Specs,
    overlays: &Overlays,
    record: &str,
    accepted: &mut Accepted<'_>,
    checked: &mut Checked,
) {
    let folder = format!("specs/i18n/{}/", overlays.language);
    let known = parsed(record);
    let mut fresh = Record::new();
    for pair in text_pairs(specs, overlays).into_iter().chain(furniture(specs, overlays)) {
        let path = &pair.source.path;
        let file = path.strip_prefix(&folder).unwrap_or(path);
        let is_accepted = accepted.covers(path, &format!("specs/{file}"));
        // Where it stands belongs to it: the same words may be said of two things.
        let own = digest(&[key(&pair.path).as_bytes(), pair.own.as_bytes()], DIGITS);
        let english = digest(&[pair.english.as_bytes()], DIGITS);
        let before = known.get(file).and_then(|texts| texts.get(&own));
        let kept = fresh.entry(file.to_owned()).or_default().entry(own).or_default();
        match before {
            Some(before) if !is_accepted && !before.contains(&english) => {
                kept.extend(before.iter().cloned());
                let message = "the English text has changed since this one was written";
                checked.problems.push(
                    Diagnostic::new(locate(&pair.source, &pair.path), message)
                        .help(format!("in English now: {}", pair.english))
                        .help(acceptance("write it anew", path)),
                );
            }
            _ => {
                kept.insert(english);
            }
        }
    }
    let text = printed(&fresh);
    if text != record {
        checked.writes.push(OutFile::new(record_of(&overlays.language), text));
    }
}

/// The words around the texts, which are read as they stand.
fn furniture(specs: &Specs, overlays: &Overlays) -> Vec<TextPair> {
    let (Some(english), Some(own)) = (&specs.furniture, &overlays.furniture) else { return Vec::new() };
    // The names of keys are visited as well; they are nobody's translation.
    let is_text = |path: &[Step]| !matches!(path.last(), Some(Step::Key(_)));
    let mut originals = BTreeMap::new();
    texts(&english.source.text, &mut |path, text| {
        if is_text(path) {
            originals.insert(key(path), text.to_owned());
        }
    });
    let mut pairs = Vec::new();
    texts(&own.source.text, &mut |path, text| {
        if let Some(english) = originals.get(&key(path)).filter(|_| is_text(path)) {
            pairs.push(TextPair {
                source: Arc::clone(&own.source),
                path: path.to_vec(),
                english: english.clone(),
                own: text.to_owned(),
            });
        }
    });
    pairs
}

/// A place in a file as one text.
fn key(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::In(name) | Step::Key(name) => text.push_str(name),
            Step::At(at) => text.push_str(&at.to_string()),
        }
        text.push('\0');
    }
    text
}

/// The first line that is none of a record: a mark of git's, or what is left of one.
pub(super) fn damage(text: &str) -> Option<usize> {
    let is_digest = |word: &str| word.len() == 2 * DIGITS && word.chars().all(|char| char.is_ascii_hexdigit());
    let is_line = |line: &str| {
        let mut words = line.split(' ');
        line.starts_with('#') || words.next().is_some_and(|file| file.ends_with(".yaml")) && words.all(is_digest)
    };
    if !text.starts_with(HEAD) {
        return Some(1);
    }
    text.lines().position(|line| !is_line(line)).map(|at| at + 1)
}

/// Reads a record. A line that git's merge doubled counts as one; what is no record is none.
fn parsed(text: &str) -> Record {
    let mut record = Record::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let texts = record.entry(words.next().unwrap_or_default().to_owned()).or_default();
        for word in words.filter(|word| word.len() == 2 * DIGITS && word.is_ascii()) {
            let (own, english) = word.split_at(DIGITS);
            texts.entry(own.to_owned()).or_default().insert(english.to_owned());
        }
    }
    record
}

/// Writes a record: a line a file, so that changes of two files do not meet.
fn printed(record: &Record) -> String {
    let mut text = HEAD.to_owned();
    for (file, texts) in record {
        text.push_str(file);
        for (own, originals) in texts {
            originals.iter().for_each(|english| text.extend([" ", own, english]));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_is_written() {
        let text = format!("{HEAD}a/b.yaml 111111222222 333333444444 333333555555\nc.yaml 666666777777\n");
        assert_eq!(printed(&parsed(&text)), text);
        let doubled = format!("{text}{HEAD}c.yaml 666666777777\n");
        assert_eq!(damage(&doubled), None);
        assert_eq!(parsed(&doubled)["c.yaml"].len(), 1);
    }

    #[test]
    fn what_is_no_record_is_found() {
        let line = |text: &str| damage(&format!("{HEAD}a/b.yaml 111111222222\n{text}"));
        for text in ["<<<<<<< ours\n", "=======\n", "c.yaml 66666677777\n", "c.yaml 666666 777777\n", "c.ya\n", "\n"] {
            assert_eq!(line(text), Some(3), "{text:?}");
        }
        assert_eq!(line("c.yaml\n"), None);
        assert_eq!((damage(""), damage("garbage\n")), (Some(1), Some(1)));
    }
}
