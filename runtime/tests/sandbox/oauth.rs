//! The authorisation server: codes, tokens, refreshes and their ends.

use std::time::Duration;

use bitrix24_runtime::sandbox::{Options, Portal};
use bitrix24_runtime::{Value, json};

use crate::support::{portal, request, sandbox};

fn token(portal: &Portal, rest: &str) -> (u16, Value) {
    let (id, secret) = (portal.client_id(), portal.client_secret());
    let line = format!("GET /oauth/token/?client_id={id}&client_secret={secret}&{rest}");
    let answer = request(portal, &line, "", b"").expect("an answer");
    (answer.status, answer.json())
}

fn profile(portal: &Portal, token: &str) -> (u16, Value) {
    let answer = request(portal, &format!("GET /rest/profile?auth={token}"), "", b"").expect("an answer");
    (answer.status, answer.json())
}

#[test]
fn a_code_becomes_tokens_once_and_soon() {
    let portal = portal();
    let authorize = format!(
        "GET /oauth/authorize/?client_id={}&state=x%20y&redirect_uri=http://127.0.0.1:9/back",
        portal.client_id()
    );
    let code = || {
        let answer = request(&portal, &authorize, "", b"").expect("an answer");
        assert_eq!(answer.status, 302);
        let location =
            answer.head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a place").to_owned();
        assert!(location.starts_with("http://127.0.0.1:9/back?code=") && location.contains("state=x+y"), "{location}");
        location.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code").to_owned()
    };
    let first = code();
    let (status, pair) = token(&portal, &format!("grant_type=authorization_code&code={first}"));
    assert_eq!((status, &pair["expires_in"], &pair["status"]), (200, &json!(3600), &json!("L")));
    assert_eq!(pair["client_endpoint"], format!("{}/rest/", portal.address()));
    assert_eq!(profile(&portal, pair["access_token"].as_str().expect("text")).0, 200);
    assert_eq!(token(&portal, &format!("grant_type=authorization_code&code={first}")).1["error"], "invalid_grant");
    let late = code();
    portal.advance(Duration::from_secs(31));
    assert_eq!(token(&portal, &format!("grant_type=authorization_code&code={late}")).1["error"], "invalid_grant");
    assert_eq!(
        request(&portal, "GET /oauth/authorize/?client_id=other", "", b"").map(|answer| answer.status),
        Some(400)
    );
}

#[test]
fn a_refresh_token_works_once() {
    let portal = sandbox()
        .options(Options { token_life: Some(Duration::from_secs(60)), ..Options::default() })
        .start()
        .expect("a free port");
    assert_eq!(profile(&portal, portal.token()).0, 200);
    portal.advance(Duration::from_secs(60));
    let (status, expired) = profile(&portal, portal.token());
    assert_eq!((status, &expired["error"]), (401, &json!("expired_token")));
    let refresh = |token_text: &str| token(&portal, &format!("grant_type=refresh_token&refresh_token={token_text}"));
    let (status, pair) = refresh(portal.refresh_token());
    assert_eq!((status, &pair["expires_in"], &pair["user_id"]), (200, &json!(60), &json!(1)));
    assert_eq!(profile(&portal, pair["access_token"].as_str().expect("text")).0, 200);
    let (status, again) = refresh(portal.refresh_token());
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
    let next = pair["refresh_token"].as_str().expect("text");
    assert_eq!(refresh(next).0, 200);
    assert_eq!(portal.counts().token_requests, 3);
    portal.expire_token();
    assert_eq!(profile(&portal, pair["access_token"].as_str().expect("text")).1["error"], "expired_token");
}

#[test]
fn strangers_get_no_token() {
    let portal = portal();
    let ask = |query: &str| {
        let answer = request(&portal, &format!("GET /oauth/token/?{query}"), "", b"").expect("an answer");
        (answer.status, answer.json()["error"].as_str().map(str::to_owned))
    };
    let known = format!("client_id={}&client_secret={}", portal.client_id(), portal.client_secret());
    assert_eq!(ask("grant_type=refresh_token&refresh_token=sandboxrefresh00"), (401, Some("invalid_client".into())));
    assert_eq!(ask(&known), (400, Some("invalid_request".into())));
    assert_eq!(ask(&format!("{known}&grant_type=refresh_token&refresh_token=")), (400, Some("invalid_grant".into())));
    assert_eq!(profile(&portal, "wrong").1["error"], "NO_AUTH_FOUND");
    let shown = request(&portal, "GET /_sandbox/data/oauth.token", "", b"").expect("an answer");
    assert_eq!(shown.status, 404, "tokens are no data");
}
