//! Commands of `oint` that follow each other quickly, against a portal that counts.

use bitrix24::sandbox::{Bucket, Options, Sandbox};

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
