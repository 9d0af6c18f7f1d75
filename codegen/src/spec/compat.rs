//! `specs/compat/*.yaml`: the functions of another package that must be offered here under the same names.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::explain::HELP;

/// A package and its functions.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatSpec {
    /// The package's name.
    pub package: String,
    /// Its short name, as people say it.
    pub short: String,
    /// What is otherwise here for all functions, on purpose: a sentence or two each.
    #[serde(default)]
    pub differences: Vec<String>,
    /// Its functions, in its order.
    pub functions: Vec<CompatFunction>,
}

/// A function of the package.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatFunction {
    /// Its name.
    pub name: String,
    /// Its Russian name.
    pub ru: Option<String>,
    /// Its options in order: `<letter>:<option>`, with `!` behind those without a default.
    pub options: OptionsWord,
    /// What is otherwise here, on purpose.
    pub differs: Option<String>,
}

/// The options of a function.
#[derive(Clone, Debug)]
pub struct OptionsWord(pub Vec<CompatOption>);

/// An option of a function.
#[derive(Clone, Debug)]
pub struct CompatOption {
    /// The one-letter form.
    pub short: char,
    /// The long form.
    pub long: String,
    /// Whether a call needs it.
    pub required: bool,
}

fn option(word: &str) -> Option<CompatOption> {
    let (short, long) = word.split_once(':')?;
    let mut letters = short.chars();
    let (Some(short), None) = (letters.next(), letters.next()) else { return None };
    let (long, required) = long.strip_suffix('!').map_or((long, false), |long| (long, true));
    (!long.is_empty()).then(|| CompatOption { short, long: long.to_owned(), required })
}

impl<'de> Deserialize<'de> for OptionsWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = OptionsWord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("options, as in `u:url! t:token`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OptionsWord, E> {
                let read = |word: &str| {
                    let fault = format!("`{word}` is no option{HELP}write it as in `u:url!` or `t:token`");
                    option(word).ok_or_else(|| E::custom(fault))
                };
                text.split_whitespace().map(read).collect::<Result<_, _>>().map(OptionsWord)
            }
        }
        deserializer.deserialize_str(Words)
    }
}

impl JsonSchema for OptionsWord {
    fn schema_name() -> Cow<'static, str> {
        "Options".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(\\S:[^ !]+!?( |$))*$" })
    }
}
