//! The client: sends calls and tells what became of them.

mod access;
mod answer;
mod attempt;
mod builder;
mod exchange;
mod files;
mod limiter;
mod metrics;
mod operating;
mod options;
mod pipeline;
mod retry;
mod sending;
mod shared;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tracing::Instrument as _;

use crate::batch::Batched;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::request::HttpRequest;
use crate::response::Response;

use access::{Access, Moved};
use builder::Settings;
use limiter::Limiter;
use metrics::Counters;
use operating::Guard;
use retry::Budget;

pub use builder::ClientBuilder;
pub use files::{Downloaded, Upload};
pub use limiter::Limits;
pub use metrics::Metrics;
pub use options::CallOptions;
#[cfg(feature = "cli")]
pub(crate) use options::Moment;
pub use retry::RetryPolicy;
pub use sending::Sending;
pub use transport::Transport;

pub(crate) use attempt::{Proof, proof};
pub(crate) use exchange::{Answer, Exchange, Failure};
pub(crate) use metrics::Counter;
pub(crate) use pipeline::random;

/// A connection to a portal. Cloning is cheap, and the clones share everything.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # let (address, domain, token) = (portal.webhook(), portal.address(), portal.token());
/// use bitrix24_runtime::{Client, json};
///
/// // `https://<portal>/rest/<user>/<code>/`
/// let client = Client::webhook(&address)?;
/// let profile = client.call("profile", json!({})).await?;
/// assert_eq!(profile["ID"], "1");
///
/// // The portal's domain, and the access token of an application.
/// let client = Client::with_token(&domain, &token)?;
/// assert_eq!(client.call("profile", json!({})).await?, profile);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
///
/// # Watching it
///
/// A client counts what it does ([`Client::metrics`]) and tells of it through [`tracing`], under the target `bitrix24`: a span
/// `call` with the method, a span `attempt` for each request, and events such as `answered`, `retry`, `wait` and `refreshed`. None
/// of them holds a secret or a parameter. Any subscriber takes them:
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # let address = portal.webhook();
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("calls.log");
/// use std::{fs::{self, File}, sync::Arc};
/// use bitrix24_runtime::{Client, json};
/// use tracing_subscriber::filter::LevelFilter;
///
/// let file = Arc::new(File::create(&path)?);
/// let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).with_writer(file).with_ansi(false).finish();
/// // A program says `init()` in place of `finish()`, once and for all.
/// let _guard = tracing::subscriber::set_default(subscriber);
///
/// Client::webhook(&address)?.call("server.time", json!({})).await?;
/// let log = fs::read_to_string(&path)?;
/// assert!(log.contains("call{method=server.time") && log.contains("answered"), "{log}");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    exchange: Exchange,
    access: Access,
    moved: Moved,
    limiter: Limiter,
    guard: Guard,
    budget: Budget,
    counters: Counters,
    batched: Batched,
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

    fn new(settings: Settings, exchange: Exchange, access: Access) -> Self {
        let shared = settings.limits.shared_state(settings.address.host(), access.caller(&settings.address));
        Self(Arc::new(Inner {
            exchange,
            access,
            moved: Moved::default(),
            limiter: Limiter::new(&settings.limits, shared.clone()),
            guard: Guard::new(settings.operating, shared),
            budget: Budget::new(),
            counters: Counters::default(),
            batched: Batched::default(),
            settings,
        }))
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
        Ok(HttpRequest::new(&self.0.settings.address, &self.0.settings.user_agent, call))
    }

    /// The portal's host, with its port where that is not the usual one.
    pub fn host(&self) -> &str {
        self.0.settings.address.host()
    }

    /// What is known of methods in batches.
    pub(crate) fn batched(&self) -> &Batched {
        &self.0.batched
    }

    /// What the client has done so far. Its clones count together.
    pub fn metrics(&self) -> Metrics {
        Metrics { refreshes: self.0.access.refreshes(), ..self.0.counters.snapshot() }
    }

    /// Carries a call out and brings the whole answer.
    ///
    /// # Errors
    /// See [`Error`]. A write that may have been carried out ends in [`Error::OutcomeUnknown`], never in another one.
    pub async fn execute(&self, call: Call) -> Result<Response> {
        self.execute_with(call, &CallOptions::default()).await
    }

    /// [`Client::execute`] with options for this call alone: waits for the portal's limits, sends the request, judges
    /// the answer, and tries again where that cannot double anything.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn execute_with(&self, call: Call, options: &CallOptions) -> Result<Response> {
        let (inner, method) = (&self.0, call.method());
        let span = tracing::debug_span!(
            target: "bitrix24",
            "call",
            method = %method.name,
            host = inner.settings.address.host(),
            rest = method.rest.number(),
            attempts = tracing::field::Empty,
            waited_ms = tracing::field::Empty,
            ms = tracing::field::Empty,
            operating = tracing::field::Empty,
        );
        async {
            let since = Instant::now();
            inner.counters.calls.one();
            let outcome = pipeline::run(inner, &call, options).await;
            let ms = pipeline::millis(since.elapsed());
            tracing::Span::current().record("ms", ms);
            match &outcome {
                Ok(response) => {
                    let operating = response.time.as_ref().and_then(|time| time.get("operating")?.as_f64());
                    tracing::Span::current().record("operating", operating);
                    tracing::debug!(target: "bitrix24", ms, operating, "answered");
                }
                Err(error) => {
                    inner.counters.failed.one();
                    if matches!(error, Error::OutcomeUnknown { .. }) {
                        inner.counters.unknown.one();
                    }
                    tracing::debug!(target: "bitrix24", ms, %error, "failed");
                }
            }
            outcome
        }
        .instrument(span)
        .await
    }
}
