//! Every fault against every kind of single call, on a fresh connection and on one that was used before, and against batches
//! and streams: what the portal did, and what the client says of it. Nothing is ever done twice, nothing done is called a
//! failure, and no list is shorter than it should be.

#![cfg(feature = "sandbox")]

use std::pin::pin;
use std::time::Duration;

use bitrix24_runtime::sandbox::{Fault, FaultKind, Portal, Sandbox, Seed};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{Call, Client, Effect, Error, Keyset, Limits, Method, Paging, Rest, RetryPolicy, json};

/// What the client must say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    /// The call was carried out.
    Done,
    /// It was not.
    Failed,
    /// It may have been.
    Unknown,
}

/// A fault, whether the portal carries the call out all the same, and what is to be said of a read and of a write.
struct Row {
    name: &'static str,
    kind: FaultKind,
    is_committed: bool,
    read: Said,
    write: Said,
}

fn rows() -> Vec<Row> {
    use Said::{Done, Failed, Unknown};
    let row = |name, kind, is_committed, read, write| Row { name, kind, is_committed, read, write };
    let error = |status, code: &str| FaultKind::Error { status, code: code.into() };
    let html = |status, committed| FaultKind::Html { status, committed };
    vec![
        // Refused for a passing reason: sent again, whatever it is.
        row("503 QUERY_LIMIT_EXCEEDED", FaultKind::QueryLimit, false, Done, Done),
        row("429 of a proxy", html(429, false), false, Done, Done),
        row("redirect to where it is", FaultKind::Redirect { location: String::new() }, false, Done, Done),
        // Refused for good.
        row("401 expired_token", FaultKind::ExpiredToken, false, Failed, Failed),
        row("400 of the method", error(400, "ERROR_CORE"), false, Failed, Failed),
        row("403 of the method", error(403, "ACCESS_DENIED"), false, Failed, Failed),
        row("413 of a proxy", html(413, false), false, Failed, Failed),
        row("404 of a proxy", html(404, false), false, Failed, Failed),
        row("503 OVERLOAD_LIMIT", error(503, "OVERLOAD_LIMIT"), false, Failed, Failed),
        // Nobody can tell, and it does not pass.
        row("403 of a firewall, before", html(403, false), false, Failed, Unknown),
        row("403 of a firewall, after", html(403, true), true, Failed, Unknown),
        // Nobody can tell: a read is sent again, a write is not.
        row("500 INTERNAL_SERVER_ERROR", error(500, "INTERNAL_SERVER_ERROR"), false, Done, Unknown),
        row("500 HTML before", html(500, false), false, Done, Unknown),
        row("502 HTML before", html(502, false), false, Done, Unknown),
        row("503 HTML before", html(503, false), false, Done, Unknown),
        row("504 HTML after", html(504, true), true, Done, Unknown),
        row("reset before", FaultKind::Reset { committed: false }, false, Done, Unknown),
        row("reset after", FaultKind::Reset { committed: true }, true, Done, Unknown),
        row("closed before", FaultKind::Close { committed: false }, false, Done, Unknown),
        row("closed after", FaultKind::Close { committed: true }, true, Done, Unknown),
        row("silence after", FaultKind::Hang { ms: 24 * 3_600_000 }, true, Done, Unknown),
        row("broken off", FaultKind::Truncated, true, Done, Unknown),
        row("half the JSON", FaultKind::HalfJson, true, Done, Unknown),
        // Slow, but whole.
        row("drops", FaultKind::Drip { bytes: 64, ms: 1 }, true, Done, Done),
    ]
}

const TABLES: Tables = Tables::EMPTY;

/// The calls: a read, a list, and every kind of write.
fn calls() -> Vec<Call> {
    let call = |name: &'static str, effect| Call::new(Method::new(name, Rest::V2, effect, Paging::None));
    let fields = || json!({"TITLE": "Written"});
    vec![
        call("crm.deal.get", Effect::Read).param("ID", 1),
        call("crm.deal.list", Effect::List),
        call("crm.deal.add", Effect::Create).param("FIELDS", fields()),
        call("crm.deal.update", Effect::Update).param("ID", 1).param("FIELDS", fields()),
        call("crm.deal.delete", Effect::Delete).param("ID", 1),
        // A method that no spec describes.
        Call::named("crm.deal.add").param("FIELDS", fields()),
    ]
}

