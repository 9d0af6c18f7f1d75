//! Closed words. They are checked while the scalar is read, so that the error stands exactly where the word does.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::ir::{BooleanForm, Effect, FileForm, Procedure, Rest, Style, TimeForm, Ty};
use crate::suggest::nearest;

const TYPES: &[(&str, Ty)] = &[
    ("string", Ty::String),
    ("integer", Ty::Integer),
    ("number", Ty::Number),
    ("boolean", Ty::Boolean(BooleanForm::Json)),
    ("boolean<Y/N>", Ty::Boolean(BooleanForm::YesNo)),
    ("boolean<N/Y>", Ty::Boolean(BooleanForm::NoYes)),
    ("boolean<1/0>", Ty::Boolean(BooleanForm::OneZero)),
    ("id", Ty::Id),
    ("date", Ty::Date),
    ("datetime", Ty::DateTime(TimeForm::Iso)),
    ("datetime<Z>", Ty::DateTime(TimeForm::Utc)),
    ("file", Ty::File(FileForm::Pair)),
    ("file<base64>", Ty::File(FileForm::Base64)),
    ("file<fileData>", Ty::File(FileForm::FileData)),
    ("object", Ty::Object),
    ("any", Ty::Any),
];

/// Reads a word through a function that either knows it or says what is wrong.
struct Word<'e, F> {
    expected: &'e str,
    read: F,
}

impl<T, F: Fn(&str) -> Result<T, String>> Visitor<'_> for Word<'_, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<T, E> {
        (self.read)(word).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

/// The message of an unknown word; the help is split off again by the loader.
fn unknown<'a>(what: &str, word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let help = match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    };
    format!("unknown {what} `{word}`{}{help}", super::explain::HELP)
}

/// A type word, such as `string` or `array<id>`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeWord(pub Ty);

/// The deepest nesting of arrays; the portal itself has no more than two.
const DEEPEST: usize = 8;

fn type_of(word: &str) -> Result<Ty, String> {
    if word.matches("array<").count() + word.matches("map<").count() > DEEPEST {
        return Err(format!("arrays and maps are nested at most {DEEPEST} deep{}write `any`", super::explain::HELP));
    }
    if alternatives(word).len() > 1 {
        return one_of(word);
    }
    let inner = |of: &str| word.strip_prefix(of).and_then(|rest| rest.strip_suffix('>'));
    if let Some(item) = inner("array<") {
        return type_of(item).map(|item| Ty::Array(Box::new(item)));
    }
    if let Some(value) = inner("map<") {
        return type_of(value).map(|value| Ty::Map(Box::new(value)));
    }
    match TYPES.iter().find(|(known, _)| *known == word) {
        Some((_, ty)) => Ok(ty.clone()),
        None if word == "array" || word == "array<" => Err(format!(
            "`array` needs the type of its items{}write `array<string>`, `array<id>`, `array<any>` …",
            super::explain::HELP
        )),
        None if word == "map" || word == "map<" => Err(format!(
            "`map` needs the type of its values{}write `map<string>`, `map<object>`, `map<any>` …",
            super::explain::HELP
        )),
        None => Err(unknown("type", word, TYPES.iter().map(|(known, _)| *known))),
    }
}

/// The words that bars part, those inside of angle brackets aside.
fn alternatives(word: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    word.split(|char| {
        match char {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == '|' && depth == 0
    })
    .collect()
}

fn one_of(word: &str) -> Result<Ty, String> {
    let refused = |fault: String, help: &str| Err(format!("{fault}{}{help}", super::explain::HELP));
    let mut types: Vec<Ty> = Vec::new();
    for word in alternatives(word).into_iter().map(str::trim) {
        if word.is_empty() {
            return refused("a type is missing beside the bar".into(), "write both, as in `string|map<string>`");
        }
        match type_of(word)? {
            Ty::Any => return refused("`any` takes every other type as well".into(), "write `any` alone"),
            Ty::File(_) => {
                return refused(format!("`{word}` cannot be one of several types"), "write `any`, and say it in words");
            }
            ty if types.contains(&ty) => {
                return refused(format!("the type `{word}` stands here twice"), "leave one of them out");
            }
            ty => types.push(ty),
        }
    }
    Ok(Ty::OneOf(types))
}

impl<'de> Deserialize<'de> for TypeWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Word { expected: "a type", read: |word: &str| type_of(word).map(Self) })
    }
}

