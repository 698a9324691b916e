//! How an agent's answer to a prompt ends the turn.

use serde_json::Value;
use vwm_api::{AgentEvent, TurnError, TurnStatus};

use crate::adapter::Ending;
use crate::adapters::ending::{aborted, ending, engine_failed};

/// What is remembered of a turn while it runs.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The number of its request; the token of its wake-ups.
    pub(super) request: u64,
    pub(super) is_aborted: bool,
    /// The text after the last tool call.
    pub(super) response: String,
}

/// The turn's end, and what a person should know of it beforehand.
pub(super) fn end(
    turn: Turn,
    answer: Result<Value, Value>,
    cost_total_usd: Option<f64>,
) -> (Option<AgentEvent>, Ending) {
    let mut notice = None;
    let result = answer.as_ref().ok();
    let reason = result.and_then(|result| result["stopReason"].as_str());
    let error = match (&answer, reason) {
        _ if turn.is_aborted => Some(aborted()),
        (Err(error), _) => Some(refused("answered the prompt with an error", error)),
        (Ok(_), Some("cancelled")) => Some(TurnError {
            message: "the agent stopped the turn by itself; prompt again to go on".to_owned(),
            ..aborted()
        }),
        (Ok(_), Some("refusal")) => Some(TurnError {
            code: "model_refused".to_owned(),
            ..engine_failed(
                "the agent refused to go on; change the prompt".to_owned(),
                false,
            )
        }),
        (Ok(_), Some(limit @ ("max_tokens" | "max_turn_requests"))) => {
            let message = format!(
                "the answer was cut at a limit of the agent ({limit}); prompt again to go on"
            );
            notice = Some(AgentEvent::notice("cut_short", message));
            None
        }
        (Ok(_), _) => None,
    };
    let status = error
        .as_ref()
        .map_or(TurnStatus::Complete, |error| error.status);
    let (tokens_in, tokens_out) = result.map_or((None, None), tokens);
    let model = result.and_then(|result| result.pointer("/_meta/quota/model_usage/0/model"));
    let ending = Ending {
        tokens_in,
        tokens_out,
        cost_total_usd,
        model: model.and_then(Value::as_str).map(str::to_owned),
        ..ending(status, turn.response, error)
    };
    (notice, ending)
}

/// An error of JSON-RPC, as a failure of the engine.
pub(super) fn refused(what: &str, error: &Value) -> TurnError {
    let message = error["message"].as_str().unwrap_or("no reason");
    // Many agents say `Internal error` and keep the reason below `data`.
    let data = &error["data"];
    let detail = [&data["message"], &data["details"], data]
        .into_iter()
        .find_map(Value::as_str);
    let detail = detail
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    let code = error["code"].as_i64().unwrap_or_default();
    engine_failed(
        format!(
            "the agent {what} ({code}): {message}{detail}; look at the program's own setup, then prompt again"
        ),
        true,
    )
}

/// All input and all output, where the agent counts them.
fn tokens(result: &Value) -> (Option<i64>, Option<i64>) {
    let usage = &result["usage"];
    if let Some(input) = usage["inputTokens"].as_i64() {
        let cached = ["cachedReadTokens", "cachedWriteTokens"];
        let cached = cached.iter().filter_map(|name| usage[*name].as_i64());
        let input = input + cached.sum::<i64>();
        // Some count the thinking with the output and some beside it; the total has it once.
        let output = match usage["totalTokens"].as_i64() {
            Some(total) if total >= input => Some(total - input),
            Some(_) | None => usage["outputTokens"].as_i64(),
        };
        // An agent that was stopped early says nothing by saying zero.
        return if input == 0 {
            (None, None)
        } else {
            (Some(input), output)
        };
    }
    let count = |name: &str| {
        let count = result.pointer("/_meta/quota/token_count")?.get(name)?;
        count.as_i64()
    };
    (count("input_tokens"), count("output_tokens"))
}
