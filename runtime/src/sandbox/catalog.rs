//! Products of the catalogue: the form of their properties, pictures and prices.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{ROWS, Verb};
use crate::sandbox::query;
use crate::sandbox::records::{self, camel, number};
use crate::value::Object;

/// The counter of the values of properties.
const VALUES: &str = "catalog.value";
/// The counter of the files that products hold.
const FILES: &str = "catalog.file";

/// The fields that hold a picture.
const PICTURES: [&str; 2] = ["PREVIEW_PICTURE", "DETAIL_PICTURE"];

/// Puts what was sent into the form that the portal answers: every value of a property with a number of its own, a picture
/// with its address, a price with six decimals.
pub(super) fn settle(call: &mut Call<'_>, record: &mut Object, sent: &Object, before: Option<&Object>) {
    for name in sent.keys().filter(|name| name.starts_with("PROPERTY_")) {
        let value = property(call, sent.get(name).unwrap_or(&Value::Null), before.and_then(|before| before.get(name)));
        record.insert(name.clone(), value);
    }
    for name in PICTURES.iter().filter(|name| sent.contains_key(**name)) {
        let picture = picture(call, name, record, before);
        record.insert((*name).to_owned(), picture);
    }
    let price = record.get("PURCHASING_PRICE").and_then(|price| match price {
        Value::Number(price) => price.as_f64(),
        Value::String(price) => price.trim().parse().ok(),
        _ => None,
    });
    if let Some(price) = price {
        record.insert("PURCHASING_PRICE".into(), format!("{price:.6}").into());
    }
}

/// One value or several, each `{"value", "valueId"}`. A value with the number of a known one takes its place.
fn property(call: &mut Call<'_>, sent: &Value, known: Option<&Value>) -> Value {
    match sent {
        Value::Array(items) => items.iter().filter_map(|item| entry(call, item, known)).collect(),
        item => entry(call, item, known).unwrap_or_default(),
    }
}

fn entry(call: &mut Call<'_>, sent: &Value, known: Option<&Value>) -> Option<Value> {
    let given = sent.get("valueId").and_then(number);
    if sent.is_null() || sent.get("remove").and_then(Value::as_str) == Some("Y") {
        return None;
    }
    let value = sent.get("value").unwrap_or(sent);
    let of_known = |known: &Value| known.get("valueId").and_then(number);
    let is_known = match known {
        Some(Value::Array(items)) => items.iter().any(|item| of_known(item) == given),
        Some(item) => of_known(item) == given,
        None => false,
    };
    let id = match given.filter(|_| is_known) {
        Some(id) => id,
        None => call.store_mut().next(VALUES),
    };
    Some(json!({ "value": value, "valueId": id.to_string() }))
}

fn picture(call: &mut Call<'_>, name: &str, record: &Object, before: Option<&Object>) -> Value {
    let sent = record.get(name).cloned().unwrap_or_default();
    let data = sent.get("fileData").unwrap_or(&sent);
    if data.get(1).and_then(Value::as_str).is_none() {
        let is_removed = sent.is_null() || sent.get("remove").and_then(Value::as_str) == Some("Y");
        return before.and_then(|before| before.get(name)).filter(|_| !is_removed).cloned().unwrap_or_default();
    }
    let file = call.store_mut().next(FILES);
    let product = record.get("ID").and_then(number).unwrap_or(0);
    let field = camel(name);
    let address = format!(
        "/rest/catalog.product.download?fields%5BfieldName%5D={field}&fields%5BfileId%5D={file}&fields%5BproductId%5D={product}"
    );
    json!({ "id": file.to_string(), "url": address, "urlMachine": address })
}

/// `catalog.product.list`: wants to be told the catalogue, and which fields.
pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let entity = ROWS.entity("catalog.product").ok_or_else(Refusal::no_method)?;
    let select = call.param("select").map(query::selection).unwrap_or_default();
    let named = |field: &str| select.iter().any(|name| name == "*" || name == field);
    if !named("id") || !named("iblockId") {
        return Err(Refusal::new(400, "0", "Required select fields: id, iblockId"));
    }
    let has_catalogue = call
        .param("filter")
        .and_then(Value::as_object)
        .is_some_and(|filter| filter.keys().any(|key| query::operator(key).1 == "iblockId"));
    if !has_catalogue {
        return Err(Refusal::new(400, "0", "Required filter fields: iblockId"));
    }
    records::run(call, entity, Verb::List)
}
