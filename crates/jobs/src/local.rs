//! Jobs on this machine: one harness process per session, of the same binary, that outlives the server.

mod leftovers;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tracing::{info, warn};
use vwm_api::SessionId;
use vwm_api::harness::{Boot, PROGRAMS, PushAnswer, PushOrder};
use vwm_api::volume::VolumePaths;

use crate::process::Process;
use crate::{
    Endpoint, Found, JobBackend, JobError, JobId, JobSpec, JobStatus, Volume, folders, process,
    push,
};

/// How long a harness has to end by itself before it is killed: longer than it gives its engine.
const GRACE: Duration = Duration::from_secs(15);
/// How long a harness is waited for; one that takes longer is looked for afterwards.
const LISTENS: Duration = Duration::from_secs(2);

/// The local backend.
#[derive(Debug)]
pub struct Local {
    sessions: PathBuf,
    sockets: PathBuf,
    program: PathBuf,
    /// Generations whose process this server started and has not seen end.
    children: Arc<Mutex<HashMap<SessionId, i64>>>,
}

impl Local {
    /// Opens the folders of a data directory.
    pub fn open(data_dir: &Path) -> Result<Self, JobError> {
        let data_dir = data_dir
            .canonicalize()
            .map_err(JobError::volume(data_dir))?;
        let sessions = data_dir.join("sessions");
        folders::private(&sessions)?;
        let sockets = folders::for_sockets(&data_dir)?;
        Ok(Self {
            sessions,
            sockets,
            program: "/proc/self/exe".into(),
            children: Arc::default(),
        })
    }

    /// The folders of a session.
    #[must_use]
    pub fn volume(&self, session: SessionId) -> VolumePaths {
        VolumePaths::new(self.sessions.join(session.to_string()))
    }

    fn socket(&self, session: SessionId) -> PathBuf {
        self.sockets.join(format!("{}.s", session.0.simple()))
    }

    fn child_runs(&self, id: &JobId) -> bool {
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.get(&id.session) == Some(&id.generation)
    }

    async fn spawn(&self, spec: &JobSpec) -> Result<(), JobError> {
        let volume = self.volume(spec.id.session);
        folders::private(&volume.root)?;
        folders::private(&volume.state())?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(volume.log())
            .map_err(JobError::volume(volume.log()))?;
        let failed = |source| JobError::Start {
            program: self.program.clone(),
            source,
        };
        let mut child = tokio::process::Command::new(&self.program)
            // Who looks for it with ps finds it by this name.
            .arg0("vwm")
            .arg("harness")
            .arg("--volume")
            .arg(&volume.root)
            .arg("--socket")
            .arg(self.socket(spec.id.session))
            .env_clear()
            .env("PATH", PROGRAMS)
            .envs(vwm_failpoints::environment_of(spec.id.generation))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        vwm_failpoints::pass("server.job.spawned");
        let boot = Boot {
            session: spec.id.session,
            generation: spec.id.generation,
            token: spec.token.clone(),
            stored_n: spec.stored_n,
        };
        let mut line = serde_json::to_vec(&boot).map_err(|e| failed(e.into()))?;
        line.push(b'\n');
        if let Some(mut stdin) = child.stdin.take() {
            // A harness that is gone already is seen by `observe`.
            let _ = stdin.write_all(&line).await;
        }
        info!(session.id = %spec.id.session, generation = spec.id.generation, pid = child.id(), "Job started");
        self.children
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(spec.id.session, spec.id.generation);
        let listens = child.stdout.take();
        let (children, id) = (Arc::clone(&self.children), spec.id);
        tokio::spawn(async move {
            let how = match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
            let mut children = children.lock().unwrap_or_else(PoisonError::into_inner);
            if children.get(&id.session) == Some(&id.generation) {
                children.remove(&id.session);
            }
            info!(session.id = %id.session, generation = id.generation, how, "Job's process ended");
        });
        if let Some(mut listens) = listens {
            // A line once it listens, nothing when it ended before: what became of it is for `observe` to say.
            let _ = tokio::time::timeout(LISTENS, listens.read_u8()).await;
        }
        Ok(())
    }