/// How often the portal's records show that the write happened.
fn written(portal: &Portal, call: &Call) -> usize {
    let deals = portal.records("crm.deal");
    match call.method().name.as_ref() {
        "crm.deal.delete" => usize::from(!deals.iter().any(|deal| deal["ID"] == "1")),
        _ => deals.iter().filter(|deal| deal["TITLE"] == "Written").count(),
    }
}

fn portal() -> Portal {
    let portal = Sandbox::new(&TABLES).seed(Seed::Empty).start().expect("a free port");
    portal.fill("crm.deal", 3);
    portal
}

/// How long the client waits for an answer: no machine is so busy that the portal is that slow by itself.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// Awaits what a client does. Whenever the portal has begun to keep silent, the client's time for an answer is over at once:
/// it is silence that makes it give up, and slowness never does. Clocks can be turned in runtimes of one thread only.
struct Impatience<'p> {
    portal: &'p Portal,
    /// How many times it has been silent already.
    silences: u64,
}

impl<'p> Impatience<'p> {
    fn with(portal: &'p Portal) -> Self {
        Self { portal, silences: 0 }
    }

    async fn wait<F: IntoFuture>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work.into_future());
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
            let silences = self.portal.counts().faults.get("hang").copied().unwrap_or(0);
            if silences > self.silences {
                self.silences = silences;
                tokio::time::pause();
                tokio::time::advance(TIMEOUT).await;
                tokio::time::resume();
            }
        }
    }
}

/// The rows of which an answer comes, be it what it may, or an end of the connection.
fn loud() -> impl Iterator<Item = usize> {
    (0..rows().len()).filter(|at| !is_silence(&rows()[*at]))
}

fn is_silence(row: &Row) -> bool {
    matches!(row.kind, FaultKind::Hang { .. })
}

/// A client that is quick to try again.
fn client(portal: &Portal) -> Client {
    Client::builder(&portal.webhook())
        .timeout(TIMEOUT)
        .retry(RetryPolicy::default().retries(2).base(Duration::from_millis(2)))
        .limits(Limits::custom(100.0, 100))
        .build()
        .expect("a good address")
}

fn said(outcome: &Result<bitrix24_runtime::Response, Error>) -> Said {
    match outcome {
        Ok(_) => Said::Done,
        Err(Error::OutcomeUnknown { .. }) => Said::Unknown,
        Err(_) => Said::Failed,
    }
}

