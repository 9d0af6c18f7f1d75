//! What a command prints: an answer or a stream of records, in the format that was asked for, to standard output or to a
//! file that appears when it is whole.

mod columns;
mod csv;
mod json;
mod query;
mod sink;
mod table;
mod yaml;

use std::io;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::Value;

use crate::cli::command::{given, is_set};
use crate::cli::exit::{Exit, Stop};
use crate::cli::terminal::{self, Stream};

use columns::{Columns, Unseen};
use query::Query;
use sink::Sink;

/// A format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Indented JSON.
    Json,
    /// Indented JSON, in colours where there are any.
    Pretty,
    /// One line of JSON a record.
    Ndjson,
    /// Columns for people; fits the terminal.
    Table,
    /// Comma-separated values with a line of names.
    Csv,
    /// YAML.
    Yaml,
}

/// The words of `--output`.
const FORMATS: [(&str, Format); 6] = [
    ("json", Format::Json),
    ("pretty", Format::Pretty),
    ("ndjson", Format::Ndjson),
    ("table", Format::Table),
    ("csv", Format::Csv),
    ("yaml", Format::Yaml),
];

/// The variable that stands for `--raw`.
const RAW: &str = "B24_RAW";

/// What was asked for of the output.
pub(crate) struct Output {
    format: Option<Format>,
    columns: Columns,
    query: Option<Query>,
    is_raw: bool,
    out: Option<PathBuf>,
}

impl Output {
    /// Reads the options; a faulty one is reported before anything is sent.
    pub(crate) fn new(matches: &ArgMatches) -> Result<Self, Stop> {
        let out = given(matches, "out").map(PathBuf::from);
        let asked = given(matches, "output").map(format_of).transpose()?;
        let format = asked.or_else(|| out.as_deref().and_then(by_ending));
        let query = given(matches, "query").map(Query::new).transpose()?;
        if let (Some(out), None, None) = (&out, format, &query)
            && let Some(ending) = unknown_ending(out)
        {
            crate::cli::note(&format!(
                "--out: `.{ending}` is the ending of no format, so the file holds JSON; there are .csv, .ndjson and .yaml, and --output chooses for any name"
            ));
        }
        Ok(Self {
            format,
            columns: Columns::new(given(matches, "columns")),
            query,
            is_raw: is_set(matches, "raw") || crate::cli::is_on(RAW),
            out,
        })
    }

    /// Whether the whole answer of the portal is wanted, and not the result in it.
    pub(crate) fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// The file that takes the output, if one was named.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// Whether a format was asked for that has a line a record.
    pub(crate) fn is_of_records(&self) -> bool {
        matches!(self.format, Some(Format::Ndjson | Format::Table | Format::Csv))
    }

    /// Whether anything was asked for, so that lines for people are not what is wanted.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.format.is_some() || self.query.is_some() || self.out.is_some() || self.columns.names().is_some()
    }

    /// The format: the one that was asked for, or what suits the place. People get tables and colours, programs JSON.
    fn format(&self, is_list_of_objects: bool) -> Format {
        let is_for_people = self.out.is_none() && terminal::is_terminal(Stream::Out);
        match self.format {
            Some(format) => format,
            None if !is_for_people => Format::Json,
            None if is_list_of_objects && self.query.is_none() => Format::Table,
            None => Format::Pretty,
        }
    }

    /// Prints one value; the items of a list are records.
    pub(crate) fn print(&self, value: Value) -> Result<Exit, Stop> {
        // The countdown of a wait that is over may still stand there.
        crate::cli::progress::clear();
        let is_table = matches!(&value, Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object));
        if let Some(query) = &self.query {
            let mut printer = self.printer(self.format(is_table))?;
            let values = query.run(&value)?;
            let are_records = values.len() > 1 || query.is_of_each();
            for value in values {
                if printer.any(value?, are_records)?.is_closed() {
                    return Ok(Exit::Done);
                }
            }
            return printer.finish();
        }
        match value {
            Value::Array(items) => {
                let mut records = self.printer(self.format(is_table))?;
                for item in items {
                    if records.record(item)?.is_closed() {
                        return Ok(Exit::Done);
                    }
                }
                records.finish()
            }
            value => {
                let mut printer = self.printer(self.format(false))?;
                if printer.single(value)?.is_closed() {
                    return Ok(Exit::Done);
                }
                printer.finish()
            }
        }
    }

    /// Prints a text bare, unless a format or a query was asked for.
    pub(crate) fn print_text(&self, text: String) -> Result<Exit, Stop> {
        if self.format.is_some() || self.query.is_some() || self.out.is_some() {
            return self.print(text.into());
        }
        crate::cli::print(&(text + "\n"))
    }

    /// Begins to print records, which come one by one: a table on a terminal.
    pub(crate) fn records(&self) -> Result<Records<'_>, Stop> {
        let each = self.query.as_ref().map(Query::of_each);
        let way = match each {
            Some(None) => Way::Kept(Vec::new()),
            each => Way::Printed(Box::new(self.printer(self.format(true))?), each.flatten()),
        };
        Ok(Records { output: self, way, count: 0 })
    }

    fn printer(&self, format: Format) -> Result<Printer, Stop> {
        let sink = Sink::new(self.out.as_deref())?;
        let width = self.out.is_none().then(terminal::width).flatten();
        let colours = self.out.is_none() && terminal::has_colour(Stream::Out);
        // What a program asks for is shown bare, as `jq -r` does, unless a format is named.
        let is_bare = self.query.is_some() && self.format.is_none();
        Ok(Printer {
            encoder: Encoder::new(format, &self.columns, (width, colours), self.query.is_none()),
            sink,
            is_bare,
            unseen: Unseen::new(&self.columns),
        })
    }
}

