//! Batches over real HTTP: every command has its outcome, in order, and nothing is lost, doubled or falsely reported.

#![cfg(feature = "sandbox")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::sandbox::{Bucket, Fault, FaultKind, Options, Portal, Sandbox, Seed};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{
    Batch, Call, Client, Effect, Error, Handle, Limits, Method, Paging, Replies, Rest, RetryPolicy, Value, json,
};

use common::{Reply, Server};

const TABLES: Tables = Tables::EMPTY;

fn portal(deals: usize) -> Portal {
    let portal = Sandbox::new(&TABLES).seed(Seed::Small).start().expect("a free port");
    portal.fill("crm.deal", deals);
    portal
}

fn client(portal: &Portal) -> Client {
    let retry = RetryPolicy::default().base(Duration::from_millis(2)).longest(Duration::from_millis(10));
    Client::builder(&portal.webhook())
        .retry(retry)
        .timeout(Duration::from_secs(5))
        .limits(Limits::custom(500.0, 50))
        .build()
        .expect("a good address")
}

fn of(name: &'static str, effect: Effect) -> Call {
    Call::new(Method::new(name, Rest::V2, effect, Paging::None))
}

fn get(id: impl Into<Value>) -> Call {
    of("crm.deal.get", Effect::Read).param("id", id)
}

fn add(title: &str) -> Call {
    of("crm.deal.add", Effect::Create).nested(&["fields", "TITLE"], title)
}

fn update(id: impl Into<Value>, fields: Value) -> Call {
    of("crm.deal.update", Effect::Update).param("id", id).param("fields", fields)
}

fn titles(portal: &Portal, title: &str) -> usize {
    portal.records("crm.deal").iter().filter(|deal| deal["TITLE"] == title).count()
}

/// The outcomes in short.
fn told(replies: &Replies) -> Vec<&'static str> {
    let told = |reply: &Result<_, Error>| match reply {
        Ok(_) => "done",
        Err(Error::Portal(_)) => "error",
        Err(Error::OutcomeUnknown { .. }) => "unknown",
        Err(Error::Skipped { .. }) => "skipped",
        Err(_) => "other",
    };
    replies.iter().map(told).collect()
}

#[tokio::test]
async fn any_number_of_commands_comes_back_in_order() {
    let portal = portal(120);
    let ids: Vec<i64> =
        portal.records("crm.deal").iter().filter_map(|deal| deal["ID"].as_str()?.parse().ok()).collect();
    assert_eq!(ids.len(), 120);
    let replies = client(&portal).batch(ids.iter().map(|id| get(*id)).collect::<Vec<_>>()).await.expect("sent");
    let found: Vec<i64> = replies
        .all()
        .expect("all done")
        .iter()
        .filter_map(|response| response.result["ID"].as_str()?.parse().ok())
        .collect();
    assert_eq!(found, ids);
    assert_eq!((portal.counts().requests, portal.counts().commands), (3, 120));
    assert!(client(&portal).batch(Vec::new()).await.expect("nothing to do").is_empty());
    // One command needs no batch.
    portal.clear_log();
    assert_eq!(told(&client(&portal).batch([get(1)]).await.expect("sent")), ["done"]);
    assert_eq!(portal.requests()[0].method, "crm.deal.get");
}

#[tokio::test]
async fn results_are_used_by_later_commands_wherever_those_travel() {
    let portal = portal(3);
    let mut batch = Batch::new();
    let first: Handle<Value> = batch.call(add("first"));
    let second = batch.call(update(first.result(), json!({"COMMENTS": format!("deal {}", first.result())})));
    let list = batch.call(Call::new(
        Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start)
            .with_keyset(bitrix24_runtime::Keyset::new("ID")),
    ));
    batch.call(update(list.result().at(0).field("ID"), json!({"TITLE": "oldest"})));
    for at in 0..60 {
        batch.call(add(&format!("filler {at}")));
    }
    // Fifty commands away: another request, so the value itself is sent.
    let far = batch.call(get(first.result()));
    let mut replies = client(&portal).batch(batch).await.expect("sent");
    assert!(told(&replies).iter().all(|told| *told == "done"), "{:?}", told(&replies));
    let id: i64 = replies.take_as(first).expect("a number");
    assert!(replies.take::<Value>(second).expect("done") == json!(true));
    let deal: Value = replies.take(far).expect("found");
    assert_eq!((&deal["ID"], &deal["COMMENTS"]), (&json!(id.to_string()), &json!(format!("deal {id}"))));
    assert_eq!(portal.records("crm.deal")[0]["TITLE"], "oldest");
    // A write on a place of a list waits until it is known that there is one.
    assert_eq!(portal.counts().requests, 3);
    assert!(matches!(replies.take::<Value>(far), Err(Error::Usage(_))), "taken before");
}

