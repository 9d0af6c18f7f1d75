//! Parameters, fields and entries.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::ir::{EntityRef, Entries, KnownValue, Param, Ty, Wire};
use crate::lower::prose::MOST_DESCRIPTION;
use crate::lower::{Context, example, step};
use crate::names::{ArgumentName, OptionName, RESERVED_ARGUMENTS, RESERVED_OPTIONS, RustIdent};
use crate::spec::{EntriesSpec, File, ParamSpec, Step, WireSpec};
use crate::suggest::nearest;

/// Options of the connection, which a function without one may use for itself.
const CONNECTION_OPTIONS: &[&str] = &["url", "token", "timeout", "allow-http"];

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Level {
    /// Of a function that talks to a portal.
    Parameter,
    /// Of a function that does not, so that the connection's options are free.
    Offline,
    /// Of a shared type: gets a getter and a setter.
    Field,
    /// Inside an object of a shared type.
    Inner,
    /// Inside a parameter.
    Entry,
    /// Inside a parameter whose keys go to the top level: gets a setter.
    Merged,
}

impl Level {
    fn is_parameter(self) -> bool {
        matches!(self, Self::Parameter | Self::Offline)
    }

    /// Whether it is of a shared type, and so may be met in answers.
    fn is_of_type(self) -> bool {
        matches!(self, Self::Field | Self::Inner)
    }
}

/// A field of a shared type as a key that is sent: without what comes in answers only inside it.
fn as_key(mut field: Param) -> Param {
    (field.readonly, field.writeonly, field.nullable) = (false, false, false);
    if let Some(entries) = &mut field.entries {
        // Those of a type inside have been made keys already.
        let shared = entries.all.split_off(entries.own);
        entries.all = std::mem::take(&mut entries.all).into_iter().filter(|own| !own.readonly).map(as_key).collect();
        entries.own = entries.all.len();
        entries.all.extend(shared);
    }
    field
}

