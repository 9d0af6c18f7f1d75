//! Walks over real HTTP: every record once, in order, whatever the portal does; and never a shorter list that passes for
//! the whole.

#![cfg(feature = "sandbox")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::sandbox::{Fault, FaultKind, Mutation, Options, Portal, Sandbox, Seed, Trigger};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{
    Call, Client, Effect, Error, Keyset, Limits, Method, Order, Paging, Position, Records, Rest, RetryPolicy, Strategy,
    Value, filter, json,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const TABLES: Tables = Tables::EMPTY;

const DEALS: Method =
    Method::new("crm.deal.list", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset::new("ID"));
const TASKS: Method = Method::new("tasks.task.list", Rest::V2, Effect::List, Paging::Start)
    .with_records("tasks")
    .with_keyset(Keyset { field: "id", ..Keyset::new("ID") });
const TASKS_V3: Method = Method::new("tasks.task.list", Rest::V3, Effect::List, Paging::Pagination)
    .with_records("items")
    .with_place("pagination.afterCursor", "pagination.limit")
    .with_keyset(Keyset::new("id"));
const USERS: Method = Method::new("user.get", Rest::V2, Effect::List, Paging::Start).with_keyset(Keyset {
    filter: "FILTER",
    order: Order::Pair { key: "sort", direction: "order" },
    ..Keyset::new("ID")
});

fn portal(deals: usize) -> Portal {
    let portal = Sandbox::new(&TABLES).seed(Seed::Small).start().expect("a free port");
    portal.fill("crm.deal", deals);
    portal
}

fn client(address: &str) -> Client {
    Client::builder(address)
        .retry(RetryPolicy::default().base(Duration::from_millis(2)).longest(Duration::from_millis(10)))
        .timeout(Duration::from_secs(60))
        .limits(Limits::off())
        .build()
        .expect("a good address")
}

fn deals(portal: &Portal) -> Records<Value> {
    Call::new(DEALS).param("select", ["ID", "TITLE"]).stream(&client(&portal.webhook()))
}

fn number(record: &Value) -> i64 {
    let number = record.get("ID").or_else(|| record.get("id")).expect("a number");
    number.as_i64().or_else(|| number.as_str()?.parse().ok()).expect("a number")
}

fn numbers(records: &[Value]) -> Vec<i64> {
    records.iter().map(number).collect()
}

fn held(portal: &Portal, collection: &str) -> Vec<i64> {
    portal.records(collection).iter().map(|record| number(&Value::Object(record.clone()))).collect()
}

/// Reads a walk to its end or its error.
async fn read(mut records: Records<Value>) -> (Vec<i64>, Option<Error>) {
    let mut found = Vec::new();
    loop {
        match records.next().await {
            Some(Ok(record)) => found.push(number(&record)),
            Some(Err(error)) => {
                assert!(records.next().await.is_none(), "an error is the end");
                return (found, Some(error));
            }
            None => return (found, None),
        }
    }
}

#[tokio::test]
async fn all_records_come_in_order_with_few_requests() {
    // The end of a short page is asked for, unless the highest number of all is on it.
    for (count, requests) in [(0, 1), (1, 2), (49, 2), (50, 2), (51, 2), (2_500, 2), (2_501, 3), (5_000, 3), (5_001, 4)]
    {
        let portal = portal(count);
        // One after the other: how fast this machine is shall not matter.
        let found = deals(&portal).parallel(1).all().await.expect("whole");
        assert_eq!(numbers(&found), held(&portal, "crm.deal"), "{count}");
        assert_eq!(portal.counts().requests, requests, "{count}");
        assert!(found.first().is_none_or(|deal| deal.as_object().is_some_and(|deal| deal.len() == 2)));
    }
}

#[tokio::test]
async fn filters_orders_and_selections_are_the_callers() {
    let portal = portal(300);
    let client = client(&portal.webhook());
    let all = held(&portal, "crm.deal");
    let list = |call: Call| call.all_as::<Value>(&client);
    let found = list(Call::new(DEALS).param("filter", filter! { ">ID": 100, "<=ID": "250" })).await.expect("whole");
    let expected: Vec<i64> = all.iter().copied().filter(|id| (101..=250).contains(id)).collect();
    assert_eq!(numbers(&found), expected);
    let down = list(Call::new(DEALS).param("order", json!({"ID": "DESC"}))).await.expect("whole");
    assert!(numbers(&down).iter().rev().eq(&all));
    let few = list(Call::new(DEALS).param("filter", filter! { "@ID": [3, 5, 7] }).param("select", ["TITLE"])).await;
    assert_eq!(numbers(&few.expect("whole")), [3, 5, 7]);
    // Another order cannot be walked by number; the places are counted instead.
    portal.clear_log();
    let sorted = list(Call::new(DEALS).param("order", json!({"TITLE": "DESC"}))).await.expect("whole");
    let titles: Vec<&str> = sorted.iter().filter_map(|deal| deal["TITLE"].as_str()).collect();
    assert!(titles.len() == 300 && titles.windows(2).all(|pair| pair[0] >= pair[1]));
    assert_eq!(portal.counts().requests, 2);
    let sorted = Call::new(DEALS).param("order", json!({"TITLE": "DESC"})).stream(&client).strategy(Strategy::Keyset);
    assert!(matches!(sorted.all().await, Err(Error::Usage(_))));
    // What has no form in a batch is asked for page by page.
    let found = list(Call::new(DEALS).param("filter", json!({"!TITLE": "$result[x]"}))).await.expect("whole");
    assert_eq!(numbers(&found), all);
    let from = list(Call::new(DEALS).param("start", 100)).await.expect("whole");
    assert_eq!(numbers(&from), all[100..]);
}

