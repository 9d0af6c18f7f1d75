//! What another package offers must be offered here: every function by its name, with its options.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::emit::docs::compat_slug;
use crate::ir::{Compat, CompatRow, Function, Kind, Method, Procedure};
use crate::lower::prose::MOST_DESCRIPTION;
use crate::lower::{Context, step};
use crate::spec::{CompatFunction, CompatSpec, File, Step};
use crate::suggest::nearest;

/// An option as it is offered here.
struct Offered {
    short: Option<char>,
    long: String,
    required: bool,
}

impl Context<'_> {
    /// Compares the packages' functions with those that the specs make.
    pub(super) fn compat(&mut self, methods: &[Method]) -> Vec<Compat> {
        let mut by_name: BTreeMap<String, (&Method, &Function)> = BTreeMap::new();
        for method in methods {
            for function in &method.functions {
                let aliases = function.aliases.iter().map(String::as_str);
                for name in aliases.chain([function.name.as_str()]) {
                    by_name.insert(name.to_lowercase(), (method, function));
                }
            }
        }
        let specs = self.specs;
        self.packages_apart(&specs.compat);
        specs.compat.iter().map(|file| self.package(file, &by_name)).collect()
    }

    /// Reports packages whose pages would be one.
    fn packages_apart(&mut self, files: &[File<CompatSpec>]) {
        let mut seen = BTreeMap::new();
        for file in files {
            let (short, at) = (&file.spec.short, [Step::from("short")]);
            let slug = compat_slug(short);
            if slug.is_empty() {
                self.report_help(
                    file,
                    &at,
                    format!("no page can be called after `{short}`"),
                    "letters and digits are needed",
                );
            } else if let Some(first) = seen.insert(slug, file) {
                let diagnostic = Diagnostic::new(file.place(&at), format!("the short name `{short}` is taken twice"));
                self.problems.push(diagnostic.label("again here").other(first.place(&at), "first here"));
            }
        }
    }

    fn package(&mut self, file: &File<CompatSpec>, by_name: &BTreeMap<String, (&Method, &Function)>) -> Compat {
        let spec = &file.spec;
        for (at, difference) in spec.differences.iter().enumerate() {
            self.sentence(file, &step(&["differences".into()], at), difference, "", MOST_DESCRIPTION);
        }
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, known) in spec.functions.iter().enumerate() {
            let path = step(&["functions".into()], at);
            if !seen.insert(known.name.to_lowercase()) {
                let message = format!("the function `{}` stands here twice", known.name);
                self.report_help(file, &step(&path, "name"), message, "keep one of them");
                continue;
            }
            if let Some(differs) = &known.differs {
                self.sentence(file, &step(&path, "differs"), differs, "", MOST_DESCRIPTION);
            }
            let Some((method, function)) = by_name.get(&known.name.to_lowercase()) else {
                // It may well be in a file that could not be read.
                if self.specs.broken.is_empty() {
                    let near = nearest(&known.name.to_lowercase(), by_name.keys().map(String::as_str));
                    let near = near.and_then(|near| by_name.get(near)).map(|(_, function)| &function.name);
                    let help = near.map_or_else(String::new, |near| format!(" (`{near}` is near)"));
                    let message = format!("no spec offers `{}` of {}", known.name, spec.short);
                    let help = format!("add it as a function, or as an alias of one{help}");
                    self.report_help(file, &step(&path, "name"), message, help);
                }
                continue;
            };
            if let Some(ru) = &known.ru
                && by_name.get(&ru.to_lowercase()).is_none_or(|(_, other)| other.name != function.name)
            {
                let message = format!("`{}` is not offered as `{ru}`", function.name);
                self.report_help(
                    file,
                    &step(&path, "ru"),
                    message,
                    format!("add it to `aliases` in {}", method.source),
                );
            }
            self.options(file, &path, known, method, function);
            rows.push(CompatRow {
                name: known.name.clone(),
                function: function.name.clone(),
                kebab: function.kebab.clone(),
                category: method.category.clone(),
                differs: known.differs.clone(),
            });
        }
        Compat {
            package: spec.package.clone(),
            short: spec.short.clone(),
            source: file.source.path.clone(),
            differences: spec.differences.clone(),
            rows,
        }
    }

    fn options(
        &mut self,
        file: &File<CompatSpec>,
        path: &[Step],
        known: &CompatFunction,
        method: &Method,
        function: &Function,
    ) {
        let at = step(path, "options");
        let offered = offered(function);
        for option in &known.options.0 {
            let message = match offered.iter().find(|offered| offered.long == option.long) {
                None => format!("`{}` has no option `--{}`", function.name, option.long),
                Some(offered) if offered.short != Some(option.short) => {
                    let short = offered.short.map_or_else(|| "no letter".to_owned(), |short| format!("`-{short}`"));
                    format!("`--{}` of `{}` has {short} for `-{}`", option.long, function.name, option.short)
                }
                Some(offered) if offered.required && !option.required => {
                    format!(
                        "`--{}` of `{}` is required here, but not in {}",
                        option.long, function.name, file.spec.short
                    )
                }
                Some(_) => continue,
            };
            self.report_help(file, &at, message, format!("mend {}", method.source));
        }
        for missing in &offered {
            let is_known = known.options.0.iter().any(|option| option.long == missing.long);
            if missing.required && !is_known {
                let message = format!(
                    "`{}` requires `--{}`, which {} does not have",
                    function.name, missing.long, file.spec.short
                );
                self.report_help(file, &at, message, format!("mend {}", method.source));
            }
        }
    }
}

/// The options of a function, the common ones included.
fn offered(function: &Function) -> Vec<Offered> {
    let common =
        |long: &str, short: char, required: bool| Offered { short: Some(short), long: long.to_owned(), required };
    let mut all: Vec<Offered> = function
        .params
        .iter()
        .map(|param| Offered { short: param.short, long: param.option.to_string(), required: param.required })
        .collect();
    if function.has_connection() {
        all.push(common("url", 'u', true));
        all.push(common("token", function.token_short.unwrap_or('t'), false));
    }
    let is_template = matches!(function.kind, Kind::Template { .. });
    if is_template || function.kind == Kind::Procedure(Procedure::FilterStructure) {
        all.push(common("empty", 'e', false));
    }
    if is_template {
        all.push(common("map", 'm', false));
    }
    all
}
