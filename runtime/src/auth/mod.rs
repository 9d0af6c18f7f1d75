//! OAuth 2 applications: from the first authorisation to tokens that renew themselves.
//!
//! 1. Send the user to [`OAuthApp::authorize_url`]. The portal sends him back with a `code`.
//! 2. [`OAuthApp::exchange`] makes [`Tokens`] of it, within 30 seconds. Keep them in a [`TokenStore`].
//! 3. [`ClientBuilder::oauth`](crate::ClientBuilder::oauth) makes a client that renews the tokens when the portal says
//!    that they have run out, or when a call is due and their time has passed: never on a timer, which the platform
//!    forbids. However many calls wait for it, there is one renewal.
//! 4. Await [`renewals_finished`] before the process ends: a refresh token is good for once, and what came for it is to be
//!    kept.
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::io::{Read as _, Write as _};
//! # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
//! # let portal = Sandbox::new(&Tables::EMPTY).start()?;
//! # let (client_id, client_secret, address) = (portal.client_id(), portal.client_secret(), portal.address());
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("tokens.json");
//! # /// Stands for the user's browser.
//! # fn visit(link: &str) -> std::io::Result<String> {
//! #     let (host, path) = link.trim_start_matches("http://").split_once('/').unwrap_or_default();
//! #     let mut stream = std::net::TcpStream::connect(host)?;
//! #     write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
//! #     let mut page = String::new();
//! #     stream.read_to_string(&mut page)?;
//! #     Ok(page.rsplit("code=").next().unwrap_or_default().trim().to_owned())
//! # }
//! use bitrix24_runtime::auth::{FileStore, OAuthApp, TokenStore, random_state};
//! use bitrix24_runtime::{Client, json};
//!
//! // `client_id` is like `app.573ad8a0346747.09223434`, `address` like `b24-ar17wx.bitrix24.by`.
//! let app = OAuthApp::new(client_id, client_secret);
//! # let app = app.server(portal.authorization_server());
//! let state = random_state()?;
//! let link = app.authorize_url(&address, &state)?;
//! // The portal sends the user back with `code` and `state`; compare `state` before going on.
//! # let code = visit(&link)?;
//! let store = FileStore::new(&path);
//! store.save(&app.exchange(&code).await?).await?;
//!
//! let client = Client::builder(&address).oauth(app, store).build()?;
//! let profile = client.call("profile", json!({})).await?;
//! assert_eq!(profile["ID"], "1");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sandbox"))]
//! # fn main() {}
//! ```
//!
//! Against the simulated portal, whose tokens run out when a test wants them to:
//!
//! ```
//! # #[cfg(feature = "sandbox")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bitrix24_runtime::auth::{MemoryStore, OAuthApp, Tokens};
//! use bitrix24_runtime::sandbox::Sandbox;
//! use bitrix24_runtime::table::Tables;
//! use bitrix24_runtime::{Client, json};
//!
//! let portal = Sandbox::new(&Tables::EMPTY).start()?;
//! let app = OAuthApp::new(portal.client_id(), portal.client_secret()).server(portal.authorization_server());
//! let tokens = Tokens::new(portal.token(), portal.refresh_token());
//! let client = Client::builder(&portal.address()).oauth(app, MemoryStore::new(tokens)).build()?;
//!
//! portal.expire_token();
//! client.call("profile", json!({})).await?;
//! assert_eq!(client.metrics().refreshes, 1);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sandbox"))]
//! # fn main() {}
//! ```

mod app;
mod background;
mod flow;
mod store;
mod tokens;

use std::fmt;

pub use app::{OAuthApp, random_state};
#[cfg(feature = "cli")]
pub(crate) use background::is_renewing;
pub use background::renewals_finished;
pub(crate) use flow::Flow;
pub use store::{FileStore, MemoryStore, StoreError, StoreFuture, StoreLock, TokenStore};
#[cfg(feature = "cli")]
pub(crate) use store::{is_open_to_others, lock_file, replace_private};
pub use tokens::Tokens;

/// Why there is no valid access token. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthError {
    /// The authorisation server refused.
    Refused {
        /// Host of the authorisation server.
        host: String,
        /// Its code, such as `invalid_grant`.
        code: String,
        /// Its words.
        description: String,
    },
    /// The authorisation server was not reached, or did not answer as it should.
    Unreachable {
        /// Host of the authorisation server.
        host: String,
        /// The cause in words.
        reason: String,
    },
    /// The token store failed.
    Store {
        /// The cause in words.
        reason: String,
    },
    /// The token store is empty.
    NoTokens,
    /// The time of the call was over before there were valid tokens. A renewal that was sent goes on, and its tokens are
    /// kept.
    Timeout,
    /// The settings cannot be used.
    Usage {
        /// What is wrong with them.
        reason: String,
    },
}

impl AuthError {
    /// Whether trying again with the same tokens is of no use.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Usage { .. })
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { host, code, description } => {
                write!(f, "the authorisation server {host} answered {code}")?;
                if !description.is_empty() {
                    write!(f, ": {description}")?;
                }
                match code.as_str() {
                    "invalid_grant" => write!(f, "; authorise the application again"),
                    "invalid_client" => write!(f, "; check the application's client id and secret"),
                    _ => Ok(()),
                }
            }
            Self::Unreachable { host, reason } => write!(f, "cannot reach the authorisation server {host}: {reason}"),
            Self::Store { reason } => write!(f, "the token store failed: {reason}"),
            Self::NoTokens => write!(
                f,
                "the token store is empty: authorise the application first (OAuthApp::authorize_url, then exchange)"
            ),
            Self::Timeout => f.write_str("no valid tokens within the time of the call"),
            Self::Usage { reason } => f.write_str(reason),
        }
    }
}

impl std::error::Error for AuthError {}
