//! The authorisation server: `/oauth/authorize/` and `/oauth/token/`. Whoever asks is let in as the administrator at once,
//! since nobody could click on "Allow" in a test.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::sandbox::auth::{self, Pair, REFRESH_LIFE, TOKENS, unix};
use crate::sandbox::dispatch::find;
use crate::sandbox::reply::Reply;
use crate::sandbox::request::Inquiry;
use crate::sandbox::state::State;
use crate::sandbox::store::Store;
use crate::sandbox::{Application, Shared};
use crate::value::Object;

/// How long a code lives.
const CODE_LIFE: Duration = Duration::from_secs(30);

/// How long an access token lives if nothing else is set.
const ACCESS_LIFE: Duration = Duration::from_secs(3600);

/// The name of the portal for applications.
const MEMBER: &str = "5a6e64626f78706f7274616c30303031";

/// Codes that have been given out, with the moment they run out.
pub(super) type Codes = BTreeMap<String, SystemTime>;

/// The pair of tokens that there is from the start. It does not run out unless a life is set.
pub(super) fn first(application: &Application, now: SystemTime, life: Option<Duration>) -> Pair {
    Pair {
        access: application.token.clone(),
        refresh: application.refresh.clone(),
        user: 1,
        client: application.client_id.clone(),
        scopes: application.scopes.clone(),
        expires: life.map(|life| unix(now).saturating_add(life.as_secs())),
        refresh_expires: unix(now + REFRESH_LIFE),
    }
}

/// Answers what is asked below `/oauth/`.
pub(super) fn answer(shared: &Shared, inquiry: &Inquiry, path: &str) -> Reply {
    let params = inquiry.params().unwrap_or_default();
    match path.trim_matches('/') {
        "authorize" => authorize(shared, inquiry, &params),
        "token" => {
            shared.log_guard().counts.token_requests += 1;
            token(shared, inquiry, &params).unwrap_or_else(|(status, code, text)| {
                Reply::json(status, &json!({ "error": code, "error_description": text }))
            })
        }
        _ => Reply::empty(404),
    }
}

fn text(params: &Object, name: &str) -> String {
    find(params, name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// Sends the browser back with a code. A failed authorisation is shown and not redirected, as the portal does.
fn authorize(shared: &Shared, inquiry: &Inquiry, params: &Object) -> Reply {
    let client = text(params, "client_id");
    if client != shared.application.client_id {
        return Reply { status: 400, ..Reply::text("There is no application of this client_id.") };
    }
    let mut state = shared.state();
    let now = state.now();
    state.codes.retain(|_, end| *end > now);
    let code = secret(&mut state);
    state.codes.insert(code.clone(), now + CODE_LIFE);
    let scope = scopes(shared.application.scopes.as_ref(), ",");
    let mut back = url::form_urlencoded::Serializer::new(String::new());
    back.append_pair("code", &code)
        .append_pair("state", &text(params, "state"))
        .append_pair("domain", &inquiry.host)
        .append_pair("member_id", MEMBER)
        .append_pair("scope", &scope)
        .append_pair("server_domain", &inquiry.host);
    let back = back.finish();
    match text(params, "redirect_uri") {
        uri if uri.is_empty() => Reply::text(&format!("code={code}")),
        uri => {
            let joint = if uri.contains('?') { '&' } else { '?' };
            Reply::empty(302).with("location", &format!("{uri}{joint}{back}"))
        }
    }
}

type Wrong = (u16, &'static str, &'static str);

fn token(shared: &Shared, inquiry: &Inquiry, params: &Object) -> Result<Reply, Wrong> {
    let application = &shared.application;
    if text(params, "client_id") != application.client_id || text(params, "client_secret") != application.client_secret
    {
        return Err((401, "invalid_client", "The client credentials are invalid"));
    }
    let mut state = shared.state();
    let now = state.now();
    let (user, scopes) = match text(params, "grant_type").as_str() {
        "authorization_code" => match state.codes.remove(&text(params, "code")) {
            Some(end) if end > now => (1, application.scopes.clone()),
            _ => return Err((400, "invalid_grant", "The authorization code doesn't exist, was used or has run out")),
        },
        "refresh_token" => {
            let found = auth::pair(&state.store, "REFRESH", &text(params, "refresh_token"));
            let (id, mut old) = found.ok_or((400, "invalid_grant", "The refresh token doesn't exist or was used"))?;
            if old.refresh_expires <= unix(now) {
                return Err((400, "invalid_grant", "The refresh token has run out"));
            }
            let kept = (old.user, old.scopes.clone());
            old.refresh.clear();
            state.store.put(TOKENS, id, old.record());
            kept
        }
        _ => return Err((400, "invalid_request", "grant_type must be authorization_code or refresh_token")),
    };
    forget_old(&mut state.store, unix(now));
    let life = state.options.token_life.unwrap_or(ACCESS_LIFE);
    let pair = Pair {
        access: secret(&mut state),
        refresh: secret(&mut state),
        user,
        client: application.client_id.clone(),
        scopes: scopes.clone(),
        expires: Some(unix(now).saturating_add(life.as_secs())),
        refresh_expires: unix(now + REFRESH_LIFE),
    };
    let id = state.store.next(TOKENS);
    state.store.put(TOKENS, id, pair.record());
    let end_point = format!("{}/rest/", inquiry.base());
    Ok(Reply::json(
        200,
        &json!({
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_in": life.as_secs(),
            "expires": pair.expires,
            "scope": self::scopes(scopes.as_ref(), ","),
            "domain": inquiry.host,
            "server_endpoint": end_point,
            "client_endpoint": end_point,
            "status": "L",
            "member_id": MEMBER,
            "user_id": pair.user,
        }),
    ))
}

fn scopes(scopes: Option<&Vec<String>>, joint: &str) -> String {
    match scopes {
        Some(scopes) => scopes.join(joint),
        None => super::dispatch::all_scopes().join(joint),
    }
}

/// A new secret.
fn secret(state: &mut State) -> String {
    format!("{:032x}{:016x}", state.secrets.u128(..), state.secrets.u64(..))
}

/// Tokens that ran out a day ago and cannot be refreshed are of no use.
fn forget_old(store: &mut Store, now: u64) {
    let day = 24 * 3600;
    let is_old = |pair: &Pair| pair.refresh.is_empty() && pair.expires.is_some_and(|end| end.saturating_add(day) < now);
    let old: Vec<u64> =
        store.all(TOKENS).iter().filter(|(_, record)| is_old(&Pair::read(record))).map(|(id, _)| *id).collect();
    for id in old {
        store.remove(TOKENS, id);
    }
}
