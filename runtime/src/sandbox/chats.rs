//! Chats and messages.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::query;
use crate::sandbox::records::number;
use crate::value::Object;

const CHAT: &str = "im.chat";
const MESSAGE: &str = "im.message";

/// The most messages on a page.
const MOST_MESSAGES: usize = 50;

fn refused(code: &str, text: &str) -> Refusal {
    Refusal::new(400, code, text)
}

fn users(value: Option<&Value>) -> Vec<u64> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(number).collect(),
        Some(Value::Object(map)) => map.values().filter_map(number).collect(),
        Some(one) => number(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn members(chat: &Object) -> Vec<u64> {
    users(chat.get("USERS"))
}

fn new_chat(call: &mut Call<'_>, title: &str, kind: &str, mut members: Vec<u64>) -> u64 {
    members.insert(0, call.user);
    members.sort_unstable();
    members.dedup();
    let id = call.store_mut().next(CHAT);
    let chat = json!({
        "ID": id, "TITLE": title, "TYPE": kind, "OWNER": call.user, "USERS": members, "DATE_CREATE": iso(call.now),
        "DESCRIPTION": call.text("DESCRIPTION").unwrap_or_default(), "COLOR": call.text("COLOR").unwrap_or_default(),
        "ENTITY_TYPE": call.text("ENTITY_TYPE").unwrap_or_default(), "ENTITY_ID": call.text("ENTITY_ID").unwrap_or_default(),
    });
    call.store_mut().put(CHAT, id, chat.as_object().cloned().unwrap_or_default());
    id
}

pub(super) fn chat_add(call: &mut Call<'_>) -> Outcome {
    let members = users(call.param("USERS"));
    let kind = call.text("TYPE").filter(|kind| kind == "OPEN").map_or("chat", |_| "open");
    let title = call.text("TITLE").unwrap_or_else(|| "Chat".to_owned());
    let id = new_chat(call, &title, kind, members);
    if let Some(text) = call.text("MESSAGE").filter(|text| !text.is_empty()) {
        write(call, id, &text);
    }
    Ok(Value::from(id).into())
}

/// The chat that `CHAT_ID` or `DIALOG_ID` names, if the caller is in it.
fn chat(call: &mut Call<'_>, empty: &str) -> Result<(u64, Object), Refusal> {
    let id = match (call.param("CHAT_ID").and_then(number), call.text("DIALOG_ID")) {
        (Some(id), _) => id,
        (None, Some(dialog)) if !dialog.trim().is_empty() => dialog_chat(call, dialog.trim())?,
        _ => return Err(refused(empty, "The ID can't be empty")),
    };
    let chat = call.store().get(CHAT, id).cloned();
    let chat = chat.filter(|chat| members(chat).contains(&call.user) || chat.get("TYPE") == Some(&json!("open")));
    chat.map(|chat| (id, chat)).ok_or_else(|| refused("ACCESS_ERROR", "You don't have access to this chat"))
}

/// The chat of a dialogue: `chat12`, or the number of a user, with whom a private chat is begun where there is none.
fn dialog_chat(call: &mut Call<'_>, dialog: &str) -> Result<u64, Refusal> {
    if let Some(id) = dialog.strip_prefix("chat") {
        return id.parse().map_err(|_| refused("CHAT_ID", "Chat ID is not correct"));
    }
    let user: u64 = dialog.parse().map_err(|_| refused("USER_ID_EMPTY", "User ID is not correct"))?;
    if call.store().get("user", user).is_none() {
        return Err(refused("USER_NOT_FOUND", "User not found"));
    }
    let mut pair = vec![call.user, user];
    pair.sort_unstable();
    pair.dedup();
    let is_theirs = |chat: &Object| chat.get("TYPE") == Some(&json!("private")) && members(chat) == pair;
    let known = call.store().all(CHAT).iter().find(|(_, chat)| is_theirs(chat)).map(|(id, _)| *id);
    Ok(known.unwrap_or_else(|| new_chat(call, "", "private", pair)))
}

pub(super) fn chat_get(call: &mut Call<'_>) -> Outcome {
    let (kind, id) = (call.text("ENTITY_TYPE").unwrap_or_default(), call.text("ENTITY_ID").unwrap_or_default());
    let fits = |chat: &Object| {
        let has = |key: &str, wanted: &str| chat.get(key).and_then(Value::as_str) == Some(wanted);
        !kind.is_empty() && has("ENTITY_TYPE", &kind) && has("ENTITY_ID", &id)
    };
    let found = call.store().all(CHAT).iter().find(|(_, chat)| fits(chat));
    Ok(found.map_or(Value::Null, |(id, _)| json!({ "ID": id })).into())
}

pub(super) fn chat_title(call: &mut Call<'_>) -> Outcome {
    let (id, mut chat) = chat(call, "CHAT_ID_EMPTY")?;
    let title = call.text("TITLE").filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| refused("TITLE_EMPTY", "Title can't be empty"))?;
    chat.insert("TITLE".into(), title.into());
    call.store_mut().put(CHAT, id, chat);
    Ok(true_answer())
}

