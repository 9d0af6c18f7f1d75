//! `oint search`: methods by what they are called and about, best ones first.

use serde_json::{Value, json};

use crate::cli::command::{self, given, is_set};
use crate::cli::exit::{Exit, Stop};
use crate::cli::output::Output;
use crate::cli::terminal::{self, Stream};
use crate::cli::{help, parse, show};
use crate::table::{Outline, Tables};

const USAGE: &str = "Find methods by name, title, summary and parameters\n\n\
    Usage: oint search <word>… [options]\n\n\
    Options:\n\
    \x20     --most <NUMBER>    How many to show; 20 if not given\n\
    \x20 -o, --output <FORMAT>  json, pretty, ndjson, table, csv or yaml; lines for people if not given\n\
    \x20     --query <PROGRAM>  What to show of the list, in the language of jq\n\
    \x20     --columns <NAMES>  Which of function, method, title, summary, category, effect, deprecated to show\n\
    \x20     --out <FILE>       Write to a file\n\n\
    Examples:\n\
    \x20 oint search deal stage\n\
    \x20 oint search пользователя --output json\n";

/// How many are shown where no other number is asked for.
const MOST: usize = 20;

/// The options of `oint search`.
pub(crate) fn clap() -> clap::Command {
    command::sub("search")
        .arg(clap::Arg::new("words").num_args(0..).trailing_var_arg(false))
        .arg(clap::Arg::new("most").long("most").value_name("NUMBER"))
        .args(command::output_options())
}

/// `oint search …`
pub(super) fn run(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let matches = parse(clap(), arguments)?;
    let words: Vec<String> = matches.get_many::<String>("words").into_iter().flatten().cloned().collect();
    if is_set(&matches, "help") {
        return show(USAGE);
    }
    if words.is_empty() {
        return Err(Stop::usage("name what to search for, as in `oint search deal stage`"));
    }
    let most = match given(&matches, "most").map(str::parse::<usize>) {
        None => MOST,
        Some(Ok(most)) => most,
        Some(Err(_)) => return Err(Stop::usage("--most takes a number")),
    };
    let output = Output::new(&matches)?;
    let found = find(tables.outlines(), &words.join(" "));
    let count = found.len();
    let shown: Vec<Outline<'static>> = found.into_iter().take(most).collect();
    if output.is_asked_for() {
        return output.print(shown.iter().map(record).collect());
    }
    if shown.is_empty() {
        return Err(Stop {
            exit: Exit::Portal,
            message: format!(
                "nothing is called or about `{}`\nhelp: `oint bitrix24` lists the categories; `oint call` calls methods that are not known here",
                words.join(" ")
            ),
        });
    }
    let mut text = help::lines(shown.iter());
    if count > shown.len() {
        text.push_str(&format!("\n… and {} more: --most {count}\n", count - shown.len()));
    }
    if terminal::is_terminal(Stream::Out) {
        text.push_str("\n`oint bitrix24 <method> --help` shows how to call one.\n");
    }
    show(&text)
}

fn record(outline: &Outline<'_>) -> Value {
    json!({
        "function": outline.function, "method": outline.method, "title": outline.title, "summary": outline.summary,
        "category": outline.category, "effect": outline.effect, "rest": outline.rest,
        "deprecated": outline.deprecated.is_some(),
    })
}

/// The commands that have to do with the words, best ones first.
pub(crate) fn find(outlines: impl Iterator<Item = Outline<'static>>, words: &str) -> Vec<Outline<'static>> {
    let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(u32, bool, Outline<'static>)> = outlines
        .filter_map(|outline| {
            let (score, is_whole) = score(&outline, &wanted)?;
            Some((score, is_whole, outline))
        })
        .collect();
    // What has to do with some of the words alone is of use only where nothing has to do with all.
    if found.iter().any(|(_, is_whole, _)| *is_whole) {
        found.retain(|(_, is_whole, _)| *is_whole);
    }
    found.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    found.into_iter().map(|(.., outline)| outline).collect()
}

/// How well a command fits, and whether it has to do with every word; none if with no word.
fn score(outline: &Outline<'_>, wanted: &[String]) -> Option<(u32, bool)> {
    let names: Vec<String> = std::iter::once(&outline.function)
        .chain(&outline.method)
        .chain(&outline.aliases)
        .map(|name| name.to_lowercase())
        .collect();
    let parts: Vec<String> = std::iter::once(&outline.function)
        .chain(&outline.method)
        .chain(&outline.aliases)
        .flat_map(|name| split(name))
        .collect();
    let title = split(&outline.title);
    let summary = outline.summary.to_lowercase();
    let params: Vec<String> = outline
        .params
        .iter()
        .flat_map(|param| [Some(&param.name), param.option.as_ref()])
        .flatten()
        .map(|name| name.to_lowercase())
        .collect();
    let of_word = |word: &String| {
        let stem = stem(word);
        let is_word = |other: &String| self::stem(other) == stem;
        let begins = |other: &String| other.starts_with(stem);
        let mut score = 0;
        if names.contains(word) {
            score += 100;
        }
        if parts.iter().any(is_word) {
            score += 30;
        } else if parts.iter().any(begins) {
            score += 15;
        } else if names.iter().any(|name| name.contains(stem)) {
            score += 8;
        }
        if title.iter().any(is_word) {
            score += 20;
        } else if title.iter().any(begins) {
            score += 8;
        }
        if params.iter().any(|name| name == word) {
            score += 6;
        } else if params.iter().any(|name| name.contains(stem)) {
            score += 2;
        }
        if summary.contains(stem) {
            score += 4;
        }
        score
    };
    let scores: Vec<u32> = wanted.iter().map(of_word).collect();
    let sum: u32 = scores.iter().sum();
    // The more there is besides, the less it is about the words.
    let sum = sum * 10 / (10 + u32::try_from(parts.len() + title.len()).unwrap_or(u32::MAX / 20) / 4);
    let sum = if outline.deprecated.is_some() { sum / 2 } else { sum };
    (sum > 0).then(|| (sum, scores.iter().all(|score| *score > 0)))
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
    match word.strip_suffix('s') {
        Some(stem) if stem.len() >= 3 && !stem.ends_with('s') => stem,
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
        assert_eq!((stem("deals"), stem("access"), stem("his")), ("deal", "access", "his"));
    }
}
