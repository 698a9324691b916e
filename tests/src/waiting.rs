//! Waiting with a deadline, for what tells when it comes and for what does not.

use std::future::Future;
use std::time::Duration;

use vwm_api::SessionId;

use crate::process;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something with a deadline; what is waited for stands in the failure.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits for something that tells nobody when it comes: looks again and again, with the same deadline.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// Waits until a process is gone.
pub async fn gone(pid: u32) {
    let what = format!("process {pid} to be gone");
    until(&what, async || (!process::is_alive(pid)).then_some(())).await;
}

/// Waits until no process of a session is left: one that has just been waited for may be seen a moment longer.
pub async fn no_process_of(id: SessionId) {
    until("no process of the session", async || {
        process::processes_of(id).is_empty().then_some(())
    })
    .await;
}
