//! What fits at the cursor: commands, methods, options, values, names of profiles, paths.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command as Clap};
use serde_json::Value;

use crate::cli::command::{self, COMMON};
use crate::cli::dispatch;
use crate::cli::profile::Home;
use crate::table::{Command, Param, Tables, alternatives, is_object, is_one_of, item_of};

/// More methods than these are offered by the next part of their names.
const MOST_METHODS: usize = 60;
/// The longest meaning, in characters.
const LONGEST: usize = 72;

/// What may stand at the cursor.
#[derive(Debug, Default)]
pub(super) struct Offer {
    pub(super) candidates: Vec<Candidate>,
    /// Whether paths of files fit as well.
    pub(super) files: bool,
}

/// A whole word, or the beginning of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) text: String,
    pub(super) meaning: String,
    /// Whether more follows without a space.
    pub(super) is_open: bool,
}

impl Offer {
    fn add(&mut self, text: impl Into<String>, meaning: &str) {
        self.candidates.push(Candidate { text: text.into(), meaning: shorten(meaning), is_open: false });
    }

    /// Keeps what the word begins with, whatever the case of its letters.
    fn matching(mut self, current: &str) -> Self {
        let wanted = current.to_lowercase();
        self.candidates.retain(|candidate| candidate.text.to_lowercase().starts_with(&wanted));
        self
    }
}

/// A meaning that fits a line.
fn shorten(text: &str) -> String {
    let first = text.find(". ").map_or(text, |end| &text[..end]);
    let line: String = first.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let line = line.trim_end_matches('.');
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST - 1).chain("…".chars()).collect()
}

/// What fits behind whole words in place of the word that the cursor is in.
pub(super) fn offer(tables: &Tables, words: &[String], current: &str) -> Offer {
    let Some((first, rest)) = words.split_first() else { return commands(current) };
    match (first.as_str(), rest.split_first()) {
        ("bitrix24", None) if current.starts_with('-') => {
            plain(&[("--describe", "Print all commands as JSON"), ("--help", "")], current)
        }
        ("bitrix24", None) => methods(tables, current, true),
        // `oint bitrix24 call …` is `oint call …`.
        ("bitrix24", Some((name, _))) if name == "call" => offer(tables, rest, current),
        ("bitrix24" | "call", Some((name, rest))) => {
            let command = tables.command(name, rest_version(rest)).filter(|_| first == "bitrix24");
            let clap = command::clap(command.as_ref(), name);
            options(tables, &clap, command.as_ref(), rest, current)
        }
        ("call", None) => methods(tables, current, false),
        _ => match dispatch::find(first).and_then(|command| command.clap) {
            Some(clap) => sub_command(tables, clap(), rest, current),
            None => Offer { files: true, ..Offer::default() },
        },
    }
}

fn plain(words: &[(&str, &str)], current: &str) -> Offer {
    let mut offer = Offer::default();
    words.iter().for_each(|(word, meaning)| offer.add(*word, meaning));
    offer.matching(current)
}

/// The commands of `oint`.
fn commands(current: &str) -> Offer {
    if current.starts_with('-') {
        return plain(&[("--help", "Show the start page"), ("--version", "Show the version")], current);
    }
    let mut offer = Offer::default();
    for command in
        dispatch::COMMANDS.iter().filter(|command| !command.name.is_empty() && !command.name.starts_with('_'))
    {
        offer.add(command.name, command.about);
    }
    offer.matching(current)
}

fn rest_version(words: &[String]) -> Option<u8> {
    let value = |at: usize, word: &String| match word.strip_prefix("--rest")? {
        "" => words.get(at + 1)?.parse().ok(),
        rest => rest.strip_prefix('=')?.parse().ok(),
    };
    words.iter().enumerate().find_map(|(at, word)| value(at, word))
}

