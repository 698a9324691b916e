//! Sessions end in spite of crashes, from every status, and what they did is in their branches.

use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use vwm_api::{NewSession, Repository as SessionRepository, SessionId, SessionStatus};
use vwm_tests::{Repository, World, no_process_of};

use super::{becomes, kill_harness, world_of};

/// Writes a file of the repository.
fn write() -> Value {
    json!([{"when": "write", "steps": [{"write": ["session_repo/notes.md", "hello\n"]}, {"text": "done"}]}])
}

/// A session that did some work, its repository and its knowledge base.
struct Worked {
    world: World,
    project: Repository,
    knowledge: Repository,
    session: SessionId,
}

impl Worked {
    async fn new() -> Self {
        let world = World::start(json!({})).await;
        world.allow_agents().await;
        let project = Repository::with(&[("README.md", "# Project\n")]);
        let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
        let engine = world.agent(json!({"rules": write()}));
        world
            .worker(json!({"engine": engine, "workerRepoUrl": knowledge.url()}))
            .await;
        let session = world.session("bob", Some(&project)).await.id;
        world.ask(session, "write").await;
        Self {
            world,
            project,
            knowledge,
            session,
        }
    }

    /// All that the session did is where it belongs, and nothing else of it is anywhere.
    async fn is_over(&self) {
        let ended = self
            .world
            .client()
            .session(self.session)
            .await
            .expect("it is known");
        assert_eq!(ended.status, SessionStatus::Ended);
        let branch = format!("session-{}", self.session);
        assert_eq!(self.project.branches(), ["main".to_owned(), branch.clone()]);
        assert_eq!(
            self.project.file(&branch, "notes.md").as_deref(),
            Some("hello\n")
        );
        let learned = format!("ff-vwm/{}-{}", ended.worker_id, self.session);
        assert_eq!(self.knowledge.branches(), [learned, "main".to_owned()]);
        assert!(!self.world.volume(self.session).root.exists());
        no_process_of(self.session).await;
    }

    fn repositories(&self) -> [&Repository; 2] {
        [&self.project, &self.knowledge]
    }
}

async fn asked_to_end(world: &World, session: SessionId) {
    world
        .client()
        .end_session(session)
        .await
        .expect("it is asked");
}

#[tokio::test]
async fn an_end_whose_remotes_are_away_outlives_server_and_harness() {
    let mut worked = Worked::new().await;
    let session = worked.session;
    for repository in worked.repositories() {
        std::fs::rename(&repository.path, repository.path.with_extension("away")).expect("renames");
    }
    asked_to_end(&worked.world, session).await;
    let tells = |session: &vwm_api::Session| {
        session
            .status_reason
            .as_deref()
            .is_some_and(|reason| reason.contains("is not pushed yet"))
    };
    becomes(&worked.world, session, "a push that is tried again", tells).await;

    worked.world.take_server().kill();
    worked.world.start_server(&[]);
    let ending = worked
        .world
        .client()
        .session(session)
        .await
        .expect("it is known");
    assert_eq!(ending.status, SessionStatus::Ending);
    worked.world.take_server().kill();
    kill_harness(&worked.world, session).await;
    worked.world.start_server(&[]);
    becomes(&worked.world, session, "a push that is tried again", tells).await;

    for repository in worked.repositories() {
        std::fs::rename(repository.path.with_extension("away"), &repository.path).expect("renames");
    }
    worked.world.end(session).await;
    worked.is_over().await;
}

#[tokio::test]
async fn a_suspended_session_ends_with_its_work() {
    let worked = Worked::new().await;
    kill_harness(&worked.world, worked.session).await;
    worked
        .world
        .reaches(worked.session, SessionStatus::Suspended)
        .await;
    worked.world.end(worked.session).await;
    worked.is_over().await;
}

#[tokio::test]
async fn a_failed_session_ends() {
    let world = world_of(json!([])).await;
    let gone = Repository::empty();
    std::fs::remove_dir_all(&gone.path).expect("removes");
    let session = world.new_session("bob", Some(&gone)).await.id;
    becomes(&world, session, "failed", |session| {
        session.status == SessionStatus::Failed
    })
    .await;
    world.end(session).await;
    assert!(!world.volume(session).root.exists());
    no_process_of(session).await;
}

/// A session that stays pending: its repository's host takes calls and never answers.
async fn pending(world: &World) -> (SessionId, TcpStream) {
    let host = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = host.local_addr().expect("it is bound");
    let new = NewSession {
        worker_name: Some("bob".to_owned()),
        repository: Some(SessionRepository {
            url: format!("http://{address}/project.git"),
            branch: "main".to_owned(),
        }),
        ..NewSession::default()
    };
    let session = world
        .client()
        .create_session(&new)
        .await
        .expect("it is made")
        .id;
    let (call, _) = host.accept().expect("git calls");
    let now = world.client().session(session).await.expect("it is known");
    assert_eq!(now.status, SessionStatus::Pending);
    (session, call)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_session_ends() {
    let world = world_of(json!([])).await;
    let (session, _call) = pending(&world).await;
    world.end(session).await;
    assert!(!world.volume(session).root.exists());
    no_process_of(session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_session_whose_harness_is_killed_leaves_no_git_behind() {
    let mut world = world_of(json!([])).await;
    let (session, _call) = pending(&world).await;
    // Nobody follows it, so that what is left is its own.
    world.take_server().kill();
    kill_harness(&world, session).await;
    no_process_of(session).await;
    world.start_server(&[]);
    world.end(session).await;
    assert!(!world.volume(session).root.exists());
}
