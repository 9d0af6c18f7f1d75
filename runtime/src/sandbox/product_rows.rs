//! Product rows: the goods and services of leads, deals, estimates and smart processes, and the sum that they make for
//! their owner.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::entity::{Entity, ROWS};
use crate::sandbox::items::number_of;
use crate::sandbox::query::{self, Filter};
use crate::sandbox::records::{self, blank, number};
use crate::value::Object;

/// The collection of all rows.
const ALL: &str = "crm.item.productrow";

fn entity() -> Result<&'static Entity, Refusal> {
    ROWS.entity(ALL).ok_or_else(Refusal::no_method)
}

/// A record that has rows.
struct Owner {
    /// The short code of its type.
    code: String,
    collection: String,
    id: u64,
}

/// The collection of a type by its short code: `T` and the type's number in hexadecimal for smart processes.
fn collection(code: &str) -> Option<String> {
    match code {
        "L" => Some("crm.lead".to_owned()),
        "D" => Some("crm.deal".to_owned()),
        "Q" => Some("crm.quote".to_owned()),
        "SI" => Some("crm.item.31".to_owned()),
        other => {
            let id = u64::from_str_radix(other.strip_prefix('T')?, 16).ok()?;
            Some(format!("crm.item.{id}"))
        }
    }
}

/// The short code of the type whose records a collection holds.
fn code(collection: &str) -> Option<String> {
    match collection {
        "crm.lead" => Some("L".to_owned()),
        "crm.deal" => Some("D".to_owned()),
        "crm.quote" => Some("Q".to_owned()),
        "crm.item.31" => Some("SI".to_owned()),
        other => other.strip_prefix("crm.item.")?.parse::<u64>().ok().map(|id| format!("T{id:x}")),
    }
}

impl Owner {
    fn find(call: &Call<'_>, code: Option<&Value>, id: Option<&Value>) -> Result<Self, Refusal> {
        let needed = |name: &str| Refusal::new(400, "100", format!("Could not find value for parameter {{{name}}}"));
        let code = code.and_then(Value::as_str).ok_or_else(|| needed("ownerType"))?;
        let id = id.and_then(number).ok_or_else(|| needed("ownerId"))?;
        let collection = collection(code).ok_or_else(|| {
            Refusal::new(400, "ENTITY_TYPE_NOT_SUPPORTED", format!("Entity type `{code}` is not supported"))
        })?;
        if call.store().get(&collection, id).is_none() {
            return Err(Refusal::new(400, "OWNER_NOT_FOUND", "Owner was not found"));
        }
        Ok(Self { code: code.to_owned(), collection, id })
    }

    fn owns(&self, row: &Object) -> bool {
        row.get("OWNER_TYPE").and_then(Value::as_str) == Some(self.code.as_str())
            && row.get("OWNER_ID").and_then(number) == Some(self.id)
    }

    /// Its rows, in the order of their places.
    fn rows(&self, call: &Call<'_>) -> Vec<(u64, Object)> {
        let own = call.store().all(ALL).iter().filter(|(_, row)| self.owns(row));
        let mut rows: Vec<(u64, Object)> = own.map(|(id, row)| (*id, row.clone())).collect();
        rows.sort_by_key(|(id, row)| (row.get("SORT").and_then(number), *id));
        rows
    }

