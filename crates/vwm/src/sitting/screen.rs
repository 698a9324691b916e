//! Where a sitting shows what happens.

use std::io::{self, IsTerminal, Write};

use vwm_api::EventBody;
use vwm_client::Watched;

use crate::output::margin::Margin;
use crate::output::stdout::Stdout;
use crate::output::transcript::Transcript;

/// Before each line of what a worker says and does in a story.
const MARGIN: &str = "  │ ";

/// Where what happens is shown.
pub(crate) enum Screen {
    /// On the terminal, as it comes.
    Live(Box<Transcript<Box<dyn Write>, Box<dyn Write>>>),
    /// Nowhere: a program reads the result.
    Quiet,
}

impl Screen {
    /// The terminal, the answer on standard output.
    #[must_use]
    pub(crate) fn live() -> Self {
        let is_styled = io::stderr().is_terminal() && console::colors_enabled_stderr();
        let is_terminal = io::stdout().is_terminal();
        let (out, err) = (Box::new(Stdout), Box::new(io::stderr()));
        Self::Live(Box::new(Transcript::new(out, err, is_terminal, is_styled)))
    }

    /// Everything on standard output, set off from the lines of whoever tells the story.
    #[must_use]
    pub(crate) fn in_story() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_styled = is_terminal && console::colors_enabled();
        let lines = || -> Box<dyn Write> { Box::new(Margin::new(Stdout, MARGIN)) };
        let transcript = Transcript::new(lines(), lines(), is_terminal, is_styled).brief();
        Self::Live(Box::new(transcript))
    }

    /// Keeps what comes from here on away from the answer.
    pub(super) fn aside(&mut self) {
        match self {
            Self::Live(transcript) => transcript.aside(),
            Self::Quiet => {}
        }
    }

    pub(super) fn show(&mut self, body: &EventBody) {
        match self {
            Self::Live(transcript) => transcript.show(body),
            Self::Quiet => {}
        }
    }

    /// Shows a line that is not an event.
    pub(crate) fn note(&mut self, text: &str) {
        match self {
            Self::Live(transcript) => transcript.note(text),
            Self::Quiet => {}
        }
    }

    /// Ends the line that is open.
    pub(crate) fn close(&mut self) {
        match self {
            Self::Live(transcript) => transcript.close(),
            Self::Quiet => {}
        }
    }

    pub(super) fn watched(&mut self, watched: &Watched) {
        match watched {
            Watched::Event(event) => self.show(&event.body),
            Watched::Lost(_) => self.note("the server is away; waiting for it, nothing is lost"),
            Watched::Back => self.note("the server is back"),
        }
    }
}
