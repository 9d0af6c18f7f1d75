//! What can go wrong, told apart by what the caller can do about it.

use std::fmt;
use std::time::Duration;

use crate::call::Call;

/// The result of anything that may fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not bring a result. No variant ever holds or shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The portal answered with an error.
    #[error(transparent)]
    Portal(Box<PortalError>),
    /// The request did not reach the portal, so that nothing was done there: unknown host, refused connection, TLS.
    #[error("{method}: cannot reach {host}: {reason}")]
    Connect {
        /// The REST method.
        method: String,
        /// The portal's host and port.
        host: String,
        /// The cause in words.
        reason: String,
    },
    /// The connection broke after the request was sent. Only reads end here; a write ends in [`Error::OutcomeUnknown`].
    #[error("{method}: the connection to {host} broke: {reason}")]
    Interrupted {
        /// The REST method.
        method: String,
        /// The portal's host and port.
        host: String,
        /// The cause in words.
        reason: String,
    },
    /// No answer came in time. Only reads end here; a write ends in [`Error::OutcomeUnknown`].
    #[error("{method}: no answer from {host} within {} s", .after.as_secs_f64())]
    Timeout {
        /// The REST method.
        method: String,
        /// The portal's host and port.
        host: String,
        /// The time that was allowed.
        after: Duration,
    },
    /// The answer is not what the protocol or the method promises.
    #[error("{method}: {reason}")]
    Decode {
        /// The REST method.
        method: String,
        /// The HTTP status, when an answer came at all.
        status: Option<u16>,
        /// What was expected and what came, as `expected JSON, got text/html (502 Bad Gateway)`.
        reason: String,
    },
    /// A write was sent, and nobody can say whether the portal carried it out. Look before repeating it.
    #[error("{}: outcome unknown, the portal may or may not have carried it out ({reason})", .call.method().name)]
    OutcomeUnknown {
        /// What was sent.
        call: Box<Call>,
        /// Why the answer is missing.
        reason: String,
        /// REST 3.0: the key that was sent. The same call with the same key within 24 hours is carried out once.
        idempotency_key: Option<String>,
    },
    /// A limit of the portal was not freed within the time that the call may wait. Nothing was sent.
    #[error("{}", limited(.method, .host, *.is_operating, *.waited, *.free_in))]
    Limited {
        /// The REST method.
        method: String,
        /// The portal's host and port.
        host: String,
        /// Whether it is the method's run time, as against the portal's rate limit.
        is_operating: bool,
        /// How long the call waited.
        waited: Duration,
        /// When the limit is free, as far as that is known.
        free_in: Option<Duration>,
    },
    /// There is no valid access token.
    #[error(transparent)]
    Auth(#[from] crate::auth::AuthError),
    /// A command of a batch that was not run, because an earlier one failed.
    #[error("{method}: not run: {reason}")]
    Skipped {
        /// The REST method.
        method: String,
        /// Which command failed.
        reason: String,
    },
    /// The call or the connection's settings cannot be used as they are; nothing was sent.
    #[error("{0}")]
    Usage(String),
}

fn limited(method: &str, host: &str, is_operating: bool, waited: Duration, free_in: Option<Duration>) -> String {
    let limit = match is_operating {
        true => format!("{method}: its run time at {host} is used up"),
        false => format!("{method}: the rate limit of {host} was not freed in time"),
    };
    let free = free_in.map(|free| format!("; free in {} s", free.as_secs() + 1)).unwrap_or_default();
    format!("{limit} (waited {:.1} s{free})", waited.as_secs_f64())
}

impl Error {
    /// An error in how the client is used.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// The portal's own error, when it is one.
    pub fn portal(&self) -> Option<&PortalError> {
        match self {
            Self::Portal(error) => Some(error),
            _ => None,
        }
    }
}

/// An error that the portal answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalError {
    /// The REST method.
    pub method: String,
    /// The HTTP status.
    pub status: u16,
    /// The portal's code, such as `QUERY_LIMIT_EXCEEDED`; many CRM methods leave it empty.
    pub code: String,
    /// The portal's words.
    pub description: String,
    /// REST 3.0: the fields that were refused, with the portal's words on each.
    pub validation: Vec<(String, String)>,
}

impl PortalError {
    /// Whether the portal does not accept who calls (as against what is called).
    pub fn is_unauthorised(&self) -> bool {
        self.status == 401
            || matches!(
                self.code.to_ascii_lowercase().as_str(),
                "no_auth_found"
                    | "invalid_token"
                    | "invalid_grant"
                    | "expired_token"
                    | "invalid_credentials"
                    | "insufficient_scope"
                    | "user_access_error"
                    | "wrong_auth_type"
            )
    }

    /// Whether a limit of the portal stopped the call.
    pub fn is_limit(&self) -> bool {
        matches!(self.code.as_str(), "QUERY_LIMIT_EXCEEDED" | "OPERATION_TIME_LIMIT" | "OVERLOAD_LIMIT")
    }
}

impl PortalError {
    /// What the portal said, without the method.
    pub(crate) fn words(&self) -> String {
        let words = match (self.code.is_empty(), self.description.is_empty()) {
            (false, false) => format!("{}: {}", self.code, self.description),
            (false, true) => self.code.clone(),
            (true, false) => format!("with an error: {}", self.description),
            (true, true) => "with an error".to_owned(),
        };
        format!("the portal answered {words} (HTTP {})", self.status)
    }
}

impl fmt::Display for PortalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.method, self.words())?;
        for (field, message) in &self.validation {
            write!(f, "\n  {field}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PortalError {}

impl From<PortalError> for Error {
    fn from(error: PortalError) -> Self {
        Self::Portal(Box::new(error))
    }
}
