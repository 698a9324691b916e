//! Sessions: what may begin, what is told, how one is asked to end.

use serde_json::Value;
use vwm_api::{
    ApprovalsMode, Repository, Session, SessionId, SessionPage, SessionStatus, Trigger, Worker,
    WorkerId,
};
use vwm_store::{Idempotency, NewSessionRow, SessionFilter};

use super::{admission, outage, warnings};
use crate::app::App;
use crate::ending;
use crate::error::{Error, Resource};
use crate::input::Input;

/// The longest time that a session may have a job, but for 0, which is without an end: a week, as for a worker.
const TIMEOUT_MAX: u32 = 604_800;
/// The longest page of a list.
const PAGE_MAX: u32 = 500;
const PAGE: u32 = 50;
const PAGE_OF_WORKER: u32 = 100;

/// Makes a session, or returns the one that the same call made before.
pub(crate) async fn create(
    app: &App,
    body: Value,
    idempotency: Option<Idempotency>,
) -> Result<Session, Error> {
    // First of all: what was made stays made, whatever became of its worker and of the rules since.
    if let Some(call) = &idempotency
        && let Some(made) = app.store.session_made_by(call).await?
    {
        return Ok(made.session);
    }
    let mut input = Input::of_body(body);
    let worker = worker(app, &mut input).await?;
    let repository = repository(&mut input, app.allows_local_repositories());
    let breadcrumbs = breadcrumbs(&mut input);
    let timeout = input.whole("timeout", 0..=TIMEOUT_MAX);
    let auto_delete_branch = input.boolean("autoDeleteBranch").unwrap_or(false);
    let has_approvals = approvals(&mut input);
    input.close()?;
    let worker = worker.expect("without a worker there was a fault");
    if let Some(refusal) = admission::refusal(app).await? {
        return Err(refusal.into());
    }

    let mut warnings = warnings::of_session(&worker.definition, &app.config);
    if has_approvals {
        warnings.push(warnings::not_yet(
            "approvals",
            "nobody is asked and no rule is applied yet: every tool call is allowed, and the wall is the limit",
        ));
    }
    let new = NewSessionRow {
        id: SessionId::new(),
        worker_id: worker.id,
        worker_revision: worker.revision,
        repository,
        breadcrumbs,
        timeout: timeout.unwrap_or(worker.definition.timeout),
        auto_delete_branch,
        warnings,
        limits: admission::limits(app),
    };
    let created = app.store.create_session(new, idempotency.as_ref()).await?;
    Ok(created.into_inner().session)
}

/// Returns a session.
pub(crate) async fn show(app: &App, id: SessionId) -> Result<Session, Error> {
    match app.store.session(id).await? {
        Some(row) => Ok(row.session),
        None => Err(Error::NotFound(Resource::Session)),
    }
}

/// Returns a page of sessions.
pub(crate) async fn list(app: &App, mut query: Input) -> Result<SessionPage, Error> {
    let statuses = SessionStatus::ALL.map(|status| (status.as_str(), status));
    let filter = SessionFilter {
        status: query.one_of("status", &statuses),
        worker_id: query.parsed("workerId"),
        breadcrumb: query.text("breadcrumb"),
        limit: query.whole("limit", 1..=PAGE_MAX).unwrap_or(PAGE),
        cursor: query.text("cursor"),
    };
    query.close()?;
    Ok(app.store.sessions(filter).await?)
}

/// Returns some sessions of a worker, newest first, also of a deleted one; and where there are more, the header `Link` to them.
pub(crate) async fn list_of_worker(
    app: &App,
    worker: WorkerId,
    mut query: Input,
) -> Result<(Vec<Session>, Option<String>), Error> {
    // Every worker begins with a revision 1, which stays.
    let first = app.store.worker_revision(worker, 1).await?;
    first.ok_or(Error::NotFound(Resource::Worker))?;
    let limit = query.whole("limit", 1..=PAGE_MAX).unwrap_or(PAGE_OF_WORKER);
    let filter = SessionFilter {
        worker_id: Some(worker),
        limit,
        cursor: query.text("cursor"),
        ..SessionFilter::default()
    };
    query.close()?;
    let page = app.store.sessions(filter).await?;
    let next = page.next_cursor.map(|cursor| {
        format!("</admin/workers/{worker}/sessions?limit={limit}&cursor={cursor}>; rel=\"next\"")
    });
    Ok((page.items, next))
}

