//! The generated tables that the command line and the sandbox are driven by.
//!
//! Strings without a single pointer inside: `rows` holds one JSON object a line, sorted by key, and `names` maps each other
//! spelling to a key. A lookup bisects and parses one line, so that starting up costs the same for ten methods and for two
//! thousand. Neither holds a number that moves when another row changes; `places`, which does, is made when the client is
//! compiled. It spares a start the pages of the rows that a search would touch.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::method::{Effect, Keyset, Method, Order, Paging, Position, Rest};
use crate::value::Object;

/// The tables of one build.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// Sorted lines `<spelling>\t<key>\n`: lower-cased names of commands other than their key (`user.update`,
    /// `updateuser`, aliases), `user.update@3` for a method of REST 3.0.
    pub names: &'static str,
    /// Sorted lines `{"key":"<key>",…}\n`. A key is a command's name in kebab case (`update-user`), `type:user` or
    /// `category:user`. The first line is a note for readers.
    pub rows: &'static str,
    /// Sorted lines `<key>\t<place>\t<length>\n`: where the row of each key begins and how long it is, in bytes. Where it is
    /// empty, the rows themselves are searched.
    pub places: &'static str,
}

/// A command: one function of the documented list, which is a call of a method (possibly with fixed values) or a
/// template of an object.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Command<'t> {
    /// The key of the row: the function's name in kebab case.
    #[serde(borrow, skip_serializing)]
    pub key: Cow<'t, str>,
    /// The REST method; none for templates.
    #[serde(borrow)]
    pub method: Option<Cow<'t, str>>,
    /// The function's name, such as `UpdateUser`.
    #[serde(borrow)]
    pub function: Cow<'t, str>,
    /// Other accepted names.
    #[serde(borrow)]
    pub aliases: Vec<Cow<'t, str>>,
    /// A short title in sentence case.
    #[serde(borrow)]
    pub title: Cow<'t, str>,
    /// What it does, in one sentence or two.
    #[serde(borrow)]
    pub summary: Cow<'t, str>,
    /// The scope that the webhook or application must have.
    #[serde(borrow)]
    pub scope: Cow<'t, str>,
    /// The REST version: 2 or 3.
    pub rest: u8,
    /// `read`, `list`, `create`, `update`, `delete` or `action`.
    #[serde(borrow)]
    pub effect: Cow<'t, str>,
    /// Who may call it.
    #[serde(borrow)]
    pub access: Option<Cow<'t, str>>,
    /// Set where the method should not be used any more.
    #[serde(borrow)]
    pub deprecated: Option<Deprecation<'t>>,
    /// The page that documents the method.
    #[serde(borrow)]
    pub reference: Option<Cow<'t, str>>,
    /// The parameters, in the order of the documented signature, without the connection's.
    #[serde(borrow)]
    pub params: Vec<Param<'t>>,
    /// What the answer's `result` is.
    #[serde(borrow)]
    pub returns: Option<Returns<'t>>,
    /// The documented errors.
    #[serde(borrow)]
    pub errors: Later<'t, Vec<ErrorRow<'t>>>,
    /// The category's key: the folder below `specs/`.
    #[serde(borrow)]
    pub category: Cow<'t, str>,
    /// Its place in the category.
    #[serde(skip_serializing)]
    pub position: usize,
    /// How the list is cut into pages, a word of [`Paging`]; none where the answer is whole.
    #[serde(borrow)]
    pub paging: Option<Cow<'t, str>>,
    /// How the list is walked, where that is not the style's own way.
    #[serde(default, borrow, skip_serializing_if = "Walk::is_usual")]
    pub walk: Walk<'t>,
    /// Whether the method may stand in a batch.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub batchable: bool,
    /// Parameters with fixed values: body path → value.
    pub constants: Object,
    /// Templates only: the object that the command prints.
    pub template: Option<Value>,
    /// Whether the command only makes an object of its parameters.
    #[serde(default, skip_serializing_if = "is_false")]
    pub local: bool,
    /// The procedure that carries the command out, where one call does not.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<Cow<'t, str>>,
    /// Whether the portal reads the parameters by their order.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ordered: bool,
    /// Whether the portal refuses the method by webhook: only an application may call it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub app_only: bool,
    /// The one-letter option of the access token, where it is not `t`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_short: Option<char>,
    /// At least one example, but for templates.
    #[serde(borrow)]
    pub examples: Later<'t, Vec<Example<'t>>>,
}

