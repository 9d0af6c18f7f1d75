//! A portal that exists on this machine only: real HTTP, the portal's own forms of requests, answers and errors, and
//! accounts that can be made, changed and found again. For tests, demonstrations and offline work.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tables = bitrix24_runtime::table::Tables::EMPTY;
//! use bitrix24_runtime::sandbox::{Sandbox, Seed};
//! use bitrix24_runtime::{Client, json};
//!
//! // The tables of the crate `bitrix24` are `bitrix24::TABLES`.
//! let portal = Sandbox::new(&tables).seed(Seed::Small).start()?;
//! let client = Client::webhook(&portal.webhook())?;
//! client.call("crm.deal.add", json!({"fields": {"TITLE": "First"}})).await?;
//!
//! assert_eq!(portal.calls("crm.deal.add"), 1);
//! assert!(portal.records("crm.deal").iter().any(|deal| deal["TITLE"] == "First"));
//! # Ok(())
//! # }
//! ```

mod answer;
mod auth;
mod batch;
mod bindings;
mod canned;
mod catalog;
mod chats;
#[cfg(feature = "cli")]
pub mod command;
mod control;
mod cors;
mod currencies;
mod data;
#[cfg(feature = "sandbox-db")]
mod db;
mod decode;
mod disk;
mod dispatch;
mod documentation;
mod duplicates;
mod entity;
mod events;
mod examples;
mod items;
mod limits;
mod list_fields;
mod lists;
mod log;
mod mutate;
mod oauth;
mod options;
mod page;
mod pipelines;
mod plan;
mod product_rows;
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
mod tls;
mod todos;
mod user_fields;
mod users;
mod v3;
mod xml;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(feature = "sandbox-db")]
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::table::{Command, Tables};
use crate::value::Object;

pub use log::{Counts, LoggedRequest};
pub use options::{Bucket, Fault, FaultKind, Mutation, Operating, Options, Trigger};
pub use seed::Seed;

use log::Log;
use state::State;
use store::Store;
use tls::Tls;

/// The most threads that serve. More would only wait for the state.
const MOST_THREADS: usize = 2;

/// How far the portal's clock can be turned forward: moments much later cannot be told.
const FARTHEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The commands that have been looked up, by method and REST version.
type Known = BTreeMap<(String, u8), Arc<Command<'static>>>;

/// What the sandbox does with each request that it has answered.
type Watch = Box<dyn Fn(&LoggedRequest) + Send + Sync>;

/// A sandbox that has not been started yet.
pub struct Sandbox {
    tables: Tables,
    seed: Seed,
    data: Vec<String>,
    #[cfg(feature = "sandbox-db")]
    db: Option<PathBuf>,
    port: u16,
    code: String,
    application: Application,
    watch: Option<Watch>,
    options: Options,
    tls: bool,
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
    /// The data of the start.
    initial: Store,
    code: String,
    application: Application,
    watch: Option<Watch>,
    tls: Option<Tls>,
    state: Mutex<State>,
    log: Mutex<Log>,
    commands: Mutex<Known>,
    examples: OnceLock<examples::Examples>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state, for one who changes it alone. What has changed is kept when it is let go.
struct Locked<'s> {
    state: MutexGuard<'s, State>,
}

impl std::ops::Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // Calls do so themselves, to tell of it.
        if let Err(error) = self.state.persist() {
            tracing::error!(%error);
        }
    }
}

impl Shared {
    fn state(&self) -> Locked<'_> {
        Locked { state: lock(&self.state) }
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
    fn store(seed: Seed, data: &[String], application: &Application, options: &Options) -> Result<Store, String> {
        let mut store = seed::store(seed);
        for text in data {
            data::read(text, &mut store)?;
        }
        let pair = oauth::first(application, SystemTime::now(), options.token_life);
        store.put(auth::TOKENS, 1, pair.record());
        Ok(store)
    }

    /// Everything as it was at the start, and no faults, limits or delays.
    fn reset(&self) {
        self.state().replace(self.initial.clone());
        self.log_guard().clear();
    }

    fn fill(&self, collection: &str, count: usize) {
        let mut state = self.state();
        let ids: Vec<u64> = state.store.all(collection).keys().copied().collect();
        for id in ids {
            state.store.remove(collection, id);
        }
        if entity::ROWS.entity(collection).is_some() {
            return seed::fill(&mut state.store, collection, "TITLE", "Number", count);
        }
        for id in seed::numbers(count) {
            if let Some(record) = self.example(collection, id) {
                state.store.put(&collection.to_lowercase(), id, record);
            }
        }
    }

