//! `cargo xtask fuzz-api`: schemathesis asks a real server everything that its document allows, and all that it forbids. No call may
//! be answered badly, not at all, or in a way that the document does not tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::python::Python;
use crate::server::Server;
use crate::step::{execute, root, step};

/// Where the rules of the fuzzing are, beside the dictionaries that are written for each run.
const RULES: [&str; 2] = ["schemathesis.toml", "hooks.py"];

/// Files that are there, that may be, and that no call may reach.
const FILES: [&str; 8] = [
    "CLAUDE.md",
    "notes/a.txt",
    "worker_repo/learnings/a.md",
    "worker_repo/COMPANY.md",
    "upload",
    ".",
    "..",
    "a/../../b",
];

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many cases each call gets from chance, beside those that its schema gives.
    pub(crate) max_examples: u32,
    /// How long all of it may take.
    pub(crate) seconds: u64,
    /// What chance begins with.
    pub(crate) seed: u64,
}

/// Who asks, and which share of the time is theirs.
struct Asker {
    name: &'static str,
    key: Option<String>,
    percent: u64,
    phases: &'static str,
}

/// A seed that another run has not had.
pub(crate) fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}

/// Asks a server of this program.
pub(crate) fn run(program: &Path, plan: Plan) -> Result<()> {
    let python = Python::prepare()?;
    let mut server = Server::start(program)?;
    let askers = askers(&server)?;
    let rules = furnish(&server)?;
    // Who is answered badly keeps nobody else from asking.
    let mut result = Ok(());
    for asker in askers {
        let heading = format!("fuzzing {}, seed {}", asker.name, plan.seed);
        result = result.and(step(&heading, || {
            ask(&python, &server, &rules, &asker, plan)
        }));
        server.is_well()?;
    }
    result
}

fn askers(server: &Server) -> Result<[Asker; 3]> {
    let key = |role: &str| server.ask(&format!("key create fuzz-{role} --role {role}"));
    Ok([
        Asker {
            name: "with an admin's key",
            key: Some(key("admin")?),
            percent: 70,
            phases: "examples,coverage,fuzzing,stateful",
        },
        Asker {
            name: "with a key that only reads",
            key: Some(key("read")?),
            percent: 20,
            phases: "examples,coverage,fuzzing,stateful",
        },
        Asker {
            name: "without a key",
            key: None,
            percent: 10,
            phases: "examples,coverage,fuzzing",
        },
    ])
}

fn ask(python: &Python, server: &Server, rules: &Rules, asker: &Asker, plan: Plan) -> Result<()> {
    let mut command = python.program("schemathesis");
    command
        .arg("--config-file")
        .arg(rules.folder.join(RULES[0]));
    command
        .arg("run")
        .arg(format!("{}/openapi.json", server.url));
    command.args(["--phases", asker.phases, "--no-color"]);
    command.args(["--workers", "2", "--max-failures", "20"]);
    command.args(["--max-examples", &plan.max_examples.to_string()]);
    command.args(["--seed", &plan.seed.to_string()]);
    let seconds = (plan.seconds * asker.percent / 100).max(1);
    command.args(["--max-time", &seconds.to_string()]);
    if let Some(key) = &asker.key {
        command
            .arg("--header")
            .arg(format!("Authorization: Bearer {key}"));
    }
    command
        .env("PYTHONPATH", &rules.folder)
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("VWM_FUZZ_KEPT", &rules.kept)
        .env("VWM_FUZZ_FIXED", &rules.fixed)
        .current_dir(&rules.folder);
    let advice = format!(
        "each failure above has its curl line; again: `cargo xtask fuzz-api --seed {} --max-examples {}`",
        plan.seed, plan.max_examples
    );
    execute(&mut command, &advice)
}

/// A folder with the rules and dictionaries of one run, and the ids of what must stay, and of what must stay as it is.
struct Rules {
    folder: PathBuf,
    kept: String,
    fixed: String,
}

/// Makes what the calls are about: workers, sessions with a turn, files and settings; and tells their names in dictionaries.
fn furnish(server: &Server) -> Result<Rules> {
    let folder = server.scratch("rules")?;
    for rule in RULES {
        let from = root().join("tests/python").join(rule);
        fs::copy(&from, folder.join(rule)).with_context(|| format!("cannot copy {rule}"))?;
    }
    let mut workers = Vec::new();
    for name in ["bob", "eve", "ivo"] {
        server.make_worker(name)?;
        workers.push(id_of(&server.ask_json(&format!("worker show {name}"))?)?);
    }
    let runtime = id_of(&server.ask_json("runtime show local")?)?;
    let mut sessions = Vec::new();
    let mut requests = Vec::new();
    for _ in 0..3 {
        let session = server.ask("session start bob")?;
        requests.push(server.ask(&format!("prompt {session} hello --detach"))?);
        sessions.push(session);
    }
    let write = |name: &str, words: &[String]| {
        let lines: Vec<_> = words.iter().map(|word| format!("\"{word}\"\n")).collect();
        let path = folder.join(format!("{name}.dict"));
        fs::write(path, lines.concat()).with_context(|| format!("cannot write {name}"))
    };
    write("sessions", &sessions)?;
    write("requests", &requests)?;
    write("workers", &workers)?;
    write("runtimes", slice::from_ref(&runtime))?;
    write("names", &["bob", "local"].map(str::to_owned))?;
    write(
        "settings",
        &["system_agent_md", "engineFolders"].map(str::to_owned),
    )?;
    write("files", &FILES.map(str::to_owned))?;
    let keys = server.ask_json("key list")?;
    let keys = keys.as_array().context("the list of keys is no array")?;
    let mut kept = keys.iter().map(id_of).collect::<Result<Vec<_>>>()?;
    // One session may end, the others are asked to the last.
    kept.extend(sessions.into_iter().skip(1));
    kept.extend(workers.iter().cloned());
    kept.push(runtime.clone());
    Ok(Rules {
        folder,
        kept: kept.join(" "),
        fixed: format!("{} {runtime}", workers[0]),
    })
}

fn id_of(thing: &Value) -> Result<String> {
    let id = thing["id"].as_str().context("it has no id")?;
    Ok(id.to_owned())
}
