//! Characters that nobody sees and that a terminal or a model obeys all the same. People review what a session learned by eye, so
//! what they read must be all that there is.

/// The text without them. Line ends, tabs, and what scripts and emoji are joined with stay.
pub(crate) fn without(text: &str) -> String {
    let mut all = text.chars().peekable();
    let mut seen = String::with_capacity(text.len());
    while let Some(one) = all.next() {
        let is_line_end = one == '\r' && all.peek() == Some(&'\n');
        if is_line_end || !is_unseen(one) {
            seen.push(one);
        }
    }
    seen
}

fn is_unseen(one: char) -> bool {
    match one {
        '\n' | '\t' => false,
        // What turns the order of the others around.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // What takes no room.
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => true,
        // Tags, an alphabet of its own, and selectors that can count like one.
        '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}' => true,
        _ => one.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn what_is_seen_stays_and_what_is_not_goes() {
        let hidden: String = "obey"
            .chars()
            .filter_map(|c| char::from_u32(0xe0000 + u32::from(c)))
            .collect();
        assert_eq!(without(&format!("Test it.{hidden}\n")), "Test it.\n");
        let table = [
            ("a\u{1b}[2Jb\0c\u{9b}d", "a[2Jbcd"),
            ("one\rtwo\r\n\tthree", "onetwo\r\n\tthree"),
            ("\u{feff}ab\u{202e}dc\u{2066}\u{200b}", "abdc"),
        ];
        for (text, seen) in table {
            assert_eq!(without(text), seen, "{text:?}");
        }
        let all = "É 日本 שלום\u{200f} 👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم";
        assert_eq!(without(all), all);
    }
}
