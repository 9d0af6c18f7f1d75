//! The HTTP side: connections, bodies, and the way from a request to its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use crate::sandbox::Shared;
use crate::sandbox::answer::{Refusal, envelope};
use crate::sandbox::dispatch::{Inquiry, answer};

/// The largest body taken, in bytes.
const LARGEST_BODY: usize = 64 << 20;

/// Serves until it is dropped.
pub(super) async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| respond(request, Arc::clone(&shared)));
                    // A client that goes away in the middle is no concern of ours.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            // Out of file descriptors, most likely: wait for some to come free.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn respond(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>, Infallible> {
    let since = SystemTime::now();
    let (head, body) = request.into_parts();
    let inquiry = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => {
            let header = |name: &str| {
                head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
            };
            Ok(Inquiry {
                verb: head.method.to_string(),
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                content_type: header("content-type"),
                authorization: header("authorization"),
                body: body.to_bytes().to_vec(),
            })
        }
        Err(error) => Err(format!("the body cannot be read: {error}")),
    };
    let (outcome, rest) = match inquiry {
        Ok(inquiry) => answer(&shared, inquiry),
        Err(reason) => (Err(Refusal::new(413, "INVALID_REQUEST", reason)), 2),
    };
    let text = envelope(&outcome, rest, since).to_string();
    let status = outcome.as_ref().map_or_else(|refusal| refusal.status, |_| 200);
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if outcome.is_ok_and(|success| success.canned) {
        headers.insert("X-Sandbox-Canned", HeaderValue::from_static("true"));
    }
    Ok(response)
}
