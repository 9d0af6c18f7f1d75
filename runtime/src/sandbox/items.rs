//! `crm.item.*`: leads, deals, contacts, companies and smart processes behind one door, by their `entityTypeId`, with names in
//! camel case.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, Kind, ROWS, Verb};
use crate::sandbox::query::{self, Filter, Query};
use crate::sandbox::records::{self, blank, camel, number, stamp, upper};
use crate::sandbox::{bindings, pipelines, product_rows, user_fields};
use crate::value::Object;

/// The names that are not just the camel case of the records' own.
const NAMES: &[(&str, &str)] = &[
    ("createdTime", "DATE_CREATE"),
    ("updatedTime", "DATE_MODIFY"),
    ("createdBy", "CREATED_BY_ID"),
    ("updatedBy", "MODIFY_BY_ID"),
    ("movedBy", "MOVED_BY_ID"),
    ("lastActivityBy", "LAST_ACTIVITY_BY"),
];

/// The row of smart processes; each has a collection of its own.
const SMART: &str = "crm.item";

/// An entity type: its row, its collection, and the names that it alone has.
struct Kin {
    entity: &'static Entity,
    collection: String,
    type_id: u64,
}

/// Names of one type alone.
const OWN_NAMES: &[(u64, &str, &str)] = &[
    (1, "stageId", "STATUS_ID"),
    (1, "stageSemanticId", "STATUS_SEMANTIC_ID"),
    (4, "contactIds", "CONTACT_ID"),
    (4, "typeId", "COMPANY_TYPE"),
    (7, "stageId", "STATUS_ID"),
];

fn not_found() -> Refusal {
    Refusal::new(400, "NOT_FOUND", "SPA not found")
}

fn kin(call: &Call<'_>) -> Result<Kin, Refusal> {
    let type_id = call
        .param("entityTypeId")
        .and_then(number)
        .ok_or_else(|| Refusal::new(400, "100", "Could not find value for parameter {entityTypeId}"))?;
    let named = |name: &'static str| ROWS.entity(name).ok_or_else(not_found);
    let (entity, collection) = match type_id {
        1 => (named("crm.lead")?, "crm.lead".to_owned()),
        2 => (named("crm.deal")?, "crm.deal".to_owned()),
        3 => (named("crm.contact")?, "crm.contact".to_owned()),
        4 => (named("crm.company")?, "crm.company".to_owned()),
        7 => (named("crm.quote")?, "crm.quote".to_owned()),
        31 => (named(SMART)?, "crm.item.31".to_owned()),
        other => {
            let is_its = |record: &Object| record.get("ENTITY_TYPE_ID").and_then(number) == Some(other);
            if !call.store().all("crm.type").values().any(is_its) {
                return Err(not_found());
            }
            (named(SMART)?, format!("{SMART}.{other}"))
        }
    };
    Ok(Kin { entity, collection, type_id })
}

impl Kin {
    fn inner(&self, name: &str) -> String {
        if let Some((.., inner)) = self.own_names().find(|(_, outer, _)| *outer == name) {
            return (*inner).to_owned();
        }
        match NAMES.iter().find(|(outer, _)| *outer == name) {
            Some((_, inner)) => (*inner).to_owned(),
            None if name.starts_with("UF_") => name.to_owned(),
            None => upper(name),
        }
    }

    fn outer(&self, name: &str) -> String {
        if let Some((_, outer, _)) = self.own_names().find(|(.., inner)| *inner == name) {
            return (*outer).to_owned();
        }
        match NAMES.iter().find(|(_, inner)| *inner == name) {
            Some((outer, _)) => (*outer).to_owned(),
            None => camel(name),
        }
    }

