//! What one call may have differently from its client.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::retry::RetryPolicy;
use crate::error::Result;
use crate::method::Effect;
use crate::paging::Layout;

/// Settings of a single call; what is not set is the client's.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # let address = portal.webhook();
/// use std::time::Duration;
/// use bitrix24_runtime::{Call, CallOptions, Client, Effect, Method, Paging, Rest, RetryPolicy, json};
///
/// let client = Client::webhook(&address)?;
///
/// // The portal's documentation says that this method only reads, so it may be repeated.
/// let now = client
///     .call("server.time", json!({}))
///     .with_effect(Effect::Read)
///     .with_timeout(Duration::from_secs(20))
///     .with_retry(RetryPolicy::default().retries(2))
///     .await?;
///
/// // A write of REST 3.0 with a key of one's own is done once, however often the program runs.
/// const ADD: Method = Method::new("tasks.task.add", Rest::V3, Effect::Create, Paging::None);
/// let fields = json!({"title": "Pack order 4711", "creatorId": 1, "responsibleId": 1});
/// for _ in 0..2 {
///     let call = Call::new(ADD).param("fields", fields.clone());
///     client.execute_with(call, &CallOptions::new().idempotency_key("order-4711")).await?;
/// }
/// # assert_eq!(portal.records("tasks.task").len(), 1);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) patience: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) effect: Option<Effect>,
    pub(crate) idempotency_key: Option<String>,
    /// The commands inside a batch, by key and method: the portal charges their run time as well.
    pub(crate) commands: Vec<(String, Cow<'static, str>)>,
    /// The pages that a batch asks for are left as text, and where their records are.
    pub(crate) pages: Option<Layout>,
    /// Who is told of the requests.
    pub(crate) watch: Option<Watch>,
}

/// What happens to a request of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It is about to leave.
    Leaves,
    /// The portal has surely not carried it out. Another one may follow.
    Void,
}

/// Somebody who is told what happens to the requests of a call. An error ends the call: what is about to leave stays here.
#[derive(Clone)]
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
pub(crate) struct Watch(Arc<dyn Fn(Moment) -> Result<()> + Send + Sync>);

impl Watch {
    pub(crate) fn tell(&self, moment: Moment) -> Result<()> {
        (self.0)(moment)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl CallOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long one request may take; see [`ClientBuilder::timeout`](crate::ClientBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long the call may take in all; see [`ClientBuilder::total_timeout`](crate::ClientBuilder::total_timeout).
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// How long the call may wait for the portal's limits; see
    /// [`ClientBuilder::patience`](crate::ClientBuilder::patience).
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// When the call is tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// What the call does to the portal's data, for methods whose spec is missing or too careful. A call marked as a
    /// read is repeated after any failure.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }

    /// REST 3.0: the key by which the portal recognises a write that it has carried out already (1 to 255 visible ASCII
    /// characters, kept for 24 hours). Without one, every write gets a random key.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The commands inside a call of `batch`, by key and method, so that their run times are watched.
    pub fn commands(mut self, commands: impl IntoIterator<Item = (String, Cow<'static, str>)>) -> Self {
        self.commands = commands.into_iter().collect();
        self
    }

    /// Tells somebody of each request before it leaves.
    #[cfg(feature = "cli")]
    pub(crate) fn watch(mut self, watch: impl Fn(Moment) -> Result<()> + Send + Sync + 'static) -> Self {
        self.watch = Some(Watch(Arc::new(watch)));
        self
    }

    /// Leaves the pages that a batch asks for as text, to be read when their turn comes.
    pub(crate) fn pages_as_text(mut self, layout: Layout) -> Self {
        self.pages = Some(layout);
        self
    }
}
