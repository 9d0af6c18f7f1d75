//! Carrying out a batch: request by request, with the answers taken apart into one outcome a command.
//!
//! What a command's error proves is decided where it is decided for a call of its own ([`crate::client::proof`]). What the
//! portal does not take in a batch is only known once it has said so. Until then, different methods that write travel in a
//! request that ends at the first failure, so that what is refused can be sent by itself before anything behind it is done.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use serde_json::Value;

use crate::batch::plan::{self, Plan, Step};
use crate::batch::reference::{self, Part, Reference};
use crate::batch::{Batch, Replies};
use crate::call::Call;
use crate::client::{CallOptions, Client, Proof, proof};
use crate::encoding::{self, Inexpressible};
use crate::error::{Error, PortalError, Result};
use crate::method::{Effect, Method, Paging, Rest};
use crate::response::Response;
use crate::value::Object;

/// How many requests of reads are on their way at once.
const PARALLEL: usize = 4;

/// The outcomes of the commands that are done.
type Outcomes = BTreeMap<usize, Result<Response>>;

pub(super) async fn run(client: &Client, batch: Batch) -> Result<Replies> {
    let Batch { number, commands, halt, once, parallel, options } = batch;
    let (names, calls): (Vec<_>, Vec<_>) = commands.into_iter().map(|command| (command.name, command.call)).unzip();
    let needs = needs(number, &names, &calls)?;
    let is_read = calls.iter().all(|call| call.method().effect.is_read());
    let run = Run { client, names, calls, needs, halt, once, options };
    let steps = plan::cut(&run.plans(), !is_read || halt);
    let reaches_out =
        |step: &Step| step.iter().any(|at| run.needs[*at].iter().any(|need| !step.contains(&need.command)));
    let parallel = match parallel {
        _ if halt || steps.iter().any(reaches_out) => 1,
        Some(parallel) => parallel,
        None if is_read => PARALLEL,
        None => 1,
    };
    let mut outcomes = Outcomes::new();
    if parallel == 1 {
        let mut end: Option<End> = None;
        for step in steps {
            match &end {
                None => end = run.step(step, &mut outcomes).await,
                Some(end) => outcomes.extend(step.iter().map(|at| (*at, Err(end.of(run.calls[*at].method()))))),
            }
        }
    } else {
        let run = &run;
        let steps = steps.into_iter().map(|step| async move {
            let mut outcomes = Outcomes::new();
            // The other requests are on their way already: what ends this one does not end them.
            let _ = run.step(step, &mut outcomes).await;
            outcomes
        });
        let mut steps = futures_util::stream::iter(steps).buffer_unordered(parallel);
        while let Some(done) = steps.next().await {
            outcomes.extend(done);
        }
    }
    let replies = (0..run.calls.len()).map(|at| outcomes.remove(&at)).collect();
    let methods = run.calls.iter().map(|call| call.method().clone()).collect();
    Ok(Replies { batch: number, methods, names: run.names, replies })
}

/// The requests that a batch would be sent in, to look at: with the names of files in place of their contents, and with
/// `$result[…]` also where the value itself would be sent.
#[cfg(feature = "cli")]
pub(crate) fn preview(client: &Client, batch: Batch) -> Result<Vec<Call>> {
    let Batch { number, commands, halt, options, .. } = batch;
    let (names, calls): (Vec<_>, Vec<_>) = commands.into_iter().map(|command| (command.name, command.call)).unzip();
    let needs = needs(number, &names, &calls)?;
    let is_read = calls.iter().all(|call| call.method().effect.is_read());
    let mut run = Run { client, names, calls, needs, halt, once: false, options };
    let steps = plan::cut(&run.plans(), !is_read || halt);
    let done = Outcomes::new();
    let mut requests = Vec::new();
    for step in steps {
        if let [single] = step.as_slice() {
            let mut call = run.calls[*single].clone();
            let find = |need: &Reference| Some(run.shown(need).into());
            call.params_mut().values_mut().for_each(|value| reference::resolve(value, &find));
            requests.push(call);
            continue;
        }
        for at in &step {
            *run.calls[*at].params_mut() = run.calls[*at].shown_params();
        }
        let (halts, is_read) = (run.halts(&step), run.only_reads(&step));
        let commands: Vec<(usize, String)> =
            step.into_iter().filter_map(|at| Some((at, run.command(at, &done).ok()?))).collect();
        requests.push(request(&commands, halts, is_read));
    }
    Ok(requests)
}

