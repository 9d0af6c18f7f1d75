//! Results with free keys: fields by their codes, records by their numbers.

use indexmap::IndexMap;
use serde_json::Value;

use crate::output::{FromValue, Mismatch, mismatch};

/// What stands below the keys of an object whose keys are free, such as fields by their codes. It keeps the portal's order
/// and every key.
///
/// ```
/// use bitrix24_runtime::{Map, json, output::FromValue};
///
/// let names = Map::<String>::from_value(json!({"NAME": "First name", "LAST_NAME": "Last name"}))?;
/// assert_eq!(names.get("LAST_NAME").map(String::as_str), Some("Last name"));
/// for (key, name) in &names {
///     println!("{key}: {name}");
/// }
/// # Ok::<(), bitrix24_runtime::output::Mismatch>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<T>(IndexMap<String, T>);

impl<T> Map<T> {
    /// One without any key.
    pub fn new() -> Self {
        Self(IndexMap::new())
    }

    /// What stands below a key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.get(key)
    }

    /// Whether there is such a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Takes out what stands below a key; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<T> {
        self.0.shift_remove(key)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys with what stands below them, in the portal's order.
    pub fn iter(&self) -> indexmap::map::Iter<'_, String, T> {
        self.0.iter()
    }

    /// The keys, in the portal's order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.0.keys().map(String::as_str)
    }

    /// What stands below the keys, in the portal's order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator {
        self.0.values()
    }
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> IntoIterator for Map<T> {
    type Item = (String, T);
    type IntoIter = indexmap::map::IntoIter<String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'m, T> IntoIterator for &'m Map<T> {
    type Item = (&'m String, &'m T);
    type IntoIter = indexmap::map::Iter<'m, String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Into<String>, T> FromIterator<(K, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl<T: Into<Value>> From<Map<T>> for Value {
    fn from(map: Map<T>) -> Self {
        Self::Object(map.into_iter().map(|(key, value)| (key, value.into())).collect())
    }
}

impl<T: FromValue> FromValue for Map<T> {
    fn from_value(value: Value) -> Result<Self, Mismatch> {
        let read = |key: String, value: Value| match T::from_value(value) {
            Ok(value) => Ok((key, value)),
            Err(Mismatch { expected, found }) => Err(Mismatch { expected, found: format!("{found} below `{key}`") }),
        };
        match value {
            Value::Object(entries) => entries.into_iter().map(|(key, value)| read(key, value)).collect(),
            // PHP writes a map as a list when it is empty, and when its keys are 0, 1, 2 and so on.
            Value::Array(items) => {
                items.into_iter().enumerate().map(|(at, value)| read(at.to_string(), value)).collect()
            }
            other => mismatch("an object", &other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_every_key_are_kept() {
        let given = json!({"b": "2", "a": 1, "UF_CRM_1": 3, "": 4});
        let mut map = Map::<i64>::from_value(given.clone()).expect("numbers");
        assert_eq!(map.keys().collect::<Vec<_>>(), ["b", "a", "UF_CRM_1", ""]);
        assert_eq!(map.values().sum::<i64>(), 10);
        assert_eq!((map.get("b"), map.get("c"), map.len()), (Some(&2), None, 4));
        assert_eq!(map.remove("a"), Some(1));
        assert_eq!(map.iter().map(|(key, _)| key.as_str()).collect::<String>(), "bUF_CRM_1");
        assert_eq!(Value::from(Map::<Value>::from_value(given.clone()).expect("anything")), given);
    }

    #[test]
    fn lists_of_php_are_maps() {
        assert_eq!(Map::<String>::from_value(json!([])), Ok(Map::new()));
        let rights = Map::<Vec<String>>::from_value(json!([["read"], []])).expect("a map");
        assert_eq!(rights.keys().collect::<Vec<_>>(), ["0", "1"]);
    }

    #[test]
    fn what_cannot_be_read_is_shown_with_its_key() {
        let error = Map::<bool>::from_value(json!({"a": true, "b": "perhaps"})).unwrap_err();
        assert_eq!((error.expected, error.found.as_str()), ("a boolean", "a string `\"perhaps\"` below `b`"));
        let error = Map::<Vec<i64>>::from_value(json!({"a": {"b": []}})).unwrap_err();
        assert_eq!(error.found, "an array `[]` below `a`");
        assert_eq!(Map::<bool>::from_value(json!(false)).unwrap_err().expected, "an object");
        assert!(Map::<Value>::from_value(Value::Null).is_err());
    }
}
