//! The control plane: `http → service → store`, and beside it the orchestrator, which makes true what the store says.

mod admin_key;
pub mod app;
pub mod config;
mod data_dir;
mod disk;
mod ending;
mod error;
mod first_start;
pub mod http;
mod input;
pub mod keeper;
pub mod keys;
mod linger;
pub mod orchestrator;
mod process;
mod run;
mod scratch;
mod serve;
mod service;
mod start_error;
pub mod telemetry;

pub use app::App;
pub use config::{Config, ServerArgs, default_data_dir};
pub use data_dir::ServerFile;
pub use error::{Error, Resource};
pub use run::{Server, run};
pub use start_error::StartError;
