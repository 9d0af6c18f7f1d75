//! The portal's rate limit, kept on this side: a request waits for its place in the bucket before it is sent.

mod bucket;

use std::hash::Hash;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

use crate::client::shared::{self, SharedState};

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
    /// Held by whoever is next. Those behind wait for it in order of arrival, and a call that is dropped leaves the queue.
    turn: tokio::sync::Mutex<()>,
}

impl Limiter {
    /// `shared`: where the bucket is kept together with other programs.
    pub(super) fn new(limits: &Limits, shared: Option<Arc<SharedState>>) -> Self {
        Self {
            size: limits.size,
            since: Instant::now(),
            bucket: Mutex::new(Bucket::default()),
            shared,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits for a place, and takes it: the caller sends at once. Says how long it waited. Nothing is taken when the
    /// future is dropped before it ends.
    pub(super) async fn acquire(&self) -> Duration {
        let Some(size) = self.size else { return Duration::ZERO };
        let since = Instant::now();
        let _turn = self.turn.lock().await;
        loop {
            match self.take(size).await {
                Ok(()) => return since.elapsed(),
                Err(wait) => {
                    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    tracing::debug!(target: "bitrix24", limit = "rate", wait_ms, "waiting");
                    tokio::time::sleep(wait).await;
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    fn made(limits: &Limits, host: &str) -> Limiter {
        Limiter::new(limits, limits.shared_state(host, ""))
    }

    #[tokio::test]
    async fn places_are_given_in_order_of_arrival_and_given_back() {
        let limiter = Arc::new(made(&Limits::custom(200.0, 3), "h"));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 0..40 {
            let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                limiter.acquire().await;
                order.lock().expect("whole").push(number);
            }));
            tokio::task::yield_now().await;
        }
        // Some of those that wait change their minds.
        for number in [7, 8, 21] {
            tasks[number].abort();
        }
        for task in tasks {
            let _ = task.await;
        }
        let order = order.lock().expect("whole").clone();
        assert_eq!(order, (0..40).filter(|number| ![7, 8, 21].contains(number)).collect::<Vec<_>>());
    }

    /// The next number of a sequence that its seed decides.
    fn next(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    /// 120 tasks that come, and change their minds, at moments that the seed decides: those that stay get their places in the
    /// order in which they came.
    #[tokio::test]
    async fn the_order_of_arrival_is_kept_under_stress() {
        for seed in 0..40 {
            let limiter = Arc::new(made(&Limits::custom(20_000.0, 3), "h"));
            let (arrived, served) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
            let tasks: Vec<_> = (0..120_u64)
                .map(|number| {
                    let (limiter, arrived, served) = (Arc::clone(&limiter), Arc::clone(&arrived), Arc::clone(&served));
                    let mut random = seed * 1_000 + number;
                    next(&mut random);
                    tokio::spawn(async move {
                        for _ in 0..next(&mut random) % 200 {
                            tokio::task::yield_now().await;
                        }
                        // Nothing else runs between this line and the first step of waiting.
                        arrived.lock().expect("whole").push(number);
                        let gives_up = async {
                            if !next(&mut random).is_multiple_of(4) {
                                std::future::pending::<()>().await;
                            }
                            for _ in 0..next(&mut random) % 50 {
                                tokio::task::yield_now().await;
                            }
                        };
                        tokio::select! {
                            biased;
                            _ = limiter.acquire() => served.lock().expect("whole").push(number),
                            () = gives_up => {}
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            let served = served.lock().expect("whole").clone();
            let mut expected = arrived.lock().expect("whole").clone();
            expected.retain(|number| served.contains(number));
            assert_eq!(served, expected, "seed {seed}");
            assert!(served.len() >= 80, "seed {seed}: {}", served.len());
        }
    }

    /// Many threads, many changes of mind at random moments: every place that was taken belongs to somebody who got it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 8)]
    async fn no_place_is_lost_or_given_twice_under_stress() {
        let folder = tempfile::tempdir().expect("a folder");
        let alone = Limits::custom(0.001, 100_000);
        let shared = |seed: u64| alone.clone().shared_in(folder.path().join(seed.to_string()));
        for (seed, limits) in (0..8).flat_map(|seed| [(seed, alone.clone()), (seed, shared(seed))]) {
            let limiter = Arc::new(made(&limits, "h"));
            let got = Arc::new(std::sync::atomic::AtomicU32::new(0));
            let tasks: Vec<_> = (0..150_u64)
                .map(|number| {
                    let (limiter, got) = (Arc::clone(&limiter), Arc::clone(&got));
                    let mut random = seed * 1_000 + number;
                    next(&mut random);
                    tokio::spawn(async move {
                        for _ in 0..5 {
                            let patience = Duration::from_micros(next(&mut random) % 3000);
                            if tokio::time::timeout(patience, limiter.acquire()).await.is_ok() {
                                got.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            let level = match &limiter.shared {
                Some(shared) => shared.level(),
                None => limiter.bucket.lock().expect("whole").level,
            };
            // Hardly anything drains in that time.
            let got = f64::from(got.load(Ordering::SeqCst));
            assert!(got > 0.0 && (level - got).abs() < 0.5, "seed {seed}: {level} places for {got}");
            tokio::time::timeout(Duration::from_secs(5), limiter.acquire()).await.expect("nobody holds the turn");
        }
    }

    #[test]
    fn limits_are_read_from_words_and_numbers() {
        assert_eq!("enterprise".parse::<Limits>().expect("known"), Limits::enterprise());
        assert_eq!(" 0.5/ 10".parse::<Limits>().expect("numbers"), Limits::custom(0.5, 10));
        for text in ["", "fast", "2", "0/5", "-1/5", "2/0", "NaN/5", "inf/5", "2/50/1"] {
            assert!(text.parse::<Limits>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn without_limits_nothing_waits() {
        let limiter = made(&Limits::off(), "h");
        for _ in 0..10_000 {
            assert_eq!(limiter.acquire().await, Duration::ZERO);
        }
        limiter.refused().await;
    }

    #[tokio::test]
    async fn clients_that_share_a_folder_share_a_bucket() {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = Limits::custom(0.001, 11).shared_in(folder.path());
        let limiters = [made(&limits, "h"), made(&limits, "h"), made(&limits, "other")];
        for turn in 0..10 {
            limiters[turn % 2].acquire().await;
        }
        let soon = Duration::from_millis(20);
        for limiter in &limiters[..2] {
            assert!(tokio::time::timeout(soon, limiter.acquire()).await.is_err(), "ten places are taken");
        }
        limiters[2].acquire().await;
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_stops_nobody() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let limiter = made(&Limits::custom(0.001, 4).shared_in(file.path()), "h");
        for _ in 0..3 {
            limiter.acquire().await;
        }
        assert!(tokio::time::timeout(Duration::from_millis(20), limiter.acquire()).await.is_err());
        // A process that was stopped while it held the lock.
        let folder = tempfile::tempdir().expect("a folder");
        let limiter = made(&Limits::custom(0.001, 4).shared_in(folder.path()), "h");
        limiter.acquire().await;
        let held = std::fs::File::open(folder.path().join("h.limits")).expect("there");
        held.lock().expect("locked");
        limiter.acquire().await;
        drop(held);
    }
}
