//! Reading the `result` of an answer. The portal is lenient in what it writes (`"12"` for 12, `Y` for true), so
//! reading is lenient too; what cannot be read is an error that shows the value, never a default.

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
}

fn mismatch<T>(expected: &'static str, value: &Value) -> Result<T, Mismatch> {
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
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            other => mismatch("a string", &other),
        }
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
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
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
}

impl<T: FromValue> FromResult for Page<T> {
    fn from_result(response: Response) -> Result<Self, Mismatch> {
        Ok(Self { total: response.total, next: response.next, items: Vec::from_value(response.result)? })
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
    }

    #[test]
    fn a_wrong_shape_is_shown_not_defaulted() {
        let error = bool::from_value(json!(["x"])).unwrap_err();
        assert_eq!((error.expected, error.found.as_str()), ("a boolean", "an array `[\"x\"]`"));
        assert!(i64::from_value(json!("twelve")).is_err());
    }
}
