//! What must be there only once: inside a function, inside a method's Rust type, and over all methods.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::ir::{Function, Kind, Method, Param, Rest, Ty, Wire};
use crate::lower::{Context, step};
use crate::names::FunctionName;
use crate::spec::{File, MethodSpec, Step};
use crate::suggest::nearest;

/// Where something is named: file and path.
type Places<'s> = Vec<(&'s File<MethodSpec>, Vec<Step>)>;

impl Context<'_> {
    /// Reports parameters that share something they must not share. Of two that share several things only the first is
    /// reported: `reported` holds the pairs.
    pub(super) fn distinct<T>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        params: &[Param],
        reported: &mut BTreeSet<(usize, usize)>,
        (of, what): (impl Fn(&Param) -> String, &str),
    ) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (at, param) in params.iter().enumerate() {
            let value = of(param);
            if value.is_empty() || value == crate::names::RustIdent::unused().as_str() {
                continue;
            }
            if let Some(first) = seen.get(&value) {
                if !reported.insert((*first, at)) {
                    continue;
                }
                let (here, there) = (step(&step(path, at), "name"), step(&step(path, *first), "name"));
                let diagnostic = Diagnostic::new(file.place(&here), format!("the {what} `{value}` is taken twice"))
                    .label("again here")
                    .other(file.place(&there), "first here");
                self.problems.push(diagnostic);
            } else {
                seen.insert(value, at);
            }
        }
    }

    /// Reports what clashes among the parameters of one function.
    pub(super) fn exclusive(&mut self, file: &File<MethodSpec>, path: &[Step], params: &[Param]) {
        let reported = &mut BTreeSet::new();
        self.distinct(file, path, params, reported, (|param: &Param| param.name.clone(), "name"));
        self.distinct(file, path, params, reported, (|param: &Param| format!("--{}", param.option), "option"));
        let short = |param: &Param| param.short.map(|short| format!("-{short}")).unwrap_or_default();
        self.distinct(file, path, params, reported, (short, "option"));
        self.distinct(file, path, params, reported, (|param: &Param| param.argument.to_string(), "argument"));
        self.distinct(file, path, params, reported, (|param: &Param| param.ident.to_string(), "Rust name"));
        let place = |param: &Param| match &param.wire {
            Wire::Path(path) => path.join("."),
            Wire::Merge => "merge".to_owned(),
        };
        self.distinct(file, path, params, reported, (place, "place in the body"));
        // A parameter inside another one's value needs an object there.
        for (at, inner) in params.iter().enumerate() {
            let Wire::Path(path_of_inner) = &inner.wire else { continue };
            let outer = params.iter().find(|outer| match &outer.wire {
                Wire::Path(path) => path.len() < path_of_inner.len() && path_of_inner.starts_with(path),
                Wire::Merge => false,
            });
            let Some(outer) = outer else { continue };
            let here = step(&step(path, at), "name");
            if !matches!(outer.ty, Ty::Object | Ty::Any) {
                let message = format!("`{}` lies inside `{}`, which is {}", inner.name, outer.name, outer.ty.word());
                self.report(file, &here, message);
            } else if params[at..].iter().any(|after| std::ptr::eq(after, outer)) {
                let message = format!("`{}` would be overwritten by `{}`, in which it lies", inner.name, outer.name);
                self.report_help(file, &here, message, format!("write `{}` first", outer.name));
            }
        }
        // The entries of a merged object are setters beside the parameters.
        for (at, merged) in params.iter().enumerate().filter(|(_, param)| param.wire == Wire::Merge) {
            let entries = merged.entries.iter().flat_map(|entries| &entries.all);
            for entry in entries {
                if params.iter().any(|param| param.ident == entry.ident) {
                    let message = format!("`{}` is a parameter and a key of `{}` at once", entry.name, merged.name);
                    let help = format!("leave the key out: `entries: {{…, omit: [{}]}}`", entry.name);
                    self.report_help(file, &step(&step(path, at), "entries"), message, help);
                }
            }
        }
    }

    /// Reports what clashes among all methods.
    pub(super) fn unique(&mut self, methods: &[Method]) {
        let specs = self.specs;
        // In this order: of two files that share several names only the first is reported.
        const KINDS: [&str; 4] = ["method", "name", "Rust function", "Rust type"];
        let mut seen: BTreeMap<(usize, String), Places<'_>> = BTreeMap::new();
        for method in methods {
            let Some(file) = specs.methods.iter().find(|file| file.source.path == method.source) else {
                continue;
            };
            let mut take = |kind: &str, name: String, path: Vec<Step>| {
                let kind = KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len());
                let places = seen.entry((kind, name)).or_default();
                // A function may well be called like its own alias, but not like another's.
                if !places
                    .iter()
                    .any(|(other, earlier)| other.source.path == file.source.path && earlier[..] == path[..])
                {
                    places.push((file, path));
                }
            };
            let version = if method.rest == Rest::V3 { " (REST 3.0)" } else { "" };
            take("method", format!("{}{version}", method.name.to_lowercase()), vec!["method".into()]);
            let module: Vec<&str> = method.module.iter().map(|segment| segment.as_str()).collect();
            let module = module.join("::");
            take("Rust type", format!("{module}::{}", method.ident), vec!["method".into()]);
            if let Some(required) = crate::emit::client::required_struct(method) {
                take("Rust type", format!("{module}::{required}"), vec!["method".into()]);
            }
            for (at, function) in method.functions.iter().enumerate() {
                let path = |key: &str| match at.checked_sub(1) {
                    None => {
                        vec![Step::from(if key == "function" && file.spec.function.is_none() { "method" } else { key })]
                    }
                    Some(at) => vec![Step::from("functions"), Step::from(at), Step::from(key)],
                };
                let constructor = match &function.kind {
                    Kind::Method => Some(&method.constructor),
                    Kind::Preset { constructor, .. }
                    | Kind::Template { constructor, .. }
                    | Kind::Local { constructor } => Some(constructor),
                    Kind::Procedure(_) => None,
                };
                if let Some(constructor) = constructor {
                    take("Rust function", format!("{module}::{constructor}"), path("function"));
                }
                if let Kind::Preset { own: Some(own), .. } = &function.kind {
                    take("Rust type", format!("{module}::{own}"), path("function"));
                }
                take("name", function.name.as_str().to_lowercase(), path("function"));
                take("name", function.kebab.as_str().to_owned(), path("function"));
                for (alias_at, alias) in function.aliases.iter().enumerate() {
                    take("name", alias.to_lowercase(), step(&path("aliases"), alias_at));
                }
                for name in rest_names(method, function) {
                    take("name", name, vec!["method".into()]);
                }
            }
        }
        let mut reported = BTreeSet::new();
        for ((kind, name), places) in seen {
            let kind = KINDS.get(kind).copied().unwrap_or_default();
            let Some(((first, first_path), again)) = places.split_first() else {
                continue;
            };
            for (file, path) in again {
                if !reported.insert((first.source.path.as_str(), file.source.path.as_str())) {
                    continue;
                }
                let diagnostic = Diagnostic::new(file.place(path), format!("the {kind} `{name}` is taken twice"))
                    .label("again here")
                    .other(first.place(first_path), "first here");
                let help = match kind {
                    "name" if is_twin(&first.spec, &file.spec) => {
                        let own = FunctionName::derived(&file.spec.method);
                        Some(format!("a REST 3.0 twin needs a name of its own, as in `function: {own}V3`"))
                    }
                    "name" if [first, file].iter().any(|file| is_rest_name(&name, &file.spec.method)) => {
                        Some("a REST name finds its method, also with dashes; choose another one".to_owned())
                    }
                    "name" => Some("names are the same in every letter case; choose another one".to_owned()),
                    _ => None,
                };
                self.problems.push(diagnostic.maybe_help(help));
            }
        }
    }

    /// Reports replacements of deprecated methods that name nothing, or the method itself.
    pub(super) fn replacements(&mut self) {
        let specs = self.specs;
        let names = || specs.methods.iter().map(|file| file.spec.method.as_str());
        for file in &specs.methods {
            let Some(replacement) = file.spec.deprecated.as_ref().and_then(|gone| gone.replacement.as_ref()) else {
                continue;
            };
            let path = [Step::from("deprecated"), Step::from("replacement")];
            // A method may well be replaced by its twin of the other REST version.
            if names().filter(|name| name == replacement).count() == 1 && *replacement == file.spec.method {
                let message = format!("`{replacement}` would replace itself");
                self.report_help(file, &path, message, "name another method, or remove `replacement`");
            }
            if names().any(|name| name == replacement) {
                continue;
            }
            if let Some(near) = nearest(replacement, names()) {
                self.report_help(
                    file,
                    &path,
                    format!("there is no method `{replacement}`"),
                    format!("did you mean `{near}`?"),
                );
            } else if !super::method::is_method_name(replacement) {
                self.report(file, &path, format!("`{replacement}` is no method name"));
            }
        }
    }
}

/// Whether two specs describe the REST versions of one method.
fn is_twin(one: &MethodSpec, other: &MethodSpec) -> bool {
    one.method == other.method && one.rest != other.rest
}

/// What finds a function by the REST name of its method: the name, and the name with dashes. Of twins it finds the classic one.
fn rest_names(method: &Method, function: &Function) -> Vec<String> {
    if function.kind != Kind::Method || method.twin && method.rest == Rest::V3 {
        return Vec::new();
    }
    let name = method.name.to_lowercase();
    let mut names = if dashed(&name) == name { vec![name] } else { vec![dashed(&name), name] };
    names.retain(|name| *name != function.name.as_str().to_lowercase() && name != function.kebab.as_str());
    names
}

/// Whether a name is the REST name of a method, as it is or with dashes.
fn is_rest_name(name: &str, method: &str) -> bool {
    let method = method.to_lowercase();
    name == method || name == dashed(&method)
}

fn dashed(method: &str) -> String {
    method.replace(['.', '_'], "-")
}
