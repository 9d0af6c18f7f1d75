//! Folders and files, with real uploads and downloads.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use base64::{Engine as _, alphabet};
use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, Success, envelope, iso};
use crate::sandbox::dispatch::{Call, find};
use crate::sandbox::limits::Charge;
use crate::sandbox::query::{self, Filter, Query};
use crate::sandbox::records::number;
use crate::sandbox::reply::Reply;
use crate::sandbox::request::Inquiry;
use crate::sandbox::state::State;
use crate::sandbox::store::Store;
use crate::sandbox::{Shared, auth, canned};
use crate::value::Object;

/// Folders and files.
pub(super) const OBJECT: &str = "disk.object";
/// The contents of files, as Base64, by the number of their version.
pub(super) const CONTENT: &str = "disk.content";
pub(super) const STORAGE: &str = "disk.storage";

/// The field that holds a file's right to be downloaded; it is never shown.
const TOKEN: &str = "_TOKEN";

/// The field that holds a file's versions; it is not shown either.
const VERSIONS: &str = "_VERSIONS";

fn argument() -> Refusal {
    Refusal::new(400, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}")
}

fn not_found(id: u64) -> Refusal {
    Refusal::new(400, "ERROR_NOT_FOUND", format!("Could not find entity with id `{id}`"))
}

/// A new folder or file, yet without a parent of its own.
struct New<'n> {
    name: &'n str,
    parent: u64,
    storage: u64,
    user: u64,
    now: &'n str,
}

impl New<'_> {
    fn record(&self, id: u64, kind: &str) -> Object {
        let record = json!({
            "ID": id.to_string(), "NAME": self.name, "CODE": null, "STORAGE_ID": self.storage.to_string(), "TYPE": kind,
            "PARENT_ID": if self.parent == 0 { Value::Null } else { self.parent.to_string().into() },
            "DELETED_TYPE": "0", "CREATE_TIME": self.now, "UPDATE_TIME": self.now, "DELETE_TIME": null,
            "CREATED_BY": self.user.to_string(), "UPDATED_BY": self.user.to_string(), "DELETED_BY": "0",
        });
        record.as_object().cloned().unwrap_or_default()
    }
}

/// The number of the folder that the documentation's examples speak of.
const DOCUMENTED: u64 = 29160;

/// The storages that there are from the start: the administrator's own and the company's.
pub(super) fn seed(store: &mut Store, now: &str) {
    for (id, name, kind, owner) in [(1, "Anna Schmidt", "user", "1"), (3, "Company drive", "common", "shared_files_s1")]
    {
        let root = New { name, parent: 0, storage: id, user: 1, now }.record(id, "folder");
        store.put(OBJECT, id, root);
        let storage = json!({
            "ID": id.to_string(), "NAME": name, "CODE": null, "MODULE_ID": "disk", "ENTITY_TYPE": kind, "ENTITY_ID": owner,
            "ROOT_OBJECT_ID": id.to_string(),
        });
        store.put(STORAGE, id, storage.as_object().cloned().unwrap_or_default());
    }
    // The folder that the documentation uploads to.
    let folder = New { name: "Documents", parent: 3, storage: 3, user: 1, now }.record(DOCUMENTED, "folder");
    store.put(OBJECT, DOCUMENTED, folder);
}

/// The object that the parameters name, of one kind.
fn named(call: &Call<'_>, kind: &str) -> Result<(u64, Object), Refusal> {
    let id = call.param("id").and_then(number).ok_or_else(argument)?;
    let found = call.store().get(OBJECT, id).filter(|found| found.get("TYPE") == Some(&kind.into()));
    found.map(|found| (id, found.clone())).ok_or_else(|| not_found(id))
}

fn root(call: &Call<'_>) -> Result<u64, Refusal> {
    let id = call.param("id").and_then(number).ok_or_else(argument)?;
    let storage = call.store().get(STORAGE, id).ok_or_else(|| not_found(id))?;
    storage.get("ROOT_OBJECT_ID").and_then(number).ok_or_else(|| not_found(id))
}

