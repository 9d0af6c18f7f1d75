//! Which methods a few words mean, best ones first.
//!
//! Whose name is typed whole comes first, whatever else there is. The others are weighed by where the words are found: in the
//! name, the title, the parameters, the summary. A word that is found nowhere is taken for the nearest one that is.

use std::collections::BTreeSet;

use crate::cli::suggest::nearest;
use crate::table::Outline;

/// Words that mean what names call otherwise.
const SYNONYMS: &[(&str, &str)] = &[
    ("new", "create"),
    ("make", "create"),
    ("remove", "delete"),
    ("edit", "update"),
    ("change", "update"),
    ("modify", "update"),
    ("show", "get"),
    ("read", "get"),
    ("all", "list"),
    ("find", "search"),
];
/// A shorter word within another one is chance.
const LONG: usize = 4;

/// What was found.
pub(crate) struct Found {
    /// Best ones first.
    pub(crate) outlines: Vec<Outline<'static>>,
    /// The words that were looked for in place of those that are found nowhere.
    pub(crate) corrected: Option<String>,
}

/// The commands that have to do with the words, best ones first.
pub(crate) fn find(outlines: impl Iterator<Item = Outline<'static>>, words: &str) -> Found {
    let entries: Vec<Entry> = outlines.map(Entry::new).collect();
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let first = Ranking::of(&entries, words);
    let corrected = if first.is_whole { None } else { first.corrected(&entries) };
    let (ranking, corrected) = match corrected {
        Some(second) => {
            let words = second.words.join(" ");
            (second, Some(words))
        }
        None => (first, None),
    };
    let order: Vec<usize> = ranking.hits.into_iter().map(|hit| hit.entry).collect();
    let mut outlines: Vec<Option<Outline<'static>>> = entries.into_iter().map(|entry| Some(entry.outline)).collect();
    Found { outlines: order.into_iter().filter_map(|at| outlines.get_mut(at)?.take()).collect(), corrected }
}

/// A command with its words as they are compared.
struct Entry {
    outline: Outline<'static>,
    /// The names in small letters.
    names: Vec<String>,
    /// The names without what separates their parts.
    joined: Vec<String>,
    /// The parts of all names.
    parts: Vec<String>,
    title: Vec<String>,
    summary: Vec<String>,
    params: Vec<String>,
}

impl Entry {
    fn new(outline: Outline<'static>) -> Self {
        let names: Vec<&str> = std::iter::once(&outline.function)
            .chain(&outline.method)
            .chain(&outline.aliases)
            .map(|name| name.as_ref())
            .collect();
        let params = outline.params.iter().flat_map(|param| [Some(&param.name), param.option.as_ref()]);
        Self {
            joined: names.iter().map(|name| joined(name)).collect(),
            parts: names.iter().flat_map(|name| split(name)).collect(),
            title: split(&outline.title),
            summary: split(&outline.summary),
            params: params.flatten().map(|name| name.to_lowercase()).collect(),
            names: names.iter().map(|name| name.to_lowercase()).collect(),
            outline,
        }
    }

    /// How well a word fits; nothing at all is 0.
    fn weigh(&self, word: &str) -> u32 {
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == word).map_or(0, |(_, name)| self.weigh_part(name));
        // The word itself says more than another one for it.
        let whole = self.weigh_part(word).max(synonym * 3 / 4);
        let parts = split(word);
        if parts.len() < 2 {
            return whole;
        }
        // Of a name with dots or dashes each part counts, where all of them are found.
        let parts: Vec<u32> = parts.iter().map(|part| self.weigh_part(part)).collect();
        let is_found = parts.iter().all(|weight| *weight > 0);
        let mean = parts.iter().sum::<u32>() / u32::try_from(parts.len()).unwrap_or(1);
        whole.max(if is_found { mean } else { 0 })
    }

    fn weigh_part(&self, word: &str) -> u32 {
        let stem = stem(word);
        let is_long = stem.chars().count() >= LONG;
        let is_word = |other: &String| self::stem(other) == stem;
        let begins = |other: &String| other.starts_with(stem);
        let mut weight = 0;
        if self.names.iter().any(|name| name == word) {
            weight += 100;
        }
        if self.parts.iter().any(is_word) {
            weight += 30;
        } else if self.parts.iter().any(begins) {
            weight += 15;
        } else if is_long && self.names.iter().any(|name| name.contains(stem)) {
            weight += 8;
        }
        if self.title.iter().any(is_word) {
            weight += 20;
        } else if self.title.iter().any(begins) {
            weight += 8;
        }
        if self.params.iter().any(|name| name == word) {
            weight += 6;
        } else if is_long && self.params.iter().any(|name| name.contains(stem)) {
            weight += 2;
        }
        if self.summary.iter().any(begins) {
            weight += 4;
        }
        weight
    }
}

