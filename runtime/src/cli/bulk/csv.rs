//! Comma-separated values, read strictly: where a quote leaves open what belongs to a value, nothing is guessed.

use std::io::{BufRead, ErrorKind, Result};

/// Values separated by something, from a line on.
pub(super) struct Reader<R> {
    source: R,
    delimiter: u8,
    line: u64,
}

/// The values of one row.
#[derive(Debug, PartialEq)]
pub(super) struct Record {
    /// The line where it begins.
    pub(super) line: u64,
    pub(super) values: Vec<String>,
}

/// Why there is no row.
#[derive(Debug)]
pub(super) enum Fault {
    /// This one cannot be read.
    Record { line: u64, reason: String },
    /// Nor can any behind it.
    End { line: u64, reason: String },
}

impl<R: BufRead> Reader<R> {
    /// `line`: the number of the first one.
    pub(super) fn new(source: R, delimiter: u8, line: u64) -> Self {
        Self { source, delimiter, line }
    }

    /// The next row. Empty lines are none.
    pub(super) fn next(&mut self) -> Option<std::result::Result<Record, Fault>> {
        loop {
            match self.peek() {
                Ok(None) => return None,
                Ok(Some(b'\r' | b'\n')) => {
                    if let Err(error) = self.end_line() {
                        return Some(Err(self.broken(&error)));
                    }
                }
                Ok(Some(_)) => return Some(self.record()),
                Err(error) => return Some(Err(self.broken(&error))),
            }
        }
    }

    fn record(&mut self) -> std::result::Result<Record, Fault> {
        let (line, mut values, mut is_text) = (self.line, Vec::new(), true);
        loop {
            let value = match self.peek().map_err(|error| self.broken(&error))? {
                Some(b'"') => self.quoted()?,
                _ => self.bare().map_err(|error| self.broken(&error))?,
            };
            values.push(String::from_utf8(value).unwrap_or_else(|_| {
                is_text = false;
                String::new()
            }));
            match self.peek().map_err(|error| self.broken(&error))? {
                Some(b'\r' | b'\n') => {
                    self.end_line().map_err(|error| self.broken(&error))?;
                    break;
                }
                Some(_) => self.source.consume(1),
                None => break,
            }
        }
        let reason = "the text is not UTF-8; save the file as “CSV UTF-8”";
        if is_text { Ok(Record { line, values }) } else { Err(Fault::Record { line, reason: reason.to_owned() }) }
    }

    /// A value up to what ends it.
    fn bare(&mut self) -> Result<Vec<u8>> {
        let mut value = Vec::new();
        while let Some(byte) = self.peek()?.filter(|byte| !self.is_end(*byte)) {
            value.push(byte);
            self.source.consume(1);
        }
        Ok(value)
    }

    /// A value in quotes; inside them two stand for one.
    fn quoted(&mut self) -> std::result::Result<Vec<u8>, Fault> {
        let begin = self.line;
        let mut value = Vec::new();
        self.source.consume(1);
        loop {
            let byte = self.peek().map_err(|error| self.broken(&error))?;
            let Some(byte) = byte else {
                return Err(Fault::End { line: begin, reason: "the quote is not closed".to_owned() });
            };
            if matches!(byte, b'\r' | b'\n') {
                let ending = self.end_line().map_err(|error| self.broken(&error))?;
                value.extend_from_slice(ending);
                continue;
            }
            self.source.consume(1);
            if byte != b'"' {
                value.push(byte);
                continue;
            }
            match self.peek().map_err(|error| self.broken(&error))? {
                Some(b'"') => {
                    value.push(b'"');
                    self.source.consume(1);
                }
                None => return Ok(value),
                Some(byte) if self.is_end(byte) => return Ok(value),
                Some(byte) => {
                    let what =
                        if byte.is_ascii_graphic() { format!("`{}`", char::from(byte)) } else { "text".to_owned() };
                    let which = if begin == self.line { String::new() } else { format!(" of line {begin}") };
                    return Err(Fault::End {
                        line: self.line,
                        reason: format!(
                            "{what} stands behind the closing quote{which}; a quote inside a value is written twice (`\"\"`)"
                        ),
                    });
                }
            }
        }
    }