/// An object as it is answered.
fn shown(record: &Object, base: &str) -> Value {
    let mut shown = record.clone();
    let id = record.get("ID").and_then(Value::as_str).unwrap_or_default().to_owned();
    let token = shown.shift_remove(TOKEN);
    shown.shift_remove(VERSIONS);
    if let Some(token) = token.as_ref().and_then(Value::as_str) {
        shown.insert("DOWNLOAD_URL".into(), format!("{base}/rest/download.json?id={id}&token={token}").into());
        shown.insert("DETAIL_URL".into(), format!("{base}/disk/file/{id}/").into());
    } else {
        shown.insert("REAL_OBJECT_ID".into(), id.as_str().into());
        shown.insert("DETAIL_URL".into(), format!("{base}/disk/folder/{id}/").into());
    }
    Value::Object(shown)
}

/// The answer to a call that made an object: what the portal reads from its database as text is still a number then.
fn made(record: &Object, base: &str) -> Value {
    let mut made = shown(record, base);
    numbers(&mut made, &["ID", "REAL_OBJECT_ID", "DELETED_TYPE", "FILE_ID", "GLOBAL_CONTENT_VERSION"]);
    made
}

/// Turns texts that are numbers into such.
fn numbers(answer: &mut Value, keys: &[&str]) {
    for key in keys {
        if let Some(value) = answer.get_mut(*key)
            && let Some(number) = number(value)
        {
            *value = number.into();
        }
    }
}

fn field<'r>(record: &'r Object, key: &str) -> &'r str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A name that no sibling has, or a refusal.
fn free_name(store: &Store, parent: u64, name: &str, unique: bool) -> Result<String, Refusal> {
    let parent = parent.to_string();
    let taken = |name: &str| {
        let is_it = |other: &Object| {
            field(other, "PARENT_ID") == parent && field(other, "NAME") == name && field(other, "DELETED_TYPE") == "0"
        };
        store.all(OBJECT).values().any(is_it)
    };
    if name.trim().is_empty() || name.contains(['/', '\\', '\0']) {
        return Err(argument());
    }
    if !taken(name) {
        return Ok(name.to_owned());
    }
    if !unique {
        return Err(Refusal::new(
            400,
            "DISK_OBJ_22000",
            "A file or folder with this name already exists in this location",
        ));
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
        _ => (name, String::new()),
    };
    let free = (1..).map(|at: u64| format!("{stem} ({at}){end}")).find(|name| !taken(name));
    Ok(free.unwrap_or_else(|| name.to_owned()))
}

fn unique(params: &Object) -> bool {
    find(params, "generateUniqueName").is_some_and(|flag| match flag {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "N" | "false"),
        _ => false,
    })
}

pub(super) fn storages(call: &mut Call<'_>) -> Outcome {
    let rename = str::to_uppercase;
    let query = Query {
        filter: call.param("filter").map(|filter| Filter::read(filter, &rename)).unwrap_or_default(),
        order: call.param("order").map(|order| query::order(order, &rename)).unwrap_or_default(),
        start: call.number("start").unwrap_or(0),
        page: query::PAGE,
    };
    Ok(query.run(call.store().all(STORAGE), "ID").success(|storage| Value::Object(storage.clone())))
}

pub(super) fn storage(call: &mut Call<'_>) -> Outcome {
    let id = call.param("id").and_then(number).ok_or_else(argument)?;
    let storage = call.store().get(STORAGE, id).cloned().ok_or_else(|| not_found(id))?;
    Ok(storage.into())
}

