//! The portal's rate limit, kept on this side: a request waits for its place in the bucket before it is sent.

mod bucket;
mod queue;
#[cfg(test)]
mod tests;

use std::hash::Hash;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::client::shared::{self, SharedState};
use crate::error::Error;

use queue::Queue;

pub(super) use bucket::{Bucket, Size};

/// The rate limit of a portal: a bucket that holds `burst` requests and loses `drain` of them a second.
///
/// Requests are counted when they are sent, in order of arrival, by all clones of a client together. What the portal
/// refuses all the same (other programs of this machine use the bucket as well) fills the bucket and waits for its turn
/// again; it is no failed attempt.
///
/// ```
/// # #[cfg(feature = "sandbox")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use bitrix24_runtime::{sandbox::{Bucket, Options, Sandbox}, table::Tables};
/// # let bucket = Some(Bucket { rate: 20.0, burst: 10.0, level: 0.0 });
/// # let portal = Sandbox::new(&Tables::EMPTY).options(Options { bucket, ..Options::default() }).start()?;
/// # let address = portal.webhook();
/// use bitrix24_runtime::{Client, Limits, json};
///
/// // A portal that takes 10 requests at once and 20 a second.
/// let client = Client::builder(&address).limits(Limits::custom(20.0, 10)).build()?;
/// for _ in 0..15 {
///     client.call("server.time", json!({})).await?;
/// }
/// assert!(client.metrics().waits > 0);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sandbox"))]
/// # fn main() {}
/// ```
///
/// The portal counts by the address that requests come from. Programs that run side by side, or one after the other
/// within seconds, should share one bucket:
///
/// ```
/// use bitrix24_runtime::{Client, Limits};
///
/// let client = Client::builder("https://b24-ar17wx.bitrix24.by/rest/1/<secret>/")
///     .limits(Limits::enterprise().shared())
///     .build()?;
/// # Ok::<(), bitrix24_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Limits {
    size: Option<Size>,
    share: Share,
}

/// Who shares a bucket with the clones of a client.
#[derive(Clone, Debug, Default, PartialEq)]
enum Share {
    #[default]
    Nobody,
    /// All programs of the user, through a file in the usual place.
    User,
    /// All programs that name the folder.
    Folder(PathBuf),
}

impl Default for Limits {
    fn default() -> Self {
        Self::standard()
    }
}

impl Limits {
    /// Cloud portals of all plans but Enterprise: 2 requests a second, 50 at once. The default.
    pub fn standard() -> Self {
        Self::of(Some(Size { drain: 2.0, burst: 50.0 }))
    }

    /// Cloud portals of the plan Enterprise: 5 requests a second, 250 at once.
    pub fn enterprise() -> Self {
        Self::of(Some(Size { drain: 5.0, burst: 250.0 }))
    }

    /// A limit of one's own: `drain` requests a second (at least one in 1000 seconds), `burst` at once (at least one).
    pub fn custom(drain: f64, burst: u32) -> Self {
        let drain = if drain.is_finite() { drain.clamp(0.001, 1e6) } else { 1e6 };
        Self::of(Some(Size { drain, burst: f64::from(burst.max(1)) }))
    }

    /// No limit, for portals of one's own: their servers have settings instead.
    pub fn off() -> Self {
        Self::of(None)
    }

    /// Where the limits of a portal are kept together with other programs, if they are.
    pub(super) fn shared_state(&self, host: &str, caller: impl Hash) -> Option<Arc<SharedState>> {
        let (folder, is_common) = match &self.share {
            Share::Nobody => return None,
            Share::User => (shared::folder()?, false),
            Share::Folder(folder) => (folder.clone(), true),
        };
        Some(Arc::new(SharedState::new(&folder, is_common, host, caller)))
    }

    fn of(size: Option<Size>) -> Self {
        Self { size, share: Share::Nobody }
    }

