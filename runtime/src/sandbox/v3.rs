//! REST 3.0: its parameters, filters, pages, batch and errors, over the same records as REST 2.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, Field, Kind, Reply, Twin, Verb};
use crate::sandbox::query::{self, Filter, Query};
use crate::sandbox::records::{blank, camel, forget_children, normal, number, stamp, upper};
use crate::sandbox::{chats, tasks};
use crate::table::Command;
use crate::value::Object;

/// How long an answer is kept for its Idempotency-Key.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The most answers kept.
const MOST_KEPT: usize = 10_000;

/// The most commands in a batch.
const MOST_COMMANDS: usize = 50;

/// A refusal with the prefix that all codes of REST 3.0 have.
pub(super) fn refusal(status: u16, code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(status, &format!("BITRIX_REST_V3_EXCEPTION_{code}"), message)
}

/// The refusal of wrong parameters, each with what is wrong with it.
fn invalid(validation: Vec<(String, String)>) -> Refusal {
    let refusal = refusal(400, "VALIDATION_REQUESTVALIDATIONEXCEPTION", "Error during request object validation");
    Refusal { validation, ..refusal }
}

fn missing(field: &str) -> (String, String) {
    (field.to_owned(), format!("Required field `{field}` is missing"))
}

/// An answer kept for an Idempotency-Key.
#[derive(Debug)]
struct Kept {
    request: Bytes,
    answer: Bytes,
    until: SystemTime,
}

/// The answers kept, by caller, method and key.
#[derive(Debug, Default)]
pub(super) struct Idempotency {
    kept: BTreeMap<(String, String, String), Kept>,
}

impl Idempotency {
    /// Whether a key may be used.
    ///
    /// # Errors
    /// The refusal of a key that is none.
    pub(super) fn check(key: &str) -> Result<(), Refusal> {
        if (1..=255).contains(&key.len()) && key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            Ok(())
        } else {
            let text = "The Idempotency-Key must have 1 to 255 printable ASCII characters";
            Err(refusal(400, "INVALIDIDEMPOTENCYKEYEXCEPTION", text))
        }
    }

    /// The answer that was given for the same request.
    ///
    /// # Errors
    /// When the key was used for another request.
    pub(super) fn replay(
        &self,
        (caller, method, key): (&str, &str, &str),
        request: &Bytes,
        now: SystemTime,
    ) -> Result<Option<Bytes>, Refusal> {
        match self.kept.get(&(caller.to_owned(), method.to_owned(), key.to_owned())) {
            Some(kept) if kept.until <= now => Ok(None),
            Some(kept) if kept.request == request => Ok(Some(kept.answer.clone())),
            Some(_) => {
                let text = "The Idempotency-Key was used for another request";
                Err(refusal(422, "IDEMPOTENCYKEYREUSEDEXCEPTION", text))
            }
            None => Ok(None),
        }
    }

    /// Keeps the answer of a call that was carried out.
    pub(super) fn keep(
        &mut self,
        (caller, method, key): (&str, &str, &str),
        request: Bytes,
        answer: Bytes,
        now: SystemTime,
    ) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.retain(|_, kept| kept.until > now);
        }
        if self.kept.len() < MOST_KEPT {
            let place = (caller.to_owned(), method.to_owned(), key.to_owned());
            self.kept.insert(place, Kept { request, answer, until: now + KEPT });
        }
    }
}

/// Checks the parameters of a method that has no records against its row.
///
/// # Errors
/// All that are missing.
pub(super) fn check(command: &Command<'_>, params: &Object) -> Result<(), Refusal> {
    let absent = command.params.iter().filter(|param| param.required).filter_map(|param| {
        let path = param.path()?;
        let mut keys = path.iter();
        let first = keys.next().and_then(|key| params.get(key));
        let found = keys.fold(first, |value, key| value?.get(key));
        found.is_none().then(|| missing(&path.join(".")))
    });
    let all: Vec<(String, String)> = absent.collect();
    if all.is_empty() { Ok(()) } else { Err(invalid(all)) }
}

