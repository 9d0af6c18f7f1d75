//! A portal that exists on this machine only: real HTTP, the portal's own forms of requests, answers and errors, and
//! accounts that can be made, changed and found again. For tests, demonstrations and offline work.
//!
//! ```no_run
//! # fn example(tables: bitrix24_runtime::table::Tables) -> std::io::Result<()> {
//! use bitrix24_runtime::sandbox::{Sandbox, Seed};
//!
//! let portal = Sandbox::new(&tables).seed(Seed::Small).start()?;
//! println!("{}", portal.webhook());
//! # Ok(())
//! # }
//! ```

mod answer;
mod auth;
mod batch;
mod canned;
mod chats;
#[cfg(feature = "cli")]
pub mod command;
mod control;
mod decode;
mod disk;
mod dispatch;
mod entity;
mod items;
mod limits;
mod log;
mod mutate;
mod oauth;
mod options;
mod plan;
mod query;
mod records;
mod reply;
mod request;
mod seed;
mod server;
mod state;
mod store;
mod system;
mod tasks;
mod user_fields;
mod users;
mod v3;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use crate::table::{Command, Tables};
use crate::value::Object;

pub use log::{Counts, LoggedRequest};
pub use options::{Bucket, Fault, FaultKind, Mutation, Operating, Options, Trigger};
pub use seed::Seed;

use log::Log;
use state::State;
use store::Store;

/// The commands that have been looked up, by method and REST version.
type Known = BTreeMap<(String, u8), Arc<Command<'static>>>;

/// What the sandbox does with each request that it has answered.
type Watch = Box<dyn Fn(&LoggedRequest) + Send + Sync>;

/// A sandbox that has not been started yet.
pub struct Sandbox {
    tables: Tables,
    seed: Seed,
    port: u16,
    code: String,
    application: Application,
    watch: Option<Watch>,
    options: Options,
}

/// The one application that the portal has, and the tokens that it has from the start.
#[derive(Clone)]
struct Application {
    client_id: String,
    client_secret: String,
    token: String,
    refresh: String,
    scopes: Option<Vec<String>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("seed", &self.seed).field("port", &self.port).finish_non_exhaustive()
    }
}

/// What all connections of a sandbox share.
struct Shared {
    tables: Tables,
    seed: Seed,
    code: String,
    application: Application,
    watch: Option<Watch>,
    state: Mutex<State>,
    log: Mutex<Log>,
    commands: Mutex<Known>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn log_guard(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    fn commands(&self) -> MutexGuard<'_, Known> {
        lock(&self.commands)
    }

    fn log(&self, request: LoggedRequest) {
        if let Some(watch) = &self.watch {
            watch(&request);
        }
        self.log_guard().push(request);
    }

    /// The data of the start.
    fn store(seed: Seed, application: &Application, options: &Options) -> Store {
        let mut store = seed::store(seed);
        let pair = oauth::first(application, SystemTime::now(), options.token_life);
        store.put(auth::TOKENS, 1, pair.record());
        store
    }

    /// Everything as it was at the start, and no faults, limits or delays.
    fn reset(&self) {
        let options = Options::default();
        *self.state() = State::new(Self::store(self.seed, &self.application, &options), options);
        self.log_guard().clear();
    }

    fn advance(&self, time: Duration) {
        let mut state = self.state();
        state.ahead = state.ahead.saturating_add(time);
    }
}

impl Sandbox {
    /// A sandbox that knows the methods of the tables.
    pub fn new(tables: &Tables) -> Self {
        Self {
            tables: *tables,
            seed: Seed::Small,
            port: 0,
            code: "sandboxcode00000".to_owned(),
            application: Application {
                client_id: "local.sandbox00000000.00000000".to_owned(),
                client_secret: "sandboxsecret000".to_owned(),
                token: "sandboxtoken0000".to_owned(),
                refresh: "sandboxrefresh00".to_owned(),
                scopes: None,
            },
            watch: None,
            options: Options::default(),
        }
    }

