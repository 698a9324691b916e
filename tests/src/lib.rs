//! The kit of the end-to-end tests: a real server, real harnesses and real engines in a folder of their own. A test shows the
//! answer; the kit hides the plumbing.

mod binary;
pub mod chaos;
mod config;
mod cutting;
mod disk;
mod door;
mod engine;
mod newcomer;
mod process;
pub mod promises;
mod reference;
mod repository;
mod road;
mod said;
mod server;
mod waiting;
mod watcher;
mod web;
mod wire;
mod world;

pub use binary::{scripted_agent, vwm};
pub use config::scratch_database;
pub use cutting::Cutting;
pub use disk::Disk;
pub use door::Door;
pub use engine::claude_code;
pub use newcomer::{Block, Document, free_port, has_lines, is_like, repository, shell, types};
pub use process::{descendants, is_alive, kill, processes_of, program};
pub use reference::{events, rest};
pub use repository::Repository;
pub use road::Road;
pub use said::{Running, Said, without_ids};
pub use server::Server;
pub use waiting::{gone, no_process_of, until, within};
pub use watcher::Watcher;
pub use web::Web;
pub use wire::{Call, Told};
pub use world::World;

/// What the built-in skill begins with, by which a script knows that its worker is asked to write down what it learned.
pub const ASKED_TO_LEARN: &str = "Before it closes, write down what the next session should know";

/// What may go wrong in the kit: a test shows it and ends.
pub type Result<T = ()> = anyhow::Result<T>;
