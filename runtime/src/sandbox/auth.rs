//! Who calls: webhooks and access tokens. Tokens are records of the store, so that they outlive the portal where the store
//! does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::sandbox::answer::Refusal;
use crate::sandbox::dispatch::Route;
use crate::sandbox::store::Store;
use crate::value::Object;

/// The collection of the tokens.
pub(super) const TOKENS: &str = "oauth.token";

/// [`Caller::by`] of a webhook.
pub(super) const WEBHOOK: &str = "webhook";

/// How long a refresh token lives.
pub(super) const REFRESH_LIFE: Duration = Duration::from_secs(180 * 24 * 3600);

/// Who a call is made for, and how far it may go.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Caller {
    /// The number of the user.
    pub(super) user: u64,
    /// `webhook` or `token`.
    pub(super) by: &'static str,
    /// Whose account the run time goes to.
    pub(super) account: String,
    /// The scopes; none: all.
    pub(super) scopes: Option<Vec<String>>,
}

impl Caller {
    /// Whether a method of this scope may be called. `tasks` covers `task` and the other way round: REST 2 and 3 name it
    /// differently.
    pub(super) fn covers(&self, scope: &str) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        let same = |known: &str| {
            known.eq_ignore_ascii_case(scope)
                || (matches!(scope, "task" | "tasks") && matches!(known, "task" | "tasks"))
        };
        matches!(scope, "" | "basic") || scopes.iter().any(|known| same(known))
    }
}

/// Seconds since 1970.
pub(super) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// A pair of tokens as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) access: String,
    /// Empty once it has been used.
    pub(super) refresh: String,
    pub(super) user: u64,
    pub(super) client: String,
    pub(super) scopes: Option<Vec<String>>,
    /// Unix seconds; none: never.
    pub(super) expires: Option<u64>,
    /// Unix seconds.
    pub(super) refresh_expires: u64,
}

impl Pair {
    /// As a record.
    pub(super) fn record(&self) -> Object {
        let record = json!({
            "ACCESS": self.access, "REFRESH": self.refresh, "USER": self.user, "CLIENT": self.client, "SCOPES": self.scopes,
            "EXPIRES": self.expires, "REFRESH_EXPIRES": self.refresh_expires,
        });
        record.as_object().cloned().unwrap_or_default()
    }

    /// From a record.
    pub(super) fn read(record: &Object) -> Self {
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| record.get(key).and_then(Value::as_u64);
        let scopes = record.get("SCOPES").and_then(Value::as_array);
        Self {
            access: text("ACCESS"),
            refresh: text("REFRESH"),
            user: number("USER").unwrap_or(0),
            client: text("CLIENT"),
            scopes: scopes.map(|scopes| scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            expires: number("EXPIRES"),
            refresh_expires: number("REFRESH_EXPIRES").unwrap_or(0),
        }
    }
}

/// Finds a pair by one of its tokens: `ACCESS` or `REFRESH`.
pub(super) fn pair(store: &Store, key: &str, token: &str) -> Option<(u64, Pair)> {
    let fits = |record: &Object| !token.is_empty() && record.get(key).and_then(Value::as_str) == Some(token);
    store.all(TOKENS).iter().rev().find(|(_, record)| fits(record)).map(|(id, record)| (*id, Pair::read(record)))
}

/// Lets all access tokens run out.
pub(super) fn expire(store: &mut Store) {
    let all: Vec<(u64, Object)> = store.all(TOKENS).iter().map(|(id, record)| (*id, record.clone())).collect();
    for (id, mut record) in all {
        record.insert("EXPIRES".into(), 0.into());
        store.put(TOKENS, id, record);
    }
}

fn no_auth() -> Refusal {
    Refusal::new(401, "NO_AUTH_FOUND", "Wrong authorization data")
}

/// What the owner of the portal has set for webhooks.
pub(super) struct Hooks<'h> {
    pub(super) code: &'h str,
    pub(super) scopes: Option<&'h Vec<String>>,
}

/// Finds out who calls.
pub(super) fn caller(
    route: &Route,
    token: Option<&str>,
    hooks: &Hooks<'_>,
    store: &Store,
    now: SystemTime,
) -> Result<Caller, Refusal> {
    let caller = match (&route.webhook, token) {
        (Some((user, code)), _) => {
            if *code != hooks.code || store.get("user", *user).is_none() {
                return Err(no_auth());
            }
            Caller { user: *user, by: WEBHOOK, account: format!("webhook {user}"), scopes: hooks.scopes.cloned() }
        }
        (None, Some(token)) => {
            let (_, pair) = pair(store, "ACCESS", token).ok_or_else(no_auth)?;
            if pair.expires.is_some_and(|end| end <= unix(now)) {
                return Err(Refusal::new(401, "expired_token", "The access token provided has expired."));
            }
            let account = format!("application {}", pair.client);
            Caller { user: pair.user, by: "token", account, scopes: pair.scopes }
        }
        (None, None) => return Err(no_auth()),
    };
    match store.get("user", caller.user).and_then(|user| user.get("ACTIVE")) {
        Some(active) if *active != false => Ok(caller),
        _ => Err(Refusal::new(403, "INVALID_CREDENTIALS", "Invalid request credentials")),
    }
}
