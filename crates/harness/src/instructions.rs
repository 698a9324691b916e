//! The merged instruction file: the system's text first, the worker's second, both whole, and then where things are.

use vwm_api::harness::Setup;

/// The canonical instruction file of every engine, at the workspace root.
pub(crate) const FILE: &str = "CLAUDE.md";

const SEPARATOR: &str = "\n\n---\n\n";

/// A file of the knowledge base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Relative to the knowledge base.
    pub(crate) path: String,
    /// Its first line.
    pub(crate) about: Option<String>,
}

/// Merges the texts. `knowledge` is the index of the knowledge base, where there is one.
pub(crate) fn merge(setup: &Setup, knowledge: Option<&[Known]>) -> String {
    let mut parts = Vec::new();
    if !setup.system_agent_md.trim().is_empty() {
        parts.push(setup.system_agent_md.trim_end().to_owned());
    }
    if let Some(role) = setup
        .worker
        .agent_md
        .as_ref()
        .filter(|text| !text.trim().is_empty())
    {
        parts.push(role.trim_end().to_owned());
    }
    parts.push(workspace(setup, knowledge));
    parts.join(SEPARATOR) + "\n"
}

fn workspace(setup: &Setup, knowledge: Option<&[Known]>) -> String {
    let mut text = format!("# Your workspace\n\nYou are {}.", setup.worker.name);
    if let Some(description) = &setup.worker.description {
        text += &format!(" {}", description.trim_end_matches('.'));
        text += ".";
    }
    text += " Your working directory is the workspace; everything in it is yours to use.\n";
    if setup.repository.is_some() {
        text += "\n- `session_repo/` is the repository that you work on. It stands on the branch of this session: commit \
                 there as often as you like, do not switch to another branch, do not push. What is not committed when \
                 the session ends is committed for you, and the branch is pushed for you.";
    }
    if let Some(files) = knowledge {
        text += "\n- `worker_repo/` is your knowledge base: what your team has written down for you. Read what bears on \
                 a task before you start it. It is read-only, except for `worker_repo/learnings/`. Search it with the \
                 path `worker_repo/`, with the slash.\n\nYour knowledge base holds:\n";
        for file in files {
            text += &match (&file.about, file.path.as_str()) {
                (Some(about), "") => format!("\n- {about}"),
                (Some(about), path) => format!("\n- `worker_repo/{path}`: {about}"),
                (None, path) => format!("\n- `worker_repo/{path}`"),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_setup::setup;

    #[test]
    fn the_systems_text_comes_first_then_the_workers_both_whole() {
        let mut setup = setup();
        setup.system_agent_md = "Be kind.\n".into();
        setup.worker.agent_md = Some("You are Bob.\nYou push back on bad ideas.\n".into());
        let merged = merge(
            &setup,
            Some(&[Known {
                path: "COMPANY.md".into(),
                about: Some("Who we are".into()),
            }]),
        );
        assert!(
            merged.starts_with("Be kind.\n\n---\n\nYou are Bob.\nYou push back on bad ideas.\n\n---\n\n# Your workspace"),
            "{merged}"
        );
        assert!(
            merged.contains("\n- `worker_repo/COMPANY.md`: Who we are"),
            "{merged}"
        );
    }

    #[test]
    fn without_a_knowledge_base_nobody_is_sent_there() {
        let merged = merge(&setup(), None);
        assert!(merged.starts_with("# Your workspace"), "{merged}");
        assert!(!merged.contains("worker_repo"), "{merged}");
    }
}
