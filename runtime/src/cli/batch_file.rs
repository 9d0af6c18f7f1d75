//! `oint batch FILE`: named commands in few requests, each of which may use the results of those before it.
//!
//! The file is YAML, JSON, or an object a line: a name for each command with its method and parameters. Inside the
//! parameters `$result[name][key]…` stands for what an earlier command has brought.

mod read;
mod shape;

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value, json};

use crate::batch::{Batch, Handle, Replies, preview};
use crate::call::Call;
use crate::cli::body::Given;
use crate::cli::bulk::report;
use crate::cli::command::{self, given, is_set};
use crate::cli::connect::{self, Connection};
use crate::cli::exit::{Exit, Stop};
use crate::cli::method::{interruptible, unknown_method};
use crate::cli::output::Output;
use crate::cli::suggest::hint;
use crate::cli::value::Inputs;
use crate::cli::{note, parse, print_json, safety, show, stdin};
use crate::error::Error;
use crate::method::{Method, Rest};
use crate::table::Tables;

use read::{Entry, Faulty, entries};
use shape::Shape;

const HELP: &str = "Run a file of named commands in few requests

Usage: oint batch <FILE> [options]

FILE is YAML or JSON, - for standard input:
  company:
    method: crm.company.add
    params: {fields: {TITLE: Acme}}
  deal:
    method: crm.deal.add
    params: {fields: {TITLE: Doors, COMPANY_ID: '$result[company]'}}
Or a list, or lines, of objects with `name`, `method`, `params` and, for REST 3.0, `rest: 3`.
`$result[name]` is what oint prints of a command; `$result[name][0][ID]` and, as the portal
itself writes it, `$result[name][items][0][id]` lead into it.

Options:
  --halt           Stop at the first command that fails
  --allow-unknown  Pass methods, parameters and references on that are not known here
  --dry-run        Print the requests and send nothing
  --yes            Do not ask before something is removed
  --output FORMAT  json, pretty or yaml: one object by name; ndjson, table or csv: a line a command
  --url, --token and the other options of a connection are those of `oint bitrix24`
";

/// The options of `oint batch`.
pub(crate) fn clap() -> clap::Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    command::sub("batch")
        .arg(Arg::new("file").value_name("FILE"))
        .args(["halt", "allow-unknown", "dry-run", "yes"].map(switch))
        .args(command::connection_options())
        .args(command::output_options())
}

/// `oint batch`
pub(super) fn run(tables: &Tables, arguments: &[String]) -> Result<Exit, Stop> {
    let matches = parse(clap(), arguments)?;
    if is_set(&matches, "help") {
        return show(HELP);
    }
    let name =
        given(&matches, "file").ok_or_else(|| Stop::usage("name a file of commands, or - for standard input"))?;
    let output = Output::new(&matches)?;
    let connection = Connection::new(&matches)?;
    let file = read(name)?;
    let inputs = Inputs::new();
    let mut commands = Commands::default();
    let mut faults = Vec::new();
    for command in file {
        commands.take(tables, command, is_set(&matches, "allow-unknown"), &inputs, &mut faults);
    }
    if !faults.is_empty() {
        return Err(Stop::usage(format!("{}\nhelp: nothing was sent", faults.join("\n"))));
    }
    inputs.notes.take().iter().for_each(|text| note(text));
    if commands.names.is_empty() {
        return Err(Stop::usage(format!("{name}: there are no commands")));
    }
    let batch = if is_set(&matches, "halt") { commands.batch.halt() } else { commands.batch };
    if is_set(&matches, "dry-run") {
        return shown(batch, connection, &matches);
    }
    if !connection.missing().is_empty() {
        return Err(Stop::usage(format!("the batch needs more:\n{}", connection.missing().join("\n"))));
    }
    let client = connection.client(&matches)?;
    confirm(&commands.removals, client.host(), &matches)?;
    let replies = interruptible("batch", commands.is_read, async { Ok(client.batch(batch).await?) })?;
    tell(&commands.names, replies, &output)
}

/// The commands of a file on their way to a batch.
#[derive(Default)]
struct Commands {
    batch: Batch,
    names: Vec<String>,
    handles: Vec<Handle<Value>>,
    shapes: Vec<Shape>,
    /// The methods by which they remove something.
    removals: Vec<String>,
    is_read: bool,
}

