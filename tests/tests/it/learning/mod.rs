//! What a worker writes down when its session ends: the record, the branch, and that no failure of it keeps a session from ending.

mod cycle;
mod engines;
mod faults;
mod files;
mod killed;
mod skipped;
mod told;

use std::process::Command;

use serde_json::{Value, json};
use vwm_api::harness::learning_path;
use vwm_api::{
    EndStep, Learning, SessionId, SessionStatus, TelemetryRow, TurnKind, TurnStatus, WorkerId,
};
use vwm_tests::{ASKED_TO_LEARN, Repository, World, claude_code, no_process_of, without_ids};

/// What the worker writes, as the branch has it, without what the manager vouches for.
const LEARNED: &str = "Clear the cache before you build.";

/// A worker that learns, and a session of it.
struct Learner {
    world: World,
    project: Repository,
    knowledge: Repository,
    /// Where both base branches stood.
    base: [String; 2],
    worker: WorkerId,
    session: SessionId,
}

/// How a session's learning ended.
#[derive(Debug, PartialEq, Eq)]
struct End {
    /// How often the worker was asked.
    asked: usize,
    /// How its turn ended.
    turn: TurnStatus,
    /// Why nothing was learned.
    skipped: Option<String>,
    /// What the branch of the knowledge base has and its base has not.
    proposed: Vec<String>,
}

/// The worker was asked once, and there is nothing.
fn nothing(turn: TurnStatus, why: &str) -> End {
    End {
        asked: 1,
        turn,
        skipped: Some(why.to_owned()),
        proposed: vec![],
    }
}

/// The worker was asked once, and its file is there, however the turn ended.
fn learned(turn: TurnStatus) -> End {
    End {
        asked: 1,
        turn,
        skipped: None,
        proposed: vec!["A learnings/session-ID.md".to_owned()],
    }
}

/// A step that writes the learning.
fn writes() -> Value {
    json!({"write": ["{{captured}}", format!("---\ntitle: The cache\n---\n\n{LEARNED}\n")]})
}

/// How the worker answers: what is asked when it shall learn, and a few prompts.
fn rules(learning: &Value) -> Value {
    json!({"rules": [
        {"when": ASKED_TO_LEARN, "capture": "worker_repo/learnings/session-", "steps": learning},
        {"when": "work", "steps": [{"write": ["session_repo/notes.md", "hello\n"]}, {"text": "done"}]},
        {"when": "wait", "steps": [{"hold": "prompt", "text": "waited"}]},
    ]})
}

impl Learner {
    /// A scripted agent that learns like this, with a session that has done some work.
    async fn scripted(learning: Value) -> Self {
        Self::scripted_with(learning, |_| {}).await
    }

    /// Likewise, with a server that is started with something else.
    async fn scripted_with(learning: Value, change: impl FnOnce(&mut Command)) -> Self {
        let world = World::start_with(json!({}), change).await;
        Self::idle(world, learning, json!({})).await.at_work().await
    }

    /// Claude Code that learns like this, with a session that has done some work.
    async fn claude(learning: Value) -> Self {
        Self::claude_with(learning, |_| {}).await
    }

    /// Likewise, with a server that is started with something else.
    async fn claude_with(learning: Value, change: impl FnOnce(&mut Command)) -> Self {
        claude_code();
        let world = World::start_with(rules(&learning), change).await;
        let worker = json!({"cliType": "claude-code"});
        Self::idle(world, learning, worker).await.at_work().await
    }

    /// A worker that differs so from one that learns, with a session that was never asked.
    async fn idle(world: World, learning: Value, differs: Value) -> Self {
        let (project, knowledge) = repositories();
        let worker = worker(&world, &knowledge, &learning, differs).await;
        let session = world.session("bob", Some(&project)).await.id;
        Self::of(world, [project, knowledge], worker, session)
    }

    fn of(
        world: World,
        [project, knowledge]: [Repository; 2],
        worker: WorkerId,
        session: SessionId,
    ) -> Self {
        Self {
            base: [project.tip("main"), knowledge.tip("main")],
            world,
            project,
            knowledge,
            worker,
            session,
        }
    }

    async fn at_work(self) -> Self {
        self.world.ask(self.session, "work").await;
        self
    }

    /// Asks the session to end, without waiting for it.
    async fn is_asked_to_end(&self) {
        let asked = self.world.client().end_session(self.session).await;
        asked.expect("it is asked");
    }

    /// Ends the session.
    async fn ends(&self) -> End {
        self.world.end(self.session).await;
        self.end().await
    }

