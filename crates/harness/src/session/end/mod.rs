//! The end: stop, bring out, learn, push, transcript. It needs git and the journal, not a healthy engine, and may begin again at any
//! step, also in a later generation.

mod branches;
mod deadline;
mod learning;
mod material;
mod push;
mod record;

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tracing::info;
use vwm_api::harness::{Collected, EndOrder, Phase, Setup, StepState};
use vwm_api::{TurnError, TurnId, TurnStatus, Unpushed};

use super::Session;
use crate::conversation::{Stop, ended_by_us, unknown};
use crate::state::AllKept;
use crate::transcript::Transcript;
use crate::{git, supervisor};
use branches::Over;

/// What fails is tried again after a second, then after twice as long, at most every so often.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long one look at what still runs takes at most.
const LOOK: Duration = Duration::from_secs(15);
const TRANSCRIPT: &str = "transcript.jsonl";

impl Session {
    /// Begins the end; asked again, it goes on.
    pub(crate) fn end(self: &Arc<Self>, order: EndOrder) {
        let mut inner = self.inner();
        if matches!(self.state.current().phase, Phase::Ending | Phase::Collected) {
            return;
        }
        self.state.enter(Phase::Ending, None);
        let preparing = inner.preparing.take();
        inner.setup = Some(order.setup.clone());
        drop(inner);
        let session = Arc::clone(self);
        tokio::spawn(async move { session.run_end(&order, preparing).await });
    }

    async fn run_end(&self, order: &EndOrder, preparing: Option<JoinHandle<()>>) {
        vwm_failpoints::pass("harness.end.begun");
        self.stop_all(order, preparing).await;
        vwm_failpoints::pass("harness.end.stopped");
        let mut branches = self.outgoing(&order.setup);
        self.learn(order, &mut branches).await;
        vwm_failpoints::pass("harness.end.learning");
        self.push_all(order, &mut branches).await;
        let learned = match &order.learning {
            Some(turn) => Some(self.learned(&order.setup, turn.turn, &branches).await),
            None => None,
        };
        vwm_failpoints::pass("harness.end.learned");
        let unpushed = branches.into_iter().filter_map(into_unpushed).collect();
        let files = self.keep_transcript().await;
        vwm_failpoints::pass("harness.end.transcript");
        info!("All that is kept is collected");
        self.state.set_collected(AllKept {
            files,
            learned,
            unpushed,
        });
        vwm_failpoints::pass("harness.end.over");
    }

    /// Stops what runs or is being prepared, and ends every turn but the one that learns.
    async fn stop_all(&self, order: &EndOrder, preparing: Option<JoinHandle<()>>) {
        self.state.step("stop", StepState::Running, "");
        if let Some(preparing) = preparing {
            preparing.abort();
            // It was aborted, as it should be, or has just come to its end.
            let _ = preparing.await;
        }
        // A turn that is just being taken is handed over before all are stopped; from here on none is taken.
        drop(self.taking.lock().await);
        // No client's half of a file is brought out, and none is written behind our back.
        self.files.until_nothing_changes().await;
        self.stop_conversations(Stop::SessionEnds).await;
        let learning = order.learning.as_ref().map(|turn| turn.turn);
        self.end_open_turns(&order.setup, learning).await;
        self.let_only(learning);
        self.until_nothing_runs("stop").await;
        self.state.step("stop", StepState::Done, "no engine runs");
    }

    /// From here on no turn runs but this one.
    fn let_only(&self, learning: Option<TurnId>) {
        let mut inner = self.inner();
        inner.left.retain(|order| learning == Some(order.turn));
        inner.learning = learning;
    }

    /// Ends the turns that no conversation has. The one that learns goes on, unless it was sent: nothing is sent twice.
    async fn end_open_turns(&self, setup: &Setup, learning: Option<TurnId>) {
        for turn in self.journal.with_ledger(crate::journal::Ledger::open) {
            let outcome = if turn.sent {
                unknown()
            } else if learning == Some(turn.order.turn) {
                continue;
            } else {
                let error = TurnError {
                    status: TurnStatus::Cancelled,
                    message: "the session ended before the turn ran".to_owned(),
                    code: "session_ended".to_owned(),
                    retryable: false,
                    resets_at: None,
                };
                ended_by_us(Some(setup.worker.cli_type), error)
            };
            self.journal.end_turn(turn.order.turn, outcome).await;
        }
    }

    /// Waits until nothing lives that an engine or a git was the beginning of: what was given up in its middle is gone before
    /// anybody looks at what it left.
    async fn until_nothing_runs(&self, step: &str) {
        let mut pause = Duration::from_secs(1);
        loop {
            let lock = self.paths.engines_lock();
            let looked = tokio::task::spawn_blocking(move || {
                supervisor::wait_for_engines(&lock, Instant::now() + LOOK)
            });
            let Err(error) = looked.await.map_err(io::Error::other).and_then(|it| it) else {
                return;
            };
            let detail = format!("something of the session still runs: {error}");
            self.state.step(step, StepState::Retrying, detail);
            wait(&mut pause).await;
        }
    }

    /// Writes the transcript; tried again until it is there. Gives everything that is kept.
    async fn keep_transcript(&self) -> Vec<Collected> {
        let mut pause = Duration::from_secs(1);
        loop {
            let kept = self.write_transcript().and_then(|()| self.collected());
            match kept {
                Ok(kept) => {
                    self.state.step("transcript", StepState::Done, TRANSCRIPT);
                    return kept;
                }
                Err(error) => {
                    let detail = format!("the transcript cannot be kept: {error}");
                    self.state.step("transcript", StepState::Retrying, detail);
                }
            }
            wait(&mut pause).await;
        }
    }

    fn write_transcript(&self) -> io::Result<()> {
        let path = self.collected_folder().join(TRANSCRIPT);
        replace(&path, |file| {
            let mut transcript = Transcript::new(file);
            self.journal.each(|record| transcript.add(&record))?;
            transcript.finish()
        })
    }

    /// What lies in the folder of collected things.
    fn collected(&self) -> io::Result<Vec<Collected>> {
        let mut collected = Vec::new();
        for entry in std::fs::read_dir(self.collected_folder())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !entry.file_type()?.is_file() || name.starts_with('.') {
                continue;
            }
            let kind = match name.rsplit('.').next() {
                Some("jsonl") => "transcript",
                Some("bundle") => git::KeptKind::Bundle.as_str(),
                _ => git::KeptKind::Archive.as_str(),
            };
            collected.push(Collected {
                kind: kind.to_owned(),
                bytes: entry.metadata()?.len(),
                name,
            });
        }
        collected.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(collected)
    }
}

fn into_unpushed(branch: branches::Branch) -> Option<Unpushed> {
    match branch.over {
        Some(Over::Unpushed(unpushed)) => Some(unpushed),
        Some(Over::Pushed | Over::NothingToPush) | None => None,
    }
}

/// Writes a file of the harness's own as a whole, on disk and under its name when this returns.
fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("a file without a folder"))?;
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.new"));
    let mut file = BufWriter::new(File::create(&temporary)?);
    write(&mut file)?;
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    std::fs::rename(temporary, path)?;
    // A name is the folder's to keep.
    File::open(folder)?.sync_all()
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

#[cfg(test)]
mod tests;