    /// Puts the rows in place of those that there are. A row with the number of one of them changes it.
    fn set(&self, call: &mut Call<'_>, rows: &[Value]) -> Result<Vec<Object>, String> {
        let known = self.rows(call);
        let mut whole = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let given = row.as_object().ok_or_else(|| "A row must be an object".to_owned())?;
            let id = given.get("id").or_else(|| given.get("ID")).and_then(number);
            let old = id.and_then(|id| known.iter().find(|(known, _)| *known == id)).map(|(_, row)| row);
            let mut row = self.row(call, old, given)?;
            row.entry("SORT").and_modify(|sort| {
                if sort.is_null() {
                    *sort = ((at + 1) * 10).into();
                }
            });
            whole.push((id.filter(|_| old.is_some()), row));
        }
        for (id, _) in known {
            call.store_mut().remove(ALL, id);
        }
        let mut set = Vec::new();
        for (id, row) in whole {
            set.push(self.put(call, id, row));
        }
        self.total(call);
        Ok(set)
    }

    /// A row with what the caller sent, and everything that follows from it.
    fn row(&self, call: &Call<'_>, old: Option<&Object>, given: &Object) -> Result<Object, String> {
        let entity = ROWS.entity(ALL).ok_or_else(|| "No product rows are kept".to_owned())?;
        let given: Object =
            given.iter().map(|(name, value)| (records::stored_name(entity, name), value.clone())).collect();
        let writable = |name: &String| {
            entity.fields.get(name).is_some_and(|field| !field.readonly)
                && !matches!(name.as_str(), "OWNER_ID" | "OWNER_TYPE")
        };
        let mut row = old.cloned().unwrap_or_else(|| blank(entity, 0));
        row.insert("OWNER_ID".into(), self.id.into());
        row.insert("OWNER_TYPE".into(), self.code.as_str().into());
        for (name, value) in given.iter().filter(|(name, _)| writable(name)) {
            row.insert(name.clone(), records::normal(entity, entity.kind(name), value.clone()));
        }
        let product = row.get("PRODUCT_ID").and_then(number);
        let product = product
            .and_then(|id| call.store().get("catalog.product", id).or_else(|| call.store().get("crm.product", id)));
        let named = given.contains_key("PRODUCT_NAME") || old.is_some() && !given.contains_key("PRODUCT_ID");
        if let (false, Some(name)) = (named, product.and_then(|product| product.get("NAME"))) {
            row.insert("PRODUCT_NAME".into(), name.clone());
        }
        price(&mut row, &given)?;
        Ok(row)
    }

    fn put(&self, call: &mut Call<'_>, id: Option<u64>, mut row: Object) -> Object {
        let id = id.unwrap_or_else(|| call.store_mut().next(ALL));
        row.insert("ID".into(), id.into());
        call.store_mut().put(ALL, id, row.clone());
        row
    }

    /// The sum of the owner is that of its rows, unless it is set by hand.
    fn total(&self, call: &mut Call<'_>) {
        let Some(mut owner) = call.store().get(&self.collection, self.id).cloned() else { return };
        if owner.get("IS_MANUAL_OPPORTUNITY").and_then(Value::as_str) == Some("Y") {
            return;
        }
        let (mut sum, mut tax) = (0.0, 0.0);
        for (_, row) in self.rows(call) {
            let of = |name: &str| amount(&row, name).unwrap_or(0.0);
            sum += of("PRICE") * of("QUANTITY");
            tax += (of("PRICE") - of("PRICE_EXCLUSIVE")) * of("QUANTITY");
        }
        owner.insert("OPPORTUNITY".into(), format!("{:.2}", cents(sum)).into());
        owner.insert("TAX_VALUE".into(), format!("{:.2}", cents(tax)).into());
        call.store_mut().put(&self.collection, self.id, owner);
    }
}

/// Removes the rows of a record that is removed.
pub(super) fn forget(call: &mut Call<'_>, collection: &str, id: u64) {
    let Some(code) = code(collection) else { return };
    let owner = Owner { code, collection: collection.to_owned(), id };
    for (id, _) in owner.rows(call) {
        call.store_mut().remove(ALL, id);
    }
}

