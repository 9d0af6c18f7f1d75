//! Whatever is sent, the portal answers and goes on.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use bitrix24_runtime::sandbox::Portal;
use bitrix24_runtime::{Value, json};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{answer, call, portal, request};

fn lives(portal: &Portal) {
    assert_eq!(answer(portal, "server.time", json!({})).0, 200);
}

/// Values that nobody expects.
fn hostile() -> impl Strategy<Value = Value> {
    let numbers = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..5_i64).prop_map(Value::from),
    ];
    let texts = prop_oneof![
        ".{0,12}".prop_map(Value::from),
        Just(json!("1")),
        Just(json!("chat1")),
        Just(json!("%")),
        Just(json!("9".repeat(40))),
        Just(json!("$result[a][0]")),
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), numbers, texts];
    let keys = prop_oneof![
        Just("ID".to_owned()),
        Just(">=ID".to_owned()),
        Just("logic".to_owned()),
        Just("0".to_owned()),
        ".{0,6}"
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keys.clone(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// The names of parameters that methods look for.
const NAMES: &[&str] = &[
    "id",
    "ID",
    "fields",
    "filter",
    "order",
    "select",
    "start",
    "entityTypeId",
    "taskId",
    "TASKID",
    "ITEMID",
    "FIELDS",
    "0",
    "1",
    "cmd",
    "halt",
    "data",
    "fileContent",
    "targetFolderId",
    "newName",
    "DIALOG_ID",
    "CHAT_ID",
    "MESSAGE",
    "MESSAGE_ID",
    "USERS",
    "LIMIT",
    "LAST_ID",
    "FIRST_ID",
    "IBLOCK_ID",
    "ELEMENT_ID",
    "type",
    "ownerId",
    "from",
    "to",
    "section",
    "name",
    "scope",
    "sort",
    "EMAIL",
    "UF_DEPARTMENT",
    "NAME",
    "pagination",
    "userId",
    "OFFSET",
];

#[test]
fn every_method_answers_whatever_it_is_given() {
    let portal = portal();
    let methods = answer(&portal, "methods", json!({})).1["result"].clone();
    let methods: Vec<String> =
        methods.as_array().expect("a list").iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let given = proptest::collection::vec((proptest::sample::select(NAMES), hostile()), 0..5);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&(proptest::sample::select(methods), given), |(method, given)| {
        let params: Value = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let answer = call(&portal, &method, &params);
        prop_assert!(answer.is_some(), "{method} {params}: no answer");
        let status = answer.map_or(0, |answer| answer.status);
        prop_assert!(matches!(status, 200 | 400 | 401 | 403 | 404 | 405), "{method} {params}: {status}");
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
    lives(&portal);
}

#[test]
fn every_body_gets_an_answer() {
    let portal = portal();
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned();
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let kinds = proptest::sample::select(
        &[
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "text/plain",
            "",
        ][..],
    );
    let places = proptest::sample::select(
        &[
            "crm.deal.add",
            "batch",
            "crm.deal.list?filter[%",
            "user.get",
            "../../etc/passwd",
            "%00",
            "tasks.task.add.json.xml",
        ][..],
    );
    let others = proptest::sample::select(
        &[
            "/rest/api/batch",
            "/rest/api/tasks.task.list",
            "/oauth/token/",
            "/oauth/authorize/",
            "/_sandbox/options",
            "/_sandbox/fill",
            "/_sandbox/advance",
            "/rest/upload.json",
            "/rest/download.json?id=1&token=",
            "/?collection=%3Cx%3E",
            "/",
            "//",
            "/rest",
        ][..],
    );
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let tried = runner.run(&(bytes, kinds, places, others, any::<bool>()), |(body, kind, place, other, by_hook)| {
        let line = if by_hook { format!("POST {path}{place}") } else { format!("POST {other}") };
        let headers = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let answer = request(&portal, &line, &headers, &body);
        prop_assert!(answer.is_some(), "{line} {headers}: no answer");
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
    lives(&portal);
}

/// Ten thousand levels, in every place where something can lie in something else.
#[test]
fn ten_thousand_levels_are_refused_everywhere() {
    let portal = portal();
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned();
    let third = path.replace("/rest/", "/rest/api/");
    let (lists, maps) = ("[".repeat(10_000), "{\"a\":".repeat(10_000));
    let closed = format!("{lists}{}", "]".repeat(10_000));
    let brackets = format!("filter{}=1", "[x]".repeat(10_000));
    let part =
        format!("--x\r\nContent-Disposition: form-data; name=\"a{}\"\r\n\r\n1\r\n--x--\r\n", "[x]".repeat(10_000));
    let reference = format!("$result{}", "[a]".repeat(10_000));
    let (json, form, multipart) =
        ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x");
    let batch = |command: &str| json!({"cmd": {"a": command}}).to_string();
    for (line, kind, body) in [
        (format!("POST {path}crm.deal.list"), json, lists.clone()),
        (format!("POST {path}crm.deal.list"), json, maps.clone()),
        (format!("POST {path}crm.deal.list"), json, closed.clone()),
        (format!("POST {path}crm.deal.list"), form, brackets.clone()),
        (format!("POST {path}crm.deal.list"), multipart, part),
        (format!("GET {path}crm.deal.list?{brackets}"), json, String::new()),
        (format!("POST {path}batch"), json, batch(&format!("crm.deal.list?{brackets}"))),
        (format!("POST {path}batch"), json, batch(&format!("crm.deal.get?id={reference}"))),
        (format!("POST {path}batch"), json, batch(&"batch?cmd[a]=".repeat(10_000))),
        (format!("POST {third}tasks.task.list"), json, maps.clone()),
        (format!("POST {third}batch"), json, closed.clone()),
        ("POST /_sandbox/options".to_owned(), json, lists.clone()),
        ("POST /oauth/token/".to_owned(), form, brackets),
    ] {
        let answer = request(&portal, &line, &format!("Content-Type: {kind}\r\n"), body.as_bytes());
        let status = answer.map(|answer| answer.status);
        assert!(
            matches!(status, Some(200 | 400 | 401 | 414 | 431)),
            "{} {kind}: {status:?}",
            &line[..line.len().min(60)]
        );
    }
    lives(&portal);
}

#[test]
fn a_body_of_a_gibibyte_is_refused_and_not_kept() {
    let portal = portal();
    let piece = vec![b'a'; 1 << 20];
    for head in [
        format!("Content-Length: {}\r\n", 1_u64 << 30),
        format!("Content-Length: {}\r\nContent-Type: application/json\r\n", 1_u64 << 30),
        format!("Content-Length: {}\r\nContent-Type: multipart/form-data; boundary=x\r\n", 1_u64 << 30),
        "Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n".to_owned(),
    ] {
        is_refused(&portal, &head, &piece);
    }
}

/// Sends a gibibyte in pieces until the portal has had enough.
fn is_refused(portal: &Portal, headers: &str, piece: &[u8]) {
    let is_chunked = headers.starts_with("Transfer-Encoding");
    let host = portal.address().trim_start_matches("http://").to_owned();
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned();
    let mut stream = TcpStream::connect(&host).expect("connected");
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("set");
    let head = format!("POST {path}crm.deal.add HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut write = || match is_chunked {
        true => stream
            .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
            .and_then(|()| stream.write_all(piece))
            .and_then(|()| stream.write_all(b"\r\n")),
        false => stream.write_all(piece),
    };
    let sent = (0..1024).take_while(|_| write().is_ok()).count();
    assert!(sent < 1024, "the portal does not read on");
    lives(portal);
}
