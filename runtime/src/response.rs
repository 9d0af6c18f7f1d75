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

impl Response {
    /// Narrows the result to what stands below a key (dots between nested ones), if it is there.
    pub(crate) fn narrow(&mut self, records: &str) {
        if records.is_empty() {
            return;
        }
        let found = records.split('.').try_fold(&self.result, |value, key| value.get(key)).cloned();
        if let Some(found) = found {
            self.result = found;
        }
    }
}