/// What a command is called and about, for lists and searches.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Outline<'t> {
    /// The function's name, such as `UpdateUser`.
    #[serde(borrow)]
    pub function: Cow<'t, str>,
    /// The REST method; none for templates.
    #[serde(borrow)]
    pub method: Option<Cow<'t, str>>,
    /// Other accepted names.
    #[serde(borrow)]
    pub aliases: Vec<Cow<'t, str>>,
    /// A short title in sentence case.
    #[serde(borrow)]
    pub title: Cow<'t, str>,
    /// What it does, in one sentence or two.
    #[serde(borrow)]
    pub summary: Cow<'t, str>,
    /// The REST version: 2 or 3.
    pub rest: u8,
    /// `read`, `list`, `create`, `update`, `delete` or `action`.
    #[serde(borrow)]
    pub effect: Cow<'t, str>,
    /// Set where the method should not be used any more.
    #[serde(borrow)]
    pub deprecated: Option<Deprecation<'t>>,
    /// The parameters' names.
    #[serde(borrow)]
    pub params: Vec<OutlineParam<'t>>,
    /// The category's key.
    #[serde(borrow)]
    pub category: Cow<'t, str>,
    /// Its place in the category.
    #[serde(skip_serializing)]
    pub position: usize,
}

/// What a parameter is called.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OutlineParam<'t> {
    /// The key on the wire.
    #[serde(borrow)]
    pub name: Cow<'t, str>,
    /// The long option, without dashes.
    #[serde(borrow)]
    pub option: Option<Cow<'t, str>>,
}

/// How a list is walked: what differs from the paging style's own names and sizes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Walk<'t> {
    /// The parameter that says where a page begins, with dots between nested keys.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub place: Option<Cow<'t, str>>,
    /// The parameter that says how many records a page holds; empty where there is none.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub size: Option<Cow<'t, str>>,
    /// Records on a full page, where these are not 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u16>,
    /// The names by which the list can be walked by number, where it can.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub keyset: Option<KeysetRow<'t>>,
}

impl Walk<'_> {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// The names by which a list can be walked by its records' numbers: see [`Keyset`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeysetRow<'t> {
    /// The parameter of the conditions.
    #[serde(borrow)]
    pub filter: Cow<'t, str>,
    /// The parameter that sorts, or the one of the sort key.
    #[serde(borrow)]
    pub order: Cow<'t, str>,
    /// The parameter of the direction, where `order` takes the key alone.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Cow<'t, str>>,
    /// The number's name among the conditions.
    #[serde(borrow)]
    pub key: Cow<'t, str>,
    /// The number's name in the records.
    #[serde(borrow)]
    pub field: Cow<'t, str>,
    /// The parameter that names the fields to answer.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub select: Option<Cow<'t, str>>,
}

/// A name of a table, as the client wants it. Names have no escapes, so that they lie in the table's text as they are;
/// one that had some would live on.
fn name(text: Cow<'static, str>) -> &'static str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => text.leak(),
    }
}

