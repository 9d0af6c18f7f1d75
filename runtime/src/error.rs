//! What can go wrong, told apart by what the caller can do about it.

use std::fmt;
use std::time::Duration;

use crate::auth::AuthError;
use crate::call::Call;
use crate::method::Method;
use crate::output::Mismatch;
use crate::response::Response;

/// The result of anything that may fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not bring a result. [`Error::is_carried_out`] tells what became of it. No variant shows a secret that the client
/// was made with, whoever quotes it.
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
    /// The answer is not what the protocol promises, or that of a read not what its method promises. Of writes, only those end here
    /// that were not carried out, as the reason says: see [`Error::OutcomeUnknown`] and [`Error::Unreadable`].
    #[error("{method}: {reason}")]
    Decode {
        /// The REST method.
        method: String,
        /// The HTTP status, when an answer came at all.
        status: Option<u16>,
        /// What was expected and what came, as `expected JSON, got text/html (502 Bad Gateway)`.
        reason: String,
    },
    /// A write was carried out, and its result is not what the method promises. The answer is kept: do not repeat the call.
    #[error("{method}: the portal carried it out, but {reason}")]
    Unreadable {
        /// The REST method.
        method: String,
        /// What was expected and what came.
        reason: String,
        /// The answer as it is before it is read, in which a new record's number may stand.
        answer: Box<Response>,
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
    Auth(#[from] AuthError),
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

    /// The code of the portal's error, or the authorisation server's, such as `ACCESS_DENIED`, when it has one.
    pub fn code(&self) -> Option<&str> {
        let code = match self {
            Self::Portal(error) => &error.code,
            Self::Auth(AuthError::Refused { code, .. }) => code,
            _ => return None,
        };
        Some(code.as_str()).filter(|code| !code.is_empty())
    }

    /// Whether the portal has not what the call is about: see [`PortalError::is_not_found`].
    pub fn is_not_found(&self) -> bool {
        self.portal().is_some_and(PortalError::is_not_found)
    }

    /// Whether the portal carried the call out.
    ///
    /// - `Some(false)`: no, or it was a read, which changes nothing. It may be sent again.
    /// - `Some(true)`: yes, only its result cannot be read; [`Error::Unreadable`] keeps the answer.
    /// - `None`: nobody knows. Look before repeating it.
    pub fn is_carried_out(&self) -> Option<bool> {
        match self {
            Self::OutcomeUnknown { .. } => None,
            Self::Unreadable { .. } => Some(true),
            Self::Portal(_)
            | Self::Connect { .. }
            | Self::Interrupted { .. }
            | Self::Timeout { .. }
            | Self::Decode { .. }
            | Self::Limited { .. }
            | Self::Auth(_)
            | Self::Skipped { .. }
            | Self::Usage(_) => Some(false),
        }
    }

    /// A result that does not fit; `answer` is there for a write.
    pub(crate) fn misread(method: &Method, mismatch: &Mismatch, answer: Option<Response>) -> Self {
        let reason = format!("its result cannot be read: expected {}, found {}", mismatch.expected, mismatch.found);
        let method = method.name.to_string();
        match answer {
            Some(answer) => Self::Unreadable { method, reason, answer: Box::new(answer) },
            None => Self::Decode { method, status: None, reason },
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

    /// Whether the portal has not what the call is about, a record mostly. Each part of the portal has words of its own for that;
    /// a method that the portal does not know is not meant.
    pub fn is_not_found(&self) -> bool {
        let code = self.code.to_ascii_uppercase();
        let is_said = matches!(code.as_str(), "" | "0")
            && matches!(
                self.description.trim_end_matches('.').to_ascii_lowercase().as_str(),
                "not found" | "element not found"
            );
        let is_coded = code.ends_with("NOT_FOUND") || code.ends_with("ENTITYNOTFOUNDEXCEPTION");
        is_said || is_coded && code != "ERROR_METHOD_NOT_FOUND"
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

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(status: u16, code: &str, description: &str) -> Error {
        let (method, code, description) = ("crm.deal.get".to_owned(), code.to_owned(), description.to_owned());
        PortalError { method, status, code, description, validation: Vec::new() }.into()
    }

    #[test]
    fn what_is_not_there_is_told_in_many_ways() {
        for (code, description) in [
            ("", "Not found"),
            ("0", "Element not found."),
            ("NOT_FOUND", ""),
            ("ERROR_ENTITY_NOT_FOUND", ""),
            ("BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION", ""),
        ] {
            assert!(portal(400, code, description).is_not_found(), "{code} {description}");
        }
        for (code, description) in [
            ("ERROR_METHOD_NOT_FOUND", "Method not found!"),
            ("ACCESS_DENIED", "Not found"),
            ("", "Access denied"),
            ("BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION", ""),
        ] {
            assert!(!portal(404, code, description).is_not_found(), "{code} {description}");
        }
        assert!(!Error::usage("not found").is_not_found());
    }

    #[test]
    fn codes_are_those_of_servers() {
        assert_eq!(portal(400, "ACCESS_DENIED", "").code(), Some("ACCESS_DENIED"));
        assert_eq!(portal(400, "", "Access denied").code(), None);
        let (host, description) = ("oauth.example.org".to_owned(), String::new());
        let refused = AuthError::Refused { host, code: "invalid_grant".to_owned(), description };
        assert_eq!(Error::from(refused).code(), Some("invalid_grant"));
        assert_eq!(Error::usage("x").code(), None);
    }
}
