//! `vwm server`: runs the server until it is stopped.

use vwm_server::{Config, ServerArgs};

use crate::connect::Context;
use crate::error::CliError;

/// Runs a server until SIGINT or SIGTERM.
pub(crate) async fn run(mut args: ServerArgs, context: Context) -> Result<(), CliError> {
    args.data_dir = args.data_dir.or(context.data_dir);
    let config = Config::read(args).map_err(|error| CliError::Usage {
        message: error.to_string(),
        hint: None,
    })?;
    vwm_server::telemetry::init(&config).map_err(|error| CliError::Part(error.into()))?;
    vwm_server::run(config)
        .await
        .map_err(|error| CliError::Part(error.into()))
}
