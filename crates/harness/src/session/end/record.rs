//! What came of learning: what the branch has of it, or why it has nothing.

use std::time::Duration;

use tracing::warn;
use vwm_api::harness::{Entry, Setup, learning_path};
use vwm_api::{Learning, RepositoryRole, SessionId, TurnError, TurnId, TurnStatus};

use super::branches::{Branch, Failure, Over};
use super::{Session, wait};

/// How many other files are named.
const NAMED: usize = 3;
/// How often it is tried to read what was committed.
const TRIES: usize = 3;
/// The knowledge base, as the engine sees it.
const SEEN_AS: &str = "worker_repo/";

/// What is known of it when all is pushed or kept.
#[derive(Debug, Default)]
struct Came {
    /// How the turn ended.
    status: Option<TurnStatus>,
    /// Why it did not complete.
    error: Option<String>,
    /// The file in the branch: its content, and the commit.
    file: Option<(String, String)>,
    /// Why the file was not taken.
    refused: Option<String>,
    /// Why nobody knows what the branch has.
    unread: Option<String>,
    /// Other files that the session added to the learnings.
    others: Vec<String>,
    /// Whether the remote has the branch.
    is_pushed: bool,
}

impl Session {
    /// The record of the turn that learned, which is told as well.
    pub(super) async fn learned(
        &self,
        setup: &Setup,
        turn: TurnId,
        branches: &[Branch],
    ) -> Learning {
        let mut came = self.told_of(turn);
        match branches
            .iter()
            .find(|branch| branch.repo.role == RepositoryRole::KnowledgeBase)
        {
            None => came.unread = Some("the worker has no knowledge base".to_owned()),
            Some(branch) => self.look(setup, branch, &mut came).await,
        }
        let record = record(setup.session, came);
        match &record.skipped {
            Some(why) => self.notice("not_learned", why),
            None => self.notice("learned", record.path.as_deref().unwrap_or_default()),
        }
        record
    }

    /// What the journal says: how the turn ended.
    fn told_of(&self, turn: TurnId) -> Came {
        let mut came = Came {
            status: self
                .journal
                .with_ledger(|ledger| ledger.turn(turn).and_then(|turn| turn.ended)),
            ..Came::default()
        };
        let read = self.journal.each(|record| {
            if let Entry::Ended {
                turn: ended,
                outcome,
            } = record.entry
                && ended == turn
            {
                came.error = outcome.error.map(reason);
            }
            Ok(())
        });
        if let Err(error) = read {
            warn!(%error, "Journal cannot be read; the record of what was learned says less");
        }
        came
    }

    /// Looks at what was committed.
    async fn look(&self, setup: &Setup, branch: &Branch, came: &mut Came) {
        let own = in_repository(setup.session);
        came.is_pushed = matches!(branch.over, Some(Over::Pushed));
        let mut refused = branch.refused.iter();
        let of_own = refused.find(|notice| notice.about.as_deref() == Some(&own));
        came.refused = of_own.map(|notice| notice.message.clone());
        came.unread = branch
            .uncollected
            .as_ref()
            .map(|why| format!("the knowledge base could not be collected: {why}"));
        let mut pause = Duration::from_secs(1);
        for _ in 0..TRIES {
            match self.committed(setup, branch, &own).await {
                Ok((file, others)) => {
                    (came.file, came.others) = (file, others);
                    return;
                }
                Err(failure) => {
                    let why = failure.reason();
                    warn!(why, "What was learned cannot be read from its commit");
                    came.unread = Some(format!("what was committed cannot be read: {why}"));
                }
            }
            wait(&mut pause).await;
        }
    }

    async fn committed(
        &self,
        setup: &Setup,
        branch: &Branch,
        own: &str,
    ) -> Result<(Option<(String, String)>, Vec<String>), Failure> {
        let host = self.git_host(setup).map_err(Failure::Wall)?;
        let context = self.git_context(setup, &host);
        let file = branch.repo.committed_file(&context, own).await?;
        let changed = branch.repo.committed_files(&context).await?;
        let others = changed.into_iter().filter(|path| path != own);
        let others = others.map(|path| format!("{SEEN_AS}{path}"));
        Ok((file, others.take(NAMED).collect()))
    }
}

/// Why the turn did not complete, for those who read it when the session is gone: nobody can ask again or look at the workspace.
fn reason(error: TurnError) -> String {
    match error.code.as_str() {
        "timeout" => {
            "it took longer than it may; `--learning-timeout` gives the next ones more".to_owned()
        }
        "outcome_unknown" => "the session's job was lost while it ran".to_owned(),
        _ => error.message,
    }
}

