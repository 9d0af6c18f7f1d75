//! The way of the rows: what is known of them from an earlier run is told, the others are sent, request by request, each
//! noted before it leaves and when its answer is there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::Notify;

use super::columns::Columns;
use super::departure::{Departure, locked};
use super::flight::{Arrival, Fate, Kind, Parcel, carry_out};
use super::input::Table;
use super::journal::{Journal, Outcome, State};
use super::report::{self, Report};
use crate::batch::{self, MOST};
use crate::call::Call;
use crate::cli::body::Given;
use crate::cli::exit::{Exit, Stop};
use crate::cli::interrupt::Interrupt;
use crate::cli::value::Inputs;
use crate::client::Client;
use crate::error::Error;
use crate::method::Method;

/// The largest bodies that are held at once, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// How many rows may wait for those before them to be told.
const MOST_WAITING: usize = 10_000;

/// How many HTTP requests so many rows take.
pub(super) fn requests(rows: u64, method: &Method) -> u64 {
    if Kind::of(method).is_keyed || !method.batchable { rows } else { rows.div_ceil(MOST as u64) }
}

/// A row on its way to the output.
enum Item {
    /// Its outcome is in the journal, at this place.
    Known(u64),
    /// It was sent by an earlier run that did not live to see the answer.
    Lost(u64),
    /// It is sent by this run.
    Sent(u64),
}

/// A run.
pub(super) struct Runner<'r> {
    client: &'r Client,
    kind: Kind,
    journal: Arc<Mutex<Journal>>,
    retry_unknown: bool,
    report: Report,
    /// The rows that are not told yet, in order.
    waiting: VecDeque<Item>,
    /// Those of them that are to be sent, and the size of their bodies.
    calls: Vec<(u64, Call)>,
    bytes: usize,
    /// The lines of rows whose turn has not come.
    told: BTreeMap<u64, String>,
    /// Requests in a row of which nothing was heard.
    silences: usize,
    interrupts: Interrupts,
}

/// What is under way.
#[derive(Default)]
struct Course {
    queue: VecDeque<Parcel>,
    is_heard: bool,
    /// Rows of requests of their own that failed for a reason that need not be theirs: others have to show it.
    passing: Vec<(u64, Error)>,
    /// Why nothing more is sent.
    end: Option<Stop>,
}

impl Course {
    fn end(&mut self, stop: impl Into<Stop>) {
        self.end.get_or_insert_with(|| stop.into());
    }

    /// Takes the reason for an end, if there is one.
    fn heed(&mut self, outcome: Result<(), Stop>) {
        if let Err(stop) = outcome {
            self.end(stop);
        }
    }
}

/// How often somebody has asked for an end.
#[derive(Clone, Default)]
struct Interrupts {
    count: Arc<AtomicUsize>,
    notify: Arc<Notify>,
}

impl Interrupts {
    /// Listens from now on.
    fn listen() -> Self {
        let interrupts = Self::default();
        let heard = interrupts.clone();
        let mut interrupt = Interrupt::listen();
        tokio::spawn(async move {
            loop {
                interrupt.next().await;
                heard.count.fetch_add(1, Ordering::Relaxed);
                heard.notify.notify_one();
            }
        });
        interrupts
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Tells of an interrupt once more, if there was one: things have changed since.
    fn repeat(&self) {
        if self.count() > 0 {
            self.notify.notify_one();
        }
    }
}

impl<'r> Runner<'r> {
    /// Within a runtime, whose signals it listens to.
    pub(super) fn new(client: &'r Client, method: &Method, journal: Journal, retry_unknown: bool) -> Self {
        Self {
            client,
            kind: Kind::of(method),
            retry_unknown,
            interrupts: Interrupts::listen(),
            report: Report::new(journal.run().rows),
            journal: Arc::new(Mutex::new(journal)),
            waiting: VecDeque::new(),
            calls: Vec::new(),
            bytes: 0,
            told: BTreeMap::new(),
            silences: 0,
        }
    }

    /// Sends what is to be sent and tells of every row.
    pub(super) async fn run(
        mut self,
        table: &mut Table,
        columns: &mut Columns<'_>,
        constants: &Given,
        inputs: &Inputs,
    ) -> Result<Exit, Stop> {
        let end = self.rows(table, columns, constants, inputs).await.err();
        let journal = locked(&self.journal);
        self.report.finish(end, &journal.tally(), journal.path().is_some())
    }

