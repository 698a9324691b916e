//! Sessions: one stateful sitting with a worker. The status machine is here, as one total function.

use serde::{Deserialize, Serialize};

use crate::{Approvals, SessionId, Timestamp, Unpushed, Warning, WorkerId};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Made, not ready yet.
    Pending,
    /// Ready for prompts.
    Active,
    /// Without a job; the volume is kept, and the next prompt resumes it.
    Suspended,
    /// On its way out: stopping, learning, collecting.
    Ending,
    /// Over; what it left is in its branches and its telemetry.
    Ended,
    /// It would not start, or no resume can mend it; the workspace is kept.
    Failed,
}

/// What moves a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The harness is prepared.
    Ready,
    /// Idle, asked for, or the job was lost with no turn open.
    Suspend,
    /// The volume is lost, or five resumes in a row failed.
    Break,
    /// Asked for, or the time is up.
    End,
    /// All steps of the end are done.
    Ended,
    /// It would not start.
    GiveUp,
    /// Asked for.
    Retry,
}

impl SessionStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Active,
        Self::Suspended,
        Self::Ending,
        Self::Ended,
        Self::Failed,
    ];

    /// The status after a trigger, or none where the trigger does not apply.
    #[must_use]
    pub fn after(self, trigger: Trigger) -> Option<Self> {
        use SessionStatus::{Active, Ended, Ending, Failed, Pending, Suspended};
        match (trigger, self) {
            (Trigger::Ready, Pending | Suspended) => Some(Active),
            (Trigger::Suspend, Active) => Some(Suspended),
            (Trigger::Break, Active | Suspended) => Some(Failed),
            (Trigger::End, Pending | Active | Suspended | Failed) => Some(Ending),
            (Trigger::Ended, Ending) => Some(Ended),
            (Trigger::GiveUp, Pending) => Some(Failed),
            (Trigger::Retry, Failed) => Some(Pending),
            (Trigger::Ready, Active | Ending | Ended | Failed)
            | (Trigger::Suspend, Pending | Suspended | Ending | Ended | Failed)
            | (Trigger::Break, Pending | Ending | Ended | Failed)
            | (Trigger::End, Ending | Ended)
            | (Trigger::Ended, Pending | Active | Suspended | Ended | Failed)
            | (Trigger::GiveUp, Active | Suspended | Ending | Ended | Failed)
            | (Trigger::Retry, Pending | Active | Suspended | Ending | Ended) => None,
        }
    }

    /// The status's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Ending => "ending",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    /// Whether the orchestrator still has to look at it by itself: a suspended one sleeps until it is asked.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Self::Pending | Self::Active | Self::Suspended | Self::Ending => true,
            Self::Ended | Self::Failed => false,
        }
    }
}

/// How far a session's end has come; persisted, so that any server goes on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndStep {
    /// Turns are aborted, the engine is stopped.
    Stopping,
    /// The worker writes down what it learned.
    Learning,
    /// Work is committed and pushed, the transcript is made.
    Collecting,
    /// All that is kept is kept; no job is made from here on.
    Collected,
    /// Job and volume are gone.
    Removed,
}

impl EndStep {
    /// The step's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Learning => "learning",
            Self::Collecting => "collecting",
            Self::Collected => "collected",
            Self::Removed => "removed",
        }
    }
}

/// The repository that a session works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repository {
    /// `https://…`, `ssh://…`, `git@host:path`; on a loopback server also `file:///…` and `http://…`.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 2000,
            pattern = r"^((https?|ssh|file)://\S+|[A-Za-z0-9._-]+@[A-Za-z0-9][A-Za-z0-9._-]*:[^\s-]\S*)$"
        )
    )]
    pub url: String,
    /// The branch that the session's own branch starts from.
    #[serde(default = "main_branch")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub branch: String,
}

fn main_branch() -> String {
    "main".to_owned()
}

/// What asks for a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSession {
    /// The worker, by id; give this or `workerName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<WorkerId>,
    /// The worker, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_name: Option<String>,
    /// What to work on; `sessionRepository` is another name of it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        alias = "sessionRepository"
    )]
    pub repository: Option<Repository>,
    /// For finding it again.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 100, max_length = 500))]
    pub breadcrumbs: Vec<String>,
    /// How long it may have a job, in seconds; 0 is without an end; the worker's unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 604_800))]
    pub timeout: Option<u32>,
    /// At the end `session-{id}` is not left on the remote when its base holds all of it already.
    #[serde(default)]
    pub auto_delete_branch: bool,
    /// Overrides the worker's, only towards stricter; nothing is asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// The worker.
    pub worker_id: WorkerId,
    /// The revision that it started with, and keeps.
    pub worker_revision: i64,
    /// Where it stands.
    pub status: SessionStatus,
    /// Since when.
    pub status_since: Timestamp,
    /// Why, and what to do.
    pub status_reason: Option<String>,
    /// How far its end has come.
    pub end_step: Option<EndStep>,
    /// Whether somebody asked that it resume, and nobody knows yet how that goes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resuming: bool,
    /// What it works on.
    pub repository: Option<Repository>,
    /// For finding it again.
    pub breadcrumbs: Vec<String>,
    /// How long it may have a job, in seconds; 0 is without an end.
    pub timeout: u32,
    /// Whether `session-{id}` may be left out when its base holds all of it.
    pub auto_delete_branch: bool,
    /// What confines the engine: `landlock`, `none`; unknown until it is prepared.
    pub wall: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last prompt, file call or resume, or the end of the last turn.
    pub last_activity_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Seconds in which it had a job.
    pub active_seconds: i64,
    /// What is accepted and has no effect yet.
    pub warnings: Vec<Warning>,
    /// The branches that its end could not push; `POST /sessions/:id/push` tries again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpushed: Vec<Unpushed>,
}

/// Some sessions, newest first, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionPage {
    /// The sessions.
    pub items: Vec<Session>,
    /// Give it as `cursor` for more; none at the end.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIGGERS: [Trigger; 7] = [
        Trigger::Ready,
        Trigger::Suspend,
        Trigger::Break,
        Trigger::End,
        Trigger::Ended,
        Trigger::GiveUp,
        Trigger::Retry,
    ];

    #[test]
    fn the_whole_table_of_moves() {
        let mut table = String::new();
        for trigger in TRIGGERS {
            for from in SessionStatus::ALL {
                if let Some(to) = from.after(trigger) {
                    table += &format!("{trigger:?}: {} -> {}\n", from.as_str(), to.as_str());
                }
            }
        }
        insta::assert_snapshot!(table, @r"
        Ready: pending -> active
        Ready: suspended -> active
        Suspend: active -> suspended
        Break: active -> failed
        Break: suspended -> failed
        End: pending -> ending
        End: active -> ending
        End: suspended -> ending
        End: failed -> ending
        Ended: ending -> ended
        GiveUp: pending -> failed
        Retry: failed -> pending
        ");
    }
}
