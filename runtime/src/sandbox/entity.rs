//! The table of entities: one row says how an entity's methods are called, what its records are made of and how they are
//! answered. `records` does the rest.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::value::Object;

/// What a method does with the records.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verb {
    Add,
    Get,
    List,
    Update,
    Delete,
    Fields,
}

/// What a method answers after a change.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Reply {
    /// The record's number.
    #[default]
    Id,
    /// `true`.
    Done,
    /// The whole record.
    Record,
    /// Nothing.
    Null,
    /// An empty list: PHP's array without entries.
    Empty,
}

/// A row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entity {
    /// The name of the collection, and of the methods but for their last word.
    pub(super) name: String,
    /// The scope of its methods.
    pub(super) scope: String,
    /// The last words of its methods, where these are regular.
    #[serde(default)]
    pub(super) verbs: Vec<Verb>,
    /// Its other methods.
    #[serde(default)]
    pub(super) methods: BTreeMap<String, Verb>,
    /// The field that holds a record's number.
    #[serde(default = "id")]
    pub(super) id: String,
    /// The parameters that name a record.
    #[serde(default = "by")]
    pub(super) by: Vec<String>,
    /// The parameter that holds the fields; none: they stand at the top.
    #[serde(default)]
    pub(super) input: Option<String>,
    /// Fields that stand beside the parameter that holds the others.
    #[serde(default)]
    pub(super) also: Vec<String>,
    /// The callers' names of fields, where they are not the records' own.
    #[serde(default)]
    pub(super) names: BTreeMap<String, String>,
    /// The names of parameters that can be sent by position.
    #[serde(default)]
    pub(super) positions: BTreeMap<Verb, Vec<String>>,
    /// The parameters of the list that hold the filter and the order, and those that are conditions themselves.
    #[serde(default = "filter")]
    pub(super) filter: String,
    #[serde(default = "order")]
    pub(super) order: String,
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, String>,
    /// The list comes whole, without a count.
    #[serde(default)]
    pub(super) whole: bool,
    /// The record that each record belongs to.
    #[serde(default)]
    pub(super) parent: Option<Parent>,
    #[serde(default)]
    pub(super) unique: Option<Unique>,
    /// `NAME:type` for each field, `!` behind it where callers cannot write it. `*`: any others are taken, too.
    #[serde(default, deserialize_with = "fields")]
    pub(super) fields: IndexMap<String, Field>,
    /// The directories (`crm.status`) that hold the values of fields.
    #[serde(default)]
    pub(super) directories: BTreeMap<String, String>,
    /// The key of `result` that holds the description of the fields.
    #[serde(default)]
    pub(super) described_as: Option<String>,
    /// The values of a new record that the caller does not set.
    #[serde(default)]
    pub(super) defaults: Object,
    /// The fields that a new record needs.
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// The fields that stay as they were when the record was made.
    #[serde(default)]
    pub(super) fixed: Vec<String>,
    /// The field that holds who answers for the record: the caller if not set.
    #[serde(default)]
    pub(super) owner: Option<String>,
    /// When it was made, when it was changed.
    #[serde(default)]
    pub(super) created: Option<String>,
    #[serde(default)]
    pub(super) changed: Option<String>,
    /// Who made it, who changed it.
    #[serde(default)]
    pub(super) author: Option<String>,
    #[serde(default)]
    pub(super) editor: Option<String>,
    /// Scalars are answered as text.
    #[serde(default)]
    pub(super) text: bool,
    /// Names are answered in camel case, and taken in it too.
    #[serde(default)]
    pub(super) camel: bool,
    /// What is answered after `add` and after `update`.
    #[serde(default)]
    pub(super) added: Reply,
    #[serde(default = "done")]
    pub(super) updated: Reply,
    #[serde(default = "done")]
    pub(super) deleted: Reply,
    /// The key of `result` that holds a record after a change, where it is another one.
    #[serde(default)]
    pub(super) changed_as: Option<String>,
    /// The key of `result` that holds a record, and the one that holds a list.
    #[serde(default)]
    pub(super) one: Option<String>,
    #[serde(default)]
    pub(super) many: Option<String>,
    /// The same entity in REST 3.0.
    #[serde(default)]
    pub(super) v3: Option<Twin>,
    /// Records a page.
    #[serde(default = "page")]
    pub(super) page: usize,
    /// The code and the text of the error for a record that does not exist.
    #[serde(default)]
    pub(super) missing: Missing,
    /// The error where no record is named.
    #[serde(default)]
    pub(super) unnamed: Option<Missing>,
    /// The error where the parameter that holds the fields is missing.
    #[serde(default)]
    pub(super) without_input: Option<Missing>,
    /// The errors for required fields that have one of their own.
    #[serde(default)]
    pub(super) absent: BTreeMap<String, Missing>,
    /// The error for a parameter that the spec of a method requires and that was not sent, where that is checked.
    #[serde(default)]
    pub(super) demands: Option<Missing>,
    /// Fields that a list does not answer.
    #[serde(default)]
    pub(super) apart: Vec<String>,
    /// The shared type of the specs that has further fields.
    #[serde(default)]
    pub(super) more: Option<String>,
    /// When it was made and changed is answered in the portal's English form.
    #[serde(default)]
    pub(super) spelt: bool,
    /// Names that `crm.item.*` answers besides, and that hold nothing here.
    #[serde(default)]
    pub(super) hollow: String,
}

