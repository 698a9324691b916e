//! `vwm demo`: the whole of it in one folder, offline and without a key: the real engine, a scripted model, real git.

mod check;
mod ground;
pub(crate) mod keeper;
mod model;
mod next;
mod page;
mod repositories;
mod scene;
mod script;
mod server;
mod story;
mod tell;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::time::{sleep, timeout};
use vwm_api::{AbortRequest, CliType, SessionId, SessionStatus};
use vwm_client::{Client, SessionFilter};
use vwm_harness::supervisor::{self, WallLevel};

use crate::connect::Context;
use crate::engines::progress::Progress;
use crate::engines::{self, Present};
use crate::error::CliError;
use crate::sitting::Interrupts;
use ground::Ground;
use keeper::Keeper;
use model::{Caller, Model};
use repositories::Repositories;
use scene::{Stage, Stop};
use server::Server;

/// How long a session's end may take.
const END: Duration = Duration::from_secs(60);
/// How often the turns of a session that is not to go on are aborted.
const BEAT: Duration = Duration::from_millis(300);

/// How the demo runs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// Ends when the story does, and leaves nothing behind
    #[arg(long)]
    pub(crate) once: bool,
    /// Keeps everything in a new folder below this one
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Asks Anthropic's model instead of the script, with the key in VWM_ANTHROPIC_API_KEY; asks you first
    #[arg(long)]
    pub(crate) live: bool,
    /// Answers that question with yes
    #[arg(long, requires = "live")]
    pub(crate) yes: bool,
    /// Where engines are installed
    #[arg(long, value_name = "DIR")]
    pub(crate) engines_dir: Option<PathBuf>,
    /// Lets the engine run without a wall, where this machine cannot make one
    #[arg(long)]
    pub(crate) unconfined: bool,
}

const EXAMPLES: &str = "\
Examples:
  vwm demo                 tells the story, then keeps the server running, to look around
  vwm demo --once          tells the story, and leaves nothing behind
  vwm demo --dir ./demo    keeps everything in a folder
  vwm demo --live          the same with a real model, on your key and for your money

Claude Code is installed first, where it is not: npm is needed for that, once. Otherwise git is enough. \
Engine, wall, sessions, events and git are real; the model is a script that says what was written in advance.";

/// Runs the demo.
pub(crate) async fn run(args: DemoArgs, context: &Context) -> Result<ExitCode, CliError> {
    let engines_dir = context.engines_dir(args.engines_dir.clone())?;
    let model = if args.live {
        // Before Ctrl-C is ours: it ends the question, too.
        let caller = Caller {
            key: context.env.anthropic_api_key.as_deref(),
            has_agreed: args.yes,
        };
        let Some(model) = Model::live(&caller)? else {
            complain("nothing was started, and nothing is spent");
            return Ok(ExitCode::from(1));
        };
        model
    } else {
        Model::scripted()?
    };
    // From here on Ctrl-C is ours: what was started is stopped first.
    let mut interrupts = Interrupts::listen()?;
    repositories::check_git(&context.env).await?;
    check_wall(args.unconfined)?;
    let version = tokio::select! {
        version = install(&engines_dir, context) => version?,
        () = interrupts.next() => return Ok(stopped()),
    };
    introduce(&model, version);
    let ground = Ground::make(args.dir.as_deref())?;
    let play = Play {
        args: &args,
        context,
        engines_dir: &engines_dir,
        model: &model,
        ground: &ground,
    };
    let played = play.run(&mut interrupts).await;
    model.stop().await;
    let kept = ground.leave().await?;
    let code = played?;
    let done = match kept {
        Some(folder) => Some(format!("Everything is in {}.", folder.display())),
        None if code == 0 && args.once => Some(
            "Everything is removed again. Without --once, `vwm demo` lets you look around afterwards."
                .to_owned(),
        ),
        None => None,
    };
    if let Some(done) = done {
        page::say("");
        page::say(&done);
    }
    if code == 130 {
        return Ok(stopped());
    }
    Ok(ExitCode::from(code))
}

fn introduce(model: &Model, version: &str) {
    page::chapter("vwm demo: a worker learns, and the next session knows it");
    page::say(&match model {
        Model::Scripted(_) => format!(
            "Claude Code {version}, the wall around it, the sessions and git are real. Its model is a script: no key, \
             no network, and words that were written in advance."
        ),
        Model::Live { .. } => format!(
            "Claude Code {version} asks Anthropic's model, with your key; what it says is its own."
        ),
    });
}

async fn install(engines_dir: &Path, context: &Context) -> Result<&'static str, CliError> {
    let mut progress = Progress::for_stderr();
    let installed = engines::install(
        CliType::ClaudeCode,
        engines_dir,
        Present::Keep,
        &context.env,
        &mut progress,
    )
    .await?;
    if installed.was_there {
        works(engines_dir).await?;
    }
    Ok(installed.version)
}

/// Says what to do where the engine that is there does not run; later every session would fail for it.
async fn works(engines_dir: &Path) -> Result<(), CliError> {
    // Without a place for it nothing is proven; a session asks again.
    if tempfile::tempdir().is_err() {
        return Ok(());
    }
    for (engine, install) in engines::installable().filter(|(it, _)| *it == CliType::ClaudeCode) {
        let place = engines_dir.join(install.folder);
        if let Err(error) = engines::proof::runs(&install, &place).await {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default();
            let again = page::quoted(&engines_dir.display().to_string());
            return Err(CliError::failed(
                format!("{why}; it is in {}", place.display()),
                format!(
                    "install it again: `vwm engine install {} --force --engines-dir {again}`",
                    engine.as_str()
                ),
            ));
        }
    }
    Ok(())
}

