//! The only module that knows YAML: reads spec files into plain structs and finds the place of anything in them.

use std::sync::Arc;

use crate::diag::{Diagnostic, SourceText};

mod blank;
mod compat;
mod entries;
mod explain;
mod furniture;
mod json;
mod load;
mod locate;
mod model;
mod overlay;
mod schema;
mod skeleton;
mod syntax;
mod words;

pub use compat::{CompatFunction, CompatOption, CompatSpec, OptionsWord};
pub use entries::{EntriesSpec, PagingSpec, PresetParam, UseParam, ValuesSpec, WireSpec};
pub use furniture::{FieldsOf, Furniture, Piece, Types, pieces};
pub use load::{File, Source, Specs, bundle, files, load};
pub use locate::Step;
pub(crate) use locate::{locate, texts};
pub use model::{
    CategorySpec, DeprecatedSpec, ErrorSpec, ExampleSpec, FormSpec, FunctionSpec, MethodSpec, ParamSpec, ReturnsSpec,
    TypeSpec,
};
pub use overlay::{
    CategoryText, CompatText, FunctionText, LANGUAGES, MethodText, Overlays, ParamText, Phrases, ReturnsText, Texts,
    TypeText,
};
pub use schema::schemas;
pub use skeleton::skeleton;
pub use words::{EffectWord, ProcedureWord, RestWord, ReturnsWord, StyleWord, TypeWord};

/// Reads YAML that is no spec, and shows what is wrong with it as with a spec.
pub(crate) fn yaml<T: serde::de::DeserializeOwned>(text: &Arc<SourceText>) -> Result<T, Box<Diagnostic>> {
    serde_yaml::from_str(&text.text).map_err(|error| Box::new(explain::explain(text, &error)))
}