impl Context<'_> {
    /// Lowers one parameter.
    pub(super) fn param<T>(&mut self, file: &File<T>, path: &[Step], spec: &ParamSpec, level: Level) -> Option<Param> {
        let at = |key: &str| step(path, key);
        let name = &spec.name;
        if name.is_empty() || name.trim() != name || name.contains('\n') || name.chars().count() > 80 {
            self.report(file, &at("name"), "a name is 1 to 80 characters in one line, without white space around it");
            return None;
        }
        self.sentence(file, &at("description"), &spec.description, name, MOST_DESCRIPTION);
        let ident = self.ident(file, &at("name"), name, level);
        let (option, argument) = self.spellings(file, path, spec, level);
        if let (Some(short), true) = (spec.short, level.is_parameter())
            && !short.is_ascii_alphanumeric()
        {
            self.report(
                file,
                &at("short"),
                format!("`{short}` cannot be a one-letter option; use a letter or a digit"),
            );
        }
        if !level.is_parameter() {
            for (key, given) in [
                ("option", spec.option.is_some()),
                ("short", spec.short.is_some()),
                ("argument", spec.argument.is_some()),
                ("default", spec.default.is_some()),
                ("wire", spec.wire.is_some()),
                ("unless", spec.unless.is_some()),
                ("filename", spec.filename.is_some()),
            ] {
                if given {
                    self.report_help(
                        file,
                        &step(path, Step::Key(key.into())),
                        format!("`{key}` belongs to parameters, not to keys inside them"),
                        "remove it",
                    );
                }
            }
        }
        let wire = self.wire(file, path, spec);
        let values = self.values(file, path, spec);
        let entries = self.entries(file, path, spec, level);
        let param = Param {
            name: name.clone(),
            ident,
            argument,
            option,
            short: spec.short.filter(|_| level.is_parameter()),
            ty: spec.ty.0.clone(),
            required: spec.required,
            default: spec.default.as_ref().map(|default| default.0.clone()),
            unless: spec.unless.clone(),
            filename: spec.filename.clone(),
            values,
            wire,
            description: spec.description.clone(),
            entries,
            readonly: spec.readonly,
            writeonly: spec.writeonly,
            nullable: spec.nullable,
            is_group: false,
        };
        self.check_default(file, path, &param);
        if spec.filename.is_some() && !matches!(spec.ty.0, Ty::File(_)) && level.is_parameter() {
            self.report_help(
                file,
                &at("filename"),
                format!("`{name}` is {}, which has no file name", spec.ty.0.word()),
                "`filename` is for `type: file`",
            );
        }
        let what = if level.is_parameter() { "a parameter" } else { "a key inside a parameter" };
        for (key, is_given, fault) in [
            ("readonly", spec.readonly, "cannot be read-only"),
            ("writeonly", spec.writeonly, "is sent anyway"),
            ("nullable", spec.nullable, "is sent, and answers say nothing of it"),
        ] {
            if is_given && !level.is_of_type() {
                let help = format!("`{key}` is for fields of shared types and what is inside them");
                self.report_help(file, &at(key), format!("{what} {fault}"), help);
            }
        }
        for (key, is_given) in [("readonly", spec.readonly), ("nullable", spec.nullable)] {
            if is_given && spec.writeonly {
                let help = format!("remove `{key}` or `writeonly`");
                self.report_help(
                    file,
                    &at(key),
                    format!("`{name}` is sent only, so that answers say nothing of it"),
                    help,
                );
            }
        }
        if spec.nullable && spec.ty.0 == Ty::Any {
            self.report_help(file, &at("nullable"), "anything may be null as well", "remove `nullable`");
        }
        Some(param)
    }

    fn ident<T>(&mut self, file: &File<T>, path: &[Step], name: &str, level: Level) -> RustIdent {
        let ident = RustIdent::method(name);
        if ident.is_none() && !matches!(level, Level::Entry | Level::Inner) {
            self.report(file, path, format!("no Rust name can be made of `{name}`"));
        }
        ident.unwrap_or_else(RustIdent::unused)
    }

    fn spellings<T>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        spec: &ParamSpec,
        level: Level,
    ) -> (OptionName, ArgumentName) {
        let derived = (OptionName::derived(&spec.name), ArgumentName::derived(&spec.name));
        if !level.is_parameter() {
            return derived;
        }
        let option = match &spec.option {
            None => derived.0,
            Some(option) => OptionName::written(option).unwrap_or_else(|| {
                self.report(
                    file,
                    &step(path, "option"),
                    format!("`{option}` is no option name: lower-case letters, digits and dashes, a letter first"),
                );
                derived.0
            }),
        };
        let argument = match &spec.argument {
            None => derived.1,
            Some(argument) => ArgumentName::written(argument).unwrap_or_else(|| {
                self.report(
                    file,
                    &step(path, "argument"),
                    format!("`{argument}` is no argument name: letters and digits, a capital first"),
                );
                derived.1
            }),
        };
        if level == Level::Parameter && RESERVED_ARGUMENTS.contains(&argument.as_str()) {
            let own = if spec.argument.is_some() { "argument" } else { "name" };
            let help = format!("give it another one, as in `argument: {argument}Value`");
            self.report_help(file, &step(path, own), format!("`{argument}` is an argument of every call"), help);
        }
        let own = if spec.option.is_some() { "option" } else { "name" };
        let is_free = level == Level::Offline && CONNECTION_OPTIONS.contains(&option.as_str());
        if RESERVED_OPTIONS.contains(&option.as_str()) && !is_free {
            let help = format!("give it another one, as in `option: {}-value`", option.as_str());
            self.report_help(file, &step(path, own), format!("`--{option}` is an option of every command"), help);
        } else if option.as_str().is_empty() {
            self.report_help(
                file,
                &step(path, own),
                format!("no option can be made of `{}`", spec.name),
                "write one: `option: …`",
            );
        }
        (option, argument)
    }

    fn wire<T>(&mut self, file: &File<T>, path: &[Step], spec: &ParamSpec) -> Wire {
        match &spec.wire {
            None => Wire::Path(vec![spec.name.clone()]),
            Some(WireSpec::Path(keys)) => Wire::Path(keys.clone()),
            Some(WireSpec::Merge) => {
                if spec.ty.0 != Ty::Object {
                    self.report_help(
                        file,
                        &step(path, "wire"),
                        format!("only an object can be merged, `{}` is {}", spec.name, spec.ty.0.word()),
                        "write `type: object`, or a path",
                    );
                }
                Wire::Merge
            }
        }
    }

    fn values<T>(&mut self, file: &File<T>, path: &[Step], spec: &ParamSpec) -> Vec<KnownValue> {
        let Some(values) = &spec.values else {
            return Vec::new();
        };
        let path = step(path, "values");
        if values.0.is_empty() {
            self.report(file, &path, "the list of known values is empty");
        }
        let item = match &spec.ty.0 {
            Ty::Array(item) | Ty::Map(item) => (**item).clone(),
            ty => ty.clone(),
        };
        let mut seen = BTreeMap::new();
        for (at, (value, meaning)) in values.0.iter().enumerate() {
            let place = match meaning {
                Some(_) => step(&path, Step::Key(crate::emit::tables::text(value).into_owned())),
                None => step(&path, at),
            };
            if seen.insert(value.to_string(), ()).is_some() {
                self.report(file, &place, format!("the value {value} stands here twice"));
            }
            if !matches!(item, Ty::Boolean(_))
                && let Err(fault) = example::fits(&item, value)
            {
                self.report(file, &place, fault);
            }
            if let Some(meaning) = meaning {
                let place = step(&path, &*crate::emit::tables::text(value));
                self.sentence(file, &place, meaning, "", MOST_DESCRIPTION);
            }
        }
        values
            .0
            .iter()
            .map(|(value, description)| KnownValue { value: value.clone(), description: description.clone() })
            .collect()
    }

    fn check_default<T>(&mut self, file: &File<T>, path: &[Step], param: &Param) {
        let Some(default) = &param.default else {
            return;
        };
        let at = step(path, "default");
        if param.required {
            self.report_help(
                file,
                &at,
                format!("`{}` is required, so its default is never used", param.name),
                "drop `default` or `required`",
            );
        }
        if let Err(fault) = example::fits(&param.ty, default) {
            self.report(file, &at, fault);
        } else if let Some(fault) = example::unknown_value(param, default) {
            self.report(file, &at, fault);
        }
    }

    fn entries<T>(&mut self, file: &File<T>, path: &[Step], spec: &ParamSpec, outer: Level) -> Option<Entries> {
        let entries = spec.entries.as_ref()?;
        let merged = matches!(spec.wire, Some(WireSpec::Merge));
        let path = step(path, "entries");
        if !holds_objects(&spec.ty.0) {
            let message = format!("`{}` is {}, which has no entries", spec.name, spec.ty.0.word());
            self.report_help(
                file,
                &path,
                message,
                "write `type: object`, `type: array<object>` or `type: map<object>`",
            );
        }
        let level = match outer {
            Level::Field | Level::Inner => Level::Inner,
            _ if merged => Level::Merged,
            _ => Level::Entry,
        };
        let in_mapping = |key: &str| {
            if entries.is_mapping { step(&path, key) } else { path.clone() }
        };
        let own_path = in_mapping("own");
        let mut all: Vec<Param> = entries
            .own
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| self.param(file, &step(&own_path, at), entry, level))
            .collect();
        self.distinct(file, &own_path, &all, &mut BTreeSet::new(), (|entry: &Param| entry.name.clone(), "key"));
        let own = all.len();
        let mut entity = None;
        if let Some(name) = &entries.ty {
            let fields = self.shared(file, &in_mapping("type"), name);
            if let Some((reference, fields)) = fields {
                self.check_picks(file, &path, entries, &fields);
                let taken: Vec<String> = all.iter().map(|entry| entry.name.clone()).collect();
                let applies = |field: &Param| {
                    (entries.readonly || !field.readonly)
                        && !entries.omit.contains(&field.name)
                        && !taken.contains(&field.name)
                };
                all.extend(fields.into_iter().filter(applies).map(as_key));
                entity = Some(reference);
            }
        }
        if entries.ty.is_none() {
            self.check_picks(file, &path, entries, &[]);
        }
        if merged {
            self.setters_of_entries(file, &path, &all);
        }
        for entry in &mut all {
            entry.required |= entries.require.contains(&entry.name);
        }
        Some(Entries {
            entity,
            omit: entries.omit.clone(),
            require: entries.require.clone(),
            readonly: entries.readonly,
            all,
            own,
        })
    }

    /// Each key of a merged object is a setter of the call: no two may have the same Rust name.
    fn setters_of_entries<T>(&mut self, file: &File<T>, path: &[Step], entries: &[Param]) {
        let mut seen: BTreeMap<&RustIdent, &Param> = BTreeMap::new();
        for entry in entries {
            match seen.insert(&entry.ident, entry) {
                Some(first) if first.name != entry.name => self.report_help(
                    file,
                    path,
                    format!("the keys `{}` and `{}` have the same Rust name `{}`", first.name, entry.name, entry.ident),
                    "leave one of them out of the spec, or list it in `omit`",
                ),
                _ => {}
            }
        }
    }

    /// A shared type by name. One whose own spec is broken is not reported again.
    pub(super) fn shared<T>(&mut self, file: &File<T>, path: &[Step], name: &str) -> Option<(EntityRef, Vec<Param>)> {
        match self.types.get(name) {
            Some(Some(entity)) => {
                Some((EntityRef { name: name.to_owned(), ident: entity.ident.clone() }, entity.fields.clone()))
            }
            Some(None) => None,
            None if self.specs.broken.contains(&format!("specs/types/{name}")) => None,
            None => {
                let near =
                    nearest(name, self.types.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                let help = near
                    .unwrap_or_else(|| format!("write specs/types/{name}.yaml, or use one of the shared types there"));
                self.report_help(file, path, format!("there is no shared type `{name}`"), help);
                None
            }
        }
    }

    fn check_picks<T>(&mut self, file: &File<T>, path: &[Step], entries: &EntriesSpec, fields: &[Param]) {
        let known = |name: &String| {
            fields.iter().any(|field| field.name == *name) || entries.own.iter().any(|own| own.name == *name)
        };
        for (key, names) in [("omit", &entries.omit), ("require", &entries.require)] {
            for (at, name) in names.iter().enumerate() {
                if !known(name) {
                    let near = nearest(name, fields.iter().map(|field| field.name.as_str()))
                        .map(|near| format!("did you mean `{near}`?"));
                    let place = file.place(&step(&step(path, key), at));
                    let diagnostic =
                        Diagnostic::new(place, format!("`{key}` names `{name}`, which the shared type does not have"));
                    self.problems.push(diagnostic.maybe_help(near));
                } else if key == "require" {
                    self.check_required(file, &step(&step(path, key), at), entries, (name, fields));
                }
            }
        }
    }
}

impl Context<'_> {
    /// Reports a key that is required and cannot be given.
    fn check_required<T>(
        &mut self,
        file: &File<T>,
        path: &[Step],
        entries: &EntriesSpec,
        (name, fields): (&String, &[Param]),
    ) {
        if entries.own.iter().any(|own| own.name == *name) {
            return;
        }
        if entries.omit.contains(name) {
            let message = format!("`{name}` is left out and required at once");
            self.report_help(file, path, message, "remove it from `omit` or from `require`");
        } else if !entries.readonly && fields.iter().any(|field| field.name == *name && field.readonly) {
            let message = format!("`{name}` comes in answers only, and cannot be required");
            self.report_help(file, path, message, "remove it, or describe it in `own`");
        }
    }
}

/// Whether there are objects in a value of this type, whose keys may be named.
fn holds_objects(ty: &Ty) -> bool {
    match ty {
        Ty::Object | Ty::Any => true,
        Ty::Array(item) | Ty::Map(item) => holds_objects(item),
        Ty::OneOf(types) => types.iter().any(holds_objects),
        _ => false,
    }
}
