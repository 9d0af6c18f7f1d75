//! `cargo xtask new <method>`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use bitrix24_codegen::diag::Diagnostics;
use bitrix24_codegen::drift::Fact;
use bitrix24_codegen::ir::Rest;
use bitrix24_codegen::names::{self, RustIdent};
use bitrix24_codegen::spec::{self, File, MethodSpec, Specs};
use bitrix24_codegen::{project, suggest};

use crate::codegen::words;
use crate::run::{Done, root};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The REST name, as in `user.update`.
    method: String,
    /// The folder below specs/. Default: the one of the nearest sibling.
    #[arg(long, value_name = "FOLDER")]
    category: Option<String>,
    /// The method belongs to REST 3.0.
    #[arg(long)]
    v3: bool,
}

pub(crate) fn new(arguments: &Arguments) -> Done {
    let root = root();
    let sources = project::sources(&root).map_err(|failure| words(&failure))?;
    let specs = spec::load(&sources, &mut Diagnostics::default());
    let draft = draft(&specs, &arguments.method, arguments.v3, arguments.category.as_deref(), None)?;
    let path = draft.write(&root)?;
    println!("wrote {path}");
    if let Some(sibling) = draft.sibling {
        println!("its parameters, result and errors are those of {sibling}: make them the method's own");
    }
    println!("replace each TODO, then run `cargo xtask codegen`, which tells what is still missing");
    Ok(())
}

/// A spec to start from.
pub(crate) struct Draft {
    path: String,
    text: String,
    /// The path of the spec that it is modelled on.
    pub(crate) sibling: Option<String>,
}

impl Draft {
    /// Writes the file, but never over another one.
    pub(crate) fn write(&self, root: &Path) -> Result<&str, String> {
        let file = fs::File::create_new(root.join(&self.path));
        file.and_then(|mut file| file.write_all(self.text.as_bytes()))
            .map_err(|error| format!("error: cannot write {}: {error}", self.path))?;
        Ok(&self.path)
    }
}

/// Makes a spec to start from, with what `fact` says of the method.
pub(crate) fn draft(
    specs: &Specs,
    method: &str,
    is_v3: bool,
    category: Option<&str>,
    fact: Option<&Fact>,
) -> Result<Draft, String> {
    let is_segment = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_alphabetic())
            && segment.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    if !method.split('.').all(is_segment) {
        return Err(format!("error: `{method}` is no method name; write it as in `user.update`"));
    }
    // A file's name is no method's, though it would pass for one.
    if let Some((name, _)) = method.rsplit_once('.').filter(|(_, ending)| ["yaml", "yml"].contains(ending)) {
        return Err(format!("error: `{method}` is the name of a file; write the method's: `{name}`"));
    }
    let parents = method.rsplit_once('.').map_or("", |(parents, _)| parents);
    let modules: Vec<RustIdent> = parents.split('.').filter_map(RustIdent::module).collect();
    if let Some(taken) = names::reserved(modules.iter().map(RustIdent::as_str)) {
        return Err(format!("error: `{method}`: the module `{taken}` of the client crate has another use"));
    }
    let rest = if is_v3 { Rest::V3 } else { Rest::V2 };
    if let Some(there) = specs.methods.iter().find(|file| file.spec.method == *method && file.spec.rest.0 == rest) {
        return Err(format!("error: {} describes `{method}` already", there.source.path));
    }
    let sibling = nearest(&specs.methods, (method, rest), category);
    let folder = match (category, sibling) {
        (Some(folder), _) => folder.trim_matches('/').to_owned(),
        (None, Some(file)) => file.folder().to_owned(),
        (None, None) => method.split('.').next().unwrap_or(method).to_owned(),
    };
    if !specs.categories.iter().any(|file| file.folder() == folder) {
        let near = suggest::nearest(&folder, specs.categories.iter().map(|file| file.folder()));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!(
            "error: there is no category `{folder}` for `{method}`{help}\nhelp: write specs/{folder}/_category.yaml with `title`, `summary` and `position` first, or name another one with `cargo xtask new {method} --category`"
        ));
    }
    let ending = if is_v3 { ".v3.yaml" } else { ".yaml" };
    Ok(Draft {
        path: format!("specs/{folder}/{method}{ending}"),
        text: spec::skeleton(method, rest, &folder, sibling, fact),
        sibling: sibling.map(|file| file.source.path.clone()),
    })
}

