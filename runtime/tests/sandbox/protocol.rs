//! The protocol, the limits and the faults.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use bitrix24_runtime::sandbox::{Bucket, Fault, FaultKind, Mutation, Operating, Options, Seed, Trigger};
use bitrix24_runtime::{Value, json};

use crate::support::{answer, call, control, portal, request, sandbox};

#[test]
fn deals_are_kept_without_any_spec() {
    let portal = portal();
    let (status, added) =
        answer(&portal, "CRM.deal.ADD.json", json!({"FIELDS": {"TITLE": "New", "OPPORTUNITY": 12.5, "ID": 7}}));
    assert_eq!(status, 200);
    let id = added["result"].as_u64().expect("a number");
    let (_, got) = answer(&portal, "crm.deal.get", json!({"id": id}));
    assert_eq!(
        (
            &got["result"]["TITLE"],
            &got["result"]["OPPORTUNITY"],
            &got["result"]["ID"],
            &got["result"]["ASSIGNED_BY_ID"]
        ),
        (&json!("New"), &json!("12.50"), &json!(id.to_string()), &json!("1"))
    );
    assert_eq!(answer(&portal, "crm.deal.update", json!({"id": id, "fields": {"TITLE": "Newer"}})).1["result"], true);
    let (_, listed) = answer(
        &portal,
        "crm.deal.list",
        json!({"filter": {"%TITLE": "newer", ">OPPORTUNITY": 10}, "select": ["TITLE"], "order": {"TITLE": "DESC"}}),
    );
    assert_eq!(listed["result"], json!([{"ID": id.to_string(), "TITLE": "Newer"}]));
    assert_eq!((&listed["total"], listed.get("next")), (&json!(1), None));
    assert_eq!(answer(&portal, "crm.deal.delete", json!({"id": id})).1["result"], true);
    let (status, gone) = answer(&portal, "crm.deal.get", json!({"id": id}));
    assert_eq!((status, &gone["error_description"]), (400, &json!("Not found")));
    let (_, fields) = answer(&portal, "crm.deal.fields", json!({}));
    assert_eq!(fields["result"]["ID"]["isReadOnly"], true);
    let (_, person) =
        answer(&portal, "crm.contact.add", json!({"fields": {"NAME": "Olga", "PHONE": [{"VALUE": "+1"}]}}));
    let (_, person) = answer(&portal, "crm.contact.get", json!({"ID": person["result"]}));
    assert_eq!(
        person["result"]["PHONE"],
        json!([{"VALUE_TYPE": "WORK", "VALUE": "+1", "ID": "1", "TYPE_ID": "PHONE"}])
    );
}

#[test]
fn multipart_bodies_are_forms() {
    let portal = portal();
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned() + "crm.deal.add";
    let body = "--x\r\nContent-Disposition: form-data; name=\"fields[TITLE]\"\r\n\r\nFrom parts\r\n\
                --x\r\nContent-Disposition: form-data; name=\"fields[UF_CRM_FILE]\"; filename=\"a.txt\"\r\n\r\nabc\r\n--x--\r\n";
    let added =
        request(&portal, &format!("POST {path}"), "Content-Type: multipart/form-data; boundary=x\r\n", body.as_bytes());
    let id = added.expect("an answer").json()["result"].clone();
    assert_eq!(answer(&portal, "crm.deal.get", json!({"id": id})).1["result"]["TITLE"], "From parts");
    let broken =
        request(&portal, &format!("POST {path}"), "Content-Type: multipart/form-data; boundary=x\r\n", b"--x\r\nno");
    assert_eq!(broken.map(|answer| answer.status), Some(400));
}

