//! Tables for people and JSON for programs, on standard output.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::stdout::Stdout;
use crate::error::CliError;

/// Writes a line; what becomes of it is looked after at the end.
pub(crate) fn line(text: impl std::fmt::Display) {
    // Standard output remembers it.
    let _ = Stdout.write_all(format!("{text}\n").as_bytes());
}

/// Writes lines that are whole.
pub(crate) fn text(text: &str) {
    // Likewise.
    let _ = Stdout.write_all(text.as_bytes());
}

/// Writes a line on standard error: what a person is told beside the result.
pub(crate) fn aside(text: impl std::fmt::Display) {
    // Whoever reads may rightly be gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether colours may stand on standard output.
pub(crate) fn is_styled() -> bool {
    io::stdout().is_terminal() && console::colors_enabled()
}

/// Writes rows below a header, without frames, so that `grep` and `awk` get along with it.
pub(crate) fn rows(header: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.into_iter().map(|cell| plain(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for row in table.to_string().lines() {
        line(row.trim_end());
    }
}

/// Writes names and values, one pair a line.
pub(crate) fn fields(fields: &[(&str, String)]) {
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in fields {
        for (place, part) in value.lines().enumerate() {
            let name = if place == 0 { name } else { "" };
            line(format!("{name:width$}  {}", plain(part)));
        }
    }
}

/// Writes JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Part(anyhow::Error::new(error)))?;
    line(text);
    Ok(())
}

/// The text without what would steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|it| if steers(it) { ' ' } else { it })
        .collect()
}

/// Whether a character is no text: it moves the cursor, or turns the order of the others around.
pub(crate) fn steers(it: char) -> bool {
    it.is_control() || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_steers_a_terminal_is_no_text() {
        assert_eq!(
            plain("a\u{1b}[2Jb\r\u{9b}c\u{202e}d\u{2066}é"),
            "a [2Jb  c d é"
        );
    }
}
