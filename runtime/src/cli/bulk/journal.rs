//! The journal of a run: what was sent and what became of it, so that a run that was broken off goes on without doing
//! anything twice.
//!
//! A file of JSON lines that only grows. The first one says what the run is about. `{"sent": [[1, 50]], "at": …}` is on the
//! disk before the rows 1 to 50 leave the machine, their outcomes are on the disk before anybody is told of them; these
//! lines are the lines of the output. A row that was sent and has no outcome is one whose outcome nobody knows.
//!
//! Behind the last line there is room, made of spaces, before rows leave: a disk that is full stops them here, and not their
//! outcomes afterwards. To whoever reads the journal it is a torn line, and as good as none.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The form of the journal.
const VERSION: u8 = 1;
/// The room that is made for the outcome of a row, in bytes: most outcomes of writes take less.
const ROOM: u64 = 4096;

/// What a run is about. A journal is of use to the same run alone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Run {
    /// The form of the journal.
    pub(super) journal: u8,
    /// A random name; the Idempotency-Keys of the rows begin with it.
    pub(super) run: String,
    pub(super) method: String,
    pub(super) rest: u8,
    /// The portal's host.
    pub(super) portal: String,
    pub(super) rows: u64,
    /// The digest of the input.
    pub(super) input: String,
    /// The digest of what all rows have in common.
    pub(super) constants: String,
}

impl Run {
    /// A run with a name of its own.
    pub(super) fn new(method: &str, rest: u8, portal: &str, rows: u64, input: String, constants: String) -> Self {
        let mut name = [0; 12];
        // Without randomness the time has to do.
        if getrandom::fill(&mut name).is_err() {
            name[..8].copy_from_slice(&now().to_be_bytes());
        }
        Self {
            journal: VERSION,
            run: name.iter().map(|byte| format!("{byte:02x}")).collect(),
            method: method.to_owned(),
            rest,
            portal: portal.to_owned(),
            rows,
            input,
            constants,
        }
    }

    /// In what another run differs; none when it is the same one.
    fn difference(&self, other: &Self) -> Option<String> {
        let method = |run: &Self| format!("{} of REST {}", run.method, run.rest);
        if (&self.method, self.rest) != (&other.method, other.rest) {
            return Some(format!("it is about {}, not {}", method(self), method(other)));
        }
        if self.portal != other.portal {
            return Some(format!("it is about the portal {}, not {}", self.portal, other.portal));
        }
        if (&self.input, self.rows) != (&other.input, other.rows) {
            return Some("the input has changed since".to_owned());
        }
        (self.constants != other.constants)
            .then(|| "the other options of the command, which hold for all rows, have changed since".to_owned())
    }
}

/// What the journal knows of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum State {
    /// Not sent, or surely not carried out.
    #[default]
    Open,
    /// Sent, and nothing known since; when for the first time (seconds since 1970, 0 where that is uncertain).
    Sent(u64),
    /// The line of its outcome begins here.
    Done(u64),
    Failed(u64),
    Unknown(u64),
}

/// A line of the journal; an outcome's other keys are of no interest here.
#[derive(Deserialize)]
struct Line {
    row: Option<u64>,
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    unknown: bool,
    sent: Option<Vec<[u64; 2]>>,
    back: Option<Vec<[u64; 2]>>,
    #[serde(default)]
    at: u64,
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The journal of a run; without a file it forgets everything at the end.
pub(super) struct Journal {
    file: Option<Opened>,
    run: Run,
    states: Vec<State>,
}

struct Opened {
    path: PathBuf,
    /// Locked, and read and written by one handle: some systems let no other one read what is locked.
    file: File,
    /// Where the next line begins.
    end: u64,
    /// How far the room behind it reaches.
    reach: u64,
}

impl Opened {
    /// Writes at a place; how much of it is written, and what stopped the rest.
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> (usize, std::io::Result<()>) {
        let mut written = 0;
        let mut outcome = self.file.seek(SeekFrom::Start(place)).map(drop);
        while outcome.is_ok() && written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => outcome = Err(ErrorKind::WriteZero.into()),
                Ok(length) => written += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => outcome = Err(error),
            }
        }
        self.reach = self.reach.max(place + written as u64);
        (written, outcome)
    }

    /// Sees to it that so many more bytes find room.
    fn make_room(&mut self, bytes: u64) -> std::io::Result<()> {
        let missing = (self.end + bytes).saturating_sub(self.reach);
        let (_, outcome) = self.write_at(self.reach, &vec![b' '; usize::try_from(missing).unwrap_or(0)]);
        if outcome.is_err() {
            self.cut();
        }
        outcome
    }

    /// Cuts off what is behind the last line. Where that fails, the next line is written over it.
    fn cut(&mut self) {
        if self.reach > self.end && self.file.set_len(self.end).is_ok() {
            self.reach = self.end;
        }
    }

    fn fault(&self, error: &std::io::Error) -> String {
        format!("the journal {} cannot be written: {error}", self.path.display())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.cut();
    }
}

