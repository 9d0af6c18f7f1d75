//! The parts of a spec that may be written in more than one way. Each reads its forms by hand: an untagged serde enum
//! would lose the places of errors.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::explain::HELP;
use super::json::{Json, Key};
use super::model::ParamSpec;
use super::words::StyleWord;
use crate::ir::Style;

/// The known keys of an object.
#[derive(Clone, Debug, Default)]
pub struct EntriesSpec {
    /// The shared type they come from.
    pub ty: Option<String>,
    /// Keys of the shared type that do not apply.
    pub omit: Vec<String>,
    /// Keys that are required.
    pub require: Vec<String>,
    /// Keys written here.
    pub own: Vec<ParamSpec>,
    /// Whether the fields that come in answers only are keys too, as in filters.
    pub readonly: bool,
    /// Whether it is written as a mapping with these parts, not as a name or a list alone.
    pub is_mapping: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullEntries {
    /// The shared type: a file of `specs/types`.
    #[serde(rename = "type")]
    ty: Option<String>,
    /// Keys of the shared type that do not apply here.
    #[serde(default)]
    omit: Vec<String>,
    /// Keys that are required here.
    #[serde(default)]
    require: Vec<String>,
    /// Keys of this method alone.
    #[serde(default)]
    own: Vec<ParamSpec>,
    /// Whether the fields that come in answers only are keys too, as in filters.
    #[serde(default)]
    readonly: bool,
}

impl<'de> Deserialize<'de> for EntriesSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = EntriesSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a shared type, a list of keys, or an object with `type`, `omit`, `require` and `own`",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<EntriesSpec, E> {
                Ok(EntriesSpec { ty: Some(name.to_owned()), ..EntriesSpec::default() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<EntriesSpec, A::Error> {
                let own = Vec::deserialize(SeqAccessDeserializer::new(items))?;
                Ok(EntriesSpec { own, ..EntriesSpec::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EntriesSpec, A::Error> {
                let FullEntries { ty, omit, require, own, readonly } =
                    FullEntries::deserialize(MapAccessDeserializer::new(map))?;
                Ok(EntriesSpec { ty, omit, require, own, readonly, is_mapping: true })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl JsonSchema for EntriesSpec {
    fn schema_name() -> Cow<'static, str> {
        "Entries".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<Vec<ParamSpec>>();
        let full = FullEntries::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "string", "description": "A shared type of specs/types." }, own, full] })
    }
}

/// The known values: each with what it means, if the spec tells.
#[derive(Clone, Debug)]
pub struct ValuesSpec(pub Vec<(Value, Option<String>)>);

impl<'de> Deserialize<'de> for ValuesSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = ValuesSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values, or a mapping of each value to what it means")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ValuesSpec, A::Error> {
                let mut values = Vec::new();
                while let Some(Json(value)) = items.next_element()? {
                    values.push((value, None));
                }
                Ok(ValuesSpec(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ValuesSpec, A::Error> {
                let mut values = Vec::new();
                while let Some(Json(value)) = map.next_key()? {
                    values.push((value, Some(map.next_value()?)));
                }
                Ok(ValuesSpec(values))
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl JsonSchema for ValuesSpec {
    fn schema_name() -> Cow<'static, str> {
        "Values".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "array" }, { "type": "object", "additionalProperties": { "type": "string" } }] })
    }
}

/// Where a value goes.
#[derive(Clone, Debug)]
pub enum WireSpec {
    /// Its entries go to the top level.
    Merge,
    /// Below a path of keys.
    Path(Vec<String>),
}

impl<'de> Deserialize<'de> for WireSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = WireSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`merge`, a path such as `filter.ID`, or a list of keys")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<WireSpec, E> {
                match path {
                    "merge" => Ok(WireSpec::Merge),
                    path if path.split('.').any(str::is_empty) => {
                        Err(E::custom(format!("a path must not have empty keys{HELP}write it as in `filter.ID`")))
                    }
                    path => Ok(WireSpec::Path(path.split('.').map(str::to_owned).collect())),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<WireSpec, A::Error> {
                let mut keys = Vec::new();
                while let Some(Key(key)) = items.next_element()? {
                    keys.push(key);
                }
                if keys.is_empty() {
                    Err(de::Error::custom(format!("a path needs at least one key{HELP}write it as in `[filter, ID]`")))
                } else {
                    Ok(WireSpec::Path(keys))
                }
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl JsonSchema for WireSpec {
    fn schema_name() -> Cow<'static, str> {
        "Wire".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] })
    }
}

