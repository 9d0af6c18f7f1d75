//! What the methods of all entities of the table do: make, find, list, change and remove records.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, Success, iso};
use crate::sandbox::dispatch::{Call, find};
use crate::sandbox::entity::{Entity, Kind, Missing, Parent, ROWS, Reply, Verb};
use crate::sandbox::query::{self, Filter, Query};
use crate::sandbox::{bindings, catalog, events, list_fields, pipelines, product_rows, tasks, user_fields};
use crate::value::Object;

/// Carries out a method of an entity.
pub(super) fn run(call: &mut Call<'_>, entity: &Entity, verb: Verb) -> Outcome {
    if let Some(params) = by_name(call.params, entity, verb) {
        let mut named = Call { state: call.state, params: &params, ..*call };
        return carry_out(&mut named, entity, verb);
    }
    carry_out(call, entity, verb)
}

fn carry_out(call: &mut Call<'_>, entity: &Entity, verb: Verb) -> Outcome {
    match verb {
        Verb::Add => add(call, entity),
        Verb::Get => get(call, entity),
        Verb::List => list(call, entity),
        Verb::Update => update(call, entity),
        Verb::Delete => delete(call, entity),
        Verb::Fields => {
            let mut all = fields(entity);
            for field in further(call, entity) {
                let kind = if field.starts_with("RQ_") && field.ends_with("_DATE") { Kind::Date } else { Kind::Text };
                all.entry(field.as_str()).or_insert_with(|| described(&field, kind));
            }
            all.extend(user_fields::described(call.store(), &entity.name));
            Ok(wrapped(entity.described_as.as_deref(), all.into()).into())
        }
    }
}

/// Parameters that were sent by their positions, under their names.
fn by_name(params: &Object, entity: &Entity, verb: Verb) -> Option<Object> {
    let names = entity.positions.get(&verb)?;
    params.contains_key("0").then(|| {
        let named = names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((name.clone(), params.get(&at.to_string())?.clone())));
        named.collect()
    })
}

/// The number in a value.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn first_number(call: &Call<'_>, names: &[String]) -> Option<u64> {
    names.iter().find_map(|name| call.param(name)).and_then(number)
}

/// The parent that the parameters name.
///
/// # Errors
/// When it does not exist, or is not named where it has to be.
pub(super) fn parent_of(call: &Call<'_>, entity: &Entity, parent: &Parent) -> Result<Option<u64>, Refusal> {
    let by_code = || {
        let (param, field) = parent.code.as_ref()?;
        let (code, of) = (call.text(param).filter(|code| !code.is_empty())?, parent.of.as_deref()?);
        let is_its = |record: &Object| record.get(field).and_then(Value::as_str) == Some(&code);
        Some(call.store().all(of).iter().find(|(_, record)| is_its(record)).map_or(0, |(id, _)| *id))
    };
    let id = first_number(call, &parent.by).or_else(by_code);
    let exists = |id: u64| parent.of.as_deref().is_none_or(|of| call.store().get(of, id).is_some());
    match id {
        Some(id) if exists(id) => Ok(Some(id)),
        None if !parent.always => Ok(None),
        _ => {
            let missing = parent.missing.as_ref().unwrap_or(&entity.missing);
            Err(Refusal::new(missing.status, &missing.code, &*missing.text))
        }
    }
}

/// An error of a row; its text may speak of a field and of the method.
fn told(call: &Call<'_>, error: &Missing, text: &str, field: &str) -> Refusal {
    Refusal::new(error.status, &error.code, text.replace("{method}", call.method).replace("{}", field))
}

/// Refuses a change without fields, where the method says so.
fn needs_input(call: &Call<'_>, entity: &Entity) -> Result<(), Refusal> {
    let given = entity.input.as_ref().and_then(|name| call.param(name));
    match &entity.without_input {
        // PHP cannot tell an empty list from an empty map.
        Some(error)
            if !given.is_some_and(|fields| fields.is_object() || fields.as_array().is_some_and(Vec::is_empty)) =>
        {
            Err(told(call, error, &error.text, ""))
        }
        _ => Ok(()),
    }
}

