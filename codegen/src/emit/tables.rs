//! The tables of the command line and the sandbox, which are the machine-readable descriptor at the same time: one
//! JSON object a line, sorted by key, and a list of the other spellings. `runtime::table` reads them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::emit::{OutFile, banner, client};
use crate::ir::{Api, Effect, Entries, Function, Keyset, Kind, Method, Param, Rest, Returns, Shape, Ty, Wire};

/// Emits the rows and the list of names. A row is found by its key, never by its place, so that a change of one method
/// changes one line.
pub fn tables(api: &Api) -> Vec<OutFile> {
    let mut table = Table::default();
    for (order, category) in api.categories.iter().enumerate() {
        let row =
            json!({ "folder": category.key, "order": order, "title": category.title, "summary": category.summary });
        table.row(format!("category:{}", category.key), row, []);
    }
    for entity in &api.types {
        let fields: Vec<Value> = entity.fields.iter().map(|field| param(field, Depth::Entry)).collect();
        let row = json!({ "entity": entity.name, "description": entity.description, "fields": fields });
        table.row(format!("type:{}", entity.name), row, []);
    }
    for (method, function) in in_order(api) {
        table.row(function.kebab.as_str().to_lowercase(), command(method, function), spellings(api, method, function));
    }
    let names = table.names();
    let mut rows = format!("{}\n", json!({ "note": banner("specs/") }));
    for row in table.rows.into_values() {
        rows.push_str(&row);
        rows.push('\n');
    }
    vec![
        OutFile::new(format!("{}/tables/rows.ndjson", client::FOLDER), rows),
        OutFile::new(format!("{}/tables/names.tsv", client::FOLDER), names),
    ]
}

/// The functions as people see them: by category, then by their place in it.
pub fn in_order(api: &Api) -> Vec<(&Method, &Function)> {
    let place: BTreeMap<&str, usize> =
        api.categories.iter().enumerate().map(|(at, category)| (category.key.as_str(), at)).collect();
    let mut all: Vec<(&Method, &Function)> =
        api.methods.iter().flat_map(|method| method.functions.iter().map(move |function| (method, function))).collect();
    all.sort_by_key(|(method, function)| (place.get(method.category.as_str()), function.position));
    all
}

#[derive(Default)]
struct Table {
    /// Key → line.
    rows: BTreeMap<String, String>,
    /// Another spelling → key.
    spellings: BTreeMap<String, String>,
    /// Spellings to be accepted where no row claims them.
    wishes: Vec<(String, String)>,
}

impl Table {
    fn row(&mut self, key: String, row: Value, spellings: impl IntoIterator<Item = String>) {
        for spelling in spellings {
            match spelling.strip_prefix('?') {
                Some(wish) => self.wishes.push((wish.to_owned(), key.clone())),
                None => {
                    self.spellings.insert(spelling, key.clone());
                }
            }
        }
        // The key comes first: a search compares beginnings of lines.
        let mut line = json!({ "key": key });
        if let (Value::Object(line), Value::Object(row)) = (&mut line, row) {
            line.extend(row);
        }
        self.rows.insert(key, line.to_string());
    }

    /// The lines `<spelling>\t<key>`.
    fn names(&mut self) -> String {
        for (wish, key) in std::mem::take(&mut self.wishes) {
            self.spellings.entry(wish).or_insert(key);
        }
        let others = self.spellings.iter().filter(|(spelling, _)| !self.rows.contains_key(*spelling));
        others.map(|(spelling, key)| format!("{spelling}\t{key}\n")).collect()
    }
}

