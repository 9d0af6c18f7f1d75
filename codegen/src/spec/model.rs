//! The shape of the spec files. The doc comments become the descriptions of the JSON Schemas that editors show.

use schemars::JsonSchema;
use serde::Deserialize;

use super::entries::{EntriesSpec, PagingSpec, PresetParam, ValuesSpec, WireSpec};
use super::json::{Json, JsonObject};
use super::words::{EffectWord, ProcedureWord, RestWord, ReturnsWord, TypeWord};

/// One REST method of Bitrix24: `specs/<category>/<method>.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodSpec {
    /// The REST name, as in `user.update`; the file is called like it, with `.v3` behind it for REST 3.0.
    pub method: String,
    /// The name in the documentation and on the command line, as in `UpdateUser`. Default: the words of the method, the verb first.
    pub function: Option<String>,
    /// Other names that the command line accepts.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// A short title in sentence case, without a full stop.
    pub title: String,
    /// What the method does: one sentence or two.
    pub summary: String,
    /// The scope that the webhook or the application must have.
    pub scope: String,
    /// The REST version: 2 or 3.
    #[serde(default)]
    pub rest: RestWord,
    /// Who may call it, as in `administrator`. Leave it out where everybody may.
    pub access: Option<String>,
    /// What a call does to the portal's data. It decides whether a failed call may be repeated.
    pub effect: EffectWord,
    /// How the list is cut into pages. Leave it out where an answer holds all records. `start`: by `start`; `pagination`: REST
    /// 3.0's object; `offset`: by the number of records to skip; `page`: by the number of the page; `cursor`: each answer says
    /// where the next one begins; `after`: by the number of the last record, records going upwards by it; `first`: the answer
    /// is a first part, and there is no way to the others.
    pub paging: Option<PagingSpec>,
    /// The number's name among the conditions of the filter, as in `ID`, by which the list can be walked; `none` where it
    /// cannot. Default: found by the filter's keys, the records and the parameters for sorting.
    pub keyset: Option<String>,
    /// Records on a full page, or for `first` the most that can be had. Default: 50.
    pub page_size: Option<u16>,
    /// Whether it may stand in a batch.
    #[serde(default = "yes")]
    pub batchable: bool,
    /// Whether only an application may call it, not a webhook.
    #[serde(default)]
    pub app_only: bool,
    /// Set where the method should not be used any more.
    pub deprecated: Option<DeprecatedSpec>,
    /// The page of the official documentation.
    pub reference: Option<String>,
    /// The parameters, in the order of the documented signature. Those of the connection are added by themselves.
    /// `use: <type>.<field>` takes over a field of a shared type.
    #[serde(default)]
    pub params: Vec<PresetParam>,
    /// Whether the portal reads the parameters by their order, so that the body must keep the order of `params`.
    #[serde(default)]
    pub ordered: bool,
    /// What `result` of the answer is.
    pub returns: ReturnsSpec,
    /// The errors that the method is known to answer with.
    #[serde(default)]
    pub errors: Vec<ErrorSpec>,
    /// Examples, each checked against the parameters.
    #[serde(default)]
    pub examples: Vec<ExampleSpec>,
    /// For functions of the Open Integration Package: the names of the parameters that it has there, in order, without
    /// the connection's (`Token` may stand where it is not the last one). Their one-letter options follow from it.
    pub opi: Option<Vec<String>>,
    /// More functions on the same method: presets with fixed values, templates of an object, procedures.
    #[serde(default)]
    pub functions: Vec<FunctionSpec>,
}

fn yes() -> bool {
    true
}

/// What to use instead of a deprecated method.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeprecatedSpec {
    /// The method that replaces it.
    pub replacement: Option<String>,
    /// What to know when moving to it.
    pub note: Option<String>,
}

/// A parameter, a field of a shared type, or an entry of an object.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParamSpec {
    /// The key on the wire.
    pub name: String,
    /// The long option of the command line. Default: the name in kebab case.
    pub option: Option<String>,
    /// The one-letter option.
    pub short: Option<char>,
    /// The name in the documented signature. Default: the words of the name with capitals.
    pub argument: Option<String>,
    /// The type.
    #[serde(rename = "type")]
    pub ty: TypeWord,
    /// Whether the call needs it.
    #[serde(default)]
    pub required: bool,
    /// What the command line sends when the option is left out.
    pub default: Option<Json>,
    /// The parameter that excludes this one: given that, neither the value nor the default is sent.
    pub unless: Option<String>,
    /// For a file: the parameter that holds the name to send it under. Default: the name of the file itself.
    pub filename: Option<String>,
    /// The known values: a list, or a mapping of each value to what it means. Others are passed on.
    pub values: Option<ValuesSpec>,
    /// Where the value goes: `merge` (its entries go to the top level), a path with dots, or a list of keys. Default: below its name.
    pub wire: Option<WireSpec>,
    /// What it means: format, unit, what happens when it is left out.
    pub description: String,
    /// The known keys of an object.
    pub entries: Option<EntriesSpec>,
    /// It comes in answers only.
    #[serde(default)]
    pub readonly: bool,
    /// It is sent only: no answer holds it.
    #[serde(default)]
    pub writeonly: bool,
    /// Answers may hold null in its place.
    #[serde(default)]
    pub nullable: bool,
}