/// A command that has to do with at least one word.
struct Hit {
    entry: usize,
    /// Its name is what was typed.
    is_named: bool,
    weight: u32,
    /// It has to do with every word.
    is_whole: bool,
}

/// The commands in their order.
struct Ranking {
    words: Vec<String>,
    hits: Vec<Hit>,
    /// Whether one of them has to do with every word.
    is_whole: bool,
}

impl Ranking {
    fn of(entries: &[Entry], words: Vec<String>) -> Self {
        let name = joined(&words.concat());
        let mut hits: Vec<Hit> = entries
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| {
                let weights: Vec<u32> = words.iter().map(|word| entry.weigh(word)).collect();
                let sum: u32 = weights.iter().sum();
                // The more there is besides, the less it is about the words.
                let besides = u32::try_from(entry.parts.len() + entry.title.len()).unwrap_or(u32::MAX / 20) / 4;
                let sum = sum * 10 / (10 + besides);
                let weight = if entry.outline.deprecated.is_some() { sum * 9 / 10 } else { sum };
                let is_named = !name.is_empty() && entry.joined.contains(&name);
                let is_whole = weights.iter().all(|weight| *weight > 0) || is_named;
                (weight > 0 || is_named).then_some(Hit { entry: at, is_named, weight, is_whole })
            })
            .collect();
        let is_whole = hits.iter().any(|hit| hit.is_whole);
        // What has to do with some of the words alone is of use only where nothing has to do with all.
        if is_whole {
            hits.retain(|hit| hit.is_whole);
        }
        hits.sort_by_key(|hit| std::cmp::Reverse((hit.is_named, hit.weight)));
        Self { words, hits, is_whole }
    }

    /// The ranking by the nearest words in place of those that are found nowhere; none where there is no such word, or
    /// where it does not help.
    fn corrected(&self, entries: &[Entry]) -> Option<Self> {
        let known: BTreeSet<&str> = entries
            .iter()
            .flat_map(|entry| [&entry.parts, &entry.title, &entry.names, &entry.params].into_iter().flatten())
            .map(String::as_str)
            .collect();
        let is_found = |word: &str| entries.iter().any(|entry| entry.weigh(word) > 0);
        let words: Vec<String> = self
            .words
            .iter()
            .map(|word| match is_found(word) {
                true => word.clone(),
                false => nearest(word, known.iter().copied(), 1).first().map_or(word.as_str(), |near| near).to_owned(),
            })
            .collect();
        if words == self.words {
            return None;
        }
        let ranking = Self::of(entries, words);
        (ranking.is_whole || self.hits.is_empty() && !ranking.hits.is_empty()).then_some(ranking)
    }
}

/// A name without what separates its parts: `crm.deal.list`, `crm deal list` and `crmDealList` are the same.
fn joined(text: &str) -> String {
    split(text).concat()
}

/// The words of a name or of a sentence in small letters.
fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_small = false;
    let mut is_open = false;
    for char in text.chars() {
        if !char.is_alphanumeric() {
            is_open = false;
            continue;
        }
        if !is_open || (char.is_uppercase() && was_small) {
            words.push(String::new());
            is_open = true;
        }
        was_small = !char.is_uppercase();
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
    }
    words
}

/// A word without the ending of its plural.
fn stem(word: &str) -> &str {
    let long = |stem: &&str| stem.len() >= 3;
    // companies, company; statuses, status; boxes, box.
    let word = match word.strip_suffix("ies").or(word.strip_suffix('y')).filter(|stem| stem.len() >= 5) {
        Some(stem) => return stem,
        None if ["sses", "uses", "xes"].iter().any(|ending| word.ends_with(ending)) => {
            word.strip_suffix("es").filter(long).unwrap_or(word)
        }
        None => word,
    };
    match word.strip_suffix('s').filter(long) {
        Some(stem) if !stem.ends_with('s') => stem,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_capitals_and_signs() {
        assert_eq!(split("UpdateUser"), ["update", "user"]);
        assert_eq!(split("crm.dealcategory.stage_list"), ["crm", "dealcategory", "stage", "list"]);
        assert_eq!(split("ИзменитьПользователя"), ["изменить", "пользователя"]);
        assert_eq!(joined("crm.deal-List"), "crmdeallist");
    }

    #[test]
    fn plurals_and_singulars_are_the_same() {
        for (one, many) in [
            ("deal", "deals"),
            ("company", "companies"),
            ("status", "statuses"),
            ("address", "addresses"),
            ("box", "boxes"),
            ("case", "cases"),
        ] {
            assert_eq!(stem(one), stem(many));
        }
        assert_eq!((stem("access"), stem("his"), stem("day")), ("access", "his", "day"));
    }
}
