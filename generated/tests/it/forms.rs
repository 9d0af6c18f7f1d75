//! Results that come in one of several forms: the client reads each, and tells which it is.

use bitrix24::types::{AppStorage, CalendarEventSplit, ChatUser, LandingBlock};
use bitrix24::{
    Call, Client, Either, Id, Limits, Map, Method, Object, TABLES, Value, app, calendar, entity, im, json, landing,
};

use crate::support::{portal, read_as};

/// The examples of every such method, sent to a portal: what it answers is in one of the forms, and each form is shown.
#[tokio::test]
async fn every_form_is_answered_as_promised() {
    let portal = portal();
    let client = Client::builder(&portal.address()).token(portal.token()).limits(Limits::off()).build();
    let client = client.expect("a good address");
    let (mut faults, mut count) = (Vec::new(), 0);
    for command in TABLES.commands() {
        let Some(returns) = command.returns.as_ref().filter(|returns| !returns.or.is_empty()) else { continue };
        count += 1;
        for example in command.examples.iter().filter(|example| example.response.is_some()) {
            let mut call = Call::new(Method { records: "", ..command.as_method() });
            for (key, value) in example.body.as_object().into_iter().flatten() {
                call = call.param(key, value.clone());
            }
            let read = match call.send(&client).await {
                Ok(result) => read_as(returns, &json!({ "result": result })),
                Err(error) => Err(error.to_string()),
            };
            faults.extend(read.err().map(|fault| format!("{}: {fault}", command.function)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 10, "{count} methods");
}

#[tokio::test]
async fn the_form_tells_what_came() {
    let portal = portal();
    let client = Client::builder(&portal.address()).token(portal.token()).build().expect("a good address");
    let people: Either<Map<ChatUser>, Vec<ChatUser>> = im::user::list::get([10]).send(&client).await.expect("answered");
    let people = people.first().expect("people by their numbers");
    assert_eq!(people.get("10").and_then(ChatUser::name), Some("Maria Adamova"));
    let people = im::user::list::get([1, 10]).result_type("array").send(&client).await.expect("answered");
    assert_eq!(people.second().map(|people| people.len()), Some(2));
    let one: Either<AppStorage, Vec<AppStorage>> = entity::get().entity("dish").send(&client).await.expect("answered");
    assert_eq!(one.first().as_ref().and_then(AppStorage::name), Some("Dishes"));
    let all = entity::get().send(&client).await.expect("answered").second().expect("a list");
    assert_eq!(all.len(), 2);
    let areas: Either<Map<Id>, bool> = landing::template::get_landing_ref(558).send(&client).await.expect("answered");
    assert_eq!(areas, Either::Second(true));
    let areas = landing::template::get_landing_ref(557).send(&client).await.expect("answered").first();
    assert_eq!(areas.as_ref().and_then(|areas| areas.get("2")), Some(&Id::from(615)));
    // In a batch, too.
    let storages = client.batch([entity::get().entity("dish").into(), entity::get().into()]).await.expect("answered");
    assert_eq!(storages.len(), 2);
}

#[tokio::test]
async fn nothing_is_no_error_where_it_is_documented() {
    let portal = crate::support::answering("false");
    let client = Client::webhook(&portal).expect("a good address");
    let found: Option<Object> = landing::block::getrepository().section("none").send(&client).await.expect("answered");
    assert_eq!(found, None);
    let portal = crate::support::answering("null");
    let client = Client::webhook(&portal).expect("a good address");
    let value: Option<Either<Map<Value>, String>> =
        app::option::get().option("none").send(&client).await.expect("answered");
    assert_eq!(value, None);
    // And what no page tells of is an error that shows it, never a default.
    let portal = crate::support::answering("[1, 2]");
    let client = Client::webhook(&portal).expect("a good address");
    let error = landing::landing::addblock(7, json!({"CODE": "x"})).send(&client).await.expect_err("a list");
    assert!(error.to_string().contains("expected one of the documented forms, found an array `[1,2]`"), "{error}");
}

#[tokio::test]
async fn a_number_or_what_is_told_instead() {
    let portal = crate::support::answering(r#"{"id": "7", "recEventId": 8, "originalDate": "11/09/2026"}"#);
    let client = Client::webhook(&portal).expect("a good address");
    let event = json!({"name": "Meeting", "recurrence_mode": "next"});
    let split: Either<Id, CalendarEventSplit> =
        calendar::event::update(7, "user", 1).fields(event).send(&client).await.expect("answered");
    let split = split.second().expect("a split");
    assert_eq!((split.id(), split.rec_event_id()), (Some(Id::from(7)), Some(Id::from(8))));
    let block: Either<Id, LandingBlock> =
        landing::landing::addblock(7, json!({"CODE": "x"})).send(&client).await.expect("answered");
    assert_eq!(block.second().and_then(|block| block.id()), Some(Id::from(7)));
}
