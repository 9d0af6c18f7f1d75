//! The API as the emitters see it: everything named, resolved, checked and ordered. An emitter prints and never decides.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::names::{ArgumentName, FeatureName, FunctionName, KebabName, OptionName, RustIdent};
use crate::spec::Furniture;

/// The whole API, in the order in which it is shown: categories by their position, functions by theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// The categories: one for each folder below `specs/` that holds methods.
    pub categories: Vec<Category>,
    /// The shared types of `specs/types`, by name.
    pub types: Vec<Entity>,
    /// The methods, by name and then REST version.
    pub methods: Vec<Method>,
    /// Other packages whose functions are offered here.
    pub compat: Vec<Compat>,
    /// What pages have beside the texts of the specs.
    pub furniture: Furniture,
    /// The same in other languages.
    pub translations: Vec<Translation>,
}

/// The API in another language.
#[derive(Clone, Debug, PartialEq)]
pub struct Translation {
    /// The language: `ru`.
    pub language: String,
    /// The API, as far as it is translated.
    pub api: Api,
    /// The paths of the specs that are translated, from the project's root with `/`; the texts of the others are English.
    pub sources: BTreeSet<String>,
}

/// Another package whose functions are offered here under the same names.
#[derive(Clone, Debug, PartialEq)]
pub struct Compat {
    /// Its name.
    pub package: String,
    /// Its short name.
    pub short: String,
    /// The spec's path from the project's root, with `/`.
    pub source: String,
    /// What is otherwise here for all functions.
    pub differences: Vec<String>,
    /// Its functions, in its order.
    pub rows: Vec<CompatRow>,
}

/// A function of another package.
#[derive(Clone, Debug, PartialEq)]
pub struct CompatRow {
    /// Its name there.
    pub name: String,
    /// Its name here.
    pub function: FunctionName,
    /// The file name of its page.
    pub kebab: KebabName,
    /// The category of its page.
    pub category: String,
    /// What is otherwise here, on purpose.
    pub differs: Option<String>,
}

/// A category of methods: a folder of specs, a folder of pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    /// The folder below `specs/`, with `/` between nested ones: `user`, `crm/deal`.
    pub key: String,
    /// Title in sentence case.
    pub title: String,
    /// What is in it.
    pub summary: String,
    /// Its place among its siblings, from 1.
    pub position: usize,
}

/// A shared type: the known fields of an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The name specs refer to it by; the file's name: `user`.
    pub name: String,
    /// The spec's path from the project's root, with `/`.
    pub source: String,
    /// The Rust struct: `User`.
    pub ident: RustIdent,
    /// What people call it.
    pub title: String,
    /// What it describes.
    pub description: String,
    /// Whether the client has a type of it.
    pub view: bool,
    /// The features of the methods that take or answer it, by themselves or inside another type.
    pub features: BTreeSet<FeatureName>,
    /// Its fields, in the spec's order.
    pub fields: Vec<Param>,
}

/// The version of the REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rest {
    /// `/rest/`.
    V2,
    /// `/rest/api/`.
    V3,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads one thing.
    Read,
    /// Reads a list.
    List,
    /// Makes something.
    Create,
    /// Changes something.
    Update,
    /// Removes something.
    Delete,
    /// Anything else.
    Action,
}

/// How a list is cut into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `start` in the request, `next` and `total` in the answer.
    Start,
    /// REST 3.0's `pagination`.
    Pagination,
    /// The number of records to skip.
    Offset,
    /// The number of the page.
    Page,
    /// Where the previous answer says.
    Cursor,
    /// The number of the last record.
    After,
    /// A first part, and no way to the others.
    First,
}

impl Style {
    /// The word of specs and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pagination => "pagination",
            Self::Offset => "offset",
            Self::Page => "page",
            Self::Cursor => "cursor",
            Self::After => "after",
            Self::First => "first",
        }
    }

    /// The parameters of place and size where a spec does not name others.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("start", ""),
            Self::Offset => ("offset", "limit"),
            Self::Page => ("page", ""),
            Self::Pagination | Self::Cursor => ("pagination.afterCursor", "pagination.limit"),
            Self::After | Self::First => ("", ""),
        }
    }
}

/// The pages of a list, and the parameters that ask for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// How it is cut.
    pub style: Style,
    /// The parameter that says where a page begins, with dots between nested keys; empty where there is none.
    pub place: String,
    /// The parameter that says how many records a page holds; empty where there is none.
    pub size: String,
}