fn type_pattern() -> String {
    let words: Vec<String> = TYPES.iter().map(|(word, _)| word.to_string()).collect();
    let one = format!("((array|map)<)*({})>*", words.join("|"));
    format!("^{one}( ?\\| ?{one})*$")
}

impl JsonSchema for TypeWord {
    fn schema_name() -> Cow<'static, str> {
        "Type".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = TYPES.iter().map(|(word, _)| *word).collect();
        json_schema!({
            "description": "A type; `array<…>` of any of them is one too, and `map<…>`, an object with free keys; a bar parts those of which a value has one, as in `string|map<string>`.",
            "anyOf": [{ "enum": words }, { "type": "string", "pattern": type_pattern() }],
        })
    }
}

/// The type of a result: a type word, `list`, `page`, `map` with what stands below its keys, or `nothing`.
#[derive(Clone, Debug, PartialEq)]
pub enum ReturnsWord {
    /// One value.
    Type(Ty),
    /// All records.
    List,
    /// A page of records.
    Page,
    /// An object with free keys: `map` is one of anything.
    Map(Box<ReturnsWord>),
    /// Null, or what is empty: that there is an answer tells all.
    Nothing,
}

impl ReturnsWord {
    /// The word as a spec writes it.
    pub fn word(&self) -> String {
        match self {
            Self::Type(ty) => ty.word(),
            Self::List => "list".into(),
            Self::Page => "page".into(),
            Self::Map(value) if **value == Self::Type(Ty::Any) => "map".into(),
            Self::Map(value) => format!("map<{}>", value.word()),
            Self::Nothing => "nothing".into(),
        }
    }

    fn of(word: &str) -> Result<Self, String> {
        let is_one = alternatives(word).len() == 1;
        if let Some(value) = word.strip_prefix("map<").and_then(|rest| rest.strip_suffix('>')).filter(|_| is_one) {
            return Self::below_keys(value).map(|value| Self::Map(Box::new(value)));
        }
        match word {
            "list" => Ok(Self::List),
            "page" => Ok(Self::Page),
            "map" => Ok(Self::Map(Box::new(Self::Type(Ty::Any)))),
            "nothing" => Ok(Self::Nothing),
            _ => Self::type_or(word, &["list", "page", "map", "nothing"]),
        }
    }

    /// What may stand below the keys of a map.
    fn below_keys(word: &str) -> Result<Self, String> {
        if word == "list" { Ok(Self::List) } else { Self::type_or(word, &["list"]) }
    }

    fn type_or(word: &str, others: &[&str]) -> Result<Self, String> {
        if alternatives(word).len() > 1 {
            return Err(format!(
                "a result of several types tells each of them{}write the others below `or`",
                super::explain::HELP
            ));
        }
        if word == "array" || word.starts_with("array<") || word.starts_with("map<") {
            return type_of(word).map(Self::Type);
        }
        match TYPES.iter().find(|(known, _)| *known == word) {
            Some((_, ty)) => Ok(Self::Type(ty.clone())),
            None => Err(unknown("type", word, TYPES.iter().map(|(known, _)| *known).chain(others.iter().copied()))),
        }
    }
}

impl<'de> Deserialize<'de> for ReturnsWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Word { expected: "a type, `list`, `page`, `map` or `nothing`", read: Self::of })
    }
}

