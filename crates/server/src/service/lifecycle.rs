//! Suspending and resuming, when somebody asks for it.

use vwm_api::{Session, SessionId, SessionStatus, Trigger};
use vwm_jobs::{JobId, JobStatus};
use vwm_store::{Resumption, SessionRow, Suspension};

use crate::app::App;
use crate::error::{Error, Resource};

/// Suspends a session in which nothing runs or waits; one that is suspended already is left alone.
pub(crate) async fn suspend(app: &App, id: SessionId) -> Result<Session, Error> {
    let reason = "asked for; the next prompt resumes it".to_owned();
    let asked = app.store.suspend_session(id, None, reason).await;
    let what_to_do = match asked.map_err(Error::of_store(Resource::Session))? {
        Suspension::Suspended(row) => return Ok(row.session),
        Suspension::Busy => {
            return Err(Error::Conflict(
                "Session is busy: a turn runs or waits; abort it or wait for its end, and ask again"
                    .to_owned(),
            ));
        }
        Suspension::SessionIs(status) => match status {
            SessionStatus::Pending => "it is pending; wait until it is active, or end it",
            SessionStatus::Failed => "it failed, and has no job; resume it, or end it",
            SessionStatus::Ending => "it is ending",
            SessionStatus::Active | SessionStatus::Suspended | SessionStatus::Ended => {
                "it has ended"
            }
        },
    };
    Err(not_active(what_to_do))
}

/// Asks that a session resume, and does not wait for it. The start of a failed one is tried again on the volume that was kept; one that
/// is active, or will be, is left alone.
pub(crate) async fn resume(app: &App, id: SessionId) -> Result<Session, Error> {
    loop {
        let asked = app.store.ask_resume(id).await;
        let status = match asked.map_err(Error::of_store(Resource::Session))? {
            Resumption::Asked(row) => return Ok(row.session),
            Resumption::SessionIs(status) => status,
        };
        match status {
            SessionStatus::Failed => {}
            SessionStatus::Ending => return Err(not_active("it is ending; start another")),
            SessionStatus::Ended => return Err(not_active("it has ended; start another")),
            // Someone else moved it between the two: ask again.
            SessionStatus::Pending | SessionStatus::Active | SessionStatus::Suspended => continue,
        }
        if let Some(row) = app.store.session(id).await?
            && is_lost(app, &row).await?
        {
            return Err(not_active(
                "it failed, and its folder is gone, and with it the workspace; end it and start another",
            ));
        }
        let tried = app.store.move_session(id, status, Trigger::Retry, None);
        if let Some(row) = tried.await? {
            return Ok(row.session);
        }
    }
}

/// Whether nothing is left of the volume of a failed session: another start would pretend that nothing was ever in it.
async fn is_lost(app: &App, row: &SessionRow) -> Result<bool, Error> {
    if row.generation == 0 {
        return Ok(false);
    }
    let job = JobId {
        session: row.session.id,
        generation: row.generation,
    };
    let seen = app.jobs.observe(&job).await.map_err(Error::internal)?;
    Ok(seen == JobStatus::Absent)
}

fn not_active(why: &str) -> Error {
    Error::Conflict(format!("Session is not active: {why}"))
}
