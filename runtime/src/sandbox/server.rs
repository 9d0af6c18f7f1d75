//! The HTTP side: connections, and the way from a request to its answer.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::sandbox::answer::envelope;
use crate::sandbox::limits::Charge;
use crate::sandbox::reply::{Ending, Reply};
use crate::sandbox::request::Origin;
use crate::sandbox::{Shared, control, cors, disk, dispatch, oauth, page, request};

/// Serves until it is dropped.
pub(super) async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, peer.ip(), Arc::clone(&shared)));
            }
            // Out of file descriptors, most likely: wait for some to come free.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The first byte of a TLS connection.
const HANDSHAKE: u8 = 0x16;

/// Serves a connection: plain, or TLS where the portal has a certificate and the caller begins so.
async fn connection(stream: TcpStream, source: IpAddr, shared: Arc<Shared>) {
    shared.log_guard().connected();
    let mut first = [0];
    let wants_tls =
        shared.tls.is_some() && stream.peek(&mut first).await.is_ok_and(|count| count == 1 && first[0] == HANDSHAKE);
    let stream = Tcp::new(stream);
    let reset = Arc::clone(&stream.reset);
    match &shared.tls {
        Some(tls) if wants_tls => {
            if let Ok(stream) = tls.acceptor.accept(stream).await {
                http(stream, Origin { source, is_tls: true }, reset, Arc::clone(&shared)).await;
            }
        }
        _ => http(stream, Origin { source, is_tls: false }, reset, shared).await,
    }
}

async fn http<S>(stream: S, from: Origin, reset: Arc<AtomicBool>, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| respond(request, from, Arc::clone(&shared), Arc::clone(&reset)));
    // Answers are short: head and body in one piece are cheaper than a list of pieces.
    let mut server = hyper::server::conn::http1::Builder::new();
    // A client that goes away in the middle is no concern of ours.
    let _ = server.writev(false).serve_connection(TokioIo::new(stream), service).await;
}

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer")]
struct Silence;

async fn respond(
    request: Request<Incoming>,
    from: Origin,
    shared: Arc<Shared>,
    reset: Arc<AtomicBool>,
) -> Result<Response<Payload>, Silence> {
    let since = SystemTime::now();
    let path = request.uri().path();
    if let Some(control) = path.strip_prefix(control::PREFIX) {
        let control = control.to_owned();
        let reply = match request::read(request, from).await {
            Ok(inquiry) => control::answer(&shared, &inquiry, &control),
            Err(refusal) => Reply::json(refusal.status, &serde_json::json!({ "error": refusal.description })),
        };
        return Ok(response(reply));
    }
    if let Some(path) = path.strip_prefix("/oauth/") {
        let path = path.to_owned();
        let reply = match request::read(request, from).await {
            Ok(inquiry) => oauth::answer(&shared, &inquiry, &path),
            Err(refusal) => Reply::json(refusal.status, &serde_json::json!({ "error": "invalid_request" })),
        };
        return Ok(response(reply));
    }
    if path == "/" {
        let reply = match request::read(request, from).await {
            Ok(inquiry) => page::answer(&shared, &inquiry),
            Err(refusal) => Reply::empty(refusal.status),
        };
        return Ok(response(reply));
    }
    let file = match path.trim_end_matches(".json").trim_end_matches('/') {
        "/rest/upload" => Some(disk::upload as fn(&Shared, &request::Inquiry) -> Reply),
        "/rest/download" => Some(disk::download as fn(&Shared, &request::Inquiry) -> Reply),
        _ => None,
    };
    if cors::asks(request.method(), request.headers()) {
        let mut permit = response(Reply::empty(204));
        permit.headers_mut().remove(CONTENT_LENGTH);
        cors::permit(request.headers(), permit.headers_mut());
        return Ok(permit);
    }
    let busy = Busy::new(&shared);
    let reply = match request::read(request, from).await {
        Ok(inquiry) => match file {
            Some(answer) => answer(&shared, &inquiry),
            None => dispatch::answer(&shared, &inquiry, since),
        },
        Err(refusal) => {
            let status = refusal.status;
            Reply::json(status, &envelope(Err(refusal), 2, since, Charge::default()))
        }
    };
    if !reply.wait.is_zero() {
        tokio::time::sleep(reply.wait).await;
    }
    drop(busy);
    match reply.ending {
        Ending::Close => return Err(Silence),
        Ending::Reset => {
            reset.store(true, Ordering::Relaxed);
            return Err(Silence);
        }
        Ending::Hang(time) => {
            tokio::time::sleep(time).await;
            return Err(Silence);
        }
        Ending::Whole | Ending::Truncated | Ending::Drip { .. } => {}
    }
    let mut response = response(reply);
    cors::allow(response.headers_mut());
    Ok(response)
}

/// Counts a request as being in work for as long as it lives.
struct Busy<'s> {
    shared: &'s Shared,
}

impl<'s> Busy<'s> {
    fn new(shared: &'s Shared) -> Self {
        shared.log_guard().begins();
        Self { shared }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.shared.log_guard().ends();
    }
}

fn response(reply: Reply) -> Response<Payload> {
    let length = reply.body.len();
    let mut response = Response::new(Payload::new(reply.body, reply.ending));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// How long a body that breaks off gives its first half to arrive.
const ARRIVAL: Duration = Duration::from_millis(20);

/// A body that comes whole, in drops, or breaks off.
struct Payload {
    rest: Bytes,
    piece: usize,
    pause: Duration,
    breaks: bool,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Payload {
    fn new(body: Bytes, ending: Ending) -> Self {
        let (piece, pause, breaks) = match ending {
            Ending::Drip { bytes, pause } => (bytes, pause, false),
            Ending::Truncated => (body.len() / 2, ARRIVAL, true),
            _ => (body.len(), Duration::ZERO, false),
        };
        Self { rest: body, piece: piece.max(1), pause, breaks, waiting: None }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(waiting) = &mut self.waiting {
            if waiting.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.waiting = None;
            if self.breaks {
                return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
            }
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.piece.min(self.rest.len());
        let piece = self.rest.split_to(size);
        if !self.rest.is_empty() {
            self.waiting = Some(Box::pin(tokio::time::sleep(self.pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.waiting.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// A connection that can be reset: what was not sent is dropped, and the peer is told so at once.
pub(super) struct Tcp {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Tcp {
    fn new(stream: TcpStream) -> Self {
        Self { stream, reset: Arc::default() }
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
