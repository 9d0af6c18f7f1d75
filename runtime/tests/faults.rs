//! The client against servers that misbehave: each fault ends in a typed error or a correct answer, a write is never
//! reported as failed when it may have been carried out, and no secret shows.

use std::error::Error as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::auth::{OAuthApp, Tokens};
use bitrix24_runtime::{Call, Client, Effect, Error, Method, Paging, Response, Rest, RetryPolicy, json};

const CODE: &str = "s3cretCode";

/// What a server does with one connection, after it has read the request.
type Play = Box<dyn Fn(&mut TcpStream, &str) + Send>;

/// A server that plays one part a connection, and keeps the requests.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(plays: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("known").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for play in plays {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let request = read(&mut stream);
                kept.lock().expect("whole").push(request.clone());
                play(&mut stream, &request);
            }
        });
        Self { address, requests }
    }

    fn webhook(&self) -> String {
        format!("http://{}/rest/1/{CODE}/", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("whole").clone()
    }
}

/// Reads a whole request: head, and as much body as it announces.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn answer(status: &'static str, headers: &'static str, body: impl Into<Vec<u8>>) -> Play {
    let body = body.into();
    Box::new(move |stream, _| {
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
    })
}

fn json_answer(body: &'static str) -> Play {
    answer("200 OK", "content-type: application/json\r\n", body)
}

fn hang_up() -> Play {
    Box::new(|_, _| {})
}

fn cut_off() -> Play {
    Box::new(|stream, _| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"result\": tr",
        );
    })
}

fn silence() -> Play {
    Box::new(|_, _| std::thread::sleep(Duration::from_secs(3)))
}

fn redirect(status: &'static str, location: String) -> Play {
    Box::new(move |stream, _| {
        let head =
            format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
    })
}

fn call(effect: Effect) -> Call {
    Call::new(Method::new("thing.do", Rest::V2, effect, Paging::None)).param("ID", 7)
}

async fn outcome(address: &str, effect: Effect) -> Result<Response, Error> {
    let client = Client::builder(address)
        .timeout(Duration::from_millis(400))
        .connect_timeout(Duration::from_millis(250))
        .retry(RetryPolicy::never())
        .patience(Duration::ZERO)
        .build()
        .expect("a good address");
    let outcome = client.execute(call(effect)).await;
    if let Err(error) = &outcome {
        let mut shown = format!("{error} {error:?} {client:?}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            shown.push_str(&format!(" {inner} {inner:?}"));
            cause = inner.source();
        }
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    outcome
}

async fn fault(play: fn() -> Play, effect: Effect) -> Error {
    let server = Server::new(vec![play()]);
    let error = outcome(&server.webhook(), effect).await.expect_err("a fault");
    assert_eq!(server.requests().len(), 1, "one request, whatever happens to it");
    error
}

#[tokio::test]
async fn a_good_answer_is_read_whatever_its_dress() {
    let gzip = {
        // `{"result":true}`, compressed.
        let bytes: &[u8] = &[
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 74, 45, 46, 205, 41, 81, 178, 42, 41, 42, 77, 173, 5, 0, 93,
            156, 102, 248, 15, 0, 0, 0,
        ];
        bytes.to_vec()
    };
    for play in [
        json_answer("{\"result\":true}"),
        answer("200 OK", "content-type: text/html\r\n", "\u{FEFF} {\"result\":true}\n"),
        answer("200 OK", "content-type: application/json\r\ncontent-encoding: gzip\r\n", gzip),
    ] {
        let server = Server::new(vec![play]);
        let response = outcome(&server.webhook(), Effect::Update).await.expect("answered");
        assert_eq!(response.result, json!(true));
        let request = &server.requests()[0];
        assert!(request.starts_with(&format!("POST /rest/1/{CODE}/thing.do HTTP/1.1\r\n")), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"ID\":7}"), "{request}");
        let head = request.to_lowercase();
        for header in [
            "content-type: application/json",
            "accept: application/json",
            "user-agent: bitrix24-rust/",
            "accept-encoding: gzip",
        ] {
            assert!(head.contains(header), "{header} in {head}");
        }
    }
}