/// The application's own storage is made when it is first asked for.
pub(super) fn storage_for_app(call: &mut Call<'_>) -> Outcome {
    if call.caller.by == auth::WEBHOOK {
        return Err(canned::no_context());
    }
    let is_app = |storage: &&Object| field(storage, "ENTITY_TYPE") == "restapp";
    if let Some(found) = call.store().all(STORAGE).values().find(is_app) {
        return Ok(found.clone().into());
    }
    let (id, now) = (call.store_mut().next(STORAGE), iso(call.now));
    let root_id = call.store_mut().next(OBJECT);
    let root =
        New { name: "Application", parent: 0, storage: id, user: call.user, now: &now }.record(root_id, "folder");
    call.store_mut().put(OBJECT, root_id, root);
    let storage = json!({
        "ID": id.to_string(), "NAME": "Application", "CODE": null, "MODULE_ID": "disk", "ENTITY_TYPE": "restapp",
        "ENTITY_ID": "1", "ROOT_OBJECT_ID": root_id.to_string(),
    });
    let storage = storage.as_object().cloned().unwrap_or_default();
    call.store_mut().put(STORAGE, id, storage.clone());
    Ok(storage.into())
}

fn children_of(call: &Call<'_>, folder: u64) -> Outcome {
    let rename = str::to_uppercase;
    let mut filter = call.param("filter").map(|filter| Filter::read(filter, &rename)).unwrap_or_default();
    filter = Filter::all([filter]);
    filter.test("=", "PARENT_ID", &folder.into());
    filter.test("=", "DELETED_TYPE", &"0".into());
    let query = Query {
        filter,
        order: call.param("order").map(|order| query::order(order, &rename)).unwrap_or_default(),
        start: call.number("start").unwrap_or(0),
        page: query::PAGE,
    };
    Ok(query.run(call.store().all(OBJECT), "ID").success(|object| shown(object, call.base)))
}

pub(super) fn storage_children(call: &mut Call<'_>) -> Outcome {
    let root = root(call)?;
    children_of(call, root)
}

pub(super) fn children(call: &mut Call<'_>) -> Outcome {
    let (id, _) = named(call, "folder")?;
    children_of(call, id)
}

fn make_folder(call: &mut Call<'_>, parent: u64) -> Outcome {
    let name = call.param("data").and_then(|data| find(data.as_object()?, "NAME")?.as_str()).unwrap_or_default();
    let name = free_name(call.store(), parent, name, unique(call.params))?;
    let storage = call.store().get(OBJECT, parent).and_then(|parent| number(parent.get("STORAGE_ID")?)).unwrap_or(0);
    let (id, now) = (call.store_mut().next(OBJECT), iso(call.now));
    let record = New { name: &name, parent, storage, user: call.user, now: &now }.record(id, "folder");
    let answer = made(&record, call.base);
    call.store_mut().put(OBJECT, id, record);
    Ok(answer.into())
}

pub(super) fn storage_folder(call: &mut Call<'_>) -> Outcome {
    let root = root(call)?;
    make_folder(call, root)
}

pub(super) fn subfolder(call: &mut Call<'_>) -> Outcome {
    let (id, _) = named(call, "folder")?;
    make_folder(call, id)
}

/// A file that was sent: its name, if it came with one, and its content.
fn sent(value: &Value) -> Option<(Option<String>, Vec<u8>)> {
    let (name, text) = match value {
        Value::Array(pair) => (pair.first()?.as_str().map(str::to_owned), pair.get(1)?.as_str()?),
        Value::Object(pair) => (pair.get("0")?.as_str().map(str::to_owned), pair.get("1")?.as_str()?),
        Value::String(text) => (None, text.as_str()),
        _ => return None,
    };
    Some((name, decoded(text)?))
}

/// Reads Base64 as PHP does: what is no letter of it is passed over, and nobody has to fill it up.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut letters: Vec<u8> =
        text.bytes().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    let forgiving = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, forgiving).decode(letters).ok()
}

/// Who puts a file where.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: u64,
    user: u64,
    name: Option<String>,
    unique: bool,
}

fn keep_content(store: &mut Store, content: &[u8]) -> u64 {
    let id = store.next(CONTENT);
    let record = json!({ "BASE64": BASE64_STANDARD.encode(content) });
    store.put(CONTENT, id, record.as_object().cloned().unwrap_or_default());
    id
}

