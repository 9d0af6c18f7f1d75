//! The generated tables that the command line and the sandbox are driven by.
//!
//! Two strings without a single pointer inside: `rows` holds one JSON object a line (types first, then commands) and
//! `names` maps each spelling of a name to the offset of its row. A lookup bisects `names` and parses one line, so
//! that starting up costs the same for ten methods and for two thousand.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use crate::value::Object;

/// The tables of one build.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// Sorted lines `<key>\t<offset>\n`. Keys are lower-case; see [`Tables::find`] for their forms.
    pub names: &'static str,
    /// The rows. The first line is a note for readers.
    pub rows: &'static str,
}

/// A command: one function of the documented list, which is a call of a method (possibly with fixed values) or a
/// template of an object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command<'t> {
    /// The REST method; none for templates.
    #[serde(borrow)]
    pub method: Option<Cow<'t, str>>,
    /// The function's name, such as `UpdateUser`.
    pub function: Cow<'t, str>,
    /// Other accepted names.
    pub aliases: Vec<Cow<'t, str>>,
    /// A short title in sentence case.
    pub title: Cow<'t, str>,
    /// What it does, in one sentence or two.
    pub summary: Cow<'t, str>,
    /// The scope that the webhook or application must have.
    pub scope: Cow<'t, str>,
    /// The category's key: the folder below `specs/`.
    pub category: Cow<'t, str>,
    /// The REST version: 2 or 3.
    pub rest: u8,
    /// `read`, `list`, `create`, `update`, `delete` or `action`.
    pub effect: Cow<'t, str>,
    /// `start`, `pagination`, `limit-offset`; none where the answer is whole.
    pub paging: Option<Cow<'t, str>>,
    /// Who may call it.
    pub access: Option<Cow<'t, str>>,
    /// Set where the method should not be used any more.
    pub deprecated: Option<Deprecation<'t>>,
    /// The page that documents the method.
    pub reference: Option<Cow<'t, str>>,
    /// The parameters, in the order of the documented signature, without the connection's.
    pub params: Vec<Param<'t>>,
    /// Parameters with fixed values: body path → value.
    pub constants: Object,
    /// Templates only: the object that the command prints.
    pub template: Option<Value>,
    /// What the answer's `result` is.
    pub returns: Option<Returns<'t>>,
    /// The documented errors.
    pub errors: Vec<ErrorRow<'t>>,
    /// At least one example.
    pub examples: Vec<Example<'t>>,
}

/// What to use instead of a deprecated method.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deprecation<'t> {
    /// The method that replaces it.
    #[serde(borrow)]
    pub replacement: Option<Cow<'t, str>>,
    /// What to know when moving.
    pub note: Option<Cow<'t, str>>,
}

/// A parameter of a command, or an entry of a structured one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param<'t> {
    /// The documented key on the wire.
    #[serde(borrow)]
    pub name: Cow<'t, str>,
    /// The name in the documented signature. Entries have none.
    pub argument: Option<Cow<'t, str>>,
    /// The long option, without dashes. Entries have none.
    pub option: Option<Cow<'t, str>>,
    /// The one-letter option.
    pub short: Option<char>,
    /// The type word: `string`, `integer`, `number`, `boolean`, `boolean<Y/N>`, `boolean<1/0>` (an inverted flag:
    /// `boolean<N/Y>`), `id`, `date`, `datetime`, `file`, `file<base64>`, `file<fileData>`, `array<…>`, `object`, `any`.
    #[serde(rename = "type")]
    pub type_word: Cow<'t, str>,
    /// Whether the call needs it.
    pub required: bool,
    /// What the command sends when the option is left out; none: nothing is sent.
    pub default: Option<Value>,
    /// The known values; others are passed on.
    pub values: Vec<Value>,
    /// What each known value means, by its text.
    #[serde(default)]
    pub meanings: Object,
    /// Where the value goes in the body: a path of keys, dots between them, or `merge`: its entries go to the top level.
    pub wire: Cow<'t, str>,
    /// What it means.
    pub description: Cow<'t, str>,
    /// The known keys of an object.
    #[serde(default)]
    pub entries: Vec<Param<'t>>,
    /// The shared type that the known keys come from; its row holds them. Resolved by [`Tables::command`].
    #[serde(default)]
    pub entity: Option<Cow<'t, str>>,
    /// Keys of the shared type that do not apply here.
    #[serde(default)]
    pub omit: Vec<Cow<'t, str>>,
    /// Keys of the shared type that are required here.
    #[serde(default)]
    pub require: Vec<Cow<'t, str>>,
    /// The key comes in answers only.
    #[serde(default)]
    pub readonly: bool,
}