impl Paging {
    /// Whether it is as the runtime knows it by itself: by `start`.
    pub fn is_usual(&self) -> bool {
        self.style == Style::Start && self.style.names() == (self.place.as_str(), self.size.as_str())
    }
}

/// How a list can be walked by its records' numbers; each name as it is on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyset {
    /// The parameter of the conditions.
    pub filter: String,
    /// The parameter that sorts: an object of keys with their directions; or the one of the key.
    pub order: String,
    /// The parameter of the direction, where `order` takes the key alone.
    pub direction: Option<String>,
    /// The number's name among the conditions.
    pub key: String,
    /// The number's name in the records.
    pub field: String,
    /// The parameter that names the fields to answer.
    pub select: Option<String>,
}

/// A REST method.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// The name on the wire: `user.update`.
    pub name: String,
    /// The REST version.
    pub rest: Rest,
    /// Whether the method exists in the other version too.
    pub twin: bool,
    /// The spec's path from the project's root, with `/`: `specs/user/user.update.yaml`.
    pub source: String,
    /// The category's key.
    pub category: String,
    /// The cargo feature that switches it on: the first segment of the name.
    pub feature: FeatureName,
    /// The Rust module: the segments of the name before the last, and `v3` for REST 3.0; `user.userfield.add` is in
    /// `user::userfield`. A name of one segment is in `general`.
    pub module: Vec<RustIdent>,
    /// The constructor: `update`.
    pub constructor: RustIdent,
    /// The type: `Update`.
    pub ident: RustIdent,
    /// The scope needed.
    pub scope: String,
    /// What it does.
    pub effect: Effect,
    /// How its answer is cut into pages.
    pub paging: Option<Paging>,
    /// Whether the portal reads the parameters by their order.
    pub ordered: bool,
    /// How the list can be walked by its records' numbers.
    pub keyset: Option<Keyset>,
    /// Records on a full page, where they are not 50.
    pub page_size: Option<u16>,
    /// Whether it may stand in a batch.
    pub batchable: bool,
    /// Whether only an application may call it.
    pub app_only: bool,
    /// Who may call it, as a phrase for people.
    pub access: Option<String>,
    /// Set where it should not be used any more.
    pub deprecated: Option<Deprecation>,
    /// The page that documents it.
    pub reference: Option<String>,
    /// What `result` is.
    pub returns: Returns,
    /// The documented errors.
    pub errors: Vec<ErrorCode>,
    /// The parameters of the method itself: those of its first function.
    pub params: Vec<Param>,
    /// The functions it is offered as; the first one is the method itself, the others are presets and templates.
    pub functions: Vec<Function>,
}

impl Method {
    /// What one of its functions answers.
    pub fn answer_of<'m>(&'m self, function: &'m Function) -> &'m Returns {
        function.returns.as_ref().unwrap_or(&self.returns)
    }
}

/// What to use instead of a deprecated method.
#[derive(Clone, Debug, PartialEq)]
pub struct Deprecation {
    /// The REST name of the replacement.
    pub replacement: Option<String>,
    /// What to know when moving.
    pub note: Option<String>,
}

/// What a method answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Returns {
    /// The shape.
    pub shape: Shape,
    /// The key of `result` that holds the records, dots between nested ones.
    pub records: Option<String>,
    /// What it means.
    pub description: String,
}

/// The shape of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// One value of a type.
    Value(Ty),
    /// One record of a shared type.
    Record(EntityRef),
    /// All records; `None`: of no shared type.
    List(Option<EntityRef>),
    /// One page of records, with `total` and `next`.
    Page(Option<EntityRef>),
    /// An object with free keys, such as fields by their codes; what stands below each of them is a value, a record or a
    /// list.
    Map(Box<Shape>),
    /// One of these, or nothing: null, or false for what is no boolean itself.
    Nullable(Box<Shape>),
    /// One of several forms; at least two.
    OneOf(Vec<Form>),
    /// Null, or what is empty.
    Nothing,
}

/// One of the forms of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The shape: neither optional nor of several forms itself.
    pub shape: Shape,
    /// When it comes, and what it means.
    pub description: String,
}

impl Form {
    /// Whether it is a list, of records or of values.
    pub fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List(_) | Shape::Value(Ty::Array(_)))
    }
}

