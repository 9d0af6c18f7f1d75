//! Carrying out a batch: request by request, with the answers taken apart into one outcome a command.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use serde_json::Value;

use crate::batch::plan::{self, Plan, Step};
use crate::batch::reference::{self, Part, Reference};
use crate::batch::{Batch, Replies};
use crate::call::Call;
use crate::client::{CallOptions, Client};
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
    let Batch { number, commands, halt, parallel, options } = batch;
    let (names, calls): (Vec<_>, Vec<_>) = commands.into_iter().map(|command| (command.name, command.call)).unzip();
    let needs = calls.iter().enumerate().map(|(at, call)| needs(number, at, call)).collect::<Result<Vec<_>>>()?;
    let is_read = calls.iter().all(|call| call.method().effect.is_read());
    let run = Run { client, calls, needs, halt, options };
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
    Ok(Replies { batch: number, methods, names, replies })
}

/// The requests that a batch would be sent in, to look at: with the names of files in place of their contents, and with
/// `$result[…]` also where the value itself would be sent.
#[cfg(feature = "cli")]
pub(crate) fn preview(client: &Client, batch: Batch) -> Result<Vec<Call>> {
    let Batch { number, commands, halt, options, .. } = batch;
    let calls: Vec<Call> = commands.into_iter().map(|command| command.call).collect();
    let needs = calls.iter().enumerate().map(|(at, call)| needs(number, at, call)).collect::<Result<Vec<_>>>()?;
    let is_read = calls.iter().all(|call| call.method().effect.is_read());
    let mut run = Run { client, calls, needs, halt, options };
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
        let is_linked = step.iter().any(|at| run.needs[*at].iter().any(|need| step.contains(&need.command)));
        let is_read = step.iter().all(|at| run.calls[*at].method().effect.is_read());
        let commands: Vec<(usize, String)> =
            step.into_iter().filter_map(|at| Some((at, run.command(at, &done).ok()?))).collect();
        requests.push(request(&commands, halt || is_linked, is_read));
    }
    Ok(requests)
}

/// The references of a command, each to an earlier one.
fn needs(batch: u64, at: usize, call: &Call) -> Result<Vec<Reference>> {
    call.check_itself()?;
    let mut found = Vec::new();
    call.params().values().for_each(|value| reference::all(value, &mut found));
    match found.iter().find(|reference| reference.batch != batch || reference.command >= at) {
        None => Ok(found),
        Some(_) => Err(Error::usage(format!(
            "command {at} of the batch, {}, refers to the result of another batch, or to a later command",
            call.method().name
        ))),
    }
}

/// Why the requests behind are not sent.
enum End {
    /// A command failed, and the batch is to halt there.
    Halted { at: usize, name: String },
    /// The portal cannot be reached, or lets nobody in.
    Closed(Error),
}

