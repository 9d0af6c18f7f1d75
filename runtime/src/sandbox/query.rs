//! Filters, order, selection and paging, as the portal's list methods do them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::sandbox::answer::Success;
use crate::value::Object;

/// Records on a page.
pub(super) const PAGE: usize = 50;

/// The operators that may stand before a key, longest first.
const OPERATORS: &[&str] =
    &["!><", "!=%", "!%=", "!@", "!%", "!=", "!?", "><", ">=", "<=", "=%", "%=", ">", "<", "@", "%", "=", "!", "?"];

/// Splits a key into its operator and the field.
pub(super) fn operator(key: &str) -> (&'static str, &str) {
    OPERATORS
        .iter()
        .find_map(|operator| key.strip_prefix(operator).map(|field| (*operator, field)))
        .unwrap_or(("=", key))
}

/// A filter, ready to be put to many records.
#[derive(Debug, Default)]
pub(super) struct Filter {
    any: bool,
    terms: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Test { operator: &'static str, field: String, wanted: Vec<String> },
    Group(Filter),
}

impl Filter {
    /// Reads a filter; `rename` turns the caller's field names into those of the records.
    pub(super) fn read(filter: &Value, rename: &dyn Fn(&str) -> String) -> Self {
        let entries: Vec<(String, &Value)> = match filter {
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
            _ => Vec::new(),
        };
        let mut read = Self::default();
        for (key, value) in entries {
            let is_group = matches!(value, Value::Object(_)) && key.bytes().all(|byte| byte.is_ascii_digit());
            if key.eq_ignore_ascii_case("logic") {
                read.any = value.as_str().is_some_and(|logic| logic.eq_ignore_ascii_case("or"));
            } else if is_group {
                read.terms.push(Term::Group(Self::read(value, rename)));
            } else {
                let (operator, field) = operator(key.trim());
                read.test(operator, rename(field), value);
            }
        }
        read
    }

    /// A filter that demands what all of these demand.
    pub(super) fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self { any: false, terms: filters.into_iter().map(Term::Group).collect() }
    }

    /// A filter that is content with one of its conditions.
    pub(super) fn any() -> Self {
        Self { any: true, terms: Vec::new() }
    }

    /// Adds a group of conditions.
    pub(super) fn group(&mut self, filter: Self) {
        self.terms.push(Term::Group(filter));
    }

    /// Adds a condition.
    pub(super) fn test(&mut self, operator: &'static str, field: impl Into<String>, wanted: &Value) {
        let wanted = texts(wanted).into_iter().map(|text| flag(&text)).collect();
        self.terms.push(Term::Test { operator, field: field.into(), wanted });
    }

    /// Whether a record fits.
    pub(super) fn fits(&self, record: &Object) -> bool {
        let mut terms = self.terms.iter().map(|term| match term {
            Term::Group(filter) => filter.fits(record),
            Term::Test { operator, field, wanted } => test(record, operator, field, wanted),
        });
        if self.any && !self.terms.is_empty() { terms.any(|fits| fits) } else { terms.all(|fits| fits) }
    }

    /// The numbers that records which fit can have at all, and whether the number alone decides.
    fn ids(&self, field: &str) -> (RangeInclusive<u64>, Option<BTreeSet<u64>>, bool) {
        let (mut low, mut high, mut set) = (0, u64::MAX, None::<BTreeSet<u64>>);
        let mut alone = true;
        for term in &self.terms {
            let Term::Test { operator, field: tested, wanted } = term else {
                alone = false;
                continue;
            };
            let numbers: Option<Vec<u64>> = wanted.iter().map(|text| text.trim().parse().ok()).collect();
            match (*operator, numbers) {
                _ if self.any || tested != field => alone = false,
                (">" | ">=" | "<" | "<=", None) if wanted.iter().all(String::is_empty) => {}
                ("=" | "@", Some(numbers)) => {
                    let numbers: BTreeSet<u64> = numbers.into_iter().collect();
                    set = Some(set.map_or(numbers.clone(), |set| set.intersection(&numbers).copied().collect()));
                }
                (">", Some(numbers)) => low = numbers.iter().fold(low, |low, n| low.max(n.saturating_add(1))),
                (">=", Some(numbers)) => low = numbers.iter().fold(low, |low, n| low.max(*n)),
                ("<=", Some(numbers)) => high = numbers.iter().fold(high, |high, n| high.min(*n)),
                ("<", Some(numbers)) if !numbers.contains(&0) => {
                    high = numbers.iter().fold(high, |high, n| high.min(n - 1));
                }
                _ => alone = false,
            }
        }
        (low..=high, set, alone)
    }
}

