//! The way of the rows: what is known of them from an earlier run is told, the others are sent in batches, each noted
//! before it leaves and when its answer is there.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::sync::Notify;

use super::columns::Columns;
use super::departure::{Departure, locked};
use super::input::Table;
use super::journal::{Journal, Outcome, State, now};
use super::report::{self, Report};
use crate::batch::{Batch, MOST};
use crate::call::Call;
use crate::cli::body::Given;
use crate::cli::exit::{Exit, Stop};
use crate::cli::value::Inputs;
use crate::client::{CallOptions, Client, Moment, RetryPolicy};
use crate::error::{Error, Result as CallResult};
use crate::method::{Method, Rest};
use crate::response::Response;

/// How long a run waits for the portal's limits: a method's run time is free again within ten minutes, more than once.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3600);
/// How long after it was sent a row of REST 3.0 may be sent again with its key: the portal knows it for a day.
const KEY_LIFE: u64 = 23 * 3600;
/// How many batches of reads are on their way at once.
const PARALLEL: usize = 4;
/// How many writes of REST 3.0, which are sent one by one, are noted together.
const FEW: usize = 10;
/// The largest bodies that are sent together, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// How many rows may wait for those before them to be told.
const MOST_WAITING: usize = 10_000;

/// What a method's rows have in common.
#[derive(Clone, Copy)]
struct Kind {
    is_read: bool,
    /// Whether each row travels by itself: REST 3.0.
    is_alone: bool,
}

impl Kind {
    fn of(method: &Method) -> Self {
        Self { is_read: method.effect.is_read(), is_alone: method.rest == Rest::V3 }
    }

    /// The rows that are sent before the next look at the journal.
    fn most(self) -> usize {
        match (self.is_read, self.is_alone) {
            (true, _) => MOST * PARALLEL,
            (false, true) => FEW,
            (false, false) => MOST,
        }
    }

    /// Whether a row that was sent at a time may be sent again without being carried out twice.
    fn is_repeatable(self, sent: u64) -> bool {
        self.is_read || self.is_alone && now().saturating_sub(sent) < KEY_LIFE
    }
}

/// How many HTTP requests so many rows take.
pub(super) fn requests(rows: u64, method: &Method) -> u64 {
    if Kind::of(method).is_alone { rows } else { rows.div_ceil(MOST as u64) }
}

/// A row on its way to the output.
enum Item {
    /// Its outcome is in the journal.
    Known {
        row: u64,
        state: State,
        place: u64,
    },
    /// It was sent by an earlier run that did not live to see the answer.
    Lost {
        row: u64,
    },
    Send {
        row: u64,
        call: Box<Call>,
    },
}

/// What became of a row that was sent.
enum Fate {
    Done(Box<Response>),
    /// Refused for good.
    Failed(Error),
    Unknown(String),
    /// Surely not carried out, and no other row will be.
    Closed(Error),
    /// Not carried out for a reason that need not be its own.
    Passing(Error),
    /// The run ended before its answer; what was sent of it can be sent again.
    Pending,
}

/// A run.
pub(super) struct Runner<'r> {
    client: &'r Client,
    kind: Kind,
    journal: Arc<Mutex<Journal>>,
    retry_unknown: bool,
    report: Report,
    waiting: Vec<Item>,
    /// How many of them are to be sent, and the size of their bodies.
    to_send: usize,
    bytes: usize,
    /// Batches in a row of which nothing was heard.
    silences: usize,
    interrupts: Interrupts,
}

