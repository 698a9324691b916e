//! What the scripted model does in the demo. Its words are written in advance; what it says of a learning is taken out of the request
//! that it gets, and it stands there only if the engine really sent it.

use serde_json::{Value, json};
use vwm_api::harness::LEARNING_TRANSCRIPT;
use vwm_scripted::Script;

use crate::error::CliError;

/// A part of the learning that nothing else says: by it the next session's request is known.
pub(super) const LEARNED: &str = "alarms on any change";

const LEARNING: &str = "\
---
title: No version in what Counter's monitor reads
---

Counter's monitor asks every second and alarms on any change except that of `uptimeSeconds`.
A version in `health` or `ready` therefore wakes somebody up with every release.

- How we know: Ann said so when a version stood in `health`; the guidelines do not mention it.
- What to do: keep versions, dates and hashes out of these answers, also of new ones.
";

const HEALTH_WITH_VERSION: &str = "\
\"\"\"Whether the greeting service is well; see guidelines/api.md, Health.\"\"\"

import time

VERSION = \"1.0.0\"
STARTED = time.monotonic()


def health():
    uptime = round(time.monotonic() - STARTED)
    return {\"status\": \"ok\", \"uptimeSeconds\": uptime, \"version\": VERSION}
";

const HEALTH: &str = "\
\"\"\"Whether the greeting service is well; see guidelines/api.md, Health.\"\"\"

import time

STARTED = time.monotonic()


def health():
    uptime = round(time.monotonic() - STARTED)
    return {\"status\": \"ok\", \"uptimeSeconds\": uptime}
";

const READY: &str = "\
\"\"\"Whether the greeting service can do its work; see guidelines/api.md, Health.\"\"\"


def ready():
    # Nothing that changes with a release: Counter's monitor alarms on it.
    return {\"status\": \"ready\"}
";

/// All that the model knows.
pub(super) fn script() -> Result<Script, CliError> {
    let rules: Vec<Value> = [
        learns(),
        learns_nothing(),
        is_corrected(),
        does_the_task(),
        does_the_next_task(),
    ]
    .into();
    let script = json!({ "rules": rules });
    Script::from_value(&script).map_err(|error| CliError::Part(error.into()))
}

fn does_the_task() -> Value {
    json!({ "when": "health endpoint", "steps": [
        {
            "think": "The guidelines come first, then what is there already.",
            "text": "I'll read what our guidelines say about endpoints, and what the service looks like.",
            "shell": "cat worker_repo/guidelines/api.md session_repo/service.py",
        },
        {
            "text": "No I/O, and the uptime as a whole number: one small module does it. I'll add the version,\n\
                     so that one sees what is deployed.",
            "write": ["session_repo/health.py", HEALTH_WITH_VERSION],
        },
        { "shell": tries("health") },
        { "text": "It works: `health.py` answers with status, uptime and version, and asks nobody." },
    ]})
}

fn is_corrected() -> Value {
    json!({ "when": "No version in there", "steps": [
        {
            "text": "That is a good reason, and our guidelines do not have it. Out it goes.",
            "write": ["session_repo/health.py", HEALTH],
        },
        { "shell": format!("{} && {}", tries("health"), commits("Add a health endpoint")) },
        { "text": "Done and committed: status and uptime, nothing else." },
    ]})
}

/// The turn at the end of a session in which somebody said something worth knowing.
fn learns() -> Value {
    json!({
        "when": LEARNING_TRANSCRIPT,
        "held": "No version in there",
        "capture": "worker_repo/learnings/session-",
        "steps": [
            {
                "text": "One thing was new to me. Did anybody write it down before?",
                "shell": format!(
                    "grep -c 'No version in there' {LEARNING_TRANSCRIPT}; grep -ri monitor worker_repo/ || echo nobody"
                ),
            },
            { "text": "Nobody did. I do.", "write": ["{{captured}}", LEARNING] },
            { "text": "Written down for review: what Counter's monitor does with a version, and what to do." },
        ],
    })
}

/// The turn at the end of any other session.
fn learns_nothing() -> Value {
    json!({ "when": LEARNING_TRANSCRIPT, "steps": [
        { "text": "This session taught nothing that my knowledge base does not say already, so I write no file." },
    ]})
}

fn does_the_next_task() -> Value {
    json!({ "when": "readiness endpoint", "capture_line": LEARNED, "steps": [
        {
            "text": "My knowledge base has a warning about that, from an earlier session:\n\n\
                     > {{line}}\n\n\
                     So `ready` will have no version in it, and nothing else that changes with a release.",
            "write": ["session_repo/ready.py", READY],
        },
        { "shell": format!("{} && {}", tries("ready"), commits("Add a readiness endpoint")) },
        { "text": "Done and committed. The service keeps no state, so it is ready as soon as it answers." },
    ]})
}

/// A command that calls a module's function; where there is no Python it shows the module.
fn tries(name: &str) -> String {
    format!(
        "cd session_repo && (python3 -Bc 'import {name}; print({name}.{name}())' || cat {name}.py)"
    )
}

fn commits(message: &str) -> String {
    format!("git add . && git commit -qm '{message}'")
}

#[cfg(test)]
mod tests {
    use super::super::story;
    use super::*;

    #[test]
    fn each_prompt_of_the_story_has_a_rule_of_its_own() {
        let script = script().expect("no fault");
        let rule = |prompt: &str| {
            let fits = |when: &String| prompt.contains(when);
            script.rules.iter().position(|rule| fits(&rule.when))
        };
        let skill = format!("Read `{LEARNING_TRANSCRIPT}`.");
        let prompts = [&skill, story::CORRECTION, story::TASK, story::NEXT_TASK];
        assert_eq!(prompts.map(rule), [0, 2, 3, 4].map(Some));
    }

    #[test]
    fn what_is_learned_stands_in_one_line_of_it_and_nowhere_before() {
        let lines = LEARNING.lines().filter(|line| line.contains(LEARNED));
        assert_eq!(lines.count(), 1);
        let known = story::KNOWLEDGE_BASE.iter().flat_map(|it| it.files);
        let project = story::PROJECT.iter().flat_map(|it| it.files);
        assert!(
            known
                .chain(project)
                .all(|(_, content)| !content.contains(LEARNED))
        );
        let asked = [story::TASK, story::CORRECTION, story::NEXT_TASK];
        assert!(asked.iter().all(|prompt| !prompt.contains(LEARNED)));
    }
}