fn true_answer() -> crate::sandbox::answer::Success {
    Value::Bool(true).into()
}

fn set_members(call: &mut Call<'_>, change: impl FnOnce(&mut Vec<u64>)) -> Outcome {
    let (id, mut chat) = chat(call, "CHAT_ID_EMPTY")?;
    let mut members = members(&chat);
    change(&mut members);
    members.sort_unstable();
    members.dedup();
    chat.insert("USERS".into(), members.into());
    call.store_mut().put(CHAT, id, chat);
    Ok(true_answer())
}

pub(super) fn user_add(call: &mut Call<'_>) -> Outcome {
    let known: Vec<u64> =
        users(call.param("USERS")).into_iter().filter(|id| call.store().get("user", *id).is_some()).collect();
    set_members(call, |members| members.extend(known))
}

pub(super) fn user_delete(call: &mut Call<'_>) -> Outcome {
    let user = call.param("USER_ID").and_then(number);
    let user = user.ok_or_else(|| refused("USER_ID_EMPTY", "User ID can't be empty"))?;
    set_members(call, |members| members.retain(|member| *member != user))
}

pub(super) fn leave(call: &mut Call<'_>) -> Outcome {
    let user = call.user;
    set_members(call, |members| members.retain(|member| *member != user))
}

pub(super) fn user_list(call: &mut Call<'_>) -> Outcome {
    let (_, chat) = chat(call, "CHAT_ID_EMPTY")?;
    Ok(Value::from(members(&chat)).into())
}

fn write(call: &mut Call<'_>, chat: u64, text: &str) -> u64 {
    let id = call.store_mut().next(MESSAGE);
    let message = json!({"ID": id, "CHAT_ID": chat, "AUTHOR_ID": call.user, "DATE": iso(call.now), "TEXT": text});
    call.store_mut().put(MESSAGE, id, message.as_object().cloned().unwrap_or_default());
    id
}

pub(super) fn message_add(call: &mut Call<'_>) -> Outcome {
    let text = call.text("MESSAGE").unwrap_or_default();
    if text.trim().is_empty() && call.param("ATTACH").is_none() {
        return Err(refused("MESSAGE_EMPTY", "Message can't be empty"));
    }
    let (id, _) = chat(call, "USER_ID_EMPTY")?;
    Ok(Value::from(write(call, id, &text)).into())
}

fn own_message(call: &Call<'_>) -> Result<(u64, Object), Refusal> {
    let id = call.param("MESSAGE_ID").or_else(|| call.param("ID")).and_then(number);
    let id = id.ok_or_else(|| refused("MESSAGE_ID_ERROR", "Message ID can't be empty"))?;
    let message = call.store().get(MESSAGE, id).cloned();
    let message = message.filter(|message| message.get("AUTHOR_ID").and_then(number) == Some(call.user));
    message
        .map(|message| (id, message))
        .ok_or_else(|| refused("CANT_EDIT_MESSAGE", "Time has expired for modification or you don't have access"))
}

pub(super) fn message_update(call: &mut Call<'_>) -> Outcome {
    let (id, mut message) = own_message(call)?;
    message.insert("TEXT".into(), call.text("MESSAGE").unwrap_or_default().into());
    call.store_mut().put(MESSAGE, id, message);
    Ok(true_answer())
}

pub(super) fn message_delete(call: &mut Call<'_>) -> Outcome {
    let (id, _) = own_message(call)?;
    call.store_mut().remove(MESSAGE, id);
    Ok(true_answer())
}

