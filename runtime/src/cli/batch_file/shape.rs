//! What a reference of a file may point at: as much as the tables know of the answer that it goes into.
//!
//! A reference is written in one of two forms. The portal's own begins at the root of the answer
//! (`$result[list][items][0][id]`), the short one at what `oint` prints, the records (`$result[list][0][id]`). A path that
//! begins like the answer is the portal's, unless the record has a field of that very name and the path ends there.

use serde_json::Value;

use crate::batch::{Handle, Reference};
use crate::table::{Command, Tables, alternatives, item_of};

/// The form of a method's answer.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The method, and where its answer keeps the records; empty where the answer is the records.
    method: String,
    records: Vec<String>,
    kind: Kind,
    /// Whether the record has a field that is called like the key of the records.
    has_namesake: bool,
    /// Keys that answers are known to have beside the records.
    beside: Vec<String>,
}

/// What the records are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    /// A list: a place comes first.
    List,
    /// A value with nothing below it.
    Scalar,
    /// An object, or not known.
    #[default]
    Any,
}

impl Shape {
    /// The shape of a command's answer.
    pub(super) fn of(tables: &Tables, command: &Command<'static>) -> Self {
        let Some(returns) = &command.returns else { return Self::default() };
        let records: Vec<String> =
            returns.records.iter().flat_map(|records| records.split('.')).map(str::to_owned).collect();
        let fields: Vec<String> = returns
            .entity
            .as_deref()
            .and_then(|entity| tables.entity(entity))
            .map(|row| row.fields.into_iter().map(|field| field.name.into_owned()).collect())
            .unwrap_or_default();
        let keys = command.examples.iter().filter_map(|example| example.response.as_ref()?.get("result")?.as_object());
        let beside = keys.flat_map(|result| result.keys());
        let beside = beside.filter(|key| records.first() != Some(key) && !fields.contains(key)).cloned().collect();
        Self {
            method: command.method.clone().unwrap_or_default().into_owned(),
            kind: if returns.or.is_empty() { Kind::of(&returns.type_word) } else { Kind::Any },
            has_namesake: records.len() == 1 && returns.type_word == "object" && fields.contains(&records[0]),
            beside: if records.is_empty() { Vec::new() } else { beside },
            records,
        }
    }

    /// The reference that a path of a file means.
    ///
    /// # Errors
    /// Why there can be nothing at that path. `is_strict`: the tables are to be believed.
    pub(super) fn refer(&self, handle: Handle<Value>, path: &[&str], is_strict: bool) -> Result<Reference, String> {
        let follow = |from: Reference| path.iter().fold(from, |reference, key| reference.field(*key));
        let (is_whole, rest) = match self.below_records(path) {
            // It ends at what holds the records, or leads beside them.
            _ if self.is_beside(path) => return Ok(follow(handle.answer())),
            Some(rest) if !(rest.is_empty() && self.has_namesake) => (true, rest),
            _ => (false, path),
        };
        let fault = if is_strict { self.fault(rest) } else { None };
        match fault {
            Some(fault) => Err(fault),
            None if is_whole => Ok(follow(handle.answer())),
            None => Ok(follow(handle.result())),
        }
    }

    /// What of a path stands behind the place of the records; none where it does not lead there from the root.
    fn below_records<'p, 't>(&self, path: &'p [&'t str]) -> Option<&'p [&'t str]> {
        let (before, behind) = path.split_at_checked(self.records.len())?;
        (!self.records.is_empty() && before == self.records).then_some(behind)
    }

    fn is_beside(&self, path: &[&str]) -> bool {
        let Some(first) = path.first() else { return false };
        let is_above = path.len() < self.records.len()
            && self.records.starts_with(&path.iter().map(ToString::to_string).collect::<Vec<_>>());
        is_above || self.beside.iter().any(|key| key == first)
    }

    /// Why nothing can stand at a path below the records.
    fn fault(&self, rest: &[&str]) -> Option<String> {
        let method = &self.method;
        let root: String = self.records.iter().map(|key| format!("[{key}]")).collect();
        match (self.kind, rest.first()) {
            (Kind::List, Some(place)) if !place.bytes().all(|byte| byte.is_ascii_digit()) => Some(format!(
                "{method} brings a list: a place of it comes first, as in `{root}[0]{}`",
                rest.iter().map(|key| format!("[{key}]")).collect::<String>()
            )),
            (Kind::Scalar, Some(_)) => Some(match root.is_empty() {
                true => format!("{method} brings a value with nothing below it: leave the keys out"),
                false => format!("{method} brings a value with nothing below it: `{root}`, or no key at all"),
            }),
            _ => None,
        }
    }
}

