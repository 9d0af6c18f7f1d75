//! What proves to the portal who calls, and where the portal is.

use std::sync::{Arc, Mutex, PoisonError};

use crate::address::Address;
use crate::auth::{AuthError, Flow, Tokens};
use crate::client::builder::Settings;
use crate::error::{Error, Result};
use crate::method::Rest;
use crate::secret::Secret;

/// The ways to authorise.
#[derive(Debug)]
pub(super) enum Access {
    /// The address does it.
    Webhook,
    /// An access token that somebody else looks after.
    Token(Secret),
    /// An application with tokens that are renewed.
    Application(Arc<Flow>),
}

/// What a request is made with.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) address: Address,
    pub(super) token: Option<Secret>,
}

impl Connection {
    /// Masks every secret of the connection in a text.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = self.address.redact(text);
        self.token.as_ref().map_or_else(|| text.clone(), |token| token.redact(&text))
    }
}

/// The move of a portal that its redirects told of: from which origin to which.
#[derive(Debug, Default)]
pub(super) struct Moved(Mutex<Option<(String, String)>>);

impl Moved {
    pub(super) fn remember(&self, from: &Address, to: String) {
        tracing::warn!(target: "bitrix24", from = from.origin(), %to, "portal_moved");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((from.origin().to_owned(), to));
    }

    fn follow(&self, address: Address) -> Address {
        let moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*moved {
            Some((from, to)) if *from == address.origin() => address.moved_to(to).unwrap_or(address),
            _ => address,
        }
    }
}

impl Access {
    /// Who calls, as the portal tells callers apart: by webhook or application. It holds secrets.
    pub(super) fn caller(&self, address: &Address) -> String {
        match self {
            Self::Webhook => address.of_method("", Rest::V2),
            Self::Token(token) => token.expose().to_owned(),
            Self::Application(flow) => flow.client_id().to_owned(),
        }
    }

    /// What the next request is made with. Tokens may have to be renewed for it.
    pub(super) async fn connection(&self, settings: &Settings, moved: &Moved) -> Result<Connection> {
        let (address, token) = match self {
            Self::Webhook => (settings.address.clone(), None),
            Self::Token(token) => (settings.address.clone(), Some(token.clone())),
            Self::Application(flow) => of_tokens(&*flow.current().await?, settings)?,
        };
        Ok(Connection { address: moved.follow(address), token })
    }

    /// What a request that leaves now is made with, after a wait: newer tokens where some have come meanwhile. Nothing is
    /// waited for.
    pub(super) fn newest(&self, known: Connection, settings: &Settings, moved: &Moved) -> Result<Connection> {
        let (address, token) = match self {
            Self::Application(flow) => match flow.at_hand() {
                Some(tokens) => of_tokens(&tokens, settings)?,
                None => (known.address, known.token),
            },
            _ => (known.address, known.token),
        };
        Ok(Connection { address: moved.follow(address), token })
    }

    /// Other tokens than those that the portal does not take any more; false when there can be none.
    pub(super) async fn renew(&self, rejected: &Connection) -> Result<bool> {
        match (self, &rejected.token) {
            (Self::Application(flow), Some(token)) => {
                flow.renew(Some(token)).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether a token that the portal does not know was replaced meanwhile: a renewal may revoke the one before.
    pub(super) async fn is_replaced(&self, rejected: &Connection) -> bool {
        match (self, &rejected.token) {
            (Self::Application(flow), Some(token)) => flow.is_replaced(token).await,
            _ => false,
        }
    }

    pub(super) fn refreshes(&self) -> u64 {
        match self {
            Self::Application(flow) => flow.refreshes.get(),
            _ => 0,
        }
    }
}

/// Where the methods are by what the tokens say, and the access token.
fn of_tokens(tokens: &Tokens, settings: &Settings) -> Result<(Address, Option<Secret>)> {
    let address = match &tokens.endpoint {
        Some(endpoint) => endpoint_address(endpoint, settings)?,
        None => settings.address.clone(),
    };
    Ok((address, Some(tokens.access.clone())))
}

fn endpoint_address(endpoint: &str, settings: &Settings) -> Result<Address> {
    let usage = |reason: String| Error::from(AuthError::Usage { reason });
    let address = Address::parse(endpoint)
        .map_err(|error| usage(format!("the endpoint in the tokens cannot be used: {error}")))?;
    if address.is_webhook() || !(address.is_safe() || settings.allow_http) {
        return Err(usage(format!(
            "the endpoint in the tokens, {}, is no portal's address that may get a token",
            address.host()
        )));
    }
    Ok(address)
}
