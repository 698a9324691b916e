//! `vwm reference`: every command's help as one Markdown page, which is what the documents have.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::output::table;

const WIDTH: usize = 100;

/// Writes the page.
pub(crate) fn run() {
    table::text(&markdown());
}

/// The page: the same on every machine.
#[must_use]
pub(crate) fn markdown() -> String {
    let mut vwm = settled(Cli::command());
    vwm.build();
    let mut page = "# Command line\n\nWhat `vwm reference` prints; the same stands behind `--help` of each command.\n".to_owned();
    section(&mut vwm, "vwm", &mut page);
    page
}

/// A command whose help depends on no terminal and no environment.
fn settled(command: Command) -> Command {
    let command = command
        .term_width(WIDTH)
        .max_term_width(WIDTH)
        .mut_args(|arg| arg.hide_env_values(true));
    command.mut_subcommands(settled)
}

fn section(command: &mut Command, path: &str, page: &mut String) {
    let help = command.render_help().to_string();
    let help = help.lines().map(str::trim_end).collect::<Vec<_>>();
    let help = help.join("\n");
    // Writing to a text cannot fail.
    let _ = write!(page, "\n## {path}\n\n```text\n{}\n```\n", help.trim());
    for inner in command.get_subcommands_mut() {
        if !inner.is_hide_set() && inner.get_name() != "help" {
            let path = format!("{path} {}", inner.get_name());
            section(inner, &path, page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_without_colours_and_is_narrow() {
        let page = markdown();
        assert_eq!(page, markdown());
        for heading in ["\n## vwm\n", "\n## vwm worker apply\n", "\n## vwm run\n"] {
            assert!(page.contains(heading), "{heading}");
        }
        assert!(!page.contains('\u{1b}') && !page.contains("\n## vwm harness\n"));
        assert!(page.contains("Usage: vwm worker apply "));
    }
}
