//! I5: what the workspace holds is the same before a suspension and after the resumption.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::time::sleep;
use vwm_api::{Session, SessionStatus, Timestamp};
use vwm_client::Client;

use super::driver::{LOOK_AGAIN, Told, look, post};
use super::ground::{Ground, PATIENCE};
use super::ledger::Ledger;
use super::{host, judge};
use crate::promises;

/// Suspends and resumes a session in which nothing runs, and compares.
pub(super) async fn hold(ground: &Ground, client: &Client, ledger: &mut Ledger) -> Told<()> {
    judge::settle(ground, client, ledger).await?;
    let workspace = host::volume(&ground.data_dir, ledger.session).workspace();
    let before = read(&workspace).await;
    let path = |call: &str| format!("/sessions/{}/{call}", ledger.session);
    post(ground, &path("suspend"), "").await?;
    // It may have been suspended, and may be resumed, by something else at any time: only the end of it is compared.
    let Some(suspended) = becomes(client, ledger, SessionStatus::Suspended, None).await? else {
        return Ok(());
    };
    post(ground, &path("resume"), "").await?;
    let since = Some(suspended.status_since);
    let Some(_) = becomes(client, ledger, SessionStatus::Active, since).await? else {
        return Ok(());
    };
    ground.tally.count("other suspensions");
    differs(&before, &read(&workspace).await)
}

/// Waits for a status, or for any that is younger than a time: it has been there, then, and went on. None where the session failed.
async fn becomes(
    client: &Client,
    ledger: &Ledger,
    wanted: SessionStatus,
    since: Option<Timestamp>,
) -> Told<Option<Session>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let session = look(client, ledger).await?;
        if session.status == SessionStatus::Failed {
            return Ok(None);
        }
        if session.status == wanted || since.is_some_and(|since| session.status_since > since) {
            return Ok(Some(session));
        }
        if Instant::now() > until {
            let (status, wanted) = (session.status.as_str(), wanted.as_str());
            let why = session.status_reason.unwrap_or_default();
            return Err(format!(
                "I3: it was asked to be {wanted} and is {status}: {why}"
            ));
        }
        sleep(LOOK_AGAIN).await;
    }
}

type Tree = BTreeMap<PathBuf, Vec<u8>>;

async fn read(workspace: &Path) -> Tree {
    let workspace = workspace.to_owned();
    let read = tokio::task::spawn_blocking(move || promises::files(&workspace));
    read.await.expect("reading files does not panic")
}

fn differs(before: &Tree, after: &Tree) -> Told<()> {
    let paths: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    let changed: Vec<_> = changed.map(|path| path.display().to_string()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "I5: over a suspension these changed: {}",
        changed.join(", ")
    ))
}
