//! A run: the floors, then each measure; one that cannot be made says why, and the others go on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::arguments::{Arguments, Measure};
use crate::bare::{self, Bare};
use crate::floors::{self, Floors};
use crate::host::{self, Peer, Scratch, Vwm};
use crate::report::{self, Report};
use crate::{machine, measure};

/// What every measure has at hand.
pub(crate) struct Kit {
    /// The program under test, as it is developed with.
    pub(crate) vwm: PathBuf,
    /// Where the programs are that are shipped.
    pub(crate) dist: PathBuf,
    /// The agent that every host hosts.
    pub(crate) agent: PathBuf,
    /// The peer's program, where there is one.
    pub(crate) peer: Option<PathBuf>,
    /// Everything of the run is in it.
    pub(crate) scratch: Scratch,
    /// Whether fewer of everything are enough.
    pub(crate) quick: bool,
    /// The PostgreSQL server on which our servers' databases are made; SQLite where there is none.
    pub(crate) postgres: Option<String>,
    /// What the machine can do.
    pub(crate) floors: Floors,
    /// What the agent does by itself.
    pub(crate) bare: Bare,
}

impl Kit {
    /// So many, or fewer in a quick run.
    pub(crate) fn few(&self, count: usize) -> usize {
        if self.quick {
            (count / 10).max(4)
        } else {
            count
        }
    }

    /// A server of our own.
    pub(crate) fn start_vwm(&self) -> Result<Vwm> {
        Vwm::start(
            &self.vwm,
            &self.agent,
            &self.scratch,
            self.postgres.as_deref(),
        )
        .context("vwm does not start")
    }

    /// The peer; none where it is not installed.
    pub(crate) fn start_peer(&self) -> Result<Option<Peer>> {
        let Some(program) = &self.peer else {
            return Ok(None);
        };
        let peer = Peer::start(program, &self.agent, &self.scratch);
        peer.map(Some).context("sandbox-agent does not start")
    }
}

/// Measures, prints one JSON document, and writes what the arguments ask for.
pub fn run(arguments: &Arguments) -> Result<()> {
    let report = measured(arguments)?;
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(out) = &arguments.out {
        std::fs::write(out, format!("{json}\n"))
            .with_context(|| format!("cannot write {}", out.display()))?;
    }
    if arguments.write_docs {
        report::write_docs(&root().join("docs"), &report)?;
    }
    println!("{json}");
    Ok(())
}

fn measured(arguments: &Arguments) -> Result<Report> {
    let own = std::env::current_exe().context("a program has a path")?;
    let folder = own.parent().context("a program is in a folder")?;
    let target = folder.parent().context("cargo's folders are nested")?;
    let work = target.join("bench");
    let scratch = Scratch::new(&work)?;
    let machine = machine::look(scratch.path());
    let load_before = machine::load();
    let mut failures = Vec::new();
    let peer = match host::install_peer(&work) {
        Ok(program) => Some(program),
        Err(error) => {
            failures.push(report::Failure::new("the peer", &error));
            None
        }
    };
    let (vwm, agent) = (folder.join("vwm"), folder.join("vwm-bench-agent"));
    let mut busiest = announce("floors", arguments);
    let mut kit = Kit {
        floors: floors::measure(scratch.path(), arguments.quick)?,
        bare: bare::measure(&agent, arguments.quick)?,
        vwm,
        agent,
        dist: target.join("dist"),
        peer,
        scratch,
        quick: arguments.quick,
        postgres: None,
    };
    let mut metrics = Vec::new();
    for (measure, name, make) in measure::ALL {
        if !is_wanted(arguments, measure) {
            continue;
        }
        let mut make = |kit: &Kit, name: &str, metrics: &mut Vec<report::Metric>| {
            busiest = busiest.max(announce(name, arguments));
            let started = Instant::now();
            if let Err(error) = make(kit, metrics) {
                eprintln!("   {error:#}");
                failures.push(report::Failure::new(name, &error));
            }
            eprintln!("   {:.1} s", started.elapsed().as_secs_f64());
        };
        make(&kit, name, &mut metrics);
        // A measure of the program alone says the same on either database.
        if let Some(server) = arguments
            .postgres
            .as_ref()
            .filter(|_| measure != Measure::M8)
        {
            let (peer, first) = (kit.peer.take(), metrics.len());
            kit.postgres = Some(server.clone());
            make(&kit, &format!("{name}, PostgreSQL"), &mut metrics);
            for metric in &mut metrics[first..] {
                metric.database = "postgres";
            }
            (kit.peer, kit.postgres) = (peer, None);
        }
    }
    Ok(Report {
        at: jiff::Timestamp::now().to_string(),
        quick: arguments.quick,
        machine,
        load_before,
        load_after: machine::load(),
        busiest,
        versions: report::Versions {
            vwm: version(&kit.vwm),
            peer: kit.peer.as_deref().map(version),
        },
        floors: kit.floors,
        agent: kit.bare,
        metrics,
        failures,
    })
}

/// Says what comes next; returns which part of the machine others use.
fn announce(name: &str, arguments: &Arguments) -> f64 {
    let busy = machine::wait_until_quiet(Duration::from_secs(arguments.patience));
    eprintln!("== {name}; {:.0} % of the machine is in use", busy * 100.0);
    busy
}

fn is_wanted(arguments: &Arguments, measure: Measure) -> bool {
    arguments.only.is_empty() || arguments.only.contains(&measure)
}

fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").env_clear().output();
    output.map_or_else(
        |error| format!("unknown: {error}"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("the crate is one folder below the root")
}
