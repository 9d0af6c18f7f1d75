//! The rows of the tables, as JSON has them. They borrow from the IR: a tree of values for each row would cost more than
//! all the rest of the tables. What few rows have is left out of the others.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::text;
use crate::ir::{
    Category, Deprecation, Entity, ErrorCode, Example, Form, Function, Keyset, Kind, Method, Param, Rest, Returns,
    Shape, Wire,
};

/// A folder of commands. The key comes first in each row: a search compares beginnings of lines.
#[derive(Serialize)]
pub(super) struct CategoryRow<'a> {
    key: &'a str,
    folder: &'a str,
    order: usize,
    title: &'a str,
    summary: &'a str,
}

impl<'a> CategoryRow<'a> {
    pub(super) fn of(key: &'a str, order: usize, category: &'a Category) -> Self {
        Self { key, folder: &category.key, order, title: &category.title, summary: &category.summary }
    }
}

/// A shared type.
#[derive(Serialize)]
pub(super) struct TypeRow<'a> {
    key: &'a str,
    entity: &'a str,
    description: &'a str,
    fields: Vec<ParamRow<'a>>,
}

impl<'a> TypeRow<'a> {
    pub(super) fn of(key: &'a str, entity: &'a Entity) -> Self {
        Self { key, entity: &entity.name, description: &entity.description, fields: entries(&entity.fields) }
    }
}

/// A command.
#[derive(Serialize)]
pub(super) struct CommandRow<'a> {
    key: &'a str,
    method: Option<&'a str>,
    function: &'a str,
    aliases: &'a [String],
    title: &'a str,
    summary: &'a str,
    scope: &'a str,
    rest: u8,
    effect: &'static str,
    access: Option<&'a str>,
    deprecated: Option<DeprecationRow<'a>>,
    reference: Option<&'a str>,
    params: Vec<ParamRow<'a>>,
    returns: ReturnsRow<'a>,
    errors: Vec<ErrorRow<'a>>,
    category: &'a str,
    position: usize,
    paging: Option<&'static str>,
    constants: Pairs<'a, &'a Value>,
    template: Option<&'a serde_json::Map<String, Value>>,
    examples: Vec<ExampleRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    procedure: Option<&'static str>,
    #[serde(skip_serializing_if = "is_unset")]
    ordered: bool,
    #[serde(skip_serializing_if = "is_unset")]
    app_only: bool,
    #[serde(skip_serializing_if = "is_unset")]
    local: bool,
    #[serde(skip_serializing_if = "WalkRow::is_usual")]
    walk: WalkRow<'a>,
    #[serde(skip_serializing_if = "is_set")]
    batchable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_short: Option<char>,
}

impl<'a> CommandRow<'a> {
    pub(super) fn of(key: &'a str, method: &'a Method, function: &'a Function) -> Self {
        let constants = match &function.kind {
            Kind::Preset { constants, .. } => constants.iter().map(|(path, value)| (dotted(path), value)).collect(),
            _ => Vec::new(),
        };
        let is_call = function.has_connection();
        Self {
            key,
            method: is_call.then_some(method.name.as_str()),
            function: function.name.as_str(),
            aliases: &function.aliases,
            title: &function.title,
            summary: &function.summary,
            scope: &method.scope,
            rest: match method.rest {
                Rest::V2 => 2,
                Rest::V3 => 3,
            },
            effect: super::effect(method.effect),
            access: method.access.as_deref(),
            deprecated: method.deprecated.as_ref().map(DeprecationRow::of),
            reference: method.reference.as_deref(),
            params: function.params.iter().map(ParamRow::parameter).collect(),
            returns: ReturnsRow::of(method.answer_of(function)),
            errors: method.errors.iter().map(ErrorRow::of).collect(),
            category: &method.category,
            position: function.position,
            paging: method.paging.as_ref().map(|paging| paging.style.word()),
            constants: Pairs(constants),
            template: match &function.kind {
                Kind::Template { object, .. } => Some(object),
                _ => None,
            },
            examples: function.examples.iter().map(ExampleRow::of).collect(),
            procedure: match function.kind {
                Kind::Procedure(procedure) => Some(procedure.word()),
                _ => None,
            },
            ordered: method.ordered,
            app_only: method.app_only && is_call,
            local: matches!(function.kind, Kind::Local { .. }),
            walk: WalkRow::of(method),
            batchable: method.batchable,
            token_short: function.token_short,
        }
    }
}

#[derive(Serialize)]
struct DeprecationRow<'a> {
    replacement: Option<&'a str>,
    note: Option<&'a str>,
}

impl<'a> DeprecationRow<'a> {
    fn of(gone: &'a Deprecation) -> Self {
        Self { replacement: gone.replacement.as_deref(), note: gone.note.as_deref() }
    }
}

#[derive(Serialize)]
struct ErrorRow<'a> {
    code: &'a str,
    http: Option<u16>,
    description: &'a str,
}

impl<'a> ErrorRow<'a> {
    fn of(error: &'a ErrorCode) -> Self {
        Self { code: &error.code, http: error.http, description: &error.description }
    }
}

#[derive(Serialize)]
struct ExampleRow<'a> {
    title: Option<&'a str>,
    arguments: &'a serde_json::Map<String, Value>,
    body: &'a serde_json::Map<String, Value>,
    response: Option<&'a Value>,
}

impl<'a> ExampleRow<'a> {
    fn of(example: &'a Example) -> Self {
        Self {
            title: example.title.as_deref(),
            arguments: &example.arguments,
            body: &example.body,
            response: example.response.as_ref(),
        }
    }
}

