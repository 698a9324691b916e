//! What a prepared session knows: how to start its engine, behind which wall, at which door.

use std::path::PathBuf;
use std::sync::Arc;

use vwm_api::SubsessionId;
use vwm_api::harness::{PROGRAMS, Setup};
use vwm_api::volume::VolumePaths;

use crate::adapter::{Adapter, EngineHome, Opening};
use crate::conversation::mask::Secrets;
use crate::door::Door;
use crate::process::{Host, Launch};

/// A session whose turns can run.
pub(crate) struct Prepared {
    /// What the server said.
    pub(crate) setup: Setup,
    /// The engine.
    pub(crate) adapter: &'static dyn Adapter,
    /// The engine's program.
    pub(crate) program: PathBuf,
    /// Behind which wall.
    pub(crate) host: Host,
    /// At which door.
    pub(crate) door: Arc<Door>,
    /// What opens it.
    pub(crate) door_token: String,
    /// What must not be told: the provider's key, and the door's token.
    pub(crate) secrets: Secrets,
    /// Where everything lies.
    pub(crate) paths: VolumePaths,
    /// Whether there is a knowledge base.
    pub(crate) has_knowledge_base: bool,
}

impl Prepared {
    /// The knowledge base's real folder, where there is one.
    pub(crate) fn knowledge_base(&self) -> Option<PathBuf> {
        self.has_knowledge_base.then(|| self.paths.knowledge_base())
    }

    /// What one conversation's engine may know.
    pub(crate) fn home(&self, subsession: SubsessionId) -> EngineHome {
        EngineHome {
            program: self.program.clone(),
            home: self.paths.home().join(self.adapter.engine().as_str()),
            tmp: self.paths.tmp(),
            workspace: self.paths.workspace(),
            knowledge_base: self.knowledge_base(),
            door_url: self.door.url(subsession),
            door_token: self.door_token.clone(),
            worker: self.setup.worker.clone(),
        }
    }

    /// The adapter's launch, with what every engine gets.
    pub(crate) fn launch(&self, home: &EngineHome, open: &[Opening]) -> Launch {
        let mut launch = self.adapter.launch(home, open);
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let common = [
            ("PATH", PROGRAMS.to_owned()),
            ("HOME", text(&home.home)),
            ("TMPDIR", text(&home.tmp)),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "dumb".to_owned()),
        ];
        for (name, value) in common {
            launch.env.entry(name.to_owned()).or_insert(value);
        }
        launch
    }
}
