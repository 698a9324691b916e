//! What confines the engine, and our own git in the engine's tree: decided once, and said.

use vwm_api::harness::{Setup, StepState};

use super::Session;
use super::program::Program;
use crate::process::Host;
use crate::supervisor::{self, Confinement, Policy, SessionPaths, WallLevel};

impl Session {
    /// Decides what confines the engine, and says it.
    pub(super) fn wall(&self, setup: &Setup) -> Result<(), String> {
        let (name, detail) = match supervisor::probe() {
            WallLevel::Landlock { abi } => ("landlock", format!("Landlock ABI {abi}")),
            WallLevel::None { why } if setup.unconfined => {
                self.notice(
                    "unconfined",
                    &format!("the engine runs without a wall, as was asked for: {why}"),
                );
                ("none", why)
            }
            WallLevel::None { why } => {
                self.state.step("wall", StepState::Failed, why.clone());
                return Err(why);
            }
        };
        self.state.set_wall(name);
        self.state.step("wall", StepState::Done, detail);
        Ok(())
    }

    /// What git may do in the engine's tree, before or after the engine.
    pub(super) fn git_host(&self, setup: &Setup) -> Result<Host, String> {
        self.host(setup, &Program::default())
    }

    pub(super) fn host(&self, setup: &Setup, program: &Program) -> Result<Host, String> {
        let is_walled = matches!(supervisor::probe(), WallLevel::Landlock { .. });
        let confinement = if is_walled {
            let knowledge_base = self.paths.knowledge_base();
            let files = if program.path.as_os_str().is_empty() {
                Vec::new()
            } else {
                vec![program.path.clone()]
            };
            let policy = Policy::for_session(&SessionPaths {
                workspace: self.paths.workspace(),
                home: self.paths.home(),
                tmp: self.paths.tmp(),
                // Also a link: it is for the wall to refuse one.
                knowledge_base: knowledge_base
                    .join("learnings")
                    .symlink_metadata()
                    .is_ok()
                    .then_some(knowledge_base),
                programs: files,
                folders: program.folders.clone(),
            });
            Confinement::Landlock(policy)
        } else if setup.unconfined {
            Confinement::None
        } else {
            return Err("nothing confines the engine on this machine; start the server with --unconfined to run it all the same".into());
        };
        Ok(Host {
            exe: "/proc/self/exe".into(),
            lock: self.paths.engines_lock(),
            confinement,
        })
    }
}
