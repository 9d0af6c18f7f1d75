//! The way of a call: prepare → wait for the limits → attempt → judge → try again where that cannot double anything.

use std::borrow::Cow;
use std::future::Future;
use std::time::{Duration, Instant};

use tracing::Instrument as _;
use url::Url;

use crate::auth::AuthError;
use crate::call::Call;
use crate::client::Inner;
use crate::client::access::Connection;
use crate::client::attempt::{self, Limit, Verdict};
use crate::client::exchange::{Answer, Failure, Wire};
use crate::client::options::{CallOptions, Moment};
use crate::client::retry::RetryPolicy;
use crate::error::{Error, Result};
use crate::method::{Effect, Rest};
use crate::request;
use crate::response::Response;
use crate::secret::Secret;

/// How often a call gets new tokens.
const MOST_RENEWALS: u32 = 2;

/// A shorter part of an address opens nothing.
const SHORTEST_SECRET: usize = 8;

/// What holds for all attempts at a call.
struct Plan<'c> {
    call: &'c Call,
    options: &'c CallOptions,
    effect: Effect,
    retry: &'c RetryPolicy,
    /// One attempt's time.
    timeout: Duration,
    /// The end of all attempts and waits.
    end: Option<Instant>,
    /// The longest time that is spent in waiting for the portal's limits, and what is spent of it.
    patience: Duration,
    waited: Duration,
    key: Option<Cow<'c, str>>,
    /// Why the answer to an earlier attempt at a write is missing.
    lost: Option<String>,
}

/// Carries a call out.
pub(super) async fn run(inner: &Inner, call: &Call, options: &CallOptions) -> Result<Response> {
    let settings = &inner.settings;
    call.check()?;
    let effect = options.effect.unwrap_or(call.method().effect);
    let total = options.total_timeout.or(settings.total_timeout);
    let mut plan = Plan {
        call,
        options,
        effect,
        retry: options.retry.as_ref().unwrap_or(&settings.retry),
        timeout: options.timeout.unwrap_or(settings.timeout),
        // An end that no clock can tell is none.
        end: total.and_then(|total| Instant::now().checked_add(total)),
        patience: options.patience.unwrap_or(settings.patience),
        waited: Duration::ZERO,
        key: idempotency_key(call, effect, options)?,
        lost: None,
    };
    let outcome = attempts(inner, &mut plan).await;
    let Some(before) = plan.lost.take() else { return outcome };
    outcome.map_err(|error| match &error {
        Error::OutcomeUnknown { .. } => error,
        // It knows the call by its key, and would have told what it did.
        Error::Portal(refused) if !refused.is_unauthorised() && !refused.is_limit() => error,
        // Whatever hinders a later attempt, an earlier one may have been carried out.
        _ => unknown(&plan, format!("{before}; then: {}", attempt::loss(&error))),
    })
}

async fn attempts(inner: &Inner, plan: &mut Plan<'_>) -> Result<Response> {
    let (options, settings) = (plan.options, &inner.settings);
    // Without a key that lets the portal recognise it, a write whose answer is lost may not be sent again.
    let is_repeatable = plan.effect.is_read() || plan.key.is_some();
    let (mut attempts, mut retries, mut renewals, mut refusal) = (0, 0, 0, None);
    loop {
        let connection = inner.access.connection(settings, &inner.moved);
        let connection = in_time(plan, connection).await.unwrap_or_else(|| Err(AuthError::Timeout.into()))?;
        // A place is taken when a request leaves: nothing is waited for behind it.
        if let Err(limited) = wait(inner, plan).await {
            // The portal's own words say more.
            return Err(refusal.unwrap_or(limited));
        }
        let connection = inner.access.newest(connection, settings, &inner.moved)?;
        attempts += 1;
        let span = tracing::Span::current();
        span.record("attempts", attempts).record("waited_ms", millis(plan.waited));
        let span = tracing::debug_span!(target: "bitrix24", parent: &span, "attempt", number = attempts);
        options.watch.as_ref().map_or(Ok(()), |watch| watch.tell(Moment::Leaves))?;
        let verdict = attempt(inner, plan, &connection).instrument(span).await?;
        if let (Some(watch), true) = (&options.watch, verdict.is_void()) {
            watch.tell(Moment::Void)?;
        }
        let (error, retry_after) = match verdict {
            Verdict::Done(response) => {
                learn(inner, plan, &response).await;
                inner.budget.refund();
                return Ok(*response);
            }
            Verdict::Expired(error) => {
                // The portal refuses tokens that are minutes old: new ones would not help.
                if renewals >= MOST_RENEWALS {
                    return Err(error);
                }
                let renewed = in_time(plan, inner.access.renew(&connection)).await;
                if !renewed.unwrap_or_else(|| Err(AuthError::Timeout.into()))? {
                    return Err(error);
                }
                renewals += 1;
                continue;
            }
            Verdict::Failed(error) => {
                let is_token = error.portal().is_some_and(|error| error.status == 401);
                if is_token
                    && renewals < MOST_RENEWALS
                    && in_time(plan, inner.access.is_replaced(&connection)).await == Some(true)
                {
                    renewals += 1;
                    continue;
                }
                return Err(error);
            }
            Verdict::Limited { limit, error, retry_after, time } => {
                refused(inner, plan, limit, time.as_ref()).await;
                rest(plan, retry_after, error).await.map(|error| refusal = Some(error))?;
                continue;
            }
            Verdict::NotReached { error, passes: false } => return Err(error),
            Verdict::NotReached { error, passes: true } => (error, None),
            Verdict::Lost { error, retry_after, passes } if is_repeatable && passes => (error, retry_after),
            Verdict::Lost { error, .. } => return Err(lost(plan, error)),
        };
        let is_lost = !matches!(error, Error::Connect { .. });
        let last = |error: Error| if is_lost { lost(plan, error) } else { error };
        if retries >= plan.retry.retries || !inner.budget.pay() {
            return Err(last(error));
        }
        let pause = plan.retry.pause(retries, random()).max(retry_after.unwrap_or_default());
        if plan.end.is_some_and(|end| pause >= end.saturating_duration_since(Instant::now())) || pause > plan.patience {
            return Err(last(error));
        }
        if is_lost && !plan.effect.is_read() {
            plan.lost = Some(attempt::loss(&error));
        }
        retries += 1;
        inner.counters.retries.one();
        tracing::debug!(target: "bitrix24", retry = retries, pause_ms = millis(pause), %error, "retry");
        tokio::time::sleep(pause).await;
    }
}

