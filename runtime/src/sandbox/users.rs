//! Accounts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::query::{self, Filter, Query};
use crate::sandbox::records;
use crate::sandbox::seed;
use crate::sandbox::store::Store;
use crate::value::Object;

/// Parameters of the lists that are no conditions on fields.
const CONTROLS: &[&str] = &["filter", "sort", "order", "admin_mode", "select", "image_resize", "start"];

pub(super) fn current(call: &mut Call<'_>) -> Outcome {
    let user = call.store().get("user", call.user).cloned().ok_or_else(|| Refusal::core("access_denied"))?;
    Ok(user.into())
}

pub(super) fn fields(call: &mut Call<'_>) -> Outcome {
    let known = call.tables.entity("user").map(|entity| entity.fields).unwrap_or_default();
    let mut labels: Object =
        known.iter().map(|field| (field.name.to_string(), records::label(&field.name).into())).collect();
    for field in call.store().all("user.userfield").values() {
        let name = field.get("FIELD_NAME").and_then(Value::as_str).unwrap_or_default();
        labels.insert(name.to_owned(), field.get("LABEL").cloned().unwrap_or_else(|| name.into()));
    }
    Ok(labels.into())
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let mut conditions = conditions(call);
    if let Some(at) = conditions.iter().position(|(key, _)| key == "NAME_SEARCH") {
        let (_, wanted) = conditions.remove(at);
        return Ok(list(call, &conditions, &[wanted.as_str().unwrap_or_default().to_owned()]));
    }
    Ok(list(call, &conditions, &[]))
}

pub(super) fn search(call: &mut Call<'_>) -> Outcome {
    let mut words = Vec::new();
    let mut exact = Vec::new();
    let departments = departments(call);
    for (key, value) in conditions(call) {
        let text = value.as_str().map(str::to_owned);
        match (key.as_str(), text) {
            ("FIND", Some(text)) => words.extend(text.split_whitespace().map(str::to_owned)),
            ("NAME" | "LAST_NAME" | "WORK_POSITION", Some(text)) => {
                exact.push((format!("=%{key}"), format!("{text}%").into()))
            }
            ("UF_DEPARTMENT_NAME", Some(text)) => {
                let named = departments.iter().filter(|(_, name)| name.to_lowercase().contains(&text.to_lowercase()));
                exact.push(("@UF_DEPARTMENT".to_owned(), named.map(|(id, _)| Value::from(*id)).collect()));
            }
            _ => exact.push((key, value)),
        }
    }
    Ok(list(call, &exact, &words))
}

/// The conditions of a list: the filter's, and fields named at the top.
fn conditions(call: &Call<'_>) -> Vec<(String, Value)> {
    let mut conditions: Vec<(String, Value)> = Vec::new();
    if let Some(Value::Object(filter)) = call.param("FILTER") {
        conditions.extend(filter.iter().map(|(key, value)| (key.to_uppercase(), value.clone())));
    }
    let top = call.params.iter().filter(|(key, _)| !CONTROLS.contains(&key.to_lowercase().as_str()));
    conditions.extend(top.map(|(key, value)| (key.to_uppercase(), value.clone())));
    conditions
}

/// The accounts that fit all conditions and contain all words.
fn list(call: &Call<'_>, conditions: &[(String, Value)], words: &[String]) -> crate::sandbox::answer::Success {
    // Their names matter only to a search for words.
    let departments = if words.is_empty() { BTreeMap::new() } else { departments(call) };
    let has_words = |user: &Object| {
        let of_department = |id: &Value| id.as_u64().and_then(|id| departments.get(&id)).cloned().unwrap_or_default();
        let names = user
            .get("UF_DEPARTMENT")
            .and_then(Value::as_array)
            .map(|ids| ids.iter().map(of_department).collect::<Vec<_>>().join(" "));
        let text = |key: &str| user.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let all = [
            text("NAME"),
            text("LAST_NAME"),
            text("SECOND_NAME"),
            text("WORK_POSITION"),
            names.unwrap_or_default().to_lowercase(),
        ]
        .join(" ");
        words.iter().all(|word| all.contains(&word.to_lowercase()))
    };
    let mut filter = Filter::default();
    for (key, wanted) in conditions {
        let (operator, field) = query::operator(key);
        filter.test(operator, field, wanted);
    }
    let descending = call.text("order").is_some_and(|order| order.eq_ignore_ascii_case("desc"));
    let order = vec![(call.text("sort").map_or_else(|| "ID".to_owned(), |field| field.to_uppercase()), descending)];
    let query = Query { filter, order, start: call.number("start").unwrap_or(0), page: query::PAGE };
    let selected = call.param("select").map(query::selection).unwrap_or_default();
    let show = |user: &Object| Value::Object(query::select(user, &selected));
    if words.is_empty() {
        let found = query.run(call.store().all("user"), "ID");
        return if call.is_plain && selected.is_empty() { found.printed() } else { found.success(show) };
    }
    let users = call.store().all("user").iter().filter(|(_, user)| has_words(user));
    query.run(&users.map(|(id, user)| (*id, user.clone())).collect(), "ID").success(show)
}