/// How often the user has asked for an end.
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
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
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
    pub(super) async fn new(client: &'r Client, method: &Method, journal: Journal, retry_unknown: bool) -> Self {
        let interrupts = Interrupts::listen();
        // The listener begins before anything is noted or shown.
        tokio::task::yield_now().await;
        Self {
            client,
            kind: Kind::of(method),
            retry_unknown,
            report: Report::new(journal.run().rows),
            journal: Arc::new(Mutex::new(journal)),
            waiting: Vec::new(),
            to_send: 0,
            bytes: 0,
            silences: 0,
            interrupts,
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
        let end = match (end, self.report.flush()) {
            (None, Err(stop)) => Some(stop),
            (end, _) => end,
        };
        let has_journal = locked(&self.journal).path().is_some();
        self.report.finish(end, has_journal)
    }

    async fn rows(
        &mut self,
        table: &mut Table,
        columns: &mut Columns<'_>,
        constants: &Given,
        inputs: &Inputs,
    ) -> Result<(), Stop> {
        for row in table.rows().map_err(Stop::usage)? {
            let row = row.map_err(Stop::usage)?;
            let number = row.number;
            let state = locked(&self.journal).state(number);
            let item = match state {
                State::Done(place) | State::Failed(place) => Item::Known { row: number, state, place },
                State::Unknown(place) if !self.retry_unknown => Item::Known { row: number, state, place },
                State::Sent(at) if !self.retry_unknown && !self.kind.is_repeatable(at) => Item::Lost { row: number },
                _ => {
                    let call = columns.call(row, constants, inputs);
                    let call = call.map_err(|fault| Stop::usage(format!("row {number}: {fault}")))?;
                    inputs.notes.take();
                    let size = call.params().values().map(size).sum::<usize>();
                    if self.bytes + size > MOST_BYTES && self.to_send > 0 {
                        self.flush().await?;
                    }
                    self.to_send += 1;
                    self.bytes += size;
                    Item::Send { row: number, call: Box::new(call) }
                }
            };
            self.waiting.push(item);
            if self.to_send >= self.kind.most() || self.waiting.len() >= MOST_WAITING {
                self.flush().await?;
            }
        }
        self.flush().await
    }

    /// Sends the waiting rows that are to be sent, and tells of all that wait.
    async fn flush(&mut self) -> Result<(), Stop> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.to_send, self.bytes) = (0, 0);
        let mut order = Vec::new();
        let mut calls = Vec::new();
        for item in waiting {
            match item {
                Item::Known { row, state, place } => order.push((row, Some((state, Ok(place))))),
                Item::Lost { row } => {
                    let reason = "it was sent, and the run ended before the answer";
                    order.push((row, Some((State::Unknown(0), Err(report::unknown(row, reason))))));
                }
                Item::Send { row, call } => {
                    order.push((row, None));
                    calls.push((row, *call));
                }
            }
        }
        let mut told = BTreeMap::new();
        let end = match calls.is_empty() {
            true => Ok(()),
            false => self.send(calls, &mut told).await,
        };
        for (row, known) in order {
            match known {
                Some((state, Ok(place))) => {
                    let line = locked(&self.journal).line(place).map_err(journal_fault)?;
                    self.report.earlier(row, state, &line)?;
                }
                Some((state, Err(line))) => self.report.earlier(row, state, &line)?,
                None => {
                    if let Some((state, line)) = told.remove(&row) {
                        self.report.line(row, state, &line)?;
                    }
                }
            }
        }
        self.report.flush()?;
        end
    }

    /// Sends rows, notes their outcomes, and leaves the lines that tell of them in `told`.
    async fn send(&mut self, calls: Vec<(u64, Call)>, told: &mut BTreeMap<u64, (State, String)>) -> Result<(), Stop> {
        let rows: Vec<u64> = calls.iter().map(|(row, _)| *row).collect();
        // Rows of a batch are noted when it leaves; each of these has a key of its own and may leave twice.
        if !self.kind.is_read && self.kind.is_alone {
            locked(&self.journal).sent(&rows).map_err(journal_fault)?;
        }
        let fates = self.fates(calls).await?;
        // A fault that meets every row of a request is the way's.
        let is_way = fates.iter().all(|fate| matches!(fate, Fate::Closed(_) | Fate::Passing(_) | Fate::Pending));
        let (mut noted, mut back, mut end) = (Vec::new(), Vec::new(), None);
        let (mut heard, mut unknown) = (0, 0);
        for (row, fate) in rows.into_iter().zip(fates) {
            let mut note = |state: fn(u64) -> State, line: String| {
                told.insert(row, (state(0), line.clone()));
                noted.push(Outcome { row, state, line });
            };
            match fate {
                Fate::Done(response) => {
                    heard += 1;
                    note(State::Done, report::line(row, report::outcome(Ok(*response))));
                }
                Fate::Failed(error) => {
                    heard += 1;
                    note(State::Failed, report::line(row, report::outcome(Err(error))));
                }
                Fate::Passing(error) if !is_way => note(State::Failed, report::line(row, report::outcome(Err(error)))),
                Fate::Unknown(reason) if self.kind.is_alone => {
                    // The next run sends it again with the same key: to the journal it is on its way.
                    unknown += 1;
                    told.insert(row, (State::Unknown(0), report::unknown(row, &reason)));
                }
                Fate::Unknown(reason) => {
                    unknown += 1;
                    note(State::Unknown, report::unknown(row, &reason));
                }
                Fate::Closed(error) | Fate::Passing(error) => {
                    back.push(row);
                    end.get_or_insert(error);
                }
                Fate::Pending => {}
            }
        }
        if self.kind.is_read {
            back.clear();
        }
        locked(&self.journal).outcomes(&noted).map_err(journal_fault)?;
        locked(&self.journal).back(&back).map_err(journal_fault)?;
        self.silences = if heard == 0 && unknown > 0 { self.silences + 1 } else { 0 };
        match end {
            Some(error) => Err(Stop::from(error)),
            None if self.silences >= 2 => Err(Stop {
                exit: Exit::OutcomeUnknown,
                message: "the portal has answered nothing to two requests".to_owned(),
            }),
            None if self.interrupts.count() > 0 => Err(interrupted("interrupted; no row is on its way")),
            None => Ok(()),
        }
    }

    /// Carries rows out. After the first Ctrl-C those on their way are waited for, after the second nothing is; what has
    /// not left yet, or waits for the portal's limits again, does not leave any more.
    async fn fates(&mut self, calls: Vec<(u64, Call)>) -> Result<Vec<Fate>, Stop> {
        let mut options = CallOptions::new().patience(PATIENCE).retry(RetryPolicy::default());
        let rows = calls.iter().map(|(row, _)| *row).collect();
        let departure = Arc::new(Departure::new(Arc::clone(&self.journal), rows, !self.kind.is_read));
        if !self.kind.is_alone {
            let (departure, interrupts) = (Arc::clone(&departure), self.interrupts.clone());
            options = options.watch(move |moment| {
                departure.tell(moment).map_err(Error::usage)?;
                if moment == Moment::Void {
                    interrupts.repeat();
                }
                Ok(())
            });
        }
        let run = locked(&self.journal).run().run.clone();
        let mut work = pin!(carry_out(self.client, self.kind, &run, calls, &options));
        loop {
            tokio::select! {
                fates = &mut work => return Ok(fates),
                () = self.interrupts.notify.notified() => {
                    if !self.kind.is_alone && !departure.is_out() {
                        return Err(interrupted("interrupted; no row is on its way"));
                    }
                    if self.interrupts.count() > 1 {
                        return Err(interrupted("interrupted; the rows on their way have an unknown outcome"));
                    }
                    self.report.note("waiting for the rows on their way; Ctrl-C again ends at once");
                }
            }
        }
    }
}

