//! How a file call reaches the harness of its session: which statuses serve files, and the wait until a job is up.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use vwm_api::{SessionId, SessionStatus};
use vwm_client::{ClientError, Harness};
use vwm_jobs::{JobId, JobStatus};

use crate::app::App;
use crate::error::{Error, Resource};
use crate::orchestrator::wanted::Want;
use crate::service::turns;

/// How long a call waits for its session's job.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks, besides every news of the session: that a job is up is news to nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A harness that answered. The session is wanted as long as this lives.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) harness: Harness,
    _want: Want,
}

/// Waits until the session's harness answers; a suspended session is resumed for it, as a prompt does.
pub(super) async fn reach(app: &App, session: SessionId) -> Result<Reached, Error> {
    // Wanted first: whoever suspends a session looks for that afterwards, and leaves its job to the one who found it active.
    let mut want = app.wanted.want(session);
    let mut found = look(app, session).await?;
    let deadline = Instant::now() + PATIENCE;
    let mut news = app.store.watch(session);
    if found.is_none() {
        app.store.wake(session);
    }
    loop {
        if let Some(harness) = found {
            return Ok(Reached {
                harness,
                _want: want,
            });
        }
        tokio::select! {
            () = news.changed() => {}
            () = sleep(LOOK_AGAIN) => {}
            why = want.refused() => {
                // Where the session failed by it, that says more.
                look(app, session).await?;
                return Err(Error::Unavailable(format!("the session's job does not start: {why}")));
            }
            () = sleep_until(deadline) => return Err(Error::Unavailable(format!(
                "the session's job did not answer within {} s; look at its statusReason and the server's log, and ask again",
                PATIENCE.as_secs()
            ))),
            () = app.stop.cancelled() => return Err(Error::Unavailable(
                "the server stops; ask again when it is back".to_owned()
            )),
        }
        found = look(app, session).await?;
    }
}

/// The harness, if it is there just now and serves this session's files.
async fn look(app: &App, session: SessionId) -> Result<Option<Harness>, Error> {
    let row = app.store.session(session).await?;
    let row = row.ok_or(Error::NotFound(Resource::Session))?;
    let status = row.session.status;
    match status {
        SessionStatus::Pending | SessionStatus::Ending | SessionStatus::Ended => {
            return Err(turns::not_active(status));
        }
        SessionStatus::Suspended => return Ok(None),
        SessionStatus::Active | SessionStatus::Failed => {}
    }
    let job = JobId {
        session,
        generation: row.generation,
    };
    match app.jobs.observe(&job).await.map_err(Error::internal)? {
        JobStatus::Up { endpoint } => answers(app.harness(job, endpoint)).await,
        JobStatus::Absent if status == SessionStatus::Failed => Err(Error::Conflict(
            "Session is not active: it failed, and its folder is gone with all its files; start another".to_owned(),
        )),
        JobStatus::Absent | JobStatus::Pending { .. } | JobStatus::Gone { .. } => Ok(None),
    }
}

/// The harness, if it answers as the one of this generation.
async fn answers(harness: Harness) -> Result<Option<Harness>, Error> {
    match harness.health().await {
        Ok(_) => Ok(Some(harness)),
        // One of another generation knows neither the token nor the number.
        Err(ClientError::Api {
            status: 401 | 409, ..
        }) => Ok(None),
        Err(error) if error.is_passing() => Ok(None),
        Err(error) => Err(Error::internal(error)),
    }
}
