//! The command line: its commands, and what holds for all of them.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::completion::For;
use crate::commands::demo::DemoArgs;
use crate::commands::demo::keeper::KeeperArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::engine::EngineCommand;
use crate::commands::files::FilesCommand;
use crate::commands::key::KeyCommand;
use crate::commands::login::LoginArgs;
use crate::commands::prompt::PromptArgs;
use crate::commands::run::RunArgs;
use crate::commands::runtime::RuntimeCommand;
use crate::commands::scripted::ScriptedCommand;
use crate::commands::session::{SessionCommand, TelemetryArgs};
use crate::commands::settings::SettingsCommand;
use crate::commands::status::StatusArgs;
use crate::commands::worker::WorkerCommand;

/// Runs CLI coding agents as members of a team
#[derive(Debug, Parser)]
#[command(name = "vwm", version, about, after_help = EXAMPLES)]
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
    /// Shows how busy a server is, what bounds it, and what waits for what
    Status(StatusArgs),
    /// Installs the programs that do the thinking
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm engine list\n  vwm engine install claude-code"
    )]
    Engine(EngineCommand),
    /// Makes, changes and lists workers
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm worker create bob --engine claude-code\n  vwm worker apply -f bob.yaml\n  vwm worker show bob"
    )]
    Worker(WorkerCommand),
    /// Gives a worker one task: makes a session, prompts, shows what happens, ends it
    Run(RunArgs),
    /// Begins, lists, shows and ends sessions, and pushes what they left
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm session start bob\n  vwm session list --status active\n  vwm session watch 0197…\n  vwm session end 0197…"
    )]
    Session(SessionCommand),
    /// Prompts in a session that is there
    Prompt(PromptArgs),
    /// Shows what each request of a session took, in tokens, money and time
    Telemetry(TelemetryArgs),
    /// Reads and writes the files of a session's workspace
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm files list 0197…\n  vwm files upload 0197… data/sales.csv sales.csv\n  vwm files download 0197… report.pdf"
    )]
    Files(FilesCommand),
    /// Makes, changes and lists runtimes: where workers run
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm runtime list\n  vwm runtime create gpu --base-image registry.example.com/team/tools:1.4"
    )]
    Runtime(RuntimeCommand),
    /// Reads and changes what holds for every worker
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm settings list\n  vwm settings set system_agent_md --file house.md"
    )]
    Settings(SettingsCommand),
    /// Makes, changes and revokes API keys
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm key list\n  vwm key create ci --role session"
    )]
    Key(KeyCommand),
    /// Speaks to a server elsewhere from now on, with a key that is checked and kept
    Login(LoginArgs),
    /// Forgets the server that was logged in to, and the key to it
    #[command(after_help = "Example:\n  vwm logout")]
    Logout,
    /// Prints what a shell needs to complete these commands
    #[command(
        after_help = "Examples:\n  vwm completion bash > ~/.local/share/bash-completion/completions/vwm\n  vwm completion zsh > \"${fpath[1]}/_vwm\"\n  vwm completion fish > ~/.config/fish/completions/vwm.fish"
    )]
    Completion {
        /// bash, zsh or fish
        #[arg(hide_possible_values = true)]
        shell: For,
    },
    /// Plays scripts instead of thinking, for tests and demonstrations
    #[command(
        subcommand,
        after_help = "Examples:\n  vwm scripted model --script story.json\n  vwm scripted agent --script story.json"
    )]
    Scripted(ScriptedCommand),
    /// Prints the help of every command as a Markdown page, for the documents
    #[command(hide = true)]
    Reference,
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
Examples, from nothing to a worker that answers:
  vwm demo --once
  vwm engine install claude-code
  VWM_ANTHROPIC_API_KEY=… vwm server
  vwm worker create bob --engine claude-code --instructions bob.md

One task, from its first to its last moment:
  vwm run bob \"Add a health endpoint\" --repo https://git.example.com/team/service.git

A sitting: begin it, talk, look at the cost, end it:
  session=$(vwm session start bob)
  vwm prompt $session \"What should we build first?\"
  vwm telemetry $session
  vwm session end $session

Where is the server?
  --data-dir             the data directory of a server on this machine, which has the key, too
  VWM_URL, VWM_API_KEY   else a server elsewhere, and the key to it
  VWM_DATA_DIR           else the same as --data-dir
  vwm login              else the server that this user logged in to
                         else the server of the platform's data folder for vwm
Engines are installed in VWM_ENGINES_DIR. `--output json` gives programs the API's own objects.

Exit codes: 0 done, 1 failed, 2 used wrongly, 3 outcome unknown, 130 aborted, 141 nobody reads any more";

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
        let cli =
            parse("vwm run bob do-it --repo file:///r --branch dev --timeout 60 --output json");
        let Command::Run(args) = cli.command else {
            panic!("another command")
        };
        assert_eq!(
            (args.worker.as_str(), args.prompt.as_deref()),
            ("bob", Some("do-it"))
        );
        let repository = args.repository().expect("a repository");
        assert_eq!(repository.url, "file:///r");
        assert_eq!(repository.branch, "dev");
        assert_eq!(
            (args.timeout, args.is_json(), args.keep),
            (Some(60), true, false)
        );
        assert!(Cli::try_parse_from("vwm run bob x --branch dev".split(' ')).is_err());
    }

    fn each(command: &clap::Command, path: &str, see: &mut impl FnMut(&clap::Command, &str)) {
        see(command, path);
        for inner in command.get_subcommands().filter(|it| !it.is_hide_set()) {
            each(inner, &format!("{path} {}", inner.get_name()), see);
        }
    }

    #[test]
    fn every_command_says_what_it_is_for_and_has_an_example() {
        let mut count = 0;
        each(&Cli::command(), "vwm", &mut |command, path| {
            count += 1;
            assert!(command.get_about().is_some(), "{path} has no sentence");
            let more = command.get_after_help().map(ToString::to_string);
            let more = more.unwrap_or_default();
            assert!(more.starts_with("Example"), "{path} has no example");
        });
        assert!(count > 50, "only {count} commands were seen");
    }

    #[test]
    fn no_option_and_no_argument_takes_a_secret() {
        const SECRET: [&str; 6] = ["key", "secret", "token", "password", "credential", "auth"];
        each(&Cli::command(), "vwm", &mut |command, path| {
            for arg in command.get_arguments() {
                let takes = arg.get_action().takes_values();
                let id = arg.get_id().as_str().to_lowercase();
                let is_secret = SECRET.iter().any(|word| id.contains(word));
                assert!(
                    !(takes && is_secret),
                    "{path} takes {id} on the command line"
                );
            }
        });
    }

    #[test]
    fn what_shows_something_shows_it_to_programs_too() {
        // They print bytes or text as they are, or run until they are stopped.
        const PLAIN: [&str; 13] = [
            "vwm demo",
            "vwm server",
            "vwm logout",
            "vwm completion",
            "vwm engine install",
            "vwm scripted model",
            "vwm scripted agent",
            "vwm session transcript",
            "vwm files read",
            "vwm files write",
            "vwm files upload",
            "vwm files download",
            "vwm files delete",
        ];
        each(&Cli::command(), "vwm", &mut |command, path| {
            let has_form = command.get_arguments().any(|arg| arg.get_id() == "output");
            let is_plain = command.has_subcommands() || PLAIN.contains(&path);
            assert_eq!(has_form, !is_plain, "{path}");
        });
    }
}
