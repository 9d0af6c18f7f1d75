//! Shared types.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::ir::{Entity, Param};
use crate::lower::param::Level;
use crate::lower::prose::MOST_DESCRIPTION;
use crate::lower::{Context, step};
use crate::names::RustIdent;
use crate::spec::{File, ParamSpec, PresetParam, Specs, Step, TypeSpec, UseParam};
use crate::suggest::nearest;

impl Context<'_> {
    /// Lowers all shared types. A type may hold others or take over their fields, but not its own, not even in a circle.
    pub(super) fn lower_types(&mut self) {
        for file in &self.specs.types {
            let is_plain = file.spec.name.starts_with(|first: char| first.is_ascii_lowercase())
                && file.spec.name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'));
            if !is_plain {
                self.report_help(
                    file,
                    &["type".into()],
                    format!("`{}` is no name for a shared type", file.spec.name),
                    "letters, digits, `_` and `-`, a small letter first, as in `user_field`",
                );
            } else if file.stem() != file.spec.name {
                let (name, stem) = (&file.spec.name, file.stem());
                self.report_help(
                    file,
                    &["type".into()],
                    format!("the file of the type `{name}` is called `{stem}.yaml`"),
                    format!("call it `{name}.yaml`"),
                );
            }
        }
        for file in &self.specs.types {
            self.entity(file.stem(), &mut Vec::new());
        }
        self.distinct_types();
    }

    /// Reports types whose Rust names are the same: they are one file and one struct of the client.
    fn distinct_types(&mut self) {
        let mut seen = BTreeMap::new();
        for file in &self.specs.types {
            let Some(ident) = RustIdent::pascal(&file.spec.name) else { continue };
            match seen.get(&ident) {
                None => {
                    seen.insert(ident, file);
                }
                Some(first) => {
                    let at = [Step::from("type")];
                    let diagnostic =
                        Diagnostic::new(file.place(&at), format!("the Rust type `{ident}` is taken twice"))
                            .label("again here")
                            .other(first.place(&at), "first here");
                    self.problems.push(diagnostic);
                }
            }
        }
    }

    /// Lowers a type and those it uses; `below` are the types on the way to it.
    pub(super) fn entity(&mut self, name: &str, below: &mut Vec<String>) {
        if self.types.contains_key(name) {
            return;
        }
        let Some(file) = self.specs.types.iter().find(|file| file.stem() == name) else {
            return;
        };
        if below.iter().any(|above| above == name) {
            let circle = format!("{} → {name}", below.join(" → "));
            self.report(file, &["type".into()], format!("the shared type leads back to itself: {circle}"));
            self.types.insert(name.to_owned(), None);
            return;
        }
        below.push(name.to_owned());
        for used in used(file) {
            self.entity(&used, below);
        }
        below.pop();
        if self.types.contains_key(name) {
            return;
        }
        let entity = self.lower_entity(file);
        self.types.insert(name.to_owned(), entity);
    }

    fn lower_entity(&mut self, file: &File<TypeSpec>) -> Option<Entity> {
        let spec = &file.spec;
        self.sentence(file, &["description".into()], &spec.description, &spec.name, MOST_DESCRIPTION);
        if let Some(title) = &spec.title {
            self.title(file, &["title".into()], title);
        }
        let fields_path: Vec<Step> = vec!["fields".into()];
        let mut fields: Vec<_> = spec
            .fields
            .iter()
            .enumerate()
            .filter_map(|(at, field)| {
                let path = step(&fields_path, at);
                match field {
                    PresetParam::Own(spec) => self.param(file, &path, spec, Level::Field),
                    PresetParam::Use(taken) => {
                        let spec = taken.over(self.field_of_type(file, &path, taken)?);
                        self.param(file, &path, &spec, Level::Field)
                    }
                }
            })
            .collect();
        number(&mut fields);
        let reported = &mut BTreeSet::new();
        self.distinct(file, &fields_path, &fields, reported, (|field: &Param| field.name.clone(), "key"));
        self.distinct(file, &fields_path, &fields, reported, (|field: &Param| field.ident.to_string(), "Rust name"));
        self.setters_apart(file, &fields_path, &fields);
        Some(Entity {
            name: spec.name.clone(),
            source: file.source.path.clone(),
            ident: RustIdent::pascal(&spec.name)?,
            title: spec.title.clone().unwrap_or_else(|| crate::names::title(&spec.name)),
            description: spec.description.clone(),
            view: spec.view,
            features: BTreeSet::new(),
            fields,
        })
    }

    /// The field of a shared type that `use` names.
    pub(super) fn field_of_type<T>(&mut self, file: &File<T>, path: &[Step], taken: &UseParam) -> Option<ParamSpec> {
        let path = step(path, "use");
        let Some((ty, name)) = taken.name.split_once('.') else {
            let message = format!("`{}` names no field of a shared type", taken.name);
            self.report_help(file, &path, message, "write it as in `use: paging.start`");
            return None;
        };
        let (_, fields) = self.shared(file, &path, ty)?;
        if fields.iter().any(|field| field.name == name) {
            return written(self.specs, ty, name);
        }
        let spec = &self.specs.types.iter().find(|file| file.stem() == ty)?.spec;
        // One that is there and could not be read has been reported.
        if !spec.fields.iter().any(|field| field.name() == name) {
            let help = nearest(name, fields.iter().map(|field| &field.name[..]))
                .map_or_else(|| format!("see specs/types/{ty}.yaml"), |near| format!("did you mean `{near}`?"));
            self.report_help(file, &path, format!("the shared type `{ty}` has no field `{name}`"), help);
        }
        None
    }
}

