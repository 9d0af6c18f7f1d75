//! `oint bitrix24 <method> --each TABLE`: one call for every row of a table, in batches, with a journal from which a run
//! that was broken off goes on without doing anything twice.

mod columns;
mod csv;
mod departure;
mod flight;
mod input;
mod journal;
pub(crate) mod report;
mod run;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::batch;
use crate::call::Call;
use crate::cli::body::Given;
use crate::cli::command::{given, is_set};
use crate::cli::connect::{self, Connection};
use crate::cli::exit::{Exit, Stop};
use crate::cli::value::Inputs;
use crate::cli::{safety, stdin};
use crate::method::{Effect, Method};
use crate::table::Command;

use columns::Columns;
use input::{Fault, Table};
use journal::{Journal, Refused, Run};

/// Faults and notes that are shown before "… and more".
const MOST_SHOWN: usize = 10;

/// Carries a command out for every row of the table that `--each` names.
pub(crate) fn run(command: &Command<'static>, matches: &ArgMatches, connection: Connection) -> Result<Exit, Stop> {
    let name = given(matches, "each").unwrap_or_default();
    if command.local || command.procedure.is_some() || command.method.is_none() {
        return Err(Stop::usage(format!("--each: {} is not one call of a method", command.function)));
    }
    // Every row has a line of its own; there is nothing else to print.
    let other = |option: &&&str| is_set(matches, option) || given(matches, option).is_some();
    if let Some(option) = ["all", "limit", "curl", "query", "columns", "raw", "out"].iter().find(other) {
        return Err(Stop::usage(format!("--each and --{option} do not go together: each row brings one line of JSON")));
    }
    if given(matches, "output").is_some_and(|format| !matches!(format, "ndjson" | "json")) {
        return Err(Stop::usage("--each prints a line of JSON a row (--output ndjson) and nothing else"));
    }
    let mut table = Table::open(name).map_err(Stop::usage)?;
    let inputs = Inputs::new();
    let constants = Given::read(command, matches, &inputs)?;
    // No cell reads it. That an option has read it already does as well.
    let _ = stdin::claim("--each");
    let mut columns = Columns::new(command, is_set(matches, "allow-unknown"));
    learn(&mut table, &mut columns)?;
    let cells = Inputs::table();
    let keep = if is_set(matches, "dry-run") { batch::MOST } else { 0 };
    let (rows, first) = check(&mut table, &mut columns, &constants, &cells, keep)?;
    show_notes(&inputs, &cells);
    let method = command.as_method();
    if is_set(matches, "dry-run") {
        return shown(&method, rows, first, &columns, connection, matches);
    }
    if !connection.missing().is_empty() {
        return Err(Stop::usage(format!("the calls need more:\n{}", connection.missing().join("\n"))));
    }
    if rows == 0 {
        crate::cli::note(&format!("{} has no rows", table.name()));
        return Ok(Exit::Done);
    }
    let client = connection.client(matches)?;
    let about = Run::new(
        &method.name,
        method.rest.number(),
        client.host(),
        rows,
        table.digest().map_err(Stop::usage)?,
        input::hex(digest(&SHA256, constants.fingerprint().as_bytes()).as_ref()),
    );
    let retry_unknown = is_set(matches, "retry-unknown");
    let resumes = is_set(matches, "resume") || retry_unknown;
    let path = journal_path(&table, matches);
    let open = || match &path {
        Some(path) => Journal::open(path, about, resumes).map_err(refused),
        None if resumes => Err(Stop::usage("--resume needs the journal of the first run; name it with --journal")),
        None => Ok(Journal::absent(about)),
    };
    // A journal that cannot be gone on with is told before anything is asked; one that is not there is begun behind the
    // answer, since whoever says no, or Ctrl-C, has sent nothing.
    let journal = if path.as_ref().is_some_and(|path| path.exists()) || resumes && path.is_none() {
        let journal = open()?;
        confirm(&method, rows, client.host(), matches)?;
        journal
    } else {
        confirm(&method, rows, client.host(), matches)?;
        open()?
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop { exit: Exit::Network, message: format!("cannot start: {error}") })?;
    runtime.block_on(async {
        let runner = run::Runner::new(&client, &method, journal, retry_unknown);
        runner.run(&mut table, &mut columns, &constants, &cells).await
    })
}

/// Refuses the options of a table where there is none.
pub(crate) fn refuse(matches: &ArgMatches) -> Result<(), Stop> {
    let is_given = |option: &&&str| is_set(matches, option) || given(matches, option).is_some();
    match ["resume", "retry-unknown", "journal"].iter().find(is_given) {
        Some(option) => Err(Stop::usage(format!("--{option} belongs to --each TABLE, and there is none"))),
        None => Ok(()),
    }
}

/// Looks the columns of a heading up, and names all that are unknown.
fn learn(table: &mut Table, columns: &mut Columns<'_>) -> Result<(), Stop> {
    let heading = table.heading().map_err(Stop::usage)?;
    let (mut faults, mut inner) = (Faults::default(), BTreeSet::new());
    for name in &heading {
        if let Err(fault) = columns.learn(name) {
            faults.add(|| format!("--each: {fault}"));
            inner.extend(columns.inside(name).map(str::to_owned));
        }
    }
    let Some(text) = faults.told("columns") else { return Ok(()) };
    let help = match inner.first() {
        Some(object) if faults.shown.len() > 1 => format!(
            "\nhelp: `--out` of a list writes the names without `{object}.`; put it before them in the first line, and leave \
             out the columns that {} does not take",
            columns.function()
        ),
        _ => String::new(),
    };
    Err(Stop::usage(format!("{text}{help}")))
}

