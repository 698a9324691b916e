//! What server and harness say to each other.
//!
//! Every call carries `Authorization: Bearer <job token>` and `X-Vwm-Generation: <generation>`. A generation below the harness's
//! own is 409.
//! `GET /health` · `PUT /session` · `GET /session?after=<version>` · `PUT /turns/{id}` · `PUT /turns/{id}/abort` ·
//! `GET /events?after=<n>` (SSE of [`Record`], `id:` is n) · `PUT /end` · `GET /collected/{name}` · `PUT /engines/{subsession}/let-go`
//! (lets the engine of a conversation go unless a turn runs in it; [`HarnessState`]).
//!
//! Files, in every phase but the end's: `GET /files?path=` ([`crate::FileList`]) · `GET /file?path=` (the bytes, with their
//! `Content-Length`) · `PUT /file?path=&max=` (the bytes; [`FileWritten`]) · `DELETE /file?path=`. A path is relative to the
//! workspace's root, and one that begins with `worker_repo/` means the knowledge base's folder. A refusal is an
//! [`crate::ErrorBody`]: 400 a path that is none, leaves the workspace, goes through a link, or names what is no regular file; 403
//! writing to the knowledge base outside `learnings/`; 404 nothing is there; 413 more than `max` bytes; 507 the disk is full.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AgentEvent, CliType, EngineProgram, Learning, NativeId, Repository, RepositoryRole, SessionId,
    SubsessionId, Timestamp, TurnId, TurnKind, TurnStatus, Unpushed, WorkerDefinition, WorkerId,
};

/// The header that carries the generation of the caller's job.
pub const GENERATION_HEADER: &str = "x-vwm-generation";

/// Where a session looks for programs: its engine, its git and what they start. Nobody's environment is asked.
pub const PROGRAMS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What was said in the session so far, in its workspace, for the turn that learns from it.
pub const LEARNING_TRANSCRIPT: &str = ".skills/session-learning/transcript.jsonl";

/// What the knowledge base holds, likewise: every file with its first line.
pub const LEARNING_INDEX: &str = ".skills/session-learning/knowledge-base.md";

/// Where a session writes what it learned, relative to its workspace.
#[must_use]
pub fn learning_path(session: SessionId) -> String {
    format!("worker_repo/learnings/session-{session}.md")
}

/// What a local harness is given on its standard input, as one line of JSON: what must not be in an argument or an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Boot {
    /// The session whose volume it serves.
    pub session: SessionId,
    /// The job's number.
    pub generation: i64,
    /// What the server shows with every call.
    pub token: String,
    /// The newest record that the store has: the journal counts on behind it, also when its own end was lost with the power.
    #[serde(default)]
    pub stored_n: i64,
}

/// The answer of `PUT /file`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWritten {
    /// How many bytes the file has now.
    pub bytes: u64,
}

/// The answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// [`crate::HARNESS_PROTOCOL`] of this harness.
    pub protocol: u32,
    /// The session.
    pub session: SessionId,
    /// The job's number.
    pub generation: i64,
    /// The process.
    pub pid: u32,
    /// The newest record of the journal; 0 when it is empty.
    pub last_n: i64,
}

/// Where a model is reached, and with which key. Never written to a volume.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// In the form that the vendor's own SDK takes.
    pub base_url: String,
    /// The key.
    pub api_key: String,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

/// Everything that a harness must know of its session: the body of `PUT /session`. Asking again with the same changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setup {
    /// The session.
    pub session: SessionId,
    /// The worker.
    pub worker_id: WorkerId,
    /// The worker as it was when the session began.
    pub worker: WorkerDefinition,
    /// What the session works on.
    pub repository: Option<Repository>,
    /// The system instructions, first in the merged file.
    pub system_agent_md: String,
    /// Their revision; 0 when none were ever set.
    pub settings_revision: i64,
    /// Where the engines are installed.
    pub engines_dir: String,
    /// Folders that an `acp` or `command` program may be read and run from.
    pub engine_folders: Vec<String>,
    /// The models' providers by name: `anthropic`.
    pub providers: BTreeMap<String, Provider>,
    /// The image that the runtime names, where it names one; a backend without images says that it is not used.
    pub image: Option<String>,
    /// Whether the engine may run without a wall.
    pub unconfined: bool,
    /// Whether repositories may be `file` and plain `http`.
    pub local_repositories: bool,
    /// The native ids of each conversation, oldest first.
    pub native_ids: BTreeMap<SubsessionId, Vec<NativeId>>,
    /// Whether `session-{id}` may be left out when its base holds all of it.
    pub auto_delete_branch: bool,
    /// Seconds without a turn after which an engine is let go; 0 is never.
    pub engine_idle_s: u64,
    /// Seconds without a word in a turn after which it is told; 0 is never.
    pub stalled_after_s: u64,
}

/// How far the harness is with its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It knows nothing yet.
    Blank,
    /// The workspace is being prepared.
    Preparing,
    /// Turns can run.
    Ready,
    /// Preparation failed; the reason says what to do.
    Failed,
    /// The end is under way.
    Ending,
    /// All that is kept can be fetched.
    Collected,
}

/// One step of preparation or end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `knowledge_base`, `session_repository`, `instructions`, `engine`, `wall`, `stop`, `learning`, `transcript`.
    pub name: String,
    /// Where it stands.
    pub state: StepState,
    /// What it did, or why it waits.
    pub detail: String,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// At it.
    Running,
    /// Done.
    Done,
    /// Not needed.
    Skipped,
    /// It failed and is tried again.
    Retrying,
    /// It failed.
    Failed,
}

