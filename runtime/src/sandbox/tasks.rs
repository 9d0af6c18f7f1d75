//! What tasks can do beyond being kept: change their state and their people, and tick off points of their checklists.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, Kind, ROWS, Verb};
use crate::sandbox::query;
use crate::sandbox::records::{self, camel, number};
use crate::value::Object;

const TASK: &str = "tasks.task";
const POINT: &str = "task.checklistitem";

fn denied() -> Refusal {
    Refusal::new(400, "0", "Action on the task is not allowed")
}

/// Changes a task and answers it.
fn change(call: &mut Call<'_>, change: impl FnOnce(&mut Object)) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    let id = call.param("taskId").or_else(|| call.param("id")).and_then(number);
    let found = id.and_then(|id| Some((id, call.store().get(TASK, id)?.clone())));
    let (id, mut task) = found.ok_or_else(|| Refusal::new(400, "0", "Task not found or access denied"))?;
    change(&mut task);
    records::stamp(call, entity, &mut task, false);
    let shown = records::show(entity, &task);
    call.store_mut().put(TASK, id, task);
    Ok(json!({ "task": whole(call, shown) }).into())
}

/// What an answer holds beside a task's own fields, and the field that it belongs to: it comes when that field does.
const BESIDE: &[(&str, &str)] = &[
    ("group", "groupId"),
    ("creator", "createdBy"),
    ("responsible", "responsibleId"),
    ("accomplicesData", "accomplices"),
    ("auditorsData", "auditors"),
    ("subStatus", "status"),
    ("descriptionInBbcode", "description"),
];

/// Fields that a list or a single task answers only to whoever selects them.
const ON_REQUEST: &[&str] = &["tags", "ufTaskWebdavFiles", "ufCrmTask", "ufMailMessage"];

/// Somebody who has to do with a task.
fn person(call: &Call<'_>, id: &Value) -> Value {
    let user = number(id).and_then(|id| call.store().get("user", id));
    let part = |key: &str| user.and_then(|user| user.get(key)).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{} {}", part("NAME"), part("LAST_NAME"));
    let link = format!("/company/personal/user/{}/", id.as_str().unwrap_or_default());
    let icon = "/bitrix/images/tasks/default_avatar.png";
    json!({ "id": id, "name": name.trim(), "link": link, "icon": icon, "workPosition": part("WORK_POSITION") })
}

/// People by their numbers; PHP prints none as a list.
fn people(call: &Call<'_>, ids: &Value) -> Value {
    let people = ids.as_array().into_iter().flatten();
    let people: Object = people.filter_map(|id| Some((id.as_str()?.to_owned(), person(call, id)))).collect();
    if people.is_empty() { json!([]) } else { people.into() }
}

/// Puts beside a task's own fields what the portal answers with them.
fn dress(call: &Call<'_>, task: &mut Value, wants: &dyn Fn(&str) -> bool) {
    for (key, field) in BESIDE.iter().filter(|(key, field)| wants(key) || wants(field)) {
        let own = task.get(*field).cloned().unwrap_or_default();
        task[*key] = match *key {
            "creator" | "responsible" => person(call, &own),
            "accomplicesData" | "auditorsData" => people(call, &own),
            "subStatus" => own,
            "descriptionInBbcode" => "Y".into(),
            _ => json!([]),
        };
    }
}

/// What the caller may do with a task.
fn rights(task: &Value) -> Value {
    let done = task["status"] == "5";
    json!({
        "accept": false, "decline": false, "complete": !done, "approve": task["status"] == "4",
        "disapprove": task["status"] == "4", "start": task["status"] == "2", "pause": task["status"] == "3",
        "delegate": true, "remove": true, "edit": true, "defer": !done && task["status"] != "6", "renew": done,
        "create": true, "changeDeadline": true, "checklistAddItems": true, "addFavorite": task["favorite"] != "Y",
        "deleteFavorite": task["favorite"] == "Y", "rate": true, "take": false, "edit.originator": false, "checklist.reorder": true,
        "elapsedtime.add": true, "dayplan.timer.toggle": false, "edit.plan": true, "checklist.add": true,
        "favorite.add": task["favorite"] != "Y", "favorite.delete": task["favorite"] == "Y",
    })
}

/// A task whole, as a change of it is answered.
fn whole(call: &Call<'_>, mut task: Value) -> Value {
    dress(call, &mut task, &|_| true);
    let id = number(&task["id"]);
    let points = call.store().all(POINT).iter().filter(|(_, point)| point.get("TASK_ID").and_then(number) == id);
    let points: Vec<u64> = points.map(|(id, _)| *id).collect();
    task["checklist"] = points.into();
    task["newCommentsCount"] = 0.into();
    task["action"] = rights(&task);
    task["checkListCanAdd"] = true.into();
    if let Value::Object(task) = &mut task {
        task.retain(|name, _| !ON_REQUEST.contains(&name.as_str()));
    }
    task
}

/// The answer to a change, with the task whole.
fn changed(call: &mut Call<'_>, verb: Verb) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    let mut success = records::run(call, entity, verb)?;
    success.result["task"] = whole(call, success.result["task"].take());
    Ok(success)
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    changed(call, Verb::Add)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    changed(call, Verb::Update)
}