/// The words of `--output`.
pub(crate) fn formats() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|(word, _)| *word)
}

fn format_of(word: &str) -> Result<Format, Stop> {
    let found = FORMATS.iter().find(|(known, _)| *known == word).map(|(_, format)| *format);
    found.ok_or_else(|| {
        let words: Vec<&str> = FORMATS.iter().map(|(word, _)| *word).collect();
        let hint = crate::cli::suggest::hint(word, words.iter().copied());
        Stop::usage(format!("--output: there is no format `{word}`, but {}{hint}", words.join(", ")))
    })
}

/// The format that a file's name asks for.
fn by_ending(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "yaml" | "yml" => Some(Format::Yaml),
        _ => None,
    }
}

/// The ending of a file's name that lets people expect something else than JSON.
fn unknown_ending(path: &Path) -> Option<String> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    (!matches!(ending.as_str(), "json" | "txt" | "log" | "tmp" | "out")).then_some(ending)
}

/// Whether the reader is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Flow {
    /// More may come.
    Open,
    /// The reader has seen enough and gone away.
    Closed,
}

impl Flow {
    /// Whether the reader has gone away.
    pub(crate) fn is_closed(self) -> bool {
        self == Self::Closed
    }
}

/// Records on their way out, one by one.
pub(crate) struct Records<'o> {
    output: &'o Output,
    way: Way,
    count: u64,
}

enum Way {
    /// Each is printed as it comes, or what a query makes of it.
    Printed(Box<Printer>, Option<Query>),
    /// The query is about all of them together.
    Kept(Vec<Value>),
}

impl Records<'_> {
    /// Prints a record.
    pub(crate) fn push(&mut self, record: Value) -> Result<Flow, Stop> {
        self.count += 1;
        match &mut self.way {
            Way::Kept(kept) => kept.push(record),
            Way::Printed(printer, None) => return printer.record(record),
            Way::Printed(printer, Some(query)) => {
                for value in query.run(&record)? {
                    if printer.any(value?, true)?.is_closed() {
                        return Ok(Flow::Closed);
                    }
                }
            }
        }
        Ok(Flow::Open)
    }

    /// Hands on what has been printed so far.
    pub(crate) fn flush(&mut self) -> Result<Flow, Stop> {
        match &mut self.way {
            Way::Kept(_) => Ok(Flow::Open),
            Way::Printed(printer, _) => printer.sink.flush(),
        }
    }

    /// Ends the output, which is whole.
    pub(crate) fn finish(self) -> Result<Exit, Stop> {
        match self.way {
            Way::Kept(kept) => self.output.print(Value::Array(kept)),
            Way::Printed(printer, _) => printer.finish(),
        }
    }

    /// Ends the output, which is not whole: what came so far stands in whole lines, and a file keeps its other name.
    pub(crate) fn abandon(self) -> Result<(), Stop> {
        match self.way {
            Way::Printed(printer, _) if self.count > 0 => printer.abandon(),
            _ => Ok(()),
        }
    }
}

/// An encoder and where its text goes.
struct Printer {
    encoder: Encoder,
    sink: Sink,
    is_bare: bool,
    unseen: Unseen,
}

impl Printer {
    fn write(&mut self, encode: impl FnOnce(&mut Encoder, &mut dyn io::Write) -> io::Result<()>) -> Result<Flow, Stop> {
        let written = encode(&mut self.encoder, &mut self.sink);
        self.sink.outcome(written)
    }

    fn record(&mut self, record: Value) -> Result<Flow, Stop> {
        self.unseen.look(&record);
        self.write(|encoder, out| encoder.record(record, out))
    }

    fn single(&mut self, value: Value) -> Result<Flow, Stop> {
        self.unseen.look(&value);
        self.write(|encoder, out| encoder.single(value, out))
    }

    /// What a query brings: values one after the other. `is_record`: it is one of several, and so a list is one, too.
    fn any(&mut self, value: Value, is_record: bool) -> Result<Flow, Stop> {
        match value {
            Value::String(text) if self.is_bare => self.write(|_, out| writeln!(out, "{text}")),
            value if is_record && self.encoder.has_items() => self.record(value),
            Value::Array(items) if self.encoder.is_tabular() => {
                for item in items {
                    if self.record(item)?.is_closed() {
                        return Ok(Flow::Closed);
                    }
                }
                Ok(Flow::Open)
            }
            value if self.encoder.is_tabular() => self.record(value),
            value => self.single(value),
        }
    }