#[tokio::test]
async fn a_command_does_not_run_on_the_result_of_one_that_failed() {
    let portal = portal(3);
    let mut batch = Batch::new();
    let gone = batch.call(get(999_999));
    let list = batch.call(of("crm.deal.list", Effect::List).nested(&["filter", "ID"], 999_999));
    batch.call(of("crm.deal.delete", Effect::Delete).param("id", gone.result().field("ID")));
    batch.call(update(list.result().at(0).field("ID"), json!({"TITLE": "hit"})));
    batch.call(add("independent"));
    let replies = client(&portal).batch(batch).await.expect("sent");
    assert_eq!(told(&replies), ["error", "done", "skipped", "skipped", "done"]);
    let shown: Vec<String> = replies.failures().map(|(at, error)| format!("{at} {error}")).collect();
    assert!(shown[1].contains("2 crm.deal.delete: not run: it refers to `$result[0][ID]`"), "{shown:?}");
    assert_eq!((titles(&portal, "hit"), titles(&portal, "independent")), (0, 1));
    assert_eq!(portal.records("crm.deal").len(), 4);

    // Nothing fails, but what is referred to is not there: that is only seen in the answer.
    let mut batch = Batch::new();
    let list = batch.call(of("crm.deal.list", Effect::List).nested(&["filter", "ID"], 999_999));
    batch.call(get(list.result().at(0).field("ID")));
    let replies = client(&portal).batch(batch).await.expect("sent");
    assert_eq!(replies.failures().map(|(at, _)| at).collect::<Vec<_>>(), [1], "{replies:?}");
}