/// A kind of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Shape {
    /// The word that specs and descriptors use: `list`, `map`, `map<string>`; of several forms the first one's.
    pub fn word(&self) -> String {
        match self {
            Self::Value(ty) => ty.word(),
            Self::Record(_) => "object".into(),
            Self::List(_) => "list".into(),
            Self::Page(_) => "page".into(),
            Self::Map(value) => match &**value {
                Self::Value(Ty::Any) | Self::Record(_) => "map".into(),
                value => format!("map<{}>", value.word()),
            },
            Self::Nullable(value) => value.word(),
            Self::Nothing => "nothing".into(),
            Self::OneOf(forms) => forms.first().map_or_else(String::new, |form| form.shape.word()),
        }
    }

    /// The shared type of its records; of several forms the first one's.
    pub fn entity(&self) -> Option<&EntityRef> {
        match self {
            Self::Value(_) | Self::Nothing => None,
            Self::Record(entity) => Some(entity),
            Self::List(entity) | Self::Page(entity) => entity.as_ref(),
            Self::Map(value) | Self::Nullable(value) => value.entity(),
            Self::OneOf(forms) => forms.first()?.shape.entity(),
        }
    }

    /// The forms, where there are several.
    pub fn forms(&self) -> &[Form] {
        match self {
            Self::OneOf(forms) => forms,
            Self::Nullable(value) => value.forms(),
            _ => &[],
        }
    }

    /// It itself without the way out that it may be missing, or the shapes of its forms.
    pub fn each(&self) -> Vec<&Shape> {
        match self {
            Self::OneOf(forms) => forms.iter().map(|form| &form.shape).collect(),
            Self::Nullable(value) => value.each(),
            one => vec![one],
        }
    }

    /// The kinds of JSON that it is written as where it is neither missing nor empty. A number may come as text.
    pub fn kinds(&self) -> &'static [JsonKind] {
        use JsonKind::{Boolean, List, Number, Object, Text};
        match self {
            Self::Value(ty) => ty.kinds(),
            Self::List(_) | Self::Page(_) => &[List],
            Self::Record(_) | Self::Map(_) => &[Object],
            Self::OneOf(_) => &[Boolean, Number, Text, List, Object],
            Self::Nullable(value) => value.kinds(),
            Self::Nothing => &[],
        }
    }
}

/// Whether the kind of JSON tells which of several forms an answer has.
pub fn are_apart(forms: &[Form]) -> bool {
    let mut rest = forms;
    while let Some((form, others)) = rest.split_first() {
        let kinds = form.shape.kinds();
        if others.iter().any(|other| other.shape.kinds().iter().any(|kind| kinds.contains(kind))) {
            return false;
        }
        rest = others;
    }
    true
}

/// A reference to a shared type.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRef {
    /// The type's name.
    pub name: String,
    /// The Rust struct.
    pub ident: RustIdent,
}

/// A documented error.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorCode {
    /// The portal's code; may be empty.
    pub code: String,
    /// The HTTP status.
    pub http: Option<u16>,
    /// When it comes and what to do.
    pub description: String,
}

/// A function: a page of the reference and a command of `oint`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The documented name: `UpdateUser`.
    pub name: FunctionName,
    /// The same with dashes, the page's file name and a command's name: `update-user`.
    pub kebab: KebabName,
    /// More names that the command line accepts.
    pub aliases: Vec<String>,
    /// Title in sentence case.
    pub title: String,
    /// One sentence or two.
    pub summary: String,
    /// Its page's place in the category, from 1.
    pub position: usize,
    /// What it is.
    pub kind: Kind,
    /// The parameters, required ones first as in the spec, without the connection's.
    pub params: Vec<Param>,
    /// Its examples; at least one, but for templates.
    pub examples: Vec<Example>,
    /// Where the Open Integration Package has the function: the names of the parameters that it has there, in order,
    /// `Token` among them where it is not the last one.
    pub opi: Option<Vec<String>>,
    /// The one-letter option of the access token, where it is not `t`.
    pub token_short: Option<char>,
    /// What it answers, where that is not what the method answers.
    pub returns: Option<Returns>,
}

impl Function {
    /// The parameters that stand for themselves.
    pub fn plain_params(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| !param.is_group)
    }

    /// Whether it talks to a portal, so that it takes the connection's options.
    pub fn has_connection(&self) -> bool {
        match &self.kind {
            Kind::Method | Kind::Preset { .. } => true,
            Kind::Template { .. } | Kind::Local { .. } => false,
            Kind::Procedure(procedure) => procedure.has_connection(),
        }
    }
}

