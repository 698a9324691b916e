//! Ending well: remotes that do not take a branch, crashes at every step, and what is pushed later.

mod bystanders;
mod killed;
mod later;
mod remotes;
mod statuses;

use std::process::Command;

use serde_json::{Value, json};
use vwm_api::{
    EndStep, Learning, RepositoryRole, SessionId, SessionStatus, TurnKind, Unpushed, WorkerId,
};
use vwm_tests::{ASKED_TO_LEARN, Repository, Said, World, no_process_of, without_ids};

/// What stands in the learning, once for each time that the worker was asked.
const LEARNED: &str = "Clear the cache before you build.";

/// A session that has something for both repositories: its work, and what it learns at its end.
struct Worked {
    world: World,
    project: Repository,
    knowledge: Repository,
    /// The addresses as they may be shown: the project's, the knowledge base's.
    urls: [String; 2],
    worker: WorkerId,
    session: SessionId,
}

/// How a server is started that pushes for so many seconds.
fn pushes_for(seconds: &str) -> impl FnOnce(&mut Command) {
    move |command| {
        command.args(["--end-deadline", seconds]);
    }
}

/// How the worker answers.
fn rules(work: &Value, learns: &Value) -> Value {
    let mut steps = learns.as_array().expect("steps").clone();
    steps.push(json!({"shell": format!("echo '{LEARNED}' >> {{{{captured}}}}")}));
    json!({"rules": [
        {"when": ASKED_TO_LEARN, "capture": "worker_repo/learnings/session-", "steps": steps},
        {"when": "work", "steps": [{"write": ["session_repo/notes.md", "hello\n"]}, {"shell": work}, {"text": "done"}]},
    ]})
}

fn repositories() -> [Repository; 2] {
    [
        Repository::with(&[("README.md", "# Project\n")]),
        Repository::with(&[("COMPANY.md", "# Who we are\n")]),
    ]
}

impl Worked {
    /// With remotes on this machine, and a server that pushes for so many seconds.
    async fn new(seconds: &str) -> Self {
        Self::in_world(World::start_with(json!({}), pushes_for(seconds)).await).await
    }

    async fn in_world(world: World) -> Self {
        let repositories = repositories();
        let urls = repositories.each_ref().map(Repository::url);
        let agent = rules(&json!("true"), &json!([]));
        Self::with(world, agent, repositories, urls).await
    }

    /// With an agent that plays this, and remotes that are reached at these addresses.
    async fn with(
        world: World,
        agent: Value,
        [project, knowledge]: [Repository; 2],
        urls: [String; 2],
    ) -> Self {
        world.allow_agents().await;
        let engine = world.agent(agent);
        let bob = json!({"engine": engine, "autoLearn": true, "workerRepoUrl": urls[1]});
        let worker = world.worker(bob).await.id;
        let session = world.new_session_at("bob", Some(&urls[0])).await.id;
        world.reaches(session, SessionStatus::Active).await;
        world.ask(session, "work").await;
        Self {
            world,
            project,
            knowledge,
            urls,
            worker,
            session,
        }
    }

    /// The session's branches.
    fn branches(&self) -> [String; 2] {
        let (worker, session) = (self.worker, self.session);
        [
            format!("session-{session}"),
            format!("ff-vwm/{worker}-{session}"),
        ]
    }

    fn remotes(&self) -> [&Repository; 2] {
        [&self.project, &self.knowledge]
    }

    /// Does this to both remotes.
    fn both(&self, change: impl Fn(&Repository)) {
        self.remotes().into_iter().for_each(change);
    }

    async fn is_asked_to_end(&self) {
        let asked = self.world.client().end_session(self.session).await;
        asked.expect("it is asked");
    }

    /// Waits until the end is there.
    async fn reaches(&self, step: EndStep) {
        self.world.reaches_step(self.session, step).await;
    }

    /// The session has ended, and nothing of it runs or lies about; gives what no remote has.
    async fn is_over(&self) -> Vec<Unpushed> {
        let session = self.world.client().session(self.session).await;
        let session = session.expect("it is known");
        assert_eq!(
            (session.status, session.status_reason),
            (SessionStatus::Ended, None)
        );
        assert!(!self.world.volume(self.session).root.exists());
        no_process_of(self.session).await;
        assert!(is_kept(&self.world, "hello\\n"), "no transcript is kept");
        session.unpushed
    }

