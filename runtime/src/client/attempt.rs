//! One attempt at a call: what came back, and what that proves about what the portal did.

use std::time::Duration;

use serde_json::Value;

use crate::client::answer::{self, Unreadable};
use crate::client::exchange::{Answer, Failure};
use crate::error::{Error, PortalError};
use crate::paging::Layout;
use crate::response::Response;
use crate::value::Object;

/// What an attempt ended in, whatever the call does to the portal's data.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Carried out.
    Done(Box<Response>),
    /// Surely not carried out: a limit stopped it, and it can be sent again when there is room.
    Limited { limit: Limit, error: Error, retry_after: Option<Duration>, time: Option<Object> },
    /// Surely not carried out: the access token has run out.
    Expired(Error),
    /// Surely not carried out, since the portal was not reached. Only what passes by itself is worth another try.
    NotReached { error: Error, passes: bool },
    /// Nobody knows. The error is the one of a read.
    Lost { error: Error, retry_after: Option<Duration>, passes: bool },
    /// Refused or misunderstood for good.
    Failed(Error),
}

impl Verdict {
    /// Whether the portal has surely not carried the call out, and may yet.
    pub(super) fn is_void(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::Expired(_) | Self::NotReached { .. })
    }
}

/// The limits that the portal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Requests a second, of all methods.
    Rate,
    /// Run time, of one method.
    Operating,
}

impl Limit {
    /// The word in events.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Operating => "operating",
        }
    }
}

/// Reads what an exchange ended in. `redact` masks the secrets that it was made with: whatever comes over the line may quote them.
pub(super) fn verdict(
    method: &str,
    host: &str,
    redact: &dyn Fn(&str) -> String,
    outcome: Result<Answer, Failure>,
    pages: Option<Layout>,
) -> Verdict {
    let (host, outcome) = match outcome {
        Err(Failure::Elsewhere(host, failure)) => (host, Err(*failure)),
        outcome => (host.to_owned(), outcome),
    };
    let method = method.to_owned();
    let lost = |error| Verdict::Lost { error, retry_after: None, passes: true };
    let answer = match outcome {
        Ok(answer) => answer,
        Err(Failure::NotSent { reason, passes }) => {
            return Verdict::NotReached { error: Error::Connect { method, host, reason: redact(&reason) }, passes };
        }
        Err(Failure::Unusable(status, reason)) => {
            return Verdict::Failed(Error::Decode { method, status: Some(status), reason: redact(&reason) });
        }
        Err(Failure::Packed(status, reason)) => {
            let reason = format!("the answer cannot be unpacked: {}", redact(&reason));
            return lost(Error::Decode { method, status: Some(status), reason });
        }
        Err(Failure::TooLarge(status, most)) => {
            let reason = format!("the answer is larger than {most} bytes");
            return Verdict::Lost {
                error: Error::Decode { method, status: Some(status), reason },
                retry_after: None,
                passes: false,
            };
        }
        Err(Failure::Interrupted(reason)) => {
            return lost(Error::Interrupted { method, host, reason: redact(&reason) });
        }
        Err(Failure::Timeout(after)) => return lost(Error::Timeout { method, host, after }),
        // Unreachable: there is but one other place, the last one.
        Err(Failure::Elsewhere(..)) => return lost(Error::Interrupted { method, host, reason: "no answer".into() }),
    };
    let (status, retry_after) = (answer.status, answer.retry_after);
    match answer::read(&method, answer, pages) {
        Ok(mut response) => {
            if let Some(errors) = response.result.get_mut("result_error").filter(|_| method == BATCH) {
                redact_texts(errors, redact);
            }
            Verdict::Done(Box::new(response))
        }
        Err(Unreadable::Portal(error, time)) => refused(redacted(*error, redact), retry_after, time),
        Err(Unreadable::Other(reason)) => {
            let reason = redact(&reason);
            let error = |reason| Error::Decode { method, status: Some(status), reason };
            match status {
                // Refused by whatever stands before the portal.
                429 => Verdict::Limited { limit: Limit::Rate, error: error(reason), retry_after, time: None },
                _ if refuses_unread(status) => {
                    Verdict::Failed(error(format!("{reason}; the call was not carried out")))
                }
                400..=499 => Verdict::Lost { error: error(reason), retry_after, passes: false },
                _ => Verdict::Lost { error: error(reason), retry_after, passes: true },
            }
        }
    }
}

/// The method whose answer holds the errors of others.
const BATCH: &str = "batch";

/// Whether a page with this status, which is none of the portal's REST, says that the call was not carried out: what answers so has
/// judged the head or the size of the request (400, 405, 411, 413 to 415, 417, 421, 426, 431), has asked who calls (401, 407), or
/// found nothing at the address (404, 410), and in each case the portal's REST did not see the request, or refused it. Not so 403:
/// firewalls look at answers as well, and put this page in the place of one that they do not like. Nor 408 and 409 and the rest,
/// which each server has a meaning of its own for.
fn refuses_unread(status: u16) -> bool {
    matches!(status, 400 | 401 | 404 | 405 | 407 | 410 | 411 | 413..=415 | 417 | 421 | 426 | 431)
}

