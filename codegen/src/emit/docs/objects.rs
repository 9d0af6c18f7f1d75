//! What answers hold: the fields of shared types. A short type, and one that a single page shows, is listed on the page of
//! each method that answers it; a long one that several pages show has a page of its own, to which they link.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::emit::banner;
use crate::emit::docs::page::{Link, known_values, path_to, type_name};
use crate::emit::docs::{Words, escape, render};
use crate::emit::tables::in_order;
use crate::ir::{Api, Entity, Entries, Function, Kind, Method, Param, Returns, Shape, Ty, are_apart};
use crate::names::joined;
use crate::spec::{FieldsOf, Furniture};

/// The folder of the types' pages, below that of all pages.
pub(crate) const FOLDER: &str = "objects";
/// A type with more fields has a page of its own where several pages show it.
const LONG: usize = 12;
/// The fields that a link to the others names.
const NAMED: usize = 5;

/// The shared types that answers hold, with the text that says so: made once for all pages.
pub(super) struct Objects<'a> {
    furniture: &'a Furniture,
    shown: BTreeMap<&'a str, Shown<'a>>,
}

/// A type that some answer holds.
struct Shown<'a> {
    entity: &'a Entity,
    /// The file name of its page, where it has one.
    page: Option<String>,
    /// The functions whose answers hold it, in order.
    answered: Vec<(&'a Method, &'a Function)>,
    /// The functions that take its fields, in order.
    taken: Vec<(&'a Method, &'a Function)>,
    /// The tables of its fields and of what is inside them, as they stand on a page.
    tables: String,
    /// The same with addresses of their own, where they stand on some page behind those of another type.
    further: String,
}

/// What the page of a function says of its answer's fields.
#[derive(Serialize)]
pub(super) struct Answer {
    /// The words that lead to the fields; `{place}`: where in the answer they are.
    lead: String,
    place: String,
    /// Where they are explained.
    path: String,
    names: Vec<String>,
    /// How many more there are than the names tell.
    more: usize,
    /// The path of the Rust type.
    rust: Option<String>,
    is_nullable: bool,
    /// What the type is and its tables, where they stand on the page itself.
    #[serde(skip)]
    pub(super) own: Option<Own>,
}

/// A type that is listed on the page of a function.
#[derive(Serialize)]
pub(super) struct Own {
    /// What people call it; for one behind another.
    title: String,
    anchor: String,
    description: String,
    tables: String,
}

/// The page of a type.
#[derive(Serialize)]
pub(super) struct ObjectPage<'o> {
    pub(super) slug: &'o str,
    banner: String,
    pub(super) source: &'o str,
    position: usize,
    pub(super) title: &'o str,
    pub(super) description: &'o str,
    rust: Option<String>,
    count: usize,
    tables: &'o str,
    folder: &'static str,
    answered: Vec<Link>,
    taken: Vec<Link>,
}

/// The tables of a type.
#[derive(Serialize)]
struct Block {
    tables: Vec<Fields>,
    has_page: bool,
    /// With more rows a table is folded.
    long: usize,
}

/// A table of fields.
#[derive(Serialize)]
struct Fields {
    /// The field whose content it is about, with dots between nested ones; empty for the type itself.
    path: String,
    /// What the addresses of its rows are made of.
    place: String,
    anchor: String,
    /// What a folded table says of itself.
    keys: String,
    rows: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    type_name: String,
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    values: String,
    /// The link to the fields inside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<String>,
    /// It cannot be sent, while others can.
    readonly: bool,
    /// What Rust calls it, where that is not the name in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    rust: Option<String>,
}

