//! The tables of the command line and the sandbox, which are the machine-readable descriptor at the same time: one
//! JSON object a line, sorted by key, and a list of the other spellings. `runtime::table` reads them.

mod row;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::emit::{OutFile, banner, client};
use crate::ir::{Api, Effect, Function, Kind, Method, Param, Rest, Ty, Wire};
use row::{CategoryRow, CommandRow, TypeRow};

/// Emits the rows and the list of names. A row is found by its key, never by its place, so that a change of one method
/// changes one line.
pub fn tables(api: &Api) -> Vec<OutFile> {
    let mut table = Table::default();
    for (order, category) in api.categories.iter().enumerate() {
        let key = format!("category:{}", category.key);
        let row = CategoryRow::of(&key, order, category);
        table.row(&key, &row, []);
    }
    // A type that no method reaches is only taken over from: nothing asks for its row.
    for entity in api.types.iter().filter(|entity| !entity.features.is_empty()) {
        let key = format!("type:{}", entity.name);
        let row = TypeRow::of(&key, entity);
        table.row(&key, &row, []);
    }
    for (method, function) in in_order(api) {
        let key = function.kebab.as_str().to_lowercase();
        let row = CommandRow::of(&key, method, function);
        table.row(&key, &row, spellings(api, method, function));
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
    all.sort_by_cached_key(|(method, function)| (place.get(method.category.as_str()), function.position));
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
    fn row(&mut self, key: &str, row: &impl Serialize, spellings: impl IntoIterator<Item = String>) {
        for spelling in spellings {
            match spelling.strip_prefix('?') {
                Some(wish) => self.wishes.push((wish.to_owned(), key.to_owned())),
                None => {
                    self.spellings.insert(spelling, key.to_owned());
                }
            }
        }
        match serde_json::to_string(row) {
            Ok(row) => self.rows.insert(key.to_owned(), row),
            Err(error) => unreachable!("a row is no JSON: {error}"),
        };
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

/// The keys at the top of the body, in the order of the parameters, and whether each holds an object or a list.
pub fn positions(params: &[Param]) -> Vec<(&str, bool)> {
    let mut found: Vec<(&str, bool)> = Vec::new();
    for param in params {
        // Several parameters may go into one object.
        if let Wire::Path(path) = &param.wire
            && let Some((key, inner)) = path.split_first()
            && !found.iter().any(|(known, _)| known == key)
        {
            found.push((key, !inner.is_empty() || param.ty.is_object() || matches!(param.ty, Ty::Array(_))));
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

/// A known value as text: strings bare.
pub fn text(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Cow::from)
}
