//! The commands, a file each.

pub(crate) mod completion;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod engine;
pub(crate) mod files;
mod input;
pub(crate) mod key;
pub(crate) mod login;
pub(crate) mod prompt;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod runtime;
pub(crate) mod scripted;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod worker;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::config::Environment;
use crate::connect::Context;
use crate::error::CliError;

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let context = Context {
        env: Environment::read(),
        data_dir: cli.data_dir,
    };
    match cli.command {
        // They have a runtime of their own.
        Command::Harness(args) => Ok(vwm_harness::run(&args)),
        Command::PushBundle => Ok(vwm_harness::push_bundle()),
        Command::DemoKeeper(args) => done(wait(demo::keeper::run(args))),
        Command::Server(args) => done(wait(server::run(*args, context))),
        Command::Scripted(command) => done(scripted::run(command)),
        Command::Engine(command) => done(wait(engine::run(command, &context))),
        Command::Worker(command) => done(wait(worker::run(command, &context))),
        Command::Runtime(command) => done(wait(runtime::run(command, &context))),
        Command::Settings(command) => done(wait(settings::run(command, &context))),
        Command::Status(args) => done(wait(status::run(args, &context))),
        Command::Key(command) => done(wait(key::run(command, &context))),
        Command::Files(command) => done(wait(files::run(command, &context))),
        Command::Login(args) => done(wait(login::login(args, &context))),
        Command::Logout => done(login::logout(&context)),
        Command::Session(command) => wait(session::run(command, &context)),
        Command::Telemetry(args) => wait(session::telemetry(args, &context)),
        Command::Run(args) => wait(run::run(args, &context)),
        Command::Prompt(args) => wait(prompt::run(args, &context)),
        Command::Demo(args) => wait(demo::run(args, &context)),
        Command::Doctor(args) => wait(doctor::run(args, &context)),
        Command::Completion { shell } => {
            completion::run(shell);
            Ok(ExitCode::SUCCESS)
        }
        Command::Reference => {
            reference::run();
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn wait<T>(command: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::system(
            "cannot start threads; are too many running?",
        ))?
        .block_on(command)
}

fn done(result: Result<(), CliError>) -> Result<ExitCode, CliError> {
    result.map(|()| ExitCode::SUCCESS)
}
