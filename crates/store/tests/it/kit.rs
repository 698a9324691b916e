//! What tests need before they can ask anything: a store, a worker, a session, records of a journal.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;
use vwm_api::harness::{Entry, Happened, Outcome, Record, TurnOrder};
use vwm_api::{
    AgentEvent, Approvals, CliType, NewRuntime, OnBusy, RuntimeId, SessionId, SessionStatus,
    SubsessionId, Timestamp, Trigger, TurnError, TurnId, TurnStatus, Worker, WorkerDefinition,
};
use vwm_store::testing::{ScratchDatabase, VARIABLE};
use vwm_store::{
    Learn, LearningTurn, NewSessionRow, NewTurn, SessionLimits, Store, StoreError, Turn,
    TurnCreated,
};

/// A store in a folder and a database that go away with it.
pub(crate) struct Kit {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    pub(crate) worker: Worker,
    pub(crate) database: Database,
}

/// Where the store remembers.
pub(crate) enum Database {
    Sqlite,
    Postgres(ScratchDatabase),
}

/// Runs each of these tests, which are given a kit, on both databases: as `name::sqlite` and as `name::postgres`.
macro_rules! both {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            use crate::kit::Kit;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$test(Kit::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                super::$test(Kit::postgres().await).await;
            }
        }
    )+};
}

impl Kit {
    pub(crate) async fn sqlite() -> Self {
        Self::on(Database::Sqlite).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::on(Database::Postgres(scratch_database().await)).await
    }

    async fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), &database).await.unwrap();
        let runtime = store.create_runtime(runtime("local")).await.unwrap();
        let worker = store
            .create_worker(definition("bob", runtime.id), "hash-1", None)
            .await
            .unwrap();
        Self {
            store,
            folder,
            worker,
            database,
        }
    }

    /// Another store on the same folder and database.
    pub(crate) async fn open_again(&self) -> Result<Store, StoreError> {
        open(self.folder.path(), &self.database).await
    }

    pub(crate) fn new_session(&self) -> NewSessionRow {
        NewSessionRow {
            id: SessionId::new(),
            worker_id: self.worker.id,
            worker_revision: 1,
            repository: None,
            breadcrumbs: Vec::new(),
            timeout: 3600,
            auto_delete_branch: false,
            warnings: Vec::new(),
            limits: SessionLimits::default(),
        }
    }

    pub(crate) async fn pending(&self) -> SessionId {
        let created = self
            .store
            .create_session(self.new_session(), None)
            .await
            .unwrap();
        created.into_inner().session.id
    }

    /// A session with two events: it was made, and it is ready.
    pub(crate) async fn active(&self) -> SessionId {
        let id = self.pending().await;
        self.move_on(id, SessionStatus::Pending, Trigger::Ready)
            .await;
        id
    }

    pub(crate) async fn move_on(&self, id: SessionId, from: SessionStatus, trigger: Trigger) {
        let moved = self
            .store
            .move_session(id, from, trigger, None)
            .await
            .unwrap();
        assert!(moved.is_some(), "{from:?} and {trigger:?}");
    }

    pub(crate) async fn prompt(&self, session: SessionId) -> Turn {
        self.ask(new_turn(session)).await
    }

    pub(crate) async fn ask(&self, new: NewTurn) -> Turn {
        match self.store.create_turn(new, None).await.unwrap() {
            TurnCreated::New(turn) => turn,
            other => panic!("{other:?}"),
        }
    }

    /// The session's events as (type, turn), and a check that their numbers have no hole.
    pub(crate) async fn told(&self, session: SessionId) -> Vec<(String, Option<TurnId>)> {
        let frames = self
            .store
            .events_after(session, 0, None, 100_000)
            .await
            .unwrap();
        let expected: Vec<i64> = (1..=frames.len() as i64).collect();
        let seqs: Vec<i64> = frames.iter().map(|frame| frame.seq).collect();
        assert_eq!(seqs, expected);
        assert_eq!(
            self.store.last_seq(session).await.unwrap(),
            frames.len() as i64
        );
        frames
            .iter()
            .map(|frame| {
                let data: Value = serde_json::from_str(&frame.data).unwrap();
                (data["type"].as_str().unwrap().to_owned(), frame.request_id)
            })
            .collect()
    }

    /// Changes the database behind the store's back: only for what no method does, as making time pass.
    pub(crate) async fn behind_its_back(&self, sql: &str) {
        match &self.database {
            Database::Sqlite => {
                let sql = AssertSqlSafe(sql.to_owned());
                let mut connection = connect(self.folder.path()).await;
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            }
            Database::Postgres(database) => database.execute(sql).await,
        }
    }

    /// Counts behind its back.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        match &self.database {
            Database::Sqlite => {
                let mut connection = connect(self.folder.path()).await;
                let counted = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
                counted.fetch_one(&mut connection).await.unwrap()
            }
            Database::Postgres(database) => database.count(sql).await,
        }
    }

    /// An id as the database's SQL writes it.
    pub(crate) fn sql_id(&self, id: Uuid) -> String {
        match self.database {
            Database::Sqlite => format!("x'{}'", id.simple()),
            Database::Postgres(_) => format!("'{id}'"),
        }
    }
}

