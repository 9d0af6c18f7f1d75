//! Answers in the portal's envelope.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Number, Value, json};
use time::OffsetDateTime;

use crate::sandbox::limits::Charge;
use crate::value::Object;

/// What a method brings.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Success {
    pub(super) result: Value,
    pub(super) total: Option<usize>,
    pub(super) next: Option<usize>,
    /// The answer is the documented example.
    pub(super) canned: bool,
    /// The result as it is sent, where it was printed without a detour; `result` is nothing then.
    pub(super) printed: Option<Vec<u8>>,
}

impl From<Value> for Success {
    fn from(result: Value) -> Self {
        Self { result, ..Self::default() }
    }
}

impl From<Object> for Success {
    fn from(result: Object) -> Self {
        Value::Object(result).into()
    }
}

/// What a method is refused with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) description: String,
    /// REST 3.0: fields and what is wrong with them.
    pub(super) validation: Vec<(String, String)>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, description: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), description: description.into(), validation: Vec::new() }
    }

    /// The error of a method.
    pub(super) fn core(description: impl Into<String>) -> Self {
        Self::new(400, "ERROR_CORE", description)
    }

    /// A wrong argument.
    pub(super) fn argument(description: impl Into<String>) -> Self {
        Self::new(400, "ERROR_ARGUMENT", description)
    }

    /// Nothing of that name.
    pub(super) fn no_method() -> Self {
        Self::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    }
}

/// What a handler ends in.
pub(super) type Outcome = Result<Success, Refusal>;

/// The answer in its envelope.
pub(super) fn envelope(outcome: Outcome, rest: u8, since: SystemTime, charge: Charge) -> Value {
    match outcome {
        Ok(success) => {
            let mut answer = Object::new();
            answer.insert("result".into(), success.result);
            // The portal puts `next` before `total`, and leaves it out on the last page.
            answer.extend(success.next.map(|next| ("next".to_owned(), next.into())));
            answer.extend(success.total.map(|total| ("total".to_owned(), total.into())));
            answer.insert("time".into(), time_block(since, charge));
            answer.into()
        }
        Err(refusal) if rest == 3 => {
            let mut error = json!({ "code": refusal.code, "message": refusal.description });
            let wrong = |(field, message): (String, String)| json!({ "field": field, "message": message });
            if !refusal.validation.is_empty() {
                error["validation"] = refusal.validation.into_iter().map(wrong).collect();
            }
            json!({ "error": error })
        }
        Err(refusal) => json!({ "error": refusal.code, "error_description": refusal.description }),
    }
}

/// The same as the bytes that are sent. Taking the way over an envelope of values would cost more than the rest of a short
/// answer.
pub(super) fn print(success: &Success, since: SystemTime, charge: Charge) -> Vec<u8> {
    let mut body = Vec::with_capacity(1024);
    body.extend_from_slice(b"{\"result\":");
    // Writing to memory does not fail, and values have text keys alone.
    match &success.printed {
        Some(printed) => body.extend_from_slice(printed),
        None => drop(serde_json::to_writer(&mut body, &success.result)),
    }
    for (name, number) in [("next", success.next), ("total", success.total)] {
        if let Some(number) = number {
            body.extend_from_slice(format!(",\"{name}\":{number}").as_bytes());
        }
    }
    body.extend_from_slice(b",\"time\":");
    drop(serde_json::to_writer(&mut body, &Times::new(since, charge)));
    body.push(b'}');
    body
}

/// When a call began and ended, and what its method has used up.
#[derive(Serialize)]
struct Times {
    start: f64,
    finish: f64,
    duration: f64,
    processing: f64,
    date_start: String,
    date_finish: String,
    operating_reset_at: u64,
    operating: Number,
}

impl Times {
    fn new(since: SystemTime, charge: Charge) -> Self {
        let now = SystemTime::now();
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
        let duration = now.duration_since(since).unwrap_or(Duration::ZERO).as_secs_f64();
        let (start, finish) = (seconds(since), seconds(now));
        let date_start = iso(since);
        // Most calls end in the second that they began in.
        let date_finish = if start.trunc() == finish.trunc() { date_start.clone() } else { iso(now) };
        let reset_at = if charge.reset_at == 0 { finish.trunc() as u64 + 600 } else { charge.reset_at };
        // What is not used at all is a whole number.
        let used = Some(charge.operating).filter(|used| *used != 0.0).and_then(Number::from_f64);
        Self {
            start,
            finish,
            duration,
            processing: duration,
            date_start,
            date_finish,
            operating_reset_at: reset_at,
            operating: used.unwrap_or_else(|| 0.into()),
        }
    }
}

/// The same as a value.
pub(super) fn time_block(since: SystemTime, charge: Charge) -> Value {
    serde_json::to_value(Times::new(since, charge)).unwrap_or_default()
}

/// A time in ISO 8601 with offset, as the portal writes it.
pub(super) fn iso(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_portal_writes_them() {
        let time = UNIX_EPOCH + Duration::from_millis(1_767_323_045_900);
        assert_eq!(iso(time), "2026-01-02T03:04:05+00:00");
        let block = time_block(time, Charge::default());
        assert_eq!(block["date_start"], "2026-01-02T03:04:05+00:00");
        assert!(block["date_finish"].as_str() > block["date_start"].as_str());
    }
}
