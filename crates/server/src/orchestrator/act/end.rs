//! What is lost, kept and removed: resumes that fail, volumes that are gone, and what outlives a session.

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::warn;
use vwm_api::harness::{Collected, EndOrder, HarnessState};
use vwm_api::{SessionStatus, Trigger, TurnError, TurnStatus};
use vwm_jobs::Volume;
use vwm_store::{BlobHash, Learned, SessionRow};

use super::super::link::Link;
use super::super::setup;
use super::turns::order;
use super::{ActError, After, LOOK_AGAIN, RESUME_AGAIN, Runner, turn_error};

/// How many pieces of what is fetched wait for the disk.
const CHUNKS: usize = 16;

impl Runner {
    /// The volume is kept, and with it all that a later try needs; only the turns that waited fail.
    pub(super) async fn resume_failed(
        &mut self,
        row: &SessionRow,
        state: Option<HarnessState>,
    ) -> Result<After, ActError> {
        let known = state.as_ref();
        if known.is_some_and(|state| row.pumped_n < state.last_n) {
            return Ok(After::Wait(LOOK_AGAIN));
        }
        let reason = known
            .and_then(|state| state.reason.clone())
            .unwrap_or_else(|| self.no_start());
        let has_none = known.is_some_and(|state| state.open_turns.is_empty());
        self.remove(row, Volume::Keep).await?;
        let error = turn_error(
            "resume_failed",
            &format!("the session could not be resumed: {reason}"),
            true,
        );
        // What a harness may hold only its journal can end.
        if has_none {
            self.app.store.end_open_turns(self.id, error).await?;
        } else {
            self.app.store.end_waiting_turns(self.id, error).await?;
        }
        if row.session.status == SessionStatus::Active {
            self.app
                .store
                .move_session(
                    self.id,
                    SessionStatus::Active,
                    Trigger::Suspend,
                    Some(reason.clone()),
                )
                .await?;
        } else {
            self.app
                .store
                .set_session_reason(self.id, Some(reason.clone()))
                .await?;
        }
        warn!(session.id = %self.id, reason, "Session does not resume");
        self.failed_starts = 0;
        self.resume_after = Some(Instant::now() + RESUME_AGAIN);
        Ok(After::Wait(RESUME_AGAIN))
    }

    /// The journal is lost with the volume: only here the server itself says how turns ended.
    pub(super) async fn volume_lost(&mut self, row: &SessionRow) -> Result<After, ActError> {
        let store = &self.app.store;
        let reason = "its folder is gone, and with it the workspace: end it and start another";
        let failed = turn_error(
            "resume_failed",
            &format!("the session could not be resumed: {reason}"),
            true,
        );
        store.end_waiting_turns(self.id, failed).await?;
        let unknown = TurnError {
            status: TurnStatus::OutcomeUnknown,
            message: format!(
                "nobody can say how the turn ended: the session's folder is gone; {reason}"
            ),
            code: "outcome_unknown".to_owned(),
            retryable: false,
            resets_at: None,
        };
        store.end_open_turns(self.id, unknown).await?;
        warn!(session.id = %self.id, "Session's volume is lost");
        let from = row.session.status;
        store
            .move_session(self.id, from, Trigger::Break, Some(reason.to_owned()))
            .await?;
        Ok(After::Again)
    }

    pub(super) async fn remove(
        &mut self,
        row: &SessionRow,
        volume: Volume,
    ) -> Result<(), ActError> {
        self.app.jobs.remove(&self.job_id(row), volume).await?;
        self.link = None;
        self.told = None;
        if row.generation > 0 {
            self.app
                .store
                .job_gone(self.id, row.generation, "it was removed")
                .await?;
        }
        Ok(())
    }

    /// What the harness is told of the end. The learning turn is in it also when it is over: the harness tells what came of it.
    pub(super) async fn end_order(&self, row: &SessionRow) -> Result<EndOrder, ActError> {
        let store = &self.app.store;
        let (setup, _) = setup::read(&self.app, row).await?;
        let learning = match store.learning(self.id).await? {
            // What was skipped has no turn.
            Some(record) => store.turn(record.request_id).await?,
            None => None,
        };
        Ok(EndOrder {
            setup,
            learning: learning.as_ref().map(order),
            push_for_s: self.app.config.end_deadline_s,
        })
    }

    /// Brings one thing into the blobs, bit by bit: it may be as large as the session's disk.
    async fn fetch(&self, link: &Link, kept: &Collected) -> Result<BlobHash, ActError> {
        let (sender, chunks) = mpsc::channel(CHUNKS);
        let mut stream = link.harness.collected(&kept.name).await?;
        let read = async move {
            while let Some(chunk) = stream.next().await {
                if sender.send(chunk?).await.is_err() {
                    // Whoever does not take it says why.
                    break;
                }
            }
            Ok::<(), ActError>(())
        };
        let blobs = self.app.store.blobs();
        let (read, hash) = tokio::join!(read, blobs.put_chunks(chunks, kept.bytes));
        read?;
        Ok(hash?)
    }

    /// Stores all that the harness collected, and what came of the end, before anything is removed.
    pub(super) async fn keep(&self, state: HarnessState) -> Result<(), ActError> {
        let Some(link) = &self.link else {
            return Ok(());
        };
        for kept in &state.collected {
            let hash = self.fetch(link, kept).await?;
            self.app
                .store
                .add_collected(self.id, &kept.kind, &kept.name, hash, kept.bytes)
                .await?;
        }
        let learned = match state.learned {
            Some(learning) => Learned::Told(learning),
            None => Learned::Lost("the harness does not tell what came of it".to_owned()),
        };
        self.app
            .store
            .set_collected(self.id, learned, state.unpushed)
            .await?;
        Ok(())
    }
}
