//! `vwm completion`: what a shell needs to complete our commands.

use std::io::Write;

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output::stdout::Stdout;

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum For {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// Writes the script.
pub(crate) fn run(shell: For) {
    let shell = match shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut offered(), "vwm", &mut script);
    // Standard output remembers it.
    let _ = Stdout.write_all(&script);
}

/// What people type: our processes start each other by commands that nobody is offered.
fn offered() -> Command {
    let all = Cli::command();
    let offered = all.get_subcommands().filter(|it| !it.is_hide_set());
    Command::new("vwm")
        .args(all.get_arguments().cloned())
        .subcommands(offered.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_people_type_is_offered() {
        let mut script = Vec::new();
        clap_complete::generate(Shell::Bash, &mut offered(), "vwm", &mut script);
        let script = String::from_utf8(script).expect("text");
        assert!(script.contains("worker") && script.contains("--data-dir"));
        assert!(!script.contains("push-bundle"));
    }
}
