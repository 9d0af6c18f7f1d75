//! Parameter values in the portal's own forms.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A JSON object that keeps the order of its keys.
pub type Object = serde_json::Map<String, Value>;

/// The identifier of a record. The portal writes some as numbers and some as text; both are the same identifier.
#[derive(Clone, Debug)]
pub struct Id(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Number(i64),
    Text(String),
}

impl Id {
    /// The identifier as a number, when it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Number(number) => Some(*number),
            Repr::Text(text) => text.parse().ok(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => number.fmt(f),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Number(a), Repr::Number(b)) => a == b,
            (Repr::Text(a), Repr::Text(b)) => a == b,
            (Repr::Number(number), Repr::Text(text)) | (Repr::Text(text), Repr::Number(number)) => {
                *text == number.to_string()
            }
        }
    }
}

impl Eq for Id {}

impl PartialEq<i64> for Id {
    fn eq(&self, other: &i64) -> bool {
        self.as_i64() == Some(*other)
    }
}

macro_rules! id_from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Id {
            fn from(number: $integer) -> Self {
                match i64::try_from(number) {
                    Ok(number) => Self(Repr::Number(number)),
                    Err(_) => Self(Repr::Text(number.to_string())),
                }
            }
        }
    )*};
}
id_from_integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self(Repr::Text(text.to_owned()))
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self(Repr::Text(text))
    }
}

impl From<&Id> for Id {
    fn from(id: &Id) -> Self {
        id.clone()
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identifier: a number or a text")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Id, E> {
                Ok(number.into())
            }

            fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
                Ok(number.into())
            }

            fn visit_str<E>(self, text: &str) -> Result<Id, E> {
                Ok(text.into())
            }

            fn visit_string<E>(self, text: String) -> Result<Id, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::Number(number) => serializer.serialize_i64(*number),
            Repr::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        match id.0 {
            Repr::Number(number) => number.into(),
            Repr::Text(text) => text.into(),
        }
    }
}

/// A file to upload: its name and its content.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    name: String,
    content: Vec<u8>,
}

impl File {
    /// A file from memory.
    pub fn new(name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), content: content.into() }
    }

    /// Reads a file from disk; its name is the last part of the path.
    ///
    /// # Errors
    /// What reading the file ends in.
    pub fn read(path: impl AsRef<std::path::Path>) -> std::io::Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self::new(name, std::fs::read(path)?))
    }

    /// Reads a file out of a stream to its end.
    ///
    /// # Errors
    /// What reading the stream ends in.
    pub async fn from_reader(
        name: impl Into<String>,
        mut reader: impl tokio::io::AsyncRead + Unpin,
    ) -> std::io::Result<Self> {
        let mut content = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut content).await?;
        Ok(Self::new(name, content))
    }

    /// The same file under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's size in bytes.
    pub fn len(&self) -> usize {
        self.content.len()
    }

    /// Whether the file holds nothing.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// `[name, base64]`, the form that most methods take.
    pub fn pair(&self) -> Value {
        Value::Array(vec![self.name.clone().into(), self.base64()])
    }

    /// `{"fileData": [name, base64]}`, the form of the older CRM methods and the catalogue.
    pub fn file_data(&self) -> Value {
        serde_json::json!({ "fileData": self.pair() })
    }

    /// The content alone, in base64.
    pub fn base64(&self) -> Value {
        STANDARD.encode(&self.content).into()
    }
}

/// How a method wants a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// `[name, base64]`.
    Pair,
    /// The content alone, in base64.
    Base64,
    /// `{"fileData": [name, base64]}`.
    FileData,
}

impl FileForm {
    /// The file in this form.
    pub fn encode(self, file: &File) -> Value {
        match self {
            Self::Pair => file.pair(),
            Self::Base64 => file.base64(),
            Self::FileData => file.file_data(),
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({:?}, {} bytes)", self.name, self.content.len())
    }
}

/// `true` or `false`.
pub fn boolean(value: bool) -> Value {
    Value::Bool(value)
}

/// `Y` or `N`.
pub fn yes_no(value: bool) -> Value {
    if value { "Y" } else { "N" }.into()
}

/// `N` or `Y`: what stands under the key is the opposite of what its setter is named for.
pub fn no_yes(value: bool) -> Value {
    yes_no(!value)
}

/// `1` or `0`.
pub fn one_zero(value: bool) -> Value {
    i32::from(value).into()
}

/// Text.
pub fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}

