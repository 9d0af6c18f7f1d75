//! Differences that are meant to be: `xtask/drift.yaml`. One that is none any more is reported.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::compare::{Difference, Kind};
use super::facts::Facts;

/// The differences that are meant to be, each with the reason.
#[derive(Debug, Default)]
pub struct Exceptions(BTreeMap<(String, String, &'static str), String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// Why the specs say otherwise.
    reason: String,
    /// What differs: the word of a [`Kind`].
    kind: String,
    /// Keys by method; an empty list where the method itself differs.
    methods: BTreeMap<String, Vec<String>>,
}

/// Reads the file.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<Exceptions, String> {
    let groups: Vec<Group> = crate::spec::yaml(text)?;
    let mut all = BTreeMap::new();
    for group in groups {
        let kind = Kind::ALL.into_iter().map(Kind::word).find(|word| *word == group.kind);
        let kind = kind.ok_or_else(|| format!("`{}` is no kind of difference", group.kind))?;
        if group.reason.trim().is_empty() {
            return Err("a reason is empty".into());
        }
        for (method, keys) in group.methods {
            let keys = if keys.is_empty() { vec![String::new()] } else { keys };
            for key in keys {
                if all.insert((method.clone(), key.clone(), kind), group.reason.clone()).is_some() {
                    return Err(format!("`{method}` `{key}` ({kind}) stands there twice"));
                }
            }
        }
    }
    Ok(Exceptions(all))
}

impl Exceptions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out of the differences what is meant to be.
    pub fn filter(&self, differences: Vec<Difference>) -> Vec<Difference> {
        differences.into_iter().filter(|one| !self.0.contains_key(&place(one))).collect()
    }

    /// Those that are no differences any more, of the methods whose parameters the facts describe.
    pub fn stale(&self, differences: &[Difference], facts: &Facts) -> Vec<String> {
        let described = |label: &str| {
            let (name, rest) = label.strip_suffix("@3").map_or((label, 2), |name| (name, 3));
            facts
                .methods
                .iter()
                .any(|fact| fact.rest == rest && fact.params.is_some() && fact.method.eq_ignore_ascii_case(name))
        };
        let places: std::collections::BTreeSet<_> = differences.iter().map(place).collect();
        self.0
            .keys()
            .filter(|one| !places.contains(*one) && described(&one.0))
            .map(|(method, key, kind)| format!("{method} {key} ({kind})"))
            .collect()
    }
}

fn place(one: &Difference) -> (String, String, &'static str) {
    (one.method.clone(), one.key.clone(), one.kind.word())
}
