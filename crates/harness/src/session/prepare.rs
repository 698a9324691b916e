//! Preparation: knowledge base, repository, instructions, engine, wall. Every step may run again at any time.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use tracing::info;
use vwm_api::harness::{Phase, Setup, StepState};
use vwm_api::{CliType, NativeId, SubsessionId, TurnError, TurnStatus};

use super::{Refused, Session, knowledge};
use crate::adapter::Adapter;
use crate::conversation::mask::Secrets;
use crate::conversation::{Command, ended_by_us};
use crate::prepared::Prepared;
use crate::workspace::{Kind, Tree};
use crate::{adapters, instructions};

impl Session {
    /// Takes the setup. The same again changes nothing; another one is prepared, and engines come back by resume.
    pub(crate) fn set_up(self: &Arc<Self>, setup: Setup) -> Result<(), Refused> {
        let mut inner = self.inner();
        // Phases change under the same lock: what is prepared and what is told are never two things.
        let phase = self.state.current().phase;
        if matches!(phase, Phase::Ending | Phase::Collected) {
            return Err(Refused::Ending);
        }
        let is_same = inner
            .setup
            .as_ref()
            .is_some_and(|known| same(known, &setup));
        if is_same && matches!(phase, Phase::Preparing | Phase::Ready) {
            return Ok(());
        }
        inner.setup = Some(setup);
        if phase != Phase::Preparing {
            self.state.enter(Phase::Preparing, None);
            inner.preparing = Some(tokio::spawn(Arc::clone(self).prepare()));
        }
        Ok(())
    }

    async fn prepare(self: Arc<Self>) {
        loop {
            let Some(setup) = self.inner().setup.clone() else {
                return;
            };
            let tried = self.try_prepare(&setup).await;
            if let Err(reason) = &tried {
                info!(%reason, "Preparation failed");
                self.end_left_turns(&setup, reason).await;
            }
            let mut inner = self.inner();
            if self.state.current().phase != Phase::Preparing {
                return;
            }
            if inner.setup.as_ref() != Some(&setup) {
                continue;
            }
            let prepared = match tried {
                Ok(prepared) => Arc::new(prepared),
                Err(reason) => return self.state.enter(Phase::Failed, Some(reason)),
            };
            for commands in inner.conversations.values() {
                // One that has just ended starts anew from what is prepared.
                let _ = commands.send(Command::Renew(Arc::clone(&prepared)));
            }
            inner.prepared = Some(prepared);
            vwm_failpoints::pass("harness.prepare.done");
            self.state.enter(Phase::Ready, None);
            break;
        }
        let left = std::mem::take(&mut self.inner().left);
        for order in left {
            self.hand_over(order);
        }
    }

    /// What an older generation took cannot run now: it is ended here, because only a journal ends a turn.
    async fn end_left_turns(&self, setup: &Setup, reason: &str) {
        let left = std::mem::take(&mut self.inner().left);
        for order in left {
            let error = TurnError {
                status: TurnStatus::Failed,
                message: format!("the session could not be resumed: {reason}"),
                code: "resume_failed".to_owned(),
                retryable: true,
                resets_at: None,
            };
            let outcome = ended_by_us(Some(setup.worker.cli_type), error);
            self.journal.end_turn(order.turn, outcome).await;
        }
    }

    pub(super) async fn try_prepare(&self, setup: &Setup) -> Result<Prepared, String> {
        let engine = setup.worker.cli_type;
        let adapter = adapters::adapter(engine).ok_or_else(|| {
            format!(
                "this build has no adapter for {}; choose another cliType",
                engine.as_str()
            )
        })?;
        vwm_failpoints::pass("harness.prepare.begun");
        self.make_folders(engine)?;
        self.wall(setup)?;
        let program = self.resolve(setup, adapter).await?;
        self.door.set_providers(setup.providers.clone());
        self.repositories(setup).await?;
        vwm_failpoints::pass("harness.prepare.repositories");
        let newest = self.newest_learnings(setup).await;
        let host = self.host(setup, &program)?;
        self.instructions(setup, adapter, &newest)?;
        let prepared = Prepared {
            setup: setup.clone(),
            adapter,
            program: program.path,
            host,
            door: Arc::clone(&self.door),
            door_token: self.door_token.clone(),
            secrets: Secrets::new(
                setup
                    .providers
                    .values()
                    .map(|provider| provider.api_key.clone())
                    .chain([self.door_token.clone()]),
            ),
            paths: self.paths.clone(),
            has_knowledge_base: setup.worker.worker_repo_url.is_some(),
        };
        let home = prepared.home(SubsessionId::main(setup.session));
        let tree = open_tree(&home.home)?;
        for (path, text) in adapter.files(&home) {
            self.clear(&tree, Kind::File, &path)?;
            tree.write(&path, text.as_bytes())
                .map_err(|e| format!("cannot write the engine's {}: {e}", path.display()))?;
        }
        if let Some(image) = &setup.image {
            let sentence = format!(
                "runtime.image: sessions on this machine run in no image; {image} is not used"
            );
            self.notice("ignored_setting", &sentence);
        }
        for (path, sentence) in adapter.ignored(&setup.worker) {
            self.notice("ignored_setting", &format!("{path}: {sentence}"));
        }
        Ok(prepared)
    }

