//! The client against a portal that keeps its limits: it stays below them, shares them, and waits where others fail.

#![cfg(feature = "sandbox")]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::sandbox::{Bucket, Operating, Options, Portal, Sandbox, Seed};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{
    Call, CallOptions, Client, ClientBuilder, Effect, Error, Limits, Method, Paging, Rest, RetryPolicy, json,
};

use common::{Reply, Server};

const TABLES: Tables = Tables::EMPTY;

fn portal(options: Options) -> Portal {
    Sandbox::new(&TABLES).seed(Seed::Small).options(options).start().expect("a free port")
}

/// Slow enough that a place is worth 250 ms: requests may be late by that on a busy machine.
const BUCKET: Bucket = Bucket { rate: 4.0, burst: 12.0, level: 0.0 };

fn builder(portal: &Portal) -> ClientBuilder {
    Client::builder(&portal.webhook()).limits(Limits::custom(4.0, 12))
}

fn refused(portal: &Portal, status: u16) -> u64 {
    portal.counts().statuses.get(&status).copied().unwrap_or(0)
}

#[tokio::test]
async fn the_portal_is_never_asked_too_much() {
    let portal = portal(Options { bucket: Some(BUCKET), ..Options::default() });
    let client = builder(&portal).build().expect("a good address");
    for _ in 0..16 {
        client.call("server.time", json!({})).await.expect("a place");
    }
    assert_eq!((portal.counts().requests, refused(&portal, 503)), (16, 0));
    let metrics = client.metrics();
    assert!(metrics.waits >= 4 && metrics.waited > Duration::ZERO, "{metrics:?}");
    assert_eq!((metrics.calls, metrics.requests, metrics.retries), (16, 16, 0));
}

#[tokio::test]
async fn clients_that_share_a_file_are_never_too_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let portal = portal(Options { bucket: Some(BUCKET), ..Options::default() });
    for round in 0..4 {
        // Each as if it were a program of its own, one after the other.
        let limits = Limits::custom(4.0, 12).shared_in(folder.path());
        let client = Client::builder(&portal.webhook()).limits(limits).build().expect("a good address");
        for _ in 0..4 {
            client.call("server.time", json!({})).await.unwrap_or_else(|error| panic!("{round}: {error}"));
        }
    }
    assert_eq!((portal.counts().requests, refused(&portal, 503)), (16, 0));
}

#[tokio::test]
async fn a_bucket_that_others_filled_costs_time_and_nothing_else() {
    let full = Bucket { rate: 40.0, level: 12.0, ..BUCKET };
    let portal = portal(Options { bucket: Some(full), ..Options::default() });
    let client = Client::builder(&portal.webhook())
        .limits(Limits::custom(40.0, 12))
        .retry(RetryPolicy::never())
        .build()
        .expect("a good address");
    let before = portal.records("crm.deal").len();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call("crm.deal.add", json!({"FIELDS": {"TITLE": "X"}})).await })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic").expect("a place in the end");
    }
    assert_eq!(portal.records("crm.deal").len() - before, 20);
    assert!(client.metrics().rate_refusals > 0 && client.metrics().retries == 0, "{:?}", client.metrics());
}

#[tokio::test]
async fn a_method_that_has_used_up_its_time_waits_instead_of_being_refused() {
    let operating = Operating { limit: Some(3.0), cost: 1.0, window: 2, ..Operating::default() };
    let portal = portal(Options { operating, ..Options::default() });
    let client = Client::builder(&portal.webhook())
        .limits(Limits::off())
        .operating_limit(Some(Duration::from_secs(3)))
        .build()
        .expect("a good address");
    for _ in 0..5 {
        client.call("server.time", json!({})).await.expect("in the end");
    }
    assert_eq!(refused(&portal, 429), 0, "{:?}", portal.counts());
    assert!(client.metrics().waits >= 1, "{:?}", client.metrics());

    // Without the guard the portal refuses, and the call waits all the same: it was surely not carried out.
    portal.advance(Duration::from_secs(60));
    let operating = Operating { limit: Some(3.0), cost: 3.0, window: 600, ..Operating::default() };
    portal.set_options(Options { operating, ..Options::default() });
    let unguarded =
        Client::builder(&portal.webhook()).limits(Limits::off()).operating_limit(None).build().expect("a good address");
    unguarded.call("crm.deal.add", json!({"fields": {"TITLE": "X"}})).await.expect("the first");
    let before = portal.records("crm.deal").len();
    let second = unguarded
        .call("crm.deal.add", json!({"fields": {"TITLE": "X"}}))
        .with_patience(Duration::from_millis(100))
        .await;
    assert!(second.expect_err("refused").portal().is_some_and(|error| error.status == 429));
    assert_eq!(portal.records("crm.deal").len(), before);
}

