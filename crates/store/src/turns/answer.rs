//! The answer of a turn: what a journal's outcome means, and what is said when there is no journal.

use vwm_api::harness::Outcome;
use vwm_api::{Answer, Raw, RawMetadata, Timestamp, TurnError, TurnStatus};

use super::end::TurnState;

/// The answer that a journal's outcome makes.
pub(crate) fn from_journal(turn: &TurnState, outcome: Outcome) -> Answer {
    let error = match (outcome.status, outcome.error) {
        (TurnStatus::Complete, _) => None,
        (TurnStatus::OutcomeUnknown, _) if turn.abort_asked => Some(aborted(
            "the turn was aborted, and the harness that ran it is gone; look at the workspace before trying again",
        )),
        (TurnStatus::Failed | TurnStatus::Cancelled | TurnStatus::OutcomeUnknown, Some(error)) => {
            Some(TurnError {
                status: outcome.status,
                ..error
            })
        }
        (TurnStatus::Cancelled, None) => Some(aborted("the turn was aborted")),
        (
            status @ (TurnStatus::Failed
            | TurnStatus::OutcomeUnknown
            | TurnStatus::Pending
            | TurnStatus::Running),
            _,
        ) => Some(untold(status)),
    };
    // An end that was lost with its job has neither a format nor an engine to tell.
    let raw = outcome
        .raw_format
        .zip(outcome.engine)
        .map(|(format, cli_type)| Raw {
            format,
            content: outcome.raw,
            metadata: RawMetadata {
                model: outcome.model.clone(),
                request_id: turn.id,
                cli_type,
            },
        });
    Answer {
        request_id: turn.id,
        status: error
            .as_ref()
            .map_or(TurnStatus::Complete, |error| error.status),
        subsession_id: turn.subsession,
        response: outcome.response,
        artifacts: outcome.artifacts,
        tokens_in: outcome.tokens_in,
        tokens_out: outcome.tokens_out,
        cost_usd: outcome.cost_usd,
        model: outcome.model,
        duration_ms: outcome.duration_ms,
        raw,
        error,
        retry_of: turn.retry_of,
    }
}

/// The answer of a turn that no journal ends.
pub(crate) fn without_journal(turn: &TurnState, error: &TurnError, now: Timestamp) -> Answer {
    Answer {
        request_id: turn.id,
        status: error.status,
        subsession_id: turn.subsession,
        response: String::new(),
        artifacts: Vec::new(),
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        model: None,
        duration_ms: turn.started_at.map(|started| now.millis_since(started)),
        raw: None,
        error: Some(error.clone()),
        retry_of: turn.retry_of,
    }
}

/// Why a turn that was aborted has no answer.
pub(crate) fn aborted(message: &str) -> TurnError {
    TurnError {
        status: TurnStatus::Cancelled,
        message: message.to_owned(),
        code: "aborted".to_owned(),
        retryable: false,
        resets_at: None,
    }
}

/// A harness must say why; where it does not, the turn ends all the same.
fn untold(status: TurnStatus) -> TurnError {
    let (status, code) = match status {
        TurnStatus::Failed => (TurnStatus::Failed, "engine_failed"),
        TurnStatus::Pending
        | TurnStatus::Running
        | TurnStatus::Complete
        | TurnStatus::Cancelled
        | TurnStatus::OutcomeUnknown => (TurnStatus::OutcomeUnknown, "outcome_unknown"),
    };
    TurnError {
        status,
        message:
            "the harness did not say how the turn ended; look at the workspace before trying again"
                .to_owned(),
        code: code.to_owned(),
        retryable: false,
        resets_at: None,
    }
}
