//! What `cargo xtask bench client` and scripts like it drive: one scenario against the portal whose webhook `HOOK` names.
//! The outcome goes to the file `OUT` as JSON: `{"ids": [...]}` or `{"ok": true}`.
//!
//! `bench_client list | listvalues | count | get K | add K | addone | one`
//!
//! `list` reads the records into a struct, `listvalues` into a `Value` each.
//!
//! The authorities in `SSL_CERT_FILE` are trusted. `LIMITS` is `standard` (the default), `enterprise`, `off` or as in `2/50`;
//! `SHARED` names a folder to share the bucket in; with `VERBOSE` the client's counts are told.

use std::process::ExitCode;

use bitrix24_runtime::output::Json;
use bitrix24_runtime::{Batch, Call, Client, Effect, Error, Id, Keyset, Limits, Method, Paging, Rest, Value, json};
use serde::Deserialize;

const LIST: Method = Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset::new("ID"));
const GET: Method = Method::new("crm.deal.get", Rest::V2, Effect::Read, Paging::None);
const ADD: Method = Method::new("crm.deal.add", Rest::V2, Effect::Create, Paging::None);
const PROFILE: Method = Method::new("profile", Rest::V2, Effect::Read, Paging::None);
const FIELDS: [&str; 8] =
    ["ID", "TITLE", "STAGE_ID", "OPPORTUNITY", "CURRENCY_ID", "ASSIGNED_BY_ID", "DATE_CREATE", "CONTACT_ID"];

/// All that is asked for is read, as in a program that uses it.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "only the number is compared")]
struct Deal {
    id: Id,
    title: String,
    stage_id: String,
    opportunity: String,
    currency_id: String,
    assigned_by_id: Id,
    date_create: String,
    contact_id: Id,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let scenario = arguments.first().map(String::as_str).unwrap_or_default();
    let count = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(0);
    match run(scenario, count).await {
        Ok(complete) => ExitCode::from(u8::from(!complete)),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs a scenario, and tells whether all of it was done.
async fn run(scenario: &str, count: usize) -> Result<bool, Box<dyn std::error::Error>> {
    let hook = std::env::var("HOOK").unwrap_or_else(|_| "https://localhost:8443/rest/1/secret/".to_owned());
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut limits: Limits = variable("LIMITS").map_or(Ok(Limits::standard()), |limits| limits.parse())?;
    if let Some(folder) = variable("SHARED") {
        limits = limits.shared_in(folder);
    }
    let client = Client::builder(&hook).limits(limits).build()?;
    let add = |title: String| Call::new(ADD).nested(&["fields", "TITLE"], title);
    let mut ids: Vec<i64> = Vec::new();
    let mut failed: Option<Error> = None;
    match scenario {
        "one" => {
            let profile = client.execute(Call::new(PROFILE)).await?;
            let ok = profile.result["ID"] == "1";
            write(&json!({ "ok": ok }))?;
            return Ok(ok);
        }
        // Counts without keeping anything, so that the memory of the walk itself is seen.
        "count" => {
            let mut deals = Call::new(LIST).stream(&client);
            let mut seen = 0_u64;
            while let Some(deal) = deals.next().await {
                deal?;
                seen += 1;
            }
            write(&json!({ "ok": true, "count": seen }))?;
            return Ok(true);
        }
        "list" => {
            let mut deals = Call::new(LIST).param("select", FIELDS.as_slice()).stream_as(&client);
            while let Some(deal) = deals.next().await {
                match deal {
                    Ok(Json(Deal { id, .. })) => ids.extend(id.as_i64()),
                    Err(error) => failed = Some(error),
                }
            }
        }
        "listvalues" => {
            let mut deals = Call::new(LIST).param("select", FIELDS.as_slice()).stream(&client);
            while let Some(deal) = deals.next().await {
                match deal {
                    Ok(deal) => ids.extend(number(&deal["ID"])),
                    Err(error) => failed = Some(error),
                }
            }
        }
        "get" | "add" => {
            let numbers = (1_i64..).filter(|number| number % 11 != 0).take(count);
            let batch: Batch = match scenario {
                "get" => numbers.map(|number| Call::new(GET).param("id", number)).collect(),
                _ => (0..count).map(|at| add(format!("new-{at:06}"))).collect(),
            };
            for reply in client.batch(batch).await? {
                match reply {
                    Ok(response) => ids.extend(number(response.result.get("ID").unwrap_or(&response.result))),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        "addone" => match client.execute(add("new-000000".to_owned())).await {
            Ok(response) => ids.extend(number(&response.result)),
            Err(error) => failed = Some(error),
        },
        other => return Err(format!("unknown scenario `{other}`").into()),
    }
    // An incomplete list is no list.
    if !scenario.starts_with("list") || failed.is_none() {
        write(&json!({ "ids": ids }))?;
    }
    if let Some(error) = &failed {
        eprintln!("{error}");
    }
    if variable("VERBOSE").is_some() {
        eprintln!("{:?}", client.metrics());
    }
    Ok(failed.is_none())
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn write(outcome: &Value) -> std::io::Result<()> {
    match std::env::var_os("OUT") {
        Some(path) => std::fs::write(path, outcome.to_string()),
        None => Ok(()),
    }
}