fn make_file(
    state: &mut State,
    place: &Place,
    name: Option<String>,
    content: &[u8],
    base: &str,
) -> Result<Value, Refusal> {
    let parent = state.store.get(OBJECT, place.folder).ok_or_else(|| not_found(place.folder))?;
    let storage = number(parent.get("STORAGE_ID").unwrap_or(&Value::Null)).unwrap_or(0);
    let nameless = "Error: required parameter NAME (DISK_BASE_SERVICE_22001)";
    let name = place.name.clone().or(name);
    let name = name.ok_or_else(|| Refusal::new(400, "DISK_BASE_SERVICE_22001", nameless))?;
    let name = free_name(&state.store, place.folder, &name, place.unique)?;
    let now = iso(state.now());
    let (id, content_id) = (state.store.next(OBJECT), keep_content(&mut state.store, content));
    let mut record = New { name: &name, parent: place.folder, storage, user: place.user, now: &now }.record(id, "file");
    record.insert("GLOBAL_CONTENT_VERSION".into(), "1".into());
    record.insert("FILE_ID".into(), content_id.to_string().into());
    record.insert("SIZE".into(), content.len().to_string().into());
    record.insert(TOKEN.into(), format!("{:032x}", state.secrets.u128(..)).into());
    let answer = made(&record, base);
    state.store.put(OBJECT, id, record);
    Ok(answer)
}

fn upload_to(call: &mut Call<'_>, folder: u64) -> Outcome {
    let name = call.param("data").and_then(|data| find(data.as_object()?, "NAME")?.as_str()).map(str::to_owned);
    let place = Place { folder, user: call.user, name, unique: unique(call.params) };
    let Some(content) = call.param("fileContent").filter(|content| !content.is_null()) else {
        // Without a content the answer is an address that takes the file as a form.
        let token = format!("{:032x}", call.state.secrets.u128(..));
        let address = format!("{}/rest/upload.json?token={token}", call.base);
        call.state.uploads.insert(token, place);
        return Ok(json!({ "field": "file", "uploadUrl": address }).into());
    };
    let (name, content) = sent(content).ok_or_else(argument)?;
    let base = call.base.to_owned();
    Ok(make_file(call.state, &place, name, &content, &base)?.into())
}

pub(super) fn storage_upload(call: &mut Call<'_>) -> Outcome {
    let root = root(call)?;
    upload_to(call, root)
}

pub(super) fn folder_upload(call: &mut Call<'_>) -> Outcome {
    let (id, _) = named(call, "folder")?;
    upload_to(call, id)
}

pub(super) fn new_version(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call, "file")?;
    if !record.contains_key(VERSIONS) {
        record.insert(VERSIONS.into(), json!([version_of(&record)]));
    }
    let (_, content) = call.param("fileContent").and_then(sent).ok_or_else(argument)?;
    let version = keep_content(call.store_mut(), &content);
    let count = record.get("GLOBAL_CONTENT_VERSION").and_then(number).unwrap_or(0) + 1;
    record.insert("GLOBAL_CONTENT_VERSION".into(), count.to_string().into());
    record.insert("FILE_ID".into(), version.to_string().into());
    record.insert("SIZE".into(), content.len().to_string().into());
    record.insert("UPDATE_TIME".into(), iso(call.now).into());
    let mut versions = record.get(VERSIONS).and_then(Value::as_array).cloned().unwrap_or_default();
    versions.insert(0, version_of(&record));
    record.insert(VERSIONS.into(), versions.into());
    let mut answer = shown(&record, call.base);
    numbers(&mut answer, &["GLOBAL_CONTENT_VERSION"]);
    call.store_mut().put(OBJECT, id, record);
    Ok(answer.into())
}

