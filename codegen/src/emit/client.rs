//! The Rust client: a module for each segment of the methods' names, a thin type for each method, a view for each
//! shared type.

mod print;

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::emit::{OutFile, rust_doc};
use crate::ir::{self, Api, BooleanForm, Entity, FileForm, Kind, Method, Param, Shape, TimeForm, Ty, Wire};
use crate::names::RustIdent;
use print::Comments;

/// The folder that belongs to the emitters of Rust alone.
pub const FOLDER: &str = "generated/src";

/// A constructor takes this many required values as arguments; more come as a struct.
pub const MOST_ARGUMENTS: usize = 4;

/// Emits the client crate's sources.
pub fn client(api: &Api) -> Vec<OutFile> {
    let tree = Tree::of(api);
    let print = |source: &str, about: &str, items: &dyn Fn(&Comments) -> TokenStream| {
        let comments = Comments::default();
        let items = items(&comments);
        comments.print(source, about, items)
    };
    let mut files = vec![
        OutFile::new(format!("{FOLDER}/lib.rs"), print("specs/", &crate_docs(), &|_| library(api, &tree))),
        OutFile::new(format!("{FOLDER}/bin/oint.rs"), print("specs/", "The `oint` command line.", &|_| binary())),
    ];
    for (path, module) in tree.modules() {
        let source = format!("specs/ ({})", path.join("."));
        let about = format!("Methods of `{}`.", path.join("."));
        files
            .push(OutFile::new(module_file(&path), print(&source, &about, &|comments| module_items(comments, module))));
    }
    if views(api).next().is_some() {
        let about = "The entities that methods take and answer: views that keep every field, known or not.";
        files.push(OutFile::new(format!("{FOLDER}/types.rs"), print("specs/types/", about, &|_| types_index(api))));
        let known: BTreeSet<&str> = views(api).map(|entity| entity.name.as_str()).collect();
        for entity in views(api) {
            let path = view_file(entity);
            let about = rust_doc::prose(&entity.description);
            files.push(OutFile::new(path, print(&entity.source, &about, &|comments| view(comments, entity, &known))));
        }
    }
    files
}

/// The shared types that the client has types of.
fn views(api: &Api) -> impl Iterator<Item = &Entity> {
    api.types.iter().filter(|entity| entity.view)
}

/// The modules of the client as a tree, each with its methods.
#[derive(Default)]
struct Tree<'a> {
    methods: Vec<&'a Method>,
    children: BTreeMap<String, Tree<'a>>,
}

impl<'a> Tree<'a> {
    fn of(api: &'a Api) -> Self {
        let mut root = Self::default();
        for method in &api.methods {
            let mut node = &mut root;
            for segment in &method.module {
                node = node.children.entry(segment.to_string()).or_default();
            }
            node.methods.push(method);
        }
        root
    }

    fn modules(&self) -> Vec<(Vec<&str>, &Self)> {
        let mut found = Vec::new();
        for (name, child) in &self.children {
            found.push((vec![name.as_str()], child));
            found.extend(child.modules().into_iter().map(|(mut path, module)| {
                path.insert(0, name.as_str());
                (path, module)
            }));
        }
        found
    }
}

/// The file of a module: `r#move` lives in `move.rs`.
fn module_file(path: &[&str]) -> String {
    let segments: Vec<&str> = path.iter().map(|segment| segment.trim_start_matches("r#")).collect();
    format!("{FOLDER}/{}.rs", segments.join("/"))
}

/// The files of the modules that a method is in, from the outermost.
pub(crate) fn module_files(method: &Method) -> impl Iterator<Item = String> {
    let path: Vec<&str> = method.module.iter().map(RustIdent::as_str).collect();
    (1..=path.len()).map(move |depth| module_file(&path[..depth]))
}

/// The file of a shared type's view.
pub(crate) fn view_file(entity: &Entity) -> String {
    format!("{FOLDER}/types/{}.rs", module_of(entity).trim_start_matches("r#"))
}

