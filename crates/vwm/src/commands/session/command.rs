//! The commands of `vwm session`, and their help.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use vwm_api::{Seq, SessionStatus, SubsessionId, TurnId};

use super::named::Named;
use super::start::StartArgs;
use crate::output::Form;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Makes a session with a worker, waits until it is ready, and prints its id
    Start(StartArgs),
    /// Lists sessions, newest first
    #[command(
        after_help = "Examples:\n  vwm session list --status active --worker bob\n  vwm session list --breadcrumb ticket-42 --output json | jq -r '.[].id'"
    )]
    List {
        /// Only those that stand there
        #[arg(long, value_parser = PossibleValuesParser::new(SessionStatus::ALL.map(SessionStatus::as_str)))]
        status: Option<String>,
        /// Only those of this worker
        #[arg(long, value_name = "NAME")]
        worker: Option<String>,
        /// Only those that are marked so
        #[arg(long, value_name = "TEXT")]
        breadcrumb: Option<String>,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Shows one session and its requests
    #[command(after_help = "Example:\n  vwm session show 0197…")]
    Show {
        /// Its id, or the beginning of it
        id: Named,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Comes back to a request: shows it from its first event to its last
    #[command(
        after_help = "Examples:\n  vwm session watch 0197…\n  vwm session watch 0197… 0198…\n\nCtrl-C leaves, and the request goes on. Exit codes: 0 complete, 1 failed, 3 outcome unknown, 130 left,\n141 nobody reads any more."
    )]
    Watch {
        /// The session's id, or the beginning of it
        id: Named,
        /// The request's id [default: the one that runs or waits, or else the last one]
        request: Option<TurnId>,
        /// In which form: for programs the answer at the end, and nothing before
        #[command(flatten)]
        form: Form,
    },
    /// Shows all that happens in a session, from its first event to its end; Ctrl-C leaves
    #[command(
        after_help = "Examples:\n  vwm session events 0197…\n  vwm session events 0197… --after 41 --output json | jq -c .type\n\nFor programs it is one event a line."
    )]
    Events {
        /// Its id, or the beginning of it
        id: Named,
        /// Begins behind the event of this number
        #[arg(long, value_name = "SEQ", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: Seq,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Lists what was asked in a session, or shows one request and its answer
    #[command(
        after_help = "Examples:\n  vwm session requests 0197…\n  vwm session requests 0197… 0198… --output json | jq .status"
    )]
    Requests {
        /// The session's id, or the beginning of it
        id: Named,
        /// The request's id
        request: Option<TurnId>,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Asks again what a request asked that failed, was aborted, or whose outcome nobody knows
    #[command(
        after_help = "Examples:\n  vwm session retry 0197… 0198…\n  vwm session retry 0197… 0198… --detach\n\nIt is a new request with the same prompt, conversation and timeout. Ctrl-C aborts it; twice leaves at once.\nExit codes: as of `vwm prompt`."
    )]
    Retry {
        /// The session's id, or the beginning of it
        id: Named,
        /// The request's id
        request: TurnId,
        /// Prints the new request's id at once and leaves; the turn goes on by itself
        #[arg(long)]
        detach: bool,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Shows what each request of a session took, in tokens, money and time, and what came of learning
    Telemetry(TelemetryArgs),
    /// Prints all that was said in a session, one JSON object a line
    #[command(after_help = "Example:\n  vwm session transcript 0197… > session.jsonl")]
    Transcript {
        /// Its id, or the beginning of it
        id: Named,
    },
    /// Aborts what runs or waits in a session
    #[command(
        after_help = "Examples:\n  vwm session abort 0197…\n  vwm session abort 0197… --request 0198…"
    )]
    Abort {
        /// Its id, or the beginning of it
        id: Named,
        /// Only this request
        #[arg(long, value_name = "ID", conflicts_with = "subsession")]
        request: Option<TurnId>,
        /// Only this conversation
        #[arg(long, value_name = "ID")]
        subsession: Option<SubsessionId>,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Suspends a session in which nothing runs: its process goes, its workspace and its conversations stay
    #[command(
        after_help = "Example:\n  vwm session suspend 0197…\n\nThe next prompt, file call or `vwm session resume` brings it back."
    )]
    Suspend {
        /// Its id, or the beginning of it
        id: Named,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Resumes a suspended session, or tries the start of a failed one again, and waits until it is ready
    #[command(
        after_help = "Examples:\n  vwm session resume 0197…\n  vwm session resume 0197… --no-wait\n\nA prompt resumes a suspended session by itself. Exit code 1 when it does not become ready: standard error says why."
    )]
    Resume {
        /// Its id, or the beginning of it
        id: Named,
        /// Waits until it is ready, which is what happens anyway
        #[arg(long, conflicts_with = "no_wait")]
        wait: bool,
        /// Asks for it and does not wait
        #[arg(long)]
        no_wait: bool,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Ends a session: the worker writes down what it learned, the work is pushed, the workspace removed
    #[command(
        after_help = "Examples:\n  vwm session end 0197…\n  vwm session end 0197… --no-wait\n\nCtrl-C leaves, and the server ends the session all the same. Exit code 1 when a remote does not have the work."
    )]
    End {
        /// Its id, or the beginning of it
        id: Named,
        /// Shows the end as it goes, which is what happens anyway
        #[arg(long, conflicts_with = "no_wait")]
        wait: bool,
        /// Asks for the end and does not wait for it
        #[arg(long)]
        no_wait: bool,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
    /// Pushes the branches that the end of a session could not push
    #[command(
        after_help = "Examples:\n  vwm session push 0197…\n  vwm session push 0197… --output json\n\nExit code 0 when the remotes have everything, 1 when they still do not."
    )]
    Push {
        /// Its id, or the beginning of it
        id: Named,
        /// In which form
        #[command(flatten)]
        form: Form,
    },
}

/// Whose telemetry.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm telemetry 0197…\n  vwm telemetry 0197… --output json | jq 'map(.costUsd // 0) | add'\n\nA cost is what the engine says; unknown where it says none."
)]
pub(crate) struct TelemetryArgs {
    /// The session's id, or the beginning of it
    pub(super) id: Named,
    /// In which form
    #[command(flatten)]
    pub(super) form: Form,
}