#[test]
fn lists_are_walked_by_number_inside_one_batch() {
    let portal = sandbox().seed(Seed::Empty).start().expect("a free port");
    portal.fill("crm.deal", 220);
    let mut commands = bitrix24_runtime::Object::new();
    let list = "crm.deal.list?start=-1&order%5BID%5D=ASC&select%5B%5D=ID&filter%5B%3EID%5D=";
    commands.insert("p0".into(), format!("{list}0").into());
    for page in 1..6 {
        commands.insert(format!("p{page}"), format!("{list}$result[p{}][49][ID]", page - 1).into());
    }
    let (_, batch) = answer(&portal, "batch", json!({"cmd": commands, "halt": 1}));
    let pages = &batch["result"]["result"];
    let sizes: Vec<usize> = (0..6).map(|page| pages[format!("p{page}")].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(sizes, [50, 50, 50, 50, 20, 50], "a reference that points nowhere is empty and bounds nothing");
    assert_eq!(batch["result"]["result_total"]["p0"], 0);
    assert_eq!(batch["result"]["result_next"], json!([]));
    assert_eq!(pages["p4"][19]["ID"], portal.records("crm.deal")[219]["ID"]);
    let counts = portal.counts();
    assert_eq!((counts.requests, counts.commands, portal.calls("crm.deal.list")), (1, 6, 6));
    assert_eq!(portal.requests()[0].commands.len(), 6);
}

#[test]
fn the_bucket_overflows_for_each_address_and_leaks() {
    let options = Options { bucket: Some(Bucket { rate: 2.0, burst: 3.0, level: 0.0 }), ..Options::default() };
    let portal = sandbox().options(options).start().expect("a free port");
    let statuses: Vec<u16> = (0..5).map(|_| answer(&portal, "server.time", json!({})).0).collect();
    assert_eq!(statuses, [200, 200, 200, 503, 503]);
    let (_, refused) = answer(&portal, "server.time", json!({}));
    assert_eq!(refused["error"], "QUERY_LIMIT_EXCEEDED");
    portal.advance(Duration::from_secs(1));
    assert_eq!(answer(&portal, "batch", json!({"cmd": ["server.time", "server.time"]})).0, 200, "a batch counts once");
    assert_eq!(portal.counts().statuses[&503], 3);
}

#[test]
fn a_method_that_ran_too_long_is_refused_alone() {
    let operating =
        Operating { limit: Some(1.0), costs: [("server.time".to_owned(), 0.6)].into(), ..Operating::default() };
    let portal = sandbox().options(Options { operating, ..Options::default() }).start().expect("a free port");
    let (_, first) = answer(&portal, "server.time", json!({}));
    assert_eq!(first["time"]["operating"], 0.6);
    let (_, batch) = answer(&portal, "batch", json!({"cmd": {"a": "server.time", "b": "server.time", "c": "profile"}}));
    assert_eq!(batch["result"]["result_error"]["b"]["error"], "OPERATION_TIME_LIMIT");
    assert_eq!(
        (batch["result"]["result_time"]["a"]["operating"].as_f64(), &batch["result"]["result"]["c"]["ADMIN"]),
        (Some(1.2), &json!(true))
    );
    assert_eq!(answer(&portal, "server.time", json!({})).0, 429);
    portal.advance(Duration::from_secs(600));
    assert_eq!(answer(&portal, "server.time", json!({})).0, 200);
}

#[test]
fn each_fault_does_what_it_says() {
    let portal = sandbox().seed(Seed::Empty).start().expect("a free port");
    let add = |kind: FaultKind| {
        portal.reset();
        portal.fault(Fault::new(kind).on("crm.deal.*"));
        let answer = call(&portal, "crm.deal.add", &json!({"fields": {"TITLE": "x"}}));
        (answer, portal.records("crm.deal").len())
    };
    let status = |kind: FaultKind| {
        let (answer, kept) = add(kind);
        (answer.map(|answer| answer.status), kept)
    };
    assert_eq!(status(FaultKind::QueryLimit), (Some(503), 0));
    assert_eq!(status(FaultKind::OperationLimit), (Some(429), 0));
    assert_eq!(status(FaultKind::ExpiredToken), (Some(401), 0));
    assert_eq!(status(FaultKind::Error { status: 500, code: "X".into() }), (Some(500), 0));
    assert_eq!(status(FaultKind::Reset { committed: false }), (None, 0));
    assert_eq!(status(FaultKind::Reset { committed: true }), (None, 1));
    assert_eq!(status(FaultKind::Close { committed: false }), (None, 0));
    assert_eq!(status(FaultKind::Close { committed: true }), (None, 1));
    assert_eq!(status(FaultKind::Hang { ms: 1 }), (None, 1));
    assert_eq!(portal.requests()[0].fault.as_deref(), Some("hang"));

    let (page, kept) = add(FaultKind::Html { status: 502, committed: true });
    let page = page.expect("a page");
    assert_eq!((page.status, kept, page.body.starts_with(b"<html>")), (502, 1, true));
    let (moved, _) = add(FaultKind::Redirect { location: "http://127.0.0.1:9".into() });
    assert!(moved.expect("an answer").head.contains("location: http://127.0.0.1:9/rest/1/"));
    let (cut, kept) = add(FaultKind::Truncated);
    let cut = cut.expect("its head");
    let length: usize =
        cut.head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok()).expect("a length");
    assert_eq!((kept, cut.body.len()), (1, length / 2));
    let (half, _) = add(FaultKind::HalfJson);
    assert!(half.is_some_and(|half| serde_json::from_slice::<Value>(&half.body).is_err()));
    let (drops, _) = add(FaultKind::Drip { bytes: 64, ms: 1 });
    assert_eq!(drops.expect("an answer").json()["result"], 1);
}

