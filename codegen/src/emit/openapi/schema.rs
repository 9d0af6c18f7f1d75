//! JSON Schemas of types, parameters and results.

use std::collections::BTreeMap;

use serde_json::Value;

use super::component::{Component, Fixed};
use super::json::{Json, Object};
use crate::emit::tables::text;
use crate::ir::{BooleanForm, Entries, FileForm, Form, JsonKind, Param, Returns, Shape, Ty, Wire, are_apart};
use crate::wire::wire_form;

/// Where a value is met. What is sent is described strictly; a portal that answers is not that strict: numbers come as
/// texts, and what is empty as null, an empty text or an empty list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// In a request.
    Input,
    /// In a request, as a condition.
    Keys,
    /// In an answer.
    Answer,
}

/// The schema of a parameter, a field or an entry.
pub(super) fn param<'a>(json: &mut Json<'a>, param: &'a Param, side: Side) {
    json.object(|object| {
        object.string("description", &description(param));
        let is_component = |entries: &Entries| entries.entity.is_some() && entries.omit.is_empty();
        match &param.entries {
            // Every other type of an answer takes null as it is.
            Some(entries)
                if param.nullable && param.ty == Ty::Object && is_component(entries) && side == Side::Answer =>
            {
                object.key("anyOf").array([true, false], |json, is_there| {
                    json.object(|choice| match is_there {
                        true => self::object(choice, Some(entries), side),
                        // What is empty is an empty list to the portal.
                        false => nothing(choice),
                    });
                });
            }
            entries => ty(object, &param.ty, entries.as_ref(), side),
        }
        let examples: Vec<_> = match &param.ty {
            Ty::Boolean(_) | Ty::Array(_) | Ty::Map(_) => Vec::new(),
            _ => param.values.iter().map(|known| &known.value).collect(),
        };
        if !examples.is_empty() {
            object.key("examples").array(examples, |json, value| json.value(value));
        }
        if let (Some(default), true) = (&param.default, side != Side::Answer) {
            object.value("default", &wire_form(param, default));
        }
    });
}

/// What a parameter means, and what each of its known values does. The list stays open: a portal may know others.
fn description(param: &Param) -> String {
    let mut description = param.description.clone();
    for (at, known) in param.values.iter().enumerate() {
        description.push_str(if at == 0 { "\n\nKnown values:\n\n" } else { "\n" });
        match &known.description {
            Some(meaning) => description.push_str(&format!("- `{}`: {meaning}", text(&known.value))),
            None => description.push_str(&format!("- `{}`", text(&known.value))),
        }
    }
    description
}

/// The keywords of a type.
fn ty<'a>(object: &mut Object<'_, 'a>, ty: &'a Ty, entries: Option<&'a Entries>, side: Side) {
    match ty {
        Ty::String => scalar(object, &["string"], side),
        Ty::Integer => scalar(object, &["integer"], side),
        Ty::Number => scalar(object, &["number"], side),
        Ty::Id => scalar(object, &["integer", "string"], side),
        Ty::Boolean(form) => boolean(object, *form, side),
        Ty::Date => time(object, "date", side),
        Ty::DateTime(_) => time(object, "date-time", side),
        // An answer describes a file in many ways, a condition asks for its presence.
        Ty::File(_) if side != Side::Input => {}
        Ty::File(FileForm::Pair) => object.refer(Component::Fixed(Fixed::File)),
        Ty::File(FileForm::Base64) => {
            object.string("type", "string");
            object.string("contentEncoding", "base64");
        }
        Ty::File(FileForm::FileData) => {
            object.string("type", "object");
            object.strings("required", ["fileData"]);
            object
                .object("properties", |keys| keys.object("fileData", |file| file.refer(Component::Fixed(Fixed::File))));
        }
        Ty::Array(item) => {
            // An empty object and an empty list are the same to a portal, and a list with gaps is an object.
            match side {
                Side::Answer => object.strings("type", ["array", "object", "null"]),
                Side::Input | Side::Keys => object.string("type", "array"),
            }
            object.object("items", |items| self::ty(items, item, entries, side));
        }
        Ty::Map(value) => {
            nested(object, side);
            object.object("additionalProperties", |values| self::ty(values, value, entries, side));
        }
        Ty::Object => self::object(object, entries, side),
        Ty::OneOf(types) => {
            object.key("anyOf").array(types, |json, one| json.object(|choice| self::ty(choice, one, entries, side)))
        }
        Ty::Any => any(object, entries, side),
    }
}

