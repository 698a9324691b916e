//! Takes secrets out of a text that comes in pieces: the end of a piece that may be the beginning of a secret waits for the next one.

use std::ops::RangeInclusive;

use vwm_api::AgentEvent;

use super::mask::{Scan, Secrets};

/// What one turn says, on its way to the journal.
#[derive(Debug, Default)]
pub(super) struct Veil {
    held: Option<Held>,
    /// The engine's line that is being told.
    line: u64,
    /// The engine's lines that have a secret between them.
    split: Vec<RangeInclusive<u64>>,
}

/// The end of a piece, which waits.
#[derive(Debug)]
struct Held {
    kind: Kind,
    text: String,
    /// The first line that has a part of it.
    line: u64,
}

/// What comes in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
}

impl Kind {
    fn event(self, text: String) -> AgentEvent {
        match self {
            Self::Text => AgentEvent::Text(text),
            Self::Thinking => AgentEvent::Thinking(text),
        }
    }
}

impl Veil {
    /// From here on that line of the engine is told.
    pub(super) fn at(&mut self, line: u64) {
        self.line = line;
    }

    /// What can be told by now: what waited first, if what comes is of another kind.
    pub(super) fn through(&mut self, secrets: &Secrets, event: AgentEvent) -> Vec<AgentEvent> {
        let (kind, text) = match event {
            AgentEvent::Text(text) => (Kind::Text, text),
            AgentEvent::Thinking(text) => (Kind::Thinking, text),
            other => {
                let waited = self.release(secrets);
                let other = secrets.mask_event(other);
                return waited.into_iter().chain([other]).collect();
            }
        };
        let waited = match &self.held {
            Some(held) if held.kind != kind => self.release(secrets),
            Some(_) | None => None,
        };
        let told = self.piece(secrets, kind, text);
        waited.into_iter().chain(told).collect()
    }

    /// What waits, because nothing follows that could make a secret of it.
    pub(super) fn release(&mut self, secrets: &Secrets) -> Option<AgentEvent> {
        let Held { kind, text, line } = self.held.take()?;
        let Scan { clean, found, .. } = secrets.scan(&text, false);
        if !found.is_empty() {
            self.split_since(line);
        }
        Some(kind.event(clean))
    }

    /// The lines that have a secret between them, which no look at one line finds.
    pub(super) fn take_split(&mut self) -> Vec<RangeInclusive<u64>> {
        std::mem::take(&mut self.split)
    }

    fn piece(&mut self, secrets: &Secrets, kind: Kind, piece: String) -> Option<AgentEvent> {
        let waited = self.held.take();
        let since = waited.as_ref().map_or(self.line, |held| held.line);
        let mut text = waited.map_or_else(String::new, |held| held.text);
        let (before, is_empty) = (text.len(), text.is_empty() && piece.is_empty());
        text.push_str(&piece);
        let scan = secrets.scan(&text, true);
        if scan.found.iter().any(|at| *at < before) {
            self.split_since(since);
        }
        if scan.undecided < text.len() {
            self.held = Some(Held {
                kind,
                text: text.split_off(scan.undecided),
                line: if scan.undecided < before {
                    since
                } else {
                    self.line
                },
            });
        }
        (is_empty || !scan.clean.is_empty()).then(|| kind.event(scan.clean))
    }

    fn split_since(&mut self, line: u64) {
        let lines = line..=self.line;
        match self.split.last_mut() {
            Some(last) if lines.start() <= last.end() => *last = *last.start()..=self.line,
            Some(_) | None => self.split.push(lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> AgentEvent {
        AgentEvent::Text(text.to_owned())
    }

    fn secrets() -> Secrets {
        Secrets::new(["token-0123456789".to_owned()])
    }

    #[test]
    fn only_what_may_become_a_secret_waits_and_no_longer_than_it_may() {
        let (mut veil, secrets) = (Veil::default(), secrets());
        let mut told = |piece: &str| veil.through(&secrets, text(piece));
        assert_eq!(told("all at once"), [text("all at once")]);
        assert_eq!(told("a tok"), [text("a ")]);
        assert_eq!(told("en-01234"), []);
        assert_eq!(told("56789!"), [text("[secret]!")]);
        assert_eq!(told("to"), []);
        assert_eq!(told("day"), [text("today")]);
        assert_eq!(told(""), [text("")]);
    }

    #[test]
    fn what_waits_is_told_before_anything_of_another_kind() {
        let (mut veil, secrets) = (Veil::default(), secrets());
        assert_eq!(veil.through(&secrets, text("go to")), [text("go ")]);
        let thought = AgentEvent::Thinking("tok".to_owned());
        assert_eq!(veil.through(&secrets, thought), [text("to")]);
        let notice = AgentEvent::notice("stalled", "token-0123456789");
        let told = [
            AgentEvent::Thinking("tok".to_owned()),
            AgentEvent::notice("stalled", "[secret]"),
        ];
        assert_eq!(veil.through(&secrets, notice), told);
        assert_eq!(veil.release(&secrets), None);
    }

    #[test]
    fn the_lines_between_which_a_secret_was_split_are_known() {
        let (mut veil, secrets) = (Veil::default(), secrets());
        for (line, piece) in (1..).zip(["x", "tok", "en-0123", "456789", "token-0123456789", "t"]) {
            veil.at(line);
            veil.through(&secrets, text(piece));
        }
        assert_eq!(veil.take_split(), [2..=4]);
    }

    /// Numbers that look like chance and are the same each time.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % end as u64).expect("it is below a usize")
        }

        /// Of few letters, so that beginnings of secrets come often.
        fn text(&mut self, length: usize) -> String {
            (0..length)
                .map(|_| ["a", "b", "é", "日"][self.below(4)])
                .collect()
        }
    }

    #[test]
    fn however_a_text_is_cut_its_pieces_are_the_masked_whole_and_hold_no_secret() {
        let mut chance = Chance(0x5eed);
        for _ in 0..2_000 {
            let known: Vec<String> = (0..1 + chance.below(3))
                .map(|_| {
                    let length = 8 + chance.below(4);
                    chance.text(length)
                })
                .collect();
            let secrets = Secrets::new(known.clone());
            let mut whole = String::new();
            for _ in 0..chance.below(6) {
                let length = chance.below(12);
                whole += &chance.text(length);
                whole += &known[chance.below(known.len())];
            }
            let (mut veil, mut told, mut rest) = (Veil::default(), Vec::new(), whole.as_str());
            while !rest.is_empty() {
                let cut = rest.ceil_char_boundary(1 + chance.below(rest.len().min(9)));
                let (piece, more) = rest.split_at(cut);
                told.extend(veil.through(&secrets, text(piece)));
                rest = more;
            }
            told.extend(veil.release(&secrets));
            let together: String = told
                .into_iter()
                .map(|event| match event {
                    AgentEvent::Text(text) => text,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(together, secrets.mask(whole.clone()), "{known:?} {whole:?}");
            for secret in &known {
                assert!(!together.contains(secret.as_str()), "{secret}: {together}");
            }
        }
    }
}