/// The record that the parameters name.
fn named(call: &Call<'_>, entity: &Entity) -> Result<u64, Refusal> {
    let missing = || Refusal::new(entity.missing.status, &entity.missing.code, &*entity.missing.text);
    if !entity.by.iter().any(|name| call.param(name).is_some()) {
        if let Some(unnamed) = &entity.unnamed {
            return Err(told(call, unnamed, &unnamed.text, ""));
        }
        let name = entity.by.first().map_or("id", String::as_str);
        return Err(Refusal::new(
            400,
            &entity.missing.code,
            format!("{} is not defined or invalid.", name.to_uppercase()),
        ));
    }
    let parent = entity.parent.as_ref().map(|parent| Ok((parent, parent_of(call, entity, parent)?))).transpose()?;
    let id = first_number(call, &entity.by).ok_or_else(missing)?;
    let record = call.store().get(&entity.name, id).ok_or_else(missing)?;
    match parent {
        Some((parent, wanted)) => match wanted {
            Some(wanted) if record.get(&parent.field).and_then(number) != Some(wanted) => Err(missing()),
            _ => Ok(id),
        },
        None => Ok(id),
    }
}

/// The fields sent, under the records' own names; what does not exist or cannot be written is left out in silence.
fn sent(call: &Call<'_>, entity: &Entity) -> Object {
    let given = match &entity.input {
        Some(name) => {
            let also = entity.also.iter().filter_map(|name| Some((name.clone(), call.param(name)?.clone())));
            let mut given: Object = also.collect();
            given.extend(call.param(name).and_then(Value::as_object).cloned().unwrap_or_default());
            given
        }
        None => call.params.clone(),
    };
    let own = |name: &str| name.starts_with("UF_") || name.starts_with("PROPERTY_") || name.starts_with("PARENT_ID_");
    given
        .into_iter()
        .map(|(name, value)| (stored_name(entity, &name), value))
        .filter(|(name, _)| match entity.fields.get(name) {
            Some(field) => !field.readonly,
            None => *name != entity.id && (entity.is_open() || own(name)),
        })
        .map(|(name, value)| {
            // What the specs name besides is text.
            let kind = if entity.more.is_some() && name.starts_with("RQ_") { Kind::Text } else { entity.kind(&name) };
            let value = normal(entity, kind, value);
            (name, value)
        })
        .collect()
}

/// The records' own name of a field.
pub(super) fn stored_name(entity: &Entity, name: &str) -> String {
    if let Some(stored) = entity.names.get(name) {
        stored.clone()
    } else if entity.fields.contains_key(name) {
        name.to_owned()
    } else if entity.camel && name.contains(char::is_lowercase) {
        upper(name)
    } else if entity.camel || entity.fields.contains_key(&name.to_uppercase()) {
        name.to_uppercase()
    } else {
        name.to_owned()
    }
}

/// `assignedById` → `ASSIGNED_BY_ID`, `ufCrm44_17` → `UF_CRM_44_17`.
pub(super) fn upper(name: &str) -> String {
    let mut upper = String::with_capacity(name.len() + 4);
    let mut last = '_';
    for char in name.chars() {
        let begins = char.is_uppercase() || (char.is_ascii_digit() && !last.is_ascii_digit());
        if begins && last != '_' {
            upper.push('_');
        }
        upper.extend(char.to_uppercase());
        last = char;
    }
    upper
}

/// `ASSIGNED_BY_ID` → `assignedById`. The number at the end of a custom field stays apart: `UF_CRM_44_17` →
/// `ufCrm44_17`.
pub(super) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    for (at, word) in words.iter().enumerate() {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && at + 1 == words.len() && name.starts_with("UF_") {
            camel.push('_');
        }
        let mut chars = word.chars();
        let first = chars.next();
        if at == 0 {
            camel.extend(first.into_iter().flat_map(char::to_lowercase));
        } else {
            camel.extend(first.into_iter().flat_map(char::to_uppercase));
        }
        camel.extend(chars.flat_map(char::to_lowercase));
    }
    camel
}

