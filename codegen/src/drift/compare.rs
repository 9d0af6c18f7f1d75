//! The comparison itself. Both sides are read as trees of keys, and only what both speak of is compared: a shared type
//! may know more keys than a page of the documentation lists, and facts may be silent on parameters at all.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Covers, Fact, FactParam, Facts};
use crate::ir::{Api, Method, Param, Rest, Ty, Wire};

/// A difference between the specs and the facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The method, with `@3` behind it for REST 3.0.
    pub method: String,
    /// The parameter, with dots between nested keys; empty where the method itself differs.
    pub key: String,
    /// What differs.
    pub kind: Kind,
    /// What the specs say.
    pub specs: String,
    /// What the facts say.
    pub facts: String,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The specs do not have it.
    Added,
    /// The facts do not have it.
    Removed,
    /// The type.
    Type,
    /// Whether it is required.
    Required,
    /// Whether it is deprecated.
    Deprecated,
    /// The scope.
    Scope,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Added, Self::Removed, Self::Type, Self::Required, Self::Deprecated, Self::Scope];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Type => "type",
            Self::Required => "required",
            Self::Deprecated => "deprecated",
            Self::Scope => "scope",
        }
    }
}

/// The name under which differences of a method are listed.
fn label(name: &str, rest: Rest) -> String {
    if rest == Rest::V3 { format!("{name}@3") } else { name.to_owned() }
}

/// Every difference, by method, then key.
pub fn compare(api: &Api, facts: &Facts) -> Vec<Difference> {
    let methods: BTreeMap<(String, Rest), &Method> =
        api.methods.iter().map(|method| ((method.name.to_lowercase(), method.rest), method)).collect();
    let mut all = Vec::new();
    let mut named = BTreeSet::new();
    for fact in &facts.methods {
        let place = (fact.method.to_lowercase(), fact.version());
        match methods.get(&place) {
            Some(method) => compare_method(method, fact, &mut all),
            None => all.push(Difference {
                method: label(&fact.method, fact.version()),
                key: String::new(),
                kind: Kind::Added,
                specs: String::new(),
                facts: fact.scope.join(", "),
            }),
        }
        named.insert(place);
    }
    for (place, method) in &methods {
        let is_call = method.functions.first().is_some_and(|function| function.has_connection());
        if is_call && !named.contains(place) && is_covered(&facts.covers, method) {
            all.push(Difference {
                method: label(&method.name, method.rest),
                key: String::new(),
                kind: Kind::Removed,
                specs: method.scope.clone(),
                facts: String::new(),
            });
        }
    }
    all.sort();
    all.dedup();
    all
}

fn is_covered(covers: &Covers, method: &Method) -> bool {
    match covers {
        Covers::All => true,
        Covers::Some { rest, scopes } => {
            rest.contains(&method.rest) && scopes.as_ref().is_none_or(|scopes| scopes.contains(&method.scope))
        }
    }
}

fn compare_method(method: &Method, fact: &Fact, all: &mut Vec<Difference>) {
    let label = label(&method.name, method.rest);
    let mut own = |kind, specs: String, facts: String| {
        all.push(Difference { method: label.clone(), key: String::new(), kind, specs, facts });
    };
    if !fact.scope.is_empty() && !fact.scope.contains(&method.scope) {
        own(Kind::Scope, method.scope.clone(), fact.scope.join(", "));
    }
    let is_deprecated = method.deprecated.is_some();
    if let Some(deprecated) = fact.deprecated.filter(|deprecated| *deprecated != is_deprecated) {
        own(Kind::Deprecated, is_deprecated.to_string(), deprecated.to_string());
    }
    if let Some(params) = &fact.params {
        let mut tree = Node::default();
        for param in method.params.iter().filter(|param| !param.is_group) {
            match &param.wire {
                Wire::Path(path) => tree.insert(path, param),
                Wire::Merge => param.entries.iter().flat_map(|entries| &entries.all).for_each(|entry| {
                    tree.insert(std::slice::from_ref(&entry.name), entry);
                }),
            }
        }
        compare_keys(&label, "", &tree, params, true, all);
    }
}

/// What the specs say of a key.
#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    param: Option<&'a Param>,
    /// By the plain name.
    below: BTreeMap<String, Node<'a>>,
}

impl<'a> Node<'a> {
    fn insert(&mut self, path: &'a [String], param: &'a Param) {
        match path.split_first() {
            None => self.param = Some(param),
            Some((key, rest)) => {
                let node = self.below.entry(plain(key)).or_default();
                node.name = key;
                node.insert(rest, param);
            }
        }
    }

    fn is_required(&self) -> bool {
        self.param.is_some_and(|param| param.required) || self.below.values().any(Self::is_required)
    }

    fn ty(&self) -> Ty {
        self.param.map_or(Ty::Object, |param| param.ty.clone())
    }

