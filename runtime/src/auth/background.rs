//! Where renewals run: on a thread of the process's own. The runtime of a caller may end in the middle of one; a refresh
//! token that was sent is used up, and the tokens that came for it would be lost.

use std::future::Future;
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber as _;

/// The runtime on that thread, once it was needed. It never ends, so that a store's connections stay good as well.
static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);

/// How many tokens are on their way into a store.
static ON_THEIR_WAY: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Begins work that goes on whoever stops waiting for it. What it tells of goes where the caller listens.
pub(super) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> io::Result<JoinHandle<T>> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = match &*runtime {
        Some(runtime) => runtime,
        None => runtime.insert(start()?),
    };
    Ok(runtime.spawn(work.with_current_subscriber()))
}

fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("bitrix24-auth".to_owned());
    thread.spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}

/// Tokens that may be nowhere but on their way: from the moment their renewal is sent until the store has them.
pub(super) struct OnTheirWay(());

impl OnTheirWay {
    pub(super) fn new() -> Self {
        ON_THEIR_WAY.send_modify(|count| *count += 1);
        Self(())
    }
}

impl Drop for OnTheirWay {
    fn drop(&mut self) {
        ON_THEIR_WAY.send_modify(|count| *count -= 1);
    }
}

/// Waits until no renewal of this process is under way any more: until the tokens of each that was sent are in their
/// store. A program awaits it before it ends, since the end of the process would take them with it, and the refresh tokens
/// they came for are used up. Usually there is nothing to wait for; an authorisation server that does not answer is given
/// up after a minute and a half.
///
/// The end of a runtime is another matter: renewals run on a thread of their own. Programs without async ask
/// `blocking::Client::wait(async { renewals_finished().await; Ok(()) })`.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::auth::{MemoryStore, Tokens};
/// # use bitrix24_runtime::{sandbox::Sandbox, table::Tables};
/// # let portal = Sandbox::new(&Tables::EMPTY).start()?;
/// # let app = bitrix24_runtime::auth::OAuthApp::new(portal.client_id(), portal.client_secret());
/// # let app = app.server(portal.authorization_server());
/// # let store = MemoryStore::new(Tokens::new(portal.token(), portal.refresh_token()));
/// # let address = portal.address();
/// use std::time::Duration;
/// use bitrix24_runtime::{Client, auth, json};
///
/// let client = Client::builder(&address).oauth(app, store).build()?;
/// let outcome = client.call("profile", json!({})).with_total_timeout(Duration::from_secs(20)).await;
/// // Whatever became of the call.
/// auth::renewals_finished().await;
/// outcome?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
pub async fn renewals_finished() {
    // It cannot fail: the sender is never dropped.
    let _ = ON_THEIR_WAY.subscribe().wait_for(|count| *count == 0).await;
}

/// Whether [`renewals_finished`] has something to wait for.
#[cfg(feature = "cli")]
pub(crate) fn is_renewing() -> bool {
    *ON_THEIR_WAY.borrow() > 0
}