/// A value in the form that the records hold.
pub(super) fn normal(entity: &Entity, kind: Kind, value: Value) -> Value {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "Y" } else { "N" }.to_owned()),
        _ => None,
    };
    match (kind, plain(&value)) {
        (Kind::Flag, Some(text)) => match text.to_lowercase().as_str() {
            "y" | "1" | "true" => "Y".into(),
            _ => "N".into(),
        },
        (Kind::Count, Some(text)) => text.trim().parse::<i64>().map_or(value, Value::from),
        (Kind::Integer | Kind::Number, Some(text)) if !entity.text => {
            let number = text.trim().parse::<i64>().map(Value::from);
            number.or_else(|_| text.trim().parse::<f64>().map(Value::from)).unwrap_or(value)
        }
        (Kind::Money, Some(text)) => match text.trim().parse::<f64>() {
            Ok(amount) if entity.text => format!("{amount:.2}").into(),
            Ok(amount) => amount.into(),
            Err(_) => {
                if entity.text {
                    "0.00".into()
                } else {
                    json!(0)
                }
            }
        },
        (Kind::Date | Kind::Time, Some(text))
            if text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2 =>
        {
            format!("{text}T00:00:00+00:00").into()
        }
        (Kind::Multi, _) => multi(value),
        (Kind::List, Some(text)) => {
            if text.is_empty() {
                json!([])
            } else {
                json!([text])
            }
        }
        (Kind::List, _) if entity.text => match value {
            Value::Array(items) => items
                .into_iter()
                .map(|item| if item.is_number() { Value::from(item.to_string()) } else { item })
                .collect(),
            other => other,
        },
        (Kind::Any | Kind::List, _) => value,
        (_, Some(text)) if entity.text => text.into(),
        _ => value,
    }
}

/// Telephone numbers and the like as a list of entries with a kind.
fn multi(value: Value) -> Value {
    let items: Vec<Value> = match value {
        Value::Array(items) => items,
        Value::Object(map) => map.into_iter().map(|(_, item)| item).collect(),
        _ => Vec::new(),
    };
    let entries = items.into_iter().map(|item| {
        let mut entry = Object::new();
        entry.insert("VALUE_TYPE".into(), "WORK".into());
        match item {
            Value::Object(item) => entry.extend(item),
            other => entry.extend([("VALUE".to_owned(), other)]),
        }
        Value::Object(entry)
    });
    entries.collect()
}