    /// The keys inside, those of parameters that lie below and those of the object.
    fn keys(&self) -> Self {
        let mut keys = Self::default();
        for entry in self.param.iter().flat_map(|param| &param.entries).flat_map(|entries| &entries.all) {
            keys.insert(std::slice::from_ref(&entry.name), entry);
        }
        for (name, node) in &self.below {
            let mut copy = Node { name: node.name, param: node.param, below: BTreeMap::new() };
            copy.below.extend(node.keys_below());
            keys.below.insert(name.clone(), copy);
        }
        keys
    }

    fn keys_below(&self) -> BTreeMap<String, Node<'a>> {
        self.below
            .iter()
            .map(|(name, node)| (name.clone(), Node { name: node.name, param: node.param, below: node.keys_below() }))
            .collect()
    }
}

/// A key without what pages of the documentation do not agree on: capitals, and underscores between the words.
fn plain(key: &str) -> String {
    key.chars().filter(|char| *char != '_').flat_map(char::to_lowercase).collect()
}

/// Whether a key holds directions to sort by, whose types documentation gives as those of the fields.
fn is_order(path: &str) -> bool {
    let last = path.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_lowercase();
    matches!(last.as_str(), "order" | "sort")
}

fn compare_keys(
    method: &str,
    path: &str,
    specs: &Node<'_>,
    facts: &[FactParam],
    is_complete: bool,
    all: &mut Vec<Difference>,
) {
    let mut named = BTreeSet::new();
    for fact in facts.iter().filter(|fact| !fact.is_placeholder()) {
        let lower = plain(&fact.name);
        let mut differs = |kind, specs: String, facts: String| {
            all.push(Difference { method: method.to_owned(), key: format!("{path}{}", fact.name), kind, specs, facts });
        };
        let ty = fact.ty.as_deref().unwrap_or("any");
        let Some(node) = specs.below.get(&lower) else {
            differs(Kind::Added, String::new(), ty.to_owned());
            named.insert(lower);
            continue;
        };
        if !is_order(path) && !agrees(ty, &node.ty()) {
            differs(Kind::Type, node.ty().word(), ty.to_owned());
        }
        let has_default = node.param.is_some_and(|param| param.default.is_some());
        if let Some(required) = fact.required
            && required != node.is_required()
            && !(required && has_default)
        {
            let word = |required| if required { "required" } else { "optional" };
            differs(Kind::Required, word(node.is_required()).to_owned(), word(required).to_owned());
        }
        named.insert(lower);
        let keys = node.keys();
        // Where the specs list no keys at all, any may be sent, and there is nothing to compare.
        if !fact.children.is_empty() && !keys.below.is_empty() {
            compare_keys(method, &format!("{path}{}.", fact.name), &keys, &fact.children, false, all);
        }
    }
    if is_complete {
        for (_, node) in specs.below.iter().filter(|(lower, _)| !named.contains(*lower)) {
            all.push(Difference {
                method: method.to_owned(),
                key: format!("{path}{}", node.name),
                kind: Kind::Removed,
                specs: node.ty().word(),
                facts: String::new(),
            });
        }
    }
}

/// Whether a documented type may be the one of the specs. The documentation's words are wide: `string` is any scalar,
/// `array` any collection, and many are names of entities, whose numbers are meant.
fn agrees(documented: &str, ty: &Ty) -> bool {
    let own: &[&str] = match ty {
        Ty::Any => return true,
        Ty::OneOf(types) => return types.iter().any(|ty| agrees(documented, ty)),
        Ty::String => &["string", "text", "char", "integer", "int", "number"],
        Ty::Integer => &["integer", "int", "double", "number", "timestamp", "string"],
        Ty::Number => &["double", "number", "float", "integer", "int", "string"],
        Ty::Id => &["integer", "int", "string", "number"],
        Ty::Boolean(_) => &["boolean", "bool", "char", "string", "integer", "int"],
        Ty::Date => &["date", "string", "datetime"],
        Ty::DateTime(_) => &["datetime", "string", "date", "timestamp"],
        Ty::Array(_) => &["array"],
        Ty::Map(_) => &["object", "array"],
        Ty::Object => &["object", "array"],
        Ty::File(_) => &["file", "string", "array", "object"],
    };
    documented.split('|').map(str::trim).any(|word| {
        let word = if word.ends_with("[]") { "array" } else { word };
        !KNOWN.contains(&word) || own.contains(&word)
    })
}

/// The words that say something; others are names of entities.
const KNOWN: &[&str] = &[
    "string",
    "text",
    "char",
    "integer",
    "int",
    "double",
    "float",
    "number",
    "timestamp",
    "boolean",
    "bool",
    "date",
    "datetime",
    "array",
    "object",
    "file",
];
