//! The layers below a call: connections that die, proxies, certificates, HTTP/2, and time.

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bitrix24_runtime::{Client, Effect, Error, Limits, RetryPolicy, Transport, json};

use common::{CODE, Reply, Server};

fn client(server: &Server) -> Client {
    let builder = Client::builder(&server.webhook()).limits(Limits::off()).retry(RetryPolicy::never());
    builder.timeout(Duration::from_secs(5)).build().expect("a good address")
}

/// The server closes each kept-alive connection at the worst time: after the answer, while the next request may be on
/// its way. Whatever the stack below does, a write arrives once or is reported.
#[tokio::test]
async fn a_write_on_a_dying_connection_is_never_replayed() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let server = Server::start(move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        // Some live on, so that others are reused; of the used ones, some answer, some die without a byte.
        match number % 3 {
            0 => Reply::Json(200, json!({"result": number})),
            1 => Reply::AndClose(200, json!({"result": number})),
            _ => Reply::HangUp,
        }
    });
    let client = client(&server);
    let (mut done, mut unknown) = (0, 0);
    for number in 0..300 {
        let before = seen.load(Ordering::SeqCst);
        match client.call("crm.deal.add", json!({"NUMBER": number})).await {
            Ok(_) => done += 1,
            Err(Error::OutcomeUnknown { .. }) => unknown += 1,
            Err(error) => panic!("{number}: {error}"),
        }
        let arrived = seen.load(Ordering::SeqCst) - before;
        assert!(arrived <= 1, "{number} arrived {arrived} times");
        if number % 7 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let mut numbers: Vec<u64> =
        server.requests().iter().filter_map(|request| request.json()["NUMBER"].as_u64()).collect();
    let arrived = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), arrived, "no write arrived twice");
    assert_eq!(done + unknown, 300);
    assert!(done >= 150 && unknown >= 50, "{done} {unknown}");
}

#[tokio::test]
async fn connections_are_kept_and_shared() {
    let server = Server::start(|_| Reply::Json(200, json!({"result": true})));
    let client = client(&server);
    for _ in 0..20 {
        client.clone().call("profile", json!({})).await.expect("answered");
    }
    assert_eq!((server.requests().len(), server.connections()), (20, 1));
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing_behind() {
    let server = Server::start(|request| match request.number {
        0 => Reply::Silence(Duration::from_millis(600)),
        _ => Reply::Json(200, json!({"result": true})),
    });
    let client = client(&server);
    let slow = client.call("profile", json!({}));
    assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
    client.call("profile", json!({})).await.expect("not behind the first");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn time_is_limited_at_every_stage() {
    // An answer that comes byte by byte is read to its end, or as long as the call may take.
    let drip = || Server::start(|_| Reply::Drip(json!({"result": "slow but whole"}), Duration::from_millis(2)));
    let server = drip();
    let read = |client: Client| async move { client.call("m", json!({})).with_effect(Effect::Read).await };
    assert_eq!(read(client(&server)).await.expect("whole"), json!("slow but whole"));
    let hasty = Client::builder(&server.webhook())
        .timeout(Duration::from_millis(60))
        .retry(RetryPolicy::never())
        .build()
        .expect("a good address");
    assert!(matches!(read(hasty).await, Err(Error::Timeout { .. })));
    // Silence ends a request sooner, when that is wanted.
    let silent = Server::start(|_| Reply::Silence(Duration::from_secs(3)));
    let impatient = Client::builder(&silent.webhook())
        .transport(Transport::new().read_timeout(Duration::from_millis(60)))
        .retry(RetryPolicy::never())
        .build()
        .expect("a good address");
    assert!(matches!(read(impatient.clone()).await, Err(Error::Timeout { .. })));
    let write = impatient.call("m", json!({})).await;
    assert!(matches!(write, Err(Error::OutcomeUnknown { .. })), "{write:?}");
    // All attempts together.
    let limited = Client::builder(&silent.webhook())
        .total_timeout(Duration::from_millis(150))
        .retry(RetryPolicy::default().retries(1000).base(Duration::ZERO))
        .build()
        .expect("a good address");
    assert!(matches!(read(limited).await, Err(Error::Timeout { .. } | Error::Interrupted { .. })));
}

#[tokio::test]
async fn a_proxy_carries_the_calls() {
    let proxy = Server::start(|request| {
        assert!(request.target.starts_with("http://b24.example.org/rest/1/"), "{}", request.target);
        assert_eq!(request.header("proxy-authorization"), Some("basic dtpw"));
        Reply::Json(200, json!({"result": "by proxy"}))
    });
    let transport = Transport::new().proxy(&format!("http://u:p@{}", proxy.address)).expect("a good address");
    let client = Client::builder(&format!("http://b24.example.org/rest/1/{CODE}/"))
        .transport(transport)
        .allow_http(true)
        .build()
        .expect("a good address");
    assert_eq!(client.call("profile", json!({})).await.expect("answered"), json!("by proxy"));
}

/// What is no proxy that is spoken with must not be passed over.
#[tokio::test]
async fn what_is_no_proxy_is_refused() {
    for address in
        ["ftp://127.0.0.1:1", "htp:/127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:1", "localhost:1", "http://"]
    {
        let error = Transport::new().proxy(address).expect_err(address);
        assert!(matches!(&error, Error::Usage(reason) if reason.contains("http://host:port")), "{address}: {error}");
    }
}

/// A server over TLS that speaks HTTP/2 to those who offer it, and answers with the version that was spoken.
async fn tls_server(versions: &[&[u8]]) -> (u16, String) {
    use hyper::body::Incoming;
    use hyper::{Request, Response};
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a key that fits");
    config.alpn_protocols = versions.iter().map(|version| version.to_vec()).collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("known").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(|request: Request<Incoming>| async move {
                    let body = json!({"result": format!("{:?}", request.version())}).to_string();
                    Ok::<_, Infallible>(Response::new(body))
                });
                let _ = match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => {
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        server.serve_connection(TokioIo::new(stream), service).await
                    }
                    _ => {
                        let server = hyper::server::conn::http1::Builder::new();
                        server.serve_connection(TokioIo::new(stream), service).await
                    }
                };
            });
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_and_certificates_are_checked() {
    let (port, ca) = tls_server(&[b"h2", b"http/1.1"]).await;
    let address = format!("https://localhost:{port}/rest/1/{CODE}/");
    let call = |transport: Transport| {
        let client = Client::builder(&address).transport(transport.no_proxy()).build().expect("a good address");
        async move { client.call("profile", json!({})).await }
    };
    let trusting = || Transport::new().extra_ca(&ca).expect("a certificate");
    assert_eq!(call(trusting()).await.expect("trusted"), json!("HTTP/2.0"));
    assert_eq!(call(trusting().http1_only(true)).await.expect("trusted"), json!("HTTP/1.1"));
    // A certificate that nobody vouches for does not get better by waiting.
    let error = call(Transport::new()).await.expect_err("not trusted");
    assert!(matches!(error, Error::Connect { .. }) && error.to_string().contains("certificate"), "{error}");

    let (port, ca) = tls_server(&[b"http/1.1"]).await;
    let client = Client::builder(&format!("https://localhost:{port}/rest/1/{CODE}/"))
        .transport(Transport::new().no_proxy().extra_ca(&ca).expect("a certificate"))
        .build()
        .expect("a good address");
    assert_eq!(client.call("profile", json!({})).await.expect("answered"), json!("HTTP/1.1"));
}
