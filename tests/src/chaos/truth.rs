//! I3: what a session's status says must be what the machine shows, at the latest so long after the last strike.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use vwm_api::{SessionId, SessionStatus};
use vwm_client::Client;

use super::ground::Ground;
use super::host;
use crate::process;

/// Two leases.
const WITHIN: Duration = Duration::from_secs(20);

/// Waits until each session was seen to be as its status says; those that never were are violations.
pub(super) async fn all_agree(ground: &Ground) {
    let Ok(client) = ground.client() else {
        return;
    };
    let until = Instant::now() + WITHIN;
    let mut left = ground.sessions_from(0);
    loop {
        let mut wrong = Vec::new();
        for (slot, session) in left {
            if let Some(fault) = fault(ground, &client, session).await {
                wrong.push((slot, session, fault));
            }
        }
        if wrong.is_empty() {
            return;
        }
        if Instant::now() > until {
            for (slot, session, fault) in wrong {
                let after = WITHIN.as_secs();
                ground.tally.violation(format!(
                    "session {session} (slot {slot}): I3: {after} s after the last strike {fault}"
                ));
            }
            return;
        }
        left = wrong
            .into_iter()
            .map(|(slot, session, _)| (slot, session))
            .collect();
        sleep(Duration::from_millis(100)).await;
    }
}

/// What does not agree just now.
async fn fault(ground: &Ground, client: &Client, session: SessionId) -> Option<String> {
    let status = match client.session(session).await {
        Ok(session) => session.status,
        Err(error) => return Some(format!("it cannot be read: {error}")),
    };
    let volume = host::volume(&ground.data_dir, session);
    match status {
        SessionStatus::Active => {
            let is_there = host::harness(&volume).is_some();
            (!is_there).then(|| "it is active and has no harness".to_owned())
        }
        SessionStatus::Suspended => {
            let processes = process::processes_of(session);
            let what = format!("it is suspended and has the processes {processes:?}");
            (!processes.is_empty()).then_some(what)
        }
        SessionStatus::Ended => {
            let is_there = volume.root.exists();
            is_there.then(|| "it has ended and still has a folder".to_owned())
        }
        SessionStatus::Pending if ground.is_halted() => Some("it is still pending".to_owned()),
        SessionStatus::Pending | SessionStatus::Ending | SessionStatus::Failed => None,
    }
}