impl End {
    fn of(&self, method: &Method) -> Error {
        match self {
            Self::Halted { at, name } => Error::Skipped {
                method: method.name.to_string(),
                reason: format!("command {at} of the batch, {name}, failed"),
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
    calls: Vec<Call>,
    needs: Vec<Vec<Reference>>,
    halt: bool,
    options: CallOptions,
}

impl Run<'_> {
    fn plans(&self) -> Vec<Plan> {
        let plan = |at: usize| {
            let method = self.calls[at].method();
            let can_travel = method.batchable && method.rest == Rest::V2 && !method.name.eq_ignore_ascii_case("batch");
            let bytes = can_travel.then(|| self.command(at, &Outcomes::new())).and_then(|command| match command {
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
                        let records = self.calls[reference.command].method().records;
                        encoding::escape(&reference.wire(&key(reference.command), records), query);
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
        let find = |reference: &Reference| match done.get(&reference.command) {
            Some(Ok(response)) => reference.find(&response.result).cloned(),
            _ => None,
        };
        call.params_mut().values_mut().for_each(|value| reference::resolve(value, &find));
        call
    }

    /// Why a command cannot be sent any more: what it refers to failed, or is not there.
    fn unmet(&self, at: usize, done: &Outcomes) -> Option<String> {
        self.needs[at].iter().find_map(|need| match done.get(&need.command)? {
            Ok(response) if need.find(&response.result).is_some() => None,
            Ok(_) => Some(format!("`{}` is not in the answer", self.shown(need))),
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
        need.wire(&need.command.to_string(), "")
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
                    Ok(command) if pending.len() > 1 && !waits => commands.push((*at, command)),
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
        let end = End::Halted { at: *at, name: self.calls[*at].method().name.to_string() };
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

    /// Sends commands in one request. Brings those that are still to be done.
    async fn together(&self, commands: Vec<(usize, String)>, done: &mut Outcomes) -> (Vec<usize>, Option<End>) {
        let sent: Vec<usize> = commands.iter().map(|(at, _)| *at).collect();
        // After an error the portal would run a command that refers to the failed one with nothing in its place.
        let is_linked = sent.iter().any(|at| self.needs[*at].iter().any(|need| sent.contains(&need.command)));
        let halts = self.halt || is_linked;
        let is_read = sent.iter().all(|at| self.calls[*at].method().effect.is_read());
        let methods = sent.iter().map(|at| (key(*at), self.calls[*at].method().name.clone()));
        let options = self.options.clone().commands(methods);
        let answer = self.client.execute_with(request(&commands, halts, is_read), &options).await;
        drop(commands);
        let mut response = match answer {
            Ok(response) => response,
            Err(Error::OutcomeUnknown { reason, .. }) => {
                let (reads, writes): (Vec<_>, Vec<_>) =
                    sent.into_iter().partition(|at| self.calls[*at].method().effect.is_read());
                for at in writes {
                    let call = Box::new(self.calls[at].clone());
                    let reason = reason.clone();
                    done.insert(at, Err(Error::OutcomeUnknown { call, reason, idempotency_key: None }));
                }
                return (reads, None);
            }
            Err(error) => {
                done.extend(sent.iter().map(|at| (*at, Err(the_same(&error, self.calls[*at].method())))));
                return (Vec::new(), closed(&error));
            }
        };
        let (mut refused, mut rest, mut stopped) = (Vec::new(), Vec::new(), false);
        for at in sent.iter().copied() {
            match said(&mut response.result, at, self.calls[at].method()) {
                Said::Done(response) => {
                    done.insert(at, Ok(response));
                }
                Said::Failed(error) => {
                    stopped = true;
                    if is_refusal(&error, self.calls[at].method().effect) {
                        refused.push((at, error));
                    } else {
                        done.insert(at, Err(error.into()));
                    }
                }
                Said::Nothing if halts && stopped => rest.push(at),
                Said::Nothing => {
                    let reason = "the portal's answer does not tell of it".to_owned();
                    let call = &self.calls[at];
                    let error = if call.method().effect.is_read() {
                        Error::Decode { method: call.method().name.to_string(), status: None, reason }
                    } else {
                        Error::OutcomeUnknown { call: Box::new(call.clone()), reason, idempotency_key: None }
                    };
                    done.insert(at, Err(error));
                }
            }
        }
        self.check_references(&sent, done);
        (rest, self.again(refused, done).await)
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
            if let Some(reason) = self.unmet(*at, done) {
                let method = self.calls[*at].method();
                let effect = if method.effect.is_read() { "it read" } else { "the portal carried it out" };
                let reason = format!("{effect} with an empty value, for {reason}");
                done.insert(*at, Err(Error::Decode { method: method.name.to_string(), status: None, reason }));
            }
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

/// Whether a command was surely not carried out, and may be when it is sent again by itself.
fn is_refusal(error: &PortalError, effect: Effect) -> bool {
    match error.code.as_str() {
        "QUERY_LIMIT_EXCEEDED" | "OPERATION_TIME_LIMIT" => true,
        "ERROR_BATCH_METHOD_NOT_ALLOWED" | "ERROR_BATCH_LENGTH_EXCEEDED" => true,
        "INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER" => effect.is_read(),
        _ => false,
    }
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
