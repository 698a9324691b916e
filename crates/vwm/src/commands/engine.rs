//! `vwm engine`: installs and lists the programs that do the thinking.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, builder::PossibleValue};
use serde_json::json;
use vwm_api::CliType;

use crate::connect::Context;
use crate::engines::progress::Progress;
use crate::engines::{self, Present};
use crate::error::CliError;
use crate::output::{Form, table};
use crate::sitting::Interrupts;

/// What to do with engines.
#[derive(Debug, Subcommand)]
pub(crate) enum EngineCommand {
    /// Installs an engine at the version that VWM knows
    #[command(
        after_help = "Example:\n  vwm engine install claude-code\n\nIt needs npm, once. The program itself needs no Node."
    )]
    Install(InstallArgs),
    /// Lists the engines that can be installed, and those that are
    #[command(after_help = "Example:\n  vwm engine list")]
    List {
        /// Where engines are installed
        #[arg(long, value_name = "DIR")]
        engines_dir: Option<PathBuf>,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// What to install.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The engine
    #[arg(value_parser = CliType::ALL.map(offered))]
    pub(crate) engine: String,
    /// Installs it again
    #[arg(long)]
    pub(crate) force: bool,
    /// Where engines are installed
    #[arg(long, value_name = "DIR")]
    pub(crate) engines_dir: Option<PathBuf>,
}

/// An engine by its name; one that cannot be installed is understood, to say why, and not offered.
fn offered(engine: CliType) -> PossibleValue {
    let is_installable = engines::installable().any(|(it, _)| it == engine);
    PossibleValue::new(engine.as_str()).hide(!is_installable)
}

/// Does it.
pub(crate) async fn run(command: EngineCommand, context: &Context) -> Result<(), CliError> {
    match command {
        EngineCommand::Install(args) => install(args, context).await,
        EngineCommand::List { engines_dir, form } => list(&context.engines_dir(engines_dir)?, form),
    }
}

async fn install(args: InstallArgs, context: &Context) -> Result<(), CliError> {
    let named = CliType::ALL.into_iter();
    let Some(engine) = named.clone().find(|it| it.as_str() == args.engine) else {
        return Err(CliError::usage(
            format!("there is no engine {:?}", args.engine),
            "`vwm engine list` shows those that there are",
        ));
    };
    let engines_dir = context.engines_dir(args.engines_dir)?;
    let present = if args.force {
        Present::Replace
    } else {
        Present::Keep
    };
    let mut interrupts = Interrupts::listen()?;
    let mut progress = Progress::for_stderr();
    let installing = engines::install(engine, &engines_dir, present, &context.env, &mut progress);
    let installed = tokio::select! {
        installed = installing => installed?,
        // What is half done is removed when its future is dropped.
        () = interrupts.next() => {
            return Err(CliError::Failed {
                message: "stopped; nothing was installed".to_owned(),
                hint: None,
            });
        }
    };
    drop(progress);
    let did = if installed.was_there {
        "is installed already"
    } else {
        "is installed"
    };
    table::line(format!(
        "{} {} {did}: {}",
        engine.as_str(),
        installed.version,
        installed.program.display()
    ));
    Ok(())
}

fn list(engines_dir: &Path, form: Form) -> Result<(), CliError> {
    let engines = engines::installable().map(|(engine, install)| {
        let is_installed = engines::is_installed(engines_dir, &install);
        (engine.as_str(), install, is_installed)
    });
    if form.is_json() {
        let engines: Vec<_> = engines
            .map(|(name, install, is_installed)| {
                json!({
                    "engine": name, "package": install.package, "version": install.version,
                    "installed": is_installed, "program": engines_dir.join(install.path()),
                })
            })
            .collect();
        return table::json(&engines);
    }
    let row = |(name, install, is_installed): (&str, vwm_harness::adapters::Install, bool)| {
        let place = if is_installed {
            engines_dir.join(install.folder).display().to_string()
        } else {
            format!("no: `vwm engine install {name}`")
        };
        vec![name.to_owned(), install.version.to_owned(), place]
    };
    table::rows(
        &["engine", "version", "installed"],
        engines.map(row).collect(),
    );
    Ok(())
}
