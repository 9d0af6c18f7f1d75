//! Reading the fields of a record: what the getters of the generated views call. A field that is absent or holds
//! something else reads as `None`; the record keeps it as it came.

use serde_json::Value;

use crate::output::FromValue;
use crate::value::Object;

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

/// A value that is read in the portal's lenient way: `"12"` is 12, `Y` is true.
pub fn read<T: FromValue>(record: &Object, key: &str) -> Option<T> {
    T::from_value(record.get(key)?.clone()).ok()
}

/// A flag that is named for the opposite of what it says.
pub fn opposite(record: &Object, key: &str) -> Option<bool> {
    read::<bool>(record, key).map(|flag| !flag)
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