impl JsonSchema for ReturnsWord {
    fn schema_name() -> Cow<'static, str> {
        "ReturnsType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let results = ["list", "page", "map", "map<list>", "nothing"];
        let words: Vec<&str> = results.into_iter().chain(TYPES.iter().map(|(word, _)| *word)).collect();
        let map = format!("^map<{}>$", type_pattern().trim_start_matches('^').trim_end_matches('$'));
        json_schema!({
            "anyOf": [
                { "enum": words },
                { "type": "string", "pattern": type_pattern() },
                { "type": "string", "pattern": map },
            ],
        })
    }
}

/// A word of a fixed list that stands for a value.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident($inner:ty), $what:literal, $schema:literal, { $($word:literal => $value:expr),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = |word: &str| match word {
                    $($word => Ok(Self($value)),)*
                    _ => Err(unknown($what, word, [$($word),*].into_iter())),
                };
                deserializer.deserialize_any(Word { expected: concat!("a known ", $what), read })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<serde_json::Value> =
                    [$($word),*].into_iter().map(|word: &str| word.parse::<u64>().map_or_else(|_| word.into(), Into::into)).collect();
                json_schema!({ "enum": words })
            }
        }
    };
}

words!(
    /// The REST version.
    RestWord(Rest), "REST version", "Rest", { "2" => Rest::V2, "3" => Rest::V3 }
);

impl Default for RestWord {
    fn default() -> Self {
        Self(Rest::V2)
    }
}

words!(
    /// What a call does.
    EffectWord(Effect), "effect", "Effect", {
        "read" => Effect::Read, "list" => Effect::List, "create" => Effect::Create,
        "update" => Effect::Update, "delete" => Effect::Delete, "action" => Effect::Action,
    }
);
words!(
    /// How a list is cut into pages.
    StyleWord(Style), "paging style", "PagingStyle", {
        "start" => Style::Start, "pagination" => Style::Pagination, "offset" => Style::Offset, "page" => Style::Page,
        "cursor" => Style::Cursor, "after" => Style::After, "first" => Style::First,
    }
);
words!(
    /// A procedure of the runtime.
    ProcedureWord(Procedure), "procedure", "Procedure", {
        "upload" => Procedure::Upload, "filter-structure" => Procedure::FilterStructure,
        "oauth-link" => Procedure::OauthLink, "oauth-code" => Procedure::OauthCode, "oauth-refresh" => Procedure::OauthRefresh,
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_word_reads_back() {
        for (word, ty) in TYPES {
            assert_eq!(type_of(word).as_ref(), Ok(ty));
            assert_eq!(ty.word(), *word);
        }
        for word in [
            "array<array<boolean<Y/N>>>",
            "map<object>",
            "array<map<array<id>>>",
            "string|map<string>",
            "array<id>|map<array<id>|string>|boolean<Y/N>",
            "map<string|object>",
        ] {
            assert_eq!(type_of(word).map(|ty| ty.word()), Ok(word.to_owned()));
        }
        assert!(type_of("map").is_err_and(|fault| fault.contains("map<string>")));
        assert_eq!(type_of("string | id").map(|ty| ty.word()), Ok("string|id".to_owned()));
        for word in [
            "string|",
            "|",
            "string|string",
            "id|any",
            "string|file",
            "string||id",
            "array<string|>",
            "array<string|id",
        ] {
            assert!(type_of(word).is_err(), "{word}");
        }
    }

    #[test]
    fn every_word_of_a_result_reads_back() {
        for word in [
            "list",
            "page",
            "map",
            "nothing",
            "map<list>",
            "map<array<id>>",
            "map<map<string>>",
            "array<map<id>>",
            "map<boolean<Y/N>>",
            "id",
            "array<string>",
        ] {
            assert_eq!(ReturnsWord::of(word).map(|read| read.word()), Ok(word.to_owned()));
        }
        assert_eq!(ReturnsWord::of("map<any>"), ReturnsWord::of("map"));
        for word in [
            "map<",
            "map<>",
            "map<map>",
            "map<page>",
            "map<array>",
            "map<string",
            "map<map<id>",
            "map<nothing>",
            "string|id",
        ] {
            assert!(ReturnsWord::of(word).is_err(), "{word}");
        }
    }
}