/// What `result` of the answer is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnsSpec {
    /// A type, `list` (all records), `page` (some of them, with `total` and `next`), `nothing` (null, or what is empty) or `map` (an
    /// object with free keys, such as the fields by their codes). Below the keys of a map stands anything, or with `of` a record; `map<string>`, `map<id>` …:
    /// values of a type; `map<list>`: lists of records.
    #[serde(rename = "type")]
    pub ty: ReturnsWord,
    /// The shared type of the record or records.
    pub of: Option<String>,
    /// The key of `result` that holds the records, with dots between nested keys.
    pub records: Option<String>,
    /// Whether the portal answers null, or false, where there is nothing of the kind.
    #[serde(default)]
    pub nullable: bool,
    /// What it means.
    pub description: String,
    /// The other forms that it comes in, where it is not always of one type: a number, or an object when that is asked for. The
    /// descriptions tell when each of them comes.
    #[serde(default)]
    pub or: Vec<FormSpec>,
}

/// Another form of a result.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormSpec {
    /// A type, `list` or `map`, as in `returns`.
    #[serde(rename = "type")]
    pub ty: ReturnsWord,
    /// The shared type of the record or records.
    pub of: Option<String>,
    /// When it comes, and what it means.
    pub description: String,
}

/// An error that the portal is known to answer with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorSpec {
    /// The portal's code; empty where it sends none.
    pub code: String,
    /// The HTTP status; 200 where the error comes in an answer that looks like a success.
    pub http: Option<u16>,
    /// When it comes and what to do.
    pub description: String,
}

/// An example.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExampleSpec {
    /// What it shows; needed where there are several.
    pub title: Option<String>,
    /// The values, by the parameters' names. A boolean is true or false here, whatever its form on the wire.
    #[serde(default)]
    pub arguments: JsonObject,
    /// The answer: an object with `result`.
    pub response: Option<JsonObject>,
}

/// A further function on the method: a preset, a template of an object, an object made of values, or a procedure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionSpec {
    /// The name, as in `ChangeUserStatus`.
    pub function: String,
    /// Other names that the command line accepts.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// A short title in sentence case, without a full stop.
    pub title: String,
    /// What it does.
    pub summary: String,
    /// Values that are always sent: path in the body → value.
    #[serde(default)]
    pub constants: JsonObject,
    /// Its parameters: `use: NAME` takes over one of the method's.
    #[serde(default)]
    pub params: Vec<PresetParam>,
    /// For functions of the Open Integration Package: the names of the parameters that it has there, in order, without
    /// the connection's (`Token` may stand where it is not the last one). Their one-letter options follow from it.
    pub opi: Option<Vec<String>>,
    /// The name of an object parameter of the method: the function prints its known keys and calls nothing.
    pub template: Option<String>,
    /// Whether the function only makes an object of its parameters, a part of a later call, and calls nothing.
    #[serde(default)]
    pub local: bool,
    /// The procedure of the runtime that carries the function out, where one call alone does not.
    pub procedure: Option<ProcedureWord>,
    /// What it answers, where that is not what the method answers.
    pub returns: Option<ReturnsSpec>,
    /// Examples.
    #[serde(default)]
    pub examples: Vec<ExampleSpec>,
}

/// A folder of methods: `specs/<folder>/_category.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CategorySpec {
    /// A short title in sentence case.
    pub title: String,
    /// What is in it.
    pub summary: String,
    /// Its place among the categories.
    pub position: usize,
    /// Functions in the order in which they are shown; those not named follow by method.
    #[serde(default)]
    pub order: Vec<String>,
}

/// A shared set of fields: `specs/types/<type>.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeSpec {
    /// The type's name; the file is called like it.
    #[serde(rename = "type")]
    pub name: String,
    /// What people call it, for a type with a page of its own; default: the words of its name.
    pub title: Option<String>,
    /// What it describes.
    pub description: String,
    /// Whether the client has a type of it. Not for sets of parameters, which are only taken over with `use`.
    #[serde(default = "yes")]
    pub view: bool,
    /// Its fields: written out, or taken over from other types.
    pub fields: Vec<PresetParam>,
}
