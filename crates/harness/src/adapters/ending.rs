//! How turns end that the engine itself did not bring to an end.

use vwm_api::{TurnError, TurnStatus};

use crate::adapter::Ending;
use crate::process::Exit;

/// How much of an engine's complaints is repeated.
const TAIL: usize = 600;

/// An ending with nothing counted.
pub(super) fn ending(status: TurnStatus, response: String, error: Option<TurnError>) -> Ending {
    Ending {
        status,
        response,
        error,
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        cost_total_usd: None,
        model: None,
    }
}

/// A turn that was stopped because somebody asked.
pub(super) fn aborted() -> TurnError {
    TurnError {
        status: TurnStatus::Cancelled,
        message: "the turn was aborted; what it did until then is in the workspace".to_owned(),
        code: "aborted".to_owned(),
        retryable: false,
        resets_at: None,
    }
}

/// The engine did not do its work.
pub(super) fn engine_failed(message: String, retryable: bool) -> TurnError {
    TurnError {
        status: TurnStatus::Failed,
        message,
        code: "engine_failed".to_owned(),
        retryable,
        resets_at: None,
    }
}

/// The engine's process is gone, when it should not be: `worked`, `started`.
pub(super) fn exited(engine: &str, when: &str, exit: &Exit, stderr: &str) -> TurnError {
    let how = match (exit.code, exit.signal) {
        (_, Some(signal)) => format!("was killed by signal {signal}"),
        (Some(code), None) => format!("exited with code {code}"),
        (None, None) => "is gone".to_owned(),
    };
    let said = tail(stderr);
    let said = if said.is_empty() {
        "it said nothing on its standard error".to_owned()
    } else {
        format!("it said: {said}")
    };
    engine_failed(
        format!("{engine} {how} while it {when}; {said}; prompt again to start it anew"),
        true,
    )
}

fn tail(text: &str) -> &str {
    let text = text.trim();
    let cut = text.len().saturating_sub(TAIL);
    let start = (cut..text.len()).find(|at| text.is_char_boundary(*at));
    text[start.unwrap_or(cut)..].trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_tells_the_end_of_what_was_complained_about() {
        let exit = Exit {
            code: Some(3),
            signal: None,
            leftovers: 0,
        };
        let error = exited(
            "Claude Code",
            "worked",
            &exit,
            &format!("{}\nboom\n", "ü".repeat(900)),
        );
        assert!(error.message.contains("exited with code 3"), "{error:?}");
        assert!(error.message.contains("\nboom; prompt again"), "{error:?}");
        assert!(error.message.len() < 800, "{error:?}");
        let killed = Exit {
            code: None,
            signal: Some(9),
            leftovers: 0,
        };
        assert_eq!(
            exited("Claude Code", "worked", &killed, "").message,
            "Claude Code was killed by signal 9 while it worked; it said nothing on its standard error; prompt again to start it anew"
        );
    }
}
