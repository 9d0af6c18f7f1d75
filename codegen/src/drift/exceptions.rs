//! Differences that are meant to be: `xtask/drift.yaml`. One that is none any more is reported.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::compare::{Difference, Kind};
use super::facts::Facts;
use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::spec::{Step, locate};
use crate::suggest::nearest;

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

/// Reads the file, which is called `path`.
///
/// # Errors
/// What is wrong with it.
pub fn read(path: &str, text: &str) -> Result<Exceptions, Diagnostics> {
    let source = Arc::new(SourceText { path: path.to_owned(), text: text.to_owned() });
    let mut problems = Diagnostics::default();
    let groups: Vec<Group> = crate::spec::yaml(&source).unwrap_or_else(|problem| {
        problems.push(*problem);
        Vec::new()
    });
    let mut all = BTreeMap::new();
    for (at, group) in groups.into_iter().enumerate() {
        let place = |steps: &[Step]| locate(&source, &[&[Step::from(at)], steps].concat());
        let words = || Kind::ALL.into_iter().map(Kind::word);
        let Some(kind) = words().find(|word| *word == group.kind) else {
            let known: Vec<String> = words().map(|word| format!("`{word}`")).collect();
            let help = match nearest(&group.kind, words()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known: {}", known.join(", ")),
            };
            let message = format!("`{}` is no kind of difference", group.kind);
            problems.push(Diagnostic::new(place(&["kind".into()]), message).help(help));
            continue;
        };
        if group.reason.trim().is_empty() {
            let help = "say why the specs are right";
            problems.push(Diagnostic::new(place(&["reason".into()]), "the reason is empty").help(help));
        }
        for (method, keys) in group.methods {
            let keys = if keys.is_empty() { vec![String::new()] } else { keys };
            for (key_at, key) in keys.into_iter().enumerate() {
                if all.insert((method.clone(), key.clone(), kind), group.reason.clone()).is_some() {
                    let here = place(&["methods".into(), method.as_str().into(), key_at.into()]);
                    let what = if key.is_empty() { format!("`{method}`") } else { format!("`{key}` of `{method}`") };
                    let message = format!("{what} ({kind}) is listed twice");
                    problems.push(Diagnostic::new(here, message).help("keep one of them"));
                }
            }
        }
    }
    if problems.is_empty() { Ok(Exceptions(all)) } else { Err(problems.sorted()) }
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
