//! The requests of a walk: one page, pages chained inside a batch, pages by their starts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::batch::{MOST, the_same};
use crate::call::Call;
use crate::client::{CallOptions, Client};
use crate::encoding;
use crate::error::{Error, PortalError, Result};
use crate::method::{Effect, Method, Paging, Rest};
use crate::output::Mismatch;
use crate::paging::page::{self, RawPage};
use crate::paging::text::Layout;
use crate::response::Response;
use crate::value::Object;

/// Stands in a template for what differs from command to command.
const HOLE: char = '\u{1}';
/// The key of a page of its own.
const FIRST: &str = "first";

/// What a walk reads from.
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) call: Call,
    pub(super) options: CallOptions,
    /// The portal does not take the method in a batch.
    alone: AtomicBool,
}

/// One page, read.
pub(super) struct Single {
    pub(super) values: Vec<Value>,
    pub(super) total: Option<u64>,
    pub(super) next: Option<u64>,
    /// Whether more follow, where the portal says it.
    pub(super) more: Option<bool>,
    /// Where the next page begins, where the portal says it so.
    pub(super) cursor: Option<Value>,
    pub(super) took: Duration,
}

/// Pages asked for in one request.
pub(super) struct Wanted<'w> {
    /// A page with [`hole`] where `fill` puts what differs.
    pub(super) page: &'w Call,
    pub(super) count: usize,
    /// A page of its own, asked for before the others.
    pub(super) first: Option<&'w Call>,
    /// An error ends the request.
    pub(super) halts: bool,
    /// The field of the records' number; empty where numbers are not wanted.
    pub(super) field: &'static str,
}

/// What came of them.
pub(super) struct Several {
    pub(super) first: Option<Answered>,
    /// Up to the first that failed.
    pub(super) pages: Vec<Answered>,
    pub(super) took: Duration,
}

/// What the answer to one command of a batch of pages is.
pub(super) enum Answered {
    Page { page: RawPage, total: Option<u64>, next: Option<u64> },
    Failed(Error),
}

impl Source {
    pub(super) fn new(client: Client, call: Call, options: CallOptions) -> Self {
        let method = call.method();
        let can_travel = method.batchable && method.rest == Rest::V2 && method.effect.is_read();
        Self { client, call, options, alone: AtomicBool::new(!can_travel) }
    }

    pub(super) fn method(&self) -> &Method {
        self.call.method()
    }

    /// Whether pages can be asked for in a batch.
    pub(super) fn can_batch(&self) -> bool {
        !self.alone.load(Ordering::Relaxed)
    }

