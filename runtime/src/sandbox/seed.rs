//! What a portal holds when it starts.

use serde_json::{Value, json};

use crate::sandbox::entity::ROWS;
use crate::sandbox::store::Store;
use crate::sandbox::{currencies, pipelines, records};
use crate::value::Object;

/// A set of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seed {
    /// The administrator alone.
    Empty,
    /// A company of a few people, among them the account 2150 of the documentation, with a few deals.
    #[default]
    Small,
    /// The small one, 1,200 more people and 5,000 deals: enough for many pages.
    Large,
}

const DEPARTMENTS: &[(u64, &str)] = &[(1, "Example Ltd"), (5, "Accounting"), (7, "Engineering")];

/// The entries of the CRM's directories: directory, code, name, meaning. Those of pipelines come with these.
const STATUSES: &[(&str, &str, &str, Option<&str>)] = &[
    ("STATUS", "NEW", "Not processed", None),
    ("STATUS", "IN_PROCESS", "In progress", None),
    ("STATUS", "CONVERTED", "Good lead", Some("S")),
    ("STATUS", "JUNK", "Junk lead", Some("F")),
    ("QUOTE_STATUS", "DRAFT", "Draft", None),
    ("QUOTE_STATUS", "SENT", "Sent", None),
    ("QUOTE_STATUS", "APPROVED", "Approved", Some("S")),
    ("QUOTE_STATUS", "DECLAINED", "Declined", Some("F")),
    ("SOURCE", "CALL", "Call", None),
    ("SOURCE", "EMAIL", "E-mail", None),
    ("SOURCE", "WEB", "Website", None),
    ("SOURCE", "ADVERTISING", "Advertising", None),
    ("SOURCE", "OTHER", "Other", None),
    ("DEAL_TYPE", "SALE", "Sale", None),
    ("DEAL_TYPE", "COMPLEX", "Complex sale", None),
    ("DEAL_TYPE", "SERVICES", "Services", None),
    ("CONTACT_TYPE", "CLIENT", "Client", None),
    ("CONTACT_TYPE", "SUPPLIER", "Supplier", None),
    ("CONTACT_TYPE", "PARTNER", "Partner", None),
    ("COMPANY_TYPE", "CUSTOMER", "Client", None),
    ("COMPANY_TYPE", "SUPPLIER", "Supplier", None),
    ("COMPANY_TYPE", "PARTNER", "Partner", None),
    ("HONORIFIC", "HNR_EN_1", "Mr.", None),
    ("HONORIFIC", "HNR_EN_2", "Ms.", None),
    ("INDUSTRY", "IT", "Information technology", None),
    ("INDUSTRY", "OTHER", "Other", None),
    ("EMPLOYEES", "EMPLOYEES_1", "fewer than 50", None),
    ("EMPLOYEES", "EMPLOYEES_2", "50 to 250", None),
];

/// When everything of the seeds was made.
const MADE: &str = "2026-01-15T12:34:56+03:00";

