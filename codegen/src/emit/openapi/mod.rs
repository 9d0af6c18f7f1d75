//! OpenAPI 3.1 documents for other languages' generators and tools: one of the whole API, one a scope.
//!
//! REST 2 and REST 3.0 have other addresses, and the twins of a method share its name. So a method of REST 2 is the path
//! `/<method>.json` below the documents' servers, and one of REST 3.0 `/<method>` below servers of its own. Each path
//! item is written once and put into both documents; a line a method, so that changes can be read.

mod component;
mod json;
mod operation;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use component::Component;
use json::Json;

use crate::emit::{OutFile, banner};
use crate::ir::{Api, Category, Kind, Method, Procedure, Rest};

/// The document of the whole API.
pub const WHOLE: &str = "docs/static/openapi.json";

/// The folder of the documents of single scopes, in which every file is the generator's.
pub const FOLDER: &str = "docs/static/openapi";

const ABOUT: &str = "Methods of the REST API of a Bitrix24 portal, versions 2 and 3.0.\n\nA call is a POST with a JSON body. It is allowed by an incoming webhook, whose user and code are part of the address, or by an access token of an application: in the query for REST 2, as `auth` in the body for REST 3.0. The path of a REST 2 method ends in `.json`; REST 3.0 methods have other servers, which their path items name. Custom fields and other keys that are not described here pass in both directions.";

/// Emits the documents.
pub fn openapi(api: &Api) -> Vec<OutFile> {
    let components = component::components(api);
    let items: Vec<(&Method, Json<'_>)> = api
        .methods
        .iter()
        .filter_map(|method| {
            let function = method.functions.first()?;
            let is_call = matches!(function.kind, Kind::Method | Kind::Procedure(Procedure::Upload));
            is_call.then(|| (method, operation::item(method, function)))
        })
        .collect();
    let whole: Vec<&(&Method, Json<'_>)> = items.iter().collect();
    let mut files = vec![OutFile::new(WHOLE, document(api, "Bitrix24 REST API", &whole, &components))];
    let mut scopes: BTreeMap<&str, Vec<&(&Method, Json<'_>)>> = BTreeMap::new();
    for item in &items {
        scopes.entry(&item.0.scope).or_default().push(item);
    }
    files.extend(scopes.into_iter().map(|(scope, items)| {
        let title = format!("Bitrix24 REST API: scope {scope}");
        OutFile::new(format!("{FOLDER}/{scope}.json"), document(api, &title, &items, &components))
    }));
    files
}

/// Where the methods of a version are.
fn servers(rest: Rest) -> String {
    let root = if rest == Rest::V3 { "rest/api" } else { "rest" };
    let portal = r#""portal":{"default":"example.bitrix24.com","description":"The portal's name and domain."}"#;
    format!(
        r#"[{{"url":"https://{{portal}}/{root}/{{user}}/{{code}}","description":"By an incoming webhook.","variables":{{{portal},"user":{{"default":"1","description":"Number of the webhook's owner."}},"code":{{"default":"code","description":"The webhook's secret code."}}}}}},{{"url":"https://{{portal}}/{root}","description":"By an access token.","variables":{{{portal}}}}}]"#
    )
}

fn document(
    api: &Api,
    title: &str,
    items: &[&(&Method, Json<'_>)],
    components: &BTreeMap<Component<'_>, Json<'_>>,
) -> String {
    let mut used = BTreeSet::new();
    for (_, item) in items {
        used.extend(item.uses.iter().copied());
    }
    // What a component refers to is used as well.
    let mut waiting: Vec<Component<'_>> = used.iter().copied().collect();
    while let Some(component) = waiting.pop() {
        let below = components.get(&component).into_iter().flat_map(|json| &json.uses);
        waiting.extend(below.copied().filter(|below| used.insert(*below)));
    }
    let mut info = Json::default();
    info.object(|info| {
        info.string("title", title);
        info.string("summary", &banner("specs/"));
        info.string("description", ABOUT);
        // The newest version of the API that it describes.
        info.string("version", "3.0.0");
    });
    let mut text = format!(
        "{{\n\"openapi\":\"3.1.0\",\n\"info\":{},\n\"servers\":{},\n\"security\":[{{}},{{\"token\":[]}}],\n\"tags\":[",
        info.text,
        servers(Rest::V2)
    );
    let categories: BTreeSet<&str> = items.iter().map(|(method, _)| method.category.as_str()).collect();
    let tags = api.categories.iter().filter(|category| categories.contains(category.key.as_str()));
    lines(&mut text, tags.map(tag));
    text.push_str("],\n\"paths\":{");
    lines(&mut text, items.iter().map(|(method, item)| entry(&operation::path(method), &item.text)));
    text.push_str("},\n\"components\":{\n\"schemas\":{");
    let named: BTreeMap<String, &Json<'_>> =
        used.iter().filter_map(|component| Some((component.name(), components.get(component)?))).collect();
    lines(&mut text, named.iter().map(|(name, json)| entry(name, &json.text)));
    text.push_str("},\n\"parameters\":{\"IdempotencyKey\":{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":\"A key of the caller's own for this call, 1 to 255 printable ASCII characters. A call that is repeated with it within 24 hours is carried out once.\",\"schema\":{\"type\":\"string\"}}},\n\"securitySchemes\":{\"token\":{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"auth\",\"description\":\"The access token of an application. A webhook's address needs none.\"}}\n}\n}\n");
    text
}

/// Items of an array or an object, a line each.
fn lines(text: &mut String, items: impl Iterator<Item = String>) {
    for (at, item) in items.enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&item);
    }
    text.push('\n');
}

fn entry(key: &str, json: &str) -> String {
    let mut entry = Json::default();
    entry.string(key);
    entry.text.push(':');
    entry.text.push_str(json);
    entry.text
}

fn tag(category: &Category) -> String {
    let mut json = Json::default();
    json.object(|tag| {
        tag.string("name", &category.key);
        tag.string("x-displayName", &category.title);
        tag.string("description", &category.summary);
    });
    json.text
}
