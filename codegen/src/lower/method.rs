//! Methods.

use crate::ir::{
    Deprecation, Effect, EntityRef, ErrorCode, Form, Function, Kind, Method, Param, Rest, Returns, Shape, Ty,
};
use crate::lower::param::Level;
use crate::lower::prose::{MOST_DESCRIPTION, MOST_SUMMARY};
use crate::lower::{Context, step};
use crate::names::{FeatureName, RustIdent, reserved};
use crate::spec::{File, MethodSpec, ParamSpec, ReturnsSpec, ReturnsWord, Step};

/// Whether a text can be a REST method: segments of letters, digits and `_`, with dots between them.
pub(super) fn is_method_name(name: &str) -> bool {
    let segment = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_alphabetic())
            && segment.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    !name.is_empty() && name.split('.').all(segment)
}

impl Context<'_> {
    /// Lowers one method. None where it has no usable name.
    pub(super) fn method(&mut self, file: &File<MethodSpec>) -> Option<Method> {
        let spec = &file.spec;
        self.file_name(file)?;
        let params_path: Vec<Step> = vec!["params".into()];
        let specs: Vec<ParamSpec> = spec
            .params
            .iter()
            .enumerate()
            .filter_map(|(at, param)| self.taken_over(file, &step(&params_path, at), param))
            .collect();
        let params: Vec<Param> = specs
            .iter()
            .enumerate()
            .filter_map(|(at, param)| self.param(file, &step(&params_path, at), param, Level::Parameter))
            .collect();
        let own = self.own_function(file, &params);
        let params: Vec<Param> = own.plain_params().cloned().collect();
        let mut functions = vec![own];
        functions.extend(
            spec.functions
                .iter()
                .enumerate()
                .filter_map(|(at, further)| self.further(file, at, further, (&specs, &params))),
        );
        self.facts(file);
        let returns = self.returns(file, &["returns".into()], &spec.returns);
        if let Some(returns) = &returns {
            own_types(&mut functions, returns);
        }
        self.records_of(file, returns.as_ref(), &functions);
        let (module, last) = self.module(file)?;
        let mut method = Method {
            name: spec.method.clone(),
            rest: spec.rest.0,
            twin: false,
            source: file.source.path.clone(),
            category: file.folder().to_owned(),
            feature: FeatureName::of_method(&spec.method),
            module,
            constructor: RustIdent::snake(last)?,
            ident: RustIdent::pascal(last)?,
            scope: spec.scope.clone(),
            effect: spec.effect.0,
            paging: None,
            ordered: spec.ordered,
            keyset: None,
            page_size: spec.page_size.filter(|size| *size != 50),
            batchable: spec.batchable,
            app_only: spec.app_only,
            access: spec.access.clone(),
            deprecated: spec
                .deprecated
                .as_ref()
                .map(|gone| Deprecation { replacement: gone.replacement.clone(), note: gone.note.clone() }),
            reference: spec.reference.clone(),
            returns: returns?,
            errors: spec
                .errors
                .iter()
                .map(|error| ErrorCode {
                    code: error.code.clone(),
                    http: error.http,
                    description: error.description.clone(),
                })
                .collect(),
            params,
            functions,
        };
        self.walk(file, &mut method);
        Some(method)
    }

    fn file_name(&mut self, file: &File<MethodSpec>) -> Option<()> {
        let (spec, stem) = (&file.spec, file.stem());
        let at = [Step::from("method")];
        if !is_method_name(&spec.method) {
            self.report_help(
                file,
                &at,
                format!("`{}` is no method name", spec.method),
                "write the REST name, as in `user.update`",
            );
            return None;
        }
        let wanted = match spec.rest.0 {
            Rest::V2 => spec.method.clone(),
            Rest::V3 => format!("{}.v3", spec.method),
        };
        if stem != wanted {
            let message = match spec.rest.0 {
                Rest::V2 => format!("the spec of `{}` is in a file called `{stem}.yaml`", spec.method),
                Rest::V3 => format!("the spec of `{}` (REST 3.0) is in a file called `{stem}.yaml`", spec.method),
            };
            self.report_help(file, &at, message, format!("call the file `{wanted}.yaml`, or mend the name here"));
        }
        Some(())
    }

    fn module<'m>(&mut self, file: &'m File<MethodSpec>) -> Option<(Vec<RustIdent>, &'m str)> {
        let name = &file.spec.method;
        let (parents, last) = name.rsplit_once('.').unwrap_or(("", name));
        let mut module: Vec<RustIdent> = parents.split('.').filter_map(RustIdent::module).collect();
        if module.is_empty() {
            module.push(RustIdent::general());
        }
        if file.spec.rest.0 == Rest::V3 {
            module.push(RustIdent::v3());
        }
        if let Some(taken) = reserved(module.iter().map(RustIdent::as_str)) {
            self.report(file, &["method".into()], format!("the module `{taken}` of the client crate has another use"));
            return None;
        }
        Some((module, last))
    }

    fn facts(&mut self, file: &File<MethodSpec>) {
        let spec = &file.spec;
        if spec.paging.is_some() && spec.effect.0 != Effect::List {
            self.report_help(
                file,
                &["paging".into()],
                "only a list has pages",
                "write `effect: list`, or remove `paging`",
            );
        }
        let is_scope = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
        if spec.scope.is_empty() || !spec.scope.chars().all(is_scope) {
            self.report_help(
                file,
                &["scope".into()],
                format!("`{}` is no scope", spec.scope),
                "write the one word of the portal, as in `user` or `user.userfield`",
            );
        }
        if let Some(access) = &spec.access
            && (access.trim().is_empty() || access.contains('\n') || access.ends_with('.'))
        {
            self.report(
                file,
                &["access".into()],
                "`access` is a phrase, as in `administrator`: not empty, one line, no full stop",
            );
        }
        if let Some(reference) = &spec.reference {
            let fault = match url::Url::parse(reference) {
                Err(error) => Some(error.to_string()),
                Ok(address) if address.scheme() != "https" || address.host_str().is_none() => {
                    Some("it must begin with https://".to_owned())
                }
                Ok(address) if address.as_str() != reference => Some(format!("write it as {address}")),
                // They would end a link, or begin code, on the page.
                Ok(_) if reference.contains(['(', ')', '{', '}', '|', '`', '[', ']']) => {
                    Some("write brackets, `|` and backticks in their percent-encoded form".to_owned())
                }
                Ok(_) => None,
            };
            if let Some(fault) = fault {
                self.report_help(file, &["reference".into()], "not a usable address", fault);
            }
        }
        if let Some(note) = spec.deprecated.as_ref().and_then(|gone| gone.note.as_ref()) {
            self.sentence(file, &["deprecated".into(), "note".into()], note, "", MOST_SUMMARY);
        }
        for (at, error) in spec.errors.iter().enumerate() {
            let path = [Step::from("errors"), Step::from(at)];
            self.sentence(file, &step(&path, "description"), &error.description, "", MOST_DESCRIPTION);
            // Some methods are documented to refuse with an envelope of an error under the status 200.
            if error.http.is_some_and(|status| status != 200 && !(400..600).contains(&status)) {
                self.report(file, &step(&path, "http"), "the HTTP status of an error is 400 to 599, or 200");
            }
            if error.code.contains(|char: char| char.is_whitespace() || char == '`') {
                self.report(file, &step(&path, "code"), "an error code has no white space and no backtick");
            }
        }
    }

    /// What a method or a function answers.
    pub(super) fn returns(&mut self, file: &File<MethodSpec>, path: &[Step], spec: &ReturnsSpec) -> Option<Returns> {
        self.sentence(file, &step(path, "description"), &spec.description, "", MOST_DESCRIPTION);
        let shape = self.shape(file, path, &spec.ty, spec.of.as_ref())?;
        if matches!(shape, Shape::Map(_)) && file.spec.paging.is_some() {
            self.report_help(
                file,
                &step(path, "type"),
                "a map has no pages",
                "write `type: page` or `type: list`: the records are read one after the other, whatever their keys",
            );
        }
        if matches!(shape, Shape::Page(_)) && file.spec.paging.is_none() {
            self.report_help(
                file,
                &step(path, "type"),
                "a page needs a way to the next one",
                "write `paging: start` or another style, or `type: list`",
            );
        }
        if spec.nullable {
            let reason = match &shape {
                Shape::Value(Ty::Any) => Some("anything may be null as well"),
                Shape::Nothing => Some("nothing is null as it is"),
                Shape::Page(_) => Some("a page without records is an empty one, never null"),
                Shape::List(_) if file.spec.effect.0 == Effect::List => {
                    Some("a list without records is an empty one, never null")
                }
                _ => None,
            };
            if let Some(reason) = reason {
                self.report_help(file, &step(path, "nullable"), reason, "remove `nullable`");
            }
        }
        let shape = if spec.or.is_empty() { shape } else { self.forms(file, path, spec, shape)? };
        let shape = if spec.nullable { Shape::Nullable(Box::new(shape)) } else { shape };
        Some(Returns { shape, records: spec.records.clone(), description: spec.description.clone() })
    }
}

