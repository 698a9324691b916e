//! `vwm scripted`: a model server and an agent that play scripts.

use clap::Subcommand;
use vwm_scripted::{AgentArgs, ModelArgs};

use crate::error::CliError;

/// What plays.
#[derive(Debug, Subcommand)]
pub(crate) enum ScriptedCommand {
    /// Serves a model API on loopback that answers from a script
    #[command(after_help = MODEL_EXAMPLE)]
    Model(ModelArgs),
    /// Speaks the Agent Client Protocol on its standard input and output, and plays a script
    #[command(
        after_help = "Example, in a worker's file:\n  cliType: acp\n  engine: {command: vwm, args: [scripted, agent]}"
    )]
    Agent(AgentArgs),
}

const MODEL_EXAMPLE: &str = r#"Example:
  vwm scripted model --script story.json --listen 127.0.0.1:8900
  VWM_ANTHROPIC_BASE_URL=http://127.0.0.1:8900 VWM_ANTHROPIC_API_KEY=sk-test vwm server

A script, where a prompt that holds `when` is answered step by step:
  {"rules": [{"when": "health endpoint", "steps": [
    {"text": "I add it.", "shell": "echo ok > session_repo/health.txt"},
    {"text": "Done."}]}]}"#;

/// Plays.
pub(crate) fn run(command: ScriptedCommand) -> Result<(), CliError> {
    match command {
        ScriptedCommand::Model(args) => super::wait(async {
            vwm_scripted::model_main(args)
                .await
                .map_err(|error| CliError::Part(error.into()))
        }),
        ScriptedCommand::Agent(args) => {
            vwm_scripted::agent_main(args).map_err(|error| CliError::Part(error.into()))
        }
    }
}