#[tokio::test]
async fn a_value_means_alone_what_it_means_in_a_batch() {
    let portal = portal(4);
    let client = client(&portal);
    let fields = json!({
        "TITLE": "a b & c=d [x] 100% + \"q\" Привет \u{1F600}", "COMMENTS": "", "OPPORTUNITY": 12.5, "PROBABILITY": 7,
        "BEGINDATE": "2026-01-31", "CONTACT_IDS": [5, 7], "OPENED": true, "CLOSED": false,
    });
    client.execute(update(1, fields.clone())).await.expect("changed");
    let both = [update(2, fields), get(1)];
    assert!(client.batch(both).await.expect("sent").all().is_ok());
    let seen = |fields: &bitrix24_runtime::Object| {
        let mut shown = fields.clone();
        ["ID", "DATE_MODIFY", "DATE_CREATE"].into_iter().for_each(|key| drop(shown.shift_remove(key)));
        // PHP reads `1` and `true`, `12.5` and 12.5 as the same.
        let same = |value: &Value| match value {
            Value::Bool(flag) => i32::from(*flag).to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        shown.iter().map(|(key, value)| (key.clone(), same(value))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let deals = portal.records("crm.deal");
    let (mut alone, mut together) = (seen(&deals[0]), seen(&deals[1]));
    for filled in ["OPENED", "CLOSED", "CONTACT_IDS"] {
        assert!(alone.contains_key(filled) && together.contains_key(filled));
    }
    ["CONTACT_IDS"].into_iter().for_each(|list| {
        let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let lists = (alone.remove(list).map(digits), together.remove(list).map(digits));
        assert_eq!(lists.0, lists.1);
    });
    assert_eq!(alone["TITLE"], together["TITLE"]);
    assert_eq!(alone["COMMENTS"], together["COMMENTS"]);
    assert_eq!(alone["OPPORTUNITY"], together["OPPORTUNITY"]);

    // What a query has no form for travels alone, in its place.
    portal.clear_log();
    let calls = [
        update(3, json!({"COMMENTS": null})),
        update(3, json!({"TITLE": "x", "CONTACT_IDS": []})),
        update(4, json!({"TITLE": "$result[c0][ID]"})),
        get(3),
        get(4),
    ];
    let replies = client.batch(calls).await.expect("sent").all().expect("all done");
    assert_eq!(replies[4].result["TITLE"], "$result[c0][ID]");
    let methods: Vec<_> = portal.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["crm.deal.update", "crm.deal.update", "crm.deal.update", "batch"]);
    let sent = &portal.requests()[0].params["fields"];
    assert_eq!(sent["COMMENTS"], Value::Null);
}

#[tokio::test]
async fn a_batch_that_halts_runs_nothing_behind_the_failure() {
    let portal = portal(60);
    let mut batch: Batch = (0..4).map(|at| add(&format!("before {at}"))).collect();
    batch.call(get(999_999));
    batch.extend((0..60).map(|at| add(&format!("behind {at}"))));
    let replies = client(&portal).batch(batch.halt()).await.expect("sent");
    let told = told(&replies);
    assert_eq!(told[..5], ["done", "done", "done", "done", "error"]);
    assert!(told[5..].iter().all(|told| *told == "skipped") && told.len() == 65);
    assert_eq!((portal.records("crm.deal").len(), portal.counts().requests), (64, 1));
    let (_, error) = replies.failures().nth(1).expect("skipped");
    assert_eq!(error.to_string(), "crm.deal.add: not run: command 4 of the batch, crm.deal.get, failed");
    // Without it, everything runs.
    portal.clear_log();
    let replies = client(&portal).batch([add("x"), get(999_999), add("y")]).await.expect("sent");
    assert_eq!(self::told(&replies), ["done", "error", "done"]);
    assert!(replies.named("x").is_none() && matches!(replies.all(), Err(Error::Portal(_))));
}

#[tokio::test]
async fn commands_that_a_limit_refused_are_sent_again_alone() {
    let portal = portal(0);
    for code in ["QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT"] {
        portal.set_options(Options::default());
        portal.clear_log();
        let before = portal.records("crm.deal").len();
        portal.fault(Fault::new(FaultKind::Commands { commands: vec![2, 5], code: code.into() }).on("batch").at([1]));
        let retry = RetryPolicy::default().base(Duration::from_millis(2));
        // Nobody here waits for run time to be free.
        let patience = Duration::from_secs(if code == "OPERATION_TIME_LIMIT" { 0 } else { 10 });
        let client =
            Client::builder(&portal.webhook()).retry(retry).patience(patience).limits(Limits::custom(500.0, 50));
        let client = client.build().expect("a good address");
        let batch: Batch = (0..60).map(|at| add(&format!("{code} {at}"))).collect();
        let replies = client.batch(batch).await.expect("sent");
        let failed: Vec<usize> = replies.failures().map(|(at, _)| at).collect();
        // Sent again, or said to be refused: never lost, never doubled.
        assert_eq!(portal.records("crm.deal").len() - before, 60 - failed.len(), "{code}");
        for at in 0..60 {
            assert_eq!(titles(&portal, &format!("{code} {at}")), usize::from(!failed.contains(&at)), "{code} {at}");
        }
        if code == "QUERY_LIMIT_EXCEEDED" {
            assert!(failed.is_empty(), "{failed:?}");
            assert_eq!(portal.counts().requests, 4);
        }
    }
}

#[tokio::test]
async fn of_a_lost_answer_reads_are_repeated_and_writes_are_unknown() {
    for (kind, committed) in [
        (FaultKind::Reset { committed: true }, true),
        (FaultKind::Reset { committed: false }, false),
        (FaultKind::Close { committed: true }, true),
        (FaultKind::Html { status: 504, committed: true }, true),
        (FaultKind::Truncated, true),
        (FaultKind::HalfJson, true),
    ] {
        let portal = portal(3);
        portal.fault(Fault::new(kind.clone()).on("batch").at([1]));
        let calls = [get(1), add("a"), get(2), add("b"), get(3)];
        let replies = client(&portal).batch(calls).await.expect("sent");
        assert_eq!(told(&replies), ["done", "unknown", "done", "unknown", "done"], "{kind:?}");
        let counts = (titles(&portal, "a"), titles(&portal, "b"));
        assert_eq!(counts, if committed { (1, 1) } else { (0, 0) }, "{kind:?}");
        match replies.get(1) {
            Some(Err(Error::OutcomeUnknown { call, .. })) => assert_eq!(call.params()["fields"]["TITLE"], "a"),
            other => panic!("{kind:?}: {other:?}"),
        }
        // Reads alone are repeated as a whole.
        portal
            .set_options(Options { faults: vec![Fault::new(kind.clone()).on("batch").at([1])], ..Options::default() });
        let replies = client(&portal).batch([get(1), get(2)]).await.expect("sent");
        assert_eq!(told(&replies), ["done", "done"], "{kind:?}");
    }
}

#[tokio::test]
async fn what_surely_did_not_run_runs_once_after_all() {
    let portal = portal(0);
    portal.fault(Fault::new(FaultKind::QueryLimit).on("batch").at([1, 2]));
    portal.set_options(Options { bucket: Some(Bucket { rate: 50.0, burst: 5.0, level: 0.0 }), ..portal.options() });
    let batch: Batch = (0..400).map(|at| add(&format!("t{at}"))).collect();
    let replies = client(&portal).batch(batch.parallel(8)).await.expect("sent");
    assert_eq!(replies.failures().count(), 0);
    assert_eq!(portal.records("crm.deal").len(), 400);
    assert!((0..400).all(|at| titles(&portal, &format!("t{at}")) == 1));
    let ids: Vec<i64> = replies.all().expect("all").iter().filter_map(|response| response.result.as_i64()).collect();
    assert_eq!(ids.len(), 400, "each command has its own answer");
}

#[tokio::test]
async fn writes_are_carried_out_in_their_order() {
    let portal = portal(1);
    let batch: Batch = (0..120).map(|at| update(1, json!({"TITLE": format!("{at}")}))).collect();
    let replies = client(&portal).batch(batch).await.expect("sent");
    assert_eq!(replies.failures().count(), 0);
    assert_eq!(portal.records("crm.deal")[0]["TITLE"], "119");
    assert_eq!(portal.counts().most_at_once, 1);
}

#[tokio::test]
async fn what_may_not_stand_in_a_batch_is_sent_alone() {
    let portal = portal(2);
    let batch = [
        Call::named("batch").param("cmd", json!({"x": "crm.deal.get?id=1"})),
        Call::new(Method::new("crm.deal.get", Rest::V2, Effect::Read, Paging::None).alone()).param("id", 1),
        get(1),
        get(2),
    ];
    let replies = client(&portal).batch(batch).await.expect("sent").all().expect("all done");
    assert_eq!(replies[0].result["result"]["x"]["ID"], "1");
    let methods: Vec<_> = portal.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["batch", "crm.deal.get", "batch"]);
}

#[tokio::test]
async fn a_portal_that_cannot_be_reached_is_asked_once() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}/rest/1/s3cretCode/", listener.local_addr().expect("known"))
    };
    let client = Client::builder(&address).retry(RetryPolicy::never()).build().expect("a good address");
    let batch: Batch = (0..200).map(|at| add(&format!("{at}"))).collect();
    let replies = client.batch(batch).await.expect("planned");
    assert!(
        replies.iter().all(|reply| matches!(reply, Err(Error::Connect { method, .. }) if method == "crm.deal.add"))
    );
    assert_eq!((replies.len(), client.metrics().requests), (200, 1));
    assert!(!format!("{replies:?}").contains("s3cret"));
}

