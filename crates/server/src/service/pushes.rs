//! Pushes after the end: what a session's end could not push, from the bundles that are kept of it.

use std::path::Path;
use std::sync::Arc;

use tracing::{info, warn};
use vwm_api::harness::{PushAnswer, PushOrder};
use vwm_api::{
    PushResult, PushedBranch, Repository, RepositoryRole, Session, SessionId, SessionStatus,
    Unpushed, WorkerDefinition,
};
use vwm_jobs::JobError;
use vwm_store::{CollectedBlob, StoreError};

use super::sessions;
use crate::app::App;
use crate::ending;
use crate::error::{Error, Resource};
use crate::scratch::Scratch;

/// Pushes every branch of an ended session that no remote has. Who hangs up aborts nothing.
pub(crate) async fn push(app: &Arc<App>, id: SessionId) -> Result<PushResult, Error> {
    pushable(sessions::show(app, id).await?)?;
    let scratch = Scratch::take(&app.config.data_dir, id).map_err(Error::internal)?;
    let Some(scratch) = scratch else {
        let message = "A push of this session is under way; ask again when it is over";
        return Err(Error::Conflict(message.to_owned()));
    };
    let pushing = app.tasks.spawn({
        let app = Arc::clone(app);
        async move {
            tokio::select! {
                result = push_all(&app, id, &scratch) => result,
                () = app.stop.cancelled() => {
                    let message = "the server stops; push again when it is back, nothing is lost";
                    Err(Error::Unavailable(message.to_owned()))
                }
            }
        }
    });
    pushing.await.map_err(Error::internal)?
}

fn pushable(session: Session) -> Result<Session, Error> {
    if session.status != SessionStatus::Ended {
        let status = session.status.as_str();
        return Err(Error::Conflict(format!(
            "Session has not ended: it is {status}; its end pushes, and this is for what that could not"
        )));
    }
    if session.unpushed.is_empty() {
        let message = "Nothing is left to push: all that the session kept is pushed";
        return Err(Error::Conflict(message.to_owned()));
    }
    Ok(session)
}

async fn push_all(app: &App, id: SessionId, scratch: &Scratch) -> Result<PushResult, Error> {
    // Read again: another push may have ended between the first look and this one's folder.
    let session = pushable(sessions::show(app, id).await?)?;
    let worker = ending::worker_of(app, &session).await?;
    let kept = app.store.collected(id).await?;
    let has_bundle = |branch: &Unpushed| kept.iter().any(|kept| kept.name == branch.bundle);
    if !session.unpushed.iter().any(has_bundle) {
        let message = "Nothing can be pushed any more: the session's bundles are deleted, which --workspaces-keep of the server says when";
        return Err(Error::Conflict(message.to_owned()));
    }
    let mut result = PushResult::default();
    for branch in &session.unpushed {
        // What is shown of an address lacks its credentials.
        let remote = remote(&session, &worker, branch.repository);
        let answer = match remote {
            Some(remote) => push_one(app, id, branch, remote, &kept, scratch).await?,
            None => PushAnswer::Failed("the session has no such repository".to_owned()),
        };
        match &answer {
            PushAnswer::Pushed => {
                info!(session.id = %id, branch = branch.branch, "Branch is pushed from its bundle");
                result.pushed.push(PushedBranch {
                    repository: branch.repository,
                    url: branch.url.clone(),
                    branch: branch.branch.clone(),
                    sha: branch.sha.clone(),
                });
            }
            PushAnswer::Failed(reason) => {
                warn!(session.id = %id, branch = branch.branch, reason, "Branch is not pushed");
            }
        }
        // One by one: what a remote has is known, whatever becomes of the others.
        let left = app.store.set_push_answer(id, branch.repository, answer);
        result.unpushed = left.await.map_err(Error::of_store(Resource::Session))?;
    }
    Ok(result)
}

/// Address and base branch of a session's repository.
fn remote(
    session: &Session,
    worker: &WorkerDefinition,
    repository: RepositoryRole,
) -> Option<Repository> {
    match repository {
        RepositoryRole::KnowledgeBase => Some(Repository {
            url: worker.worker_repo_url.clone()?,
            branch: worker.worker_repo_branch.clone(),
        }),
        RepositoryRole::SessionRepository => session.repository.clone(),
    }
}

async fn push_one(
    app: &App,
    session: SessionId,
    branch: &Unpushed,
    remote: Repository,
    kept: &[CollectedBlob],
    scratch: &Scratch,
) -> Result<PushAnswer, Error> {
    let role = branch.repository.as_str();
    let files = scratch.folder(role).map_err(Error::internal)?;
    let work = scratch.folder(&format!("{role}.work"));
    let work = work.map_err(Error::internal)?;
    let name = branch.bundle.as_str();
    let bundle = files.join("branch.bundle");
    let copied = match kept.iter().find(|kept| kept.name == name) {
        Some(kept) => app.store.blobs().copy_to(kept.hash, &bundle).await,
        None => Err(StoreError::NotFound),
    };
    let text = |path: &Path| path.to_string_lossy().into_owned();
    match copied {
        Ok(()) => {
            let order = PushOrder {
                session,
                repository: branch.repository,
                url: remote.url,
                base: remote.branch,
                branch: branch.branch.clone(),
                sha: branch.sha.clone(),
                bundle: text(&bundle),
                scratch: text(&work),
                volumes: text(&app.config.data_dir.join("sessions")),
                local_repositories: app.allows_local_repositories(),
            };
            match app.jobs.push(&order).await {
                Err(error @ JobError::Push { .. }) => {
                    Ok(PushAnswer::Failed(vwm_api::chain(&error)))
                }
                answer => answer.map_err(Error::internal),
            }
        }
        Err(StoreError::NotFound) => Ok(PushAnswer::Failed(format!(
            "its bundle {name} is not kept any more; restore blobs/ from a backup of the data directory"
        ))),
        Err(StoreError::Corrupt { what }) => Ok(PushAnswer::Failed(format!(
            "its bundle {name} is damaged: {what}; restore blobs/ from a backup of the data directory"
        ))),
        Err(error) => Err(error.into()),
    }
}
