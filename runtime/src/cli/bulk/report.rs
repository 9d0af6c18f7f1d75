//! What a run tells: a line a row on standard output, progress and a summary on standard error.

use std::io::{BufWriter, ErrorKind, Stdout, Write as _};

use serde_json::{Map, Value, json};

use super::journal::Tally;
use crate::address::without_codes;
use crate::cli::exit::{Exit, Stop};
use crate::cli::progress::{self, Bar};
use crate::cli::terminal::{self, Stream};
use crate::error::Error;
use crate::response::Response;

/// What became of a call, as an object: `ok` and `result`, `error`, `unknown` or `skipped`.
pub(crate) fn outcome(outcome: Result<Response, Error>) -> Value {
    match outcome {
        Ok(response) => {
            let mut told = json!({ "ok": true, "result": response.result });
            if let Some(told) = told.as_object_mut() {
                // A list's answer that is a page of more says so.
                for (key, number) in [("next", response.next), ("total", response.total)] {
                    told.extend(number.map(|number| (key.to_owned(), Value::from(number))));
                }
            }
            told
        }
        Err(Error::OutcomeUnknown { reason, .. }) => json!({ "unknown": true, "message": reason }),
        Err(error @ Error::Skipped { .. }) => json!({ "skipped": true, "message": error.to_string() }),
        Err(error) => {
            let (code, message) = words(&error);
            json!({ "error": { "code": code, "message": without_codes(&message) } })
        }
    }
}

/// An error's code, the portal's own where it has one, and its words.
fn words(error: &Error) -> (String, String) {
    let code = match error {
        Error::Portal(error) => {
            let fields: String =
                error.validation.iter().map(|(field, message)| format!("; {field}: {message}")).collect();
            return (error.code.clone(), format!("{}{fields}", error.description));
        }
        Error::Usage(_) | Error::Connect { .. } | Error::Limited { .. } => "NOT_SENT",
        Error::Auth(_) => "NOT_AUTHORISED",
        Error::Timeout { .. } => "TIMEOUT",
        Error::Interrupted { .. } => "CONNECTION_BROKE",
        _ => "NO_ANSWER",
    };
    (code.to_owned(), error.to_string())
}

/// The line of a row whose call has ended in something.
pub(super) fn line(row: u64, told: Value) -> String {
    let mut line = Map::from_iter([("row".to_owned(), Value::from(row))]);
    if let Value::Object(told) = told {
        line.extend(told);
    }
    Value::Object(line).to_string()
}

/// The line of a row that may or may not have been carried out.
pub(super) fn unknown(row: u64, reason: &str) -> String {
    line(row, json!({ "unknown": true, "message": reason }))
}

/// What has been told so far.
pub(super) struct Report {
    out: BufWriter<Stdout>,
    bar: Bar,
    rows: u64,
    told: u64,
    /// How many of them were known from an earlier run.
    earlier: u64,
}

impl Report {
    pub(super) fn new(rows: u64) -> Self {
        let bar = Bar::new("rows");
        bar.set(0, Some(rows));
        Self { out: BufWriter::new(std::io::stdout()), bar, rows, told: 0, earlier: 0 }
    }

    /// Tells the line of a row.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Stop> {
        self.told += 1;
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|error| stopped(&error))
    }

    /// Tells the line of a row whose outcome an earlier run has seen, or has not lived to see.
    pub(super) fn earlier(&mut self, line: &str) -> Result<(), Stop> {
        self.earlier += 1;
        self.line(line)
    }

    /// Brings the lines to whoever reads them.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        let Self { out, bar, .. } = self;
        bar.aside(|| out.flush()).map_err(|error| stopped(&error))?;
        self.bar.set_behind(self.earlier, self.told, Some(self.rows));
        Ok(())
    }

    /// Says something between the progress.
    pub(super) fn note(&self, text: &str) {
        self.bar.aside(|| {
            let _ = writeln!(std::io::stderr(), "note: {text}");
        });
    }

    /// The summary, and the exit code of the run. `end`: why it ended before its end.
    pub(super) fn finish(self, end: Option<Stop>, tally: &Tally, has_journal: bool) -> Result<Exit, Stop> {
        progress::clear();
        let Tally { done, failed, unknown, open } = tally;
        let mut text = format!("{done} of {} rows done", self.rows);
        if *failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        if !unknown.is_empty() {
            text.push_str(&format!(", {} with an unknown outcome", unknown.len()));
        }
        if *open > 0 {
            text.push_str(&format!(", {open} not sent"));
        }
        if !unknown.is_empty() {
            let help = match has_journal {
                true => "; `--resume --retry-unknown` sends them again",
                false => "",
            };
            text.push_str(&format!(
                "\nunknown: {}\nhelp: look at the portal whether they were carried out{help}",
                super::words(unknown)
            ));
        }
        if let Some(stop) = end {
            let help = match (has_journal, open) {
                (false, _) => "",
                (true, 0) => "\nhelp: `--resume` tells of all rows",
                (true, _) => "\nhelp: `--resume` goes on behind the last row",
            };
            return Err(Stop { exit: stop.exit, message: format!("{}\n{text}{help}", stop.message) });
        }
        let exit = match (failed, unknown.len()) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::OutcomeUnknown,
            _ => Exit::Portal,
        };
        if exit != Exit::Done || terminal::is_terminal(Stream::Err) {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
        Ok(exit)
    }
}

/// Nobody, or nothing, takes the lines any more.
fn stopped(error: &std::io::Error) -> Stop {
    match error.kind() {
        ErrorKind::BrokenPipe => {
            Stop { exit: Exit::Interrupted, message: "nobody reads the results any more".to_owned() }
        }
        _ => Stop::unwritten(format!("cannot write to standard output: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::PortalError;

    #[test]
    fn lines_say_what_became_of_a_row() {
        let envelope = json!({ "result": [1], "total": 70, "next": 50 });
        let response = Response::new(envelope.as_object().cloned().unwrap_or_default());
        assert_eq!(line(3, outcome(Ok(response))), r#"{"row":3,"ok":true,"result":[1],"next":50,"total":70}"#);
        let error = PortalError {
            method: "m".into(),
            status: 400,
            code: "INVALID".into(),
            description: "Wrong".into(),
            validation: vec![("title".into(), "is empty".into())],
        };
        let expected = r#"{"row":1,"error":{"code":"INVALID","message":"Wrong; title: is empty"}}"#;
        assert_eq!(line(1, outcome(Err(error.into()))), expected);
        assert_eq!(unknown(2, "no answer"), r#"{"row":2,"unknown":true,"message":"no answer"}"#);
    }
}
