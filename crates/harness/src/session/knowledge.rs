//! What the instruction file tells of the knowledge base.

use std::path::{Path, PathBuf};

use crate::instructions;
use crate::workspace::{Kind, Tree};

/// How many files the instruction file names.
const INDEX: usize = 100;

/// The knowledge base's files with their first lines, for the instruction file.
pub(super) fn index(tree: &Tree) -> Vec<instructions::Known> {
    let Ok(walk) = tree.walk(
        |path| path.file_name().is_some_and(|name| name == ".git"),
        20_000,
    ) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = walk
        .entries
        .into_iter()
        .filter(|entry| entry.kind == Kind::File)
        .map(|entry| entry.path)
        .collect();
    paths.sort();
    let more = paths.len().saturating_sub(INDEX);
    let known = |path: PathBuf| instructions::Known {
        about: first_line(tree, &path),
        path: path.display().to_string(),
    };
    let mut all: Vec<_> = paths.into_iter().take(INDEX).map(known).collect();
    if more > 0 {
        all.push(instructions::Known {
            path: String::new(),
            about: Some(format!("and {more} more files")),
        });
    }
    all
}

fn first_line(tree: &Tree, path: &Path) -> Option<String> {
    if path.extension().is_none_or(|extension| extension != "md") {
        return None;
    }
    let bytes = tree.read(path, 1 << 20).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text
        .lines()
        .map(|line| line.trim_start_matches('#').trim())
        .find(|line| !line.is_empty() && *line != "---")?;
    Some(line.chars().take(100).collect())
}