    fn finish(mut self) -> Result<Exit, Stop> {
        if !self.write(|encoder, out| encoder.end(out))?.is_closed() {
            self.sink.finish()?;
        }
        if let Some(note) = self.unseen.note() {
            crate::cli::note(&note);
        }
        Ok(Exit::Done)
    }

    fn abandon(mut self) -> Result<(), Stop> {
        if !self.write(|encoder, out| encoder.end(out))?.is_closed() {
            self.sink.abandon()?;
        }
        Ok(())
    }
}

/// From values to text.
enum Encoder {
    Json(json::Lists, Columns),
    Ndjson(Columns),
    Yaml(Columns, bool),
    Csv(csv::Rows),
    Table(table::Table),
}

impl Encoder {
    /// `terminal`: its columns and whether it gets colours; `is_list`: whether there is a list even if nothing comes.
    fn new(format: Format, columns: &Columns, terminal: (Option<usize>, bool), is_list: bool) -> Self {
        let (columns, (width, colours)) = (columns.clone(), terminal);
        match format {
            Format::Json => Self::Json(json::Lists::new(false, is_list), columns),
            Format::Pretty => Self::Json(json::Lists::new(colours, is_list), columns),
            Format::Ndjson => Self::Ndjson(columns),
            Format::Yaml => Self::Yaml(columns, !is_list),
            Format::Csv => Self::Csv(csv::Rows::new(columns)),
            Format::Table => Self::Table(table::Table::new(columns, width, colours)),
        }
    }

    /// Whether one value does not tell where the next one begins.
    fn has_items(&self) -> bool {
        self.is_tabular() || matches!(self, Self::Yaml(..))
    }

    /// Whether values become rows.
    fn is_tabular(&self) -> bool {
        matches!(self, Self::Csv(_) | Self::Table(_))
    }

    /// One of several records.
    fn record(&mut self, record: Value, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Json(lists, columns) => lists.item(&columns.of(record), out),
            Self::Ndjson(columns) => line(&columns.of(record), out),
            Self::Yaml(columns, has_items) => {
                *has_items = true;
                yaml::write(Value::Array(vec![columns.of(record)]), out)
            }
            Self::Csv(rows) => rows.record(record, out),
            Self::Table(table) => table.record(record, out),
        }
    }

    /// A value alone.
    fn single(&mut self, value: Value, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Json(lists, columns) => lists.single(&columns.of(value), out),
            Self::Ndjson(columns) => line(&columns.of(value), out),
            Self::Yaml(columns, has_items) => {
                *has_items = true;
                yaml::write(columns.of(value), out)
            }
            Self::Csv(rows) => rows.record(value, out),
            Self::Table(table) => table.single(value, out),
        }
    }

    /// What stands behind the last one.
    fn end(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Json(lists, _) => lists.end(out),
            Self::Yaml(_, false) => out.write_all(b"[]\n"),
            Self::Ndjson(_) | Self::Yaml(..) => Ok(()),
            Self::Csv(rows) => rows.end(out),
            Self::Table(table) => table.end(out),
        }
    }
}

fn line(value: &Value, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What a format makes of records.
    fn text(format: Format, columns: Option<&str>, width: Option<usize>, records: Vec<Value>) -> String {
        let mut encoder = Encoder::new(format, &Columns::new(columns), (width, false), true);
        let mut out = Vec::new();
        for record in records {
            encoder.record(record, &mut out).expect("written");
        }
        encoder.end(&mut out).expect("written");
        String::from_utf8(out).expect("text")
    }

    fn deals() -> Vec<Value> {
        vec![
            json!({"ID": "7", "TITLE": "Сделка «Юг», 2", "OPPORTUNITY": "1200.50", "CLOSED": false, "BY": {"NAME": "Анна"}, "TAGS": ["a", "b"]}),
            json!({"ID": "12", "TITLE": "日本\nline \"two\"", "OPPORTUNITY": "7", "CLOSED": null, "BY": {"NAME": "Oleg"}, "TAGS": []}),
        ]
    }

    #[test]
    fn a_list_of_json_is_the_one_that_serde_writes() {
        for records in [deals(), vec![], vec![json!(1), json!([])]] {
            let whole = serde_json::to_string_pretty(&records).expect("JSON") + "\n";
            assert_eq!(text(Format::Json, None, None, records), whole);
        }
    }

    #[test]
    fn every_format_shows_the_same_records() {
        let all: Vec<String> = FORMATS
            .iter()
            .map(|(word, format)| format!("{word}:\n{}", text(*format, Some("ID,TITLE,BY.NAME,TAGS"), None, deals())))
            .collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_table_fits_its_terminal() {
        insta::assert_snapshot!([80, 40, 24].map(|width| text(Format::Table, None, Some(width), deals())).join("\n"));
    }

    #[test]
    fn nothing_is_an_empty_list_in_every_format() {
        let all = FORMATS.map(|(_, format)| text(format, None, None, vec![]));
        assert_eq!(all, ["[]\n", "[]\n", "", "", "", "[]\n"]);
    }
}
