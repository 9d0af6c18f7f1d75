//! How a list is walked: by its records' numbers where filter, sorting and records allow it.

use serde_json::Value;

use crate::ir::{Effect, Keyset, Method, Paging, Param, Shape, Style, Ty, Wire};
use crate::lower::Context;
use crate::spec::{File, MethodSpec, PagingSpec};

/// The names that a record's own number has, the likelier one first.
const NUMBERS: [&str; 2] = ["ID", "id"];

/// The object that says where a page of REST 3.0 begins.
const PAGINATION: &str = "pagination";

impl Context<'_> {
    /// Finds out how the method's pages follow one another.
    pub(super) fn walk(&mut self, file: &File<MethodSpec>, method: &mut Method) {
        let spec = &file.spec;
        for (key, is_given) in [("keyset", spec.keyset.is_some()), ("page_size", spec.page_size.is_some())] {
            if is_given && spec.paging.is_none() {
                self.report_help(
                    file,
                    &[key.into()],
                    format!("`{key}` belongs to a list with pages"),
                    "write `paging: start` or another style, or remove it",
                );
            }
        }
        if spec.page_size == Some(0) {
            self.report(file, &["page_size".into()], "a page holds one record at least");
        }
        if let Some(paging) = &spec.paging {
            method.paging = Some(self.paging(file, method, paging));
        }
        if method.effect != Effect::List || method.paging.is_none() {
            return;
        }
        if spec.keyset.as_deref() == Some("none") {
            return;
        }
        method.keyset = self.keyset(method, spec.keyset.as_deref());
        if spec.keyset.is_some() && method.keyset.is_none() {
            self.report_help(
                file,
                &["keyset".into()],
                "the list cannot be walked by number: that needs parameters for conditions and for sorting",
                "write `keyset: none`, or add the parameters",
            );
        }
    }

    /// The style with the names of its parameters, which must be parameters of the method.
    fn paging(&mut self, file: &File<MethodSpec>, method: &Method, spec: &PagingSpec) -> Paging {
        let (place, size) = spec.style.names();
        let place = match (&spec.place, spec.style) {
            (Some(place), _) => place.clone(),
            // The letter case differs from method to method.
            (None, Style::Start) => param(method, place).map_or(place, |param| &param.name).to_owned(),
            (None, _) => place.to_owned(),
        };
        // Who names the place names the size, or there is none.
        let size = match (&spec.size, &spec.place) {
            (Some(size), _) => size.clone(),
            (None, Some(_)) => String::new(),
            (None, None) => size.to_owned(),
        };
        if spec.style == Style::After && place.is_empty() {
            self.report(
                file,
                &["paging".into()],
                "`after` needs `place`, the parameter that takes the last record's number",
            );
        }
        if spec.style == Style::Pagination && param(method, PAGINATION).is_none() {
            self.report_help(
                file,
                &["paging".into()],
                format!("the method has no parameter `{PAGINATION}`"),
                "write `paging: start` where the pages are those of REST 2, or add the parameter",
            );
        }
        let names_itself = !matches!(spec.style, Style::Start | Style::Pagination);
        for (key, path) in [("place", &place), ("size", &size)] {
            if names_itself && !path.is_empty() && !has(&method.params, path) {
                let mut at = vec!["paging".into()];
                if spec.place.is_some() || spec.size.is_some() {
                    at.push(key.into());
                }
                self.report_help(
                    file,
                    &at,
                    format!("the method has no parameter `{path}`"),
                    "write `paging: {style: …, place: …, size: …}` with parameters of the method, dots between nested keys",
                );
            }
        }
        Paging { style: spec.style, place, size }
    }

    fn keyset(&self, method: &Method, named: Option<&str>) -> Option<Keyset> {
        let style = method.paging.as_ref()?.style;
        if !matches!(style, Style::Start | Style::Pagination | Style::Page) {
            return None;
        }
        let filter = param(method, "filter").filter(|param| !matches!(param.ty, Ty::String))?;
        let is_map = |param: &&Param| param.ty.is_object() || param.ty == Ty::Any;
        let (order, direction) = match param(method, "order").filter(is_map).or(param(method, "sort").filter(is_map)) {
            Some(order) => (order.name.clone(), None),
            None => (param(method, "sort")?.name.clone(), Some(param(method, "order")?.name.clone())),
        };
        let field = self.number(method);
        let key = match (named, &filter.entries) {
            (Some(key), _) => key.to_owned(),
            (None, Some(entries)) => {
                let has = |name: &&str| entries.all.iter().any(|entry| entry.name == *name);
                NUMBERS.into_iter().find(has)?.to_owned()
            }
            (None, None) => field.clone()?,
        };
        Some(Keyset {
            filter: filter.name.clone(),
            order,
            direction,
            field: field.unwrap_or_else(|| key.clone()),
            key,
            select: param(method, "select").map(|param| param.name.clone()),
        })
    }

    /// The number's name in the records, as their type or the example of an answer shows it.
    fn number(&self, method: &Method) -> Option<String> {
        let examples = method.functions.iter().flat_map(|function| &function.examples);
        let shown = examples.filter_map(|example| first_record(example.response.as_ref()?, method)).next();
        let in_example = |name: &&str| shown.is_some_and(|record| record.get(name).is_some());
        let of = match &method.returns.shape {
            Shape::List(Some(of)) | Shape::Page(Some(of)) => self.types.get(&of.name).and_then(Option::as_ref),
            _ => None,
        };
        let in_type = |name: &&str| of.is_some_and(|of| of.fields.iter().any(|field| field.name == *name));
        NUMBERS.into_iter().find(in_example).or_else(|| NUMBERS.into_iter().find(in_type)).map(str::to_owned)
    }
}

/// A parameter at the top level of the body, whatever its letter case.
fn param<'m>(method: &'m Method, name: &str) -> Option<&'m Param> {
    method.params.iter().find(|param| {
        param.name.eq_ignore_ascii_case(name)
            && matches!(&param.wire, Wire::Path(path) if *path == [param.name.clone()])
    })
}

/// Whether there is a parameter at a path with dots; the keys of an object that a spec does not name may be any.
fn has(params: &[Param], path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let found = params.iter().find(|param| param.name == first);
    match (found, rest) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(param), Some(rest)) => param.entries.as_ref().is_none_or(|entries| has(&entries.all, rest)),
    }
}

fn first_record<'r>(response: &'r Value, method: &Method) -> Option<&'r Value> {
    let records = method.returns.records.as_deref().unwrap_or_default();
    let result = response.get("result")?;
    let list = records.split('.').filter(|key| !key.is_empty()).try_fold(result, |value, key| value.get(key))?;
    list.get(0)
}