/// The requests that calls without references to each other are sent in. Writes stay in their order.
#[cfg(feature = "cli")]
pub(crate) fn cut<K>(client: &Client, calls: Vec<(K, Call)>) -> Vec<Vec<(K, Call)>> {
    let (keys, calls): (Vec<K>, Vec<Call>) = calls.into_iter().unzip();
    let is_read = calls.iter().all(|call| call.method().effect.is_read());
    let (names, needs) = (vec![None; calls.len()], vec![Vec::new(); calls.len()]);
    let run = Run { client, names, calls, needs, halt: false, once: true, options: CallOptions::default() };
    let steps = plan::cut(&run.plans(), !is_read);
    let mut calls: BTreeMap<usize, (K, Call)> = keys.into_iter().zip(run.calls).enumerate().collect();
    steps.into_iter().map(|step| step.iter().filter_map(|at| calls.remove(at)).collect()).collect()
}

/// The references of the commands, each to an earlier one.
fn needs(batch: u64, names: &[Option<String>], calls: &[Call]) -> Result<Vec<Vec<Reference>>> {
    let mut known = BTreeSet::new();
    if let Some(twice) = names.iter().flatten().find(|name| !known.insert(*name)) {
        return Err(Error::usage(format!("two commands of the batch are called `{twice}`: each name stands once")));
    }
    let of = |(at, call): (usize, &Call)| {
        call.check_itself()?;
        let mut found = Vec::new();
        call.params().values().for_each(|value| reference::all(value, &mut found));
        match found.iter().find(|reference| reference.batch != batch || reference.command >= at) {
            None => Ok(found),
            Some(_) => Err(Error::usage(format!(
                "command {} of the batch, {}, refers to the result of another batch, or to a later command",
                name(names, at),
                call.method().name
            ))),
        }
    };
    calls.iter().enumerate().map(of).collect()
}

/// What a command is called: its name, or its place, counted from 0 as everywhere in the client.
fn name(names: &[Option<String>], at: usize) -> String {
    names.get(at).cloned().flatten().unwrap_or_else(|| at.to_string())
}

/// Why the requests behind are not sent.
enum End {
    /// A command failed, and the batch is to halt there.
    Halted { command: String, method: String },
    /// The portal cannot be reached, or lets nobody in.
    Closed(Error),
}

impl End {
    fn of(&self, method: &Method) -> Error {
        match self {
            Self::Halted { command, method: failed } => Error::Skipped {
                method: method.name.to_string(),
                reason: format!("command {command} of the batch, {failed}, failed"),
            },
            Self::Closed(error) => the_same(error, method),
        }
    }
}

/// What a request's answer says of a command.
enum Said {
    Done(Response),
    Failed(PortalError),
    Nothing,
}

struct Run<'c> {
    client: &'c Client,
    names: Vec<Option<String>>,
    calls: Vec<Call>,
    needs: Vec<Vec<Reference>>,
    halt: bool,
    /// Whether a command that a limit refused ends in the refusal.
    once: bool,
    options: CallOptions,
}

