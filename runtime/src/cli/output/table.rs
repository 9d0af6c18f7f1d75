//! Tables for people: columns side by side, cut to the width of the terminal. The widths are those of the first records,
//! so that a table of a million rows is shown as it comes.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::columns::{Columns, VALUE, as_object, at, cell, collect};

/// So many records decide the widths.
const SAMPLE: usize = 200;
/// The widest column that nobody asked for.
const WIDEST: usize = 40;
/// The narrowest that a column may become.
const NARROWEST: usize = 6;
const GAP: &str = "  ";
/// What follows a cut text.
const CUT: char = '…';

/// A table on its way out.
pub(super) struct Table {
    names: Vec<String>,
    is_chosen: bool,
    /// The columns of the terminal; none where nothing is cut.
    width: Option<usize>,
    colours: bool,
    /// Records that wait for the widths.
    waiting: Option<Vec<Value>>,
    layout: Vec<Column>,
}

struct Column {
    name: String,
    width: usize,
    is_number: bool,
}

impl Table {
    pub(super) fn new(columns: Columns, width: Option<usize>, colours: bool) -> Self {
        let names = columns.names().map(<[String]>::to_vec);
        Self {
            is_chosen: names.is_some(),
            names: names.unwrap_or_default(),
            width,
            colours,
            waiting: Some(Vec::new()),
            layout: Vec::new(),
        }
    }

    pub(super) fn record(&mut self, record: Value, out: &mut dyn Write) -> io::Result<()> {
        let record = as_object(record);
        let Some(waiting) = &mut self.waiting else { return self.row(&record, out) };
        if !self.is_chosen {
            collect(&mut self.names, &record);
        }
        waiting.push(record);
        if waiting.len() >= SAMPLE { self.begin(out) } else { Ok(()) }
    }

    /// One object: a line for each key.
    pub(super) fn single(&mut self, value: Value, out: &mut dyn Write) -> io::Result<()> {
        let object = as_object(value);
        let keys: Vec<String> = match &object {
            _ if self.is_chosen => self.names.clone(),
            Value::Object(keys) => keys.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let widest = keys.iter().map(|key| key.width()).max().unwrap_or(0);
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(widest + GAP.len()).max(NARROWEST));
        for key in &keys {
            let name = self.heading(&padded(key, widest, false));
            writeln!(out, "{name}{GAP}{}", cut(&clean(&cell(at(&object, key))), room))?;
        }
        // Nothing else follows.
        self.waiting = Some(Vec::new());
        self.names.clear();
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)
    }

    /// Decides the layout and prints what has waited for it.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(waiting) = self.waiting.take() else { return Ok(()) };
        if waiting.is_empty() {
            return Ok(());
        }
        let (layout, left_out) = self.arrange(&waiting);
        self.layout = layout;
        let names: Vec<String> = self
            .layout
            .iter()
            .map(|column| padded(&cut(&clean(&column.name), column.width), column.width, column.is_number))
            .collect();
        writeln!(out, "{}", self.heading(names.join(GAP).trim_end()))?;
        waiting.iter().try_for_each(|record| self.row(record, out))?;
        if !left_out.is_empty() {
            out.flush()?;
            crate::cli::note(&format!(
                "{} of {} columns do not fit: {}; choose with --columns, or see all with --output pretty",
                left_out.len(),
                left_out.len() + self.layout.len(),
                cut(&left_out.join(", "), 120)
            ));
        }
        Ok(())
    }

    fn heading(&self, text: &str) -> String {
        if self.colours { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The columns that are shown, and the names of the others.
    fn arrange(&self, records: &[Value]) -> (Vec<Column>, Vec<String>) {
        let mut columns: Vec<Column> = Vec::new();
        for name in &self.names {
            let values: Vec<Option<&Value>> = records.iter().map(|record| at(record, name)).collect();
            // What is empty everywhere tells nothing, and what is nested is no text for people.
            let is_of_use = self.is_chosen
                || name == VALUE
                || values.iter().flatten().any(|value| match value {
                    Value::Null => false,
                    Value::String(text) => !text.is_empty(),
                    Value::Object(_) => false,
                    Value::Array(items) => items.iter().any(|item| !item.is_object() && !item.is_array()),
                    _ => true,
                });
            if !is_of_use {
                continue;
            }
            let cells = values.iter().map(|value| clean(&shown(*value)));
            let widest = cells.clone().map(|cell| cell.width()).max().unwrap_or(0);
            let is_number = cells.clone().any(|cell| !cell.is_empty())
                && cells.clone().all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok());
            let most = if self.is_chosen || self.width.is_none() { usize::MAX } else { WIDEST };
            columns.push(Column { name: name.clone(), width: widest.min(most).max(name.width()), is_number });
        }
        let left_out = match self.width {
            Some(width) => fit(&mut columns, width, self.is_chosen),
            None => Vec::new(),
        };
        (columns, left_out)
    }

    fn row(&self, record: &Value, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (at_column, column) in self.layout.iter().enumerate() {
            if at_column > 0 {
                line.push_str(GAP);
            }
            let text = clean(&shown(at(record, &column.name)));
            let text = if self.width.is_some() { cut(&text, column.width) } else { text };
            line.push_str(&padded(&text, column.width, column.is_number));
        }
        writeln!(out, "{}", line.trim_end())
    }
}

/// Makes columns fit a width: the widest are narrowed where they were chosen; otherwise the last ones are left out. Brings
/// the names of those that are.
fn fit(columns: &mut Vec<Column>, width: usize, is_chosen: bool) -> Vec<String> {
    let total = |columns: &[Column]| {
        columns.iter().map(|column| column.width).sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
    };
    // Chosen ones give way to each other before any is left out.
    while is_chosen && total(columns) > width {
        let widest = columns.iter_mut().filter(|column| column.width > NARROWEST).max_by_key(|column| column.width);
        match widest {
            Some(column) => column.width -= 1,
            None => break,
        }
    }
    let mut left_out = Vec::new();
    while columns.len() > 1 && total(columns) > width {
        left_out.extend(columns.pop().map(|column| column.name));
    }
    if let [only] = columns.as_mut_slice() {
        only.width = only.width.min(width);
    }
    left_out.reverse();
    left_out
}

/// A value for people: the items of a list one after the other.
fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(items)) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(", ")
        }
        value => cell(value),
    }
}

/// A text without what would break the line or speak to the terminal.
fn clean(text: &str) -> String {
    let text: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    text.trim().to_owned()
}

/// A text of so many columns at most.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut short, mut used) = (String::new(), 0);
    for char in text.chars() {
        let own = char.width().unwrap_or(0);
        if used + own + 1 > width {
            break;
        }
        used += own;
        short.push(char);
    }
    short.push(CUT);
    short
}

fn padded(text: &str, width: usize, to_the_right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if to_the_right { format!("{space}{text}") } else { format!("{text}{space}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_what_they_take_up() {
        assert_eq!((cut("abc", 3), cut("abcd", 3)), ("abc".to_owned(), "ab…".to_owned()));
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(padded("日本", 5, true), " 日本");
        assert_eq!(clean("a\u{1b}[31m\nb "), "a [31m b");
    }
}
