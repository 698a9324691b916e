//! The session's two branches on their way out: how far each is, and how it comes out of the engine's tree.

use std::io::{self, Write};
use std::path::PathBuf;

use tracing::warn;
use vwm_api::harness::{Setup, StepState};
use vwm_api::{RepositoryRole, Unpushed};

use super::{Session, replace};
use crate::git::{GitError, Notice, Repo};

/// One branch on its way out.
pub(super) struct Branch {
    /// The name of its step.
    pub(super) step: &'static str,
    /// Its repository.
    pub(super) repo: Repo,
    /// Whether all that the engine made is in the harness's own directory.
    pub(super) is_collected: bool,
    /// Why that was given up, and the tree was archived.
    pub(super) uncollected: Option<String>,
    /// Which learnings were not taken, and why.
    pub(super) refused: Vec<Notice>,
    /// Why the last try did not go well.
    pub(super) failure: Option<Failure>,
    /// What came of it.
    pub(super) over: Option<Over>,
}

/// What came of a branch.
pub(super) enum Over {
    /// The remote has it.
    Pushed,
    /// There is nothing that the remote lacks.
    NothingToPush,
    /// It is kept as a bundle.
    Unpushed(Unpushed),
}

/// Why a branch is not pushed yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Git could not do it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Nothing confines what would have to run.
    #[error("{0}")]
    Wall(String),
}

impl Failure {
    /// Whether somebody has to mend it: no deadline ends the wait. A secret must not get into a bundle.
    pub(super) fn waits_for_somebody(&self) -> bool {
        match self {
            Self::Git(error) => matches!(error, GitError::SecretInCommit { .. }),
            Self::Wall(_) => true,
        }
    }

    /// What happened and what to do.
    pub(super) fn reason(&self) -> String {
        vwm_api::chain(self)
    }
}

impl Session {
    /// The branches that are configured; what of them was never prepared is seen when they are pushed.
    pub(super) fn outgoing(&self, setup: &Setup) -> Vec<Branch> {
        let mut branches = Vec::new();
        for role in [
            RepositoryRole::SessionRepository,
            RepositoryRole::KnowledgeBase,
        ] {
            let step = role.as_str();
            let Some(repo) = self.repo(setup, role) else {
                self.state
                    .step(step, StepState::Skipped, "nothing was prepared");
                continue;
            };
            branches.push(Branch {
                step,
                repo,
                is_collected: role == RepositoryRole::SessionRepository
                    && self.brought_out().exists(),
                uncollected: None,
                refused: Vec::new(),
                failure: None,
                over: None,
            });
        }
        branches
    }

    /// Brings out what the engine made, once.
    pub(super) async fn bring_out(
        &self,
        setup: &Setup,
        branch: &mut Branch,
    ) -> Result<(), Failure> {
        if branch.is_collected {
            return Ok(());
        }
        let host = self.git_host(setup).map_err(Failure::Wall)?;
        let gathered = branch.repo.collect(&self.git_context(setup, &host)).await?;
        for notice in gathered.notices {
            self.notice(notice.code, &notice.message);
            if notice.code == "learning_refused" {
                branch.refused.push(notice);
            }
        }
        branch.is_collected = true;
        vwm_failpoints::pass("harness.end.collected");
        if branch.repo.role == RepositoryRole::SessionRepository {
            // What a turn that learns touches afterwards is not the session's work, in no generation.
            let (state, mark) = (self.paths.state(), self.brought_out());
            let noted = tokio::task::spawn_blocking(move || {
                // Git leaves it to the machine when its names get to the disk: a mark without them would be a lost branch.
                rustix::fs::syncfs(std::fs::File::open(state)?)?;
                replace(&mark, |file| file.write_all(b"\n"))
            });
            if let Err(error) = noted.await.map_err(io::Error::other).flatten() {
                warn!(%error, "It cannot be noted that the session's repository is collected");
            }
            vwm_failpoints::pass("harness.end.first");
        }
        Ok(())
    }

    /// Stands once the session's repository is collected.
    fn brought_out(&self) -> PathBuf {
        self.paths.state().join("session-brought-out")
    }
}