/// The names that the caller selects, as a task is answered under; none: all but what comes on request.
fn selected(call: &Call<'_>, entity: &Entity) -> Vec<String> {
    let select = call.param("select").map(query::selection).unwrap_or_default();
    let mut names: Vec<String> = select.iter().map(|name| camel(&records::stored_name(entity, name))).collect();
    let own = |name: &str| name.starts_with("UF_");
    if select.iter().any(|name| name == "UF_*") {
        names.extend(entity.fields.keys().filter(|name| own(name)).map(|name| camel(name)));
    }
    names
}

/// Whether a task's field is answered to somebody who selects these.
fn is_wanted(selected: &[String], name: &str) -> bool {
    let all = selected.is_empty() || selected.iter().any(|name| name == "*");
    selected.iter().any(|wanted| wanted == name) || all && !ON_REQUEST.contains(&name)
}

/// A task with its author and the one who does it.
pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    if call.param("select").is_some_and(|select| !select.is_array() && !select.is_object()) {
        let text = "Invalid value {} to match with parameter {select}. Should be value of type array. (internal error)";
        return Err(Refusal::new(400, "100", text));
    }
    let mut success = records::run(call, entity, Verb::Get)?;
    let selected = selected(call, entity);
    let wants = |name: &str| is_wanted(&selected, name);
    let action = rights(&success.result["task"]);
    dress(call, &mut success.result["task"], &wants);
    if let Value::Object(task) = &mut success.result["task"] {
        let beside = |name: &str| BESIDE.iter().any(|(key, _)| *key == name);
        task.retain(|name, _| name == "id" || beside(name) || wants(name));
        task.insert("action".into(), action);
    }
    Ok(success)
}

/// Tasks with the people who have to do with them.
pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    let known = |name: &str| entity.fields.contains_key(&records::stored_name(entity, name));
    if let Some(Value::Object(order)) = call.param("order")
        && order.keys().any(|name| !known(name))
    {
        return Err(Refusal::new(400, "0", "Invalid sorting key (internal error)"));
    }
    let selected = selected(call, entity);
    let wants = |name: &str| is_wanted(&selected, name);
    let mut asked = call.params.clone();
    asked.retain(|name, _| !name.eq_ignore_ascii_case("select"));
    let all = selected.is_empty() || selected.iter().any(|name| name == "*");
    if !all {
        // No more is read of each record than is answered, or needed for what is put beside it.
        let needed = BESIDE.iter().filter(|(key, _)| wants(key)).map(|(_, field)| *field);
        asked.insert("select".into(), selected.iter().map(String::as_str).chain(needed).collect());
    }
    let mut reading = Call { state: call.state, params: &asked, ..*call };
    let mut success = records::run(&mut reading, entity, Verb::List)?;
    for task in success.result["tasks"].as_array_mut().into_iter().flatten() {
        dress(call, task, &wants);
        if let Value::Object(task) = task {
            let beside = |name: &str| BESIDE.iter().any(|(key, _)| *key == name);
            task.retain(|name, _| name == "id" || beside(name) || wants(name));
            if let Some(tags) = task.get_mut("tags") {
                *tags = numbered(tags);
            }
        }
    }
    Ok(success)
}

/// Tags as lists answer them: by number.
fn numbered(tags: &Value) -> Value {
    let tags = tags.as_array().into_iter().flatten().filter_map(Value::as_str);
    let tags: Object =
        (1..).zip(tags).map(|(id, title)| (id.to_string(), json!({ "id": id, "title": title }))).collect();
    if tags.is_empty() { json!([]) } else { tags.into() }
}

/// The fields of a task, under the names that filters and changes use.
pub(super) fn fields(_: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    let described = entity.fields.iter().map(|(name, field)| {
        let mut about = json!({ "title": records::label(name), "type": field.kind.documented() });
        if *name == entity.id {
            about["primary"] = true.into();
        }
        if entity.required.contains(name) || *name == "CREATED_BY" {
            about["required"] = true.into();
        }
        if let Some(values) = values(name, field.kind) {
            about["values"] = values;
        }
        // Numbers are described as such, though they are answered as text.
        let default = entity.defaults.get(name).cloned().unwrap_or_default();
        about["default"] = match (field.kind, number(&default)) {
            (Kind::Integer, Some(number)) => number.into(),
            _ => default,
        };
        (name.clone(), about)
    });
    Ok(json!({ "fields": described.collect::<Object>() }).into())
}

/// The words for the values of a field, where there are few.
fn values(name: &str, kind: Kind) -> Option<Value> {
    match (name, kind) {
        ("PRIORITY", _) => Some(json!({ "0": "Low", "1": "Medium", "2": "High" })),
        ("MARK", _) => Some(json!({ "P": "Positive", "N": "Negative", "null": "No score" })),
        ("STATUS", _) => Some(
            json!({ "2": "Pending", "3": "In progress", "4": "Pending review", "5": "Completed", "6": "Deferred" }),
        ),
        (_, Kind::Flag) => Some(json!({ "Y": "Yes", "N": "No" })),
        _ => None,
    }
}

