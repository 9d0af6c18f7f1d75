//! A server whose every answer a test decides, faults of the wire included. Connections are kept alive, and each has a
//! thread of its own.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::Value;

/// The code of the webhook that tests use; it must never show up in an error.
pub(crate) const CODE: &str = "s3cretCode";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) verb: String,
    /// Path and query.
    pub(crate) target: String,
    /// The head in lower case, without the first line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Which request of the server this is, from 0.
    pub(crate) number: usize,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The value of a key in the query.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    }
}

/// What a server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status and JSON.
    Json(u16, Value),
    /// Status, headers (each with its line end) and body.
    Raw(u16, String, Vec<u8>),
    /// Closes the connection without a byte.
    HangUp,
    /// Resets the connection without a byte, as far as the system lets it.
    Reset,
    /// Promises the whole answer, sends half of it, and closes.
    CutOff(u16, Value),
    /// Sends half of the JSON as if it were all.
    Truncated(u16, Value),
    /// Sends the answer byte by byte with pauses.
    Drip(Value, Duration),
    /// Says nothing for a while, then closes.
    Silence(Duration),
    /// Answers, and closes the connection although it was to be kept alive.
    AndClose(u16, Value),
}

pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("known").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (kept, counted, handler) = (Arc::clone(&requests), Arc::clone(&connections), Arc::new(handler));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                counted.fetch_add(1, Ordering::SeqCst);
                let (kept, handler) = (Arc::clone(&kept), Arc::clone(&handler));
                std::thread::spawn(move || serve(stream, &kept, handler.as_ref()));
            }
        });
        Self { address, requests, connections }
    }

    pub(crate) fn webhook(&self) -> String {
        format!("http://{}/rest/1/{CODE}/", self.address)
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("whole").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Request>>, handler: &(impl Fn(&Request) -> Reply + ?Sized)) {
    let _ = stream.set_nodelay(true);
    let mut rest = Vec::new();
    while let Some(mut request) = read(&mut stream, &mut rest) {
        {
            let mut kept = kept.lock().expect("whole");
            request.number = kept.len();
            kept.push(request.clone());
        }
        if !answer(&mut stream, handler(&request)) {
            return;
        }
    }
}

/// Reads one request; none when the client has gone.
fn read(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Request> {
    let mut buffer = [0; 16384];
    loop {
        if let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let (first, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
            let headers = headers.replace("\r\n", "\n").to_lowercase();
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let whole = end + 4 + length.unwrap_or(0_usize);
            if rest.len() >= whole {
                let mut words = first.split(' ').map(str::to_owned);
                let (verb, target) = (words.next()?, words.next()?);
                let body = rest[end + 4..whole].to_vec();
                rest.drain(..whole);
                return Some(Request { verb, target, head: headers, body, number: 0 });
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => rest.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Whether the connection goes on.
fn answer(stream: &mut TcpStream, reply: Reply) -> bool {
    const JSON: &str = "content-type: application/json\r\n";
    let whole = |status: u16, headers: &str, body: &[u8], promised: usize| {
        [format!("HTTP/1.1 {status} X\r\n{headers}content-length: {promised}\r\n\r\n").as_bytes(), body].concat()
    };
    match reply {
        Reply::Json(status, value) => {
            let body = value.to_string();
            stream.write_all(&whole(status, JSON, body.as_bytes(), body.len())).is_ok()
        }
        Reply::Raw(status, headers, body) => stream.write_all(&whole(status, &headers, &body, body.len())).is_ok(),
        Reply::AndClose(status, value) => {
            let body = value.to_string();
            let _ = stream.write_all(&whole(status, JSON, body.as_bytes(), body.len()));
            let _ = stream.shutdown(Shutdown::Both);
            false
        }
        Reply::HangUp => {
            let _ = stream.shutdown(Shutdown::Both);
            false
        }
        // Unread bytes make the system send a reset, but all are read: half an answer's head does as well.
        Reply::Reset => {
            let _ = stream.write_all(b"HTTP/1.1 200");
            false
        }
        Reply::CutOff(status, value) => {
            let body = value.to_string();
            let _ = stream.write_all(&whole(status, JSON, &body.as_bytes()[..body.len() / 2], body.len()));
            false
        }
        Reply::Truncated(status, value) => {
            let body = value.to_string();
            let half = &body.as_bytes()[..body.len() / 2];
            stream.write_all(&whole(status, JSON, half, half.len())).is_ok()
        }
        Reply::Drip(value, pause) => {
            let body = value.to_string();
            for byte in whole(200, JSON, body.as_bytes(), body.len()) {
                if stream.write_all(&[byte]).is_err() {
                    return false;
                }
                std::thread::sleep(pause);
            }
            true
        }
        Reply::Silence(time) => {
            std::thread::sleep(time);
            false
        }
    }
}

/// All that an error shows, its causes included.
pub(crate) fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    text
}
