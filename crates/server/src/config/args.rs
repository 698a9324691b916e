//! The flags of `vwm server`.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use super::{LimitArgs, LogFormat, Origin};

/// The flags of `vwm server`; what is not given comes from `VWM_*`, the file or the defaults.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServerArgs {
    /// Reads settings from this YAML file [env: VWM_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keeps everything in this folder [env: VWM_DATA_DIR] [default: the platform's data folder for vwm]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Listens on this address; port 0 chooses a free one [env: VWM_LISTEN] [default: 127.0.0.1:7420]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<SocketAddr>,
    /// Finds installed engines in this folder [env: VWM_ENGINES_DIR]
    #[arg(long, value_name = "DIR")]
    pub engines_dir: Option<PathBuf>,
    /// Lets engines run without a wall where this machine cannot make one [env: VWM_UNCONFINED=1]
    #[arg(long)]
    pub unconfined: bool,
    /// Holds this many prompts per conversation behind the one that runs [env: VWM_QUEUE_LIMIT] [default: 64]
    #[arg(long, value_name = "COUNT")]
    pub queue_limit: Option<u32>,
    /// Tries this many seconds to push a branch before a session ends without [env: VWM_END_DEADLINE] [default: 600]
    #[arg(long, value_name = "SECONDS")]
    pub end_deadline: Option<u32>,
    /// Gives a worker this many seconds to write down what it learned [env: VWM_LEARNING_TIMEOUT] [default: 600]
    #[arg(long, value_name = "SECONDS")]
    pub learning_timeout: Option<NonZeroU32>,
    /// Takes files of at most this many bytes into a workspace [env: VWM_UPLOAD_MAX] [default: 1073741824, which is 1 GiB]
    #[arg(long, value_name = "BYTES")]
    pub upload_max: Option<u64>,
    /// Lets pages of this origin ask from a browser, such as `https://console.example.com`; may be given more than once [env: VWM_ALLOW_ORIGINS, comma-separated]
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub allow_origins: Vec<Origin>,
    /// What bounds the server.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Waits this many seconds for open connections when it stops [env: VWM_GRACE] [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub grace: Option<u64>,
    /// Logs this much: a level, or directives such as `info,vwm_store=debug` [env: VWM_LOG] [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Logs in this form [env: VWM_LOG_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}