impl<'a> Objects<'a> {
    pub(super) fn of(api: &'a Api, texts: &Words) -> Self {
        let entities: BTreeMap<&str, &Entity> = api.types.iter().map(|entity| (entity.name.as_str(), entity)).collect();
        // For each type those inside its fields, at any depth.
        let inside: BTreeMap<&str, BTreeSet<&str>> =
            entities.iter().map(|(name, entity)| (*name, within(entity, &entities))).collect();
        let (mut answered, mut taken) = (BTreeMap::<&str, Vec<_>>::new(), BTreeMap::<&str, Vec<_>>::new());
        // On how many pages it would stand, and whether as more than a part of another one.
        let (mut places, mut direct) = (BTreeMap::<&str, usize>::new(), BTreeSet::new());
        // Those that stand on a page behind another one.
        let mut further = BTreeSet::new();
        for (method, function) in in_order(api) {
            let mut held = BTreeSet::new();
            let parts = answer(method, function).map_or_else(Vec::new, |returns| parts(&returns.shape));
            for (at, (name, _)) in parts.into_iter().enumerate() {
                let Some((name, inner)) = inside.get_key_value(name) else { continue };
                *places.entry(name).or_default() += 1;
                direct.insert(*name);
                further.extend((at > 0).then_some(*name));
                held.extend(inner.iter().chain([name]).copied());
            }
            for known in held {
                answered.entry(known).or_default().push((method, function));
            }
            let mut names = BTreeSet::new();
            for entries in function.plain_params().filter_map(|param| param.entries.as_ref()) {
                referred(entries, &mut names);
            }
            for name in names {
                taken.entry(name).or_default().push((method, function));
            }
        }
        for name in answered.keys().filter_map(|name| entities.get(name)) {
            for inner in directly(name) {
                *places.entry(inner).or_default() += 1;
            }
        }
        let has_page = |name: &str| {
            entities.get(name).is_some_and(|entity| met(entity).count() > LONG)
                && places.get(name).is_some_and(|count| *count > 1)
        };
        let link = |name: &str| has_page(name).then(|| path_of(slug(name)));
        let shown = answered
            .into_iter()
            .filter_map(|(name, answered)| {
                let entity = *entities.get(name)?;
                let taken = taken.remove(name).unwrap_or_default();
                let tables =
                    Tables { entities: &entities, link: &link, furniture: &api.furniture, is_taken: !taken.is_empty() };
                // A short type inside others stands in their tables.
                let is_shown = direct.contains(name) || has_page(name);
                let further =
                    if further.contains(name) { tables.of(entity, &[name], false, texts) } else { String::new() };
                let tables = if is_shown { tables.of(entity, &[], has_page(name), texts) } else { String::new() };
                Some((
                    name,
                    Shown { entity, page: has_page(name).then(|| slug(name)), answered, taken, tables, further },
                ))
            })
            .collect();
        Self { furniture: &api.furniture, shown }
    }

    /// What there is to say of the types in a function's answer; nothing where it has no known fields.
    pub(super) fn answers(&self, method: &Method, function: &Function) -> Vec<Answer> {
        let Some(returns) = answer(method, function) else { return Vec::new() };
        let records = returns.records.as_ref().map(|records| format!(".{records}")).unwrap_or_default();
        // Where the answer does not tell its form, the client does not choose a type.
        let has_type = matches!(function.kind, Kind::Method | Kind::Preset { .. }) && are_apart(returns.shape.forms());
        let mut answers: Vec<Answer> = Vec::new();
        for (name, shape) in parts(&returns.shape) {
            let Some(shown) = self.shown.get(name) else { continue };
            let fields: Vec<&Param> = met(shown.entity).collect();
            let named = if fields.len() == NAMED + 1 { NAMED + 1 } else { NAMED.min(fields.len()) };
            let (address, tables) = match answers.iter().any(|before| before.own.is_some()) {
                false => ("result".to_owned(), &shown.tables),
                true => (anchor(&[name]), &shown.further),
            };
            answers.push(Answer {
                lead: lead(shape, &self.furniture.fields_of).to_owned(),
                place: escape::code(&format!("result{records}")),
                path: shown.page.as_deref().map_or_else(|| format!("#{address}"), path_of),
                names: fields.iter().take(named).map(|field| field.name.clone()).collect(),
                more: fields.len() - named,
                rust: shown.rust().filter(|_| has_type),
                is_nullable: false,
                own: shown.page.is_none().then(|| Own {
                    title: shown.entity.title.clone(),
                    anchor: address,
                    description: shown.entity.description.clone(),
                    tables: tables.clone(),
                }),
            });
        }
        if let (Some(last), Shape::Nullable(_)) = (answers.last_mut(), &returns.shape) {
            last.is_nullable = true;
        }
        answers
    }

