//! `oint bitrix24 …` and `oint call …`: from the arguments to the answer of one method.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::time::Duration;

use clap::ArgMatches;
use serde_json::Value;

use crate::call::Call;
use crate::cli::command::{self, given, is_set};
use crate::cli::connect::{self, Connection};
use crate::cli::exit::{Exit, Stop};
use crate::cli::interrupt::Interrupt;
use crate::cli::list::{self, Wanted};
use crate::cli::output::Output;
use crate::cli::value::Inputs;
use crate::cli::{body, bulk, curl, heed, help, note, print, print_json, procedure, safety, show, suggest, value};
use crate::method::Effect;
use crate::table::{Command, Tables};

/// How long work in the background may go on when a command is over.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);
/// How much of an answer that cannot be printed is told, in characters.
const MOST_KEPT: usize = 500;

/// `oint bitrix24 …`
pub(super) fn bitrix24(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let Some((name, rest)) = arguments.split_first() else {
        return show(&help::categories(tables));
    };
    match name.as_str() {
        "--help" | "-h" | "help" => return show(&help::categories(tables)),
        "--all" => return show(&help::everything(tables)),
        // The other way to call any method.
        "call" => return any_method(tables, rest),
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
        if let Some(list) = help::category(tables, arguments) {
            return show(&list);
        }
        return Err(unknown_method(tables, name, version));
    };
    // They are wanted to the end, and the process ends with them.
    let command = ManuallyDrop::new(command);
    let name = format!("oint bitrix24 {name}");
    let matches = ManuallyDrop::new(heed(command::matches(Some(&command), &name, rest), &name)?);
    if is_set(&matches, "help") {
        return show(&help::command(&command, is_set(&matches, "all")));
    }
    let wanted = Wanted::new(&matches)?;
    if is_set(&matches, "describe") {
        return print_json(&*command);
    }
    let output = Output::new(&matches)?;
    if let Some(template) = &command.template {
        return output.print(if is_empty(&matches)? { emptied(template) } else { template.clone() });
    }
    if let Some(gone) = &command.deprecated {
        let instead = gone.replacement.as_deref().map(|name| format!("; use {name} instead")).unwrap_or_default();
        note(&format!("{} is deprecated{instead}", command.function));
    }
    if given(&matches, "each").is_some() {
        return bulk::run(&command, &matches, Connection::new(&matches)?);
    }
    bulk::refuse(&matches)?;
    let inputs = Inputs::new();
    let is_offline = command.method.is_none();
    let connection = if is_offline { Connection::without_profile(&matches) } else { Connection::new(&matches) }?;
    let is_shown = is_set(&matches, "dry-run") || is_set(&matches, "curl");
    let missing = if is_offline || is_shown { Vec::new() } else { connection.missing() };
    let call = body::call(&command, &matches, &inputs, missing)?;
    for text in inputs.notes.take() {
        note(&text);
    }
    if command.local {
        return output.print(call.into_value());
    }
    if let Some(procedure) = command.procedure.as_deref() {
        let run = Run { tables, command: Some(&command), wanted, matches: &matches, output: &output };
        return procedure::carry_out(procedure, call, connection, &run);
    }
    Run { tables, command: Some(&command), wanted, matches: &matches, output: &output }.carry_out(call, connection)
}