impl Command<'static> {
    /// The method as the client sees it: all that a call, a batch and a walk must know.
    pub fn as_method(&self) -> Method {
        let paging = self.paging.as_deref().and_then(Paging::of_word).unwrap_or_default();
        let rest = if self.rest == 3 { Rest::V3 } else { Rest::V2 };
        let effect = Effect::of_word(&self.effect);
        let known = Method::new("", rest, effect, paging);
        let keyset = self.walk.keyset.as_ref().map(|row| Keyset {
            filter: name(row.filter.clone()),
            order: match &row.direction {
                Some(direction) => Order::Pair { key: name(row.order.clone()), direction: name(direction.clone()) },
                None => Order::Object(name(row.order.clone())),
            },
            key: name(row.key.clone()),
            field: name(row.field.clone()),
            select: row.select.clone().map_or("", name),
        });
        let mut order: Vec<Position> = Vec::new();
        for param in self.params.iter().filter(|_| self.ordered) {
            let Some(path) = param.path() else { continue };
            let Some((key, inner)) = path.split_first() else { continue };
            // Several parameters may go into one object.
            if order.iter().any(|known| known.key() == key) {
                continue;
            }
            let word = &param.type_word;
            let is_container = !inner.is_empty() || item_of(word).is_some() || alternatives(word).any(is_object);
            let key = name(key.clone().into());
            order.push(if is_container { Position::Container(key) } else { Position::Plain(key) });
        }
        Method {
            name: self.method.clone().unwrap_or_default(),
            records: self.returns.as_ref().and_then(|returns| returns.records.clone()).map_or("", name),
            keyset,
            place: self.walk.place.clone().map_or(known.place, name),
            size: self.walk.size.clone().map_or(known.size, name),
            page: self.walk.page.unwrap_or(known.page),
            batchable: self.batchable,
            order: order.into(),
            ..known
        }
    }
}

/// What to use instead of a deprecated method.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deprecation<'t> {
    /// The method that replaces it.
    #[serde(borrow)]
    pub replacement: Option<Cow<'t, str>>,
    /// What to know when moving.
    #[serde(borrow)]
    pub note: Option<Cow<'t, str>>,
}

/// A parameter of a command, or an entry of a structured one. A shared type has many: what few of them have is boxed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Param<'t> {
    /// The documented key on the wire.
    #[serde(borrow)]
    pub name: Cow<'t, str>,
    /// The name in the documented signature. Entries have none.
    #[serde(default, borrow)]
    pub argument: Option<Cow<'t, str>>,
    /// The long option, without dashes. Entries have none.
    #[serde(default, borrow)]
    pub option: Option<Cow<'t, str>>,
    /// The one-letter option.
    #[serde(default)]
    pub short: Option<char>,
    /// The type word: `string`, `integer`, `number`, `boolean`, `boolean<Y/N>`, `boolean<1/0>` (an inverted flag:
    /// `boolean<N/Y>`), `id`, `date`, `datetime`, `datetime<Z>`, `file`, `file<base64>`, `file<fileData>`, `array<…>`, `map<…>`
    /// (an object with free keys), `object`, `any`; several with bars between them, as in `string|map<string>`: one of these.
    #[serde(rename = "type", borrow)]
    pub type_word: Cow<'t, str>,
    /// Whether the call needs it.
    #[serde(default)]
    pub required: bool,
    /// What the command sends when the option is left out; none: nothing is sent.
    #[serde(default)]
    pub default: Option<Box<Value>>,
    /// The known values; others are passed on.
    #[serde(default)]
    pub values: Vec<Value>,
    /// What each known value means, by its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meanings: Option<Box<Object>>,
    /// Where the value goes in the body: a path of keys with dots between them (a dot inside a key is written `\.`), or
    /// `merge`: its entries go to the top level. See [`Param::path`].
    #[serde(default, borrow)]
    pub wire: Cow<'t, str>,
    /// What it means.
    #[serde(borrow)]
    pub description: Cow<'t, str>,
    /// The parameter whose presence keeps this one out of the body.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Cow<'t, str>>,
    /// For a file: the parameter that holds the name to send it under.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub filename: Option<Cow<'t, str>>,
    /// Whether it stands for several others at once: an object whose keys have options of their own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub group: bool,
    /// The known keys of an object.
    #[serde(default, borrow)]
    pub entries: Vec<Param<'t>>,
    /// The shared type that the known keys come from; its row holds them. Resolved by [`Tables::command`].
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub entity: Option<Cow<'t, str>>,
    /// Keys of the shared type that do not apply here.
    #[serde(default, borrow, skip_serializing)]
    pub omit: Vec<Cow<'t, str>>,
    /// Keys of the shared type that are required here.
    #[serde(default, borrow, skip_serializing)]
    pub require: Vec<Cow<'t, str>>,
    /// Whether the shared type's keys of answers are known here too, as in filters.
    #[serde(default, skip_serializing)]
    pub answered: bool,
    /// The key comes in answers only.
    #[serde(default, skip_serializing)]
    pub readonly: bool,
    /// Answers may hold null in its place.
    #[serde(default, skip_serializing)]
    pub nullable: bool,
}