/// A write that failed.
struct Torn {
    /// How many of its lines are in the journal nevertheless.
    whole: usize,
    message: String,
}

/// How many rows are in which state.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) done: u64,
    pub(super) failed: u64,
    /// Those of which nobody knows whether they were carried out.
    pub(super) unknown: Vec<u64>,
    /// Those that were not sent, or surely not carried out.
    pub(super) open: u64,
}

/// What became of a row.
pub(super) struct Outcome {
    pub(super) row: u64,
    /// The state of a row whose line begins at a place.
    pub(super) state: fn(u64) -> State,
    /// The line of the output.
    pub(super) line: String,
}

/// Why there is no journal.
#[derive(Debug)]
pub(super) enum Refused {
    /// There is one, and nobody asked to go on.
    Exists(PathBuf),
    Other(String),
}

impl Journal {
    /// Without a file.
    pub(super) fn absent(run: Run) -> Self {
        Self { file: None, states: states(&run), run }
    }

    /// Begins a journal, or goes on with the one that is there.
    pub(super) fn open(path: &Path, run: Run, resumes: bool) -> Result<Self, Refused> {
        let fault = |error: std::io::Error| {
            let path = path.display();
            Refused::Other(format!(
                "the journal {path} cannot be written: {error}; nothing was sent\nhelp: name another place with --journal"
            ))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let mut is_new = false;
        let file = match options.open(path) {
            Ok(_) if !resumes => return Err(Refused::Exists(path.to_owned())),
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                is_new = true;
                options.create_new(true).open(path).map_err(fault)?
            }
            Err(error) => return Err(fault(error)),
        };
        if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
            let text = format!("the journal {}: another oint is at work with it", path.display());
            return Err(Refused::Other(text));
        }
        let opened = Opened { path: path.to_owned(), file, end: 0, reach: 0 };
        let mut journal = Self { file: Some(opened), states: states(&run), run };
        let is_begun = !is_new && journal.read()?;
        if !is_begun {
            let header = serde_json::to_string(&journal.run).map_err(|error| Refused::Other(error.to_string()))?;
            journal.write(&[&header]).map_err(|torn| Refused::Other(torn.message))?;
            keep_name(path);
        }
        Ok(journal)
    }

    /// Reads what is there, and cuts off a line that a sudden end left torn. False: not even the first line is whole.
    fn read(&mut self) -> Result<bool, Refused> {
        let Some(opened) = self.file.as_mut() else { return Ok(false) };
        let told = |reason: String| Refused::Other(format!("the journal {}: {reason}", opened.path.display()));
        let (mut text, mut number) = (Vec::new(), 0_u64);
        let mut reader = BufReader::new(&opened.file);
        loop {
            text.clear();
            let length = reader.read_until(b'\n', &mut text).map_err(|error| told(error.to_string()))?;
            if text.last() != Some(&b'\n') {
                break;
            }
            number += 1;
            if number == 1 {
                let run: Run = serde_json::from_slice(&text)
                    .ok()
                    .filter(|run: &Run| run.journal == VERSION)
                    .ok_or_else(|| told("this is no journal of this version of oint".to_owned()))?;
                if let Some(difference) = run.difference(&self.run) {
                    let help = "help: repeat the command that it belongs to, or name another file with --journal";
                    return Err(told(format!("{difference}\n{help}")));
                }
                self.run = run;
            } else {
                let line = serde_json::from_slice(&text).ok();
                line.and_then(|line: Line| note(&mut self.states, &line, opened.end))
                    .ok_or_else(|| told(format!("line {number} is damaged")))?;
            }
            opened.end += length as u64;
        }
        opened.reach = opened.end;
        if !text.is_empty() {
            opened.file.set_len(opened.end).map_err(|error| told(error.to_string()))?;
        }
        Ok(number > 0)
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn state(&self, row: u64) -> State {
        index(row).and_then(|at| self.states.get(at)).copied().unwrap_or_default()
    }

    /// Where it is, when there is a file.
    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|opened| opened.path.as_path())
    }

    /// How many rows are in which state.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (row, state) in (1..).zip(&self.states) {
            match state {
                State::Open => tally.open += 1,
                State::Done(_) => tally.done += 1,
                State::Failed(_) => tally.failed += 1,
                State::Sent(_) | State::Unknown(_) => tally.unknown.push(row),
            }
        }
        tally
    }

    /// Notes that rows are about to be sent, and makes room for their outcomes; when this returns, it is on the disk.
    pub(super) fn sent(&mut self, rows: &[u64]) -> Result<(), String> {
        let at = now();
        let line = serde_json::json!({ "sent": ranges(rows), "at": at }).to_string();
        if let Some(opened) = &mut self.file {
            let room = (line.len() as u64 + 1).saturating_add(ROOM.saturating_mul(rows.len() as u64));
            opened.make_room(room).map_err(|error| opened.fault(&error))?;
        }
        self.write(&[&line]).map_err(|torn| torn.message)?;
        for row in rows {
            let state = self.state(*row).sent(at);
            self.set(*row, state);
        }
        Ok(())
    }

    /// Notes that rows were surely not carried out.
    pub(super) fn back(&mut self, rows: &[u64]) -> Result<(), String> {
        rows.iter().for_each(|row| self.set(*row, State::Open));
        if rows.is_empty() {
            return Ok(());
        }
        let line = serde_json::json!({ "back": ranges(rows) }).to_string();
        self.write(&[&line]).map(drop).map_err(|torn| torn.message)
    }

    /// Notes outcomes; when this returns, they are on the disk. What cannot be written is known to this run alone, and the
    /// fault says of which rows.
    pub(super) fn outcomes(&mut self, outcomes: &[Outcome]) -> Result<(), String> {
        let lines: Vec<&str> = outcomes.iter().map(|outcome| outcome.line.as_str()).collect();
        let mut place = self.file.as_ref().map_or(0, |opened| opened.end);
        let written = self.write(&lines);
        for Outcome { row, state, line } in outcomes {
            self.set(*row, state(place));
            place += line.len() as u64 + 1;
        }
        written.map(drop).map_err(|Torn { whole, message }| {
            let lost: Vec<u64> = outcomes.iter().skip(whole).map(|outcome| outcome.row).collect();
            format!(
                "{message}\nnote: the outcomes of {} are not in it: to the next run they are unknown",
                super::words(&lost)
            )
        })
    }

    fn set(&mut self, row: u64, state: State) {
        if let Some(slot) = index(row).and_then(|at| self.states.get_mut(at)) {
            *slot = state;
        }
    }

    /// The line that begins at a place.
    pub(super) fn line(&self, place: u64) -> Result<String, String> {
        let Some(opened) = self.file.as_ref() else { return Ok(String::new()) };
        let fault = |error: std::io::Error| format!("the journal {}: {error}", opened.path.display());
        let mut line = String::new();
        (&opened.file).seek(SeekFrom::Start(place)).map_err(fault)?;
        BufReader::new(&opened.file).read_line(&mut line).map_err(fault)?;
        line.truncate(line.trim_end_matches('\n').len());
        Ok(line)
    }

    /// Appends lines and brings them to the disk; where the first of them begins.
    fn write(&mut self, lines: &[&str]) -> Result<u64, Torn> {
        let Some(opened) = self.file.as_mut() else { return Ok(0) };
        let place = opened.end;
        if lines.is_empty() {
            return Ok(place);
        }
        let mut text = lines.join("\n");
        text.push('\n');
        let (mut written, mut outcome) = opened.write_at(place, text.as_bytes());
        if outcome.is_ok() {
            outcome = opened.file.sync_data();
            // What of it outlives the machine is not known.
            written = if outcome.is_ok() { written } else { 0 };
        }
        let whole = text.as_bytes()[..written].iter().filter(|byte| **byte == b'\n').count();
        opened.end += lines[..whole].iter().map(|line| line.len() as u64 + 1).sum::<u64>();
        outcome.map(|()| place).map_err(|error| {
            opened.cut();
            Torn { whole, message: opened.fault(&error) }
        })
    }
}

