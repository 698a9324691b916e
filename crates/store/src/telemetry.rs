//! Telemetry: what turns asked, answered and cost.

use vwm_api::{
    Answer, KeyId, Response, SessionId, Stats, SubsessionId, TelemetryRow, TurnId, TurnKind,
    TurnStatus, WorkerId,
};

use crate::codec::Columns;
use crate::db::{Row, query};
use crate::{LearningRow, Result, Store, StoreError, learnings};

impl Store {
    /// Returns a row per turn of a session, oldest first, also of those that wait or run. Learning that was skipped without a turn
    /// is a row, too: the last one. With a breadcrumb, only the rows that carry it.
    pub async fn telemetry(
        &self,
        session: SessionId,
        breadcrumb: Option<&str>,
    ) -> Result<Vec<TelemetryRow>> {
        let rows = query(
            "SELECT r.*,
                 l.learning_content, l.learning_path, l.git_committed, l.git_pushed, l.git_commit_sha, l.skipped
             FROM requests r LEFT JOIN learnings l ON l.request_id = r.id
             WHERE r.session_id = $1 ORDER BY r.position",
        )
        .bind(session.0)
        .fetch_all(&self.readers)
        .await?;
        let mut told = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut answer = Columns(row).json_or_none("response")?;
            if let Some(answer) = &mut answer {
                self.fill_answer(answer, row).await?;
            }
            told.push(telemetry_row(row, answer)?);
        }
        let mut rows = told;
        if let Some(record) = self.learning(session).await?
            && record.learning.skipped.is_some()
            && rows.iter().all(|row| row.id != record.request_id)
        {
            let session = self.session(session).await?.ok_or(StoreError::NotFound)?;
            rows.push(skipped_row(record, session.session.breadcrumbs));
        }
        if let Some(breadcrumb) = breadcrumb {
            rows.retain(|row| row.breadcrumbs.iter().any(|known| known == breadcrumb));
        }
        Ok(rows)
    }

    /// Returns a session's prompts in numbers. The average is over all of them, as the published contract has it.
    pub async fn stats(&self, session: SessionId) -> Result<Stats> {
        let row = query(
            "SELECT count(*) AS total,
                 count(*) FILTER (WHERE status = 'complete') AS completed,
                 count(*) FILTER (WHERE status IN ('failed', 'cancelled', 'outcome_unknown')) AS failed,
                 CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
                 CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out,
                 CAST(coalesce(sum(duration_ms), 0) AS BIGINT) AS duration_ms
             FROM requests WHERE session_id = $1 AND kind = 'prompt'",
        )
        .bind(session.0)
        .fetch_one(&self.readers)
        .await?;
        let row = Columns(&row);
        let total_requests: i64 = row.get("total")?;
        let total_duration_ms: i64 = row.get("duration_ms")?;
        Ok(Stats {
            total_requests,
            completed_requests: row.get("completed")?,
            failed_requests: row.get("failed")?,
            total_tokens_in: row.get("tokens_in")?,
            total_tokens_out: row.get("tokens_out")?,
            total_duration_ms,
            // Without a request the sum is 0, and so is the average.
            avg_duration_ms: total_duration_ms as f64 / total_requests.max(1) as f64,
        })
    }
}

fn telemetry_row(row: &Row, answer: Option<Answer>) -> Result<TelemetryRow> {
    let row = Columns(row);
    let (response, error) = match answer {
        None => (None, None),
        Some(answer) => {
            let response = Response {
                response: answer.response,
                tokens_in: answer.tokens_in,
                tokens_out: answer.tokens_out,
                raw: answer.raw,
            };
            (Some(response), answer.error)
        }
    };
    let kind = row.word("kind")?;
    Ok(TelemetryRow {
        id: row.id("id", TurnId)?,
        session_id: row.id("session_id", SessionId)?,
        worker_id: row.id("worker_id", WorkerId)?,
        subsession_id: row.id("subsession_id", SubsessionId)?,
        kind,
        key_id: row.id_or_none("key_id", KeyId)?,
        prompt: row.get("prompt")?,
        response,
        tokens_in: row.get("tokens_in")?,
        tokens_out: row.get("tokens_out")?,
        cost_usd: row.get("cost_usd")?,
        model: row.get("model")?,
        status: row.word("status")?,
        error,
        retry_of: row.id_or_none("retry_of", TurnId)?,
        duration_ms: row.get("duration_ms")?,
        artifacts: row.json("artifacts")?,
        breadcrumbs: row.json("breadcrumbs")?,
        created_at: row.time("created_at")?,
        completed_at: row.time_or_none("completed_at")?,
        learning: match kind {
            TurnKind::Prompt => None,
            TurnKind::Learning => Some(learnings::learning(row)?),
        },
    })
}

/// What was decided against when the session ended: there was no turn, and nothing was asked.
fn skipped_row(record: LearningRow, breadcrumbs: Vec<String>) -> TelemetryRow {
    TelemetryRow {
        id: record.request_id,
        session_id: record.session,
        worker_id: record.worker_id,
        subsession_id: SubsessionId::main(record.session),
        kind: TurnKind::Learning,
        key_id: None,
        prompt: String::new(),
        response: None,
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        model: None,
        status: TurnStatus::Cancelled,
        error: None,
        retry_of: None,
        duration_ms: None,
        artifacts: Vec::new(),
        breadcrumbs,
        created_at: record.created_at,
        completed_at: record.completed_at,
        learning: Some(record.learning),
    }
}