/// What a function is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The method itself.
    Method,
    /// The method with some parameters fixed.
    Preset {
        /// The Rust constructor, in the method's module: `change_user_status`.
        constructor: RustIdent,
        /// The fixed values: path in the body → value.
        constants: Vec<(Vec<String>, Value)>,
        /// The Rust type of its calls, where they answer something else than the method's.
        own: Option<RustIdent>,
    },
    /// An object to fill in; nothing is called.
    Template {
        /// The Rust function, in the method's module: `get_user_filter_structure`.
        constructor: RustIdent,
        /// The object, each value telling what belongs there.
        object: serde_json::Map<String, Value>,
    },
    /// An object made of the parameters, a part of a later call; nothing is called.
    Local {
        /// The Rust function, in the method's module: `get_picture_block`.
        constructor: RustIdent,
    },
    /// Several steps, which a procedure of the runtime takes.
    Procedure(Procedure),
}

/// A procedure of the runtime: what takes more than one call of one method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procedure {
    /// Asks for an address to upload to, then sends the file there as a form.
    Upload,
    /// Asks for the fields and keeps those that a filter takes.
    FilterStructure,
    /// Makes the address at which a person lets an application in.
    OauthLink,
    /// Trades the code from that address for tokens.
    OauthCode,
    /// Renews the tokens.
    OauthRefresh,
}

impl Procedure {
    /// The word that specs and descriptors use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::FilterStructure => "filter-structure",
            Self::OauthLink => "oauth-link",
            Self::OauthCode => "oauth-code",
            Self::OauthRefresh => "oauth-refresh",
        }
    }

    /// Whether it talks to a portal as somebody; the others only know the authorisation server.
    pub fn has_connection(self) -> bool {
        matches!(self, Self::Upload | Self::FilterStructure)
    }
}

/// A parameter, a field of a shared type or an entry of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The documented key.
    pub name: String,
    /// The Rust setter, argument and getter: `last_name`.
    pub ident: RustIdent,
    /// The name in the documented signature: `UserID`.
    pub argument: ArgumentName,
    /// The long option: `userid`.
    pub option: OptionName,
    /// The one-letter option.
    pub short: Option<char>,
    /// Its type.
    pub ty: Ty,
    /// Whether the call needs it.
    pub required: bool,
    /// What is sent when it is left out.
    pub default: Option<Value>,
    /// The parameter whose presence keeps this one out of the body.
    pub unless: Option<String>,
    /// For a file: the parameter that holds the name to send it under.
    pub filename: Option<String>,
    /// The known values.
    pub values: Vec<KnownValue>,
    /// Where it goes.
    pub wire: Wire,
    /// What it means.
    pub description: String,
    /// The known keys of an object.
    pub entries: Option<Entries>,
    /// It comes in answers only.
    pub readonly: bool,
    /// It is sent only: no answer holds it.
    pub writeonly: bool,
    /// Answers may hold null in its place.
    pub nullable: bool,
    /// It stands for several others at once: an object of the body whose keys have options of their own. Made by the
    /// generator; the command line has it, the Rust client and the signature do not.
    pub is_group: bool,
}

/// Where a value goes in the body.
#[derive(Clone, Debug, PartialEq)]
pub enum Wire {
    /// Below a path of keys; one key for most.
    Path(Vec<String>),
    /// Its entries go to the top level.
    Merge,
}

/// A known value of an open list.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownValue {
    /// The value.
    pub value: Value,
    /// What it means.
    pub description: Option<String>,
}

/// The known keys of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries {
    /// The shared type they come from.
    pub entity: Option<EntityRef>,
    /// Keys of the shared type that do not apply here.
    pub omit: Vec<String>,
    /// Keys that are required here.
    pub require: Vec<String>,
    /// Whether the shared type's read-only fields are keys too, as in filters.
    pub readonly: bool,
    /// All that may be sent: those written in the method's own spec, then those of the shared type that apply;
    /// `required` is set.
    pub all: Vec<Param>,
    /// How many of them are the spec's own.
    pub own: usize,
}

impl Entries {
    /// Keys that belong to no shared type.
    pub fn of_its_own(all: Vec<Param>) -> Self {
        Self { entity: None, omit: Vec::new(), require: Vec::new(), readonly: false, own: all.len(), all }
    }

