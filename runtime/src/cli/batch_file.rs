//! `oint batch FILE`: named commands in few requests, each of which may use the results of those before it.
//!
//! The file is YAML, JSON, or an object a line: a name for each command with its method and parameters. Inside the
//! parameters `$result[name][key]…` stands for what an earlier command has brought.

use clap::{Arg, ArgAction, ArgMatches};
use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::batch::{Batch, Handle, Reference, Replies, preview};
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
use crate::method::{Effect, Method, Rest};
use crate::table::Tables;
use crate::value::Object;

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

Options:
  --halt           Stop at the first command that fails
  --allow-unknown  Pass methods and parameters on that are not known here
  --dry-run        Print the requests and send nothing
  --yes            Do not ask before something is removed
  --output FORMAT  json, pretty or yaml: one object by name; ndjson, table or csv: a line a command
  --url, --token and the other options of a connection are those of `oint bitrix24`
";

/// A command as the file gives it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    method: String,
    #[serde(default)]
    params: Option<Object>,
    rest: Option<u8>,
}

/// The form of an entry below its name: a method alone needs no object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Method(String),
    Entry(Entry),
}

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
    let entries = read(name)?;
    let inputs = Inputs::new();
    let mut commands = Commands::default();
    let mut faults = Vec::new();
    for entry in entries {
        commands
            .add(tables, entry, is_set(&matches, "allow-unknown"), &inputs)
            .unwrap_or_else(|fault| faults.push(fault));
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
    confirm(commands.deletes, client.host(), &matches)?;
    let replies = interruptible("batch", commands.is_read, async { Ok(client.batch(batch).await?) })?;
    tell(&commands.names, replies, &output)
}

/// The commands of a file on their way to a batch.
#[derive(Default)]
struct Commands {
    batch: Batch,
    names: Vec<String>,
    handles: Vec<Handle<Value>>,
    deletes: usize,
    is_read: bool,
}

impl Commands {
    /// Checks a command as `oint bitrix24` would, and adds it.
    fn add(&mut self, tables: &Tables, entry: Entry, allow_unknown: bool, inputs: &Inputs) -> Result<(), String> {
        let name = entry.name.unwrap_or_else(|| (self.names.len() + 1).to_string());
        let told = |fault: String| format!("{name}: {fault}");
        if self.names.contains(&name) {
            return Err(told("there are two commands of this name".to_owned()));
        }
        if !matches!(entry.rest, None | Some(2 | 3)) {
            return Err(told("`rest` is 2 or 3".to_owned()));
        }
        let mut params = Value::Object(entry.params.unwrap_or_default());
        self.refer(&mut params).map_err(told)?;
        let Value::Object(params) = params else { return Ok(()) };
        let call = match tables.command(&entry.method, entry.rest) {
            Some(command) if command.method.is_some() && !command.local && command.procedure.is_none() => {
                let given = Given::whole(&command, params, allow_unknown, inputs).map_err(|stop| told(stop.message))?;
                given.call(&command, Vec::new()).map_err(|stop| told(stop.message))?
            }
            Some(command) => return Err(told(format!("{} is not one call of a method", command.function))),
            None if allow_unknown => {
                let mut method = Method::unknown(entry.method);
                method.rest = if entry.rest == Some(3) { Rest::V3 } else { Rest::V2 };
                params.into_iter().fold(Call::new(method), |call, (key, value)| call.param(key, value))
            }
            None => {
                let fault = unknown_method(tables, &entry.method, entry.rest).message;
                return Err(told(format!("{fault}\nhelp: `--allow-unknown` passes such methods on")));
            }
        };
        let effect = call.method().effect;
        self.deletes += usize::from(effect == Effect::Delete);
        self.is_read = effect.is_read() && (self.is_read || self.names.is_empty());
        self.handles.push(self.batch.call(call));
        self.names.push(name);
        Ok(())
    }

    /// Turns `$result[name]…` in every text into a reference.
    fn refer(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::String(text) => *text = self.with_references(text)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.refer(item))?,
            Value::Object(entries) => entries.values_mut().try_for_each(|item| self.refer(item))?,
            _ => {}
        }
        Ok(())
    }

    fn with_references(&self, text: &str) -> Result<String, String> {
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
            let mut reference: Reference = self.handles[at].result();
            while let Some((key, next)) = behind.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
                reference = reference.field(key);
                behind = next;
            }
            whole.push_str(&reference.to_string());
            rest = behind;
        }
        whole.push_str(rest);
        Ok(whole)
    }
}

/// Reads the commands of a file.
fn read(name: &str) -> Result<Vec<Entry>, Stop> {
    let fault = |reason: String| Stop::usage(format!("{name}: {reason}"));
    let text = match name {
        "-" => stdin::text("the batch").map_err(fault)?,
        path => std::fs::read_to_string(path).map_err(|error| fault(format!("cannot be read: {error}")))?,
    };
    let text = text.trim_start_matches('\u{FEFF}');
    entries(text).map_err(fault)
}

