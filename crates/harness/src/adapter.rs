//! What knows one engine's command line and output. An adapter never touches a process or a socket: it is a state machine over
//! what the engine says. The process level comes first, because some engines serve several conversations from one process.

use std::path::PathBuf;
use std::time::Duration;

use vwm_api::{
    AgentEvent, CliType, NativeId, Resume, SubsessionId, TurnError, TurnStatus, WorkerDefinition,
};

use crate::process::{Exit, Launch};

/// What a start must know: resume whom, as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The conversation.
    pub subsession: SubsessionId,
    /// The engine's own id of it, to go on with; none begins anew.
    pub native: Option<NativeId>,
    /// Whether an older id was given up before, so that a fresh start is told as `fresh_after_failed_resume`.
    pub gave_up: bool,
}

/// Where an engine lives and what it may know.
#[derive(Debug, Clone)]
pub struct EngineHome {
    /// The engine's program.
    pub program: PathBuf,
    /// Its own state, at the same path for ever: `home/<engine>/`.
    pub home: PathBuf,
    /// The session's TMPDIR.
    pub tmp: PathBuf,
    /// Its working directory, always the workspace root.
    pub workspace: PathBuf,
    /// The knowledge base's real folder, where there is one.
    pub knowledge_base: Option<PathBuf>,
    /// The model door for this conversation, without a path of an API: `http://127.0.0.1:PORT/model/SUBSESSION`.
    pub door_url: String,
    /// What the door wants as a key.
    pub door_token: String,
    /// The worker.
    pub worker: WorkerDefinition,
}

/// What an engine's process said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line of its standard output, without the line end.
    Line(String),
    /// Its standard output ended.
    Eof,
}

/// What a conversation is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A prompt; the conversation is open and idle.
    Prompt(String),
    /// Stop the turn that runs; the dialogue ends it with `cancelled`.
    Abort,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The conversation is open: a prompt may follow.
    Opened(SubsessionId, Resume),
    /// Tell the world.
    Emit(SubsessionId, AgentEvent),
    /// The engine calls the conversation so.
    Native(SubsessionId, NativeId),
    /// Write this line to the engine's standard input (the line end is added).
    Say(String),
    /// Call `woken` with this number after this time.
    Wake(Duration, u64),
    /// This process is of no use: kill it, and start another one like this before the next prompt. A turn that was not ended before
    /// was not begun either: its prompt goes to the new process.
    Relaunch(Opening),
    /// The turn is over; or, when the conversation is not open yet, it will not open, and whoever waits for it is told.
    End(SubsessionId, Ending),
}

/// How an engine ended a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Complete, failed or cancelled.
    pub status: TurnStatus,
    /// The text after the last tool call.
    pub response: String,
    /// Why it did not complete.
    pub error: Option<TurnError>,
    /// What the engine counted itself; the door's count goes before it.
    pub tokens_in: Option<i64>,
    /// Likewise.
    pub tokens_out: Option<i64>,
    /// What the engine says that this turn has cost.
    pub cost_usd: Option<f64>,
    /// What the engine says that the conversation has cost since it began.
    pub cost_total_usd: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
}

/// One engine.
pub trait Adapter: Send + Sync {
    /// Which engine.
    fn engine(&self) -> CliType;
    /// What its raw output is called: `stream-json`, `acp`.
    fn format(&self) -> &'static str;
    /// Whether one process serves all conversations of a session.
    fn shared(&self) -> bool;
    /// Its own name for the instruction file, which stands as a copy beside `CLAUDE.md`; none where it reads that one.
    fn instruction_file(&self) -> Option<&'static str>;
    /// Files that its home must hold before it starts: paths relative to the home, and contents.
    fn files(&self, home: &EngineHome) -> Vec<(PathBuf, String)>;
    /// The command line and environment. `PATH`, `HOME`, `TMPDIR` and `LANG` are set by the caller unless set here.
    fn launch(&self, home: &EngineHome, open: &[Opening]) -> Launch;
    /// A new dialogue with a process launched so; given the same, it expects what `launch` asked for.
    fn dialogue(&self, home: &EngineHome, open: &[Opening]) -> Box<dyn Dialogue>;
    /// Settings of the worker that this engine cannot follow, as (path in the worker, sentence).
    fn ignored(&self, worker: &WorkerDefinition) -> Vec<(String, String)>;
}

/// The talk with one process.
pub trait Dialogue: Send + Sync {
    /// The process has started.
    fn open(&mut self) -> Vec<Step>;
    /// It said something.
    fn heard(&mut self, said: Said) -> Vec<Step>;
    /// Someone wants something of it.
    fn input(&mut self, to: SubsessionId, input: Input) -> Vec<Step>;
    /// A `Wake` is due.
    fn woken(&mut self, token: u64) -> Vec<Step>;
    /// The process is gone; a turn or an opening that was under way is ended here. `stderr` is the tail of what it complained about.
    fn exited(&mut self, exit: &Exit, stderr: &str) -> Vec<Step>;
}
