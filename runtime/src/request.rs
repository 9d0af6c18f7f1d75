//! A call as it goes over the wire.

use serde_json::{Value, json};

use crate::address::Address;
use crate::call::Call;
use crate::secret::Secret;
use crate::value::Object;

/// A request that is ready to be sent, or to be shown without being sent.
#[derive(Clone)]
pub struct HttpRequest {
    method: String,
    rest: u8,
    url: String,
    masked_url: String,
    headers: Vec<(&'static str, String)>,
    /// Without the token.
    body: Object,
    /// The body with file contents replaced by their names and sizes.
    shown_body: Object,
    token: Option<Secret>,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpRequest({})", self.dry_run())
    }
}

impl HttpRequest {
    pub(crate) fn new(address: &Address, token: Option<&Secret>, user_agent: &str, call: &Call) -> Self {
        let method = call.method();
        Self {
            method: method.name.to_string(),
            rest: method.rest.number(),
            url: address.of_method(&method.name, method.rest),
            masked_url: address.of_method_masked(&method.name, method.rest),
            headers: vec![
                ("Content-Type", "application/json; charset=utf-8".to_owned()),
                ("Accept", "application/json".to_owned()),
                ("User-Agent", user_agent.to_owned()),
            ],
            body: call.params().clone(),
            shown_body: call.shown_params(),
            token: token.cloned(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The body with the token first, as the portal expects it.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = Object::new();
        if let Some(token) = &self.token {
            body.insert("auth".into(), token.expose().into());
        }
        // The token is the connection's: a parameter of that name does not replace it.
        for (key, value) in &self.body {
            body.entry(key).or_insert_with(|| value.clone());
        }
        Value::Object(body).to_string().into_bytes()
    }

    /// What would be sent, without a secret: `{"method", "rest", "http": {"verb", "url", "headers"}, "body"}`. Files
    /// are shown as `{"file": name, "bytes": n}`.
    pub fn dry_run(&self) -> Value {
        let headers: Object =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        let mut body = self.shown_body.clone();
        // A caller's own `auth` is a secret as well.
        if let Some(auth) = body.get_mut("auth") {
            *auth = crate::secret::MASK.into();
        }
        json!({
            "method": self.method,
            "rest": self.rest,
            "http": { "verb": "POST", "url": self.masked_url, "headers": headers },
            "body": body,
        })
    }
}
