//! A whole world for one test: folders, a scripted model, a server, and a client of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use vwm_api::volume::{JobFile, VolumePaths};
use vwm_api::{
    Answer, EndStep, Event, EventBody, NewSession, OnBusy, Prompt, Repository as SessionRepository,
    Session, SessionId, SessionStatus,
};
use vwm_client::Client;
use vwm_scripted::{ModelServer, Script};
use vwm_store::testing::ScratchDatabase;

use crate::{Repository, Server, gone, until, vwm, within};
use crate::{config, process};

/// A world.
pub struct World {
    folder: TempDir,
    /// The model that every engine of this world asks, and whose gates hold.
    pub model: ModelServer,
    server: Option<Server>,
    /// Where it remembers, unless that is SQLite in its data directory. Gone after the server.
    database: Option<ScratchDatabase>,
}

impl World {
    /// A world whose model plays this script.
    pub async fn start(script: Value) -> Self {
        Self::start_with(script, |_| {}).await
    }

    /// Likewise, with a server that is started with something else.
    pub async fn start_with(script: Value, change: impl FnOnce(&mut Command)) -> Self {
        let mut world = Self::without_server(script).await;
        let mut command = world.command(&[]);
        change(&mut command);
        world.server = Some(Server::run(&world.data_dir(), &mut command));
        world
    }

