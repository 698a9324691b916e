//! The command line: its commands, and what holds for all of them.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::demo::DemoArgs;
use crate::commands::demo::keeper::KeeperArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::engine::EngineCommand;
use crate::commands::prompt::PromptArgs;
use crate::commands::run::RunArgs;
use crate::commands::scripted::ScriptedCommand;
use crate::commands::session::SessionCommand;
use crate::commands::worker::WorkerCommand;

/// Runs CLI coding agents as members of a team
#[derive(Debug, Parser)]
#[command(name = "vwm", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The server's data directory, where commands find it and the key to it [default: the platform's data folder for vwm]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub(crate) data_dir: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tells the whole of it as a story, offline and without a key: begin here
    Demo(DemoArgs),
    /// Looks whether this machine has what is needed, and says what to do
    Doctor(DoctorArgs),
    /// Runs the server
    #[command(
        after_help = "Examples:\n  VWM_ANTHROPIC_API_KEY=… vwm server\n  vwm server --listen 127.0.0.1:0 --data-dir ./data"
    )]
    Server(Box<vwm_server::ServerArgs>),
    /// Installs the programs that do the thinking
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm engine list\n  vwm engine install claude-code"
    )]
    Engine(EngineCommand),
    /// Makes, changes and lists workers
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm worker apply -f bob.yaml\n  vwm worker show bob"
    )]
    Worker(WorkerCommand),
    /// Gives a worker one task: makes a session, prompts, shows what happens, ends it
    Run(RunArgs),
    /// Prompts in a session that is there
    Prompt(PromptArgs),
    /// Lists, shows and ends sessions, and pushes what they left
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm session list --status active\n  vwm session telemetry 0197…\n  vwm session end 0197…\n  vwm session push 0197…"
    )]
    Session(SessionCommand),
    /// Plays scripts instead of thinking, for tests and demonstrations
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm scripted model --script story.json\n  vwm scripted agent --script story.json"
    )]
    Scripted(ScriptedCommand),
    /// Runs beside the engine of one session; the server starts it
    #[command(hide = true)]
    Harness(vwm_harness::HarnessArgs),
    /// Pushes a branch of an ended session from its bundle; the server starts it
    #[command(hide = true)]
    PushBundle,
    /// Clears up behind a demo that was killed; the demo starts it
    #[command(hide = true)]
    DemoKeeper(KeeperArgs),
}

const EXAMPLES: &str = "\
Examples:
  vwm demo --once
  vwm engine install claude-code
  VWM_ANTHROPIC_API_KEY=… vwm server
  vwm worker apply -f bob.yaml
  vwm run bob \"Add a health endpoint\" --repo https://git.example.com/team/service.git
  vwm run bob \"What should we build first?\" --keep
  vwm prompt 0197… \"And after that?\"
  vwm session telemetry 0197…
  vwm session end 0197…

A session's id is what `vwm session list` shows, and what `vwm run --keep` says.

Environment:
  VWM_DATA_DIR     the same as --data-dir
  VWM_URL          a server elsewhere, and
  VWM_API_KEY      the key to it
  VWM_ENGINES_DIR  where engines are installed

Exit codes: 0 done, 1 failed, 2 used wrongly; run and prompt also: 3 outcome unknown, 130 aborted";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Cli {
        let words = line.split_whitespace();
        Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_data_directory_may_stand_before_and_after_any_command() {
        let lines = [
            "vwm --data-dir d session list",
            "vwm session list --data-dir d",
            "vwm session --data-dir d list",
        ];
        for line in lines {
            assert_eq!(parse(line).data_dir, Some("d".into()), "{line}");
        }
        let data_dirs = |line: &str| {
            let cli = parse(line);
            let Command::Server(args) = cli.command else {
                panic!("another command")
            };
            args.data_dir.clone().or(cli.data_dir)
        };
        assert_eq!(data_dirs("vwm server --data-dir d"), Some("d".into()));
        assert_eq!(data_dirs("vwm --data-dir d server"), Some("d".into()));
    }

    #[test]
    fn a_run_takes_its_prompt_and_its_repository() {
        let cli = parse("vwm run bob do-it --repo file:///r --branch dev --timeout 60 --json");
        let Command::Run(args) = cli.command else {
            panic!("another command")
        };
        assert_eq!(
            (args.worker.as_str(), args.prompt.as_str()),
            ("bob", "do-it")
        );
        let repository = args.repository().expect("a repository");
        assert_eq!(repository.url, "file:///r");
        assert_eq!(repository.branch, "dev");
        assert_eq!(
            (args.timeout, args.json, args.keep),
            (Some(60), true, false)
        );
        assert!(Cli::try_parse_from("vwm run bob x --branch dev".split(' ')).is_err());
    }
}
