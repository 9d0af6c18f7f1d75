//! The clap command of one row of the tables.

use clap::{Arg, ArgAction, ArgMatches, Command as Clap};

use crate::cli::terms::{self, may_repeat};
use crate::table::{Command, Param, is_object, is_one_of};

/// An option that every command has.
pub(crate) struct Common {
    pub(crate) long: &'static str,
    /// A second spelling. Where a method has a parameter called like the first, the parameter has it, and the option is
    /// this alone.
    pub(crate) second: Option<&'static str>,
    pub(crate) short: Option<char>,
    /// The placeholder of its value; none for a switch.
    pub(crate) value: Option<&'static str>,
    pub(crate) help: &'static str,
    pub(crate) group: Group,
    /// Whether help shows it without `--all`.
    is_main: bool,
}

/// What an option is about; help shows each group apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The portal and how it is reached.
    Connection,
    /// What is sent.
    Request,
    /// A call for every row of a table.
    Table,
    /// What is printed.
    Output,
    /// All else.
    Other,
}

impl Group {
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Connection, "Connection"),
        (Self::Request, "Request"),
        (Self::Table, "Rows of a table"),
        (Self::Output, "Output"),
        (Self::Other, "Other options"),
    ];
}

impl Common {
    const fn new(group: Group, long: &'static str, value: Option<&'static str>, help: &'static str) -> Self {
        Self { long, second: None, short: None, value, help, group, is_main: false }
    }

    const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    const fn or(mut self, second: &'static str) -> Self {
        self.second = Some(second);
        self
    }

    const fn main(mut self) -> Self {
        self.is_main = true;
        self
    }

    /// Whether the option is of use to a command; help leaves out the others.
    pub(crate) fn is_for(&self, command: &Command<'_>) -> bool {
        match self.long {
            "all" | "limit" => command.effect == "list",
            "yes" => matches!(command.effect.as_ref(), "delete" | "update"),
            _ => true,
        }
    }

    /// Whether the help of a command shows it without `--all`.
    pub(crate) fn is_main_for(&self, command: &Command<'_>) -> bool {
        self.is_main && (self.long != "yes" || command.effect == "delete")
    }

