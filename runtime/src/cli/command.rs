//! The clap command of one row of the tables.

use clap::{Arg, ArgAction, Command as Clap};

use crate::table::{Command, Param};

/// An option that every command has.
pub(crate) struct Common {
    pub(crate) long: &'static str,
    pub(crate) short: Option<char>,
    /// The placeholder of its value; none for a switch.
    pub(crate) value: Option<&'static str>,
    pub(crate) help: &'static str,
    /// Options of the connection are shown apart.
    pub(crate) is_connection: bool,
}

const fn common(long: &'static str, value: Option<&'static str>, help: &'static str) -> Common {
    Common { long, short: None, value, help, is_connection: false }
}

const fn connection(
    long: &'static str,
    short: Option<char>,
    value: Option<&'static str>,
    help: &'static str,
) -> Common {
    Common { long, short, value, help, is_connection: true }
}

/// The options that every command has; the generator refuses parameters of these names.
pub(crate) const COMMON: &[Common] = &[
    connection(
        "url",
        Some('u'),
        Some("ADDRESS"),
        "Webhook's address, or the portal's domain with a token [env: B24_URL]",
    ),
    connection("token", Some('t'), Some("TOKEN"), "Access token of an application [env: B24_TOKEN]"),
    connection("timeout", None, Some("SECONDS"), "How long the call may take in all; 70 if not given"),
    connection("allow-http", None, None, "Allow plain http to other machines; anybody on the way can read the secrets"),
    common("params", Some("JSON"), "The whole body as JSON, @file or - for standard input; options win over it"),
    common("allow-unknown", None, "Pass keys of --params on that the method is not known to have"),
    common("rest", Some("2|3"), "REST version, for methods that exist in both; 2 if not given"),
    common("dry-run", None, "Print the request and send nothing"),
    common("describe", None, "Print all that is known of the command as JSON"),
    common("help", None, "Show this help"),
    common("all", None, "With --help: show every option"),
];

/// The option of templates that makes every value empty.
pub(crate) const EMPTY: &str = "empty";

/// The option of templates that chose between two kinds of object in the Open Integration Package. JSON has one.
const MAP: &str = "map";

/// Whether a command can give empty values.
pub(crate) fn can_be_empty(command: &Command<'_>) -> bool {
    command.template.is_some() || command.procedure.as_deref() == Some("filter-structure")
}

/// The long options that no parameter may have.
pub fn reserved_options() -> Vec<&'static str> {
    COMMON.iter().map(|option| option.long).chain(["version"]).collect()
}

/// The short options that a command's parameters leave to the common ones.
pub(crate) fn free_short(command: &Command<'_>, short: Option<char>) -> Option<char> {
    short.filter(|short| !command.params.iter().any(|param| param.short == Some(*short)))
}

/// The clap command of a row, or of any method when there is no row.
pub(crate) fn clap(command: Option<&Command<'static>>, name: &str) -> Clap {
    let mut clap = Clap::new(name.to_owned())
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .override_usage(format!("{name} [options]"));
    let taken = |option: &str| {
        command.is_some_and(|command| command.params.iter().any(|param| param.option.as_deref() == Some(option)))
    };
    for option in COMMON.iter().filter(|option| !taken(option.long)) {
        let short = match option.long {
            "help" => Some('h'),
            "token" => command.and_then(|command| command.token_short).or(option.short),
            _ => option.short,
        };
        let short = command.map_or(short, |command| free_short(command, short));
        let mut argument = Arg::new(option.long).long(option.long).help(option.help);
        argument = match option.value {
            Some(value) => argument.value_name(value).action(ArgAction::Set),
            None => argument.action(ArgAction::SetTrue),
        };
        clap = clap.arg(match short {
            Some(short) => argument.short(short),
            None => argument,
        });
    }
    let Some(command) = command else { return clap };
    for (at, param) in command.params.iter().enumerate() {
        clap = clap.arg(argument(at, param));
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

/// The name under which clap keeps a parameter's value: a number cannot clash with a common option.
pub(crate) fn key(at: usize) -> String {
    at.to_string()
}

fn argument(at: usize, param: &Param<'static>) -> Arg {
    let long = param.option.as_deref().unwrap_or(&param.name).to_owned();
    let mut argument =
        Arg::new(key(at)).long(long).value_name(placeholder(param)).action(ArgAction::Set).allow_negative_numbers(true);
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
    match param.type_word.as_ref() {
        "string" => "TEXT",
        "integer" | "number" => "NUMBER",
        "id" => "ID",
        "date" => "DATE",
        "datetime" => "TIME",
        "object" => "JSON",
        "any" => "VALUE",
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
