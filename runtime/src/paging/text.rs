//! The answer to a batch of pages, gone through once: the records are found, counted and numbered, and stay the text that they
//! came as until their turn comes, since text is a tenth of the size of what is read from it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::output::{FromValue, Mismatch};
use crate::response::Response;
use crate::value::{Object, kind};

/// Where the records of pages are, and what is to be known of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// The key of a result that holds the list, with dots between nested ones; empty where the result is the list.
    pub(crate) records: &'static str,
    /// The field of the record's number; empty where numbers are not wanted.
    pub(crate) field: &'static str,
}

/// The records of one page as a part of an answer's text, which all its pages hold together.
#[derive(Clone, PartialEq)]
pub(crate) struct TextPage {
    text: Arc<String>,
    records: Vec<Range<usize>>,
    numbers: Vec<Option<i64>>,
}

/// The pages of a batch by the keys of their commands.
pub(crate) type TextPages = HashMap<String, Result<TextPage, Mismatch>>;

impl fmt::Debug for TextPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextPage({} records)", self.records.len())
    }
}

impl TextPage {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The numbers of the records, as far as they have one; none at all where they were not wanted.
    pub(super) fn numbers(&self) -> &[Option<i64>] {
        &self.numbers
    }

    /// The text of a record.
    pub(super) fn record(&self, at: usize) -> &str {
        self.records.get(at).and_then(|range| self.text.get(range.clone())).unwrap_or_default()
    }

    /// Reads the records.
    pub(super) fn read<T: FromValue>(&self) -> Result<Vec<T>, Mismatch> {
        (0..self.len()).map(|at| T::from_json(self.record(at))).collect()
    }
}

/// A batch's answer with its pages as text; none where it is anything else.
pub(crate) fn read(text: &Arc<String>, layout: Layout) -> Option<Response> {
    let mut json = serde_json::Deserializer::from_str(text);
    let (parts, time) = Envelope(Reader { text, layout }).deserialize(&mut json).ok()??;
    json.end().ok()?;
    let mut envelope = Object::new();
    envelope.insert("result".into(), Value::Object(parts.others));
    envelope.extend(time.map(|time| ("time".to_owned(), time)));
    let whole = |page: Page| TextPage { text: Arc::clone(text), records: page.records, numbers: page.numbers };
    let pages = parts.pages.into_iter().map(|(key, page)| (key, page.map(whole))).collect();
    Some(Response::new(envelope).with_pages(pages))
}

/// The number of a record in JSON; text and number are the same.
fn number(record: &str, field: &str) -> Option<i64> {
    leading_number(record, field).or_else(|| {
        let mut json = serde_json::Deserializer::from_str(record);
        super::page::as_number(&Field(field).deserialize(&mut json).ok()??)
    })
}

/// The number where it is the record's first field, as it mostly is: then nothing else of the record is looked at.
fn leading_number(record: &str, field: &str) -> Option<i64> {
    let value = record.strip_prefix("{\"")?.strip_prefix(field)?.strip_prefix("\":")?;
    let (value, end): (_, &[u8]) = match value.strip_prefix('"') {
        Some(text) => (text, b"\""),
        None => (value, b",}"),
    };
    let digits = value.bytes().take_while(|byte| byte.is_ascii_digit()).count();
    if !value.as_bytes().get(digits).is_some_and(|byte| end.contains(byte)) {
        return None;
    }
    value.get(..digits)?.parse().ok()
}

/// What all steps of reading know.
#[derive(Clone, Copy)]
struct Reader<'t> {
    text: &'t str,
    layout: Layout,
}

/// A page while it is read: where its records are.
#[derive(Default)]
struct Page {
    records: Vec<Range<usize>>,
    numbers: Vec<Option<i64>>,
}

struct Parts {
    pages: Vec<(String, Result<Page, Mismatch>)>,
    /// What a batch's answer tells besides.
    others: Object,
}

/// Makes a visitor its own seed.
macro_rules! seed {
    ($seed:ty => $value:ty) => {
        impl<'de> DeserializeSeed<'de> for $seed {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<$value, D::Error> {
                json.deserialize_any(self)
            }
        }
    };
}