    fn own_names(&self) -> impl Iterator<Item = &'static (u64, &'static str, &'static str)> {
        OWN_NAMES.iter().filter(|(type_id, ..)| *type_id == self.type_id)
    }

    fn show(&self, call: &Call<'_>, record: &Object, select: &[String]) -> Value {
        let original = call.text("useOriginalUfNames").is_some_and(|flag| flag.eq_ignore_ascii_case("y"));
        let all = select.is_empty() || select.iter().any(|name| name == "*");
        let wanted =
            |name: &str| all || name == self.entity.id || select.iter().any(|wanted| self.inner(wanted) == name);
        let shown = record.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| {
            let kind = self.entity.kind(name);
            let value = match (kind, value.as_str()) {
                (Kind::Integer, Some(text)) => text.parse::<i64>().map_or(Value::Null, Value::from),
                (Kind::Number | Kind::Money, Some(text)) => text.parse::<f64>().map_or(Value::Null, number_of),
                // Lists of records are lists of numbers.
                (Kind::List, _) => {
                    match value.as_array().map(|items| items.iter().map(number).collect::<Option<Vec<u64>>>()) {
                        Some(Some(numbers)) => numbers.into(),
                        _ => value.clone(),
                    }
                }
                _ => value.clone(),
            };
            let name = if original && name.starts_with("UF_") { name.clone() } else { self.outer(name) };
            (name, value)
        });
        let mut shown: Object = shown.collect();
        let hollow = self.entity.hollow.split_whitespace();
        for name in hollow.filter(|name| all || select.iter().any(|wanted| wanted == name)) {
            shown.entry(name).or_insert_with(|| if name == "observers" { json!([]) } else { Value::Null });
        }
        if all || select.iter().any(|name| name == "entityTypeId") {
            shown.insert("entityTypeId".into(), self.type_id.into());
        }
        shown.into()
    }

    fn sent(&self, call: &Call<'_>) -> Object {
        let given = call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default();
        let stored = given.into_iter().map(|(name, value)| (self.inner(&name), value));
        let writable = stored.filter(|(name, _)| match self.entity.fields.get(name) {
            Some(field) => !field.readonly,
            // Those who watch a record are none of its fields in the older methods.
            None => name.starts_with("UF_") || name.starts_with("PARENT_ID_") || name == "OBSERVERS",
        });
        writable
            .map(|(name, value)| {
                let value = records::normal(self.entity, self.entity.kind(&name), value);
                (name, value)
            })
            .collect()
    }

    /// Refuses a filter or an order by a field that the type does not have.
    fn known(&self, call: &Call<'_>, param: &str) -> Result<(), Refusal> {
        let Some(Value::Object(given)) = call.param(param) else { return Ok(()) };
        for name in given.keys().map(|key| query::operator(key.trim()).1) {
            let inner = self.inner(name);
            let is_known = self.entity.fields.contains_key(&inner)
                || inner.starts_with("UF_")
                || inner.starts_with("PARENT_ID_")
                || self.entity.hollow.split_whitespace().any(|hollow| hollow == name);
            let is_group = name.bytes().all(|byte| byte.is_ascii_digit()) || name.eq_ignore_ascii_case("logic");
            if !is_known && !is_group {
                let text = format!("Invalid {param}: field '{name}' is not allowed in {param}");
                return Err(Refusal::new(400, "INVALID_ARG_VALUE", text));
            }
        }
        Ok(())
    }

    /// What follows from a change.
    fn settle(&self, call: &Call<'_>, record: &mut Object, sent: &Object, before: Option<&Object>) {
        records::flag_contacts(self.entity, record);
        bindings::settle(&self.collection, record, sent);
        pipelines::settle(call, self.entity, &self.collection, record, sent, before);
    }

    fn named(&self, call: &Call<'_>) -> Result<(u64, Object), Refusal> {
        let id = call.param("id").and_then(number);
        let found = id.and_then(|id| Some((id, call.store().get(&self.collection, id)?.clone())));
        found.ok_or_else(|| Refusal::new(400, "NOT_FOUND", "Element not found"))
    }
}

/// A number without a fraction is an integer in JSON.
pub(super) fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let kin = kin(call)?;
    if !call.param("fields").is_some_and(Value::is_object) {
        return Err(Refusal::new(400, "100", "Could not find value for parameter {fields}"));
    }
    let fields = kin.sent(call);
    let id = call.store_mut().next(&kin.collection);
    let mut record = blank(kin.entity, id);
    if let Some(owner) = &kin.entity.owner {
        record.insert(owner.clone(), call.user.to_string().into());
    }
    stamp(call, kin.entity, &mut record, true);
    record.extend(fields.clone());
    kin.settle(call, &mut record, &fields, None);
    let item = kin.show(call, &record, &[]);
    call.store_mut().put(&kin.collection, id, record);
    Ok(json!({ "item": item }).into())
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let kin = kin(call)?;
    let (_, record) = kin.named(call)?;
    Ok(json!({ "item": kin.show(call, &record, &[]) }).into())
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let kin = kin(call)?;
    let (id, before) = kin.named(call)?;
    let (mut record, fields) = (before.clone(), kin.sent(call));
    for (name, value) in &fields {
        let value = match (kin.entity.kind(name), record.get(name)) {
            (Kind::Multi, known) => records::merged(name, known.unwrap_or(&Value::Null), value.clone()),
            _ => value.clone(),
        };
        record.insert(name.clone(), value);
    }
    kin.settle(call, &mut record, &fields, Some(&before));
    stamp(call, kin.entity, &mut record, false);
    let item = kin.show(call, &record, &[]);
    call.store_mut().put(&kin.collection, id, record);
    Ok(json!({ "item": item }).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let kin = kin(call)?;
    let (id, _) = kin.named(call)?;
    call.store_mut().remove(&kin.collection, id);
    product_rows::forget(call, &kin.collection, id);
    Ok(json!([]).into())
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let kin = kin(call)?;
    let rename = |name: &str| kin.inner(name);
    kin.known(call, "filter")?;
    kin.known(call, "order")?;
    let query = Query {
        filter: call.param("filter").map(|filter| Filter::read(filter, &rename)).unwrap_or_default(),
        order: call.param("order").map(|order| query::order(order, &rename)).unwrap_or_default(),
        start: call.number("start").unwrap_or(0),
        page: query::PAGE,
    };
    let select = call.param("select").map(query::selection).unwrap_or_default();
    let found = query.run(call.store().all(&kin.collection), &kin.entity.id);
    let mut success = found.success(|record| kin.show(call, record, &select));
    success.result = json!({ "items": success.result });
    Ok(success)
}

