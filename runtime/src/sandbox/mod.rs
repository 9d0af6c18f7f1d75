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
mod canned;
#[cfg(feature = "cli")]
pub mod command;
mod decode;
mod dispatch;
mod filter;
mod seed;
mod server;
mod state;
mod user_fields;
mod users;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::table::Tables;
use crate::value::Object;

pub use seed::Seed;

use state::State;

/// The requests remembered; older ones are forgotten.
const MOST_REQUESTS: usize = 1000;

/// What the sandbox does with each request that it has answered.
type Watch = Box<dyn Fn(&LoggedRequest) + Send + Sync>;

/// A sandbox that has not been started yet.
pub struct Sandbox {
    tables: Tables,
    seed: Seed,
    port: u16,
    code: String,
    token: String,
    scopes: Option<Vec<String>>,
    watch: Option<Watch>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("seed", &self.seed).field("port", &self.port).finish_non_exhaustive()
    }
}

/// A request that the sandbox has answered. Secrets are not among it.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRequest {
    /// The HTTP verb.
    pub verb: String,
    /// The REST method as it was called; empty where the address names none.
    pub method: String,
    /// The REST version: 2 or 3.
    pub rest: u8,
    /// `webhook`, `token`, or `none`.
    pub auth: &'static str,
    /// The number of the user that the call was made for.
    pub user: Option<u64>,
    /// The parameters, without the token.
    pub params: Object,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error's code, where it was one.
    pub error: Option<String>,
    /// Whether the answer was the documented example rather than made from the state.
    pub canned: bool,
}

/// What all connections of a sandbox share.
struct Shared {
    tables: Tables,
    code: String,
    token: String,
    scopes: Option<Vec<String>>,
    watch: Option<Watch>,
    state: Mutex<State>,
    requests: Mutex<Vec<LoggedRequest>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, request: LoggedRequest) {
        if let Some(watch) = &self.watch {
            watch(&request);
        }
        let mut requests = self.requests();
        if requests.len() >= MOST_REQUESTS {
            requests.remove(0);
        }
        requests.push(request);
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
            token: "sandboxtoken0000".to_owned(),
            scopes: None,
            watch: None,
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
        self.token = token.into();
        self
    }

    /// The scopes that webhook and token have; all if not set.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
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
            tables: self.tables,
            code: self.code,
            token: self.token,
            scopes: self.scopes,
            watch: self.watch,
            state: Mutex::new(seed::state(self.seed)),
            requests: Mutex::new(Vec::new()),
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
        &self.shared.token
    }

    /// Makes the token run out: calls with it are answered `expired_token` from now on.
    pub fn expire_token(&self) {
        self.shared.state().token_expired = true;
    }

    /// The requests answered so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.requests().clone()
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
