//! The interpreter behind `oint`: reads the command line in two stages, so that only the chosen command is built, and
//! carries it out. Standard output carries data only; everything else goes to standard error.

mod body;
mod command;
mod connect;
mod download;
mod exit;
mod help;
mod json;
mod procedure;
mod suggest;
mod value;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::Value;

use crate::address::without_codes;
use crate::call::Call;
use crate::table::{Command, Tables};

use command::{given, is_set};
use connect::Connection;
use exit::{Exit, Stop};
use suggest::hint;
use value::Inputs;

pub use command::reserved_options;

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
        let clap = command::clap(Some(&command), name);
        let matches = clap.try_get_matches_from(rest).map_err(|error| Stop::usage(error.to_string()))?;
        let inputs = Inputs::new();
        let call = body::call(&command, &matches, &inputs, Vec::new())?;
        let request =
            if command.local { call.into_value() } else { shown(&call, Connection::new(&matches), &matches)? };
        Ok(DryRun { request, notes: inputs.notes.take() })
    };
    request().map_err(|stop| stop.message)
}

/// Runs `oint` with the arguments of the process.
pub fn main(tables: &Tables) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let exit = match run(tables, arguments) {
        Ok(exit) => exit,
        Err(stop) => {
            let message = without_codes(stop.message.trim_end());
            let _ = writeln!(std::io::stderr(), "error: {message}");
            return stop.exit.into();
        }
    };
    exit.into()
}

fn run(tables: &Tables, arguments: Vec<OsString>) -> Result<Exit, Stop> {
    #[cfg(feature = "sandbox")]
    if arguments.first().is_some_and(|word| word == "sandbox") {
        return sandbox(tables, arguments);
    }
    let arguments: Vec<String> = arguments
        .into_iter()
        .map(|word| {
            word.into_string()
                .map_err(|word| Stop::usage(format!("the argument `{}` is not UTF-8", word.to_string_lossy())))
        })
        .collect::<Result<_, _>>()?;
    let (first, rest) = match arguments.split_first() {
        None => return print(&help::top()),
        Some((first, rest)) => (first.as_str(), rest),
    };
    match first {
        "--help" | "-h" | "help" => print(&help::top()),
        "--version" | "-V" | "version" => print(concat!("oint ", env!("CARGO_PKG_VERSION"), "\n")),
        "bitrix24" => bitrix24(tables, rest),
        "call" => any_method(rest),
        other => {
            let mut message = format!(
                "there is no command `{other}`{}",
                hint(other, ["bitrix24", "call", "sandbox", "version", "help"])
            );
            if tables.command(other, None).is_some() {
                message = format!("there is no command `{other}`\nhelp: did you mean `oint bitrix24 {other}`?");
            }
            Err(Stop::usage(message))
        }
    }
}

#[cfg(feature = "sandbox")]
fn sandbox(tables: &Tables, arguments: Vec<OsString>) -> Result<Exit, Stop> {
    crate::sandbox::command::run(tables, arguments.into_iter().skip(1)).map(|()| Exit::Done).map_err(Stop::usage)
}