pub(super) fn fields(call: &mut Call<'_>) -> Outcome {
    let kin = kin(call)?;
    let described = records::fields(kin.entity);
    let stages = pipelines::default_stages(call.store(), kin.type_id);
    let named = kin.entity.fields.keys().filter(|name| *name != "*").filter_map(|name| {
        let mut about = described.get(name)?.clone();
        about["upperName"] = name.as_str().into();
        if kin.entity.kind(name) == Kind::Flag {
            about["type"] = "boolean".into();
        }
        let outer = kin.outer(name);
        if let Some(directory) = stages.as_ref().filter(|_| matches!(outer.as_str(), "stageId" | "previousStageId")) {
            about["type"] = "crm_status".into();
            about["statusType"] = directory.as_str().into();
        }
        Some((outer, about))
    });
    let original = call.text("useOriginalUfNames").is_some_and(|flag| flag.eq_ignore_ascii_case("y"));
    let custom = user_fields::described(call.store(), &kin.collection).into_iter().map(|(name, mut about)| {
        about["upperName"] = name.as_str().into();
        // Here the title is what people call the field, not its code again.
        about["title"] = about["formLabel"].clone();
        (if original { name } else { kin.outer(&name) }, about)
    });
    Ok(json!({ "fields": named.chain(custom).collect::<Object>() }).into())
}

/// `crm.type.add`: a smart process of one's own.
pub(super) fn type_add(call: &mut Call<'_>) -> Outcome {
    call.administrator()?;
    let entity = ROWS.entity("crm.type").ok_or_else(not_found)?;
    let fields = call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let taken: Vec<u64> = call
        .store()
        .all("crm.type")
        .values()
        .filter_map(|record| record.get("ENTITY_TYPE_ID").and_then(number))
        .collect();
    let wanted = fields.get("entityTypeId").and_then(number);
    let is_free = |id: &u64| (128..192).contains(id) || (*id >= 1030 && id.is_multiple_of(2));
    let type_id = match wanted {
        Some(id) if !is_free(&id) || taken.contains(&id) => {
            return Err(Refusal::new(400, "INVALID_ARG_VALUE", "entityTypeId is out of allowed range"));
        }
        Some(id) => id,
        None => (1030..).step_by(2).find(|id| !taken.contains(id)).unwrap_or(1030),
    };
    if fields.get("title").and_then(Value::as_str).is_none_or(|title| title.trim().is_empty()) {
        return Err(Refusal::new(400, "100", "Could not find value for parameter {title}"));
    }
    let id = call.store_mut().next("crm.type");
    let mut record = blank(entity, id);
    record.extend(fields.into_iter().map(|(name, value)| (upper(&name), value)).filter(|(name, _)| name != "ID"));
    record.insert("ENTITY_TYPE_ID".into(), type_id.into());
    stamp(call, entity, &mut record, true);
    let shown = records::show(entity, &record);
    call.store_mut().put("crm.type", id, record);
    pipelines::put_default(call.store_mut(), type_id);
    Ok(json!({ "type": shown }).into())
}

/// `crm.type.getByEntityTypeId`: a smart process by the number of its type.
pub(super) fn type_by_number(call: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity("crm.type").ok_or_else(not_found)?;
    let wanted = call.param("entityTypeId").and_then(number);
    let wanted = wanted.ok_or_else(|| Refusal::new(400, "100", "Could not find value for parameter {entityTypeId}"))?;
    let is_it = |record: &&Object| record.get("ENTITY_TYPE_ID").and_then(number) == Some(wanted);
    let found = call.store().all("crm.type").values().find(is_it);
    let found = found.ok_or_else(|| Refusal::new(400, "0", "SPA not found"))?;
    Ok(json!({ "type": records::show(entity, found) }).into())
}

/// `crm.type.delete`: only what holds nothing can go.
pub(super) fn type_delete(call: &mut Call<'_>) -> Outcome {
    call.administrator()?;
    let entity = ROWS.entity("crm.type").ok_or_else(not_found)?;
    let id = call.param("id").and_then(number);
    let type_id =
        id.and_then(|id| call.store().get("crm.type", id)).and_then(|record| number(record.get("ENTITY_TYPE_ID")?));
    if type_id.is_some_and(|type_id| !call.store().all(&format!("{SMART}.{type_id}")).is_empty()) {
        return Err(Refusal::new(400, "BX_ERROR", "You cannot delete an entity type that has elements"));
    }
    records::run(call, entity, Verb::Delete)?;
    Ok(json!([]).into())
}