#[tokio::test]
async fn references_stay_in_their_batch() {
    let portal = portal(2);
    let client = client(&portal);
    let mut one = Batch::new();
    let handle = one.call(get(1));
    let mut other = Batch::new();
    other.call(get(2));
    other.call(get(handle.result().field("ID")));
    assert!(matches!(client.batch(other).await, Err(Error::Usage(_))));
    let alone = client.execute(get(handle.result().field("ID"))).await.expect_err("no batch");
    assert!(alone.to_string().contains("works in its batch only"), "{alone}");
    assert!(portal.requests().is_empty(), "nothing was sent");
    let mut replies = client.batch(Batch::from([get(1)])).await.expect("sent");
    assert!(matches!(replies.take::<Value>(handle), Err(Error::Usage(_))));
}

#[tokio::test]
async fn a_fault_of_the_server_proves_in_a_batch_what_it_proves_alone() {
    for code in ["INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"] {
        let server = Server::start(move |request| {
            let fault = json!({"error": code, "error_description": "x"});
            let body = request.json();
            let Value::Object(commands) = &body["cmd"] else { return Reply::Json(500, fault) };
            let failed = commands.keys().take(1).map(|key| (key.clone(), fault.clone()));
            let done = commands.keys().skip(1).map(|key| (key.clone(), json!(7)));
            let (failed, done): (bitrix24_runtime::Object, bitrix24_runtime::Object) =
                (failed.collect(), done.collect());
            Reply::Json(200, json!({"result": {"result": done, "result_error": failed}}))
        });
        let client = Client::builder(&server.webhook()).retry(RetryPolicy::never()).build().expect("a good address");
        let alone = client.execute(add("a")).await.expect_err("a fault");
        let mut replies = client.batch([add("a"), add("b")]).await.expect("sent").into_iter();
        let together = replies.next().expect("an outcome").expect_err("a fault");
        for error in [&alone, &together] {
            let Error::OutcomeUnknown { call, reason, .. } = error else { panic!("{code}: {error:?}") };
            assert_eq!(call.params()["fields"]["TITLE"], "a");
            assert!(reason.contains(code), "{reason}");
        }
        assert!(replies.next().is_some_and(|reply| reply.is_ok()));
    }
}