/// Methods and categories. A word with capitals is the beginning of a function's name, one with a dash of a kebab name;
/// else REST names are completed, by parts where there are many.
fn methods(tables: &Tables, current: &str, has_categories: bool) -> Offer {
    let mut offer = Offer::default();
    let wanted = current.to_lowercase();
    let is_function = current.chars().any(char::is_uppercase);
    let is_kebab = !is_function && current.contains('-');
    let mut found: BTreeMap<String, &'static str> = BTreeMap::new();
    for (spelling, key) in tables.names() {
        if spelling.contains('@') || !spelling.starts_with(&wanted) {
            continue;
        }
        let is_rest = spelling.contains('.');
        if is_rest != (is_function || is_kebab) {
            found.insert(spelling.to_owned(), key);
        }
    }
    if is_kebab {
        found = tables.keys().filter(|key| key.starts_with(&wanted)).map(|key| (key.to_owned(), key)).collect();
    }
    // Nothing of that name: perhaps a function in small letters.
    if found.is_empty() && !wanted.is_empty() {
        let names = tables.names().filter(|(name, _)| name.starts_with(&wanted) && !name.contains('@'));
        found = names.map(|(name, key)| (name.to_owned(), key)).collect();
    }
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    if found.len() > MOST_METHODS && !is_function && !is_kebab {
        let mut whole = BTreeMap::new();
        for (name, key) in std::mem::take(&mut found) {
            match name[wanted.len()..].find('.') {
                Some(at) => *groups.entry(name[..=wanted.len() + at].to_owned()).or_default() += 1,
                None => drop(whole.insert(name, key)),
            }
        }
        found = whole;
    }
    if has_categories && !is_function && !current.contains('.') {
        let categories = tables.categories().filter(|category| category.folder.starts_with(&wanted));
        categories.for_each(|category| offer.add(category.folder.as_ref(), &format!("Category: {}", category.title)));
    }
    for (text, count) in groups {
        offer.candidates.push(Candidate { text, meaning: format!("{count} methods"), is_open: true });
    }
    for (name, key) in found {
        let Some(head) = tables.outline(key) else { continue };
        // The letters as they are documented.
        let known = [head.function.as_ref()]
            .into_iter()
            .chain(head.method.as_deref())
            .chain(head.aliases.iter().map(AsRef::as_ref));
        let text = known.into_iter().find(|known| known.to_lowercase() == name).unwrap_or(&name).to_owned();
        offer.add(text, &head.title);
    }
    offer.candidates.dedup_by(|one, other| one.text == other.text);
    offer
}

/// A command with a clap command of its own, and its sub-commands.
fn sub_command(tables: &Tables, clap: Clap, words: &[String], current: &str) -> Offer {
    let mut clap = &clap;
    let mut rest = words;
    while let Some((word, others)) = rest.split_first() {
        let Some(inner) = clap.find_subcommand(word) else { break };
        (clap, rest) = (inner, others);
    }
    if rest.is_empty() && clap.has_subcommands() && !current.starts_with('-') {
        let mut offer = Offer::default();
        for inner in clap.get_subcommands() {
            offer.add(inner.get_name(), &inner.get_about().map(ToString::to_string).unwrap_or_default());
        }
        return offer.matching(current);
    }
    options(tables, clap, None, rest, current)
}

