//! The interpreter behind `oint`: reads the command line in two stages, so that only the chosen command is built, and
//! carries it out. Standard output carries data only; everything else goes to standard error.

mod auth;
mod batch_file;
mod body;
mod bulk;
mod command;
mod completion;
mod connect;
mod curl;
mod dispatch;
mod doctor;
mod download;
mod exit;
mod exposed;
mod help;
mod interrupt;
mod json;
mod list;
mod logging;
mod man;
#[cfg(feature = "mcp")]
mod mcp;
mod method;
mod misread;
mod output;
mod pager;
mod parting;
mod procedure;
mod profile;
mod progress;
mod safety;
mod search;
mod shell;
mod stdin;
mod sub;
mod suggest;
mod terminal;
mod terms;
mod value;
mod version;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::Value;

use crate::address::without_codes;
use crate::table::Tables;

use command::{given, verbosity};
use connect::Connection;
use exit::{Exit, Stop};
use method::{rest_version, shown, unknown_method};
use suggest::hint;
use terminal::Stream;
use value::Inputs;

pub use command::reserved_options;
#[cfg(feature = "sandbox")]
pub(crate) use {interrupt::Interrupt, misread::stop as misread_stop, shell::word};

/// What `oint bitrix24 … --dry-run` shows, for those who want the request and not the process.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The request without a secret: `{"method", "rest", "http": {"verb", "url", "headers"}, "body"}`. For a function
    /// that only makes an object, the object.
    pub request: Value,
    /// What people should know without being stopped, such as an unknown value.
    pub notes: Vec<String>,
}

/// The request that a command would send: `arguments` are a method in any spelling and its options, as they stand
/// behind `oint bitrix24`.
///
/// # Errors
/// The message that the command would end with.
pub fn dry_run(tables: &Tables, arguments: &[String]) -> Result<DryRun, String> {
    let request = || -> Result<DryRun, Stop> {
        let (name, rest) = arguments.split_first().ok_or_else(|| Stop::usage("name a method"))?;
        let version = rest_version(rest)?;
        let command = tables.command(name, version).ok_or_else(|| unknown_method(tables, name, version))?;
        // The parameters of the others are secrets, or there are none.
        if command.method.is_none() && !command.local {
            return Err(Stop::usage(format!("{} makes no request to a portal", command.function)));
        }
        let matches = command::matches(Some(&command), name, rest).map_err(|error| Stop::usage(error.to_string()))?;
        let inputs = Inputs::new();
        let connection = Connection::without_profile(&matches)?;
        let call = body::call(&command, &matches, &inputs, Vec::new())?;
        let request = if command.local { call.into_value() } else { shown(&call, connection, &matches)? };
        Ok(DryRun { request, notes: inputs.notes.take() })
    };
    request().map_err(|stop| stop.message)
}

/// Runs `oint` with the arguments of the process.
pub fn main(tables: &Tables) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let exit = run(tables, arguments).unwrap_or_else(|stop| {
        progress::clear();
        let message = without_codes(stop.message.trim_end());
        let _ = writeln!(std::io::stderr(), "{}: {message}", terminal::bold(Stream::Err, "error"));
        stop.exit
    });
    parting::keep_tokens();
    exit.into()
}