/// Runs a batch: all results in order, or the error of the first command that fails.
pub(super) fn batch(params: &Object, mut run: impl FnMut(&str, Object) -> Outcome) -> Outcome {
    let is_list = params.keys().enumerate().all(|(at, key)| *key == at.to_string());
    if !is_list {
        return Err(refusal(400, "INVALIDSELECTEXCEPTION", "A batch is a list of {\"method\", \"query\"}"));
    }
    if params.len() > MOST_COMMANDS {
        return Err(invalid(vec![("batch".to_owned(), format!("A batch has at most {MOST_COMMANDS} commands"))]));
    }
    let (mut results, mut context) = (Vec::new(), Object::new());
    for command in params.values() {
        let method = command.get("method").and_then(Value::as_str);
        let method = method.ok_or_else(|| invalid(vec![missing("method")]))?;
        if method.eq_ignore_ascii_case("batch") {
            return Err(Refusal::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage"));
        }
        let query = resolve(command.get("query").unwrap_or(&json!({})), &context)?;
        let result = run(method, query.as_object().cloned().unwrap_or_default())?.result;
        if let Some(name) = command.get("as").and_then(Value::as_str) {
            context.insert(name.to_owned(), result.clone());
        }
        results.push(result);
    }
    Ok(Value::from(results).into())
}

/// Puts earlier results in the place of `{"$ref": "name.item.id"}` and `{"$refArray": "name.id"}`.
fn resolve(value: &Value, context: &Object) -> Result<Value, Refusal> {
    let unknown = |path: &str| refusal(400, "INVALIDSELECTEXCEPTION", format!("The reference `{path}` points nowhere"));
    match value {
        Value::Object(map) if map.len() == 1 => {
            if let Some(path) = map.get("$ref").and_then(Value::as_str) {
                let mut keys = path.split('.');
                let first = keys.next().and_then(|name| context.get(name));
                let found = keys.fold(first, |value, key| match value? {
                    Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                    other => other.get(key),
                });
                return found.cloned().ok_or_else(|| unknown(path));
            }
            if let Some(path) = map.get("$refArray").and_then(Value::as_str) {
                let (name, field) = path.split_once('.').ok_or_else(|| unknown(path))?;
                let items = context.get(name).and_then(|result| result.get("items")).and_then(Value::as_array);
                let items = items.ok_or_else(|| unknown(path))?;
                return Ok(items.iter().filter_map(|item| item.get(field)).cloned().collect());
            }
            map.iter().map(|(key, item)| Ok((key.clone(), resolve(item, context)?))).collect()
        }
        Value::Object(map) => map.iter().map(|(key, item)| Ok((key.clone(), resolve(item, context)?))).collect(),
        Value::Array(items) => items.iter().map(|item| resolve(item, context)).collect(),
        other => Ok(other.clone()),
    }
}

/// Carries out a method of an entity that both versions know.
pub(super) fn run(call: &mut Call<'_>, entity: &Entity, twin: &Twin, verb: Verb) -> Outcome {
    match verb {
        Verb::Add => add(call, entity, twin),
        Verb::Get => {
            let id = named(call, entity)?;
            let record = call.store().get(&entity.name, id).cloned().unwrap_or_default();
            let select = call.param("select").map(query::selection).unwrap_or_default();
            Ok(json!({ "item": show(call, entity, twin, &record, &select)? }).into())
        }
        Verb::List => list(call, entity, twin),
        Verb::Update => {
            let id = named(call, entity)?;
            let fields = sent(call, entity, twin)?;
            let mut record = call.store().get(&entity.name, id).cloned().unwrap_or_default();
            record.extend(fields);
            stamp(call, entity, &mut record, false);
            let item = show(call, entity, twin, &record, &[])?;
            call.store_mut().put(&entity.name, id, record);
            Ok(match twin.updated {
                Reply::Record => json!({ "item": item }).into(),
                _ => json!({ "result": true }).into(),
            })
        }
        Verb::Delete => {
            let id = named(call, entity)?;
            call.store_mut().remove(&entity.name, id);
            forget_children(call, &entity.name, id);
            Ok(json!({ "result": true }).into())
        }
        Verb::Fields => {
            let describe = |(name, field): (&String, &Field)| {
                let shown = outer(twin, name);
                let sorts = !matches!(field.kind, Kind::Any | Kind::List);
                json!({"name": shown, "type": type_word(field.kind), "title": shown, "description": null,
                       "filterable": sorts, "sortable": sorts, "editable": !field.readonly, "multiple": field.kind == Kind::List})
            };
            let known = entity.fields.iter().filter(|(name, _)| *name != "*" && !twin.hides.contains(name));
            let items: Vec<Value> = known.map(describe).collect();
            match call.text("name") {
                None => Ok(json!({ "items": items }).into()),
                Some(wanted) => {
                    let found = items.into_iter().find(|item| item["name"] == wanted.as_str());
                    let item = found.ok_or_else(|| {
                        let code = "BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION";
                        Refusal::new(400, code, format!("Field `{wanted}` not found"))
                    })?;
                    Ok(json!({ "item": item }).into())
                }
            }
        }
    }
}

fn type_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer | Kind::Count => "int",
        Kind::Number | Kind::Money => "float",
        Kind::Flag => "bool",
        Kind::Date | Kind::Time => "DateTime",
        Kind::List | Kind::Multi => "array",
        Kind::Text | Kind::Any => "string",
    }
}

