//! `vwm session push`.

use std::process::ExitCode;

use vwm_api::{PushResult, SessionId, SessionStatus};
use vwm_client::Client;

use super::{missing, show};
use crate::error::CliError;
use crate::output::{Form, table};

/// Pushes what the end of a session could not push.
pub(super) async fn push(client: &Client, id: SessionId, form: Form) -> Result<ExitCode, CliError> {
    let session = client.session(id).await.map_err(missing(id))?;
    // Nothing to do is no fault: the remotes have everything.
    let is_done = session.status == SessionStatus::Ended && session.unpushed.is_empty();
    let result = if is_done {
        PushResult::default()
    } else {
        client.push_session(id).await?
    };
    if form.is_json() {
        table::json(&result)?;
    } else {
        tell(id, &result);
    }
    let is_pushed = result.unpushed.is_empty();
    Ok(ExitCode::from(u8::from(!is_pushed)))
}

fn tell(id: SessionId, result: &PushResult) {
    if result.pushed.is_empty() && result.unpushed.is_empty() {
        table::line(format!("everything of session {id} is pushed already"));
    }
    for it in &result.pushed {
        let pushed = format!("{} is pushed at {} in {}", it.branch, it.sha, it.url);
        table::line(table::plain(&pushed));
    }
    if result.unpushed.is_empty() {
        return;
    }
    for it in &result.unpushed {
        table::aside(format!(
            "error: not pushed: {}",
            table::plain(&show::unpushed(it))
        ));
    }
    table::aside(format!(
        "hint: the commits are kept; mend that, and ask again with `vwm session push {id}`"
    ));
}