/// A field as it is written where it was not taken over from another type.
fn written(specs: &Specs, ty: &str, name: &str) -> Option<ParamSpec> {
    let file = specs.types.iter().find(|file| file.stem() == ty)?;
    match file.spec.fields.iter().find(|field| field.name() == name)? {
        PresetParam::Own(spec) => Some((**spec).clone()),
        PresetParam::Use(taken) => {
            let (ty, name) = taken.name.split_once('.')?;
            Some(taken.over(written(specs, ty, name)?))
        }
    }
}

/// Gives fields whose names are the same words names of their own: the portal answers `chatId` beside `chat_id`. The first one
/// in the spec keeps its name.
fn number(fields: &mut [Param]) {
    let mut seen: BTreeMap<RustIdent, (usize, String)> = BTreeMap::new();
    for field in fields {
        match seen.get_mut(&field.ident) {
            // The same key twice is a fault that is reported.
            Some((_, first)) if *first == field.name => {}
            Some((number, _)) => {
                *number += 1;
                field.ident = field.ident.numbered(*number);
            }
            None => {
                seen.insert(field.ident.clone(), (1, field.name.clone()));
            }
        }
    }
}

impl Context<'_> {
    /// Reports a field that is called like the setter of another one: `setName` beside `NAME`.
    fn setters_apart(&mut self, file: &File<TypeSpec>, path: &[Step], fields: &[Param]) {
        for (at, field) in fields.iter().enumerate() {
            let bare = field.ident.as_str().strip_prefix("set_");
            if let Some(other) = bare.and_then(|bare| fields.iter().find(|other| other.ident.as_str() == bare)) {
                let message = format!("`{}` has the Rust name of the setter of `{}`", field.name, other.name);
                self.report(file, &step(&step(path, at), "name"), message);
            }
        }
    }
}

/// The types that a type needs: those of the objects in it, and those whose fields it takes over.
fn used(file: &File<TypeSpec>) -> Vec<String> {
    fn walk(field: &ParamSpec, found: &mut Vec<String>) {
        let Some(entries) = &field.entries else { return };
        found.extend(entries.ty.clone());
        entries.own.iter().for_each(|entry| walk(entry, found));
    }
    let mut found = Vec::new();
    for field in &file.spec.fields {
        match field {
            PresetParam::Own(spec) => walk(spec, &mut found),
            PresetParam::Use(taken) => found.extend(taken.name.split_once('.').map(|(ty, _)| ty.to_owned())),
        }
    }
    found
}