/// The departments' names by number.
fn departments(call: &Call<'_>) -> BTreeMap<u64, String> {
    let name = |department: &Object| department.get("NAME").and_then(Value::as_str).unwrap_or_default().to_owned();
    call.store().all("department").iter().map(|(id, department)| (*id, name(department))).collect()
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    call.administrator()?;
    let email = call.text("EMAIL").unwrap_or_default();
    check_email(call.store(), &email, None)?;
    let is_partner = call.text("EXTRANET").is_some_and(|flag| flag.eq_ignore_ascii_case("y"));
    let groups = call.param("SONET_GROUP_ID").map(numbers).unwrap_or_default();
    if is_partner && groups.is_empty() {
        return Err(Refusal::new(400, "ERROR_GROUPID", "Group code not specified"));
    }
    if !is_partner && call.param("UF_DEPARTMENT").map(numbers).unwrap_or_default().is_empty() {
        return Err(Refusal::argument("no_extranet_field"));
    }
    let id = call.store_mut().next("user");
    let mut user = seed::user(id, "", "", "", 0);
    user.insert("UF_DEPARTMENT".into(), json!([]));
    user.insert("DATE_REGISTER".into(), iso(call.now).into());
    user.insert("USER_TYPE".into(), if is_partner { "extranet" } else { "employee" }.into());
    change(call, &mut user);
    call.store_mut().put("user", id, user);
    Ok(Value::from(id).into())
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    call.administrator()?;
    let id = call.number("ID").and_then(|id| u64::try_from(id).ok()).unwrap_or(0);
    let mut user = call.store().get("user", id).cloned().ok_or_else(|| Refusal::core("access_denied"))?;
    if let Some(email) = call.text("EMAIL") {
        check_email(call.store(), &email, Some(id))?;
    }
    change(call, &mut user);
    call.store_mut().put("user", id, user);
    Ok(Value::Bool(true).into())
}

fn check_email(store: &Store, email: &str, own: Option<u64>) -> Result<(), Refusal> {
    let parts: Vec<&str> = email.split('@').collect();
    let is_address = matches!(parts.as_slice(), [name, host] if !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace));
    if !is_address {
        return Err(Refusal::argument("wrong_email"));
    }
    let taken = |(id, user): (&u64, &Object)| {
        Some(*id) != own
            && user.get("EMAIL").and_then(Value::as_str).is_some_and(|other| other.eq_ignore_ascii_case(email))
    };
    if store.all("user").iter().any(taken) {
        return Err(Refusal::argument("A user with this email already exists"));
    }
    Ok(())
}

/// Takes over the fields that can be written, each in the form of the portal's answers; others are left out in silence.
fn change(call: &Call<'_>, user: &mut Object) {
    let known = call.tables.entity("user").map(|entity| entity.fields).unwrap_or_default();
    let custom = |key: &str| {
        call.store()
            .all("user.userfield")
            .values()
            .any(|field| field.get("FIELD_NAME").and_then(Value::as_str) == Some(key))
    };
    for (key, value) in call.params {
        let key = key.to_uppercase();
        // Without a spec of the account's fields, any may be written but the number.
        let is_field =
            (known.is_empty() && key != "ID") || known.iter().any(|field| field.name == key && !field.readonly);
        if !is_field && !custom(&key) {
            continue;
        }
        let value = match key.as_str() {
            "ACTIVE" => {
                matches!(value, Value::Bool(true))
                    || value.as_str().is_some_and(|flag| matches!(flag, "Y" | "y" | "1" | "true"))
            }
            _ => {
                let value = match key.as_str() {
                    "UF_DEPARTMENT" => Value::from(numbers(value)),
                    "PERSONAL_PHOTO" | "WORK_LOGO" => stored(value),
                    _ => value.clone(),
                };
                user.insert(key, value);
                continue;
            }
        };
        user.insert(key, value.into());
    }
}

/// A number or a list of numbers, also as text.
fn numbers(value: &Value) -> Vec<u64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Number(number) => number.as_u64().into_iter().collect(),
        Value::String(text) => text.trim().parse().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A file that was sent is answered by its address.
fn stored(value: &Value) -> Value {
    let name = value.get(0).or_else(|| value.pointer("/fileData/0")).and_then(Value::as_str);
    name.map_or_else(|| "".into(), |name| format!("/upload/main/{name}").into())
}
