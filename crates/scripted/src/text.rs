//! Texts in pieces, as models say them.

/// Cuts a text into about so many chunks, none of them empty.
pub(crate) fn cut(text: &str, chunks: usize) -> Vec<&str> {
    let count = text.chars().count();
    let size = count.div_ceil(chunks.max(1)).max(1);
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .step_by(size)
        .chain([text.len()])
        .collect();
    starts
        .windows(2)
        .map(|ends| &text[ends[0]..ends[1]])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_its_characters() {
        assert_eq!(cut("äöü", 2), ["äö", "ü"]);
        assert_eq!(cut("a", 5), ["a"]);
        assert!(cut("", 2).is_empty());
    }
}