/// The envelope: its parts and times; none where it has no such parts, or an error.
struct Envelope<'t>(Reader<'t>);
seed!(Envelope<'_> => Option<(Parts, Option<Value>)>);

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = Option<(Parts, Option<Value>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer to a batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut parts, mut time, mut is_refused) = (None, None, false);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &*key {
                "result" => parts = map.next_value_seed(Whole(self.0))?,
                "time" => time = Some(map.next_value()?),
                "error" => is_refused |= map.next_value::<Option<IgnoredAny>>()?.is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(parts.filter(|_| !is_refused).map(|parts| (parts, time)))
    }
}

/// The result of a batch.
struct Whole<'t>(Reader<'t>);
seed!(Whole<'_> => Option<Parts>);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Option<Parts>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result of a batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut pages, mut others) = (None, Object::new());
        while let Some(key) = map.next_key::<String>()? {
            if key == "result" {
                pages = Some(map.next_value_seed(Results(self.0))?);
            } else {
                others.insert(key, map.next_value()?);
            }
        }
        Ok(pages.map(|pages| Parts { pages, others }))
    }
}

/// The results of the commands.
struct Results<'t>(Reader<'t>);
seed!(Results<'_> => Vec<(String, Result<Page, Mismatch>)>);

impl<'de> Visitor<'de> for Results<'_> {
    type Value = Vec<(String, Result<Page, Mismatch>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of results")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pages = Vec::new();
        while let Some(key) = map.next_key()? {
            pages.push((key, map.next_value_seed(Records { reader: self.0, path: self.0.layout.records })?));
        }
        Ok(pages)
    }

    // PHP writes an empty map as an empty list.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        match list.next_element::<IgnoredAny>()? {
            None => Ok(Vec::new()),
            Some(_) => Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self)),
        }
    }
}

/// The list below a path of keys.
struct Records<'t> {
    reader: Reader<'t>,
    path: &'static str,
}
seed!(Records<'_> => Result<Page, Mismatch>);

impl Records<'_> {
    fn add(&self, page: &mut Page, record: &RawValue) {
        let Reader { text, layout } = self.reader;
        let start = record.get().as_ptr().addr() - text.as_ptr().addr();
        page.records.push(start..start + record.get().len());
        if !layout.field.is_empty() {
            page.numbers.push(number(record.get(), layout.field));
        }
    }
}

fn no_list<E>(found: &Value) -> Result<Result<Page, Mismatch>, E> {
    Ok(Err(Mismatch { expected: "a list", found: kind(found).to_owned() }))
}

