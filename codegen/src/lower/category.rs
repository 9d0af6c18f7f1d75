//! Categories: the folders of specs, and the order of the functions in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::emit::docs::{COMING_FROM, objects};
use crate::ir::{Category, Function, Method};
use crate::lower::prose::MOST_SUMMARY;
use crate::lower::{Context, step};
use crate::spec::CategorySpec;
use crate::spec::File;
use crate::suggest::nearest;

impl Context<'_> {
    /// Lowers the categories, and gives each function its place in its own.
    pub(super) fn categories(&mut self, methods: &mut [Method]) -> Vec<Category> {
        let specs = self.specs;
        let mut files: Vec<&File<CategorySpec>> = specs.categories.iter().collect();
        files.sort_by_key(|file| (file.spec.position, file.folder()));
        let mut categories = Vec::new();
        self.pages_apart(methods);
        let mut functions: BTreeMap<&str, Vec<&mut Function>> = BTreeMap::new();
        for method in methods {
            functions.entry(&method.category).or_default().extend(&mut method.functions);
        }
        for file in files {
            self.title(file, &["title".into()], &file.spec.title);
            self.sentence(file, &["summary".into()], &file.spec.summary, "", MOST_SUMMARY);
            self.order(file, functions.remove(file.folder()).unwrap_or_default());
            // The name of the folder is a part of the pages' addresses.
            let is_plain = |segment: &str| {
                segment.starts_with(|first: char| first.is_ascii_lowercase())
                    && segment.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
            };
            if !file.folder().split('/').all(is_plain) {
                self.report_help(
                    file,
                    &["title".into()],
                    format!("`{}` is no name for a folder of specs", file.folder()),
                    "lower-case letters, digits and dashes, a letter first, as in `chat-bots`",
                );
            }
            let top = file.folder().split('/').next().unwrap_or_default();
            if top == objects::FOLDER || top.starts_with(COMING_FROM) {
                let message = format!("the folder `{top}` of the reference holds other pages");
                self.report_help(file, &["title".into()], message, "choose another name for the folder");
            }
            categories.push(Category {
                key: file.folder().to_owned(),
                title: file.spec.title.clone(),
                summary: file.spec.summary.clone(),
                position: categories.len() + 1,
            });
        }
        self.missing_categories();
        categories
    }

    /// Reports functions whose pages have the address of a folder beside them.
    fn pages_apart(&mut self, methods: &[Method]) {
        let specs = self.specs;
        let folders: BTreeSet<&str> = specs.categories.iter().map(|file| file.folder()).collect();
        for method in methods {
            for (at, function) in method.functions.iter().enumerate() {
                let folder = format!("{}/{}", method.category, function.kebab);
                if !folders.contains(&folder[..]) {
                    continue;
                }
                let Some(file) = specs.methods.iter().find(|file| file.source.path == method.source) else { continue };
                let path = match at.checked_sub(1) {
                    None if file.spec.function.is_none() => vec!["method".into()],
                    None => vec!["function".into()],
                    Some(at) => vec!["functions".into(), at.into(), "function".into()],
                };
                let message = format!("the page of `{}` has the address of the folder specs/{folder}", function.name);
                self.report_help(file, &path, message, "choose another name: `function: …`");
            }
        }
    }

    fn order(&mut self, file: &File<CategorySpec>, mut functions: Vec<&mut Function>) {
        let names: BTreeSet<String> = functions.iter().map(|function| function.name.to_string()).collect();
        let folder = format!("specs/{}/", file.folder());
        let broken = self.specs.broken.iter().any(|path| path.starts_with(&folder));
        let mut rank = BTreeMap::new();
        for (at, name) in file.spec.order.iter().enumerate() {
            let path = step(&["order".into()], at);
            if !names.contains(name) {
                // It may well be in a file that could not be read.
                if !broken {
                    let near = nearest(name, names.iter().map(String::as_str));
                    let help = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
                    self.report_help(file, &path, format!("no function of this category is called `{name}`"), help);
                }
            } else if rank.insert(name.clone(), at).is_some() {
                self.report(file, &path, format!("`{name}` stands here twice"));
            }
        }
        functions.sort_by_key(|function| rank.get(function.name.as_str()).copied().unwrap_or(usize::MAX));
        for (at, function) in functions.into_iter().enumerate() {
            function.position = at + 1;
        }
    }

    fn missing_categories(&mut self) {
        let specs = self.specs;
        let mut folders = BTreeMap::new();
        for file in &specs.methods {
            folders.entry(file.folder()).or_insert(file);
        }
        for (folder, file) in folders {
            let known = specs.categories.iter().any(|category| category.folder() == folder);
            let broken = specs.broken.contains(&format!("specs/{folder}/_category"));
            if folder.is_empty() {
                let place = file.place(&["method".into()]);
                self.problems.push(
                    Diagnostic::new(place, "a spec stands in the folder of a category")
                        .help("move it to `specs/<category>/`"),
                );
            } else if !known && !broken {
                let place = file.place(&["method".into()]);
                let diagnostic = Diagnostic::new(place, format!("the category `{folder}` has no `_category.yaml`"));
                self.problems.push(
                    diagnostic
                        .help(format!("write specs/{folder}/_category.yaml with `title`, `summary` and `position`")),
                );
            }
        }
    }
}