    async fn rows(
        &mut self,
        table: &mut Table,
        columns: &mut Columns<'_>,
        constants: &Given,
        inputs: &Inputs,
    ) -> Result<(), Stop> {
        for row in table.rows().map_err(Stop::usage)? {
            let row = row.map_err(|fault| Stop::usage(format!("--each: {fault}")))?;
            let number = row.number;
            let state = locked(&self.journal).state(number);
            let item = match state {
                State::Done(place) | State::Failed(place) => Item::Known(place),
                State::Unknown(place) if !self.retry_unknown => Item::Known(place),
                State::Sent(at) if !self.retry_unknown && !self.kind.is_repeatable(at) => Item::Lost(number),
                _ => {
                    let call = columns.call(row, constants, inputs);
                    let call = call.map_err(|fault| Stop::usage(format!("row {number}: {fault}")))?;
                    inputs.notes.take();
                    let size = call.params().values().map(size).sum::<usize>();
                    if self.bytes + size > MOST_BYTES && !self.calls.is_empty() {
                        self.flush().await?;
                    }
                    self.calls.push((number, call));
                    self.bytes += size;
                    Item::Sent(number)
                }
            };
            self.waiting.push_back(item);
            if self.calls.len() >= MOST * self.kind.parallel() || self.waiting.len() >= MOST_WAITING {
                self.flush().await?;
            }
        }
        self.flush().await
    }

    /// Sends the rows that are to be sent, and tells of all that wait.
    async fn flush(&mut self) -> Result<(), Stop> {
        let calls = std::mem::take(&mut self.calls);
        self.bytes = 0;
        let end = if calls.is_empty() { Ok(()) } else { self.send(calls).await };
        let told = self.tell(true);
        end.and(told)
    }

    /// Tells of the rows whose turn has come. `is_last`: no more outcomes will come, and rows without one are passed over.
    fn tell(&mut self, is_last: bool) -> Result<(), Stop> {
        while let Some(item) = self.waiting.pop_front() {
            match item {
                Item::Known(place) => {
                    let line = locked(&self.journal).line(place).map_err(Stop::unwritten)?;
                    self.report.earlier(&line)?;
                }
                Item::Lost(row) => {
                    let reason = "it was sent, and the run ended before the answer";
                    self.report.earlier(&report::unknown(row, reason))?;
                }
                Item::Sent(row) => match self.told.remove(&row) {
                    Some(line) => self.report.line(&line)?,
                    None if is_last => {}
                    None => {
                        self.waiting.push_front(item);
                        break;
                    }
                },
            }
        }
        self.report.flush()
    }

    /// Sends rows and tells of them as their answers come. After the first Ctrl-C the requests on their way are waited for,
    /// after the second nothing is; what has not left yet, or waits for the portal's limits again, does not leave any more.
    async fn send(&mut self, calls: Vec<(u64, Call)>) -> Result<(), Stop> {
        let queue = match self.kind.is_keyed {
            true => calls.into_iter().map(|call| vec![call]).collect(),
            false => batch::cut(self.client, calls).into(),
        };
        let mut course = Course { queue, ..Course::default() };
        let run = locked(&self.journal).run().run.clone();
        let mut under_way = FuturesUnordered::new();
        let mut departures: Vec<Arc<Departure>> = Vec::new();
        let mut is_warned = false;
        loop {
            while course.end.is_none() && self.interrupts.count() == 0 && under_way.len() < self.kind.parallel() {
                let Some(parcel) = course.queue.pop_front() else { break };
                let rows = parcel.iter().map(|(row, _)| *row).collect();
                let departure = Arc::new(Departure::new(Arc::clone(&self.journal), rows, !self.kind.is_read));
                departures.push(Arc::clone(&departure));
                let interrupts = self.interrupts.clone();
                let wake = move || interrupts.repeat();
                under_way.push(carry_out(self.client, self.kind, run.clone(), parcel, departure, wake));
            }
            let is_out = departures.iter().any(|departure| departure.is_out());
            match self.interrupts.count() {
                0 => {}
                _ if !is_out => {
                    course.end(interrupted("interrupted; no row is on its way"));
                    break;
                }
                1 if is_warned => {}
                1 => {
                    is_warned = true;
                    self.report.note("waiting for the rows on their way; Ctrl-C again ends at once");
                }
                _ if self.kind.is_read => return Err(interrupted("interrupted")),
                _ => return Err(interrupted("interrupted; the rows on their way have an unknown outcome")),
            }
            tokio::select! {
                arrival = under_way.next() => {
                    let Some(arrival) = arrival else { break };
                    departures.retain(|departure| !Arc::ptr_eq(departure, &arrival.departure));
                    self.note(arrival, &mut course);
                    let told = self.tell(false);
                    course.heed(told);
                }
                () = self.interrupts.notify.notified() => {}
            }
        }
        self.judge(&mut course);
        course.end.map_or(Ok(()), Err)
    }