/// How a list is cut into pages: a style alone, or with the names of its parameters.
#[derive(Clone, Debug)]
pub struct PagingSpec {
    /// The style.
    pub style: Style,
    /// The parameter that says where a page begins.
    pub place: Option<String>,
    /// The parameter that says how many records a page holds.
    pub size: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FullPaging {
    /// The style.
    style: StyleWord,
    /// The parameter that says where a page begins, with dots between nested keys.
    place: Option<String>,
    /// The parameter that says how many records a page holds, with dots between nested keys.
    size: Option<String>,
}

impl<'de> Deserialize<'de> for PagingSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = PagingSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a paging style, or an object with `style`, `place` and `size`")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<PagingSpec, E> {
                let StyleWord(style) = StyleWord::deserialize(word.into_deserializer())?;
                Ok(PagingSpec { style, place: None, size: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PagingSpec, A::Error> {
                let FullPaging { style, place, size } = FullPaging::deserialize(MapAccessDeserializer::new(map))?;
                Ok(PagingSpec { style: style.0, place, size })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

impl JsonSchema for PagingSpec {
    fn schema_name() -> Cow<'static, str> {
        "Paging".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let style = generator.subschema_for::<StyleWord>();
        let full = FullPaging::json_schema(generator);
        json_schema!({ "anyOf": [style, full] })
    }
}

/// A parameter: written out, or taken over from elsewhere.
#[derive(Clone, Debug)]
pub enum PresetParam {
    /// Taken over.
    Use(Box<UseParam>),
    /// Written out.
    Own(Box<ParamSpec>),
}

/// A parameter taken over: in a further function one of the method's, in a method or a shared type a field of a shared type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseParam {
    /// The name of one of the method's parameters, or `<type>.<field>`.
    #[serde(rename = "use")]
    pub name: String,
    /// Another long option.
    pub option: Option<String>,
    /// Another name in the documented signature.
    pub argument: Option<String>,
    /// Whether the call needs it.
    pub required: Option<bool>,
    /// What the command line sends when the option is left out.
    pub default: Option<Json>,
    /// Another description.
    pub description: Option<String>,
}

impl UseParam {
    /// Whether anything is to be different here.
    pub fn differs(&self) -> bool {
        self.option.is_some()
            || self.argument.is_some()
            || self.required.is_some()
            || self.default.is_some()
            || self.description.is_some()
    }

    /// The parameter as it is here.
    pub fn over(&self, mut spec: ParamSpec) -> ParamSpec {
        spec.option = self.option.clone().or(spec.option);
        spec.argument = self.argument.clone().or(spec.argument);
        spec.required = self.required.unwrap_or(spec.required);
        spec.default = self.default.clone().or(spec.default);
        spec.description = self.description.clone().unwrap_or(spec.description);
        spec
    }
}

impl PresetParam {
    /// The name of the parameter, wherever it is written.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(spec) => &spec.name,
            Self::Use(taken) => taken.name.rsplit('.').next().unwrap_or_default(),
        }
    }
}

impl<'de> Deserialize<'de> for PresetParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = PresetParam;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`use: NAME` or a parameter")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PresetParam, A::Error> {
                let first: Option<String> = map.next_key()?;
                let is_use = first.as_deref() == Some("use");
                let rest = MapAccessDeserializer::new(Resumed { first, map });
                if is_use {
                    UseParam::deserialize(rest).map(|param| PresetParam::Use(Box::new(param)))
                } else {
                    ParamSpec::deserialize(rest).map(|param| PresetParam::Own(Box::new(param)))
                }
            }
        }
        deserializer.deserialize_map(Forms)
    }
}

/// A map whose first key has been looked at.
struct Resumed<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Resumed<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

impl JsonSchema for PresetParam {
    fn schema_name() -> Cow<'static, str> {
        "FunctionParam".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<ParamSpec>();
        let taken = UseParam::json_schema(generator);
        json_schema!({ "anyOf": [taken, own] })
    }
}
