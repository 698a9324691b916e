//! The model server: one loopback address that answers model requests from a script, and says what it was asked.

mod api;
mod call;
mod gate;
mod http;
mod plan;
mod play;
mod script;
mod server;
mod tool;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

pub use self::call::{Call, CallKind};
pub use self::script::{Action, Script, Step, ToolUse, Usage, UsageChange};
pub use self::server::ModelServer;
use crate::ScriptedError;

/// A model server that plays a script: Anthropic Messages API, any key, any path in front of `/v1/messages`.
///
/// Beside it: GET /__log, GET /__health, and the gates at which a script holds an answer:
/// POST /__release/{name}, GET /__held/{name} (answers when somebody is held there), POST /__hold/{name} (holds the caller).
#[derive(Debug, Clone, clap::Args)]
pub struct ModelArgs {
    /// Where to listen; port 0 chooses one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// The script, a JSON file; without it a text is answered with its echo
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
}

/// Serves until SIGINT or SIGTERM; says where, in one line on standard output.
pub async fn model_main(args: ModelArgs) -> Result<(), ScriptedError> {
    let script = match &args.script {
        Some(path) => Script::read(path)?,
        None => Script::default(),
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ScriptedError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ScriptedError::Signals)?;
    let server =
        ModelServer::start_on(args.listen, script).map_err(|source| ScriptedError::Listen {
            address: args.listen,
            source,
        })?;
    // Whoever started us may rightly not read what we say.
    let _ = writeln!(io::stdout(), "listening on {}", server.url());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.stop().await;
    Ok(())
}