    /// The pages of types, by the titles of the types.
    pub(super) fn pages(&self) -> Vec<ObjectPage<'_>> {
        let links = |functions: &[(&Method, &Function)]| {
            functions
                .iter()
                .map(|(method, function)| Link::new(function.title.clone(), path_to(method, function)))
                .collect()
        };
        let mut pages: Vec<ObjectPage<'_>> = self
            .shown
            .values()
            .filter_map(|shown| {
                Some(ObjectPage {
                    slug: shown.page.as_deref()?,
                    banner: banner(&shown.entity.source),
                    source: &shown.entity.source,
                    position: 0,
                    title: &shown.entity.title,
                    description: &shown.entity.description,
                    rust: shown.rust(),
                    count: met(shown.entity).count(),
                    tables: &shown.tables,
                    folder: FOLDER,
                    answered: links(&shown.answered),
                    taken: links(&shown.taken),
                })
            })
            .collect();
        pages.sort_by_cached_key(|page| (page.title.to_lowercase(), page.slug));
        for (at, page) in pages.iter_mut().enumerate() {
            page.position = at + 1;
        }
        pages
    }
}

impl Shown<'_> {
    fn rust(&self) -> Option<String> {
        self.entity.view.then(|| format!("bitrix24::types::{}", self.entity.ident))
    }
}

/// The pages of types, and the modules whose methods answer or take each of them.
pub(crate) fn pages_with_modules(api: &Api) -> Vec<(String, BTreeSet<&str>)> {
    let objects = Objects::of(api, &Words::of(&api.furniture));
    let mut pages = Vec::new();
    for shown in objects.shown.into_values() {
        let functions = shown.answered.into_iter().chain(shown.taken);
        let modules = functions.map(|(method, _)| method.feature.as_str()).collect();
        pages.extend(shown.page.map(|page| (format!("{FOLDER}/{page}.mdx"), modules)));
    }
    pages
}

/// What a function answers; what it only writes is no answer.
fn answer<'m>(method: &'m Method, function: &'m Function) -> Option<&'m Returns> {
    (!matches!(function.kind, Kind::Template { .. })).then(|| method.answer_of(function))
}

/// The types in an answer, each once, with the form in which it comes first.
fn parts(shape: &Shape) -> Vec<(&str, &Shape)> {
    let mut parts: Vec<(&str, &Shape)> = Vec::new();
    for shape in shape.each() {
        if let Some(entity) = shape.entity()
            && parts.iter().all(|(name, _)| *name != entity.name)
        {
            parts.push((&entity.name, shape));
        }
    }
    parts
}

fn lead<'w>(shape: &Shape, words: &'w FieldsOf) -> &'w str {
    match shape {
        Shape::List(_) | Shape::Page(_) => &words.each,
        Shape::Map(value) => match &**value {
            Shape::List(_) | Shape::Page(_) => &words.each_in_lists,
            _ => &words.each_value,
        },
        _ => &words.record,
    }
}

/// The file name of a type's page.
fn slug(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// A type's page, from the pages' root.
fn path_of(slug: impl AsRef<str>) -> String {
    format!("/{FOLDER}/{}.mdx", slug.as_ref())
}

/// The types that entries refer to.
fn referred<'e>(entries: &'e Entries, found: &mut BTreeSet<&'e str>) {
    found.extend(entries.entity.as_ref().map(|entity| entity.name.as_str()));
    for inner in entries.own().iter().filter_map(|own| own.entries.as_ref()) {
        referred(inner, found);
    }
}

/// The types that the fields of a type refer to.
fn directly(entity: &Entity) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for entries in entity.fields.iter().filter_map(|field| field.entries.as_ref()) {
        referred(entries, &mut found);
    }
    found
}

/// The types inside a type, at any depth; none contains itself.
fn within<'a>(entity: &'a Entity, entities: &BTreeMap<&str, &'a Entity>) -> BTreeSet<&'a str> {
    let mut found = directly(entity);
    for inner in found.clone().into_iter().filter_map(|name| entities.get(name)) {
        found.extend(within(inner, entities));
    }
    found
}

/// The fields of a type that answers hold.
fn met(entity: &Entity) -> impl Iterator<Item = &Param> {
    entity.fields.iter().filter(|field| !field.writeonly)
}

/// What the tables of a type are made with.
struct Tables<'t, 'a> {
    entities: &'t BTreeMap<&'a str, &'a Entity>,
    /// The page of a type.
    link: &'t dyn Fn(&str) -> Option<String>,
    furniture: &'t Furniture,
    /// Whether fields of the type can be sent, so that those which cannot have a mark.
    is_taken: bool,
}

