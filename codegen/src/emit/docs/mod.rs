//! The reference pages of the documentation site: one a function, one a category, one for all.

mod command;
mod escape;
pub(crate) mod objects;
mod page;
mod rust_names;
mod script;
#[cfg(test)]
mod shells;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Value, json};
use tera::{Context, Kwargs, State, Tera};

use crate::emit::docs::objects::Objects;
use crate::emit::tables::in_order;
use crate::emit::{OutFile, banner};
use crate::ir::{Api, Category, Compat, Function, Method, Translation};
use crate::names::FunctionName;
use crate::spec::Furniture;

/// The folder in which every file is the generator's.
pub const FOLDER: &str = "docs/reference";

/// What the names of the pages begin with that are for those who come from another package.
pub(crate) const COMING_FROM: &str = "coming-from-";

static TEMPLATES: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    tera.register_filter("mdx", |text: &str, _: Kwargs, _: &State<'_>| escape::mdx(text));
    tera.register_filter("cell", |text: &str, _: Kwargs, _: &State<'_>| escape::cell(text));
    tera.register_filter("code", |text: &str, _: Kwargs, _: &State<'_>| escape::code(text));
    tera.register_filter("literal", |text: &str, _: Kwargs, _: &State<'_>| escape::literal(text));
    tera.register_filter("yaml", |text: &str, _: Kwargs, _: &State<'_>| escape::front_matter(text));
    tera.register_filter("say", |text: &str, values: Kwargs, _: &State<'_>| {
        escape::furniture(text, |name| {
            let value = values.iter().find(|(key, _)| key.to_string() == name).map(|(_, value)| value.to_string());
            value.unwrap_or_default()
        })
    });
    tera.register_filter("attribute", |text: &str, _: Kwargs, _: &State<'_>| escape::attribute(text));
    tera.register_filter("fence", |text: &str, _: Kwargs, _: &State<'_>| escape::fence(text));
    let templates = [
        ("page.mdx", include_str!("../../../templates/page.mdx.tera")),
        ("fields.mdx", include_str!("../../../templates/fields.mdx.tera")),
        ("answer.mdx", include_str!("../../../templates/answer.mdx.tera")),
        ("object.mdx", include_str!("../../../templates/object.mdx.tera")),
        ("objects.mdx", include_str!("../../../templates/objects.mdx.tera")),
        ("category.mdx", include_str!("../../../templates/category.mdx.tera")),
        ("index.mdx", include_str!("../../../templates/index.mdx.tera")),
        ("compat.mdx", include_str!("../../../templates/compat.mdx.tera")),
    ];
    match tera.add_raw_templates(templates) {
        Ok(()) => tera,
        Err(error) => unreachable!("a built-in template does not parse: {error}"),
    }
});

/// The folders of the other languages, in which every file is the generator's: one for each of `spec::LANGUAGES`.
pub const TRANSLATED: &[&str] = &["docs/i18n/ru/docusaurus-plugin-content-docs-reference"];

/// Emits the pages, in all languages.
pub fn docs(api: &Api) -> Vec<OutFile> {
    let mut files = edition(api, None);
    let pages = pages_in(&files);
    files.extend(api.categories.iter().map(|category| {
        OutFile::new(format!("{FOLDER}/{}/_category_.json", category.key), category_json(api, category))
    }));
    if files.iter().any(|file| file.path == format!("{FOLDER}/{}/index.mdx", objects::FOLDER)) {
        files.push(OutFile::new(format!("{FOLDER}/{}/_category_.json", objects::FOLDER), objects_json(api)));
    }
    files.push(redirects(&in_order(api)));
    files.push(rust_names::rust_names(api));
    for translation in &api.translations {
        files.extend(edition(&translation.api, Some((translation, pages))));
        files.push(labels(translation));
    }
    files
}

/// The folder of a language's pages.
fn translated(language: &str) -> String {
    format!("docs/i18n/{language}/docusaurus-plugin-content-docs-reference")
}

/// How many of the files are pages.
fn pages_in(files: &[OutFile]) -> usize {
    files.iter().filter(|file| file.path.ends_with(".mdx")).count()
}

/// The pages in one language; with a translation comes the number of pages that there are in English. Where something has no
/// texts in the language, there is no page: the site shows the English one.
fn edition(api: &Api, translation: Option<(&Translation, usize)>) -> Vec<OutFile> {
    let (translation, all) = translation.unzip();
    let folder_of_all =
        translation.map_or_else(|| FOLDER.to_owned(), |other| format!("{}/current", translated(&other.language)));
    let has = |source: &str| translation.is_none_or(|translation| translation.sources.contains(source));
    let functions = in_order(api);
    let mut files = Vec::new();
    let by_category: BTreeMap<&str, _> = functions
        .chunk_by(|(method, _), (next, _)| method.category == next.category)
        .map(|functions| (functions[0].0.category.as_str(), functions))
        .collect();
    let words = Words::of(&api.furniture);
    let neighbours = page::Neighbours::of(api);
    let objects = Objects::of(api, &words);
    let object_pages = objects.pages();
    for category in &api.categories {
        let functions = || by_category.get(category.key.as_str()).into_iter().flat_map(|functions| functions.iter());
        let folder = format!("{folder_of_all}/{}", category.key);
        if has(&format!("specs/{}/_category.yaml", category.key)) {
            // The index of a folder names all its pages.
            let pages = functions().map(|(method, function)| PageRow::of(method, function)).collect();
            let page = CategoryPage { category: category.into(), pages, below: below(api, category) };
            files.push(OutFile::new(format!("{folder}/index.mdx"), render("category.mdx", &page, &words)));
        }
        files.extend(functions().filter(|(method, _)| has(&method.source)).map(|(method, function)| {
            let page = page::page(api, (&neighbours, &objects), category, method, function);
            OutFile::new(format!("{folder}/{}.mdx", page.slug), render("page.mdx", &page, &words))
        }));
    }
    if !object_pages.is_empty() {
        let folder = objects::FOLDER;
        let index = json!({ "pages": object_pages, "banner": banner("specs/types/"), "folder": folder });
        files.push(OutFile::new(format!("{folder_of_all}/{folder}/index.mdx"), render("objects.mdx", &index, &words)));
        files.extend(object_pages.iter().filter(|page| has(page.source)).map(|page| {
            OutFile::new(format!("{folder_of_all}/{folder}/{}.mdx", page.slug), render("object.mdx", page, &words))
        }));
    }
    files.push(form_words(api, &folder_of_all));
    files.extend(
        api.compat
            .iter()
            .filter(|package| has(&package.source))
            .map(|package| compat(package, &folder_of_all, &api.furniture, &words)),
    );
    let categories: Vec<CategoryRow<'_>> = api.categories.iter().map(CategoryRow::from).collect();
    // With this one, which is in every language.
    let translated = pages_in(&files) + 1;
    let scripts = functions.iter().filter(|(_, function)| function.opi.is_some()).count();
    let index = json!({
        "categories": categories, "count": functions.len(), "scripts": scripts, "banner": banner("specs/"),
        "has_objects": !object_pages.is_empty(), "translated": translated, "pages": all.unwrap_or(translated),
    });
    files.push(OutFile::new(format!("{folder_of_all}/index.mdx"), render("index.mdx", &index, &words)));
    files
}

/// The words of the pages that the site's form writes, too.
fn form_words(api: &Api, folder: &str) -> OutFile {
    let value = json!({
        "note": banner("specs/"),
        "json_file": page::one_line(&api.furniture.json_file),
        "answer": page::one_line(&api.furniture.answer),
        "file_content": page::one_line(&api.furniture.file_content),
    });
    OutFile::new(format!("{folder}/_words.json"), format!("{value:#}\n"))
}

/// The titles of the translated categories for the sidebar, in the form that the site reads.
fn labels(translation: &Translation) -> OutFile {
    let mut labels = serde_json::Map::new();
    for category in &translation.api.categories {
        if translation.sources.contains(&format!("specs/{}/_category.yaml", category.key)) {
            let key = format!("sidebar.reference.category.{}", category.key);
            labels.insert(key, json!({ "message": category.title }));
        }
    }
    let key = format!("sidebar.reference.category.{}", objects::FOLDER);
    labels.insert(key, json!({ "message": translation.api.furniture.objects }));
    OutFile::new(
        format!("{}/current.json", translated(&translation.language)),
        format!("{:#}\n", Value::Object(labels)),
    )
}

/// The categories in the folders right below a category's own.
fn below<'a>(api: &'a Api, category: &Category) -> Vec<CategoryRow<'a>> {
    let inner = |other: &'a Category| {
        let below = other.key.strip_prefix(&category.key)?.strip_prefix('/')?;
        (!below.contains('/')).then(|| other.into())
    };
    api.categories.iter().filter_map(inner).collect()
}

/// The page for those who come from another package.
fn compat(compat: &Compat, folder: &str, texts: &Furniture, words: &Words) -> OutFile {
    let rows: Vec<Value> = compat
        .rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "function": row.function.as_str(), "path": format!("/{}/{}.mdx", row.category, row.kebab),
                "differs": row.differs,
            })
        })
        .collect();
    let context = json!({
        "title": Furniture::filled(&texts.coming_from, &[("package", &compat.short)]),
        "description": Furniture::filled(&texts.coming_from_description, &[("package", &compat.package)]),
        "banner": banner(&compat.source), "package": compat.package, "short": compat.short,
        "differences": compat.differences, "rows": rows, "count": compat.rows.len(),
    });
    let page = format!("{folder}/{COMING_FROM}{}.mdx", compat_slug(&compat.short));
    OutFile::new(page, render("compat.mdx", &context, words))
}

