//! `specs/i18n/<language>/…`: the texts of the specs in another language. The files lie as the specs do and hold nothing
//! but texts, by the names that the specs give to things.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::explain::HELP;
use super::furniture::Furniture;
use super::json::Json;
use super::load::File;

/// The languages beside English that the site has.
pub const LANGUAGES: &[&str] = &["ru"];

/// All texts in one language, each file with its path below `specs/i18n/<language>/`.
#[derive(Debug, Default)]
pub struct Overlays {
    /// The language: `ru`.
    pub language: String,
    /// Of methods.
    pub methods: Vec<File<MethodText>>,
    /// Of categories.
    pub categories: Vec<File<CategoryText>>,
    /// Of shared types.
    pub types: Vec<File<TypeText>>,
    /// Of what other packages offer.
    pub compat: Vec<File<CompatText>>,
    /// Texts that stand in several specs.
    pub phrases: Option<File<Phrases>>,
    /// What pages have beside these texts.
    pub furniture: Option<File<Furniture>>,
}

/// The texts of a method: `specs/i18n/<language>/<category>/<method>.yaml`. What is left out must be among the phrases.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodText {
    /// A short title in sentence case, without a full stop.
    pub title: Option<String>,
    /// What the method does: one sentence or two.
    pub summary: Option<String>,
    /// Who may call it, where the spec says it: a phrase without a full stop.
    pub access: Option<String>,
    /// What to know when moving to the replacement, where the spec has such a note.
    pub deprecated: Option<String>,
    /// The parameters, by name.
    #[serde(default)]
    pub params: Texts<ParamText>,
    /// What the answer means; of one in several forms a list, in order.
    pub returns: Option<ReturnsText>,
    /// The errors, by code: when each comes and what to do.
    #[serde(default)]
    pub errors: Texts<String>,
    /// The titles of the examples that have one, in order.
    #[serde(default)]
    pub examples: Vec<String>,
    /// The further functions, by name.
    #[serde(default)]
    pub functions: Texts<FunctionText>,
}

/// The texts of a further function.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionText {
    /// A short title in sentence case, without a full stop.
    pub title: Option<String>,
    /// What it does.
    pub summary: Option<String>,
    /// The parameters that have a description of their own, by name.
    #[serde(default)]
    pub params: Texts<ParamText>,
    /// What it answers, where the spec says it.
    pub returns: Option<ReturnsText>,
    /// The titles of the examples that have one, in order.
    #[serde(default)]
    pub examples: Vec<String>,
}

/// The texts of a folder: `specs/i18n/<language>/<folder>/_category.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryText {
    /// A short title in sentence case.
    pub title: Option<String>,
    /// What is in it.
    pub summary: Option<String>,
    /// Whether every spec of the folder, and every shared type whose keys its pages show, must have its texts.
    #[serde(default)]
    pub complete: bool,
}

/// The texts of a shared type: `specs/i18n/<language>/types/<type>.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeText {
    /// What people call it.
    pub title: Option<String>,
    /// What it describes.
    pub description: Option<String>,
    /// Its fields, by name.
    #[serde(default)]
    pub fields: Texts<ParamText>,
}

/// The texts of another package's page: `specs/i18n/<language>/compat/<package>.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatText {
    /// The package's name.
    pub package: Option<String>,
    /// What is otherwise here for all functions, in order.
    #[serde(default)]
    pub differences: Vec<String>,
    /// What is otherwise here, by the names of the functions that say so.
    #[serde(default)]
    pub functions: Texts<String>,
}

/// Texts that stand in several specs: `specs/i18n/<language>/phrases.yaml`, the English text as the key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Phrases(pub Texts<String>);

/// The texts of a parameter, a field or a key.
#[derive(Debug, Default)]
pub struct ParamText {
    /// What it means.
    pub text: Option<String>,
    /// What its known values mean, where the spec says it.
    pub values: Texts<String>,
    /// The keys that the spec itself lists below it.
    pub entries: Texts<ParamText>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullParam {
    /// What it means.
    text: Option<String>,
    /// What its known values mean, where the spec says it.
    #[serde(default)]
    values: Texts<String>,
    /// The keys that the spec itself lists below it, by name.
    #[serde(default)]
    entries: Texts<ParamText>,
}

impl<'de> Deserialize<'de> for ParamText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = ParamText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or an object with `text`, `values` and `entries`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ParamText, E> {
                Ok(ParamText { text: Some(text.to_owned()), ..ParamText::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ParamText, A::Error> {
                let FullParam { text, values, entries } = FullParam::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ParamText { text, values, entries })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl JsonSchema for ParamText {
    fn schema_name() -> Cow<'static, str> {
        "ParamText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = FullParam::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "string", "description": "What it means." }, full] })
    }
}

/// The text of a result, or those of its forms.
#[derive(Debug)]
pub struct ReturnsText(pub Vec<String>);

impl<'de> Deserialize<'de> for ReturnsText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = ReturnsText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ReturnsText, E> {
                Ok(ReturnsText(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<ReturnsText, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(ReturnsText)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl JsonSchema for ReturnsText {
    fn schema_name() -> Cow<'static, str> {
        "ReturnsText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// Texts by the names of things, in the file's order.
#[derive(Debug)]
pub struct Texts<T>(pub IndexMap<String, T>);

impl<T> Default for Texts<T> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<T> Texts<T> {
    /// The one of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.get(name)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Texts<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
            type Value = Texts<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("texts by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts<T>, A::Error> {
                let mut texts = Texts::default();
                while let Some(Json(key)) = map.next_key()? {
                    let key = crate::emit::tables::text(&key).into_owned();
                    if texts.0.contains_key(&key) {
                        return Err(de::Error::custom(format!(
                            "the key `{key}` stands here twice{HELP}keep one of them"
                        )));
                    }
                    texts.0.insert(key, map.next_value()?);
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_map(Names(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Texts<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Texts_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": text })
    }
}