fn state(call: &mut Call<'_>, state: &str) -> Outcome {
    let (now, user) = (iso(call.now), call.user.to_string());
    change(call, |task| {
        task.insert("STATUS".into(), state.into());
        task.insert("STATUS_CHANGED_DATE".into(), now.as_str().into());
        task.insert("STATUS_CHANGED_BY".into(), user.as_str().into());
        let closed = state == "5";
        task.insert("CLOSED_DATE".into(), if closed { now.as_str().into() } else { Value::Null });
        task.insert("CLOSED_BY".into(), if closed { user.as_str().into() } else { Value::Null });
        if state == "3" {
            task.insert("DATE_START".into(), now.as_str().into());
        }
    })
}

pub(super) fn start(call: &mut Call<'_>) -> Outcome {
    state(call, "3")
}

/// A task whose result must be approved waits for that, unless its author completes it.
pub(super) fn complete(call: &mut Call<'_>) -> Outcome {
    let task = call.param("taskId").and_then(number).and_then(|id| call.store().get(TASK, id));
    let waits = task.is_some_and(|task| {
        task.get("TASK_CONTROL").and_then(Value::as_str) == Some("Y")
            && task.get("CREATED_BY").and_then(number) != Some(call.user)
    });
    state(call, if waits { "4" } else { "5" })
}

pub(super) fn approve(call: &mut Call<'_>) -> Outcome {
    state(call, "5")
}

pub(super) fn pause(call: &mut Call<'_>) -> Outcome {
    state(call, "2")
}

pub(super) fn defer(call: &mut Call<'_>) -> Outcome {
    state(call, "6")
}

pub(super) fn delegate(call: &mut Call<'_>) -> Outcome {
    let user = call.param("userId").and_then(number);
    let user = user.filter(|id| call.store().get("user", *id).is_some()).ok_or_else(denied)?;
    change(call, |task| {
        task.insert("RESPONSIBLE_ID".into(), user.to_string().into());
    })
}

fn tick(call: &mut Call<'_>, flag: &str) -> Outcome {
    let by = |name: &str, place: &str| call.param(name).or_else(|| call.params.get(place)).and_then(number);
    let (task, point) = (by("TASKID", "0"), by("ITEMID", "1"));
    let found = point.and_then(|id| Some((id, call.store().get(POINT, id)?.clone())));
    let found = found.filter(|(_, record)| record.get("TASK_ID").and_then(number) == task);
    let (id, mut record) = found.ok_or_else(|| Refusal::core("Check listitem not found or not accessible"))?;
    record.insert("IS_COMPLETE".into(), flag.into());
    record.insert("TOGGLED_BY".into(), call.user.to_string().into());
    record.insert("TOGGLED_DATE".into(), iso(call.now).into());
    call.store_mut().put(POINT, id, record);
    Ok(Value::Bool(true).into())
}

pub(super) fn point_complete(call: &mut Call<'_>) -> Outcome {
    tick(call, "Y")
}

pub(super) fn point_renew(call: &mut Call<'_>) -> Outcome {
    tick(call, "N")
}

/// What a task has from its first moment.
pub(super) fn begun(call: &mut Call<'_>, task: &mut Object) {
    let secret = format!("{:032x}", call.state.secrets.u128(..));
    let parts = [&secret[..8], &secret[8..12], &secret[12..16], &secret[16..20], &secret[20..]];
    task.insert("GUID".into(), format!("{{{}}}", parts.join("-")).into());
    let now = iso(call.now);
    for field in ["ACTIVITY_DATE", "STATUS_CHANGED_DATE"] {
        task.insert(field.into(), now.as_str().into());
    }
}

/// `task.elapseditem.get`: one booking of time, in a list.
pub(super) fn booking(call: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity("task.elapseditem").ok_or_else(denied)?;
    let record = records::run(call, entity, Verb::Get)?.result;
    Ok(json!([record]).into())
}

/// What follows from a booking of time: the minutes, and the sum of its task.
pub(super) fn booked(call: &mut Call<'_>, record: &mut Object) {
    let seconds = record.get("SECONDS").and_then(number).unwrap_or(0);
    record.insert("MINUTES".into(), (seconds / 60).to_string().into());
    for field in ["CREATED_DATE", "DATE_START", "DATE_STOP"] {
        if record.get(field).is_none_or(Value::is_null) {
            record.insert(field.into(), iso(call.now).into());
        }
    }
}

/// The time that is booked on a task, as the task tells it.
pub(super) fn add_up(call: &mut Call<'_>, task: u64) {
    let of_task = |record: &&Object| record.get("TASK_ID").and_then(number) == Some(task);
    let records = call.store().all("task.elapseditem").values().filter(of_task);
    let sum: u64 = records.filter_map(|record| record.get("SECONDS").and_then(number)).sum();
    if let Some(mut record) = call.store().get(TASK, task).cloned() {
        record.insert("TIME_SPENT_IN_LOGS".into(), sum.to_string().into());
        call.store_mut().put(TASK, task, record);
    }
}
