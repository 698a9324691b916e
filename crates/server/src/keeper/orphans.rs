//! What nobody owns: jobs, volumes and sockets of sessions that are over, that nobody knows, or that moved on.

use std::time::Duration;

use tracing::{info, warn};
use vwm_api::{EndStep, SessionStatus};
use vwm_jobs::{Found, JobError, JobId, Volume};
use vwm_store::SessionRow;

use crate::app::App;
use crate::error::Error;

/// What becomes of what was found of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is somebody's.
    Leave,
    /// The session is over: all of it goes.
    Remove,
    /// The session lives on without what was found: it ends, and no volume is touched.
    End,
    /// A job of an older generation came back: it ends.
    Stop(i64),
    /// The session is not in the database, which may be an older copy or another one: what runs ends, what it made is kept for now.
    SetAside,
    /// It was put aside, and the session is known after all.
    BringBack,
}

/// What the database knows of a session.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// Whether nothing of it may be left.
    is_over: bool,
    /// Its newest job.
    generation: i64,
}

impl From<&SessionRow> for Known {
    fn from(row: &SessionRow) -> Self {
        let session = &row.session;
        Self {
            is_over: session.status == SessionStatus::Ended
                || session.end_step == Some(EndStep::Removed),
            generation: row.generation,
        }
    }
}

/// Looks once around, and then deletes what was found too long ago.
pub(super) async fn remove(app: &App) -> Result<(), Error> {
    let jobs = &app.jobs;
    // Before the database: a volume is made behind its session's row, and so a volume without a row is nobody's.
    for found in jobs.list().await.map_err(Error::internal)? {
        let row = app.store.session(found.session).await?;
        let known = row.as_ref().map(Known::from);
        let verdict = judge(&found, known);
        let newest = JobId {
            session: found.session,
            generation: known.map_or(0, |known| known.generation),
        };
        if let Err(error) = execute(app, newest, verdict).await {
            let (id, error) = (found.session, vwm_api::chain(&error));
            warn!(session.id = %id, error, "What is left of session {id} stays for now");
        }
    }
    let keep = app.config.limits.failed_keep;
    let aside_for = (keep > 0 && app.clock.is_steady()).then(|| Duration::from_secs(keep));
    let deleted = jobs.tidy(aside_for).await.map_err(Error::internal)?;
    app.counts.add_orphans(deleted);
    Ok(())
}

fn judge(found: &Found, known: Option<Known>) -> Verdict {
    let Some(known) = known else {
        // What is aside already waits there.
        return if found.has_volume {
            Verdict::SetAside
        } else if found.has_stray {
            Verdict::End
        } else {
            Verdict::Leave
        };
    };
    if known.is_over {
        return if found.has_volume || found.has_stray {
            Verdict::Remove
        } else {
            Verdict::Leave
        };
    }
    if found.is_aside && !found.has_volume {
        return Verdict::BringBack;
    }
    if found.has_stray {
        return Verdict::End;
    }
    match found.generation {
        Some(generation) if generation < known.generation => Verdict::Stop(generation),
        Some(_) | None => Verdict::Leave,
    }
}

async fn execute(app: &App, newest: JobId, verdict: Verdict) -> Result<(), JobError> {
    let (jobs, session) = (&app.jobs, newest.session);
    match verdict {
        Verdict::Leave => return Ok(()),
        Verdict::Remove => {
            jobs.remove(&newest, Volume::Delete).await?;
            info!(session.id = %session, "What was left of session {session}, which is over, is removed");
        }
        Verdict::End => {
            jobs.remove(&newest, Volume::Keep).await?;
            warn!(session.id = %session, "A job of session {session} was left without its volume, and is ended");
        }
        Verdict::Stop(generation) => {
            let older = JobId {
                session,
                generation,
            };
            jobs.stop(&older).await?;
            warn!(session.id = %session, generation, "An older job of session {session} came back, and is stopped");
        }
        Verdict::SetAside => {
            jobs.set_aside(session).await?;
            warn!(
                session.id = %session,
                "Session {session} has a folder, and the database does not know it: the folder is put aside as sessions/.unknown-{session}; \
                 is this the right database?"
            );
        }
        Verdict::BringBack => {
            jobs.observe(&newest).await?;
            return Ok(());
        }
    }
    app.counts.add_orphans(1);
    Ok(())
}

#[cfg(test)]
mod tests;