/// What the page of another package is called after, by the package's short name.
pub(crate) fn compat_slug(short: &str) -> String {
    crate::names::joined(short, '-')
}

/// Where a page was to be found under another name of its function: the site sends readers on.
fn redirects(functions: &[(&Method, &Function)]) -> OutFile {
    let mut list = Vec::new();
    for (method, function) in functions {
        let path = |kebab: &str| format!("/reference/{}/{kebab}", method.category);
        for alias in function.aliases.iter().filter_map(|alias| FunctionName::written(alias)) {
            if alias.kebab() != function.kebab {
                list.push(json!({ "from": path(alias.kebab().as_str()), "to": path(function.kebab.as_str()) }));
            }
        }
    }
    let value = json!({ "note": banner("specs/"), "redirects": list });
    OutFile::new(format!("{FOLDER}/_redirects.json"), format!("{value:#}\n"))
}

#[derive(Serialize)]
struct CategoryPage<'p> {
    category: CategoryRow<'p>,
    pages: Vec<PageRow<'p>>,
    below: Vec<CategoryRow<'p>>,
}

/// A page in the table of its category.
#[derive(Serialize)]
struct PageRow<'p> {
    title: &'p str,
    slug: &'p str,
    method: Option<&'p str>,
    deprecated: bool,
    summary: &'p str,
}

