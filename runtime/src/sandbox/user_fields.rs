//! Custom fields of accounts and of the CRM's records.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::records;
use crate::sandbox::store::Store;
use crate::value::Object;

/// Whose fields a method works on.
struct Family {
    /// The collection that has the fields; `.userfield` behind it is the collection of the fields themselves, and the
    /// beginning of the methods' names.
    owner: &'static str,
    /// The portal's name of the owner.
    entity: &'static str,
    /// What stands before the names of the fields.
    prefix: &'static str,
}

const FAMILIES: &[Family] = &[
    Family { owner: "user", entity: "USER", prefix: "UF_USR_" },
    Family { owner: "crm.lead", entity: "CRM_LEAD", prefix: "UF_CRM_" },
    Family { owner: "crm.deal", entity: "CRM_DEAL", prefix: "UF_CRM_" },
    Family { owner: "crm.contact", entity: "CRM_CONTACT", prefix: "UF_CRM_" },
    Family { owner: "crm.company", entity: "CRM_COMPANY", prefix: "UF_CRM_" },
    Family { owner: "crm.quote", entity: "CRM_QUOTE", prefix: "UF_CRM_" },
    Family { owner: "crm.requisite", entity: "CRM_REQUISITE", prefix: "UF_CRM_" },
];

/// The longest name of a field, its prefix included.
const LONGEST_NAME: usize = 50;