    /// The spelling that a command's parameters leave; none where they leave none.
    pub(crate) fn free(&self, command: &Command<'_>) -> Option<&'static str> {
        let is_taken = |name: &str| command.params.iter().any(|param| param.option.as_deref() == Some(name));
        [Some(self.long), self.second].into_iter().flatten().find(|name| !is_taken(name))
    }

    /// Whether a word of the command line may be the option, for all that its beginning tells.
    fn may_be(&self, word: &str) -> bool {
        match word.strip_prefix("--") {
            Some(long) => [Some(self.long), self.second].contains(&long.split('=').next()),
            // Several in one word, or with the value behind it; a command may have another letter for it.
            None => word.starts_with('-') && self.short.is_some(),
        }
    }

    /// The clap argument under a spelling.
    fn argument(&self, long: &'static str, short: Option<char>) -> Arg {
        let mut argument = Arg::new(self.long).long(long).help(self.help);
        if let Some(second) = self.second.filter(|second| *second != long) {
            argument = argument.alias(second);
        }
        if let Some(short) = short {
            argument = argument.short(short);
        }
        match self.value {
            Some(value) => argument.value_name(value).action(ArgAction::Set),
            None if self.long == VERBOSE => argument.action(ArgAction::Count),
            None => argument.action(ArgAction::SetTrue),
        }
    }
}

/// The options that every command has. A parameter may have the name of one with a second spelling; the generator
/// refuses parameters called like the others.
pub(crate) const COMMON: &[Common] = &[
    Common::new(
        Group::Connection,
        "url",
        Some("ADDRESS"),
        "Webhook's address, or the portal's domain with a token [env: B24_URL]",
    )
    .short('u')
    .main(),
    Common::new(
        Group::Connection,
        "token",
        Some("TOKEN"),
        "Access token of an application, - for standard input [env: B24_TOKEN]",
    )
    .short('t')
    .main(),
    Common::new(Group::Connection, "token-file", Some("FILE"), "Read the access token from a file"),
    Common::new(
        Group::Connection,
        "profile",
        Some("NAME"),
        "Profile to use, as `oint auth login` keeps it; else the one in use [env: B24_PROFILE]",
    ),
    Common::new(
        Group::Connection,
        "timeout",
        Some("SECONDS"),
        "How long the call may take in all, waits and retries included; without it each request may take 70 s and the waits for the portal's limits 120 s",
    ),
    Common::new(
        Group::Connection,
        "allow-http",
        None,
        "Allow plain http to other machines; anybody on the way can read the secrets",
    ),
    Common::new(
        Group::Request,
        "params",
        Some("JSON"),
        "The whole body as JSON, @file or - for standard input; options win over it",
    ),
    Common::new(Group::Request, "allow-unknown", None, "Pass keys of --params on that the method is not known to have"),
    Common::new(Group::Request, "rest", Some("2|3"), "REST version, for methods that exist in both; 2 if not given"),
    Common::new(Group::Request, "dry-run", None, "Print the request and send nothing").main(),
    Common::new(
        Group::Request,
        "curl",
        None,
        "Print the request as a command of curl, secrets masked, and send nothing",
    ),
    Common::new(
        Group::Request,
        "yes",
        None,
        "Do not ask before something is deleted, or many records are changed [env: B24_YES=1]",
    )
    .short('y')
    .main(),
    Common::new(
        Group::Table,
        "each",
        Some("TABLE"),
        "Call once for every row of a CSV or NDJSON file, or of - for standard input",
    ),
    Common::new(Group::Table, "resume", None, "Go on with a run that was broken off, by its journal"),
    Common::new(Group::Table, "retry-unknown", None, "The same, and send those rows again whose outcome is unknown"),
    Common::new(
        Group::Table,
        "journal",
        Some("FILE"),
        "Where it is noted what was sent; beside the table, as TABLE.journal, if not given",
    ),
    Common::new(Group::Output, "all", None, "Bring every page of the list, not the first one").main(),
    Common::new(Group::Output, "limit", Some("NUMBER"), "Bring so many records of the list at most").or("max").main(),
    Common::new(
        Group::Output,
        "output",
        Some("FORMAT"),
        "json, pretty, ndjson, table, csv or yaml; on a terminal a table or pretty, else json",
    )
    .short('o')
    .main(),
    Common::new(
        Group::Output,
        "columns",
        Some("NAMES"),
        "The keys to show of each record, as in ID,TITLE,ASSIGNED_BY.NAME",
    ),
    Common::new(Group::Output, "query", Some("PROGRAM"), "What to show of the answer, in the language of jq").or("jq"),
    Common::new(Group::Output, "raw", None, "Print the portal's whole answer, not the result in it [env: B24_RAW=1]"),
    Common::new(
        Group::Output,
        "out",
        Some("FILE"),
        "Write to a file, which appears when it is whole; its ending chooses the format",
    ),
    Common::new(Group::Other, "color", Some("WHEN"), "auto, always or never; NO_COLOR in the environment means never")
        .or("colour"),
    Common::new(
        Group::Other,
        VERBOSE,
        None,
        "Tell on standard error what is sent, waited for and repeated; twice for more. RUST_LOG chooses in detail",
    )
    .short('v'),
    Common::new(Group::Other, "log-file", Some("FILE"), "Write that to the end of a file instead"),
    Common::new(Group::Other, "describe", None, "Print all that is known of the command as JSON"),
    Common::new(Group::Other, "help", None, "Show this help; with --all every option").short('h'),
];

/// The switch that may be given several times.
const VERBOSE: &str = "verbose";

/// How often `--verbose` is given.
pub(crate) fn verbosity(matches: &clap::ArgMatches) -> u8 {
    matches.try_get_one::<u8>(VERBOSE).ok().flatten().copied().unwrap_or(0)
}

/// The option of templates that makes every value empty.
pub(crate) const EMPTY: &str = "empty";

/// The option of templates that chose between two kinds of object in the Open Integration Package. JSON has one.
const MAP: &str = "map";

/// Whether a command can give empty values.
pub(crate) fn can_be_empty(command: &Command<'_>) -> bool {
    command.template.is_some() || command.procedure.as_deref() == Some("filter-structure")
}

/// The long options that no parameter may have: those with a second spelling yield the first to a parameter.
pub fn reserved_options() -> Vec<&'static str> {
    let spellings = COMMON.iter().map(|option| option.second.unwrap_or(option.long));
    spellings.chain(["version"]).collect()
}

