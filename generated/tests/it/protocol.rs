//! The simulated portal as somebody meets it who speaks bare HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bitrix24::sandbox::{Portal, Sandbox};
use bitrix24::{TABLES, Value};

use crate::support::portal;

/// Sends a request and reads the answer: status, head and body.
fn send(portal: &Portal, head: &str, body: &[u8]) -> (u16, String, Value) {
    let host = portal.address().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).expect("connected");
    let head = head.replace('\n', "\r\n");
    let request = format!("{head}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[request.as_bytes(), body].concat()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_lowercase(), serde_json::from_str(body).expect("JSON"))
}

fn path(portal: &Portal, rest: &str) -> String {
    portal.webhook().trim_start_matches(&portal.address()).to_owned() + rest
}

#[test]
fn every_way_to_send_parameters_is_understood() {
    let portal = portal();
    let form = "Content-Type: application/x-www-form-urlencoded";
    for (head, body) in [
        (
            format!("POST {}", path(&portal, "USER.GET.json")),
            "{\"FILTER\": {\"NAME\": \"Maria\"}, \"select\": [\"ID\"]}",
        ),
        (format!("GET {}", path(&portal, "user.get?FILTER[NAME]=Maria&select[]=ID")), ""),
        (format!("GET {}", path(&portal, "user.get?filter%5B%25LAST_NAME%5D=dam&SELECT%5B0%5D=ID")), ""),
    ] {
        let (status, head, answer) = send(&portal, &format!("{head} HTTP/1.1"), body.as_bytes());
        assert_eq!((status, answer["result"].to_string().as_str()), (200, "[{\"ID\":\"2166\"}]"), "{answer}");
        assert!(head.contains("content-type: application/json"));
        assert_eq!(answer["total"], 1);
        assert!(answer["time"]["date_start"].as_str().is_some_and(|time| time.ends_with("+00:00")));
    }
    let head = format!("POST {} HTTP/1.1\n{form}", path(&portal, "user.update"));
    let (status, _, answer) = send(&portal, &head, b"ID=2166&NAME=Mar%C3%ADa+A&UF_DEPARTMENT[]=5");
    assert_eq!((status, &answer["result"]), (200, &Value::Bool(true)));
    let (_, _, answer) = send(&portal, &format!("GET {} HTTP/1.1", path(&portal, "user.get?ID=2166")), b"");
    assert_eq!(answer["result"][0]["NAME"], "María A");
    assert_eq!(answer["result"][0]["UF_DEPARTMENT"][0], 5);
}

#[test]
fn every_way_to_authorise_is_understood() {
    let portal = portal();
    let token = portal.token().to_owned();
    for (head, body) in [
        ("POST /rest/user.current HTTP/1.1".to_owned(), format!("{{\"auth\": \"{token}\"}}")),
        (format!("GET /rest/user.current?auth={token} HTTP/1.1"), String::new()),
        (format!("GET /rest/user.current HTTP/1.1\nAuthorization: Bearer {token}"), String::new()),
    ] {
        let (status, _, answer) = send(&portal, &head, body.as_bytes());
        assert_eq!((status, &answer["result"]["ID"]), (200, &Value::from("1")), "{head}");
    }
    assert!(portal.requests().iter().all(|request| !format!("{request:?}").contains(&token)), "no secret is kept");
}

#[test]
fn refusals_are_the_portals_own() {
    let portal = portal();
    let hook = |rest: &str| format!("POST {} HTTP/1.1", path(&portal, rest));
    for (head, body, status, code) in [
        ("POST /rest/user.current HTTP/1.1".to_owned(), "", 401, "NO_AUTH_FOUND"),
        ("POST /rest/1/wrong/user.current HTTP/1.1".to_owned(), "", 401, "NO_AUTH_FOUND"),
        (hook("no.such.method"), "", 404, "ERROR_METHOD_NOT_FOUND"),
        (hook("user.userfield.file.get"), "", 404, "ERROR_METHOD_NOT_FOUND"),
        ("POST /elsewhere HTTP/1.1".to_owned(), "", 404, "ERROR_METHOD_NOT_FOUND"),
        (hook("user.get"), "{\"FILTER\": ", 400, "INVALID_REQUEST"),
        (hook("user.get"), "{'FILTER': 1}", 400, "INVALID_REQUEST"),
        (format!("{}\nContent-Type: text/plain", hook("user.get")), "x", 400, "INVALID_REQUEST"),
        (format!("DELETE {} HTTP/1.1", path(&portal, "user.get")), "", 405, "INVALID_REQUEST"),
        (hook("user.update"), "{\"ID\": 1e99}", 400, "ERROR_CORE"),
        (hook("user.add"), "{\"EMAIL\": \"user10@example.org\", \"UF_DEPARTMENT\": 5}", 400, "ERROR_ARGUMENT"),
        (hook("user.add"), "{\"EMAIL\": \"new@example.org\"}", 400, "ERROR_ARGUMENT"),
        (hook("user.add"), "{\"EMAIL\": \"new@example.org\", \"EXTRANET\": \"Y\"}", 400, "ERROR_GROUPID"),
        (hook("user.userfield.delete"), "{\"id\": 99}", 400, ""),
    ] {
        let (found, _, answer) = send(&portal, &head, body.as_bytes());
        assert_eq!((found, &answer["error"]), (status, &Value::from(code)), "{head} {body}: {answer}");
        assert!(answer["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    }
    let narrow = Sandbox::new(&TABLES).scopes(["crm"]).start().expect("a free port");
    let head = format!("POST {} HTTP/1.1", path(&narrow, "user.get"));
    assert_eq!(send(&narrow, &head, b"").2["error"], "insufficient_scope");
}

#[test]
fn what_only_an_application_may_call_is_refused_by_webhook() {
    let portal = portal();
    let body = br#"{"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://app.example/tab"}"#;
    let (status, _, answer) = send(&portal, &format!("POST {} HTTP/1.1", path(&portal, "placement.bind")), body);
    assert_eq!((status, &answer["error"]), (403, &Value::from("WRONG_AUTH_TYPE")), "{answer}");
    assert!(answer["error_description"].as_str().is_some_and(|text| text.contains("Application context required")));
    let by_token = format!("POST /rest/placement.bind?auth={} HTTP/1.1", portal.token());
    let (status, head, answer) = send(&portal, &by_token, body);
    assert!(status == 200 && head.contains("x-sandbox-canned: true"), "{answer}");
    let (status, _, answer) = send(&portal, &format!("POST {} HTTP/1.1", path(&portal, "disk.storage.getForApp")), b"");
    assert_eq!((status, &answer["error"]), (403, &Value::from("WRONG_AUTH_TYPE")), "{answer}");
}