#[tokio::test]
async fn lists_below_a_key_and_in_rest_3_come_out_as_records() {
    let portal = portal(0);
    portal.fill("tasks.task", 260);
    let client = client(&portal.webhook());
    let all = held(&portal, "tasks.task");
    for call in [Call::new(TASKS), Call::new(TASKS).param("select", ["TITLE"]), Call::new(TASKS_V3)] {
        let found = call.all_as::<Value>(&client).await.expect("whole");
        assert_eq!(numbers(&found), all);
    }
    // By offset, where the order is another one.
    portal.clear_log();
    let call = Call::new(TASKS_V3).param("order", json!({"title": "ASC"})).nested(&["pagination", "limit"], 100);
    let found = call.all_as::<Value>(&client).await.expect("whole");
    let mut ids = numbers(&found);
    ids.sort_unstable();
    assert_eq!((ids, portal.counts().requests), (all, 3));
    let found = Call::new(USERS).all_as::<Value>(&client).await.expect("whole");
    assert_eq!(numbers(&found), held(&portal, "user"));
}

#[tokio::test]
async fn pages_progress_and_totals() {
    let portal = portal(130);
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let progress = move |progress: &bitrix24_runtime::Progress| {
        hook.lock().expect("whole").push((progress.records, progress.total));
    };
    let mut pages = deals(&portal).progress(progress).counted().pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        assert_eq!(page.total, Some(130));
        sizes.push(page.items.len());
    }
    assert_eq!(sizes, [50, 50, 30]);
    assert_eq!(*told.lock().expect("whole"), [(50, Some(130)), (100, Some(130)), (130, Some(130))]);
    // A stream that is dropped asks no further.
    portal.clear_log();
    let mut records = deals(&portal);
    assert!(records.next().await.is_some());
    drop(records);
    assert_eq!(portal.counts().requests, 1);
}

#[tokio::test]
async fn a_page_that_fails_inside_a_chain_is_asked_for_again_or_raised() {
    let portal = portal(2_700);
    for commands in [vec![1], vec![2], vec![50], vec![1, 2, 3]] {
        for code in ["OPERATION_TIME_LIMIT", "QUERY_LIMIT_EXCEEDED", "INTERNAL_SERVER_ERROR"] {
            let kind = FaultKind::Commands { commands: commands.clone(), code: code.into() };
            portal.set_options(Options { faults: vec![Fault::new(kind).on("batch").at([1])], ..Options::default() });
            // Run time that is used up is waited for elsewhere.
            let retry = RetryPolicy::default().base(Duration::from_millis(2));
            let client = Client::builder(&portal.webhook())
                .retry(retry)
                .limits(Limits::off())
                .operating_limit(None)
                .patience(Duration::from_millis(200))
                .build()
                .expect("a good address");
            let (found, error) = read(Call::new(DEALS).param("select", ["ID"]).stream(&client)).await;
            let all = held(&portal, "crm.deal");
            match error {
                None => assert_eq!(found, all, "{commands:?} {code}"),
                Some(error) => {
                    assert_eq!(code, "OPERATION_TIME_LIMIT", "{error}");
                    assert_eq!(found, all[..found.len()], "{commands:?}");
                }
            }
        }
    }
    // A page that fails for good.
    portal.set_options(Options::default());
    portal
        .fault(Fault::new(FaultKind::Commands { commands: vec![3], code: "ACCESS_DENIED".into() }).on("batch").at([1]));
    portal
        .fault(Fault::new(FaultKind::Error { status: 403, code: "ACCESS_DENIED".into() }).on("crm.deal.list").at([2]));
    let (found, error) = read(deals(&portal)).await;
    assert_eq!(found, held(&portal, "crm.deal")[..100]);
    assert_eq!(error.as_ref().and_then(Error::portal).map(|error| error.code.as_str()), Some("ACCESS_DENIED"));
}

#[tokio::test]
async fn no_fault_of_the_line_loses_or_repeats_a_record() {
    let portal = portal(2_700);
    for kind in [
        FaultKind::QueryLimit,
        FaultKind::Error { status: 500, code: "INTERNAL_SERVER_ERROR".into() },
        FaultKind::Html { status: 502, committed: true },
        FaultKind::Html { status: 200, committed: false },
        FaultKind::Reset { committed: true },
        FaultKind::Reset { committed: false },
        FaultKind::Close { committed: true },
        FaultKind::Truncated,
        FaultKind::HalfJson,
        FaultKind::Drip { bytes: 100_000, ms: 5 },
    ] {
        for requests in [vec![1, 2], vec![3]] {
            portal.set_options(Options {
                faults: vec![Fault::new(kind.clone()).at(requests.clone())],
                ..Options::default()
            });
            let (found, error) = read(deals(&portal)).await;
            assert!(error.is_none(), "{kind:?} {requests:?}: {error:?}");
            assert_eq!(found, held(&portal, "crm.deal"), "{kind:?} {requests:?}");
        }
        // A fault without end is an error, and what came before it is right.
        if !matches!(kind, FaultKind::Drip { .. } | FaultKind::QueryLimit) {
            portal.set_options(Options {
                faults: vec![Fault::new(kind.clone()).on("batch").every(1)],
                ..Options::default()
            });
            let (found, error) = read(deals(&portal)).await;
            assert!(error.is_some(), "{kind:?}");
            assert_eq!(found, held(&portal, "crm.deal")[..50], "{kind:?}");
        }
    }
}