fn run(tables: &Tables, arguments: Vec<OsString>) -> Result<Exit, Stop> {
    // Its paths need not be UTF-8.
    #[cfg(feature = "sandbox")]
    if arguments.first().is_some_and(|word| word == "sandbox") {
        let arguments = arguments.into_iter().skip(1);
        return crate::sandbox::command::run(tables, arguments).map(|()| Exit::Done).map_err(Stop::usage);
    }
    let arguments: Vec<String> = arguments
        .into_iter()
        .map(|word| {
            word.into_string()
                .map_err(|word| Stop::usage(format!("the argument `{}` is not UTF-8", word.to_string_lossy())))
        })
        .collect::<Result<_, _>>()?;
    let mut rest = arguments.as_slice();
    // What holds for every command may stand before it.
    while let Some((first, others)) = rest.split_first().filter(|(first, _)| first.starts_with("--col")) {
        let (name, value) = first.split_once('=').map_or((first.as_str(), None), |(name, value)| (name, Some(value)));
        let (value, others) = match value {
            Some(value) => (value, others),
            None => others.split_first().map(|(value, others)| (value.as_str(), others)).unwrap_or(("", others)),
        };
        if !matches!(name, "--color" | "--colour") {
            break;
        }
        terminal::choose_colour(value)?;
        rest = others;
    }
    let Some((first, rest)) = rest.split_first() else { return show(&help::top()) };
    if let Some(command) = dispatch::find(first) {
        return (command.run)(tables, rest);
    }
    Err(no_command(tables, first))
}

/// A word that is no command: what to do about it.
fn no_command(tables: &Tables, word: &str) -> Stop {
    let help = match tables.command(word, None) {
        Some(_) => format!("\nhelp: did you mean `oint bitrix24 {word}`?"),
        None if word.starts_with('-') => {
            "\nhelp: options stand behind the command, as in `oint bitrix24 UpdateUser --help`".to_owned()
        }
        None => hint(word, dispatch::names()),
    };
    Stop::usage(format!("there is no command `{word}`{help}"))
}

/// The help of a command, by any spelling of its name; `all` shows every option.
///
/// # Errors
/// When there is no such command.
pub fn help(tables: &Tables, name: &str, all: bool) -> Result<String, String> {
    let command = tables.command(name, None).ok_or_else(|| unknown_method(tables, name, None).message)?;
    Ok(help::command(&command, all))
}

/// The second stage: clap reports what it does not understand.
fn parse(clap: clap::Command, arguments: &[String]) -> Result<ArgMatches, Stop> {
    let name = clap.get_name().to_owned();
    heed(clap.try_get_matches_from(arguments), &name)
}

/// Does what the options say that have nothing to do with the command. `name` is the command as it is typed.
fn heed(matches: Result<ArgMatches, clap::Error>, name: &str) -> Result<ArgMatches, Stop> {
    let matches = matches.map_err(|error| misread::stop(&error, name))?;
    if let Some(choice) = given(&matches, "color") {
        terminal::choose_colour(choice)?;
    }
    let secrets = [given(&matches, "token").map(str::to_owned), std::env::var("B24_TOKEN").ok()];
    secrets.into_iter().flatten().for_each(|token| logging::hide(&token.into()));
    logging::start(verbosity(&matches), given(&matches, "log-file"))?;
    Ok(matches)
}

/// Whether a variable of the environment switches something on.
fn is_on(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value::flag(&value).unwrap_or(false))
}

/// Says what people should know without being stopped.
fn note(text: &str) {
    say("note", text);
}

/// Says what people should mend, though nothing failed for it.
fn warn(text: &str) {
    say("warning", text);
}

fn say(word: &str, text: &str) {
    let line = format!("{}: {}", terminal::bold(Stream::Err, word), without_codes(text));
    progress::aside(|| drop(writeln!(std::io::stderr(), "{line}")));
}

/// Prints JSON that is a contract: the same everywhere, whatever the options for the output say.
fn print_json(value: &impl serde::Serialize) -> Result<Exit, Stop> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Stop::usage(error.to_string()))?;
    print(&(text + "\n"))
}

/// Shows a text for people: headings in bold and page by page where there is a terminal.
fn show(text: &str) -> Result<Exit, Stop> {
    let text = help::painted(text);
    if pager::show(&text) { Ok(Exit::Done) } else { print(&text) }
}

/// Writes to standard output. A reader that has gone away has seen enough.
fn print(text: &str) -> Result<Exit, Stop> {
    progress::clear();
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Stop::unwritten(format!("cannot write to standard output: {error}"))),
    }
}