impl Run<'_> {
    fn plans(&self) -> Vec<Plan> {
        let plan = |at: usize| {
            let method = self.calls[at].method();
            let bytes =
                self.travels(at).then(|| self.command(at, &Outcomes::new())).and_then(|command| match command {
                    Ok(command) => Some(command.len()),
                    Err(fault) => {
                        tracing::debug!(target: "bitrix24", method = %method.name, %fault, "sent alone");
                        None
                    }
                });
            Plan { bytes, needs: self.needs[at].iter().map(|need| need.command).collect() }
        };
        (0..self.calls.len()).map(plan).collect()
    }

    /// Whether a command may stand in a batch, as far as the spec and the portal have told.
    fn travels(&self, at: usize) -> bool {
        let method = self.calls[at].method();
        let is_one = method.batchable && method.rest == Rest::V2 && !method.name.eq_ignore_ascii_case("batch");
        is_one && self.client.batched().takes(&method.name) != Some(false)
    }

    fn only_reads(&self, commands: &[usize]) -> bool {
        commands.iter().all(|at| self.calls[*at].method().effect.is_read())
    }

    /// Whether a request has to end at its first failure.
    fn halts(&self, commands: &[usize]) -> bool {
        // The portal would run a command that refers to the failed one with nothing in its place.
        let is_linked =
            || commands.iter().any(|at| self.needs[*at].iter().any(|need| commands.contains(&need.command)));
        self.halt || is_linked() || self.is_order_at_stake(commands)
    }

    /// Whether the portal could refuse one command for being in a batch, and carry out another one behind it that stands there
    /// for a reason. Commands of one method are refused all together.
    fn is_order_at_stake(&self, commands: &[usize]) -> bool {
        let mut methods: Vec<&str> = commands.iter().map(|at| self.calls[*at].method().name.as_ref()).collect();
        methods.sort_unstable();
        methods.dedup();
        methods.len() > 1
            && !self.only_reads(commands)
            && methods.iter().any(|method| self.client.batched().takes(method).is_none())
    }

    /// A command as the portal takes it: `method?query`. What it refers to and is done stands in it as a value.
    fn command(&self, at: usize, done: &Outcomes) -> Result<String, Inexpressible> {
        let call = &self.calls[at];
        let skips_empty = call.method().effect.is_read() && call.method().order.is_empty();
        let mut text = |text: &str, query: &mut String| {
            if !reference::holds_one(text) {
                return encoding::plain(text, query);
            }
            for part in reference::parts(text) {
                match part {
                    Part::Text(text) => encoding::plain(text, query)?,
                    Part::Reference(reference) => {
                        let wire = reference.wire(&key(reference.command), self.records(&reference));
                        encoding::escape(&wire, query);
                    }
                }
            }
            Ok(())
        };
        let resolved;
        let params = if self.needs[at].iter().any(|need| done.contains_key(&need.command)) {
            resolved = self.resolved(at, done);
            resolved.params()
        } else {
            call.params()
        };
        let query = encoding::write_query(params, skips_empty, &mut text)?;
        Ok(if query.is_empty() { call.method().name.to_string() } else { format!("{}?{query}", call.method().name) })
    }

    /// A call with values in the place of references to commands that are done.
    fn resolved(&self, at: usize, done: &Outcomes) -> Call {
        let mut call = self.calls[at].clone();
        let find = |need: &Reference| match done.get(&need.command) {
            Some(Ok(response)) => need.find(response, self.records(need)).map(Cow::into_owned),
            _ => None,
        };
        call.params_mut().values_mut().for_each(|value| reference::resolve(value, &find));
        call
    }

    /// Why a command cannot be sent any more: what it refers to failed, or is not there.
    fn unmet(&self, at: usize, done: &Outcomes) -> Option<String> {
        self.needs[at].iter().find_map(|need| match done.get(&need.command)? {
            Ok(response) if need.find(response, self.records(need)).is_some() => None,
            Ok(_) => Some(format!("`{}` is not in the answer", self.shown(need))),
            Err(Error::OutcomeUnknown { .. }) => {
                Some(format!("it refers to `{}`, and the outcome of that command is unknown", self.shown(need)))
            }
            Err(_) => Some(format!("it refers to `{}`, and that command failed", self.shown(need))),
        })
    }

    /// Whether a command has to wait for the answer to others: a write on something out of a list that may be shorter, where
    /// the portal would put nothing in its place.
    fn waits(&self, at: usize, with: &[(usize, String)]) -> bool {
        !self.calls[at].method().effect.is_read()
            && self.needs[at]
                .iter()
                .any(|need| need.is_in_list() && with.iter().any(|(other, _)| *other == need.command))
    }

    fn shown(&self, need: &Reference) -> String {
        need.shown(&name(&self.names, need.command))
    }

    /// Where the answer that is referred to keeps its records.
    fn records(&self, need: &Reference) -> &'static str {
        self.calls[need.command].method().records
    }

    /// Carries out the commands of one request, and whatever must be sent again of them.
    async fn step(&self, step: Step, done: &mut Outcomes) -> Option<End> {
        let mut pending = step;
        loop {
            pending.retain(|at| match self.unmet(*at, done) {
                None => true,
                Some(reason) => {
                    let method = self.calls[*at].method().name.to_string();
                    done.insert(*at, Err(Error::Skipped { method, reason }));
                    false
                }
            });
            if let Some(end) = self.halted(&pending, done) {
                return Some(end);
            }
            let mut commands: Vec<(usize, String)> = Vec::new();
            for at in &pending {
                let waits = self.waits(*at, &commands);
                match self.command(*at, done) {
                    Ok(command) if pending.len() > 1 && !waits && self.travels(*at) => commands.push((*at, command)),
                    // It waits for its turn: alone, or with values in the place of its references.
                    _ => break,
                }
            }
            let end = match (commands.as_slice(), pending.first()) {
                (_, None) => return None,
                ([] | [_], Some(first)) => {
                    let first = *first;
                    pending.remove(0);
                    self.alone(first, done).await
                }
                _ => {
                    let sent: Vec<usize> = commands.iter().map(|(at, _)| *at).collect();
                    pending.retain(|at| !sent.contains(at));
                    let (mut again, end) = self.together(commands, done).await;
                    again.append(&mut pending);
                    pending = again;
                    end
                }
            };
            if let Some(end) = end.or_else(|| self.halted(&pending, done)) {
                let rest = pending.into_iter().map(|at| (at, Err(end.of(self.calls[at].method()))));
                done.extend(rest);
                return Some(end);
            }
        }
    }

    /// Where a batch that is to halt has to.
    fn halted(&self, pending: &[usize], done: &mut Outcomes) -> Option<End> {
        if !self.halt {
            return None;
        }
        let (at, _) = done.iter().find(|(_, outcome)| outcome.is_err())?;
        let end = End::Halted { command: name(&self.names, *at), method: self.calls[*at].method().name.to_string() };
        done.extend(pending.iter().map(|at| (*at, Err(end.of(self.calls[*at].method())))));
        Some(end)
    }

    /// Sends one command as a call of its own.
    async fn alone(&self, at: usize, done: &mut Outcomes) -> Option<End> {
        let call = self.resolved(at, done);
        let records = call.method().records;
        let outcome = self.client.execute_with(call, &self.options).await.map(|mut response| {
            response.narrow(records);
            response
        });
        // Any other failure is the call's own.
        let end = outcome
            .as_ref()
            .err()
            .filter(|error| matches!(error, Error::Connect { .. } | Error::Auth(_)))
            .and_then(closed);
        done.insert(at, outcome);
        end
    }

    /// Sends commands in one request. Brings those that are still to be done, in their order.
    async fn together(&self, commands: Vec<(usize, String)>, done: &mut Outcomes) -> (Vec<usize>, Option<End>) {
        let sent: Vec<usize> = commands.iter().map(|(at, _)| *at).collect();
        let halts = self.halts(&sent);
        let methods = sent.iter().map(|at| (key(*at), self.calls[*at].method().name.clone()));
        let options = self.options.clone().commands(methods);
        let answer = self.client.execute_with(request(&commands, halts, self.only_reads(&sent)), &options).await;
        drop(commands);
        let mut response = match answer {
            Ok(response) => response,
            Err(Error::OutcomeUnknown { reason, .. }) => {
                let (reads, writes): (Vec<_>, Vec<_>) =
                    sent.into_iter().partition(|at| self.calls[*at].method().effect.is_read());
                for at in writes {
                    done.insert(at, Err(self.unknown(at, reason.clone())));
                }
                return (reads, None);
            }
            Err(error) => {
                done.extend(sent.iter().map(|at| (*at, Err(the_same(&error, self.calls[*at].method())))));
                return (Vec::new(), closed(&error));
            }
        };
        let (mut again, mut alone, mut rest, mut stopped) = (Vec::new(), Vec::new(), Vec::new(), false);
        for at in sent.iter().copied() {
            let method = self.calls[at].method();
            match said(&mut response.result, at, method) {
                Said::Done(response) => {
                    self.client.batched().learn(&method.name, true);
                    done.insert(at, Ok(response));
                }
                Said::Failed(error) => {
                    stopped = true;
                    match judged(&error, method.effect) {
                        Judged::Failed => {
                            self.client.batched().learn(&method.name, true);
                            done.insert(at, Err(error.into()));
                        }
                        Judged::Unknown => {
                            done.insert(at, Err(self.unknown(at, error.words())));
                        }
                        Judged::Again if self.once => {
                            done.insert(at, Err(error.into()));
                        }
                        Judged::Again => again.push((at, error)),
                        Judged::Alone => {
                            self.client.batched().learn(&method.name, false);
                            match self.once {
                                true => drop(done.insert(at, Err(error.into()))),
                                false => alone.push((at, error)),
                            }
                        }
                    }
                }
                Said::Nothing if halts && stopped => rest.push(at),
                Said::Nothing => {
                    let reason = "the portal's answer does not tell of it".to_owned();
                    let error = match method.effect.is_read() {
                        true => Error::Decode { method: method.name.to_string(), status: None, reason },
                        false => self.unknown(at, reason),
                    };
                    done.insert(at, Err(error));
                }
            }
        }
        let in_place = self.in_place(alone, &sent, done);
        self.check_references(&sent, done);
        // What a limit refused behind one of these must not overtake it.
        let first = in_place.first().copied().unwrap_or(usize::MAX);
        let (again, behind): (Vec<_>, Vec<_>) = again.into_iter().partition(|(at, _)| *at < first);
        rest.extend(in_place.into_iter().chain(behind.into_iter().map(|(at, _)| at)));
        rest.sort_unstable();
        (rest, self.again(again, done).await)
    }

    fn unknown(&self, at: usize, reason: String) -> Error {
        Error::OutcomeUnknown { call: Box::new(self.calls[at].clone()), reason, idempotency_key: None }
    }

    /// What is to be sent of commands that the portal does not take in a batch: these by themselves, and the reads behind them,
    /// which have seen things as they were before. Behind a write that is done, the place of a command is lost.
    fn in_place(&self, refused: Vec<(usize, PortalError)>, sent: &[usize], done: &mut Outcomes) -> Vec<usize> {
        let mut rest = Vec::new();
        for (at, mut error) in refused {
            let (reads, writes): (Vec<usize>, Vec<usize>) = sent
                .iter()
                .filter(|other| **other > at)
                .partition(|other| self.calls[**other].method().effect.is_read());
            let done_behind = writes.into_iter().find_map(|write| match done.get(&write)? {
                Ok(_) => Some((write, "was")),
                Err(Error::OutcomeUnknown { .. }) => Some((write, "may have been")),
                Err(_) => None,
            });
            if let Some((write, was)) = done_behind {
                error.description = format!(
                    "{}; it was not carried out, and has lost its place: command {} of the batch, {}, {was} carried out before it",
                    error.description.trim_end_matches('.'),
                    name(&self.names, write),
                    self.calls[write].method().name
                );
                done.insert(at, Err(error.into()));
                continue;
            }
            rest.push(at);
            rest.extend(reads.into_iter().filter(|read| done.remove(read).is_some()));
        }
        rest
    }

    /// Sends commands again that a limit refused.
    async fn again(&self, refused: Vec<(usize, PortalError)>, done: &mut Outcomes) -> Option<End> {
        let mut hopeless: Vec<Method> = Vec::new();
        for (at, error) in refused {
            let method = self.calls[at].method();
            if self.unmet(at, done).is_some() || hopeless.contains(method) {
                done.insert(at, Err(error.into()));
                continue;
            }
            tracing::debug!(target: "bitrix24", method = %method.name, code = %error.code, "sent again");
            if let Some(end) = self.alone(at, done).await {
                return Some(end);
            }
            match done.get(&at) {
                Some(Err(Error::Limited { .. })) => hopeless.push(method.clone()),
                Some(Err(Error::Portal(error))) if error.is_limit() => hopeless.push(method.clone()),
                _ => {}
            }
        }
        None
    }

    /// A command that referred to something that the answer does not hold was carried out with nothing in its place.
    fn check_references(&self, sent: &[usize], done: &mut Outcomes) {
        for at in sent {
            let Some(Ok(_)) = done.get(at) else { continue };
            let Some(reason) = self.unmet(*at, done) else { continue };
            let method = self.calls[*at].method();
            let (method, is_read) = (method.name.to_string(), method.effect.is_read());
            let error = match done.remove(at) {
                Some(Ok(answer)) if !is_read => {
                    let reason = format!("with an empty value, for {reason}");
                    Error::Unreadable { method, reason, answer: Box::new(answer) }
                }
                _ => {
                    Error::Decode { method, status: None, reason: format!("it read with an empty value, for {reason}") }
                }
            };
            done.insert(*at, Err(error));
        }
    }
}

