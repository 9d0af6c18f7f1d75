//! A successful answer, with what the portal says besides the result.

use std::borrow::Cow;

use serde_json::Value;

use crate::batch::at;
use crate::paging::TextPages;
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
    /// The envelope as it came, with `null` in place of the result, which would otherwise exist twice, or with what the result held
    /// beside the records, once it is narrowed to them.
    envelope: Object,
    /// The pages that a batch brought, where they were to be left as text.
    pub(crate) pages: TextPages,
}

impl Response {
    /// Reads an envelope that has a `result`.
    pub(crate) fn new(mut envelope: Object) -> Self {
        let number = |key: &str| {
            let value = envelope.get(key)?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        };
        let (total, next) = (number("total"), number("next"));
        let time = envelope.get("time").and_then(Value::as_object).cloned();
        let result = envelope.get_mut("result").map(Value::take).unwrap_or_default();
        Self { result, total, next, time, envelope, pages: TextPages::new() }
    }

    /// The same with pages that were left as text.
    pub(crate) fn with_pages(mut self, pages: TextPages) -> Self {
        self.pages = pages;
        self
    }

    /// The answer as it came, for those who want every key.
    pub fn into_raw(self) -> Object {
        let mut raw = self.envelope;
        raw.insert("result".into(), self.result);
        raw
    }

    /// Narrows the result to what stands below a key (dots between nested ones), if it is there. The rest is kept beside it.
    pub(crate) fn narrow(&mut self, records: &str) {
        if records.is_empty() {
            return;
        }
        let (path, key) = records.rsplit_once('.').map_or((None, records), |(path, key)| (Some(path), key));
        let parent = path
            .into_iter()
            .flat_map(|path| path.split('.'))
            .try_fold(&mut self.result, |value, key| value.get_mut(key));
        let found = parent.and_then(Value::as_object_mut).and_then(|parent| parent.shift_remove(key));
        if let Some(found) = found {
            let beside = std::mem::replace(&mut self.result, found);
            self.envelope.insert("result".into(), beside);
        }
    }

    /// What stands at a path of the portal's own `result`, whether this one was narrowed to the records or not.
    pub(crate) fn at_root(&self, path: &[String], records: &str) -> Option<Cow<'_, Value>> {
        let keys = || path.iter().map(String::as_str);
        let Some(beside @ Value::Object(_)) = self.envelope.get("result") else {
            return at(&self.result, keys()).map(Cow::Borrowed);
        };
        let mut rest = keys();
        if records.split('.').all(|record| rest.next() == Some(record)) {
            return at(&self.result, rest).map(Cow::Borrowed);
        }
        // It leads beside the records, or to what holds them.
        let mut whole = beside.clone();
        let slot = records.split('.').try_fold(&mut whole, |value, key| match value {
            Value::Object(entries) => Some(entries.entry(key).or_insert(Value::Null)),
            _ => None,
        });
        *slot? = self.result.clone();
        at(&whole, keys()).cloned().map(Cow::Owned)
    }

    /// What the result held beside the records that it was narrowed to.
    pub(crate) fn take_beside(&mut self) -> Object {
        match self.envelope.get_mut("result").map(Value::take) {
            Some(Value::Object(beside)) => beside,
            _ => Object::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn an_answer_comes_out_as_it_came() {
        let raw = object(json!({"result": {"tasks": [1, 2]}, "next": "50", "total": 7, "extra": {"a": 1}}));
        let response = Response::new(raw.clone());
        assert_eq!((response.total, response.next), (Some(7), Some(50)));
        let keys = |object: &Object| object.keys().cloned().collect::<Vec<_>>();
        let again = response.into_raw();
        assert_eq!((keys(&again), &again), (keys(&raw), &raw));
    }

    #[test]
    fn narrowing_finds_nested_records_or_leaves_the_result() {
        let whole = json!({"a": {"b": [1], "d": 2}, "e": 3});
        let mut response = Response::new(object(json!({"result": whole})));
        for nothing in ["", "a.c", "e.f", "g.h"] {
            response.narrow(nothing);
            assert_eq!((response.take_beside(), &response.result), (Object::new(), &whole), "{nothing}");
        }
        response.narrow("a.b");
        assert_eq!(json!(response.take_beside()), json!({"a": {"d": 2}, "e": 3}));
        assert_eq!(json!(response.into_raw()), json!({"result": [1]}));
    }
}