    fn advance(&self, time: Duration) {
        let mut state = self.state();
        state.ahead = state.ahead.saturating_add(time).min(FARTHEST);
    }
}

impl Sandbox {
    /// A sandbox that knows the methods of the tables.
    pub fn new(tables: &Tables) -> Self {
        Self {
            tables: *tables,
            seed: Seed::Small,
            data: Vec::new(),
            #[cfg(feature = "sandbox-db")]
            db: None,
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
            tls: false,
        }
    }

    /// What is in it at the start; [`Seed::Small`] if not set.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// A data set of one's own on top of the seed: JSON or YAML, lists of records by collection, such as
    /// `crm.deal: [{TITLE: First}]`. A record without a number gets the next one.
    #[must_use]
    pub fn data(mut self, text: impl Into<String>) -> Self {
        self.data.push(text.into());
        self
    }

    /// Keeps the data in one SQLite file: every change is written before it is answered. A file that has data already
    /// goes before the seed.
    #[cfg(feature = "sandbox-db")]
    #[must_use]
    pub fn db(mut self, path: impl Into<PathBuf>) -> Self {
        self.db = Some(path.into());
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

    /// Speaks https as well, on the same port, with a certificate made at the start; see [`Portal::certificate`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Called with each request after it has been answered.
    #[must_use]
    pub fn watch(mut self, watch: impl Fn(&LoggedRequest) + Send + Sync + 'static) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// Starts it on threads of its own, on 127.0.0.1 only.
    ///
    /// # Errors
    /// When the port is taken, a data set or the file that keeps the data is wrong, or no thread can be started.
    pub fn start(self) -> io::Result<Portal> {
        let wrong = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
        let initial = Shared::store(self.seed, &self.data, &self.application, &self.options).map_err(wrong)?;
        #[allow(unused_mut, reason = "without the feature `sandbox-db` nothing is kept")]
        let mut state = State::new(initial.clone(), self.options);
        #[cfg(feature = "sandbox-db")]
        if let Some(path) = &self.db {
            state.keep(path, &self.application).map_err(wrong)?;
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            tls: self.tls.then(Tls::new).transpose().map_err(io::Error::other)?,
            state: Mutex::new(state),
            initial,
            tables: self.tables,
            code: self.code,
            application: self.application,
            watch: self.watch,
            log: Mutex::default(),
            commands: Mutex::default(),
            examples: OnceLock::new(),
        });
        let (stop, stopped) = watch::channel(());
        let mut portal = Portal { address, shared, stop: Some(stop), threads: Vec::new() };
        // Each thread takes connections of its own and keeps them: nothing is handed over between threads, and all of
        // them share nothing but the state.
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS));
        for _ in 0..threads {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (listener, serving, mut stopped) = (listener.try_clone()?, Arc::clone(&portal.shared), stopped.clone());
            let thread = std::thread::Builder::new().name("sandbox".into()).spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = server::serve(listener, serving) => {}
                        _ = stopped.changed() => {}
                    }
                });
            })?;
            portal.threads.push(thread);
        }
        Ok(portal)
    }
}

/// A running sandbox. It stops when it is dropped.
pub struct Portal {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<watch::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
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

    /// The same with https, where the portal speaks it.
    pub fn secure_address(&self) -> Option<String> {
        self.shared.tls.as_ref().map(|_| format!("https://localhost:{}", self.address.port()))
    }

    /// Address of the administrator's webhook with https, where the portal speaks it.
    pub fn secure_webhook(&self) -> Option<String> {
        self.secure_address().map(|address| format!("{address}/rest/1/{}/", self.shared.code))
    }

    /// The certificate, as PEM, that callers have to trust for https.
    pub fn certificate(&self) -> Option<&str> {
        self.shared.tls.as_ref().map(|tls| tls.authority.as_str())
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

    /// Turns the portal's clock forward, by a hundred years in all at most: tokens age, buckets leak, run time is forgotten.
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
    /// it held. Of methods without an entity the collection has the name of the list method, in lower case, and the records
    /// are like the documented one.
    pub fn fill(&self, collection: &str, count: usize) {
        self.shared.fill(collection, count);
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        drop(self.stop.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
