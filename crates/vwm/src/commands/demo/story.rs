//! What the demo is about: bob's file, the repositories' histories, and what his colleague asks of him.

/// One commit of a history.
pub(super) struct Commit {
    /// What it says.
    pub(super) message: &'static str,
    /// Its files and what is in them.
    pub(super) files: &'static [(&'static str, &'static str)],
}

macro_rules! knowledge {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../../examples/bob/knowledge-base/", $path)))),*]
    };
}

/// What bob knows, as his team wrote it down.
pub(super) const KNOWLEDGE_BASE: [Commit; 2] = [
    Commit {
        message: "Write down who we are and how we build",
        files: knowledge!["README.md", "COMPANY.md", "ARCHITECTURE.md"],
    },
    Commit {
        message: "Add the guidelines for services and reviews",
        files: knowledge![
            "guidelines/api.md",
            "guidelines/review.md",
            "learnings/README.md"
        ],
    },
];

/// What he works on.
pub(super) const PROJECT: [Commit; 2] = [
    Commit {
        message: "Start the greeting service",
        files: &[(
            "service.py",
            "\"\"\"The greeting service.\"\"\"\n\n\ndef greet(name):\n    return {\"message\": f\"Hello, {name}\"}\n",
        )],
    },
    Commit {
        message: "Say what it does",
        files: &[(
            "README.md",
            "# Greeting service\n\n`service.py` answers with a greeting. It has no health endpoint yet.\n",
        )],
    },
];

/// Who asks.
pub(super) const COLLEAGUE: &str = "ann";

/// The first session's task.
pub(super) const TASK: &str = "Add a health endpoint to the service, as our guidelines want it.";

/// What she says to what he did: this is nowhere written down.
pub(super) const CORRECTION: &str = "No version in there, please. Counter's monitor asks every second and raises an alarm \
    whenever any field but uptimeSeconds changes, so with a version every release wakes somebody up.";

/// The second session's task.
pub(super) const NEXT_TASK: &str = "Add a readiness endpoint to the service.";

/// Bob's file with his knowledge base at another place.
pub(super) fn bob(knowledge_base_url: &str) -> String {
    const FILE: &str = include_str!("../../../../../examples/bob/bob.yaml");
    let lines = FILE.lines().map(|line| match line.split_once(':') {
        Some(("workerRepoUrl", _)) => format!("workerRepoUrl: {knowledge_base_url:?}"),
        Some(_) | None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bob_has_no_fault_learns_and_has_his_knowledge_base_where_the_demo_put_it() {
        let url = "file:///tmp/a/knowledge-base.git";
        let drafts = vwm_worker::parse_file("bob.yaml", &bob(url));
        let drafts = drafts.unwrap_or_else(|faults| panic!("{faults:#?}"));
        assert_eq!(drafts.len(), 1);
        let id = vwm_api::RuntimeId::new();
        let bob = drafts[0].clone().resolve(id);
        assert_eq!(bob.name, "bob");
        assert_eq!(bob.worker_repo_url.as_deref(), Some(url));
        assert!(bob.auto_learn);
    }
}
