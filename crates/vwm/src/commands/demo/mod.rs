//! `vwm demo`: the whole of it in one folder, offline and without a key: the real engine, a scripted model, real git.

mod repositories;
mod server;
mod story;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use vwm_api::{CliType, NewSession, Repository, SessionStatus, Worker};
use vwm_client::{Client, Lock, SessionFilter};
use vwm_scripted::ModelServer;

use super::{run as running, worker};
use crate::connect::Context;
use crate::engines::progress::Progress;
use crate::engines::{self, Present};
use crate::error::CliError;
use crate::output::table;
use crate::sitting::{Ended, Interrupts, Screen, Sitting, Started};
use repositories::Repositories;
use server::Server;

/// How long a session's end may take.
const END: Duration = Duration::from_secs(60);

/// How the demo runs.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm demo --once\n  vwm demo --dir ./demo      keeps the server running, to look around\n\nClaude Code is installed first, where it is not (npm is needed for that, once)."
)]
pub(crate) struct DemoArgs {
    /// Ends when the story does, and leaves nothing behind
    #[arg(long)]
    pub(crate) once: bool,
    /// Keeps everything in a new folder below this one
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Where engines are installed
    #[arg(long, value_name = "DIR")]
    pub(crate) engines_dir: Option<PathBuf>,
    /// Lets the engine run without a wall, where this machine cannot make one
    #[arg(long)]
    pub(crate) unconfined: bool,
}

/// Runs the demo.
pub(crate) async fn run(args: DemoArgs, context: &Context) -> Result<ExitCode, CliError> {
    let engines_dir = context.engines_dir(args.engines_dir.clone())?;
    // From here on Ctrl-C is ours: what was started is stopped first.
    let mut interrupts = Interrupts::listen()?;
    repositories::check_git(&context.env).await?;
    tokio::select! {
        installed = install(&engines_dir, context) => installed?,
        () = interrupts.next() => return stopped(),
    }
    let ground = Ground::make(args.dir.as_deref())?;
    let repositories = Repositories::make(ground.path(), &context.env).await?;
    let model = ModelServer::start(story::script()?)
        .map_err(CliError::system("cannot start the scripted model"))?;
    say("starting a server; its model is a script, so no key is needed");
    let model_url = model.url();
    let options = server::Options {
        folder: ground.path(),
        engines_dir: &engines_dir,
        model_url: &model_url,
        unconfined: args.unconfined,
        env: &context.env,
    };
    let server = tokio::select! {
        server = Server::start(&options) => server?,
        () = interrupts.next() => return stopped(),
    };
    let client = server.client()?;
    let told = tell(&client, &repositories, context).await;
    let code = match &told {
        Ok(code) => *code,
        Err(error) => {
            eprintln!("{}", error.told());
            eprintln!("the server's last lines:\n{}", server.log_tail());
            1
        }
    };
    if !args.once && code == 0 {
        look_around(&server, &ground, &mut interrupts).await;
    }
    end_all(&client).await;
    server.stop().await?;
    model.stop().await;
    if let Some(kept) = ground.kept() {
        say(&format!("everything is in {}", kept.display()));
    }
    Ok(ExitCode::from(code))
}

async fn install(engines_dir: &Path, context: &Context) -> Result<(), CliError> {
    let mut progress = Progress::for_stderr();
    let installed = engines::install(
        CliType::ClaudeCode,
        engines_dir,
        Present::Keep,
        &context.env,
        &mut progress,
    )
    .await?;
    drop(progress);
    say(&format!(
        "Claude Code {} is in {}",
        installed.version,
        engines_dir.display()
    ));
    Ok(())
}