/// The key of a command in the request.
fn key(at: usize) -> String {
    format!("c{at}")
}

fn request(commands: &[(usize, String)], halts: bool, is_read: bool) -> Call {
    let effect = if is_read { Effect::Read } else { Effect::Action };
    let commands: Object = commands.iter().map(|(at, command)| (key(*at), command.as_str().into())).collect();
    Call::new(Method::new("batch", Rest::V2, effect, Paging::None))
        .param("halt", i32::from(halts))
        .param("cmd", commands)
}

/// Takes what the answer says of a command out of it.
fn said(result: &mut Value, at: usize, method: &Method) -> Said {
    let key = key(at);
    let mut take = |part: &str| result.get_mut(part).and_then(|part| part.get_mut(&key)).map(Value::take);
    if let Some(error) = take("result_error") {
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        return Said::Failed(PortalError {
            method: method.name.to_string(),
            status: 200,
            code: text("error"),
            description: text("error_description"),
            validation: Vec::new(),
        });
    }
    let result = take("result");
    let envelope: Object = [("total", "result_total"), ("next", "result_next"), ("time", "result_time")]
        .into_iter()
        .filter_map(|(key, part)| Some((key.to_owned(), take(part)?)))
        .collect();
    // Of a result that is null, the portal tells nothing but the time it took.
    if result.is_none() && envelope.is_empty() {
        return Said::Nothing;
    }
    let mut whole = Object::new();
    whole.insert("result".into(), result.unwrap_or_default());
    whole.extend(envelope);
    let mut response = Response::new(whole);
    response.narrow(method.records);
    Said::Done(response)
}

