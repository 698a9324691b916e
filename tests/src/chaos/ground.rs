//! What a run stands on: its folder, model, remotes and keys, the way to the server, and who has which session just now.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;
use vwm_api::SessionId;
use vwm_client::Client;
use vwm_scripted::{ModelServer, Script};

use super::Plan;
use super::host::{self, Host};
use super::tally::Tally;
use super::way::Way;
use crate::Repository;

/// How long any call may take, with all that is killed under it.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);
/// The provider's key: whoever finds this text where it should not be has found a leak.
const PROVIDER_KEY: &str = "sk-test-chaos-5f1d0c7e9a3b4826";
/// How many repositories the sessions share.
const REMOTES: usize = 3;
/// The one worker.
pub(super) const WORKER: &str = "bob";

/// The ground of one run.
pub(super) struct Ground {
    pub(super) plan: Plan,
    folder: Mutex<Option<TempDir>>,
    pub(super) data_dir: PathBuf,
    pub(super) model: ModelServer,
    pub(super) way: Way,
    /// The admin's key.
    pub(super) key: String,
    pub(super) remotes: Vec<Repository>,
    pub(super) tally: Tally,
    slots: Vec<Slot>,
    halted: AtomicBool,
}

/// One client's place.
#[derive(Debug, Default)]
struct Slot {
    session: Mutex<Option<SessionId>>,
    /// When its harness or its engine was killed.
    struck: Mutex<Vec<Instant>>,
}

impl Ground {
    /// Makes all of it, and starts the first server.
    pub(super) async fn make(plan: Plan) -> Result<(Self, Host)> {
        let folder = tempfile::Builder::new().prefix("vwm-chaos-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let data_dir = folder.path().join("data");
        let script = Script::from_value(&json!({})).context("the model's script is wrong")?;
        let model = ModelServer::start(script).context("cannot start the model")?;
        let way = Way::open().await.context("cannot open a port")?;
        let mut host = Host::spawn(&plan, &data_dir, &model.url(), PROVIDER_KEY)?;
        host.ready(&data_dir).await?;
        way.leads_to(&host.url);
        let key = std::fs::read_to_string(data_dir.join("admin.key"));
        let key = key
            .context("the first start wrote no key")?
            .trim()
            .to_owned();
        let remotes = (0..REMOTES).map(|_| Repository::with(&[("README.md", "# Project\n")]));
        let ground = Self {
            remotes: remotes.collect(),
            slots: (0..plan.sessions).map(|_| Slot::default()).collect(),
            plan,
            folder: Mutex::new(Some(folder)),
            data_dir,
            model,
            way,
            key,
            tally: Tally::new(),
            halted: AtomicBool::new(false),
        };
        ground.make_worker().await?;
        Ok((ground, host))
    }

    async fn make_worker(&self) -> Result<()> {
        let client = self.client()?;
        let runtime = client.runtime_by_name("local").await;
        let runtime = runtime.context("the first start made no runtime")?;
        let engine = json!({"command": self.plan.program, "args": ["scripted", "agent"]});
        let worker =
            json!({"name": WORKER, "runtimeId": runtime.id, "cliType": "acp", "engine": engine});
        let made = client.create_worker(&worker).await;
        made.context("the worker cannot be made")?;
        Ok(())
    }

    /// A client that comes by the way, and asks again as long as there is no server.
    pub(super) fn client(&self) -> Result<Client> {
        let client = Client::new(&self.way.url, &self.key);
        Ok(client.context("no client can be made")?.patient(PATIENCE))
    }

    /// Starts another server.
    pub(super) fn spawn_server(&self) -> Result<Host> {
        Host::spawn(
            &self.plan,
            &self.data_dir,
            &self.model.url(),
            self.provider_key(),
        )
    }

    /// The provider's key.
    pub(super) fn provider_key(&self) -> &'static str {
        PROVIDER_KEY
    }

    /// From now on nobody begins anything.
    pub(super) fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    /// Notes whose session is the slot's.
    pub(super) fn takes(&self, slot: usize, session: Option<SessionId>) {
        let place = self.slots[slot].session.lock();
        *place.unwrap_or_else(PoisonError::into_inner) = session;
    }

    /// Who has which session, from this slot on and around.
    pub(super) fn sessions_from(&self, slot: usize) -> Vec<(usize, SessionId)> {
        let slots = self.slots.iter().enumerate();
        let around = slots.clone().skip(slot).chain(slots.take(slot));
        let of = |slot: &Slot| *slot.session.lock().unwrap_or_else(PoisonError::into_inner);
        around
            .filter_map(|(at, slot)| Some((at, of(slot)?)))
            .collect()
    }

    /// Notes that the slot's harness or engine is about to be killed.
    pub(super) fn strikes(&self, slot: usize) {
        let mut struck = self.slots[slot]
            .struck
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        struck.push(Instant::now());
    }

    /// Whether that happened at or after a time, or so shortly before it that it still showed.
    pub(super) fn was_struck(&self, slot: usize, since: Instant) -> bool {
        const AFTERMATH: Duration = Duration::from_secs(30);
        let struck = self.slots[slot]
            .struck
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        struck.iter().any(|at| *at + AFTERMATH >= since)
    }

    /// Ends what is left of the machine's side.
    pub(super) fn clear(&self) {
        host::end_harnesses(&self.data_dir);
    }

    /// Takes the folder away, or leaves it and tells where it is.
    pub(super) fn leave(&self, keep: bool) -> Option<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = folder.take()?;
        keep.then(|| folder.keep())
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.with_extension("log")
    }
}