async fn cell(row: &Row, call: &Call, is_used: bool) {
    let effect = call.method().effect;
    let name = format!("{} × {effect:?}, connection used before: {is_used}", row.name);
    let portal = portal();
    let client = client(&portal);
    if is_used {
        client.execute(calls().remove(1)).await.expect("no fault yet");
        portal.clear_log();
    }
    let kind = match &row.kind {
        FaultKind::Redirect { .. } => FaultKind::Redirect { location: portal.address() },
        kind => kind.clone(),
    };
    portal.fault(Fault::new(kind).times(1));
    let outcome = Impatience::with(&portal).wait(client.execute(call.clone())).await;
    let expected = if effect.is_read() { row.read } else { row.write };
    assert_eq!(said(&outcome), expected, "{name}: {outcome:?}");

    // What the portal did: a write happened once or not at all, and just as the client says.
    let requests = portal.counts().requests;
    if !effect.is_read() {
        let happened = usize::from(row.is_committed || expected == Said::Done);
        assert_eq!(written(&portal, call), happened, "{name}");
        assert_eq!(portal.calls(&call.method().name), happened as u64, "{name}");
    }
    let again = u64::from(expected == Said::Done && !matches!(row.kind, FaultKind::Drip { .. }));
    assert_eq!(requests, 1 + again, "{name}");
    match &outcome {
        Err(Error::OutcomeUnknown { call: sent, idempotency_key, .. }) => {
            assert_eq!((sent.params(), idempotency_key), (call.params(), &None), "{name}");
        }
        Err(error) => assert!(!format!("{error} {error:?}").contains("sandboxcode"), "{error:?}"),
        Ok(_) => {}
    }
    assert_eq!(client.metrics().unknown, u64::from(expected == Said::Unknown), "{name}");

    // The client is none the worse for it.
    client.execute(calls().remove(1)).await.unwrap_or_else(|error| panic!("{name}: afterwards {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_meets_every_kind_of_call() {
    let mut cells = tokio::task::JoinSet::new();
    for is_used in [false, true] {
        for at in loud() {
            cells.spawn(async move {
                let row = &rows()[at];
                for call in &calls() {
                    cell(row, call, is_used).await;
                }
            });
        }
    }
    while let Some(cell) = cells.join_next().await {
        if let Err(panic) = cell {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}

#[tokio::test]
async fn silence_meets_everything() {
    for row in rows().iter().filter(|row| is_silence(row)) {
        for call in &calls() {
            cell(row, call, false).await;
            cell(row, call, true).await;
        }
        batch_cell(row).await;
        stream_cell(row).await;
    }
}

#[tokio::test]
async fn faults_that_do_not_pass_end_in_their_own_error() {
    for row in rows().into_iter().filter(|row| row.read == Said::Done && row.write == Said::Unknown) {
        let portal = portal();
        let client = client(&portal);
        portal.fault(Fault::new(row.kind.clone()));
        let outcome = Impatience::with(&portal).wait(client.execute(calls().remove(0))).await;
        let error = outcome.expect_err("always the fault");
        assert!(
            matches!(
                error,
                Error::Interrupted { .. } | Error::Timeout { .. } | Error::Decode { .. } | Error::Portal { .. }
            ),
            "{}: {error:?}",
            row.name
        );
        assert_eq!((portal.counts().requests, client.metrics().retries), (3, 2), "{}", row.name);
    }
}

/// A write that waits for limits a little.
fn patient(client: &Client) -> bitrix24_runtime::Sending<'_, bitrix24_runtime::Value> {
    client.call("crm.deal.add", json!({})).with_patience(Duration::from_millis(300)).with_retry(RetryPolicy::never())
}

#[tokio::test]
async fn a_limit_that_is_not_freed_in_time_is_said() {
    let portal = portal();
    let client = client(&portal);
    portal.fault(Fault::new(FaultKind::QueryLimit));
    let error = patient(&client).await.expect_err("never free");
    assert!(error.portal().is_some_and(bitrix24_runtime::error::PortalError::is_limit), "{error:?}");
    assert!(client.metrics().rate_refusals >= 2 && client.metrics().retries == 0, "{:?}", client.metrics());
    portal.set_options(Default::default());
    portal.fault(Fault::new(FaultKind::OperationLimit).times(1));
    let error = patient(&client).await.expect_err("free in fifteen seconds");
    assert!(error.portal().is_some_and(bitrix24_runtime::error::PortalError::is_limit), "{error:?}");
    // The next call of that method knows, and sends nothing; others go on.
    portal.clear_log();
    let error = patient(&client).await.expect_err("not free yet");
    let Error::Limited { is_operating: true, free_in: Some(free_in), .. } = error else { panic!("{error:?}") };
    assert!(free_in > Duration::from_secs(10), "{free_in:?}");
    assert_eq!(portal.counts().requests, 0);
    client.call("crm.deal.list", json!({})).await.expect("another method");
    assert_eq!(portal.records("crm.deal").len(), 3);
}

fn once(portal: &Portal, row: &Row, method: &str) {
    let kind = match &row.kind {
        FaultKind::Redirect { .. } => FaultKind::Redirect { location: portal.address() },
        // Batches answer more than single calls do.
        FaultKind::Drip { .. } => FaultKind::Drip { bytes: 20_000, ms: 1 },
        kind => kind.clone(),
    };
    portal.fault(Fault::new(kind).on(method).times(1));
}

async fn batch_cell(row: &Row) {
    let [get, _, add, ..] = <[Call; 6]>::try_from(calls()).unwrap_or_else(|_| unreachable!("six calls"));
    for (calls, name) in [
        (vec![get.clone(), get.clone()], "reads"),
        (vec![add.clone(), add.clone()], "writes"),
        (vec![get.clone(), add.clone(), get.clone()], "both"),
    ] {
        let name = format!("{} × a batch of {name}", row.name);
        let portal = portal();
        let client = client(&portal);
        once(&portal, row, "batch");
        let replies = Impatience::with(&portal).wait(client.batch(calls.clone())).await.expect("it can be sent");
        let is_read = calls.iter().all(|call| call.method().effect.is_read());
        let whole = if is_read { row.read } else { row.write };
        for (call, outcome) in calls.iter().zip(replies.iter()) {
            // Of a lost answer, the reads are repeated.
            let expected = match (whole, call.method().effect.is_read()) {
                (Said::Unknown, true) => Said::Done,
                (whole, _) => whole,
            };
            assert_eq!(said(outcome), expected, "{name}: {outcome:?}");
            if let Err(Error::OutcomeUnknown { call: sent, .. }) = outcome {
                assert_eq!(sent.params(), call.params(), "{name}");
            }
        }
        assert_eq!(replies.len(), calls.len(), "{name}");
        let adds = calls.iter().filter(|call| !call.method().effect.is_read()).count();
        let happened = if row.is_committed || whole == Said::Done { adds } else { 0 };
        assert_eq!(written(&portal, &add), happened, "{name}");
        assert_eq!(portal.calls("crm.deal.add"), happened as u64, "{name}");
    }
}

async fn stream_cell(row: &Row) {
    const DEALS: Method =
        Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset::new("ID"));
    // The first page is asked for by itself, the others in batches; sorted by something else, by place.
    for (order, hit, before) in [
        (None, "crm.deal.list", 0),
        (None, "batch", 50),
        (Some("TITLE"), "crm.deal.list", 0),
        (Some("TITLE"), "batch", 50),
    ] {
        let name = format!("{} × a stream sorted by {order:?}, hit in {hit}", row.name);
        let portal = portal();
        portal.fill("crm.deal", 160);
        let client = client(&portal);
        once(&portal, row, hit);
        let mut call = Call::new(DEALS).param("select", ["ID"]);
        if let Some(order) = order {
            call = call.nested(&["order", order], "ASC");
        }
        let mut deals = call.stream(&client);
        let (mut ids, mut error) = (Vec::new(), None);
        let mut impatience = Impatience::with(&portal);
        while let Some(deal) = impatience.wait(deals.next()).await {
            match deal {
                Ok(deal) => ids.push(deal["ID"].as_str().expect("a number").to_owned()),
                Err(failure) => error = Some(failure),
            }
        }
        match (row.read, error) {
            (Said::Done, None) => {
                ids.sort_unstable_by_key(|id| id.parse::<u64>().expect("a number"));
                let held: Vec<_> = portal.records("crm.deal").iter().map(|deal| deal["ID"].clone()).collect();
                assert_eq!(ids, held, "{name}");
            }
            // What was handed out is right, and nothing says that it is all.
            (Said::Failed, Some(_)) => assert_eq!(ids.len(), before, "{name}"),
            (expected, error) => panic!("{name}: expected {expected:?}, got {error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_meets_batches_and_streams() {
    let mut cells = tokio::task::JoinSet::new();
    for at in loud() {
        cells.spawn(async move {
            batch_cell(&rows()[at]).await;
            stream_cell(&rows()[at]).await;
        });
    }
    while let Some(cell) = cells.join_next().await {
        if let Err(panic) = cell {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}
