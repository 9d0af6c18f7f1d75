//! Reading the `result` of an answer. The portal is lenient in what it writes (`"12"` for 12, `Y` for true), so
//! reading is lenient too; what cannot be read is an error that shows the value, never a default.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::response::Response;
use crate::value::{Id, Object, kind};

/// Why a value could not be read: what was expected and what stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was expected, as `a boolean`.
    pub expected: &'static str,
    /// What was found, as `an array`.
    pub found: String,
}

/// What the whole answer of a call can be read as.
pub trait FromResult: Sized + 'static {
    /// Reads the answer.
    ///
    /// # Errors
    /// When the value has another shape.
    fn from_result(response: Response) -> Result<Self, Mismatch>;
}

/// What a single value of an answer can be read as.
pub trait FromValue: Sized + 'static {
    /// Reads the value.
    ///
    /// # Errors
    /// When the value has another shape.
    fn from_value(value: Value) -> Result<Self, Mismatch>;

    /// Reads the value from its JSON. Types that need no [`Value`] on the way spare it.
    ///
    /// # Errors
    /// When the value has another shape.
    fn from_json(text: &str) -> Result<Self, Mismatch> {
        let value = serde_json::from_str(text);
        Self::from_value(value.map_err(|error| Mismatch { expected: "JSON", found: error.to_string() })?)
    }

    /// Whether a value is of the kind of JSON that a portal usually writes this as: it tells the forms of an
    /// [`Either`](crate::Either) apart, and no more. Unless a type says otherwise it is an object.
    fn is_usual(value: &Value) -> bool {
        value.is_object()
    }
}

/// A value read by serde, such as a struct of one's own. A whole walk then costs a third less computing time than with
/// anything that is made of a [`Value`]; fields that the struct does not name are passed over.
///
/// The portal writes most numbers as text: [`Id`] and `String` take what comes.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # portal.fill("crm.deal", 120);
/// use bitrix24_runtime::{Call, Client, Effect, Id, Keyset, Method, Paging, Rest, output::Json};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "UPPERCASE")]
/// struct Deal {
///     id: Id,
///     title: String,
/// }
///
/// // The generated calls know this of their methods.
/// const DEALS: Method =
///     Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset::new("ID"));
///
/// let client = Client::webhook(&portal.webhook())?;
/// let mut deals = Call::new(DEALS).param("select", ["ID", "TITLE"]).stream_as(&client);
/// let mut seen = 0;
/// while let Some(deal) = deals.next().await {
///     let Json(Deal { id, title }) = deal?;
///     assert!(!title.is_empty(), "{id}");
///     seen += 1;
/// }
/// assert_eq!(seen, 120);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromValue for Json<T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        by_serde(serde_json::from_value(value))
    }

    fn from_json(text: &str) -> Result<Self, Mismatch> {
        by_serde(serde_json::from_str(text))
    }

    fn is_usual(_: &Value) -> bool {
        true
    }
}

fn by_serde<T>(read: serde_json::Result<T>) -> Result<Json<T>, Mismatch> {
    let mismatch =
        |error: serde_json::Error| Mismatch { expected: std::any::type_name::<T>(), found: error.to_string() };
    read.map(Json).map_err(mismatch)
}

pub(crate) fn mismatch<T>(expected: &'static str, value: &Value) -> Result<T, Mismatch> {
    const LONGEST: usize = 40;
    let text = value.to_string();
    let found =
        if text.chars().count() > LONGEST { kind(value).to_owned() } else { format!("{} `{text}`", kind(value)) };
    Err(Mismatch { expected, found })
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        Ok(value)
    }

    fn is_usual(_: &Value) -> bool {
        true
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match &value {
            Value::Bool(flag) => Ok(*flag),
            Value::Number(number) if number.as_i64() == Some(1) => Ok(true),
            Value::Number(number) if number.as_i64() == Some(0) => Ok(false),
            Value::String(text) => match text.as_str() {
                "Y" | "y" | "1" | "true" => Ok(true),
                "N" | "n" | "0" | "false" | "" => Ok(false),
                _ => mismatch("a boolean", &value),
            },
            _ => mismatch("a boolean", &value),
        }
    }

    fn is_usual(value: &Value) -> bool {
        value.is_boolean()
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.map_or_else(|| mismatch("an integer", &value), Ok)
    }

    fn is_usual(value: &Value) -> bool {
        is_number_or_text(value)
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        number.map_or_else(|| mismatch("a number", &value), Ok)
    }

    fn is_usual(value: &Value) -> bool {
        is_number_or_text(value)
    }
}

/// The portal writes most numbers as text.
fn is_number_or_text(value: &Value) -> bool {
    value.is_number() || value.is_string()
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            other => mismatch("a string", &other),
        }
    }

    fn is_usual(value: &Value) -> bool {
        value.is_string()
    }
}

impl FromValue for Id {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Number(ref number) => match number.as_i64() {
                Some(number) => Ok(number.into()),
                None => mismatch("an identifier", &value),
            },
            Value::String(text) => Ok(text.into()),
            other => mismatch("an identifier", &other),
        }
    }

    fn is_usual(value: &Value) -> bool {
        is_number_or_text(value)
    }
}

