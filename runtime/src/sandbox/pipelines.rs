//! Pipelines and their stages: which stage a record begins in, and what reaching a stage means.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal, Success, iso};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, ROWS};
use crate::sandbox::query::{self, Query};
use crate::sandbox::records::{self, blank, number};
use crate::sandbox::store::Store;
use crate::value::Object;

const PIPELINES: &str = "crm.category";
const STAGES: &str = "crm.status";

/// The types that the portal itself brings.
const LEAD: u64 = 1;
const DEAL: u64 = 2;
const CONTACT: u64 = 3;
const COMPANY: u64 = 4;
const QUOTE: u64 = 7;
const INVOICE: u64 = 31;

/// The stages of a new pipeline: code, name, meaning.
type Stages = &'static [(&'static str, &'static str, Option<&'static str>)];

const OF_DEALS: Stages = &[
    ("NEW", "Initiation", None),
    ("PREPARATION", "Documents", None),
    ("EXECUTING", "Execution", None),
    ("WON", "Deal won", Some("S")),
    ("LOSE", "Deal lost", Some("F")),
];

const OF_PROCESSES: Stages = &[
    ("NEW", "Start", None),
    ("PREPARATION", "Preparation", None),
    ("CLIENT", "Approval", None),
    ("SUCCESS", "Success", Some("S")),
    ("FAIL", "Failure", Some("F")),
];

const OF_INVOICES: Stages =
    &[("N", "New", None), ("S", "Sent", None), ("P", "Paid", Some("S")), ("D", "Not paid", Some("F"))];

/// The type of the records of a collection, where these have stages.
fn type_of(collection: &str) -> Option<u64> {
    match collection {
        "crm.lead" => Some(LEAD),
        "crm.deal" => Some(DEAL),
        "crm.quote" => Some(QUOTE),
        other => other.strip_prefix("crm.item.")?.parse().ok(),
    }
}

fn collection_of(type_id: u64) -> String {
    match type_id {
        DEAL => "crm.deal".to_owned(),
        CONTACT => "crm.contact".to_owned(),
        COMPANY => "crm.company".to_owned(),
        other => format!("crm.item.{other}"),
    }
}

/// The directory that holds the stages of a pipeline.
fn directory(type_id: u64, pipeline: u64) -> String {
    match (type_id, pipeline) {
        (LEAD, _) => "STATUS".to_owned(),
        (QUOTE, _) => "QUOTE_STATUS".to_owned(),
        (DEAL, 0) => "DEAL_STAGE".to_owned(),
        (DEAL, pipeline) => format!("DEAL_STAGE_{pipeline}"),
        (INVOICE, pipeline) => format!("SMART_INVOICE_STAGE_{pipeline}"),
        (type_id, pipeline) => format!("DYNAMIC_{type_id}_STAGE_{pipeline}"),
    }
}

/// The type whose stages a directory holds.
fn type_of_directory(directory: &str) -> Option<u64> {
    match directory {
        "STATUS" => Some(LEAD),
        "QUOTE_STATUS" => Some(QUOTE),
        other if other.starts_with("DEAL_STAGE") => Some(DEAL),
        other if other.starts_with("SMART_INVOICE_STAGE_") => Some(INVOICE),
        other => other.strip_prefix("DYNAMIC_")?.split_once("_STAGE_")?.0.parse().ok(),
    }
}

/// What stands before the codes of a pipeline's stages.
fn prefix(type_id: u64, pipeline: u64) -> String {
    match (type_id, pipeline) {
        (DEAL, 0) => String::new(),
        (DEAL, pipeline) => format!("C{pipeline}:"),
        (type_id, pipeline) => format!("DT{type_id}_{pipeline}:"),
    }
}

fn text<'r>(record: &'r Object, field: &str) -> &'r str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Puts a stage or another entry of a directory.
pub(super) fn put_status(
    store: &mut Store,
    directory: &str,
    code: &str,
    name: &str,
    sort: u64,
    meaning: Option<&str>,
    pipeline: Option<u64>,
) {
    let Some(entity) = ROWS.entity(STAGES) else { return };
    let id = store.next(STAGES);
    let mut record = blank(entity, id);
    let (word, color) = match meaning {
        Some("S") => ("success", "#7BD500"),
        Some(_) => ("failure", "#FF5752"),
        None => ("process", "#39A8EF"),
    };
    let fields = json!({
        "ENTITY_ID": directory, "STATUS_ID": code, "NAME": name, "NAME_INIT": name, "SORT": sort.to_string(), "SYSTEM": "Y",
        "CATEGORY_ID": pipeline.map(|id| id.to_string()), "SEMANTICS": meaning,
    });
    record.extend(fields.as_object().cloned().unwrap_or_default());
    if directory.contains("STA") {
        record.insert("COLOR".into(), color.into());
        record.insert("EXTRA".into(), json!({ "SEMANTICS": word, "COLOR": color }));
    }
    store.put(STAGES, id, record);
}

