//! Chaos: dozens of sessions prompt, stream, suspend and end while server, harnesses and engines are killed, all chosen from one seed;
//! what the clients saw is held against what the product promises.

mod chance;
mod driver;
mod end;
mod evidence;
mod ground;
mod host;
mod judge;
mod killer;
mod ledger;
mod plain;
mod schedule;
mod suspension;
mod tally;
mod truth;
mod watcher;
mod way;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::Instant;

use ground::Ground;

/// How long clients may take to come to a halt when the time is up: no call waits longer.
const HALT_MAX: Duration = Duration::from_secs(150);

/// What a run shall be.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// The vwm under test
    #[arg(long, value_name = "FILE")]
    pub program: PathBuf,
    /// How long things are done and killed; looking at what came of it takes some seconds more
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub seconds: u64,
    /// What all is chosen from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How many sessions live at a time
    #[arg(long, value_name = "COUNT", default_value_t = 24)]
    pub sessions: usize,
    /// A PostgreSQL database that is empty; SQLite without it
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// A shell command that stops the database
    #[arg(long, value_name = "COMMAND", requires = "database_start")]
    pub database_stop: Option<String>,
    /// A shell command that starts it again
    #[arg(long, value_name = "COMMAND", requires = "database_stop")]
    pub database_start: Option<String>,
}

impl Plan {
    fn lasts(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn database(&self) -> &'static str {
        match self.database_url {
            Some(_) => "postgres",
            None => "sqlite",
        }
    }

    fn can_stop_database(&self) -> bool {
        self.database_stop.is_some()
    }

    /// What a seed means, in words.
    #[must_use]
    pub fn explain(&self) -> String {
        schedule::explain(self)
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Verdict {
    /// Every promise that was not kept.
    pub violations: Vec<String>,
    /// All of it in one line.
    pub summary: String,
    /// Where everything still lies; none where it was taken away.
    pub kept: Option<PathBuf>,
}

/// Runs the plan to its end, and leaves nothing that runs.
pub async fn run(plan: Plan) -> Result<Verdict> {
    let (ground, host) = Ground::make(plan).await?;
    let ground = Arc::new(ground);
    let ran = tokio::select! {
        ran = play(&ground, host) => ran,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot wait for signals")?;
            Err(anyhow::anyhow!("interrupted; nothing is left running"))
        }
    };
    // Whatever became of it: the server went with its owner, and now what outlives servers goes, too.
    ground.clear();
    ran?;
    let violations = ground.tally.violations();
    let calls = ground.model.calls().len();
    let summary = ground.tally.summary(&ground.plan, calls);
    let kept = ground.leave(!violations.is_empty());
    Ok(Verdict {
        violations,
        summary,
        kept,
    })
}

async fn play(ground: &Arc<Ground>, host: host::Host) -> Result<()> {
    let until = Instant::now() + ground.plan.lasts();
    let progress = tokio::spawn(tell(Arc::clone(ground)));
    let mut drivers = JoinSet::new();
    for slot in 0..ground.plan.sessions {
        drivers.spawn(driver::drive(Arc::clone(ground), slot));
    }
    let host = killer::strike(ground, host, until).await;
    ground.halt();
    let host = host?;
    let mut lives = Vec::new();
    let halted = tokio::time::timeout(HALT_MAX, async {
        while let Some(life) = drivers.join_next().await {
            lives.extend(life.context("a client panicked")?);
        }
        Ok::<_, anyhow::Error>(())
    });
    match halted.await {
        Ok(halted) => halted?,
        Err(_) => ground.tally.violation(format!(
            "{} clients still wait {} s after the last strike",
            drivers.len(),
            HALT_MAX.as_secs()
        )),
    }
    drivers.shutdown().await;
    truth::all_agree(ground).await;
    end::all(ground, lives, host).await?;
    progress.abort();
    eprintln!();
    Ok(())
}

/// Says once a second where it stands.
async fn tell(ground: Arc<Ground>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        eprint!("\r{}   ", ground.tally.progress());
    }
}
