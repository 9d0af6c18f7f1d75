//! One request and its answer over HTTP.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use url::Url;

use crate::client::builder::Settings;
use crate::request::HttpRequest;

/// How often a request follows a redirect.
const MOST_REDIRECTS: usize = 3;

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
pub(super) enum Failure {
    /// The portal surely did not get the request.
    NotSent(String),
    /// It may have got it.
    Interrupted(String),
    /// It may have got it, and did not answer in time.
    Timeout(Duration),
    /// It answered with something that ends the exchange without the call being carried out: status and reason.
    Unusable(u16, String),
}

/// The HTTP clients, each made when it is first needed: a client for https loads the machine's certificates, which
/// takes longer than all the rest of a command.
pub(super) struct Exchange {
    plain: OnceLock<Result<reqwest::Client, String>>,
    encrypted: OnceLock<Result<reqwest::Client, String>>,
    connect_timeout: Duration,
}

impl Exchange {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { plain: OnceLock::new(), encrypted: OnceLock::new(), connect_timeout: settings.connect_timeout }
    }

    fn http(&self, scheme: &str) -> Result<&reqwest::Client, Failure> {
        // Whoever uses rustls as well may have chosen a provider already; theirs stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(self.connect_timeout)
        };
        let client = if scheme == "http" {
            self.plain.get_or_init(|| {
                let roots = rustls::ClientConfig::builder().with_root_certificates(rustls::RootCertStore::empty());
                builder().tls_backend_preconfigured(roots.with_no_client_auth()).build().map_err(|error| reason(&error))
            })
        } else {
            self.encrypted.get_or_init(|| builder().build().map_err(|error| reason(&error)))
        };
        client.as_ref().map_err(|reason| Failure::NotSent(format!("cannot set up the HTTP client: {reason}")))
    }

    /// Sends a request. A portal that has moved answers with a redirect: the same POST is then made at its new place.
    pub(super) async fn send(&self, request: &HttpRequest, settings: &Settings) -> Result<Answer, Failure> {
        let until = Instant::now() + settings.timeout;
        let redact = |failure: Failure| match failure {
            Failure::NotSent(reason) => Failure::NotSent(settings.redact(&reason)),
            Failure::Interrupted(reason) => Failure::Interrupted(settings.redact(&reason)),
            Failure::Unusable(status, reason) => Failure::Unusable(status, settings.redact(&reason)),
            timeout @ Failure::Timeout(_) => timeout,
        };
        let mut url = Url::parse(request.url()).map_err(|error| Failure::NotSent(error.to_string()))?;
        let body = request.body();
        for _ in 0..=MOST_REDIRECTS {
            let left = until.saturating_duration_since(Instant::now());
            let response = self.post(&url, request, body.clone(), left, settings.timeout).await.map_err(redact)?;
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return read(response, settings).await.map_err(redact);
            }
            let location =
                response.headers().get("location").and_then(|location| location.to_str().ok()).unwrap_or_default();
            url = follow(&url, location).map_err(|reason| redact(Failure::Unusable(status, reason)))?;
        }
        Err(Failure::Unusable(302, format!("the portal redirected {MOST_REDIRECTS} times and more")))
    }

    async fn post(
        &self,
        url: &Url,
        request: &HttpRequest,
        body: Vec<u8>,
        left: Duration,
        timeout: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let mut post = self.http(url.scheme())?.post(url.clone()).body(body).timeout(left);
        for (name, value) in request.headers() {
            post = post.header(*name, value);
        }
        post.send().await.map_err(|error| classify(error, timeout))
    }
}

/// Where a redirect leads, if it may be followed: never from an encrypted connection to an open one.
fn follow(from: &Url, location: &str) -> Result<Url, String> {
    let to =
        from.join(location).ok().filter(|_| !location.is_empty()).ok_or("the portal redirects to no usable address")?;
    match (from.scheme(), to.scheme()) {
        (_, "https") => Ok(to),
        ("http", "http") => Ok(to),
        _ => Err(format!(
            "the portal redirects to {}, which is not encrypted; the request was not repeated there",
            to.host_str().unwrap_or("another address")
        )),
    }
}

async fn read(mut response: reqwest::Response, settings: &Settings) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let content_type =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(error, settings.timeout))? {
        if body.len() + chunk.len() > settings.largest_answer {
            return Err(Failure::Interrupted(format!("the answer is larger than {} bytes", settings.largest_answer)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, content_type, body })
}

fn classify(error: reqwest::Error, timeout: Duration) -> Failure {
    if error.is_connect() || error.is_builder() {
        Failure::NotSent(reason(&error))
    } else if error.is_timeout() {
        Failure::Timeout(timeout)
    } else {
        Failure::Interrupted(reason(&error))
    }
}

/// The innermost cause, which says most: `connection refused` rather than `error sending request`.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    if error.is_timeout() && error.is_connect() { "connecting took too long".to_owned() } else { text }
}
