//! The commands of `oint`. A new one joins with a row of [`COMMANDS`].

use crate::cli::exit::{Exit, Stop};
use crate::cli::{batch_file, help, method, search};
use crate::table::Tables;

/// A command of `oint`.
pub(crate) struct SubCommand {
    /// The word that chooses it.
    pub(crate) name: &'static str,
    /// How it is written, for the start page; empty where it is not shown there.
    pub(crate) usage: &'static str,
    /// What it does, in a line.
    pub(crate) about: &'static str,
    /// Carries it out; the arguments are those behind its name.
    pub(crate) run: fn(&Tables, &[String]) -> Result<Exit, Stop>,
}

/// All commands, in the order of the start page.
pub(crate) const COMMANDS: &[SubCommand] = &[
    SubCommand {
        name: "search",
        usage: "search <word>…",
        about: "Find methods by what they are about",
        run: search::run,
    },
    SubCommand { name: "bitrix24", usage: "bitrix24", about: "List the categories of methods", run: method::bitrix24 },
    SubCommand { name: "", usage: "bitrix24 <category>", about: "List a category", run: method::bitrix24 },
    SubCommand {
        name: "",
        usage: "bitrix24 <method>",
        about: "Call a method: by REST name (user.update), function name (UpdateUser) or kebab name (update-user)",
        run: method::bitrix24,
    },
    SubCommand {
        name: "call",
        usage: "call <method>",
        about: "Call any REST method, known here or not",
        run: method::any_method,
    },
    SubCommand {
        name: "batch",
        usage: "batch <file>",
        about: "Run a file of named commands, which may use each other's results",
        run: batch_file::run,
    },
    #[cfg(feature = "mcp")]
    SubCommand {
        name: "mcp",
        usage: "mcp",
        about: "Serve the Model Context Protocol, so that assistants can call methods",
        run: crate::cli::mcp::run,
    },
    #[cfg(feature = "sandbox")]
    SubCommand { name: "sandbox", usage: "sandbox", about: "Run a simulated portal on this machine", run: sandbox },
    SubCommand { name: "version", usage: "", about: "Show the version", run: version },
    SubCommand { name: "help", usage: "", about: "Show the start page", run: start_page },
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

fn start_page(_: &Tables, _: &[String]) -> Result<Exit, Stop> {
    crate::cli::show(&help::top())
}

fn version(_: &Tables, _: &[String]) -> Result<Exit, Stop> {
    crate::cli::print(concat!("oint ", env!("CARGO_PKG_VERSION"), "\n"))
}

#[cfg(feature = "sandbox")]
fn sandbox(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let arguments = arguments.iter().map(std::ffi::OsString::from);
    crate::sandbox::command::run(tables, arguments).map(|()| Exit::Done).map_err(Stop::usage)
}