fn crate_docs() -> String {
    "A client of the Bitrix24 REST API.\n\n\
     A call is a value: make it with the function named after the method, set what you need, send it.\n\n\
     ```no_run\n\
     # #[cfg(feature = \"user\")]\n\
     # async fn example() -> bitrix24::Result<()> {\n\
     use bitrix24::{Client, user};\n\n\
     let client = Client::webhook(\"https://b24-ar17wx.bitrix24.by/rest/1/<secret>/\")?;\n\
     let done: bool = user::update(2150).name(\"Oleg\").send(&client).await?;\n\
     # Ok(())\n\
     # }\n\
     ```\n\n\
     Each top-level module is a cargo feature of the same name, which brings the [`types`] that its methods take and \
     answer; `full` switches all of them on."
        .to_owned()
}

fn library(api: &Api, tree: &Tree) -> TokenStream {
    let features: BTreeMap<&str, &str> = api
        .methods
        .iter()
        .filter_map(|method| Some((method.module.first()?.as_str(), method.feature.as_str())))
        .collect();
    let modules = tree.children.keys().map(|name| {
        let ident = parse_ident(name);
        let feature = features.get(name.as_str()).copied().unwrap_or_default();
        // Methods have the names that the portal gives them.
        quote! {
            #[cfg(feature = #feature)]
            #[rustfmt::skip]
            #[allow(clippy::module_inception, clippy::should_implement_trait)]
            pub mod #ident;
        }
    });
    let types = views(api).next().is_some().then(|| quote! { #[rustfmt::skip] pub mod types; });
    quote! {
        #(#modules)*
        #types

        pub use bitrix24_runtime::*;

        /// The tables that drive the command line and the sandbox.
        #[cfg(any(feature = "cli", feature = "sandbox"))]
        #[rustfmt::skip]
        pub static TABLES: table::Tables = table::Tables {
            names: include_str!("tables/names.tsv"),
            rows: include_str!("tables/rows.ndjson"),
            places: include_str!(concat!(env!("OUT_DIR"), "/places.tsv")),
        };
    }
}

fn binary() -> TokenStream {
    quote! {
        fn main() -> std::process::ExitCode {
            bitrix24::cli::main(&bitrix24::TABLES)
        }
    }
}

fn module_items(comments: &Comments, module: &Tree) -> TokenStream {
    let children = module.children.keys().map(|name| {
        let ident = parse_ident(name);
        quote! { pub mod #ident; }
    });
    let methods = module.methods.iter().map(|method| method_items(comments, method));
    let import = (!module.methods.is_empty()).then(|| quote! { use ::bitrix24_runtime as rt; });
    quote! {
        #import
        #(#children)*
        #(#methods)*
    }
}

fn method_items(comments: &Comments, method: &Method) -> TokenStream {
    let required = RequiredStruct::of(method);
    let constructors: Vec<TokenStream> = method
        .functions
        .iter()
        .filter_map(|function| constructor(comments, method, function, required.as_ref()))
        .collect();
    let required = required.map(|required| required.items(comments));
    let types = iter::once(CallType::of_method(method)).chain(
        method
            .functions
            .iter()
            .filter(|function| matches!(function.kind, Kind::Preset { own: Some(_), .. }))
            .map(|function| CallType::of(method, function)),
    );
    let types = types.filter_map(|call| call.items(comments, method));
    quote! {
        #(#constructors)*

        #required

        #(#types)*
    }
}

/// The Rust type of calls: a method's, or that of a preset which answers something else.
struct CallType<'a> {
    ident: &'a RustIdent,
    summary: &'a str,
    returns: &'a ir::Returns,
    /// The parameters that it has setters of.
    setters: Vec<&'a Param>,
}

impl<'a> CallType<'a> {
    fn of_method(method: &'a Method) -> Self {
        let mut setters = setter_params(method.params.iter(), &required_values(&method.params));
        setters.extend(preset_params(method));
        let summary = method.functions.first().map_or("", |function| function.summary.as_str());
        Self { ident: &method.ident, summary, returns: &method.returns, setters }
    }

    /// The type of what a function makes.
    fn of(method: &'a Method, function: &'a ir::Function) -> Self {
        let Kind::Preset { own: Some(ident), .. } = &function.kind else { return Self::of_method(method) };
        let setters = setter_params(function.plain_params(), &arguments(function));
        Self { ident, summary: &function.summary, returns: method.answer_of(function), setters }
    }

    /// Whether there is such a type. Where there is nothing to set and nothing to walk, the type that the runtime has for all
    /// such calls does as well, and costs nothing to compile.
    fn exists(&self, method: &Method) -> bool {
        walk(method, self.returns).is_some() || !self.setters.is_empty()
    }

    fn items(&self, comments: &Comments, method: &Method) -> Option<TokenStream> {
        if !self.exists(method) {
            return None;
        }
        let ident = ident(self.ident);
        let docs = comments.add(rust_doc::call_type(method, self.summary));
        let deprecated = deprecation(method);
        let allow = method.deprecated.is_some().then(|| quote! { #[allow(deprecated)] });
        let setters: Vec<TokenStream> = self.setters.iter().map(|param| setter(comments, param)).collect();
        let setters = (!setters.is_empty()).then(|| quote! { #allow impl #ident { #(#setters)* } });
        let (output, walk) = (output(&self.returns.shape), walk(method, self.returns));
        Some(quote! {
            #[doc = #docs]
            #deprecated
            #[must_use = "a call does nothing until it is sent"]
            pub struct #ident(rt::Call);

            rt::request!(#ident -> #output #walk);

            #setters
        })
    }
}

/// What tells that a list has more than `send`: all its records, whatever pages they come in.
fn walk(method: &Method, returns: &ir::Returns) -> Option<TokenStream> {
    let record = match &returns.shape {
        Shape::List(entity) | Shape::Page(entity) => record(entity),
        // Only the words tell which form the records have.
        Shape::OneOf(_) if method.paging.is_some() => record(&None),
        _ => return None,
    };
    (method.effect == ir::Effect::List).then(|| quote! { , all #record })
}

fn deprecation(method: &Method) -> Option<TokenStream> {
    let deprecated = method.deprecated.as_ref()?;
    let note = match (&deprecated.replacement, &deprecated.note) {
        (Some(replacement), Some(note)) => format!("use `{replacement}`: {note}"),
        (Some(replacement), None) => format!("use `{replacement}`"),
        (None, Some(note)) => note.clone(),
        (None, None) => "the portal's makers advise against it".to_owned(),
    };
    Some(quote! { #[deprecated(note = #note)] })
}

/// The values that a constructor cannot do without: required parameters, and required entries of a merged object.
pub fn required_values(params: &[Param]) -> Vec<&Param> {
    let mut found = Vec::new();
    for param in params {
        match (&param.wire, &param.entries) {
            (Wire::Merge, Some(entries)) => found.extend(entries.all.iter().filter(|entry| entry.required)),
            (Wire::Merge, None) => {}
            (Wire::Path(_), _) if param.required => found.push(param),
            (Wire::Path(_), _) => {}
        }
    }
    found
}

/// The values that the function of a call takes. A preset asks for those with a default too: they are what it is for.
pub fn arguments(function: &ir::Function) -> Vec<&Param> {
    match function.kind {
        Kind::Preset { .. } => {
            function.params.iter().filter(|param| param.required || param.default.is_some()).collect()
        }
        _ => required_values(&function.params),
    }
}

/// The name of the struct that holds the required values of a method with too many of them for arguments.
pub fn required_struct(method: &Method) -> Option<String> {
    let many = required_values(&method.params).len() > MOST_ARGUMENTS;
    many.then(|| format!("{}Required", method.ident.as_str().trim_start_matches("r#")))
}

/// The struct of required values, where there are too many of them for arguments.
struct RequiredStruct<'a> {
    ident: proc_macro2::Ident,
    name: &'a str,
    values: Vec<&'a Param>,
}

impl<'a> RequiredStruct<'a> {
    fn of(method: &'a Method) -> Option<Self> {
        let ident = format_ident!("{}", required_struct(method)?);
        Some(Self { ident, name: &method.name, values: required_values(&method.params) })
    }

    fn items(&self, comments: &Comments) -> TokenStream {
        let Self { ident, name, values } = self;
        let docs = comments.add(format!("What `{name}` cannot do without."));
        let fields = values.iter().map(|param| {
            let (ident, docs, owned) =
                (self::ident(&param.ident), comments.add(rust_doc::prose(&param.description)), owned_type(&param.ty));
            quote! { #[doc = #docs] pub #ident: #owned }
        });
        quote! {
            #[doc = #docs]
            #[derive(Clone, Debug)]
            pub struct #ident { #(#fields),* }
        }
    }
}

fn constructor(
    comments: &Comments,
    method: &Method,
    function: &ir::Function,
    required: Option<&RequiredStruct>,
) -> Option<TokenStream> {
    let (name, constants) = match &function.kind {
        Kind::Method => (&method.constructor, &[][..]),
        Kind::Preset { constructor, constants, .. } => (constructor, constants.as_slice()),
        Kind::Template { constructor, object } => return Some(template(comments, constructor, function, object)),
        Kind::Local { constructor } => return Some(local(comments, constructor, function)),
        Kind::Procedure(_) => return None,
    };
    let name = ident(name);
    let docs = comments.add(rust_doc::constructor(method, function));
    let deprecated = deprecation(method);
    let allow = method.deprecated.is_some().then(|| quote! { #[allow(deprecated)] });
    let values = arguments(function);
    let call_type = CallType::of(method, function);
    let call = new_call(method, call_type.returns);
    let constants = constants.iter().map(|(path, value)| {
        let text = value.to_string();
        set(path, &quote! { rt::value::constant(#text) })
    });
    let (arguments, sets): (Vec<_>, Vec<_>) = match required.filter(|_| matches!(function.kind, Kind::Method)) {
        Some(required) => {
            let ident = &required.ident;
            let sets = values.iter().map(|param| {
                let field = self::ident(&param.ident);
                setting(param, &quote! { required.#field })
            });
            (vec![quote! { required: #ident }], sets.collect())
        }
        None => values
            .iter()
            .map(|param| {
                let (name, taken) = (ident(&param.ident), taken_type(&param.ty));
                (quote! { #name: #taken }, setting(param, &quote! { #name }))
            })
            .unzip(),
    };
    let call = quote! { #call #(#constants)* #(#sets)* };
    let (returned, made) = match call_type.exists(method) {
        true => {
            let own = ident(call_type.ident);
            (quote! { #own }, quote! { #own(#call) })
        }
        false => {
            let output = output(&call_type.returns.shape);
            (quote! { rt::TypedCall<#output> }, quote! { #call .typed() })
        }
    };
    Some(quote! {
        #[doc = #docs]
        #deprecated
        #allow
        #[inline]
        pub fn #name(#(#arguments),*) -> #returned {
            #made
        }
    })
}

/// The function that gives an object to fill in.
fn template(
    comments: &Comments,
    constructor: &RustIdent,
    function: &ir::Function,
    object: &serde_json::Map<String, serde_json::Value>,
) -> TokenStream {
    let (name, text) = (ident(constructor), serde_json::Value::from(object.clone()).to_string());
    let docs = comments.add(rust_doc::prose(&function.summary));
    quote! {
        #[doc = #docs]
        #[inline]
        #[must_use]
        pub fn #name() -> rt::Value {
            rt::value::constant(#text)
        }
    }
}

/// The function that makes an object of its arguments.
fn local(comments: &Comments, constructor: &RustIdent, function: &ir::Function) -> TokenStream {
    let name = ident(constructor);
    let docs = comments.add(rust_doc::prose(&function.summary));
    let (arguments, sets): (Vec<_>, Vec<_>) = function
        .params
        .iter()
        .map(|param| {
            let (name, taken) = (ident(&param.ident), taken_type(&param.ty));
            (quote! { #name: #taken }, setting(param, &quote! { #name }))
        })
        .unzip();
    quote! {
        #[doc = #docs]
        #[inline]
        #[must_use]
        pub fn #name(#(#arguments),*) -> rt::Value {
            rt::Call::named("") #(#sets)* .into_value()
        }
    }
}

fn new_call(method: &Method, returns: &ir::Returns) -> TokenStream {
    let name = &method.name;
    let rest = match method.rest {
        ir::Rest::V2 => quote! { V2 },
        ir::Rest::V3 => quote! { V3 },
    };
    let effect = format_ident!("{}", format!("{:?}", method.effect));
    let paging = match &method.paging {
        None => format_ident!("None"),
        Some(paging) => format_ident!("{}", format!("{:?}", paging.style)),
    };
    let records = returns.records.as_ref().map(|records| quote! { .with_records(#records) });
    let order = method.ordered.then(|| {
        let positions =
            crate::emit::tables::positions(&method.params).into_iter().map(|(key, is_container)| match is_container {
                true => quote! { rt::Position::Container(#key) },
                false => quote! { rt::Position::Plain(#key) },
            });
        quote! { .with_order(&[#(#positions),*]) }
    });
    let keyset = method.keyset.as_ref().map(keyset);
    let place = method.paging.as_ref().filter(|paging| !paging.is_usual()).map(|ir::Paging { place, size, .. }| {
        quote! { .with_place(#place, #size) }
    });
    let page = method.page_size.map(|records| quote! { .with_page(#records) });
    let alone = (!method.batchable).then(|| quote! { .alone() });
    quote! {
        rt::Call::new(
            rt::Method::new(#name, rt::Rest::#rest, rt::Effect::#effect, rt::Paging::#paging)
            #records #keyset #place #page #alone #order
        )
    }
}

/// How a list is walked by number.
fn keyset(keyset: &ir::Keyset) -> TokenStream {
    let ir::Keyset { filter, order, direction, key, field, select } = keyset;
    if (filter.as_str(), order.as_str(), select.as_deref()) == ("filter", "order", Some("select"))
        && direction.is_none()
        && key == field
    {
        return quote! { .with_keyset(rt::Keyset::new(#key)) };
    }
    let order = match direction {
        Some(direction) => quote! { rt::Order::Pair { key: #order, direction: #direction } },
        None => quote! { rt::Order::Object(#order) },
    };
    let select = select.as_deref().unwrap_or_default();
    quote! {
        .with_keyset(rt::Keyset { filter: #filter, order: #order, key: #key, field: #field, select: #select })
    }
}

/// The parameters that calls have setters of: those that are no arguments. One that is merged has one itself, for several
/// entries at once.
fn setter_params<'a>(params: impl Iterator<Item = &'a Param>, arguments: &[&Param]) -> Vec<&'a Param> {
    let arguments: BTreeSet<*const Param> = arguments.iter().copied().map(std::ptr::from_ref).collect();
    let mut found = Vec::new();
    for param in params {
        found.push(param);
        if let (Wire::Merge, Some(entries)) = (&param.wire, &param.entries) {
            found.extend(&entries.all);
        }
    }
    found.retain(|param| !arguments.contains(&std::ptr::from_ref(*param)));
    found
}

/// The optional parameters that only presets of the method's type have, where no parameter of the method has taken their
/// name.
fn preset_params(method: &Method) -> Vec<&Param> {
    let merged =
        method.params.iter().filter(|param| param.wire == Wire::Merge).filter_map(|param| param.entries.as_ref());
    let mut taken: BTreeSet<&str> =
        method.params.iter().chain(merged.flat_map(|entries| &entries.all)).map(|param| param.ident.as_str()).collect();
    let mut found = Vec::new();
    let is_of_its_type = |function: &&ir::Function| matches!(function.kind, Kind::Preset { own: None, .. });
    for function in method.functions.iter().filter(is_of_its_type) {
        let arguments: BTreeSet<&str> = arguments(function).iter().map(|param| param.name.as_str()).collect();
        for param in function.plain_params() {
            let is_plain = param.wire != Wire::Merge && !arguments.contains(param.name.as_str());
            if is_plain && taken.insert(param.ident.as_str()) {
                found.push(param);
            }
        }
    }
    found
}

fn setter(comments: &Comments, param: &Param) -> TokenStream {
    let (name, taken) = (ident(&param.ident), taken_type(&param.ty));
    let docs = match param.wire {
        Wire::Merge => rust_doc::merge_setter(param),
        Wire::Path(_) => rust_doc::setter(param),
    };
    let docs = comments.add(docs);
    let call = match (&param.wire, form(&param.ty)) {
        (Wire::Path(path), Some(form)) if path.len() == 1 => quote! { rt::set::param::#form(self.0, #(#path)*, value) },
        _ => {
            let set = setting(param, &quote! { value });
            quote! { self.0 #set }
        }
    };
    quote! {
        #[doc = #docs]
        #[inline]
        pub fn #name(self, value: #taken) -> Self {
            Self(#call)
        }
    }
}

/// `.param("KEY", …)` or `.nested(&["a", "b"], …)` with the value in its wire form.
fn setting(param: &Param, value: &TokenStream) -> TokenStream {
    match &param.wire {
        Wire::Path(path) => match &param.ty {
            Ty::File(form) => {
                let form = file_form(*form);
                quote! { .file(&[#(#path),*], #form, Into::into(#value)) }
            }
            Ty::Array(item) if matches!(**item, Ty::File(_)) => {
                let Ty::File(form) = **item else { unreachable!("matched above") };
                let form = file_form(form);
                quote! { .files(&[#(#path),*], #form, #value) }
            }
            ty => set(path, &wire_value(ty, value)),
        },
        Wire::Merge => {
            let name = &param.name;
            quote! { .merge(#name, #value) }
        }
    }
}

fn set(path: &[String], value: &TokenStream) -> TokenStream {
    match path {
        [key] => quote! { .put(#key, #value) },
        path => quote! { .nested(&[#(#path),*], #value) },
    }
}

fn file_form(form: FileForm) -> TokenStream {
    let form = match form {
        FileForm::Pair => format_ident!("Pair"),
        FileForm::Base64 => format_ident!("Base64"),
        FileForm::FileData => format_ident!("FileData"),
    };
    quote! { rt::value::FileForm::#form }
}

/// The form in which a value goes over the wire, where the runtime has a word for it.
fn form(ty: &Ty) -> Option<proc_macro2::Ident> {
    let form = match ty {
        Ty::OneOf(_) if ty.is_text() => "text",
        Ty::String | Ty::Date | Ty::DateTime(TimeForm::Iso) => "text",
        Ty::DateTime(TimeForm::Utc) => "utc",
        Ty::Integer => "integer",
        Ty::Number => "number",
        Ty::Boolean(BooleanForm::Json) => "boolean",
        Ty::Boolean(BooleanForm::YesNo) => "yes_no",
        Ty::Boolean(BooleanForm::NoYes) => "no_yes",
        Ty::Boolean(BooleanForm::OneZero) => "one_zero",
        Ty::Id => "id",
        Ty::Object | Ty::Map(_) | Ty::OneOf(_) | Ty::Any => "any",
        Ty::File(_) => return None,
        Ty::Array(item) if matches!(**item, Ty::Array(_) | Ty::Boolean(_)) => return None,
        Ty::Array(item) => return form(item).map(|item| format_ident!("{item}s")),
    };
    Some(format_ident!("{form}"))
}

/// The expression that turns an argument into a JSON value.
fn wire_value(ty: &Ty, value: &TokenStream) -> TokenStream {
    match (form(ty), ty) {
        (Some(form), _) => quote! { rt::value::#form(#value) },
        (None, Ty::File(form)) => {
            let form = file_form(*form);
            quote! { #form.encode(&Into::<rt::File>::into(#value)) }
        }
        (None, Ty::Array(item)) => {
            let each = wire_value(item, &quote! { item });
            quote! { rt::value::list(#value, |item| #each) }
        }
        (None, _) => unreachable!("only files and lists have no form"),
    }
}

/// The type of a setter's argument.
fn taken_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Boolean(_) => quote! { bool },
        Ty::Array(item) => {
            let item = taken_type(item);
            quote! { impl IntoIterator<Item = #item> }
        }
        other => {
            let owned = owned_type(other);
            quote! { impl Into<#owned> }
        }
    }
}

/// The type that a value is kept as.
fn owned_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::OneOf(_) if ty.is_text() => quote! { String },
        Ty::String | Ty::Date | Ty::DateTime(_) => quote! { String },
        Ty::Integer => quote! { i64 },
        Ty::Number => quote! { f64 },
        Ty::Boolean(_) => quote! { bool },
        Ty::Id => quote! { rt::Id },
        Ty::File(_) => quote! { rt::File },
        Ty::Array(item) => {
            let item = owned_type(item);
            quote! { Vec<#item> }
        }
        Ty::Object | Ty::Map(_) | Ty::OneOf(_) | Ty::Any => quote! { rt::Value },
    }
}

/// The type of a list's records.
fn record(entity: &Option<ir::EntityRef>) -> TokenStream {
    match entity {
        Some(entity) => {
            let ident = ident(&entity.ident);
            quote! { crate::types::#ident }
        }
        None => quote! { rt::Value },
    }
}

/// The type of a call's result.
fn output(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Value(ty) => result_type(ty),
        Shape::Record(entity) => record(&Some(entity.clone())),
        Shape::List(entity) => {
            let record = record(entity);
            quote! { Vec<#record> }
        }
        Shape::Page(entity) => {
            let record = record(entity);
            quote! { rt::Page<#record> }
        }
        Shape::Map(value) => {
            let value = output(value);
            quote! { rt::Map<#value> }
        }
        Shape::Nullable(value) => {
            let value = output(value);
            quote! { Option<#value> }
        }
        Shape::Nothing => quote! { () },
        Shape::OneOf(forms) => one_of(forms),
    }
}

/// The type of a result in several forms. Where the answer itself does not tell which it is, it stays as it came.
fn one_of(forms: &[ir::Form]) -> TokenStream {
    let mut types = forms.iter().rev().map(|form| output(&form.shape));
    match types.next() {
        Some(last) if ir::are_apart(forms) => types.fold(last, |others, one| quote! { rt::Either<#one, #others> }),
        _ if forms.iter().all(|form| form.shape.kinds() == [ir::JsonKind::Object]) => quote! { rt::Object },
        _ => quote! { rt::Value },
    }
}

fn result_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Object => quote! { rt::Object },
        Ty::File(_) => quote! { rt::Value },
        Ty::Array(item) => {
            let item = result_type(item);
            quote! { Vec<#item> }
        }
        Ty::Map(value) => {
            let value = result_type(value);
            quote! { rt::Map<#value> }
        }
        other => owned_type(other),
    }
}

fn types_index(api: &Api) -> TokenStream {
    let items = views(api).map(|entity| {
        let (module, ident, gate) = (parse_ident(&module_of(entity)), ident(&entity.ident), gate(entity));
        quote! {
            #gate
            mod #module;
            #gate
            pub use #module::#ident;
        }
    });
    quote! { #(#items)* }
}

/// What keeps a shared type out of a client whose features do not reach it.
fn gate(entity: &Entity) -> TokenStream {
    let features = rust_doc::gate(entity);
    match features[..] {
        [feature] => quote! { #[cfg(feature = #feature)] },
        _ => quote! { #[cfg(any(#(feature = #features),*))] },
    }
}

fn module_of(entity: &Entity) -> String {
    RustIdent::module(&entity.name).map_or_else(|| entity.name.clone(), |ident| ident.to_string())
}

/// A shared type: one struct that reads answers and builds requests, and loses no field it does not know.
fn view(comments: &Comments, entity: &Entity, known: &BTreeSet<&str>) -> TokenStream {
    let ident = ident(&entity.ident);
    let docs = comments.add(rust_doc::entity(entity));
    let fields = entity.fields.iter().map(|field| {
        let getter = (!field.writeonly).then(|| getter(comments, field, known));
        let setter = (!field.readonly).then(|| {
            let name = format_ident!("set_{}", field.ident.as_str().trim_start_matches("r#").trim_end_matches('_'));
            let docs = comments.add(format!("Sets `{}`. {}", field.name, rust_doc::prose(&field.description)));
            let (taken, key) = (taken_type(&field.ty), &field.name);
            let (set, value) = match form(&field.ty) {
                Some(form) => (form, quote! { value }),
                None => (format_ident!("put"), wire_value(&field.ty, &quote! { value })),
            };
            quote! {
                #[doc = #docs]
                #[inline]
                #[must_use]
                pub fn #name(self, value: #taken) -> Self {
                    Self(rt::set::field::#set(self.0, #key, #value))
                }
            }
        });
        quote! { #getter #setter }
    });
    quote! {
        use ::bitrix24_runtime as rt;

        #[doc = #docs]
        pub struct #ident(rt::Object);

        rt::view!(#ident);

        impl #ident {
            #(#fields)*
        }
    }
}

/// `known`: the names of the types that the client has.
fn getter(comments: &Comments, field: &Param, known: &BTreeSet<&str>) -> TokenStream {
    let (name, key) = (ident(&field.ident), &field.name);
    let docs = comments.add(format!("`{key}`. {}", rust_doc::prose(&field.description)));
    let inner = field.entries.as_ref().and_then(|entries| entries.entity.as_ref());
    let inner = inner.filter(|entity| known.contains(entity.name.as_str()));
    let (read, returned) = match meant(&field.ty) {
        ty @ Ty::OneOf(_) if ty.is_text() => (quote! { text }, quote! { &str }),
        ty if let Some(of) = inner.and_then(|entity| of_records(ty, entity)) => (quote! { read }, of),
        Ty::String | Ty::Date | Ty::DateTime(_) => (quote! { text }, quote! { &str }),
        Ty::Object => (quote! { object }, quote! { &rt::Object }),
        Ty::File(_) | Ty::OneOf(_) | Ty::Any => (quote! { any }, quote! { &rt::Value }),
        Ty::Array(item) if matches!(**item, Ty::File(_)) => (quote! { any }, quote! { &rt::Value }),
        ty => {
            let returned = result_type(ty);
            let read = match ty {
                Ty::Boolean(BooleanForm::NoYes) => quote! { opposite },
                Ty::Boolean(_) => quote! { boolean },
                Ty::Id => quote! { id },
                Ty::Integer => quote! { integer },
                Ty::Number => quote! { number },
                _ => quote! { read },
            };
            (read, returned)
        }
    };
    quote! {
        #[doc = #docs]
        #[inline]
        pub fn #name(&self) -> Option<#returned> {
            rt::view::#read(&self.0, #key)
        }
    }
}

/// The type of records of a shared type: one, a list of them, or those below free keys.
fn of_records(ty: &Ty, entity: &ir::EntityRef) -> Option<TokenStream> {
    match ty {
        Ty::Object => Some(record(&Some(entity.clone()))),
        Ty::Array(item) => of_records(item, entity).map(|item| quote! { Vec<#item> }),
        Ty::Map(value) => of_records(value, entity).map(|value| quote! { rt::Map<#value> }),
        _ => None,
    }
}

/// The type that a getter reads. A flag beside one other type is how the portal says that there is nothing; who wants to
/// know whether it was said finds it in the record.
fn meant(ty: &Ty) -> &Ty {
    match ty.each() {
        [one, Ty::Boolean(BooleanForm::Json)] | [Ty::Boolean(BooleanForm::Json), one] => one,
        _ => ty,
    }
}

fn ident(name: &RustIdent) -> proc_macro2::Ident {
    parse_ident(name.as_str())
}

fn parse_ident(name: &str) -> proc_macro2::Ident {
    match name.strip_prefix("r#") {
        Some(raw) => proc_macro2::Ident::new_raw(raw, proc_macro2::Span::call_site()),
        None => proc_macro2::Ident::new(name, proc_macro2::Span::call_site()),
    }
}