/// The options of a command, or the values of one that stands before the cursor.
fn options(tables: &Tables, clap: &Clap, command: Option<&Command<'static>>, words: &[String], current: &str) -> Offer {
    let by_flag = |flag: &str| {
        let long = flag.strip_prefix("--");
        let short =
            || flag.strip_prefix('-').filter(|rest| rest.chars().count() == 1).and_then(|rest| rest.chars().next());
        clap.get_arguments().find(|arg| match long {
            Some(long) => arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|all| all.contains(&long)),
            None => arg.get_short().is_some() && arg.get_short() == short(),
        })
    };
    if let Some((flag, value)) = current.split_once('=').filter(|(flag, _)| flag.starts_with("--")) {
        let Some(arg) = by_flag(flag) else { return Offer::default() };
        let mut offer = values(arg, command).matching(value);
        offer.candidates.iter_mut().for_each(|candidate| candidate.text.insert_str(0, &format!("{flag}=")));
        return offer;
    }
    let waiting =
        words.last().filter(|word| word.starts_with('-')).and_then(|word| by_flag(word)).filter(|arg| takes_value(arg));
    if let Some(arg) = waiting {
        let needs = arg.get_num_args().is_none_or(|count| count.min_values() > 0);
        if needs || !current.starts_with('-') {
            return values(arg, command).matching(current);
        }
    }
    let mut offer = Offer::default();
    if !current.starts_with('-') {
        // What stands alone, in place of an option.
        for arg in clap.get_positionals() {
            let more = match arg.get_id().as_str() {
                "method" => methods(tables, current, false),
                _ => values(arg, command).matching(current),
            };
            offer.files |= more.files;
            offer.candidates.extend(more.candidates);
        }
        if clap.get_positionals().next().is_some() {
            return offer;
        }
    }
    let is_given = |arg: &Arg| {
        let long = arg.get_long().map(|long| format!("--{long}")).unwrap_or_default();
        let mut words = words.iter().map(|word| word.split('=').next().unwrap_or_default());
        !matches!(arg.get_action(), ArgAction::Append) && words.any(|word| word == long)
    };
    let is_required = |arg: &Arg| param(arg, command).is_some_and(|param| param.required) || arg.is_required_set();
    let is_common = |arg: &Arg| COMMON.iter().any(|option| arg.get_id() == option.long);
    let mut args: Vec<&Arg> =
        clap.get_arguments().filter(|arg| arg.get_long().is_some() && !arg.is_hide_set()).collect();
    // What is needed first, what every command has last.
    args.sort_by_key(|arg| (!is_required(arg), is_common(arg)));
    for arg in args.into_iter().filter(|arg| !is_given(arg)) {
        let meaning = match param(arg, command) {
            Some(param) => param.description.to_string(),
            None => arg.get_help().map(ToString::to_string).unwrap_or_default(),
        };
        offer.add(format!("--{}", arg.get_long().unwrap_or_default()), &meaning);
    }
    offer.matching(current)
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// The parameter that an argument stands for.
fn param<'c>(arg: &Arg, command: Option<&'c Command<'static>>) -> Option<&'c Param<'static>> {
    command?.params.get(arg.get_id().as_str().parse::<usize>().ok()?)
}

/// The values of an option.
fn values(arg: &Arg, command: Option<&Command<'static>>) -> Offer {
    let mut offer = Offer::default();
    if let Some(param) = param(arg, command) {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for value in &param.values {
            let value = text(value);
            let meaning = param
                .meanings
                .as_ref()
                .and_then(|meanings| meanings.get(&value))
                .and_then(Value::as_str)
                .unwrap_or_default();
            offer.add(value, meaning);
        }
        let word = param.type_word.as_ref();
        if word.starts_with("boolean") && !is_one_of(word) && param.values.is_empty() {
            offer.add("true", "");
            offer.add("false", "");
        }
        offer.files = param.values.is_empty()
            && (word.contains("file")
                || word == "any"
                || alternatives(word).any(is_object)
                || item_of(word).is_some_and(is_object));
        return offer;
    }
    match arg.get_id().as_str() {
        "profile" | "profile-name" => profiles(&mut offer),
        "output" => crate::cli::output::formats().for_each(|word| offer.add(word, "")),
        "color" => ["auto", "always", "never"].into_iter().for_each(|word| offer.add(word, "")),
        "rest" => ["2", "3"].into_iter().for_each(|word| offer.add(word, "")),
        id => {
            let possible = arg.get_possible_values();
            for value in possible.iter().filter(|value| !value.is_hide_set()) {
                offer.add(value.get_name(), &value.get_help().map(ToString::to_string).unwrap_or_default());
            }
            let name =
                arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
            offer.files = id == "params" || ["FILE", "DIR", "FOLDER", "SET"].iter().any(|word| name.contains(word));
        }
    }
    offer
}

/// The names of the profiles; none where they cannot be read.
fn profiles(offer: &mut Offer) {
    let list = Home::find().and_then(|home| home.list()).unwrap_or_default();
    list.profiles.iter().for_each(|(name, profile)| offer.add(name.as_str(), &profile.portal));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_fits_a_line() {
        assert_eq!(shorten("Name of the user. Up to 50 characters."), "Name of the user");
        assert_eq!(shorten("a\nb"), "a b");
        assert_eq!(shorten(&"x".repeat(100)).chars().count(), LONGEST);
    }
}