fn put_stages(store: &mut Store, type_id: u64, pipeline: u64) {
    let stages = match type_id {
        DEAL => OF_DEALS,
        CONTACT | COMPANY => &[],
        INVOICE => OF_INVOICES,
        _ => OF_PROCESSES,
    };
    let (directory, prefix) = (directory(type_id, pipeline), prefix(type_id, pipeline));
    for (at, (code, name, meaning)) in (1..).zip(stages) {
        let pipeline = (pipeline > 0).then_some(pipeline);
        put_status(store, &directory, &format!("{prefix}{code}"), name, at * 10, *meaning, pipeline);
    }
}

fn put_pipeline(store: &mut Store, id: u64, type_id: u64, name: &str, sort: u64, is_default: bool) -> Object {
    let mut record = ROWS.entity(PIPELINES).map(|entity| blank(entity, id)).unwrap_or_default();
    record.insert("NAME".into(), name.into());
    record.insert("SORT".into(), sort.into());
    record.insert("ENTITY_TYPE_ID".into(), type_id.into());
    record.insert("IS_DEFAULT".into(), if is_default { "Y" } else { "N" }.into());
    if type_id == DEAL && !is_default {
        record.insert("ORIGIN_ID".into(), "".into());
        record.insert("ORIGINATOR_ID".into(), "".into());
    }
    store.put(PIPELINES, id, record.clone());
    put_stages(store, type_id, id);
    record
}

/// The pipeline that a type begins with. That of deals has the number 0.
pub(super) fn put_default(store: &mut Store, type_id: u64) {
    let id = if type_id == DEAL { 0 } else { store.next(PIPELINES) };
    put_pipeline(store, id, type_id, "General", 300, true);
}

/// The pipelines of the start.
pub(super) fn seed(store: &mut Store) {
    for type_id in [DEAL, INVOICE] {
        put_default(store, type_id);
    }
    let processes: Vec<u64> =
        store.all("crm.type").values().filter_map(|record| record.get("ENTITY_TYPE_ID").and_then(number)).collect();
    for type_id in processes {
        put_default(store, type_id);
    }
}

fn of_type(store: &Store, type_id: u64) -> impl Iterator<Item = (u64, &Object)> {
    let is_its = move |record: &Object| record.get("ENTITY_TYPE_ID").and_then(number) == Some(type_id);
    store.all(PIPELINES).iter().filter(move |(_, record)| is_its(record)).map(|(id, record)| (*id, record))
}

fn default_of(store: &Store, type_id: u64) -> Option<u64> {
    of_type(store, type_id).find(|(_, record)| text(record, "IS_DEFAULT") == "Y").map(|(id, _)| id)
}

/// The directory with the stages of a type's default pipeline, where it has stages.
pub(super) fn default_stages(store: &Store, type_id: u64) -> Option<String> {
    match type_id {
        LEAD | QUOTE => Some(directory(type_id, 0)),
        CONTACT | COMPANY => None,
        _ => default_of(store, type_id).map(|pipeline| directory(type_id, pipeline)),
    }
}

/// The stages of a directory, in their order.
fn stages<'s>(store: &'s Store, directory: &str) -> Vec<&'s Object> {
    let mut stages: Vec<&Object> =
        store.all(STAGES).values().filter(|record| text(record, "ENTITY_ID") == directory).collect();
    stages.sort_by_key(|record| record.get("SORT").and_then(number));
    stages
}