/// The type of the items of `array<…>`.
pub(crate) fn item_of(word: &str) -> Option<&str> {
    word.strip_prefix("array<")?.strip_suffix('>').filter(|_| !is_one_of(word))
}

/// The type of what stands below the free keys of `map<…>`.
pub(crate) fn below_keys(word: &str) -> Option<&str> {
    word.strip_prefix("map<")?.strip_suffix('>').filter(|_| !is_one_of(word))
}

/// The types of which a value has one, as in `string|map<string>`; every other type is its own.
pub(crate) fn alternatives(word: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    word.split(move |char| {
        match char {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == '|' && depth == 0
    })
}

/// Whether a value may have one of several types.
pub(crate) fn is_one_of(word: &str) -> bool {
    word.contains('|') && alternatives(word).nth(1).is_some()
}

/// Whether the values of a type are objects, with keys of their own or with free ones.
pub(crate) fn is_object(word: &str) -> bool {
    word == "object" || below_keys(word).is_some()
}

/// What a method answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Returns<'t> {
    /// A type word, `list`, `page`, `map` or `nothing`.
    #[serde(rename = "type", borrow)]
    pub type_word: Cow<'t, str>,
    /// The shared type of the record or records.
    #[serde(borrow)]
    pub entity: Option<Cow<'t, str>>,
    /// The key of `result` that holds the records.
    #[serde(borrow)]
    pub records: Option<Cow<'t, str>>,
    /// What it means.
    #[serde(borrow)]
    pub description: Cow<'t, str>,
    /// Whether the portal answers null, or false, where there is nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// The other forms that it comes in, where it is not always of one type.
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<Form<'t>>,
}

/// Another form of what a method answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Form<'t> {
    /// A type word, `list` or `map`.
    #[serde(rename = "type", borrow)]
    pub type_word: Cow<'t, str>,
    /// The shared type of the record or records.
    #[serde(borrow)]
    pub entity: Option<Cow<'t, str>>,
    /// When it comes.
    #[serde(borrow)]
    pub description: Cow<'t, str>,
}

/// A part of a row that most commands do without: its text, until it is wanted. It is read once.
#[derive(Clone, Debug)]
pub struct Later<'t, T> {
    text: &'t RawValue,
    read: OnceLock<T>,
}

impl<'t, T: Default + Deserialize<'t>> Deref for Later<'t, T> {
    type Target = T;

    /// The part itself; an empty one where the row is no row of the generator's.
    fn deref(&self) -> &T {
        self.read.get_or_init(|| serde_json::from_str(self.text.get()).unwrap_or_default())
    }
}

impl<'de: 't, 't, T> Deserialize<'de> for Later<'t, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { text: Deserialize::deserialize(deserializer)?, read: OnceLock::new() })
    }
}

impl<'t, T: Default + Deserialize<'t> + Serialize> Serialize for Later<'t, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// A documented error.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow<'t> {
    /// The portal's code.
    #[serde(borrow)]
    pub code: Cow<'t, str>,
    /// The HTTP status.
    pub http: Option<u16>,
    /// When it comes and what to do.
    #[serde(borrow)]
    pub description: Cow<'t, str>,
}