    /// Ends the session's job; with a generation only that one.
    async fn end(&self, session: SessionId, only: Option<i64>) -> Result<(), JobError> {
        let volume = self.volume(session);
        let is_meant = |generation: i64| only.is_none_or(|only| only == generation);
        let started = Instant::now();
        let mut killed = false;
        loop {
            let child = self
                .children
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&session)
                .copied();
            let held = is_locked(&volume.lock())? || is_locked(&volume.engines_lock())?;
            // Read anew each time: a harness that was just starting writes it late.
            let job = process::read_job_file(&volume.job_file());
            // Whoever holds the volume by now is another.
            let is_followed = job.as_ref().is_some_and(|job| !is_meant(job.generation));
            if is_followed || (!held && !child.is_some_and(is_meant)) {
                return Ok(());
            }
            let late = started.elapsed();
            if let Some(job) = job.as_ref().filter(|_| !killed) {
                if late > GRACE {
                    warn!(session.id = %session, pid = job.pid, "Job does not end by itself and is killed");
                    Process::from(job).signal(Signal::KILL);
                    killed = true;
                } else {
                    Process::from(job).signal(Signal::TERM);
                }
            }
            if late > GRACE * 2 {
                return Err(JobError::Stuck {
                    pid: job.map_or(0, |job| job.pid),
                    path: volume.lock(),
                });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn look(&self, id: &JobId) -> Result<JobStatus, JobError> {
        let volume = self.volume(id.session);
        if is_locked(&volume.lock())? {
            return Ok(match process::read_job_file(&volume.job_file()) {
                Some(job) if job.generation == id.generation && Process::from(&job).is_alive() => {
                    JobStatus::Up {
                        endpoint: Endpoint::Unix(self.socket(id.session)),
                    }
                }
                Some(job) if job.generation > id.generation => JobStatus::Gone {
                    why: format!("generation {} follows it", job.generation),
                },
                // One that a server started before it was lost, and that took the volume late.
                Some(job) if Process::from(&job).is_alive() && !self.child_runs(id) => {
                    JobStatus::Gone {
                        why: format!("generation {} holds its volume", job.generation),
                    }
                }
                _ => JobStatus::Pending {
                    why: "the harness is starting".into(),
                },
            });
        }
        if self.child_runs(id) {
            return Ok(JobStatus::Pending {
                why: "the harness is starting".into(),
            });
        }
        match process::read_job_file(&volume.job_file()) {
            Some(job) if job.generation >= id.generation => Ok(JobStatus::Gone {
                why: "the harness's process ended".into(),
            }),
            _ if volume.root.exists() || self.bring_back(id.session)? => Ok(JobStatus::Gone {
                why: "the harness did not start".into(),
            }),
            _ => Ok(JobStatus::Absent),
        }
    }
}

impl JobBackend for Local {
    fn ensure<'a>(&'a self, spec: &'a JobSpec) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            match self.look(&spec.id)? {
                JobStatus::Up { .. } => return Ok(()),
                JobStatus::Pending { .. } if self.child_runs(&spec.id) => return Ok(()),
                JobStatus::Absent | JobStatus::Pending { .. } | JobStatus::Gone { .. } => {}
            }
            // An older generation must be gone before this one: the volume has one harness at a time.
            self.end(spec.id.session, None).await?;
            self.spawn(spec).await
        }
        .boxed()
    }

    fn observe<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<JobStatus, JobError>> {
        async move { self.look(id) }.boxed()
    }

    fn remove<'a>(&'a self, id: &'a JobId, volume: Volume) -> BoxFuture<'a, Result<(), JobError>> {
        async move {
            let paths = self.volume(id.session);
            if paths.root.exists() {
                self.end(id.session, None).await?;
            } else {
                self.end_strays(&paths.root).await?;
            }
            self.remove_socket(id.session)?;
            match volume {
                Volume::Keep => Ok(()),
                Volume::Delete => {
                    vwm_failpoints::pass("server.remove.stopped");
                    self.delete(paths.root).await
                }
            }
        }
        .boxed()
    }

    fn push<'a>(&'a self, order: &'a PushOrder) -> BoxFuture<'a, Result<PushAnswer, JobError>> {
        push::run(&self.program, order, push::BOUNDS).boxed()
    }

    fn stop<'a>(&'a self, id: &'a JobId) -> BoxFuture<'a, Result<(), JobError>> {
        self.end(id.session, Some(id.generation)).boxed()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<Found>, JobError>> {
        self.found().boxed()
    }

    fn set_aside(&self, session: SessionId) -> BoxFuture<'_, Result<(), JobError>> {
        self.put_aside(session).boxed()
    }

    fn tidy(&self, aside_for: Option<Duration>) -> BoxFuture<'_, Result<u64, JobError>> {
        self.delete_leftovers(aside_for).boxed()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), JobError>> {
        async move { folders::private(&self.sessions) }.boxed()
    }
}

/// Whether somebody holds a lock; a file that does not exist is held by nobody.
fn is_locked(path: &Path) -> Result<bool, JobError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(JobError::volume(path)(e)),
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(e) => Err(JobError::volume(path)(e.into())),
    }
}
