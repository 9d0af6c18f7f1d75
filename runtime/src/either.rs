//! Results that come in one of several forms.

use serde_json::Value;

use crate::output::{FromValue, Mismatch, mismatch};

/// A result in one of two forms, as the method's page tells when each comes; one of three is an `Either<A, Either<B, C>>`.
///
/// The kind of JSON decides which it is. Only where that speaks for neither, because a portal writes its answer otherwise,
/// the first form counts that it can be read as.
///
/// ```
/// use bitrix24_runtime::{Either, Id, Object, json, output::FromValue};
///
/// type Updated = Either<Id, Object>;
/// assert_eq!(Updated::from_value(json!("7"))?, Either::First(Id::from(7)));
/// let series = Updated::from_value(json!({"id": 7, "recEventId": 8}))?;
/// match &series {
///     Either::First(id) => println!("event {id}"),
///     Either::Second(series) => println!("a series of its own: {}", series["recEventId"]),
/// }
/// assert_eq!(series.second().map(|series| series.len()), Some(2));
/// # Ok::<(), bitrix24_runtime::output::Mismatch>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The form that the page names first.
    First(A),
    /// The other one, or one of the others.
    Second(B),
}

impl<A, B> Either<A, B> {
    /// The result in the first form, if it has that.
    pub fn first(self) -> Option<A> {
        match self {
            Self::First(result) => Some(result),
            Self::Second(_) => None,
        }
    }

    /// The result in the other form, if it has that.
    pub fn second(self) -> Option<B> {
        match self {
            Self::First(_) => None,
            Self::Second(result) => Some(result),
        }
    }
}

impl<A: Into<Value>, B: Into<Value>> From<Either<A, B>> for Value {
    fn from(either: Either<A, B>) -> Self {
        match either {
            Either::First(result) => result.into(),
            Either::Second(result) => result.into(),
        }
    }
}

impl<A: FromValue, B: FromValue> FromValue for Either<A, B> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        match (A::is_usual(&value), B::is_usual(&value)) {
            (true, false) => A::from_value(value).map(Self::First),
            (false, true) => B::from_value(value).map(Self::Second),
            _ => match (A::from_value(value.clone()), B::from_value(value.clone())) {
                (Ok(result), _) => Ok(Self::First(result)),
                (_, Ok(result)) => Ok(Self::Second(result)),
                _ => mismatch("one of the documented forms", &value),
            },
        }
    }

    fn is_usual(value: &Value) -> bool {
        A::is_usual(value) || B::is_usual(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{Id, Object};
    use crate::{Map, output};

    fn read<A: FromValue, B: FromValue>(value: Value) -> Result<Either<A, B>, Mismatch> {
        Either::from_value(value)
    }

    /// Lists and objects read each other; beside each other the kind of JSON tells them apart.
    #[test]
    fn the_kind_of_json_decides() {
        let list = json!([{"id": 1}]);
        let map = json!({"7": {"id": 1}});
        assert!(
            matches!(read::<Map<Object>, Vec<Object>>(list.clone()), Ok(Either::Second(items)) if items.len() == 1)
        );
        assert!(
            matches!(read::<Vec<Object>, Map<Object>>(map.clone()), Ok(Either::Second(map)) if map.contains_key("7"))
        );
        assert!(matches!(read::<Object, Vec<Object>>(json!([])), Ok(Either::Second(items)) if items.is_empty()));
        assert!(matches!(read::<String, Map<String>>(json!("x")), Ok(Either::First(text)) if text == "x"));
        assert!(matches!(read::<bool, Map<Id>>(json!(true)), Ok(Either::First(true))));
        type Three = Either<Id, Either<Vec<Id>, Object>>;
        assert!(matches!(Three::from_value(map), Ok(Either::Second(Either::Second(_)))));
        assert!(matches!(Three::from_value(list), Err(Mismatch { expected: "an identifier", .. })));
    }

    #[test]
    fn what_a_portal_writes_otherwise_is_read_all_the_same() {
        // PHP writes an empty map as a list.
        assert_eq!(read::<bool, Map<Id>>(json!([])), Ok(Either::Second(Map::new())));
        assert_eq!(read::<Object, String>(json!(5)), Ok(Either::Second("5".into())));
        let error = read::<Id, Object>(json!([1])).unwrap_err();
        assert_eq!((error.expected, error.found.as_str()), ("one of the documented forms", "an array `[1]`"));
    }

    #[test]
    fn nothing_is_told_from_each_form() {
        type Found = Option<Either<Map<Value>, String>>;
        for nothing in [json!(null), json!(false)] {
            assert_eq!(Found::from_value(nothing), Ok(None));
        }
        assert_eq!(Found::from_value(json!("")), Ok(Some(Either::Second(String::new()))));
        let kept = Option::<Either<bool, Object>>::from_value(json!(false));
        assert_eq!(kept, Ok(Some(Either::First(false))), "a form that is a boolean keeps false");
    }

    #[test]
    fn nothing_is_lost() {
        for value in [json!({"b": 1, "a": [null]}), json!([1, {"x": "y"}])] {
            let read: Either<Object, Vec<Value>> = output::FromValue::from_value(value.clone()).expect("read");
            assert_eq!(Value::from(read), value);
        }
    }
}
