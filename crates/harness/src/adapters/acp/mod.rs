//! Any program that speaks the Agent Client Protocol: JSON-RPC in lines, one conversation per process.

mod dialogue;
mod prompt;
mod rpc;
#[cfg(test)]
mod tests;
mod tool;

use std::path::PathBuf;

use vwm_api::{ApprovalsMode, CliType, WorkerDefinition};

use crate::adapter::{Adapter, Dialogue, EngineHome, Opening};
use crate::process::Launch;

/// Any agent of the Agent Client Protocol.
#[derive(Debug)]
pub(super) struct Acp;

impl Adapter for Acp {
    fn engine(&self) -> CliType {
        CliType::Acp
    }

    fn format(&self) -> &'static str {
        "acp"
    }

    fn shared(&self) -> bool {
        false
    }

    fn instruction_file(&self) -> Option<&'static str> {
        Some("AGENTS.md")
    }

    fn files(&self, _home: &EngineHome) -> Vec<(PathBuf, String)> {
        Vec::new()
    }

    fn launch(&self, home: &EngineHome, _open: &[Opening]) -> Launch {
        let mut env = home.worker.env.clone();
        // For agents that speak to a model of Anthropic's; a worker that says otherwise has its reasons.
        for (name, value) in [
            ("ANTHROPIC_BASE_URL", &home.door_url),
            ("ANTHROPIC_API_KEY", &home.door_token),
        ] {
            env.entry(name.to_owned()).or_insert_with(|| value.clone());
        }
        env.entry("TERM".to_owned())
            .or_insert_with(|| "dumb".to_owned());
        let program = home.worker.engine.as_ref();
        Launch {
            program: home.program.clone(),
            args: program
                .map(|program| program.args.clone())
                .unwrap_or_default(),
            env,
            cwd: home.workspace.clone(),
        }
    }

    fn dialogue(&self, home: &EngineHome, open: &[Opening]) -> Box<dyn Dialogue> {
        let opening = open.first().cloned();
        Box::new(dialogue::Talk::new(
            opening.expect("a process is started for a conversation"),
            home.workspace.to_string_lossy().into_owned(),
            home.worker.approvals.mode == ApprovalsMode::Auto,
        ))
    }

    fn ignored(&self, worker: &WorkerDefinition) -> Vec<(String, String)> {
        let mut ignored = Vec::new();
        let mut say =
            |path: &str, message: &str| ignored.push((path.to_owned(), message.to_owned()));
        if worker.model_config.is_some() {
            say(
                "modelConfig",
                "an ACP program chooses its model itself; say it in engine.args or env",
            );
        }
        if worker.approvals.mode == ApprovalsMode::Ask {
            say(
                "approvals.mode",
                "nobody can be asked yet: what the program asks permission for is refused",
            );
        }
        ignored
    }
}
