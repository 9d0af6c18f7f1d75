//! Who calls: webhooks and access tokens.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::sandbox::answer::Refusal;
use crate::sandbox::dispatch::Route;
use crate::sandbox::store::Store;

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
    /// Whether a method of this scope may be called.
    pub(super) fn covers(&self, scope: &str) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        matches!(scope, "" | "basic") || scopes.iter().any(|known| known.eq_ignore_ascii_case(scope))
    }
}

/// An access token's owner and end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grant {
    pub(super) user: u64,
    pub(super) expires: Option<SystemTime>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) client: String,
}

/// All access tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    pub(super) access: BTreeMap<String, Grant>,
}

impl Tokens {
    /// Lets all access tokens run out.
    pub(super) fn expire(&mut self) {
        for grant in self.access.values_mut() {
            grant.expires = Some(SystemTime::UNIX_EPOCH);
        }
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
    tokens: &Tokens,
    store: &Store,
    now: SystemTime,
) -> Result<Caller, Refusal> {
    let caller = match (&route.webhook, token) {
        (Some((user, code)), _) => {
            if *code != hooks.code || store.get("user", *user).is_none() {
                return Err(no_auth());
            }
            Caller { user: *user, by: "webhook", account: format!("webhook {user}"), scopes: hooks.scopes.cloned() }
        }
        (None, Some(token)) => {
            let grant = tokens.access.get(token).ok_or_else(no_auth)?;
            if grant.expires.is_some_and(|end| end <= now) {
                return Err(Refusal::new(401, "expired_token", "The access token provided has expired."));
            }
            let account = format!("application {}", grant.client);
            Caller { user: grant.user, by: "token", account, scopes: grant.scopes.clone() }
        }
        (None, None) => return Err(no_auth()),
    };
    match store.get("user", caller.user).and_then(|user| user.get("ACTIVE")) {
        Some(active) if *active != false => Ok(caller),
        _ => Err(Refusal::new(403, "INVALID_CREDENTIALS", "Invalid request credentials")),
    }
}