/// Gives a record the stage that it begins in, and fills in what a stage means. `sent` is what the caller set, `before` the
/// record as it was.
pub(super) fn settle(
    call: &Call<'_>,
    entity: &Entity,
    collection: &str,
    record: &mut Object,
    sent: &Object,
    before: Option<&Object>,
) {
    let Some(type_id) = type_of(collection) else { return };
    let field = if matches!(type_id, LEAD | QUOTE) { "STATUS_ID" } else { "STAGE_ID" };
    let in_pipelines = !matches!(type_id, LEAD | QUOTE);
    if in_pipelines
        && before.is_none()
        && !sent.contains_key("CATEGORY_ID")
        && let Some(id) = default_of(call.store(), type_id)
    {
        record.insert("CATEGORY_ID".into(), id.to_string().into());
    }
    let pipeline = record.get("CATEGORY_ID").and_then(number).unwrap_or(0);
    let stages = stages(call.store(), &directory(type_id, pipeline));
    if let (None, false, Some(first)) = (before, sent.contains_key(field), stages.first()) {
        record.insert(field.to_owned(), first.get("STATUS_ID").cloned().unwrap_or_default());
    }
    let stage = text(record, field).to_owned();
    if let Some(at) = stages.iter().position(|known| text(known, "STATUS_ID") == stage) {
        let meaning = match text(stages[at], "SEMANTICS") {
            "" => "P",
            meaning => meaning,
        };
        let closed = if meaning == "P" { "N" } else { "Y" };
        for (name, value) in [
            ("STAGE_SEMANTIC_ID", meaning),
            ("STATUS_SEMANTIC_ID", meaning),
            ("CLOSED", closed),
            ("IS_NEW", if at == 0 { "Y" } else { "N" }),
        ] {
            if entity.fields.contains_key(name) {
                record.insert(name.to_owned(), value.into());
            }
        }
    }
    let previous = before.map(|before| text(before, field).to_owned());
    if previous.as_deref() != Some(stage.as_str()) {
        for (name, value) in [
            ("MOVED_TIME", Value::from(iso(call.now))),
            ("MOVED_BY_ID", call.user.to_string().into()),
            ("PREVIOUS_STAGE_ID", previous.unwrap_or_default().into()),
        ] {
            if entity.fields.contains_key(name) {
                record.insert(name.to_owned(), value);
            }
        }
    }
}

/// The type that the call is about.
fn asked(call: &Call<'_>) -> Result<u64, Refusal> {
    let type_id = call
        .param("entityTypeId")
        .and_then(number)
        .ok_or_else(|| Refusal::new(400, "100", "Could not find value for parameter {entityTypeId}"))?;
    let is_its = |record: &Object| record.get("ENTITY_TYPE_ID").and_then(number) == Some(type_id);
    match type_id {
        DEAL | CONTACT | COMPANY | INVOICE => Ok(type_id),
        LEAD | QUOTE => {
            let name = if type_id == LEAD { "LEAD" } else { "QUOTE" };
            Err(Refusal::new(400, "ENTITY_TYPE_NOT_SUPPORTED", format!("Entity type `{name}` is not supported")))
        }
        _ if call.store().all("crm.type").values().any(is_its) => Ok(type_id),
        _ => Err(Refusal::new(400, "NOT_FOUND", "SPA not found")),
    }
}

fn entity() -> Result<&'static Entity, Refusal> {
    ROWS.entity(PIPELINES).ok_or_else(Refusal::no_method)
}

fn named(call: &Call<'_>, type_id: u64) -> Result<(u64, Object), Refusal> {
    let id = call.param("id").and_then(number);
    let found = of_type(call.store(), type_id).find(|(known, _)| Some(*known) == id);
    let missing = || Refusal::new(400, "NOT_FOUND", "Element not found");
    found.map(|(id, record)| (id, record.clone())).ok_or_else(missing)
}

/// A pipeline as it is answered.
fn show(record: &Object) -> Result<Value, Refusal> {
    let mut shown = records::show(entity()?, record);
    if let Value::Object(shown) = &mut shown {
        shown.retain(|_, value| !value.is_null());
    }
    Ok(shown)
}

/// What the caller may set.
fn sent(call: &Call<'_>) -> Result<Object, Refusal> {
    let entity = entity()?;
    let given = call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let fields = given.into_iter().map(|(name, value)| (records::stored_name(entity, &name), value));
    let fields = fields.filter(|(name, _)| entity.fields.get(name).is_some_and(|field| !field.readonly));
    Ok(fields
        .map(|(name, value)| {
            let value = records::normal(entity, entity.kind(&name), value);
            (name, value)
        })
        .collect())
}