impl Commands {
    /// Checks a command as `oint bitrix24` would, and adds it. A faulty one takes its place, so that what refers to it is not
    /// at fault as well; nothing is sent then.
    fn take(
        &mut self,
        tables: &Tables,
        command: Result<Entry, Faulty>,
        allow_unknown: bool,
        inputs: &Inputs,
        faults: &mut Vec<String>,
    ) {
        let (name, made) = match command {
            Ok(entry) => {
                (entry.name.clone(), self.make(tables, entry, allow_unknown, inputs).map_err(|fault| vec![fault]))
            }
            Err(faulty) => (faulty.name, Err(faulty.faults)),
        };
        let mut told = |fault: String| faults.push(format!("{name}: {fault}"));
        if self.names.contains(&name) {
            told("there are two commands of this name".to_owned());
        }
        let (call, shape) = made.unwrap_or_else(|found| {
            found.into_iter().for_each(&mut told);
            (Call::named(""), Shape::default())
        });
        self.removals.extend(safety::removals(tables, &call));
        self.is_read = call.method().effect.is_read() && (self.is_read || self.names.is_empty());
        self.handles.push(self.batch.call_named(&name, call));
        self.names.push(name);
        self.shapes.push(shape);
    }

    fn make(
        &self,
        tables: &Tables,
        entry: Entry,
        allow_unknown: bool,
        inputs: &Inputs,
    ) -> Result<(Call, Shape), String> {
        let mut params = Value::Object(entry.params);
        self.refer(&mut params, !allow_unknown)?;
        let Value::Object(params) = params else { return Err("`params` is no object".to_owned()) };
        match tables.command(&entry.method, entry.rest) {
            Some(command) if command.method.is_some() && !command.local && command.procedure.is_none() => {
                let given = Given::whole(&command, params, allow_unknown, inputs).map_err(|stop| stop.message)?;
                let call = given.call(&command, Vec::new()).map_err(|stop| stop.message)?;
                Ok((call, Shape::of(tables, &command)))
            }
            Some(command) => Err(format!("{} is not one call of a method", command.function)),
            None if allow_unknown => {
                let mut method = Method::unknown(entry.method);
                method.rest = if entry.rest == Some(3) { Rest::V3 } else { Rest::V2 };
                let call = params.into_iter().fold(Call::new(method), |call, (key, value)| call.param(key, value));
                Ok((call, Shape::default()))
            }
            None => {
                let fault = unknown_method(tables, &entry.method, entry.rest).message;
                Err(format!("{fault}\nhelp: `--allow-unknown` passes such methods on"))
            }
        }
    }

    /// Turns `$result[name]…` in every text into a reference.
    fn refer(&self, value: &mut Value, is_strict: bool) -> Result<(), String> {
        match value {
            Value::String(text) => *text = self.with_references(text, is_strict)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.refer(item, is_strict))?,
            Value::Object(entries) => entries.values_mut().try_for_each(|item| self.refer(item, is_strict))?,
            _ => {}
        }
        Ok(())
    }

    fn with_references(&self, text: &str, is_strict: bool) -> Result<String, String> {
        const OPEN: &str = "$result[";
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once(OPEN) {
            whole.push_str(before);
            let (name, mut behind) =
                behind.split_once(']').ok_or_else(|| format!("the `]` of `{OPEN}{behind}` is missing"))?;
            let at = self.names.iter().position(|known| known == name).ok_or_else(|| {
                let near = hint(name, self.names.iter().map(String::as_str));
                format!("`$result[{name}]`: no earlier command has this name{near}")
            })?;
            let mut path = Vec::new();
            while let Some((key, next)) = behind.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
                path.push(key);
                behind = next;
            }
            let reference = self.shapes[at].refer(self.handles[at], &path, is_strict).map_err(|fault| {
                let keys: String = path.iter().map(|key| format!("[{key}]")).collect();
                format!("`$result[{name}]{keys}`: {fault}")
            })?;
            whole.push_str(&reference.to_string());
            rest = behind;
        }
        whole.push_str(rest);
        Ok(whole)
    }
}

/// Reads the commands of a file.
fn read(name: &str) -> Result<Vec<Result<Entry, Faulty>>, Stop> {
    let fault = |reason: String| Stop::usage(format!("{name}: {reason}"));
    let text = match name {
        "-" => stdin::text("the batch").map_err(fault)?,
        path => std::fs::read_to_string(path).map_err(|error| fault(format!("cannot be read: {error}")))?,
    };
    entries(&text).map_err(fault)
}