/// Asks a session to end. One that is ending or ended is left alone.
pub(crate) async fn end(app: &App, id: SessionId) -> Result<(), Error> {
    loop {
        let session = show(app, id).await?;
        if session.status.after(Trigger::End).is_none()
            || ending::begin(app, &session, None).await?
        {
            return Ok(());
        }
        // Someone else moved it between the two: look again.
    }
}

/// Returns when a session has ended, however long that takes.
pub(crate) async fn wait_for_end(app: &App, id: SessionId) -> Result<(), Error> {
    let mut news = app.store.watch(id);
    loop {
        match show(app, id).await {
            Ok(session) if session.status == SessionStatus::Ended => return Ok(()),
            Ok(_) => {}
            Err(failure) => {
                outage::wait(app, failure).await?;
                continue;
            }
        }
        tokio::select! {
            () = news.changed() => {}
            () = app.stop.cancelled() => {
                let message = "the server stops; the session goes on ending when it starts again";
                return Err(Error::Unavailable(message.to_owned()));
            }
        }
    }
}

/// The breadcrumbs of a session or a prompt.
pub(super) fn breadcrumbs(input: &mut Input) -> Vec<String> {
    let breadcrumbs = input.texts("breadcrumbs");
    if breadcrumbs.len() > 100 {
        let message = "there may be 100 breadcrumbs; leave some out";
        input.fault::<()>("breadcrumbs", "too_long", message);
    }
    for (index, breadcrumb) in breadcrumbs.iter().enumerate() {
        if breadcrumb.len() > 500 {
            let message = "a breadcrumb has at most 500 bytes; shorten it";
            input.fault::<()>(&format!("breadcrumbs[{index}]"), "too_long", message);
        }
    }
    breadcrumbs
}

/// The worker, by id or by name: exactly one of the two.
async fn worker(app: &App, input: &mut Input) -> Result<Option<Worker>, Error> {
    let (has_id, has_name) = (input.has("workerId"), input.has("workerName"));
    let id = input.parsed::<WorkerId>("workerId");
    let name = input.text("workerName");
    if has_id == has_name {
        let (code, message) = if has_id {
            (
                "invalid_string",
                "give `workerId` or `workerName`, not both",
            )
        } else {
            ("required", "name the worker by `workerId` or `workerName`")
        };
        return Ok(input.fault("workerId", code, message));
    }
    let (found, path, named) = match (id, name) {
        (Some(id), _) => (app.store.worker(id).await?, "workerId", id.to_string()),
        (None, Some(name)) => (app.store.worker_by_name(&name).await?, "workerName", name),
        // It is there, and is no id or no string: that is a fault already.
        (None, None) => return Ok(None),
    };
    if found.is_none() {
        let message = format!("there is no worker {named:?}; `GET /admin/workers` lists them");
        input.fault::<()>(path, "unknown_reference", message);
    }
    Ok(found)
}

fn repository(input: &mut Input, local_allowed: bool) -> Option<Repository> {
    let name = match (input.has("repository"), input.has("sessionRepository")) {
        (true, true) => {
            let message = "`sessionRepository` is another name of `repository`; keep one";
            input.take("sessionRepository");
            input.fault::<()>("sessionRepository", "invalid_string", message);
            "repository"
        }
        (false, true) => "sessionRepository",
        (true, false) | (false, false) => {
            // One that is null is as good as absent, by either name.
            input.take("sessionRepository");
            "repository"
        }
    };
    let mut part = input.part(name)?;
    let url = part.required("url", Input::text);
    if let Some(url) = &url {
        let place = part.place("url");
        part.push(vwm_worker::repository_url_fault(url, local_allowed, &place));
    }
    let branch = part.text("branch");
    let branch = branch.unwrap_or_else(|| vwm_worker::DEFAULT_BRANCH.to_owned());
    part.push(vwm_worker::branch_fault(&branch, &part.place("branch")));
    input.close_part(part);
    Some(Repository { url: url?, branch })
}

/// Reads what nothing follows from yet, and returns whether it says anything.
fn approvals(input: &mut Input) -> bool {
    let Some(mut part) = input.part("approvals") else {
        return false;
    };
    let modes = [
        ("auto", ApprovalsMode::Auto),
        ("ask", ApprovalsMode::Ask),
        ("strict", ApprovalsMode::Strict),
    ];
    part.one_of("mode", &modes);
    part.texts("allow");
    part.texts("deny");
    input.close_part(part);
    true
}
