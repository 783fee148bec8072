//! Being told to end: SIGINT and SIGTERM. What was begun is given up, and nothing of it stays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Longest that giving up may take.
pub(crate) const END_WITHIN: Duration = Duration::from_secs(3);
/// A process that ends by a signal is said to end with 128 and its number.
pub(crate) const CODE_BASE: u8 = 128;

/// Begins to wait for being told to end, on a thread of its own: what is at work may not yield for a while. Gives the number of
/// the signal once. A second signal, or work that does not end within [`END_WITHIN`] and a second, ends the process at once.
pub(crate) fn watched() -> oneshot::Receiver<u8> {
    let (told, receiver) = oneshot::channel();
    let (ready, waits) = std::sync::mpsc::channel();
    let watching = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // Where signals cannot be received they end the process as they always did.
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async {
            let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
            let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return };
            let _ = ready.send(());
            let number = either(&mut interrupt, &mut terminate).await;
            let _ = told.send(number);
            let forced = either(&mut interrupt, &mut terminate);
            let number = match tokio::time::timeout(END_WITHIN + Duration::from_secs(1), forced).await {
                Ok(again) => again,
                Err(_) => {
                    // Giving up has its own time, from when the work let go.
                    let left = if ENDING.load(Ordering::SeqCst) { END_WITHIN } else { Duration::ZERO };
                    tokio::time::sleep(left).await;
                    number
                }
            };
            #[expect(clippy::exit, reason = "what is at work was told to end, and did not")]
            std::process::exit(i32::from(CODE_BASE + number));
        });
    });
    if watching.is_ok() {
        // Ends when the thread is ready, or gave up.
        let _ = waits.recv();
    }
    receiver
}

static ENDING: AtomicBool = AtomicBool::new(false);

/// The work let go, and what it holds is being given up.
pub(crate) fn ending() {
    ENDING.store(true, Ordering::SeqCst);
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    }
}