/// The method that has most in common: as many leading segments as possible, then the same REST version, then the same verb,
/// then a name of about the same length. Deprecated ones are no models, and neither are drafts.
fn nearest<'f>(
    files: &'f [File<MethodSpec>],
    (method, rest): (&str, Rest),
    category: Option<&str>,
) -> Option<&'f File<MethodSpec>> {
    let segments: Vec<&str> = method.split('.').collect();
    let score = |file: &File<MethodSpec>| {
        let other: Vec<&str> = file.spec.method.split('.').collect();
        let leading = segments.iter().zip(&other).take_while(|(a, b)| a == b).count();
        let length = std::cmp::Reverse(segments.len().abs_diff(other.len()));
        // Folder, types and paging are those of the version.
        let depth = std::cmp::Reverse(file.folder().matches('/').count());
        (leading > 0, file.spec.rest.0 == rest, leading, segments.last() == other.last(), length, depth)
    };
    let is_draft = |file: &File<MethodSpec>| file.spec.title == "TODO" || file.spec.summary.starts_with("TODO");
    let candidates = files.iter().filter(|file| file.spec.deprecated.is_none() && !is_draft(file));
    let candidates = candidates.filter(|file| category.is_none_or(|category| file.folder() == category));
    candidates.filter(|file| category.is_some() || score(file).0).max_by_key(|file| score(file))
}

#[cfg(test)]
mod tests {
    use bitrix24_codegen::spec::Source;

    use super::*;

    fn specs(methods: &[(&str, &str, &str)]) -> Specs {
        let mut sources = vec![
            Source {
                path: "specs/tasks/_category.yaml".into(),
                bytes: "title: Tasks\nsummary: Tasks.\nposition: 1\n".into(),
            },
            Source {
                path: "specs/tasks/v3/_category.yaml".into(),
                bytes: "title: New\nsummary: Tasks.\nposition: 2\n".into(),
            },
        ];
        for (path, method, more) in methods {
            let text = format!(
                "method: {method}\ntitle: Title\nsummary: It works.\nscope: task\neffect: action\n{more}returns: {{type: id, description: It.}}\n"
            );
            sources.push(Source { path: format!("specs/{path}.yaml"), bytes: text.into_bytes() });
        }
        let mut problems = Diagnostics::default();
        let specs = spec::load(&sources, &mut problems);
        assert!(problems.is_empty(), "{problems}");
        specs
    }

    fn refused(method: &str) -> String {
        draft(&specs(&[("tasks/lib.get", "lib.get", "")]), method, false, None, None).err().unwrap_or_default()
    }

    #[test]
    fn a_sibling_of_the_same_version_is_the_model() {
        let specs = specs(&[
            ("tasks/tasks.flow.list", "tasks.flow.list", ""),
            ("tasks/tasks.label.set", "tasks.label.set", "deprecated: {note: Gone.}\n"),
            ("tasks/v3/tasks.label.get.v3", "tasks.label.get", "rest: 3\n"),
        ]);
        let model = |is_v3: bool| {
            let draft = draft(&specs, "tasks.label.add", is_v3, None, None).unwrap_or_else(|fault| panic!("{fault}"));
            (draft.path, draft.sibling.unwrap_or_default())
        };
        let (classic, new) = (model(false), model(true));
        assert_eq!(classic, ("specs/tasks/tasks.label.add.yaml".into(), "specs/tasks/tasks.flow.list.yaml".into()));
        assert_eq!(new.0, "specs/tasks/v3/tasks.label.add.v3.yaml");
        assert_eq!(new.1, "specs/tasks/v3/tasks.label.get.v3.yaml");
    }

    #[test]
    fn what_the_generator_would_refuse_is_refused_at_once() {
        assert_eq!(
            refused("tasks.x.yaml"),
            "error: `tasks.x.yaml` is the name of a file; write the method's: `tasks.x`"
        );
        assert_eq!(refused("lib.run"), "error: `lib.run`: the module `lib` of the client crate has another use");
        assert!(refused("tasks..run").contains("is no method name"));
    }
}
