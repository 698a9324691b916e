//! Shows that something long goes on: a spinner on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{numbers, table};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(15);

/// How something long is shown.
pub(crate) enum Progress {
    /// A spinner.
    Spinner(ProgressBar),
    /// A line now and then.
    Lines {
        /// What goes on.
        what: String,
        /// When the last line was written.
        since: Instant,
    },
}

impl Progress {
    /// As it suits standard error.
    #[must_use]
    pub(crate) fn for_stderr() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines {
                what: String::new(),
                since: Instant::now(),
            };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        Self::Spinner(bar)
    }

    /// It begins.
    pub(crate) fn begin(&mut self, name: &str) {
        match self {
            Self::Spinner(bar) => {
                bar.enable_steady_tick(Duration::from_millis(120));
                bar.set_prefix(format!("installing {name}"));
            }
            Self::Lines { what, .. } => {
                name.clone_into(what);
                table::aside(format!("installing {name} (some hundred MB)"));
            }
        }
    }

    /// So many bytes are there.
    pub(crate) fn brought(&mut self, bytes: u64) {
        match self {
            Self::Spinner(bar) => bar.set_message(numbers::bytes(bytes)),
            Self::Lines { what, since } if since.elapsed() >= EVERY => {
                table::aside(format!(
                    "installing {what}: {} so far",
                    numbers::bytes(bytes)
                ));
                *since = Instant::now();
            }
            Self::Lines { .. } => {}
        }
    }

    /// Something else begins.
    pub(crate) fn step(&mut self, text: &str) {
        match self {
            Self::Spinner(bar) => bar.set_message(text.to_owned()),
            Self::Lines { what, .. } => table::aside(format!("installing {what}: {text}")),
        }
    }

    /// It is done.
    pub(crate) fn finish(&mut self) {
        match self {
            Self::Spinner(bar) => bar.finish_and_clear(),
            Self::Lines { .. } => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
