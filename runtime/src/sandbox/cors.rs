//! Pages of any origin may call REST methods, as they may call the real portal's.

use hyper::Method;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue,
};

/// What a page of a public site asks before it may call this machine, and the answer to it.
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Whether a request is a browser's question beforehand, which calls nothing.
pub(super) fn asks(verb: &Method, headers: &HeaderMap) -> bool {
    verb == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that question.
pub(super) fn permit(asked: &HeaderMap, answer: &mut HeaderMap) {
    allow(answer);
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if let Some(headers) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
    }
    if asked.contains_key(REQUEST_PRIVATE_NETWORK) {
        answer.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
}

/// The headers that are the portal's own.
const OWN: &[&str] = &["idempotency-key", "idempotent-replayed", "x-sandbox-canned"];

/// Lets a page read an answer, and what it has of the portal's own headers.
pub(super) fn allow(answer: &mut HeaderMap) {
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    for name in OWN.iter().filter(|name| answer.contains_key(**name)).collect::<Vec<_>>() {
        answer.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(name));
    }
}