/// The story: a worker, a session, what it left.
async fn tell(
    client: &Client,
    repositories: &Repositories,
    context: &Context,
) -> Result<u8, CliError> {
    let bob = apply_bob(client, repositories).await?;
    say(&format!(
        "worker {}, revision {}: a backend engineer with a role and a knowledge base",
        bob.definition.name, bob.revision
    ));
    let new = NewSession {
        worker_id: Some(bob.id),
        repository: Some(Repository {
            url: repositories.project.url(),
            branch: "main".to_owned(),
        }),
        ..NewSession::default()
    };
    say(&format!("asking bob: {}", story::PROMPT));
    let mut sitting = match Sitting::start(client, &new, Screen::live()).await? {
        Started::Ready(sitting) => sitting,
        Started::Interrupted(_) => return Ok(130),
        Started::Failed(_, error) => return Err(error),
    };
    let ended = sitting.turn(&story::prompt()).await?;
    if matches!(ended, Ended::Left) || sitting.end().await?.is_none() {
        return Ok(130);
    }
    let branches = running::branches(&sitting, new.repository.as_ref(), &bob);
    running::tell(&mut sitting, &ended, &branches);
    let code = ended.exit_code();
    if code == 0 {
        for pushed in &branches {
            repositories.show(pushed, &context.env).await?;
        }
    }
    Ok(code)
}

async fn apply_bob(client: &Client, repositories: &Repositories) -> Result<Worker, CliError> {
    let file = story::bob(&repositories.knowledge_base.url());
    let drafts = worker::read_drafts(vec![("bob.yaml".to_owned(), file)])?;
    let mut definitions = worker::resolve(client, drafts).await?;
    let bob = definitions.pop().ok_or_else(|| CliError::Failed {
        message: "bob.yaml has no worker".to_owned(),
        hint: None,
    })?;
    let (_, worker) = worker::apply(client, &bob.worker, Lock::Respect).await?;
    Ok(worker)
}

async fn look_around(server: &Server, ground: &Ground, interrupts: &mut Interrupts) {
    let data_dir = server::data_dir(ground.path());
    say(&format!(
        "the server runs on until Ctrl-C; look around:\n  vwm --data-dir {0} session list\n  vwm --data-dir {0} run bob \"hello\"",
        data_dir.display()
    ));
    tokio::select! {
        () = interrupts.next() => {}
        () = server.gone() => {}
    }
}

/// Ends what is left, so that no process outlives the demo; a session that will not end is left to its server's log.
async fn end_all(client: &Client) {
    let Ok(page) = client.sessions(&SessionFilter::default()).await else {
        return;
    };
    for session in page.items {
        if session.status != SessionStatus::Ended {
            say(&format!("ending session {}", session.id));
            let ending = client.end_session_and_wait(session.id);
            if !matches!(tokio::time::timeout(END, ending).await, Ok(Ok(()))) {
                eprintln!("session {} did not end", session.id);
            }
        }
    }
}

fn stopped() -> Result<ExitCode, CliError> {
    eprintln!("stopped");
    Ok(ExitCode::from(130))
}

/// The folder of one demo.
enum Ground {
    /// It goes away with the demo.
    Passing(tempfile::TempDir),
    /// It stays.
    Kept(PathBuf),
}

impl Ground {
    fn make(below: Option<&Path>) -> Result<Self, CliError> {
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("vwm-demo-");
        let Some(below) = below else {
            let made = folder.tempdir();
            return made
                .map(Self::Passing)
                .map_err(CliError::system("cannot make a temporary folder"));
        };
        let made = std::fs::create_dir_all(below)
            .and_then(|()| below.canonicalize())
            .and_then(|below| folder.tempdir_in(below));
        made.map(|folder| Self::Kept(folder.keep()))
            .map_err(CliError::system(format!(
                "cannot make a folder below {}",
                below.display()
            )))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Passing(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }

    fn kept(&self) -> Option<&Path> {
        match self {
            Self::Passing(_) => None,
            Self::Kept(folder) => Some(folder),
        }
    }
}

fn say(text: &str) {
    table::line(format!("▸ {text}"));
}