#[test]
fn commands_of_a_batch_fail_alone() {
    let portal = portal();
    portal.fault(Fault::new(FaultKind::Commands { commands: vec![2], code: "OPERATION_TIME_LIMIT".into() }).at([1]));
    let batch = json!({"cmd": {"a": "server.time", "b": "server.time"}});
    let (_, first) = answer(&portal, "batch", batch.clone());
    assert_eq!(first["result"]["result_error"]["b"]["error"], "OPERATION_TIME_LIMIT");
    assert_eq!(answer(&portal, "batch", batch).1["result"]["result_error"], json!([]));
}

#[test]
fn records_come_and_go_between_pages() {
    let portal = portal();
    portal.fill("crm.deal", 120);
    let mutation = Mutation {
        trigger: Trigger { method: Some("crm.deal.list".into()), at: vec![2], ..Trigger::default() },
        collection: "crm.deal".into(),
        delete_first: 7,
        delete_last: 1,
        add: 2,
    };
    portal.set_options(Options { mutations: vec![mutation], ..Options::default() });
    let totals: Vec<Value> = (0..3).map(|_| answer(&portal, "crm.deal.list", json!({})).1["total"].clone()).collect();
    assert_eq!(totals, [120, 114, 114]);
}

#[test]
fn a_test_in_any_language_steers_it() {
    let portal = portal();
    let (status, set) = control(
        &portal,
        "POST /_sandbox/options",
        &json!({"latency_ms": 1, "faults": [{"kind": "reset", "method": "profile"}]}),
    );
    assert_eq!((status, &set["latency_ms"]), (200, &json!(1)));
    assert!(call(&portal, "profile", &json!({})).is_none());
    assert_eq!(answer(&portal, "server.time", json!({})).0, 200);
    let (_, log) = control(&portal, "GET /_sandbox/log", &json!({}));
    assert_eq!((&log["counts"]["requests"], &log["counts"]["faults"]["reset"]), (&json!(2), &json!(1)));
    assert_eq!(log["requests"][1]["method"], "server.time");
    let (_, data) = control(&portal, "GET /_sandbox/data", &json!({}));
    assert_eq!(data["crm.deal"], 3);
    assert_eq!(control(&portal, "GET /_sandbox/data/crm.deal", &json!({})).1[0]["ID"], "1");
    answer(&portal, "crm.deal.delete", json!({"id": 1}));
    assert_eq!(control(&portal, "POST /_sandbox/reset", &json!({"latency_ms": 2})).1["faults"], json!([]));
    assert_eq!(
        (portal.records("crm.deal").len(), portal.counts().requests, portal.options().latency),
        (3, 0, Duration::from_millis(2))
    );
    for (line, body) in [
        ("POST /_sandbox/options", json!({"latency": 1})),
        ("POST /_sandbox/advance", json!({"seconds": -1})),
        ("POST /_sandbox/advance", json!({"seconds": 1e300})),
    ] {
        assert_eq!(control(&portal, line, &body).0, 400, "{line} {body}");
    }
    assert_eq!(control(&portal, "GET /_sandbox/nothing", &json!({})).0, 404);
}

#[test]
fn callers_are_told_apart() {
    let portal = sandbox().scopes(["crm"]).start().expect("a free port");
    let code = |user: u64| {
        let path = portal.webhook_of(user).trim_start_matches(&portal.address()).to_owned();
        let answer = request(&portal, &format!("GET {path}user.current"), "", b"").expect("an answer");
        (answer.status, answer.json()["error"].clone())
    };
    assert_eq!(code(1), (403, json!("insufficient_scope")));
    assert_eq!(code(99), (401, json!("NO_AUTH_FOUND")));
    assert_eq!(answer(&portal, "scope", json!({})).1["result"], json!(["crm"]));
    assert!(
        answer(&portal, "methods", json!({})).1["result"]
            .as_array()
            .is_some_and(|names| names.contains(&json!("crm.deal.list")))
    );
    let open = sandbox().start().expect("a free port");
    answer(&open, "user.update", json!({"ID": 10, "ACTIVE": false}));
    let path = open.webhook_of(10).trim_start_matches(&open.address()).to_owned();
    let refused = request(&open, &format!("GET {path}user.current"), "", b"").expect("an answer");
    assert_eq!((refused.status, &refused.json()["error"]), (403, &json!("INVALID_CREDENTIALS")));
}

#[test]
fn nothing_that_is_sent_brings_it_down() {
    let portal = portal();
    let deep = "[".repeat(10_000);
    let brackets = format!("a{}=1", "[x]".repeat(10_000));
    let many = (0..20_000).map(|at| format!("a[{at}]=1")).collect::<Vec<_>>().join("&");
    let (form, json) = ("", "Content-Type: application/json\r\n");
    for (kind, body) in [(json, deep.clone()), (form, format!("{{\"a\":{deep}")), (form, brackets), (form, many)] {
        let path = portal.webhook().trim_start_matches(&portal.address()).to_owned() + "server.time";
        assert_eq!(
            request(&portal, &format!("POST {path}"), kind, body.as_bytes()).map(|answer| answer.status),
            Some(400)
        );
    }
    let chain = format!("server.time?x={}", "$result[a]".repeat(1000));
    assert_eq!(answer(&portal, "batch", json!({"cmd": {"a": "server.time", "b": chain}})).0, 200);
    let host = portal.address().trim_start_matches("http://").to_owned();
    for junk in [
        &b"\0\0\0\0"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /rest/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nab",
        b"\r\n\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&host).expect("connected");
        stream.write_all(junk).expect("sent");
    }
    assert_eq!(answer(&portal, "server.time", json!({})).0, 200);
}

