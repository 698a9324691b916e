//! A margin before every line.

use std::io::{self, Write};

/// A writer whose lines all begin with a margin.
pub(crate) struct Margin<W> {
    to: W,
    margin: &'static str,
    is_at_start: bool,
}

impl<W: Write> Margin<W> {
    /// Puts the margin before every line.
    pub(crate) fn new(to: W, margin: &'static str) -> Self {
        Self {
            to,
            margin,
            is_at_start: true,
        }
    }
}

impl<W: Write> Write for Margin<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if self.is_at_start {
                let margin = match line {
                    b"\n" => self.margin.trim_end(),
                    _ => self.margin,
                };
                self.to.write_all(margin.as_bytes())?;
            }
            self.to.write_all(line)?;
            self.is_at_start = line.ends_with(b"\n");
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_it_however_it_comes() {
        let mut shown = Vec::new();
        let mut margin = Margin::new(&mut shown, "| ");
        for piece in ["one", " and", " two\nth", "ree\n\n", "four\n"] {
            margin.write_all(piece.as_bytes()).expect("it takes all");
        }
        let shown = String::from_utf8(shown).expect("text");
        assert_eq!(shown, "| one and two\n| three\n|\n| four\n");
    }
}