fn test(record: &Object, operator: &str, field: &str, wanted: &[String]) -> bool {
    let values = texts(record.get(field).unwrap_or(&Value::Null));
    let any =
        |test: &dyn Fn(&str, &str) -> bool| values.iter().any(|value| wanted.iter().any(|wanted| test(value, wanted)));
    // A bound that is empty bounds nothing.
    let bound = |fits: &dyn Fn(Ordering) -> bool| {
        any(&|value, wanted| wanted.is_empty() || (!value.is_empty() && fits(compare(value, wanted))))
    };
    let between = || match wanted {
        [low, high] => values.iter().any(|value| compare(value, low).is_ge() && compare(value, high).is_le()),
        _ => false,
    };
    match operator {
        "=" | "@" => any(&same),
        "!" | "!=" | "!@" => !any(&same),
        "%" | "?" => any(&contains),
        "!%" | "!?" => !any(&contains),
        "=%" | "%=" => any(&like),
        "!=%" | "!%=" => !any(&like),
        ">" => bound(&Ordering::is_gt),
        ">=" => bound(&Ordering::is_ge),
        "<" => bound(&Ordering::is_lt),
        "<=" => bound(&Ordering::is_le),
        "><" => between(),
        "!><" => !between(),
        _ => false,
    }
}

/// A value as the texts that it is compared by: flags are `Y` and `N`, a list is any of its items.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Bool(flag) => vec![if *flag { "Y" } else { "N" }.to_owned()],
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Null => vec![String::new()],
        // Form data writes lists as maps when they do not count from 0; contact data is compared by its value.
        Value::Object(map) => match map.get("VALUE") {
            Some(value) => texts(value),
            None if map.is_empty() => vec![String::new()],
            None => map.values().flat_map(texts).collect(),
        },
    }
}

fn flag(text: &str) -> String {
    match text {
        "true" => "Y".to_owned(),
        "false" => "N".to_owned(),
        text => text.to_owned(),
    }
}

fn same(value: &str, wanted: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    value.eq_ignore_ascii_case(wanted)
        || value.to_lowercase() == wanted.to_lowercase()
        || number(value).is_some_and(|value| Some(value) == number(wanted))
}

fn contains(value: &str, wanted: &str) -> bool {
    value.to_lowercase().contains(&wanted.to_lowercase())
}

/// SQL's `LIKE` with `%`.
fn like(value: &str, mask: &str) -> bool {
    let (value, mask) = (value.to_lowercase(), mask.to_lowercase());
    let parts: Vec<&str> = mask.split('%').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return value == mask;
    };
    let Some(mut rest) = value.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Numbers by size, all else as text (dates in ISO 8601 sort that way too).
fn compare(a: &str, b: &str) -> Ordering {
    match (a.trim().parse::<f64>(), b.trim().parse::<f64>()) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        _ => a.to_lowercase().cmp(&b.to_lowercase()),
    }
}

/// What a list is asked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) filter: Filter,
    /// Fields, and whether from the highest to the lowest. None: by number, lowest first.
    pub(super) order: Vec<(String, bool)>,
    /// The record to begin with, or -1: the first page, uncounted.
    pub(super) start: i64,
    /// Records a page.
    pub(super) page: usize,
}

/// A page of records.
#[derive(Debug)]
pub(super) struct Found<'s> {
    pub(super) records: Vec<&'s Object>,
    pub(super) total: usize,
    pub(super) next: Option<usize>,
}