/// Contact data after a change: what has the number of a known entry changes it, or removes it where it is empty;
/// the rest is new. `name` is the field.
pub(super) fn merged(name: &str, known: &Value, sent: Value) -> Value {
    let text = |entry: &Value, key: &str| {
        entry.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let mut entries: Vec<Value> = known.as_array().cloned().unwrap_or_default();
    let mut last = entries.iter().filter_map(|entry| text(entry, "ID")?.parse::<u64>().ok()).max().unwrap_or(0);
    let sent = match sent {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    for mut entry in sent {
        let id = text(&entry, "ID");
        let place = entries.iter().position(|known| id.is_some() && text(known, "ID") == id);
        match (place, text(&entry, "VALUE").as_deref()) {
            (Some(at), Some("")) => {
                entries.remove(at);
            }
            (Some(at), _) => {
                if let (Value::Object(known), Value::Object(changes)) = (&mut entries[at], entry) {
                    known.extend(changes);
                }
            }
            (None, None | Some("")) => {}
            (None, Some(_)) => {
                last += 1;
                entry["ID"] = last.to_string().into();
                entry["TYPE_ID"] = name.into();
                entries.push(entry);
            }
        }
    }
    entries.into()
}

/// `HAS_PHONE` and its like tell whether there is such contact data.
pub(super) fn flag_contacts(entity: &Entity, record: &mut Object) {
    for name in entity.fields.iter().filter(|(_, field)| field.kind == Kind::Multi).map(|(name, _)| name) {
        let flag = format!("HAS_{name}");
        if entity.fields.contains_key(&flag) {
            let has = record.get(name).and_then(Value::as_array).is_some_and(|entries| !entries.is_empty());
            record.insert(flag, if has { "Y" } else { "N" }.into());
        }
    }
}

/// Fills in who and when.
pub(super) fn stamp(call: &Call<'_>, entity: &Entity, record: &mut Object, is_new: bool) {
    let user: Value = if entity.text { call.user.to_string().into() } else { call.user.into() };
    let now: Value = iso(call.now).into();
    let mut set = |field: &Option<String>, value: &Value| {
        record.extend(field.iter().map(|field| (field.clone(), value.clone())));
    };
    if is_new {
        set(&entity.created, &now);
        set(&entity.author, &user);
    }
    set(&entity.changed, &now);
    set(&entity.editor, &user);
}

/// A record with every field that has a value from the start.
pub(super) fn blank(entity: &Entity, id: u64) -> Object {
    let mut record = Object::new();
    record.insert(entity.id.clone(), if entity.text { id.to_string().into() } else { id.into() });
    for (name, field) in entity.fields.iter().filter(|(name, _)| *name != "*" && **name != entity.id) {
        if field.kind != Kind::Multi {
            record.insert(name.clone(), entity.defaults.get(name).cloned().unwrap_or(Value::Null));
        }
    }
    for (name, value) in &entity.defaults {
        record.entry(name.clone()).or_insert_with(|| value.clone());
    }
    record
}

/// What follows from a change of a record, for kinds of records that have rules of their own.
fn settle(
    call: &mut Call<'_>,
    entity: &Entity,
    record: &mut Object,
    sent: &Object,
    before: Option<&Object>,
) -> Result<(), Refusal> {
    flag_contacts(entity, record);
    bindings::settle(&entity.name, record, sent);
    pipelines::settle(call, entity, &entity.name, record, sent, before);
    match (entity.name.as_str(), before) {
        ("crm.status", None) => pipelines::status_prefix(record),
        ("tasks.task", None) => tasks::begun(call, record),
        ("task.elapseditem", _) => tasks::booked(call, record),
        ("catalog.product", _) => catalog::settle(call, record, sent, before),
        ("lists.element", _) => list_fields::settle(call, record, sent, before),
        ("calendar.event", _) => events::settle(call, record, sent)?,
        _ => {}
    }
    Ok(())
}

/// What follows for other records once one is kept or gone.
fn settled(call: &mut Call<'_>, entity: &Entity, record: &Object) {
    if entity.name == "task.elapseditem"
        && let Some(task) = record.get("TASK_ID").and_then(number)
    {
        tasks::add_up(call, task);
    }
}

fn add(call: &mut Call<'_>, entity: &Entity) -> Outcome {
    needs_input(call, entity)?;
    let mut fields = sent(call, entity);
    for (name, value) in &mut fields {
        if entity.kind(name) == Kind::Multi {
            *value = merged(name, &json!([]), value.take());
        }
    }
    let is_empty =
        |value: &Value| matches!(value, Value::Null) || value.as_str().is_some_and(|text| text.trim().is_empty());
    if let Some(field) = entity.required.iter().find(|field| fields.get(*field).is_none_or(is_empty)) {
        let outer = entity.names.iter().find(|(_, inner)| *inner == field).map_or(field, |(outer, _)| outer);
        return Err(match entity.absent.get(field) {
            Some(absent) => told(call, absent, &absent.text, outer),
            None => told(call, &entity.missing, &entity.missing.required, outer),
        });
    }
    let parent = match &entity.parent {
        Some(parent) => {
            let named = parent_of(call, entity, parent)?;
            let id = named.or_else(|| fields.get(&parent.field).and_then(number));
            let exists = |id: u64| parent.of.as_deref().is_none_or(|of| call.store().get(of, id).is_some());
            let missing = parent.missing.as_ref().unwrap_or(&entity.missing);
            let missing = || Refusal::new(missing.status, &missing.code, &*missing.text);
            Some((parent.field.clone(), id.filter(|id| exists(*id)).ok_or_else(missing)?))
        }
        None => None,
    };
    if let Some(unique) = &entity.unique
        && let Some(wanted) = fields.get(&unique.field).filter(|value| !is_empty(value))
    {
        let is_sibling =
            |record: &Object| parent.as_ref().is_none_or(|(field, id)| record.get(field).and_then(number) == Some(*id));
        let taken = |record: &Object| is_sibling(record) && record.get(&unique.field) == Some(wanted);
        if call.store().all(&entity.name).values().any(taken) {
            return Err(Refusal::new(400, &unique.code, &*unique.text));
        }
    }
    let id = call.store_mut().next(&entity.name);
    let mut record = blank(entity, id);
    if let Some(owner) = &entity.owner {
        record.insert(owner.clone(), if entity.text { call.user.to_string().into() } else { call.user.into() });
    }
    stamp(call, entity, &mut record, true);
    record.extend(fields.clone());
    if let Some((field, id)) = parent {
        record.insert(field, if entity.text { id.to_string().into() } else { id.into() });
    }
    settle(call, entity, &mut record, &fields, None)?;
    let answer = reply(entity, entity.added, id, &record);
    call.store_mut().put(&entity.name, id, record.clone());
    settled(call, entity, &record);
    Ok(answer.into())
}

fn reply(entity: &Entity, reply: Reply, id: u64, record: &Object) -> Value {
    match reply {
        Reply::Id => id.into(),
        Reply::Null => Value::Null,
        Reply::Empty => json!([]),
        Reply::Done => true.into(),
        Reply::Record => wrapped(entity.changed_as.as_deref().or(entity.one.as_deref()), show(entity, record)),
    }
}

fn wrapped(key: Option<&str>, value: Value) -> Value {
    match key {
        Some(key) => json!({ key: value }),
        None => value,
    }
}

/// A record as it is answered.
pub(super) fn show(entity: &Entity, record: &Object) -> Value {
    if entity.name == "calendar.event" {
        return events::shown(record);
    }
    if entity.spelt {
        let mut record = record.clone();
        for field in entity.created.iter().chain(&entity.changed) {
            if let Some(text) = record.get(field).and_then(Value::as_str).and_then(events::spelt_out) {
                record.insert(field.clone(), text.into());
            }
        }
        return Value::Object(record);
    }
    if !entity.camel {
        return Value::Object(record.clone());
    }
    record.iter().map(|(name, value)| (camel(name), value.clone())).collect()
}

fn get(call: &mut Call<'_>, entity: &Entity) -> Outcome {
    let id = named(call, entity)?;
    let mut record = call.store().get(&entity.name, id).map(|record| show(entity, record)).unwrap_or_default();
    if let Value::Object(record) = &mut record {
        for field in further(call, entity) {
            record.entry(field).or_insert(Value::Null);
        }
    }
    Ok(wrapped(entity.one.as_deref(), record).into())
}

fn list(call: &mut Call<'_>, entity: &Entity) -> Outcome {
    let rename = |name: &str| stored_name(entity, name);
    let mut filter = call.param(&entity.filter).map(|filter| Filter::read(filter, &rename)).unwrap_or_default();
    if let Some(parent) = &entity.parent
        && let Some(id) = parent_of(call, entity, parent)?
    {
        filter = Filter::all([filter]);
        filter.test("=", &*parent.field, &id.into());
    }
    for (name, condition) in &entity.conditions {
        if let Some(wanted) = call.param(name).filter(|wanted| !wanted.is_null() && *wanted != "") {
            let (operator, field) = query::operator(condition);
            filter = Filter::all([filter]);
            filter.test(operator, field, wanted);
        }
    }
    let pages = navigation(call);
    let query = Query {
        filter,
        order: match (call.param(&entity.order), call.text("sort")) {
            // Some methods name a field in `sort` and the way in `order`.
            (Some(Value::String(way)), Some(field)) => vec![(rename(&field), way.eq_ignore_ascii_case("desc"))],
            (None, Some(field)) => vec![(rename(&field), false)],
            (order, _) => order.map(|order| query::order(order, &rename)).unwrap_or_default(),
        },
        start: pages.map_or_else(|| call.number("start").unwrap_or(0), |(start, _)| start),
        page: pages.map_or(entity.page, |(_, size)| size),
    };
    let fields: Vec<String> =
        call.param("select").map(query::selection).unwrap_or_default().iter().map(|name| rename(name)).collect();
    let found = query.run(call.store().all(&entity.name), &entity.id);
    let mut success = found.success(|record| show(entity, &select(entity, record, &fields)));
    if entity.whole {
        (success.total, success.next) = (None, None);
    }
    if pages.is_some() {
        success.next = None;
    }
    if let Some(many) = &entity.many {
        success.result = json!({ many.as_str(): success.result });
    }
    Ok(success)
}

/// The page that `NAV_PARAMS` name, as the older methods of tasks have it: the record that it begins with, and its size.
fn navigation(call: &Call<'_>) -> Option<(i64, usize)> {
    let terms = call.param("PARAMS")?.get("NAV_PARAMS")?;
    let of = |name: &str| terms.get(name).and_then(number).filter(|number| *number > 0);
    let size = of("nPageSize").unwrap_or(50).min(1000);
    let start = (of("iNumPage").unwrap_or(1) - 1).saturating_mul(size);
    Some((i64::try_from(start).ok()?, usize::try_from(size).ok()?))
}

/// The selected fields. Contact data and custom fields come only when they are asked for.
fn select(entity: &Entity, record: &Object, fields: &[String]) -> Object {
    let all = fields.is_empty() || fields.iter().any(|field| field == "*");
    let custom = fields.iter().any(|field| field == "UF_*");
    let wanted = |name: &str| {
        name == entity.id
            || fields.iter().any(|field| field == name)
            || if name.starts_with("UF_") {
                custom
            } else {
                all && entity.kind(name) != Kind::Multi && !entity.apart.iter().any(|apart| apart == name)
            }
    };
    record.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn update(call: &mut Call<'_>, entity: &Entity) -> Outcome {
    let id = named(call, entity)?;
    needs_input(call, entity)?;
    let before = call.store().get(&entity.name, id).cloned().unwrap_or_default();
    let (mut record, mut fields) = (before.clone(), sent(call, entity));
    fields.retain(|name, _| !entity.fixed.contains(name));
    for (name, value) in &fields {
        let value = match (entity.kind(name), record.get(name)) {
            (Kind::Multi, known) => merged(name, known.unwrap_or(&Value::Null), value.clone()),
            _ => value.clone(),
        };
        record.insert(name.clone(), value);
    }
    settle(call, entity, &mut record, &fields, Some(&before))?;
    stamp(call, entity, &mut record, false);
    let answer = reply(entity, entity.updated, id, &record);
    call.store_mut().put(&entity.name, id, record.clone());
    settled(call, entity, &record);
    Ok(answer.into())
}

fn delete(call: &mut Call<'_>, entity: &Entity) -> Outcome {
    let id = named(call, entity)?;
    let gone = call.store_mut().remove(&entity.name, id).unwrap_or_default();
    product_rows::forget(call, &entity.name, id);
    forget_children(call, &entity.name, id);
    settled(call, entity, &gone);
    Ok(match entity.deleted {
        Reply::Record => wrapped(entity.one.as_deref(), true.into()).into(),
        Reply::Null => Value::Null.into(),
        Reply::Empty => json!([]).into(),
        Reply::Id | Reply::Done => Success::from(Value::Bool(true)),
    })
}

/// Removes what belongs to a record that is removed.
pub(super) fn forget_children(call: &mut Call<'_>, collection: &str, id: u64) {
    let children = ROWS.entities().filter_map(|entity| Some((entity, entity.parent.as_ref()?)));
    for (child, parent) in children.filter(|(_, parent)| parent.of.as_deref() == Some(collection)) {
        let is_its = |record: &Object| record.get(&parent.field).and_then(number) == Some(id);
        let records = call.store().all(&child.name).iter().filter(|(_, record)| is_its(record));
        let gone: Vec<u64> = records.map(|(id, _)| *id).collect();
        for id in gone {
            call.store_mut().remove(&child.name, id);
        }
    }
}

/// `LAST_NAME` → `Last name`.
pub(super) fn label(key: &str) -> String {
    let words = key.trim_start_matches("UF_").to_lowercase().replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The fields of the CRM that name other records: what the portal calls their type, and the number of that type where it
/// tells it.
const REFERENCES: &[(&str, &str, Option<u64>)] = &[
    ("ASSIGNED_BY_ID", "user", None),
    ("AUTHOR_ID", "user", None),
    ("CATEGORY_ID", "crm_category", None),
    ("COMMUNICATIONS", "crm_activity_communication", None),
    ("COMPANY_ID", "crm_company", Some(4)),
    ("COMPANY_IDS", "crm_company", None),
    ("CONTACT_ID", "crm_contact", None),
    ("CONTACT_IDS", "crm_contact", None),
    ("CREATED_BY", "user", None),
    ("CREATED_BY_ID", "user", None),
    ("CURRENCY_ID", "crm_currency", None),
    ("DEAL_ID", "crm_deal", None),
    ("DESCRIPTION_TYPE", "crm_enum_contenttype", None),
    ("DIRECTION", "crm_enum_activitydirection", None),
    ("EDITOR_ID", "user", None),
    ("EXTRA", "crm_status_extra", None),
    ("FILES", "diskfile", None),
    ("LAST_ACTIVITY_BY", "user", None),
    ("LEAD_ID", "crm_lead", Some(1)),
    ("LANG", "currency_localization", None),
    ("LOCATION_ID", "location", None),
    ("LOGO", "file", None),
    ("MODIFY_BY_ID", "user", None),
    ("MOVED_BY_ID", "user", None),
    ("MYCOMPANY_ID", "crm_company", Some(4)),
    ("NOTIFY_TYPE", "crm_enum_activitynotifytype", None),
    ("OWNER_TYPE_ID", "crm_enum_ownertype", None),
    ("PHOTO", "file", None),
    ("PRIORITY", "crm_enum_activitypriority", None),
    ("PROVIDER_PARAMS", "object", None),
    ("QUOTE_ID", "crm_quote", Some(7)),
    ("RESPONSIBLE_ID", "user", None),
    ("SETTINGS", "object", None),
    ("UPDATED_BY", "user", None),
    ("WEBDAV_ELEMENTS", "diskfile", None),
];

/// The names of the fields that an entity has by the specs alone.
fn further(call: &Call<'_>, entity: &Entity) -> Vec<String> {
    let named = entity.more.as_deref().and_then(|name| call.tables.entity(name));
    let names = named.into_iter().flat_map(|row| row.fields).map(|field| field.name.into_owned());
    names.filter(|name| !entity.fields.contains_key(name)).collect()
}

/// The description of a field that has no rules of its own.
fn described(name: &str, kind: Kind) -> Value {
    json!({
        "type": kind.documented(), "isRequired": false, "isReadOnly": false, "isImmutable": false, "isMultiple": false,
        "isDynamic": false, "title": name,
    })
}

/// The description of an entity's fields.
pub(super) fn fields(entity: &Entity) -> Object {
    let describe = |(name, field): (&String, &crate::sandbox::entity::Field)| {
        let shown = if entity.camel { camel(name) } else { name.clone() };
        let directory = entity.directories.get(name);
        let mut about = json!({
            "type": match (directory, field.kind) {
                (Some(_), _) => "crm_status",
                (None, Kind::Flag) if entity.camel => "boolean",
                (None, kind) => kind.documented(),
            },
            "isRequired": entity.required.contains(name),
            "isReadOnly": field.readonly || *name == entity.id,
            "isImmutable": entity.fixed.contains(name),
            "isMultiple": matches!(field.kind, Kind::Multi | Kind::List),
            "isDynamic": false,
            "title": name,
        });
        if let Some(directory) = directory {
            about["statusType"] = directory.as_str().into();
        }
        if entity.camel {
            about["upperName"] = name.as_str().into();
        }
        if let Some((_, word, parent)) =
            REFERENCES.iter().find(|(known, ..)| known == name).filter(|_| entity.scope == "crm")
        {
            about["type"] = (*word).into();
            if let Some(parent) = parent {
                about["settings"] = json!({ "parentEntityTypeId": parent });
            }
            if *name == "CONTACT_ID" && entity.fields.contains_key("CONTACT_IDS") {
                about["isDeprecated"] = true.into();
            }
        }
        (shown, about)
    };
    entity.fields.iter().filter(|(name, _)| *name != "*").map(describe).collect()
}

/// Reads the parameters of a list for handlers that keep their records themselves.
pub(super) fn asked(params: &Object, rename: &dyn Fn(&str) -> String) -> Query {
    Query {
        filter: find(params, "filter").map(|filter| Filter::read(filter, rename)).unwrap_or_default(),
        order: find(params, "order").map(|order| query::order(order, rename)).unwrap_or_default(),
        start: find(params, "start")
            .and_then(|start| match start {
                Value::Number(start) => start.as_i64(),
                Value::String(start) => start.trim().parse().ok(),
                _ => None,
            })
            .unwrap_or(0),
        page: query::PAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_spelling_and_back() {
        for (one, other) in [
            ("ASSIGNED_BY_ID", "assignedById"),
            ("TITLE", "title"),
            ("UF_CRM_1721244707107", "ufCrm_1721244707107"),
            ("UF_CRM_44_1721812948498", "ufCrm44_1721812948498"),
            ("UF_CRM_TASK", "ufCrmTask"),
            ("PARENT_ID_1220", "parentId1220"),
        ] {
            assert_eq!((camel(one).as_str(), upper(other).as_str()), (other, one));
        }
    }
}
