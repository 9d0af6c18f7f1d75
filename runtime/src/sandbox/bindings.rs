//! Which contacts belong to a deal, a lead, an estimate or a company, and which companies to a contact. The links are kept
//! in the records themselves: a list of numbers, and the first of it as the main one.

use serde_json::{Value, json};

use crate::sandbox::answer::{Outcome, Refusal};
use crate::sandbox::dispatch::Call;
use crate::sandbox::records::number;
use crate::value::Object;

/// A kind of link: the methods' beginning, the collection of the owners, the fields that hold the list and the main one, and
/// the key of a link.
struct Kind {
    methods: &'static str,
    collection: &'static str,
    list: &'static str,
    main: Option<&'static str>,
    key: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        methods: "crm.deal.contact.",
        collection: "crm.deal",
        list: "CONTACT_IDS",
        main: Some("CONTACT_ID"),
        key: "CONTACT_ID",
    },
    Kind {
        methods: "crm.lead.contact.",
        collection: "crm.lead",
        list: "CONTACT_IDS",
        main: Some("CONTACT_ID"),
        key: "CONTACT_ID",
    },
    Kind {
        methods: "crm.quote.contact.",
        collection: "crm.quote",
        list: "CONTACT_IDS",
        main: Some("CONTACT_ID"),
        key: "CONTACT_ID",
    },
    Kind {
        methods: "crm.company.contact.",
        collection: "crm.company",
        list: "CONTACT_ID",
        main: None,
        key: "CONTACT_ID",
    },
    Kind {
        methods: "crm.contact.company.",
        collection: "crm.contact",
        list: "COMPANY_IDS",
        main: Some("COMPANY_ID"),
        key: "COMPANY_ID",
    },
];

fn refused(text: &str) -> Refusal {
    Refusal::new(400, "", text)
}

fn numbers(value: Option<&Value>) -> Vec<u64> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(number).collect(),
        Some(value) => number(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The owner that the call names.
fn owner(call: &Call<'_>) -> Result<(&'static Kind, u64, Object), Refusal> {
    let kind = KINDS.iter().find(|kind| call.method.starts_with(kind.methods)).ok_or_else(Refusal::no_method)?;
    let id = call.param("id").and_then(number).filter(|id| *id > 0);
    let id = id.ok_or_else(|| refused("The parameter 'ownerEntityID' is invalid or not defined."))?;
    let record = call.store().get(kind.collection, id).cloned().ok_or_else(|| refused("Not found."))?;
    Ok((kind, id, record))
}

impl Kind {
    /// The linked numbers, the main one first.
    fn linked(&self, record: &Object) -> Vec<u64> {
        let mut linked = numbers(record.get(self.list));
        if let Some(main) = self.main.and_then(|main| record.get(main)).and_then(number).filter(|main| *main > 0) {
            linked.retain(|id| *id != main);
            linked.insert(0, main);
        }
        linked
    }

    fn link(&self, record: &mut Object, linked: &[u64]) {
        let texts = linked.iter().map(|id| Value::from(id.to_string()));
        record.insert(self.list.to_owned(), texts.collect());
        if let Some(main) = self.main {
            record.insert(main.to_owned(), linked.first().map_or(Value::Null, |id| id.to_string().into()));
        }
    }
}

/// Keeps list and main one in step after a change of the record by its own methods.
pub(super) fn settle(collection: &str, record: &mut Object, sent: &Object) {
    for kind in KINDS.iter().filter(|kind| kind.collection == collection) {
        let Some(main) = kind.main else { continue };
        if sent.contains_key(kind.list) {
            let linked = numbers(record.get(kind.list));
            kind.link(record, &linked);
        } else if sent.contains_key(main) {
            let main = numbers(record.get(main));
            kind.link(record, &main);
        }
    }
}

pub(super) fn items_get(call: &mut Call<'_>) -> Outcome {
    let (kind, _, record) = owner(call)?;
    let links = kind.linked(&record).into_iter().enumerate().map(
        |(at, id)| json!({ kind.key: id, "SORT": (at + 1) * 10, "ROLE_ID": 0, "IS_PRIMARY": if at == 0 { "Y" } else { "N" } }),
    );
    Ok(links.collect::<Value>().into())
}

pub(super) fn items_set(call: &mut Call<'_>) -> Outcome {
    let (kind, id, mut record) = owner(call)?;
    let Some(Value::Array(items)) = call.param("items") else {
        return Err(refused("The parameter items must be array."));
    };
    let mut items: Vec<(bool, u64, u64)> = items
        .iter()
        .filter_map(|item| {
            let is_main = item.get("IS_PRIMARY").and_then(Value::as_str) == Some("Y");
            Some((!is_main, item.get("SORT").and_then(number).unwrap_or(0), item.get(kind.key).and_then(number)?))
        })
        .collect();
    items.sort_by_key(|(is_other, sort, _)| (*is_other, *sort));
    let mut linked: Vec<u64> = Vec::new();
    for (.., id) in items {
        if !linked.contains(&id) {
            linked.push(id);
        }
    }
    kind.link(&mut record, &linked);
    call.store_mut().put(kind.collection, id, record);
    Ok(Value::Bool(true).into())
}

pub(super) fn items_delete(call: &mut Call<'_>) -> Outcome {
    let (kind, id, mut record) = owner(call)?;
    kind.link(&mut record, &[]);
    call.store_mut().put(kind.collection, id, record);
    Ok(Value::Bool(true).into())
}

/// The number and the main flag of the link in `fields`.
fn sent(call: &Call<'_>, kind: &Kind) -> Result<(u64, bool), Refusal> {
    let fields = call.param("fields").and_then(Value::as_object);
    let fields = fields.ok_or_else(|| refused("The parameter 'fields' must be array."))?;
    let id = fields.get(kind.key).and_then(number).filter(|id| *id > 0);
    let id = id.ok_or_else(|| refused("The parameter 'fields' is not valid."))?;
    Ok((id, fields.get("IS_PRIMARY").and_then(Value::as_str) == Some("Y")))
}

pub(super) fn add(call: &mut Call<'_>) -> Outcome {
    let (kind, id, mut record) = owner(call)?;
    let (other, is_main) = sent(call, kind)?;
    let mut linked = kind.linked(&record);
    let is_known = linked.contains(&other);
    if is_main {
        linked.retain(|id| *id != other);
        linked.insert(0, other);
    } else if !is_known {
        linked.push(other);
    }
    kind.link(&mut record, &linked);
    call.store_mut().put(kind.collection, id, record);
    Ok(Value::Bool(!is_known).into())
}

pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let (kind, id, mut record) = owner(call)?;
    let (other, _) = sent(call, kind)?;
    let mut linked = kind.linked(&record);
    let is_known = linked.contains(&other);
    linked.retain(|id| *id != other);
    kind.link(&mut record, &linked);
    call.store_mut().put(kind.collection, id, record);
    Ok(Value::Bool(is_known).into())
}

pub(super) fn fields(call: &mut Call<'_>) -> Outcome {
    let kind = KINDS.iter().find(|kind| call.method.starts_with(kind.methods)).ok_or_else(Refusal::no_method)?;
    let field = |kind: &str, required: bool, title: &str| {
        json!({ "type": kind, "isRequired": required, "isReadOnly": false, "isImmutable": false, "isMultiple": false,
                "isDynamic": false, "title": title })
    };
    let title = if kind.key == "CONTACT_ID" { "Contact" } else { "Company" };
    Ok(json!({
        kind.key: field("integer", true, title), "SORT": field("integer", false, "Sorting"),
        "IS_PRIMARY": field("char", false, "Primary"),
    })
    .into())
}