fn scalar(object: &mut Object<'_, '_>, types: &[&str], side: Side) {
    match side {
        Side::Input => types_of(object, types),
        Side::Keys => {
            types_of(object, &[types, &["array"]].concat());
            object.object("items", |items| types_of(items, types));
        }
        Side::Answer => {
            let mut types = types.to_vec();
            for other in ["string", "null"] {
                if !types.contains(&other) {
                    types.push(other);
                }
            }
            types_of(object, &types);
        }
    }
}

fn types_of(object: &mut Object<'_, '_>, types: &[&str]) {
    match types {
        [one] => object.string("type", one),
        several => object.strings("type", several.iter().copied()),
    }
}

fn time(object: &mut Object<'_, '_>, format: &str, side: Side) {
    scalar(object, &["string"], side);
    // An answer may be an empty text, on which strict readers of a format would fail.
    if side == Side::Input {
        object.string("format", format);
    }
}

fn boolean(object: &mut Object<'_, '_>, form: BooleanForm, side: Side) {
    let words: &[&str] = match form {
        BooleanForm::Json => &["true", "false"],
        BooleanForm::YesNo | BooleanForm::NoYes => &["\"Y\"", "\"N\""],
        BooleanForm::OneZero => &["1", "0"],
    };
    let list = format!("[{}]", words.join(","));
    match (side, form) {
        (Side::Answer, _) => {
            object.strings("type", ["boolean", "string", "integer", "null"]);
            object.raw("examples", &list);
        }
        (_, BooleanForm::Json) => object.string("type", "boolean"),
        (_, form) => {
            object.string("type", if form == BooleanForm::OneZero { "integer" } else { "string" });
            object.raw("enum", &list);
        }
    }
}

fn object<'a>(object: &mut Object<'_, 'a>, entries: Option<&'a Entries>, side: Side) {
    let Some(entries) = entries else {
        nested(object, side);
        return object.yes("additionalProperties");
    };
    let side = if entries.readonly && side == Side::Input { Side::Keys } else { side };
    match &entries.entity {
        Some(entity) if entries.omit.is_empty() => {
            let ident = entity.ident.as_str();
            let shared = match side {
                Side::Input => Component::Input(ident),
                Side::Keys => Component::Keys(ident),
                Side::Answer => Component::Answer(ident),
            };
            let is_required = |entry: &&Param| entry.required && side != Side::Answer;
            let required: Vec<&str> = entries.all.iter().filter(is_required).map(|entry| entry.name.as_str()).collect();
            if entries.own().is_empty() && required.is_empty() {
                return object.refer(shared);
            }
            object.key("allOf").array([false, true], |json, own| {
                json.object(|part| {
                    if own {
                        nested(part, side);
                        own_part(part, entries, &required, side);
                    } else {
                        part.refer(shared);
                    }
                });
            });
        }
        _ => {
            nested(object, side);
            keys(object, entries.all.iter(), side != Side::Answer, side);
        }
    }
}

/// Nothing, which may come as an empty list.
fn nothing(object: &mut Object<'_, '_>) {
    object.strings("type", ["array", "null"]);
    object.raw("maxItems", "0");
}

/// The type of an object inside another one.
fn nested(object: &mut Object<'_, '_>, side: Side) {
    match side {
        Side::Answer => object.strings("type", ["object", "array", "null"]),
        Side::Input | Side::Keys => object.string("type", "object"),
    }
}

/// The known keys of an object; others pass.
pub(super) fn keys<'a>(
    object: &mut Object<'_, 'a>,
    all: impl Iterator<Item = &'a Param> + Clone,
    with_required: bool,
    side: Side,
) {
    let required: Vec<&str> =
        all.clone().filter(|one| one.required && with_required).map(|one| one.name.as_str()).collect();
    properties(object, all, side);
    require(object, &required);
}

fn properties<'a>(object: &mut Object<'_, 'a>, all: impl Iterator<Item = &'a Param>, side: Side) {
    object.object("properties", |keys| {
        for one in all.filter(|one| is_met(one, side)) {
            param(keys.key(&one.name), one, side);
        }
    });
    object.yes("additionalProperties");
}

/// Whether a key may be met on a side: what comes in answers only is not sent, and what is sent only does not come back.
fn is_met(one: &Param, side: Side) -> bool {
    match side {
        Side::Input => !one.readonly,
        Side::Keys => true,
        Side::Answer => !one.writeonly,
    }
}

