//! What takes more than one call: the procedures that specs refer to by name.

use clap::ArgMatches;
use serde_json::Value;

use crate::call::Call;
use crate::cli::connect::Connection;
use crate::cli::exit::{Exit, Stop};
use crate::value::Object;

/// Carries out a procedure. `call` holds the parameters, and the method where there is one.
pub(super) fn carry_out(
    procedure: &str,
    call: Call,
    connection: Connection,
    matches: &ArgMatches,
) -> Result<Exit, Stop> {
    match procedure {
        "filter-structure" => filter_structure(call, connection, matches),
        "oauth-link" => oauth_link(&call),
        other => Err(Stop::usage(format!("this build of oint does not know the procedure `{other}`"))),
    }
}

/// The fields that a filter takes, each with its type: asks the portal and keeps what is marked for filters.
fn filter_structure(call: Call, connection: Connection, matches: &ArgMatches) -> Result<Exit, Stop> {
    if super::is_set(matches, "dry-run") {
        return super::carry_out(call, connection, matches);
    }
    let is_empty = super::is_empty(matches)?;
    let client = connection.client(matches)?;
    let name = call.method().name.clone();
    let answer = super::interruptible(&name, true, async { Ok(client.execute(call).await?) })?;
    let Value::Object(fields) = answer.result else {
        return Err(Stop {
            exit: Exit::Network,
            message: format!(
                "{name}: the fields should come as an object, found {}",
                crate::value::kind(&answer.result)
            ),
        });
    };
    super::print_json(&filterable(&fields, is_empty))
}

/// The address at which a user lets an application in.
fn oauth_link(call: &Call) -> Result<Exit, Stop> {
    let text = |key: &str| call.params().get(key).and_then(Value::as_str).unwrap_or_default();
    let portal = crate::address::Address::parse(text("domain")).map_err(Stop::from)?;
    let mut url =
        url::Url::parse(&format!("https://{}", portal.host())).map_err(|error| Stop::usage(error.to_string()))?;
    url.set_path("/oauth/authorize/");
    url.query_pairs_mut().append_pair("client_id", text("client_id"));
    super::print(&format!("{url}\n"))
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
