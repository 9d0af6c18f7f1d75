//! The rows of a table: CSV or lines of JSON, from a file or from standard input, read one at a time and as often as needed.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ring::digest::{Context, SHA256};
use serde_json::Value;

use super::csv;
use crate::cli::stdin;

/// The value of one column in one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Of CSV: a text that becomes a value by the type of its parameter.
    Text(String),
    /// Of NDJSON.
    Json(Value),
}

/// A row of the table.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Its number, counted from 1 without the heading.
    pub(super) number: u64,
    /// The line of the input where it begins, counted from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<(Rc<str>, Cell)>,
}

/// A row that cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}, line {}: {}", self.row, self.line, self.reason)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    /// `line`: the number of the heading.
    Csv {
        delimiter: u8,
        line: u64,
    },
    Lines,
}

/// A table that can be read from its beginning again.
pub(super) struct Table {
    /// The file; none for standard input, which is kept in a temporary one.
    path: Option<PathBuf>,
    file: File,
    format: Format,
    /// Where the data begin: behind the mark of the encoding, and a line that names the separator.
    start: u64,
}

/// What the beginning of a file is looked at for.
const HEAD: usize = 64 * 1024;

impl Table {
    /// Opens a file, or standard input for `-`. What can be read only once is kept in a temporary file: all rows are
    /// checked before the first one is sent.
    pub(super) fn open(name: &str) -> Result<Self, String> {
        let is_stdin = name == "-";
        let fault = |error: std::io::Error| match is_stdin {
            true => format!("--each: cannot read standard input: {error}"),
            false => format!("--each: cannot read the file `{name}`: {error}"),
        };
        let mut file = if is_stdin {
            let mut reader = stdin::take("--each").map_err(|fault| format!("--each: {fault}"))?;
            kept(&mut reader).map_err(fault)?
        } else {
            let mut file = File::open(name).map_err(fault)?;
            let kind = file.metadata().map_err(fault)?;
            if kind.is_dir() {
                return Err(format!("--each: `{name}` is a folder; name a CSV or NDJSON file"));
            }
            if kind.is_file() { file } else { kept(&mut file).map_err(fault)? }
        };
        let mut head = Vec::new();
        file.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(fault)?;
        let mut start: usize = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let named = separator(&head[start..]);
        start += named.map_or(0, |(_, length)| length);
        let mut format = format(&head[start..]).map_err(|reason| format!("--each: {name}: {reason}"))?;
        if let (Format::Csv { delimiter, line }, Some((named, _))) = (&mut format, named) {
            (*delimiter, *line) = (named, 2);
        }
        Ok(Self { path: (!is_stdin).then(|| name.into()), file, format, start: start as u64 })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// The digest of the whole input, as `sha256:<hex>`.
    pub(super) fn digest(&mut self) -> Result<String, String> {
        let fault = |error: std::io::Error| format!("--each: cannot read the input: {error}");
        self.file.seek(SeekFrom::Start(0)).map_err(fault)?;
        let mut context = Context::new(&SHA256);
        let mut buffer = vec![0; HEAD];
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => return Ok(hex(context.finish().as_ref())),
                Ok(length) => context.update(&buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(fault(error)),
            }
        }
    }

    /// The names of the columns, where they are known before the rows.
    pub(super) fn heading(&mut self) -> Result<Vec<Rc<str>>, String> {
        match self.rows()?.source {
            Source::Csv { heading, .. } => Ok(heading),
            Source::Lines { .. } => Ok(Vec::new()),
        }
    }

    /// All rows from the first one.
    pub(super) fn rows(&mut self) -> Result<Rows<'_>, String> {
        let fault = |error: std::io::Error| format!("--each: cannot read the input: {error}");
        self.file.seek(SeekFrom::Start(self.start)).map_err(fault)?;
        let reader = BufReader::with_capacity(HEAD, &self.file);
        let source = match self.format {
            Format::Lines => Source::Lines { reader, line: 0, text: Vec::new() },
            Format::Csv { delimiter, line } => {
                let mut reader = csv::Reader::new(reader, delimiter, line);
                let heading = match reader.next() {
                    Some(Ok(record)) => heading(record.values)?,
                    Some(Err(csv::Fault::Record { line, reason } | csv::Fault::End { line, reason })) => {
                        return Err(format!("--each: line {line}: {reason}"));
                    }
                    None => Vec::new(),
                };
                Source::Csv { reader, heading }
            }
        };
        Ok(Rows { source, number: 0, is_over: false })
    }
}

