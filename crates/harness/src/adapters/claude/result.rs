//! What Claude Code's last line of a turn means.

use serde_json::Value;
use vwm_api::{TurnError, TurnStatus};

use super::turn::Turn;
use crate::adapter::Ending;
use crate::adapters::ending::{self, aborted, engine_failed};
use crate::door::failure;

/// The turn's end, as its `result` line tells it.
pub(super) fn ending(turn: &Turn, result: &Value, model: Option<String>) -> Ending {
    let reason = text(result, "terminal_reason");
    // An abort that came too late is told as an abort: who asked for it is not told otherwise.
    let error = if turn.is_aborted || reason.starts_with("aborted") {
        Some(aborted())
    } else if result["is_error"] == true {
        Some(error(turn, result))
    } else {
        None
    };
    let status = error
        .as_ref()
        .map_or(TurnStatus::Complete, |error| error.status);
    Ending {
        tokens_in: tokens(
            result,
            &[
                "input_tokens",
                "cache_read_input_tokens",
                "cache_creation_input_tokens",
            ],
        ),
        tokens_out: tokens(result, &["output_tokens"]),
        cost_usd: cost(result),
        cost_total_usd: result["total_cost_usd"].as_f64(),
        model,
        ..ending::ending(status, turn.response(), error)
    }
}

/// What it cost since the last such line. The total does not tell: it begins anew in a process that follows a killed one.
fn cost(result: &Value) -> Option<f64> {
    let models = result["model_usage_since_last_result"].as_object()?;
    let costs = models.values().filter_map(|used| used["costUSD"].as_f64());
    Some(costs.sum())
}

/// Whether the line says that there is no such conversation.
pub(super) fn is_unknown_conversation(result: &Value) -> bool {
    result["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|error| error.contains(UNKNOWN_CONVERSATION))
}

/// What it says of an id that it does not know.
pub(super) const UNKNOWN_CONVERSATION: &str = "No conversation found";

fn error(turn: &Turn, result: &Value) -> TurnError {
    let said = text(result, "result");
    // Advice about the address that it knows, which is the door's.
    let said = said
        .split(" This is a server-side issue")
        .next()
        .unwrap_or(said);
    if let Some(status) = result["api_error_status"].as_u64() {
        let status = u16::try_from(status).unwrap_or(500);
        return failure::of_status(status, said, None);
    }
    if text(result, "terminal_reason") == "api_error" {
        return match turn.error.as_deref() {
            Some(kind @ ("rate_limit" | "authentication_failed" | "invalid_request")) => {
                failure::of_kind(kind, said)
            }
            Some(_) | None => failure::unreachable(said),
        };
    }
    let errors = result["errors"].as_array().into_iter().flatten();
    let errors: Vec<&str> = errors.filter_map(Value::as_str).collect();
    let said = if errors.is_empty() {
        said.to_owned()
    } else {
        errors.join("; ")
    };
    engine_failed(
        format!(
            "Claude Code ended the turn with {}: {said}; prompt again, or look at the raw output",
            text(result, "subtype")
        ),
        true,
    )
}

/// The sum; none when nothing was counted at all.
fn tokens(result: &Value, names: &[&str]) -> Option<i64> {
    let usage = &result["usage"];
    let sum = names
        .iter()
        .filter_map(|name| usage[*name].as_i64())
        .sum::<i64>();
    (sum > 0).then_some(sum)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
