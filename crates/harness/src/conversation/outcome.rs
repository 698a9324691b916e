//! What a turn leaves: what was heard of it, and the outcomes that are ours to say.

use vwm_api::harness::Outcome;
use vwm_api::{AgentEvent, CliType, TurnError, TurnStatus};

use super::engine::Next;
use super::lines::RawLog;
use crate::adapter::{Ending, Step};
use crate::door::Usage;

/// As much of the text as an answer can hold.
const ANSWER_GATHERED: usize = 16 << 20;

/// What an engine said in a turn.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Whether it said anything.
    pub(super) any: bool,
    /// What it printed.
    pub(super) raw: RawLog,
    /// The text since the last tool call, for an end that brings no text of its own.
    text: String,
}

impl Heard {
    /// Keeps what was said; gives the steps and whether the engine is gone.
    pub(super) fn take(&mut self, next: Next) -> (Vec<Step>, bool) {
        let (mut steps, gone) = match next {
            Next::Line(line, steps) => {
                self.any = true;
                self.raw.push(&line);
                (steps, false)
            }
            Next::Woken(steps) => (steps, false),
            Next::Exited(steps) => (steps, true),
        };
        for step in &mut steps {
            if let Step::End(_, ending) = step
                && ending.response.is_empty()
            {
                ending.response.clone_from(&self.text);
            }
        }
        (steps, gone)
    }

    pub(super) fn note(&mut self, event: &AgentEvent) {
        match event {
            // More than an answer may have is not gathered.
            AgentEvent::Text(text) if self.text.len() < ANSWER_GATHERED => self.text.push_str(text),
            AgentEvent::Text(_) => {}
            AgentEvent::ToolCall(_) => self.text.clear(),
            AgentEvent::Start(_)
            | AgentEvent::Thinking(_)
            | AgentEvent::ToolResult(_)
            | AgentEvent::Notice { .. }
            | AgentEvent::Raw(_) => {}
        }
    }
}

/// What was used between two looks at the door; none where it counted nothing.
pub(super) fn used(before: &Usage, now: &Usage) -> Usage {
    if now.calls == before.calls {
        return Usage {
            model: now.model.clone(),
            ..Usage::default()
        };
    }
    let more = |before: Option<i64>, now: Option<i64>| now.map(|now| now - before.unwrap_or(0));
    Usage {
        tokens_in: more(before.tokens_in, now.tokens_in),
        tokens_out: more(before.tokens_out, now.tokens_out),
        calls: now.calls - before.calls,
        model: now.model.clone(),
    }
}

/// An end that the engine did not say.
pub(super) fn failed(code: &str, message: &str, retryable: bool) -> Ending {
    Ending {
        status: TurnStatus::Failed,
        response: String::new(),
        error: Some(TurnError {
            status: TurnStatus::Failed,
            message: message.to_owned(),
            code: code.to_owned(),
            retryable,
            resets_at: None,
        }),
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        cost_total_usd: None,
        model: None,
    }
}

/// The prompt was not sent, because nobody could have said afterwards that it was.
pub(super) fn unjournaled(error: &std::io::Error) -> Ending {
    let message = format!(
        "the session's journal could not be written ({error}), so the prompt was not sent: make room on the session's disk, then ask again"
    );
    failed("engine_failed", &message, true)
}

/// The engine went on talking while nothing could be journaled, for longer than that can wait.
pub(super) fn unheard() -> Ending {
    let message = "the session's journal could not be written while the engine worked, and what it said was too much to wait: the \
                   engine was stopped; make room on the session's disk, look at the workspace, then ask again";
    failed("engine_failed", message, true)
}

/// The outcome of a turn that no engine has seen the end of.
pub(crate) fn ended_by_us(engine: Option<CliType>, error: TurnError) -> Outcome {
    Outcome {
        status: error.status,
        response: String::new(),
        artifacts: Vec::new(),
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        cost_total_usd: None,
        model: None,
        duration_ms: None,
        raw_format: None,
        raw: String::new(),
        engine,
        error: Some(error),
    }
}

/// The outcome of a turn that was aborted before any engine knew of it.
pub(crate) fn aborted() -> Outcome {
    ended_by_us(
        None,
        TurnError {
            status: TurnStatus::Cancelled,
            message: "the turn was aborted".to_owned(),
            code: "aborted".to_owned(),
            retryable: false,
            resets_at: None,
        },
    )
}

/// The outcome of a turn that was sent, and whose end was lost with its job.
pub(crate) fn unknown() -> Outcome {
    ended_by_us(
        None,
        TurnError {
            status: TurnStatus::OutcomeUnknown,
            message: "the session's job was lost while the turn ran: it may or may not have done its work; look at the \
                      workspace, then ask again"
                .to_owned(),
            code: "outcome_unknown".to_owned(),
            retryable: true,
            resets_at: None,
        },
    )
}