impl<'p> PageRow<'p> {
    fn of(method: &'p Method, function: &'p Function) -> Self {
        Self {
            title: &function.title,
            slug: function.kebab.as_str(),
            method: function.has_connection().then_some(method.name.as_str()),
            deprecated: method.deprecated.is_some(),
            summary: &function.summary,
        }
    }
}

#[derive(Serialize)]
struct CategoryRow<'c> {
    key: &'c str,
    title: &'c str,
    summary: &'c str,
    banner: String,
}

impl<'c> From<&'c Category> for CategoryRow<'c> {
    fn from(category: &'c Category) -> Self {
        Self {
            key: &category.key,
            title: &category.title,
            summary: &category.summary,
            banner: banner(&format!("specs/{}/", category.key)),
        }
    }
}

/// In the sidebar a category stands behind the pages of the folder that it is in.
fn category_json(api: &Api, category: &Category) -> String {
    let above = category.key.rsplit_once('/').map(|(above, _)| above);
    let pages = api.methods.iter().filter(|method| above == Some(method.category.as_str()));
    let pages: usize = pages.map(|method| method.functions.len()).sum();
    let value = json!({
        "key": category.key,
        "label": category.title,
        "position": pages + category.position,
        "link": { "type": "doc", "id": format!("{}/index", category.key) },
        "customProps": { "generated": banner(&format!("specs/{}/_category.yaml", category.key)) },
    });
    format!("{value:#}\n")
}

/// The types' pages stand behind all categories.
fn objects_json(api: &Api) -> String {
    let value = json!({
        "key": objects::FOLDER,
        "label": api.furniture.objects,
        "position": api.categories.len() + 1,
        "link": { "type": "doc", "id": format!("{}/index", objects::FOLDER) },
        "customProps": { "generated": banner("specs/types/") },
    });
    format!("{value:#}\n")
}

/// The words of the pages in one language, ready for the templates: as they stand on a page, and as they are written, for
/// the places where they are filled in or stand in something else than text. Made once for all pages.
struct Words {
    shown: tera::Value,
    written: tera::Value,
}

impl Words {
    fn of(furniture: &Furniture) -> Self {
        let written = tera::Value::from_serializable(furniture);
        Self { shown: shown(&written), written }
    }
}

/// Words with their texts as they stand on a page.
fn shown(words: &tera::Value) -> tera::Value {
    match (words.as_map(), words.as_str()) {
        (Some(map), _) => {
            tera::Value::from(map.iter().map(|(key, value)| (key.clone(), shown(value))).collect::<tera::Map>())
        }
        (_, Some(text)) => tera::Value::from(escape::furniture(text, |_| String::new())),
        _ => words.clone(),
    }
}

fn render(template: &str, context: &impl Serialize, words: &Words) -> String {
    let rendered = Context::from_serialize(context).and_then(|mut context| {
        context.insert_value("words", words.shown.clone());
        context.insert_value("texts", words.written.clone());
        TEMPLATES.render(template, &context)
    });
    match rendered {
        Ok(text) => tidy(&text),
        Err(error) => unreachable!("{template} does not render: {error}"),
    }
}

/// One blank line at most between blocks, none at the end; code in fences stays as it is.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    // How many backticks opened the block of code that the line is in.
    let mut fence = None;
    let mut blank = true;
    for line in text.lines() {
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        match fence {
            Some(open) if ticks == open && line.trim_end().len() == ticks => fence = None,
            None if ticks >= 3 => fence = Some(ticks),
            _ => {}
        }
        if fence.is_none() && line.trim_end().is_empty() {
            if !blank {
                tidy.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        tidy.push_str(if fence.is_some() { line } else { line.trim_end() });
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}