    /// Notes what became of the rows of a request.
    fn note(&mut self, arrival: Arrival, course: &mut Course) {
        let Arrival { departure, parcel, fates } = arrival;
        if let Some(fault) = departure.fault() {
            return course.end(Stop::unwritten(fault));
        }
        // A fault that meets every row of a request is the way's; of a request with one row, others have to show it.
        let is_way = fates.iter().all(|fate| matches!(fate, Fate::Closed(_) | Fate::Passing(_)));
        let is_single = fates.len() == 1;
        let (mut outcomes, mut back, mut again) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_heard, mut is_silent) = (false, false);
        for ((row, call), fate) in parcel.into_iter().zip(fates) {
            match fate {
                Fate::Done(response) => {
                    is_heard = true;
                    let line = report::line(row, report::outcome(Ok(*response)));
                    outcomes.push(Outcome { row, state: State::Done, line });
                }
                Fate::Failed(error) => {
                    is_heard = true;
                    outcomes.push(failed(row, error));
                }
                Fate::Passing(error) if !is_way => outcomes.push(failed(row, error)),
                Fate::Unknown(reason) => {
                    is_silent = true;
                    let line = report::unknown(row, &reason);
                    match self.kind.is_keyed {
                        // The next run sends it again with the same key: to the journal it is on its way.
                        true => drop(self.told.insert(row, line)),
                        false => outcomes.push(Outcome { row, state: State::Unknown, line }),
                    }
                }
                Fate::Refused => {
                    back.push(row);
                    again.push(vec![(row, call)]);
                }
                Fate::Passing(error) if is_single => {
                    back.push(row);
                    course.passing.push((row, error));
                }
                Fate::Closed(error) | Fate::Passing(error) => {
                    back.push(row);
                    course.end(error);
                }
            }
        }
        course.heed(self.keep(outcomes));
        course.heed(departure.take_back(&back).map_err(Stop::unwritten));
        again.into_iter().rev().for_each(|parcel| course.queue.push_front(parcel));
        course.is_heard |= is_heard;
        self.silences = if is_silent && !is_heard { self.silences + 1 } else { 0 };
        if self.silences >= 2 {
            let message = "the portal has answered nothing to two requests".to_owned();
            course.end(Stop { exit: Exit::OutcomeUnknown, message });
        }
    }

    /// Decides about the rows whose fault may have been the way's.
    fn judge(&mut self, course: &mut Course) {
        let passing = std::mem::take(&mut course.passing);
        if course.is_heard {
            let outcomes = passing.into_iter().map(|(row, error)| failed(row, error)).collect();
            course.heed(self.keep(outcomes));
        } else if let Some((_, error)) = passing.into_iter().next() {
            course.end(error);
        }
    }

    /// Notes outcomes, and leaves their lines to be told.
    fn keep(&mut self, outcomes: Vec<Outcome>) -> Result<(), Stop> {
        let noted = locked(&self.journal).outcomes(&outcomes).map_err(Stop::unwritten);
        self.told.extend(outcomes.into_iter().map(|outcome| (outcome.row, outcome.line)));
        noted
    }
}

fn failed(row: u64, error: Error) -> Outcome {
    Outcome { row, state: State::Failed, line: report::line(row, report::outcome(Err(error))) }
}

fn interrupted(message: &str) -> Stop {
    Stop { exit: Exit::Interrupted, message: message.to_owned() }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(entries) => entries.iter().map(|(key, value)| key.len() + size(value)).sum(),
        _ => 8,
    }
}