/// Where the file is in its repository.
fn in_repository(session: SessionId) -> String {
    let path = learning_path(session);
    path.strip_prefix(SEEN_AS).unwrap_or(&path).to_owned()
}

/// What is in the branch counts, however the turn ended; otherwise the first reason that is true.
fn record(session: SessionId, came: Came) -> Learning {
    let path = learning_path(session);
    if let Some((content, commit)) = came.file {
        return Learning {
            content: Some(content),
            path: Some(path),
            git_committed: true,
            git_pushed: came.is_pushed,
            git_commit_sha: Some(commit),
            skipped: None,
        };
    }
    let error = came.error.unwrap_or_else(|| "nobody knows why".to_owned());
    let of_turn = match came.status {
        Some(TurnStatus::Complete) => None,
        Some(TurnStatus::Cancelled) => Some(format!("its turn was stopped: {error}")),
        Some(TurnStatus::OutcomeUnknown) => {
            Some(format!("how its turn ended is not known: {error}"))
        }
        Some(TurnStatus::Failed | TurnStatus::Pending | TurnStatus::Running) | None => {
            Some(format!("its turn failed: {error}"))
        }
    };
    let why = of_turn.or(came.refused).or(came.unread).unwrap_or_else(|| {
        if came.others.is_empty() {
            return "the worker found nothing to write down".to_owned();
        }
        let others = came.others.join(", ");
        format!("the worker did not write {path}; it wrote {others}, for review on the same branch")
    });
    Learning {
        skipped: Some(why),
        ..Learning::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: TurnStatus, error: &str) -> Came {
        Came {
            status: Some(status),
            error: (!error.is_empty()).then(|| error.to_owned()),
            ..Came::default()
        }
    }

    fn skipped(came: Came) -> String {
        let session = SessionId::new();
        let record = record(session, came);
        let skipped = record.skipped.clone().expect("nothing was learned");
        let nothing = Learning {
            skipped: record.skipped.clone(),
            ..Learning::default()
        };
        assert_eq!(record, nothing);
        skipped.replace(&session.to_string(), "ID")
    }

    #[test]
    fn a_file_in_the_branch_is_learned_however_its_turn_ended() {
        let session = SessionId::new();
        for status in [
            TurnStatus::Complete,
            TurnStatus::Failed,
            TurnStatus::OutcomeUnknown,
        ] {
            let came = Came {
                file: Some(("text".to_owned(), "c0ffee".to_owned())),
                is_pushed: status == TurnStatus::Complete,
                ..ended(status, "it took too long")
            };
            let learned = Learning {
                content: Some("text".to_owned()),
                path: Some(format!("worker_repo/learnings/session-{session}.md")),
                git_committed: true,
                git_pushed: status == TurnStatus::Complete,
                git_commit_sha: Some("c0ffee".to_owned()),
                skipped: None,
            };
            assert_eq!(record(session, came), learned);
        }
    }

    #[test]
    fn what_is_skipped_says_the_first_reason_that_is_true() {
        let refused = || Some("learnings/session-ID.md is not pushed: it is a link".to_owned());
        let others = || {
            vec![
                "worker_repo/learnings/a.md".to_owned(),
                "worker_repo/learnings/b.md".to_owned(),
            ]
        };
        let table = [
            Came {
                refused: refused(),
                others: others(),
                ..ended(TurnStatus::Failed, "it took longer than 9 seconds")
            },
            ended(TurnStatus::Cancelled, "the turn was aborted"),
            ended(TurnStatus::OutcomeUnknown, "the job was lost"),
            ended(TurnStatus::Failed, ""),
            Came {
                refused: refused(),
                others: others(),
                ..ended(TurnStatus::Complete, "")
            },
            Came {
                unread: Some("the knowledge base could not be collected: no space".to_owned()),
                ..ended(TurnStatus::Complete, "")
            },
            Came {
                others: others(),
                ..ended(TurnStatus::Complete, "")
            },
            ended(TurnStatus::Complete, ""),
        ];
        let told: Vec<String> = table.into_iter().map(skipped).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        its turn failed: it took longer than 9 seconds
        its turn was stopped: the turn was aborted
        how its turn ended is not known: the job was lost
        its turn failed: nobody knows why
        learnings/session-ID.md is not pushed: it is a link
        the knowledge base could not be collected: no space
        the worker did not write worker_repo/learnings/session-ID.md; it wrote worker_repo/learnings/a.md, worker_repo/learnings/b.md, for review on the same branch
        the worker found nothing to write down
        ");
    }
}