/// `oint bitrix24 …`
fn bitrix24(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some((name, rest)) = arguments.split_first() else {
        return print(&help::list(tables, None));
    };
    match name.as_str() {
        "--help" | "-h" | "help" => return print(&help::list(tables, None)),
        "--describe" => {
            let commands: Vec<Command<'static>> = tables.commands().collect();
            return print_json(&commands);
        }
        option if option.starts_with('-') => {
            return Err(Stop::usage(format!("name a method before `{option}`\nhelp: `oint bitrix24` lists them")));
        }
        _ => {}
    }
    let version = rest_version(rest)?;
    let Some(command) = tables.command(name, version) else {
        if tables.categories().any(|category| category.folder == name.as_str()) {
            return print(&help::list(tables, Some(name)));
        }
        return Err(unknown_method(tables, name, version));
    };
    let clap = command::clap(Some(&command), &format!("oint bitrix24 {name}"));
    let matches = match parse(clap, rest) {
        Ok(matches) => matches,
        Err(exit) => return Ok(exit),
    };
    if is_set(&matches, "help") {
        return print(&help::command(&command, is_set(&matches, "all")));
    }
    if is_set(&matches, "describe") {
        return print_json(&command);
    }
    if let Some(template) = &command.template {
        return print_json(&if is_empty(&matches)? { emptied(template) } else { template.clone() });
    }
    if let Some(gone) = &command.deprecated {
        let instead = gone.replacement.as_deref().map(|name| format!("; use {name} instead")).unwrap_or_default();
        note(&format!("{} is deprecated{instead}", command.function));
    }
    let inputs = Inputs::new();
    let connection = Connection::new(&matches);
    let is_offline = command.method.is_none();
    let missing = if is_offline || is_set(&matches, "dry-run") { Vec::new() } else { connection.missing() };
    let call = body::call(&command, &matches, &inputs, missing)?;
    for text in inputs.notes.take() {
        note(&text);
    }
    if command.local {
        return print_json(&call.into_value());
    }
    if let Some(procedure) = command.procedure.as_deref() {
        return procedure::carry_out(procedure, call, connection, &matches);
    }
    carry_out(call, connection, &matches)
}

/// The help of a command, by any spelling of its name; `all` shows every option.
///
/// # Errors
/// When there is no such command.
pub fn help(tables: &Tables, name: &str, all: bool) -> Result<String, String> {
    let command = tables.command(name, None).ok_or_else(|| unknown_method(tables, name, None).message)?;
    Ok(help::command(&command, all))
}

/// `oint call <method>`: any method at all.
fn any_method(arguments: &[String]) -> Result<Exit, Stop> {
    const USAGE: &str = "Call any REST method, known here or not\n\nUsage: oint call <method> --url <ADDRESS> [--token <TOKEN>] [--params <JSON>] [--rest 3] [--dry-run]\n\nExample:\n  oint call crm.any.method --params '{\"ID\": 1}'\n";
    let name = match arguments.first().map(String::as_str) {
        None | Some("--help" | "-h" | "help") => return print(USAGE),
        Some(option) if option.starts_with('-') => {
            return Err(Stop::usage(format!("name a method before `{option}`\n\n{USAGE}")));
        }
        Some(name) => name,
    };
    if name.contains(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-'))) {
        return Err(Stop::usage(format!("`{name}` is no method name; write it as in `user.update`")));
    }
    let matches = match parse(command::clap(None, "oint call"), &arguments[1..]) {
        Ok(matches) => matches,
        Err(exit) => return Ok(exit),
    };
    if is_set(&matches, "help") {
        return print(USAGE);
    }
    let mut method = crate::method::Method::unknown(name.to_owned());
    if rest_version(&arguments[1..])? == Some(3) {
        method.rest = crate::method::Rest::V3;
    }
    let mut call = Call::new(method);
    if let Some(text) = given(&matches, "params") {
        match Inputs::new().json(text).map_err(|fault| Stop::usage(format!("--params: {fault}")))? {
            Value::Object(params) => params.into_iter().for_each(|(key, value)| call.set(key, value)),
            other => {
                return Err(Stop::usage(format!(
                    "--params: an object is needed, found {}",
                    crate::value::kind(&other)
                )));
            }
        }
    }
    let connection = Connection::new(&matches);
    if !is_set(&matches, "dry-run") && !connection.missing().is_empty() {
        return Err(Stop::usage(format!("the call needs more:\n{}", connection.missing().join("\n"))));
    }
    carry_out(call, connection, &matches)
}

/// The option `--rest`, which decides what command there is at all.
fn rest_version(arguments: &[String]) -> Result<Option<u8>, Stop> {
    let mut version = None;
    for (at, word) in arguments.iter().enumerate() {
        let value = match word.strip_prefix("--rest") {
            Some("") => arguments.get(at + 1).map(String::as_str),
            // Another option that only begins so.
            Some(rest) if !rest.starts_with('=') => continue,
            Some(rest) => rest.strip_prefix('='),
            None => continue,
        };
        version = match value {
            Some("2") => Some(2),
            Some("3") => Some(3),
            _ => return Err(Stop::usage("--rest takes 2 or 3")),
        };
    }
    Ok(version)
}

