//! Work between one record and the next, and calls that nobody looks at for a while: neither holds up others, and neither
//! costs a request.

#![cfg(feature = "sandbox")]

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bitrix24_runtime::sandbox::{Portal, Sandbox, Seed};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{
    Call, Client, ClientBuilder, Effect, Error, Keyset, Limits, Method, Metrics, Paging, Records, Rest, Value, json,
};
use futures_util::StreamExt as _;

const DEALS: Method =
    Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset::new("ID"));

fn portal(deals: usize) -> Portal {
    let portal = Sandbox::new(&Tables::EMPTY).seed(Seed::Small).start().expect("a free port");
    portal.fill("crm.deal", deals);
    portal
}

/// A client whose bucket is soon used up, and whose calls fail rather than wait for ever.
fn hurried(portal: &Portal) -> ClientBuilder {
    Client::builder(&portal.webhook()).limits(Limits::custom(40.0, 3)).patience(Duration::from_secs(20))
}

fn deals(client: &Client) -> Records<Value> {
    Call::new(DEALS).param("select", ["ID"]).stream(client)
}

async fn look_up(client: &Client) -> Result<Value, Error> {
    client.call("server.time", json!({})).with_effect(Effect::Read).await
}

#[tokio::test]
async fn a_call_for_each_record_of_a_list() {
    let portal = portal(120);
    let client = hurried(&portal).build().expect("a good address");
    let (mut deals, mut done) = (deals(&client), 0);
    while let Some(deal) = deals.next().await {
        deal.expect("a deal");
        look_up(&client).await.unwrap_or_else(|error| panic!("after {done} records: {error}"));
        done += 1;
    }
    assert_eq!(done, portal.records("crm.deal").len());
}

#[cfg(feature = "blocking")]
#[test]
fn a_call_for_each_record_without_async() {
    let portal = portal(120);
    let client = hurried(&portal).build().expect("a good address");
    let client = bitrix24_runtime::blocking::Client::new(client).expect("a thread");
    let mut done = 0;
    for deal in client.iter(deals(client.asynchronous())) {
        deal.expect("a deal");
        client.call("server.time", json!({})).unwrap_or_else(|error| panic!("after {done} records: {error}"));
        done += 1;
    }
    assert_eq!(done, portal.records("crm.deal").len());
}

#[tokio::test]
async fn several_calls_at_once_for_the_records_of_a_list() {
    let portal = portal(120);
    let client = hurried(&portal).build().expect("a good address");
    let calls = deals(&client).map(|deal| {
        let client = client.clone();
        async move {
            deal?;
            look_up(&client).await
        }
    });
    let done: Vec<_> = calls.buffer_unordered(8).collect().await;
    assert_eq!(done.len(), portal.records("crm.deal").len());
    assert!(done.iter().all(Result::is_ok), "{done:?}");
}

#[tokio::test]
async fn a_list_that_rests_leaves_other_tasks_alone() {
    let portal = portal(120);
    let client = hurried(&portal).build().expect("a good address");
    look_up(&client).await.expect("a place");
    let mut deals = deals(&client);
    deals.next().await.expect("there").expect("a deal");
    let other = client.clone();
    let other = tokio::spawn(async move {
        for _ in 0..5 {
            look_up(&other).await?;
        }
        Ok::<_, Error>(())
    });
    other.await.expect("no panic").expect("places enough");
    // A list that is dropped while its next pages wait for their place does not ask for them.
    let slow = hurried(&portal).limits(Limits::custom(0.001, 2)).build().expect("a good address");
    let mut deals = Call::new(DEALS).stream(&slow);
    portal.clear_log();
    deals.next().await.expect("there").expect("a deal");
    tokio::task::yield_now().await;
    drop(deals);
    tokio::task::yield_now().await;
    assert_eq!(portal.counts().requests, 1);
}

#[tokio::test]
async fn a_call_that_is_looked_at_once_leaves_others_alone() {
    let portal = portal(0);
    let client = hurried(&portal).build().expect("a good address");
    for _ in 0..2 {
        look_up(&client).await.expect("a place");
    }
    let mut kept: Vec<_> = (0..3).map(|_| Box::pin(look_up(&client))).collect();
    for call in &mut kept {
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    for _ in 0..5 {
        look_up(&client).await.expect("a place");
    }
    for call in kept {
        call.await.expect("a place, now that it is wanted");
    }
    assert_eq!(portal.counts().requests, 10);
    assert_eq!(portal.counts().statuses.get(&503), None);
}

/// Reads a list of 2,700, resting at the first record of each of the first pages.
async fn read(portal: &Portal, rest: Duration) -> Metrics {
    let client = Client::builder(&portal.webhook())
        .limits(Limits::off())
        .timeout(Duration::from_secs(2))
        .build()
        .expect("a good address");
    let (mut deals, mut found) = (deals(&client).parallel(1), 0);
    while let Some(deal) = deals.next().await {
        deal.expect("a deal");
        if [0, 50].contains(&found) {
            tokio::time::sleep(rest).await;
        }
        found += 1;
    }
    assert_eq!(found, portal.records("crm.deal").len());
    client.metrics()
}

/// More than a request may take passes while nobody looks at the answer that has come.
#[tokio::test]
async fn a_slow_reader_makes_the_requests_of_a_fast_one() {
    let portal = portal(2_700);
    let fast = read(&portal, Duration::ZERO).await;
    let slow = read(&portal, Duration::from_secs(3)).await;
    assert_eq!((slow.requests, slow.calls), (fast.requests, fast.calls));
    assert_eq!((slow.retries, slow.failed), (0, 0));
}

#[tokio::test]
async fn a_call_that_waited_in_vain_says_how_long() {
    let portal = portal(0);
    let patience = Duration::from_millis(1200);
    let client = hurried(&portal).limits(Limits::custom(0.1, 2)).patience(patience).build().expect("a good address");
    look_up(&client).await.expect("a place");
    let mut other = pin!(look_up(&client));
    assert!(other.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let error = look_up(&client).await.expect_err("no place for ten seconds");
    let Error::Limited { is_operating: false, waited, free_in: Some(free_in), .. } = &error else {
        panic!("{error:?}");
    };
    assert!(*waited >= patience, "{error}");
    // The other one is before it, unless it is known not to come.
    assert!((1..=20).contains(&free_in.as_secs()), "{error}");
    assert_eq!(portal.counts().requests, 1);
}
