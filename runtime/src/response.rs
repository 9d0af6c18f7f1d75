//! A successful answer, with what the portal says besides the result.

use serde_json::Value;

use crate::value::Object;

/// The envelope of a successful answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The method's result.
    pub result: Value,
    /// How many records a list has in all.
    pub total: Option<u64>,
    /// The `start` of a list's next page.
    pub next: Option<u64>,
    /// The `time` block: durations in seconds, `operating` and `operating_reset_at`.
    pub time: Option<Object>,
    /// The answer as it came, for those who want every key.
    pub raw: Object,
}
