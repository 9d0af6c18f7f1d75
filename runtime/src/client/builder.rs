//! The settings of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::auth::{Flow, OAuthApp, TokenStore};
use crate::client::Client;
use crate::client::access::Access;
use crate::client::exchange::Exchange;
use crate::client::limiter::Limits;
use crate::client::retry::RetryPolicy;
use crate::client::transport::Transport;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The portal cuts a request off after 60 seconds; whoever waits longer than that and a little waits in vain.
const TIMEOUT: Duration = Duration::from_secs(70);
/// The largest answer taken, in bytes: far above any page of records, far below the memory of a small machine.
const LARGEST_ANSWER: usize = 256 << 20;

/// The portal counts run times over ten minutes; whoever waits longer than that and a little waits for something else.
const PATIENCE: Duration = Duration::from_secs(660);
/// The run time of a method that the cloud allows in ten minutes.
const OPERATING: Duration = Duration::from_secs(480);

/// What the client calls itself.
pub(super) const USER_AGENT: &str = concat!("bitrix24-rust/", env!("CARGO_PKG_VERSION"));

pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) allow_http: bool,
    pub(super) timeout: Duration,
    pub(super) total_timeout: Option<Duration>,
    pub(super) patience: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) limits: Limits,
    pub(super) operating: Option<Duration>,
    pub(super) user_agent: String,
    pub(super) largest_answer: usize,
}

/// A store that is not shown.
struct Store(Box<dyn TokenStore>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenStore")
    }
}

/// Makes a [`Client`]; see [`Client::builder`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    /// May hold a webhook's code, hence a secret.
    address: Secret,
    token: Option<Secret>,
    oauth: Option<(OAuthApp, Store)>,
    timeout: Duration,
    total_timeout: Option<Duration>,
    patience: Duration,
    retry: RetryPolicy,
    limits: Limits,
    operating: Option<Duration>,
    transport: Transport,
    user_agent: String,
    largest_answer: usize,
    allow_http: bool,
}

impl ClientBuilder {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: Secret::new(address),
            token: None,
            oauth: None,
            timeout: TIMEOUT,
            total_timeout: None,
            patience: PATIENCE,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            operating: Some(OPERATING),
            transport: Transport::default(),
            user_agent: USER_AGENT.to_owned(),
            largest_answer: LARGEST_ANSWER,
            allow_http: false,
        }
    }

    /// The access token, for an address that is a portal's domain.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The application whose tokens the calls are made with, and where it keeps them. The address is the portal's domain;
    /// where the tokens name the portal's endpoint, that counts. See [`auth`](crate::auth).
    pub fn oauth(mut self, app: OAuthApp, store: impl TokenStore) -> Self {
        self.oauth = Some((app, Store(Box::new(store))));
        self
    }

    /// How long one request may take, from sending it to the end of its answer; 70 seconds if not set. The portal
    /// itself gives up after 60.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a call may take in all, with its retries and its waits for the portal's limits and for new tokens; as long
    /// as these take if not set.
    pub fn total_timeout(mut self, timeout: Duration) -> Self {
        self.total_timeout = Some(timeout);
        self
    }

    /// How long a call may wait for the portal's limits; 11 minutes if not set, since the portal counts run times over
    /// ten. A call that would have to wait longer ends in [`Error::Limited`].
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// When calls are tried again after a failure; see [`RetryPolicy`].
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The portal's rate limit; [`Limits::standard`] if not set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The run time that the portal allows a method in ten minutes; 480 seconds if not set, as in the cloud. A method
    /// that has used it up waits. `None` for portals without such a limit.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use bitrix24_runtime::sandbox::{Operating, Options, Sandbox};
    /// # let operating = Operating { limit: Some(2.0), cost: 1.0, window: 1, ..Operating::default() };
    /// # let options = Options { operating, ..Options::default() };
    /// # let tables = bitrix24_runtime::table::Tables::EMPTY;
    /// # let portal = Sandbox::new(&tables).options(options).start()?;
    /// # let address = portal.webhook();
    /// use std::time::Duration;
    /// use bitrix24_runtime::{Client, json};
    ///
    /// // A portal that allows a method two seconds of run time: the third call waits, and none is refused.
    /// let client = Client::builder(&address).operating_limit(Some(Duration::from_secs(2))).build()?;
    /// for _ in 0..3 {
    ///     client.call("server.time", json!({})).await?;
    /// }
    /// assert_eq!(client.metrics().operating_refusals, 0);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sandbox"))]
    /// # fn main() {}
    /// ```
    pub fn operating_limit(mut self, limit: Option<Duration>) -> Self {
        self.operating = limit;
        self
    }

    /// How long connecting may take; 10 seconds if not set. Part of the [`Transport`].
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport = self.transport.connect_timeout(timeout);
        self
    }

    /// How the portal, and the authorisation server for renewals, are connected to.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// What the client calls itself, in the form `name/version`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The largest answer that is taken, in bytes; 256 MiB if not set.
    pub fn largest_answer(mut self, bytes: usize) -> Self {
        self.largest_answer = bytes;
        self
    }

    /// Whether plain http may be used with other machines than this one. Anybody on the way can then read the secrets.
    pub fn allow_http(mut self, allow: bool) -> Self {
        self.allow_http = allow;
        self
    }

    /// Makes the client. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address cannot be used, when it is a webhook and a token is given as well, when it is
    /// neither and there is no token, or when it is plain http to another machine.
    pub fn build(self) -> Result<Client> {
        let address = Address::parse(self.address.expose())?;
        let token = self.token.filter(|token| !token.expose().is_empty());
        match (&token, &self.oauth, address.is_webhook()) {
            (Some(_), Some(_), _) => {
                return Err(Error::usage(
                    "a token and an application are two ways to authorise: leave one of them out",
                ));
            }
            (Some(_), None, true) => {
                return Err(Error::usage(format!(
                    "{address} is a webhook, which needs no token: leave the token out, or give the domain {} alone",
                    address.host()
                )));
            }
            (None, Some(_), true) => {
                return Err(Error::usage(format!(
                    "{address} is a webhook, which needs no application: give the domain {} alone",
                    address.host()
                )));
            }
            (None, None, false) => {
                return Err(Error::usage(format!(
                    "{} is not a webhook's address (https://<portal>/rest/<user>/<code>/), so an access token is needed",
                    address.host()
                )));
            }
            _ => {}
        }
        if !self.allow_http && !address.is_safe() {
            return Err(Error::usage(format!(
                "plain http to {} would show the secrets to anybody on the way; use https, or allow it expressly",
                address.host()
            )));
        }
        if self.user_agent.chars().any(|char| char.is_control() || !char.is_ascii()) {
            return Err(Error::usage("the user agent may hold visible ASCII characters only"));
        }
        let access = match (self.oauth, token) {
            (Some((app, store)), _) => {
                app.endpoint()?;
                Access::Application(Arc::new(Flow::new(app, store.0, Exchange::new(&self.transport))))
            }
            (None, Some(token)) => Access::Token(token),
            (None, None) => Access::Webhook,
        };
        let settings = Settings {
            address,
            allow_http: self.allow_http,
            timeout: self.timeout,
            total_timeout: self.total_timeout,
            patience: self.patience,
            retry: self.retry,
            limits: self.limits,
            operating: self.operating,
            user_agent: self.user_agent,
            largest_answer: self.largest_answer,
        };
        Ok(Client::new(settings, Exchange::new(&self.transport), access))
    }
}
