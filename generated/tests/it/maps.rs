//! Results with free keys: the generated client reads every one of them, in the portal's order and with every key.

use bitrix24::types::{CommerceFieldInfo, FieldInfo};
use bitrix24::{Batch, Call, Client, Limits, Map, Method, TABLES, Value, calendar, catalog, crm, json};

use crate::support::{answering, portal, read_as};

fn client(address: &str) -> Client {
    Client::webhook(address).expect("a good address")
}

/// The examples of every such method, sent to a portal: what it answers is what the table says.
#[tokio::test]
async fn every_map_is_answered_as_promised() {
    let portal = portal();
    // Some methods answer applications only.
    let client = Client::builder(&portal.address()).token(portal.token()).limits(Limits::off()).build();
    let client = client.expect("a good address");
    let mut faults = Vec::new();
    let mut count = 0;
    for command in TABLES.commands() {
        let Some(returns) = command.returns.as_ref().filter(|returns| returns.type_word.starts_with("map")) else {
            continue;
        };
        for example in command.examples.iter().filter(|example| example.response.is_some()) {
            count += 1;
            // The whole result: where the map lies in it is what is to be seen.
            let mut call = Call::new(Method { records: "", ..command.as_method() });
            for (key, value) in example.body.as_object().into_iter().flatten() {
                call = call.param(key, value.clone());
            }
            match call.send(&client).await {
                Ok(result) => {
                    if let Err(fault) = read_as(returns, &json!({ "result": result })) {
                        faults.push(format!("{}: {fault}", command.function));
                    }
                }
                Err(error) => faults.push(format!("{}: {error}", command.function)),
            }
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert!(count > 100, "{count} maps");
}

#[tokio::test]
async fn fields_are_read_by_their_codes() {
    let portal = portal();
    let client = client(&portal.webhook());
    let field = json!({"FIELD_NAME": "COLOUR", "USER_TYPE_ID": "enumeration", "EDIT_FORM_LABEL": "Colour", "LIST": [{"VALUE": "red"}]});
    client.call("crm.deal.userfield.add", json!({ "fields": field })).await.expect("made");
    let fields: Map<FieldInfo> = crm::item::fields(2).send(&client).await.expect("described");
    let raw = client.call("crm.item.fields", json!({"entityTypeId": 2})).await.expect("described")["fields"].take();
    let keys: Vec<&str> = raw.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(fields.keys().collect::<Vec<_>>(), keys, "the portal's order");
    assert_eq!(fields.get("id").and_then(FieldInfo::is_read_only), Some(true));
    let colour = fields.get("ufCrmColour").expect("the custom field");
    assert_eq!((colour.r#type(), colour.is_dynamic()), (Some("enumeration"), Some(true)));
    assert_eq!((colour.title(), colour.upper_name()), (Some("Colour"), Some("UF_CRM_COLOUR")));
    assert_eq!(colour.items().and_then(|items| Some(items[0].get("VALUE")?.clone())), Some(json!("red")));
    let own = crm::item::fields(2).use_original_uf_names(true).send(&client).await.expect("described");
    assert!(own.contains_key("UF_CRM_COLOUR") && !own.contains_key("ufCrmColour"));
    // What goes back to JSON is what came.
    assert_eq!(Value::from(fields), raw);
}

#[tokio::test]
async fn a_map_is_found_below_its_key() {
    let portal = portal();
    let client = client(&portal.webhook());
    let fields: Map<CommerceFieldInfo> = catalog::price::get_fields().send(&client).await.expect("described");
    let price = fields.get("price").expect("a field called like the map");
    assert_eq!((price.r#type(), price.is_required()), (Some("double"), Some(true)));
    let mut batch = Batch::new();
    let again = batch.add(catalog::price::get_fields());
    let again = client.batch(batch).await.and_then(|mut replies| replies.take(again));
    assert_eq!(again.expect("described"), fields);
}

#[tokio::test]
async fn what_php_makes_of_maps_is_read() {
    let none = crm::item::fields(2).send(&client(&answering("[]"))).await.expect("an empty map");
    assert!(none.is_empty());
    let none = catalog::price::get_fields().send(&client(&answering(r#"{"price": []}"#))).await.expect("an empty map");
    assert_eq!(none.len(), 0);
    let portal = client(&answering(r#"{"7": [{"ID": "3", "ACCESSIBILITY": "busy"}], "10": []}"#));
    let busy = calendar::accessibility::get([7, 10], "2026-11-01", "2026-11-02").send(&portal).await.expect("a map");
    assert_eq!(busy.keys().collect::<Vec<_>>(), ["7", "10"]);
    assert_eq!(busy.get("7").and_then(|events| events[0].accessibility()), Some("busy"));
}

#[tokio::test]
async fn what_is_no_map_is_an_error_that_shows_it() {
    for (result, expected) in [
        ("false", "expected an object, found a boolean `false`"),
        ("null", "expected an object, found null `null`"),
        (r#"{"ID": "integer"}"#, "expected an object, found a string `\"integer\"` below `ID`"),
    ] {
        let error = crm::item::fields(2).send(&client(&answering(result))).await.expect_err("no map");
        assert_eq!(error.to_string(), format!("crm.item.fields: its result cannot be read: {expected}"));
    }
}