#[tokio::test]
async fn a_read_that_the_server_failed_at_is_repeated_and_a_write_is_not() {
    let portal = portal(3);
    let fault = || {
        let code = "INTERNAL_SERVER_ERROR".to_owned();
        portal.set_options(Options::default());
        portal.clear_log();
        portal.fault(Fault::new(FaultKind::Commands { commands: vec![1], code }).on("batch").at([1]));
    };
    fault();
    assert_eq!(told(&client(&portal).batch([get(1), get(2)]).await.expect("sent")), ["done", "done"]);
    // A write is not.
    fault();
    assert_eq!(told(&client(&portal).batch([add("a"), add("b")]).await.expect("sent")), ["unknown", "done"]);
    assert_eq!((titles(&portal, "a"), titles(&portal, "b")), (0, 1));
}

/// A portal that takes some methods in no batch. It keeps what it has carried out, in order.
fn choosy(refused: &'static [&'static str], keeps_halt: bool) -> (Server, Arc<Mutex<Vec<String>>>) {
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&order);
    let server = Server::start(move |request| {
        let body = request.json();
        let carry_out = |command: &str| seen.lock().expect("whole").push(command.to_owned());
        let Value::Object(commands) = &body["cmd"] else {
            carry_out(request.target.rsplit('/').next().unwrap_or_default());
            return Reply::Json(200, json!({"result": 7}));
        };
        let (mut done, mut failed) = (json!({}), json!({}));
        for (key, command) in commands {
            let command = command.as_str().unwrap_or_default();
            if refused.iter().any(|method| command.split('?').next() == Some(method)) {
                failed[key] = json!({"error": "ERROR_BATCH_METHOD_NOT_ALLOWED", "error_description": "Not allowed."});
                if keeps_halt && body["halt"] == 1 {
                    break;
                }
            } else {
                carry_out(command);
                done[key] = json!(1);
            }
        }
        Reply::Json(200, json!({"result": {"result": done, "result_error": failed}}))
    });
    (server, order)
}

fn carried_out(order: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut *order.lock().expect("whole"))
}

#[tokio::test]
async fn what_the_portal_takes_in_no_batch_is_sent_alone_in_its_place() {
    let (server, order) = choosy(&["x.clear"], true);
    let client = Client::webhook(&server.webhook()).expect("a good address");
    let calls = || {
        let add = |number: i32| Call::named("x.add").param("A", number);
        [add(1), Call::named("x.clear"), add(2), add(3)]
    };
    let expected = ["x.add?A=1", "x.clear", "x.add?A=2", "x.add?A=3"];
    for _ in 0..2 {
        let replies = client.batch(calls()).await.expect("sent");
        assert_eq!(told(&replies), ["done"; 4]);
        let order: Vec<String> = carried_out(&order);
        // A command that is left over travels as a call of its own.
        assert!(order.iter().zip(expected).all(|(done, expected)| expected.starts_with(done)), "{order:?}");
    }
    // The second time it is known beforehand, and costs no refusal.
    assert_eq!(server.requests().len(), 3 + 3);
    let batch: Batch = calls().into_iter().collect();
    assert_eq!(told(&client.batch(batch.halt()).await.expect("sent")), ["done"; 4]);
    assert!(carried_out(&order).iter().zip(expected).all(|(done, expected)| expected.starts_with(done)));

    // All of one method: none is carried out in a batch, and all are by themselves.
    let client = Client::webhook(&server.webhook()).expect("a good address");
    let replies = client.batch([Call::named("x.clear"), Call::named("x.clear")]).await.expect("sent");
    assert_eq!((told(&replies), carried_out(&order)), (vec!["done"; 2], vec!["x.clear".to_owned(); 2]));
}

