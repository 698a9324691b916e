//! How the story looks: headings, sentences, what people say, and the commands that a person would type.

use std::io::{self, IsTerminal};

use console::Style;

use crate::output::table;

/// The widest that a line of ours gets.
const WIDTH: usize = 96;

/// Begins a chapter.
pub(super) fn chapter(title: &str) {
    let is_styled = io::stdout().is_terminal() && console::colors_enabled();
    let bold = Style::new().bold().force_styling(is_styled);
    table::line("");
    table::line(bold.apply_to(format!("▸ {title}")));
}

/// Says something.
pub(super) fn say(text: &str) {
    for line in wrapped("  ", text) {
        table::line(line.trim_end());
    }
}

/// Says a name and what belongs to it.
pub(super) fn say_field(name: &str, value: &str) {
    for line in wrapped(&format!("  {name:9} "), value) {
        table::line(line);
    }
}

/// Shows a line as it is, a little further in; nothing in it steers the terminal.
pub(super) fn show(line: &str) {
    table::line(format!("    {}", table::plain(line)).trim_end());
}

/// Shows a file.
pub(super) fn file(content: &str) {
    for line in content.lines() {
        table::line(format!("  │ {}", table::plain(line)).trim_end());
    }
}

/// Says what a person asks of a worker.
pub(super) fn asks(who: &str, text: &str) {
    table::line("");
    for line in wrapped(&format!("  {who}: "), text) {
        table::line(line);
    }
}

/// Shows a command as a person would type it.
pub(super) fn command(words: &[&str]) {
    for line in typed(words) {
        table::line(line);
    }
}

/// The lines of a text; those behind the first begin with as many blanks as its beginning has characters.
fn wrapped(beginning: &str, text: &str) -> Vec<String> {
    let indent = beginning.chars().count();
    let mut lines = vec![beginning.to_owned()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a first line");
        let length = last.chars().count();
        if length > indent && length + 1 + word.chars().count() > WIDTH {
            lines.push(" ".repeat(indent) + word);
        } else if length > indent {
            last.push(' ');
            last.push_str(word);
        } else {
            last.push_str(word);
        }
    }
    lines
}

/// The lines of a command; where one is too long the shell is told that it goes on.
fn typed(words: &[&str]) -> Vec<String> {
    let mut lines = vec!["  $".to_owned()];
    for word in words {
        let word = quoted(word);
        let last = lines.last_mut().expect("there is a first line");
        // Behind it is place for a backslash.
        let is_full = last.chars().count() + 1 + word.chars().count() + 2 > WIDTH;
        if is_full && last.trim() != "$" {
            last.push_str(" \\");
            lines.push(format!("      {word}"));
        } else {
            last.push(' ');
            last.push_str(&word);
        }
    }
    lines
}

/// The word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if word.contains(['"', '$', '`', '\\', '!']) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_and_commands_go_on_below() {
        let text = "word ".repeat(30);
        let lines = wrapped("  ann: ", &text);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[1].starts_with("       word"), "{lines:?}");

        let branch = "b".repeat(80);
        let words = ["git", "-C", "/tmp/it's a", "show", &branch];
        assert_eq!(
            typed(&words),
            [
                "  $ git -C \"/tmp/it's a\" show \\".to_owned(),
                format!("      {branch}"),
            ]
        );
        assert_eq!(quoted("say \"$x\""), "'say \"$x\"'");
        assert_eq!(quoted("it's $x"), r"'it'\''s $x'");
    }
}
