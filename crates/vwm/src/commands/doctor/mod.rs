//! `vwm doctor`: what on this machine would keep a server or its sessions from working, and what to do. It changes nothing.

mod check;
mod folders;
pub(crate) mod programs;
mod server;
mod settings;
mod wall;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, table};
use check::{Marks, Report};
use settings::Settings;

/// How to look.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm doctor\n  vwm doctor --output json\n\nIt changes nothing, shows no key's value, and exits with 1 where something fails."
)]
pub(crate) struct DoctorArgs {
    /// The same as `--output json`
    #[arg(long, hide = true)]
    pub(crate) json: bool,
    /// In which form
    #[command(flatten)]
    pub(crate) form: Form,
    /// Looks for installed engines in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) engines_dir: Option<PathBuf>,
}

/// Looks at everything, and says what it found.
pub(crate) async fn run(args: DoctorArgs, context: &Context) -> Result<ExitCode, CliError> {
    let report = look(args.engines_dir, context).await;
    if args.json || args.form.is_json() {
        table::json(&report)?;
    } else {
        table::line(report.text(Marks::fit_for(io::stdout().is_terminal())));
    }
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

async fn look(engines_dir: Option<PathBuf>, context: &Context) -> Report {
    let (settings, understood) = Settings::read(engines_dir, context);
    let mut checks = vec![understood];
    let engines = programs::engines(settings.engines_dir.as_deref()).await;
    let is_complete = engines.iter().all(|it| it.state == check::State::Ok);
    checks.extend(engines);
    checks.push(programs::npm(&context.env.path, is_complete));
    checks.push(programs::git(&context.env.path).await);
    let (wall, leaves_open) = wall::wall(settings.is_unconfined);
    checks.push(wall);
    checks.push(wall::user());
    checks.push(folders::data_directory(settings.data_dir.as_deref()));
    checks.push(folders::disk(
        settings.data_dir.as_deref(),
        settings.engines_dir.as_deref(),
    ));
    checks.extend(folders::put_aside(settings.data_dir.as_deref()));
    let running = server::find(settings.data_dir.as_deref()).await;
    checks.push(
        server::database(
            &running,
            settings.database_url.as_ref(),
            settings.data_dir.as_deref(),
        )
        .await,
    );
    checks.push(server::server(&running, settings.listen));
    checks.extend(server::elsewhere(context).await);
    checks.push(settings.keys());
    Report {
        checks,
        leaves_open,
    }
}
