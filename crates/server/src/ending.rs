//! How the end of a session begins, whoever wants it: a client, its time, its age.

use vwm_api::{Session, WorkerDefinition};

use crate::app::App;
use crate::error::{Error, Resource};
use crate::service::learning;

/// Moves a session into its end, and decides with that whether it learns. False when it does not stand where it was seen any more, or
/// cannot end from there. The reason is for an end that nobody asked for.
pub(crate) async fn begin(
    app: &App,
    session: &Session,
    reason: Option<String>,
) -> Result<bool, Error> {
    let worker = worker_of(app, session).await?;
    let (id, status) = (session.id, session.status);
    let learn = learning::choose(&worker, id, status, app.config.learning_timeout_s);
    let moved = app.store.end_session(id, status, learn, reason).await;
    Ok(moved.map_err(Error::of_store(Resource::Session))?.is_some())
}

/// The worker as it was when the session began.
pub(crate) async fn worker_of(app: &App, session: &Session) -> Result<WorkerDefinition, Error> {
    let (worker, revision) = (session.worker_id, session.worker_revision);
    match app.store.worker_revision(worker, revision).await? {
        Some(revision) => Ok(revision.definition),
        None => Err(Error::internal(format!(
            "session {} has revision {revision} of worker {worker}, which is not stored",
            session.id
        ))),
    }
}
