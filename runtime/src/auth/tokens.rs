//! The tokens of an application at one portal.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::secret::Secret;
use crate::value::Object;

/// What an application holds of a portal. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tokens {
    /// The access token, which lives an hour.
    pub access: Secret,
    /// The refresh token, which lives 180 days and is replaced with each renewal. Events carry none.
    pub refresh: Option<Secret>,
    /// When the access token runs out by this machine's clock, if that is known.
    pub expires_at: Option<SystemTime>,
    /// Where the portal's methods are: `https://<portal>/rest/`. A portal may move; the newest tokens know.
    pub endpoint: Option<String>,
    /// The portal's lasting identifier.
    pub member_id: Option<String>,
    /// The number of the user that calls are made for.
    pub user_id: Option<u64>,
    /// The scopes, separated by commas.
    pub scope: Option<String>,
    /// The application's status: `L` local, `F` free, `D` demo, `T` trial, `P` paid.
    pub status: Option<String>,
}

impl Tokens {
    /// Tokens of which nothing else is known.
    pub fn new(access: impl Into<Secret>, refresh: impl Into<Secret>) -> Self {
        Self {
            access: access.into(),
            refresh: Some(refresh.into()),
            expires_at: None,
            endpoint: None,
            member_id: None,
            user_id: None,
            scope: None,
            status: None,
        }
    }

    /// Reads tokens as the platform hands them over: the answer of the authorisation server, `auth` of an event or of
    /// the installation, the form that a portal posts to an application in a frame (`AUTH_ID`, `REFRESH_ID`, with
    /// `DOMAIN` of the query). None when there is no access token among it.
    pub fn from_answer(answer: &Object) -> Option<Self> {
        let any = |names: &[&str]| names.iter().find_map(|name| text(answer.get(*name)?));
        let access = any(&["access_token", "AUTH_ID"])?;
        let number = |names: &[&str]| any(names)?.parse::<u64>().ok();
        // A lifetime does not depend on whose clock is right.
        let expires_at = match number(&["expires_in", "AUTH_EXPIRES"]) {
            Some(seconds) => SystemTime::now().checked_add(Duration::from_secs(seconds)),
            None => number(&["expires"]).and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(at))),
        };
        Some(Self {
            access: access.into(),
            refresh: any(&["refresh_token", "REFRESH_ID"]).map(Secret::from),
            expires_at,
            endpoint: any(&["client_endpoint"])
                .or_else(|| any(&["DOMAIN"]).map(|domain| format!("https://{domain}/rest/"))),
            member_id: any(&["member_id"]),
            user_id: number(&["user_id"]),
            scope: any(&["scope", "APPLICATION_SCOPE"]),
            status: any(&["status"]),
        })
    }

    /// The tokens as JSON, secrets included, in the form that [`Tokens::from_answer`] reads.
    pub fn expose_json(&self) -> Value {
        let mut object = Object::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(key.to_owned(), value);
            }
        };
        put("access_token", Some(self.access.expose().into()));
        put("refresh_token", self.refresh.as_ref().map(|refresh| refresh.expose().into()));
        let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).ok().map(|at| at.as_secs().into());
        put("expires", self.expires_at.and_then(seconds));
        put("client_endpoint", self.endpoint.clone().map(Value::from));
        put("member_id", self.member_id.clone().map(Value::from));
        put("user_id", self.user_id.map(Value::from));
        put("scope", self.scope.clone().map(Value::from));
        put("status", self.status.clone().map(Value::from));
        object.into()
    }

    /// Whether the access token's time has passed.
    pub fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= SystemTime::now())
    }

    /// What a renewal does not tell stays as it was.
    pub(crate) fn renewed(mut self, old: &Self) -> Self {
        self.refresh = self.refresh.or_else(|| old.refresh.clone());
        self.endpoint = self.endpoint.or_else(|| old.endpoint.clone());
        self.member_id = self.member_id.or_else(|| old.member_id.clone());
        self.user_id = self.user_id.or(old.user_id);
        self.scope = self.scope.or_else(|| old.scope.clone());
        self.status = self.status.or_else(|| old.status.clone());
        self
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn every_form_of_the_platform_is_read() {
        let answer = object(json!({
            "access_token": "a", "refresh_token": "r", "expires_in": 3600, "expires": 5, "user_id": 7,
            "client_endpoint": "https://b24.example.org/rest/", "member_id": "m", "scope": "user,crm", "status": "L",
        }));
        let tokens = Tokens::from_answer(&answer).expect("tokens");
        assert!(!tokens.has_expired() && tokens.expires_at.is_some(), "a lifetime counts from now");
        let kept = Tokens::from_answer(&object(tokens.expose_json())).expect("as it was kept");
        assert_eq!((&kept.access, &kept.refresh, &kept.endpoint), (&tokens.access, &tokens.refresh, &tokens.endpoint));
        assert!(!kept.has_expired());

        let frame =
            object(json!({"AUTH_ID": "a", "REFRESH_ID": "r", "AUTH_EXPIRES": "3600", "DOMAIN": "b24.example.org"}));
        let tokens = Tokens::from_answer(&frame).expect("tokens");
        assert_eq!(tokens.endpoint.as_deref(), Some("https://b24.example.org/rest/"));
        let event = object(json!({"access_token": "a", "expires": 5, "domain": "b24.example.org"}));
        let tokens = Tokens::from_answer(&event).expect("tokens");
        assert!(tokens.refresh.is_none() && tokens.has_expired());
        assert_eq!(Tokens::from_answer(&object(json!({"error": "invalid_grant"}))), None);
    }

    #[test]
    fn secrets_are_not_shown() {
        let tokens = Tokens::new("s3cretAccess", "s3cretRefresh");
        assert!(!format!("{tokens:?}").contains("s3cret"));
    }
}
