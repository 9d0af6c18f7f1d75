//! One request on its way, and what became of each of its rows.

use std::sync::Arc;

use super::departure::Departure;
use super::journal::now;
use crate::batch::{self, Batch};
use crate::call::Call;
use crate::client::{CallOptions, Client, Moment, RetryPolicy};
use crate::error::{Error, Result as CallResult};
use crate::method::{Method, Rest};
use crate::response::Response;

/// How long a run waits for the portal's limits: a method's run time is free again within ten minutes, more than once.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3600);
/// How long after it was first sent a row of REST 3.0 may be sent again with its key: the portal knows it for a day.
const KEY_LIFE: u64 = 23 * 3600;
/// How many requests of reads are on their way at once.
const PARALLEL: usize = 4;

/// What a method's rows have in common.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) is_read: bool,
    /// Whether each row has a key of its own: REST 3.0, which knows no batches either.
    pub(super) is_keyed: bool,
}

impl Kind {
    pub(super) fn of(method: &Method) -> Self {
        Self { is_read: method.effect.is_read(), is_keyed: method.rest == Rest::V3 }
    }

    /// How many requests are on their way at once.
    pub(super) fn parallel(self) -> usize {
        if self.is_read { PARALLEL } else { 1 }
    }

    /// Whether a row that was first sent at a time may be sent again without being carried out twice. How long ago a time is
    /// that is still to come, nobody knows.
    pub(super) fn is_repeatable(self, sent: u64) -> bool {
        self.is_read || self.is_keyed && now().checked_sub(sent).is_some_and(|age| age < KEY_LIFE)
    }
}

/// Rows that travel in one request.
pub(super) type Parcel = Vec<(u64, Call)>;

/// What became of a row that was sent.
pub(super) enum Fate {
    Done(Box<Response>),
    /// Refused for good.
    Failed(Error),
    /// Surely not carried out; in a request of its own it may be.
    Refused,
    Unknown(String),
    /// Surely not carried out, and no other row will be.
    Closed(Error),
    /// Not carried out for a reason that need not be its own.
    Passing(Error),
}

/// A request that has come to its end, with a fate for each of its rows.
pub(super) struct Arrival {
    pub(super) departure: Arc<Departure>,
    pub(super) parcel: Parcel,
    pub(super) fates: Vec<Fate>,
}

/// Carries rows out in one request, tried again where that cannot double anything. `run` is the name that their keys begin
/// with; `wake` is called when an attempt was void.
pub(super) async fn carry_out(
    client: &Client,
    kind: Kind,
    run: String,
    parcel: Parcel,
    departure: Arc<Departure>,
    wake: impl Fn() + Send + Sync + 'static,
) -> Arrival {
    let teller = Arc::clone(&departure);
    let options = CallOptions::new().patience(PATIENCE).retry(RetryPolicy::default()).watch(move |moment| {
        teller.tell(moment).map_err(Error::usage)?;
        if moment == Moment::Void {
            wake();
        }
        Ok(())
    });
    let fates = match parcel.as_slice() {
        [(row, call)] if kind.is_keyed => {
            let options = match kind.is_read {
                true => options,
                false => options.idempotency_key(format!("{run}-{row}")),
            };
            vec![fate(client.execute_with(call.clone(), &options).await)]
        }
        _ => {
            let calls: Batch = parcel.iter().map(|(_, call)| call.clone()).collect();
            match client.batch(calls.once().parallel(1).options(options)).await {
                Ok(replies) => {
                    let fate = |(reply, (_, call)): (_, &(u64, Call))| match is_refused(&reply, call) {
                        true if parcel.len() > 1 => Fate::Refused,
                        _ => fate(reply),
                    };
                    replies.into_iter().zip(&parcel).map(fate).collect()
                }
                Err(error) => {
                    // The batch as a whole cannot be sent.
                    let text = error.to_string();
                    parcel.iter().map(|_| Fate::Failed(Error::usage(text.clone()))).collect()
                }
            }
        }
    };
    Arrival { departure, parcel, fates }
}

/// Whether a limit refused one command inside a request. What is said of the whole request has another status.
fn is_refused(reply: &CallResult<Response>, call: &Call) -> bool {
    matches!(reply, Err(Error::Portal(error)) if error.status == 200 && batch::is_refusal(error, call.method().effect))
}

/// What an outcome means for the run.
fn fate(outcome: CallResult<Response>) -> Fate {
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
        // It was carried out, and what came of it cannot be told.
        Err(error @ Error::Unreadable { .. }) => Fate::Unknown(error.to_string()),
        Err(error) => Fate::Failed(error),
    }
}