/// How REST 3.0 sees an entity of REST 2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Twin {
    /// The names of its methods but for the last word: `add`, `get`, `list`, `update`, `delete`, `field.list`, `field.get`.
    pub(super) name: String,
    pub(super) scope: String,
    /// Its names that are not just the camel case of the records' own.
    #[serde(default)]
    pub(super) names: BTreeMap<String, String>,
    /// Its words for the values of a field.
    #[serde(default)]
    pub(super) words: BTreeMap<String, BTreeMap<String, String>>,
    /// The fields, in its own names, that a new record needs.
    #[serde(default)]
    pub(super) required: Vec<String>,
    /// What is answered after `update`: the record, or `true`.
    #[serde(default = "done")]
    pub(super) updated: Reply,
    /// The records' fields that order a list which goes on behind a cursor, where it does.
    #[serde(default)]
    pub(super) cursor: Vec<String>,
    /// What its methods do, where they do not do everything.
    #[serde(default)]
    pub(super) verbs: Option<Vec<Verb>>,
    /// The records' fields that it does not know.
    #[serde(default)]
    pub(super) hides: Vec<String>,
    /// What it answers besides, always the same here.
    #[serde(default)]
    pub(super) besides: Object,
    /// Times are answered in UTC with a `Z`.
    #[serde(default)]
    pub(super) zulu: bool,
}

/// The record that each record belongs to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parent {
    /// Its collection; none where it need not be checked.
    pub(super) of: Option<String>,
    /// The field that holds its number.
    pub(super) field: String,
    /// The parameters that name it.
    pub(super) by: Vec<String>,
    /// The parameter that names it by its code, and the field that holds the code.
    #[serde(default)]
    pub(super) code: Option<(String, String)>,
    /// Every method has to name it.
    #[serde(default)]
    pub(super) always: bool,
    /// The error where it does not exist; the record's own if not set.
    #[serde(default)]
    pub(super) missing: Option<Missing>,
}

/// A field whose values differ among the records of one parent, and the error for a value that is there already.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unique {
    pub(super) field: String,
    pub(super) code: String,
    pub(super) text: String,
}

/// The errors for a record that does not exist and for a field that is missing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Missing {
    #[serde(default = "bad_request")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) code: String,
    #[serde(default = "no_record")]
    pub(super) text: String,
    /// The text for a field that is required, `{}` being its name.
    #[serde(default = "required")]
    pub(super) required: String,
}

impl Default for Missing {
    fn default() -> Self {
        Self { status: 400, code: String::new(), text: no_record(), required: required() }
    }
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) readonly: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    /// A whole number that is answered as such where others are text.
    Count,
    Number,
    /// An amount with two decimals.
    Money,
    /// `Y` or `N`.
    Flag,
    Date,
    Time,
    /// Telephone numbers, addresses and the like, each with a kind and a number of its own.
    Multi,
    List,
    Any,
}

impl Kind {
    const WORDS: &'static [(&'static str, Kind)] = &[
        ("text", Kind::Text),
        ("int", Kind::Integer),
        ("count", Kind::Count),
        ("num", Kind::Number),
        ("money", Kind::Money),
        ("flag", Kind::Flag),
        ("date", Kind::Date),
        ("time", Kind::Time),
        ("multi", Kind::Multi),
        ("list", Kind::List),
        ("any", Kind::Any),
    ];

    /// The word of the portal's descriptions of fields.
    pub(super) fn documented(self) -> &'static str {
        match self {
            Self::Text | Self::Any => "string",
            Self::Integer | Self::Count => "integer",
            Self::Number | Self::Money => "double",
            Self::Flag => "char",
            Self::Date => "date",
            Self::Time => "datetime",
            Self::Multi => "crm_multifield",
            Self::List => "array",
        }
    }
}

