//! Programs that use VWM as their authors would, each as it stands in `examples/`: a CI job, a shell script, a bot.

mod bot;
mod ci;
mod ticket;

use std::process::Command;

use vwm_tests::{World, repository, shell};

/// Shell lines in a folder that has the examples, beside a server and its key.
fn beside(world: &World, lines: &str) -> Command {
    let link = world.folder().join("examples");
    if !link.exists() {
        std::os::unix::fs::symlink(repository().join("examples"), link).expect("makes a link");
    }
    let mut command = shell(&world.folder(), lines);
    command
        .env("VWM_URL", world.client().url())
        .env("VWM_API_KEY", world.key());
    command
}