/// Runs a walk while records come and go between its requests.
fn under_mutation(method: fn() -> Call, cases: u32) {
    let mutation = (1..5_u64, 0..60_usize, 0..60_usize, 0..60_usize);
    let strategy = (0..3_500_usize, proptest::collection::vec(mutation, 0..6));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let portal = portal(0);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |(count, mutations)| {
        portal.reset();
        portal.fill("crm.deal", count);
        let before = held(&portal, "crm.deal");
        let mutations = mutations.into_iter().map(|(at, delete_first, delete_last, add)| Mutation {
            trigger: Trigger { at: vec![at], ..Trigger::default() },
            collection: "crm.deal".into(),
            delete_first,
            delete_last,
            add,
        });
        portal.set_options(Options { mutations: mutations.collect(), ..Options::default() });
        let (found, error) = runtime.block_on(read(method().stream(&client(&portal.webhook()))));
        prop_assert!(error.is_none(), "{error:?}");
        let after = held(&portal, "crm.deal");
        let mut once = found.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), found.len(), "a record came twice");
        let lost: Vec<i64> = before
            .into_iter()
            .filter(|id| after.binary_search(id).is_ok() && once.binary_search(id).is_err())
            .collect();
        prop_assert_eq!(lost, Vec::<i64>::new(), "records that were there all the time did not come");
        prop_assert!(found.is_sorted(), "out of order");
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn what_is_there_all_the_time_comes_once_while_others_come_and_go() {
    under_mutation(|| Call::new(DEALS).param("select", ["ID"]), 16);
}

#[tokio::test]
async fn places_that_shift_are_found_again() {
    for (deleted, added) in [(7, 0), (50, 0), (120, 0), (0, 70), (3, 90)] {
        let portal = portal(1_000);
        let before = held(&portal, "crm.deal");
        portal.set_options(Options {
            mutations: vec![Mutation {
                trigger: Trigger { at: vec![2], ..Trigger::default() },
                collection: "crm.deal".into(),
                delete_first: deleted,
                add: added,
                ..Mutation::default()
            }],
            ..Options::default()
        });
        let records = Call::new(DEALS).param("select", ["ID"]).stream(&client(&portal.webhook()));
        let (mut found, error) = read(records.strategy(Strategy::Start)).await;
        assert!(error.is_none(), "{error:?}");
        found.sort_unstable();
        let once = {
            let mut once = found.clone();
            once.dedup();
            once.len()
        };
        assert_eq!(once, found.len(), "{deleted} {added}");
        let after = held(&portal, "crm.deal");
        let lost = before.iter().filter(|id| after.contains(id) && !found.contains(id)).count();
        // More came than went: nothing tells that places shifted back.
        assert!(lost == 0 || (deleted > 0 && added > deleted), "{deleted} {added}: {lost}");
    }
}

#[tokio::test]
async fn a_slow_portal_is_asked_for_several_ranges_at_once() {
    let portal = portal(9_000);
    portal.set_options(Options { command_latency: Duration::from_millis(11), ..Options::default() });
    let found = deals(&portal).all().await.expect("whole");
    assert_eq!(numbers(&found), held(&portal, "crm.deal"));
    let counts = portal.counts();
    assert!(counts.most_at_once > 1 && counts.requests < 10, "{counts:?}");
    // Ranges heal and fail as the chain does.
    portal.clear_log();
    portal.fault(
        Fault::new(FaultKind::Commands { commands: vec![9], code: "INTERNAL_SERVER_ERROR".into() }).on("batch").at([3]),
    );
    portal.fault(Fault::new(FaultKind::Reset { committed: true }).on("batch").at([4, 6]));
    let found = deals(&portal).all().await.expect("whole");
    assert_eq!(numbers(&found), held(&portal, "crm.deal"));
    portal.set_options(Options {
        command_latency: Duration::from_millis(11),
        faults: vec![Fault::new(FaultKind::Error { status: 403, code: "ACCESS_DENIED".into() }).on("batch").at([3])],
        ..Options::default()
    });
    let (found, error) = read(deals(&portal)).await;
    assert!(error.is_some());
    assert_eq!(found, held(&portal, "crm.deal")[..found.len()]);
}

/// A portal of a few lines, for what the simulated one does not do wrong. It answers what `answer` makes of the method and
/// the parameters.
struct Odd {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn odd(answer: impl Fn(&str, &Value) -> Value + Send + 'static) -> Odd {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/rest/1/code/", listener.local_addr().expect("known"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut bytes = Vec::new();
            let mut buffer = [0; 4096];
            let (head, body) = loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head
                        .to_lowercase()
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                    if body.len() >= length.unwrap_or(0) {
                        break (head.to_owned(), body.to_owned());
                    }
                }
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                }
            };
            let path = head.split(' ').nth(1).unwrap_or_default();
            let method = path.rsplit('/').next().unwrap_or_default().to_owned();
            let params: Value = serde_json::from_str(&body).unwrap_or_default();
            kept.lock().expect("whole").push(format!("{method} {params}"));
            let body = answer(&method, &params).to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
        }
    });
    Odd { address, requests }
}

