//! What tasks can do beyond being kept: change their state and their people, and tick off points of their checklists.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{ROWS, Verb};
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
    Ok(json!({ "task": shown }).into())
}

/// A task with its author and the one who does it.
pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    let mut success = records::run(call, entity, Verb::Get)?;
    for (role, field) in [("creator", "createdBy"), ("responsible", "responsibleId")] {
        let id = success.result["task"][field].clone();
        let user = number(&id).and_then(|id| call.store().get("user", id));
        let part = |key: &str| user.and_then(|user| user.get(key)).and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {}", part("NAME"), part("LAST_NAME"));
        let link = format!("/company/personal/user/{}/", id.as_str().unwrap_or_default());
        success.result["task"][role] = json!({ "id": id, "name": name.trim(), "link": link, "icon": "" });
    }
    let select = call.param("select").map(query::selection).unwrap_or_default();
    if let (false, Value::Object(task)) = (select.is_empty(), &mut success.result["task"]) {
        let wanted: Vec<String> = select.iter().map(|name| camel(&records::stored_name(entity, name))).collect();
        task.retain(|name, _| name == "id" || wanted.contains(name));
    }
    Ok(success)
}

/// The fields of a task, under the names that filters and changes use.
pub(super) fn fields(_: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity(TASK).ok_or_else(denied)?;
    let described = entity.fields.iter().map(|(name, field)| {
        let mut about = json!({ "title": records::label(name), "type": field.kind.documented() });
        if *name == entity.id {
            about["primary"] = true.into();
        }
        if entity.required.contains(name) {
            about["required"] = true.into();
        }
        if let Some(default) = entity.defaults.get(name) {
            about["default"] = default.clone();
        }
        (name.clone(), about)
    });
    Ok(json!({ "fields": described.collect::<Object>() }).into())
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