/// A point in time that must tell its offset: without one it is taken for UTC, and `Z` is put behind it. Fractions of a
/// second are cut off. A text that is no time stays as it is: the portal has its own words for it.
pub fn utc(value: impl Into<String>) -> Value {
    use time::format_description::well_known::Rfc3339;
    let text: String = value.into();
    let mut whole = text.trim().replacen(' ', "T", 1);
    if let Some((seconds, rest)) = whole.split_once('.') {
        whole = format!("{seconds}{}", rest.trim_start_matches(|char: char| char.is_ascii_digit()));
    }
    if whole.len() == 10 {
        whole.push_str("T00:00:00");
    }
    let is_time = |text: &str| time::OffsetDateTime::parse(text, &Rfc3339).is_ok();
    let with_z = format!("{whole}Z");
    match (is_time(&whole), is_time(&with_z)) {
        (true, _) => Value::String(whole),
        (false, true) => Value::String(with_z),
        (false, false) => Value::String(text),
    }
}

/// A whole number.
pub fn integer(value: impl Into<i64>) -> Value {
    value.into().into()
}

/// A number. JSON has no infinity and no NaN; they become `null`.
pub fn number(value: impl Into<f64>) -> Value {
    value.into().into()
}

/// An identifier.
pub fn id(value: impl Into<Id>) -> Value {
    value.into().into()
}

/// Whatever JSON can hold.
pub fn any(value: impl Into<Value>) -> Value {
    value.into()
}

/// A list of texts.
pub fn texts(items: impl IntoIterator<Item = impl Into<String>>) -> Value {
    list(items, text)
}

/// A list of whole numbers.
pub fn integers(items: impl IntoIterator<Item = impl Into<i64>>) -> Value {
    list(items, integer)
}

/// A list of points in time, each with its offset: see [`utc`].
pub fn utcs(items: impl IntoIterator<Item = impl Into<String>>) -> Value {
    list(items, utc)
}

/// A list of numbers.
pub fn numbers(items: impl IntoIterator<Item = impl Into<f64>>) -> Value {
    list(items, number)
}

/// A list of identifiers.
pub fn ids(items: impl IntoIterator<Item = impl Into<Id>>) -> Value {
    list(items, id)
}

/// A list of whatever JSON can hold.
pub fn anys(items: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    list(items, any)
}

/// A list of values converted one by one.
pub fn list<T>(items: impl IntoIterator<Item = T>, convert: impl Fn(T) -> Value) -> Value {
    Value::Array(items.into_iter().map(convert).collect())
}

/// A value that a spec fixes, from its JSON text.
pub fn constant(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}

/// How a message calls a value of this kind: `an object`, `a number`.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_tell_their_offset() {
        for (given, expected) in [
            ("2026-01-31T10:00:00", "2026-01-31T10:00:00Z"),
            ("2026-01-31T10:00:00.7662706", "2026-01-31T10:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31 01:00:00+03:00", "2026-01-31T01:00:00+03:00"),
            ("tomorrow", "tomorrow"),
        ] {
            assert_eq!(utc(given), Value::from(expected));
        }
    }

    #[test]
    fn an_id_is_the_same_as_text_and_as_number() {
        assert_eq!(Id::from(2150), Id::from("2150"));
        assert_ne!(Id::from("007"), Id::from(7));
        assert_eq!(Value::from(Id::from(u64::MAX)), Value::from("18446744073709551615"));
    }

    #[test]
    fn a_file_has_the_three_forms_of_the_portal() {
        let file = File::new("a.txt", "hello");
        assert_eq!(file.pair(), serde_json::json!(["a.txt", "aGVsbG8="]));
        assert_eq!(file.file_data(), serde_json::json!({"fileData": ["a.txt", "aGVsbG8="]}));
        assert_eq!(format!("{file:?}"), "File(\"a.txt\", 5 bytes)");
    }
}
