//! A call as it goes over the wire.

use bytes::Bytes;
use serde::Serializer as _;
use serde::ser::SerializeMap as _;
use serde_json::{Value, json};

use crate::address::Address;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::value::Object;

/// A request as it would be sent, to be shown: without a secret, and with file contents replaced by names and sizes.
#[derive(Clone)]
pub struct HttpRequest {
    method: String,
    rest: u8,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Object,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpRequest({})", self.dry_run())
    }
}

impl HttpRequest {
    pub(crate) fn new(address: &Address, user_agent: &str, call: &Call) -> Self {
        let method = call.method();
        Self {
            method: method.name.to_string(),
            rest: method.rest.number(),
            url: address.of_method_masked(&method.name, method.rest),
            headers: headers(user_agent),
            body: call.shown_params(),
        }
    }

    /// What would be sent, without a secret: `{"method", "rest", "http": {"verb", "url", "headers"}, "body"}`. Files
    /// are shown as `{"file": name, "bytes": n}`.
    pub fn dry_run(&self) -> Value {
        let headers: Object =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        json!({
            "method": self.method,
            "rest": self.rest,
            "http": { "verb": "POST", "url": self.url, "headers": headers },
            "body": self.body,
        })
    }
}

/// The headers that every request has.
pub(crate) fn headers(user_agent: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
        ("Accept", "application/json".to_owned()),
        ("User-Agent", user_agent.to_owned()),
    ]
}

/// The body with the token first, as the portal expects it. The parameters are not copied: they may hold files.
pub(crate) fn body(token: Option<&Secret>, params: &Object) -> Result<Bytes> {
    let write = |bytes: &mut Vec<u8>| -> Result<(), serde_json::Error> {
        let mut serializer = serde_json::Serializer::new(bytes);
        let mut map = serializer.serialize_map(None)?;
        if let Some(token) = token {
            map.serialize_entry("auth", token.expose())?;
        }
        // The token is the connection's: a parameter of that name does not replace it.
        for (key, value) in params.iter().filter(|(key, _)| token.is_none() || *key != "auth") {
            map.serialize_entry(key, value)?;
        }
        map.end()
    };
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(|error| Error::usage(format!("the parameters cannot be written as JSON: {error}")))?;
    Ok(bytes.into())
}