fn person(call: &Call<'_>, id: u64) -> Value {
    let text = |key: &str| call.store().get("user", id).and_then(|user| user.get(key)).cloned().unwrap_or_default();
    let name =
        format!("{} {}", text("NAME").as_str().unwrap_or_default(), text("LAST_NAME").as_str().unwrap_or_default());
    json!({
        "id": id, "active": text("ACTIVE"), "name": name.trim(), "first_name": text("NAME"), "last_name": text("LAST_NAME"),
        "work_position": text("WORK_POSITION"),
    })
}

fn shown(message: &Object) -> Value {
    let field = |key: &str| message.get(key).cloned().unwrap_or_default();
    json!({
        "id": field("ID"), "chat_id": field("CHAT_ID"), "author_id": field("AUTHOR_ID"), "date": field("DATE"),
        "text": field("TEXT"), "unread": false, "params": {},
    })
}

/// Messages, the newest first; `FIRST_ID` turns the order round.
pub(super) fn messages(call: &mut Call<'_>) -> Outcome {
    let (id, _) = chat(call, "DIALOG_ID_EMPTY")?;
    let limit =
        call.number("LIMIT").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(20).clamp(1, MOST_MESSAGES);
    let bound = |name: &str| call.param(name).and_then(number);
    let in_chat = |message: &&Object| message.get("CHAT_ID").and_then(number) == Some(id);
    let all = call.store().all(MESSAGE);
    let found: Vec<&Object> = match (bound("FIRST_ID"), bound("LAST_ID")) {
        (Some(first), _) => {
            all.range(first.saturating_add(1)..).map(|(_, message)| message).filter(in_chat).take(limit).collect()
        }
        (None, Some(last)) => all.range(..last).rev().map(|(_, message)| message).filter(in_chat).take(limit).collect(),
        (None, None) => all.values().rev().filter(in_chat).take(limit).collect(),
    };
    let mut authors: Vec<u64> = found.iter().filter_map(|message| message.get("AUTHOR_ID").and_then(number)).collect();
    authors.sort_unstable();
    authors.dedup();
    let people: Vec<Value> = authors.into_iter().map(|id| person(call, id)).collect();
    let messages: Vec<Value> = found.into_iter().map(shown).collect();
    Ok(json!({ "chat_id": id, "messages": messages, "users": people, "files": [] }).into())
}

fn summary(id: u64, chat: &Object) -> Value {
    let field = |key: &str| chat.get(key).cloned().unwrap_or_default();
    json!({
        "id": id, "title": field("TITLE"), "name": field("TITLE"), "owner": field("OWNER"), "type": field("TYPE"),
        "entity_type": field("ENTITY_TYPE"), "entity_id": field("ENTITY_ID"), "date_create": field("DATE_CREATE"),
        "user_counter": members(chat).len(), "dialog_id": format!("chat{id}"),
    })
}

pub(super) fn dialog(call: &mut Call<'_>) -> Outcome {
    let (id, chat) = chat(call, "DIALOG_ID_EMPTY")?;
    Ok(summary(id, &chat).into())
}

/// The caller's chats, the one with the newest message first.
pub(super) fn recent(call: &mut Call<'_>) -> Outcome {
    let own = call.store().all(CHAT).iter().filter(|(_, chat)| members(chat).contains(&call.user));
    let mut items: Vec<(u64, Value)> = own
        .map(|(id, chat)| {
            let in_chat = |message: &&Object| message.get("CHAT_ID").and_then(number) == Some(*id);
            let last = call.store().all(MESSAGE).values().rev().find(in_chat);
            let newest = last.and_then(|message| message.get("ID")).and_then(number).unwrap_or(0);
            let date = last.and_then(|message| message.get("DATE")).or_else(|| chat.get("DATE_CREATE"));
            let item = json!({
                "id": format!("chat{id}"), "chat_id": id, "type": "chat", "title": chat.get("TITLE"),
                "message": last.map(shown), "chat": summary(*id, chat), "avatar": { "url": "", "color": "#f76187" }, "counter": 0,
                "last_id": newest, "pinned": false, "unread": false, "has_reminder": false, "date_update": date,
                "date_last_activity": date, "options": [],
            });
            (newest, item)
        })
        .collect();
    items.sort_by(|(a, _), (b, _)| b.cmp(a));
    let offset = call.number("OFFSET").and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
    let more = items.len() > offset.saturating_add(query::PAGE);
    let items: Vec<Value> = items.into_iter().skip(offset).take(query::PAGE).map(|(_, item)| item).collect();
    Ok(json!({ "items": items, "hasMorePages": more, "hasMore": more }).into())
}