fn amount(row: &Object, name: &str) -> Option<f64> {
    match row.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// Fills in the prices that follow from the price that is paid, the tax and the discount.
///
/// # Errors
/// When the discount is not said whole.
fn price(row: &mut Object, given: &Object) -> Result<(), String> {
    let paid = amount(row, "PRICE").unwrap_or(0.0);
    let tax = 1.0 + amount(row, "TAX_RATE").unwrap_or(0.0) / 100.0;
    let exclusive = if tax > 0.0 { cents(paid / tax) } else { paid };
    let by_amount = amount(row, "DISCOUNT_TYPE_ID") == Some(1.0);
    let says = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
    let (netto, rate, sum) = if by_amount {
        let sum = amount(row, "DISCOUNT_SUM").unwrap_or(0.0);
        let netto = exclusive + sum;
        (netto, if netto > 0.0 { cents(sum / netto * 100.0) } else { 0.0 }, sum)
    } else {
        let rate = amount(row, "DISCOUNT_RATE");
        if says("DISCOUNT_TYPE_ID") && rate.is_none() {
            return Err(
                "Discount Rate (DISCOUNT_RATE) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined"
                    .into(),
            );
        }
        let rate = rate.unwrap_or(0.0);
        if rate >= 100.0 {
            let sum = amount(row, "DISCOUNT_SUM").ok_or(
                "Discount Sum (DISCOUNT_SUM) is required if Percentage Discount Type (DISCOUNT_TYPE_ID) is defined and Discount Rate (DISCOUNT_RATE) is 100%",
            )?;
            (exclusive + sum, rate, sum)
        } else {
            let netto = cents(exclusive / (1.0 - rate / 100.0));
            (netto, rate, cents(netto - exclusive))
        }
    };
    for (name, value) in [
        ("PRICE", paid),
        ("PRICE_ACCOUNT", paid),
        ("PRICE_EXCLUSIVE", exclusive),
        ("PRICE_NETTO", netto),
        ("PRICE_BRUTTO", cents(netto * tax)),
        ("DISCOUNT_RATE", rate),
        ("DISCOUNT_SUM", sum),
    ] {
        row.insert(name.to_owned(), number_of(value));
    }
    Ok(())
}

fn failed(reason: String) -> Refusal {
    Refusal::new(400, "0", reason)
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let Some(fields) = call.param("fields").and_then(Value::as_object).cloned() else {
        return Err(Refusal::new(400, "100", "Could not find value for parameter {fields}"));
    };
    let owner = Owner::find(call, fields.get("ownerType"), fields.get("ownerId"))?;
    let mut row = owner.row(call, None, &fields).map_err(failed)?;
    if row.get("SORT").is_none_or(Value::is_null) {
        row.insert("SORT".into(), 10.into());
    }
    let row = owner.put(call, None, row);
    owner.total(call);
    Ok(json!({ "productRow": records::show(entity()?, &row) }).into())
}

/// The row that is named, and its owner.
fn named(call: &Call<'_>) -> Result<(u64, Object, Owner), Refusal> {
    let id = call.param("id").ok_or_else(|| Refusal::new(400, "100", "Could not find value for parameter {id}"))?;
    let missing = || Refusal::new(400, "NOT_FOUND", "Product row not found");
    let id = number(id).ok_or_else(missing)?;
    let row = call.store().get(ALL, id).cloned().ok_or_else(missing)?;
    let owner = Owner::find(call, row.get("OWNER_TYPE"), row.get("OWNER_ID"))?;
    Ok((id, row, owner))
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    let (_, row, _) = named(call)?;
    Ok(json!({ "productRow": records::show(entity()?, &row) }).into())
}

pub(super) fn update(call: &mut Call<'_>) -> Outcome {
    let (id, row, owner) = named(call)?;
    let fields = call.param("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let row = owner.row(call, Some(&row), &fields).map_err(failed)?;
    let row = owner.put(call, Some(id), row);
    owner.total(call);
    Ok(json!({ "productRow": records::show(entity()?, &row) }).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let (id, _, owner) = named(call)?;
    call.store_mut().remove(ALL, id);
    owner.total(call);
    Ok(Value::Null.into())
}

pub(super) fn set(call: &mut Call<'_>) -> Outcome {
    let owner = Owner::find(call, call.param("ownerType"), call.param("ownerId"))?;
    let Some(Value::Array(rows)) = call.param("productRows").cloned() else {
        return Err(Refusal::new(400, "100", "Could not find value for parameter {productRows}"));
    };
    let set = owner.set(call, &rows).map_err(failed)?;
    let entity = entity()?;
    Ok(json!({ "productRows": set.iter().map(|row| records::show(entity, row)).collect::<Vec<_>>() }).into())
}

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let entity = entity()?;
    let rename = |name: &str| records::stored_name(entity, name);
    let filter = call.param("filter").and_then(Value::as_object);
    for name in ["ownerType", "ownerId"] {
        let asked = filter.is_some_and(|filter| filter.keys().any(|key| query::operator(key).1 == name));
        if !asked {
            let text = format!("The filter must say `{name}`");
            return Err(Refusal::new(400, "INVALID_ARG_VALUE", text));
        }
    }
    let query = records::asked(call.params, &rename);
    let mut success = query.run(call.store().all(ALL), "ID").success(|row| records::show(entity, row));
    success.result = json!({ "productRows": success.result });
    Ok(success)
}

pub(super) fn fields(_: &mut Call<'_>) -> Outcome {
    Ok(json!({ "fields": records::fields(entity()?) }).into())
}

/// `crm.deal.productrows.*` and the like: the owner is named by the method.
fn named_owner(call: &Call<'_>) -> Result<Owner, Refusal> {
    let refused = |text: &str| Refusal::new(400, "", text);
    let id = call.param("id").and_then(number).filter(|id| *id > 0);
    let id = id.ok_or_else(|| refused("The parameter id is invalid or not defined."))?;
    let collection = call.method.split(".productrows").next().unwrap_or_default();
    let code = code(collection).ok_or_else(Refusal::no_method)?;
    if call.store().get(collection, id).is_none() {
        return Err(refused("Not found"));
    }
    Ok(Owner { code, collection: collection.to_owned(), id })
}

pub(super) fn owner_get(call: &mut Call<'_>) -> Outcome {
    let owner = named_owner(call)?;
    let rows = owner.rows(call).into_iter().map(|(_, row)| {
        let mut shown = row;
        for name in ["ID", "OWNER_ID"] {
            let text = shown.get(name).and_then(number).unwrap_or(0).to_string();
            shown.insert(name.into(), text.into());
        }
        let account = amount(&shown, "PRICE_ACCOUNT").unwrap_or(0.0);
        shown.insert("PRICE_ACCOUNT".into(), format!("{account:.2}").into());
        let name = shown.get("PRODUCT_NAME").cloned().unwrap_or_default();
        shown.insert("ORIGINAL_PRODUCT_NAME".into(), name);
        for name in ["PRODUCT_DESCRIPTION", "RESERVE_ID", "DATE_RESERVE_END", "RESERVE_QUANTITY"] {
            shown.insert(name.into(), Value::Null);
        }
        Value::Object(shown)
    });
    Ok(rows.collect::<Value>().into())
}

pub(super) fn owner_set(call: &mut Call<'_>) -> Outcome {
    let owner = named_owner(call)?;
    let rows = match call.param("rows") {
        Some(Value::Array(rows)) => rows.clone(),
        // A form writes rows as a map where their places do not count from 0.
        Some(Value::Object(rows)) => rows.values().cloned().collect(),
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(empty)) if empty.is_empty() => Vec::new(),
        Some(_) => return Err(Refusal::new(400, "", "The parameter rows must be array.")),
    };
    owner.set(call, &rows).map_err(|reason| Refusal::core(reason + "<br>"))?;
    Ok(Value::Bool(true).into())
}

/// `crm.productrow.list`: the old way, with all values as text.
pub(super) fn old_list(call: &mut Call<'_>) -> Outcome {
    let query = query::Query {
        filter: call.param("filter").map(|filter| Filter::read(filter, &str::to_uppercase)).unwrap_or_default(),
        ..records::asked(call.params, &str::to_uppercase)
    };
    let select = call.param("select").map(query::selection).unwrap_or_default();
    Ok(query.run(call.store().all(ALL), "ID").success(|row| {
        let texts = row.iter().map(|(name, value)| {
            let text = match (name.as_str(), value) {
                ("QUANTITY", _) => format!("{:.4}", amount(row, name).unwrap_or(0.0)).into(),
                (name, _)
                    if name.starts_with("PRICE") || matches!(name, "DISCOUNT_RATE" | "DISCOUNT_SUM" | "TAX_RATE") =>
                {
                    amount(row, name).map_or(Value::Null, |amount| format!("{amount:.2}").into())
                }
                (_, Value::Number(number)) => number.to_string().into(),
                (_, other) => other.clone(),
            };
            (name.clone(), text)
        });
        Value::Object(query::select(&texts.collect(), &select))
    }))
}

pub(super) fn old_fields(_: &mut Call<'_>) -> Outcome {
    let entity = entity()?;
    let fields = records::fields(entity);
    let upper = fields.into_iter().map(|(name, about)| (records::stored_name(entity, &name), about));
    Ok(upper.collect::<Object>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row's own amounts, and those that follow from them.
    #[test]
    fn prices_follow_from_one_another() {
        for (given, exclusive, netto, brutto, rate, sum) in [
            (
                json!({"PRICE": 80000, "DISCOUNT_RATE": 20, "TAX_RATE": 20}),
                66666.67,
                83333.34,
                100_000.01,
                20.0,
                16666.67,
            ),
            (
                json!({"PRICE": 22175.328, "DISCOUNT_RATE": 40, "TAX_RATE": 12}),
                19799.4,
                32999.0,
                36958.88,
                40.0,
                13199.6,
            ),
            (json!({"PRICE": 90, "DISCOUNT_TYPE_ID": 1, "DISCOUNT_SUM": 10}), 90.0, 100.0, 100.0, 10.0, 10.0),
            (json!({"PRICE": 0, "DISCOUNT_RATE": 100, "DISCOUNT_SUM": 7}), 0.0, 7.0, 7.0, 100.0, 7.0),
            (json!({"PRICE": "12.50"}), 12.5, 12.5, 12.5, 0.0, 0.0),
        ] {
            let given = given.as_object().cloned().unwrap_or_default();
            let mut row = given.clone();
            assert_eq!(price(&mut row, &given), Ok(()), "{given:?}");
            let of = |name: &str| amount(&row, name).unwrap_or(f64::NAN);
            assert_eq!(
                (of("PRICE_EXCLUSIVE"), of("PRICE_NETTO"), of("PRICE_BRUTTO"), of("DISCOUNT_RATE"), of("DISCOUNT_SUM")),
                (exclusive, netto, brutto, rate, sum),
                "{given:?}"
            );
        }
        let wrong = json!({"PRICE": 1, "DISCOUNT_TYPE_ID": 2}).as_object().cloned().unwrap_or_default();
        assert!(price(&mut wrong.clone(), &wrong).is_err_and(|reason| reason.contains("DISCOUNT_RATE")));
    }

    #[test]
    fn codes_name_collections() {
        for (short, name) in [("D", "crm.deal"), ("SI", "crm.item.31"), ("T406", "crm.item.1030")] {
            assert_eq!((collection(short).as_deref(), code(name).as_deref()), (Some(name), Some(short)));
        }
        assert_eq!((collection("X"), collection("Tzz"), code("crm.item.productrow")), (None, None, None));
    }
}
