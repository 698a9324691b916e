//! One session of the story: what is asked, what is answered, what it leaves.

use vwm_api::{Learning, NewSession, OnBusy, Prompt, Repository, SessionId, TelemetryRow, Worker};
use vwm_client::Client;

use super::repositories::{Bare, Repositories};
use super::{page, story};
use crate::commands::run::{self, Pushed};
use crate::config::Environment;
use crate::error::CliError;
use crate::output::numbers;
use crate::sitting::{Ended, Push, Screen, Sitting, Started};

/// How long one turn may take, in seconds.
const TIMEOUT: u32 = 300;

/// Why a story is not told to its end.
pub(super) enum Stop {
    /// Ctrl-C.
    Interrupted,
    /// Something failed.
    Failed(CliError),
}

impl From<CliError> for Stop {
    fn from(error: CliError) -> Self {
        Self::Failed(error)
    }
}

impl From<vwm_client::ClientError> for Stop {
    fn from(error: vwm_client::ClientError) -> Self {
        Self::Failed(error.into())
    }
}

/// What every session of the story needs.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    /// Of the demo's server.
    pub(super) client: &'a Client,
    /// What is worked on.
    pub(super) repositories: &'a Repositories,
    /// For git.
    pub(super) env: &'a Environment,
}

/// A session under way.
pub(super) struct Scene<'a> {
    stage: Stage<'a>,
    bob: &'a Worker,
    sitting: Sitting,
}

/// What is left of a session.
pub(super) struct Left {
    /// Its id.
    pub(super) session: SessionId,
    /// The branches that were pushed.
    pub(super) branches: Vec<Pushed>,
    /// All of its turns, learning included.
    pub(super) rows: Vec<TelemetryRow>,
}

impl Left {
    /// What came of learning.
    pub(super) fn learning(&self) -> Option<&Learning> {
        self.rows.iter().find_map(|row| row.learning.as_ref())
    }

    /// The branch that was pushed to a repository.
    pub(super) fn branch_in(&self, bare: &Bare) -> Option<&str> {
        let url = Some(bare.url());
        let pushed = self.branches.iter().find(|it| it.repository == url);
        pushed.map(|it| it.branch.as_str())
    }
}

impl<'a> Scene<'a> {
    /// Makes a session of bob's that works on the project.
    pub(super) async fn begin(stage: Stage<'a>, bob: &'a Worker) -> Result<Self, Stop> {
        let new = NewSession {
            worker_id: Some(bob.id),
            repository: Some(project(stage.repositories)),
            breadcrumbs: vec!["demo".to_owned()],
            ..NewSession::default()
        };
        match Sitting::start(stage.client, &new, Screen::in_story()).await? {
            Started::Ready(sitting) => Ok(Self {
                stage,
                bob,
                sitting,
            }),
            Started::Interrupted(_) => Err(Stop::Interrupted),
            Started::Failed(_, error) => Err(error.into()),
        }
    }

    /// The session.
    pub(super) fn session(&self) -> SessionId {
        self.sitting.session
    }

    /// Asks bob, and shows what he does.
    pub(super) async fn ask(&mut self, text: &str) -> Result<(), Stop> {
        page::asks(story::COLLEAGUE, text);
        let prompt = Prompt {
            prompt: text.to_owned(),
            subsession_id: None,
            timeout: Some(TIMEOUT),
            breadcrumbs: vec!["demo".to_owned()],
            on_busy: OnBusy::Queue,
        };
        match self.sitting.turn(&prompt).await? {
            Ended::Complete(_) => Ok(()),
            Ended::Left(_) => Err(Stop::Interrupted),
            Ended::Failed { error, .. } => Err(CliError::failed(
                format!("bob could not do it: {}", error.message),
                "look at the server's last lines, and run the demo again",
            )
            .into()),
        }
    }

    /// Ends the session, and shows how bob learns.
    pub(super) async fn end(mut self) -> Result<Left, Stop> {
        let session = self.sitting.session;
        page::say("");
        if self.sitting.end().await?.is_none() {
            return Err(Stop::Interrupted);
        }
        for push in &self.sitting.remains.pushes {
            match push {
                Push::Done { .. } => {}
                Push::Not(why) | Push::Unpushed(why) => page::say(why),
            }
        }
        let project = project(self.stage.repositories);
        Ok(Left {
            session,
            branches: run::branches(&self.sitting, Some(&project), Some(self.bob)),
            rows: self.stage.client.telemetry(session).await?,
        })
    }
}

/// Shows what a session's end pushed: commits, what changed, and the files themselves.
pub(super) async fn show(stage: Stage<'_>, left: &Left) -> Result<Vec<String>, CliError> {
    let mut files = Vec::new();
    for pushed in &left.branches {
        let Some(bare) = stage.repositories.of(pushed) else {
            continue;
        };
        let brought = bare.brought(&pushed.branch, stage.env).await?;
        if brought.commits.is_empty() {
            continue;
        }
        page::say("");
        page::say(&format!("his {}, on a branch for review:", bare.name()));
        page::show(&pushed.branch);
        for line in brought.commits.iter().chain(&brought.stat) {
            page::show(line);
        }
        for file in &brought.files {
            page::file(&bare.file(&pushed.branch, file, stage.env).await?);
        }
        files.extend(brought.files);
    }
    page::say("");
    page::say(&spent(&left.rows));
    Ok(files)
}

/// What a session's turns took, learning included.
fn spent(rows: &[TelemetryRow]) -> String {
    let tokens = |of: fn(&TelemetryRow) -> Option<i64>| {
        let sum: i64 = rows.iter().filter_map(of).sum();
        numbers::count(sum)
    };
    let millis: i64 = rows.iter().filter_map(|row| row.duration_ms).sum();
    format!(
        "{} turns: {} tokens in, {} out, {}",
        rows.len(),
        tokens(|row| row.tokens_in),
        tokens(|row| row.tokens_out),
        numbers::took(Some(millis))
    )
}

fn project(repositories: &Repositories) -> Repository {
    Repository {
        url: repositories.project.url(),
        branch: "main".to_owned(),
    }
}