/// A clap command of a sub-command that has nothing to do with a method, with the options that all of them have.
pub(crate) fn sub(name: &'static str) -> Clap {
    let options = COMMON.iter().filter(|option| matches!(option.long, "color" | "help" | "log-file" | VERBOSE));
    bare(format!("oint {name}")).args(options.map(|option| option.argument(option.long, option.short)))
}

/// The options of a sub-command's output, which [`crate::cli::output::Output`] reads.
pub(crate) fn output_options() -> impl Iterator<Item = Arg> {
    let options =
        COMMON.iter().filter(|option| option.group == Group::Output && !matches!(option.long, "raw" | "all" | "limit"));
    options.map(|option| option.argument(option.long, option.short))
}

/// The options of a connection, which [`crate::cli::connect::Connection`] reads.
pub(crate) fn connection_options() -> impl Iterator<Item = Arg> {
    let options = COMMON.iter().filter(|option| option.group == Group::Connection);
    options.map(|option| option.argument(option.long, option.short))
}

/// A clap command that only parses: help is our own.
fn bare(name: String) -> Clap {
    let usage = format!("{name} [options]");
    Clap::new(name)
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .override_usage(usage)
}

/// The short options that a command's parameters leave to the common ones.
pub(crate) fn free_short(command: &Command<'_>, short: Option<char>) -> Option<char> {
    short.filter(|short| !command.params.iter().any(|param| param.short == Some(*short)))
}

/// The clap command of a row, or of any method when there is no row.
pub(crate) fn clap(command: Option<&Command<'static>>, name: &str) -> Clap {
    clap_with(command, name, |_| true)
}

/// Parses the arguments of such a command. Only those common options are set up that a word may be: all of them take longer
/// than the rest of the parsing. What is not understood is told by the whole command.
pub(crate) fn matches(
    command: Option<&Command<'static>>,
    name: &str,
    words: &[String],
) -> Result<ArgMatches, clap::Error> {
    let lean = clap_with(command, name, |option| words.iter().any(|word| option.may_be(word)));
    lean.try_get_matches_from(words).or_else(|_| clap(command, name).try_get_matches_from(with_dashes(words)))
}

/// The words, each value that begins with a dash and cannot be an option, as in `--text "- first"`, joined to its own.
fn with_dashes(words: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        let name = word.split('=').next().unwrap_or_default();
        let is_text = word.starts_with('-') && name.contains(char::is_whitespace);
        match joined.last_mut() {
            Some(option) if is_text && option.starts_with("--") && !option.contains('=') => {
                option.push('=');
                option.push_str(word);
            }
            _ => joined.push(word.clone()),
        }
    }
    joined
}

fn clap_with(command: Option<&Command<'static>>, name: &str, is_wanted: impl Fn(&Common) -> bool) -> Clap {
    let mut clap = bare(name.to_owned());
    for option in COMMON.iter().filter(|option| is_wanted(option)) {
        let long = command.map_or(Some(option.long), |command| option.free(command));
        let short = match option.long {
            "token" => command.and_then(|command| command.token_short).or(option.short),
            _ => option.short,
        };
        let short = command.map_or(short, |command| free_short(command, short));
        clap = clap.args(long.map(|long| option.argument(long, short)));
    }
    let Some(command) = command else { return clap };
    let mut names: Vec<String> = command.params.iter().map(|param| option(param).to_owned()).collect();
    names.extend(COMMON.iter().flat_map(|option| [Some(option.long), option.second]).flatten().map(str::to_owned));
    names.extend([EMPTY, MAP].map(str::to_owned));
    for (at, param) in command.params.iter().enumerate() {
        let mut argument = argument(at, param);
        // Who knows the method by its documentation writes the name on the wire: `--id` where the option is `--deal`, and
        // `--entityTypeId` as it is.
        let is_word = !param.name.is_empty() && param.name.chars().all(|char| char.is_alphanumeric() || char == '_');
        let as_it_is = is_word.then(|| param.name.to_string());
        for wire in [Some(kebab(&param.name)), as_it_is].into_iter().flatten() {
            if !wire.is_empty() && !names.contains(&wire) {
                argument = argument.alias(wire.clone());
                names.push(wire);
            }
        }
        clap = clap.arg(argument);
    }
    let switch = |name: &'static str, short: char| {
        Arg::new(name).long(name).short(short).value_name("BOOLEAN").num_args(0..=1).default_missing_value("true")
    };
    if can_be_empty(command) {
        clap = clap.arg(switch(EMPTY, 'e'));
    }
    if command.template.is_some() {
        clap = clap.arg(switch(MAP, 'm'));
    }
    clap
}