fn records(ids: impl IntoIterator<Item = u64>) -> Value {
    ids.into_iter().map(|id| json!({"ID": id.to_string()})).collect()
}

/// Pages by place of a list, as a portal that knows nothing else answers; inside batches too.
fn by_place(list: &'static [u64], size: usize, params: &Value) -> Value {
    let page = |start: usize| {
        let items = records(list.iter().copied().skip(start).take(size));
        (items, (start + size < list.len()).then_some(start + size))
    };
    let Some(commands) = params["cmd"].as_object() else {
        let (items, next) = page(usize::try_from(params["start"].as_i64().unwrap_or(0)).unwrap_or(0));
        let mut answer = json!({"result": items, "total": list.len()});
        if let Some(next) = next {
            answer["next"] = next.into();
        }
        return answer;
    };
    let (mut results, mut nexts, mut totals) = (json!({}), json!({}), json!({}));
    for (key, command) in commands {
        let start =
            command.as_str().and_then(|command| command.split("start=").nth(1)?.split('&').next()?.parse::<i64>().ok());
        let (items, next) = page(usize::try_from(start.unwrap_or(0)).unwrap_or(0));
        results[key] = items;
        totals[key] = list.len().into();
        if let Some(next) = next {
            nexts[key] = next.into();
        }
    }
    json!({"result": {"result": results, "result_error": [], "result_next": nexts, "result_total": totals}})
}

fn leak(ids: impl IntoIterator<Item = u64>) -> &'static [u64] {
    Box::leak(ids.into_iter().collect::<Vec<_>>().into_boxed_slice())
}

#[tokio::test]
async fn a_portal_that_ignores_what_it_is_asked_is_noticed() {
    let expected = |ids: &[u64]| ids.iter().map(|id| *id as i64).collect::<Vec<_>>();
    // It sorts by number, but does not filter: the walk goes on by place.
    let list = leak(1..=180);
    let server = odd(move |_, params| by_place(list, 50, params));
    let found = Call::new(DEALS).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), expected(list));
    // It does not even sort.
    let list = leak((1..=180).map(|at| at * 77 % 181));
    let server = odd(move |_, params| by_place(list, 50, params));
    let found = Call::new(DEALS).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), expected(list));
    let strict = Call::new(DEALS).stream(&client(&server.address)).strategy(Strategy::Keyset);
    assert!(matches!(strict.all().await, Err(Error::Decode { .. })));
    // Pages of another size than documented, told by `next`.
    let list = leak(1..=95);
    let server = odd(move |_, params| by_place(list, 10, params));
    let found = Call::new(DEALS).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), expected(list));
    // A method that no spec describes turns out to have pages.
    let found = Call::named("any.list").all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), expected(list));
    assert!(!server.requests.lock().expect("whole").iter().any(|request| request.starts_with("any.list {\"start\":0")));
}

#[tokio::test]
async fn lists_that_are_not_counted_are_read_to_their_end() {
    const BOOKINGS: Method = Method::new("booking.v1.booking.list", Rest::V2, Effect::List, Paging::Start);
    for (count, total, requests) in
        [(0, Some(0), 1), (30, Some(0), 1), (30, None, 1), (50, Some(0), 2), (120, Some(0), 3), (120, None, 3)]
    {
        let list = leak(1..=count);
        let server = odd(move |_, params| {
            let mut answer = by_place(list, 50, params);
            let told = answer.as_object_mut().expect("an object");
            told.remove("next");
            told.remove("total");
            told.extend(total.map(|total: u64| ("total".to_owned(), total.into())));
            answer
        });
        let found = Call::new(BOOKINGS).all_as::<Value>(&client(&server.address)).await.expect("whole");
        assert_eq!(numbers(&found), list.iter().map(|id| *id as i64).collect::<Vec<_>>(), "{count} {total:?}");
        assert_eq!(server.requests.lock().expect("whole").len(), requests, "{count} {total:?}");
    }
    // One that answers everything at once and knows no places is read once.
    for count in [50, 70] {
        let list = leak(1..=count);
        let server = odd(move |_, _| json!({"result": records(list.iter().copied()), "total": 0}));
        let found = Call::new(BOOKINGS).all_as::<Value>(&client(&server.address)).await.expect("whole");
        assert_eq!(found.len() as u64, count);
    }
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    for result in [json!({"users": [{"ID": 1}]}), json!(true), Value::Null, json!("x")] {
        let shown = result.clone();
        let server = odd(move |_, _| json!({"result": result.clone()}));
        let found = Call::new(TASKS).all_as::<Value>(&client(&server.address)).await;
        assert!(matches!(found, Err(Error::Decode { .. })), "{shown}: {found:?}");
    }
    // Records that repeat inside a chain.
    let server = odd(|method, params| match method {
        "batch" => {
            let pages: serde_json::Map<_, _> = params["cmd"]
                .as_object()
                .expect("commands")
                .keys()
                .map(|key| (key.clone(), records(51..=100)))
                .collect();
            json!({"result": {"result": pages}})
        }
        _ => json!({"result": records(1..=50)}),
    });
    let (found, error) = read(Call::new(DEALS).stream(&client(&server.address))).await;
    assert_eq!(found, (1..=100).collect::<Vec<_>>());
    assert!(error.expect("noticed").to_string().contains("behind number 100"));
}

