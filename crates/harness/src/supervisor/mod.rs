//! What stands between harness and engine: single-threaded, outside every wall, it builds the wall below itself and leaves no
//! process behind.
//!
//! The same binary plays both parts, started through `/proc/self/exe`: `supervise` watches and kills, `wall` confines itself and
//! becomes the engine. A `main` calls [`dispatch`] before anything else.

mod calls;
mod capabilities;
mod landlock;
mod lineage;
mod lock;
pub(crate) mod message;
mod policy;
mod stage;
mod supervise;
mod system;

use std::ffi::OsString;
use std::process::ExitCode;

pub use landlock::{WallLevel, probe};
pub use lock::wait_for_engines;
pub use policy::{Confinement, Policy, SessionPaths};
pub use system::leaves_open;

/// Plays the part that the first argument names, `supervise` or `wall`; `None` for every other command line.
#[must_use]
pub fn dispatch() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let part = arguments.next()?;
    let rest: Vec<OsString> = arguments.collect();
    match part.to_str()? {
        "supervise" => Some(supervise::main(&rest)),
        "wall" => Some(stage::main()),
        _ => None,
    }
}