/// The long option of a parameter.
fn option<'p>(param: &'p Param<'_>) -> &'p str {
    param.option.as_deref().unwrap_or(&param.name)
}

/// A name on the wire in the form of an option.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    let mut was_small = false;
    for char in name.chars() {
        match char {
            char if !char.is_alphanumeric() => words.push('-'),
            char => {
                if char.is_uppercase() && was_small {
                    words.push('-');
                }
                words.extend(char.to_lowercase());
            }
        }
        was_small = char.is_lowercase() || char.is_ascii_digit();
    }
    words.trim_matches('-').to_owned()
}

/// The name under which clap keeps a parameter's value: a number cannot clash with a common option.
pub(crate) fn key(at: usize) -> String {
    at.to_string()
}

fn argument(at: usize, param: &Param<'static>) -> Arg {
    let long = param.option.as_deref().unwrap_or(&param.name).to_owned();
    let mut argument = Arg::new(key(at)).long(long).value_name(placeholder(param)).allow_negative_numbers(true);
    // Of a plain value the last one counts; what has parts is put together.
    argument = argument.action(if may_repeat(param) { ArgAction::Append } else { ArgAction::Set });
    if let Some(short) = param.short {
        argument = argument.short(short);
    }
    if param.type_word.starts_with("boolean") {
        argument = argument.num_args(0..=1).default_missing_value("true");
    }
    argument
}

/// What stands for the value in help and messages.
pub(crate) fn placeholder(param: &Param<'_>) -> &'static str {
    if let Some(short) = terms::placeholder(param) {
        return short;
    }
    match param.type_word.as_ref() {
        "string" => "TEXT",
        "integer" | "number" => "NUMBER",
        "id" => "ID",
        "date" => "DATE",
        "datetime" => "TIME",
        word if is_object(word) => "JSON",
        "any" => "VALUE",
        word if is_one_of(word) => "VALUE",
        word if word.starts_with("boolean") => "BOOLEAN",
        word if word.starts_with("file") => "FILE",
        word if word.starts_with("array<file") => "FILES",
        _ => "LIST",
    }
}

/// The value of an option; an empty one counts as not given.
pub(crate) fn given<'m>(matches: &'m clap::ArgMatches, id: &str) -> Option<&'m str> {
    matches.try_get_one::<String>(id).ok().flatten().map(String::as_str).filter(|value| !value.is_empty())
}

/// The values of an option that may be given several times, empty ones left out.
pub(crate) fn given_all<'m>(matches: &'m clap::ArgMatches, id: &str) -> Vec<&'m str> {
    let values = matches.try_get_many::<String>(id).ok().flatten();
    values.into_iter().flatten().map(String::as_str).filter(|value| !value.is_empty()).collect()
}

/// Whether a switch is given.
pub(crate) fn is_set(matches: &clap::ArgMatches, id: &str) -> bool {
    matches.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or(false)
}

/// The option `--timeout`, in seconds.
pub(crate) fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0 && *seconds <= 86_400.0);
    seconds
        .map(std::time::Duration::from_secs_f64)
        .ok_or_else(|| format!("--timeout: `{text}` is no number of seconds between 0 and 86400"))
}