/// The key of a REST 3.0 write.
fn idempotency_key<'c>(call: &Call, effect: Effect, options: &'c CallOptions) -> Result<Option<Cow<'c, str>>> {
    if let Some(key) = &options.idempotency_key {
        if call.method().rest != Rest::V3 {
            return Err(Error::usage(format!(
                "{}: REST 2 does not know idempotency keys; leave the key out",
                call.method().name
            )));
        }
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::usage(format!(
                "{}: an idempotency key has 1 to 255 visible ASCII characters",
                call.method().name
            )));
        }
        return Ok(Some(Cow::Borrowed(key)));
    }
    if call.method().rest != Rest::V3 || effect.is_read() {
        return Ok(None);
    }
    let mut bytes = [0; 16];
    // Without randomness there is no key, and the write is treated like one of REST 2.
    let random = getrandom::fill(&mut bytes).ok();
    Ok(random.map(|()| Cow::Owned(bytes.iter().map(|byte| format!("{byte:02x}")).collect())))
}

/// Waits until neither the methods' run time nor the portal's bucket stands in the way.
async fn wait(inner: &Inner, plan: &mut Plan<'_>) -> Result<()> {
    let since = Instant::now();
    let mut limit = Limit::Operating;
    loop {
        let names = std::iter::once(plan.call.method().name.as_ref());
        let names: Vec<&str> = names.chain(plan.options.commands.iter().map(|(_, method)| method.as_ref())).collect();
        let Err((method, wait)) = inner.guard.admit(&names).await else { break };
        if wait > left(plan) {
            return Err(limited(plan, inner, limit, Some(wait)));
        }
        tracing::info!(target: "bitrix24", limit = Limit::Operating.as_str(), limited = %method, wait_ms = millis(wait), "wait");
        tokio::time::sleep(wait).await;
        plan.waited += wait;
    }
    limit = Limit::Rate;
    let queued = Instant::now();
    let Ok(waited) = tokio::time::timeout(left(plan), inner.limiter.acquire()).await else {
        plan.waited += queued.elapsed();
        return Err(limited(plan, inner, limit, inner.limiter.free_in().await));
    };
    plan.waited += waited;
    let all = since.elapsed();
    if all >= Duration::from_millis(1) {
        inner.counters.waited(all);
        tracing::debug!(target: "bitrix24", limit = Limit::Rate.as_str(), wait_ms = millis(waited), "wait");
    }
    Ok(())
}

/// Waits for tokens as long as the call's whole time allows; none when it is over. A renewal under way goes on.
async fn in_time<T>(plan: &Plan<'_>, work: impl Future<Output = T>) -> Option<T> {
    let Some(end) = plan.end else { return Some(work.await) };
    tokio::time::timeout(end.saturating_duration_since(Instant::now()), work).await.ok()
}

/// The time that the call may still wait.
fn left(plan: &Plan<'_>) -> Duration {
    let patience = plan.patience.saturating_sub(plan.waited);
    plan.end.map_or(patience, |end| patience.min(end.saturating_duration_since(Instant::now())))
}

fn limited(plan: &Plan<'_>, inner: &Inner, limit: Limit, free_in: Option<Duration>) -> Error {
    Error::Limited {
        method: plan.call.method().name.to_string(),
        host: inner.settings.address.host().to_owned(),
        is_operating: limit == Limit::Operating,
        waited: plan.waited,
        free_in,
    }
}

/// After a refusal: keeps the pause that the portal asks for. The limits themselves are waited for in [`wait`].
async fn rest(plan: &mut Plan<'_>, retry_after: Option<Duration>, error: Error) -> Result<Error> {
    let pause = retry_after.unwrap_or_default();
    if pause > left(plan) || left(plan).is_zero() {
        return Err(error);
    }
    tokio::time::sleep(pause).await;
    // Refusals without end end as well, even those that cost no time.
    plan.waited += pause.max(Duration::from_millis(10));
    Ok(error)
}

