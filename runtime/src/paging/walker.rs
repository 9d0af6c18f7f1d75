//! A walk under way: what is on its way, what has come and waits, and what is handed out. Nothing of it knows the type of
//! the records, so that it exists once.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;

use crate::call::Call;
use crate::client::{CallOptions, Client};
use crate::error::{Error, Result};
use crate::method::Paging;
use crate::paging::fetch::{Chunk, Source};
use crate::paging::keyset::{Errand, KeysetWalk};
use crate::paging::page::RawPage;
use crate::paging::place;
use crate::paging::start::{Mark, Seen, StartWalk};
use crate::paging::steps::{Behind, StepWalk};
use crate::paging::{Hook, Progress, Settings, Strategy};

/// A request, or several after one another, that are on their way or have come back. They are a task: an answer that comes while
/// the reader is busy with what it has is read all the same, and is not late when the reader looks at it. Dropping it ends it.
pub(super) struct Flight(JoinHandle<Landing>);

enum Landing {
    Keyset(Errand, Chunk),
    Start(Chunk, Vec<Mark>),
    Step(Chunk, Behind),
}

impl Flight {
    pub(super) fn keyset(errand: Errand, chunk: impl Future<Output = Chunk> + Send + 'static) -> Self {
        Self::leave(async move { Landing::Keyset(errand, chunk.await) })
    }

    pub(super) fn start(brought: impl Future<Output = (Chunk, Vec<Mark>)> + Send + 'static) -> Self {
        Self::leave(async move {
            let (chunk, marks) = brought.await;
            Landing::Start(chunk, marks)
        })
    }

    pub(super) fn step(brought: impl Future<Output = (Chunk, Behind)> + Send + 'static) -> Self {
        Self::leave(async move {
            let (chunk, behind) = brought.await;
            Landing::Step(chunk, behind)
        })
    }

    fn leave(landing: impl Future<Output = Landing> + Send + 'static) -> Self {
        Self(tokio::spawn(landing.in_current_span()))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.abort();
    }
}

enum Plan {
    Keyset(KeysetWalk),
    Start(StartWalk),
    Step(StepWalk),
}

pub(super) struct Walker {
    plan: Plan,
    client: Client,
    options: CallOptions,
    /// The call as it was given, and whether another way may be taken when the first leads nowhere.
    original: Call,
    may_turn: bool,
    flights: VecDeque<Flight>,
    ready: VecDeque<RawPage>,
    failed: Option<Error>,
    is_done: bool,
    seen: Seen,
    /// The number of the last record handed out.
    before: Option<i64>,
    progress: Progress,
    hook: Option<Hook>,
}

impl Walker {
    pub(super) fn new(client: Client, call: Call, settings: Settings) -> Result<Self> {
        call.check()?;
        let Settings { strategy, parallel, counted, options, hook } = settings;
        let original = call.clone();
        let source = Source::new(client.clone(), call, options.clone());
        let plan = match strategy {
            Strategy::Start => by_place(source)?,
            Strategy::Auto | Strategy::Keyset => match KeysetWalk::new(source, counted, parallel) {
                Ok(walk) => Plan::Keyset(walk),
                Err(source) if strategy == Strategy::Auto => by_place(*source)?,
                Err(source) => {
                    return Err(Error::usage(format!(
                        "{}: the list cannot be walked by number as it is sorted and filtered here",
                        source.method().name
                    )));
                }
            },
        };
        Ok(Self {
            plan,
            client,
            options,
            original,
            may_turn: strategy == Strategy::Auto,
            flights: VecDeque::new(),
            ready: VecDeque::new(),
            failed: None,
            is_done: false,
            seen: Seen::default(),
            before: None,
            progress: Progress::default(),
            hook,
        })
    }

    pub(super) fn unreadable(&self, mismatch: &crate::output::Mismatch) -> Error {
        self.source().unreadable(mismatch)
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.progress.total
    }