    fn make_folders(&self, engine: CliType) -> Result<(), String> {
        let paths = &self.paths;
        let folders = [
            paths.workspace(),
            paths.home(),
            paths.tmp(),
            self.collected_folder(),
            paths.state().join("git"),
        ];
        for folder in folders {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(|e| format!("cannot make {}: {e}; is the disk full?", folder.display()))?;
        }
        // In a folder that the engine can write: it may have put a link there.
        let home = open_tree(&paths.home())?;
        let own = Path::new(engine.as_str());
        self.clear(&home, Kind::Dir, own)?;
        home.create_dir(own)
            .map_err(|e| format!("cannot make the engine's home: {e}; is the disk full?"))
    }

    /// Makes room for something of this kind in a tree that the engine can write; what it put there is kept beside it.
    pub(super) fn clear(&self, tree: &Tree, wanted: Kind, path: &Path) -> Result<(), String> {
        let above = path.ancestors().skip(1);
        let above = above.filter(|folder| !folder.as_os_str().is_empty());
        let mut places: Vec<_> = above.map(|folder| (Kind::Dir, folder)).collect();
        places.reverse();
        places.push((wanted, path));
        for (wanted, place) in places {
            let shown = place.display();
            let moved = tree
                .set_aside_unless(wanted, place)
                .map_err(|e| format!("cannot make room for {shown}: {e}"))?;
            if let Some(aside) = moved {
                let aside = aside.display();
                self.notice(
                    "moved_aside",
                    &format!("{shown} was not what it must be; what stood there is at {aside} now"),
                );
            }
        }
        Ok(())
    }

    fn instructions(
        &self,
        setup: &Setup,
        adapter: &dyn Adapter,
        newest: &[String],
    ) -> Result<(), String> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |e: std::io::Error| format!("cannot write {what} in the workspace: {e}")
        };
        let tree = open_tree(&self.paths.workspace())?;
        for folder in [".skills", "attachments"] {
            self.clear(&tree, Kind::Dir, Path::new(folder))?;
            tree.create_dir(Path::new(folder)).map_err(failed(folder))?;
        }
        let knowledge = if setup.worker.worker_repo_url.is_some() {
            self.clear(&tree, Kind::Link, Path::new("worker_repo"))?;
            tree.symlink(&self.paths.knowledge_base(), Path::new("worker_repo"))
                .map_err(failed("worker_repo"))?;
            let tree = open_tree(&self.paths.knowledge_base())?;
            Some(knowledge::told(&tree, newest))
        } else {
            None
        };
        let text = instructions::merge(setup, knowledge.as_ref());
        for file in [Some(instructions::FILE), adapter.instruction_file()]
            .into_iter()
            .flatten()
        {
            self.clear(&tree, Kind::File, Path::new(file))?;
            tree.write(Path::new(file), text.as_bytes())
                .map_err(failed(file))?;
        }
        self.state.step(
            "instructions",
            StepState::Done,
            format!("{} bytes", text.len()),
        );
        Ok(())
    }
}

/// Whether two setups ask for the same; the native ids grow by what this harness itself told.
fn same(known: &Setup, new: &Setup) -> bool {
    let without = |setup: &Setup| Setup {
        native_ids: std::collections::BTreeMap::<SubsessionId, Vec<NativeId>>::new(),
        ..setup.clone()
    };
    without(known) == without(new)
}

pub(super) fn open_tree(path: &Path) -> Result<Tree, String> {
    Tree::open(path).map_err(|e| format!("cannot open {}: {e}", path.display()))
}
