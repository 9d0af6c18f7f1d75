//! What the generated setters call: a value in one of the portal's forms, set under a key. A function that does both costs the
//! compiler less than two, and there are thousands of setters.

/// Functions that set a value, one for each form of [`crate::value`].
macro_rules! setters {
    ($target:ty: $($form:ident($value:ty)),*) => {$(
        #[doc = concat!("Sets a value in the form of [`value::", stringify!($form), "`](crate::value::", stringify!($form), "()).")]
        pub fn $form(target: $target, key: &str, value: $value) -> $target {
            put(target, key, crate::value::$form(value))
        }
    )*};
    ($target:ty) => {
        setters!(
            $target: any(impl Into<Value>), boolean(bool), yes_no(bool), no_yes(bool), one_zero(bool), text(impl Into<String>),
            utc(impl Into<String>), integer(impl Into<i64>), number(impl Into<f64>), id(impl Into<Id>),
            anys(impl IntoIterator<Item = impl Into<Value>>), texts(impl IntoIterator<Item = impl Into<String>>),
            utcs(impl IntoIterator<Item = impl Into<String>>), integers(impl IntoIterator<Item = impl Into<i64>>),
            numbers(impl IntoIterator<Item = impl Into<f64>>),
            ids(impl IntoIterator<Item = impl Into<Id>>)
        );
    };
}

/// Parameters of calls.
pub mod param {
    use crate::{Call, Id, Value};

    fn put(call: Call, key: &str, value: Value) -> Call {
        call.put(key, value)
    }

    setters!(Call);
}

/// Fields of records.
pub mod field {
    use crate::{Id, Object, Value};

    /// Sets a value as it is.
    pub fn put(mut record: Object, key: &str, value: Value) -> Object {
        record.insert(key.to_owned(), value);
        record
    }

    setters!(Object);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Call, Object};

    #[test]
    fn a_value_gets_the_same_form_in_a_call_and_in_a_record() {
        let call = param::texts(param::no_yes(Call::named("x"), "OFF", true), "TAGS", ["a"]);
        let record = field::texts(field::no_yes(Object::new(), "OFF", true), "TAGS", ["a"]);
        assert_eq!(json!(call.params()), json!({"OFF": "N", "TAGS": ["a"]}));
        assert_eq!(json!(record), json!(call.params()));
    }
}
