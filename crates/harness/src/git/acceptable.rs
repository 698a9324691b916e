//! Which files of the learnings may be proposed, by what can be told without reading them.

use crate::workspace::{Kind, Walked};

/// The largest learning.
pub(super) const MAX_SIZE: u64 = 1024 * 1024;
/// Engines take files of these names for instructions.
const INSTRUCTIONS: [&str; 4] = ["agents", "claude", "gemini", "skill"];

/// Why a file is not taken.
pub(super) fn fault(entry: &Walked, name: &str) -> Option<&'static str> {
    match entry.kind {
        Kind::File => {}
        Kind::Dir => return Some("it is a folder"),
        Kind::Link => return Some("it is a link"),
        Kind::Other => return Some("it is not a regular file"),
    }
    if entry.path.to_str().is_none() || name.contains(char::is_control) {
        return Some("its name is not plain text");
    }
    if name.contains('/') {
        return Some("only files directly in learnings/ are taken");
    }
    if !name.ends_with(".md") {
        return Some("only files named *.md are taken");
    }
    if is_instruction(name) {
        return Some("engines would take it for instructions; give it another name");
    }
    if entry.size > MAX_SIZE {
        return Some("it is larger than 1 MiB");
    }
    None
}

/// Whether an engine takes a file of that name for instructions: also `CLAUDE.local.md`.
fn is_instruction(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    INSTRUCTIONS
        .iter()
        .any(|instruction| first.trim().eq_ignore_ascii_case(instruction))
}

#[cfg(test)]
mod tests {
    use super::is_instruction;

    #[test]
    fn a_name_that_engines_read_by_themselves_is_an_instruction_in_any_case() {
        for name in [
            "CLAUDE.md",
            "claude.md",
            "Agents.MD.md",
            "GEMINI.md",
            "SKILL.md",
            "CLAUDE.local.md",
        ] {
            assert!(is_instruction(name), "{name}");
        }
        for name in ["session-1.md", "claudes-law.md", "about-skill.md"] {
            assert!(!is_instruction(name), "{name}");
        }
    }
}
