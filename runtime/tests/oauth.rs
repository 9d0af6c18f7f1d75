//! Applications: one renewal however many calls wait for it, none for late refusals, none lost, and causes for all.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bitrix24_runtime::auth::{
    AuthError, FileStore, MemoryStore, OAuthApp, StoreError, StoreFuture, TokenStore, Tokens, renewals_finished,
};
use bitrix24_runtime::{Client, Error, Limits, RetryPolicy, json};

use common::{Reply, Request, Server, shown};

/// A portal that takes one access token at a time, and its authorisation server: refresh tokens are good for once.
struct Platform {
    portal: Server,
    oauth: Server,
    state: Arc<State>,
}

/// Holds those who come until it is opened.
#[derive(Default)]
struct Gate(AtomicBool);

impl Gate {
    fn close(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn open(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn pass(&self) {
        while self.0.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[derive(Default)]
struct State {
    /// The number of the access token that is good, and of the refresh token.
    generation: AtomicUsize,
    refreshes: AtomicUsize,
    calls: AtomicUsize,
    /// What happens to the next renewals instead of an answer.
    faults: Mutex<Vec<Reply>>,
    slow_refresh: AtomicBool,
    /// The good token has run out, until it is renewed.
    expired: AtomicBool,
    /// Renewals are answered only when the test says so.
    gate: Gate,
    /// The portal forgets a token when it is renewed.
    revokes: AtomicBool,
    endpoint: Mutex<Option<String>>,
}

fn tokens(state: &State, generation: usize) -> bitrix24_runtime::Value {
    json!({
        "access_token": format!("s3cretAccess{generation}"),
        "refresh_token": format!("s3cretRefresh{generation}"),
        "expires_in": 3600,
        "client_endpoint": *state.endpoint.lock().expect("whole"),
        "member_id": "m",
    })
}

impl Platform {
    fn start() -> Self {
        let state = Arc::new(State::default());
        let of_portal = Arc::clone(&state);
        let portal = Server::start(move |request| of_portal.call(request));
        let of_oauth = Arc::clone(&state);
        let oauth = Server::start(move |request| of_oauth.token(request));
        Self { portal, oauth, state }
    }

    fn app(&self) -> OAuthApp {
        OAuthApp::new("app.1", "s3cretClient").server(self.oauth.origin())
    }

    fn client(&self, store: impl TokenStore) -> Client {
        Client::builder(&self.portal.origin())
            .oauth(self.app(), store)
            .limits(Limits::off())
            .retry(RetryPolicy::never())
            .build()
            .expect("good settings")
    }

    /// Tokens of a generation, good for a time.
    fn tokens(&self, generation: usize, valid: bool) -> Tokens {
        let answer = tokens(&self.state, generation);
        let mut tokens = Tokens::from_answer(answer.as_object().expect("an object")).expect("tokens");
        let hour = Duration::from_secs(3600);
        tokens.expires_at = Some(if valid { SystemTime::now() + hour } else { SystemTime::now() - hour });
        tokens
    }

    /// The portal takes only the tokens of a generation from now on.
    fn accept(&self, generation: usize) {
        self.state.generation.store(generation, Ordering::SeqCst);
    }

    fn refreshes(&self) -> usize {
        self.state.refreshes.load(Ordering::SeqCst)
    }
}

impl State {
    fn call(&self, request: &Request) -> Reply {
        let good = format!("s3cretAccess{}", self.generation.load(Ordering::SeqCst));
        if request.json()["auth"] == good.as_str() && !self.expired.load(Ordering::SeqCst) {
            self.calls.fetch_add(1, Ordering::SeqCst);
            return Reply::Json(200, json!({"result": true}));
        }
        // Those that were good once are not even known any more.
        let is_old = |number: usize| request.json()["auth"] == format!("s3cretAccess{number}").as_str();
        if self.revokes.load(Ordering::SeqCst) && (0..self.generation.load(Ordering::SeqCst)).any(is_old) {
            return Reply::Json(
                401,
                json!({"error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"}),
            );
        }
        // Refusals come at different times, some of them long after the tokens were renewed.
        std::thread::sleep(Duration::from_millis(request.number as u64 % 10 * 15));
        Reply::Json(401, json!({"error": "expired_token", "error_description": "The access token has expired"}))
    }

    fn token(&self, request: &Request) -> Reply {
        self.refreshes.fetch_add(1, Ordering::SeqCst);
        self.gate.pass();
        if let Some(fault) = self.faults.lock().expect("whole").pop() {
            return fault;
        }
        let invalid = |code: &str| Reply::Json(400, json!({"error": code, "error_description": "No."}));
        if request.verb != "GET" || !request.target.starts_with("/oauth/token/?") {
            return invalid("invalid_request");
        }
        if request.query("client_id") != Some("app.1") || request.query("client_secret") != Some("s3cretClient") {
            return invalid("invalid_client");
        }
        let generation = self.generation.load(Ordering::SeqCst);
        match request.query("grant_type") {
            Some("authorization_code") if request.query("code") == Some("s3cretCode") => {}
            Some("refresh_token") if request.query("refresh_token") == Some(&format!("s3cretRefresh{generation}")) => {}
            _ => return invalid("invalid_grant"),
        }
        if self.slow_refresh.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(150));
        }
        self.generation.store(generation + 1, Ordering::SeqCst);
        self.expired.store(false, Ordering::SeqCst);
        Reply::Json(200, tokens(self, generation + 1))
    }
}

async fn many(client: &Client, number: usize) -> Vec<Result<bitrix24_runtime::Value, Error>> {
    let calls: Vec<_> = (0..number)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call("profile", json!({})).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.expect("no panic"));
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_calls_on_an_expired_token_cause_one_renewal_and_no_failure() {
    // The token has run out at the portal, though its time has not passed here.
    let platform = Platform::start();
    platform.state.slow_refresh.store(true, Ordering::SeqCst);
    platform.accept(5);
    // What the authorisation server renews is the pair of generation 5; the stored access token is an older one.
    let mut stored = platform.tokens(5, true);
    stored.access = "s3cretOld".into();
    let client = platform.client(MemoryStore::new(stored));
    let outcomes = many(&client, 100).await;
    assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
    assert_eq!((platform.refreshes(), client.metrics().refreshes), (1, 1));
    assert_eq!(platform.state.calls.load(Ordering::SeqCst), 100, "each was carried out once");

    // Its time has passed: it is renewed before the calls are sent.
    let platform = Platform::start();
    let client = platform.client(MemoryStore::new(platform.tokens(0, false)));
    assert!(many(&client, 100).await.iter().all(Result::is_ok));
    assert_eq!((platform.refreshes(), platform.portal.requests().len()), (1, 100));
}

/// 120 calls at moments that a seed decides, some of them dropped on their way, while the token runs out twice: one
/// renewal each time, whoever was dropped, and no call that fails. Refresh tokens are good for once, so that a second renewal
/// would be refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_expiry_causes_one_renewal_under_stress() {
    for seed in 0..12_u64 {
        let platform = Platform::start();
        let client = platform.client(MemoryStore::new(platform.tokens(0, true)));
        let mut random = seed;
        let mut next = move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 33
        };
        let calls: Vec<_> = (0..120)
            .map(|_| {
                let (client, delay) = (client.clone(), Duration::from_millis(next() % 120));
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    client.call("profile", json!({})).await
                })
            })
            .collect();
        let mut expiries = 0;
        let dropped: Vec<bool> = calls.iter().map(|_| next().is_multiple_of(6)).collect();
        for (call, is_dropped) in calls.iter().zip(&dropped) {
            // A call gets new tokens twice at most.
            if next().is_multiple_of(12) && expiries < 2 && !platform.state.expired.swap(true, Ordering::SeqCst) {
                expiries += 1;
            }
            tokio::time::sleep(Duration::from_micros(next() % 1500)).await;
            if *is_dropped {
                call.abort();
            }
        }
        for (call, is_dropped) in calls.into_iter().zip(dropped) {
            match call.await {
                Ok(outcome) => assert!(outcome.is_ok(), "seed {seed}: {outcome:?}"),
                Err(error) => assert!(is_dropped && error.is_cancelled(), "seed {seed}: {error}"),
            }
        }
        // A renewal goes on when the call that began it is dropped; this one waits for it.
        client.call("profile", json!({})).await.expect("a good token");
        assert_eq!(
            (platform.refreshes(), platform.state.expired.load(Ordering::SeqCst)),
            (expiries, false),
            "seed {seed}"
        );
        assert!(expiries > 0, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_renewal_that_fails_wakes_all_with_its_cause() {
    let platform = Platform::start();
    platform.accept(7);
    let client = platform.client(MemoryStore::new(platform.tokens(0, true)));
    let outcomes = many(&client, 100).await;
    for outcome in &outcomes {
        let error = outcome.as_ref().expect_err("nobody has tokens");
        let Error::Auth(AuthError::Refused { code, .. }) = error else { panic!("{error:?}") };
        assert_eq!(code, "invalid_grant");
        assert!(error.to_string().contains("authorise the application again"), "{error}");
        assert!(!shown(error).contains("s3cret"), "{}", shown(error));
    }
    assert_eq!(platform.refreshes(), 1);
    // The server has said no. It is not asked again, neither now nor later.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(client.call("profile", json!({})).await.is_err());
    assert_eq!(platform.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_fails_on_the_way_is_tried_again_then_said() {
    let html = || Reply::Raw(502, "content-type: text/html\r\n".into(), b"<html>".to_vec());
    let platform = Platform::start();
    *platform.state.faults.lock().expect("whole") = vec![html(), Reply::HangUp];
    let client = platform.client(MemoryStore::new(platform.tokens(0, false)));
    assert!(many(&client, 20).await.iter().all(Result::is_ok));
    assert_eq!(platform.refreshes(), 3);

    let platform = Platform::start();
    *platform.state.faults.lock().expect("whole") = vec![html(); 3];
    let client = platform.client(MemoryStore::new(platform.tokens(0, false)));
    for outcome in many(&client, 20).await {
        let error = outcome.expect_err("no tokens");
        assert!(matches!(error, Error::Auth(AuthError::Unreachable { .. })), "{error:?}");
        assert!(error.to_string().contains("(HTTP 502)") && !shown(&error).contains("s3cret"), "{error}");
    }
    assert_eq!(platform.refreshes(), 3);
    // It was no final answer: later calls ask again.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client.call("profile", json!({})).await.expect("renewed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_share_a_file_renew_once_between_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::new(folder.path().join("tokens.json"));
    let platform = Platform::start();
    platform.state.slow_refresh.store(true, Ordering::SeqCst);
    store.save(&platform.tokens(0, false)).await.expect("kept");
    let clients: Vec<Client> = (0..4).map(|_| platform.client(store.clone())).collect();
    let all = clients.iter().map(|client| {
        let client = client.clone();
        tokio::spawn(async move { many(&client, 10).await })
    });
    for outcomes in all.collect::<Vec<_>>() {
        assert!(outcomes.await.expect("no panic").iter().all(Result::is_ok));
    }
    assert_eq!(platform.refreshes(), 1);
    let kept = store.load().await.expect("readable").expect("there");
    assert_eq!(kept.access.expose(), "s3cretAccess1");
    assert_eq!(kept.refresh.expect("kept").expose(), "s3cretRefresh1");

    // Another process renewed meanwhile: those who hold the old token find the new one in the store.
    platform.accept(2);
    store.save(&platform.tokens(2, true)).await.expect("kept");
    for client in &clients {
        client.call("profile", json!({})).await.expect("found the new token");
    }
    assert_eq!(platform.refreshes(), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_does_not_take_the_new_tokens_with_it() {
    let platform = Platform::start();
    platform.state.slow_refresh.store(true, Ordering::SeqCst);
    let store = Arc::new(MemoryStore::new(platform.tokens(0, false)));
    let client = platform.client(Shared(Arc::clone(&store)));
    let dropped =
        tokio::time::timeout(Duration::from_millis(60), client.call("profile", json!({})).into_future()).await;
    assert!(dropped.is_err(), "the renewal takes longer");
    client.call("profile", json!({})).await.expect("the renewal went on");
    assert_eq!(platform.refreshes(), 1);
    let kept = store.load().await.expect("readable").expect("there");
    assert_eq!(kept.access.expose(), "s3cretAccess1");
}

/// Waits for what happens in the background.
async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

const MOMENT: Duration = Duration::from_millis(50);

/// A program that gives up, and whose runtime ends, while the authorisation server still works: the refresh token is used
/// up, and what came for it is kept.
#[test]
fn the_end_of_a_runtime_does_not_take_the_new_tokens_with_it() {
    let platform = Platform::start();
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::new(folder.path().join("tokens.json"));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    platform.state.gate.close();
    let error = {
        let runtime = runtime();
        let error = runtime.block_on(async {
            store.save(&platform.tokens(0, false)).await.expect("kept");
            let client = platform.client(store.clone());
            let call = client.call("profile", json!({})).with_total_timeout(MOMENT);
            let (outcome, ()) = tokio::join!(call, until(|| platform.refreshes() == 1));
            outcome.expect_err("the server says nothing")
        });
        runtime.shutdown_background();
        error
    };
    assert!(matches!(error, Error::Auth(AuthError::Timeout)), "{error:?}");
    platform.state.gate.open();
    runtime().block_on(async {
        renewals_finished().await;
        let kept = store.load().await.expect("readable").expect("there");
        assert_eq!(kept.access.expose(), "s3cretAccess1");
        platform.client(store.clone()).call("profile", json!({})).await.expect("good tokens");
    });
    assert_eq!(platform.refreshes(), 1);
}

/// Nobody waits for it any more when its turn comes: the refresh token stays good, and nothing is asked.
#[tokio::test]
async fn a_renewal_that_was_not_sent_is_given_up_with_its_calls() {
    let platform = Platform::start();
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::new(folder.path().join("tokens.json"));
    store.save(&platform.tokens(0, false)).await.expect("kept");
    let client = platform.client(store.clone());
    let other_process = store.lock().await.expect("locked");
    let error = client.call("profile", json!({})).with_total_timeout(MOMENT).await.expect_err("it has the lock");
    assert!(matches!(error, Error::Auth(AuthError::Timeout)), "{error:?}");
    renewals_finished().await;
    drop(other_process);
    // Whoever is next gets the lock behind the one that was given up, or takes it over.
    assert_eq!(platform.refreshes(), 0);
    client.call("profile", json!({})).await.expect("renewed");
    assert_eq!(platform.refreshes(), 1);
}

/// However long the authorisation server, the store or another process takes.
#[tokio::test]
async fn the_time_of_a_call_bounds_its_waits_for_tokens() {
    let platform = Platform::start();
    platform.state.gate.close();
    // Before it is sent, and after the portal has refused the token.
    for is_valid in [false, true] {
        platform.state.expired.store(true, Ordering::SeqCst);
        let client = platform.client(MemoryStore::new(platform.tokens(0, is_valid)));
        let error = client.call("profile", json!({})).with_total_timeout(MOMENT * 4).await.expect_err("no tokens");
        assert!(matches!(error, Error::Auth(AuthError::Timeout)), "{error:?}");
    }
    platform.state.gate.open();
    renewals_finished().await;

    // A token that the portal does not know, and a store that another process has locked.
    let platform = Platform::start();
    platform.state.revokes.store(true, Ordering::SeqCst);
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::new(folder.path().join("tokens.json"));
    store.save(&platform.tokens(0, true)).await.expect("kept");
    platform.accept(1);
    let _other_process = store.lock().await.expect("locked");
    let client = platform.client(store.clone());
    let error = client.call("profile", json!({})).with_total_timeout(MOMENT * 4).await.expect_err("unknown");
    assert_eq!(error.portal().map(|error| error.code.as_str()), Some("NO_AUTH_FOUND"), "{error:?}");
}

/// A place in the portal's bucket is taken when a request leaves. Whoever took one and then waited for tokens would be sent
/// with all the others at the same moment, long after the places were counted.
#[tokio::test]
async fn a_call_that_waits_for_tokens_holds_no_place() {
    let platform = Platform::start();
    platform.state.gate.close();
    // Three places, and the next one in a thousand seconds.
    let client = Client::builder(&platform.portal.origin())
        .oauth(platform.app(), MemoryStore::new(platform.tokens(0, false)))
        .limits(Limits::custom(0.001, 4))
        .build()
        .expect("good settings");
    for _ in 0..3 {
        let error = client.call("profile", json!({})).with_total_timeout(MOMENT).await.expect_err("no tokens");
        assert!(matches!(error, Error::Auth(AuthError::Timeout)), "{error:?}");
    }
    platform.state.gate.open();
    for _ in 0..3 {
        client.call("profile", json!({})).with_patience(Duration::ZERO).await.expect("a place is free");
    }
    let error = client.call("profile", json!({})).with_patience(Duration::ZERO).await.expect_err("no place");
    assert!(matches!(error, Error::Limited { .. }), "{error:?}");
}

/// Calls that wait for a place in the bucket use the tokens that came meanwhile.
#[tokio::test]
async fn calls_leave_with_the_newest_tokens() {
    let platform = Platform::start();
    platform.state.expired.store(true, Ordering::SeqCst);
    let client = Client::builder(&platform.portal.origin())
        .oauth(platform.app(), MemoryStore::new(platform.tokens(0, true)))
        .limits(Limits::custom(20.0, 2))
        .build()
        .expect("good settings");
    assert!(many(&client, 12).await.iter().all(Result::is_ok));
    assert_eq!(platform.refreshes(), 1);
    let requests = platform.portal.requests().len();
    assert!(requests < 24, "each call was refused first");
}

#[tokio::test]
async fn a_token_that_a_renewal_revoked_is_replaced() {
    let platform = Platform::start();
    platform.state.revokes.store(true, Ordering::SeqCst);
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::new(folder.path().join("tokens.json"));
    store.save(&platform.tokens(0, true)).await.expect("kept");
    let client = platform.client(store.clone());
    client.call("profile", json!({})).await.expect("still good");
    // Another process renews; the portal does not know the old token any more.
    platform.accept(1);
    let error = client.call("profile", json!({})).await.expect_err("nobody has told");
    assert_eq!(error.portal().map(|error| error.code.as_str()), Some("NO_AUTH_FOUND"));
    store.save(&platform.tokens(1, true)).await.expect("kept");
    client.call("profile", json!({})).await.expect("found in the store");
    assert_eq!(platform.refreshes(), 0);
}

/// A store that a test looks into.
struct Shared(Arc<MemoryStore>);

impl TokenStore for Shared {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        self.0.load()
    }

    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
        self.0.save(tokens)
    }
}

/// A store that cannot save at first.
struct Full(MemoryStore, Arc<AtomicUsize>);

impl TokenStore for Full {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        self.0.load()
    }

    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
        if self.1.fetch_add(1, Ordering::SeqCst) < 2 {
            return Box::pin(async { Err(StoreError::new("the disk is full")) });
        }
        self.0.save(tokens)
    }
}

#[tokio::test]
async fn tokens_that_cannot_be_kept_are_used_and_kept_later() {
    let platform = Platform::start();
    let tries = Arc::new(AtomicUsize::new(0));
    let client = platform.client(Full(MemoryStore::new(platform.tokens(0, false)), Arc::clone(&tries)));
    // No call waits for the store.
    while tries.load(Ordering::SeqCst) < 3 {
        client.call("profile", json!({})).await.expect("goes on");
    }
    renewals_finished().await;
    for _ in 0..3 {
        client.call("profile", json!({})).await.expect("goes on");
    }
    renewals_finished().await;
    assert_eq!((platform.refreshes(), tries.load(Ordering::SeqCst)), (1, 3));
}

/// A store that fails, or takes its time, as the test wants.
#[derive(Clone, Default)]
struct Slow(Arc<SlowState>);

#[derive(Default)]
struct SlowState {
    kept: MemoryStore,
    fails: AtomicBool,
    gate: Gate,
    begun: AtomicUsize,
    log: Mutex<Vec<String>>,
}

impl TokenStore for Slow {
    fn load(&self) -> StoreFuture<'_, Option<Tokens>> {
        self.0.kept.load()
    }

    fn save<'s>(&'s self, tokens: &'s Tokens) -> StoreFuture<'s, ()> {
        Box::pin(async move {
            if self.0.fails.load(Ordering::SeqCst) {
                return Err(StoreError::new("the database is away"));
            }
            self.0.begun.fetch_add(1, Ordering::SeqCst);
            until(|| !self.0.gate.0.load(Ordering::SeqCst)).await;
            self.0.log.lock().expect("whole").push(tokens.access.expose().to_owned());
            self.0.kept.save(tokens).await
        })
    }
}