#[tokio::test]
async fn cursors_and_offsets_are_followed_to_the_end() {
    const FOLLOWUPS: Method = Method::new("call.followup.list", Rest::V3, Effect::List, Paging::Pagination)
        .with_records("items")
        .with_place("pagination.afterCursor", "pagination.limit");
    let server = odd(|_, params| {
        let from = params["pagination"]["afterCursor"]["id"].as_u64().unwrap_or(0);
        let items = records(from + 1..=(from + 50).min(120));
        let last = (from + 50).min(120);
        json!({"result": {"items": items, "hasMore": last < 120, "afterCursor": {"id": last}}})
    });
    let found = Call::new(FOLLOWUPS).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), (1..=120).collect::<Vec<_>>());
    assert_eq!(server.requests.lock().expect("whole").len(), 3);

    const COMPANIES: Method =
        Method::new("humanresources.hcmlink.company.list", Rest::V2, Effect::List, Paging::Offset)
            .with_place("offset", "limit");
    let server = odd(|_, params| {
        let from = params["offset"].as_u64().unwrap_or(0);
        let limit = params["limit"].as_u64().unwrap_or(20);
        json!({"result": records(from + 1..=(from + limit).min(65))})
    });
    // Each page begins with the last record of the one before, and the last one is empty behind it.
    for (call, requests) in [(Call::new(COMPANIES), 3), (Call::new(COMPANIES).param("limit", 40), 3)] {
        server.requests.lock().expect("whole").clear();
        let found = call.all_as::<Value>(&client(&server.address)).await.expect("whole");
        assert_eq!(numbers(&found), (1..=65).collect::<Vec<_>>());
        assert_eq!(server.requests.lock().expect("whole").len(), requests);
    }
}

/// A portal that keeps to filters and references, over any numbers at all, and takes its time over a batch.
fn slow_numbers(ids: &'static [u64]) -> Odd {
    let page = |after: u64, until: u64| -> Vec<u64> {
        let from = ids.partition_point(|id| *id <= after);
        ids[from..].iter().copied().take_while(|id| *id <= until).take(50).collect()
    };
    odd(move |_, params| {
        let bound =
            |query: &str, key: &str| query.split(key).nth(1).and_then(|rest| rest.split('&').next().map(str::to_owned));
        let Some(commands) = params["cmd"].as_object() else {
            let filter = |key: &str| params["filter"][key].as_u64();
            return json!({"result": records(page(filter(">ID").unwrap_or(0), filter("<=ID").unwrap_or(u64::MAX)))});
        };
        std::thread::sleep(Duration::from_millis(510));
        let (mut results, mut last) = (serde_json::Map::new(), None);
        for (key, command) in commands {
            let query = percent_encoding::percent_decode_str(command.as_str().unwrap_or_default()).decode_utf8_lossy();
            let after = bound(&query, "[>ID]=").unwrap_or_default();
            if query.contains("order[ID]=DESC") {
                let until = bound(&query, "[<=ID]=").and_then(|until| until.parse().ok()).unwrap_or(u64::MAX);
                let last = ids[..ids.partition_point(|id| *id <= until)].iter().rev().copied();
                results.insert(key.clone(), records(last.take(50).take_while(|id| *id > after.parse().unwrap_or(0))));
                continue;
            }
            // A reference that leads nowhere bounds nothing.
            let after = if after.starts_with('$') { last.unwrap_or(0) } else { after.parse().unwrap_or(0) };
            let until = bound(&query, "[<=ID]=").and_then(|until| until.parse().ok()).unwrap_or(u64::MAX);
            let found = page(after, until);
            last = found.get(49).copied();
            results.insert(key.clone(), records(found));
        }
        json!({"result": {"result": results, "result_error": []}})
    })
}

#[tokio::test]
async fn ranges_are_cut_anew_where_numbers_lie_closer() {
    let ids = leak((1..=2_600).map(|at| at * 100).chain(260_001..=270_000));
    let server = slow_numbers(ids);
    let found = Call::new(DEALS).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), ids.iter().map(|id| *id as i64).collect::<Vec<_>>());
    assert!(server.requests.lock().expect("whole").len() < 25);
    // And where they lie further apart.
    let ids = leak((1..=5_000).chain((1..=2_000).map(|at| 5_000 + at * 1_000)));
    let server = slow_numbers(ids);
    let found = Call::new(DEALS).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), ids.iter().map(|id| *id as i64).collect::<Vec<_>>());
    assert!(server.requests.lock().expect("whole").len() < 25);
}

#[tokio::test]
async fn large_records_come_out_as_small_ones_do() {
    let portal = portal(1_400);
    portal.fill("tasks.task", 1_400);
    let client = client(&portal.webhook());
    for (method, collection) in [(DEALS, "crm.deal"), (TASKS, "tasks.task")] {
        let found = Call::new(method).all_as::<Value>(&client).await.expect("whole");
        assert_eq!(numbers(&found), held(&portal, collection));
        assert!(found.iter().all(|record| record.as_object().is_some_and(|record| record.len() > 20)));
    }
    // Several times what is read at once.
    assert!(client.metrics().bytes_received > 3 << 20, "{:?}", client.metrics());
}