/// An example: arguments by parameter name, and the portal's answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Example<'t> {
    /// What the example shows; none on a lone example.
    #[serde(borrow)]
    pub title: Option<Cow<'t, str>>,
    /// The values given, by the parameters' names.
    pub arguments: Object,
    /// The body that the arguments make.
    pub body: Value,
    /// The answer, in the portal's envelope.
    pub response: Option<Value>,
}

/// A shared type: the known fields of an entity.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TypeRow<'t> {
    /// The key of the row.
    #[serde(borrow, skip_serializing)]
    pub key: Cow<'t, str>,
    /// The type's name, such as `user`.
    #[serde(rename = "entity", borrow)]
    pub name: Cow<'t, str>,
    /// What it describes.
    #[serde(borrow)]
    pub description: Cow<'t, str>,
    /// Its fields.
    #[serde(borrow, deserialize_with = "many")]
    pub fields: Vec<Param<'t>>,
}

/// A category of commands.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRow<'t> {
    /// The key of the row.
    #[serde(borrow, skip_serializing)]
    pub key: Cow<'t, str>,
    /// The folder below `specs/`.
    #[serde(borrow)]
    pub folder: Cow<'t, str>,
    /// Its place among the categories.
    #[serde(skip_serializing)]
    pub order: usize,
    /// Its title.
    #[serde(borrow)]
    pub title: Cow<'t, str>,
    /// What is in it.
    #[serde(borrow)]
    pub summary: Cow<'t, str>,
}

/// Reads a list that is often long without moving it each time that it has doubled.
fn many<'t, D: Deserializer<'t>>(deserializer: D) -> Result<Vec<Param<'t>>, D::Error> {
    struct Many;
    impl<'t> Visitor<'t> for Many {
        type Value = Vec<Param<'t>>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
            formatter.write_str("a list of fields")
        }

        fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::with_capacity(64);
            while let Some(field) = list.next_element()? {
                fields.push(field);
            }
            Ok(fields)
        }
    }
    deserializer.deserialize_seq(Many)
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_true(flag: &bool) -> bool {
    *flag
}

fn yes() -> bool {
    true
}

impl Param<'_> {
    /// The path of keys in the body; none where the entries go to the top level.
    pub fn path(&self) -> Option<Vec<String>> {
        (self.wire != "merge").then(|| split_path(&self.wire))
    }
}

