//! Turns: what may be asked, now; who waits for which answer; what is aborted.

use serde_json::Value;
use vwm_api::{
    AbortRequest, Answer, Key, OnBusy, RequestView, SessionId, SessionStatus, SubsessionId,
    TelemetryRow, TurnId, TurnKind, TurnStatus,
};
use vwm_store::{Idempotency, NewTurn, Turn, TurnCreated};

use super::{outage, sessions};
use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;

/// The longest prompt, in bytes.
const PROMPT_MAX: usize = 1024 * 1024;
/// Seconds that a turn may take when its prompt names none.
const TIMEOUT: u32 = 3600;
/// The longest time that a prompt may ask for: a week.
const TIMEOUT_MAX: u32 = 604_800;

/// Makes a turn, or returns the one that the same call made before.
pub(crate) async fn ask(
    app: &App,
    caller: &Key,
    session: SessionId,
    body: Value,
    idempotency: Option<Idempotency>,
) -> Result<Turn, Error> {
    let new = NewTurn {
        by: Some(caller.id),
        needs_slot: app.slots.are_bounded(),
        ..read(session, body, app.config.queue_limit)?
    };
    create(app, new, idempotency).await
}

/// Makes a turn that asks again what one asked that did not complete, in the same conversation.
pub(crate) async fn retry(
    app: &App,
    caller: &Key,
    session: SessionId,
    id: TurnId,
    idempotency: Option<Idempotency>,
) -> Result<Turn, Error> {
    let earlier = find(app, session, id).await?;
    if let Some(why) = why_not_again(&earlier) {
        return Err(Error::Conflict(why));
    }
    let new = NewTurn {
        id: TurnId::new(),
        session,
        subsession: earlier.subsession,
        prompt: earlier.prompt,
        timeout_s: earlier.timeout_s,
        breadcrumbs: earlier.breadcrumbs,
        by: Some(caller.id),
        on_busy: OnBusy::Queue,
        queue_limit: app.config.queue_limit,
        needs_slot: app.slots.are_bounded(),
        retry_of: Some(id),
    };
    create(app, new, idempotency).await
}

/// Why a turn is not asked for again.
fn why_not_again(earlier: &Turn) -> Option<String> {
    let what = match (earlier.kind, earlier.status) {
        (TurnKind::Learning, _) => "it is the session's own; only prompts are tried again",
        (TurnKind::Prompt, TurnStatus::Pending) => "it waits to be run; wait for its end",
        (TurnKind::Prompt, TurnStatus::Running) => "it runs; wait for its end, or abort it first",
        (TurnKind::Prompt, TurnStatus::Complete) => {
            "it is complete; prompt anew to ask the same again"
        }
        (
            TurnKind::Prompt,
            TurnStatus::Failed | TurnStatus::Cancelled | TurnStatus::OutcomeUnknown,
        ) => return None,
    };
    Some(format!("Request cannot be tried again: {what}"))
}

async fn create(app: &App, new: NewTurn, idempotency: Option<Idempotency>) -> Result<Turn, Error> {
    let created = app.store.create_turn(new, idempotency.as_ref()).await;
    match created.map_err(Error::of_store(Resource::Session))? {
        TurnCreated::New(turn) | TurnCreated::Existing(turn) => Ok(turn),
        TurnCreated::Busy => Err(Error::Conflict(
            "Sub-session is busy: a turn runs in it; wait for its end, or ask with onBusy queue"
                .to_owned(),
        )),
        TurnCreated::QueueFull => Err(Error::TooMany(format!(
            "{} prompts wait in this sub-session already; ask again when one has ended",
            app.config.queue_limit
        ))),
        TurnCreated::SessionIs(status) => Err(not_active(status)),
    }
}

/// Returns the answer of a turn once it is over, however long that takes. Who hangs up aborts nothing.
pub(crate) async fn wait_for_answer(app: &App, turn: Turn) -> Result<Answer, Error> {
    let (id, session) = (turn.id, turn.session);
    let mut news = app.store.watch(session);
    loop {
        let turn = match app.store.turn(id).await {
            Ok(turn) => turn.ok_or(Error::NotFound(Resource::Request))?,
            Err(failure) => {
                outage::wait(app, failure).await?;
                continue;
            }
        };
        if turn.status.is_over() {
            let lost = || Error::internal(format!("turn {id} is over and has no answer"));
            return turn.answer.ok_or_else(lost);
        }
        tokio::select! {
            () = news.changed() => {}
            () = app.stop.cancelled() => return Err(Error::Unavailable(format!(
                "the server stops and the turn goes on: ask for /sessions/{session}/requests/{id} when it is back"
            ))),
        }
    }
}

