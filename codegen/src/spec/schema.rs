//! The JSON Schemas of the spec files, made from the model: editors complete and underline with them.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::compat::CompatSpec;
use super::furniture::Furniture;
use super::model::{CategorySpec, MethodSpec, TypeSpec};
use super::overlay::{CategoryText, CompatText, MethodText, Phrases, TypeText};

/// The schemas by file name below `specs/`.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("method.schema.json", schema::<MethodSpec>()),
        ("category.schema.json", schema::<CategorySpec>()),
        ("type.schema.json", schema::<TypeSpec>()),
        ("compat.schema.json", schema::<CompatSpec>()),
        ("i18n/method.schema.json", schema::<MethodText>()),
        ("i18n/category.schema.json", schema::<CategoryText>()),
        ("i18n/type.schema.json", schema::<TypeText>()),
        ("i18n/compat.schema.json", schema::<CompatText>()),
        ("i18n/furniture.schema.json", schema::<Furniture>()),
        ("i18n/phrases.schema.json", schema::<Phrases>()),
    ]
}

fn schema<T: JsonSchema>() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let mut value = schema.to_value();
    if let Value::Object(object) = &mut value {
        object.insert("$comment".into(), json!(crate::emit::banner("codegen/src/spec")));
    }
    value
}