impl Query {
    /// The page asked for. `id` is the field that holds the records' own number.
    pub(super) fn run<'s>(&self, records: &'s BTreeMap<u64, Object>, id: &str) -> Found<'s> {
        let (range, set, alone) = self.filter.ids(id);
        if range.is_empty() {
            return Found { records: Vec::new(), total: 0, next: None };
        }
        let fits = |record: &&Object| alone || self.filter.fits(record);
        let candidates: Box<dyn DoubleEndedIterator<Item = &'s Object>> = match set {
            Some(set) => {
                let found: Vec<&Object> =
                    set.iter().filter(|id| range.contains(id)).filter_map(|id| records.get(id)).collect();
                Box::new(found.into_iter())
            }
            None => Box::new(records.range(range).map(|(_, record)| record)),
        };
        let by_number = match self.order.as_slice() {
            [] => Some(false),
            [(field, descending)] if field == id => Some(*descending),
            _ => None,
        };
        let ordered: Box<dyn Iterator<Item = &'s Object>> = match by_number {
            Some(false) => Box::new(candidates),
            Some(true) => Box::new(candidates.rev()),
            None => {
                let mut found: Vec<&Object> = candidates.filter(fits).collect();
                sort(&mut found, &self.order);
                return self.cut(found.into_iter());
            }
        };
        self.cut(ordered.filter(fits))
    }

    fn cut<'s>(&self, mut found: impl Iterator<Item = &'s Object>) -> Found<'s> {
        let size = self.page.max(1);
        let from = (usize::try_from(self.start).unwrap_or(0) / size).saturating_mul(size);
        let skipped = found.by_ref().take(from).count();
        let records: Vec<&Object> = found.by_ref().take(size).collect();
        if self.start < 0 {
            return Found { records, total: 0, next: None };
        }
        let total = skipped + records.len() + found.count();
        Found { records, total, next: from.checked_add(size).filter(|next| *next < total) }
    }
}

/// Sorts by several fields; records that are the same there stay in the order of their numbers.
fn sort(records: &mut [&Object], order: &[(String, bool)]) {
    let text = |record: &Object, field: &str| record.get(field).map(|value| texts(value).join(",")).unwrap_or_default();
    records.sort_by(|a, b| {
        order.iter().fold(Ordering::Equal, |known, (field, descending)| {
            known.then_with(|| {
                let order = compare(&text(a, field), &text(b, field));
                if *descending { order.reverse() } else { order }
            })
        })
    });
}

/// Reads `order`: a map of fields to `ASC` or `DESC`, or a list of fields.
pub(super) fn order(order: &Value, rename: &dyn Fn(&str) -> String) -> Vec<(String, bool)> {
    let is_down = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase().contains("desc"));
    match order {
        Value::Object(map) => map.iter().map(|(field, way)| (rename(field), is_down(way))).collect(),
        Value::Array(fields) => fields.iter().filter_map(Value::as_str).map(|field| (rename(field), false)).collect(),
        _ => Vec::new(),
    }
}

/// Reads `select`: a list of fields, a map of them, or one.
pub(super) fn selection(select: &Value) -> Vec<String> {
    match select {
        Value::Array(fields) => fields.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(fields) => fields.values().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(field) => vec![field.clone()],
        _ => Vec::new(),
    }
}