/// Says what to do where there is no wall; later every session would fail for it.
fn check_wall(is_unconfined: bool) -> Result<(), CliError> {
    match supervisor::probe() {
        WallLevel::Landlock { .. } => Ok(()),
        WallLevel::None { .. } if is_unconfined => Ok(()),
        WallLevel::None { why } => Err(CliError::failed(
            format!("this machine has no wall to run an engine behind: {why}"),
            "use a machine with Linux 6.12 or newer and Landlock, or go without a wall: `vwm demo --unconfined`",
        )),
    }
}

/// One performance.
struct Play<'a> {
    args: &'a DemoArgs,
    context: &'a Context,
    engines_dir: &'a Path,
    model: &'a Model,
    ground: &'a Ground,
}

impl Play<'_> {
    /// Performs it, and returns how the process ends; nothing of it runs then.
    async fn run(&self, interrupts: &mut Interrupts) -> Result<u8, CliError> {
        let repositories = tokio::select! {
            made = Repositories::make(self.ground.path(), &self.context.env) => made?,
            () = interrupts.next() => return Ok(130),
        };
        let mut server = Server::start(&server::Options {
            folder: self.ground.path(),
            engines_dir: self.engines_dir,
            model: self.model,
            unconfined: self.args.unconfined,
            env: &self.context.env,
        })?;
        let keeper = Keeper::start(self.ground.path(), server.pid(), self.ground)?;
        let is_ready = tokio::select! {
            ready = server.until_ready() => ready.map(|()| true),
            () = interrupts.next() => Ok(false),
        };
        if !is_ready? {
            server.stop().await?;
            return Ok(130);
        }
        let client = server.client()?;
        let code = self
            .perform(&mut server, &client, &repositories, interrupts)
            .await;
        tokio::select! {
            () = end_all(&client, code) => {}
            () = interrupts.next() => complain("leaving at once: what is left is killed"),
        }
        let stopped = server.stop().await;
        // A harness outlives its server, and would go on in a folder that is gone.
        server::stop_jobs(self.ground.path()).await;
        keeper.leave().await;
        if code != 1 {
            // What failed was told already, with the server's last lines.
            stopped?;
        }
        Ok(code)
    }

    async fn perform(
        &self,
        server: &mut Server,
        client: &Client,
        repositories: &Repositories,
        interrupts: &mut Interrupts,
    ) -> u8 {
        let stage = Stage {
            client,
            repositories,
            env: &self.context.env,
        };
        let data_dir = server::data_dir(self.ground.path());
        let sessions = data_dir.join("sessions");
        let told = tokio::select! {
            told = tell::tell(stage, self.model, &sessions) => told,
            () = interrupts.next() => Err(Stop::Interrupted),
            () = server.gone() => Err(Stop::Failed(gone())),
        };
        let story = match told {
            Ok(story) => story,
            Err(Stop::Interrupted) => {
                complain("\nstopping: what was started is ended first");
                return 130;
            }
            Err(Stop::Failed(error)) => {
                complain(&error.told());
                complain(&format!("the server's last lines:\n{}", server.log_tail()));
                return error.exit_code();
            }
        };
        if !self.args.once {
            next::show(&story, repositories, &data_dir, &self.context.env);
            tokio::select! {
                () = interrupts.next() => {}
                () = server.gone() => {
                    complain(&gone().told());
                    return 1;
                }
            }
        }
        0
    }
}

fn gone() -> CliError {
    CliError::failed(
        "the demo's server is gone",
        "run the demo again; with --dir it keeps the server.log",
    )
}

/// Ends what is left.
async fn end_all(client: &Client, code: u8) {
    let mut asked = BTreeSet::new();
    end_each(client, &mut asked).await;
    if code == 130 {
        // What was asked for last may have been made only now.
        sleep(BEAT).await;
        end_each(client, &mut asked).await;
    }
}

/// Ends what is left and was not asked before; a session that will not end loses its harness later.
async fn end_each(client: &Client, asked: &mut BTreeSet<SessionId>) {
    let Ok(page) = client.sessions(&SessionFilter::default()).await else {
        return;
    };
    for session in page.items {
        if session.status == SessionStatus::Ended || !asked.insert(session.id) {
            continue;
        }
        complain(&format!("ending session {}", session.id));
        let mut ending = pin!(timeout(END, client.end_session_and_wait(session.id)));
        let ended = loop {
            tokio::select! {
                ended = &mut ending => break ended,
                () = sleep(BEAT) => {
                    // Nobody waits for what it would learn; there may be nothing to abort.
                    let _ = client.abort(session.id, &AbortRequest::default()).await;
                }
            }
        };
        if !matches!(ended, Ok(Ok(()))) {
            complain(&format!("session {} did not end", session.id));
        }
    }
}

fn stopped() -> ExitCode {
    complain("stopped");
    ExitCode::from(130)
}

/// Says something on standard error. The terminal may be gone, and there is still something to be cleared away.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