fn entries(text: &str) -> Result<Vec<Entry>, String> {
    // YAML has JSON in it, but neither lines of it nor its speed.
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_lines = lines.len() > 1 && lines.iter().all(|line| line.starts_with('{') && line.trim_end().ends_with('}'));
    if is_lines {
        let read = |(at, line): (usize, &&str)| {
            serde_json::from_str(line).map_err(|error| format!("command {}: {error}", at + 1))
        };
        return lines.iter().enumerate().map(read).collect();
    }
    let List(entries) = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    Ok(entries)
}

/// The commands in their order, however they are written.
struct List(Vec<Entry>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = List;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("commands by name, or a list of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List, A::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<Key>()? {
                    let entry = match map.next_value::<Value>()? {
                        // A lone object is one command.
                        Value::String(method) if name.0 == "method" && entries.is_empty() => {
                            let mut whole = Map::from_iter([("method".to_owned(), Value::String(method))]);
                            while let Some(key) = map.next_key::<Key>()? {
                                whole.insert(key.0, map.next_value()?);
                            }
                            let entry = serde_json::from_value(Value::Object(whole)).map_err(de::Error::custom)?;
                            return Ok(List(vec![entry]));
                        }
                        value => serde_json::from_value(value)
                            .map_err(|_| de::Error::custom(format!("`{}` {SHAPE}", name.0)))?,
                    };
                    let entry = match entry {
                        Named::Method(method) => Entry { name: None, method, params: None, rest: None },
                        Named::Entry(entry) => entry,
                    };
                    entries.push(Entry { name: Some(name.0), ..entry });
                }
                Ok(List(entries))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
                let mut entries = Vec::new();
                while let Some(value) = items.next_element::<Value>()? {
                    let entry = serde_json::from_value(value);
                    entries
                        .push(entry.map_err(|_| de::Error::custom(format!("command {} {SHAPE}", entries.len() + 1)))?);
                }
                Ok(List(entries))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// What a command has to be.
const SHAPE: &str = "is no command: it needs a `method` and may have `params` (an object) and `rest`";

/// A name: YAML reads `7` as a number.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(de::Error::custom("a command's name is a text")),
        }
    }
}

/// Asks before something is removed.
fn confirm(deletes: usize, host: &str, matches: &ArgMatches) -> Result<(), Stop> {
    if deletes == 0 {
        return Ok(());
    }
    let count = if deletes == 1 { "1 command".to_owned() } else { format!("{deletes} commands") };
    safety::confirm(&format!("Run {count} of the batch that remove something at {host}"), safety::is_agreed(matches))
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

    fn names(text: &str) -> Result<Vec<(Option<String>, String)>, String> {
        Ok(entries(text)?.into_iter().map(|entry| (entry.name, entry.method)).collect())
    }

    #[test]
    fn commands_are_read_in_every_form_and_keep_their_order() {
        let pair = |name: &str, method: &str| (Some(name.to_owned()), method.to_owned());
        let expected = vec![pair("b", "crm.deal.list"), pair("a", "user.get")];
        for text in [
            "b:\n  method: crm.deal.list\n  params: {filter: {ID: 7}}\na: user.get\n",
            "{\"b\": {\"method\": \"crm.deal.list\"}, \"a\": {\"method\": \"user.get\"}}",
            "- {name: b, method: crm.deal.list}\n- name: a\n  method: user.get\n",
            "{\"name\": \"b\", \"method\": \"crm.deal.list\"}\n\n{\"name\": \"a\", \"method\": \"user.get\"}\n",
        ] {
            assert_eq!(names(text), Ok(expected.clone()), "{text}");
        }
        assert_eq!(names("{\"method\": \"user.get\", \"params\": {}}"), Ok(vec![(None, "user.get".to_owned())]));
        for (text, words) in [
            ("a: {metod: user.get}", "`a` is no command"),
            ("- 7", "command 1 is no command"),
            ("user.get", "commands by name"),
            ("{\"method\": \"a\"}\n{\"method\": 7}", "command 2"),
        ] {
            let fault = names(text).expect_err(text);
            assert!(fault.contains(words), "{text}: {fault}");
        }
    }

    #[test]
    fn references_are_found_in_texts() {
        let mut commands = Commands::default();
        commands.handles.push(commands.batch.call(Call::named("a")));
        commands.names.push("first".to_owned());
        let found = commands.with_references("D_$result[first][0][ID]!$result").expect("found");
        assert!(crate::batch::is_in(&found.clone().into()) && found.starts_with("D_") && found.ends_with("!$result"));
        let fault = commands.with_references("$result[fist]").expect_err("unknown");
        assert!(fault.contains("did you mean `first`"), "{fault}");
        assert!(commands.with_references("$result[first").is_err());
    }
}
