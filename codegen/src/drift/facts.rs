//! Facts on methods. A file of them has a JSON object a line, a method each:
//!
//! ```json
//! {"method": "user.get", "rest": 2, "scope": ["user"], "deprecated": false,
//!  "params": [{"name": "ID", "type": "integer", "required": true, "children": []}]}
//! ```
//!
//! `rest` is 2 if not given; what else is not given is not compared. Types are words joined by `|`; `array`, `object`,
//! `string`, `integer`, `double`, `boolean`, `date`, `datetime`, `file` and a few synonyms are known. Other keys are
//! passed over, unless they look like one of these.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::ir::Rest;
use crate::suggest::nearest;

/// What is said of a set of methods.
#[derive(Debug)]
pub struct Facts {
    /// Which methods there would be, if they existed.
    pub covers: Covers,
    /// The methods.
    pub methods: Vec<Fact>,
}

/// Which methods a set of facts would name, if they existed; others are not missed.
#[derive(Debug)]
pub enum Covers {
    /// All.
    All,
    /// Those of these REST versions and, where there are any, of these scopes.
    Some {
        /// The versions.
        rest: Vec<Rest>,
        /// The scopes; none: all.
        scopes: Option<BTreeSet<String>>,
    },
}

/// What is said of a method.
#[derive(Clone, Debug, Deserialize)]
pub struct Fact {
    /// Its name.
    pub method: String,
    /// Its REST version: 2 or 3.
    #[serde(default = "two")]
    pub rest: u8,
    /// The scopes that allow it; empty where nothing is said.
    #[serde(default)]
    pub scope: Vec<String>,
    /// Whether it should not be used any more.
    #[serde(default)]
    pub deprecated: Option<bool>,
    /// Its parameters; none where nothing is said.
    #[serde(default)]
    pub params: Option<Vec<FactParam>>,
}

fn two() -> u8 {
    2
}

/// What is said of a parameter, or of a key inside one.
#[derive(Clone, Debug, Deserialize)]
pub struct FactParam {
    /// The key.
    pub name: String,
    /// Its type.
    #[serde(default, rename = "type")]
    pub ty: Option<String>,
    /// Whether the call needs it.
    #[serde(default)]
    pub required: Option<bool>,
    /// The keys inside.
    #[serde(default)]
    pub children: Vec<FactParam>,
}

impl Fact {
    /// The REST version.
    pub fn version(&self) -> Rest {
        if self.rest == 3 { Rest::V3 } else { Rest::V2 }
    }

    /// A method of which only the name is known.
    pub fn named(method: impl Into<String>, rest: u8) -> Self {
        Self { method: method.into(), rest, scope: Vec::new(), deprecated: None, params: None }
    }
}

impl FactParam {
    /// Whether the key stands for others, as in `UF_...` or `PARENT_ID_<n>`.
    pub fn is_placeholder(&self) -> bool {
        self.name.contains("..") || self.name.ends_with('_') || self.name.contains(['…', '<', '{', '*', ' ', '%'])
    }

    /// The type as specs say it.
    pub fn spec_type(&self) -> &'static str {
        // What has keys is an object, whatever else is said.
        match self.ty.as_deref().unwrap_or_default() {
            _ if self.children.iter().any(|child| !child.is_placeholder()) => "object",
            "integer" | "int" => "integer",
            "double" | "float" | "number" => "number",
            "boolean" | "bool" => "boolean",
            "string" | "text" | "char" => "string",
            "date" => "date",
            "datetime" => "datetime",
            "object" => "object",
            "file" => "file",
            "array" => "array<any>",
            _ => "any",
        }
    }
}

/// The keys that are read of a method and of a parameter.
const METHOD_KEYS: &[&str] = &["method", "rest", "scope", "deprecated", "params"];
const PARAM_KEYS: &[&str] = &["name", "type", "required", "children"];

/// A key that is nearly one of those that are read, and that one. Files may say more than is compared here, but a slip must
/// not look like a file that says less.
fn misspelt<'v>(value: &'v Value, known: &[&'static str]) -> Option<(&'v str, &'static str)> {
    let keys = value.as_object()?;
    let near = |key: &str| {
        let free = known.iter().copied().filter(|known| !keys.contains_key(*known));
        nearest(key, free)
    };
    let own = keys.keys().filter(|key| !known.contains(&key.as_str())).find_map(|key| Some((key.as_str(), near(key)?)));
    own.or_else(|| {
        let lists = ["params", "children"].iter().filter_map(|key| keys.get(*key)?.as_array());
        lists.flatten().find_map(|inner| misspelt(inner, PARAM_KEYS))
    })
}

impl Facts {
    /// Reads a file of facts.
    ///
    /// # Errors
    /// The first line that is none, with its number.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut methods = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let value: Value = serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))?;
            if let Some((key, near)) = misspelt(&value, METHOD_KEYS) {
                return Err(format!("line {}: unknown key `{key}`; did you mean `{near}`?", at + 1));
            }
            let fact: Fact = serde_json::from_value(value).map_err(|error| format!("line {}: {error}", at + 1))?;
            if !matches!(fact.rest, 2 | 3) {
                return Err(format!("line {}: `rest` is 2 or 3, not {}", at + 1, fact.rest));
            }
            methods.push(fact);
        }
        Ok(Self { covers: Covers::All, methods })
    }
}
