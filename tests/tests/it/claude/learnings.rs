//! What Claude Code writes down for the next session.

use serde_json::json;
use vwm_api::TurnStatus;
use vwm_tests::Repository;

use super::{end, events_of, rule, session, told, world};

#[tokio::test]
async fn learnings_are_written_by_any_tool_from_anywhere_and_pushed_at_the_end() {
    let steps = json!([
        {"write": ["worker_repo/learnings/written.md", "# Written\n"]},
        {"shell": "printf '# Printed\\n' > worker_repo/learnings/printed.md"},
        // A command that goes elsewhere takes only itself there.
        {"shell": "cd session_repo && ls"},
        {"shell": "printf '# Printed later\\n' > worker_repo/learnings/later.md && pwd"},
        {"text": "learned"},
    ]);
    let world = world(rule("learn", steps)).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let session = session(
        &world,
        json!({"workerRepoUrl": knowledge.url()}),
        Some(&project),
    )
    .await;

    let answer = world.ask(session.id, "learn").await;
    let told = told(&events_of(&world, session.id, answer.request_id).await);
    assert_eq!(
        told,
        [
            "start",
            "call Write",
            "result Write",
            "call Bash",
            "result Bash",
            "call Bash",
            "result Bash",
            "call Bash",
            "result Bash",
            "text learned",
            "complete"
        ]
    );
    assert_eq!(end(&answer), (TurnStatus::Complete, None, "learned"));
    let learnings =
        ["later", "printed", "written"].map(|name| format!("worker_repo/learnings/{name}.md"));
    assert_eq!(answer.artifacts, learnings);

    world.end(session.id).await;
    let branch = format!("ff-vwm/{}-{}", session.worker_id, session.id);
    let pushed = ["written", "printed", "later"]
        .map(|name| knowledge.file(&branch, &format!("learnings/{name}.md")));
    assert_eq!(
        pushed,
        ["# Written\n", "# Printed\n", "# Printed later\n"].map(|text| Some(text.to_owned()))
    );
}