impl<'de> Visitor<'de> for Records<'_> {
    type Value = Result<Page, Mismatch>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut page = Page::default();
        while let Some(record) = list.next_element()? {
            self.add(&mut page, record);
        }
        Ok(Ok(page))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut page = Page::default();
        if self.path.is_empty() {
            // PHP writes a list with gaps in its keys as a map.
            while let Some((IgnoredAny, record)) = map.next_entry()? {
                self.add(&mut page, record);
            }
            return Ok(Ok(page));
        }
        let (first, path) = self.path.split_once('.').unwrap_or((self.path, ""));
        let (mut found, mut is_empty) = (None, true);
        while let Some(is_first) = map.next_key_seed(Is(first))? {
            is_empty = false;
            if is_first {
                found = Some(map.next_value_seed(Records { reader: self.reader, path })?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(match found {
            Some(found) => found,
            None if is_empty => Ok(page),
            None => Err(super::page::missing(first)),
        })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        no_list(&Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        no_list(&value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        no_list(&value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        no_list(&value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        no_list(&value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        no_list(&value.into())
    }
}

/// Whether a key is this one.
struct Is<'k>(&'k str);
seed!(Is<'_> => bool);

impl<'de> Visitor<'de> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// One field of an object.
struct Field<'k>(&'k str);
seed!(Field<'_> => Option<Value>);

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::page;
    use serde_json::json;

    const LAYOUT: Layout = Layout { records: "", field: "ID" };

    fn answer(body: &str, layout: Layout) -> Option<Response> {
        read(&Arc::new(body.to_owned()), layout)
    }

    /// The one page of a batch: its numbers and its records.
    fn of(result: &Value, records: &'static str) -> Result<(Vec<Option<i64>>, Vec<Value>), Mismatch> {
        let body = json!({"result": {"result": {"p0": result}}}).to_string();
        let page = answer(&body, Layout { records, ..LAYOUT }).expect("read").pages.remove("p0").expect("there")?;
        Ok((page.numbers().to_vec(), page.read()?))
    }

    #[test]
    fn records_are_found_as_in_what_is_read_at_once() {
        let list = json!([{"ID": "5"}, {"X": [1, {"ID": 9}], "ID": 7}]);
        for (value, records) in [
            (list.clone(), ""),
            (list.clone(), "items"),
            (json!({"items": list}), "items"),
            (json!({"c": {"b": 1}, "a": {"x": [], "b": list}, "d": 1}), "a.b"),
            (json!({"3": {"ID": "5"}, "1": {"X": [1, {"ID": 9}], "ID": 7}}), ""),
            (json!([]), ""),
            (json!({}), "items"),
            (json!({"items": {}}), "items.list"),
            (json!([1, "a", null]), ""),
            (json!({"users": []}), "items"),
            (json!({"items": 5}), "items"),
            (json!(true), ""),
            (json!(null), "items"),
            (json!("x"), ""),
            (json!(-1.5), ""),
        ] {
            let found = of(&value, records);
            let at_once = page::find(value.clone(), records);
            assert_eq!(found.clone().map(|(_, records)| records), at_once, "{value} {records}");
            let numbers = at_once.map(|all| all.iter().map(|record| page::number(record, "ID")).collect::<Vec<_>>());
            assert_eq!(found.map(|(numbers, _)| numbers), numbers, "{value} {records}");
        }
    }

    #[test]
    fn numbers_are_read_wherever_they_stand() {
        for (record, expected) in [
            (r#"{"ID":"12","A":1}"#, Some(12)),
            (r#"{"ID":12}"#, Some(12)),
            (r#"{ "ID" : 12 }"#, Some(12)),
            (r#"{"A":{"ID":1},"ID":-3}"#, Some(-3)),
            (r#"{"ID":" 4 "}"#, Some(4)),
            (r#"{"ID":1.5}"#, None),
            (r#"{"ID":"1x"}"#, None),
            (r#"{"IDS":7}"#, None),
            (r#"{"ID":""}"#, None),
            (r#"{"ID":99999999999999999999}"#, None),
            ("[1]", None),
        ] {
            assert_eq!(number(record, "ID"), expected, "{record}");
        }
    }

    #[test]
    fn only_the_answer_to_a_batch_is_read_so() {
        let body =
            r#" {"result":{"result":{"a":[ 1,2 ]},"result_error":[],"result_total":{"a":7}},"time":{"duration":0.5}}"#;
        let response = answer(body, LAYOUT).expect("read");
        let page = response.pages["a"].clone().expect("a page");
        assert_eq!((page.len(), page.record(1)), (2, "2"));
        assert_eq!((&response.result["result_total"]["a"], response.time.is_some()), (&json!(7), true));
        let refused = r#"{"result":{"result":[],"result_error":{"a":{"error":"E"}}},"error":null}"#;
        assert!(answer(refused, LAYOUT).expect("read").pages.is_empty());
        for other in [
            r#"{"result":[1]}"#,
            r#"{"result":{"result":[1]}}"#,
            r#"{"result":{"x":[1]}}"#,
            r#"{"result":{"result":{}},"error":"E"}"#,
            r#"{"error":"E"}"#,
            r#"{"result":{"result":{"a":[1,2"#,
            r#"{"result":{"result":{}}} x"#,
            "[]",
            "",
        ] {
            assert!(answer(other, LAYOUT).is_none(), "{other}");
        }
    }
}
