//! The client without async: the same answers, limits and errors.

#![cfg(all(feature = "blocking", feature = "sandbox"))]

use std::time::Duration;

use bitrix24_runtime::sandbox::{Fault, FaultKind, Sandbox};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{Call, CallOptions, Effect, Error, blocking, json};

#[test]
fn scripts_need_no_async() {
    let portal = Sandbox::new(&Tables::EMPTY).start().expect("a free port");
    let client = blocking::Client::webhook(&portal.webhook()).expect("a good address");
    let id = client.call("crm.deal.add", json!({"FIELDS": {"TITLE": "New"}})).expect("added");
    let deal = client.execute(Call::named("crm.deal.get").param("ID", id)).expect("found");
    assert_eq!(deal.result["TITLE"], "New");
    // Retries and options are the same.
    portal.fault(Fault::new(FaultKind::Truncated).times(1));
    let read = CallOptions::new().effect(Effect::Read).timeout(Duration::from_secs(5));
    client.execute_with(Call::named("crm.deal.list"), &read).expect("on the second try");
    let list = client.asynchronous().call("crm.deal.list", json!({})).with_effect(Effect::List);
    assert!(client.wait(list).expect("a list").is_array());
    // Lists are iterators.
    let deals = Call::named("crm.deal.list").stream(client.asynchronous());
    let deals: Result<Vec<_>, Error> = client.iter(deals).collect();
    assert!(deals.expect("whole").iter().any(|deal| deal["TITLE"] == "New"));
    let mut nothing = client.iter(Call::named("no.such.list").stream(client.asynchronous()));
    assert!(nothing.next().is_some_and(|outcome| outcome.is_err()) && nothing.next().is_none());
    // Threads share it.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.call("crm.deal.list", json!({})).map(drop))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic").expect("answered");
    }
    assert_eq!((client.metrics().calls, client.metrics().retries), (10, 1));
}

#[tokio::test]
async fn async_code_is_told_to_await() {
    let client = blocking::Client::webhook("http://127.0.0.1:9/rest/1/code/").expect("a good address");
    let error = client.call("profile", json!({})).expect_err("it would block");
    assert!(matches!(&error, Error::Usage(reason) if reason.contains("await")), "{error:?}");
    // Dropping it here does no harm either.
    drop(client);
}

/// Where an async program puts what blocks, in runtimes of both kinds.
#[test]
fn blocking_code_of_async_programs_may_wait() {
    let portal = Sandbox::new(&Tables::EMPTY).start().expect("a free port");
    let client = blocking::Client::webhook(&portal.webhook()).expect("a good address");
    let in_a_task = |client: &blocking::Client| {
        let error = client.call("profile", json!({})).expect_err("it would block");
        assert!(matches!(&error, Error::Usage(reason) if reason.contains("spawn_blocking")), "{error:?}");
    };
    let work = async |client: &blocking::Client| {
        in_a_task(client);
        let (inner, spawned) = (client.clone(), client.clone());
        tokio::task::spawn_blocking(move || {
            for _ in 0..3 {
                assert_eq!(inner.call("profile", json!({})).expect("answered")["ID"], "1");
            }
            let deals = inner.iter(Call::named("crm.deal.list").stream(inner.asynchronous()));
            assert_eq!(deals.filter(Result::is_ok).count(), 3);
        })
        .await
        .expect("no panic");
        tokio::spawn(async move {
            in_a_task(&spawned);
            tokio::task::yield_now().await;
            in_a_task(&spawned);
        })
        .await
        .expect("no panic");
        in_a_task(client);
    };
    for mut builder in [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()] {
        builder.enable_all().build().expect("a runtime").block_on(work(&client));
    }
}