/// The data of a seed.
pub(super) fn store(seed: Seed) -> Store {
    let mut store = Store::default();
    crate::sandbox::disk::seed(&mut store, MADE);
    for (id, name) in DEPARTMENTS {
        let mut department = Object::new();
        department.insert("ID".into(), id.to_string().into());
        department.insert("NAME".into(), (*name).into());
        department.insert("SORT".into(), 500.into());
        if *id != 1 {
            department.insert("PARENT".into(), "1".into());
        }
        store.put("department", *id, department);
    }
    let mut add = |id: u64, name: &str, last_name: &str, position: &str, department: u64| {
        store.put("user", id, user(id, name, last_name, position, department));
    };
    add(1, "Anna", "Schmidt", "Head of the company", 1);
    if seed != Seed::Empty {
        add(10, "Boris", "Novak", "Accountant", 5);
        add(2150, "Ivan", "Petrov", "Trainee", 5);
        add(2166, "Maria", "Adamova", "Engineer", 7);
    }
    if seed == Seed::Large {
        for id in 3000..4200 {
            add(id, &format!("Name{id}"), &format!("Family{}", id % 97), "Engineer", 7);
        }
    }
    let smart = json!({"ENTITY_TYPE_ID": 1030, "TITLE": "Contracts", "CREATED_BY": 1, "CREATED_TIME": MADE, "UPDATED_TIME": MADE});
    put(&mut store, "crm.type", 1, &smart);
    let section =
        json!({"NAME": "Anna Schmidt", "CAL_TYPE": "user", "OWNER_ID": "1", "COLOR": "#9dcf00", "CREATED_BY": "1"});
    put(&mut store, "calendar.section", 1, &section);
    let list = json!({"IBLOCK_TYPE_ID": "lists", "CODE": "inventory", "NAME": "Inventory"});
    put(&mut store, "lists", 1, &list);
    pipelines::seed(&mut store);
    let mut sort = 0;
    for (at, (directory, code, name, meaning)) in STATUSES.iter().enumerate() {
        let goes_on = at > 0 && STATUSES[at - 1].0 == *directory;
        sort = if goes_on { sort + 10 } else { 10 };
        pipelines::put_status(&mut store, directory, code, name, sort, *meaning, None);
    }
    currencies::seed(&mut store, MADE);
    let deals = match seed {
        Seed::Empty => 0,
        Seed::Small => 3,
        Seed::Large => 5000,
    };
    fill(&mut store, "crm.deal", "TITLE", "Deal", deals);
    for collection in ["crm.lead", "crm.company"] {
        fill(&mut store, collection, "TITLE", "Number", deals.min(120));
    }
    fill(&mut store, "crm.contact", "NAME", "Contact", deals.min(120));
    store
}

/// A record of an entity with a few fields of its own.
fn put(store: &mut Store, collection: &str, id: u64, fields: &Value) {
    let Some(entity) = ROWS.entity(collection) else { return };
    let mut record = records::blank(entity, id);
    record.extend(fields.as_object().cloned().unwrap_or_default());
    store.put(collection, id, record);
}

/// So many numbers with gaps among them: 1, 2, 3 … but those that 11 divides.
pub(super) fn numbers(count: usize) -> impl Iterator<Item = u64> {
    (1..).filter(|id| id % 11 != 0).take(count)
}

/// So many records with a title each. Every eleventh number is left out, as if something had been removed.
pub(super) fn fill(store: &mut Store, collection: &str, title: &str, word: &str, count: usize) {
    let Some(entity) = ROWS.entity(collection) else { return };
    for id in numbers(count) {
        let mut record = records::blank(entity, id);
        record.insert(title.to_owned(), format!("{word} {id}").into());
        for field in entity.created.iter().chain(&entity.changed) {
            record.insert(field.clone(), MADE.into());
        }
        for field in entity.owner.iter().chain(&entity.author).chain(&entity.editor) {
            record.insert(field.clone(), "1".into());
        }
        if record.contains_key("OPPORTUNITY") {
            record.insert("OPPORTUNITY".into(), format!("{}.00", (id * 37) % 100_000).into());
        }
        store.put(collection, id, record);
    }
}

/// An account as the portal answers it.
pub(super) fn user(id: u64, name: &str, last_name: &str, position: &str, department: u64) -> Object {
    let user = json!({
        "ID": id.to_string(),
        "XML_ID": "",
        "ACTIVE": true,
        "NAME": name,
        "LAST_NAME": last_name,
        "SECOND_NAME": "",
        "EMAIL": format!("user{id}@example.org"),
        "LAST_LOGIN": "",
        "DATE_REGISTER": "2026-01-12T03:00:00+03:00",
        "TIME_ZONE": "",
        "IS_ONLINE": if id == 1 { "Y" } else { "N" },
        "TIMESTAMP_X": {},
        "LAST_ACTIVITY_DATE": {},
        "PERSONAL_GENDER": "",
        "PERSONAL_BIRTHDAY": "",
        "PERSONAL_MOBILE": "",
        "WORK_POSITION": position,
        "UF_EMPLOYMENT_DATE": "",
        "UF_DEPARTMENT": [department],
        "USER_TYPE": "employee",
    });
    match user {
        Value::Object(user) => user,
        _ => Object::new(),
    }
}
