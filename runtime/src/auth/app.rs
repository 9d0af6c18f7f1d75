//! An application and its authorisation server.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::address::Address;
use crate::auth::{AuthError, Tokens};
use crate::client::{Answer, Exchange, Failure, RetryPolicy, Transport, random};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::value::Object;

/// The platform's authorisation server.
const SERVER: &str = "https://oauth.bitrix.info";
/// How long one request to it may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An OAuth 2 application as it is registered at the portal or in the Market: its id and its secret.
#[derive(Clone)]
pub struct OAuthApp {
    client_id: String,
    client_secret: Secret,
    server: String,
    transport: Transport,
    /// For the requests that are made without a client.
    exchange: OnceLock<Arc<Exchange>>,
}

impl std::fmt::Debug for OAuthApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuthApp")
            .field("client_id", &self.client_id)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl OAuthApp {
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// An application with its `client_id` and `client_secret`.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            server: SERVER.to_owned(),
            transport: Transport::default(),
            exchange: OnceLock::new(),
        }
    }

    /// Another authorisation server than `https://oauth.bitrix.info`. Plain http is taken on this machine only.
    #[must_use]
    pub fn server(mut self, address: impl Into<String>) -> Self {
        self.server = address.into();
        self
    }

    /// How the authorisation server is connected to by [`OAuthApp::exchange`] and [`OAuthApp::refresh`]. A client
    /// renews its tokens over its own transport.
    #[must_use]
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self.exchange = OnceLock::new();
        self
    }

    /// The address to which the user is sent to authorise the application. The portal sends him back to the
    /// `redirect_uri` of the application's settings, with `code` and the same `state`.
    ///
    /// # Errors
    /// [`Error::Usage`] when the portal's address cannot be used.
    pub fn authorize_url(&self, portal: &str, state: &str) -> Result<String> {
        let mut url = self.authorize(portal)?;
        url.query_pairs_mut().append_pair("state", state);
        Ok(url.into())
    }

    /// The same address without a `state`, for whoever opens it by hand and reads the code off the address bar.
    ///
    /// # Errors
    /// [`Error::Usage`] when the portal's address cannot be used.
    pub fn link(&self, portal: &str) -> Result<String> {
        self.authorize(portal).map(Into::into)
    }

    fn authorize(&self, portal: &str) -> Result<Url> {
        let portal = Address::parse(portal)?;
        let mut url = Url::parse(portal.origin()).map_err(|error| Error::usage(error.to_string()))?;
        url.set_path("/oauth/authorize/");
        url.query_pairs_mut().append_pair("client_id", &self.client_id);
        Ok(url)
    }

    /// Where the authorisation server makes tokens.
    ///
    /// # Errors
    /// [`Error::Auth`] when its address cannot be used, or is not safe for secrets.
    pub fn token_address(&self) -> Result<String> {
        Ok(self.endpoint()?.into())
    }

    /// Makes tokens of the code that the portal sent the user back with. A code lives 30 seconds and is good for once.
    ///
    /// # Errors
    /// [`Error::Auth`] when the authorisation server refuses or cannot be reached.
    pub async fn exchange(&self, code: &str) -> Result<Tokens> {
        let code = Secret::new(code);
        Ok(self.ask(self.own_exchange(), "authorization_code", "code", &code).await?)
    }

    /// Renews tokens by hand. The refresh token is used up; keep the new one. A client does all this by itself.
    ///
    /// # Errors
    /// [`Error::Auth`] when the authorisation server refuses or cannot be reached.
    pub async fn refresh(&self, tokens: &Tokens) -> Result<Tokens> {
        Ok(self.renew(self.own_exchange(), tokens).await?)
    }

    fn own_exchange(&self) -> &Exchange {
        self.exchange.get_or_init(|| Arc::new(Exchange::new(&self.transport)))
    }

    pub(crate) async fn renew(&self, exchange: &Exchange, tokens: &Tokens) -> Result<Tokens, AuthError> {
        let refresh = tokens.refresh.as_ref().ok_or_else(|| AuthError::Usage {
            reason: "the access token has run out, and there is no refresh token; authorise the application again"
                .to_owned(),
        })?;
        Ok(self.ask(exchange, "refresh_token", "refresh_token", refresh).await?.renewed(tokens))
    }

    /// Where the tokens are made, if that is a safe place.
    pub(crate) fn endpoint(&self) -> Result<Url, AuthError> {
        let usage = |reason: String| AuthError::Usage {
            reason: format!("the authorisation server's address cannot be used: {reason}"),
        };
        let address = Address::parse(&self.server).map_err(|error| usage(error.to_string()))?;
        if !address.is_safe() {
            return Err(usage(format!(
                "plain http to {} would show the secrets to anybody on the way",
                address.host()
            )));
        }
        Url::parse(&format!("{}/oauth/token/", address.origin())).map_err(|error| usage(error.to_string()))
    }

    /// One question to the authorisation server. What fails on the way is tried again: were a renewal lost, its refresh
    /// token would be as well.
    async fn ask(&self, exchange: &Exchange, grant: &str, key: &str, value: &Secret) -> Result<Tokens, AuthError> {
        let mut url = self.endpoint()?;
        let host = url.host_str().unwrap_or_default().to_owned();
        url.query_pairs_mut()
            .append_pair("grant_type", grant)
            .append_pair("client_id", &self.client_id)
            .append_pair("client_secret", self.client_secret.expose())
            .append_pair(key, value.expose());
        let redact = |text: &str| value.redact(&self.client_secret.redact(text));
        let policy = RetryPolicy::default().retries(2).base(Duration::from_millis(300));
        let mut retry = 0;
        loop {
            let (error, passes) = match exchange.get(&url, TIMEOUT).await {
                Ok(answer) => match read(&host, answer, redact) {
                    Ok(tokens) => return Ok(tokens),
                    Err(failed) => failed,
                },
                Err(failure) => {
                    let (reason, passes) = words(failure);
                    (AuthError::Unreachable { host: host.clone(), reason: redact(&reason) }, passes)
                }
            };
            if !passes || retry >= policy.retries {
                return Err(error);
            }
            tokio::time::sleep(policy.pause(retry, random())).await;
            retry += 1;
        }
    }
}