/// Pages by number of a list, the last one again, the first one again or nothing where there is none.
fn numbered(count: u64, beyond: &'static str, counted: bool) -> Odd {
    odd(move |_, params| {
        let pages = count.div_ceil(50).max(1);
        let page = match params["page"].as_u64().unwrap_or(1) {
            page if page <= pages || beyond == "nothing" => page,
            _ if beyond == "last" => pages,
            _ => 1,
        };
        let page = if beyond == "deaf" { 1 } else { page };
        let items = records((page - 1) * 50 + 1..=(page * 50).min(count));
        if counted { json!({"result": items, "total": count}) } else { json!({"result": items}) }
    })
}

#[tokio::test]
async fn pages_by_number_end_where_the_list_ends() {
    const SOURCES: Method =
        Method::new("biconnector.source.list", Rest::V2, Effect::List, Paging::Page).with_place("page", "").alone();
    for (count, beyond, counted, is_whole) in [
        (0, "nothing", false, true),
        (50, "nothing", false, true),
        (120, "nothing", false, true),
        (120, "last", false, true),
        (100, "last", false, true),
        (120, "first", false, true),
        (100, "first", false, true),
        (30, "last", false, true),
        (120, "last", true, true),
        (50, "last", true, true),
        // One full page that comes again: nobody knows whether there are more.
        (50, "last", false, false),
        (120, "deaf", false, false),
        (120, "deaf", true, false),
    ] {
        let server = numbered(count, beyond, counted);
        let (found, error) = read(Call::new(SOURCES).stream(&client(&server.address))).await;
        let expected: Vec<i64> = (1..=i64::try_from(count).expect("small")).collect();
        assert_eq!((error.is_none(), found == expected || !is_whole), (is_whole, true), "{count} {beyond}: {error:?}");
    }
    let server = numbered(120, "nothing", false);
    let found = Call::new(SOURCES).param("page", 2).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), (51..=120).collect::<Vec<_>>());
}

#[tokio::test]
async fn hints_of_more_that_lead_nowhere_are_errors() {
    let of = |paging| {
        Method::new("a.list", Rest::V3, Effect::List, paging)
            .with_records("items")
            .with_place("pagination.afterCursor", "pagination.limit")
    };
    // The same cursor again; more without a cursor; a list said to be whole that is cut off.
    for (paging, hint) in [
        (Paging::Cursor, json!({"nextCursor": {"id": 7}})),
        (Paging::Cursor, json!({"hasMore": true, "nextCursor": null})),
        (Paging::First, json!({"hasMore": true})),
        (Paging::None, json!({"hasNextPage": true})),
        (Paging::None, json!({"truncated": true})),
    ] {
        let shown = hint.clone();
        let server = odd(move |_, _| {
            let mut result = json!({"items": records(1..=20)});
            result.as_object_mut().expect("an object").extend(hint.as_object().expect("an object").clone());
            json!({"result": result})
        });
        let (_, error) = read(Call::new(of(paging)).stream(&client(&server.address))).await;
        assert!(matches!(error, Some(Error::Decode { .. })), "{shown}: {error:?}");
    }
    // A cursor is followed until there is none.
    let server = odd(|_, params| {
        let from = params["pagination"]["afterCursor"].as_u64().unwrap_or(0);
        let next = if from < 100 { json!(from + 50) } else { Value::Null };
        json!({"result": {"items": records(from + 1..=from + 50), "nextCursor": next}})
    });
    let found = Call::new(of(Paging::Cursor)).all_as::<Value>(&client(&server.address)).await.expect("whole");
    assert_eq!(numbers(&found), (1..=150).collect::<Vec<_>>());
    // Records that do not go upwards cannot be walked by their numbers.
    let after = of(Paging::After).with_place("cursor.value", "cursor.limit");
    let server = odd(|_, _| json!({"result": {"items": records([3, 2, 1])}}));
    let call = || Call::new(after.clone());
    assert!(matches!(call().all_as::<Value>(&client(&server.address)).await, Err(Error::Decode { .. })));
    let downwards = call().nested(&["cursor", "order"], "DESC");
    assert!(matches!(downwards.all_as::<Value>(&client(&server.address)).await, Err(Error::Usage(_))));
}

