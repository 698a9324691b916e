//! The end: stop, commit, push, transcript. It needs git and the journal, not a healthy engine, and may begin again at any step.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};
use vwm_api::TurnError;
use vwm_api::TurnStatus;
use vwm_api::harness::{Collected, EndOrder, Entry, Phase, Setup, StepState};

use super::Session;
use crate::conversation::{Stop, ended_by_us};
use crate::git::{self, Role};
use crate::transcript;

/// A push is tried again after a second, then after twice as long, at most every so often.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const TRANSCRIPT: &str = "transcript.jsonl";

impl Session {
    /// Begins the end; asked again, it goes on.
    pub(crate) fn end(self: &Arc<Self>, order: EndOrder) {
        let mut inner = self.inner();
        if matches!(self.state.current().phase, Phase::Ending | Phase::Collected) {
            return;
        }
        self.state.enter(Phase::Ending, None);
        if let Some(preparing) = inner.preparing.take() {
            preparing.abort();
        }
        inner.setup = Some(order.setup.clone());
        drop(inner);
        let session = Arc::clone(self);
        tokio::spawn(async move { session.run_end(order.setup).await });
    }

    async fn run_end(&self, setup: Setup) {
        self.state.step("stop", StepState::Running, "");
        // A turn that is just being taken is handed over before all are stopped; from here on none is taken.
        drop(self.taking.lock().await);
        self.stop_conversations(Stop::SessionEnds).await;
        self.end_open_turns(&setup).await;
        self.state.step("stop", StepState::Done, "no engine runs");
        for role in [Role::Session, Role::KnowledgeBase] {
            self.gather_and_push(&setup, role).await;
        }
        let mut pause = Duration::from_secs(1);
        while let Err(error) = self.write_transcript() {
            self.state.step(
                "transcript",
                StepState::Retrying,
                format!("the transcript cannot be written: {error}"),
            );
            wait(&mut pause).await;
        }
        self.state.step("transcript", StepState::Done, TRANSCRIPT);
        let mut collected = self.collected();
        while let Err(error) = &collected {
            self.state.step(
                "transcript",
                StepState::Retrying,
                format!("what was collected cannot be listed: {error}"),
            );
            wait(&mut pause).await;
            collected = self.collected();
        }
        info!("All that is kept is collected");
        self.state.set_collected(collected.unwrap_or_default());
    }

    /// Turns that were taken and never reached a conversation.
    async fn end_open_turns(&self, setup: &Setup) {
        for turn in self.journal.with_ledger(crate::journal::Ledger::open) {
            let error = TurnError {
                status: TurnStatus::Cancelled,
                message: "the session ended before the turn ran".to_owned(),
                code: "session_ended".to_owned(),
                retryable: false,
                resets_at: None,
            };
            let outcome = Box::new(ended_by_us(Some(setup.worker.cli_type), error));
            if let Err(error) = self
                .journal
                .end_turn(
                    turn.order.turn,
                    Entry::Ended {
                        turn: turn.order.turn,
                        outcome,
                    },
                )
                .await
            {
                crate::fatal(&error);
            }
        }
    }

    /// Commits what is left and pushes the branch; tried again until it works, because nothing may be removed before.
    async fn gather_and_push(&self, setup: &Setup, role: Role) {
        let name = match role {
            Role::Session => "session_repository",
            Role::KnowledgeBase => "knowledge_base",
        };
        let Some(repo) = self.repo(setup, role).filter(git::Repo::was_made) else {
            self.state
                .step(name, StepState::Skipped, "nothing was prepared");
            return;
        };
        let mut pause = Duration::from_secs(1);
        loop {
            match self.try_push(setup, &repo).await {
                Ok(detail) => return self.state.step(name, StepState::Done, detail),
                Err(reason) => {
                    warn!(%reason, branch = repo.branch, "Branch is not pushed yet");
                    let detail = format!(
                        "{} is not pushed yet, nothing is removed, and it is tried again: {reason}",
                        repo.branch
                    );
                    self.state.step(name, StepState::Retrying, detail);
                }
            }
            wait(&mut pause).await;
        }
    }

    async fn try_push(&self, setup: &Setup, repo: &git::Repo) -> Result<String, String> {
        let host = self.git_host(setup)?;
        let context = self.git_context(setup, &host);
        let gathered = repo
            .collect(&context)
            .await
            .map_err(|e| vwm_api::chain(&e))?;
        for notice in gathered.notices {
            self.notice(notice.code, &notice.message);
        }
        let pushed = repo.push(&context).await.map_err(|e| vwm_api::chain(&e))?;
        let code = if pushed.sha.is_some() {
            "pushed"
        } else {
            "not_pushed"
        };
        self.notice(code, &pushed.detail);
        Ok(pushed.detail)
    }

    fn write_transcript(&self) -> std::io::Result<()> {
        let folder = self.collected_folder();
        std::fs::create_dir_all(&folder)?;
        let temporary = folder.join(".transcript.new");
        let mut file = BufWriter::new(File::create(&temporary)?);
        transcript::write(&self.journal.all()?, &mut file)?;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()?;
        std::fs::rename(temporary, folder.join(TRANSCRIPT))
    }

    /// What lies in the folder of collected things.
    fn collected(&self) -> std::io::Result<Vec<Collected>> {
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

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}
