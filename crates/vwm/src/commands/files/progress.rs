//! How far a long transfer is, on a terminal.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const KNOWN: &str =
    "{prefix} {wide_bar} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta}";
const UNKNOWN: &str = "{spinner} {prefix} {decimal_bytes}, {decimal_bytes_per_sec}";
/// What is over sooner shows nothing.
const SOON: Duration = Duration::from_millis(120);

/// A bar on standard error; nothing where that is no terminal.
pub(super) fn bar(name: &str, length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), KNOWN),
        None => (ProgressBar::new_spinner(), UNKNOWN),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(crate::output::table::plain(name));
    bar.enable_steady_tick(SOON);
    bar
}
