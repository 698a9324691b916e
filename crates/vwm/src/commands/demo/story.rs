//! What the demo tells: bob's file, the repositories' histories, the prompt, and what the scripted model does about it.

use serde_json::json;
use vwm_api::{OnBusy, Prompt};
use vwm_scripted::Script;

use crate::error::CliError;

/// One commit of a history.
pub(crate) struct Commit {
    /// What it says.
    pub(crate) message: &'static str,
    /// Its files and what is in them.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

macro_rules! knowledge {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../../examples/bob/knowledge-base/", $path)))),*]
    };
}

/// What bob knows, as his team wrote it down.
pub(crate) const KNOWLEDGE_BASE: [Commit; 2] = [
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
pub(crate) const PROJECT: [Commit; 2] = [
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

/// What bob is asked.
pub(crate) const PROMPT: &str = "Add a health endpoint to the service, as our guidelines want it.";

/// The same as a prompt.
pub(crate) fn prompt() -> Prompt {
    Prompt {
        prompt: PROMPT.to_owned(),
        subsession_id: None,
        timeout: Some(300),
        breadcrumbs: vec!["demo".to_owned()],
        on_busy: OnBusy::Queue,
    }
}

/// Bob's file with his knowledge base at another place.
pub(crate) fn bob(knowledge_base_url: &str) -> String {
    const FILE: &str = include_str!("../../../../../examples/bob/bob.yaml");
    let lines = FILE.lines().map(|line| match line.split_once(':') {
        Some(("workerRepoUrl", _)) => format!("workerRepoUrl: {knowledge_base_url:?}"),
        Some(_) | None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// What the model does: looks, writes, checks, notes what it learned, answers.
pub(crate) fn script() -> Result<Script, CliError> {
    const HEALTH: &str = "\"\"\"Whether the greeting service is well; see guidelines/api.md, Health.\"\"\"\n\nimport time\n\nSTARTED = time.monotonic()\n\n\ndef health():\n    return {\"status\": \"ok\", \"uptimeSeconds\": round(time.monotonic() - STARTED)}\n";
    const LEARNED: &str = "# Health endpoints\\n\\nThe greeting service has one since this session: health.py, without I/O, as guidelines/api.md wants it.\\n";
    let look =
        "cat worker_repo/guidelines/api.md && ls session_repo && cat session_repo/service.py";
    let check = "(cd session_repo && python3 -B -c 'import health; print(health.health())' || cat health.py)";
    let learn = format!("printf '{LEARNED}' > worker_repo/learnings/health-endpoints.md");
    let script = json!({ "rules": [{ "when": "health endpoint", "steps": [
        {
            "think": "The guidelines come first, then what is there already.",
            "text": "I'll read what our guidelines say about health endpoints, and what the service looks like.",
            "shell": look,
        },
        {
            "text": "The guidelines are clear: no I/O, and the uptime in seconds. One small module does it.",
            "write": ["session_repo/health.py", HEALTH],
        },
        { "shell": check },
        { "text": "It works. I'll write down what the next one should know.", "shell": learn },
        {
            "text": "Done: `health.py` answers `{\"status\": \"ok\", \"uptimeSeconds\": …}` and touches neither disk nor network. \
                     I left the routing alone, because the service has none yet; I'd object to adding a framework just for this.",
        },
    ]}]});
    Script::from_value(&script).map_err(|error| CliError::Part(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bob_has_no_fault_and_his_knowledge_base_is_where_the_demo_put_it() {
        let url = "file:///tmp/a/knowledge-base.git";
        let drafts = vwm_worker::parse_file("bob.yaml", &bob(url));
        let drafts = drafts.unwrap_or_else(|faults| panic!("{faults:#?}"));
        assert_eq!(drafts.len(), 1);
        let id = vwm_api::RuntimeId::new();
        let bob = drafts[0].clone().resolve(id);
        assert_eq!(bob.name, "bob");
        assert_eq!(bob.worker_repo_url.as_deref(), Some(url));
    }

    #[test]
    fn the_script_is_one() {
        let script = script().expect("no fault");
        assert!(PROMPT.contains(&script.rules[0].when));
    }
}
