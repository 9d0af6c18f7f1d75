//! Comma-separated values: the columns are the keys of the first records, unless they are chosen.

use std::io;

use serde_json::Value;

use super::columns::{Columns, as_object, at, cell, collect};

/// So many records are looked at before the line of names is written.
const SAMPLE: usize = 100;

/// Rows on their way out.
pub(super) struct Rows {
    names: Vec<String>,
    is_chosen: bool,
    /// Records that wait for the line of names.
    waiting: Option<Vec<Value>>,
    /// Keys that came too late for it.
    late: Vec<String>,
}

impl Rows {
    pub(super) fn new(columns: Columns) -> Self {
        let names = columns.names().map(<[String]>::to_vec);
        Self {
            is_chosen: names.is_some(),
            names: names.unwrap_or_default(),
            waiting: Some(Vec::new()),
            late: Vec::new(),
        }
    }

    pub(super) fn record(&mut self, record: Value, out: &mut dyn io::Write) -> io::Result<()> {
        let record = as_object(record);
        match &mut self.waiting {
            Some(waiting) => {
                if !self.is_chosen {
                    collect(&mut self.names, &record);
                }
                waiting.push(record);
                if waiting.len() >= SAMPLE || self.is_chosen { self.begin(out) } else { Ok(()) }
            }
            None => {
                if !self.is_chosen
                    && let Value::Object(keys) = &record
                {
                    let is_new = |key: &&String| !self.names.contains(key) && !self.late.contains(key);
                    let new: Vec<String> = keys.keys().filter(is_new).cloned().collect();
                    self.late.extend(new);
                }
                self.row(&record, out)
            }
        }
    }

    pub(super) fn end(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.begin(out)?;
        if !self.late.is_empty() {
            crate::cli::note(&format!(
                "later records have keys without a column: {}; name all columns with --columns",
                self.late.join(", ")
            ));
        }
        Ok(())
    }

    /// The line of names, and what has waited for it.
    fn begin(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(waiting) = self.waiting.take() else { return Ok(()) };
        if !self.names.is_empty() {
            line(self.names.iter().map(String::as_str), out)?;
        }
        waiting.iter().try_for_each(|record| self.row(record, out))
    }

    fn row(&self, record: &Value, out: &mut dyn io::Write) -> io::Result<()> {
        let cells: Vec<String> = self.names.iter().map(|name| cell(at(record, name))).collect();
        line(cells.iter().map(String::as_str), out)
    }
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells).map_err(io::Error::other)?;
    let text = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&text)
}
