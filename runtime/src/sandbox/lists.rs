//! Lists of methods without an entity: what the documentation shows, or what the portal was filled with, cut into pages the
//! way the method does it.

use serde_json::{Value, json};

use crate::method::Paging;
use crate::sandbox::answer::Success;
use crate::sandbox::dispatch::Call;
use crate::sandbox::query::{self, Filter, Query};
use crate::table::Command;
use crate::value::Object;

/// The names that a record's own number has.
const NUMBERS: [&str; 2] = ["id", "ID"];

/// Cuts a documented answer to the page asked for. Answers of other methods stay as they are.
pub(super) fn cut(command: &Command<'_>, call: &Call<'_>, mut success: Success) -> Success {
    let Some(style) = command.paging.as_deref().and_then(Paging::of_word).filter(|_| command.effect == "list") else {
        return success;
    };
    let records = command.returns.as_ref().and_then(|returns| returns.records.as_deref()).unwrap_or_default();
    let Some(list) = slot(&mut success.result, records) else { return success };
    let is_filled = !call.store().all(&name(command)).is_empty();
    let mut all = if is_filled { held(command, call) } else { std::mem::take(list) };
    let count = all.len();
    let number = |path: &str| given(call, path).and_then(whole).and_then(|n| usize::try_from(n).ok());
    let place = command.walk.place.as_deref().unwrap_or("start");
    let page = usize::from(command.walk.page.unwrap_or(50));
    let size = number(command.walk.size.as_deref().unwrap_or_default()).filter(|size| *size > 0).unwrap_or(page);
    let begin = match style {
        Paging::Start | Paging::Offset => number(place).unwrap_or(0),
        Paging::Pagination => match given(call, place) {
            Some(cursor) => position(cursor),
            None => {
                number("pagination.offset").unwrap_or(number("pagination.page").unwrap_or(1).saturating_sub(1) * size)
            }
        },
        Paging::Page => number(place).unwrap_or(1).saturating_sub(1) * size,
        Paging::Cursor => given(call, place).map_or(0, position),
        Paging::After => {
            let after = given(call, place).and_then(whole).unwrap_or(0);
            all.iter().take_while(|record| own_number(record).is_some_and(|number| number <= after)).count()
        }
        Paging::First | Paging::None => 0,
    };
    let rest = all.split_off(begin.min(count));
    let shown: Vec<Value> = rest.into_iter().take(size).collect();
    let end = begin.min(count) + shown.len();
    *list = shown;
    if is_filled || end < count || begin > 0 {
        let is_counted = success.total.is_some();
        success.next = (is_counted && end < count && !matches!(style, Paging::Page)).then_some(end);
        if is_filled {
            success.total = is_counted.then_some(count);
        }
        hint(&mut success.result, end, count);
    }
    success
}

/// A record for a list that no entity describes: the documented one, with another number.
pub(super) fn record(command: &Command<'_>, id: u64) -> Option<Object> {
    let records = command.returns.as_ref().and_then(|returns| returns.records.as_deref()).unwrap_or_default();
    let response = command.examples.iter().find_map(|example| example.response.as_ref())?;
    let list =
        records.split('.').filter(|key| !key.is_empty()).try_fold(response.get("result")?, |at, key| at.get(key))?;
    let mut record = list.as_array()?.iter().find_map(Value::as_object)?.clone();
    let key = NUMBERS.into_iter().find(|key| record.contains_key(*key)).unwrap_or("ID");
    let id = if record.get(key).is_some_and(Value::is_string) { id.to_string().into() } else { id.into() };
    record.insert(key.to_owned(), id);
    Some(record)
}

/// The collection of a method's records.
pub(super) fn name(command: &Command<'_>) -> String {
    command.method.as_deref().unwrap_or_default().to_lowercase()
}

/// What the portal was filled with, filtered and sorted where the method can do that.
fn held(command: &Command<'_>, call: &Call<'_>) -> Vec<Value> {
    let name = name(command);
    let records = call.store().all(&name);
    let Some(keyset) = &command.walk.keyset else {
        return records.values().cloned().map(Value::Object).collect();
    };
    let rename = |field: &str| if field == keyset.key { keyset.field.to_string() } else { field.to_owned() };
    let filter = call.param(&keyset.filter).map(|filter| Filter::read(filter, &rename)).unwrap_or_default();
    let order = call.param(&keyset.order).map(|order| query::order(order, &rename)).unwrap_or_default();
    let all = Query { filter, order, start: 0, page: usize::MAX };
    let select =
        keyset.select.as_deref().and_then(|select| call.param(select)).map(query::selection).unwrap_or_default();
    let found = all.run(records, &keyset.field);
    found.records.iter().map(|record| Value::Object(query::select(record, &select))).collect()
}

/// The list in a result.
fn slot<'r>(result: &'r mut Value, records: &str) -> Option<&'r mut Vec<Value>> {
    records.split('.').filter(|key| !key.is_empty()).try_fold(result, |at, key| at.get_mut(key))?.as_array_mut()
}

/// What a call says at a path.
fn given<'c>(call: &'c Call<'_>, path: &str) -> Option<&'c Value> {
    let mut keys = path.split('.');
    let first = call.param(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// The record that a cursor stands before.
fn position(cursor: &Value) -> usize {
    let position = cursor.get("position").unwrap_or(cursor);
    whole(position).and_then(|position| usize::try_from(position).ok()).unwrap_or(0)
}

/// Says what is behind the page, in the words that the documented answer has for it.
fn hint(result: &mut Value, end: usize, count: usize) {
    let Value::Object(result) = result else { return };
    for (key, value) in result.iter_mut() {
        match key.as_str() {
            "hasMore" | "hasNextPage" => *value = (end < count).into(),
            "nextCursor" | "afterCursor" if end < count => *value = json!({ "position": end }),
            "nextCursor" | "afterCursor" => *value = Value::Null,
            _ => {}
        }
    }
}

/// A number, or a text that is one.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn own_number(record: &Value) -> Option<i64> {
    NUMBERS.into_iter().find_map(|key| whole(record.get(key)?))
}