#[tokio::test]
async fn a_list_read_by_position_keeps_the_places_of_what_is_left_out() {
    const POSITIONS: &[Position] = &[
        Position::Plain("TASKID"),
        Position::Container("ORDER"),
        Position::Container("FILTER"),
        Position::Container("SELECT"),
        Position::Container("PARAMS"),
    ];
    let elapsed = Method::new("task.elapseditem.getlist", Rest::V2, Effect::List, Paging::Page)
        .with_place("PARAMS.NAV_PARAMS.iNumPage", "PARAMS.NAV_PARAMS.nPageSize")
        .with_order(POSITIONS);
    // As the portal reads them: whatever stands fifth are the params; where no task stands first, fourth.
    let server = odd(|_, params| {
        let values: Vec<&Value> = params.as_object().expect("an object").values().collect();
        let places = if values.first().is_some_and(|first| first.is_number()) { &values[1..] } else { &values[..] };
        let [order, filter, select, given] = places else {
            return json!({"error": "0x000100", "error_description": "another number of parameters"});
        };
        let nothing = json!([]);
        assert_eq!((*order, *select), (&nothing, &nothing));
        assert!(**filter == nothing || **filter == json!({"USER_ID": 1}), "{filter}");
        let page = given["NAV_PARAMS"]["iNumPage"].as_u64().expect("the number of the page");
        json!({"result": records((page - 1) * 50 + 1..=(page * 50).min(120)), "total": 120})
    });
    for call in [
        Call::new(elapsed.clone()),
        Call::new(elapsed.clone()).param("TASKID", 8),
        Call::new(elapsed).param("FILTER", json!({"USER_ID": 1})).param("TASKID", 8),
    ] {
        let found = call.all_as::<Value>(&client(&server.address)).await.expect("whole");
        assert_eq!(numbers(&found), (1..=120).collect::<Vec<_>>());
    }
}

/// A list of which the caller may not see some records: they are taken out of the pages of fifty, inside batches too.
/// `gaps`: the pages keep the places of what was taken out, so that references into them still lead somewhere.
fn censored(count: u64, hidden: &'static [u64], counted: bool, gaps: bool) -> Odd {
    let page = move |after: u64, until: u64, down: bool| -> Value {
        let ids = (1..=count).filter(|id| *id > after && *id <= until);
        let ids: Vec<u64> = if down { ids.rev().take(50).collect() } else { ids.take(50).collect() };
        let seen = ids.into_iter().enumerate().filter(|(_, id)| !hidden.contains(id));
        match gaps {
            true => seen.map(|(at, id)| (at.to_string(), json!({"ID": id.to_string()}))).collect(),
            false => records(seen.map(|(_, id)| id)),
        }
    };
    odd(move |_, params| {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let Some(commands) = params["cmd"].as_object() else {
            let after = number(&params["filter"][">ID"]).unwrap_or(0);
            let mut answer = json!({"result": page(after, u64::MAX, false)});
            if counted {
                answer["total"] = (after + 1..=count).filter(|id| !hidden.contains(id)).count().into();
            }
            return answer;
        };
        let mut results = serde_json::Map::new();
        for (key, command) in commands {
            let query = percent_encoding::percent_decode_str(command.as_str().unwrap_or_default()).decode_utf8_lossy();
            let part = |name: &str| query.split(name).nth(1).and_then(|rest| rest.split('&').next().map(str::to_owned));
            let after = part("[>ID]=").unwrap_or_default();
            // `$result[p0][49][ID]`; one that leads nowhere bounds nothing.
            let places: Vec<&str> = after.split(['[', ']']).filter(|part| !part.is_empty()).collect();
            let after = match places.as_slice() {
                ["$result", key, at, field] => {
                    let page: Option<&Value> = results.get(*key);
                    let record = page.and_then(|page| page.get(at).or_else(|| page.get(at.parse::<usize>().ok()?)));
                    record.and_then(|record| number(&record[*field]))
                }
                _ => after.parse().ok(),
            };
            let until = part("[<=ID]=").and_then(|until| until.parse().ok()).unwrap_or(u64::MAX);
            results.insert(key.clone(), page(after.unwrap_or(0), until, query.contains("order[ID]=DESC")));
        }
        json!({"result": {"result": results, "result_error": []}})
    })
}

#[tokio::test]
async fn pages_that_something_was_taken_out_of_are_not_the_end() {
    let visible = |count: u64, hidden: &[u64]| -> Vec<i64> {
        (1..=count).filter(|id| !hidden.contains(id)).map(|id| id as i64).collect()
    };
    let each_page = leak((0..60).map(|page| page * 50 + 7));
    for (count, hidden, gaps, requests) in [
        (30, leak([10]), false, 2),
        (120, leak([10]), false, 4),
        (120, leak([120]), false, 2),
        (2_500, leak([60, 61, 1_000, 2_499]), false, 8),
        (2_600, leak([60, 61, 1_001, 2_499]), true, 4),
        (300, each_page, false, 8),
    ] {
        let server = censored(count, hidden, false, gaps);
        let found = Call::new(DEALS).all_as::<Value>(&client(&server.address)).await.expect("whole");
        assert_eq!(numbers(&found), visible(count, hidden), "{count} {hidden:?} {gaps}");
        let asked = server.requests.lock().expect("whole").len();
        assert!(asked <= requests, "{count} {hidden:?} {gaps}: {asked}");
    }
    // What is counted is not asked for again.
    let server = censored(30, leak([10]), true, false);
    let mut pages = Call::new(DEALS).stream(&client(&server.address)).counted().pages();
    let mut found = 0;
    while let Some(page) = pages.next().await {
        found += page.expect("a page").items.len();
    }
    assert_eq!((found, server.requests.lock().expect("whole").len()), (29, 1));
}