/// What a method answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns<'t> {
    /// A type word, `list` or `page`.
    #[serde(rename = "type", borrow)]
    pub type_word: Cow<'t, str>,
    /// The shared type of the record or records.
    pub entity: Option<Cow<'t, str>>,
    /// The key of `result` that holds the records.
    pub records: Option<Cow<'t, str>>,
    /// What it means.
    pub description: Cow<'t, str>,
}

/// A documented error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow<'t> {
    /// The portal's code.
    #[serde(borrow)]
    pub code: Cow<'t, str>,
    /// The HTTP status.
    pub http: Option<u16>,
    /// When it comes and what to do.
    pub description: Cow<'t, str>,
}

/// An example: arguments by parameter name, and the portal's answer.
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeRow<'t> {
    /// The type's name, such as `user`.
    #[serde(rename = "entity", borrow)]
    pub name: Cow<'t, str>,
    /// What it describes.
    pub description: Cow<'t, str>,
    /// Its fields.
    pub fields: Vec<Param<'t>>,
}

/// A category of commands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRow<'t> {
    /// The folder below `specs/`.
    #[serde(rename = "folder", borrow)]
    pub key: Cow<'t, str>,
    /// Its title.
    pub title: Cow<'t, str>,
    /// What is in it.
    pub summary: Cow<'t, str>,
}

impl Tables {
    /// The line of a key: a lower-cased name of a command (`user.update`, `updateuser`, `update-user`, aliases),
    /// `user.update@3` for the REST 3.0 twin, `type:user` or `category:user`.
    fn row(&self, key: &str) -> Option<&'static str> {
        let names = self.names.as_bytes();
        let (mut low, mut high) = (0, names.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = names[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1).max(low);
            let end = names[start..].iter().position(|byte| *byte == b'\n').map_or(names.len(), |at| start + at);
            let (name, offset) = self.names.get(start..end)?.split_once('\t')?;
            match name.cmp(key) {
                std::cmp::Ordering::Equal => {
                    return self.rows.get(offset.parse().ok()?..)?.lines().next();
                }
                std::cmp::Ordering::Less => low = end + 1,
                std::cmp::Ordering::Greater => high = start,
            }
        }
        None
    }

    /// Every key with the offset of its row, sorted by key: for suggestions, completion and lists.
    pub fn keys(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.names.lines().filter_map(|line| line.split_once('\t'))
    }

    /// Every command's row, in the order of categories and pages.
    pub fn commands(&self) -> impl Iterator<Item = Command<'static>> + use<'_> {
        self.rows.lines().filter(|line| line.starts_with("{\"method\"")).filter_map(|line| self.parse(line))
    }

    /// Every category, in order.
    pub fn categories(&self) -> impl Iterator<Item = CategoryRow<'static>> {
        self.rows.lines().filter(|line| line.starts_with("{\"folder\"")).filter_map(|line| serde_json::from_str(line).ok())
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
        serde_json::from_str(self.row(&format!("type:{name}"))?).ok()
    }

    fn parse(&self, line: &'static str) -> Option<Command<'static>> {
        let mut command: Command<'static> = serde_json::from_str(line).ok()?;
        self.resolve(&mut command.params);
        Some(command)
    }

    /// Fills in the entries that come from shared types.
    fn resolve(&self, params: &mut [Param<'static>]) {
        for param in params {
            if let Some(entity) = param.entity.as_deref().and_then(|name| self.entity(name)) {
                let taken: Vec<Cow<'static, str>> = param.entries.iter().map(|entry| entry.name.clone()).collect();
                param.entries.extend(entity.fields.into_iter().filter_map(|mut field| {
                    field.required = param.require.contains(&field.name);
                    let fits = !param.omit.contains(&field.name) && !taken.contains(&field.name) && !field.readonly;
                    fits.then_some(field)
                }));
            }
            self.resolve(&mut param.entries);
        }
    }
}
