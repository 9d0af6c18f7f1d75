//! One request and its answer over HTTP.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use url::Url;

use crate::address::is_loopback;
use crate::client::builder::USER_AGENT;
use crate::client::transport::{Clients, Transport, cause};

/// How often a request follows a redirect.
const MOST_REDIRECTS: usize = 3;
/// The most memory that is set aside because an answer announces so many bytes.
const LARGEST_GUESS: usize = 8 << 20;
/// The largest answer of an authorisation server that is taken, in bytes.
const LARGEST_SMALL_ANSWER: usize = 1 << 20;

/// A request as it goes over the wire.
pub(super) struct Wire {
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// The time from sending it to the end of its answer.
    pub(super) timeout: Duration,
}

/// An answer as it came.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(super) content_type: String,
    /// How long the sender of the answer asks to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// Where the portal lives now, when it redirected to another place.
    pub(super) moved_to: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The portal surely did not get the request. A refused connection may pass by itself; a certificate that is not
    /// trusted does not.
    NotSent { reason: String, passes: bool },
    /// It may have got it.
    Interrupted(String),
    /// It may have got it, and did not answer in time.
    Timeout(Duration),
    /// It answered with more than is taken: status and limit.
    TooLarge(u16, usize),
    /// It answered with something that ends the exchange without the call being carried out: status and reason.
    Unusable(u16, String),
    /// It answered with something that cannot be unpacked: status and reason.
    Packed(u16, String),
    /// The same at another place that the portal redirected to: host and port, and what happened there.
    Elsewhere(String, Box<Self>),
}

/// One server after another: sends requests and reads answers.
#[derive(Debug)]
pub(crate) struct Exchange(Clients);

impl Exchange {
    pub(crate) fn new(transport: &Transport) -> Self {
        Self(Clients::new(transport))
    }

    fn http(&self, scheme: &str) -> Result<&reqwest::Client, Failure> {
        self.0.of(scheme).map_err(|reason| Failure::NotSent {
            reason: format!("cannot set up the HTTP client: {reason}"),
            passes: false,
        })
    }

    /// A question without a body. Redirects are not followed: the address holds secrets.
    pub(crate) async fn get(&self, url: &Url, timeout: Duration) -> Result<Answer, Failure> {
        let get = self.http(url.scheme())?.get(url.clone()).timeout(timeout);
        let get = get.header("Accept", "application/json").header("User-Agent", USER_AGENT);
        let response = get.send().await.map_err(|error| classify(&error, timeout))?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            return Err(Failure::Unusable(status, "it redirects".to_owned()));
        }
        read(response, timeout, LARGEST_SMALL_ANSWER).await
    }

    /// Sends a request. A portal that has moved answers with a redirect: the same POST is then made at its new place.
    pub(super) async fn send(&self, wire: &Wire, largest: usize) -> Result<Answer, Failure> {
        // A moment too far away to be told is none.
        let until = Instant::now().checked_add(wire.timeout);
        let mut url =
            Url::parse(&wire.url).map_err(|error| Failure::NotSent { reason: error.to_string(), passes: false })?;
        let origin = url.origin();
        for _ in 0..=MOST_REDIRECTS {
            let left = until.map_or(wire.timeout, |until| until.saturating_duration_since(Instant::now()));
            let there = |failure| match url.origin() == origin {
                true => failure,
                false => Failure::Elsewhere(host(&url), Box::new(failure)),
            };
            let response = self.post(&url, wire, left).await.map_err(there)?;
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                let answer = read(response, wire.timeout, largest).await.map_err(there)?;
                let moved_to = (url.origin() != origin).then(|| url.origin().ascii_serialization());
                return Ok(Answer { moved_to, ..answer });
            }
            let location =
                response.headers().get("location").and_then(|location| location.to_str().ok()).unwrap_or_default();
            // A portal that redirects has not carried the call out: otherwise it could not be made at the new place.
            url = follow(&url, location).map_err(|reason| not_done(status, &reason))?;
        }
        Err(not_done(302, &format!("the portal redirected {MOST_REDIRECTS} times and more")))
    }

    /// Sends a body that is read while it is sent. Nothing is sent twice: what was read is gone.
    pub(super) async fn post_stream(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        body: reqwest::Body,
        timeout: Duration,
        largest: usize,
    ) -> Result<Answer, Failure> {
        let mut post = self.http(url.scheme())?.post(url.clone()).body(body).timeout(timeout);
        for (name, value) in headers {
            post = post.header(*name, value);
        }
        let response = post.send().await.map_err(|error| classify(&error, timeout))?;
        read(response, timeout, largest).await
    }

    /// Asks for a file and brings the head of the answer. Redirects are followed: the address alone opens the file.
    pub(super) async fn open(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        wait: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let mut url = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let mut get = self.http(url.scheme())?.get(url.clone());
            for (name, value) in headers {
                get = get.header(*name, value);
            }
            let response = tokio::time::timeout(wait, get.send()).await;
            let response = response.map_err(|_| Failure::Timeout(wait))?.map_err(|error| classify(&error, wait))?;
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location =
                response.headers().get("location").and_then(|location| location.to_str().ok()).unwrap_or_default();
            url = follow(&url, location).map_err(|reason| Failure::Unusable(status, reason))?;
        }
        Err(Failure::Unusable(302, format!("the portal redirected {MOST_REDIRECTS} times and more")))
    }

    async fn post(&self, url: &Url, wire: &Wire, left: Duration) -> Result<reqwest::Response, Failure> {
        let mut post = self.http(url.scheme())?.post(url.clone()).body(wire.body.clone()).timeout(left);
        for (name, value) in &wire.headers {
            post = post.header(*name, value);
        }
        post.send().await.map_err(|error| classify(&error, wire.timeout))
    }
}

