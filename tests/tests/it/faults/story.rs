//! A small story of a session from its beginning to its end, told over whatever happens to server and harness meanwhile.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures_util::StreamExt;
use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::{
    AbortRequest, Event, NewSession, Prompt, Repository as SessionRepository, SessionId,
    SessionStatus, TurnId, TurnStatus,
};
use vwm_client::{Client, ClientError};
use vwm_failpoints::{Point, Who};
use vwm_tests::promises::{self, Asked, Witnessed};
use vwm_tests::{ASKED_TO_LEARN, Repository, Road, World, is_alive, kill, within};

use super::harness_of;

/// How long a client of the story asks again.
const PATIENCE: Duration = Duration::from_secs(120);
/// What stands in the learning.
const LEARNED: &str = "Clear the cache before you build.";
/// The key that the server spends at the provider.
const PROVIDER_KEY: &str = "sk-test-provider-key";
/// How often the story is told on until it has passed all that it shall pass.
const ROUNDS: usize = 8;

/// Where a session is on its end.
const OF_THE_END: [&str; 9] = [
    "harness.end.",
    "server.end.",
    "server.step",
    "server.keep.",
    "server.remove.",
    "server.finish",
    "store.end_session.",
    "store.set_end_step.",
    "store.add_collected.",
];

/// What becomes of the branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remotes {
    /// They are pushed.
    Take,
    /// No remote takes them at the end; they are pushed later.
    AreAway,
}

/// A story in which somebody is killed at each of these points.
pub(super) struct Story {
    pub(super) points: Vec<Point>,
    pub(super) remotes: Remotes,
}

/// What the one who told it knows.
struct Told {
    session: SessionId,
    watched: Vec<Event>,
    asked: Vec<Asked>,
    broken: Vec<String>,
}

impl Story {
    /// Tells it; gives what did not hold.
    pub(super) async fn tell(&self) -> Vec<String> {
        let notes = tempfile::tempdir().expect("a folder");
        let fired = notes.path().join("fired");
        let mut world = World::start_with(json!({}), |command| self.arm(command, &fired)).await;
        let project = Repository::with(&[("README.md", "# Project\n")]);
        let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
        project.count_pushes();
        knowledge.count_pushes();
        world.allow_agents().await;
        let engine = world.agent(rules());
        let bob = json!({"engine": engine, "autoLearn": true, "workerRepoUrl": knowledge.url()});
        world.worker(bob).await;

        let road = Road::to(&world).await;
        let mut teller = Teller {
            client: road.client(&world).patient(PATIENCE),
            data_dir: world.data_dir(),
            fired: fired.clone(),
            points: self.points.clone(),
            broken: Vec::new(),
        };
        let telling = teller.tell(&project, &knowledge, self.remotes);
        let told = {
            tokio::pin!(telling);
            loop {
                tokio::select! {
                    told = &mut telling => break told,
                    () = tokio::time::sleep(Duration::from_millis(5)) => {}
                }
                if world.keep_server(|command| self.arm(command, &fired)) {
                    road.leads_to(&world);
                }
            }
        };
        // A server that dies of its very last step is missed by nobody but those who look.
        world.keep_server(|command| self.arm(command, &fired));
        self.holds(&world, told, &project, &knowledge, &fired).await
    }

    fn arm(&self, command: &mut Command, fired: &Path) {
        let named = |who: Who, prefix: &str| {
            let points = self.points.iter().filter(|point| point.who == who);
            let points = points.map(|point| format!("{prefix}{}=kill", point.name));
            points.collect::<Vec<_>>().join(";")
        };
        let harnesses = [named(Who::Harness, "*:"), named(Who::Push, "push:")].join(";");
        command
            .env("VWM_FAILPOINTS", named(Who::Server, ""))
            .env("VWM_HARNESS_FAILPOINTS", harnesses)
            .env("VWM_FAILPOINTS_TOLD", fired);
        if self.remotes == Remotes::AreAway {
            command.args(["--end-deadline", "0"]);
        }
    }