fn unknown_method(tables: &Tables, name: &str, version: Option<u8>) -> Stop {
    if let (Some(version), Some(other)) = (version, tables.command(name, None)) {
        return Stop::usage(format!("{name} does not exist in REST {version}, only in REST {}", other.rest));
    }
    let keys = tables.spellings().map(|(name, _)| name).filter(|name| !name.contains('@'));
    let near: Vec<String> = suggest::nearest(name, keys, 12)
        .into_iter()
        .filter_map(|key| tables.command(key, None))
        .fold(Vec::new(), |mut names, command| {
            // Each command once, in its best-known spelling.
            let shown = if name.contains('.') { command.method.unwrap_or(command.function) } else { command.function }
                .into_owned();
            if !names.contains(&shown) {
                names.push(shown);
            }
            names
        });
    let hint = match near.is_empty() {
        true => "\nhelp: `oint bitrix24` lists the methods; `oint call` calls any other".to_owned(),
        false => format!(
            "\nhelp: did you mean {}?",
            near.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        ),
    };
    Stop::usage(format!("there is no method `{name}`{hint}"))
}

/// The second stage: clap reports what it does not understand itself.
fn parse(clap: clap::Command, arguments: &[String]) -> Result<ArgMatches, Exit> {
    clap.try_get_matches_from(arguments).map_err(|error| {
        let text = error.render();
        let has_colour =
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let text = if has_colour { text.ansi().to_string() } else { text.to_string() };
        let _ = write!(std::io::stderr(), "{}", without_codes(&text));
        Exit::Usage
    })
}

/// Whether `--empty` is given, and not as no.
fn is_empty(matches: &ArgMatches) -> Result<bool, Stop> {
    match given(matches, command::EMPTY) {
        None => Ok(false),
        Some(text) => value::flag(text).map_err(|fault| Stop::usage(format!("--empty: {fault}"))),
    }
}

/// The same object with every value an empty text.
fn emptied(value: &Value) -> Value {
    match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), emptied(value))).collect(),
        Value::Array(items) => items.iter().map(emptied).collect(),
        _ => "".into(),
    }
}

fn carry_out(call: Call, connection: Connection, matches: &ArgMatches) -> Result<Exit, Stop> {
    if is_set(matches, "dry-run") {
        return print_json(&shown(&call, connection, matches)?);
    }
    let client = connection.client(matches)?;
    let (name, is_read) = (call.method().name.clone(), call.method().effect.is_read());
    let answer = interruptible(&name, is_read, async { Ok(client.execute(call).await?) })?;
    print_json(&answer.into_raw())
}

/// The request of a call, without a secret.
fn shown(call: &Call, connection: Connection, matches: &ArgMatches) -> Result<Value, Stop> {
    let (client, has_portal) = connection.shown(matches)?;
    let mut request = client.request(call)?.dry_run();
    if let (false, Some(Value::String(url))) = (has_portal, request.pointer_mut("/http/url")) {
        *url = connect::without_portal(url);
    }
    Ok(request)
}

/// Runs what talks to the portal until it is done or the user interrupts it.
fn interruptible<T>(name: &str, is_read: bool, work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop { exit: Exit::Network, message: format!("cannot start: {error}") })?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => {
                let outcome = if is_read { "" } else { "; whether the portal carried it out is unknown" };
                Err(Stop { exit: Exit::Interrupted, message: format!("{name}: interrupted{outcome}") })
            }
        }
    })
}

fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "note: {text}");
}

fn print_json(value: &impl serde::Serialize) -> Result<Exit, Stop> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Stop::usage(error.to_string()))?;
    print(&(text + "\n"))
}

/// Writes to standard output. A reader that has gone away has seen enough.
fn print(text: &str) -> Result<Exit, Stop> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Stop { exit: Exit::Network, message: format!("cannot write to standard output: {error}") }),
    }
}
