//! What programs see of the client's work: spans and events with stable names, and no secret among their fields.

#![cfg(feature = "sandbox")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitrix24_runtime::auth::{FileStore, MemoryStore, OAuthApp, TokenStore as _, Tokens};
use bitrix24_runtime::sandbox::{Fault, FaultKind, Sandbox};
use bitrix24_runtime::table::Tables;
use bitrix24_runtime::{Client, Effect, Limits, RetryPolicy, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// Keeps all that is said, as `name key=value …` with the fields in order.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.0 = format!("{value:?}{}", self.0),
            name => self.0.push_str(&format!(" {name}={value:?}")),
        }
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ear {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().target() == "bitrix24" {
            let mut words = Words(format!("span {}", attributes.metadata().name()));
            attributes.record(&mut words);
            self.0.lock().expect("whole").push(words.0);
        }
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut words = Words("record".into());
        values.record(&mut words);
        self.0.lock().expect("whole").push(words.0);
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "bitrix24" {
            let mut words = Words(String::new());
            event.record(&mut words);
            self.0.lock().expect("whole").push(words.0);
        }
    }
}

#[tokio::test]
async fn names_are_stable_and_secrets_are_not_said() {
    let ear = Ear::default();
    let subscriber = tracing_subscriber::registry().with(ear.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let said = |beginning: &str| {
        let said = ear.0.lock().expect("whole");
        said.iter().filter(|words| words.starts_with(beginning)).cloned().collect::<Vec<_>>()
    };

    let portal = Sandbox::new(&Tables::EMPTY).webhook_code("s3cretCode").start().expect("a free port");
    let client = Client::builder(&portal.webhook())
        .limits(Limits::custom(50.0, 3))
        .retry(RetryPolicy::default().base(Duration::from_millis(1)))
        .build()
        .expect("a good address");
    portal.fault(Fault::new(FaultKind::Truncated).at([1]));
    portal.fault(Fault::new(FaultKind::QueryLimit).at([3]));
    let list = || client.call("crm.deal.list", json!({})).with_effect(Effect::List);
    list().await.expect("on the second try");
    list().await.expect("after a refusal");
    client.call("no.such.method", json!({"SECRET": "s3cretParam"})).await.expect_err("unknown");

    let host = portal.address().trim_start_matches("http://").to_owned();
    assert_eq!(said("span call")[0], format!("span call method=crm.deal.list host=\"{host}\" rest=2"));
    let attempts = said("span attempt");
    assert_eq!(attempts[..2], ["span attempt number=1", "span attempt number=2"]);
    assert_eq!(attempts.len(), 5);
    assert!(said("retry retry=1 pause_ms=")[0].contains(" error=crm.deal.list: "), "{:?}", said("retry"));
    assert_eq!(said("refused"), ["refused limit=\"rate\""]);
    assert!(said("wait limit=\"rate\" wait_ms=").len() >= 2, "{:?}", said("wait"));
    assert_eq!(said("answered ms=").len(), 2);
    assert!(said("failed ms=")[0].contains(" error=no.such.method: the portal answered"), "{:?}", said("failed"));
    for field in ["attempts=2", "waited_ms=", "ms=", "operating="] {
        assert!(said("record").iter().any(|words| words.contains(field)), "{field}: {:?}", said("record"));
    }

    // A renewal, refused.
    let app = OAuthApp::new("app.1", "s3cretClient").server(portal.address());
    let store = MemoryStore::new(Tokens::new("s3cretAccess", "s3cretRefresh"));
    let client = Client::builder(&portal.address()).oauth(app, store).build().expect("good settings");
    portal.set_options(Default::default());
    portal.fault(Fault::new(FaultKind::ExpiredToken));
    client.call("profile", json!({})).await.expect_err("no valid token");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(said("refresh_failed").len(), 1, "{:?}", ear.0);
    let all = ear.0.lock().expect("whole").join("\n");
    assert!(!all.contains("s3cret"), "{all}");
}

#[cfg(unix)]
#[tokio::test]
async fn tokens_that_others_can_read_are_told_of_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let ear = Ear::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(ear.clone()));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens.json");
    let tokens = Tokens::new("access", "refresh");
    FileStore::new(&path).save(&tokens).await.expect("kept");
    let store = FileStore::new(&path);
    store.load().await.expect("readable");
    assert!(ear.0.lock().expect("whole").is_empty(), "{:?}", ear.0);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
    for store in [&store, &store.clone()] {
        store.load().await.expect("readable");
    }
    assert_eq!(*ear.0.lock().expect("whole"), [format!("tokens_exposed file={}", path.display())]);
    // Saved again, it is private.
    store.save(&tokens).await.expect("kept");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
}