#[tokio::test]
async fn what_surely_did_not_happen_is_told_apart_from_what_may_have() {
    for (play, name) in [(hang_up as fn() -> Play, "hang up"), (cut_off, "cut off"), (silence, "silence")] {
        let error = fault(play, Effect::Read).await;
        assert!(matches!(error, Error::Interrupted { .. } | Error::Timeout { .. }), "{name}: {error:?}");
        for effect in [Effect::Create, Effect::Update, Effect::Delete, Effect::Action] {
            match fault(play, effect).await {
                Error::OutcomeUnknown { call, .. } => assert_eq!(call.params().get("ID"), Some(&json!(7)), "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn pages_of_proxies_are_no_answers() {
    let html = || answer("502 Bad Gateway", "content-type: text/html\r\n", "<html>502</html>");
    let error = fault(html, Effect::Read).await;
    assert_eq!(error.to_string(), "thing.do: expected JSON, got text/html (502 Bad Gateway)");
    assert!(matches!(fault(html, Effect::Update).await, Error::OutcomeUnknown { .. }));
    // Refused before it reached the portal, or no place where calls are taken.
    let refused = [("401 Unauthorized", 401), ("404 Not Found", 404), ("413 Payload Too Large", 413)];
    for (line, status) in refused {
        let server = Server::new(vec![answer(line, "content-type: text/html\r\n", "<html>")]);
        let error = outcome(&server.webhook(), Effect::Create).await.expect_err("no answer");
        assert!(matches!(error, Error::Decode { status: Some(found), .. } if found == status), "{error:?}");
        assert_eq!(
            (error.to_string(), error.is_carried_out()),
            (format!("thing.do: expected JSON, got text/html ({line}); the call was not carried out"), Some(false))
        );
    }
    // A firewall's page may stand in the place of the portal's answer.
    let blocked = || answer("403 Forbidden", "content-type: text/html\r\n", "<html>");
    let error = fault(blocked, Effect::Create).await;
    assert!(matches!(error, Error::OutcomeUnknown { .. }) && error.is_carried_out().is_none(), "{error:?}");
    let error = fault(blocked, Effect::Read).await;
    assert!(matches!(error, Error::Decode { status: Some(403), .. }), "{error:?}");
    assert_eq!(error.is_carried_out(), Some(false), "a read changes nothing");
}

/// The secrets that a call is made with come back in whatever a server says.
#[tokio::test]
async fn what_servers_quote_of_secrets_is_masked() {
    let said =
        r#"{"error":"BAD_s3cretCode","error_description":"bad /rest/1/s3cretCode/thing.do","error_message":"x"}"#;
    let v3 = r#"{"error":{"code":"C","message":"at s3cretCode","validation":[{"field":"s3cretCode","message":"s3cretCode"}]}}"#;
    for (status, headers, body, part) in [
        ("400 Bad Request", "content-type: application/json\r\n", said, "BAD_***: bad /rest/1/***/thing.do"),
        ("400 Bad Request", "content-type: application/json\r\n", v3, "at *** (HTTP 400)\n  ***: ***"),
        (
            "200 OK",
            "content-type: text/html /rest/1/s3cretCode/thing.do\r\n",
            "x",
            "got text/html /rest/1/***/thing.do",
        ),
    ] {
        let server = Server::new(vec![answer(status, headers, body)]);
        // Here it is made sure that no secret is shown.
        let error = outcome(&server.webhook(), Effect::Read).await.expect_err("refused");
        assert!(error.to_string().contains(part), "{error}");
        let server = Server::new(vec![answer(status, headers, body)]);
        outcome(&server.webhook(), Effect::Create).await.expect_err("refused");
    }
    // A token in the same way, and the commands of a batch.
    let batch = r#"{"result":{"result":[],"result_error":{"c0":{"error":"E","error_description":"no s3cretToken"}}}}"#;
    let said = r#"{"error":"E","error_description":"auth=s3cretToken"}"#;
    for (status, body) in [("400 Bad Request", said), ("200 OK", batch)] {
        let server = Server::new((0..2).map(|_| answer(status, "content-type: application/json\r\n", body)).collect());
        let client = Client::with_token(&format!("http://{}/", server.address), "s3cretToken").expect("a good address");
        let replies = client.batch([call(Effect::Read), call(Effect::Read)]).await.expect("sent");
        let Some(Err(error)) = replies.get(0) else { panic!("{replies:?}") };
        assert!(!format!("{error} {error:?}").contains("s3cret") && error.to_string().contains("***"), "{error:?}");
    }
}

#[tokio::test]
async fn an_authorisation_server_may_quote_what_it_was_sent() {
    let said = r#"{"error":"invalid_grant","error_description":"no s3cretRefresh of s3cretClient"}"#;
    let server = Server::new(vec![answer("400 Bad Request", "", said)]);
    let app = OAuthApp::new("app.1", "s3cretClient").server(format!("http://{}", server.address));
    let error = app.refresh(&Tokens::new("", "s3cretRefresh")).await.expect_err("refused");
    assert!(error.to_string().contains("no *** of ***") && !format!("{error:?}").contains("s3cret"), "{error:?}");
    assert_eq!(error.code(), Some("invalid_grant"));
}

#[tokio::test]
async fn a_place_that_was_redirected_to_is_named_when_it_fails() {
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let server = Server::new(vec![redirect("302 Found", format!("http://{gone}/rest/1/{CODE}/thing.do"))]);
    let error = outcome(&server.webhook(), Effect::Create).await.expect_err("unreachable");
    assert!(matches!(&error, Error::Connect { host, .. } if *host == gone.to_string()), "{error:?}");
    let silent = Server::new(vec![hang_up()]);
    let server = Server::new(vec![redirect("302 Found", format!("http://{}/rest/1/{CODE}/x", silent.address))]);
    let error = outcome(&server.webhook(), Effect::Read).await.expect_err("interrupted");
    assert!(matches!(&error, Error::Interrupted { host, .. } if *host == silent.address), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_no_broken_connection() {
    let garbage =
        || answer("200 OK", "content-type: application/json\r\ncontent-encoding: gzip\r\n", "\x1f\x0bgarbage, no gzip");
    let error = fault(garbage, Effect::Read).await;
    assert!(matches!(error, Error::Decode { status: Some(200), .. }), "{error:?}");
    assert!(error.to_string().starts_with("thing.do: the answer cannot be unpacked: "), "{error}");
    let error = fault(garbage, Effect::Create).await;
    assert!(matches!(&error, Error::OutcomeUnknown { reason, .. } if reason.contains("unpacked")), "{error:?}");
}

/// With a key a write is sent again. What hinders the second attempt says nothing of the first.
#[tokio::test]
async fn a_write_that_may_have_been_carried_out_stays_one() {
    let lost = || answer("502 Bad Gateway", "content-type: text/html\r\n", "<html>");
    let outcome = async |plays: Vec<Play>| {
        let server = Server::new(plays);
        let retry = RetryPolicy::default().retries(1).base(Duration::from_millis(1));
        let client = Client::builder(&server.webhook()).retry(retry).build().expect("a good address");
        let write = Call::new(Method::new("thing.add", Rest::V3, Effect::Create, Paging::None));
        client.execute(write).await.expect_err("not carried out, or nobody knows")
    };
    let page = || answer("404 Not Found", "content-type: text/html\r\n", "<html>");
    let unauthorised = || answer("401 Unauthorized", "", r#"{"error":"NO_AUTH_FOUND"}"#);
    let refused = || answer("400 Bad Request", "", r#"{"error":{"code":"C","message":"M"}}"#);
    for second in [page(), unauthorised()] {
        let error = outcome(vec![lost(), second]).await;
        let Error::OutcomeUnknown { reason, idempotency_key: Some(_), .. } = &error else { panic!("{error:?}") };
        assert!(reason.contains("502") && reason.contains("; then: "), "{reason}");
    }
    // The port is closed behind the first.
    let error = outcome(vec![lost()]).await;
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    // The portal knows the key: had it carried the first out, it would say so.
    assert!(matches!(outcome(vec![lost(), refused()]).await, Error::Portal(_)));
    assert!(matches!(outcome(vec![page()]).await, Error::Decode { .. }), "one attempt, and it is known");
}

/// A record that was made is not lost because its answer looks otherwise than it should.
#[tokio::test]
async fn an_answer_to_a_write_that_cannot_be_read_is_kept() {
    let server = Server::new((0..2).map(|_| json_answer("{\"result\":{\"ID\":\"7\"}}")).collect());
    let client = Client::builder(&server.webhook()).build().expect("a good address");
    let error = call(Effect::Create).send_as::<bool>(&client).await.expect_err("no boolean");
    assert!(error.to_string().starts_with("thing.do: the portal carried it out, but its result"), "{error}");
    assert_eq!(error.is_carried_out(), Some(true));
    let Error::Unreadable { answer, .. } = error else { panic!("{error:?}") };
    assert_eq!(answer.result["ID"], "7");
    // A read is made again.
    let error = call(Effect::Read).send_as::<bool>(&client).await.expect_err("no boolean");
    assert!(matches!(error, Error::Decode { status: None, .. }), "{error:?}");
    assert_eq!(error.is_carried_out(), Some(false));
}

#[tokio::test]
async fn an_error_of_the_portal_is_one_for_reads_and_writes() {
    let busy = || {
        answer(
            "503 Service Unavailable",
            "content-type: application/json\r\n",
            "{\"error\":\"QUERY_LIMIT_EXCEEDED\",\"error_description\":\"Too many requests\"}",
        )
    };
    for effect in [Effect::Read, Effect::Create] {
        let error = fault(busy, effect).await;
        let portal = error.portal().expect("the portal's");
        assert!(portal.is_limit() && portal.status == 503, "{portal:?}");
    }
}

#[tokio::test]
async fn a_portal_that_moved_gets_the_same_post_at_its_new_place() {
    for status in ["302 Found", "301 Moved Permanently", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let new = Server::new(vec![json_answer("{\"result\":5}")]);
        let old = Server::new(vec![redirect(status, format!("http://{}/rest/1/{CODE}/thing.do", new.address))]);
        let response = outcome(&old.webhook(), Effect::Create).await.expect("answered");
        assert_eq!(response.result, json!(5));
        assert!(new.requests()[0].starts_with("POST ") && new.requests()[0].ends_with("{\"ID\":7}"), "{status}");
    }
}

#[tokio::test]
async fn redirects_without_end_or_aim_are_refused() {
    let server = Server::new((0..9).map(|_| redirect("302 Found", "/rest/1/x/again".into())).collect());
    let error = outcome(&server.webhook(), Effect::Update).await.expect_err("no end");
    assert!(matches!(error, Error::Decode { status: Some(302), .. }), "{error:?}");
    assert_eq!(server.requests().len(), 4);
    for location in ["", "ftp://127.0.0.1/", "http://"] {
        let server = Server::new(vec![redirect("302 Found", location.to_owned())]);
        let error = outcome(&server.webhook(), Effect::Update).await.expect_err("no aim");
        assert!(matches!(error, Error::Decode { .. }), "{location}: {error:?}");
    }
}

#[tokio::test]
async fn a_redirect_leads_no_request_out_of_this_machine_unencrypted() {
    // Of a network that is for documentation: nobody is there.
    let server = Server::new(vec![redirect("307 Temporary Redirect", "http://192.0.2.1/rest/1/x/thing.do".into())]);
    let error = outcome(&server.webhook(), Effect::Create).await.expect_err("refused");
    assert!(matches!(&error, Error::Decode { status: Some(307), .. }), "{error:?}");
    assert!(error.to_string().contains("192.0.2.1, which is not encrypted"), "{error}");
}

#[tokio::test]
async fn no_time_is_too_long() {
    let server = Server::new((0..2).map(|_| json_answer("{\"result\":1}")).collect());
    let client = |address: &str| Client::builder(address).retry(RetryPolicy::never());
    let longest = Duration::MAX;
    let timeouts = client(&server.webhook()).timeout(longest).total_timeout(longest).patience(longest);
    let timeouts = timeouts.connect_timeout(longest).build().expect("a good address");
    assert_eq!(timeouts.execute(call(Effect::Read)).await.expect("answered").result, json!(1));
    // The server wants to be left alone for ever.
    let busy = || answer("503 X", "retry-after: 18446744073709551615\r\n", b"<html>".to_vec());
    let server = Server::new(vec![busy(), busy()]);
    let short = Client::builder(&server.webhook()).total_timeout(Duration::from_secs(5)).build();
    let error = short.expect("a good address").execute(call(Effect::Read)).await.expect_err("busy");
    assert!(matches!(error, Error::Decode { status: Some(503), .. }), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_reached_was_not_sent() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    for address in [
        format!("http://127.0.0.1:{port}/rest/1/{CODE}/"),
        format!("https://127.0.0.1:{port}/rest/1/{CODE}/"),
        format!("https://no-such-host.invalid/rest/1/{CODE}/"),
    ] {
        let error = outcome(&address, Effect::Create).await.expect_err("unreachable");
        assert!(matches!(error, Error::Connect { .. }), "{address}: {error:?}");
    }
    // A server that speaks no TLS.
    let server = Server::new(vec![json_answer("{}")]);
    let error = outcome(&server.webhook().replace("http:", "https:"), Effect::Create).await.expect_err("no TLS");
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_may_not_fill_the_memory() {
    let server = Server::new(vec![answer("200 OK", "", vec![b' '; 100_000])]);
    let client = Client::builder(&server.webhook()).largest_answer(50_000).build().expect("a good address");
    let error = client.execute(call(Effect::Read)).await.expect_err("too large");
    assert!(error.to_string().contains("larger than 50000 bytes"), "{error}");
}

#[tokio::test]
async fn the_token_goes_first_into_the_body_and_nowhere_else() {
    let server = Server::new(vec![json_answer("{\"result\":{}}")]);
    let client = Client::with_token(&format!("http://{}/", server.address), "s3cretToken").expect("a good address");
    client.execute(call(Effect::Read).param("auth", "mine")).await.expect("answered");
    let request = &server.requests()[0];
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    assert_eq!(body, "{\"auth\":\"s3cretToken\",\"ID\":7}");
    assert!(head.starts_with("POST /rest/thing.do HTTP/1.1\r\n") && !head.contains("s3cret"), "{head}");
}

#[tokio::test]
async fn connections_that_make_no_sense_are_refused() {
    for (address, token, part) in [
        ("https://h/rest/1/s3cretCode/", Some("t"), "is a webhook, which needs no token"),
        ("h", None, "an access token is needed"),
        ("http://h", Some("t"), "plain http to h"),
        ("", Some("t"), "address is empty"),
    ] {
        let mut builder = Client::builder(address);
        if let Some(token) = token {
            builder = builder.token(token);
        }
        let error = builder.build().expect_err("no sense");
        assert!(matches!(error, Error::Usage(_)) && error.to_string().contains(part), "{address}: {error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    assert!(Client::builder("http://192.0.2.1/rest/1/code/").allow_http(true).build().is_ok());
}
