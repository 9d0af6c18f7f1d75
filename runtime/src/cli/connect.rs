//! The connection: from options and environment to a client.

use std::time::Duration;

use clap::ArgMatches;

use crate::cli::command::{given, is_set, seconds};
use crate::cli::exit::Stop;
use crate::client::{Client, Limits, RetryPolicy};
use crate::error::Error;

/// The variable that tells the portal's rate limit.
const LIMITS: &str = "B24_LIMITS";
/// How long a command waits for the portal's limits: long enough for a queue of commands, too short for a method's run
/// time, which takes up to ten minutes to be free again.
const PATIENCE: Duration = Duration::from_secs(120);
/// What stands for the portal in a dry run without an address.
const NO_PORTAL: &str = "portal.invalid";
const PORTAL_PLACEHOLDER: &str = "<portal>";

/// What is given of the connection.
pub(crate) struct Connection {
    url: Option<String>,
    token: Option<String>,
}

impl Connection {
    /// Options win over the environment.
    pub(crate) fn new(matches: &ArgMatches) -> Self {
        let value = |option: &str, variable: &str| {
            let from_environment = || std::env::var(variable).ok().filter(|value| !value.is_empty());
            given(matches, option).map(str::to_owned).or_else(from_environment)
        };
        let (url, token) = (given(matches, "url"), given(matches, "token"));
        Self {
            url: value("url", "B24_URL"),
            // A webhook named by option and a token from the environment belong to different connections.
            token: if url.is_some_and(|url| url.contains("/rest/") && !url.trim_end_matches('/').ends_with("/rest"))
                && token.is_none()
            {
                None
            } else {
                value("token", "B24_TOKEN")
            },
        }
    }

    /// What is not given and needed, in the form of the message on missing options.
    pub(crate) fn missing(&self) -> Vec<String> {
        let line = "  --url <ADDRESS>  The webhook's address, or the portal's domain with --token; B24_URL in the environment will do too.";
        if self.url.is_none() { vec![line.to_owned()] } else { Vec::new() }
    }

    /// The client.
    pub(crate) fn client(&self, matches: &ArgMatches) -> Result<Client, Stop> {
        let mut builder =
            Client::builder(self.url.as_deref().unwrap_or_default()).allow_http(is_set(matches, "allow-http"));
        if let Some(token) = &self.token {
            builder = builder.token(token.as_str());
        }
        if let Some(text) = given(matches, "timeout") {
            let timeout = seconds(text).map_err(Stop::usage)?;
            builder = builder.timeout(timeout).total_timeout(timeout);
        }
        // Commands follow each other quickly, in loops and side by side: they share one bucket.
        let limits = std::env::var(LIMITS).ok().filter(|text| !text.is_empty());
        let limits = limits.map_or_else(|| Ok(Limits::standard()), |text| text.parse()).map_err(|error: Error| {
            let stop = Stop::from(error);
            Stop { message: format!("{LIMITS}: {}", stop.message), ..stop }
        })?;
        builder = builder.limits(limits.shared()).patience(PATIENCE);
        builder = builder.retry(RetryPolicy::default().retries(2).base(Duration::from_millis(300)));
        builder = builder.user_agent(concat!("oint/", env!("CARGO_PKG_VERSION")));
        builder.build().map_err(|error| {
            let mut stop = Stop::from(error);
            if stop.message.contains("plain http") {
                stop.message = stop.message.replace("or allow it expressly", "or allow it with --allow-http");
            }
            stop
        })
    }

    /// A client that only shows requests: what is missing of the connection does not matter.
    pub(crate) fn shown(mut self, matches: &ArgMatches) -> Result<(Client, bool), Stop> {
        let has_portal = self.url.is_some();
        let url = self.url.get_or_insert_with(|| NO_PORTAL.to_owned());
        let is_webhook = crate::address::Address::parse(url).map_err(Stop::from)?.is_webhook();
        if !is_webhook && self.token.is_none() {
            self.token = Some(crate::secret::MASK.to_owned());
        }
        Ok((self.client(matches)?, has_portal))
    }
}

/// Shows a dry run's address with a placeholder where no portal is known.
pub(crate) fn without_portal(text: &str) -> String {
    text.replace(NO_PORTAL, PORTAL_PLACEHOLDER)
}