    /// Keys written in the method's own spec.
    pub fn own(&self) -> &[Param] {
        &self.all[..self.own]
    }
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Boolean(BooleanForm),
    /// An identifier: number or text.
    Id,
    /// A day, ISO 8601.
    Date,
    /// A point in time, ISO 8601.
    DateTime(TimeForm),
    /// A file to upload.
    File(FileForm),
    /// A list.
    Array(Box<Ty>),
    /// Free keys with values of one type.
    Map(Box<Ty>),
    /// Keys with values.
    Object,
    /// One of several types, two at least.
    OneOf(Vec<Ty>),
    /// Whatever the method takes.
    Any,
}

impl Ty {
    /// Its alternatives; a type with none is its own.
    pub fn each(&self) -> &[Ty] {
        match self {
            Self::OneOf(types) => types,
            one => std::slice::from_ref(one),
        }
    }

    /// Whether its values, or some of them, are objects: with keys of their own or with free ones.
    pub fn is_object(&self) -> bool {
        self.each().iter().any(|one| matches!(one, Self::Object | Self::Map(_)))
    }

    /// Whether every value is a text as it goes over the wire.
    pub fn is_text(&self) -> bool {
        self.each().iter().all(|one| matches!(one, Self::String | Self::Date | Self::DateTime(TimeForm::Iso)))
    }

    /// The kinds of JSON that its values are written as where they are neither missing nor empty. A number may come as text.
    pub fn kinds(&self) -> &'static [JsonKind] {
        use JsonKind::{Boolean, List, Number, Object, Text};
        match self {
            Self::Boolean(BooleanForm::Json) => &[Boolean],
            Self::String | Self::Date | Self::DateTime(_) | Self::Boolean(BooleanForm::YesNo | BooleanForm::NoYes) => {
                &[Text]
            }
            Self::Integer | Self::Number | Self::Id | Self::Boolean(BooleanForm::OneZero) => &[Number, Text],
            Self::Array(_) => &[List],
            Self::Object | Self::Map(_) => &[Object],
            Self::File(_) | Self::Any | Self::OneOf(_) => &[Boolean, Number, Text, List, Object],
        }
    }
}

/// How a boolean is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BooleanForm {
    /// `true` / `false`.
    Json,
    /// `Y` / `N`.
    YesNo,
    /// `N` / `Y`: the option says the opposite of the key.
    NoYes,
    /// `1` / `0`.
    OneZero,
}

/// How a point in time is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// As given, best with an offset.
    Iso,
    /// With its offset; without one it is taken for UTC and gets a `Z`.
    Utc,
}

/// How a file is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// `[name, base64]`.
    Pair,
    /// The content in base64.
    Base64,
    /// `{"fileData": [name, base64]}`.
    FileData,
}

impl Ty {
    /// The word that specs and descriptors use: `array<boolean<Y/N>>`.
    pub fn word(&self) -> String {
        match self {
            Self::String => "string".into(),
            Self::Integer => "integer".into(),
            Self::Number => "number".into(),
            Self::Boolean(BooleanForm::Json) => "boolean".into(),
            Self::Boolean(BooleanForm::YesNo) => "boolean<Y/N>".into(),
            Self::Boolean(BooleanForm::NoYes) => "boolean<N/Y>".into(),
            Self::Boolean(BooleanForm::OneZero) => "boolean<1/0>".into(),
            Self::Id => "id".into(),
            Self::Date => "date".into(),
            Self::DateTime(TimeForm::Iso) => "datetime".into(),
            Self::DateTime(TimeForm::Utc) => "datetime<Z>".into(),
            Self::File(FileForm::Pair) => "file".into(),
            Self::File(FileForm::Base64) => "file<base64>".into(),
            Self::File(FileForm::FileData) => "file<fileData>".into(),
            Self::Array(item) => format!("array<{}>", item.word()),
            Self::Map(value) => format!("map<{}>", value.word()),
            Self::Object => "object".into(),
            Self::OneOf(types) => types.iter().map(Self::word).collect::<Vec<_>>().join("|"),
            Self::Any => "any".into(),
        }
    }
}

/// An example of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What it shows; none on a lone example.
    pub title: Option<String>,
    /// The arguments, by the parameters' names, in the spec's order.
    pub arguments: serde_json::Map<String, Value>,
    /// The body that they make.
    pub body: serde_json::Map<String, Value>,
    /// The portal's answer, with its envelope.
    pub response: Option<Value>,
}