/// What is to be done about a command that the portal answers with an error.
enum Judged {
    /// It has failed for good.
    Failed,
    /// It writes, and may have been carried out.
    Unknown,
    /// It is sent again by itself: it was not carried out, or only reads.
    Again,
    /// It was not carried out, and never will be in a batch.
    Alone,
}

fn judged(error: &PortalError, effect: Effect) -> Judged {
    match (proof(error), error.code.as_str()) {
        (Proof::Limited(_) | Proof::Expired, _) => Judged::Again,
        (Proof::Lost, _) if effect.is_read() => Judged::Again,
        (Proof::Lost, _) => Judged::Unknown,
        (Proof::Refused, "ERROR_BATCH_METHOD_NOT_ALLOWED") => Judged::Alone,
        (Proof::Refused, "ERROR_BATCH_LENGTH_EXCEEDED") => Judged::Again,
        (Proof::Refused, _) => Judged::Failed,
    }
}

/// Whether a command was surely not carried out, or only reads, and may be when it is sent again by itself.
#[cfg(feature = "cli")]
pub(crate) fn is_refusal(error: &PortalError, effect: Effect) -> bool {
    matches!(judged(error, effect), Judged::Again | Judged::Alone)
}

/// Whether an error says that further requests are in vain.
fn closed(error: &Error) -> Option<End> {
    let is_closed = match error {
        Error::Connect { .. } | Error::Auth(_) => true,
        Error::Portal(error) => {
            error.status == 401 || matches!(error.code.as_str(), "OVERLOAD_LIMIT" | "PORTAL_DELETED")
        }
        _ => false,
    };
    is_closed.then(|| End::Closed(the_same(error, &Method::unknown("batch"))))
}

/// What a request failed with, as the failure of one of its commands.
pub(crate) fn the_same(error: &Error, method: &Method) -> Error {
    let method = method.name.to_string();
    match error {
        Error::Portal(error) => PortalError { method, ..(**error).clone() }.into(),
        Error::Connect { host, reason, .. } => Error::Connect { method, host: host.clone(), reason: reason.clone() },
        Error::Interrupted { host, reason, .. } => {
            Error::Interrupted { method, host: host.clone(), reason: reason.clone() }
        }
        Error::Timeout { host, after, .. } => Error::Timeout { method, host: host.clone(), after: *after },
        Error::Decode { status, reason, .. } => Error::Decode { method, status: *status, reason: reason.clone() },
        Error::Limited { host, is_operating, waited, free_in, .. } => Error::Limited {
            method,
            host: host.clone(),
            is_operating: *is_operating,
            waited: *waited,
            free_in: *free_in,
        },
        Error::Auth(error) => error.clone().into(),
        other => Error::Usage(format!("{method}: {other}")),
    }
}