/// Reads the authorisation server's answer; an error comes with whether it may pass by itself.
fn read(host: &str, answer: Answer, redact: impl Fn(&str) -> String) -> Result<Tokens, (AuthError, bool)> {
    let host = host.to_owned();
    let status = answer.status;
    let passes = status >= 500;
    // The answer holds secrets: it is never quoted.
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(&answer.body) else {
        let reason = format!("expected JSON, got something else (HTTP {status})");
        return Err((AuthError::Unreachable { host, reason }, passes || status == 200));
    };
    if let Some(code) = said(&object, "error") {
        let description = said(&object, "error_description").unwrap_or_default();
        // The server may quote what it was sent.
        let (code, description) = (redact(&code), redact(&description));
        return Err((AuthError::Refused { host, code, description }, passes));
    }
    Tokens::from_answer(&object).ok_or_else(|| {
        let reason = format!("the answer holds neither tokens nor an error (HTTP {status})");
        (AuthError::Unreachable { host, reason }, passes)
    })
}

fn said(object: &Object, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn words(failure: Failure) -> (String, bool) {
    match failure {
        Failure::NotSent { reason, passes } => (reason, passes),
        Failure::Interrupted(reason) => (format!("the connection broke: {reason}"), true),
        Failure::Timeout(after) => (format!("no answer within {} s", after.as_secs_f64()), true),
        Failure::TooLarge(_, most) => (format!("the answer is larger than {most} bytes"), false),
        Failure::Unusable(status, reason) => (format!("{reason} (HTTP {status})"), false),
        Failure::Packed(status, reason) => (format!("the answer cannot be unpacked: {reason} (HTTP {status})"), true),
        Failure::Elsewhere(_, failure) => words(*failure),
    }
}

/// A random text to send along as `state` and to compare when the user comes back.
///
/// # Errors
/// [`Error::Usage`] when the system has no randomness to give.
pub fn random_state() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::usage(format!("no randomness: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_sent_to_his_portal() {
        let app = OAuthApp::new("app.1 &2", "s3cret");
        let url = app.authorize_url("b24.example.org", "x/1").expect("a good address");
        assert_eq!(url, "https://b24.example.org/oauth/authorize/?client_id=app.1+%262&state=x%2F1");
        assert!(app.authorize_url("ftp://h", "x").is_err());
        assert!(!format!("{app:?}").contains("s3cret"));
        assert_ne!(random_state().expect("random"), random_state().expect("random"));
    }

    #[test]
    fn secrets_are_sent_to_safe_servers_only() {
        let app = |server: &str| OAuthApp::new("a", "b").server(server).endpoint().map(String::from);
        assert_eq!(app("https://oauth.example.org"), Ok("https://oauth.example.org/oauth/token/".to_owned()));
        assert_eq!(app("http://127.0.0.1:9"), Ok("http://127.0.0.1:9/oauth/token/".to_owned()));
        assert!(app("http://oauth.example.org").is_err_and(|error| error.to_string().contains("plain http")));
    }
}
