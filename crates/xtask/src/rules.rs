//! The house rules that no other tool knows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::failpoints;

/// The longest file; STYLE.md says where to split.
const LINES_MAX: usize = 500;

/// The one reason for an ignored test: it is not one, but a process that another test starts.
const STARTED_BY_ANOTHER: &str = "#[ignore = \"a part of another test, which starts it\"]";

/// What decides nothing about the work, and so asks no model: only a worker's engine does, through the door of its harness.
const MANAGER: [&str; 6] = ["api", "client", "jobs", "server", "store", "worker"];

/// How a model's API is asked, at each provider.
const MODEL_CALLS: [&str; 5] = [
    "v1/messages",
    "chat/completions",
    "v1/responses",
    ":generateContent",
    ":streamGenerateContent",
];

/// Looks at every Rust file of the workspace.
pub(crate) fn check(root: &Path) -> Result<()> {
    let (mut broken, mut sources) = (Vec::new(), Vec::new());
    for file in rust_files(root)? {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file);
        let is_manager = MANAGER
            .iter()
            .any(|part| name.starts_with(Path::new("crates").join(part)));
        let mut found = rules(&text);
        if is_manager {
            found.extend(model_calls(&text));
        }
        let name = name.display();
        broken.extend(found.iter().map(|rule| format!("{name}{rule}")));
        sources.push((name.to_string(), text));
    }
    broken.extend(failpoints::check(root, &sources)?);
    if !broken.is_empty() {
        bail!("house rules are broken:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// Names the rules that a file breaks, each with its line.
fn rules(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        broken.push(format!(
            ": {lines} lines are more than {LINES_MAX}; split the file along its nouns"
        ));
    }
    if !text.starts_with("//! ") {
        broken.push(
            ":1: a module starts with one sentence that says what it is for (`//! …`)".to_owned(),
        );
    }
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("#[ignore") && line != STARTED_BY_ANOTHER {
            broken.push(format!(
                ":{}: no test is ignored; mend it, or delete it",
                number + 1
            ));
        }
    }
    broken
}

/// Names the lines on which the manager would ask a model by itself.
fn model_calls(text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let calls = lines.filter(|(_, line)| MODEL_CALLS.iter().any(|call| line.contains(call)));
    calls
        .map(|(number, _)| {
            format!(
                ":{}: the manager asks no model; what needs thought is a worker's turn",
                number + 1
            )
        })
        .collect()
}

/// Every Rust file of the workspace.
pub(crate) fn rust_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["crates", "tests", "benches"] {
        files.extend(files_in(&root.join(folder))?);
    }
    Ok(files)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files.extend(files_in(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_breaks_a_rule_is_told_where() {
        assert_eq!(
            rules("//! A module.\n\nfn main() {}\n"),
            Vec::<String>::new()
        );
        let long = format!(
            "use x;\n#[test]\n    #[ignore = \"slow\"]\n{}",
            "\n".repeat(500)
        );
        insta::assert_snapshot!(rules(&long).join("\n"), @r"
        : 503 lines are more than 500; split the file along its nouns
        :1: a module starts with one sentence that says what it is for (`//! …`)
        :3: no test is ignored; mend it, or delete it
        ");
    }

    #[test]
    fn a_manager_that_asks_a_model_is_told_where() {
        let asks = "//! A module.\n\nconst URL: &str = \"https://api.example.com/v1/messages\";\n";
        assert_eq!(
            model_calls(asks),
            [":3: the manager asks no model; what needs thought is a worker's turn"]
        );
        assert_eq!(model_calls("//! Sends messages.\n"), Vec::<String>::new());
    }
}