impl Context<'_> {
    /// The shape of a result, or of one of its forms.
    fn shape(
        &mut self,
        file: &File<MethodSpec>,
        path: &[Step],
        word: &ReturnsWord,
        of: Option<&String>,
    ) -> Option<Shape> {
        let of = match of {
            Some(name) => {
                let entity = self.shared(file, &step(path, "of"), name).map(|(entity, _)| entity)?;
                if self.types.get(name).is_some_and(|known| known.as_ref().is_some_and(|known| !known.view)) {
                    let message = format!("the client has no type of `{name}` (`view: false`)");
                    self.report(file, &step(path, "of"), message);
                    return None;
                }
                Some(entity)
            }
            None => None,
        };
        let shape = shape(word, of);
        if shape.is_none() {
            let word = word.word();
            let message = format!("`of` names the record of an `object`, a `list`, a `page` or a `map`, not of {word}");
            self.report(file, &step(path, "of"), message);
        }
        shape
    }

    /// The forms of a result that has several, the first one being `returns` itself.
    fn forms(&mut self, file: &File<MethodSpec>, path: &[Step], spec: &ReturnsSpec, first: Shape) -> Option<Shape> {
        let mut forms = Vec::new();
        let or = step(path, "or");
        let others = spec.or.iter().enumerate().map(|(at, form)| (step(&or, at), Some(form)));
        let mut first = Some(first);
        for (path, form) in [(path.to_vec(), None)].into_iter().chain(others) {
            let (shape, description) = match form {
                None => (first.take()?, &spec.description),
                Some(form) => {
                    self.sentence(file, &step(&path, "description"), &form.description, "", MOST_DESCRIPTION);
                    (self.shape(file, &path, &form.ty, form.of.as_ref())?, &form.description)
                }
            };
            let unfit = match &shape {
                Shape::Value(Ty::Any | Ty::File(_)) => {
                    Some(("anything is no form beside others", "name the types that come, or remove `or`"))
                }
                Shape::Page(_) => Some(("a page is no form beside others", "write `type: list`")),
                Shape::Nothing => Some(("nothing is no form beside others", "write `nullable: true`")),
                _ if forms.iter().any(|form: &Form| form.shape == shape) => {
                    Some(("the result has this form already", "remove it"))
                }
                _ => None,
            };
            if let Some((message, help)) = unfit {
                self.report_help(file, &step(&path, "type"), message, help);
                return None;
            }
            forms.push(Form { shape, description: description.clone() });
        }
        if file.spec.paging.is_some() && !forms.iter().all(Form::is_list) {
            let message = "a result in several forms has pages only where each form is a list";
            self.report_help(file, &step(path, "or"), message, "remove `or`, or `paging`");
        }
        Some(Shape::OneOf(forms))
    }
}

