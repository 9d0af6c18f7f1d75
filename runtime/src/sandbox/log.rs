//! The log of requests and the counts that tests rely on.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use crate::value::Object;

/// The requests remembered; older ones are forgotten, but stay counted.
const MOST_REQUESTS: usize = 1000;

/// Longer texts are shortened in the log.
const LONGEST_TEXT: usize = 4096;

/// A request that the sandbox has answered. Secrets are not among it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The HTTP verb.
    pub verb: String,
    /// The REST method as it was called; empty where the address names none.
    pub method: String,
    /// The REST version: 2 or 3.
    pub rest: u8,
    /// `webhook`, `token`, or `none`.
    pub auth: &'static str,
    /// The number of the user that the call was made for.
    pub user: Option<u64>,
    /// The parameters, without the token. Very long texts are shortened.
    pub params: Object,
    /// Of a batch: the methods of the commands that ran, in order.
    pub commands: Vec<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error's code, where it was one.
    pub error: Option<String>,
    /// Whether the answer was the documented example rather than made from the state.
    pub canned: bool,
    /// The fault that met the request.
    pub fault: Option<String>,
    /// Whether the answer was that of an earlier request with the same Idempotency-Key.
    pub replayed: bool,
    /// Where it came from.
    pub source: IpAddr,
    /// The microseconds that it took to make the answer, waiting aside.
    pub micros: u64,
}

/// What was counted since the start or since the log was cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Requests to REST methods.
    pub requests: u64,
    /// Commands that ran inside batches.
    pub commands: u64,
    /// Requests by method in lower case, `batch` among them.
    pub methods: BTreeMap<String, u64>,
    /// Calls that ran by method in lower case, alone or inside a batch.
    pub calls: BTreeMap<String, u64>,
    /// Requests by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Faults by kind.
    pub faults: BTreeMap<String, u64>,
    /// Requests for tokens.
    pub token_requests: u64,
    /// The most requests that were in work at the same moment.
    pub most_at_once: u64,
    /// Connections.
    pub connections: u64,
}

/// The log.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) requests: VecDeque<LoggedRequest>,
    pub(super) counts: Counts,
    at_once: u64,
}

impl Log {
    /// Remembers a request.
    pub(super) fn push(&mut self, mut request: LoggedRequest) {
        let counts = &mut self.counts;
        counts.requests += 1;
        counts.commands += request.commands.len() as u64;
        let method = request.method.to_lowercase();
        if request.error.is_none() && method != "batch" {
            add(&mut counts.calls, &method);
        }
        for command in &request.commands {
            add(&mut counts.calls, &command.to_lowercase());
        }
        add(&mut counts.methods, &method);
        *counts.statuses.entry(request.status).or_default() += 1;
        if let Some(fault) = &request.fault {
            add(&mut counts.faults, fault);
        }
        request.params.values_mut().for_each(shorten);
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    /// Counts a connection.
    pub(super) fn connected(&mut self) {
        self.counts.connections += 1;
    }

    /// Counts a request that begins.
    pub(super) fn begins(&mut self) {
        self.at_once += 1;
        self.counts.most_at_once = self.counts.most_at_once.max(self.at_once);
    }

    /// Counts a request that has ended.
    pub(super) fn ends(&mut self) {
        self.at_once = self.at_once.saturating_sub(1);
    }

    /// Forgets everything but the requests in work.
    pub(super) fn clear(&mut self) {
        *self = Self { at_once: self.at_once, ..Self::default() };
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
        return;
    }
    // Whoever tries names at random must not fill the memory.
    let name = if counts.len() < MOST_REQUESTS { name } else { "…" };
    *counts.entry(name.to_owned()).or_default() += 1;
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => {
            let head: String = text.chars().take(60).collect();
            *text = format!("{head}… ({} bytes)", text.len());
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(map) => map.values_mut().for_each(shorten),
        _ => {}
    }
}