/// Makes the call of every row once, so that a fault in the last row is found before the first one is sent. Brings the
/// number of rows and the calls of the first `keep`.
fn check(
    table: &mut Table,
    columns: &mut Columns<'_>,
    constants: &Given,
    inputs: &Inputs,
    keep: usize,
) -> Result<(u64, Vec<Call>), Stop> {
    let (mut rows, mut first) = (0, Vec::new());
    let mut faults = Faults::default();
    for row in table.rows().map_err(Stop::usage)? {
        rows += 1;
        let call = row.and_then(|row| {
            let (row_number, line) = (row.number, row.line);
            columns.call(row, constants, inputs).map_err(|reason| Fault { row: row_number, line, reason })
        });
        match call {
            Ok(call) if first.len() < keep => first.push(call),
            Ok(_) => {}
            Err(fault) => faults.add(|| fault.to_string()),
        }
    }
    match faults.told("rows") {
        None => Ok((rows, first)),
        Some(text) => Err(Stop::usage(format!("--each: nothing was sent, for not every row can be\n{text}"))),
    }
}

/// What is wrong with a table: the first faults, and how many more there are.
#[derive(Default)]
struct Faults {
    shown: Vec<String>,
    more: u64,
}

impl Faults {
    fn add(&mut self, fault: impl FnOnce() -> String) {
        match self.shown.len() < MOST_SHOWN {
            true => self.shown.push(fault()),
            false => self.more += 1,
        }
    }

    /// A line a fault; none where there is none. `of`: what they are faults of.
    fn told(&self, of: &str) -> Option<String> {
        let more = if self.more > 0 { format!("\n… and {} more {of}", self.more) } else { String::new() };
        (!self.shown.is_empty()).then(|| format!("{}{more}", self.shown.join("\n")))
    }
}

/// Says what people should know, each thing once.
fn show_notes(options: &Inputs, cells: &Inputs) {
    let mut notes: Vec<String> = options.notes.take();
    for note in cells.notes.take() {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let more = notes.len().saturating_sub(MOST_SHOWN);
    notes.iter().take(MOST_SHOWN).for_each(|note| crate::cli::note(note));
    if more > 0 {
        crate::cli::note(&format!("… and {more} more of this kind"));
    }
}

/// Where the journal is: beside the input if no other place is named. Standard input has nothing beside it.
fn journal_path(table: &Table, matches: &ArgMatches) -> Option<PathBuf> {
    let beside = |input: &Path| {
        let mut name = input.as_os_str().to_owned();
        name.push(".journal");
        PathBuf::from(name)
    };
    given(matches, "journal").map(PathBuf::from).or_else(|| table.path().map(beside))
}

fn refused(refused: Refused) -> Stop {
    Stop::usage(match refused {
        Refused::Exists(path) => format!(
            "the journal {} is there: these rows were sent before, all or in part\nhelp: `--resume` goes on behind them \
             and tells of all rows; delete the journal to send everything anew",
            path.display()
        ),
        Refused::Other(text) => text,
    })
}

/// Asks before many records are changed or removed; where nobody can be asked, `--yes` has to say it.
fn confirm(method: &Method, rows: u64, host: &str, matches: &ArgMatches) -> Result<(), Stop> {
    // A `batch` could hold anything.
    let asks = matches!(method.effect, Effect::Update | Effect::Delete) || safety::is_batch(&method.name);
    if !asks || safety::is_agreed(matches) {
        return Ok(());
    }
    let count = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    safety::confirm(&format!("Call {} for {count} at {host}", method.name), false)
}

/// The dry run: how many rows and requests there are, where the columns go, and the first request.
fn shown(
    method: &Method,
    rows: u64,
    first: Vec<Call>,
    columns: &Columns<'_>,
    connection: Connection,
    matches: &ArgMatches,
) -> Result<Exit, Stop> {
    let (client, has_portal) = connection.shown(matches)?;
    let mut request = match batch::preview(&client, first.into())?.into_iter().next() {
        Some(call) => client.request(&call)?.dry_run(),
        None => serde_json::Value::Null,
    };
    if let (false, Some(serde_json::Value::String(url))) = (has_portal, request.pointer_mut("/http/url")) {
        *url = connect::without_portal(url);
    }
    crate::cli::print_json(&json!({
        "rows": rows,
        "requests": run::requests(rows, method),
        "columns": columns.shown(),
        "first": request,
    }))
}

/// Numbers of rows for people: `row 7`, `rows 1–3, 7`.
fn words(rows: &[u64]) -> String {
    let ranges = journal::ranges(rows);
    let word = if rows.len() == 1 { "row" } else { "rows" };
    let shown = ranges.iter().take(MOST_SHOWN).map(|[from, to]| match to - from {
        0 => from.to_string(),
        _ => format!("{from}–{to}"),
    });
    let more = if ranges.len() > MOST_SHOWN { ", …" } else { "" };
    format!("{word} {}{more}", shown.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_in_few_words() {
        assert_eq!((words(&[7]), words(&[1, 2, 3, 7])), ("row 7".to_owned(), "rows 1–3, 7".to_owned()));
        let odd: Vec<u64> = (0..30).map(|number| number * 2 + 1).collect();
        assert!(words(&odd).ends_with("17, 19, …"));
    }
}
