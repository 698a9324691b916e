//! `vwm status`: how busy a server is, what bounds it, and what waits for what.

use std::time::Duration;

use clap::Args;
use vwm_api::{ServerStatus, WaitReason, WaitingTurn};

use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Form, numbers, table};

/// How to show it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  vwm status\n  vwm status --output json | jq '.waiting | group_by(.reason)'"
)]
pub(crate) struct StatusArgs {
    /// In which form
    #[command(flatten)]
    form: Form,
}

/// Shows it.
pub(crate) async fn run(args: StatusArgs, context: &Context) -> Result<(), CliError> {
    let status = context.client()?.status().await?;
    if args.form.is_json() {
        return table::json(&status);
    }
    table::fields(&fields(&status));
    if !status.waiting.is_empty() {
        table::line("");
        table::rows(
            &["request", "session", "worker", "asked", "waits for"],
            status.waiting.iter().map(row).collect(),
        );
    }
    Ok(())
}

fn fields(status: &ServerStatus) -> Vec<(&'static str, String)> {
    let (sessions, turns, limits) = (&status.sessions, &status.turns, &status.limits);
    let sessions = format!(
        "{} pending, {} active, {} suspended, {} ending, {} failed",
        sessions.pending, sessions.active, sessions.suspended, sessions.ending, sessions.failed
    );
    let turns = format!("{} running, {} waiting", turns.running, turns.waiting);
    let taken = match &status.refuses_sessions {
        Some(why) => format!("refused: {why}"),
        None => "taken".to_owned(),
    };
    vec![
        ("version", status.version.clone()),
        ("up", numbers::duration(Duration::from_secs(status.uptime))),
        ("jobs", status.environment.clone()),
        ("database", status.database.clone()),
        ("key", status.role.as_str().to_owned()),
        (
            "sessions",
            sessions + &bounds(limits.sessions, limits.sessions_per_worker),
        ),
        (
            "turns",
            turns + &bounds(limits.turns, limits.turns_per_worker),
        ),
        ("new sessions", taken),
    ]
}

/// What bounds a number; nothing where nothing does.
fn bounds(of_all: Option<u64>, of_worker: Option<u64>) -> String {
    match (of_all, of_worker) {
        (None, None) => String::new(),
        (Some(all), None) => format!("; at most {all}"),
        (None, Some(worker)) => format!("; at most {worker} of a worker"),
        (Some(all), Some(worker)) => format!("; at most {all}, and {worker} of a worker"),
    }
}

fn row(turn: &WaitingTurn) -> Vec<String> {
    let reason = match turn.reason {
        WaitReason::Conversation => "an earlier turn of its conversation",
        WaitReason::Session => "its session",
        WaitReason::WorkerLimit => "the worker's limit",
        WaitReason::ServerLimit => "the server's limit",
    };
    vec![
        turn.request_id.to_string(),
        turn.session_id.to_string(),
        turn.worker_id.to_string(),
        numbers::ago(turn.since),
        reason.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_is_bounded_and_what_is_not() {
        let status = serde_json::json!({
            "service": "vwm", "version": "1.2.3", "uptime": 185, "environment": "local", "role": "read", "database": "sqlite",
            "refusesSessions": "4 are there",
            "sessions": {"pending": 1, "active": 3, "suspended": 2, "ending": 0, "failed": 0},
            "turns": {"running": 2, "waiting": 1},
            "limits": {"sessions": 4, "sessionsPerWorker": null, "turns": 2, "turnsPerWorker": 1},
            "waiting": [],
        });
        let shown = fields(&serde_json::from_value(status).unwrap());
        let shown: Vec<String> = shown
            .iter()
            .map(|(name, it)| format!("{name}: {it}"))
            .collect();
        assert_eq!(
            shown,
            [
                "version: 1.2.3",
                "up: 3 min 5 s",
                "jobs: local",
                "database: sqlite",
                "key: read",
                "sessions: 1 pending, 3 active, 2 suspended, 0 ending, 0 failed; at most 4",
                "turns: 2 running, 1 waiting; at most 2, and 1 of a worker",
                "new sessions: refused: 4 are there",
            ]
        );
        assert_eq!(bounds(None, None), "");
    }
}
