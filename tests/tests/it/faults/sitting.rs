//! One session in a world of its own, watched from its beginning, by a client who asks again while the server is away.

use std::process::Command;
use std::time::Duration;

use futures_util::StreamExt;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use vwm_api::{Answer, Event, SessionId, TurnId, TurnStatus};
use vwm_client::{Client, ClientError};
use vwm_tests::promises::{self, Asked, Witnessed};
use vwm_tests::{Road, World, is_alive, kill, within};

/// How long the client asks again.
const PATIENCE: Duration = Duration::from_secs(120);

/// A session that is watched.
pub(super) struct Sitting {
    pub(super) world: World,
    road: Road,
    pub(super) client: Client,
    pub(super) session: SessionId,
    watching: JoinHandle<Vec<Result<Event, ClientError>>>,
    asked: Vec<Asked>,
}

/// A prompt on its way, and the mark that its tool leaves.
pub(super) struct Asking {
    mark: String,
    answer: JoinHandle<Result<Answer, ClientError>>,
}

impl Asking {
    /// Waits for the answer; gives it with its mark.
    pub(super) async fn answer(self) -> (String, Answer) {
        let Self { mark, answer } = self;
        let answer = within(&format!("the answer to {mark}"), answer).await;
        let answer = answer.expect("nobody stops it").expect("it is taken");
        (mark, answer)
    }
}

/// Each leaves its mark once for each run, `talk` is held in the middle of its text, and `tool` until there is a file `go`.
fn rules() -> Value {
    let marks = |more: &str| {
        let marks = "echo {{captured}} >> marks; echo $ANTHROPIC_API_KEY | tee -a doors";
        json!({"shell": format!("{marks}; {more}")})
    };
    json!({"rules": [
        {"when": "talk", "capture": "mark-", "steps": [
            marks("echo $PPID > engine.pid"),
            {"text": "one two ", "chunks": 2},
            {"text": "three four", "chunks": 2, "hold": "mid"}]},
        {"when": "tool", "capture": "mark-", "steps": [
            marks("echo $$ > tool.pid; until [ -e go ]; do sleep 0.01; done"),
            {"text": "done"}]},
        {"when": "work", "capture": "mark-", "steps": [marks("true"), {"text": "done"}]},
    ]})
}

impl Sitting {
    pub(super) async fn begin() -> Self {
        Self::begin_with(|_| {}).await
    }

    /// With a server that is started with something else.
    pub(super) async fn begin_with(change: impl FnOnce(&mut Command)) -> Self {
        Self::begin_in(World::start_with(json!({}), change).await).await
    }

    pub(super) async fn begin_in(world: World) -> Self {
        world.allow_agents().await;
        let engine = world.agent(rules());
        world.worker(json!({"engine": engine})).await;
        let session = world.session("bob", None).await.id;
        let road = Road::to(&world).await;
        let client = road.client(&world).patient(PATIENCE);
        let watching = tokio::spawn(client.events(session, 0).collect::<Vec<_>>());
        Self {
            world,
            road,
            client,
            session,
            watching,
            asked: Vec::new(),
        }
    }

    /// Asks; the answer is waited for elsewhere.
    pub(super) fn asks(&self, prompt: &str) -> Asking {
        let (client, session) = (self.client.clone(), self.session);
        let mark = prompt.rsplit(' ').next().unwrap_or_default().to_owned();
        let prompt = self.world.prompt(prompt);
        let answer = tokio::spawn(async move { client.prompt(session, &prompt).await });
        Asking { mark, answer }
    }

    pub(super) async fn answer_of(&mut self, asking: Asking) -> Answer {
        let answered = asking.answer().await;
        self.knows(answered)
    }

    /// Keeps in mind which turn left a mark.
    pub(super) fn knows(&mut self, (mark, answer): (String, Answer)) -> Answer {
        self.knows_turn(&mark, answer.request_id);
        answer
    }

    /// Likewise, of a turn whose answer nobody waits for.
    pub(super) fn knows_turn(&mut self, mark: &str, turn: TurnId) {
        let mark = mark.to_owned();
        self.asked.push(Asked { turn, mark });
    }

    /// Asks for something that is answered at once.
    pub(super) async fn works(&mut self, mark: &str) {
        let asking = self.asks(&format!("work {mark}"));
        let answer = self.answer_of(asking).await;
        assert_eq!(
            (answer.status, answer.response.as_str()),
            (TurnStatus::Complete, "done"),
            "{:?}",
            answer.error
        );
    }

    /// Waits until the agent is held in the middle of its text.
    pub(super) async fn is_in_mid_text(&self) {
        within("the agent", self.world.model.held("mid")).await;
    }

    /// Waits until the agent's tool runs, and gives its process.
    pub(super) async fn is_in_mid_tool(&self) -> u32 {
        self.pid_in("tool.pid").await
    }

    /// The process that a file of the workspace names.
    pub(super) async fn pid_in(&self, file: &str) -> u32 {
        let pid = self.world.written(self.session, file).await;
        pid.trim().parse().expect("a pid")
    }

    /// What a file of the workspace holds.
    pub(super) fn file(&self, path: &str) -> String {
        let path = self.world.volume(self.session).workspace().join(path);
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// Kills the server.
    pub(super) fn kill_server(&mut self) {
        self.world.take_server().kill();
    }

    /// Kills the session's harness, and waits until it is gone.
    pub(super) async fn kill_harness(&self) {
        let harness = self.world.harness(self.session);
        kill(harness, Signal::KILL);
        self.world.gone(harness).await;
    }

    /// Starts the next server.
    pub(super) fn next_server(&mut self) {
        self.world.start_server(&[]);
        self.road.leads_to(&self.world);
    }

    /// Ends the session; all that is promised holds.
    pub(super) async fn ends_as_promised(self) -> Vec<Event> {
        let marks = self.file("marks");
        self.ends_with(Some(&marks)).await
    }

    /// Likewise, in the middle of a turn: whether that leaves its mark before the folder goes, nobody can tell.
    pub(super) async fn ends_in_mid_turn(self) -> Vec<Event> {
        self.ends_with(None).await
    }

    async fn ends_with(self, marks: Option<&str>) -> Vec<Event> {
        let doors = self.file("doors");
        let end = self.client.end_session_and_wait(self.session);
        within("the end", end).await.expect("it ends");
        let watched = within("the last event", self.watching).await;
        let watched = watched.expect("nobody stops who watches").into_iter();
        let watched: Vec<Event> = watched
            .collect::<Result<_, _>>()
            .expect("who watches comes back");
        let mut secrets = vec!["sk-test-provider-key".to_owned(), self.world.key()];
        secrets.extend(doors.lines().map(str::to_owned));
        let witnessed = Witnessed {
            session: self.session,
            data_dir: &self.world.data_dir(),
            watched: &watched,
            asked: &self.asked,
            marks,
            secrets: &secrets,
        };
        let broken = promises::check(&self.client, &witnessed).await;
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        watched
    }

    /// All of them are gone, whoever started them.
    pub(super) async fn are_gone(&self, pids: &[u32]) {
        for pid in pids.iter().filter(|pid| is_alive(**pid)) {
            self.world.gone(*pid).await;
        }
    }
}