    async fn holds(
        &self,
        world: &World,
        told: Told,
        project: &Repository,
        knowledge: &Repository,
        fired: &Path,
    ) -> Vec<String> {
        let mut broken = told.broken;
        let session = told.session;
        let client = world.client().patient(PATIENCE);
        let branch = format!("session-{session}");
        let marks = project.file(&branch, "marks").unwrap_or_default();
        let secrets = [PROVIDER_KEY.to_owned(), world.key()];
        let witnessed = Witnessed {
            session,
            data_dir: &world.data_dir(),
            watched: &told.watched,
            asked: &told.asked,
            marks: Some(&marks),
            secrets: &secrets,
        };
        broken.extend(promises::check(&client, &witnessed).await);
        let pushes = [project.pushes(), knowledge.pushes()];
        if pushes != [1, 1] {
            broken.push(format!("the branches are pushed {pushes:?} times"));
        }
        let work = project.file(&branch, "notes.md");
        if work.as_deref() != Some("hello\n") {
            broken.push(format!("the branch holds {work:?}"));
        }
        let worker = client.session(session).await.map(|it| it.worker_id);
        let worker = worker.expect("it is known");
        let learning = format!("learnings/session-{session}.md");
        let learned = knowledge.file(&format!("ff-vwm/{worker}-{session}"), &learning);
        let times = learned.unwrap_or_default().matches(LEARNED).count();
        if times > 1 {
            broken.push(format!("it is learned {times} times"));
        }
        let fired = names(fired);
        for point in &self.points {
            match fired.iter().filter(|name| *name == point.name).count() {
                1 => {}
                times => broken.push(format!("{} is passed {times} times", point.name)),
            }
        }
        broken
    }
}

/// Counts the runs of its tool in `marks`; holds; and writes down what it learned.
fn rules() -> Value {
    json!({"rules": [
        {"when": ASKED_TO_LEARN, "capture": "worker_repo/learnings/session-",
            "steps": [{"shell": format!("echo '{LEARNED}' >> {{{{captured}}}}")}, {"text": "done"}]},
        {"when": "work", "capture": "mark-", "steps": [
            {"text": "one two ", "chunks": 2},
            {"shell": "echo {{captured}} >> session_repo/marks"},
            {"write": ["session_repo/notes.md", "hello\n"]},
            {"text": "three four", "chunks": 2}]},
        {"when": "wait", "steps": [{"text": "waiting"}, {"hold": "for ever"}]},
    ]})
}

