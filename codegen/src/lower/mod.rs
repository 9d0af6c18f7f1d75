//! From specs to the IR: makes every name, resolves every reference, checks every rule, and reports all problems of all
//! files at once.

mod category;
mod compat;
mod example;
mod function;
mod group;
mod method;
mod param;
mod prose;
mod reach;
mod records;
mod template;
mod translate;
mod types;
mod unique;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use translate::{TextPair, text_pairs};

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Api, Category, Compat, Entity, Method, Translation};
use crate::spec::{File, Furniture, Specs, Step};

/// Turns specs into the API, in all languages. With problems the API is incomplete and must not be emitted.
pub fn lower(specs: &Specs, problems: &mut Diagnostics) -> Api {
    let words = |file: &Option<File<Furniture>>, language: &str| {
        file.as_ref().map_or_else(|| Furniture::built_in(language), |file| file.spec.clone())
    };
    let mut api = english(specs, words(&specs.furniture, "en"), problems);
    let translated: Vec<_> =
        specs.overlays.iter().map(|overlays| (overlays, translate::translate(specs, overlays, problems))).collect();
    // What is wrong with a spec would be told again for each language.
    if problems.is_empty() {
        api.translations = translated
            .into_iter()
            .map(|(overlays, (specs, sources))| Translation {
                language: overlays.language.clone(),
                api: translated_api(&specs, words(&overlays.furniture, &overlays.language), (&api, &sources), problems),
                sources,
            })
            .collect();
    }
    api
}

fn english(specs: &Specs, furniture: Furniture, problems: &mut Diagnostics) -> Api {
    let mut context = Context { specs, problems, furniture, types: BTreeMap::new() };
    context.lower_types();
    let mut methods: Vec<_> = specs.methods.iter().filter_map(|file| context.method(file)).collect();
    methods.sort_by(|a, b| (&a.name, a.rest).cmp(&(&b.name, b.rest)));
    let twins: Vec<bool> = methods.iter().map(|method| is_twin(method, &methods)).collect();
    for (method, twin) in methods.iter_mut().zip(twins) {
        method.twin = twin;
    }
    let categories = context.categories(&mut methods);
    context.replacements();
    let compat = context.compat(&methods);
    context.unique(&methods);
    context.api(categories, methods, compat)
}

/// Whether the neighbours of a method in the order of names have its name: its other REST version.
fn is_twin(method: &Method, methods: &[Method]) -> bool {
    let from = methods.partition_point(|other| other.name < method.name);
    methods[from..].iter().take_while(|other| other.name == method.name).count() > 1
}

/// The API in another language: only what has texts in it is lowered again, the rest is taken from the English one.
fn translated_api(
    specs: &Specs,
    furniture: Furniture,
    (english, sources): (&Api, &BTreeSet<String>),
    problems: &mut Diagnostics,
) -> Api {
    let mut context = Context { specs, problems, furniture, types: BTreeMap::new() };
    context.lower_types();
    let files: BTreeMap<&str, _> = specs.methods.iter().map(|file| (file.source.path.as_str(), file)).collect();
    let lower = |method: &Method| {
        let own = files.get(method.source.as_str()).filter(|file| sources.contains(&file.source.path));
        own.map_or_else(
            || Some(method.clone()),
            |file| context.method(file).map(|own| Method { twin: method.twin, ..own }),
        )
    };
    let mut methods: Vec<_> = english.methods.iter().filter_map(lower).collect();
    let categories = context.categories(&mut methods);
    let compat = context.compat(&methods);
    context.api(categories, methods, compat)
}

/// What lowering works with.
struct Context<'s> {
    specs: &'s Specs,
    problems: &'s mut Diagnostics,
    /// The words around the texts of the specs.
    furniture: Furniture,
    /// The shared types by name; `None`: its spec is broken, which is reported where it stands.
    types: BTreeMap<String, Option<Entity>>,
}

impl Context<'_> {
    fn api(self, categories: Vec<Category>, methods: Vec<Method>, compat: Vec<Compat>) -> Api {
        let Self { furniture, types, .. } = self;
        let mut types: Vec<Entity> = types.into_values().flatten().collect();
        reach::reach(&mut types, &methods);
        Api { categories, types, methods, compat, furniture, translations: Vec::new() }
    }

    /// Reports a problem at a path of a file.
    fn report<T>(&mut self, file: &File<T>, path: &[Step], message: impl Into<String>) {
        self.problems.push(Diagnostic::new(file.place(path), message));
    }

    /// Reports a problem and how to mend it.
    fn report_help<T>(&mut self, file: &File<T>, path: &[Step], message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Diagnostic::new(file.place(path), message).help(help));
    }

    /// Checks a sentence.
    fn sentence<T>(&mut self, file: &File<T>, path: &[Step], text: &str, name: &str, most: usize) {
        if let Some((message, help)) = prose::sentence(text, name, most) {
            self.report_help(file, path, message, help);
        }
    }

    /// Checks a title.
    fn title<T>(&mut self, file: &File<T>, path: &[Step], text: &str) {
        if let Some((message, help)) = prose::title(text) {
            self.report_help(file, path, message, help);
        }
    }
}

/// A path with one more step.
fn step(path: &[Step], next: impl Into<Step>) -> Vec<Step> {
    let mut longer = path.to_vec();
    longer.push(next.into());
    longer
}
