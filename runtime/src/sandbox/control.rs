//! `/_sandbox/…`: what a test in any language needs to steer a portal and to see what came of it.
//!
//! | Address | |
//! |-|-|
//! | `GET /_sandbox/options` | the behaviour as JSON |
//! | `POST /_sandbox/options` | takes over the keys given |
//! | `GET /_sandbox/log` | counts and the last requests |
//! | `POST /_sandbox/log/clear` | forgets them |
//! | `POST /_sandbox/reset` | the data of the start, no faults, an empty log; a body is taken as options |
//! | `POST /_sandbox/expire` | lets the access tokens run out |
//! | `POST /_sandbox/advance` | `{"seconds": n}` turns the clock forward, by a hundred years in all at most |
//! | `POST /_sandbox/fill` | `{"collection": "crm.deal", "count": 500}` fills a collection with new records |
//! | `GET /_sandbox/data` | the collections and their sizes |
//! | `GET /_sandbox/data/<collection>` | its records |

use std::time::Duration;

use serde_json::{Value, json};

use crate::sandbox::options::Options;
use crate::sandbox::reply::Reply;
use crate::sandbox::request::Inquiry;
use crate::sandbox::{Shared, auth};

/// The beginning of all control addresses.
pub(super) const PREFIX: &str = "/_sandbox/";

/// The most records that a collection is filled with.
const MOST_FILLED: usize = 1_000_000;

/// Answers a control request; `path` is what stands behind the prefix.
pub(super) fn answer(shared: &Shared, inquiry: &Inquiry, path: &str) -> Reply {
    let done = json!({ "done": true });
    let path = path.trim_matches('/');
    let body = match inquiry.json() {
        Ok(body) => body,
        Err(error) => return wrong(&format!("the body is not valid JSON: {error}")),
    };
    let outcome = match (inquiry.verb.as_str(), path) {
        ("GET", "options") => Ok(serde_json::to_value(&shared.state().options).unwrap_or_default()),
        ("POST" | "PUT", "options") => set_options(shared, &body),
        ("GET", "log") => {
            let log = shared.log_guard();
            Ok(json!({ "counts": log.counts, "requests": log.requests }))
        }
        ("POST", "log/clear") => {
            shared.log_guard().clear();
            Ok(done)
        }
        ("POST", "reset") => {
            shared.reset();
            set_options(shared, &body)
        }
        ("POST", "expire") => {
            auth::expire(&mut shared.state().store);
            Ok(done)
        }
        ("POST", "advance") => match body.get("seconds").and_then(Value::as_f64).map(Duration::try_from_secs_f64) {
            Some(Ok(time)) => {
                shared.advance(time);
                Ok(done)
            }
            _ => Err("send {\"seconds\": n}, the time to turn the clock forward".to_owned()),
        },
        ("POST", "fill") => {
            let count = body.get("count").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
            match (body.get("collection").and_then(Value::as_str), count) {
                (Some(collection), Some(count)) if count <= MOST_FILLED => {
                    shared.fill(collection, count);
                    Ok(done)
                }
                _ => Err(format!("send {{\"collection\": \"crm.deal\", \"count\": n}}, with {MOST_FILLED} at most")),
            }
        }
        ("GET", "data") => {
            let state = shared.state();
            Ok(state
                .store
                .sizes()
                .filter(|(name, _)| *name != auth::TOKENS)
                .map(|(name, size)| (name.to_owned(), Value::from(size)))
                .collect())
        }
        ("GET", path) if path.starts_with("data/") && path != "data/oauth.token" => {
            let state = shared.state();
            let records = state.store.all(path.trim_start_matches("data/"));
            Ok(records.values().map(|record| Value::Object(record.clone())).collect())
        }
        _ => {
            let body = json!({ "error": format!("there is no {} {PREFIX}{path}; see the guide to the simulated portal", inquiry.verb) });
            return Reply::json(404, &body);
        }
    };
    match outcome {
        Ok(body) => Reply::json(200, &body),
        Err(reason) => wrong(&reason),
    }
}

fn wrong(reason: &str) -> Reply {
    Reply::json(400, &json!({ "error": reason }))
}

fn set_options(shared: &Shared, changes: &Value) -> Result<Value, String> {
    let mut state = shared.state();
    let mut options: Options = state.options.clone();
    options.merge(changes)?;
    let shown = serde_json::to_value(&options).unwrap_or_default();
    state.set_options(options);
    Ok(shown)
}
