//! `crm.activity.todo.*`: activities of the universal kind, told by their owner.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::ROWS;
use crate::sandbox::records::{blank, number, stamp};
use crate::value::Object;

/// The collection of all activities.
const ACTIVITIES: &str = "crm.activity";

/// What a universal activity is called among the others.
const PROVIDER: &str = "CRM_TODO";

fn needed(name: &str) -> Refusal {
    Refusal::new(400, "100", format!("Could not find value for parameter {{{name}}}"))
}

/// The collection of the records of a type, by the type's number.
pub(super) fn collection(type_id: u64) -> String {
    match type_id {
        1 => "crm.lead".to_owned(),
        2 => "crm.deal".to_owned(),
        3 => "crm.contact".to_owned(),
        4 => "crm.company".to_owned(),
        7 => "crm.quote".to_owned(),
        other => format!("crm.item.{other}"),
    }
}

/// The owner that the call names: type and number.
fn owner(call: &Call<'_>) -> Result<(u64, u64), Refusal> {
    let of = |name: &str| call.param(name).and_then(number).ok_or_else(|| needed(name));
    let (type_id, id) = (of("ownerTypeId")?, of("ownerId")?);
    match call.store().get(&collection(type_id), id) {
        Some(_) => Ok((type_id, id)),
        None => Err(Refusal::new(400, "OWNER_NOT_FOUND", "Owner was not found")),
    }
}

/// The activity that the call names, if it belongs to the owner and can be changed still.
fn named(call: &Call<'_>) -> Result<(u64, Object), Refusal> {
    let id = call.param("id").and_then(number).ok_or_else(|| needed("id"))?;
    let (type_id, owner) = owner(call)?;
    let has = |record: &Object, field: &str, wanted: u64| record.get(field).and_then(number) == Some(wanted);
    let found = call.store().get(ACTIVITIES, id).filter(|record| {
        has(record, "OWNER_TYPE_ID", type_id)
            && has(record, "OWNER_ID", owner)
            && record.get("PROVIDER_ID").and_then(Value::as_str) == Some(PROVIDER)
    });
    let record = found.cloned().ok_or_else(|| Refusal::new(400, "NOT_FOUND", "Not found."))?;
    if record.get("COMPLETED").and_then(Value::as_str) == Some("Y") {
        return Err(Refusal::new(400, "CAN_NOT_UPDATE_COMPLETED_TODO", "Completed activity cannot be changed"));
    }
    Ok((id, record))
}

/// A time as the caller sent it.
fn moment(call: &Call<'_>, name: &str) -> Result<String, Refusal> {
    let text = call.text(name).filter(|text| !text.trim().is_empty()).ok_or_else(|| needed(name))?;
    let is_date = text.len() >= 10 && text.bytes().take(2).all(|byte| byte.is_ascii_digit());
    if is_date { Ok(text) } else { Err(Refusal::new(400, "WRONG_DATETIME_FORMAT", "Wrong date format")) }
}

/// The fields of an activity that follow from its parameters; those that are not sent stay as they are.
fn take(call: &Call<'_>, record: &mut Object) {
    for (param, field) in [("title", "SUBJECT"), ("description", "DESCRIPTION"), ("responsibleId", "RESPONSIBLE_ID")] {
        if let Some(text) = call.text(param) {
            record.insert(field.to_owned(), text.into());
        }
    }
    let mut settings = record.get("SETTINGS").and_then(Value::as_object).cloned().unwrap_or_default();
    for (param, key) in [("colorId", "COLOR"), ("pingOffsets", "PING_OFFSETS")] {
        if let Some(value) = call.param(param) {
            settings.insert(key.to_owned(), value.clone());
        }
    }
    record.insert("SETTINGS".into(), settings.into());
}

fn set_deadline(record: &mut Object, deadline: &str) {
    for field in ["START_TIME", "END_TIME", "DEADLINE"] {
        record.insert(field.to_owned(), deadline.into());
    }
}

fn keep(call: &mut Call<'_>, id: u64, mut record: Object, is_new: bool) -> Outcome {
    let entity = ROWS.entity(ACTIVITIES).ok_or_else(Refusal::no_method)?;
    stamp(call, entity, &mut record, is_new);
    call.store_mut().put(ACTIVITIES, id, record);
    Ok(json!({ "id": id }).into())
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let (type_id, owner) = owner(call)?;
    let deadline = moment(call, "deadline")?;
    let entity = ROWS.entity(ACTIVITIES).ok_or_else(Refusal::no_method)?;
    let id = call.store_mut().next(ACTIVITIES);
    let mut record = blank(entity, id);
    let fields = json!({
        "OWNER_ID": owner.to_string(), "OWNER_TYPE_ID": type_id.to_string(), "TYPE_ID": "6", "PROVIDER_ID": PROVIDER,
        "PROVIDER_TYPE_ID": "TODO", "SUBJECT": "To do", "RESPONSIBLE_ID": call.user.to_string(),
        "ASSOCIATED_ENTITY_ID": call.text("parentActivityId").unwrap_or_else(|| "0".to_owned()),
    });
    record.extend(fields.as_object().cloned().unwrap_or_default());
    set_deadline(&mut record, &deadline);
    take(call, &mut record);
    keep(call, id, record, true)
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    set_deadline(&mut record, &moment(call, "deadline")?);
    take(call, &mut record);
    keep(call, id, record, false)
}

pub(super) fn update_deadline(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    set_deadline(&mut record, &moment(call, "value")?);
    keep(call, id, record, false)
}

pub(super) fn update_description(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    let text = call.text("value").ok_or_else(|| needed("value"))?;
    record.insert("DESCRIPTION".into(), text.into());
    keep(call, id, record, false)
}

pub(super) fn update_responsible(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    let user = call.param("responsibleId").and_then(number).ok_or_else(|| needed("responsibleId"))?;
    record.insert("RESPONSIBLE_ID".into(), user.to_string().into());
    keep(call, id, record, false)
}

pub(super) fn update_color(call: &mut Call<'_>) -> Outcome {
    let (id, mut record) = named(call)?;
    take(call, &mut record);
    keep(call, id, record, false)
}