/// How a list is walked, besides its style: what differs from the style's own.
#[derive(Default, PartialEq, Serialize)]
struct WalkRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keyset: Option<KeysetRow<'a>>,
}

#[derive(PartialEq, Serialize)]
struct KeysetRow<'a> {
    filter: &'a str,
    order: &'a str,
    key: &'a str,
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    select: Option<&'a str>,
}

impl<'a> WalkRow<'a> {
    fn of(method: &'a Method) -> Self {
        let Some(paging) = &method.paging else { return Self::default() };
        let unusual = (!paging.is_usual()).then_some(paging);
        Self {
            place: unusual.map(|paging| paging.place.as_str()),
            size: unusual.map(|paging| paging.size.as_str()),
            page: method.page_size,
            keyset: method.keyset.as_ref().map(|Keyset { filter, order, direction, key, field, select }| KeysetRow {
                filter,
                order,
                key,
                field,
                direction: direction.as_deref(),
                select: select.as_deref(),
            }),
        }
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize)]
struct ReturnsRow<'a> {
    r#type: String,
    entity: Option<&'a str>,
    records: Option<&'a str>,
    description: &'a str,
    #[serde(skip_serializing_if = "is_unset")]
    nullable: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    or: Vec<FormRow<'a>>,
}

#[derive(Serialize)]
struct FormRow<'a> {
    r#type: String,
    entity: Option<&'a str>,
    description: &'a str,
}

impl<'a> ReturnsRow<'a> {
    fn of(returns: &'a Returns) -> Self {
        Self {
            r#type: returns.shape.word(),
            entity: returns.shape.entity().map(|entity| entity.name.as_str()),
            records: returns.records.as_deref(),
            description: &returns.description,
            nullable: matches!(returns.shape, Shape::Nullable(_)),
            or: returns.shape.forms().iter().skip(1).map(FormRow::of).collect(),
        }
    }
}

impl<'a> FormRow<'a> {
    fn of(form: &'a Form) -> Self {
        Self {
            r#type: form.shape.word(),
            entity: form.shape.entity().map(|entity| entity.name.as_str()),
            description: &form.description,
        }
    }
}

/// A parameter of a command, or a key inside one, of which there are more than twice as many. What goes without saying is left
/// out: a key has no argument and no option, and its own name is its place in the object.
#[derive(Serialize)]
struct ParamRow<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<char>,
    r#type: String,
    #[serde(skip_serializing_if = "is_unset")]
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<&'a Value>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    meanings: Pairs<'a, &'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    wire: Cow<'a, str>,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unless: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<ParamRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    omit: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    require: &'a [String],
    #[serde(skip_serializing_if = "is_unset")]
    answered: bool,
    #[serde(skip_serializing_if = "is_unset")]
    group: bool,
    #[serde(skip_serializing_if = "is_unset")]
    readonly: bool,
    #[serde(skip_serializing_if = "is_unset")]
    nullable: bool,
}

impl<'a> ParamRow<'a> {
    fn parameter(param: &'a Param) -> Self {
        Self {
            argument: Some(param.argument.as_str()),
            option: Some(param.option.as_str()),
            wire: wire(param),
            ..Self::entry(param)
        }
    }

    fn entry(param: &'a Param) -> Self {
        let shared = param.entries.as_ref().filter(|entries| entries.entity.is_some());
        let meaning = |known: &'a crate::ir::KnownValue| Some((text(&known.value), known.description.as_deref()?));
        Self {
            name: &param.name,
            argument: None,
            option: None,
            short: param.short,
            r#type: param.ty.word(),
            required: param.required,
            default: param.default.as_ref(),
            values: param.values.iter().map(|known| &known.value).collect(),
            meanings: Pairs(param.values.iter().filter_map(meaning).collect()),
            wire: Some(wire(param)).filter(|wire| *wire != param.name).unwrap_or_default(),
            description: &param.description,
            unless: param.unless.as_deref(),
            filename: param.filename.as_deref(),
            entries: param.entries.as_ref().map(|inner| entries(inner.own())).unwrap_or_default(),
            entity: shared.and_then(|entries| Some(entries.entity.as_ref()?.name.as_str())),
            omit: shared.map(|entries| entries.omit.as_slice()).unwrap_or_default(),
            require: shared.map(|entries| entries.require.as_slice()).unwrap_or_default(),
            answered: shared.is_some_and(|entries| entries.readonly),
            group: param.is_group,
            readonly: param.readonly,
            nullable: param.nullable,
        }
    }
}

/// Where a value goes in the body.
fn wire(param: &Param) -> Cow<'_, str> {
    match &param.wire {
        Wire::Merge => "merge".into(),
        Wire::Path(path) => dotted(path),
    }
}

fn entries(params: &[Param]) -> Vec<ParamRow<'_>> {
    params.iter().map(ParamRow::entry).collect()
}

/// An object of whatever keys, in their order.
struct Pairs<'a, V>(Vec<(Cow<'a, str>, V)>);

impl<V> Pairs<'_, V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V: Serialize> Serialize for Pairs<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A path with dots between its keys; a dot inside a key is escaped.
fn dotted(path: &[String]) -> Cow<'_, str> {
    match path {
        [key] if !key.contains('.') => key.into(),
        path => path.iter().map(|key| key.replace('.', "\\.")).collect::<Vec<_>>().join(".").into(),
    }
}

fn is_unset(flag: &bool) -> bool {
    !flag
}

fn is_set(flag: &bool) -> bool {
    *flag
}