/// Asks before something is removed.
fn confirm(removals: &[String], host: &str, matches: &ArgMatches) -> Result<(), Stop> {
    if removals.is_empty() {
        return Ok(());
    }
    safety::confirm(&format!("Run {} at {host}", safety::of_batch(removals)), safety::is_agreed(matches))
}

/// The requests, without a secret.
fn shown(batch: Batch, connection: Connection, matches: &ArgMatches) -> Result<Exit, Stop> {
    let (client, has_portal) = connection.shown(matches)?;
    let commands = batch.len();
    let mut requests = Vec::new();
    for call in preview(&client, batch)? {
        let mut request = client.request(&call)?.dry_run();
        if let (false, Some(Value::String(url))) = (has_portal, request.pointer_mut("/http/url")) {
            *url = connect::without_portal(url);
        }
        requests.push(request);
    }
    print_json(&json!({ "commands": commands, "requests": requests }))
}

/// Prints what became of every command. The exit code is that of the first one that failed by itself.
fn tell(names: &[String], replies: Replies, output: &Output) -> Result<Exit, Stop> {
    let mut exit = Exit::Done;
    let (mut failed, mut unknown, mut skipped) = (0, 0, 0);
    let mut told: Vec<(String, Value)> = Vec::new();
    for (name, reply) in names.iter().zip(replies) {
        if let Err(error) = &reply {
            match error {
                Error::Skipped { .. } => skipped += 1,
                Error::OutcomeUnknown { .. } => unknown += 1,
                _ => failed += 1,
            }
            if exit == Exit::Done && !matches!(error, Error::Skipped { .. }) {
                exit = Exit::from(error);
            }
        }
        told.push((name.clone(), report::outcome(reply)));
    }
    let value = if output.is_of_records() {
        let line = |(name, outcome): (String, Value)| {
            let mut line = Map::from_iter([("name".to_owned(), Value::String(name))]);
            if let Value::Object(outcome) = outcome {
                line.extend(outcome);
            }
            Value::Object(line)
        };
        Value::Array(told.into_iter().map(line).collect())
    } else {
        Value::Object(told.into_iter().collect())
    };
    let printed = output.print(value)?;
    if exit == Exit::Done {
        return Ok(printed);
    }
    let mut parts = Vec::new();
    for (count, word) in [(failed, "failed"), (unknown, "with an unknown outcome"), (skipped, "not run")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    Err(Stop { exit, message: format!("of {} commands {}", names.len(), parts.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(commands: &mut Commands, file: &str, allow_unknown: bool) -> Vec<String> {
        let mut faults = Vec::new();
        for command in entries(file).expect("a file of commands") {
            commands.take(&Tables::EMPTY, command, allow_unknown, &Inputs::new(), &mut faults);
        }
        faults
    }

    #[test]
    fn references_are_found_in_texts() {
        let mut commands = Commands::default();
        assert!(added(&mut commands, "first: a", true).is_empty());
        let found = commands.with_references("D_$result[first][0][ID]!$result", true).expect("found");
        assert!(crate::batch::is_in(&found.clone().into()) && found.starts_with("D_") && found.ends_with("!$result"));
        let fault = commands.with_references("$result[fist]", true).expect_err("unknown");
        assert!(fault.contains("did you mean `first`"), "{fault}");
        assert!(commands.with_references("$result[first", true).is_err());
    }

    #[test]
    fn all_faults_are_told_and_none_twice() {
        let file = "a: {method: x, param: {}}\nb: {method: x, params: {id: '$result[a][ID]'}}\nb: 7\nc: {method: x, params: {id: '$result[d]'}}";
        assert_eq!(
            added(&mut Commands::default(), file, true),
            [
                "a: a command has no key `param`\nhelp: did you mean `params`?",
                "b: there are two commands of this name",
                "b: a command has a `method`, and may have `params` and `rest`; this is a number",
                "c: `$result[d]`: no earlier command has this name\nhelp: did you mean `a` or `b`?",
            ]
        );
    }

    #[test]
    fn what_removes_is_found_in_unknown_methods_and_in_batches() {
        let mut commands = Commands::default();
        let file = "a: {method: x.delete}\nb: {method: batch, params: {cmd: {c: 'y.delete?id=1', d: z.get}}}\ne: x.get";
        assert!(added(&mut commands, file, true).is_empty());
        assert_eq!(commands.removals, ["x.delete", "y.delete"]);
    }
}
