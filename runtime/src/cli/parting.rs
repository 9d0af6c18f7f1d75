//! Before the process ends: new tokens that are on their way to a profile would end with it, and the old ones are used up.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use crate::auth;
use crate::cli::{note, warn};

/// A shorter wait is over before anybody has read of it.
const SHORT: Duration = Duration::from_millis(500);
/// More than an authorisation server with all its tries, and a keyring that asks its user.
const LONGEST: Duration = Duration::from_secs(120);

/// Waits until the tokens of every renewal that was sent are kept, however the command ended.
pub(super) fn keep_tokens() {
    if !auth::is_renewing() {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
    runtime.block_on(wait(auth::renewals_finished()));
}

async fn wait(finished: impl Future<Output = ()>) {
    let mut finished = pin!(finished);
    if tokio::time::timeout(SHORT, finished.as_mut()).await.is_ok() {
        return;
    }
    note(&format!(
        "the profile's tokens are being renewed; waiting until the new ones are kept, {} s at most: without them you would have to log in again",
        LONGEST.as_secs()
    ));
    if tokio::time::timeout(LONGEST, finished).await.is_err() {
        warn(
            "the profile's new tokens did not come in time; if the next command ends with invalid_grant, log in again with `oint auth login`",
        );
    }
}