async fn attempt(inner: &Inner, plan: &Plan<'_>, connection: &Connection) -> Result<Verdict> {
    let (settings, method) = (&inner.settings, plan.call.method());
    let left = plan.end.map(|end| end.saturating_duration_since(Instant::now()));
    let mut headers = request::headers(&settings.user_agent);
    if let Some(key) = &plan.key {
        headers.push(("Idempotency-Key", key.to_string()));
    }
    let body = request::body(connection.token.as_ref(), plan.call.params())?;
    let wire = Wire {
        url: connection.address.of_method(&method.name, method.rest),
        headers,
        body,
        timeout: left.map_or(plan.timeout, |left| plan.timeout.min(left)),
    };
    inner.counters.requests.one();
    inner.counters.bytes_sent.add(wire.body.len() as u64);
    let outcome = inner.exchange.send(&wire, settings.largest_answer).await;
    if let Ok(answer) = &outcome {
        inner.counters.bytes_received.add(answer.body.len() as u64);
        if let Some(to) = &answer.moved_to {
            inner.moved.remember(&connection.address, to.clone());
        }
    }
    let redact = |text: &str| connection.redact(text);
    Ok(attempt::verdict(&method.name, connection.address.host(), &redact, outcome, plan.options.pages))
}

/// What an exchange outside the way of a call ended in: the answer, or the error of a read and whether nobody knows what the
/// portal did. `url`: what was sent, which may hold secrets.
pub(super) fn outcome(method: &str, url: &Url, outcome: Result<Answer, Failure>) -> Result<Response, (Error, bool)> {
    let redact = |text: &str| redact_address(url, text);
    match attempt::verdict(method, url.host_str().unwrap_or_default(), &redact, outcome, None) {
        Verdict::Done(response) => Ok(*response),
        Verdict::Lost { error, .. } => Err((error, true)),
        Verdict::Failed(error)
        | Verdict::Expired(error)
        | Verdict::Limited { error, .. }
        | Verdict::NotReached { error, .. } => Err((error, false)),
    }
}

/// Masks in a text what opens an address by itself: what its query holds, and the long parts of its path.
fn redact_address(url: &Url, text: &str) -> String {
    let of_query = url.query_pairs().map(|(_, value)| value.into_owned());
    let of_path =
        url.path_segments().into_iter().flatten().filter(|part| part.contains(|char: char| char.is_ascii_digit()));
    let secrets = of_query.chain(of_path.map(str::to_owned)).filter(|part| part.len() >= SHORTEST_SECRET);
    secrets.fold(text.to_owned(), |text, secret| Secret::new(secret).redact(&text))
}

/// The error of an exchange without an answer.
pub(super) fn failure(method: &str, url: &Url, failure: Failure) -> (Error, bool) {
    match outcome(method, url, Err(failure)) {
        Err(error) => error,
        // Unreachable: without an answer there is no result.
        Ok(_) => (Error::usage(format!("{method}: no answer")), false),
    }
}

/// What a read fails with, and a write that may have been carried out.
fn lost(plan: &Plan<'_>, error: Error) -> Error {
    if plan.effect.is_read() { error } else { unknown(plan, attempt::loss(&error)) }
}

fn unknown(plan: &Plan<'_>, reason: String) -> Error {
    Error::OutcomeUnknown {
        call: Box::new(plan.call.clone()),
        reason,
        idempotency_key: plan.key.as_ref().map(|key| key.to_string()),
    }
}

/// Feeds the guard with the run times that an answer tells.
async fn learn(inner: &Inner, plan: &Plan<'_>, response: &Response) {
    inner.guard.observe(&plan.call.method().name, response.time.as_ref()).await;
    if plan.options.commands.is_empty() {
        return;
    }
    let commands = plan.options.commands.iter().map(|(key, method)| (key.as_str(), method.as_ref()));
    inner.guard.observe_batch(&commands.collect::<Vec<_>>(), &response.result).await;
    let refused = response.result.get("result_error").and_then(serde_json::Value::as_object);
    let is_rate = |error: &serde_json::Value| error.get("error").is_some_and(|code| code == "QUERY_LIMIT_EXCEEDED");
    if refused.is_some_and(|errors| errors.values().any(is_rate)) {
        inner.limiter.refused().await;
    }
}

async fn refused(inner: &Inner, plan: &Plan<'_>, limit: Limit, time: Option<&crate::value::Object>) {
    match limit {
        Limit::Rate => {
            inner.counters.rate_refusals.one();
            inner.limiter.refused().await;
        }
        Limit::Operating => {
            inner.counters.operating_refusals.one();
            inner.guard.refused(&plan.call.method().name, time).await;
        }
    }
    tracing::debug!(target: "bitrix24", limit = limit.as_str(), "refused");
}

/// A random number between 0 and 1.
pub(crate) fn random() -> f64 {
    // Without randomness the longest pause is as good as any.
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
