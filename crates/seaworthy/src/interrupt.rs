//! Being told to end: SIGINT and SIGTERM. What was begun is given up, and nothing of it stays.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Longest that giving up may take.
pub(crate) const END_WITHIN: Duration = Duration::from_secs(3);
/// A process that ends by a signal is said to end with 128 and its number.
pub(crate) const CODE_BASE: u8 = 128;

/// Waits until the process is told to end; gives the signal's number.
pub(crate) async fn told_to_end() -> u8 {
    tokio::select! {
        () = received(SignalKind::interrupt()) => 2,
        () = received(SignalKind::terminate()) => 15,
    }
}

/// Waits for ever where signals cannot be received: then they end the process as they always did.
async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