async fn open(folder: &Path, database: &Database) -> Result<Store, StoreError> {
    match database {
        Database::Sqlite => Store::open(folder).await,
        Database::Postgres(database) => Store::open_postgres(folder, &database.url()).await,
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the tests' config.rs")]
pub(crate) async fn scratch_database() -> ScratchDatabase {
    ScratchDatabase::new(std::env::var(VARIABLE).ok()).await
}

async fn connect(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(folder.join("vwm.db"))
        .connect()
        .await
        .unwrap()
}

pub(crate) fn runtime(name: &str) -> NewRuntime {
    NewRuntime {
        tags: vec!["team".to_owned()],
        ..NewRuntime::new(name, "debian")
    }
}

pub(crate) fn definition(name: &str, runtime_id: RuntimeId) -> WorkerDefinition {
    WorkerDefinition {
        name: name.to_owned(),
        description: None,
        runtime_id,
        cli_type: CliType::ClaudeCode,
        engine: None,
        env: BTreeMap::new(),
        agent_md: Some("You are a member of the team.".to_owned()),
        model_config: None,
        mcp_servers: Vec::new(),
        skills: Vec::new(),
        worker_repo_url: None,
        worker_repo_branch: "main".to_owned(),
        git_credential: None,
        auto_learn: false,
        timeout: 3600,
        approvals: Approvals::default(),
        locked: false,
    }
}

pub(crate) fn new_turn(session: SessionId) -> NewTurn {
    NewTurn {
        id: TurnId::new(),
        session,
        subsession: SubsessionId::main(session),
        prompt: "What is new?".to_owned(),
        timeout_s: 600,
        breadcrumbs: vec!["ticket-7".to_owned()],
        by: None,
        on_busy: OnBusy::Queue,
        queue_limit: 100,
        needs_slot: false,
        retry_of: None,
    }
}

/// A turn of the session's end.
pub(crate) fn learning_turn(session: SessionId) -> Learn {
    Learn::Turn(LearningTurn {
        subsession: SubsessionId::main(session),
        prompt: "What did you learn?".to_owned(),
        timeout_s: 300,
        without_prompts: "no prompt was completed".to_owned(),
    })
}

pub(crate) fn record(n: i64, entry: Entry) -> Record {
    Record {
        n,
        at: Timestamp::from_micros(1_800_000_000_000_000 + n),
        generation: 1,
        entry,
    }
}

pub(crate) fn accepted(n: i64, turn: &Turn) -> Record {
    let order = TurnOrder {
        turn: turn.id,
        subsession: turn.subsession,
        kind: turn.kind,
        prompt: turn.prompt.clone(),
        timeout_s: turn.timeout_s,
    };
    record(n, Entry::Accepted { order })
}

pub(crate) fn sent(n: i64, turn: &Turn) -> Record {
    record(n, Entry::Sent { turn: turn.id })
}

pub(crate) fn said(n: i64, turn: &Turn, text: &str) -> Record {
    happened(n, turn, Happened::Agent(AgentEvent::Text(text.to_owned())))
}

pub(crate) fn happened(n: i64, turn: &Turn, event: Happened) -> Record {
    let (turn, subsession) = (Some(turn.id), Some(turn.subsession));
    record(
        n,
        Entry::Event {
            turn,
            subsession,
            event,
        },
    )
}

pub(crate) fn ended(n: i64, turn: &Turn, outcome: Outcome) -> Record {
    let outcome = Box::new(outcome);
    record(
        n,
        Entry::Ended {
            turn: turn.id,
            outcome,
        },
    )
}

pub(crate) fn outcome(status: TurnStatus) -> Outcome {
    Outcome {
        status,
        response: "All is well.".to_owned(),
        artifacts: vec!["notes.md".to_owned()],
        tokens_in: Some(100),
        tokens_out: Some(20),
        cost_usd: Some(0.25),
        cost_total_usd: Some(1.0),
        model: Some("opus".to_owned()),
        duration_ms: Some(1500),
        raw_format: Some("stream-json".to_owned()),
        raw: "{}\n".to_owned(),
        engine: Some(CliType::ClaudeCode),
        error: (status != TurnStatus::Complete).then(|| error(status, "engine_failed")),
    }
}

pub(crate) fn error(status: TurnStatus, code: &str) -> TurnError {
    TurnError {
        status,
        message: "it did not work; try again".to_owned(),
        code: code.to_owned(),
        retryable: true,
        resets_at: None,
    }
}