/// Returns one turn of a session, as it is stored.
pub(super) async fn find(app: &App, session: SessionId, id: TurnId) -> Result<Turn, Error> {
    sessions::show(app, session).await?;
    let turn = app.store.turn(id).await?;
    let turn = turn.filter(|turn| turn.session == session);
    turn.ok_or(Error::NotFound(Resource::Request))
}

/// Returns one turn of a session.
pub(crate) async fn show(app: &App, session: SessionId, id: TurnId) -> Result<RequestView, Error> {
    let turn = find(app, session, id).await?;
    Ok(RequestView {
        request_id: turn.id,
        status: turn.status,
        subsession_id: turn.subsession,
        created_at: turn.created_at,
        retry_of: turn.retry_of,
        answer: turn.answer,
    })
}

/// Returns the turns of a session with what they asked, answered and cost; all, unless a breadcrumb is named.
pub(crate) async fn telemetry(
    app: &App,
    session: SessionId,
    mut query: Input,
) -> Result<Vec<TelemetryRow>, Error> {
    sessions::show(app, session).await?;
    let breadcrumb = query.text("breadcrumb");
    query.close()?;
    Ok(app.store.telemetry(session, breadcrumb.as_deref()).await?)
}

/// Asks that turns be aborted: all of a session that there is unless the body names some. One that is over, or that the session
/// does not have, is not in flight.
pub(crate) async fn abort(app: &App, session: SessionId, body: Value) -> Result<(), Error> {
    let mut input = Input::of_body(body);
    let which = AbortRequest {
        subsession_id: input.parsed("subsessionId"),
        request_id: input.parsed("requestId"),
    };
    if which.subsession_id.is_some() && which.request_id.is_some() {
        let message = "give `subsessionId` or `requestId`, not both";
        input.fault::<()>("requestId", "invalid_string", message);
    }
    input.close()?;
    let aborted = app.store.ask_abort(session, &which).await;
    if aborted
        .map_err(Error::of_store(Resource::Session))?
        .is_empty()
    {
        let message = "Nothing is in flight: no turn runs or waits that could be aborted";
        return Err(Error::Conflict(message.to_owned()));
    }
    Ok(())
}

fn read(session: SessionId, body: Value, queue_limit: u32) -> Result<NewTurn, Error> {
    let mut input = Input::of_body(body);
    let prompt = input.required("prompt", |input, name| input.sized(name, 1..=usize::MAX));
    if let Some(prompt) = &prompt {
        if prompt.len() > PROMPT_MAX {
            let message = "a prompt has at most 1 MiB; put the rest into a file of the workspace";
            return Err(Error::TooLarge(message.to_owned()));
        }
        if prompt.trim().is_empty() {
            let message = "`prompt` is blank; ask for something";
            input.fault::<()>("prompt", "too_short", message);
        }
    }
    let subsession = input.parsed("subsessionId");
    let timeout = input.whole("timeout", 1..=TIMEOUT_MAX);
    let breadcrumbs = sessions::breadcrumbs(&mut input);
    let modes = [("queue", OnBusy::Queue), ("reject", OnBusy::Reject)];
    let on_busy = input.one_of("onBusy", &modes);
    input.close()?;
    Ok(NewTurn {
        id: TurnId::new(),
        session,
        subsession: subsession.unwrap_or(SubsessionId::main(session)),
        prompt: prompt.expect("without a prompt there was a fault"),
        timeout_s: timeout.unwrap_or(TIMEOUT),
        breadcrumbs,
        by: None,
        on_busy: on_busy.unwrap_or_default(),
        queue_limit,
        needs_slot: false,
        retry_of: None,
    })
}

pub(super) fn not_active(status: SessionStatus) -> Error {
    let what_to_do = match status {
        SessionStatus::Pending => "wait until it is active",
        SessionStatus::Failed => "its statusReason says why; end it and start another",
        SessionStatus::Active
        | SessionStatus::Suspended
        | SessionStatus::Ending
        | SessionStatus::Ended => "start another",
    };
    let status = status.as_str();
    Error::Conflict(format!(
        "Session is not active: it is {status}; {what_to_do}"
    ))
}
