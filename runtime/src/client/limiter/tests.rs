use super::*;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

use futures_util::FutureExt as _;

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

/// A limiter whose bucket is full, so that whoever comes waits.
async fn used_up(drain: f64) -> Limiter {
    let limiter = made(&Limits::custom(drain, 3), "h");
    for _ in 0..2 {
        limiter.acquire().await;
    }
    limiter
}

/// As a task does that looks at a call and then at something else.
fn poll_once(future: Pin<&mut impl Future>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.poll(&mut context).is_pending(), "it has to wait");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_polled_holds_up_nobody() {
    let limiter = used_up(2.0).await;
    let mut resting = pin!(limiter.acquire());
    poll_once(resting.as_mut());
    for place in 0..10 {
        let other = tokio::time::timeout(Duration::from_secs(2), limiter.acquire()).await;
        assert!(other.is_ok(), "{place}");
    }
    // It has its turn back when it is polled, and before those who came later.
    poll_once(resting.as_mut());
    let order = Mutex::new(Vec::new());
    let note = |name| order.lock().expect("whole").push(name);
    tokio::join!(limiter.acquire().map(|_| note("later")), resting.map(|_| note("resting")));
    assert_eq!(*order.lock().expect("whole"), ["resting", "later"]);
}

#[tokio::test(start_paused = true)]
async fn however_many_calls_are_not_polled_they_hold_up_nobody() {
    let limiter = used_up(2.0).await;
    let mut resting: Vec<_> = (0..500).map(|_| Box::pin(limiter.acquire())).collect();
    resting.iter_mut().for_each(|call| poll_once(call.as_mut()));
    for place in 0..3 {
        let other = tokio::time::timeout(Duration::from_secs(3), limiter.acquire()).await;
        assert!(other.is_ok(), "{place}");
    }
    // Those that go leave no place taken behind.
    drop(resting);
    assert_eq!(limiter.queue.len(), 0);
    tokio::time::timeout(Duration::from_secs(1), limiter.acquire()).await.expect("the next place");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_leaves_its_place_to_the_next() {
    let limiter = used_up(0.1).await;
    let since = Instant::now();
    let mut dropped = Box::pin(limiter.acquire());
    poll_once(dropped.as_mut());
    let leaves = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(dropped);
    };
    tokio::join!(limiter.acquire(), leaves);
    // Nobody took the place after ten seconds but the second.
    assert_eq!(since.elapsed().as_secs(), 10);
    assert_eq!(limiter.free_in().await.map(|wait| wait.as_secs()), Some(10));
}

/// Whatever rests, comes back or goes away: the portal gets no more than it takes, and whoever waits gets its place.
#[tokio::test(start_paused = true)]
async fn the_bucket_is_kept_to_whoever_rests_or_goes() {
    let size = Size { drain: 20.0, burst: 6.0 };
    for seed in 0..30 {
        let limiter = Arc::new(made(&Limits::custom(size.drain, 6), "h"));
        let portal = Arc::new(Mutex::new(Bucket::default()));
        let begin = Instant::now();
        let tasks: Vec<_> = (0..40_u64)
            .map(|number| {
                let (limiter, portal) = (Arc::clone(&limiter), Arc::clone(&portal));
                let mut random = seed * 1_000 + number;
                next(&mut random);
                tokio::spawn(async move {
                    let mut got = 0;
                    while got < 3 {
                        let mut acquire = pin!(limiter.acquire());
                        let mut looks = next(&mut random) % 4;
                        loop {
                            let pause = Duration::from_millis(next(&mut random) % 700);
                            if looks == 0 && next(&mut random).is_multiple_of(3) {
                                break;
                            }
                            looks = looks.saturating_sub(1);
                            tokio::select! {
                                biased;
                                _ = &mut acquire => {
                                    let mut portal = portal.lock().expect("whole");
                                    portal.free_in(size, begin.elapsed(), 0);
                                    portal.level += 1.0;
                                    assert!(portal.level <= size.burst, "seed {seed}: {portal:?}");
                                    got += 1;
                                    break;
                                }
                                () = tokio::time::sleep(pause) => {}
                            }
                            tokio::time::sleep(pause).await;
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("never too many");
        }
        assert_eq!(limiter.queue.len(), 0, "seed {seed}");
    }
}