/// Copies what can be read only once to a temporary file without a name.
fn kept(reader: &mut impl std::io::Read) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    std::io::copy(reader, &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// A digest in words.
pub(super) fn hex(digest: &[u8]) -> String {
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// What separates the values where a first line such as `sep=;` says it, as spreadsheets write and read it; and how long that
/// line is.
fn separator(head: &[u8]) -> Option<(u8, usize)> {
    let length = head.iter().position(|byte| *byte == b'\n').map_or(head.len(), |at| at + 1);
    let line = head[..length].strip_suffix(b"\n").unwrap_or(&head[..length]);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [word @ .., separator] if word.eq_ignore_ascii_case(b"sep=") && *separator != b'"' => {
            Some((*separator, length))
        }
        _ => None,
    }
}

/// Lines of JSON begin with a brace; a table has a heading, which tells what stands between its columns.
fn format(head: &[u8]) -> Result<Format, String> {
    match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
        // Nothing at all is no row.
        None => Ok(Format::Lines),
        Some(b'{') => Ok(Format::Lines),
        Some(b'[') => Err("this is one JSON list; write an object a line (`jq -c '.[]'` does it)".to_owned()),
        Some(_) => {
            if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
                return Err("this is UTF-16; save it as UTF-8".to_owned());
            }
            let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let count = |delimiter: u8| {
                // Not those inside quotes.
                let mut is_quoted = false;
                line.iter()
                    .filter(|byte| {
                        is_quoted ^= **byte == b'"';
                        **byte == delimiter && !is_quoted
                    })
                    .count()
            };
            // Spreadsheets of some countries write semicolons; of equals the first one is taken.
            let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
            Ok(Format::Csv { delimiter, line: 1 })
        }
    }
}

/// The names of the columns.
fn heading(values: Vec<String>) -> Result<Vec<Rc<str>>, String> {
    let mut names: Vec<Rc<str>> = Vec::new();
    for (at, name) in values.iter().enumerate() {
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("--each: column {} has no name; the first line names the columns", at + 1));
        }
        if names.iter().any(|known| &**known == name) {
            return Err(format!("--each: there are two columns `{name}`"));
        }
        names.push(name.into());
    }
    Ok(names)
}

enum Source<'t> {
    Csv { reader: csv::Reader<BufReader<&'t File>>, heading: Vec<Rc<str>> },
    Lines { reader: BufReader<&'t File>, line: u64, text: Vec<u8> },
}

/// The rows, one at a time, also behind one that cannot be read.
pub(super) struct Rows<'t> {
    source: Source<'t>,
    number: u64,
    is_over: bool,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let row = match &mut self.source {
            Source::Csv { reader, heading } => next_record(reader, heading),
            Source::Lines { reader, line, text } => next_line(reader, line, text),
        };
        self.is_over = matches!(row, None | Some(Err(csv::Fault::End { .. })));
        self.number += 1;
        let number = self.number;
        row.map(|row| match row {
            Ok((line, cells)) => Ok(Row { number, line, cells }),
            Err(csv::Fault::Record { line, reason } | csv::Fault::End { line, reason }) => {
                Err(Fault { row: number, line, reason })
            }
        })
    }
}

type Cells = Vec<(Rc<str>, Cell)>;

fn next_record(
    reader: &mut csv::Reader<BufReader<&File>>,
    heading: &[Rc<str>],
) -> Option<Result<(u64, Cells), csv::Fault>> {
    let read = |csv::Record { line, values }| match (values.len(), heading.len()) {
        (found, wanted) if found != wanted => {
            Err(csv::Fault::Record { line, reason: format!("{found} values for {wanted} columns") })
        }
        _ => Ok((line, heading.iter().cloned().zip(values.into_iter().map(Cell::Text)).collect())),
    };
    reader.next().map(|record| record.and_then(read))
}