impl State {
    /// What a row is that is sent in this state. Its first sending counts, for what the portal knows of it is as old as that.
    fn sent(self, at: u64) -> Self {
        match self {
            // One behind the present: a clock was wrong, and nothing can be said of its age.
            Self::Sent(first) => Self::Sent(if first <= at { first } else { 0 }),
            _ => Self::Sent(at),
        }
    }
}

fn states(run: &Run) -> Vec<State> {
    vec![State::Open; usize::try_from(run.rows).unwrap_or(0)]
}

fn index(row: u64) -> Option<usize> {
    usize::try_from(row.checked_sub(1)?).ok()
}

/// Takes a line to heart; none: it makes no sense.
fn note(states: &mut [State], line: &Line, place: u64) -> Option<()> {
    let mut set = |row: u64, next: &dyn Fn(State) -> State| -> Option<()> {
        let state = states.get_mut(index(row)?)?;
        *state = next(*state);
        Some(())
    };
    let outcome = match (line.ok, line.unknown) {
        (true, _) => State::Done(place),
        (false, true) => State::Unknown(place),
        (false, false) => State::Failed(place),
    };
    let mut set_all = |ranges: &[[u64; 2]], next: &dyn Fn(State) -> State| {
        ranges.iter().flat_map(|[from, to]| *from..=*to).try_for_each(|row| set(row, next))
    };
    match (line.row, &line.sent, &line.back) {
        (Some(row), None, None) => set_all(&[[row, row]], &|_| outcome),
        (None, Some(rows), None) => set_all(rows, &|state| state.sent(line.at)),
        (None, None, Some(rows)) => set_all(rows, &|_| State::Open),
        _ => None,
    }
}