/// The spellings that find a command besides its key; those with `?` only where nothing else is called so.
fn spellings(api: &Api, method: &Method, function: &Function) -> Vec<String> {
    let version = if method.rest == Rest::V3 { "@3" } else { "" };
    let own = [function.name.as_str()].into_iter().chain(function.aliases.iter().map(String::as_str));
    let mut spellings: Vec<String> = own.map(str::to_lowercase).collect();
    if function.kind == Kind::Method {
        let name = method.name.to_lowercase();
        spellings.push(format!("?{}", name.replace(['.', '_'], "-")));
        spellings.push(format!("{name}{version}"));
        // `--rest 3` beside the other twin's function name means this one.
        if let Some(twin) = api
            .methods
            .iter()
            .find(|other| method.rest == Rest::V3 && other.rest == Rest::V2 && other.name == method.name)
        {
            let names =
                twin.functions.iter().take(1).flat_map(|function| [function.name.as_str(), function.kebab.as_str()]);
            spellings.extend(names.map(|name| format!("{}@3", name.to_lowercase())));
        }
    }
    spellings
}

fn command(method: &Method, function: &Function) -> Value {
    let (constants, template) = match &function.kind {
        Kind::Preset { constants, .. } => {
            (constants.iter().map(|(path, value)| (dotted(path), value.clone())).collect(), None)
        }
        Kind::Template { object, .. } => (Map::new(), Some(Value::Object(object.clone()))),
        Kind::Method | Kind::Local { .. } | Kind::Procedure(_) => (Map::new(), None),
    };
    let name = function.has_connection().then_some(&method.name);
    let mut row = json!({
        "method": name,
        "function": function.name.as_str(),
        "aliases": function.aliases,
        "title": function.title,
        "summary": function.summary,
        "scope": method.scope,
        "rest": match method.rest { Rest::V2 => 2, Rest::V3 => 3 },
        "effect": effect(method.effect),
        "access": method.access,
        "deprecated": method.deprecated.as_ref().map(|gone| json!({ "replacement": gone.replacement, "note": gone.note })),
        "reference": method.reference,
        "params": function.params.iter().map(|own| param(own, Depth::Parameter)).collect::<Vec<_>>(),
        "returns": returns(function.returns.as_ref().unwrap_or(&method.returns)),
        "errors": method.errors.iter().map(|error| json!({ "code": error.code, "http": error.http, "description": error.description })).collect::<Vec<_>>(),
        "category": method.category,
        "position": function.position,
        "paging": method.paging.as_ref().map(|paging| paging.style.word()),
        "constants": constants,
        "template": template,
        "examples": function.examples.iter().map(|example| json!({
            "title": example.title, "arguments": example.arguments, "body": example.body, "response": example.response,
        })).collect::<Vec<_>>(),
    });
    // What few commands have is left out of the others' rows.
    if let (Value::Object(row), Kind::Procedure(procedure)) = (&mut row, &function.kind) {
        row.insert("procedure".into(), procedure.word().into());
    }
    for (key, is_set) in [
        ("ordered", method.ordered),
        ("app_only", method.app_only && name.is_some()),
        ("local", matches!(function.kind, Kind::Local { .. })),
    ] {
        if is_set {
            row[key] = true.into();
        }
    }
    if let Some(walk) = walk(method) {
        row["walk"] = walk;
    }
    if !method.batchable {
        row["batchable"] = false.into();
    }
    if let Some(short) = function.token_short {
        row["token_short"] = json!(short);
    }
    row
}

/// The keys at the top of the body, in the order of the parameters, and whether each holds an object or a list.
pub fn positions(params: &[Param]) -> Vec<(&str, bool)> {
    let mut found: Vec<(&str, bool)> = Vec::new();
    for param in params {
        // Several parameters may go into one object.
        if let Wire::Path(path) = &param.wire
            && let Some((key, inner)) = path.split_first()
            && !found.iter().any(|(known, _)| known == key)
        {
            found.push((key, !inner.is_empty() || matches!(param.ty, Ty::Object | Ty::Array(_))));
        }
    }
    found
}

/// The word of an effect.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::List => "list",
        Effect::Create => "create",
        Effect::Update => "update",
        Effect::Delete => "delete",
        Effect::Action => "action",
    }
}