/// Gives entries their own names as places in the body: a row leaves out what goes without saying.
fn spell_out(entries: &mut [Param<'static>]) {
    for entry in entries {
        if entry.wire.is_empty() {
            entry.wire = entry.name.clone();
        }
        spell_out(&mut entry.entries);
    }
}

/// Drops what comes in answers only inside a key that is sent.
fn keep_keys(entries: &mut Vec<Param<'_>>) {
    entries.retain(|entry| !entry.readonly);
    entries.iter_mut().for_each(|entry| keep_keys(&mut entry.entries));
}

/// The key of a row.
fn key_of(line: &str) -> Option<&str> {
    line.strip_prefix("{\"key\":\"")?.split('"').next()
}

/// The line with a key in a text whose lines are sorted by it. Lines are long, so each probe looks for as few of their ends
/// as it can.
fn bisect(text: &'static str, wanted: &str, key: impl Fn(&'static str) -> &'static str) -> Option<&'static str> {
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let mut middle = low + (high - low) / 2;
        while !text.is_char_boundary(middle) {
            middle -= 1;
        }
        let start = text[low..middle].rfind('\n').map_or(low, |at| low + at + 1);
        let end = || text[middle..].find('\n').map_or(text.len(), |at| middle + at);
        match key(&text[start..]).cmp(wanted) {
            std::cmp::Ordering::Equal => return Some(&text[start..end()]),
            std::cmp::Ordering::Less => low = end() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// Splits a path at its dots, but not at `\.`.
pub fn split_path(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut chars = path.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, keys.last_mut()) {
            ('\\', Some(key)) if chars.peek() == Some(&'.') => key.extend(chars.next()),
            ('.', _) => keys.push(String::new()),
            (char, Some(key)) => key.push(char),
            (_, None) => {}
        }
    }
    keys
}

/// What stands before the first tab.
fn first(line: &'static str) -> &'static str {
    line.split('\t').next().unwrap_or_default()
}

impl Tables {
    /// No command at all: for a simulated portal that only keeps state.
    pub const EMPTY: Self = Self { names: "", rows: "", places: "" };

    /// The line of a key or of another spelling.
    fn row(&self, name: &str) -> Option<&'static str> {
        let by_key = |key: &str| {
            if self.places.is_empty() {
                return bisect(self.rows, key, |line| key_of(line).unwrap_or_default());
            }
            let mut place =
                bisect(self.places, key, first)?.split('\t').skip(1).map_while(|number| number.parse().ok());
            let (at, length): (usize, usize) = (place.next()?, place.next()?);
            self.rows.get(at..at + length)
        };
        let by_spelling = || by_key(bisect(self.names, name, first)?.split_once('\t')?.1);
        // Keys have no dots, so that the name of a method is looked for once, and in the smaller table.
        if name.contains('.') { by_spelling().or_else(|| by_key(name)) } else { by_key(name).or_else(by_spelling) }
    }

    /// Every spelling of every command with the key of its row, those that are keys first: for suggestions and completion.
    pub fn spellings(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let keys = self.command_lines().filter_map(key_of).map(|key| (key, key));
        keys.chain(self.names.lines().filter_map(|line| line.split_once('\t')))
    }

    /// The spellings of commands other than the keys of their rows, in lower case, each with the key.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.names.lines().filter_map(|line| line.split_once('\t'))
    }

    /// The keys of all commands.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.command_lines().filter_map(key_of)
    }

    /// What a command is called, by a lower-case spelling of its name; shared types are not looked up.
    pub fn outline(&self, name: &str) -> Option<Outline<'static>> {
        serde_json::from_str(self.row(name)?).ok()
    }

    /// Every command's row, in the order of categories and pages.
    pub fn commands(&self) -> impl Iterator<Item = Command<'static>> + use<> {
        let order: BTreeMap<Cow<'static, str>, usize> =
            self.categories().map(|category| (category.folder, category.order)).collect();
        let mut commands: Vec<_> = self.command_lines().filter_map(|line| self.parse(line)).collect();
        commands.sort_by_key(|command: &Command| (order.get(&command.category), command.position));
        commands.into_iter()
    }

    /// What every command is called, in the order of categories and pages: much quicker to read than the whole rows.
    pub fn outlines(&self) -> impl Iterator<Item = Outline<'static>> + use<> {
        let order: BTreeMap<Cow<'static, str>, usize> =
            self.categories().map(|category| (category.folder, category.order)).collect();
        let mut outlines: Vec<Outline<'static>> =
            self.command_lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        outlines.sort_by_key(|outline| (order.get(&outline.category), outline.position));
        outlines.into_iter()
    }

    /// Every category, in order.
    pub fn categories(&self) -> impl Iterator<Item = CategoryRow<'static>> + use<> {
        let lines = self.rows.lines().filter(|line| key_of(line).is_some_and(|key| key.starts_with("category:")));
        let mut rows: Vec<CategoryRow> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
        rows.sort_by_key(|row| row.order);
        rows.into_iter()
    }

    fn command_lines(&self) -> impl Iterator<Item = &'static str> {
        self.rows.lines().filter(|line| key_of(line).is_some_and(|key| !key.contains(':')))
    }

    /// The command of a name in any of its forms and letter cases; `rest` chooses between the twins of a method that
    /// exists in both versions, where none is given the classic one comes first.
    pub fn command(&self, name: &str, rest: Option<u8>) -> Option<Command<'static>> {
        let key = name.to_lowercase();
        let twin = || self.row(&format!("{key}@3"));
        let line = match rest {
            Some(3) => twin().or_else(|| self.row(&key)),
            _ => self.row(&key).or_else(twin),
        }?;
        self.parse(line).filter(|command: &Command| rest.is_none_or(|rest| command.rest == rest))
    }

    /// A shared type by its name.
    pub fn entity(&self, name: &str) -> Option<TypeRow<'static>> {
        let mut row: TypeRow<'static> = serde_json::from_str(self.row(&format!("type:{name}"))?).ok()?;
        spell_out(&mut row.fields);
        Some(row)
    }

    fn parse(&self, line: &'static str) -> Option<Command<'static>> {
        let mut command: Command<'static> = serde_json::from_str(line).ok()?;
        spell_out(&mut command.params);
        self.resolve(&mut command.params);
        Some(command)
    }

    /// Fills in the entries that come from shared types.
    fn resolve(&self, params: &mut [Param<'static>]) {
        for param in params {
            if let Some(mut entity) = param.entity.as_deref().and_then(|name| self.entity(name)) {
                let own = std::mem::take(&mut param.entries);
                let is_own = |name: &str| own.iter().any(|entry| entry.name == name);
                entity.fields.retain_mut(|field| {
                    field.required = param.require.contains(&field.name);
                    let fits = !param.omit.contains(&field.name) && !is_own(&field.name);
                    let is_key = fits && (param.answered || !field.readonly);
                    field.readonly = false;
                    keep_keys(&mut field.entries);
                    is_key
                });
                entity.fields.splice(..0, own);
                param.entries = entity.fields;
                param.entries.shrink_to_fit();
            }
            self.resolve(&mut param.entries);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of one command each, with only what the format demands, and a second spelling with a slash.
    fn tables(keys: &std::collections::BTreeSet<String>, with_places: bool) -> Tables {
        let (mut rows, mut names) = (String::from("{\"note\":\"x\"}\n"), String::new());
        for key in keys {
            names.push_str(&format!("{key}/\t{key}\n"));
            let row = serde_json::json!({
                "key": key, "method": key, "function": "F", "aliases": [], "title": "T", "summary": "S.", "scope": "s", "rest": 2,
                "effect": "read", "access": null, "deprecated": null, "reference": null, "params": [], "returns": null, "errors": [],
                "category": "c", "position": 0, "paging": null, "constants": {}, "template": null, "examples": [],
            });
            rows.push_str(&format!("{row}\n"));
        }
        let mut names: Vec<&str> = names.lines().collect();
        names.sort_unstable_by_key(|line| line.split('\t').next());
        let mut places = String::new();
        if with_places {
            let mut at = 0;
            for line in rows.split_inclusive('\n') {
                if let Some(key) = key_of(line) {
                    places.push_str(&format!("{key}\t{at}\t{}\n", line.len() - 1));
                }
                at += line.len();
            }
        }
        Tables { names: (names.join("\n") + "\n").leak(), rows: rows.leak(), places: places.leak() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_spelling_is_found_and_no_other(keys in proptest::collection::btree_set("[a-zа-я0-9.-]{1,12}", 0..40), other in "[a-zа-я0-9.-]{1,12}", with_places: bool) {
            let tables = tables(&keys, with_places);
            for key in &keys {
                for spelling in [key.to_uppercase(), format!("{key}/")] {
                    let found = tables.command(&spelling, None).and_then(|found| found.method);
                    prop_assert_eq!(found.as_deref(), Some(key.as_str()));
                }
            }
            prop_assert_eq!(tables.command(&other, None).is_some(), keys.contains(&other));
            prop_assert_eq!(tables.commands().count(), keys.len());
            prop_assert_eq!(tables.spellings().count(), 2 * keys.len());
        }
    }

    #[test]
    fn a_dot_inside_a_key_is_escaped() {
        assert_eq!(split_path("filter.ID"), ["filter", "ID"]);
        assert_eq!(split_path("lead\\.customer\\.type.x"), ["lead.customer.type", "x"]);
    }
}