/// What a call says of a shared type: keys of its own, and which are required. A required key of the shared type stands
/// here too, because some generators look for it beside `required`.
fn own_part<'a>(object: &mut Object<'_, 'a>, entries: &'a Entries, required: &[&str], side: Side) {
    object.object("properties", |keys| {
        for one in entries.own().iter().filter(|one| is_met(one, side)) {
            param(keys.key(&one.name), one, side);
        }
        for name in required.iter().filter(|name| entries.own().iter().all(|own| own.name != **name)) {
            keys.object(name, |_| {});
        }
    });
    object.yes("additionalProperties");
    require(object, required);
}

fn require(object: &mut Object<'_, '_>, names: &[&str]) {
    if !names.is_empty() {
        object.strings("required", names.iter().copied());
    }
}

/// Anything, some of which has known keys.
fn any<'a>(object: &mut Object<'_, 'a>, entries: Option<&'a Entries>, side: Side) {
    if entries.is_some() && side != Side::Answer {
        object.key("anyOf").array([true, false], |json, is_object| {
            json.object(|choice| {
                if is_object {
                    self::object(choice, entries, side);
                } else {
                    choice.strings("type", ["array", "boolean", "number", "string", "null"]);
                }
            });
        });
    }
}

/// The parameters below one key of the body.
#[derive(Default)]
struct Branch<'a> {
    leaf: Option<&'a Param>,
    keys: BTreeMap<&'a str, Branch<'a>>,
    /// The keys in the order of the parameters.
    order: Vec<&'a str>,
}

impl<'a> Branch<'a> {
    fn insert(&mut self, path: &'a [String], param: &'a Param) {
        match path.split_first() {
            None => self.leaf = Some(param),
            Some((key, rest)) => {
                if !self.keys.contains_key(key.as_str()) {
                    self.order.push(key);
                }
                self.keys.entry(key).or_default().insert(rest, param);
            }
        }
    }

    fn is_required(&self) -> bool {
        self.leaf.is_some_and(|leaf| leaf.required) || self.keys.values().any(Self::is_required)
    }

    fn write(&self, json: &mut Json<'a>) {
        match self.leaf {
            Some(leaf) if self.keys.is_empty() => param(json, leaf, Side::Input),
            Some(leaf) => json.object(|object| {
                object.key("allOf").array([true, false], |json, whole| {
                    if whole { param(json, leaf, Side::Input) } else { json.object(|object| self.keys(object, &[])) }
                });
            }),
            None => json.object(|object| self.keys(object, &[])),
        }
    }

    /// An object of the keys; `more` ones are written as they are.
    fn keys(&self, object: &mut Object<'_, 'a>, more: &[(&str, Component<'a>)]) {
        object.string("type", "object");
        object.object("properties", |keys| {
            for key in &self.order {
                self.keys[key].write(keys.key(key));
            }
            for (key, component) in more {
                keys.object(key, |schema| schema.refer(*component));
            }
        });
        object.yes("additionalProperties");
        let required: Vec<&str> = self.order.iter().filter(|key| self.keys[*key].is_required()).copied().collect();
        require(object, &required);
    }
}

/// The body of a call; `has_token` where the access token is one of its keys.
pub(super) fn body<'a>(json: &mut Json<'a>, params: impl Iterator<Item = &'a Param>, has_token: bool) {
    let mut tree = Branch::default();
    let mut merged = Vec::new();
    for param in params {
        match &param.wire {
            Wire::Path(path) => tree.insert(path, param),
            Wire::Merge => merged.push(param),
        }
    }
    let token = if has_token { &[("auth", Component::Fixed(Fixed::Token))][..] } else { &[] };
    json.object(|object| {
        if merged.is_empty() {
            return tree.keys(object, token);
        }
        object.key("allOf").array(merged.into_iter().map(Some).chain([None]), |json, merged| match merged {
            Some(merged) => param(json, merged, Side::Input),
            None => json.object(|object| tree.keys(object, token)),
        });
    });
}

/// `result` of an answer, `shown` being one.
pub(super) fn result<'a>(json: &mut Json<'a>, returns: &'a Returns, shown: Option<&Value>) {
    let path: Vec<&str> = returns.records.iter().flat_map(|records| records.split('.')).collect();
    let shown = path.iter().fold(shown, |value, key| value?.get(key));
    let is_object = shown.is_some_and(Value::is_object);
    match &returns.shape {
        // What may be missing below a key may also be missing with all that is around it.
        Shape::Nullable(_) if !path.is_empty() => json.object(|object| {
            object.key("anyOf").array([true, false], |json, is_there| match is_there {
                true => below(json, &path, returns, is_object),
                false => json.object(|object| object.raw("enum", "[null,false]")),
            });
        }),
        _ => below(json, &path, returns, is_object),
    }
}