/// How a list is walked, besides its style: what differs from the style's own.
fn walk(method: &Method) -> Option<Value> {
    let paging = method.paging.as_ref()?;
    let mut walk = Map::new();
    if !paging.is_usual() {
        walk.insert("place".into(), json!(paging.place));
        walk.insert("size".into(), json!(paging.size));
    }
    if let Some(page) = method.page_size {
        walk.insert("page".into(), json!(page));
    }
    if let Some(keyset) = &method.keyset {
        let Keyset { filter, order, direction, key, field, select } = keyset;
        let mut names = json!({ "filter": filter, "order": order, "key": key, "field": field });
        for (name, value) in [("direction", direction), ("select", select)] {
            if let Some(value) = value {
                names[name] = json!(value);
            }
        }
        walk.insert("keyset".into(), names);
    }
    (!walk.is_empty()).then(|| walk.into())
}

fn returns(returns: &Returns) -> Value {
    let (word, entity) = (returns.shape.word(), returns.shape.entity().map(|entity| &entity.name));
    let mut row =
        json!({ "type": word, "entity": entity, "records": returns.records, "description": returns.description });
    if matches!(returns.shape, Shape::Nullable(_)) {
        row["nullable"] = true.into();
    }
    row
}

/// Whether a parameter is one of a command or a key inside one.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Parameter,
    Entry,
}

fn param(param: &Param, depth: Depth) -> Value {
    let top = depth == Depth::Parameter;
    let mut row = Map::new();
    row.insert("name".into(), json!(param.name));
    row.insert("argument".into(), json!(top.then(|| param.argument.as_str())));
    row.insert("option".into(), json!(top.then(|| param.option.as_str())));
    row.insert("short".into(), json!(param.short));
    row.insert("type".into(), json!(param.ty.word()));
    row.insert("required".into(), json!(param.required));
    row.insert("default".into(), json!(param.default));
    row.insert("values".into(), param.values.iter().map(|known| known.value.clone()).collect());
    let meanings: Map<String, Value> = param
        .values
        .iter()
        .filter_map(|known| Some((text(&known.value), json!(known.description.as_ref()?))))
        .collect();
    if !meanings.is_empty() {
        row.insert("meanings".into(), meanings.into());
    }
    row.insert("wire".into(), wire(&param.wire));
    row.insert("description".into(), json!(param.description));
    for (key, other) in [("unless", &param.unless), ("filename", &param.filename)] {
        if let Some(other) = other {
            row.insert(key.into(), json!(other));
        }
    }
    if let Some(entries) = &param.entries {
        self::entries(entries, &mut row);
    }
    if param.is_group {
        row.insert("group".into(), true.into());
    }
    if param.readonly {
        row.insert("readonly".into(), true.into());
    }
    row.into()
}

fn entries(entries: &Entries, row: &mut Map<String, Value>) {
    if !entries.own.is_empty() {
        row.insert("entries".into(), entries.own.iter().map(|entry| param(entry, Depth::Entry)).collect());
    }
    if let Some(entity) = &entries.entity {
        row.insert("entity".into(), json!(entity.name));
        for (key, names) in [("omit", &entries.omit), ("require", &entries.require)] {
            if !names.is_empty() {
                row.insert(key.into(), json!(names));
            }
        }
        if entries.readonly {
            row.insert("answered".into(), true.into());
        }
    }
}

/// `merge`, or the path of keys.
fn wire(wire: &Wire) -> Value {
    match wire {
        Wire::Merge => "merge".into(),
        Wire::Path(path) => dotted(path).into(),
    }
}

/// A path with dots between its keys; a dot inside a key is escaped.
fn dotted(path: &[String]) -> String {
    path.iter().map(|key| key.replace('.', "\\.")).collect::<Vec<_>>().join(".")
}

/// A known value as text: strings bare.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