fn id() -> String {
    "ID".into()
}
fn by() -> Vec<String> {
    vec!["id".into()]
}
fn page() -> usize {
    crate::sandbox::query::PAGE
}
fn filter() -> String {
    "filter".into()
}
fn order() -> String {
    "order".into()
}
fn no_record() -> String {
    "Not found".into()
}
fn required() -> String {
    "The field {} is required".into()
}
fn done() -> Reply {
    Reply::Done
}
fn bad_request() -> u16 {
    400
}

fn fields<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, Field>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = |word: &str| {
        let (word, readonly) = word.strip_suffix('!').map_or((word, false), |word| (word, true));
        let (name, kind) = word.split_once(':').unwrap_or((word, "text"));
        let kind = Kind::WORDS.iter().find(|(known, _)| *known == kind).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| serde::de::Error::custom(format!("`{word}` is of no known kind")))?;
        Ok((name.to_owned(), Field { kind, readonly }))
    };
    text.split_whitespace().map(read).collect()
}

impl Entity {
    /// Whether a field may be sent that the row does not list.
    pub(super) fn is_open(&self) -> bool {
        self.fields.is_empty() || self.fields.contains_key("*")
    }

    /// What a field holds.
    pub(super) fn kind(&self, field: &str) -> Kind {
        match self.fields.get(field) {
            Some(field) => field.kind,
            None if field == self.id => Kind::Integer,
            None => Kind::Any,
        }
    }
}

/// All rows, and what each method does.
pub(super) struct Rows {
    entities: Vec<Entity>,
    methods: BTreeMap<String, (usize, Verb)>,
}

impl Rows {
    /// The entity that a method, in lower case, works on.
    pub(super) fn method(&self, method: &str) -> Option<(&Entity, Verb)> {
        self.methods.get(method).and_then(|(at, verb)| Some((self.entities.get(*at)?, *verb)))
    }

    /// The entity that a method of REST 3.0, in lower case, works on.
    pub(super) fn twin(&self, method: &str) -> Option<(&Entity, &Twin, Verb)> {
        let (name, word) = match method.strip_suffix(".field.list").or_else(|| method.strip_suffix(".field.get")) {
            Some(name) => (name, "fields"),
            None => method.rsplit_once('.')?,
        };
        let verb = match word {
            "add" => Verb::Add,
            "get" => Verb::Get,
            "list" => Verb::List,
            "update" => Verb::Update,
            "delete" => Verb::Delete,
            "fields" => Verb::Fields,
            _ => return None,
        };
        let entity = self.entities.iter().find(|entity| entity.v3.as_ref().is_some_and(|twin| twin.name == name))?;
        let twin = entity.v3.as_ref()?;
        let does = twin.verbs.as_ref().is_none_or(|verbs| verbs.contains(&verb));
        does.then_some((entity, twin, verb))
    }

    /// The entity of a collection.
    pub(super) fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// All rows.
    pub(super) fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.entities.iter()
    }

    /// The names of all collections.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entities.iter().map(|entity| entity.name.as_str())
    }

    /// The names of all methods.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&str, &Entity)> {
        self.methods.iter().filter_map(|(name, (at, _))| Some((name.as_str(), self.entities.get(*at)?)))
    }

    fn read(text: &str) -> Result<Self, serde_yaml::Error> {
        let entities: Vec<Entity> = serde_yaml::from_str(text)?;
        let mut methods = BTreeMap::new();
        for (at, entity) in entities.iter().enumerate() {
            for verb in &entity.verbs {
                let word = format!("{verb:?}").to_lowercase();
                methods.insert(format!("{}.{word}", entity.name), (at, *verb));
            }
            methods.extend(entity.methods.iter().map(|(name, verb)| (name.to_lowercase(), (at, *verb))));
        }
        Ok(Self { entities, methods })
    }
}

/// The rows of `entities.yaml`. A test reads them, so that they are never empty in vain.
pub(super) static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    Rows::read(include_str!("entities.yaml")).unwrap_or(Rows { entities: Vec::new(), methods: BTreeMap::new() })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_sound() {
        let rows = Rows::read(include_str!("entities.yaml")).map_err(|error| error.to_string());
        let rows = rows.unwrap_or_else(|error| panic!("{error}"));
        for entity in &rows.entities {
            let known = |field: &String| entity.is_open() || entity.fields.contains_key(field) || *field == entity.id;
            let named = [&entity.owner, &entity.created, &entity.changed, &entity.author, &entity.editor];
            for field in named.into_iter().flatten().chain(&entity.required).chain(entity.defaults.keys()) {
                assert!(known(field), "{}: {field} is not among its fields", entity.name);
            }
        }
        let names: std::collections::BTreeSet<&String> = rows.entities.iter().map(|entity| &entity.name).collect();
        assert_eq!(names.len(), rows.entities.len(), "each row has its own name");
    }
}