impl Family {
    fn of(call: &Call<'_>) -> Result<&'static Self, Refusal> {
        let owner = call.method.split(".userfield").next().unwrap_or_default();
        FAMILIES.iter().find(|family| family.owner == owner).ok_or_else(Refusal::no_method)
    }

    fn fields(&self) -> String {
        format!("{}.userfield", self.owner)
    }

    fn is_crm(&self) -> bool {
        self.owner != "user"
    }
}

/// The custom fields of an entity, as its list of fields describes them.
pub(super) fn described(store: &Store, owner: &str) -> Vec<(String, Value)> {
    let text = |field: &Object, key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let about = |field: &Object| {
        let name = text(field, "FIELD_NAME");
        let label = field.get("EDIT_FORM_LABEL").and_then(first_text).unwrap_or_else(|| name.clone());
        let mut about = json!({
            "type": text(field, "USER_TYPE_ID"), "isRequired": text(field, "MANDATORY") == "Y", "isReadOnly": false,
            "isImmutable": false, "isMultiple": text(field, "MULTIPLE") == "Y", "isDynamic": true, "title": name,
            "listLabel": label, "formLabel": label, "filterLabel": label,
        });
        if let Some(choices) = field.get("LIST").and_then(Value::as_array) {
            about["items"] =
                choices.iter().map(|choice| json!({ "ID": choice["ID"], "VALUE": choice["VALUE"] })).collect();
        }
        (name, about)
    };
    store.all(&format!("{owner}.userfield")).values().map(about).collect()
}

/// A text, or the first of the texts by language.
fn first_text(label: &Value) -> Option<String> {
    match label {
        Value::String(text) => Some(text.clone()),
        Value::Object(texts) => {
            let english = texts.get("en").into_iter();
            english.chain(texts.values()).filter_map(Value::as_str).find(|text| !text.is_empty()).map(str::to_owned)
        }
        _ => None,
    }
}

/// What the portal sets where the caller does not.
const DEFAULTS: &[(&str, &str)] = &[
    ("SORT", "100"),
    ("MULTIPLE", "N"),
    ("MANDATORY", "N"),
    ("SHOW_FILTER", "N"),
    ("SHOW_IN_LIST", "Y"),
    ("EDIT_IN_LIST", "Y"),
    ("IS_SEARCHABLE", "N"),
];

/// What cannot be changed once the field exists.
const FIXED: &[&str] = &["ID", "ENTITY_ID", "FIELD_NAME", "USER_TYPE_ID", "MULTIPLE"];

fn administrator(call: &Call<'_>) -> Result<(), Refusal> {
    call.administrator().map_err(|_| Refusal::new(400, "", "Access denied."))
}

fn given(call: &Call<'_>) -> Object {
    call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn missing(field: &str) -> Refusal {
    Refusal::new(400, "", format!("The '{field}' field is not found."))
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let family = Family::of(call)?;
    administrator(call)?;
    let fields = given(call);
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for key in ["FIELD_NAME", "USER_TYPE_ID"] {
        if text(key).is_empty() {
            return Err(missing(key));
        }
    }
    let bare = text("FIELD_NAME").to_uppercase();
    let bare = bare.trim_start_matches(family.prefix).trim_start_matches("UF_");
    let name = format!("{}{bare}", family.prefix);
    if family.is_crm() && name.len() > LONGEST_NAME {
        return Err(Refusal::core("Field name is too long (more than 50 characters)."));
    }
    if family.is_crm() && !bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        let text = "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.";
        return Err(Refusal::core(text));
    }
    let known = family.fields();
    if call.store().all(&known).values().any(|field| field.get("FIELD_NAME").and_then(Value::as_str) == Some(&name)) {
        return Err(Refusal::core(format!("Field {name} for {} object already exists", family.entity)));
    }
    let id = call.store_mut().next(&known);
    let mut field = Object::new();
    field.insert("ID".into(), id.to_string().into());
    field.insert("ENTITY_ID".into(), family.entity.into());
    field.insert("FIELD_NAME".into(), name.as_str().into());
    field.insert("USER_TYPE_ID".into(), text("USER_TYPE_ID").into());
    field.insert("XML_ID".into(), Value::Null);
    if family.is_crm() {
        field.insert("SETTINGS".into(), json!({}));
        for label in ["EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL"] {
            let text = fields.get("LABEL").and_then(Value::as_str);
            field.insert(label.into(), text.map_or(Value::Null, |text| json!({ "en": text })));
        }
        field.insert("ERROR_MESSAGE".into(), Value::Null);
        field.insert("HELP_MESSAGE".into(), Value::Null);
    }
    field.extend(DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
    field.extend(fields.into_iter().filter(|(key, _)| !(family.is_crm() && key == "LABEL")));
    field.insert("FIELD_NAME".into(), name.into());
    number_choices(call.store_mut(), &mut field);
    texts(&mut field);
    if family.is_crm() {
        settle(&mut field);
    }
    call.store_mut().put(&known, id, field);
    Ok(Value::from(id).into())
}

/// The texts of a field that are by language.
const LABELS: &[&str] = &["EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE"];

/// The languages of a field's labels.
const LANGUAGES: &[&str] = &[
    "ar", "br", "de", "en", "fr", "hi", "id", "in", "it", "ja", "kz", "la", "ms", "pl", "ru", "sc", "tc", "th", "tr",
    "ua", "vn",
];

/// The labels by language, and the settings that a type has whether they are sent or not.
fn settle(field: &mut Object) {
    for label in LABELS {
        let by_language = match field.get(*label) {
            Some(Value::String(text)) => {
                LANGUAGES.iter().map(|language| ((*language).to_owned(), Value::from(text.as_str()))).collect()
            }
            Some(Value::Object(texts)) => {
                let of = |language: &str| texts.get(language).cloned().unwrap_or_else(|| "".into());
                LANGUAGES.iter().map(|language| ((*language).to_owned(), of(language))).collect()
            }
            _ => Value::Null,
        };
        field.insert((*label).to_owned(), by_language);
    }
    let defaults = match field.get("USER_TYPE_ID").and_then(Value::as_str) {
        Some("string") => {
            json!({ "SIZE": 20, "ROWS": 1, "REGEXP": "", "MIN_LENGTH": 0, "MAX_LENGTH": 0, "DEFAULT_VALUE": "" })
        }
        Some("integer") => json!({ "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": null }),
        Some("double") => json!({ "PRECISION": 2, "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": null }),
        Some("boolean") => json!({ "DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX" }),
        Some("date" | "datetime") => json!({ "DEFAULT_VALUE": { "TYPE": "NONE", "VALUE": "" } }),
        Some("enumeration") => {
            json!({ "DISPLAY": "UI", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y" })
        }
        _ => json!({}),
    };
    let mut settings = defaults.as_object().cloned().unwrap_or_default();
    settings.extend(field.get("SETTINGS").and_then(Value::as_object).cloned().unwrap_or_default());
    field.insert("SETTINGS".into(), settings.into());
}

/// Numbers that a caller sent as such are answered as text.
fn texts(field: &mut Object) {
    if let Some(sort) = field.get_mut("SORT").filter(|sort| sort.is_number()) {
        *sort = sort.to_string().into();
    }
}

/// Gives each new choice of an enumeration its number.
fn number_choices(store: &mut Store, field: &mut Object) {
    let Some(Value::Array(choices)) = field.get_mut("LIST") else {
        return;
    };
    for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
        if !choice.contains_key("ID") {
            let id = store.next("user.userfield.choice");
            choice.insert("ID".into(), id.to_string().into());
        }
        texts(choice);
        choice.entry("SORT").or_insert_with(|| "100".into());
        choice.entry("DEF").or_insert_with(|| "N".into());
    }
}

fn number(call: &Call<'_>, family: &Family) -> Result<u64, Refusal> {
    let id = call.number("id").and_then(|id| u64::try_from(id).ok()).filter(|id| *id > 0);
    match id {
        None if family.is_crm() => Err(Refusal::new(400, "", "ID is not defined or invalid.")),
        Some(id) if call.store().get(&family.fields(), id).is_some() => Ok(id),
        Some(id) if family.is_crm() => {
            Err(Refusal::new(400, "ERROR_NOT_FOUND", format!("The entity with ID '{id}' is not found")))
        }
        _ => Err(Refusal::new(400, "", "The field is not found.")),
    }
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let family = Family::of(call)?;
    let id = number(call, family)?;
    Ok(call.store().get(&family.fields(), id).cloned().unwrap_or_default().into())
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let family = Family::of(call)?;
    administrator(call)?;
    let id = number(call, family)?;
    let changes = given(call);
    let mut field = call.store().get(&family.fields(), id).cloned().unwrap_or_default();
    let choices = changes.get("LIST").and_then(Value::as_array).cloned();
    field.extend(
        changes.into_iter().filter(|(key, _)| !(FIXED.contains(&key.as_str()) || family.is_crm() && key == "LIST")),
    );
    if let Some(choices) = choices.filter(|_| family.is_crm()) {
        change_choices(&mut field, choices);
    }
    if family.is_crm() {
        settle(&mut field);
    }
    number_choices(call.store_mut(), &mut field);
    texts(&mut field);
    call.store_mut().put(&family.fields(), id, field);
    Ok(Value::Bool(true).into())
}

/// A choice with a number changes the one that has it, or removes it with `DEL`; others are new.
fn change_choices(field: &mut Object, changes: Vec<Value>) {
    let id = |choice: &Value| choice.get("ID").and_then(records::number);
    let mut choices = field.get("LIST").and_then(Value::as_array).cloned().unwrap_or_default();
    for change in changes {
        let place = choices.iter().position(|choice| id(&change).is_some() && id(choice) == id(&change));
        match (place, change) {
            (Some(at), change) if change.get("DEL").and_then(Value::as_str) == Some("Y") => {
                choices.remove(at);
            }
            (Some(at), Value::Object(change)) => {
                if let Value::Object(choice) = &mut choices[at] {
                    choice.extend(change.into_iter().filter(|(key, _)| key != "ID"));
                }
            }
            (None, Value::Object(mut change)) => {
                change.shift_remove("ID");
                choices.push(Value::Object(change));
            }
            _ => {}
        }
    }
    field.insert("LIST".into(), choices.into());
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let family = Family::of(call)?;
    administrator(call)?;
    let id = number(call, family)?;
    let field = call.store_mut().remove(&family.fields(), id).unwrap_or_default();
    if let Some(name) = field.get("FIELD_NAME").and_then(Value::as_str) {
        let having = call.store().all(family.owner).iter().filter(|(_, record)| record.contains_key(name));
        for (id, mut record) in having.map(|(id, record)| (*id, record.clone())).collect::<Vec<_>>() {
            record.shift_remove(name);
            call.store_mut().put(family.owner, id, record);
        }
    }
    Ok(Value::Bool(true).into())
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let family = Family::of(call)?;
    if !family.is_crm() {
        administrator(call)?;
    }
    let mut query = records::asked(call.params, &str::to_uppercase);
    if family.is_crm() {
        // These lists come whole.
        query.page = usize::MAX;
    }
    let shown = |field: &Object| {
        let mut field = field.clone();
        // A list has the labels in one language.
        for label in LABELS.iter().filter(|_| family.is_crm()) {
            if let Some(text) = field.get(*label).filter(|label| label.is_object()).map(first_text) {
                field.insert((*label).to_owned(), text.into());
            }
        }
        Value::Object(field)
    };
    Ok(query.run(call.store().all(&family.fields()), "ID").success(shown))
}