/// Gives the presets that answer something else than the method a Rust type of their own.
fn own_types(functions: &mut [Function], returns: &Returns) {
    for function in functions {
        if let (Kind::Preset { own, .. }, Some(answer)) = (&mut function.kind, &function.returns)
            && (&answer.shape, &answer.records) != (&returns.shape, &returns.records)
        {
            *own = RustIdent::pascal(function.name.as_str());
        }
    }
}

/// The shape that a word means with the record that `of` names; none where it has no place for a record.
fn shape(word: &ReturnsWord, of: Option<EntityRef>) -> Option<Shape> {
    Some(match (word, of) {
        (ReturnsWord::List, of) => Shape::List(of),
        (ReturnsWord::Page, of) => Shape::Page(of),
        (ReturnsWord::Map(value), Some(of)) if **value == ReturnsWord::Type(Ty::Any) => {
            Shape::Map(Box::new(Shape::Record(of)))
        }
        (ReturnsWord::Map(value), of) => Shape::Map(Box::new(shape(value, of)?)),
        (ReturnsWord::Type(Ty::Object), Some(of)) => Shape::Record(of),
        (ReturnsWord::Nothing, None) => Shape::Nothing,
        (ReturnsWord::Type(_) | ReturnsWord::Nothing, Some(_)) => return None,
        (ReturnsWord::Type(ty), None) => Shape::Value(ty.clone()),
    })
}