fn interrupted(message: &str) -> Stop {
    Stop { exit: Exit::Interrupted, message: message.to_owned() }
}

async fn carry_out(
    client: &Client,
    kind: Kind,
    run: &str,
    calls: Vec<(u64, Call)>,
    options: &CallOptions,
) -> Vec<Fate> {
    let count = calls.len();
    if !kind.is_alone {
        let calls: Batch = calls.into_iter().map(|(_, call)| call).collect();
        let parallel = if kind.is_read { PARALLEL } else { 1 };
        return match client.batch(calls.parallel(parallel).options(options.clone())).await {
            Ok(replies) => replies.into_iter().map(|reply| fate(kind, reply)).collect(),
            Err(error) => {
                // The batch as a whole cannot be sent.
                let text = error.to_string();
                (0..count).map(|_| Fate::Failed(Error::usage(text.clone()))).collect()
            }
        };
    }
    let sendings = calls.into_iter().map(|(row, call)| {
        let options = match kind.is_read {
            true => options.clone(),
            false => options.clone().idempotency_key(format!("{run}-{row}")),
        };
        async move { fate(kind, client.execute_with(call, &options).await) }
    });
    let mut sendings = futures_util::stream::iter(sendings).buffered(if kind.is_read { PARALLEL } else { 1 });
    let mut fates = Vec::new();
    while let Some(fate) = sendings.next().await {
        let is_closed = matches!(fate, Fate::Closed(_));
        fates.push(fate);
        if is_closed {
            break;
        }
    }
    fates.resize_with(count, || Fate::Pending);
    fates
}

/// What an outcome means for the run.
fn fate(kind: Kind, outcome: CallResult<Response>) -> Fate {
    match outcome {
        Ok(response) => Fate::Done(Box::new(response)),
        Err(Error::OutcomeUnknown { reason, .. }) => Fate::Unknown(reason),
        Err(Error::Portal(error)) if error.is_unauthorised() || error.is_limit() || error.code == "PORTAL_DELETED" => {
            Fate::Closed(Error::Portal(error))
        }
        Err(Error::Portal(error)) if error.status >= 500 => Fate::Passing(Error::Portal(error)),
        Err(error @ (Error::Connect { .. } | Error::Auth(_) | Error::Limited { .. } | Error::Skipped { .. })) => {
            Fate::Closed(error)
        }
        Err(error @ (Error::Interrupted { .. } | Error::Timeout { .. } | Error::Decode { status: Some(_), .. })) => {
            Fate::Passing(error)
        }
        // A write of which the portal says something that cannot be read may have been carried out.
        Err(error @ Error::Decode { .. }) if !kind.is_read => Fate::Unknown(error.to_string()),
        Err(error) => Fate::Failed(error),
    }
}

fn journal_fault(message: String) -> Stop {
    Stop { exit: Exit::Usage, message }
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