/// A file's content as one of its versions.
fn version_of(record: &Object) -> Value {
    json!({
        "ID": record.get("FILE_ID"), "OBJECT_ID": record.get("ID"), "SIZE": record.get("SIZE"), "NAME": record.get("NAME"),
        "GLOBAL_CONTENT_VERSION": record.get("GLOBAL_CONTENT_VERSION"), "CREATE_TIME": record.get("UPDATE_TIME"),
        "CREATED_BY": record.get("UPDATED_BY"),
    })
}

/// The versions of a file, the newest first.
pub(super) fn versions(call: &mut Call<'_>) -> Outcome {
    let (id, record) = named(call, "file")?;
    let mut versions = record.get(VERSIONS).and_then(Value::as_array).cloned().unwrap_or_default();
    if versions.is_empty() {
        versions.push(version_of(&record));
    }
    let token = field(&record, TOKEN);
    for version in &mut versions {
        let address = format!(
            "{}/rest/download.json?id={id}&token={token}&version={}",
            call.base,
            version["ID"].as_str().unwrap_or_default()
        );
        version["DOWNLOAD_URL"] = address.into();
    }
    let total = Some(versions.len());
    Ok(Success { total, ..Value::from(versions).into() })
}

pub(super) fn folder(call: &mut Call<'_>) -> Outcome {
    let (_, record) = named(call, "folder")?;
    Ok(shown(&record, call.base).into())
}

pub(super) fn file(call: &mut Call<'_>) -> Outcome {
    let (_, record) = named(call, "file")?;
    Ok(shown(&record, call.base).into())
}

