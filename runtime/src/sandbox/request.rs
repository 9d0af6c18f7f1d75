//! A request as it came: the address, the parts of the head that matter, and the parameters of query and body.

use std::convert::Infallible;
use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use serde_json::{Value, json};

use crate::sandbox::answer::Refusal;
use crate::sandbox::{decode, v3};
use crate::value::Object;

/// The largest body taken, in bytes.
const LARGEST_BODY: usize = 64 << 20;

/// A request.
pub(super) struct Inquiry {
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) source: IpAddr,
    /// The name and port that the portal was reached by.
    pub(super) host: String,
    pub(super) is_tls: bool,
    pub(super) body: Bytes,
    /// Of a multipart body: its fields, as a form has them; a file is a pair of its name and its content in Base64.
    pub(super) fields: Option<Object>,
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) source: IpAddr,
    pub(super) is_tls: bool,
}

fn invalid(reason: impl Into<String>) -> Refusal {
    Refusal::new(400, "INVALID_REQUEST", reason)
}

/// Reads a request whole.
pub(super) async fn read(request: Request<Incoming>, from: Origin) -> Result<Inquiry, Refusal> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body =
        body.map_err(|error| Refusal::new(413, "INVALID_REQUEST", format!("The body cannot be read: {error}")))?;
    let mut inquiry = Inquiry {
        verb: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        host: head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1").to_owned(),
        headers: head.headers,
        source: from.source,
        is_tls: from.is_tls,
        body: body.to_bytes(),
        fields: None,
    };
    if let Ok(boundary) = multer::parse_boundary(inquiry.header("content-type")) {
        inquiry.multipart(boundary).await?;
    }
    Ok(inquiry)
}

impl Inquiry {
    /// A header as text, empty where it is missing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    async fn multipart(&mut self, boundary: String) -> Result<(), Refusal> {
        let wrong = |error: multer::Error| invalid(format!("The multipart body cannot be read: {error}"));
        let body = stream::iter([Ok::<Bytes, Infallible>(self.body.clone())]);
        let mut parts = multer::Multipart::new(body, boundary);
        let (mut form, mut files) = (decode::Form::default(), Object::new());
        while let Some(part) = parts.next_field().await.map_err(wrong)? {
            let field = part.name().unwrap_or_default().to_owned();
            match part.file_name().map(str::to_owned) {
                Some(name) => {
                    let content = BASE64_STANDARD.encode(part.bytes().await.map_err(wrong)?);
                    files.insert(field, json!([name, content]));
                }
                None => {
                    let text = part.bytes().await.map_err(wrong)?;
                    form.insert(&field, String::from_utf8_lossy(&text).into_owned()).map_err(invalid)?;
                }
            }
        }
        let mut fields = form.finish();
        fields.extend(files);
        self.fields = Some(fields);
        Ok(())
    }

    /// The parameters of query and body; the body wins.
    pub(super) fn params(&self) -> Result<Object, Refusal> {
        let mut params = decode::form(&self.query).map_err(invalid)?;
        if let Some(fields) = &self.fields {
            params.extend(fields.clone());
            return Ok(params);
        }
        if self.body.trim_ascii().is_empty() {
            return Ok(params);
        }
        let kind = self.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.ends_with("json") || self.body.trim_ascii_start().starts_with(b"{") {
            match serde_json::from_slice(&self.body) {
                Ok(Value::Object(body)) => params.extend(body),
                Ok(Value::Null) => {}
                // Parameters by position.
                Ok(Value::Array(items)) => {
                    params.extend(items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)));
                }
                Ok(_) => return Err(invalid("The body must be a JSON object")),
                Err(error) => return Err(invalid(format!("The body is not valid JSON: {error}"))),
            }
        } else if kind.is_empty() || kind == "application/x-www-form-urlencoded" {
            params.extend(decode::form(&String::from_utf8_lossy(&self.body)).map_err(invalid)?);
        } else {
            return Err(invalid(format!("Bodies of the type {kind} are not served")));
        }
        Ok(params)
    }

    /// The portal's address as the caller wrote it.
    pub(super) fn base(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.host)
    }

    /// The parameters of a call of REST 3.0: a JSON body alone counts.
    pub(super) fn params_v3(&self) -> Result<Object, Refusal> {
        let wrong = |reason: &str| v3::refusal(400, "INVALIDJSONEXCEPTION", reason);
        match self.json() {
            Ok(Value::Object(params)) => Ok(params),
            Ok(Value::Array(items)) => {
                Ok(items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect())
            }
            Ok(Value::Null) => Ok(Object::new()),
            Ok(_) => Err(wrong("The body must be a JSON object")),
            Err(error) => Err(wrong(&format!("The body is not valid JSON: {error}"))),
        }
    }

    /// The whole body as JSON.
    pub(super) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.trim_ascii().is_empty() {
            return Ok(Value::Object(Object::new()));
        }
        serde_json::from_slice(&self.body)
    }
}