    pub(super) fn unreadable(&self, mismatch: &Mismatch) -> Error {
        self.fault(format!("its result cannot be read: expected {}, found {}", mismatch.expected, mismatch.found))
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> Error {
        Error::Decode { method: self.method().name.to_string(), status: None, reason: reason.into() }
    }

    /// Asks for one page.
    pub(super) async fn single(&self, call: Call) -> Result<Single> {
        let watch = Watch::start(&self.client);
        let response = self.client.execute_with(call, &self.options).await?;
        let took = watch.took();
        let Response { result, total, next, .. } = response;
        let hint = |names: [&str; 2]| names.into_iter().find_map(|name| result.get(name));
        let more = hint(["hasMore", "hasNextPage"]).and_then(Value::as_bool);
        let is_cut = result.get("truncated").and_then(Value::as_bool) == Some(true);
        let more = more.or(is_cut.then_some(true));
        let cursor = hint(["afterCursor", "nextCursor"]).filter(|cursor| !cursor.is_null()).cloned();
        let values = page::find(result, self.method().records).map_err(|mismatch| self.unreadable(&mismatch))?;
        Ok(Single { values, total, next, more, cursor, took })
    }

    /// Asks for pages in one request. None: the call has no form as a command.
    pub(super) async fn several(&self, wanted: Wanted<'_>, fill: impl Fn(usize) -> String) -> Option<Result<Several>> {
        let first = wanted.first.map(template);
        let (Some(template), false) = (template(wanted.page), matches!(first, Some(None))) else {
            self.alone.store(true, Ordering::Relaxed);
            return None;
        };
        let first = first.flatten();
        let count = wanted.count.min(MOST - usize::from(first.is_some()));
        let mut commands = Object::new();
        commands.extend(first.map(|first| (FIRST.to_owned(), first.into())));
        commands.extend((0..count).map(|at| {
            let mut filled = String::new();
            encoding::escape(&fill(at), &mut filled);
            (key(at), template.replace(HOLE, &filled).into())
        }));
        let methods: Vec<_> = commands.keys().map(|key| (key.clone(), self.method().name.clone())).collect();
        let has_first = methods.len() > count;
        let batch = Call::new(Method::new("batch", Rest::V2, Effect::Read, Paging::None))
            .param("halt", i32::from(wanted.halts))
            .param("cmd", commands);
        let layout = Layout { records: self.method().records, field: wanted.field };
        let options = self.options.clone().commands(methods).pages_as_text(layout);
        let watch = Watch::start(&self.client);
        Some(match self.client.execute_with(batch, &options).await {
            Ok(mut response) => {
                let took = watch.took();
                let first = has_first.then(|| self.answer(&mut response, FIRST));
                Ok(Several { first, pages: self.take_apart(&mut response, count), took })
            }
            Err(error) => Err(the_same(&error, self.method())),
        })
    }

    /// The answers to the commands, up to the first that failed.
    fn take_apart(&self, response: &mut Response, count: usize) -> Vec<Answered> {
        let mut answers = Vec::with_capacity(count);
        for at in 0..count {
            let answer = self.answer(response, &key(at));
            let failed = matches!(answer, Answered::Failed(_));
            answers.push(answer);
            if failed {
                break;
            }
        }
        answers
    }

    fn answer(&self, response: &mut Response, key: &str) -> Answered {
        let part = |name: &str| response.result.get(name).and_then(|part| part.get(key));
        if let Some(error) = part("result_error") {
            let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let error = PortalError {
                method: self.method().name.to_string(),
                status: 200,
                code: text("error"),
                description: text("error_description"),
                validation: Vec::new(),
            };
            if error.code == "ERROR_BATCH_METHOD_NOT_ALLOWED" {
                self.alone.store(true, Ordering::Relaxed);
            }
            return Answered::Failed(error.into());
        }
        let number = |name: &str| part(name).and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
        let (total, next) = (number("result_total"), number("result_next"));
        let page = match response.pages.remove(key) {
            Some(page) => page.map(RawPage::Text),
            None => match response.result.get_mut("result").and_then(|results| results.get_mut(key)) {
                Some(result) => page::find(result.take(), self.method().records).map(RawPage::Values),
                None => return Answered::Failed(self.fault("the portal's answer does not tell of one of the pages")),
            },
        };
        match page {
            Ok(page) => Answered::Page { page, total, next },
            Err(mismatch) => Answered::Failed(self.unreadable(&mismatch)),
        }
    }
}

/// What stands in a call for what differs.
pub(super) fn hole() -> Value {
    HOLE.to_string().into()
}

/// The key of a page in a batch.
pub(super) fn key(at: usize) -> String {
    format!("p{at}")
}

fn template(call: &Call) -> Option<String> {
    let mut text = |text: &str, query: &mut String| {
        if text.starts_with(HOLE) {
            query.push(HOLE);
            return Ok(());
        }
        encoding::plain(text, query)
    };
    let query = encoding::write_query(call.params(), call.method().order.is_empty(), &mut text).ok()?;
    Some(format!("{}?{query}", call.method().name))
}

/// How long a request takes, without what it waits for limits: another beside it would only wait as well.
struct Watch<'c> {
    client: &'c Client,
    since: Instant,
    waited: Duration,
}

impl<'c> Watch<'c> {
    fn start(client: &'c Client) -> Self {
        Self { client, since: Instant::now(), waited: client.metrics().waited }
    }

    fn took(&self) -> Duration {
        let waited = self.client.metrics().waited.saturating_sub(self.waited);
        self.since.elapsed().saturating_sub(waited)
    }
}

/// What a part of a walk brought.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) pages: Vec<RawPage>,
    pub(super) records: usize,
    /// The number of the last record, of this part or of the one before.
    pub(super) last: Option<i64>,
    /// Nothing is behind it.
    pub(super) ended: bool,
    /// The last page that came was not full. That is no proof of an end: what the caller may not see can be taken out of it.
    pub(super) is_short: bool,
    /// The number of the last record of all, where the portal was asked for it.
    pub(super) end: Option<i64>,
    /// The portal does not do what walking by number needs.
    pub(super) astray: bool,
    pub(super) failed: Option<Error>,
    /// What is on its way behind it does not follow it.
    pub(super) is_cut_off: bool,
    /// Records have come or gone, and are read again.
    pub(super) changed: bool,
    pub(super) total: Option<u64>,
    pub(super) took: Duration,
    pub(super) requests: u64,
}