impl FromValue for Object {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Object(object) => Ok(object),
            // PHP writes an empty map as an empty list.
            Value::Array(items) if items.is_empty() => Ok(Object::new()),
            other => mismatch("an object", &other),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_value).collect(),
            // PHP writes a list with gaps in its keys as a map.
            Value::Object(entries) => entries.into_iter().map(|(_, item)| T::from_value(item)).collect(),
            other => mismatch("a list", &other),
        }
    }

    fn is_usual(value: &Value) -> bool {
        value.is_array()
    }
}

/// What is read where a method has nothing to tell: null, or what is empty. Where a portal says true instead, that is no more.
impl FromValue for () {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        let is_nothing = match &value {
            Value::Null | Value::Bool(true) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            Value::Bool(false) | Value::Number(_) => false,
        };
        if is_nothing { Ok(()) } else { mismatch("nothing", &value) }
    }

    fn is_usual(value: &Value) -> bool {
        value.is_null()
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            // What PHP gives for nothing, unless it is a boolean that is asked for.
            Value::Bool(false) => Ok(T::from_value(Value::Bool(false)).ok()),
            value => T::from_value(value).map(Some),
        }
    }

    fn is_usual(value: &Value) -> bool {
        value.is_null() || T::is_usual(value)
    }
}

impl<T: FromValue> FromResult for T {
    fn from_result(response: Response) -> Result<Self, Mismatch> {
        T::from_value(response.result)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The records of this page.
    pub items: Vec<T>,
    /// How many records there are in all, when the portal counted them.
    pub total: Option<u64>,
    /// The `start` of the next page; none on the last one.
    pub next: Option<u64>,
    /// What the answer held beside the records, such as the accounts that they name, by the portal's keys. Only a call that is
    /// sent by itself or in a batch has it; streams, and what is made of them, read the records alone.
    pub beside: Object,
}

impl<T: FromValue> FromResult for Page<T> {
    fn from_result(mut response: Response) -> Result<Self, Mismatch> {
        let beside = response.take_beside();
        let Response { total, next, result, .. } = response;
        Ok(Self { total, next, beside, items: Vec::from_value(result)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_portals_spellings_are_read() {
        assert_eq!(bool::from_value(json!("Y")), Ok(true));
        assert_eq!(bool::from_value(json!(0)), Ok(false));
        assert_eq!(i64::from_value(json!("12")), Ok(12));
        assert_eq!(Vec::<i64>::from_value(json!({"3": "1", "7": 2})), Ok(vec![1, 2]));
        assert_eq!(Object::from_value(json!([])), Ok(Object::new()));
        for nothing in [json!(null), json!(false)] {
            assert_eq!(Option::<Object>::from_value(nothing), Ok(None));
        }
        assert!(Option::<Object>::from_value(json!(true)).is_err());
    }

    /// PHP's false is nothing only where no boolean is asked for, however deep it lies.
    #[test]
    fn an_optional_boolean_keeps_false() {
        for no in [json!(false), json!("N"), json!(0), json!("")] {
            assert_eq!(Option::<bool>::from_value(no), Ok(Some(false)));
        }
        assert_eq!(Option::<bool>::from_value(json!(null)), Ok(None));
        let listed = Vec::<Option<bool>>::from_value(json!([false, null, true]));
        assert_eq!(listed, Ok(vec![Some(false), None, Some(true)]));
        let mapped = crate::Map::<Option<bool>>::from_value(json!({"a": false, "b": null})).expect("a map");
        assert_eq!((mapped.get("a"), mapped.get("b")), (Some(&Some(false)), Some(&None)));
        assert_eq!(Option::<Value>::from_value(json!(false)), Ok(Some(json!(false))), "anything may be false");
        assert_eq!(Option::<Vec<bool>>::from_value(json!(false)), Ok(None), "a list is not");
    }

    #[test]
    fn nothing_is_whatever_is_empty() {
        for nothing in [json!(null), json!([]), json!({}), json!(""), json!(true)] {
            assert_eq!(<()>::from_value(nothing), Ok(()));
        }
        for something in [json!(false), json!(0), json!([1]), json!({"error": "x"}), json!("x")] {
            assert!(<()>::from_value(something.clone()).is_err(), "{something}");
        }
    }

    #[test]
    fn serde_reads_values_and_text_alike() {
        let text = r#"["7", 8]"#;
        let expected = Json(vec![Id::from(7), Id::from(8)]);
        assert_eq!(Json::<Vec<Id>>::from_json(text).as_ref(), Ok(&expected));
        assert_eq!(Json::<Vec<Id>>::from_value(json!(["7", 8])).as_ref(), Ok(&expected));
        assert_eq!(Vec::<Id>::from_json(text), Ok(expected.0));
        let error = Json::<bool>::from_json("7").unwrap_err();
        assert_eq!(error.expected, "bool");
        assert!(error.found.contains("integer `7`"), "{error:?}");
    }

    #[test]
    fn a_wrong_shape_is_shown_not_defaulted() {
        let error = bool::from_value(json!(["x"])).unwrap_err();
        assert_eq!((error.expected, error.found.as_str()), ("a boolean", "an array `[\"x\"]`"));
        assert!(i64::from_value(json!("twelve")).is_err());
    }
}