/// A client whose new tokens could not be saved.
async fn with_unsaved_tokens(platform: &Platform) -> (Slow, Client) {
    let store = Slow::default();
    store.0.kept.save(&platform.tokens(0, false)).await.expect("kept");
    store.0.fails.store(true, Ordering::SeqCst);
    let client = platform.client(store.clone());
    client.call("profile", json!({})).await.expect("renewed, and not saved");
    (store, client)
}

/// Tokens that could not be saved are saved late and slowly, while newer ones come.
#[tokio::test]
async fn older_tokens_never_replace_newer_ones_in_the_store() {
    let platform = Platform::start();
    let (store, client) = with_unsaved_tokens(&platform).await;
    store.0.fails.store(false, Ordering::SeqCst);
    store.0.gate.close();
    client.call("profile", json!({})).await.expect("no call waits for the store");
    until(|| store.0.begun.load(Ordering::SeqCst) == 1).await;
    platform.state.expired.store(true, Ordering::SeqCst);
    let renewing = tokio::spawn({
        let client = client.clone();
        async move { client.call("profile", json!({})).await }
    });
    until(|| platform.portal.requests().len() == 3).await;
    store.0.gate.open();
    renewing.await.expect("no panic").expect("renewed once more");
    client.call("profile", json!({})).await.expect("good tokens");
    renewals_finished().await;
    assert_eq!(*store.0.log.lock().expect("whole"), ["s3cretAccess1", "s3cretAccess2"]);
    assert_eq!(store.load().await.expect("readable").expect("there").access.expose(), "s3cretAccess2");
}

