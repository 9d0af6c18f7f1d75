//! What a portal holds when it starts.

use serde_json::{Value, json};

use crate::sandbox::state::State;
use crate::value::Object;

/// A set of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seed {
    /// The administrator alone.
    Empty,
    /// A company of a few people, among them the account 2150 of the documentation.
    #[default]
    Small,
    /// The small one and 1,200 more people: enough for many pages.
    Large,
}

const DEPARTMENTS: &[(u64, &str)] = &[(1, "Example Ltd"), (5, "Accounting"), (7, "Engineering")];

pub(super) fn state(seed: Seed) -> State {
    let mut state = State::default();
    state.departments.extend(DEPARTMENTS.iter().map(|(id, name)| (*id, (*name).to_owned())));
    let mut add = |id: u64, name: &str, last_name: &str, position: &str, department: u64| {
        state.users.insert(id, user(id, name, last_name, position, department));
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
    state
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
