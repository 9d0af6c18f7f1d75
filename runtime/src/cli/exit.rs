//! What the process tells with its exit code.

use std::process::ExitCode;

use crate::auth::AuthError;
use crate::error::Error;

/// The outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Portal,
    Usage,
    NotAuthorised,
    Network,
    Limit,
    OutcomeUnknown,
    Unwritten,
    Interrupted,
}

impl Exit {
    const ALL: [Self; 9] = [
        Self::Done,
        Self::Portal,
        Self::Usage,
        Self::NotAuthorised,
        Self::Network,
        Self::Limit,
        Self::OutcomeUnknown,
        Self::Unwritten,
        Self::Interrupted,
    ];

    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Portal => 1,
            Self::Usage => 2,
            Self::NotAuthorised => 3,
            Self::Network => 4,
            Self::Limit => 5,
            Self::OutcomeUnknown => 6,
            Self::Unwritten => 7,
            Self::Interrupted => 130,
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Portal => "the portal answered with an error",
            Self::Usage => "wrong usage; nothing was sent",
            Self::NotAuthorised => "not authorised",
            Self::Network => "network fault, timeout or an answer that is none",
            Self::Limit => "a limit of the portal was not freed in time",
            Self::OutcomeUnknown => "outcome unknown: a write may or may not have happened",
            Self::Unwritten => "the output could not be written; a call that was sent has been carried out",
            Self::Interrupted => "interrupted",
        }
    }

    /// The table that `--help` shows.
    pub(crate) fn table() -> String {
        Self::ALL.iter().map(|exit| format!("  {:>3}  {}\n", exit.number(), exit.meaning())).collect()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error {
            Error::Portal(error) if error.is_unauthorised() => Self::NotAuthorised,
            Error::Portal(error) if error.is_limit() => Self::Limit,
            Error::Portal(_) | Error::Skipped { .. } => Self::Portal,
            Error::Connect { .. } | Error::Interrupted { .. } | Error::Timeout { .. } | Error::Decode { .. } => {
                Self::Network
            }
            Error::Auth(AuthError::Unreachable { .. } | AuthError::Timeout) => Self::Network,
            Error::Auth(AuthError::Usage { .. }) => Self::Usage,
            Error::Auth(_) => Self::NotAuthorised,
            Error::Limited { .. } => Self::Limit,
            // Neither may be repeated before somebody has looked.
            Error::OutcomeUnknown { .. } => Self::OutcomeUnknown,
            Error::Unreadable { .. } => Self::Unwritten,
            Error::Usage(_) => Self::Usage,
        }
    }
}

/// Who helps with a connection.
const DOCTOR: &str = "\nhelp: `oint doctor`, with the same connection, says what to mend";

/// A run that ended before its time: what to say, and the exit code.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Stop {
    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// The output could not be written.
    pub(crate) fn unwritten(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unwritten, message: message.into() }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let mut message = error.to_string();
        match &error {
            Error::OutcomeUnknown { .. } => {
                message.push_str("\nhelp: look whether it was carried out before you repeat it");
            }
            Error::Connect { .. } => message.push_str(DOCTOR),
            Error::Portal(error) if error.is_unauthorised() => message.push_str(DOCTOR),
            _ => {}
        }
        Self { exit: Exit::from(&error), message }
    }
}
