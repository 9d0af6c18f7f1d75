//! Reading the portal's envelope.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::client::exchange::Answer;
use crate::error::PortalError;
use crate::response::{Response, Texts};
use crate::value::Object;

/// Why an answer brings no result.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The portal says so, and tells the times.
    Portal(Box<PortalError>, Option<Object>),
    /// It is not what the protocol promises.
    Other(String),
}

/// Texts up to this size are read at once: they do not fill the memory, and finding the results in them would cost as much as
/// reading them.
const SMALL: usize = 512 << 10;

/// Reads an answer. Its content decides, whatever its content type says.
///
/// `as_text`: of a batch's answer, the commands' results are left as text, to be read when their turn comes.
pub(super) fn read(method: &str, answer: Answer, as_text: bool) -> Result<Response, Unreadable> {
    let Answer { status, content_type, body, .. } = answer;
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body);
    let other = |found: &str| Unreadable::Other(format!("expected JSON, got {found} ({})", status_line(status)));
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(other("an empty answer"));
    }
    if as_text
        && text.len() > SMALL
        && let Some(response) = read_as_text(text)
    {
        return Ok(response);
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

/// A batch's answer with the commands' results as text; none where it is anything else.
fn read_as_text(text: &[u8]) -> Option<Response> {
    #[derive(Deserialize)]
    struct Envelope {
        result: Parts,
        error: Option<IgnoredAny>,
        time: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Parts {
        result: Texts,
        #[serde(default)]
        result_error: Value,
        #[serde(default)]
        result_total: Value,
        #[serde(default)]
        result_next: Value,
        #[serde(default)]
        result_time: Value,
    }
    let Envelope { result, error: None, time } = serde_json::from_slice(text).ok()? else { return None };
    let mut envelope = Object::new();
    envelope.insert(
        "result".into(),
        json!({
            "result_error": result.result_error, "result_total": result.result_total,
            "result_next": result.result_next, "result_time": result.result_time,
        }),
    );
    envelope.extend(time.map(|time| ("time".to_owned(), time)));
    Some(Response::new(envelope).with_texts(result.result))
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
        read("m", Answer { status, content_type: content_type.into(), body: body.into(), ..Answer::default() }, false)
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
        assert_eq!(
            fault(400, "", r#"{"error":{"code":"C","message":"M","validation":[{"field":"f","message":"w"}]}}"#),
            "m: the portal answered C: M (HTTP 400)\n  f: w"
        );
    }

    #[test]
    fn results_of_a_batch_may_stay_text() {
        let of = |body: &str| {
            let body = body.replacen('{', &format!("{{\"padding\":\"{}\",", " ".repeat(SMALL)), 1);
            let answer = Answer { status: 200, body: body.into(), ..Answer::default() };
            read("batch", answer, true).expect("read")
        };
        let response = of(
            r#"{"result":{"result":{"a":[ 1,2 ]},"result_error":[],"result_total":{"a":7}},"time":{"duration":0.5}}"#,
        );
        assert_eq!(response.texts.0["a"].get(), "[ 1,2 ]");
        assert_eq!((&response.result["result_total"]["a"], response.time.is_some()), (&json!(7), true));
        assert!(of(r#"{"result":{"result":[],"result_error":{"a":{"error":"E"}}}}"#).texts.0.is_empty());
        // What is no batch is read as ever.
        assert_eq!(of(r#"{"result":[1]}"#).result, json!([1]));
        assert_eq!(of(r#"{"result":{"result":[1]}}"#).result, json!({"result": [1]}));
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