/// Somebody authorises the application anew while tokens wait to be saved.
#[tokio::test]
async fn tokens_that_wait_to_be_saved_give_way_to_those_that_somebody_else_saved() {
    let platform = Platform::start();
    let (store, client) = with_unsaved_tokens(&platform).await;
    store.0.kept.save(&platform.tokens(7, true)).await.expect("kept");
    platform.accept(7);
    store.0.fails.store(false, Ordering::SeqCst);
    client.call("profile", json!({})).await.expect("found the others");
    renewals_finished().await;
    assert_eq!(store.load().await.expect("readable").expect("there").access.expose(), "s3cretAccess7");
    assert_eq!((platform.refreshes(), store.0.log.lock().expect("whole").len()), (1, 0));
}

#[tokio::test]
async fn nothing_happens_without_a_call_and_little_with_hopeless_ones() {
    let platform = Platform::start();
    let client = platform.client(MemoryStore::new(platform.tokens(0, false)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(platform.refreshes(), 0);
    drop(client);
    let client = platform.client(MemoryStore::default());
    let error = client.call("profile", json!({})).await.expect_err("no tokens");
    assert!(matches!(error, Error::Auth(AuthError::NoTokens)), "{error:?}");
    // A portal that takes no token at all is not asked for ever.
    let portal = Server::start(|_| Reply::Json(401, json!({"error": "expired_token"})));
    let client = Client::builder(&portal.origin())
        .oauth(platform.app(), MemoryStore::new(platform.tokens(0, true)))
        .build()
        .expect("good settings");
    let error = client.call("profile", json!({})).await.expect_err("refused");
    assert_eq!(error.portal().map(|error| error.code.as_str()), Some("expired_token"));
    assert_eq!((platform.refreshes(), portal.requests().len()), (2, 3));
}

#[tokio::test]
async fn a_portal_that_moved_is_found_by_its_redirect_and_by_its_new_tokens() {
    let platform = Platform::start();
    let old = {
        let to = platform.portal.origin();
        Server::start(move |request| Reply::Raw(302, format!("location: {to}{}\r\n", request.target), Vec::new()))
    };
    let client = |store| {
        let builder = Client::builder(&old.origin()).oauth(platform.app(), store).limits(Limits::off());
        builder.build().expect("good settings")
    };
    // By redirect: the first call goes two ways, the others know.
    let by_redirect = client(MemoryStore::new(platform.tokens(0, true)));
    for _ in 0..5 {
        by_redirect.call("profile", json!({})).await.expect("found");
    }
    assert_eq!((old.requests().len(), platform.portal.requests().len()), (1, 5));
    assert!(platform.portal.requests().iter().all(|request| request.verb == "POST"));
    // By tokens: renewed ones name the new endpoint, and the old place is not asked at all.
    *platform.state.endpoint.lock().expect("whole") = Some(format!("{}/rest/", platform.portal.origin()));
    let mut stored = platform.tokens(0, false);
    stored.endpoint = None;
    client(MemoryStore::new(stored)).call("profile", json!({})).await.expect("found");
    assert_eq!((old.requests().len(), platform.portal.requests().len()), (1, 6));
    // Never to a place that may not get a token.
    let mut stored = platform.tokens(1, true);
    stored.endpoint = Some("http://192.0.2.1/rest/".to_owned());
    let error = client(MemoryStore::new(stored)).call("profile", json!({})).await.expect_err("an open connection");
    assert!(matches!(error, Error::Auth(AuthError::Usage { .. })), "{error:?}");
}

#[tokio::test]
async fn a_code_becomes_tokens() {
    let platform = Platform::start();
    let tokens = platform.app().exchange("s3cretCode").await.expect("a good code");
    assert_eq!((tokens.access.expose(), tokens.has_expired()), ("s3cretAccess1", false));
    let renewed = platform.app().refresh(&tokens).await.expect("good tokens");
    assert_eq!(renewed.access.expose(), "s3cretAccess2");
    let error = platform.app().exchange("s3cretOther").await.expect_err("a wrong code");
    assert!(shown(&error).contains("invalid_grant") && !shown(&error).contains("s3cret"), "{}", shown(&error));
    let stranger = OAuthApp::new("app.1", "s3cretWrong").server(platform.oauth.origin());
    let error = stranger.refresh(&renewed).await.expect_err("a wrong secret");
    assert!(error.to_string().contains("check the application's client id"), "{error}");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let nobody = OAuthApp::new("app.1", "s3cretClient").server(format!("http://{port}"));
    let error = nobody.refresh(&renewed).await.expect_err("nobody there");
    assert!(matches!(error, Error::Auth(AuthError::Unreachable { .. })), "{error:?}");
    assert!(!shown(&error).contains("s3cret"), "{}", shown(&error));
}

/// The whole way against the simulated portal: authorise, exchange, call, run out, renew.
#[cfg(feature = "sandbox")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_simulated_portal_is_used_as_a_real_one() {
    use bitrix24_runtime::sandbox::Sandbox;
    use bitrix24_runtime::table::Tables;

    let portal = Sandbox::new(&Tables::EMPTY).start().expect("a free port");
    let app = OAuthApp::new(portal.client_id(), portal.client_secret()).server(portal.authorization_server());
    // The user's browser.
    let page = browse(&app.authorize_url(&portal.address(), "state").expect("a good address"));
    let code = page.rsplit_once("code=").map(|(_, code)| code.trim()).expect("a code");
    let tokens = app.exchange(code).await.expect("a good code");
    let client = Client::builder(&portal.address())
        .oauth(app, MemoryStore::new(tokens))
        .limits(Limits::off())
        .build()
        .expect("good settings");
    for round in 1..=3 {
        portal.expire_token();
        for outcome in many(&client, 100).await {
            outcome.unwrap_or_else(|error| panic!("{round}: {error:?}"));
        }
        assert_eq!(client.metrics().refreshes, round);
        assert_eq!(portal.counts().token_requests, 1 + round);
    }
}

/// What a GET shows.
#[cfg(feature = "sandbox")]
fn browse(url: &str) -> String {
    use std::io::{Read as _, Write as _};
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}