impl Kind {
    fn of(type_word: &str) -> Self {
        let is_scalar = |word: &str| {
            let word = word.split('<').next().unwrap_or_default();
            matches!(word, "string" | "integer" | "number" | "boolean" | "id" | "date" | "datetime" | "nothing")
        };
        match type_word {
            "list" | "page" => Self::List,
            word if item_of(word).is_some() => Self::List,
            word if alternatives(word).all(is_scalar) => Self::Scalar,
            _ => Self::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;
    use crate::call::Call;
    use crate::method::{Effect, Method, Paging, Rest};

    fn shape(records: &str, type_word: &str) -> Shape {
        Shape {
            method: "x.get".to_owned(),
            records: records.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect(),
            kind: Kind::of(type_word),
            ..Shape::default()
        }
    }

    /// Whether a path is read from the root of the answer.
    fn is_whole(shape: &Shape, path: &[&str]) -> Result<bool, String> {
        let mut batch = Batch::new();
        let handle = batch.call(Call::new(Method::new("x.get", Rest::V2, Effect::Read, Paging::None)));
        let reference = shape.refer(handle, path, true)?;
        let follow = |from: Reference| path.iter().fold(from, |reference, key| reference.field(*key));
        let from_root = reference == follow(handle.answer());
        assert!(from_root || reference == follow(handle.result()));
        Ok(from_root)
    }

    #[test]
    fn both_forms_of_a_path_are_told_apart() {
        let list = shape("items", "page");
        assert_eq!(is_whole(&list, &["items", "0", "id"]), Ok(true));
        assert_eq!(is_whole(&list, &["items"]), Ok(true));
        assert_eq!(is_whole(&list, &["0", "id"]), Ok(false));
        assert_eq!(is_whole(&list, &[]), Ok(false));
        let object = shape("item", "object");
        assert_eq!((is_whole(&object, &["item", "id"]), is_whole(&object, &["id"])), (Ok(true), Ok(false)));
        let nested = shape("activity.id", "id");
        for path in [&["activity"][..], &["activity", "id"]] {
            assert_eq!(is_whole(&nested, path), Ok(true), "{path:?}");
        }
        // The record has a field of this name.
        let price = Shape { has_namesake: true, ..shape("price", "object") };
        assert_eq!((is_whole(&price, &["price"]), is_whole(&price, &["price", "price"])), (Ok(false), Ok(true)));
        assert_eq!(is_whole(&price, &["id"]), Ok(false));
        let more = Shape { beside: vec!["hasMore".to_owned()], ..shape("items", "list") };
        assert_eq!(is_whole(&more, &["hasMore"]), Ok(true));
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (shape, path, words) in [
            (shape("", "id"), &["ID"][..], "x.get brings a value with nothing below it: leave the keys out"),
            (shape("id", "id"), &["nr"], "x.get brings a value with nothing below it: `[id]`, or no key at all"),
            (shape("id", "id"), &["id", "nr"], "`[id]`, or no key at all"),
            (shape("", "nothing"), &["ID"], "nothing below it"),
            (shape("", "page"), &["ID"], "x.get brings a list: a place of it comes first, as in `[0][ID]`"),
            (shape("items", "list"), &["id"], "as in `[items][0][id]`"),
            (shape("items", "list"), &["items", "id"], "as in `[items][0][id]`"),
            (shape("", "array<id>"), &["ID"], "a list"),
        ] {
            let fault = is_whole(&shape, path).expect_err(words);
            assert!(fault.contains(words), "{fault}");
        }
        for type_word in ["any", "object", "map", "map<string>", "string|map<string>"] {
            assert_eq!(is_whole(&shape("", type_word), &["ID"]), Ok(false), "{type_word}");
        }
        let handle = Batch::new().call(Call::named("x.get"));
        assert!(shape("", "id").refer(handle, &["ID"], false).is_ok(), "the tables are not believed");
    }
}
