//! The client: sends calls and tells what became of them.

mod answer;
mod builder;
mod exchange;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use serde_json::Value;
use tracing::Instrument as _;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::output::FromResult;
use crate::request::HttpRequest;
use crate::response::Response;

use answer::Unreadable;
use builder::Settings;
use exchange::{Exchange, Failure};

pub use builder::ClientBuilder;

/// A connection to a portal. Cloning is cheap, and the clones share everything.
///
/// ```no_run
/// # async fn example() -> bitrix24_runtime::Result<()> {
/// use bitrix24_runtime::{Client, json};
///
/// let client = Client::webhook("https://b24-ar17wx.bitrix24.by/rest/1/<secret>/")?;
/// let profile = client.call("profile", json!({})).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    exchange: Exchange,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&format_args!("{}", self.0.settings.address)).finish()
    }
}

impl Client {
    /// A client of a webhook: `https://<portal>/rest/<user>/<code>/`.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address is not a webhook's.
    pub fn webhook(address: &str) -> Result<Self> {
        Self::builder(address).build()
    }

    /// A client of a portal's domain with an access token.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address cannot be used, or is a webhook's.
    pub fn with_token(address: &str, token: &str) -> Result<Self> {
        Self::builder(address).token(token).build()
    }

    /// A client with settings of its own.
    pub fn builder(address: &str) -> ClientBuilder {
        ClientBuilder::new(address)
    }

    fn new(settings: Settings) -> Self {
        let exchange = Exchange::new(&settings);
        Self(Arc::new(Inner { settings, exchange }))
    }

    /// Calls any method by its REST name, described by a spec or not. `params` is an object; `null` stands for none. It
    /// counts as a write.
    pub fn call(&self, method: impl Into<String>, params: impl Into<Value>) -> Sending<'_, Value> {
        let call = match params.into() {
            Value::Null => Call::named(method.into()),
            params => Call::named(method.into()).merge("params", params),
        };
        call.send_as(self)
    }

    /// The request that a call makes, to look at without sending it.
    ///
    /// # Errors
    /// [`Error::Usage`] when the call cannot be sent as it is.
    pub fn request(&self, call: &Call) -> Result<HttpRequest> {
        call.check()?;
        let settings = &self.0.settings;
        Ok(HttpRequest::new(&settings.address, settings.token.as_ref(), &settings.user_agent, call))
    }

    /// Sends a call and brings the whole answer.
    ///
    /// # Errors
    /// See [`Error`]. A write that may have been carried out ends in [`Error::OutcomeUnknown`], never in another one.
    pub async fn execute(&self, call: Call) -> Result<Response> {
        let host = self.0.settings.address.host();
        let span = tracing::debug_span!("call", method = %call.method().name, host, rest = call.method().rest.number());
        async {
            let request = self.request(&call)?;
            let since = Instant::now();
            let attempt = self.attempt(&request, &call).await;
            let milliseconds = since.elapsed().as_millis();
            match &attempt {
                Ok(_) => tracing::debug!(milliseconds, "answered"),
                Err(error) => tracing::debug!(milliseconds, %error, "failed"),
            }
            attempt
        }
        .instrument(span)
        .await
    }

    /// One attempt: sends the request and says what became of it. Limits and retries belong around it.
    async fn attempt(&self, request: &HttpRequest, call: &Call) -> Result<Response> {
        let method = call.method().name.to_string();
        let host = self.0.settings.address.host().to_owned();
        let is_read = call.method().effect.is_read();
        let unknown = |reason: String| Error::OutcomeUnknown { call: Box::new(call.clone()), reason };
        let answer = match self.0.exchange.send(request, &self.0.settings).await {
            Ok(answer) => answer,
            Err(Failure::NotSent(reason)) => {
                return Err(Error::Connect { method, host, reason });
            }
            Err(Failure::Unusable(status, reason)) => {
                return Err(Error::Decode { method, status: Some(status), reason });
            }
            Err(Failure::Interrupted(reason)) if is_read => {
                return Err(Error::Interrupted { method, host, reason });
            }
            Err(Failure::Interrupted(reason)) => {
                return Err(unknown(format!("the connection to {host} broke: {reason}")));
            }
            Err(Failure::Timeout(after)) if is_read => {
                return Err(Error::Timeout { method, host, after });
            }
            Err(Failure::Timeout(after)) => {
                return Err(unknown(format!("no answer from {host} within {} s", after.as_secs_f64())));
            }
        };
        let status = answer.status;
        match answer::read(&method, answer) {
            Ok(response) => Ok(response),
            Err(Unreadable::Portal(error)) => Err(Error::Portal(error)),
            // A refusal by whatever stands before the portal: nothing was carried out.
            Err(Unreadable::Other(reason)) if is_read || (400..500).contains(&status) => {
                Err(Error::Decode { method, status: Some(status), reason })
            }
            Err(Unreadable::Other(reason)) => Err(unknown(reason)),
        }
    }
}

/// A call on its way: a future of its result.
#[must_use = "a call is sent when it is awaited"]
pub struct Sending<'c, T>(Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>);

impl<'c, T: FromResult> Sending<'c, T> {
    pub(crate) fn new(client: &'c Client, call: Call) -> Self
    where
        T: 'c,
    {
        Self(Box::pin(async move {
            let method = call.method().clone();
            let mut response = client.execute(call).await?;
            response.narrow(method.records);
            T::from_result(response).map_err(|mismatch| {
                let done = if method.effect.is_read() { "" } else { "the portal carried it out, but " };
                let reason = format!(
                    "{done}its result cannot be read: expected {}, found {}",
                    mismatch.expected, mismatch.found
                );
                Error::Decode { method: method.name.to_string(), status: None, reason }
            })
        }))
    }
}

impl<T> Future for Sending<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}