#[test]
fn people_see_data_and_requests_and_no_secret() {
    let portal = portal();
    answer(&portal, "crm.deal.add", json!({"fields": {"TITLE": "<script>alert(1)</script>\"'&"}}));
    answer(&portal, "crm.deal.get", json!({"id": 99}));
    let page = request(&portal, "GET /?collection=crm.deal", "", b"").expect("a page");
    let text = String::from_utf8(page.body).expect("UTF-8");
    assert!(page.head.contains("content-security-policy: default-src 'none'"));
    assert!(text.contains("&lt;script&gt;alert(1)") && !text.contains("<script"), "{text}");
    assert!(
        text.contains("crm.deal 4") && text.contains("<code>crm.deal.get</code>") && text.contains("400 (no code)")
    );
    for secret in ["sandboxcode", portal.token(), portal.refresh_token(), portal.client_secret()] {
        assert!(!text.contains(secret), "{secret}");
    }
    let tokens = request(&portal, "GET /?collection=oauth.token", "", b"").expect("a page");
    assert!(!String::from_utf8_lossy(&tokens.body).contains(portal.refresh_token()));
}

#[tokio::test]
async fn https_is_spoken_on_the_same_port() {
    let portal = sandbox().tls().start().expect("a free port");
    assert_eq!(answer(&portal, "server.time", json!({})).0, 200, "plain as before");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    let pem = portal.certificate().expect("a certificate");
    let certificate =
        <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(pem.as_bytes());
    roots.add(certificate.expect("PEM")).expect("a certificate");
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = portal.secure_address().expect("an address");
    let host = address.trim_start_matches("https://");
    let stream = tokio::net::TcpStream::connect(host).await.expect("connected");
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let mut stream = connector.connect(name, stream).await.expect("trusted");
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned();
    let head = format!("GET {path}disk.storage.uploadfile?id=1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("answered");
    assert!(text.contains(&format!("{address}/rest/upload.json")), "{text}");
}

#[test]
fn pages_of_any_origin_may_call() {
    let portal = portal();
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned();
    let asked = "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
    let permit = request(&portal, &format!("OPTIONS {path}user.get"), asked, b"").expect("an answer");
    assert_eq!(permit.status, 204);
    for header in ["allow-origin: *", "allow-methods: get, post", "allow-headers: content-type"] {
        assert!(permit.head.contains(&format!("access-control-{header}")), "{}", permit.head);
    }
    assert!(!permit.head.contains("private-network"), "{}", permit.head);
    let asked = format!("{asked}Access-Control-Request-Private-Network: true\r\n");
    let permit = request(&portal, &format!("OPTIONS {path}user.get"), &asked, b"").expect("an answer");
    assert!(permit.head.contains("access-control-allow-private-network: true"), "{}", permit.head);
    assert_eq!(portal.counts().requests, 0, "a question is no call");
    for method in ["user.current", "user.nothing"] {
        let answer = call(&portal, method, &json!({})).expect("an answer");
        assert!(answer.head.contains("access-control-allow-origin: *"), "{}", answer.head);
    }
    let steering = request(&portal, "GET /_sandbox/log", "", b"").expect("an answer");
    assert!(!steering.head.contains("access-control"), "only the real portal's addresses are open to all pages");
}

#[test]
fn an_answer_comes_in_xml() {
    let portal = portal();
    let path = portal.webhook().trim_start_matches(&portal.address()).to_owned();
    let answer = request(&portal, &format!("GET {path}crm.deal.fields.xml"), "", b"").expect("an answer");
    assert!(answer.status == 200 && answer.head.contains("content-type: text/xml; charset=utf-8"), "{}", answer.head);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.starts_with("<?xml") && text.contains("<response><result><ID><type>integer</type>"), "{text}");
    let answer = request(&portal, &format!("GET {path}no.such.XML"), "", b"").expect("an answer");
    assert_eq!(answer.json()["error"], "ERROR_METHOD_NOT_FOUND", "the suffix is in small letters");
    let answer = request(&portal, &format!("GET {path}no.such.xml"), "", b"").expect("an answer");
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(answer.status == 404 && text.contains("<error>ERROR_METHOD_NOT_FOUND</error>"), "{text}");
}