fn change(call: &mut Call<'_>, (id, mut record): (u64, Object), fields: &[(&str, Value)]) -> Outcome {
    record.extend(fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    record.insert("UPDATE_TIME".into(), iso(call.now).into());
    record.insert("UPDATED_BY".into(), call.user.to_string().into());
    let mut answer = shown(&record, call.base);
    // What has just been set is a number still.
    let set: Vec<&str> =
        fields.iter().map(|(key, _)| *key).filter(|key| matches!(*key, "PARENT_ID" | "DELETED_TYPE")).collect();
    numbers(&mut answer, &set);
    call.store_mut().put(OBJECT, id, record);
    Ok(answer.into())
}

fn rename(call: &mut Call<'_>, kind: &str) -> Outcome {
    let found = named(call, kind)?;
    let parent = found.1.get("PARENT_ID").and_then(number).unwrap_or(0);
    let name = call.text("newName").ok_or_else(argument)?;
    let name = if name == field(&found.1, "NAME") { name } else { free_name(call.store(), parent, &name, false)? };
    change(call, found, &[("NAME", name.into())])
}

pub(super) fn folder_rename(call: &mut Call<'_>) -> Outcome {
    rename(call, "folder")
}

pub(super) fn file_rename(call: &mut Call<'_>) -> Outcome {
    rename(call, "file")
}

/// Whether a folder is another one or lies within it.
fn is_within(store: &Store, mut folder: u64, other: u64) -> bool {
    while folder != 0 {
        if folder == other {
            return true;
        }
        folder = store.get(OBJECT, folder).and_then(|found| number(found.get("PARENT_ID")?)).unwrap_or(0);
    }
    false
}

fn target(call: &Call<'_>) -> Result<u64, Refusal> {
    let id = call.param("targetFolderId").and_then(number).ok_or_else(argument)?;
    let is_folder = |found: &&Object| found.get("TYPE") == Some(&"folder".into());
    call.store().get(OBJECT, id).filter(is_folder).map(|_| id).ok_or_else(|| not_found(id))
}

fn move_to(call: &mut Call<'_>, kind: &str) -> Outcome {
    let found = named(call, kind)?;
    let target = target(call)?;
    if is_within(call.store(), target, found.0) {
        return Err(argument());
    }
    free_name(call.store(), target, field(&found.1, "NAME"), false)?;
    change(call, found, &[("PARENT_ID", target.to_string().into())])
}

pub(super) fn folder_move(call: &mut Call<'_>) -> Outcome {
    move_to(call, "folder")
}

pub(super) fn file_move(call: &mut Call<'_>) -> Outcome {
    move_to(call, "file")
}

pub(super) fn file_copy(call: &mut Call<'_>) -> Outcome {
    let (_, mut record) = named(call, "file")?;
    let target = target(call)?;
    let name = free_name(call.store(), target, field(&record, "NAME"), true)?;
    let id = call.store_mut().next(OBJECT);
    record.insert("ID".into(), id.to_string().into());
    record.insert("NAME".into(), name.into());
    record.insert("PARENT_ID".into(), target.to_string().into());
    record.insert(TOKEN.into(), format!("{:032x}", call.state.secrets.u128(..)).into());
    record.shift_remove(VERSIONS);
    let mut success = change(call, (id, record), &[])?;
    numbers(&mut success.result, &["ID", "DELETED_TYPE", "FILE_ID", "GLOBAL_CONTENT_VERSION"]);
    Ok(success)
}

/// Copies a folder with all that lies within it.
pub(super) fn folder_copy(call: &mut Call<'_>) -> Outcome {
    let (id, record) = named(call, "folder")?;
    let target = target(call)?;
    if is_within(call.store(), target, id) {
        return Err(argument());
    }
    let name = free_name(call.store(), target, field(&record, "NAME"), true)?;
    let storage = call.store().get(OBJECT, target).and_then(|folder| number(folder.get("STORAGE_ID")?)).unwrap_or(0);
    let now = iso(call.now);
    // Old numbers by new ones: whatever lies in a copied folder is copied into its copy.
    let mut copied = std::collections::BTreeMap::new();
    let store = call.store();
    let inside: Vec<(u64, Object)> = store
        .all(OBJECT)
        .iter()
        .filter(|(other, object)| is_within(store, **other, id) && field(object, "DELETED_TYPE") == "0")
        .map(|(id, object)| (*id, object.clone()))
        .collect();
    for (old, _) in &inside {
        copied.insert(*old, call.store_mut().next(OBJECT));
    }
    let mut answer = Value::Null;
    for (old, mut object) in inside {
        let new = copied.get(&old).copied().unwrap_or(0);
        let parent = object.get("PARENT_ID").and_then(number).and_then(|parent| copied.get(&parent).copied());
        let parent = if old == id { target } else { parent.unwrap_or(target) };
        object.insert("ID".into(), new.to_string().into());
        object.insert("PARENT_ID".into(), parent.to_string().into());
        object.insert("STORAGE_ID".into(), storage.to_string().into());
        object.insert("CREATE_TIME".into(), now.as_str().into());
        if object.contains_key(TOKEN) {
            object.insert(TOKEN.into(), format!("{:032x}", call.state.secrets.u128(..)).into());
            object.shift_remove(VERSIONS);
        }
        if old == id {
            object.insert("NAME".into(), name.as_str().into());
            answer = made(&object, call.base);
        }
        call.store_mut().put(OBJECT, new, object);
    }
    Ok(answer.into())
}

fn mark(call: &mut Call<'_>, kind: &str, is_deleted: bool) -> Outcome {
    let found = named(call, kind)?;
    let (now, user) = (iso(call.now), call.user.to_string());
    if is_deleted {
        change(call, found, &[("DELETED_TYPE", "3".into()), ("DELETE_TIME", now.into()), ("DELETED_BY", user.into())])
    } else {
        change(call, found, &[("DELETED_TYPE", "0".into())])
    }
}

pub(super) fn folder_mark(call: &mut Call<'_>) -> Outcome {
    mark(call, "folder", true)
}

pub(super) fn folder_restore(call: &mut Call<'_>) -> Outcome {
    mark(call, "folder", false)
}

pub(super) fn file_mark(call: &mut Call<'_>) -> Outcome {
    mark(call, "file", true)
}

pub(super) fn file_restore(call: &mut Call<'_>) -> Outcome {
    mark(call, "file", false)
}

pub(super) fn file_delete(call: &mut Call<'_>) -> Outcome {
    let (id, _) = named(call, "file")?;
    call.store_mut().remove(OBJECT, id);
    Ok(Value::Bool(true).into())
}

/// Removes a folder and all that lies within it.
pub(super) fn folder_delete(call: &mut Call<'_>) -> Outcome {
    let (id, record) = named(call, "folder")?;
    if record.get("PARENT_ID").is_none_or(Value::is_null) {
        return Err(Refusal::new(400, "ACCESS_DENIED", "A root folder cannot be removed"));
    }
    let store = call.store();
    let inside: Vec<u64> = store.all(OBJECT).keys().copied().filter(|other| is_within(store, *other, id)).collect();
    for other in inside {
        call.store_mut().remove(OBJECT, other);
    }
    Ok(Value::Bool(true).into())
}

/// Answers `/rest/upload.json`: takes a file as a form.
pub(super) fn upload(shared: &Shared, inquiry: &Inquiry) -> Reply {
    let since = std::time::SystemTime::now();
    let outcome = inquiry.params().and_then(|params| {
        let mut state = shared.state();
        let token = find(&params, "token").and_then(Value::as_str).unwrap_or_default();
        let place = state.uploads.get(token).cloned();
        let place = place.ok_or_else(|| Refusal::new(401, "NO_AUTH_FOUND", "Wrong authorization data"))?;
        // Only what came as a file is a pair.
        let (name, content) = params.values().filter(|value| value.is_array()).find_map(sent).ok_or_else(argument)?;
        let answer = make_file(&mut state, &place, name, &content, &inquiry.base())?;
        state.uploads.remove(token);
        state.persist().map_err(|reason| Refusal::new(500, "INTERNAL_SERVER_ERROR", reason))?;
        Ok(answer.into())
    });
    let status = outcome.as_ref().map_or_else(|refusal: &Refusal| refusal.status, |_| 200);
    Reply::json(status, &envelope(outcome, 2, since, Charge::default()))
}

/// Answers `/rest/download.json`: gives a file's bytes to whoever has its address.
pub(super) fn download(shared: &Shared, inquiry: &Inquiry) -> Reply {
    let params = inquiry.params().unwrap_or_default();
    let state = shared.state();
    let file = find(&params, "id").and_then(number).and_then(|id| state.store.get(OBJECT, id));
    let token = find(&params, "token").and_then(Value::as_str).unwrap_or_default();
    let file = file.filter(|file| !token.is_empty() && field(file, TOKEN) == token);
    let content = file.and_then(|file| {
        let newest = file.get("FILE_ID").and_then(number)?;
        // Older versions of the same file.
        let of_file = |id: &u64| {
            let versions = file.get(VERSIONS).and_then(Value::as_array).into_iter().flatten();
            versions.filter_map(|version| version.get("ID").and_then(number)).any(|known| known == *id)
        };
        let version = find(&params, "version").and_then(number).filter(of_file);
        state.store.get(CONTENT, version.unwrap_or(newest))
    });
    let bytes = content.and_then(|content| BASE64_STANDARD.decode(field(content, "BASE64")).ok());
    match (file, bytes) {
        (Some(file), Some(bytes)) => {
            let name = percent_encoding::utf8_percent_encode(field(file, "NAME"), percent_encoding::NON_ALPHANUMERIC);
            let reply = Reply { content_type: "application/octet-stream", body: bytes.into(), ..Reply::empty(200) };
            reply.with("content-disposition", &format!("attachment; filename*=UTF-8''{name}"))
        }
        _ => Reply::empty(403),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_php_reads_it() {
        for (text, expected) in [
            ("aGVsbG8=", "hello"),
            ("aGVs\nbG8", "hello"),
            (" aGVsbG8**", "hello"),
            ("aGVsb", "hel"),
            ("", ""),
            ("*", ""),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(expected.as_bytes()), "{text}");
        }
    }
}