#[tokio::test]
async fn what_stands_in_a_list_twice_comes_twice() {
    const ROWS: Method = Method::new("x.rows.get", Rest::V2, Effect::List, Paging::None);
    let row = |id: &str, quantity: u64| json!({"ID": id, "QTY": quantity});
    for rows in [
        json!([row("5", 1), row("5", 1), row("6", 2)]),
        json!([row("5", 1), row("5", 2)]),
        json!(["a", "a", 7, 7]),
        json!([{"NAME": "a"}, {"NAME": "a"}]),
        json!([["a"], ["a"]]),
    ] {
        let answered = rows.clone();
        let server = odd(move |_, _| json!({ "result": answered }));
        let found = Call::new(ROWS).all_as::<Value>(&client(&server.address)).await.expect("whole");
        assert_eq!(Value::from(found), rows);
    }
    // By place, on pages that are counted.
    const PLACES: Method = Method::new("x.list", Rest::V2, Effect::List, Paging::Start);
    let rows: Vec<Value> = (0..120).map(|at| row(&(at / 3).to_string(), at % 2)).collect();
    let all = rows.clone();
    let by_start = |params: &Value| params["start"].as_u64().and_then(|start| usize::try_from(start).ok()).unwrap_or(0);
    let server = odd(move |_, params| match params["cmd"].as_object() {
        Some(_) => json!({"error": "ERROR_BATCH_METHOD_NOT_ALLOWED"}),
        None => json!({"result": all.iter().skip(by_start(params)).take(50).collect::<Vec<_>>(), "total": 120}),
    });
    let call = || Call::new(PLACES.alone()).all_as::<Value>(&client(&server.address));
    assert_eq!(call().await.expect("whole"), rows);
    // The same page again is no second one, whatever its records are called.
    let server = odd(move |_, _| json!({"result": rows[..50], "total": 120}));
    let error = Call::new(PLACES.alone()).all_as::<Value>(&client(&server.address)).await.expect_err("not whole");
    assert!(error.to_string().contains("the same page again"), "{error}");
    // A list whose records are not told apart by their numbers, and that changes.
    let server = odd(move |_, params| {
        let total = if by_start(params) > 0 { 119 } else { 120 };
        json!({"result": (0..50).map(|at| row("5", at)).collect::<Vec<_>>(), "total": total})
    });
    let error = Call::new(PLACES.alone()).all_as::<Value>(&client(&server.address)).await.expect_err("not whole");
    assert!(error.to_string().contains("the list changed"), "{error}");
}

#[tokio::test]
async fn the_total_is_that_of_the_whole_list() {
    for (latency, fault) in [(0, true), (700, false)] {
        let portal = portal(5_010);
        portal.set_options(Options { latency: Duration::from_millis(latency), ..Options::default() });
        if fault {
            let kind = FaultKind::Commands { commands: vec![4], code: "INTERNAL_SERVER_ERROR".into() };
            portal.fault(Fault::new(kind).on("batch").at([1]));
        }
        let mut pages = deals(&portal).counted().pages();
        let mut found = 0;
        while let Some(page) = pages.next().await {
            let page = page.expect("a page");
            found += page.items.len();
            assert_eq!(page.total, Some(5_010), "{latency}");
        }
        assert_eq!(found, 5_010);
    }
}

#[tokio::test]
async fn a_cursor_that_goes_round_is_an_error() {
    let method = Method::new("a.list", Rest::V3, Effect::List, Paging::Cursor)
        .with_records("items")
        .with_place("pagination.afterCursor", "pagination.limit");
    let server = odd(|_, params| {
        let next = if params["pagination"]["afterCursor"] == "A" { "B" } else { "A" };
        json!({"result": {"items": records(1..=2), "nextCursor": next}})
    });
    let (_, error) = read(Call::new(method).stream(&client(&server.address))).await;
    assert!(error.expect("noticed").to_string().contains("came already"));
    assert_eq!(server.requests.lock().expect("whole").len(), 3);
}

#[tokio::test]
async fn no_number_is_too_large_for_a_walk() {
    const PLACES: Method = Method::new("x.list", Rest::V2, Effect::List, Paging::Start);
    let server = odd(|_, params| match params["start"].as_u64() {
        Some(0) => json!({"result": records([1]), "next": u64::MAX, "total": u64::MAX}),
        _ => json!({"result": records([2]), "total": u64::MAX}),
    });
    let (found, _) = read(Call::new(PLACES).stream(&client(&server.address))).await;
    assert_eq!(found, [1, 2]);
    let server = odd(|method, params| match method {
        "batch" => {
            let keys = params["cmd"].as_object().expect("commands").keys();
            let pages: serde_json::Map<_, _> = keys.map(|key| (key.clone(), json!([{"ID": i64::MAX}]))).collect();
            json!({"result": {"result": pages}})
        }
        _ if params["filter"].is_null() => json!({"result": [{"ID": -5}], "next": 50}),
        _ => json!({"result": []}),
    });
    let (found, _) = read(Call::new(DEALS).stream(&client(&server.address))).await;
    assert_eq!(found, [-5, i64::MAX]);
    for (paging, place, size) in
        [(Paging::Page, "page", ""), (Paging::Start, "start", ""), (Paging::Offset, "offset", "limit")]
    {
        let method = Method::new("x.list", Rest::V2, Effect::List, paging).with_place(place, size);
        let server = odd(|_, _| json!({"result": records([1])}));
        let (found, _) = read(Call::new(method).param(place, u64::MAX).stream(&client(&server.address))).await;
        assert_eq!(found, [1], "{place}");
    }
}
