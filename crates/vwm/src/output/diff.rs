//! What changes between two texts, as people know it from git.

use console::Style;
use similar::TextDiff;

use super::table::plain;

/// One of two texts that are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    /// What it is called.
    pub(crate) name: &'a str,
    /// What it says.
    pub(crate) text: &'a str,
}

/// What changes, with three lines around it; empty when nothing does.
pub(crate) fn unified(before: Side<'_>, after: Side<'_>, is_styled: bool) -> String {
    let diff = TextDiff::from_lines(before.text, after.text);
    let plain_diff = diff
        .unified_diff()
        .context_radius(3)
        .header(before.name, after.name)
        .to_string();
    let mut shown = String::with_capacity(plain_diff.len());
    for line in plain_diff.lines() {
        let style = style_of(line).force_styling(is_styled);
        shown += &style.apply_to(plain(line)).to_string();
        shown.push('\n');
    }
    shown
}

fn style_of(line: &str) -> Style {
    let style = Style::new();
    if line.starts_with("--- ") || line.starts_with("+++ ") {
        return style.bold();
    }
    match line.chars().next() {
        Some('+') => style.green(),
        Some('-') => style.red(),
        Some('@') => style.cyan(),
        Some(_) | None => style,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str, is_styled: bool) -> String {
        let side = |name, text| Side { name, text };
        unified(
            side("bob, revision 1", before),
            side("bob.yaml", after),
            is_styled,
        )
    }

    #[test]
    fn a_change_is_told_with_what_stands_around_it() {
        let before = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n";
        let after = "a: 1\nb: 2\nc: 3\nd: \u{1b}4\ne: 5\nf: 6\n";
        insta::assert_snapshot!(told(before, after, false), @r"
        --- bob, revision 1
        +++ bob.yaml
        @@ -1,6 +1,6 @@
         a: 1
         b: 2
         c: 3
        -d: 4
        +d:  4
         e: 5
         f: 6
        ");
        assert_eq!(told(before, before, false), "");
        assert!(told("a\n", "b\n", true).contains("\u{1b}[32m+b\u{1b}[0m\n"));
    }
}