#[tokio::test]
async fn a_command_that_has_lost_its_place_is_not_carried_out_late() {
    // The portal does not heed that it was to stop.
    let (server, order) = choosy(&["x.clear"], false);
    let client = Client::webhook(&server.webhook()).expect("a good address");
    let add = |number: i32| Call::named("x.add").param("A", number);
    let replies = client.batch([Call::named("x.clear"), add(1), add(2)]).await.expect("sent");
    assert_eq!(told(&replies), ["error", "done", "done"]);
    let (_, error) = replies.failures().next().expect("one");
    let words =
        "it was not carried out, and has lost its place: command 1 of the batch, x.add, was carried out before it";
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(carried_out(&order), ["x.add?A=1", "x.add?A=2"]);
    // By now it is known.
    let replies = client.batch([Call::named("x.clear"), add(1), add(2)]).await.expect("sent");
    assert_eq!(told(&replies), ["done"; 3]);
    assert_eq!(carried_out(&order), ["x.clear", "x.add?A=1", "x.add?A=2"]);

    // What only reads has seen things as they were before, and looks again.
    let client = Client::webhook(&server.webhook()).expect("a good address");
    let look = of("x.list", Effect::List);
    let replies = client.batch([Call::named("x.clear"), look.clone(), look]).await.expect("sent");
    assert_eq!(told(&replies), ["done"; 3]);
    assert_eq!(carried_out(&order), ["x.list", "x.list", "x.clear", "x.list", "x.list"]);
}

#[tokio::test]
async fn errors_call_commands_by_their_names() {
    let portal = portal(3);
    let mut batch = Batch::new();
    let first = batch.call_named("first", get(999_999));
    batch.call_named("second", get(first.result().field("ID")));
    let replies = client(&portal).batch(batch).await.expect("sent");
    let shown: Vec<String> = replies.failures().map(|(_, error)| error.to_string()).collect();
    assert_eq!(shown[1], "crm.deal.get: not run: it refers to `$result[first][ID]`, and that command failed");
    let mut batch = Batch::new();
    batch.call_named("first", get(999_999));
    batch.call(get(1));
    let replies = client(&portal).batch(batch.halt()).await.expect("sent");
    let (_, error) = replies.failures().nth(1).expect("skipped");
    assert_eq!(error.to_string(), "crm.deal.get: not run: command first of the batch, crm.deal.get, failed");
    let mut batch = Batch::new();
    batch.call_named("deal", get(1));
    batch.call_named("deal", get(2));
    let error = client(&portal).batch(batch).await.expect_err("one name for two");
    assert_eq!(error.to_string(), "two commands of the batch are called `deal`: each name stands once");
}

#[tokio::test]
async fn a_result_is_referred_to_as_it_is_taken_or_as_the_portal_answers_it() {
    let portal = portal(3);
    let item = Method::new("crm.item.add", Rest::V2, Effect::Create, Paging::None).with_records("item");
    let list = Method::new("crm.item.list", Rest::V2, Effect::List, Paging::Start).with_records("items");
    for filler in [0, 60] {
        let mut batch = Batch::new();
        let fields = json!({"title": "made"});
        let made = batch.call(Call::new(item.clone()).param("entityTypeId", 2).param("fields", fields));
        let listed = batch.call(Call::new(list.clone()).param("entityTypeId", 2).param("select", ["id"]));
        // Far away the values themselves are sent.
        batch.extend((0..filler).map(|_| get(1)));
        let ids = [
            made.result().field("id"),
            made.answer().field("item").field("id"),
            listed.result().at(0).field("id"),
            listed.answer().field("items").at(0).field("id"),
        ];
        let found = ids.map(|id| batch.call(get(id)));
        let mut replies = client(&portal).batch(batch).await.expect("sent");
        assert_eq!(replies.failures().count(), 0, "{replies:?}");
        let made: Value = replies.take(made).expect("made");
        let found = found.map(|deal| replies.take::<Value>(deal).expect("found")["ID"].clone());
        assert_eq!((&found[0], &found[2]), (&found[1], &found[3]));
        assert_eq!(found[0], made["id"].to_string());
    }
}