/// Numbers in ascending order as ranges, both ends included.
pub(super) fn ranges(rows: &[u64]) -> Vec<[u64; 2]> {
    let mut ranges: Vec<[u64; 2]> = Vec::new();
    for row in rows {
        match ranges.last_mut() {
            Some([_, to]) if *to + 1 == *row => *to = *row,
            _ => ranges.push([*row, *row]),
        }
    }
    ranges
}

/// Brings the name of a new file to the disk as well, where folders can be.
fn keep_name(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Not every system opens folders; the file itself is safe.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: u64) -> Run {
        Run::new("crm.deal.add", 2, "portal.example", rows, "sha256:1".into(), "sha256:2".into())
    }

    fn open(path: &Path, rows: u64) -> Journal {
        Journal::open(path, run(rows), true).unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    #[test]
    fn what_was_noted_is_known_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.csv.journal");
        let name = {
            let mut journal = open(&path, 6);
            journal.sent(&[1, 2, 3, 5]).expect("written");
            let done = "{\"row\":1,\"ok\":true,\"result\":{\"row\":9}}".to_owned();
            let failed = "{\"row\":2,\"error\":{}}".to_owned();
            let outcomes = [
                Outcome { row: 1, state: State::Done, line: done },
                Outcome { row: 2, state: State::Failed, line: failed },
            ];
            journal.outcomes(&outcomes).expect("written");
            journal.back(&[5]).expect("written");
            journal.run().run.clone()
        };
        let mut journal = open(&path, 6);
        assert_eq!(journal.run().run, name);
        let (State::Done(first), State::Failed(second)) = (journal.state(1), journal.state(2)) else {
            panic!("{:?}", journal.states);
        };
        assert_eq!(journal.line(second), Ok("{\"row\":2,\"error\":{}}".to_owned()));
        assert_eq!(journal.line(first), Ok("{\"row\":1,\"ok\":true,\"result\":{\"row\":9}}".to_owned()));
        assert!(matches!(journal.state(3), State::Sent(at) if at > 0));
        assert_eq!((journal.state(4), journal.state(5), journal.state(0), journal.state(7)), Default::default());
        // Lines written in this run are found as well.
        let unknown = "{\"row\":3,\"unknown\":true}".to_owned();
        let outcome = Outcome { row: 3, state: State::Unknown, line: unknown.clone() };
        journal.outcomes(&[outcome]).expect("written");
        let State::Unknown(place) = journal.state(3) else { panic!("{:?}", journal.states) };
        assert_eq!(journal.line(place), Ok(unknown));
    }

    #[test]
    fn a_torn_line_is_as_good_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        drop(open(&path, 3));
        let header = std::fs::read_to_string(&path).expect("a header");
        for torn in ["{\"sent\":[[1,2", "{\"row\":1,\"ok\":true}", "\0\0\0"] {
            std::fs::write(&path, format!("{header}{{\"sent\":[[3,3]],\"at\":7}}\n{torn}")).expect("written");
            let mut journal = open(&path, 3);
            assert_eq!((journal.state(1), journal.state(3)), (State::Open, State::Sent(7)), "{torn}");
            journal.sent(&[1]).expect("written");
            drop(journal);
            assert!(matches!(open(&path, 3).state(1), State::Sent(_)), "{torn}");
        }
        // Not even the header is whole: nothing was sent.
        std::fs::write(&path, &header[..20]).expect("written");
        assert_eq!(open(&path, 3).state(3), State::Open);
        std::fs::write(&path, format!("{header}{{\"row\":99,\"ok\":true}}\n")).expect("written");
        assert!(
            matches!(Journal::open(&path, run(3), true), Err(Refused::Other(text)) if text.contains("line 2 is damaged"))
        );
    }

    #[test]
    fn a_row_is_as_old_as_its_first_sending() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        drop(open(&path, 5));
        let header = std::fs::read_to_string(&path).expect("a header");
        let lines = [
            r#"{"sent":[[1,4]],"at":1000}"#,
            r#"{"back":[[2,2]]}"#,
            r#"{"row":3,"unknown":true}"#,
            r#"{"sent":[[1,3]],"at":2000}"#,
            // The clock was ahead before.
            r#"{"sent":[[4,4]],"at":900}"#,
            r#"{"sent":[[5,5]],"at":99999999999}"#,
        ];
        std::fs::write(&path, format!("{header}{}\n", lines.join("\n"))).expect("written");
        let mut journal = open(&path, 5);
        let sent = |at: u64| State::Sent(at);
        assert_eq!(journal.states, [sent(1000), sent(2000), sent(2000), sent(0), sent(99_999_999_999)]);
        journal.sent(&[1, 4, 5]).expect("written");
        assert_eq!(journal.states, [sent(1000), sent(2000), sent(2000), sent(0), sent(0)], "nor in one run");
    }

    #[test]
    fn what_a_failed_write_leaves_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let mut journal = open(&path, 3);
        journal.sent(&[1, 2]).expect("written");
        // A handle that cannot write, and the beginning of a line as a full disk leaves it.
        let opened = journal.file.as_mut().expect("a file");
        let end = opened.end;
        let whole = std::mem::replace(&mut opened.file, File::open(&path).expect("there"));
        let outcome = |row: u64| Outcome { row, state: State::Done, line: format!("{{\"row\":{row},\"ok\":true}}") };
        let fault = journal.outcomes(&[outcome(1)]).expect_err("it cannot be written");
        assert!(fault.contains("the outcomes of row 1 are not in it"), "{fault}");
        let opened = journal.file.as_mut().expect("a file");
        opened.file = whole;
        let (written, _) = opened.write_at(end, b"{\"row\":1,\"ok\":true,\"result\":\"a long one that");
        assert_eq!((written, opened.end), (44, end));
        assert_eq!(journal.tally(), Tally { done: 1, failed: 0, unknown: vec![2], open: 1 }, "this run knows of it");
        journal.outcomes(&[outcome(2)]).expect("written");
        drop(journal);
        let journal = open(&path, 3);
        assert!(matches!(journal.states[..], [State::Sent(_), State::Done(_), State::Open]), "{:?}", journal.states);
        let text = std::fs::read_to_string(&path).expect("there");
        assert!(text.ends_with("{\"row\":2,\"ok\":true}\n"), "the room is gone with the run: {text}");
    }

    #[test]
    fn another_run_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        drop(open(&path, 3));
        assert!(matches!(Journal::open(&path, run(3), false), Err(Refused::Exists(_))));
        type Change = fn(&mut Run);
        let changes: [(Change, &str); 4] = [
            (|run| run.method = "crm.lead.add".into(), "crm.deal.add of REST 2, not crm.lead.add"),
            (|run| run.portal = "other.example".into(), "portal.example, not other.example"),
            (|run| run.input = "sha256:3".into(), "the input has changed"),
            (|run| run.constants = "sha256:3".into(), "other options"),
        ];
        for (change, words) in changes {
            let mut other = run(3);
            change(&mut other);
            let refused = Journal::open(&path, other, true).err();
            assert!(matches!(&refused, Some(Refused::Other(text)) if text.contains(words)), "{refused:?}");
        }
        let held = open(&path, 3);
        let refused = Journal::open(&path, run(3), true).err();
        assert!(matches!(&refused, Some(Refused::Other(text)) if text.contains("another oint")), "{refused:?}");
        drop(held);
        std::fs::write(&path, "A,B\n1,2\n").expect("written");
        assert!(matches!(Journal::open(&path, run(3), true), Err(Refused::Other(text)) if text.contains("no journal")));
    }

    #[test]
    fn numbers_become_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), [[1, 3], [7, 7], [9, 10]]);
        assert!(ranges(&[]).is_empty());
    }
}
