//! The stamp that an event carries in its text: `@@<number>:<when it was written, in ns>@@`.

/// When and as which event something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Counts from 1 in each conversation.
    pub(crate) number: u64,
    /// By [`crate::clock::now_ns`].
    pub(crate) sent_ns: u64,
}

/// The stamps in a text, in their order.
pub(crate) fn stamps(text: &str) -> impl Iterator<Item = Stamp> {
    text.split("@@").filter_map(|part| {
        let (number, sent) = part.split_once(':')?;
        Some(Stamp {
            number: number.parse().ok()?,
            sent_ns: sent.parse().ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_between_other_text() {
        let found: Vec<_> = stamps("x@@1:20@@y:z@@ @@2:30@@@@3:x@@4:50@@")
            .map(|stamp| (stamp.number, stamp.sent_ns))
            .collect();
        assert_eq!(found, [(1, 20), (2, 30), (4, 50)]);
    }
}
