//! Plays the strikes: kills and stops what our own sessions and our own server run, and nothing else.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tokio::time::{Instant, sleep, sleep_until};

use super::ground::Ground;
use super::host::{self, Host};
use super::schedule::{Kind, Strike, strikes};
use super::{evidence, truth};
use crate::process;

/// After so many strikes there is a truce, in which every status must come true.
const STRIKES_TO_TRUCE: usize = 40;

/// Strikes until the time is up; gives the server that runs then.
pub(super) async fn strike(ground: &Ground, mut host: Host, until: Instant) -> Result<Host> {
    let began = Instant::now();
    for (done, strike) in strikes(&ground.plan).into_iter().enumerate() {
        sleep_until(began + strike.at).await;
        // Strikes that last longer than planned push the later ones back, and the last ones out.
        if Instant::now() >= until {
            break;
        }
        host = play(ground, host, strike).await?;
        if (done + 1) % STRIKES_TO_TRUCE == 0 {
            truth::all_agree(ground).await;
        }
    }
    sleep_until(until).await;
    Ok(host)
}

async fn play(ground: &Ground, mut host: Host, strike: Strike) -> Result<Host> {
    match strike.kind {
        Kind::Server => host = next_server(ground, host, strike.lasts, None).await?,
        Kind::ServerTwice => {
            host = next_server(ground, host, strike.lasts, Some(strike.lasts / 8)).await?;
        }
        Kind::Harness => {
            if let Some(victim) = victim(ground, strike.slot, false) {
                kill(ground, &victim);
            }
        }
        Kind::Engine => {
            if let Some(victim) = victim(ground, strike.slot, true) {
                kill(ground, &victim);
            }
        }
        Kind::All => {
            let victims = [true, false].map(|engine| victim(ground, strike.slot, engine));
            for victim in victims.iter().flatten() {
                kill(ground, victim);
            }
            host = next_server(ground, host, strike.lasts, None).await?;
        }
        Kind::PauseServer => {
            ground.tally.count("other pauses");
            pause(host.pid, strike.lasts).await;
        }
        Kind::PauseHarness => pause_one(ground, strike, false).await,
        Kind::PauseEngine => pause_one(ground, strike, true).await,
        Kind::Cut => {
            evidence::note(ground, "cuts");
            ground.tally.count("other cuts");
            ground.way.cut();
        }
        Kind::Database => {
            evidence::note(ground, "stops the database");
            ground.tally.count("other database stops");
            database(ground.plan.database_stop.as_deref()).await?;
            sleep(strike.lasts * 2).await;
            database(ground.plan.database_start.as_deref()).await?;
        }
    }
    Ok(host)
}

/// Kills the server and starts the next one after a while; with a time that one is killed, too, so long after it was started.
async fn next_server(
    ground: &Ground,
    mut host: Host,
    down: Duration,
    again_after: Option<Duration>,
) -> Result<Host> {
    evidence::note(ground, &format!("kills server {}", host.pid));
    host.kill().await?;
    ground.tally.killed("server");
    sleep(down).await;
    let mut host = ground.spawn_server()?;
    if let Some(after) = again_after {
        sleep(after).await;
        host.kill().await?;
        ground.tally.killed("server");
        host = ground.spawn_server()?;
    }
    host.ready(&ground.data_dir).await?;
    ground.way.leads_to(&host.url);
    evidence::note(ground, &format!("server {} is ready", host.pid));
    Ok(host)
}

/// Somebody's process.
struct Victim {
    slot: usize,
    pid: u32,
    name: &'static str,
}

/// The slot's harness or engine, or that of the next one who has such a process.
fn victim(ground: &Ground, slot: usize, engine: bool) -> Option<Victim> {
    let sessions = ground.sessions_from(slot);
    sessions.into_iter().find_map(|(slot, session)| {
        let harness = host::harness(&host::volume(&ground.data_dir, session))?;
        let (pid, name) = match engine {
            true => (host::engines(harness).first().copied()?, "engine"),
            false => (harness, "harness"),
        };
        Some(Victim { slot, pid, name })
    })
}

fn kill(ground: &Ground, victim: &Victim) {
    let Victim { slot, pid, name } = victim;
    evidence::note(ground, &format!("kills {name} {pid} of slot {slot}"));
    ground.strikes(victim.slot);
    process::kill(victim.pid, Signal::KILL);
    ground.tally.killed(victim.name);
}

async fn pause_one(ground: &Ground, strike: Strike, engine: bool) {
    if let Some(victim) = victim(ground, strike.slot, engine) {
        let Victim { slot, pid, name } = victim;
        evidence::note(ground, &format!("pauses {name} {pid} of slot {slot}"));
        ground.tally.count("other pauses");
        pause(pid, strike.lasts).await;
    }
}

async fn pause(pid: u32, lasts: Duration) {
    process::kill(pid, Signal::STOP);
    sleep(lasts).await;
    process::kill(pid, Signal::CONT);
}

async fn database(line: Option<&str>) -> Result<()> {
    let Some(line) = line else {
        return Ok(());
    };
    let mut shell = tokio::process::Command::new("/bin/sh");
    let status = shell.args(["-c", line]).status().await;
    let status = status.context("there is no shell")?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}
