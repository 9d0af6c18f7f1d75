//! What answers hold as null is said to be missing at times: by pages, documents and the descriptor.

use bitrix24::table::{Form, Param, Returns};
use bitrix24::{TABLES, Value};

/// The fields that are null in an answer though nothing says that they may be.
pub fn unsaid(returns: &Returns<'_>, response: &Value) -> Vec<String> {
    let result = &response["result"];
    let narrowed =
        returns.records.as_deref().and_then(|records| records.split('.').try_fold(result, |value, key| value.get(key)));
    let value = narrowed.unwrap_or(result);
    let mut found = Vec::new();
    if value.is_null() && !returns.nullable && !matches!(&*returns.type_word, "any" | "nothing") {
        found.push("the result".to_owned());
    }
    let first = Form {
        type_word: returns.type_word.clone(),
        entity: returns.entity.clone(),
        description: returns.description.clone(),
    };
    for form in [&first].into_iter().chain(&returns.or) {
        let Some(entity) = form.entity.as_deref().and_then(|name| TABLES.entity(name)) else { continue };
        let records: Vec<&Value> = match &*form.type_word {
            "object" => vec![value],
            "map<list>" => children(value).into_iter().flat_map(children).collect(),
            _ => children(value),
        };
        records.into_iter().for_each(|record| walk(&entity.name, &entity.fields, record, &mut found));
    }
    found
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => Vec::new(),
    }
}

fn walk(place: &str, fields: &[Param<'static>], value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(place, fields, item, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                let Some(field) = fields.iter().find(|field| field.name == *key) else { continue };
                let place = format!("{place}.{key}");
                if !value.is_null() {
                    walk(&place, &inside(field), value, found);
                } else if !field.nullable && field.type_word != "any" {
                    found.push(place);
                }
            }
        }
        _ => {}
    }
}

/// The fields inside a field.
fn inside(field: &Param<'static>) -> Vec<Param<'static>> {
    let mut all = field.entries.clone();
    let shared =
        field.entity.as_deref().and_then(|name| TABLES.entity(name)).map_or_else(Vec::new, |entity| entity.fields);
    let is_own =
        |name: &str| field.entries.iter().any(|own| own.name == name) || field.omit.iter().any(|out| out == name);
    all.extend(shared.into_iter().filter(|one| !is_own(&one.name)));
    all
}

#[test]
fn the_examples_hold_null_where_it_may_be() {
    let mut faults = Vec::new();
    let mut count = 0;
    for command in TABLES.commands() {
        let Some(returns) = &command.returns else { continue };
        for response in command.examples.iter().filter_map(|example| example.response.as_ref()) {
            count += usize::from(returns.entity.is_some());
            faults.extend(unsaid(returns, response).into_iter().map(|place| format!("{}: {place}", command.function)));
        }
    }
    assert!(faults.is_empty(), "write `nullable: true` into these fields of specs/types:\n{}", faults.join("\n"));
    assert!(count > 500, "{count} answers with known fields");
}