    /// How it ended, where everything that holds of every end holds of this one.
    async fn end(&self) -> End {
        self.is_over().await;
        assert_eq!(
            files(&self.project, &format!("session-{}", self.session)),
            ["README.md", "notes.md"]
        );
        let row = self.record().await;
        let learning = row.learning.expect("a row of learning tells of it");
        if learning.skipped.is_none() {
            assert_eq!(learning, self.at_the_remote());
        } else {
            let nothing = Learning {
                skipped: learning.skipped.clone(),
                ..Learning::default()
            };
            assert_eq!(learning, nothing);
        }
        End {
            asked: self.asked(),
            turn: row.status,
            skipped: learning.skipped.map(|why| without_ids(&why)),
            proposed: self.proposed(),
        }
    }

    /// The session is over, and nothing of it is left.
    async fn is_over(&self) {
        let session = self.world.client().session(self.session).await;
        let session = session.expect("it is known");
        assert_eq!(session.status, SessionStatus::Ended);
        assert_eq!(session.unpushed, []);
        assert!(!self.world.volume(self.session).root.exists());
        no_process_of(self.session).await;
        let base = [self.project.tip("main"), self.knowledge.tip("main")];
        assert_eq!(base, self.base);
    }

    /// The one row of telemetry that tells of learning.
    async fn record(&self) -> TelemetryRow {
        let mut rows = self.rows().await;
        rows.retain(|row| row.kind == TurnKind::Learning);
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    async fn rows(&self) -> Vec<TelemetryRow> {
        let rows = self.world.client().telemetry(self.session).await;
        rows.expect("telemetry")
    }

    /// What a record must say of what the remote has.
    fn at_the_remote(&self) -> Learning {
        let path = learning_path(self.session);
        let own = path.strip_prefix("worker_repo/").expect("it is there");
        let content = self.knowledge.file(&self.branch(), own);
        assert!(content.is_some(), "{:?}", self.proposed());
        Learning {
            content,
            path: Some(path.clone()),
            git_committed: true,
            git_pushed: true,
            git_commit_sha: Some(self.knowledge.tip(&self.branch())),
            skipped: None,
        }
    }

    /// The session's branch of the knowledge base.
    fn branch(&self) -> String {
        format!("ff-vwm/{}-{}", self.worker, self.session)
    }

    fn proposed(&self) -> Vec<String> {
        let difference = ["diff", "--name-status", "main", &self.branch()];
        let lines = self.knowledge.git(&difference);
        lines
            .lines()
            .map(|line| without_ids(&line.replace('\t', " ")))
            .collect()
    }

    /// How often the worker was asked to write down what it learned, as the engine itself saw it.
    fn asked(&self) -> usize {
        let calls = self.world.model.calls().into_iter();
        calls
            .filter(|call| {
                let by_claude =
                    call.is_turn() && call.step == 0 && call.last_user.contains(ASKED_TO_LEARN);
                by_claude || call.path == "/learns"
            })
            .count()
    }

    /// Waits until the end is there.
    async fn reaches(&self, step: EndStep) {
        self.world.reaches_step(self.session, step).await;
    }
}

fn repositories() -> (Repository, Repository) {
    (
        Repository::with(&[("README.md", "# Project\n")]),
        Repository::with(&[("COMPANY.md", "# Who we are\n")]),
    )
}

/// The steps of a scripted agent that tells the model server each time that it is asked to learn.
fn telling(world: &World, learning: &Value) -> Value {
    let model = world.model.url();
    let tells = json!({"call": [model.trim_start_matches("http://"), "GET /learns HTTP/1.1\r\nHost: model\r\nConnection: close\r\n\r\n"]});
    let mut steps = vec![tells];
    steps.extend(learning.as_array().expect("steps").clone());
    json!(steps)
}

/// Makes the worker `bob`; his engine is a scripted agent unless he names another.
async fn worker(
    world: &World,
    knowledge: &Repository,
    learning: &Value,
    differs: Value,
) -> WorkerId {
    let mut bob = json!({"autoLearn": true, "workerRepoUrl": knowledge.url()});
    if differs["cliType"].is_null() && differs["engine"].is_null() {
        world.allow_agents().await;
        bob["engine"] = world.agent(rules(&telling(world, learning)));
    }
    for (name, value) in differs.as_object().expect("an object") {
        bob[name] = value.clone();
    }
    world.worker(bob).await.id
}

fn files(repository: &Repository, branch: &str) -> Vec<String> {
    let list = repository.git(&["ls-tree", "-r", "--name-only", branch]);
    list.lines().map(str::to_owned).collect()
}