    /// The next page that has records. After an error nothing comes any more.
    pub(super) fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RawPage>>> {
        loop {
            if let Some(page) = self.ready.pop_front() {
                // While what has come is handed out, the next is on its way.
                self.fly();
                match self.hand_out(page) {
                    Ok(page) if page.len() == 0 => continue,
                    Ok(page) => return Poll::Ready(Some(Ok(page))),
                    Err(error) => return Poll::Ready(Some(Err(self.end(error)))),
                }
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Some(Err(self.end(error))));
            }
            if self.is_done {
                return Poll::Ready(None);
            }
            self.fly();
            let Some(flight) = self.flights.front_mut() else {
                self.is_done = true;
                self.failed = self.shortage();
                continue;
            };
            let landing = ready!(Pin::new(&mut flight.0).poll(context));
            self.flights.pop_front();
            match landing {
                Ok(landing) => self.land(landing),
                Err(error) => self.failed = Some(self.cut_short(error)),
            }
        }
    }

    /// A request that did not come to its end: its runtime was shut down.
    fn cut_short(&self, error: JoinError) -> Error {
        match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Error::usage(format!(
                "{}: the runtime in which the list was being read has ended; read it in one that lasts",
                self.source().method().name
            )),
        }
    }

    /// A list that is shorter than counted because its pages came twice is not whole.
    fn shortage(&self) -> Option<Error> {
        let Plan::Start(walk) = &self.plan else { return None };
        let (expected, came) = (walk.expected()?, self.seen.repeats(self.progress.records)?);
        if came >= expected {
            return None;
        }
        Some(
            walk.source()
                .fault(format!("of {expected} records only {came} came: the portal answers the same page again")),
        )
    }

    fn end(&mut self, error: Error) -> Error {
        self.is_done = true;
        self.ready.clear();
        self.flights.clear();
        error
    }

    /// Begins what can be begun.
    fn fly(&mut self) {
        if self.failed.is_some() || self.is_done {
            return;
        }
        loop {
            let flight = match &mut self.plan {
                Plan::Keyset(walk) => walk.launch(self.flights.len()),
                Plan::Start(walk) => walk.launch(self.flights.len()),
                Plan::Step(walk) => walk.launch(self.flights.len()),
            };
            match flight {
                Some(flight) => self.flights.push_back(flight),
                None => break,
            }
        }
    }

    fn land(&mut self, landing: Landing) {
        let mut turn = false;
        let chunk = match (landing, &mut self.plan) {
            (Landing::Keyset(errand, mut chunk), Plan::Keyset(walk)) => {
                turn = walk.land(&errand, &mut chunk);
                chunk
            }
            (Landing::Start(mut chunk, marks), Plan::Start(walk)) => {
                walk.land(&mut chunk, &marks);
                chunk
            }
            (Landing::Step(mut chunk, behind), Plan::Step(walk)) => {
                walk.land(&mut chunk, behind);
                chunk
            }
            // Nothing of another plan is on its way any more.
            _ => return,
        };
        if chunk.is_cut_off {
            self.flights.clear();
        }
        self.progress.requests += chunk.requests;
        self.progress.total = chunk.total.or(self.progress.total);
        self.seen.count(chunk.total);
        if chunk.changed {
            self.seen.changed();
        }
        let handed_out = self.progress.records > 0 || !self.ready.is_empty() || !chunk.pages.is_empty();
        self.ready.extend(chunk.pages);
        self.failed = chunk.failed;
        if turn && self.failed.is_none() {
            self.turn(handed_out);
        }
    }

    /// Walks on by place: the portal does not sort or filter by number.
    fn turn(&mut self, handed_out: bool) {
        let Plan::Keyset(walk) = &self.plan else { return };
        let path = walk.path();
        if !self.may_turn {
            self.failed = Some(path.source.fault("the portal neither sorts nor filters the list by number"));
            return;
        }
        tracing::debug!(target: "bitrix24", method = %path.source.method().name, "cannot be walked by number");
        let begun = walk.begun();
        let call = if handed_out { path.source.call.clone() } else { self.original.clone() };
        let mut source = Source::new(self.client.clone(), call, self.options.clone());
        self.flights.clear();
        let plan = match (handed_out, source.method().paging) {
            (false, _) => by_place(source),
            (true, Paging::Start | Paging::Page) => Ok(Plan::Start(StartWalk::new(source, begun as u64))),
            (true, _) => {
                place::set(&mut source.call, "pagination.offset", begun.into());
                StepWalk::new(source).map(Plan::Step)
            }
        };
        match plan {
            Ok(plan) => self.plan = plan,
            Err(error) => self.failed = Some(error),
        }
    }

    /// Makes sure that a page's records are new.
    fn hand_out(&mut self, mut page: RawPage) -> Result<RawPage> {
        if let Plan::Keyset(walk) = &self.plan {
            let path = walk.path();
            for (at, number) in page.numbers(path.keyset.field).iter().enumerate() {
                if !number.is_some_and(|number| self.before.is_none_or(|before| path.is_behind(number, before))) {
                    let last = self.before.map(|before| before.to_string()).unwrap_or_default();
                    let found = page.shown(at);
                    return Err(path
                        .source
                        .fault(format!("a record behind number {last} was expected, found {found}")));
                }
                self.before = *number;
            }
        }
        // Of a walk by number only the first page is remembered: should it have to go on by place, that is not to come twice.
        if !matches!(self.plan, Plan::Keyset(_)) || self.progress.records == 0 {
            page = self.sift(page)?;
        }
        self.progress.records += page.len() as u64;
        if let Some(hook) = &mut self.hook {
            hook(&self.progress);
        }
        Ok(page)
    }

    /// Leaves out of a page what has been handed out already.
    fn sift(&mut self, page: RawPage) -> Result<RawPage> {
        let mut values = page.read().map_err(|mismatch| self.unreadable(&mismatch))?;
        let method = self.source().method().clone();
        self.seen.sift(&mut values, &method)?;
        Ok(RawPage::Values(values))
    }

    fn source(&self) -> &Source {
        match &self.plan {
            Plan::Keyset(walk) => &walk.path().source,
            Plan::Start(walk) => walk.source(),
            Plan::Step(walk) => walk.source(),
        }
    }
}

fn by_place(source: Source) -> Result<Plan> {
    Ok(match source.method().paging {
        Paging::Start | Paging::Page => Plan::Start(StartWalk::as_given(source)),
        Paging::Pagination | Paging::Offset | Paging::Cursor | Paging::After | Paging::First => {
            Plan::Step(StepWalk::new(source)?)
        }
        Paging::None => Plan::Start(StartWalk::bare(source)),
    })
}