fn named(call: &Call<'_>, entity: &Entity) -> Result<u64, Refusal> {
    let id = call.params.get("id").ok_or_else(|| invalid(vec![missing("id")]))?;
    let found = number(id).filter(|id| call.store().get(&entity.name, *id).is_some());
    found.ok_or_else(|| no_record(id))
}

fn no_record(id: &Value) -> Refusal {
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    refusal(400, "ENTITYNOTFOUNDEXCEPTION", format!("Record with ID = `{id}` not found"))
}

/// The records' name of a field.
fn inner(twin: &Twin, name: &str) -> String {
    twin.names.get(name).cloned().unwrap_or_else(|| upper(name))
}

/// The name of a field in REST 3.0.
fn outer(twin: &Twin, name: &str) -> String {
    twin.names.iter().find(|(_, inner)| *inner == name).map_or_else(|| camel(name), |(outer, _)| outer.clone())
}

/// A value as the records hold it.
fn inward(entity: &Entity, twin: &Twin, field: &str, value: &Value) -> Value {
    let words = twin.words.get(field);
    let word = words.and_then(|words| words.iter().find(|(word, _)| Some(word.as_str()) == value.as_str()));
    match (word, value) {
        (Some((_, code)), _) => code.as_str().into(),
        (None, Value::Bool(flag)) => if *flag { "Y" } else { "N" }.into(),
        (None, Value::Number(number)) if entity.text => number.to_string().into(),
        (None, value) => value.clone(),
    }
}

