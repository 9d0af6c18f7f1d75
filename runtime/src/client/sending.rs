//! A call that is being sent.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::call::Call;
use crate::client::{CallOptions, Client, RetryPolicy};
use crate::error::{Error, Result};
use crate::method::Effect;
use crate::output::FromResult;

/// A call about to be sent: a future of its result. Options are set before it is awaited.
#[must_use = "a call is sent when it is awaited"]
pub struct Sending<'c, T>(State<'c, T>);

type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;

enum State<'c, T> {
    Waiting(Box<Option<(&'c Client, Call, CallOptions)>>),
    Running(Running<'c, T>),
}

impl<'c, T: FromResult> Sending<'c, T> {
    pub(crate) fn new(client: &'c Client, call: Call) -> Self {
        Self(State::Waiting(Box::new(Some((client, call, CallOptions::default())))))
    }

    /// Replaces all options.
    pub fn with_options(self, options: CallOptions) -> Self {
        self.change(|_| options)
    }

    /// How long one request may take; see [`CallOptions::timeout`].
    pub fn with_timeout(self, timeout: Duration) -> Self {
        self.change(|options| options.timeout(timeout))
    }

    /// How long the call may take in all; see [`CallOptions::total_timeout`].
    pub fn with_total_timeout(self, timeout: Duration) -> Self {
        self.change(|options| options.total_timeout(timeout))
    }

    /// How long the call may wait for the portal's limits; see [`CallOptions::patience`].
    pub fn with_patience(self, patience: Duration) -> Self {
        self.change(|options| options.patience(patience))
    }

    /// When the call is tried again; see [`CallOptions::retry`].
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        self.change(|options| options.retry(retry))
    }

    /// What the call does; see [`CallOptions::effect`].
    pub fn with_effect(self, effect: Effect) -> Self {
        self.change(|options| options.effect(effect))
    }

    /// The key of a REST 3.0 write; see [`CallOptions::idempotency_key`].
    pub fn with_idempotency_key(self, key: impl Into<String>) -> Self {
        self.change(|options| options.idempotency_key(key))
    }

    fn change(mut self, change: impl FnOnce(CallOptions) -> CallOptions) -> Self {
        if let State::Waiting(waiting) = &mut self.0
            && let Some((_, _, options)) = waiting.as_mut()
        {
            *options = change(std::mem::take(options));
        }
        self
    }
}

async fn send<T: FromResult>(client: &Client, call: Call, options: CallOptions) -> Result<T> {
    let method = call.method().clone();
    let effect = options.effect.unwrap_or(method.effect);
    let mut response = client.execute_with(call, &options).await?;
    response.narrow(method.records);
    // A read can be made again, a write cannot.
    let kept = (!effect.is_read()).then(|| response.clone());
    T::from_result(response).map_err(|mismatch| Error::misread(&method, &mismatch, kept))
}

impl<T: FromResult> Future for Sending<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Waiting(waiting) = &mut self.0
            && let Some((client, call, options)) = waiting.take()
        {
            self.0 = State::Running(Box::pin(send(client, call, options)));
        }
        match &mut self.0 {
            State::Running(running) => running.as_mut().poll(context),
            // Unreachable: what waits holds its call until it runs.
            State::Waiting(_) => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}