/// Keeps the selected fields; no selection and `*` keep all, `UF_*` the custom ones.
pub(super) fn select(record: &Object, fields: &[String]) -> Object {
    if fields.is_empty() || fields.iter().any(|field| field == "*") {
        return record.clone();
    }
    let wanted = |key: &str| {
        fields.iter().any(|field| field.eq_ignore_ascii_case(key) || field == "UF_*" && key.starts_with("UF_"))
    };
    record.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Found<'_> {
    /// The answer of a list, each record made by `show`.
    pub(super) fn success(&self, show: impl Fn(&Object) -> Value) -> Success {
        let items: Vec<Value> = self.records.iter().map(|record| show(record)).collect();
        Success { result: items.into(), total: Some(self.total), next: self.next, ..Success::default() }
    }

    /// The answer of a list of whole records, printed as it is sent.
    pub(super) fn printed(&self) -> Success {
        let printed = serde_json::to_vec(&self.records).unwrap_or_default();
        Success { printed: Some(printed), total: Some(self.total), next: self.next, ..Success::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            _ => Object::new(),
        }
    }

    fn fits(record: &Value, filter: Value) -> bool {
        Filter::read(&filter, &str::to_owned).fits(&object(record.clone()))
    }

    #[test]
    fn operators_do_what_the_documentation_says() {
        let record = json!({
            "ID": "7", "NAME": "Oleg", "ACTIVE": true, "UF_DEPARTMENT": [5, 7], "DATE": "2026-01-31", "SUM": "9.50",
            "PHONE": [{"VALUE": "+1", "VALUE_TYPE": "WORK"}], "EMPTY": null,
        });
        for (key, wanted, expected) in [
            ("ID", json!(7), true),
            ("ID", json!([1, 7]), true),
            ("!ID", json!("7"), false),
            (">ID", json!("10"), false),
            (">=ID", json!(7), true),
            (">ID", json!(""), true),
            (">EMPTY", json!(1), false),
            ("<DATE", json!("2026-02-01"), true),
            ("=SUM", json!(9.5), true),
            ("><SUM", json!([9, 10]), true),
            ("!><SUM", json!([9, 10]), false),
            ("%NAME", json!("le"), true),
            ("!%NAME", json!("le"), false),
            ("=%NAME", json!("ol%"), true),
            ("%=NAME", json!("%x%"), false),
            ("@UF_DEPARTMENT", json!([7, 9]), true),
            ("@UF_DEPARTMENT", json!({"3": 7}), true),
            ("!@UF_DEPARTMENT", json!([9]), true),
            ("ACTIVE", json!(true), true),
            ("ACTIVE", json!("false"), false),
            ("LAST_NAME", json!(""), true),
            ("PHONE", json!("+1"), true),
        ] {
            assert_eq!(fits(&record, json!({ key: wanted })), expected, "{key} {wanted}");
        }
        assert!(fits(&record, json!({"logic": "OR", "0": {"ID": 1}, "1": {"NAME": "Oleg"}})));
        assert!(fits(&record, json!({"ACTIVE": "Y", "0": {"logic": "OR", "0": {"ID": 1}, "1": {"ID": 7}}})));
        assert!(!fits(&record, json!({"ACTIVE": "N", "0": {"logic": "OR", "0": {"ID": 1}, "1": {"ID": 7}}})));
    }

    fn records(count: u64) -> BTreeMap<u64, Object> {
        (1..=count).map(|id| (id, object(json!({"ID": id.to_string(), "SIZE": id % 7})))).collect()
    }

    #[test]
    fn pages_tell_of_the_next_one() {
        let shape = |count, start| {
            let records = records(count);
            let query = Query { start, page: PAGE, ..Query::default() };
            let found = query.run(&records, "ID");
            (found.records.len(), found.total, found.next)
        };
        assert_eq!(shape(120, 0), (50, 120, Some(50)));
        assert_eq!(shape(120, 99), (50, 120, Some(100)), "a start within a page is the page's");
        assert_eq!(shape(120, 100), (20, 120, None));
        assert_eq!(shape(120, 500), (0, 120, None));
        assert_eq!(shape(120, -1), (50, 0, None));
        assert_eq!(shape(50, 0), (50, 50, None));
    }

    #[test]
    fn the_way_by_number_finds_what_the_long_way_finds() {
        let records = records(300);
        for filter in [
            json!({}),
            json!({">ID": 100}),
            json!({">=ID": "100", "<ID": 120}),
            json!({"<=ID": 3, "SIZE": 2}),
            json!({"ID": [5, 400, 9], ">ID": 5}),
            json!({"@ID": [1, 2, 3], "ID": 2}),
            json!({"!ID": 1}),
            json!({"<ID": 0}),
            json!({">ID": ""}),
            json!({">ID": 200, "<ID": 100}),
            json!({"logic": "OR", "ID": 3, "SIZE": 2}),
        ] {
            for order in [json!({}), json!({"ID": "DESC"}), json!({"SIZE": "DESC", "ID": "ASC"})] {
                let query = Query {
                    filter: Filter::read(&filter, &str::to_owned),
                    order: super::order(&order, &str::to_owned),
                    start: 0,
                    page: PAGE,
                };
                let found = query.run(&records, "ID");
                let mut long: Vec<&Object> = records.values().filter(|record| query.filter.fits(record)).collect();
                sort(&mut long, &query.order);
                assert_eq!(found.total, long.len(), "{filter} {order}");
                long.truncate(PAGE);
                assert_eq!(found.records, long, "{filter} {order}");
            }
        }
    }
}