/// A value as REST 3.0 answers it.
fn outward(twin: &Twin, field: &str, kind: Kind, value: &Value) -> Value {
    let text = value.as_str();
    let words = twin.words.get(field);
    let coded = if value.is_null() { Some("") } else { text };
    if let Some((word, _)) = words.and_then(|words| words.iter().find(|(_, code)| Some(code.as_str()) == coded)) {
        return word.as_str().into();
    }
    match (kind, text) {
        (Kind::Flag, Some(flag)) => (flag == "Y").into(),
        (Kind::Integer, Some(text)) => text.parse::<i64>().map_or(Value::Null, Value::from),
        (Kind::Number | Kind::Money, Some(text)) => text.parse::<f64>().map_or(Value::Null, Value::from),
        (Kind::Date | Kind::Time, Some("")) => Value::Null,
        (Kind::Date | Kind::Time, Some(text)) if twin.zulu => text.replace("+00:00", "Z").into(),
        // Lists of records are lists of numbers.
        (Kind::List, _) => match value.as_array().map(|items| items.iter().map(number).collect::<Option<Vec<u64>>>()) {
            Some(Some(numbers)) => numbers.into(),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

fn sent(call: &Call<'_>, entity: &Entity, twin: &Twin) -> Result<Object, Refusal> {
    let Some(Value::Object(given)) = call.params.get("fields") else {
        return Err(invalid(vec![missing("fields")]));
    };
    let mut fields = Object::new();
    for (name, value) in given {
        let stored = inner(twin, name);
        match entity.fields.get(&stored) {
            Some(field) if field.readonly && !twin.names.contains_key(name) => {}
            Some(field) => {
                if field.kind == Kind::Time && value.as_str().is_some_and(|text| !text.is_empty() && text.len() < 10) {
                    let text = format!("Field `{name}` requires data type `DateTime` for this request");
                    return Err(invalid(vec![(name.clone(), text)]));
                }
                let value = inward(entity, twin, &stored, value);
                let value = if field.kind == Kind::List { normal(entity, field.kind, value) } else { value };
                fields.insert(stored, value);
            }
            None if stored.starts_with("UF_") => {
                fields.insert(stored, value.clone());
            }
            None => return Err(unknown_field(entity, name)),
        }
    }
    Ok(fields)
}

fn unknown_field(entity: &Entity, name: &str) -> Refusal {
    refusal(400, "UNKNOWNDTOPROPERTYEXCEPTION", format!("Unknown field `{name}` for entity `{}`", entity.name))
}

fn add(call: &mut Call<'_>, entity: &Entity, twin: &Twin) -> Outcome {
    let fields = sent(call, entity, twin)?;
    let is_empty = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
    let absent: Vec<(String, String)> = twin
        .required
        .iter()
        .filter(|name| fields.get(&inner(twin, name)).is_none_or(is_empty))
        .map(|name| missing(name))
        .collect();
    if !absent.is_empty() {
        return Err(invalid(absent));
    }
    if let Some(parent) = &entity.parent
        && let (Some(of), Some(id)) = (&parent.of, fields.get(&parent.field))
        && number(id).is_none_or(|id| call.store().get(of, id).is_none())
    {
        return Err(no_record(id));
    }
    let id = call.store_mut().next(&entity.name);
    let mut record = blank(entity, id);
    stamp(call, entity, &mut record, true);
    if entity.name == TASK {
        tasks::begun(call, &mut record);
    }
    record.extend(fields);
    call.store_mut().put(&entity.name, id, record.clone());
    if entity.name == TASK {
        chats::of_task(call, id);
    }
    Ok(json!({ "item": show(call, entity, twin, &record, &[])? }).into())
}

/// The collection of the tasks.
const TASK: &str = "tasks.task";

/// What the caller may do with a task whatever its state.
const ALWAYS: &[&str] = &[
    "read",
    "watch",
    "mute",
    "createResult",
    "edit",
    "remove",
    "delegate",
    "deadline",
    "datePlan",
    "changeResponsible",
    "changeAccomplices",
    "mark",
    "changeStatus",
    "reminder",
    "addAuditors",
    "elapsedTime",
    "favorite",
    "checklistAdd",
    "checklistEdit",
    "checklistSave",
    "checklistToggle",
    "automate",
    "completeResult",
    "admin",
    "createSubtask",
    "copy",
    "saveAsTemplate",
    "attachFile",
    "detachFile",
    "detachParent",
    "createGanttDependence",
];

/// What nobody may do with a task here.
const NEVER: &[&str] = &["take", "changeDirector", "timeTracking", "resultEdit", "removeResult", "resultRead", "sort"];

/// What the caller may do with a task.
fn rights(task: &Object) -> Value {
    let status = task.get("STATUS").and_then(Value::as_str).unwrap_or_default();
    let done = status == "5";
    let by_state = [
        ("complete", !done),
        ("approve", status == "4"),
        ("disapprove", status == "4"),
        ("start", status == "2"),
        ("defer", !done && status != "6"),
        ("renew", done),
        ("pause", status == "3"),
    ];
    let fixed = ALWAYS.iter().map(|name| (*name, true)).chain(NEVER.iter().map(|name| (*name, false)));
    fixed.chain(by_state).map(|(name, may)| (name.to_owned(), Value::from(may))).collect()
}

/// What is worked out for a task when it is answered.
fn of_task(call: &Call<'_>, task: &Object) -> Object {
    let id = task.get("ID").and_then(number).unwrap_or(0);
    let of_task = |record: &&Object| record.get("TASK_ID").and_then(number) == Some(id);
    let points = call.store().all("task.checklistitem").values().filter(of_task);
    let points: Vec<u64> = points.filter_map(|point| point.get("ID").and_then(number)).collect();
    let has_children = call.store().all(TASK).values().any(|task| task.get("PARENT_ID").and_then(number) == Some(id));
    let mut own = Object::new();
    own.insert("containsChecklist".into(), (!points.is_empty()).into());
    own.insert("checklist".into(), points.into());
    own.insert("containsSubTasks".into(), has_children.into());
    own.insert(
        "containsResults".into(),
        call.store().all("tasks.task.result").values().any(|record| of_task(&record)).into(),
    );
    own.insert("chatId".into(), chats::id_of_task(call, id).map_or(Value::Null, Value::from));
    own.insert("link".into(), format!("/company/personal/user/{}/tasks/task/view/{id}/", call.user).into());
    own.insert("rights".into(), rights(task));
    let archive = format!(
        "/bitrix/tools/disk/uf.php?entityId={id}&entity=TASKS_TASK&fieldName=UF_TASK_WEBDAV_FILES&action=downloadArchiveByEntity&ncc=1"
    );
    own.insert("archiveLink".into(), archive.into());
    own
}

type Handler = fn(&mut Call<'_>) -> Outcome;

/// The methods of REST 3.0 with a handler of their own, and their scopes.
const HANDLERS: &[(&str, &str, Handler)] = &[
    ("tasks.task.access.get", "tasks", access),
    ("tasks.task.chat.message.send", "tasks", send),
    ("tasks.task.file.attach", "tasks", attach),
];

/// The handler of a method in lower case, and its scope.
pub(super) fn handler(method: &str) -> Option<(&'static str, Handler)> {
    HANDLERS.iter().find(|(name, ..)| *name == method).map(|(_, scope, handler)| (*scope, *handler))
}

/// A task by its number.
fn task(call: &Call<'_>, id: Option<&Value>) -> Result<(u64, Object), Refusal> {
    let id = id.unwrap_or(&Value::Null);
    let found = number(id).and_then(|number| Some((number, call.store().get(TASK, number)?.clone())));
    found.ok_or_else(|| no_record(id))
}

fn access(call: &mut Call<'_>) -> Outcome {
    let (_, task) = task(call, call.params.get("id"))?;
    Ok(rights(&task).into())
}

/// Writes into the chat of a task.
fn send(call: &mut Call<'_>) -> Outcome {
    let fields = call.params.get("fields").cloned().unwrap_or_default();
    let is_empty = |name: &str| fields.get(name).is_none_or(|value| value.is_null() || *value == "");
    if let Some(name) = ["taskId", "text"].into_iter().find(|name| is_empty(name)) {
        let refusal = refusal(400, "VALIDATION_DTOVALIDATIONEXCEPTION", "Error during object validation");
        let text = format!("The required field \"{name}\" is not filled");
        return Err(Refusal { validation: vec![(name.to_owned(), text)], ..refusal });
    }
    let (id, _) = task(call, fields.get("taskId"))?;
    let text = fields.get("text").map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned));
    let chat = chats::of_task(call, id);
    chats::write(call, chat, &text.unwrap_or_default());
    Ok(json!({ "result": true }).into())
}

/// Attaches files of the drive to a task.
fn attach(call: &mut Call<'_>) -> Outcome {
    let (id, mut task) = task(call, call.params.get("taskId"))?;
    let mut files = task.get("UF_TASK_WEBDAV_FILES").and_then(Value::as_array).cloned().unwrap_or_default();
    files.extend(call.params.get("fileIds").and_then(Value::as_array).into_iter().flatten().cloned());
    task.insert("UF_TASK_WEBDAV_FILES".into(), files.into());
    call.store_mut().put(TASK, id, task);
    Ok(json!({ "result": true }).into())
}

/// A record as REST 3.0 answers it. What is selected and not known is left out; `user.name` is of the user that the field
/// `userId` names.
fn show(call: &Call<'_>, entity: &Entity, twin: &Twin, record: &Object, select: &[String]) -> Result<Value, Refusal> {
    let mut item = Object::new();
    for (name, value) in record.iter().filter(|(name, _)| !twin.hides.contains(name)) {
        let shown = outer(twin, name);
        if select.is_empty() || shown == "id" || select.contains(&shown) {
            item.insert(shown, outward(twin, name, entity.kind(name), value));
        }
    }
    let own = if entity.name == TASK { of_task(call, record) } else { Object::new() };
    for (name, value) in twin.besides.iter().chain(&own).filter(|(name, _)| select.is_empty() || select.contains(name))
    {
        item.entry(name.as_str())
            .and_modify(|known| {
                if known.is_null() {
                    *known = value.clone()
                }
            })
            .or_insert_with(|| value.clone());
    }
    for (relation, field) in select.iter().filter_map(|name| name.split_once('.')) {
        let user = record.get(&inner(twin, &format!("{relation}Id"))).and_then(number);
        let Some(user) = user.and_then(|id| call.store().get("user", id)) else { continue };
        let key = match field {
            "id" | "name" | "email" | "lastName" => upper(field),
            _ => return Err(unknown_field(entity, &format!("{relation}.{field}"))),
        };
        let value = user.get(&key).cloned().unwrap_or_default();
        match item.entry(relation.to_owned()).or_insert_with(|| json!({})) {
            Value::Object(map) => map.insert(field.to_owned(), value),
            _ => None,
        };
    }
    Ok(Value::Object(item))
}

fn list(call: &mut Call<'_>, entity: &Entity, twin: &Twin) -> Outcome {
    let filter = match call.params.get("filter") {
        Some(Value::Array(conditions)) => conditions_of(entity, twin, conditions, false)?,
        None | Some(Value::Null) => Filter::default(),
        Some(_) => {
            return Err(invalid(vec![("filter".to_owned(), "The filter must be a list of conditions".to_owned())]));
        }
    };
    let order = match call.params.get("order") {
        Some(order) => {
            let order = query::order(order, &|name| inner(twin, name));
            if let Some((name, _)) = order.iter().find(|(name, _)| !entity.fields.contains_key(name)) {
                return Err(refusal(
                    400,
                    "INVALIDORDEREXCEPTION",
                    format!("Unable to order by `{}`", outer(twin, name)),
                ));
            }
            order
        }
        None => twin.cursor.iter().map(|field| (field.clone(), false)).collect(),
    };
    let (limit, offset) = pagination(call.params.get("pagination"))?;
    let select = call.param("select").map(query::selection).unwrap_or_default();
    let query = Query { filter, order, start: 0, page: usize::MAX };
    let mut found = query.run(call.store().all(&entity.name), &entity.id).records;
    let place = |record: &Object| -> Vec<Option<u64>> {
        twin.cursor.iter().map(|field| record.get(field).and_then(number)).collect()
    };
    if let Some(after) = call.params.get("pagination").and_then(|pagination| pagination.get("afterCursor")) {
        let after: Vec<Option<u64>> =
            twin.cursor.iter().map(|field| after.get(outer(twin, field)).and_then(number)).collect();
        found.retain(|record| place(record) > after);
    }
    let count = found.len();
    let page: Vec<&Object> = found.into_iter().skip(offset).take(limit).collect();
    let items: Result<Vec<Value>, Refusal> =
        page.iter().map(|record| show(call, entity, twin, record, &select)).collect();
    let mut result = json!({ "items": items? });
    if !twin.cursor.is_empty() {
        let last = page.last().filter(|_| count > offset.saturating_add(limit));
        result["nextCursor"] = last.map_or(Value::Null, |last| {
            twin.cursor.iter().map(|field| (outer(twin, field), last.get(field).cloned().unwrap_or_default())).collect()
        });
    }
    Ok(result.into())
}

/// How many records to answer, and how many to pass over.
fn pagination(pagination: Option<&Value>) -> Result<(usize, usize), Refusal> {
    let Some(pagination) = pagination else { return Ok((50, 0)) };
    let wrong = || {
        refusal(
            400,
            "INVALIDPAGINATIONEXCEPTION",
            format!("Unable to recognize the pagination parameter `{pagination}`"),
        )
    };
    let read = |key: &str, least: u64, default: u64| match pagination.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => number(value).filter(|number| *number >= least).ok_or_else(wrong),
    };
    let limit = read("limit", 1, 50)?.min(1000);
    let page = read("page", 1, 1)?;
    let offset = match read("offset", 0, 0)? {
        0 => (page - 1).saturating_mul(limit),
        offset => offset,
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((size(limit), size(offset)))
}

/// Reads `[field, operator, value]`, `[field, [values]]` and `{"logic", "conditions"}`.
fn conditions_of(entity: &Entity, twin: &Twin, conditions: &[Value], any: bool) -> Result<Filter, Refusal> {
    let mut filter = if any { Filter::any() } else { Filter::default() };
    let wrong = || invalid(vec![("filter".to_owned(), "A condition is [field, operator, value]".to_owned())]);
    for condition in conditions {
        if let Some(group) = condition.get("conditions").and_then(Value::as_array) {
            let any =
                condition.get("logic").and_then(Value::as_str).is_some_and(|logic| logic.eq_ignore_ascii_case("or"));
            filter.group(conditions_of(entity, twin, group, any)?);
            continue;
        }
        let parts = condition.as_array().ok_or_else(wrong)?;
        let (name, operator, value) = match parts.as_slice() {
            [Value::String(name), Value::String(operator), value] => (name, operator.as_str(), value),
            [Value::String(name), value @ Value::Array(_)] => (name, "in", value),
            [Value::String(name), value] => (name, "=", value),
            _ => return Err(wrong()),
        };
        let operator = match operator.to_lowercase().as_str() {
            "=" => "=",
            "!=" => "!=",
            ">" => ">",
            ">=" => ">=",
            "<" => "<",
            "<=" => "<=",
            "in" => "@",
            "between" => "><",
            other => {
                let text = format!("Unknown filter operator `{other}`");
                return Err(refusal(400, "UNKNOWNFILTEROPERATOREXCEPTION", text));
            }
        };
        let field = inner(twin, name);
        if !entity.fields.contains_key(&field) {
            return Err(unknown_field(entity, name));
        }
        let value = match value {
            Value::Array(items) => items.iter().map(|item| inward(entity, twin, &field, item)).collect(),
            value => inward(entity, twin, &field, value),
        };
        filter.test(operator, field, &value);
    }
    Ok(filter)
}
