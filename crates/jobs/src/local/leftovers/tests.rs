//! Real folders, real locks, real processes that look like harnesses.

use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;
use vwm_api::volume::{JobFile, start_time};

use super::*;
use crate::{JobBackend, JobId, JobStatus, Volume};

fn data_dir() -> (TempDir, Local) {
    let folder = tempfile::tempdir().expect("a folder");
    let local = Local::open(folder.path()).expect("it opens");
    (folder, local)
}

/// A session's folder with some work in it.
fn volume(local: &Local, session: SessionId) -> VolumePaths {
    let volume = local.volume(session);
    for folder in [volume.state(), volume.workspace()] {
        fs::create_dir_all(folder).expect("makes it");
    }
    fs::write(volume.workspace().join("work"), "x").expect("writes");
    fs::write(volume.lock(), "").expect("writes");
    volume
}

/// A process that looks like a volume's harness, and holds its lock. It ends with the value.
struct Harness(Child);

impl Harness {
    fn start(place: &TempDir, volume: &VolumePaths, generation: i64) -> Self {
        fs::write(place.path().join("harness"), "read line").expect("writes");
        let lock = File::open(volume.lock()).expect("opens");
        flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("nobody has it");
        let child = Command::new("/bin/sh")
            .args(["harness", "--volume"])
            .arg(&volume.root)
            .current_dir(place.path())
            .stdin(Stdio::piped())
            // The lock is the open file's: the process holds it as long as it lives.
            .stdout(lock)
            .spawn()
            .expect("it starts");
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it runs");
        let name = volume.root.file_name().and_then(|name| name.to_str());
        let job = JobFile {
            session: name.expect("a name").parse().expect("an id"),
            generation,
            pid: child.id(),
            start_time: start_time(&stat).expect("it runs"),
        };
        let job = serde_json::to_vec(&job).expect("serializes");
        fs::write(volume.job_file(), job).expect("writes");
        Self(child)
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().expect("it can be asked").is_none()
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn of(session: SessionId) -> Found {
    Found {
        session,
        has_volume: false,
        is_aside: false,
        generation: None,
        has_stray: false,
    }
}

#[tokio::test]
async fn what_there_is_is_found_by_session() {
    let (_place, local) = data_dir();
    let [idle, aside, listening] = [SessionId::new(), SessionId::new(), SessionId::new()];
    volume(&local, idle);
    volume(&local, aside);
    local.set_aside(aside).await.expect("it is put aside");
    fs::write(local.socket(listening), "").expect("writes");
    fs::write(local.socket(idle), "").expect("writes");
    fs::write(local.sessions.join("notes.txt"), "x").expect("writes");
    let expected = [
        Found {
            has_volume: true,
            ..of(idle)
        },
        Found {
            is_aside: true,
            ..of(aside)
        },
        Found {
            has_stray: true,
            ..of(listening)
        },
    ];
    assert_eq!(local.list().await.expect("it lists"), expected);
}

#[tokio::test]
async fn only_the_job_that_is_meant_is_stopped_and_its_volume_stays() {
    let (place, local) = data_dir();
    let session = SessionId::new();
    let volume = volume(&local, session);
    let mut harness = Harness::start(&place, &volume, 2);
    let found = local.list().await.expect("it lists");
    let expected = Found {
        has_volume: true,
        generation: Some(2),
        ..of(session)
    };
    assert_eq!(found, [expected]);
    let stop = async |generation| {
        let id = JobId {
            session,
            generation,
        };
        local.stop(&id).await.expect("it stops");
    };
    stop(1).await;
    assert!(harness.is_alive());
    stop(2).await;
    assert!(!harness.is_alive());
    assert!(volume.workspace().join("work").exists());
}

#[tokio::test]
async fn a_volume_that_is_put_aside_comes_back_for_who_asks_and_goes_when_nobody_does() {
    let (place, local) = data_dir();
    let session = SessionId::new();
    let volume = volume(&local, session);
    let mut harness = Harness::start(&place, &volume, 1);
    fs::write(local.socket(session), "").expect("writes");
    local.set_aside(session).await.expect("it is put aside");
    local.set_aside(session).await.expect("again");
    assert!(!harness.is_alive());
    assert!(!local.socket(session).exists());
    assert!(!volume.root.exists());

    let hour = Some(Duration::from_secs(3600));
    assert_eq!(local.tidy(hour).await.expect("it tidies"), 0);
    assert_eq!(local.tidy(None).await.expect("it tidies"), 0);
    let id = JobId {
        session,
        generation: 1,
    };
    let seen = local.observe(&id).await.expect("it looks");
    assert!(matches!(seen, JobStatus::Gone { .. }), "{seen:?}");
    assert!(volume.workspace().join("work").exists());

    local.set_aside(session).await.expect("it is put aside");
    let at_once = Some(Duration::ZERO);
    assert_eq!(local.tidy(at_once).await.expect("it tidies"), 1);
    assert_eq!(local.list().await.expect("it lists"), []);
    let seen = local.observe(&id).await.expect("it looks");
    assert_eq!(seen, JobStatus::Absent);
}

#[tokio::test]
async fn a_harness_whose_folder_was_deleted_by_hand_is_found_and_ended() {
    let (place, local) = data_dir();
    let (session, other) = (SessionId::new(), SessionId::new());
    let (lost, kept) = (volume(&local, session), volume(&local, other));
    let mut stray = Harness::start(&place, &lost, 1);
    let mut bystander = Harness::start(&place, &kept, 1);
    fs::remove_dir_all(&lost.root).expect("removes");
    let found = local.list().await.expect("it lists");
    assert!(found.contains(&Found {
        has_stray: true,
        ..of(session)
    }));
    let id = JobId {
        session,
        generation: 1,
    };
    local
        .remove(&id, Volume::Delete)
        .await
        .expect("it is removed");
    assert!(!stray.is_alive());
    assert!(bystander.is_alive());
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_finished() {
    let (_place, local) = data_dir();
    let session = SessionId::new();
    let id = JobId {
        session,
        generation: 1,
    };
    let half = || {
        let removed = local.sessions.join(format!("{REMOVED}{session}"));
        fs::create_dir_all(removed.join("workspace")).expect("makes it");
        removed
    };
    let removed = half();
    assert_eq!(local.tidy(None).await.expect("it tidies"), 1);
    assert!(!removed.exists());
    // A volume that came back from a backup meanwhile.
    let (removed, volume) = (half(), volume(&local, session));
    local
        .remove(&id, Volume::Delete)
        .await
        .expect("it is removed");
    assert!(!removed.exists() && !volume.root.exists());
}
