//! What takes more than one call: the procedures that specs refer to by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ArgMatches;
use serde_json::{Value, json};

use crate::auth::{OAuthApp, Tokens};
use crate::call::Call;
use crate::cli::command::is_set;
use crate::cli::connect::Connection;
use crate::cli::exit::{Exit, Stop};
use crate::cli::method::{self, Run};
use crate::cli::output::Output;
use crate::cli::profile::{SERVER, application};
use crate::client::Upload;
use crate::method::Effect;
use crate::secret::MASK;
use crate::value::Object;

/// Carries out a procedure. `call` holds the parameters, and the method where there is one.
pub(super) fn carry_out(procedure: &str, call: Call, connection: Connection, run: &Run<'_>) -> Result<Exit, Stop> {
    let (matches, output) = (run.matches, run.output);
    match procedure {
        "upload" => upload(&call, connection, run),
        "filter-structure" => filter_structure(call, connection, run),
        "oauth-link" => oauth_link(&call, output),
        "oauth-code" => oauth_token("authorization_code", "code", &call, matches, output),
        "oauth-refresh" => oauth_token("refresh_token", "refresh_token", &call, matches, output),
        other => Err(Stop::usage(format!("this build of oint does not know the procedure `{other}`"))),
    }
}

/// Sends the file among the parameters in two steps: the other parameters ask for a place, the file goes there as a
/// form. Names and content of it are no parameters of the first step.
fn upload(call: &Call, connection: Connection, run: &Run<'_>) -> Result<Exit, Stop> {
    let (matches, output) = (run.matches, run.output);
    if is_set(matches, "dry-run") || is_set(matches, "curl") {
        return run.carry_out(call.clone(), connection);
    }
    let name = call.method().name.clone();
    let mut place = Call::new(call.method().clone());
    let mut file = None;
    for (key, value) in call.params() {
        match value.as_array().map(Vec::as_slice) {
            Some([Value::String(name), Value::String(content)]) => {
                let content = STANDARD.decode(content).map_err(|error| Stop::usage(format!("{key}: {error}")))?;
                file = Some(Upload::bytes(name, content));
            }
            _ if key == "data" => {}
            _ => place.set(key.clone(), value.clone()),
        }
    }
    let file = file.ok_or_else(|| Stop::usage(format!("{name}: there is no file to send")))?;
    let client = connection.client(matches)?;
    let answer = method::interruptible(&name, false, async { Ok(client.upload(place, file).await?) })?;
    let answer = if output.is_raw() { Value::Object(answer.into_raw()) } else { answer.result };
    method::tell(output, (&name, Effect::Create), answer)
}

/// The fields that a filter takes, each with its type: asks the portal and keeps what is marked for filters.
fn filter_structure(call: Call, connection: Connection, run: &Run<'_>) -> Result<Exit, Stop> {
    let (matches, output) = (run.matches, run.output);
    if is_set(matches, "dry-run") || is_set(matches, "curl") {
        return run.carry_out(call, connection);
    }
    let is_empty = method::is_empty(matches)?;
    let client = connection.client(matches)?;
    let name = call.method().name.clone();
    let answer = method::interruptible(&name, true, async { Ok(client.execute(call).await?) })?;
    let Value::Object(fields) = answer.result else {
        return Err(Stop {
            exit: Exit::Network,
            message: format!(
                "{name}: the fields should come as an object, found {}",
                crate::value::kind(&answer.result)
            ),
        });
    };
    output.print(Value::Object(filterable(&fields, is_empty)))
}

/// The parameters of a call as text.
fn text<'c>(call: &'c Call, key: &str) -> &'c str {
    call.params().get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The application that the parameters describe.
fn app(call: &Call) -> OAuthApp {
    let server = std::env::var(SERVER).ok().filter(|server| !server.is_empty());
    application(text(call, "client_id"), text(call, "client_secret").into(), server.as_deref())
}

/// The address at which a user lets an application in.
fn oauth_link(call: &Call, output: &Output) -> Result<Exit, Stop> {
    // A link is for browsers, not for JSON, unless a form was asked for.
    output.print_text(app(call).link(text(call, "domain"))?.to_string())
}

/// Tokens, for a code or for a refresh token: the grant's name and the parameter that holds what is traded.
fn oauth_token(grant: &str, key: &str, call: &Call, matches: &ArgMatches, output: &Output) -> Result<Exit, Stop> {
    let app = app(call);
    if is_set(matches, "dry-run") {
        let url = format!(
            "{}?grant_type={grant}&client_id={}&client_secret={MASK}&{key}={MASK}",
            app.token_address()?,
            text(call, "client_id"),
        );
        return crate::cli::print_json(&json!({
            "method": null, "rest": null, "http": { "verb": "GET", "url": url, "headers": {} }, "body": {},
        }));
    }
    let given = text(call, key);
    let tokens = method::interruptible("oauth", false, async {
        let tokens = match grant {
            "refresh_token" => app.refresh(&Tokens::new("", given)).await,
            _ => app.exchange(given).await,
        };
        Ok(tokens?)
    })?;
    output.print(tokens.expose_json())
}

/// The keys of the fields whose description says that a filter takes them.
fn filterable(fields: &Object, is_empty: bool) -> Object {
    let is_taken = |field: &Value| match field.get("USE_IN_FILTER") {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(word)) => word == "Y",
        _ => false,
    };
    let hint = |field: &Value| if is_empty { "".into() } else { field.get("TYPE").cloned().unwrap_or_default() };
    fields.iter().filter(|(_, field)| is_taken(field)).map(|(key, field)| (key.clone(), hint(field))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_a_filter_takes_is_kept() {
        let fields = json!({
            "ID": {"TYPE": "int", "USE_IN_FILTER": true},
            "NAME": {"TYPE": "string", "USE_IN_FILTER": true},
            "DETAIL_URL": {"TYPE": "string", "USE_IN_FILTER": false},
        });
        let fields = fields.as_object().expect("an object");
        assert_eq!(Value::Object(filterable(fields, false)), json!({"ID": "int", "NAME": "string"}));
        assert_eq!(Value::Object(filterable(fields, true)), json!({"ID": "", "NAME": ""}));
    }
}