    /// A world whose server is still to be started.
    #[must_use]
    pub async fn without_server(script: Value) -> Self {
        let script = Script::from_value(&script).expect("the script is one");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            model: ModelServer::start(script).expect("a model server"),
            server: None,
            database: config::database().await,
        }
    }

    /// Starts the server; it must not run.
    pub fn start_server(&mut self, more: &[&str]) {
        assert!(self.server.is_none(), "the server runs already");
        let mut command = self.command(more);
        self.server = Some(Server::run(&self.data_dir(), &mut command));
    }

    /// Likewise, with something else.
    pub fn start_server_with(&mut self, change: impl FnOnce(&mut Command)) {
        assert!(self.server.is_none(), "the server runs already");
        let mut command = self.command(&[]);
        change(&mut command);
        self.server = Some(Server::run(&self.data_dir(), &mut command));
    }

    /// Starts servers like this one until one is ready, where the last one has ended; says whether it had.
    pub fn keep_server(&mut self, change: impl Fn(&mut Command)) -> bool {
        if self
            .server
            .as_mut()
            .is_some_and(|server| !server.has_ended())
        {
            return false;
        }
        self.server = None;
        // Each of them may be killed as soon as it does something.
        for _ in 0..20 {
            let mut command = self.command(&[]);
            change(&mut command);
            if let Ok(server) = Server::run_or_end(&self.data_dir(), &mut command) {
                self.server = Some(server);
                return true;
            }
        }
        panic!("no server is ready:\n{}", self.log());
    }

    /// The command that starts its server.
    fn command(&self, more: &[&str]) -> Command {
        let mut command = Server::command(&self.data_dir(), &self.model.url(), more);
        if let Some(database) = &self.database {
            command.env("VWM_DATABASE_URL", database.url());
        }
        command
    }

    /// The server's data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file that the server remembers in; none where that is PostgreSQL.
    #[must_use]
    pub fn database_file(&self) -> Option<PathBuf> {
        match self.database {
            Some(_) => None,
            None => Some(self.data_dir().join("vwm.db")),
        }
    }

    /// A folder for what a test needs; nothing of it is VWM's.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        let folder = self.folder.path().join("test");
        std::fs::create_dir_all(&folder).expect("makes a folder");
        folder
    }

    /// Takes the server out, to kill or stop it.
    pub fn take_server(&mut self) -> Server {
        self.server.take().expect("the server runs")
    }

    /// The server's log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir().with_extension("log")).unwrap_or_default()
    }

    /// The admin key.
    #[must_use]
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.data_dir().join("admin.key"))
            .expect("the first start wrote a key")
            .trim()
            .to_owned()
    }

    /// Where the server is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.as_ref().expect("the server runs").url
    }

    /// A client with the admin key.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.url(), &self.key()).expect("a client")
    }

    /// Runs the command line against this world, with a cleared environment.
    #[must_use]
    pub fn cli(&self, args: &[&str]) -> Command {
        let mut command = Command::new(vwm());
        command
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder())
            .current_dir(self.folder());
        command
    }

    /// Creates a worker from what differs from the usual: a scripted agent without repositories.
    pub async fn worker(&self, differs: Value) -> vwm_api::Worker {
        let client = self.client();
        let runtime = client
            .runtime_by_name("local")
            .await
            .expect("the first start made it");
        let mut worker = json!({"name": "bob", "runtimeId": runtime.id, "cliType": "acp"});
        merge(&mut worker, differs);
        if worker["cliType"] == "acp" && worker.get("engine").is_none() {
            worker["engine"] = self.agent(json!({}));
        }
        client
            .create_worker(&worker)
            .await
            .expect("the worker is whole")
    }

    /// An engine that is a scripted agent, whose gates are this world's model's.
    #[must_use]
    pub fn agent(&self, script: Value) -> Value {
        let mut script = script;
        script["control"] = json!(self.model.url());
        let folder = self.folder.path().join("agents");
        std::fs::create_dir_all(&folder).expect("makes a folder");
        let name = format!("{}.json", vwm_api::SessionId::new());
        std::fs::write(folder.join(&name), script.to_string()).expect("writes");
        json!({"command": vwm(), "args": ["scripted", "agent", "--script", folder.join(name)]})
    }

    /// Likewise, and it may be read and run; it notes its start in `starts`, and begins once there is a file `open` in the workspace.
    pub async fn late_agent(&self, script: Value) -> Value {
        let agent = self.agent(script);
        let waits =
            "echo start >> starts; until [ -e open ]; do sleep 0.01; done; exec \"$0\" \"$@\"";
        let mut args = vec![json!("-c"), json!(waits), agent["command"].clone()];
        args.extend(agent["args"].as_array().expect("it has arguments").clone());
        let folder = |path: &Value| {
            Path::new(path.as_str().expect("a path"))
                .parent()
                .map(Path::to_owned)
        };
        let folders = json!([folder(&args[2]), folder(&args[args.len() - 1])]);
        self.client()
            .put_setting("engineFolders", &folders)
            .await
            .expect("a setting");
        json!({"command": "/bin/sh", "args": args})
    }

    /// Allows the agents of this world to read their scripts.
    pub async fn allow_agents(&self) {
        let folder = self.folder.path().join("agents");
        std::fs::create_dir_all(&folder).expect("makes a folder");
        self.client()
            .put_setting("engineFolders", &json!([folder]))
            .await
            .expect("a setting");
    }

    /// Creates a session and waits until it is active.
    pub async fn session(&self, worker: &str, repository: Option<&Repository>) -> Session {
        let session = self.new_session(worker, repository).await;
        self.reaches(session.id, SessionStatus::Active).await
    }

    /// Creates a session.
    pub async fn new_session(&self, worker: &str, repository: Option<&Repository>) -> Session {
        let url = repository.map(Repository::url);
        self.new_session_at(worker, url.as_deref()).await
    }

    /// Creates a session on the repository at an address, which may be of none.
    pub async fn new_session_at(&self, worker: &str, url: Option<&str>) -> Session {
        let new = NewSession {
            worker_name: Some(worker.to_owned()),
            repository: url.map(|url| SessionRepository {
                url: url.to_owned(),
                branch: "main".into(),
            }),
            ..NewSession::default()
        };
        self.client()
            .create_session(&new)
            .await
            .expect("the session is made")
    }

    /// Waits until a session has a status; one that can never have it fails the test.
    pub async fn reaches(&self, id: SessionId, wanted: SessionStatus) -> Session {
        within(
            &format!("session {} to be {}", id, wanted.as_str()),
            async {
                let client = self.client();
                let mut events = client.events(id, 0);
                loop {
                    let session = client.session(id).await.expect("the session is known");
                    if session.status == wanted {
                        return session;
                    }
                    let is_lost =
                        matches!(session.status, SessionStatus::Failed | SessionStatus::Ended);
                    assert!(
                        !is_lost,
                        "the session is {}: {:?}\n{}",
                        session.status.as_str(),
                        session.status_reason,
                        self.log()
                    );
                    // Any event is a reason to look again.
                    let _ = events.next().await;
                }
            },
        )
        .await
    }

    /// Waits until a session's end is there.
    pub async fn reaches_step(&self, id: SessionId, step: EndStep) {
        let client = self.client();
        until(&format!("the step {}", step.as_str()), async || {
            let session = client.session(id).await.expect("it is known");
            (session.end_step == Some(step)).then_some(())
        })
        .await;
    }

    /// Waits until a session's end is that far, or farther.
    pub async fn passes_step(&self, id: SessionId, step: EndStep) {
        let client = self.client();
        until(&format!("the step {}", step.as_str()), async || {
            let session = client.session(id).await.expect("it is known");
            (session.end_step >= Some(step)).then_some(())
        })
        .await;
    }

    /// Asks and waits for the answer.
    pub async fn ask(&self, session: SessionId, prompt: &str) -> Answer {
        within(
            &format!("the answer to {prompt:?}"),
            self.client().prompt(session, &self.prompt(prompt)),
        )
        .await
        .expect("the prompt is taken")
    }

    /// A prompt.
    #[must_use]
    pub fn prompt(&self, prompt: &str) -> Prompt {
        Prompt {
            prompt: prompt.to_owned(),
            subsession_id: None,
            timeout: None,
            breadcrumbs: vec![],
            on_busy: OnBusy::Queue,
        }
    }

    /// All events of a session up to the end of its n-th turn.
    pub async fn events_until_turn_ends(&self, id: SessionId, turns: usize) -> Vec<Event> {
        within("the turn's last event", async {
            let mut stream = self.client().events(id, 0);
            let (mut events, mut ended) = (Vec::new(), 0);
            while ended < turns {
                let event = stream
                    .next()
                    .await
                    .expect("the stream goes on")
                    .expect("the event is one");
                ended += usize::from(matches!(
                    event.body,
                    EventBody::Complete(_) | EventBody::Error(_)
                ));
                events.push(event);
            }
            events
        })
        .await
    }

    /// Ends a session and waits until it is over.
    pub async fn end(&self, id: SessionId) {
        within("the session to end", self.client().end_session_and_wait(id))
            .await
            .expect("the session ends");
    }

    /// A session's folder.
    #[must_use]
    pub fn volume(&self, id: SessionId) -> VolumePaths {
        VolumePaths::new(self.data_dir().join("sessions").join(id.to_string()))
    }

    /// The process of a session's harness.
    #[must_use]
    pub fn harness(&self, id: SessionId) -> u32 {
        self.harness_if_any(id).expect("the harness has started")
    }

    /// Likewise, where it has started and its volume is still there.
    #[must_use]
    pub fn harness_if_any(&self, id: SessionId) -> Option<u32> {
        let file = std::fs::read(self.volume(id).job_file()).ok()?;
        let job: JobFile = serde_json::from_slice(&file).expect("the job file is whole");
        Some(job.pid)
    }

    /// The processes of a session's installed engines, with all that they started.
    #[must_use]
    pub fn engines(&self, id: SessionId) -> Vec<u32> {
        let below = process::descendants(self.harness(id));
        // Supervisors are of our own program.
        let is_engine = |pid: &u32| process::program(*pid).is_some_and(|program| program != vwm());
        below.into_iter().filter(is_engine).collect()
    }

    /// Waits until a file of a session's workspace is there and not empty; gives what it holds.
    pub async fn written(&self, id: SessionId, path: &str) -> String {
        let path = self.volume(id).workspace().join(path);
        until(&format!("{} to be written", path.display()), async || {
            let text = std::fs::read_to_string(&path).ok();
            text.filter(|text| text.ends_with('\n'))
        })
        .await
    }

    /// The server's process.
    #[must_use]
    pub fn server_pid(&self) -> u32 {
        self.server.as_ref().expect("the server runs").pid()
    }

    /// The socket that a session's harness listens on.
    #[must_use]
    pub fn socket(&self, id: SessionId) -> PathBuf {
        let line = std::fs::read_to_string(format!("/proc/{}/cmdline", self.harness(id)));
        let line = line.expect("the harness runs");
        let mut words = line.split('\0').skip_while(|word| *word != "--socket");
        words.nth(1).expect("a harness has a socket").into()
    }

    /// Waits until a process is gone.
    pub async fn gone(&self, pid: u32) {
        gone(pid).await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", tail(&self.log()));
        }
        if let Some(server) = self.server.take() {
            server.kill();
        }
        // Harnesses outlive their server by design; this world's end with it.
        let sessions = std::fs::read_dir(self.data_dir().join("sessions"))
            .into_iter()
            .flatten()
            .flatten();
        for session in sessions {
            let volume = VolumePaths::new(session.path());
            if std::thread::panicking() {
                let log = std::fs::read_to_string(volume.log()).unwrap_or_default();
                eprintln!("--- the harness's log\n{}", tail(&log));
            }
            let job = std::fs::read(volume.job_file())
                .ok()
                .and_then(|json| serde_json::from_slice::<JobFile>(&json).ok());
            if let Some(job) = job.filter(|job| process::is_alive(job.pid)) {
                process::kill(job.pid, rustix::process::Signal::KILL);
                // Its supervisors hold this lock until nothing of them runs: only then may the folder go.
                let until = std::time::Instant::now() + Duration::from_secs(10);
                let _ = vwm_harness::supervisor::wait_for_engines(&volume.engines_lock(), until);
            }
        }
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