    /// Shares the bucket, and what is known of methods that have used up their run time, with all programs of this user on this
    /// machine, through a file in `$XDG_RUNTIME_DIR/bitrix24`,
    /// or else in the user's cache folder. Where there is neither, or the file cannot be used, the client goes on by
    /// itself.
    pub fn shared(mut self) -> Self {
        self.share = Share::User;
        self
    }

    /// [`Limits::shared`] with the folder of the file, for programs of different users: whoever may write into the folder may
    /// use the file, so make the folder beforehand and let all of them write into it (on Unix as in
    /// `install -d -m 2770 -g apps /var/lib/bitrix24-limits`). One that is not there is made for this user.
    pub fn shared_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.share = Share::Folder(folder.into());
        self
    }
}

/// Reads `standard`, `enterprise`, `off`, or requests a second and requests at once as in `2/50`.
impl FromStr for Limits {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let numbers = || {
            let (drain, burst) = text.split_once('/')?;
            let drain = drain.trim().parse().ok().filter(|drain: &f64| *drain > 0.0 && drain.is_finite())?;
            Some(Self::custom(drain, burst.trim().parse().ok().filter(|burst| *burst > 0)?))
        };
        match text.trim() {
            "standard" => Ok(Self::standard()),
            "enterprise" => Ok(Self::enterprise()),
            "off" => Ok(Self::off()),
            _ => numbers().ok_or_else(|| {
                Error::usage(format!(
                    "the rate limit `{text}` is neither standard, enterprise nor off, nor requests a second and at once as in `2/50`"
                ))
            }),
        }
    }
}

/// The bucket of a client.
#[derive(Debug)]
pub(super) struct Limiter {
    size: Option<Size>,
    since: Instant,
    bucket: Mutex<Bucket>,
    shared: Option<Arc<SharedState>>,
    queue: Queue,
}

impl Limiter {
    /// `shared`: where the bucket is kept together with other programs.
    pub(super) fn new(limits: &Limits, shared: Option<Arc<SharedState>>) -> Self {
        Self {
            size: limits.size,
            since: Instant::now(),
            bucket: Mutex::new(Bucket::default()),
            shared,
            queue: Queue::default(),
        }
    }

    /// Waits for a place, and takes it: the caller sends at once. Says how long it waited. Nothing is taken when the
    /// future is dropped before it ends, and nobody waits for it while it is not polled.
    pub(super) async fn acquire(&self) -> Duration {
        let Some(size) = self.size else { return Duration::ZERO };
        let since = Instant::now();
        let spot = self.queue.join();
        loop {
            let wait = match spot.look() {
                Err(wait) => wait,
                Ok(()) => match self.take(size).await {
                    Ok(()) => return since.elapsed(),
                    Err(wait) => {
                        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                        tracing::debug!(target: "bitrix24", limit = "rate", wait_ms, "waiting");
                        wait
                    }
                },
            };
            spot.rest(wait).await;
        }
    }

    /// How long a request that came now would wait for its place; none without a limit.
    pub(super) async fn free_in(&self) -> Option<Duration> {
        let (size, others) = (self.size?, self.queue.len());
        Some(self.step(|bucket, now| bucket.free_in(size, now, others)).await)
    }

    async fn take(&self, size: Size) -> Result<(), Duration> {
        self.step(|bucket, now| bucket.take(size, now)).await
    }

    /// The portal refused a request because its bucket is full.
    pub(super) async fn refused(&self) {
        let Some(size) = self.size else { return };
        self.step(|bucket, now| bucket.fill(size, now)).await;
    }

    /// Does something with the bucket: with the shared one, or with the client's own where there is none that works.
    async fn step<T>(&self, step: impl Fn(&mut Bucket, Duration) -> T) -> T {
        if let Some(shared) = &self.shared
            && let Some(outcome) = shared.step(|state, now| step(&mut state.bucket, now)).await
        {
            return outcome;
        }
        step(&mut self.bucket.lock().unwrap_or_else(PoisonError::into_inner), self.since.elapsed())
    }
}
