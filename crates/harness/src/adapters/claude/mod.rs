//! Claude Code: one resident process per conversation, JSON lines in both directions.

mod dialogue;
mod heard;
mod result;
#[cfg(test)]
mod tests;
mod turn;

use std::path::PathBuf;

use serde_json::json;
use uuid::Uuid;
use vwm_api::{ApprovalsMode, CliType, WorkerDefinition};

use super::Install;
use crate::adapter::{Adapter, Dialogue, EngineHome, Opening};
use crate::process::Launch;

/// The pinned version and its native program.
pub(super) const INSTALL: Install = Install {
    package: "@anthropic-ai/claude-code",
    version: "2.1.328",
    folder: "claude-code/2.1.328",
    program: if cfg!(target_arch = "aarch64") {
        "node_modules/@anthropic-ai/claude-code-linux-arm64/claude"
    } else {
        "node_modules/@anthropic-ai/claude-code-linux-x64/claude"
    },
    version_args: &["--version"],
    version_output: "2.1.328 (Claude Code)",
};

/// Where it keeps its settings and conversations, below its home.
const CONFIG: &str = "config";

const FLAGS: &[&str] = &[
    "-p",
    "--input-format=stream-json",
    "--output-format=stream-json",
    "--verbose",
    "--include-partial-messages",
    "--dangerously-skip-permissions",
    "--strict-mcp-config",
    // With a snapshot, changed instructions are not seen by a conversation that goes on.
    "--system-prompt-snapshot=off",
];

/// Claude Code.
#[derive(Debug)]
pub(super) struct Claude;

impl Adapter for Claude {
    fn engine(&self) -> CliType {
        CliType::ClaudeCode
    }

    fn format(&self) -> &'static str {
        "stream-json"
    }

    fn shared(&self) -> bool {
        false
    }

    fn instruction_file(&self) -> Option<&'static str> {
        None
    }

    fn files(&self, home: &EngineHome) -> Vec<(PathBuf, String)> {
        // Both spellings: the folder itself, and the link to it in the workspace.
        let excludes: Vec<String> = home
            .knowledge_base
            .iter()
            .flat_map(|folder| [folder.clone(), home.workspace.join("worker_repo")])
            .map(|folder| format!("{}/**", folder.display()))
            .collect();
        // A conversation lives as long as its session: nothing is cleaned up behind our back.
        let settings = json!({"claudeMdExcludes": excludes, "cleanupPeriodDays": 3650});
        let path = PathBuf::from(CONFIG).join("settings.json");
        vec![(path, format!("{settings:#}\n"))]
    }

    fn launch(&self, home: &EngineHome, open: &[Opening]) -> Launch {
        let mut args: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        let model_config = home.worker.model_config.as_ref();
        if let Some(model) = model_config.and_then(|config| config.model.as_ref()) {
            args.push(format!("--model={model}"));
        }
        if let Some(opening) = open.first() {
            args.push(match &opening.native {
                Some(native) => format!("--resume={native}"),
                None => format!("--session-id={}", fresh_id(home, opening)),
            });
        }
        let config = home.home.join(CONFIG);
        let mut env = home.worker.env.clone();
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
        set("CLAUDE_CONFIG_DIR", &config.to_string_lossy());
        set("ANTHROPIC_BASE_URL", &home.door_url);
        set("ANTHROPIC_API_KEY", &home.door_token);
        set("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
        set("DISABLE_AUTOUPDATER", "1");
        // The door asks again; an engine that does so too only adds minutes.
        set("CLAUDE_CODE_MAX_RETRIES", "0");
        // A resident engine must not begin turns by itself: nobody would hear them.
        set("CLAUDE_CODE_DISABLE_CRON", "1");
        set("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1");
        // A shell command that goes elsewhere must not take the next one along: paths are told from the workspace's root.
        set("CLAUDE_BASH_MAINTAIN_PROJECT_WORKING_DIR", "1");
        set("IS_SANDBOX", "1");
        set("TERM", "dumb");
        if let Some(most) = model_config.and_then(|config| config.max_tokens) {
            set("CLAUDE_CODE_MAX_OUTPUT_TOKENS", &most.to_string());
        }
        Launch {
            program: home.program.clone(),
            args,
            env,
            cwd: home.workspace.clone(),
        }
    }

    fn dialogue(&self, home: &EngineHome, open: &[Opening]) -> Box<dyn Dialogue> {
        let opening = open
            .first()
            .expect("a process is started for a conversation");
        Box::new(dialogue::Talk::new(
            opening.clone(),
            fresh_id(home, opening),
        ))
    }

    fn ignored(&self, worker: &WorkerDefinition) -> Vec<(String, String)> {
        let mut ignored = Vec::new();
        let mut say =
            |path: &str, message: &str| ignored.push((path.to_owned(), message.to_owned()));
        if let Some(config) = &worker.model_config {
            if config.temperature.is_some() {
                say(
                    "modelConfig.temperature",
                    "Claude Code chooses the temperature itself; remove it",
                );
            }
            if config
                .provider
                .as_deref()
                .is_some_and(|name| name != "anthropic")
            {
                say(
                    "modelConfig.provider",
                    "Claude Code speaks to the Anthropic API only; remove it, or choose another cliType",
                );
            }
        }
        if worker.engine.is_some() {
            say(
                "engine",
                "Claude Code's program is the installed one; remove it, or use cliType acp",
            );
        }
        if worker.approvals.mode != ApprovalsMode::Auto {
            say(
                "approvals.mode",
                "Claude Code asks nobody yet: every tool call is allowed and the wall is the limit",
            );
        }
        ignored
    }
}

/// The id of a conversation that begins anew. It follows from what is known, so that a conversation whose id was lost in a crash is
/// found again: the engine says that the id is in use. After a failed resume it is another one in every generation.
fn fresh_id(home: &EngineHome, opening: &Opening) -> String {
    let name = if opening.gave_up {
        home.door_token.as_str()
    } else {
        "claude-code"
    };
    let name = blake3::hash(name.as_bytes());
    Uuid::new_v5(&opening.subsession.0, name.as_bytes()).to_string()
}
