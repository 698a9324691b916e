//! The life of a harness: boot, lock, settle what an older generation left, listen, end.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, flock};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};
use vwm_api::harness::{Boot, Entry, TurnOrder};
use vwm_api::volume::{JobFile, VolumePaths, start_time};

use crate::conversation::{Stop, unknown};
use crate::journal::Journal;
use crate::session::Session;
use crate::{http, supervisor};

/// How long the older generation may take to let go of the volume.
const HANDOVER: Duration = Duration::from_secs(15);

/// What a harness is started with; what is secret comes on its standard input.
#[derive(Debug, Clone, clap::Args)]
pub struct HarnessArgs {
    /// The session's volume
    #[arg(long)]
    pub volume: PathBuf,
    /// The UNIX socket to listen on
    #[arg(long)]
    pub socket: PathBuf,
}

/// Why a harness would not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot read what to serve from standard input; a harness is started by a server")]
    Boot(#[source] io::Error),
    #[error("another harness holds {path}")]
    Locked { path: PathBuf },
    #[error("engines of an older generation still run")]
    Engines(#[source] io::Error),
    #[error("cannot use {path}")]
    Volume { path: PathBuf, source: io::Error },
}

/// Runs a harness to its end.
pub fn run(args: &HarnessArgs) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    // Out of the server's terminal and group: a Ctrl-C there is not for us. It fails only where we lead a group already.
    let _ = rustix::process::setsid();
    // What it writes is its owner's alone; the engine's own files are as open as the wall's stage makes them.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let boot = match read_boot() {
        Ok(boot) => boot,
        Err(e) => return failed(&StartError::Boot(e)),
    };
    vwm_failpoints::pass("harness.booted");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // Files take half of them at most.
        .max_blocking_threads(16)
        .enable_all()
        .build();
    let served = runtime
        .map_err(|source| StartError::Volume {
            path: args.volume.clone(),
            source,
        })
        .and_then(|runtime| runtime.block_on(serve(boot, args)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => failed(&e),
    }
}

fn failed(error: &StartError) -> ExitCode {
    error!(error = vwm_api::chain(error), "Harness does not start");
    ExitCode::FAILURE
}

fn read_boot() -> io::Result<Boot> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

async fn serve(boot: Boot, args: &HarnessArgs) -> Result<(), StartError> {
    let paths = VolumePaths::new(&args.volume);
    let at = |path: PathBuf| move |source| StartError::Volume { path, source };
    match std::fs::create_dir(paths.state()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // A volume that was removed meanwhile is not made anew.
        made => made.map_err(at(paths.state()))?,
    }
    let _lock = take_lock(&paths.lock()).await?;
    vwm_failpoints::pass("harness.locked");
    let engines = paths.engines_lock();
    tokio::task::spawn_blocking(move || {
        supervisor::wait_for_engines(&engines, Instant::now() + HANDOVER)
    })
    .await
    .map_err(io::Error::other)
    .and_then(|waited| waited)
    .map_err(StartError::Engines)?;
    let journal_path = paths.state().join("journal");
    let journal = Arc::new(
        Journal::open(&journal_path, boot.generation, boot.stored_n)
            .map_err(at(journal_path.clone()))?,
    );
    let left = settle(&journal).await.map_err(at(journal_path))?;
    vwm_failpoints::pass("harness.settled");
    let generation = boot.generation;
    let session_id = boot.session;
    let session = Session::open(boot, paths.clone(), journal, left)
        .await
        .map_err(at(args.volume.clone()))?;
    let listener = listen(&args.socket).map_err(at(args.socket.clone()))?;
    write_job_file(&paths.job_file(), session_id, generation).map_err(at(paths.job_file()))?;
    info!(session.id = %session_id, generation, "Harness listens");
    vwm_failpoints::pass("harness.listening");
    say_so();
    let mut terminate = signal(SignalKind::terminate()).map_err(at(args.volume.clone()))?;
    let stop = session.stop.clone();
    let app = http::router(Arc::clone(&session));
    let server = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
    });
    tokio::select! {
        _ = terminate.recv() => info!("Harness is asked to end"),
        () = session.until_forsaken() => {}
    }
    // What the disk does not take now the next generation settles.
    session.journal.give_up();
    session.stop_conversations(Stop::HarnessEnds).await;
    session.stop.cancel();
    // A client that does not hang up must not keep the volume locked.
    let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    info!("Harness ends");
    Ok(())
}

/// Takes the volume for life. An older generation that is on its way out is waited for.
async fn take_lock(path: &Path) -> Result<File, StartError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|source| StartError::Volume {
            path: path.to_owned(),
            source,
        })?;
    let until = Instant::now() + HANDOVER;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(_) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(_) => {
                return Err(StartError::Locked {
                    path: path.to_owned(),
                });
            }
        }
    }
}

/// Ends what an older generation sent and did not end; gives what it took and never sent.
async fn settle(journal: &Arc<Journal>) -> io::Result<Vec<TurnOrder>> {
    let mut left = Vec::new();
    for turn in journal.with_ledger(crate::journal::Ledger::open) {
        if turn.sent {
            info!(turn.id = %turn.order.turn, "Turn was sent by a job that is lost: its outcome is unknown");
            let outcome = Box::new(unknown());
            let turn = turn.order.turn;
            journal
                .append_synced(Entry::Ended { turn, outcome })
                .await?;
        } else {
            left.push(turn.order);
        }
    }
    Ok(left)
}

fn listen(socket: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(socket) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    UnixListener::bind(socket)
}

/// A line on standard output, for whoever started the harness; then nobody hears anything there any more.
fn say_so() {
    // It may have gone, or never have cared.
    let _ = io::stdout().write_all(b"listening\n");
    let nobody = File::options().write(true).open("/dev/null");
    let _ = nobody.and_then(|nobody| Ok(rustix::stdio::dup2_stdout(nobody)?));
}

/// Says who serves the volume, by rename: whoever reads it reads a whole one.
fn write_job_file(path: &Path, session: vwm_api::SessionId, generation: i64) -> io::Result<()> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let start_time =
        start_time(&stat).ok_or_else(|| io::Error::other("/proc/self/stat has another form"))?;
    let job = JobFile {
        session,
        generation,
        pid: std::process::id(),
        start_time,
    };
    let temporary = path.with_extension("json.new");
    std::fs::write(&temporary, serde_json::to_vec(&job)?)?;
    std::fs::rename(temporary, path)
}