fn redacted(error: PortalError, redact: &dyn Fn(&str) -> String) -> PortalError {
    let validation = error.validation.iter().map(|(field, words)| (redact(field), redact(words))).collect();
    PortalError { code: redact(&error.code), description: redact(&error.description), validation, ..error }
}

fn redact_texts(value: &mut Value, redact: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_texts(item, redact)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| redact_texts(entry, redact)),
        _ => {}
    }
}

/// What an error of the portal proves about the call that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Surely not carried out: a limit stopped it.
    Limited(Limit),
    /// Surely not carried out: the access token has run out.
    Expired,
    /// Nobody knows: the server failed in the middle of its work.
    Lost,
    /// Refused for good.
    Refused,
}

/// Judges an error by its code and the HTTP status. A command of a batch has a code of its own, but no status: what means
/// something must be told by the code where it can be.
pub(crate) fn proof(error: &PortalError) -> Proof {
    match (error.code.as_str(), error.status) {
        ("QUERY_LIMIT_EXCEEDED", _) => Proof::Limited(Limit::Rate),
        ("OPERATION_TIME_LIMIT", _) => Proof::Limited(Limit::Operating),
        ("expired_token", _) => Proof::Expired,
        // Switched off by hand, or gone: nothing was done, and nothing will be.
        ("OVERLOAD_LIMIT" | "PORTAL_DELETED", _) => Proof::Refused,
        (_, 429) => Proof::Limited(Limit::Rate),
        // A fault of the server, whatever status it comes with, and any other that comes with a status of faults.
        ("INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER", _) | (_, 500..) => Proof::Lost,
        _ => Proof::Refused,
    }
}

fn refused(error: PortalError, retry_after: Option<Duration>, time: Option<Object>) -> Verdict {
    let proof = proof(&error);
    let error = Error::from(error);
    match proof {
        Proof::Limited(limit) => Verdict::Limited { limit, error, retry_after, time },
        Proof::Expired => Verdict::Expired(error),
        Proof::Lost => Verdict::Lost { error, retry_after, passes: true },
        Proof::Refused => Verdict::Failed(error),
    }
}

/// What is to be said of a write whose answer is lost.
pub(super) fn loss(error: &Error) -> String {
    match error {
        Error::Interrupted { host, reason, .. } => format!("the connection to {host} broke: {reason}"),
        Error::Timeout { host, after, .. } => format!("no answer from {host} within {} s", after.as_secs_f64()),
        Error::Decode { reason, .. } => reason.clone(),
        Error::Portal(error) => error.words(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Verdict {
        let answer = Answer { status, body: body.into(), ..Answer::default() };
        verdict("m", "h", &str::to_owned, Ok(answer), None)
    }

    #[test]
    fn an_answer_proves_what_it_proves() {
        type Is = fn(&Verdict) -> bool;
        let done: Is = |verdict| matches!(verdict, Verdict::Done(_));
        let rate: Is = |verdict| matches!(verdict, Verdict::Limited { limit: Limit::Rate, .. });
        let operating: Is = |verdict| matches!(verdict, Verdict::Limited { limit: Limit::Operating, .. });
        let expired: Is = |verdict| matches!(verdict, Verdict::Expired(_));
        let lost: Is = |verdict| matches!(verdict, Verdict::Lost { passes: true, .. });
        let dead: Is = |verdict| matches!(verdict, Verdict::Lost { passes: false, .. });
        let failed: Is = |verdict| matches!(verdict, Verdict::Failed(_));
        for (status, body, is) in [
            (200, r#"{"result":1}"#, done),
            (503, r#"{"error":"QUERY_LIMIT_EXCEEDED"}"#, rate),
            (429, "<html>", rate),
            (429, r#"{"error":"TOO_MANY_REQUESTS"}"#, rate),
            (429, r#"{"error":"OPERATION_TIME_LIMIT"}"#, operating),
            (401, r#"{"error":"expired_token"}"#, expired),
            (401, r#"{"error":"NO_AUTH_FOUND"}"#, failed),
            (400, r#"{"error":""}"#, failed),
            (400, "<html>", failed),
            (401, "<html>", failed),
            (404, "<html>", failed),
            (413, "<html>", failed),
            (403, "<html>", dead),
            (409, "{}", dead),
            (503, r#"{"error":"OVERLOAD_LIMIT"}"#, failed),
            (500, r#"{"error":"PORTAL_DELETED"}"#, failed),
            (500, r#"{"error":"INTERNAL_SERVER_ERROR"}"#, lost),
            (400, r#"{"error":"INTERNAL_SERVER_ERROR"}"#, lost),
            (200, r#"{"error":"ERROR_UNEXPECTED_ANSWER"}"#, lost),
            (500, "<html>", lost),
            (503, "<html>", lost),
            (200, "", lost),
            (200, r#"{"result":[1,"#, lost),
            (200, "{}", lost),
        ] {
            let verdict = of(status, body);
            assert!(is(&verdict), "{status} {body}: {verdict:?}");
        }
    }
}