/// There is one default pipeline a type.
fn make_default(call: &mut Call<'_>, type_id: u64, id: u64) {
    let others: Vec<(u64, Object)> = of_type(call.store(), type_id)
        .filter(|(known, _)| *known != id)
        .map(|(id, record)| (id, record.clone()))
        .collect();
    for (id, mut record) in others {
        record.insert("IS_DEFAULT".into(), "N".into());
        call.store_mut().put(PIPELINES, id, record);
    }
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let type_id = asked(call)?;
    let fields = sent(call)?;
    let name = text(&fields, "NAME").to_owned();
    if name.trim().is_empty() {
        return Err(Refusal::new(400, "0", "Field 'NAME' is required"));
    }
    let is_default = text(&fields, "IS_DEFAULT") == "Y" && type_id != DEAL;
    if is_default && matches!(type_id, CONTACT | COMPANY) {
        return Err(Refusal::new(400, "0", "Default client category does not support updating default state"));
    }
    let sort = fields.get("SORT").and_then(number).unwrap_or(500);
    let id = call.store_mut().next(PIPELINES);
    let mut record = put_pipeline(call.store_mut(), id, type_id, &name, sort, is_default);
    record.extend(fields.into_iter().filter(|(name, _)| name.starts_with("ORIGIN")));
    call.store_mut().put(PIPELINES, id, record.clone());
    if is_default {
        make_default(call, type_id, id);
    }
    Ok(json!({ "category": show(&record)? }).into())
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let (_, record) = named(call, asked(call)?)?;
    Ok(json!({ "category": show(&record)? }).into())
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let type_id = asked(call)?;
    let (id, mut record) = named(call, type_id)?;
    let mut fields = sent(call)?;
    let becomes_default = text(&fields, "IS_DEFAULT") == "Y" && type_id != DEAL;
    fields.shift_remove("IS_DEFAULT");
    record.extend(fields);
    if becomes_default {
        record.insert("IS_DEFAULT".into(), "Y".into());
        make_default(call, type_id, id);
    }
    call.store_mut().put(PIPELINES, id, record.clone());
    Ok(json!({ "category": show(&record)? }).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let type_id = asked(call)?;
    let (id, record) = named(call, type_id)?;
    if text(&record, "IS_DEFAULT") == "Y" {
        let kind = if type_id == DEAL { "deal " } else { "" };
        return Err(Refusal::new(400, "0", format!("Default {kind}category cannot be deleted")));
    }
    let is_in = |item: &Object| item.get("CATEGORY_ID").and_then(number) == Some(id);
    if type_id == DEAL && call.store().all(&collection_of(type_id)).values().any(is_in) {
        return Err(Refusal::new(400, "0", format!("Deals related to the funnel `{}` found", text(&record, "NAME"))));
    }
    let directory = directory(type_id, id);
    let its = |(id, stage): (&u64, &Object)| (text(stage, "ENTITY_ID") == directory).then_some(*id);
    let gone: Vec<u64> = call.store().all(STAGES).iter().filter_map(its).collect();
    for stage in gone {
        call.store_mut().remove(STAGES, stage);
    }
    call.store_mut().remove(PIPELINES, id);
    Ok(Value::Null.into())
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let type_id = asked(call)?;
    let mut found: Vec<&Object> = of_type(call.store(), type_id).map(|(_, record)| record).collect();
    found.sort_by_key(|record| (record.get("SORT").and_then(number), record.get("ID").and_then(number)));
    let categories: Vec<Value> = found.into_iter().map(show).collect::<Result<_, _>>()?;
    let total = Some(categories.len());
    Ok(Success { total, ..json!({ "categories": categories }).into() })
}

pub(super) fn fields(call: &mut Call<'_>) -> Outcome {
    asked(call)?;
    let entity = entity()?;
    let mut fields = records::fields(entity);
    for (name, about) in &mut fields {
        about["upperName"] = records::stored_name(entity, name).into();
    }
    Ok(json!({ "fields": fields }).into())
}

/// `crm.status.entity.items`: the entries of a directory in short.
pub(super) fn directory_items(call: &mut Call<'_>) -> Outcome {
    let wanted = call.text("entityId").filter(|id| !id.is_empty());
    let wanted = wanted.ok_or_else(|| Refusal::new(400, "", "The parameter entityId is not defined or invalid."))?;
    let short = |entry: &Object| json!({ "NAME": entry["NAME"], "SORT": entry.get("SORT").and_then(number), "STATUS_ID": entry["STATUS_ID"] });
    Ok(stages(call.store(), &wanted).into_iter().map(short).collect::<Value>().into())
}

/// `crm.status.entity.types`: the directories that there are.
pub(super) fn directories(call: &mut Call<'_>) -> Outcome {
    let query = Query { start: -1, page: usize::MAX, ..Query::default() };
    let mut types: Vec<Value> = Vec::new();
    for entry in query.run(call.store().all(STAGES), "ID").records {
        let id = text(entry, "ENTITY_ID");
        if !types.iter().any(|known| known["ID"] == id) {
            types.push(
                json!({ "ID": id, "NAME": records::label(id), "CATEGORY_ID": entry.get("CATEGORY_ID").and_then(number),
                "ENTITY_TYPE_ID": type_of_directory(id) }),
            );
        }
    }
    for known in &mut types {
        let entries = stages(call.store(), known["ID"].as_str().unwrap_or_default());
        let of = |meaning: &str| {
            entries.iter().find(|entry| text(entry, "SEMANTICS") == meaning).map(|entry| entry["STATUS_ID"].clone())
        };
        if let Some(success) = of("S") {
            let start = entries.first().map(|entry| entry["STATUS_ID"].clone());
            known["SEMANTIC_INFO"] = json!({ "START_FIELD": start, "FINAL_SUCCESS_FIELD": success, "FINAL_UNSUCCESS_FIELD": of("F"), "FINAL_SORT": 0 });
        }
    }
    Ok(types
        .into_iter()
        .map(|mut known| {
            if let Value::Object(map) = &mut known {
                map.retain(|_, value| !value.is_null());
            }
            known
        })
        .collect::<Value>()
        .into())
}

/// `crm.status.delete`: what the portal brought goes only by force.
pub(super) fn status_delete(call: &mut Call<'_>) -> Outcome {
    let id = call.param("id").and_then(number).filter(|id| *id > 0);
    let id = id.ok_or_else(|| Refusal::new(400, "", "Invalid identifier."))?;
    let record = call.store().get(STAGES, id).cloned();
    let record = record.ok_or_else(|| Refusal::new(400, "", "Status is not found."))?;
    let forced = call.param("params").and_then(|params| params.get("FORCED")).and_then(Value::as_str) == Some("Y");
    if text(&record, "SYSTEM") == "Y" && !forced {
        let text = "CRM System Status can be deleted only if parameter FORCED is specified and equal to \"Y\".";
        return Err(Refusal::new(400, "", text));
    }
    call.store_mut().remove(STAGES, id);
    Ok(Value::Bool(true).into())
}

/// `crm.status.add`: a stage of a pipeline gets the pipeline's prefix.
pub(super) fn status_prefix(record: &mut Object) {
    let directory = text(record, "ENTITY_ID").to_owned();
    let place = directory.strip_prefix("DEAL_STAGE_").map(|pipeline| (DEAL, pipeline)).or_else(|| {
        let (type_id, pipeline) = directory.strip_prefix("DYNAMIC_")?.split_once("_STAGE_")?;
        Some((type_id.parse().ok()?, pipeline))
    });
    let Some((type_id, Ok(pipeline))) = place.map(|(type_id, pipeline)| (type_id, pipeline.parse::<u64>())) else {
        return;
    };
    let prefix = prefix(type_id, pipeline);
    let code = text(record, "STATUS_ID").to_owned();
    if !code.starts_with(&prefix) {
        record.insert("STATUS_ID".into(), format!("{prefix}{code}").into());
    }
    record.insert("CATEGORY_ID".into(), pipeline.to_string().into());
}

/// The order of a list of entries where the caller gives none.
pub(super) fn status_list(call: &mut Call<'_>) -> Outcome {
    let mut query = records::asked(call.params, &str::to_uppercase);
    if query.order.is_empty() {
        query.order = vec![("SORT".to_owned(), false)];
    }
    (query.start, query.page) = (-1, usize::MAX);
    let select = call.param("select").map(query::selection).unwrap_or_default();
    let mut success =
        query.run(call.store().all(STAGES), "ID").success(|record| Value::Object(query::select(record, &select)));
    success.total = None;
    Ok(success)
}