fn names(fired: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(fired).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The one who asks; everything is asked again while the server is away.
struct Teller {
    client: Client,
    data_dir: PathBuf,
    fired: PathBuf,
    points: Vec<Point>,
    broken: Vec<String>,
}

impl Teller {
    async fn tell(
        &mut self,
        project: &Repository,
        knowledge: &Repository,
        remotes: Remotes,
    ) -> Told {
        let session = self.begins(project).await;
        let events = self.client.events(session, 0);
        let watching = tokio::spawn(events.collect::<Vec<_>>());
        let mut asked = Vec::new();
        for round in 0..ROUNDS {
            self.works(session, format!("mark-{round}"), &mut asked)
                .await;
            if round > 0 && self.has_passed_the_middle() {
                break;
            }
            self.is_stopped(session).await;
            // Where a harness is there, a prompt is offered as it is made.
            let asleep = [
                "server.suspend",
                "store.offer_turn.written",
                "store.offer_turn.committed",
            ];
            if asleep.into_iter().any(|name| self.awaits(name)) {
                self.loses_its_job(session).await;
            }
            let asked = ["store.suspend_session.", "store.ask_resume."];
            if asked.into_iter().any(|prefix| self.awaits(prefix)) {
                self.sleeps(session).await;
            }
        }
        self.ends(session, [project, knowledge], remotes).await;
        let watched = within("the last event", watching).await;
        let watched = watched.expect("nobody stops who watches");
        let watched: Result<_, ClientError> = watched.into_iter().collect();
        Told {
            session,
            watched: watched.expect("who watches comes back"),
            asked,
            broken: std::mem::take(&mut self.broken),
        }
    }

    async fn begins(&self, project: &Repository) -> SessionId {
        let new = NewSession {
            worker_name: Some("bob".to_owned()),
            repository: Some(SessionRepository {
                url: project.url(),
                branch: "main".to_owned(),
            }),
            ..NewSession::default()
        };
        let made = within("the session", self.client.create_session(&new)).await;
        let session = made.expect("it is made").id;
        within("the session to be active", async {
            loop {
                let known = self.client.session(session).await.expect("it is known");
                match known.status {
                    SessionStatus::Pending => {}
                    SessionStatus::Active | SessionStatus::Suspended => return session,
                    other => panic!("it is {}: {:?}", other.as_str(), known.status_reason),
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
    }

    /// A prompt, whose answer is waited for.
    async fn works(&mut self, session: SessionId, mark: String, asked: &mut Vec<Asked>) {
        let prompt = prompt(&format!("work {mark}"));
        let what = format!("the answer to {mark}");
        let answer = within(&what, self.client.prompt(session, &prompt)).await;
        let answer = answer.expect("the prompt is taken");
        let turn = answer.request_id;
        match answer.status {
            TurnStatus::Complete if answer.response == "three four" => {}
            TurnStatus::OutcomeUnknown => {}
            _ => self.broken.push(format!("{what} is {answer:?}")),
        }
        asked.push(Asked { turn, mark });
    }

    /// A turn that would not end, and is stopped.
    async fn is_stopped(&mut self, session: SessionId) {
        let prompt = prompt("wait");
        let taken = within("the turn", self.client.request_turn(session, &prompt)).await;
        let turn = taken.expect("it is taken").request_id;
        within("the turn to run", async {
            while self.status(session, turn).await == TurnStatus::Pending {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        let status = within("the turn to be stopped", async {
            loop {
                let which = AbortRequest::default();
                match self.client.abort(session, &which).await {
                    Ok(()) => {}
                    // It is over already: its job was lost.
                    Err(error) if error.is_conflict() => {}
                    Err(error) if error.is_passing() => {}
                    Err(error) => panic!("it cannot be stopped: {error}"),
                }
                let status = self.status(session, turn).await;
                if status.is_over() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        if !matches!(status, TurnStatus::Cancelled | TurnStatus::OutcomeUnknown) {
            let status = status.as_str();
            self.broken
                .push(format!("a turn that was stopped is {status}"));
        }
    }

    async fn status(&self, session: SessionId, turn: TurnId) -> TurnStatus {
        let view = self.client.request(session, turn).await;
        view.expect("it is known").status
    }

    /// Its harness dies while nothing runs; the next prompt makes another.
    async fn loses_its_job(&self, session: SessionId) {
        let Some(pid) = harness_of(&self.data_dir, session).filter(|pid| is_alive(*pid)) else {
            return;
        };
        kill(pid, Signal::KILL);
        within("the session to be suspended", async {
            loop {
                let known = self.client.session(session).await.expect("it is known");
                if known.status == SessionStatus::Suspended {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    /// It is suspended, and resumed; both are asked for again until they are so.
    async fn sleeps(&self, session: SessionId) {
        within("the session to be suspended", async {
            while let Err(error) = self.client.suspend_session(session).await {
                assert!(error.is_passing() || error.is_conflict(), "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        within("the session to be asked to resume", async {
            while let Err(error) = self.client.resume_session(session).await {
                assert!(error.is_passing(), "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    async fn ends(&mut self, session: SessionId, both: [&Repository; 2], remotes: Remotes) {
        if remotes == Remotes::Take {
            let end = self.client.end_session_and_wait(session);
            return within("the end", end).await.expect("it ends");
        }
        both.into_iter().for_each(Repository::go_away);
        let end = self.client.end_session_and_wait(session);
        within("the end", end).await.expect("it ends");
        both.into_iter().for_each(Repository::come_back);
        within("the push", async {
            loop {
                match self.client.push_session(session).await {
                    Ok(result) if result.unpushed.is_empty() => return,
                    Ok(_) => {}
                    // All that was kept is pushed.
                    Err(error) if error.is_conflict() => return,
                    Err(error) if error.is_passing() => {}
                    Err(error) => panic!("it cannot be pushed: {error}"),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Whether a point is still to be passed whose name begins so.
    fn awaits(&self, name: &str) -> bool {
        let fired = names(&self.fired);
        let points = self.points.iter().map(|point| point.name);
        let mut wanted = points.filter(|point| point.starts_with(name));
        wanted.any(|point| !fired.iter().any(|fired| fired == point))
    }

    /// Whether nothing is left that could be passed before the end.
    fn has_passed_the_middle(&self) -> bool {
        let of_end = |name: &str| {
            OF_THE_END.iter().any(|prefix| name.starts_with(prefix))
                || name.starts_with("store.set_collected.")
                || name.starts_with("push.")
        };
        let fired = names(&self.fired);
        let points = self.points.iter().map(|point| point.name);
        let mut left = points.filter(|name| !of_end(name));
        left.all(|name| fired.iter().any(|fired| fired == name))
    }
}

fn prompt(text: &str) -> Prompt {
    Prompt {
        prompt: text.to_owned(),
        subsession_id: None,
        timeout: None,
        breadcrumbs: vec![],
        on_busy: vwm_api::OnBusy::Queue,
    }
}