impl<'a> Tables<'_, 'a> {
    /// The tables of a type as text; on its own page the first one is not folded. `behind` is what their addresses begin with.
    fn of(&self, entity: &'a Entity, behind: &[&'a str], has_page: bool, texts: &Words) -> String {
        let mut tables = Vec::new();
        self.add(&mut behind.to_vec(), behind.len(), met(entity).collect(), &mut tables);
        render("answer.mdx", &Block { tables, has_page, long: LONG }, texts)
    }

    /// `from`: how many steps of the path are not the answer's.
    fn add(&self, path: &mut Vec<&'a str>, from: usize, fields: Vec<&'a Param>, tables: &mut Vec<Fields>) {
        tables.push(Fields {
            path: path[from..].join("."),
            place: path.join("."),
            anchor: anchor(path),
            keys: match fields.len() {
                1 => self.furniture.known_field.clone(),
                count => Furniture::filled(&self.furniture.known_fields, &[("count", &count.to_string())]),
            },
            rows: fields.iter().map(|field| self.field(path, from, field)).collect(),
        });
        for field in fields {
            let Some(entries) = field.entries.as_ref().filter(|entries| self.page_of(entries).is_none()) else {
                continue;
            };
            let inner = self.inside(entries);
            if !inner.is_empty() {
                path.push(&field.name);
                self.add(path, from, inner, tables);
                path.pop();
            }
        }
    }

    fn field(&self, path: &[&'a str], from: usize, field: &'a Param) -> Field {
        let is_top = path.len() == from;
        let ty = answered(&field.ty);
        let snake = joined(&field.name, '_');
        let fields = field.entries.as_ref().and_then(|entries| {
            let own = || {
                let path: Vec<&str> = path.iter().copied().chain([field.name.as_str()]).collect();
                (!self.inside(entries).is_empty()).then(|| format!("#{}", anchor(&path)))
            };
            self.page_of(entries).or_else(own)
        });
        Field {
            name: field.name.clone(),
            type_name: match type_name(&ty, &self.furniture.types) {
                name if field.nullable && *ty != Ty::Any => {
                    Furniture::filled(&self.furniture.types.or_null, &[("value", &name)])
                }
                name => name,
            },
            description: field.description.clone(),
            values: known_values(field),
            fields,
            readonly: self.is_taken && field.readonly && is_top,
            rust: (is_top && field.ident.as_str() != snake).then(|| field.ident.to_string()),
        }
    }

    /// The page that lists the keys of an object, where these are just the fields of a type.
    fn page_of(&self, entries: &Entries) -> Option<String> {
        (self.link)(entries.entity.as_ref().filter(|_| entries.own().is_empty())?.name.as_str())
    }

    /// The keys inside an object, in an answer.
    fn inside(&self, entries: &'a Entries) -> Vec<&'a Param> {
        let entity = entries.entity.as_ref().and_then(|entity| self.entities.get(entity.name.as_str()));
        let applies = |field: &&Param| {
            !entries.omit.contains(&field.name) && !entries.own().iter().any(|own| own.name == field.name)
        };
        let shared = entity.into_iter().flat_map(|entity| met(entity)).filter(applies);
        entries.own().iter().filter(|own| !own.writeonly).chain(shared).collect()
    }
}

/// The type of a field in an answer: what is sent as a file comes back as an address, a number or an object.
fn answered(ty: &Ty) -> Cow<'_, Ty> {
    match ty {
        Ty::File(_) => Cow::Owned(Ty::Any),
        Ty::Array(item) => match answered(item) {
            Cow::Owned(item) => Cow::Owned(Ty::Array(Box::new(item))),
            Cow::Borrowed(_) => Cow::Borrowed(ty),
        },
        Ty::Map(value) => match answered(value) {
            Cow::Owned(value) => Cow::Owned(Ty::Map(Box::new(value))),
            Cow::Borrowed(_) => Cow::Borrowed(ty),
        },
        _ => Cow::Borrowed(ty),
    }
}

/// The address of the table of what a field holds. Two dashes part the names, because one may stand inside a name.
fn anchor(path: &[&str]) -> String {
    let names: Vec<String> = path.iter().map(|name| joined(name, '-')).collect();
    format!("result-{}", names.join("--"))
}
