//! The commands of `oint`. A new one joins with a row of [`COMMANDS`].

use crate::cli::exit::{Exit, Stop};
use crate::cli::{auth, batch_file, completion, doctor, help, man, method, search, version};
use crate::table::Tables;

/// A command of `oint`.
pub(crate) struct SubCommand {
    /// The word that chooses it.
    pub(crate) name: &'static str,
    /// How it is written, for the start page; empty where it is not shown there.
    pub(crate) usage: &'static str,
    /// What it does, in a line.
    pub(crate) about: &'static str,
    /// Its options and sub-commands, for completion and manual pages; none where it has no clap command of its own.
    pub(crate) clap: Option<fn() -> clap::Command>,
    /// Carries it out; the arguments are those behind its name.
    pub(crate) run: fn(&Tables, &[String]) -> Result<Exit, Stop>,
}

/// All commands, in the order of the start page.
pub(crate) const COMMANDS: &[SubCommand] = &[
    SubCommand {
        name: "search",
        usage: "search <word>…",
        about: "Find methods by what they are about",
        clap: Some(search::clap),
        run: search::run,
    },
    SubCommand {
        name: "bitrix24",
        usage: "bitrix24",
        about: "List the categories of methods",
        clap: None,
        run: method::bitrix24,
    },
    SubCommand { name: "", usage: "bitrix24 <category>", about: "List a category", clap: None, run: method::bitrix24 },
    SubCommand {
        name: "",
        usage: "bitrix24 <method>",
        about: "Call a method: by REST name (user.update), function name (UpdateUser) or kebab name (update-user)",
        clap: None,
        run: method::bitrix24,
    },
    SubCommand {
        name: "call",
        usage: "call <method>",
        about: "Call any REST method, known here or not",
        clap: None,
        run: method::any_method,
    },
    SubCommand {
        name: "batch",
        usage: "batch <file>",
        about: "Run a file of named commands, which may use each other's results",
        clap: Some(batch_file::clap),
        run: batch_file::run,
    },
    #[cfg(feature = "mcp")]
    SubCommand {
        name: "mcp",
        usage: "mcp",
        about: "Serve the Model Context Protocol, so that assistants can call methods",
        clap: Some(crate::cli::mcp::clap),
        run: crate::cli::mcp::run,
    },
    SubCommand {
        name: "auth",
        usage: "auth",
        about: "Log in to portals, and choose which of them commands talk to",
        clap: Some(auth::clap),
        run: auth::run,
    },
    SubCommand {
        name: "doctor",
        usage: "doctor",
        about: "Check the way to the portal, and say what to mend",
        clap: Some(doctor::clap),
        run: doctor::run,
    },
    SubCommand {
        name: "completion",
        usage: "completion <shell>",
        about: "Print the script that lets a shell complete `oint`",
        clap: Some(completion::clap),
        run: completion::run,
    },
    SubCommand {
        name: "man",
        usage: "man [<method>]",
        about: "Show or write manual pages",
        clap: Some(man::clap),
        run: man::run,
    },
    #[cfg(feature = "sandbox")]
    SubCommand {
        name: "sandbox",
        usage: "sandbox",
        about: "Run a simulated portal on this machine",
        clap: Some(crate::sandbox::command::clap),
        run: sandbox,
    },
    SubCommand {
        name: "version",
        usage: "version",
        about: "Show the version, with --json what is in this build",
        clap: Some(version::clap),
        run: version::run,
    },
    SubCommand {
        name: "help",
        usage: "",
        about: "Show the start page, or the help of a command",
        clap: None,
        run: start_page,
    },
    SubCommand { name: "__complete", usage: "", about: "", clap: None, run: completion::answer },
];

/// The command that a word chooses.
pub(crate) fn find(name: &str) -> Option<&'static SubCommand> {
    let name = match name {
        "--help" | "-h" => "help",
        "--version" | "-V" => "version",
        name => name,
    };
    COMMANDS.iter().find(|command| command.name == name && !name.is_empty())
}

/// The words that choose a command.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.name).filter(|name| !name.is_empty() && !name.starts_with('_'))
}

/// `oint help`, and `oint help <command>` for those who ask for it that way.
fn start_page(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some((first, rest)) = arguments.split_first().filter(|(first, _)| !first.starts_with('-')) else {
        return crate::cli::show(&help::top());
    };
    let asked = |words: &[String]| [words, &["--help".to_owned()]].concat();
    match find(first) {
        Some(command) if command.name == "help" => crate::cli::show(&help::top()),
        Some(command) => (command.run)(tables, &asked(rest)),
        None if tables.command(first, None).is_some() => method::bitrix24(tables, &asked(arguments)),
        None => Err(crate::cli::no_command(tables, first)),
    }
}

#[cfg(feature = "sandbox")]
fn sandbox(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let arguments = arguments.iter().map(std::ffi::OsString::from);
    crate::sandbox::command::run(tables, arguments).map(|()| Exit::Done).map_err(Stop::usage)
}
