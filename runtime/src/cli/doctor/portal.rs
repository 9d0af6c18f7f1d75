//! What the portal says: who calls, and what may be called.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::{Finding, Report, Verdict};
use crate::auth::AuthError;
use crate::cli::auth::{User, ask_with, who_with};
use crate::cli::exit::Exit;
use crate::client::{CallOptions, Client};
use crate::error::{Error, Result as Answered};
use crate::table::Tables;

/// The portal's answers.
pub(super) struct Answers {
    who: Answered<User>,
    scopes: Answered<Value>,
    methods: Answered<Value>,
    /// None for a webhook, which belongs to no application.
    application: Option<Answered<Value>>,
}

impl Answers {
    /// Asks all questions at once. Each may take so long, waits included.
    pub(super) async fn ask(client: &Client, is_application: bool, patience: Duration) -> Self {
        let options = CallOptions::new().total_timeout(patience).patience(patience);
        let application = async {
            match is_application {
                true => Some(ask_with(client, "app.info", &options).await),
                false => None,
            }
        };
        let (who, scopes, methods, application) = tokio::join!(
            who_with(client, &options),
            ask_with(client, "scope", &options),
            ask_with(client, "methods", &options),
            application
        );
        Self { who, scopes, methods, application }
    }

    /// Tells them.
    pub(super) fn tell(self, tables: &Tables, report: &mut Report) {
        let is_application = self.application.is_some();
        match self.who {
            Ok(user) => report.add("authorised", Verdict::Ok, user.words()),
            Err(error) => {
                let help = advice(&error, is_application);
                let verdict = Verdict::Fail(Exit::from(&error));
                report.0.push(Finding { check: "authorised", verdict, text: error.to_string(), help });
                return;
            }
        }
        match self.scopes {
            Ok(scopes) => granted(&scopes, is_application, report),
            Err(error) => unknown("scopes", error, report),
        }
        match self.methods {
            Ok(names) => offered(tables, &names, report),
            Err(error) => unknown("methods", error, report),
        }
        match self.application {
            None => report.add("application", Verdict::Skip, "a webhook belongs to no application"),
            Some(Ok(info)) => installed(&info, report),
            Some(Err(error)) => unknown("application", error, report),
        }
    }
}

fn granted(scopes: &Value, is_application: bool, report: &mut Report) {
    let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let place = if is_application { "the application's settings" } else { "the webhook's settings in the portal" };
    match scopes.as_slice() {
        [] => report.mend(
            "scopes",
            Verdict::Warn,
            "none: hardly anything may be called",
            format!("choose scopes in {place}"),
        ),
        scopes => report.add("scopes", Verdict::Ok, scopes.join(", ")),
    }
}

fn installed(info: &Value, report: &mut Report) {
    let text = |key: &str| info[key].as_str().map(str::to_owned).unwrap_or_else(|| info[key].to_string());
    let name = format!("{} version {}, status {}", text("CODE"), text("VERSION"), text("STATUS"));
    match &info["INSTALLED"] {
        Value::Bool(false) => report.mend(
            "application",
            Verdict::Warn,
            format!("{name}: its installation is not finished, so that it gets no events"),
            "open the application in the portal once, or let it call installFinish",
        ),
        _ => report.add("application", Verdict::Ok, name),
    }
}

/// What the portal offers of the methods known here.
fn offered(tables: &Tables, names: &Value, report: &mut Report) {
    let offered: BTreeSet<String> =
        names.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
    let known: BTreeSet<String> = tables
        .outlines()
        .filter(|outline| outline.rest == 2)
        .filter_map(|outline| outline.method.map(|method| method.to_lowercase()))
        .collect();
    let (both, new) = (known.intersection(&offered).count(), offered.difference(&known).count());
    let more = match new {
        0 => String::new(),
        new => format!("; {new} more that oint has no description of: `oint call` reaches them"),
    };
    let text = format!("{both} of {} known methods are open to these scopes{more}", known.len());
    report.add("methods", Verdict::Ok, text);
}

/// A question that was not answered is no fault of the connection.
fn unknown(check: &'static str, error: Error, report: &mut Report) {
    report.add(check, Verdict::Warn, error.to_string());
}

/// What to do about a refusal.
fn advice(error: &Error, is_application: bool) -> Option<String> {
    let words = match error {
        Error::Portal(error) => match error.code.to_ascii_lowercase().as_str() {
            "no_auth_found" | "invalid_token" if is_application => {
                "the token is wrong: log in again with `oint auth login`"
            }
            "no_auth_found" | "invalid_token" => {
                "the webhook is wrong or was deleted: copy its address from the portal once more"
            }
            "expired_token" => {
                "the access token has run out: get a new one, or log in as the application with `oint auth login --client-id`"
            }
            "invalid_credentials" | "user_access_error" => {
                "the user has left, or may not use the application: ask the portal's administrator"
            }
            "insufficient_scope" => "add the scope in the settings of the webhook or the application",
            "access_denied" => "REST needs a paid plan or its trial: ask the portal's administrator",
            _ => return None,
        },
        Error::Auth(AuthError::Refused { .. } | AuthError::NoTokens) => "log in again with `oint auth login`",
        Error::Auth(AuthError::Unreachable { .. } | AuthError::Timeout) => {
            "the authorisation server must be reachable, besides the portal"
        }
        Error::Limited { .. } => "other programs use the portal up; wait, or tell the portal's limit in B24_LIMITS",
        _ => return None,
    };
    Some(words.to_owned())
}