/// The answer of `PUT /session`, `GET /session` and `PUT /end`. `GET /session?after=v` waits up to 20 s for a version above v.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HarnessState {
    /// Grows with each change of this state.
    pub version: u64,
    /// How far.
    pub phase: Phase,
    /// Step by step.
    pub steps: Vec<Step>,
    /// Why it failed or what the end waits for.
    pub reason: Option<String>,
    /// What confines the engine: `landlock`, `none`.
    pub wall: Option<String>,
    /// The newest record of the journal.
    pub last_n: i64,
    /// What can be fetched once all is collected.
    pub collected: Vec<Collected>,
    /// The turns that the harness has and that are not over.
    pub open_turns: Vec<TurnId>,
    /// The engines that run, with a turn or without.
    #[serde(default)]
    pub engines: Vec<RunningEngine>,
    /// What came of learning, once all is collected; none where nothing was to be learned.
    #[serde(default)]
    pub learned: Option<Learning>,
    /// The branches that no remote has, once all is collected.
    #[serde(default)]
    pub unpushed: Vec<Unpushed>,
}

/// An engine that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningEngine {
    /// Its conversation.
    pub subsession: SubsessionId,
    /// Since when it has no turn; none while it has one.
    pub idle_since: Option<Timestamp>,
}

/// Something that is kept beyond the volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// `transcript`, `bundle`, `archive`.
    pub kind: String,
    /// Unique in the session, a file name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// One turn to run: the body of `PUT /turns/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnOrder {
    /// The turn.
    pub turn: TurnId,
    /// The conversation.
    pub subsession: SubsessionId,
    /// Who asked.
    pub kind: TurnKind,
    /// What the worker is asked.
    pub prompt: String,
    /// Seconds from the start of the turn.
    pub timeout_s: u32,
}

/// The answer of `PUT /turns/{id}` and its abort; asking twice answers twice in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnAck {
    /// `running` or how it ended.
    pub status: TurnStatus,
}

/// The body of `PUT /end`. It carries the setup, because the end needs git and the journal, not a prepared harness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndOrder {
    /// As of `PUT /session`.
    pub setup: Setup,
    /// The turn in which the worker writes down what it learned, where it shall; its journal keeps it from running twice.
    pub learning: Option<TurnOrder>,
    /// For how many seconds a push that fails is tried again, from the first try on, over all jobs of the volume.
    pub push_for_s: u32,
}

/// A branch to be pushed from its bundle, when the volume is gone: what the program `push-bundle` is given on its standard input,
/// as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushOrder {
    /// The session.
    pub session: SessionId,
    /// Which of its repositories.
    pub repository: RepositoryRole,
    /// The remote.
    pub url: String,
    /// The branch that the session's own one started from.
    pub base: String,
    /// The session's own branch.
    pub branch: String,
    /// The commit that the branch stands at.
    pub sha: String,
    /// The bundle, a file.
    pub bundle: String,
    /// An empty folder to work in.
    pub scratch: String,
    /// The sessions' volumes: no remote is there.
    pub volumes: String,
    /// Whether repositories may be `file` and plain `http`.
    pub local_repositories: bool,
}

/// What `push-bundle` answers on its standard output, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushAnswer {
    /// The remote's branch stands at the commit.
    Pushed,
    /// It does not, and why.
    Failed(String),
}

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Counts on over all generations of a volume, from 1.
    pub n: i64,
    /// When it was written.
    pub at: Timestamp,
    /// The job that wrote it.
    pub generation: i64,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Entry {
    /// The harness has the turn. Synced.
    Accepted {
        /// The whole order, so that a later generation can run it.
        order: TurnOrder,
    },
    /// The prompt's first byte goes to the engine next. Synced.
    Sent {
        /// The turn.
        turn: TurnId,
    },
    /// Something happened.
    Event {
        /// The turn, if it belongs to one.
        turn: Option<TurnId>,
        /// The conversation, if it belongs to one.
        subsession: Option<SubsessionId>,
        /// What.
        event: Happened,
    },
    /// The turn is over. Synced.
    Ended {
        /// The turn.
        turn: TurnId,
        /// How.
        outcome: Box<Outcome>,
    },
}

/// What an `event` record tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", content = "it", rename_all = "snake_case")]
pub enum Happened {
    /// Something for the world.
    Agent(AgentEvent),
    /// The engine's own id of the conversation; for the server, not for the world.
    Native(NativeId),
}

/// How a turn ended, with all that an answer needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Complete, failed, cancelled or outcome unknown.
    pub status: TurnStatus,
    /// The text after the last tool call.
    pub response: String,
    /// What was created or modified.
    pub artifacts: Vec<String>,
    /// All input, cached included, as counted at the door.
    pub tokens_in: Option<i64>,
    /// All output, as counted at the door.
    pub tokens_out: Option<i64>,
    /// Of this turn.
    pub cost_usd: Option<f64>,
    /// The engine's own running total of the conversation, from which the next turn's cost is told.
    pub cost_total_usd: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
    /// From the start of the turn; none where nobody saw its end.
    pub duration_ms: Option<i64>,
    /// The format of `raw`; none where nothing was said.
    pub raw_format: Option<String>,
    /// What the engine printed, capped.
    pub raw: String,
    /// The engine; none where the end was lost together with its job.
    pub engine: Option<CliType>,
    /// Why it is not complete.
    pub error: Option<crate::TurnError>,
}

/// The program of an `acp` worker, where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedProgram {
    /// An absolute path.
    pub path: String,
    /// As the worker says it.
    pub program: EngineProgram,
}