#[tokio::test]
async fn the_commands_of_a_batch_are_watched_as_well() {
    let operating = Operating { limit: Some(2.0), cost: 1.0, ..Operating::default() };
    let portal = portal(Options { operating, ..Options::default() });
    let client = Client::builder(&portal.webhook())
        .limits(Limits::off())
        .operating_limit(Some(Duration::from_secs(2)))
        .build()
        .expect("a good address");
    let commands = [("a", "crm.deal.list"), ("b", "crm.deal.fields"), ("c", "crm.deal.list")];
    let cmd: bitrix24_runtime::Object =
        commands.iter().map(|(key, method)| ((*key).to_owned(), (*method).into())).collect();
    let batch = Call::new(Method::new("batch", Rest::V2, Effect::Read, Paging::None)).param("cmd", cmd);
    let options = CallOptions::new().commands(commands.map(|(key, method)| (key.to_owned(), method.into())));
    client.execute_with(batch, &options).await.expect("within the limit");
    // The list ran twice, the other once.
    let soon = Duration::from_millis(50);
    let error = client.call("crm.deal.list", json!({})).with_patience(soon).await.expect_err("used up");
    assert!(matches!(error, Error::Limited { is_operating: true, .. }), "{error:?}");
    client.call("crm.deal.fields", json!({})).with_patience(soon).await.expect("not used up");
    assert_eq!(refused(&portal, 429), 0);
}

/// A REST 3.0 portal: what it has done under a key is not done again.
#[tokio::test]
async fn rest_3_writes_are_sent_again_under_their_key() {
    let done: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&done);
    let portal = Server::start(move |request| {
        let key = request.header("idempotency-key").unwrap_or_default().to_owned();
        let mut done = kept.lock().expect("whole");
        if !done.contains(&key) {
            done.push(key);
        }
        // The first two answers are lost.
        if request.number < 2 { Reply::HangUp } else { Reply::Json(200, json!({"result": {"result": true}})) }
    });
    let client = Client::builder(&portal.webhook())
        .retry(RetryPolicy::default().base(Duration::from_millis(2)))
        .build()
        .expect("a good address");
    let call = || Call::new(Method::new("tasks.task.add", Rest::V3, Effect::Create, Paging::None));
    client.execute(call()).await.expect("known by its key");
    let keys: BTreeSet<String> = done.lock().expect("whole").iter().cloned().collect();
    assert_eq!((keys.len(), portal.requests().len()), (1, 3));
    // Each call has its own, or the caller's.
    client.execute(call()).await.expect("another one");
    client.execute_with(call(), &CallOptions::new().idempotency_key("order 7")).await.expect("one's own");
    let keys = done.lock().expect("whole").clone();
    assert_eq!((keys.len(), keys[2].as_str()), (3, "order 7"));
    assert!(keys[..2].iter().all(|key| key.len() == 32), "{keys:?}");
    // A key that cannot be sent, or means nothing, is said before anything is sent.
    for (call, key) in [(call(), ""), (call(), "ä"), (Call::named("user.add"), "key")] {
        let error = client.execute_with(call, &CallOptions::new().idempotency_key(key)).await.expect_err("no key");
        assert!(matches!(error, Error::Usage(_)), "{error:?}");
    }
    assert_eq!(portal.requests().len(), 5);
}

#[tokio::test]
async fn a_lost_rest_3_write_tells_its_key() {
    let portal = Server::start(|_| Reply::HangUp);
    let client = Client::builder(&portal.webhook())
        .retry(RetryPolicy::default().retries(1).base(Duration::ZERO))
        .build()
        .expect("a good address");
    let call = Call::new(Method::new("tasks.task.add", Rest::V3, Effect::Create, Paging::None));
    let error = client.execute(call).await.expect_err("always lost");
    let Error::OutcomeUnknown { idempotency_key: Some(key), .. } = error else { panic!("{error:?}") };
    let sent = portal.requests();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|request| request.header("idempotency-key") == Some(&key)));
}

#[tokio::test]
async fn the_portals_pause_is_kept_when_there_is_time_for_it() {
    let portal = Server::start(|request| match request.number {
        0 => Reply::Raw(503, "content-type: text/html\r\nretry-after: 1\r\n".into(), b"<html>".to_vec()),
        _ => Reply::Json(200, json!({"result": 1})),
    });
    let client = Client::builder(&portal.webhook())
        .retry(RetryPolicy::default().base(Duration::ZERO))
        .build()
        .expect("a good address");
    // No time for the pause: the answer is given at once.
    let read = |total| CallOptions::new().effect(Effect::Read).total_timeout(total);
    let error = client.execute_with(Call::named("m"), &read(Duration::from_millis(500))).await.expect_err("a pause");
    assert!(matches!(error, Error::Decode { status: Some(503), .. }), "{error:?}");
    assert_eq!(portal.requests().len(), 1);
    client.execute_with(Call::named("m"), &read(Duration::from_secs(5))).await.expect("answered");
}
