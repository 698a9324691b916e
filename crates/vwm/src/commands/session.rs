//! `vwm session`: lists, shows and ends sessions.

use std::collections::BTreeMap;

use clap::{Subcommand, builder::PossibleValuesParser};
use serde_json::json;
use vwm_api::{Session, SessionId, SessionStatus, TelemetryRow, WorkerId};
use vwm_client::{Client, ClientError, SessionFilter};

use super::worker;
use crate::connect::Context;
use crate::error::CliError;
use crate::output::{Output, numbers, table};

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Lists sessions, newest first
    #[command(after_help = "Example:\n  vwm session list --status active --worker bob")]
    List {
        /// Only those that stand there
        #[arg(long, value_parser = PossibleValuesParser::new(SessionStatus::ALL.map(SessionStatus::as_str)))]
        status: Option<String>,
        /// Only those of this worker
        #[arg(long, value_name = "NAME")]
        worker: Option<String>,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Shows one session and its turns
    #[command(after_help = "Example:\n  vwm session show 0197…")]
    Show {
        /// Its id
        id: SessionId,
        /// In which form
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Ends a session: its work is pushed, its workspace removed
    #[command(after_help = "Example:\n  vwm session end 0197…")]
    End {
        /// Its id
        id: SessionId,
        /// Asks for the end and does not wait for it
        #[arg(long)]
        no_wait: bool,
    },
}

/// Does it.
pub(crate) async fn run(command: SessionCommand, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        SessionCommand::List {
            status,
            worker,
            limit,
            output,
        } => {
            let mut filter = SessionFilter {
                status: status.and_then(|name| status_of(&name)),
                ..SessionFilter::default()
            };
            if let Some(name) = worker {
                filter.worker_id = Some(worker::by_name(&client, &name).await?.id);
            }
            list(&client, filter, limit, output).await
        }
        SessionCommand::Show { id, output } => show(&client, id, output).await,
        SessionCommand::End { id, no_wait } => end(&client, id, no_wait).await,
    }
}

/// Says which session is not there.
pub(crate) fn missing(id: SessionId) -> impl FnOnce(ClientError) -> CliError {
    move |error| {
        if error.is_not_found() {
            return CliError::failed(
                format!("there is no session {id}"),
                "`vwm session list` shows those that there are",
            );
        }
        error.into()
    }
}

fn status_of(name: &str) -> Option<SessionStatus> {
    SessionStatus::ALL
        .into_iter()
        .find(|it| it.as_str() == name)
}

async fn list(
    client: &Client,
    mut filter: SessionFilter,
    limit: usize,
    output: Output,
) -> Result<(), CliError> {
    let mut sessions = Vec::new();
    while sessions.len() < limit {
        let rest = u32::try_from(limit - sessions.len()).unwrap_or(u32::MAX);
        filter.limit = Some(rest.min(100));
        let page = client.sessions(&filter).await?;
        sessions.extend(page.items);
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            break;
        }
    }
    sessions.truncate(limit);
    if output == Output::Json {
        return table::json(&sessions);
    }
    if sessions.is_empty() {
        eprintln!("there is no such session: `vwm run WORKER \"…\"` makes one");
        return Ok(());
    }
    let workers = client.workers().await?;
    let names = workers.into_iter().map(|it| (it.id, it.definition.name));
    let names: BTreeMap<WorkerId, String> = names.collect();
    let row = |session: &Session| {
        let deleted = || session.worker_id.to_string();
        vec![
            session.id.to_string(),
            names
                .get(&session.worker_id)
                .cloned()
                .unwrap_or_else(deleted),
            session.status.as_str().to_owned(),
            numbers::ago(session.last_activity_at),
            session.status_reason.clone().unwrap_or_default(),
        ]
    };
    table::rows(
        &["id", "worker", "status", "active", "reason"],
        sessions.iter().map(row).collect(),
    );
    Ok(())
}

async fn show(client: &Client, id: SessionId, output: Output) -> Result<(), CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    let stats = client.stats(id).await?;
    let requests = client.telemetry(id).await?;
    if output == Output::Json {
        let all = json!({ "session": session, "stats": stats, "requests": requests });
        return table::json(&all);
    }
    let worker = match client.worker(session.worker_id).await {
        Ok(worker) => worker.definition.name,
        Err(error) if error.is_not_found() => session.worker_id.to_string(),
        Err(error) => return Err(error.into()),
    };
    let dash = || "–".to_owned();
    let reason = session.status_reason.as_ref();
    let status = session.status.as_str();
    let mut fields = vec![
        ("id", session.id.to_string()),
        (
            "worker",
            format!("{worker}, revision {}", session.worker_revision),
        ),
        (
            "status",
            reason.map_or_else(|| status.to_owned(), |why| format!("{status}: {why}")),
        ),
        (
            "repository",
            session
                .repository
                .as_ref()
                .map_or_else(dash, |it| format!("{}, from {}", it.url, it.branch)),
        ),
        ("wall", session.wall.clone().unwrap_or_else(dash)),
        ("created", session.created_at.to_string()),
        ("last active", numbers::ago(session.last_activity_at)),
        (
            "ended",
            session.ended_at.map_or_else(dash, |it| it.to_string()),
        ),
        (
            "tokens",
            format!(
                "{} in, {} out",
                numbers::count(stats.total_tokens_in),
                numbers::count(stats.total_tokens_out)
            ),
        ),
    ];
    for warning in &session.warnings {
        fields.push(("warning", format!("{}: {}", warning.path, warning.message)));
    }
    table::fields(&fields);
    if !requests.is_empty() {
        table::line("");
        table::rows(
            &["request", "status", "took", "prompt"],
            requests.iter().map(turn_row).collect(),
        );
    }
    Ok(())
}

fn turn_row(row: &TelemetryRow) -> Vec<String> {
    let took = row.duration_ms.and_then(|it| u64::try_from(it).ok());
    let took = took.map(|it| numbers::duration(std::time::Duration::from_millis(it)));
    let prompt: String = row.prompt.chars().take(60).collect();
    vec![
        row.id.to_string(),
        row.status.as_str().to_owned(),
        took.unwrap_or_else(|| "–".to_owned()),
        prompt,
    ]
}

async fn end(client: &Client, id: SessionId, no_wait: bool) -> Result<(), CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    if session.status == SessionStatus::Ended {
        table::line(format!("session {id} had ended already"));
        return Ok(());
    }
    if no_wait {
        client.end_session(id).await?;
        table::line(format!("session {id} is ending"));
        return Ok(());
    }
    client.end_session_and_wait(id).await?;
    table::line(format!("session {id} ended"));
    Ok(())
}