    /// Ends the session, whose branches no remote takes for these reasons, and looks at what is kept.
    async fn ends_without(&self, reasons: &[String; 2]) -> Vec<Unpushed> {
        self.world.end(self.session).await;
        self.is_left(reasons).await
    }

    /// The session ended, and its branches are kept, which no remote took for these reasons.
    async fn is_left(&self, reasons: &[String; 2]) -> Vec<Unpushed> {
        let left = self.is_over().await;
        let roles = [
            RepositoryRole::SessionRepository,
            RepositoryRole::KnowledgeBase,
        ];
        let bundles = ["unpushed-session.bundle", "unpushed-knowledge-base.bundle"];
        let branches = self.branches();
        assert_eq!(left.len(), 2, "{left:?}");
        for (n, it) in left.iter().enumerate() {
            let expected = Unpushed {
                repository: roles[n],
                url: self.urls[n].clone(),
                branch: branches[n].clone(),
                sha: it.sha.clone(),
                bundle: bundles[n].to_owned(),
                reason: it.reason.clone(),
            };
            assert_eq!(*it, expected);
            assert!(it.reason.starts_with(&reasons[n]), "{}", it.reason);
        }
        let learned = self.learned().await;
        assert_eq!((learned.git_committed, learned.git_pushed), (true, false));
        assert_eq!(
            learned.git_commit_sha.as_deref(),
            Some(left[1].sha.as_str())
        );
        left
    }

    /// The remotes have what the session made, at these commits, and everybody knows it.
    async fn is_at_the_remotes(&self, tips: &[String; 2]) {
        let session = self.world.client().session(self.session).await;
        assert_eq!(session.expect("it is known").unpushed, []);
        let branches = self.branches();
        let own = format!("learnings/session-{}.md", self.session);
        let there = [
            self.project.tip(&branches[0]),
            self.knowledge.tip(&branches[1]),
        ];
        assert_eq!(there, *tips);
        assert_eq!(
            self.project.file(&branches[0], "notes.md").as_deref(),
            Some("hello\n")
        );
        let learned = self.learned().await;
        assert_eq!(learned.skipped, None);
        assert!(learned.git_pushed, "{learned:?}");
        let content = self.knowledge.file(&branches[1], &own);
        let content = content.expect("it was learned");
        assert_eq!(content.matches(LEARNED).count(), 1, "{content}");
    }

    /// `vwm session push` brings exactly what is left; asked again, it says that all is there.
    async fn is_brought_by_push(&self, left: &[Unpushed]) {
        let told: Vec<_> = left
            .iter()
            .map(|it| format!("{} is pushed at {} in {}\n", it.branch, it.sha, it.url))
            .collect();
        let told = without_ids(&told.concat());
        assert_eq!(self.pushes().await, Said::new(0, told, ""));
        let tips = [&left[0].sha, &left[1].sha].map(String::clone);
        self.is_at_the_remotes(&tips).await;
        let again = Said::new(0, "everything of session ID is pushed already\n", "");
        assert_eq!(self.pushes().await, again);
        let refused = self.world.client().push_session(self.session).await;
        let refused = refused.expect_err("nothing is left");
        assert_eq!(
            (refused.status(), refused.to_string().as_str()),
            (
                Some(409),
                "Nothing is left to push: all that the session kept is pushed"
            )
        );
    }

    /// What `vwm session push` says.
    async fn pushes(&self) -> Said {
        let session = self.session.to_string();
        self.world.says(&["session", "push", &session]).await
    }

    /// What the record says of learning.
    async fn learned(&self) -> Learning {
        let rows = self.world.client().telemetry(self.session).await;
        let rows = rows.expect("telemetry").into_iter();
        let mut learnings = rows.filter(|row| row.kind == TurnKind::Learning);
        let learned = learnings.next().and_then(|row| row.learning);
        assert_eq!(learnings.count(), 0);
        learned.expect("there is a record")
    }
}

/// Whether something is kept of the sessions that has this in it.
fn is_kept(world: &World, part: &str) -> bool {
    blobs(world).iter().any(|path| {
        let bytes = std::fs::read(path).expect("it can be read");
        bytes.windows(part.len()).any(|at| at == part.as_bytes())
    })
}

/// All files that are kept of the world's sessions.
fn blobs(world: &World) -> Vec<std::path::PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![world.data_dir().join("blobs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let to = if path.is_dir() {
                &mut folders
            } else {
                &mut files
            };
            to.push(path);
        }
    }
    files
}
