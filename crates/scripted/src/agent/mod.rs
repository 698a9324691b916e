//! The agent: it speaks the Agent Client Protocol (version 1) on standard input and output, and plays a script, well or badly behaved.

mod conversation;
mod gate;
mod inbox;
mod script;
mod session;
mod shell;
mod tool;
mod turn;
mod voice;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

pub use self::script::{AgentScript, AgentStep, StopReason};
use crate::ScriptedError;
use conversation::Memory;
use session::Sessions;
use voice::Voice;

/// An ACP agent on standard input and output that plays a script.
#[derive(Debug, Clone, clap::Args)]
pub struct AgentArgs {
    /// The script, a JSON file; without it a text is answered with its echo
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// Where conversations are kept, in the folder `scripted-agent`
    #[arg(long, value_name = "FOLDER", env = "HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

/// Speaks on standard input and output until the input ends.
pub fn agent_main(args: AgentArgs) -> Result<(), ScriptedError> {
    let script = match &args.script {
        Some(path) => AgentScript::read(path)?,
        None => AgentScript::default(),
    };
    let home = args.home.ok_or(ScriptedError::NoHome)?;
    serve_agent(script, &home, io::stdin().lock(), io::stdout())
}

/// Speaks until the input ends: one JSON message per line, both ways.
///
/// The end of the input cancels all turns; one that ignores cancelling is played to its end, whether or not somebody listens.
pub fn serve_agent(
    script: AgentScript,
    home: &Path,
    mut input: impl BufRead,
    output: impl Write + Send + 'static,
) -> Result<(), ScriptedError> {
    let memory = Memory::open(home)?;
    let mut sessions = Sessions::new(script, memory, Voice::new(output));
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = input
            .read_until(b'\n', &mut line)
            .map_err(ScriptedError::Hear)?;
        if length == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            sessions.hear(&text);
        }
    }
    sessions.finish();
    Ok(())
}
