//! What is left of sessions on this machine: found, ended, put aside, deleted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::process::Signal;
use tokio::time::Instant;
use tracing::{info, warn};
use vwm_api::SessionId;
use vwm_api::volume::VolumePaths;

use super::{GRACE, Local, is_locked};
use crate::{Found, JobError, folders, process};

/// Beginnings of names in the folder of volumes: half deleted, and of sessions that nobody knows.
const REMOVED: &str = ".removed-";
const ASIDE: &str = ".unknown-";
/// How often a process that shall end is looked at.
const LOOK: Duration = Duration::from_millis(10);

impl Local {
    pub(super) async fn found(&self) -> Result<Vec<Found>, JobError> {
        let (sessions, sockets) = (self.sessions.clone(), self.sockets.clone());
        blocking(&self.sessions, move || look_around(&sessions, &sockets)).await
    }

    /// Ends whatever runs of a session, and gives its volume a name under which no job looks for it.
    pub(super) async fn put_aside(&self, session: SessionId) -> Result<(), JobError> {
        let volume = self.volume(session).root;
        if !volume.exists() {
            self.end_strays(&volume).await?;
            return self.remove_socket(session);
        }
        self.end(session, None).await?;
        self.remove_socket(session)?;
        let mut aside = self.aside(session);
        if aside.exists() {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            aside = self
                .sessions
                .join(format!("{ASIDE}{session}-{}", now.as_micros()));
        }
        std::fs::rename(&volume, &aside).map_err(JobError::volume(&volume))?;
        // From now on its age counts.
        let now = Timestamps {
            last_access: moment(UTIME_OMIT),
            last_modification: moment(UTIME_NOW),
        };
        File::open(&aside)
            .and_then(|folder| Ok(rustix::fs::futimens(folder, &now)?))
            .map_err(JobError::volume(&aside))
    }

    /// Gives a volume its name back that was put aside; false where there is none. Somebody knows its session after all.
    pub(super) fn bring_back(&self, session: SessionId) -> Result<bool, JobError> {
        let (aside, volume) = (self.aside(session), self.volume(session).root);
        match std::fs::rename(&aside, volume) {
            Ok(()) => {
                info!(session.id = %session, "The folder of session {session} was put aside, and is back");
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(JobError::volume(aside)(error)),
        }
    }

    /// Ends harnesses whose volume is gone: nobody finds them by its lock.
    pub(super) async fn end_strays(&self, volume: &Path) -> Result<(), JobError> {
        let sessions = self.sessions.clone();
        let all = blocking(&self.sessions, move || Ok(process::harnesses(&sessions))).await?;
        let started = Instant::now();
        for (_, stray) in all.into_iter().filter(|(its, _)| its == volume) {
            warn!(pid = stray.pid, "A harness lost its folder, and is ended");
            stray.signal(Signal::TERM);
            while stray.is_alive() {
                if started.elapsed() > GRACE * 2 {
                    return Err(JobError::Stuck {
                        pid: stray.pid,
                        path: volume.to_owned(),
                    });
                }
                if started.elapsed() > GRACE {
                    stray.signal(Signal::KILL);
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }

    pub(super) fn remove_socket(&self, session: SessionId) -> Result<(), JobError> {
        let socket = self.socket(session);
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(JobError::volume(socket)(error))
            }
            _ => Ok(()),
        }
    }

    /// Deletes a volume in which nothing runs any more.
    pub(super) async fn delete(&self, volume: PathBuf) -> Result<(), JobError> {
        let name = volume.file_name().unwrap_or_default().to_string_lossy();
        let removed = self.sessions.join(format!("{REMOVED}{name}"));
        blocking(&self.sessions, move || {
            // What another removal left there would be in the way.
            folders::delete(&removed)?;
            // Renamed first: half a volume must never look like one.
            match std::fs::rename(&volume, &removed) {
                Ok(()) => {
                    vwm_failpoints::pass("server.remove.renamed");
                    folders::delete(&removed)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(JobError::volume(volume)(error)),
            }
        })
        .await
    }

    pub(super) async fn delete_leftovers(
        &self,
        aside_for: Option<Duration>,
    ) -> Result<u64, JobError> {
        let mut deleted = 0;
        for name in names(&self.sessions)? {
            let path = self.sessions.join(&name);
            if name.starts_with(REMOVED) {
                blocking(&self.sessions, move || folders::delete(&path)).await?;
                deleted += 1;
            } else if name.starts_with(ASIDE) && aside_for.is_some_and(|age| is_older(&path, age)) {
                info!(folder = name, "A folder that was put aside is deleted");
                self.delete(path).await?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    fn aside(&self, session: SessionId) -> PathBuf {
        self.sessions.join(format!("{ASIDE}{session}"))
    }
}

fn look_around(sessions: &Path, sockets: &Path) -> Result<Vec<Found>, JobError> {
    let mut all = BTreeMap::new();
    for name in names(sessions)? {
        if let Ok(session) = name.parse() {
            let volume = VolumePaths::new(sessions.join(&name));
            let found = at(&mut all, session);
            found.has_volume = true;
            if is_locked(&volume.lock())? {
                let job = process::read_job_file(&volume.job_file());
                found.generation = job.map(|job| job.generation);
            }
        } else if let Some(Ok(session)) = name.strip_prefix(ASIDE).map(str::parse) {
            at(&mut all, session).is_aside = true;
        }
    }
    // Read after the volumes: one that is made meanwhile is none of these, and its session's folder is there by now.
    let listening = names(sockets)?
        .into_iter()
        .filter_map(|name| of_socket(&name));
    let running = process::harnesses(sessions);
    let running = running.iter().filter_map(|(volume, _)| {
        let name = volume.file_name()?.to_str()?;
        name.parse::<SessionId>().ok()
    });
    for session in listening.chain(running) {
        let is_there = sessions.join(session.to_string()).exists();
        at(&mut all, session).has_stray |= !is_there;
    }
    Ok(all.into_values().collect())
}

fn at(all: &mut BTreeMap<SessionId, Found>, session: SessionId) -> &mut Found {
    all.entry(session).or_insert(Found {
        session,
        has_volume: false,
        is_aside: false,
        generation: None,
        has_stray: false,
    })
}

/// Whose socket it is: its name is the id without hyphens.
fn of_socket(name: &str) -> Option<SessionId> {
    let mut id = name
        .strip_suffix(".s")
        .filter(|id| id.is_ascii())?
        .to_owned();
    for place in [8, 13, 18, 23] {
        if place > id.len() {
            return None;
        }
        id.insert(place, '-');
    }
    id.parse().ok()
}

/// The names in a folder; one that is no text is not ours.
fn names(folder: &Path) -> Result<Vec<String>, JobError> {
    let entries = std::fs::read_dir(folder).map_err(JobError::volume(folder))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}

fn is_older(path: &Path, age: Duration) -> bool {
    let changed = std::fs::symlink_metadata(path).and_then(|found| found.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|its| its >= age))
}

fn moment(nanoseconds: rustix::fs::Nsecs) -> Timespec {
    Timespec {
        tv_sec: 0,
        tv_nsec: nanoseconds,
    }
}

/// Work that waits for a disk.
async fn blocking<T: Send + 'static>(
    place: &Path,
    work: impl FnOnce() -> Result<T, JobError> + Send + 'static,
) -> Result<T, JobError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| JobError::volume(place)(io::Error::other(error)))?
}

#[cfg(test)]
mod tests;
