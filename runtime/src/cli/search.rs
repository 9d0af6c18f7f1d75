//! `oint search`: methods by what they are called and about, best ones first.

mod rank;

use serde_json::{Value, json};

use crate::cli::command::{self, given, is_set};
use crate::cli::exit::{Exit, Stop};
use crate::cli::output::Output;
use crate::cli::terminal::{self, Stream};
use crate::cli::{help, parse, show};
use crate::table::{Outline, Tables};

pub(crate) use rank::find;

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
    let asked = words.join(" ");
    let found = find(tables.outlines(), &asked);
    let count = found.outlines.len();
    let shown: Vec<Outline<'static>> = found.outlines.into_iter().take(most).collect();
    if let Some(words) = found.corrected {
        crate::cli::note(&format!("no method has to do with `{asked}`; these are for `{words}`"));
    }
    if output.is_asked_for() {
        return output.print(shown.iter().map(record).collect());
    }
    if shown.is_empty() {
        return Err(Stop {
            exit: Exit::Portal,
            message: format!(
                "nothing is called or about `{}`\nhelp: `oint bitrix24` lists the categories; `oint call` calls methods that are not known here",
                asked
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