    fn is_end(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\r' | b'\n')
    }

    /// Takes the end of a line, in any of the three ways that there are.
    fn end_line(&mut self) -> Result<&'static [u8]> {
        self.line += 1;
        let is_return = self.peek()? == Some(b'\r');
        self.source.consume(1);
        if !is_return {
            return Ok(b"\n");
        }
        if self.peek()? != Some(b'\n') {
            return Ok(b"\r");
        }
        self.source.consume(1);
        Ok(b"\r\n")
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            match self.source.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn broken(&self, error: &std::io::Error) -> Fault {
        Fault::End { line: self.line, reason: format!("cannot read the input: {error}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Vec<std::result::Result<(u64, Vec<String>), String>> {
        let mut reader = Reader::new(text, b',', 1);
        let mut rows = Vec::new();
        while let Some(row) = reader.next() {
            let is_over = matches!(row, Err(Fault::End { .. }));
            rows.push(row.map(|record| (record.line, record.values)).map_err(|fault| match fault {
                Fault::Record { line, reason } | Fault::End { line, reason } => format!("line {line}: {reason}"),
            }));
            if is_over {
                break;
            }
        }
        rows
    }

    fn row(line: u64, values: &[&str]) -> std::result::Result<(u64, Vec<String>), String> {
        Ok((line, values.iter().map(|value| (*value).to_owned()).collect()))
    }

    #[test]
    fn rows_are_read_in_every_usual_form() {
        for (text, rows) in [
            ("a,b\n1,2\n", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            ("a,b\r\n1,2", vec![row(1, &["a", "b"]), row(2, &["1", "2"])]),
            ("a\r\r1\r", vec![row(1, &["a"]), row(3, &["1"])]),
            ("\n\r\na,\n\n,\"\"\n", vec![row(3, &["a", ""]), row(5, &["", ""])]),
            (
                "\"a, \"\"b\"\"\",c\n\"x\r\ny\nz\",5\" pipe\n1,",
                vec![row(1, &["a, \"b\"", "c"]), row(2, &["x\r\ny\nz", "5\" pipe"]), row(5, &["1", ""])],
            ),
        ] {
            assert_eq!(read(text.as_bytes()), rows, "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_leaves_something_open_is_a_fault() {
        for (text, words) in [
            ("a\n\"b\nc\nd\n", "line 2: the quote is not closed"),
            ("a,\"b\"\"", "line 1: the quote is not closed"),
            ("\"c\"d\n", "line 1: `d` stands behind the closing quote; a quote inside"),
            ("\"b\nc,\"d\"\n", "line 2: `d` stands behind the closing quote of line 1; a quote inside"),
            ("\"b\" ,c\n", "line 1: text stands behind"),
        ] {
            let rows = read(text.as_bytes());
            let fault = rows.last().and_then(|row| row.as_ref().err());
            assert!(fault.is_some_and(|fault| fault.starts_with(words)), "{text:?}: {rows:?}");
        }
        let rows = read(b"a\n\xCE\xEB\nb\n");
        assert!(rows.len() == 3 && rows[1].as_ref().is_err_and(|fault| fault.contains("UTF-8")) && rows[2].is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rows in proptest::collection::vec(proptest::collection::vec("[a,;\"\r\n é]{0,6}", 2..4), 1..6),
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            rows.iter().for_each(|row| writer.write_record(row).expect("written"));
            let text = writer.into_inner().expect("whole");
            let found: Vec<Vec<String>> = read(&text).into_iter().map(|row| row.expect("read").1).collect();
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn nothing_panics(text in proptest::collection::vec(proptest::sample::select(b"a,\"\r\n\xC3".to_vec()), 0..40)) {
            prop_assert!(read(&text).len() <= text.len());
        }
    }
}
