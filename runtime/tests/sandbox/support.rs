//! Portals, and a caller that speaks bare HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bitrix24_runtime::Value;
use bitrix24_runtime::sandbox::{Portal, Sandbox};
use bitrix24_runtime::table::Tables;

const TABLES: Tables = Tables::EMPTY;

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(&TABLES)
}

pub(crate) fn portal() -> Portal {
    sandbox().start().expect("a free port")
}

/// An answer: status, head in lower case, and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Sends a request from an address of this machine. None: the connection ended without an answer.
pub(crate) fn request(portal: &Portal, line: &str, headers: &str, body: &[u8]) -> Option<Answer> {
    let host = portal.address().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).expect("sent");
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head, body: bytes[end + 4..].to_vec() })
}

/// Calls a method by the administrator's webhook with a JSON body.
pub(crate) fn call(portal: &Portal, method: &str, params: &Value) -> Option<Answer> {
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned() + method;
    request(portal, &format!("POST {path}"), "Content-Type: application/json\r\n", params.to_string().as_bytes())
}

/// Calls a method of REST 3.0 by the administrator's webhook, and answers the whole envelope.
pub(crate) fn send_v3(portal: &Portal, method: &str, params: &Value) -> Value {
    let path = portal.webhook().trim_start_matches(&portal.address()).replace("/rest/", "/rest/api/") + method;
    request(portal, &format!("POST {path}"), "", params.to_string().as_bytes()).expect("an answer").json()
}

pub(crate) fn answer(portal: &Portal, method: &str, params: Value) -> (u16, Value) {
    let answer = call(portal, method, &params).expect("an answer");
    (answer.status, answer.json())
}

pub(crate) fn control(portal: &Portal, line: &str, body: &Value) -> (u16, Value) {
    let answer = request(portal, line, "", body.to_string().as_bytes()).expect("an answer");
    (answer.status, answer.json())
}