/// A call that the portal redirected without end or aim.
fn not_done(status: u16, reason: &str) -> Failure {
    Failure::Unusable(status, format!("{reason}; the call was not carried out"))
}

/// Host and port of an address, the port where it is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The next piece of a file; none at its end.
pub(super) async fn chunk(response: &mut reqwest::Response, wait: Duration) -> Result<Option<Bytes>, Failure> {
    let chunk = tokio::time::timeout(wait, response.chunk()).await.map_err(|_| Failure::Timeout(wait))?;
    chunk.map_err(|error| classify(&error, wait))
}

/// Where a redirect leads, if it may be followed.
fn follow(from: &Url, location: &str) -> Result<Url, String> {
    let to =
        from.join(location).ok().filter(|_| !location.is_empty()).ok_or("the portal redirects to no usable address")?;
    if is_as_safe(from, &to) {
        return Ok(to);
    }
    Err(format!(
        "the portal redirects to {}, which is not encrypted; the request was not repeated there",
        to.host_str().unwrap_or("another address")
    ))
}

/// Whether what goes to one address may go to the other: never from an encrypted connection to an open one, nor from this
/// machine over an open one to another.
pub(super) fn is_as_safe(from: &Url, to: &Url) -> bool {
    let is_here = |url: &Url| url.host().is_some_and(|host| is_loopback(&host));
    match (from.scheme(), to.scheme()) {
        (_, "https") => true,
        ("http", "http") => is_here(to) || !is_here(from),
        _ => false,
    }
}

async fn read(mut response: reqwest::Response, timeout: Duration, largest: usize) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (content_type, retry_after) = (header("content-type").to_owned(), retry_after(header("retry-after")));
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut body = Vec::with_capacity(announced.min(largest).min(LARGEST_GUESS));
    let failed = |error: reqwest::Error| match is_of_unpacking(&error) {
        true => Failure::Packed(status, reason(&error)),
        false => classify(&error, timeout),
    };
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > largest {
            return Err(Failure::TooLarge(status, largest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, content_type, retry_after, moved_to: None, body })
}

/// The header `Retry-After`: seconds, or a date.
fn retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok()
}

fn classify(error: &reqwest::Error, timeout: Duration) -> Failure {
    if error.is_connect() || error.is_builder() {
        Failure::NotSent { reason: reason(error), passes: error.is_connect() && passes(error) }
    } else if error.is_timeout() {
        Failure::Timeout(timeout)
    } else {
        Failure::Interrupted(reason(error))
    }
}

/// Whether all came, and cannot be unpacked. The library calls a line that breaks off by the same name; there, an error of the
/// protocol is the cause, and not one of reading.
fn is_of_unpacking(error: &reqwest::Error) -> bool {
    let first = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let mut causes = first.skip_while(|cause| cause.is::<reqwest::Error>());
    error.is_decode() && causes.next().is_some_and(|cause| cause.is::<std::io::Error>())
}

/// Whether a failure to connect may pass by itself.
fn passes(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind;
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            let is_passing = matches!(
                io.kind(),
                ErrorKind::ConnectionRefused
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable
                    | ErrorKind::NetworkDown
                    | ErrorKind::TimedOut
                    | ErrorKind::UnexpectedEof
                    | ErrorKind::AddrNotAvailable
            );
            // The resolver's "try again", which has no kind of its own.
            return is_passing || io.to_string().contains("Temporary failure");
        }
        cause = inner.source();
    }
    error.is_timeout()
}

/// What happened, in words.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() && error.is_connect() { "connecting took too long".to_owned() } else { cause(error) }
}
