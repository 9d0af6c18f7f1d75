//! Reading the portal's envelope.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::client::exchange::Answer;
use crate::error::PortalError;
use crate::number;
use crate::paging::{self, Layout};
use crate::response::Response;
use crate::value::Object;

/// Why an answer brings no result.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The portal says so, and tells the times.
    Portal(Box<PortalError>, Option<Object>),
    /// It is not what the protocol promises.
    Other(String),
}

/// Reads an answer. Its content decides, whatever its content type says.
///
/// `pages`: of a batch's answer, the pages are left as text, to be read when their turn comes.
pub(super) fn read(method: &str, answer: Answer, pages: Option<Layout>) -> Result<Response, Unreadable> {
    let Answer { status, content_type, mut body, .. } = answer;
    if let Cow::Owned(kept) = number::with_long_as_text(&body) {
        body = kept;
    }
    if let Some(layout) = pages {
        match as_pages(body, layout) {
            Ok(response) => return Ok(response),
            Err(other) => body = other,
        }
    }
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body);
    let other = |found: &str| Unreadable::Other(format!("expected JSON, got {found} ({})", status_line(status)));
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(other("an empty answer"));
    }
    let raw = match serde_json::from_slice(text) {
        Ok(Value::Object(raw)) => raw,
        Ok(value) => {
            return Err(Unreadable::Other(format!(
                "expected an object, got {} ({})",
                crate::value::kind(&value),
                status_line(status)
            )));
        }
        Err(error) if text.trim_ascii_start().starts_with(b"{") => {
            return Err(other(&format!("JSON that breaks off or is malformed ({error})")));
        }
        Err(_) => {
            let kind = content_type.split(';').next().unwrap_or_default().trim();
            return Err(other(if kind.is_empty() || kind.ends_with("json") { "something else" } else { kind }));
        }
    };
    if let Some(error) = portal_error(method, status, &raw) {
        let time = raw.get("time").and_then(Value::as_object).cloned();
        return Err(Unreadable::Portal(Box::new(error), time));
    }
    if !raw.contains_key("result") {
        return Err(Unreadable::Other(format!(
            "the answer has neither a result nor an error ({})",
            status_line(status)
        )));
    }
    Ok(Response::new(raw))
}

/// A batch's answer with its pages as text; what is anything else is given back.
fn as_pages(mut body: Vec<u8>, layout: Layout) -> Result<Response, Vec<u8>> {
    // The text is kept as long as one of its pages is.
    body.shrink_to_fit();
    let text = Arc::new(String::from_utf8(body).map_err(|error| error.into_bytes())?);
    paging::read_pages(&text, layout).ok_or_else(|| Arc::unwrap_or_clone(text).into_bytes())
}

/// The error of an envelope: REST 2 has a code and a description beside each other, REST 3.0 an object.
fn portal_error(method: &str, status: u16, raw: &Object) -> Option<PortalError> {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let error = raw.get("error")?;
    if error.is_null() && raw.contains_key("result") {
        return None;
    }
    let (code, description, validation) = match error {
        Value::Object(error) => {
            let field = |entry: &Value| (text(entry.get("field")), text(entry.get("message")));
            let validation = error.get("validation").and_then(Value::as_array);
            let validation = validation.map(|entries| entries.iter().map(field).collect()).unwrap_or_default();
            (text(error.get("code")), text(error.get("message")), validation)
        }
        error => {
            (text(Some(error)), text(raw.get("error_description").or_else(|| raw.get("error_message"))), Vec::new())
        }
    };
    Some(PortalError { method: method.to_owned(), status, code, description, validation })
}

fn status_line(status: u16) -> String {
    let words = reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    words.map_or_else(|| format!("HTTP {status}"), |words| format!("{status} {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &str) -> Result<Response, Unreadable> {
        read("m", Answer { status, content_type: content_type.into(), body: body.into(), ..Answer::default() }, None)
    }

    fn fault(status: u16, content_type: &str, body: &str) -> String {
        match answer(status, content_type, body) {
            Err(Unreadable::Portal(error, _)) => error.to_string(),
            Err(Unreadable::Other(reason)) => reason,
            Ok(response) => panic!("read as {response:?}"),
        }
    }

    #[test]
    fn results_are_read_whatever_the_content_type() {
        let response = answer(200, "text/html", "\u{FEFF}{\"result\":{\"error\":\"x\"},\"total\":\"7\",\"next\":50}")
            .expect("read");
        assert_eq!((response.total, response.next), (Some(7), Some(50)));
        assert!(answer(200, "", "{\"result\":null}").is_ok());
    }

    #[test]
    fn numbers_keep_their_digits() {
        let text = r#"{"result":[1527.8800197338637,89701012345678901234,-5e-7,18446744073709551615]}"#;
        let response = answer(200, "", text).expect("read");
        let expected = r#"[1527.8800197338637,"89701012345678901234",-5e-7,18446744073709551615]"#;
        assert_eq!(response.result.to_string(), expected);
    }

    #[test]
    fn errors_of_both_versions_are_read() {
        assert_eq!(
            fault(400, "", r#"{"error":"ERROR_CORE","error_description":"access_denied"}"#),
            "m: the portal answered ERROR_CORE: access_denied (HTTP 400)"
        );
        assert_eq!(
            fault(400, "", r#"{"error":"","error_description":"Access denied."}"#),
            "m: the portal answered with an error: Access denied. (HTTP 400)"
        );
        assert_eq!(fault(400, "", r#"{"error":0}"#), "m: the portal answered 0 (HTTP 400)");
        // Some methods refuse with the status of a success.
        assert_eq!(
            fault(200, "", r#"{"error":"CONNECTOR_NOT_FOUND","error_description":"Connector was not found."}"#),
            "m: the portal answered CONNECTOR_NOT_FOUND: Connector was not found. (HTTP 200)"
        );
        assert_eq!(
            fault(400, "", r#"{"error":{"code":"C","message":"M","validation":[{"field":"f","message":"w"}]}}"#),
            "m: the portal answered C: M (HTTP 400)\n  f: w"
        );
    }

    #[test]
    fn what_is_no_envelope_is_told_apart() {
        assert_eq!(fault(502, "text/html; charset=utf-8", "<html>"), "expected JSON, got text/html (502 Bad Gateway)");
        assert_eq!(fault(200, "application/json", " \n"), "expected JSON, got an empty answer (200 OK)");
        assert!(fault(200, "application/json", "{\"result\": [1, 2").contains("breaks off"));
        assert_eq!(fault(200, "application/json", "[]"), "expected an object, got an array (200 OK)");
        assert_eq!(fault(200, "application/json", "{}"), "the answer has neither a result nor an error (200 OK)");
    }
}
