//! Chats and messages.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::query;
use crate::sandbox::records::number;
use crate::value::Object;

const CHAT: &str = "im.chat";
const MESSAGE: &str = "im.message";
/// What the chat of a task belongs to.
const OF_TASK: &str = "TASKS_TASK";

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

pub(super) fn write(call: &mut Call<'_>, chat: u64, text: &str) -> u64 {
    let id = call.store_mut().next(MESSAGE);
    let secret = format!("{:032x}", call.state.secrets.u128(..));
    let parts = [&secret[..8], &secret[8..12], &secret[12..16], &secret[16..20], &secret[20..]];
    let message = json!({
        "ID": id, "CHAT_ID": chat, "AUTHOR_ID": call.user, "DATE": iso(call.now), "TEXT": text, "UUID": parts.join("-"),
    });
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

/// The colours that chats can have, by the portal's words.
const COLORS: &[(&str, &str)] = &[
    ("RED", "#df532d"),
    ("GREEN", "#64a513"),
    ("MINT", "#4ba984"),
    ("LIGHT_BLUE", "#4ba5c3"),
    ("DARK_BLUE", "#3e99ce"),
    ("PURPLE", "#8474c8"),
    ("AQUA", "#1eb4aa"),
    ("PINK", "#f76187"),
    ("LIME", "#58cc47"),
    ("BROWN", "#ab7761"),
    ("AZURE", "#29619b"),
    ("KHAKI", "#728f7a"),
    ("SAND", "#ba9c7b"),
    ("MARENGO", "#556574"),
    ("GRAY", "#909090"),
    ("GRAPHITE", "#5e5f5e"),
];

/// The colour of who has chosen none.
const PLAIN: &str = "#f76187";

fn color(chat: &Object) -> &str {
    let word = chat.get("COLOR").and_then(Value::as_str).unwrap_or_default();
    COLORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map_or(PLAIN, |(_, color)| *color)
}

fn person(call: &Call<'_>, id: u64) -> Value {
    let text = |key: &str| call.store().get("user", id).and_then(|user| user.get(key)).cloned().unwrap_or_default();
    let name =
        format!("{} {}", text("NAME").as_str().unwrap_or_default(), text("LAST_NAME").as_str().unwrap_or_default());
    json!({
        "id": id, "active": text("ACTIVE"), "name": name.trim(), "first_name": text("NAME"), "last_name": text("LAST_NAME"),
        "work_position": text("WORK_POSITION"), "color": "#4ba984", "avatar": "", "avatar_hr": "", "gender": "M", "birthday": "",
        "extranet": text("USER_TYPE") == "extranet", "network": false, "bot": false, "connector": false, "external_auth_id": "default",
        "status": "online", "idle": false, "last_activity_date": iso(call.now), "mobile_last_date": false, "desktop_last_date": false,
        "absent": false, "departments": text("UF_DEPARTMENT"), "phones": false, "bot_data": null, "type": "user", "website": "",
        "email": text("EMAIL"),
    })
}

/// Who likes a message; PHP prints none as a list.
fn params(message: &Object) -> Value {
    match message.get("LIKE").and_then(Value::as_array) {
        Some(likes) if !likes.is_empty() => json!({ "LIKE": likes }),
        _ => json!([]),
    }
}

/// A message as the list of chats tells it.
fn brief(message: &Object) -> Value {
    let field = |key: &str| message.get(key).cloned().unwrap_or_default();
    json!({
        "id": field("ID"), "text": field("TEXT"), "file": false, "author_id": field("AUTHOR_ID"), "attach": false, "sticker": null,
        "date": field("DATE"), "status": "received", "uuid": field("UUID"),
    })
}

fn shown(message: &Object) -> Value {
    let field = |key: &str| message.get(key).cloned().unwrap_or_default();
    json!({
        "id": field("ID"), "chat_id": field("CHAT_ID"), "author_id": field("AUTHOR_ID"), "date": field("DATE"),
        "text": field("TEXT"), "unread": false, "uuid": field("UUID"), "replaces": [], "params": params(message),
        "disappearing_date": null,
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

/// The newest message of a chat.
fn newest(call: &Call<'_>, chat: u64) -> u64 {
    let in_chat = |message: &&Object| message.get("CHAT_ID").and_then(number) == Some(chat);
    let last = call.store().all(MESSAGE).values().rev().find(in_chat);
    last.and_then(|message| message.get("ID")).and_then(number).unwrap_or(0)
}

/// The other one in a private chat.
fn other(call: &Call<'_>, chat: &Object) -> Option<u64> {
    let is_private = chat.get("TYPE") == Some(&json!("private"));
    let members = members(chat);
    members.iter().copied().find(|member| *member != call.user).or(members.first().copied()).filter(|_| is_private)
}

fn summary(call: &Call<'_>, id: u64, chat: &Object) -> Value {
    let field = |key: &str| chat.get(key).cloned().unwrap_or_default();
    let in_chat = |message: &&Object| message.get("CHAT_ID").and_then(number) == Some(id);
    let messages = call.store().all(MESSAGE).values().filter(in_chat).count();
    let last = newest(call, id);
    let others: Vec<Value> = members(chat)
        .into_iter()
        .filter(|member| *member != call.user)
        .map(|member| json!({ "user_id": member, "user_name": person(call, member)["name"], "message_id": 0, "date": null }))
        .collect();
    let owner = field("OWNER");
    let is_owner = number(&owner) == Some(call.user);
    let entity = field("ENTITY_ID");
    let type_of_link = entity.as_str().and_then(|id| id.split('|').next()).unwrap_or_default();
    let (name, dialog) = match other(call, chat) {
        Some(other) => (person(call, other)["name"].clone(), other.to_string()),
        None => (field("TITLE"), format!("chat{id}")),
    };
    let message_type = match chat.get("TYPE").and_then(Value::as_str) {
        Some("private") => "P",
        Some("open") => "O",
        _ => "C",
    };
    json!({
        "id": id, "parent_chat_id": 0, "parent_message_id": 0, "name": name, "description": field("DESCRIPTION"), "owner": owner,
        "extranet": false, "avatar": "", "color": color(chat), "type": field("TYPE"), "counter": 0, "user_counter": members(chat).len(),
        "message_count": messages, "unread_id": 0,
        "restrictions": {
            "avatar": true, "rename": true, "extend": true, "call": true, "mute": true, "leave": true, "leave_owner": true, "send": true,
            "user_list": true, "path": "", "path_title": "",
        },
        "last_message_id": last, "last_id": last, "marked_id": chat.get("MARKED").cloned().unwrap_or_else(|| 0.into()),
        "disk_folder_id": 0, "entity_type": field("ENTITY_TYPE"), "entity_id": entity, "entity_data_1": "", "entity_data_2": "",
        "entity_data_3": "", "mute_list": mute_list(chat), "date_create": field("DATE_CREATE"),
        "message_type": message_type, "public": "", "role": if is_owner { "owner" } else { "member" },
        "entity_link": { "type": type_of_link, "url": "", "id": entity }, "text_field_enabled": true, "background_id": null,
        "permissions": {
            "manage_users_add": "member", "manage_users_delete": "manager", "manage_ui": "member", "manage_settings": "owner",
            "manage_messages": "member", "can_post": "member",
        },
        "is_new": false, "readed_list": others, "manager_list": [owner],
        "last_message_views": { "message_id": last, "first_viewers": [], "count_of_viewers": 0 }, "dialog_id": dialog,
    })
}

pub(super) fn dialog(call: &mut Call<'_>) -> Outcome {
    let (id, chat) = chat(call, "DIALOG_ID_EMPTY")?;
    Ok(summary(call, id, &chat).into())
}

/// `im.user.get`: somebody, or the caller.
pub(super) fn user(call: &mut Call<'_>) -> Outcome {
    let id = call.param("ID").and_then(number).unwrap_or(call.user);
    if call.store().get("user", id).is_none() {
        return Err(refused("USER_NOT_EXISTS", "User not found"));
    }
    Ok(person(call, id).into())
}

fn says(call: &Call<'_>, param: &str) -> bool {
    call.param(param).is_none_or(|flag| *flag != false && *flag != "N" && *flag != "n" && *flag != 0)
}

/// Who has muted a chat: `{"7": true}`, or an empty list for nobody.
fn mute_list(chat: &Object) -> Value {
    let muted: Object = users(chat.get("MUTED")).into_iter().map(|user| (user.to_string(), true.into())).collect();
    if muted.is_empty() { json!([]) } else { muted.into() }
}

/// Keeps the caller's notifications of a chat back, or lets them come again.
pub(super) fn mute(call: &mut Call<'_>) -> Outcome {
    let (id, mut chat) = chat(call, "CHAT_ID_EMPTY")?;
    let mut muted = users(chat.get("MUTED"));
    muted.retain(|user| *user != call.user);
    if says(call, "MUTE") {
        muted.push(call.user);
    }
    chat.insert("MUTED".into(), muted.into());
    call.store_mut().put(CHAT, id, chat);
    Ok(true_answer())
}

pub(super) fn set_owner(call: &mut Call<'_>) -> Outcome {
    let (id, mut chat) = chat(call, "CHAT_ID_EMPTY")?;
    let user = call.param("USER_ID").and_then(number);
    let user = user.ok_or_else(|| refused("USER_ID_EMPTY", "User ID can't be empty"))?;
    if chat.get("OWNER").and_then(number) != Some(call.user) || !members(&chat).contains(&user) {
        return Err(refused("WRONG_REQUEST", "You don't have access or user isn't member in chat"));
    }
    chat.insert("OWNER".into(), user.into());
    call.store_mut().put(CHAT, id, chat);
    Ok(true_answer())
}

pub(super) fn chat_color(call: &mut Call<'_>) -> Outcome {
    let (id, mut chat) = chat(call, "CHAT_ID_EMPTY")?;
    let wanted = call.text("COLOR").unwrap_or_default().to_uppercase();
    if !COLORS.iter().any(|(name, _)| *name == wanted) {
        return Err(refused("WRONG_COLOR", "This color currently unavailable"));
    }
    chat.insert("COLOR".into(), wanted.into());
    call.store_mut().put(CHAT, id, chat);
    Ok(true_answer())
}

/// Everything up to a message, or to the newest, has been read.
pub(super) fn read(call: &mut Call<'_>) -> Outcome {
    let dialog = call.text("DIALOG_ID");
    let (id, mut chat) = chat(call, "DIALOG_ID_EMPTY")?;
    let last = call.param("MESSAGE_ID").and_then(number).unwrap_or_else(|| newest(call, id));
    chat.shift_remove("MARKED");
    call.store_mut().put(CHAT, id, chat);
    Ok(json!({ "dialogId": dialog, "chatId": id, "lastId": last, "counter": 0 }).into())
}

/// Marks a chat as unread from a message on.
pub(super) fn unread(call: &mut Call<'_>) -> Outcome {
    let (id, mut chat) = chat(call, "DIALOG_ID_EMPTY")?;
    let message = call.param("MESSAGE_ID").and_then(number);
    let message = message.ok_or_else(|| refused("MESSAGE_ID_EMPTY", "Message ID can't be empty"))?;
    chat.insert("MARKED".into(), message.into());
    call.store_mut().put(CHAT, id, chat);
    Ok(true_answer())
}

/// Likes a message or no more; `ACTION` is `plus`, `minus` or `auto`, which turns it round.
pub(super) fn like(call: &mut Call<'_>) -> Outcome {
    let id = call.param("MESSAGE_ID").and_then(number);
    let id = id.ok_or_else(|| refused("MESSAGE_ID_ERROR", "Message ID can't be empty"))?;
    let message = call.store().get(MESSAGE, id).cloned();
    let mut message = message.ok_or_else(|| refused("MESSAGE_ID_ERROR", "Message ID can't be empty"))?;
    let mut likes = users(message.get("LIKE"));
    let has = likes.contains(&call.user);
    let wants = match call.text("ACTION").unwrap_or_default().to_lowercase().as_str() {
        "plus" => true,
        "minus" => false,
        _ => !has,
    };
    if wants == has {
        return Err(refused("WITHOUT_CHANGES", "Action completed without changes"));
    }
    likes.retain(|user| *user != call.user);
    if wants {
        likes.push(call.user);
    }
    message.insert("LIKE".into(), likes.into());
    call.store_mut().put(MESSAGE, id, message);
    Ok(true_answer())
}

/// The chat of a task, where it has one.
pub(super) fn id_of_task(call: &Call<'_>, task: u64) -> Option<u64> {
    let wanted = task.to_string();
    let is_its = |chat: &Object| {
        chat.get("ENTITY_TYPE").and_then(Value::as_str) == Some(OF_TASK)
            && chat.get("ENTITY_ID").and_then(Value::as_str) == Some(&wanted)
    };
    call.store().all(CHAT).iter().find(|(_, chat)| is_its(chat)).map(|(id, _)| *id)
}

/// The chat of a task; it is begun where there is none.
pub(super) fn of_task(call: &mut Call<'_>, task: u64) -> u64 {
    if let Some(known) = id_of_task(call, task) {
        return known;
    }
    let record = call.store().get("tasks.task", task).cloned().unwrap_or_default();
    let title = record.get("TITLE").and_then(Value::as_str).unwrap_or_default().to_owned();
    let people = ["CREATED_BY", "RESPONSIBLE_ID"].iter().filter_map(|field| record.get(*field).and_then(number));
    let people: Vec<u64> = people.filter(|id| call.store().get("user", *id).is_some()).collect();
    let id = new_chat(call, &title, "tasksTask", people);
    if let Some(mut chat) = call.store().get(CHAT, id).cloned() {
        chat.insert("ENTITY_TYPE".into(), OF_TASK.into());
        chat.insert("ENTITY_ID".into(), task.to_string().into());
        call.store_mut().put(CHAT, id, chat);
    }
    id
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
            let mut item = json!({
                "id": format!("chat{id}"), "chat_id": id, "type": "chat", "avatar": { "url": "", "color": color(chat) },
                "title": chat.get("TITLE"), "message": last.map(brief), "counter": 0, "last_id": newest, "pinned": false,
                "unread": chat.contains_key("MARKED"), "has_reminder": false, "date_update": date, "date_last_activity": date,
                "chat": summary(call, *id, chat), "options": [],
            });
            if let Some(other) = other(call, chat) {
                item["id"] = other.into();
                item["type"] = "user".into();
                item["user"] = person(call, other);
                item["title"] = item["user"]["name"].clone();
                item["chat"] = json!({ "text_field_enabled": true, "background_id": null, "mute_list": [] });
            }
            (newest, item)
        })
        .collect();
    items.sort_by(|(a, _), (b, _)| b.cmp(a));
    let offset = call.number("OFFSET").and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
    let more = items.len() > offset.saturating_add(query::PAGE);
    let items: Vec<Value> = items.into_iter().skip(offset).take(query::PAGE).map(|(_, item)| item).collect();
    Ok(json!({ "items": items, "hasMorePages": more, "hasMore": more, "copilot": null, "messagesAutoDeleteConfigs": [] }).into())
}
