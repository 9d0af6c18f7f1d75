//! JSON written straight into a text. The documents are large: a tree of values for each would cost more than all the
//! rest of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::component::Component;

/// A JSON value in the making, and the components that it refers to.
#[derive(Default)]
pub(super) struct Json<'a> {
    pub(super) text: String,
    pub(super) uses: BTreeSet<Component<'a>>,
}

/// An object in the making.
pub(super) struct Object<'j, 'a> {
    json: &'j mut Json<'a>,
    is_empty: bool,
}

impl<'a> Json<'a> {
    /// Writes an object.
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Object<'_, 'a>)) {
        self.text.push('{');
        fill(&mut Object { json: self, is_empty: true });
        self.text.push('}');
    }

    /// Writes an array, an item a call of `each`.
    pub(super) fn array<T>(&mut self, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.text.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            each(self, item);
        }
        self.text.push(']');
    }

    /// Writes a text.
    pub(super) fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            // Only single bytes are looked for, so every cut is between characters.
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.text.push_str(&text[plain..at]);
            plain = at + 1;
            match byte {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                b'\n' => self.text.push_str("\\n"),
                byte => self.text.push_str(&format!("\\u{byte:04x}")),
            }
        }
        self.text.push_str(&text[plain..]);
        self.text.push('"');
    }

    /// Writes a value.
    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(items) => self.array(items, |json, item| json.value(item)),
            Value::Object(map) => self.object(|object| {
                for (key, value) in map {
                    object.value(key, value);
                }
            }),
            other => self.text.push_str(&other.to_string()),
        }
    }
}

impl<'a> Object<'_, 'a> {
    /// Begins the value of a key, which must be written next.
    pub(super) fn key(&mut self, key: &str) -> &mut Json<'a> {
        if !std::mem::take(&mut self.is_empty) {
            self.json.text.push(',');
        }
        self.json.string(key);
        self.json.text.push(':');
        self.json
    }

    /// A key with a text.
    pub(super) fn string(&mut self, key: &str, text: &str) {
        self.key(key).string(text);
    }

    /// A key with texts.
    pub(super) fn strings<'t>(&mut self, key: &str, texts: impl IntoIterator<Item = &'t str>) {
        self.key(key).array(texts, |json, text| json.string(text));
    }

    /// A key with a value.
    pub(super) fn value(&mut self, key: &str, value: &Value) {
        self.key(key).value(value);
    }

    /// A key with `true`.
    pub(super) fn yes(&mut self, key: &str) {
        self.key(key).text.push_str("true");
    }

    /// A key with a text that is JSON already.
    pub(super) fn raw(&mut self, key: &str, json: &str) {
        self.key(key).text.push_str(json);
    }

    /// A key with an object.
    pub(super) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_, 'a>)) {
        self.key(key).object(fill);
    }

    /// The reference to a component, beside whatever else is said here.
    pub(super) fn refer(&mut self, component: Component<'a>) {
        self.string("$ref", &format!("#/components/schemas/{}", component.name()));
        self.json.uses.insert(component);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_reads_back(text in ".*", other in "\\PC*\n?\"?") {
            let mut json = Json::default();
            json.object(|object| object.strings(&other, [text.as_str(), &other]));
            let value: Value = serde_json::from_str(&json.text).expect("JSON");
            prop_assert_eq!(value, serde_json::json!({ &other: [&text, &other] }));
        }
    }
}
