//! The end of a run: every session is ended and judged, and then nothing may be left on the machine, and no secret anywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::driver::Living;
use super::ground::Ground;
use super::host::Host;
use super::judge::{self, Haste};

/// How long the machine may take to be as before.
const WITHIN: Duration = Duration::from_secs(20);
/// By how many descriptors one server may differ from the next: connections to the database are opened as they are needed.
const DESCRIPTORS: usize = 32;

/// Ends the sessions that still stand, stops the server, and looks at what is left.
pub(super) async fn all(ground: &Arc<Ground>, lives: Vec<Living>, mut host: Host) -> Result<()> {
    let client = ground.client()?;
    let mut ends = JoinSet::new();
    for living in lives {
        let (ground, client) = (Arc::clone(ground), client.clone());
        ends.spawn(async move { judge::end(&ground, &client, living, Haste::None).await });
    }
    while let Some(ended) = ends.join_next().await {
        ended.context("the end of a session panicked")?;
    }
    drop(client);
    ground.way.cut();
    let grown = descriptors_settle(&host).await;
    host.stop().await?;
    let mut fresh = ground.spawn_server()?;
    fresh.ready(&ground.data_dir).await?;
    ground.way.leads_to(&fresh.url);
    ground
        .client()?
        .ready()
        .await
        .context("the server is not ready")?;
    let usual = fresh.descriptors();
    if grown > usual + DESCRIPTORS {
        ground.tally.violation(format!(
            "I4: the server had {grown} descriptors open when all was over, and a fresh one has {usual}"
        ));
    }
    fresh.stop().await?;
    nothing_is_left(ground).await;
    of_model(ground);
    of_secrets(ground)
}

/// The descriptors of a server whose clients are gone, once they do not become fewer any more.
async fn descriptors_settle(host: &Host) -> usize {
    let mut last = host.descriptors();
    loop {
        sleep(Duration::from_millis(300)).await;
        let now = host.descriptors();
        if now >= last {
            return now;
        }
        last = now;
    }
}

/// I4: no process, no folder, no socket.
async fn nothing_is_left(ground: &Ground) {
    let until = Instant::now() + WITHIN;
    loop {
        let mut left = Vec::new();
        let processes = processes_in(&ground.data_dir);
        left.extend(processes.iter().map(|pid| format!("process {pid}")));
        left.extend(names(&ground.data_dir.join("sessions")));
        left.extend(names(&ground.data_dir.join("run")));
        if left.is_empty() {
            return;
        }
        if Instant::now() > until {
            let left = left.join(", ");
            return ground
                .tally
                .violation(format!("I4: when all was over there was left: {left}"));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The processes that name the data directory, or stand in it.
fn processes_in(data_dir: &Path) -> Vec<u32> {
    let name = data_dir.to_string_lossy().into_owned();
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        *pid != std::process::id()
            && (String::from_utf8_lossy(&line).contains(&name) || folder.starts_with(data_dir))
            && crate::is_alive(*pid)
    })
    .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().display().to_string())
        .collect()
}

/// I2: no prompt asked the model twice.
fn of_model(ground: &Ground) {
    let mut counts = BTreeMap::<String, usize>::new();
    for call in ground.model.calls() {
        *counts.entry(call.last_user).or_default() += 1;
    }
    let retries = ground.tally.has("other retries");
    for (mark, count) in counts {
        // What a client asked again may ask the model again: of those the marks tell.
        if count > 1 && !retries {
            ground
                .tally
                .violation(format!("I2: prompt {mark} asked the model {count} times"));
        }
    }
}

/// I6: no secret is in the data directory, but each in its own file; nor in the log.
fn of_secrets(ground: &Ground) -> Result<()> {
    let secret = std::fs::read(ground.data_dir.join("secret.key")).unwrap_or_default();
    let secret = String::from_utf8_lossy(&secret).trim().to_owned();
    let known = [
        ("the provider's key", ground.provider_key(), "vwm.no.file"),
        ("the admin's key", ground.key.as_str(), "admin.key"),
        ("the secret key", secret.as_str(), "secret.key"),
    ];
    for (name, secret, own) in known {
        // One in bytes that are no text cannot be looked for by its text.
        if secret.is_empty() || secret.contains('\u{fffd}') {
            continue;
        }
        let found = Command::new("grep")
            .args(["-rlaF", "--exclude", own, "-e", secret])
            .arg(&ground.data_dir)
            .arg(ground.log())
            .output()
            .context("there is no grep")?;
        for file in String::from_utf8_lossy(&found.stdout).lines() {
            ground.tally.violation(format!("I6: {name} is in {file}"));
        }
    }
    Ok(())
}