    /// What is in it at the start; [`Seed::Small`] if not set.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// The port; a free one if not set.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The code of the administrator's webhook.
    #[must_use]
    pub fn webhook_code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// The access token of the administrator.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.application.token = token.into();
        self
    }

    /// The application's own names: `client_id` and `client_secret`.
    #[must_use]
    pub fn application(mut self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        self.application.client_id = client_id.into();
        self.application.client_secret = client_secret.into();
        self
    }

    /// The refresh token that belongs to the access token of the start.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.application.refresh = token.into();
        self
    }

    /// The scopes that webhook and token have; all if not set.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.application.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// How it behaves: delays, limits, faults; [`Portal::set_options`] changes it later.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Called with each request after it has been answered.
    #[must_use]
    pub fn watch(mut self, watch: impl Fn(&LoggedRequest) + Send + Sync + 'static) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// Starts it on a thread of its own, on 127.0.0.1 only.
    ///
    /// # Errors
    /// When the port is taken, or no thread can be started.
    pub fn start(self) -> io::Result<Portal> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(Shared::store(self.seed, &self.application, &self.options), self.options)),
            tables: self.tables,
            seed: self.seed,
            code: self.code,
            application: self.application,
            watch: self.watch,
            log: Mutex::default(),
            commands: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sandbox".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server::serve(listener, serving) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Portal { address, shared, stop: Some(stop), thread: Some(thread) })
    }
}

/// A running sandbox. It stops when it is dropped.
pub struct Portal {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Portal {
    /// Address of the administrator's webhook, code included.
    pub fn webhook(&self) -> String {
        self.webhook_of(1)
    }

    /// Address of the webhook of any user, code included. Only user 1 is an administrator.
    pub fn webhook_of(&self, user: u64) -> String {
        format!("http://{}/rest/{user}/{}/", self.address, self.shared.code)
    }

    /// The portal's address for calls with a token.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The administrator's access token.
    pub fn token(&self) -> &str {
        &self.shared.application.token
    }

    /// The refresh token that belongs to it.
    pub fn refresh_token(&self) -> &str {
        &self.shared.application.refresh
    }

    /// The application's `client_id`.
    pub fn client_id(&self) -> &str {
        &self.shared.application.client_id
    }

    /// The application's `client_secret`.
    pub fn client_secret(&self) -> &str {
        &self.shared.application.client_secret
    }

    /// The authorisation server's address; `oauth/authorize/` and `oauth/token/` are below it.
    pub fn authorization_server(&self) -> String {
        self.address() + "/"
    }

    /// Makes all access tokens run out: calls with them are answered `expired_token` from now on.
    pub fn expire_token(&self) {
        auth::expire(&mut self.shared.state().store);
    }

    /// How it behaves now.
    pub fn options(&self) -> Options {
        self.shared.state().options.clone()
    }

    /// Changes how it behaves. Triggers of faults and mutations count from 1 again.
    pub fn set_options(&self, options: Options) {
        self.shared.state().set_options(options);
    }

    /// Adds a fault; the numbers of its trigger, and those of the faults that are there already, count from now.
    pub fn fault(&self, fault: Fault) {
        let mut options = self.options();
        options.faults.push(fault);
        self.set_options(options);
    }

    /// Turns the portal's clock forward: tokens age, buckets leak, run time is forgotten.
    pub fn advance(&self, time: Duration) {
        self.shared.advance(time);
    }

    /// Puts everything back: the data of the start, an empty log, no faults, limits or delays.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// The last thousand requests, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.log_guard().requests.iter().cloned().collect()
    }

    /// What was counted since the start or since [`Portal::clear_log`].
    pub fn counts(&self) -> Counts {
        self.shared.log_guard().counts.clone()
    }

    /// How many calls of a method ran, alone or inside batches.
    pub fn calls(&self, method: &str) -> u64 {
        self.shared.log_guard().counts.calls.get(&method.to_lowercase()).copied().unwrap_or(0)
    }

    /// Forgets the requests and the counts.
    pub fn clear_log(&self) {
        self.shared.log_guard().clear();
    }

    /// The records of a collection as they are, in the order of their numbers. A collection is named after the
    /// methods of its entity: `crm.deal`, `user`.
    pub fn records(&self, collection: &str) -> Vec<Object> {
        self.shared.state().store.all(collection).values().cloned().collect()
    }

    /// Fills a collection with so many records, with the numbers 1, 2, 3 … but those that 11 divides, in place of what
    /// it held.
    pub fn fill(&self, collection: &str, count: usize) {
        let mut state = self.shared.state();
        let ids: Vec<u64> = state.store.all(collection).keys().copied().collect();
        for id in ids {
            state.store.remove(collection, id);
        }
        seed::fill(&mut state.store, collection, "TITLE", "Number", count);
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