/// `oint call <method>`: any method at all.
pub(super) fn any_method(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    const USAGE: &str = "Call any REST method, known here or not\n\nUsage: oint call <method> --url <ADDRESS> [--token <TOKEN>] [--params <JSON>] [--rest 3] [--dry-run]\n\n`oint bitrix24 call …` is the same. Output, --curl, --yes and the other common options are those of `oint bitrix24 UpdateUser --help --all`.\n\nExample:\n  oint call crm.any.method --params '{\"ID\": 1}'\n";
    let name = match arguments.first().map(String::as_str) {
        None | Some("--help" | "-h" | "help") => return show(USAGE),
        Some(option) if option.starts_with('-') => {
            return Err(Stop::usage(format!("name a method before `{option}`\n\n{USAGE}")));
        }
        Some(name) => name,
    };
    if name.is_empty() || name.contains(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-')))
    {
        return Err(Stop::usage(format!("`{name}` is no method name; write it as in `user.update`")));
    }
    let matches = heed(command::matches(None, "oint call", &arguments[1..]), "oint call")?;
    if is_set(&matches, "help") {
        return show(USAGE);
    }
    if given(&matches, "each").is_some() {
        let text = "--each has to know the method: `oint bitrix24 <method> --each …`";
        return Err(Stop::usage(format!("{text}\nhelp: `oint batch --allow-unknown` runs a file of any calls")));
    }
    bulk::refuse(&matches)?;
    let version = rest_version(&arguments[1..])?;
    // What is known of a method (what it does, where its records are) holds by this way too; its parameters are not checked.
    let is_it =
        |known: &Command<'static>| known.method.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name));
    let known = tables.command(name, Some(version.unwrap_or(2))).filter(is_it);
    let mut method = match &known {
        Some(known) => known.as_method(),
        None => crate::method::Method::unknown(name.to_owned()),
    };
    method.name = name.to_owned().into();
    if version == Some(3) {
        method.rest = crate::method::Rest::V3;
    }
    let connection = Connection::new(&matches)?;
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
    let is_shown = is_set(&matches, "dry-run") || is_set(&matches, "curl");
    if !is_shown && !connection.missing().is_empty() {
        return Err(Stop::usage(format!("the call needs more:\n{}", connection.missing().join("\n"))));
    }
    let (output, wanted) = (Output::new(&matches)?, Wanted::new(&matches)?);
    Run { tables, command: known.as_ref(), wanted, matches: &matches, output: &output }.carry_out(call, connection)
}

/// The option `--rest`, which decides what command there is at all.
pub(super) fn rest_version(arguments: &[String]) -> Result<Option<u8>, Stop> {
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

pub(super) fn unknown_method(tables: &Tables, name: &str, version: Option<u8>) -> Stop {
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

/// Whether `--empty` is given, and not as no.
pub(super) fn is_empty(matches: &ArgMatches) -> Result<bool, Stop> {
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

/// What is to be done with a call.
pub(super) struct Run<'r> {
    pub(super) tables: &'r Tables,
    /// The command that it comes from; none for a method that was named only.
    pub(super) command: Option<&'r Command<'static>>,
    pub(super) wanted: Wanted,
    pub(super) matches: &'r ArgMatches,
    pub(super) output: &'r Output,
}

impl Run<'_> {
    /// Sends a call, or shows it, and prints the answer.
    pub(super) fn carry_out(&self, call: Call, connection: Connection) -> Result<Exit, Stop> {
        list::check(&call, self.wanted, self.output)?;
        if is_set(self.matches, "dry-run") {
            return print_json(&shown(&call, connection, self.matches)?);
        }
        if is_set(self.matches, "curl") {
            let request = shown(&call, connection, self.matches)?;
            return print(&curl::command(&request, call.params()));
        }
        self.send(call, connection)
    }

    /// Not a part of what only shows a call: the state of a call on its way takes 24 kB of the stack, six pages that a dry run
    /// would touch for nothing.
    #[inline(never)]
    fn send(&self, call: Call, connection: Connection) -> Result<Exit, Stop> {
        let client = connection.client(self.matches)?;
        if let Some(question) = safety::question(self.tables, self.command, &call, &client) {
            safety::confirm(&question, safety::is_agreed(self.matches))?;
        }
        if let Wanted::Walk(limit) = self.wanted {
            return list::walk(&client, call, limit, self.output);
        }
        let (name, effect, is_placed) = (call.method().name.clone(), call.method().effect, list::is_placed(&call));
        let mut answer = interruptible(&name, effect.is_read(), async { Ok(client.execute(call).await?) })?;
        if self.output.is_raw() {
            return tell(self.output, (&name, effect), Value::Object(answer.into_raw()));
        }
        let records = self.command.map(records_of).unwrap_or_default();
        answer.narrow(records);
        let result = std::mem::take(&mut answer.result);
        let exit = tell(self.output, (&name, effect), result)?;
        if effect == Effect::List && !is_placed {
            list::note_more(&answer);
        }
        Ok(exit)
    }
}

/// Prints the answer of a call. Where that fails behind a write, the message says that it was carried out, and what came of it.
pub(super) fn tell(output: &Output, (name, effect): (&str, Effect), answer: Value) -> Result<Exit, Stop> {
    if effect.is_read() {
        return output.print(answer);
    }
    let mut kept = answer.to_string();
    output.print(answer).map_err(|mut stop| {
        if let Some((end, _)) = kept.char_indices().nth(MOST_KEPT) {
            kept.truncate(end);
            kept.push('…');
        }
        stop.message.push_str(&format!("\nnote: {name} has been carried out; do not repeat it. The answer: {kept}"));
        stop
    })
}

/// The place of the records in a command's result; empty where the result is what is wanted.
pub(super) fn records_of<'c>(command: &'c Command<'_>) -> &'c str {
    command.returns.as_ref().and_then(|returns| returns.records.as_deref()).unwrap_or_default()
}

/// The request of a call, without a secret.
pub(super) fn shown(call: &Call, connection: Connection, matches: &ArgMatches) -> Result<Value, Stop> {
    let (client, has_portal) = connection.shown(matches)?;
    let mut request = client.request(call)?.dry_run();
    if let (false, Some(Value::String(url))) = (has_portal, request.pointer_mut("/http/url")) {
        *url = connect::without_portal(url);
    }
    Ok(request)
}

/// Runs what talks to the portal until it is done or somebody interrupts it.
pub(super) fn interruptible<T>(
    name: &str,
    is_read: bool,
    work: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop { exit: Exit::Network, message: format!("cannot start: {error}") })?;
    let outcome = runtime.block_on(async {
        let mut interrupt = Interrupt::listen();
        tokio::select! {
            done = work => done,
            () = interrupt.next() => {
                let outcome = if is_read { "" } else { "; whether the portal carried it out is unknown" };
                Err(Stop { exit: Exit::Interrupted, message: format!("{name}: interrupted{outcome}") })
            }
        }
    });
    // A file that is being written gets its end; a name that no server answers for would be waited for much longer.
    runtime.shutdown_timeout(FAREWELL);
    outcome
}