fn below<'a>(json: &mut Json<'a>, path: &[&str], returns: &'a Returns, is_object: bool) {
    json.object(|object| match path.split_first() {
        Some((key, rest)) => {
            object.string("type", "object");
            object.object("properties", |keys| below(keys.key(key), rest, returns, is_object));
            object.yes("additionalProperties");
        }
        None => {
            // Of several forms each has its own.
            if returns.shape.forms().is_empty() {
                object.string("description", &returns.description);
            }
            shape(object, &returns.shape, is_object);
        }
    });
}

fn shape<'a>(object: &mut Object<'_, 'a>, shape: &'a Shape, is_object: bool) {
    match shape {
        Shape::Value(ty) => self::ty(object, ty, None, Side::Answer),
        Shape::Record(entity) => object.refer(Component::Answer(entity.ident.as_str())),
        Shape::List(entity) | Shape::Page(entity) => {
            // Some lists are answered as objects, the records by their numbers; an empty one is a list all the same.
            let key = if is_object { "additionalProperties" } else { "items" };
            if is_object {
                object.strings("type", ["object", "array"]);
            } else {
                object.string("type", "array");
            }
            object.object(key, |records| {
                if let Some(entity) = entity {
                    records.refer(Component::Answer(entity.ident.as_str()));
                }
            });
        }
        Shape::Map(value) => {
            // An empty one is a list, as is one whose keys are 0, 1, 2 and so on.
            object.strings("type", ["object", "array"]);
            object.object("additionalProperties", |values| self::shape(values, value, false));
        }
        Shape::Nothing => nothing(object),
        Shape::Nullable(value) => {
            // Where there is nothing, some methods answer false.
            let nothing: &[&str] =
                if matches!(**value, Shape::Value(Ty::Boolean(_))) { &["null"] } else { &["null", "false"] };
            object.key("anyOf").array([Some(&**value), None], |json, some| {
                json.object(|object| match some {
                    Some(value) => self::shape(object, value, is_object),
                    None => object.raw("enum", &format!("[{}]", nothing.join(","))),
                });
            });
        }
        Shape::OneOf(forms) => one_of(object, forms),
    }
}

/// A result in several forms: `oneOf` where its kind of JSON tells which it is.
fn one_of<'a>(object: &mut Object<'_, 'a>, forms: &'a [Form]) {
    let is_list = |form: &Form| form.shape.kinds().contains(&JsonKind::List);
    // An empty object comes as an empty list, which a list beside it takes as its own.
    let has_list = forms.iter().any(is_list);
    object.key(if are_apart(forms) { "oneOf" } else { "anyOf" }).array(forms, |json, form| {
        json.object(|object| {
            object.string("description", &form.description);
            self::form(object, &form.shape, has_list);
        });
    });
}

/// One of several forms: of its own kinds of JSON only, so that no other one is meant.
fn form<'a>(object: &mut Object<'_, 'a>, shape: &'a Shape, has_list: bool) {
    let types_of_object: &[&str] = if has_list { &["object"] } else { &["object", "array"] };
    match shape {
        Shape::Value(Ty::Array(item)) => {
            object.string("type", "array");
            object.object("items", |items| ty(items, item, None, Side::Answer));
        }
        Shape::Value(Ty::Object) => {
            types_of(object, types_of_object);
            object.yes("additionalProperties");
        }
        Shape::Value(Ty::Map(value)) => {
            types_of(object, types_of_object);
            object.object("additionalProperties", |values| ty(values, value, None, Side::Answer));
        }
        Shape::Map(value) => {
            types_of(object, types_of_object);
            object.object("additionalProperties", |values| self::shape(values, value, false));
        }
        Shape::Value(scalar) => {
            let types: Vec<&str> = shape
                .kinds()
                .iter()
                .map(|kind| match kind {
                    JsonKind::Boolean => "boolean",
                    JsonKind::Number if *scalar == Ty::Number => "number",
                    JsonKind::Number => "integer",
                    JsonKind::Text => "string",
                    JsonKind::List => "array",
                    JsonKind::Object => "object",
                })
                .collect();
            types_of(object, &types);
        }
        shape => self::shape(object, shape, false),
    }
}
