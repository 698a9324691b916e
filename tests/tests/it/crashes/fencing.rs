//! Fencing: one harness per volume, and it listens to one generation of one server.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use vwm_api::SessionId;
use vwm_api::harness::Boot;
use vwm_api::volume::{JobFile, VolumePaths};
use vwm_client::{Endpoint, Harness};
use vwm_tests::{World, until, vwm};

use super::{kill_harness, world_of};

/// A harness that no server started; dropping it kills it.
struct ByHand {
    child: Child,
    volume: VolumePaths,
    socket: PathBuf,
}

impl ByHand {
    fn start(volume: VolumePaths, folder: &Path, session: SessionId, generation: i64) -> Self {
        let socket = folder.join("s");
        let mut child = Command::new(vwm())
            .args(["harness", "--volume"])
            .arg(&volume.root)
            .arg("--socket")
            .arg(&socket)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let boot = Boot {
            session,
            generation,
            token: "by-hand".to_owned(),
            stored_n: 0,
        };
        let line = serde_json::to_string(&boot).expect("it is JSON");
        let mut stdin = child.stdin.take().expect("it is piped");
        writeln!(stdin, "{line}").expect("it reads");
        Self {
            child,
            volume,
            socket,
        }
    }

    /// Waits until it serves its volume.
    async fn serves(&self) {
        until("the harness to serve", async || {
            let job = std::fs::read(self.volume.job_file()).ok()?;
            let job: JobFile = serde_json::from_slice(&job).ok()?;
            (job.pid == self.child.id()).then_some(())
        })
        .await;
    }

    /// Waits until it has ended; gives whether all was well, and what it complained about.
    async fn ended(&mut self) -> (bool, String) {
        let status = until("the harness to end", async || {
            self.child.try_wait().expect("it can be waited for")
        })
        .await;
        let mut said = String::new();
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut said).expect("it is text");
        (status.success(), said)
    }

    fn called_with(&self, token: &str, generation: i64) -> Harness {
        Harness {
            endpoint: Endpoint::Unix(self.socket.clone()),
            token: token.to_owned(),
            generation,
        }
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        // It may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_second_harness_on_a_volume_gives_up() {
    let world = world_of(json!([])).await;
    let session = world.session("bob", None).await.id;
    let first = world.harness(session);
    let mut second = ByHand::start(world.volume(session), &world.folder(), session, 2);
    assert_eq!(world.ask(session, "one").await.response, "echo: one");
    let (is_well, said) = second.ended().await;
    assert!(!is_well);
    assert!(said.contains("another harness holds"), "{said}");
    assert_eq!(world.harness(session), first);
    assert_eq!(world.ask(session, "two").await.response, "echo: two");
}

#[tokio::test]
async fn a_harness_listens_to_its_own_generation_and_token_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = SessionId::new();
    let volume = VolumePaths::new(folder.path().join("volume"));
    std::fs::create_dir(&volume.root).expect("makes it");
    let harness = ByHand::start(volume, folder.path(), session, 2);
    harness.serves().await;
    let health = harness
        .called_with("by-hand", 2)
        .health()
        .await
        .expect("it answers");
    assert_eq!((health.session, health.generation), (session, 2));
    let older = harness
        .called_with("by-hand", 1)
        .health()
        .await
        .expect_err("it is older");
    assert_eq!(older.status(), Some(409));
    let stranger = harness
        .called_with("by-foot", 2)
        .health()
        .await
        .expect_err("it is no token");
    assert_eq!(stranger.status(), Some(401));
}

#[tokio::test]
async fn a_harness_of_an_older_generation_that_comes_late_is_sent_away() {
    let mut world: World = world_of(json!([])).await;
    let session = world.session("bob", None).await.id;
    world.ask(session, "one").await;
    world.take_server().kill();
    kill_harness(&world, session).await;
    let mut late = ByHand::start(world.volume(session), &world.folder(), session, 0);
    late.serves().await;

    world.start_server(&[]);
    let recalled = world.ask(session, "RECALL").await;
    assert_eq!(recalled.response, r#"recall: ["one","RECALL"]"#);
    let (is_well, said) = late.ended().await;
    assert!(is_well, "{said}");
}
