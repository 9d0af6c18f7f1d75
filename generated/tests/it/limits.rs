//! Commands of `oint` that follow each other quickly, against a portal that counts.

use std::process::Stdio;

use bitrix24::sandbox::{Bucket, Operating, Options, Sandbox};

use crate::support::oint;

/// A shell loop of quick commands would meet a full bucket, were each to count for itself.
#[test]
fn commands_in_a_loop_share_one_bucket() {
    // A place is worth 250 ms, so that a command may be late by that.
    let bucket = Some(Bucket { rate: 4.0, burst: 8.0, level: 0.0 });
    let portal =
        Sandbox::new(&bitrix24::TABLES).options(Options { bucket, ..Options::default() }).start().expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..14 {
        let output = oint(&["call", "server.time", "--url", &portal.webhook()])
            .env("XDG_RUNTIME_DIR", folder.path())
            .env("B24_LIMITS", "4/8")
            .output()
            .expect("started");
        assert!(output.status.success(), "{number}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let statuses = portal.counts().statuses;
    assert_eq!(statuses.get(&200), Some(&14), "{statuses:?}");
    assert_eq!(statuses.get(&503), None, "{statuses:?}");

    let output =
        oint(&["call", "server.time", "--url", &portal.webhook()]).env("B24_LIMITS", "fast").output().expect("started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("B24_LIMITS") && stderr.contains("enterprise"), "{stderr}");
}

/// The first two use up the method's run time; those that start then know it from them, and wait instead of being refused.
#[test]
fn commands_know_which_methods_rest() {
    let operating = Operating { limit: Some(480.0), cost: 240.0, window: 5, ..Operating::default() };
    let portal =
        Sandbox::new(&bitrix24::TABLES).options(Options { operating, ..Options::default() }).start().expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let command = |method: &str| {
        let mut command = oint(&["call", method, "--url", &portal.webhook()]);
        command.env("XDG_RUNTIME_DIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    for _ in 0..2 {
        let output = command("server.time").output().expect("started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // Two at once; and another method has nothing to wait for.
    let waiting: Vec<_> = (0..2).map(|_| command("server.time").spawn().expect("started")).collect();
    assert!(command("profile").output().expect("started").status.success());
    for command in waiting {
        let output = command.wait_with_output().expect("ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let statuses = portal.counts().statuses;
    assert_eq!((statuses.get(&200), statuses.get(&429)), (Some(&5), None), "{statuses:?}");
}
