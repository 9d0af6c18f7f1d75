//! The fields of a record: what the getters of the generated views call. A field that is absent or holds
//! something else reads as `None`; the record keeps it as it came.

use std::fmt;

use serde_json::Value;

use crate::output::{FromValue, Mismatch};
use crate::value::{Id, Object};

/// A record with a getter for each documented field: a thin wrapper of the object that came.
pub trait View: From<Object> + 'static {}

impl<V: View> FromValue for V {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        Object::from_value(value).map(Self::from)
    }
}

/// How the thin wrappers show themselves: `Update(Call { … })`.
#[doc(hidden)]
pub fn debug(f: &mut fmt::Formatter<'_>, name: &str, inner: &dyn fmt::Debug) -> fmt::Result {
    f.debug_tuple(name).field(inner).finish()
}

/// Text.
pub fn text<'r>(record: &'r Object, key: &str) -> Option<&'r str> {
    record.get(key)?.as_str()
}

/// An object.
pub fn object<'r>(record: &'r Object, key: &str) -> Option<&'r Object> {
    record.get(key)?.as_object()
}

/// Whatever is there.
pub fn any<'r>(record: &'r Object, key: &str) -> Option<&'r Value> {
    record.get(key)
}

/// An identifier.
pub fn id(record: &Object, key: &str) -> Option<Id> {
    read(record, key)
}

/// A flag.
pub fn boolean(record: &Object, key: &str) -> Option<bool> {
    read(record, key)
}

/// A whole number.
pub fn integer(record: &Object, key: &str) -> Option<i64> {
    read(record, key)
}

/// A number.
pub fn number(record: &Object, key: &str) -> Option<f64> {
    read(record, key)
}

/// A value that is read in the portal's lenient way: `"12"` is 12, `Y` is true.
pub fn read<T: FromValue>(record: &Object, key: &str) -> Option<T> {
    T::from_value(record.get(key)?.clone()).ok()
}

/// A flag that is named for the opposite of what it says.
pub fn opposite(record: &Object, key: &str) -> Option<bool> {
    boolean(record, key).map(|flag| !flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_odd_fields_read_as_none() {
        let Value::Object(record) =
            serde_json::json!({"ID": "7", "ACTIVE": "Y", "UF_DEPARTMENT": ["1", 2], "NAME": 5, "IS_ONLINE": false})
        else {
            unreachable!("an object was written")
        };
        assert_eq!(read::<i64>(&record, "ID"), Some(7));
        assert_eq!((read::<bool>(&record, "ACTIVE"), opposite(&record, "ACTIVE")), (Some(true), Some(false)));
        assert_eq!(read::<Vec<i64>>(&record, "UF_DEPARTMENT"), Some(vec![1, 2]));
        assert_eq!(read::<bool>(&record, "IS_ONLINE"), Some(false), "a flag that is false is there");
        assert_eq!((text(&record, "NAME"), text(&record, "LAST_NAME")), (None, None));
    }
}