fn next_line(
    reader: &mut BufReader<&File>,
    line: &mut u64,
    text: &mut Vec<u8>,
) -> Option<Result<(u64, Cells), csv::Fault>> {
    loop {
        text.clear();
        *line += 1;
        let fault = |reason: String| Some(Err(csv::Fault::Record { line: *line, reason }));
        match reader.read_until(b'\n', text) {
            Ok(0) => return None,
            Ok(_) if text.trim_ascii().is_empty() => {}
            Ok(_) => {
                if let Err(reason) = std::str::from_utf8(text).map_or(Ok(()), crate::cli::json::check_numbers) {
                    return fault(reason);
                }
                return match serde_json::from_slice(text) {
                    Ok(Value::Object(keys)) => {
                        let cells = keys.into_iter().map(|(key, value)| (key.into(), Cell::Json(value)));
                        Some(Ok((*line, cells.collect())))
                    }
                    Ok(other) => fault(format!("an object is needed, found {}", crate::value::kind(&other))),
                    Err(error) => fault(format!("not valid JSON: {error}")),
                };
            }
            Err(error) => {
                return Some(Err(csv::Fault::End { line: *line, reason: format!("cannot read the input: {error}") }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::Write as _;

    fn table(content: &str) -> Result<Table, String> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content.as_bytes()).expect("written");
        Table::open(&file.path().to_string_lossy())
    }

    fn rows(content: &str) -> Result<Vec<(u64, u64, Vec<String>)>, String> {
        let mut table = table(content)?;
        let shown = |(name, cell): &(Rc<str>, Cell)| match cell {
            Cell::Text(text) => format!("{name}={text}"),
            Cell::Json(value) => format!("{name}={value}"),
        };
        let first: Vec<_> = table
            .rows()?
            .map(|row| row.map(|row| (row.number, row.line, row.cells.iter().map(shown).collect())))
            .collect::<Result<_, _>>()
            .map_err(|fault| fault.to_string())?;
        // A table can be read again.
        assert_eq!(table.rows()?.count(), first.len());
        Ok(first)
    }

    #[test]
    fn tables_are_read_in_every_usual_form() {
        let mut expected = [
            (1, 2, vec!["ID=1".to_owned(), "fields.TITLE=a, b".to_owned()]),
            (2, 3, vec!["ID=2".to_owned(), "fields.TITLE=two\nlines".to_owned()]),
        ];
        for (content, lines) in [
            ("ID,fields.TITLE\n1,\"a, b\"\n2,\"two\nlines\"\n", [2, 3]),
            ("\u{FEFF}ID;fields.TITLE\r\n1;a, b\r\n2;\"two\nlines\"\r\n", [2, 3]),
            ("ID\tfields.TITLE\n1\ta, b\n\n2\t\"two\nlines\"", [2, 4]),
            ("sep=|\r\nID|fields.TITLE\r\n1|a, b\r\n2|\"two\nlines\"", [3, 4]),
            ("\u{FEFF}\"sep=;\"\nID;fields.TITLE\n\n1;a, b\n2;\"two\nlines\"", [4, 5]),
        ] {
            [expected[0].1, expected[1].1] = lines;
            assert_eq!(rows(content).expect("rows"), expected, "{content:?}");
        }
        let found = rows("{\"ID\": 1}\n\n{\"ID\": {\"a\": null}}").expect("rows");
        assert_eq!(found, [(1, 1, vec!["ID=1".to_owned()]), (2, 3, vec!["ID={\"a\":null}".to_owned()])]);
    }

    #[test]
    fn faults_name_the_line() {
        for (content, words) in [
            ("[{\"ID\": 1}]", "jq -c"),
            ("A,,B\n1,2,3\n", "column 2 has no name"),
            ("A,A\n1,2\n", "two columns `A`"),
            ("A,B\n1,2\n1\n", "row 2, line 3: 1 values for 2 columns"),
            ("A,B\n1,2\n\"1,2\n", "row 2, line 3: the quote is not closed"),
            ("A,\"B\n1,2\n", "--each: line 1: the quote is not closed"),
            ("{\"ID\": 1}\n7\n", "line 2: an object is needed"),
            ("{\"ID\": 1}\n{\"ID\"\n", "line 2: not valid JSON"),
        ] {
            let fault = rows(content).expect_err(content);
            assert!(fault.contains(words), "{content:?}: {fault}");
        }
        assert!(rows("").is_ok_and(|rows| rows.is_empty()) && rows(" \n").is_ok_and(|rows| rows.is_empty()));
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"NAME\n\xCE\xEB\xE5\xE3\n").expect("written");
        let mut table = Table::open(&file.path().to_string_lossy()).expect("opened");
        let fault = table.rows().expect("a heading").next().expect("a row").expect_err("not UTF-8");
        assert!(fault.line == 2 && fault.reason.contains("UTF-8"), "{fault}");
    }

    #[test]
    fn rows_behind_a_fault_are_read() {
        for content in ["A,B\n1\n1,2\n1,2,3\n", "{\n{\"A\": 1}\n[]\n"] {
            let mut table = table(content).expect("opened");
            let rows: Vec<_> = table.rows().expect("rows").map(|row| row.map(|row| row.number)).collect();
            assert!(matches!(rows[..], [Err(Fault { row: 1, .. }), Ok(2), Err(Fault { row: 3, .. })]), "{rows:?}");
        }
    }

    #[test]
    fn a_digest_covers_the_whole_file() {
        let one = table("A\n1\n").and_then(|mut table| table.digest());
        assert_eq!(one, table("A\n1\n").and_then(|mut table| table.digest()));
        assert_ne!(one, table("A\n2\n").and_then(|mut table| table.digest()));
        let mut lines = table("{\"A\": 1}\n").expect("opened");
        assert!(lines.digest().is_ok_and(|digest| digest.starts_with("sha256:") && digest.len() == 71));
        assert_eq!(
            lines.rows().expect("rows").next(),
            Some(Ok(Row { number: 1, line: 1, cells: vec![("A".into(), Cell::Json(json!(1)))] }))
        );
    }
}
