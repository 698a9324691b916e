//! `vwm worker create`: a worker from a few options.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use vwm_api::{CliType, Fault};
use vwm_worker::{Door, Draft};

use super::drafts::{Filed, resolve};
use super::warn;
use crate::commands::input;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, table};

/// Which worker to make.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CreateArgs {
    /// Its name: letters, digits, `.`, `_` and `-`
    pub(crate) name: String,
    /// The engine that does the thinking
    #[arg(long, value_parser = engines())]
    pub(crate) engine: String,
    /// The model that the engine asks for [default: the engine's own]
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// The file that says who the worker is and how it works; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) instructions: Option<PathBuf>,
    /// For people
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Its knowledge base, a git repository
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// The branch of its knowledge base
    #[arg(long, value_name = "BRANCH", requires = "repo", default_value = vwm_worker::DEFAULT_BRANCH)]
    pub(crate) branch: String,
    /// Writes down at the end of each session what the next one should know
    #[arg(long, requires = "repo")]
    pub(crate) learn: bool,
    /// Where it runs
    #[arg(long, value_name = "NAME", default_value = vwm_worker::DEFAULT_RUNTIME)]
    pub(crate) runtime: String,
    /// For the engine acp: the program that answers, a name on the path or an absolute path
    #[arg(long, value_name = "COMMAND")]
    pub(crate) program: Option<String>,
    /// An argument of that program; give it as often as needed
    #[arg(
        long = "arg",
        value_name = "ARGUMENT",
        requires = "program",
        allow_hyphen_values = true
    )]
    pub(crate) args: Vec<String>,
    /// In which form
    #[command(flatten)]
    pub(crate) form: Form,
}

const EXAMPLES: &str = "\
Examples:
  vwm worker create bob --engine claude-code
  vwm worker create bob --engine claude-code --model claude-sonnet-4-5 --instructions bob.md
  vwm worker create bob --engine claude-code --repo https://git.example.com/bob.git --learn
  vwm worker create eve --engine acp --program my-agent --arg --acp

`vwm worker apply` makes and changes workers from files, which have every field.";

/// The engines that this build has an adapter for.
fn engines() -> PossibleValuesParser {
    let supported = CliType::ALL
        .into_iter()
        .filter(|it| vwm_worker::is_supported(*it));
    PossibleValuesParser::new(supported.map(CliType::as_str))
}

/// Makes a worker.
pub(super) async fn create(args: CreateArgs, context: &Context) -> Result<(), CliError> {
    if args.engine == CliType::Acp.as_str() && args.program.is_none() {
        return Err(CliError::usage(
            "--program is missing",
            "name the program that speaks the Agent Client Protocol",
        ));
    }
    let instructions = match &args.instructions {
        Some(path) => Some(input::text(path)?),
        None => None,
    };
    let draft = Draft::check(&file(&args, instructions), Door::File).map_err(faulty)?;
    let client = context.client()?;
    let filed = Filed {
        file: "--runtime".to_owned(),
        worker: draft,
    };
    let mut definitions = resolve(&client, vec![filed]).await?;
    let definition = definitions.pop().expect("one went in").worker;
    let worker = match client.create_worker(&definition).await {
        Ok(worker) => worker,
        Err(error) if error.is_conflict() => {
            return Err(CliError::failed(
                error.to_string(),
                format!(
                    "`vwm worker show {0}` shows what is there; `vwm worker apply -f FILE` changes it",
                    args.name
                ),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    if args.form.is_json() {
        return table::json(&worker);
    }
    let name = &worker.definition.name;
    table::line(format!(
        "worker {name} created (revision {})",
        worker.revision
    ));
    warn(name, &worker.warnings);
    table::aside(format!(
        "hint: `vwm run {name} \"…\"` gives it one task; `vwm session start {name}` begins a sitting"
    ));
    Ok(())
}

/// The options as a worker file would say them.
fn file(args: &CreateArgs, instructions: Option<String>) -> Value {
    let mut file = json!({
        "name": args.name, "cliType": args.engine, "runtime": args.runtime,
        "description": args.description, "agentMd": instructions, "model": args.model,
    });
    if let Some(url) = &args.repo {
        file["workerRepoUrl"] = json!(url);
        file["workerRepoBranch"] = json!(args.branch);
        file["autoLearn"] = json!(args.learn);
    }
    if let Some(program) = &args.program {
        file["engine"] = json!({"command": program, "args": args.args});
    }
    file
}

/// Says at which options the faults are.
fn faulty(faults: Vec<Fault>) -> CliError {
    let line = |fault: &Fault| format!("{}: {}", option(&fault.path), fault.message);
    let lines: Vec<_> = faults.iter().map(line).collect();
    CliError::usage(
        format!("this cannot be a worker\n  {}", lines.join("\n  ")),
        "`vwm worker create --help` has examples",
    )
}

fn option(path: &str) -> &str {
    match path.split(['.', '[']).next().unwrap_or_default() {
        "name" => "NAME",
        "cliType" => "--engine",
        "runtime" => "--runtime",
        "description" => "--description",
        "agentMd" => "--instructions",
        "model" | "modelConfig" => "--model",
        "workerRepoUrl" => "--repo",
        "workerRepoBranch" => "--branch",
        "engine" => "--program",
        _ => path,
    }
}
