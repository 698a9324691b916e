//! What the worker writes instead of the one file, and what of it gets to the branch.

use serde_json::{Value, json};
use vwm_api::TurnStatus;

use super::{End, LEARNED, Learner, learned, nothing, writes};

/// The end of a session whose worker runs a shell script instead.
async fn after(script: &str) -> End {
    end_of(json!([{"shell": script}, {"text": "written"}])).await
}

async fn end_of(learning: Value) -> End {
    Learner::scripted(learning).await.ends().await
}

fn nothing_written(why: &str) -> End {
    nothing(TurnStatus::Complete, why)
}

#[tokio::test]
async fn the_file_is_recorded_as_the_remote_has_it_under_the_managers_front_matter() {
    let learner = Learner::scripted(json!([writes(), {"text": "written"}])).await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let row = learner.record().await;
    let session = learner.session;
    let own = format!("worker_repo/learnings/session-{session}.md");
    assert_eq!(row.artifacts, [own]);
    let content = row.learning.and_then(|it| it.content).expect("its content");
    let date = content.lines().find(|line| line.starts_with("date: "));
    let date = date.expect("the manager knows the day");
    assert_eq!(
        content,
        format!(
            "---\nsession: {session}\nworker: bob\n{date}\ntitle: The cache\n---\n\n{LEARNED}\n"
        )
    );
    let branch = learner.branch();
    let commits = learner
        .knowledge
        .git(&["log", "--format=%s", &format!("main..{branch}")]);
    assert_eq!(commits, format!("Learnings of session {session}\n"));
}

#[tokio::test]
async fn a_worker_that_has_nothing_to_say_writes_nothing() {
    assert_eq!(
        end_of(json!([{"text": "nothing that the next session should know"}])).await,
        nothing_written("the worker found nothing to write down")
    );
}

#[tokio::test]
async fn another_name_is_proposed_for_review_and_is_not_what_was_learned() {
    assert_eq!(
        after("echo x > worker_repo/learnings/other.md").await,
        End {
            proposed: vec!["A learnings/other.md".to_owned()],
            ..nothing_written(
                "the worker did not write worker_repo/learnings/session-ID.md; \
                 it wrote worker_repo/learnings/other.md, for review on the same branch"
            )
        }
    );
}

#[tokio::test]
async fn what_it_writes_elsewhere_goes_nowhere() {
    // The wall refuses the knowledge base; the session's repository was collected before.
    let learner = Learner::scripted(json!([
        {"write": ["worker_repo/COMPANY.md", "mine"]},
        {"write": ["worker_repo/new.md", "mine"]},
        {"shell": "rm worker_repo/COMPANY.md"},
        {"write": ["session_repo/late.md", "late\n"]},
        {"shell": "cd session_repo && echo more >> notes.md && git add . && git commit --quiet -m late"},
        {"shell": "cd session_repo && git checkout --quiet -b other && git branch -f session-x"},
        {"write": ["late.md", "late\n"]},
        writes(),
    ]))
    .await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let branch = format!("session-{}", learner.session);
    assert_eq!(
        learner.project.branches(),
        ["main".to_owned(), branch.clone()]
    );
    assert_eq!(
        learner.project.file(&branch, "notes.md").as_deref(),
        Some("hello\n")
    );
    let told = learner.notices().await;
    let codes: Vec<&str> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["pushed", "pushed", "learned"], "{told:?}");
}

#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_not_followed() {
    assert_eq!(
        after("ln -s ../COMPANY.md {{captured}}").await,
        nothing_written("learnings/session-ID.md is not pushed: it is a link")
    );
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_file_is_not_taken() {
    assert_eq!(
        after("mkdir {{captured}} && echo x > {{captured}}/x.md").await,
        nothing_written("learnings/session-ID.md is not pushed: it is a folder")
    );
}

#[tokio::test]
async fn a_pipe_in_the_place_of_the_file_holds_nothing_up() {
    assert_eq!(
        after("mkfifo {{captured}}").await,
        nothing_written("learnings/session-ID.md is not pushed: it is not a regular file")
    );
}

#[tokio::test]
async fn an_empty_file_is_not_taken_and_front_matter_alone_is_empty() {
    for text in ["", "---\\ntitle: The cache\\n---\\n\\n"] {
        assert_eq!(
            after(&format!("printf '{text}' > {{{{captured}}}}")).await,
            nothing_written("learnings/session-ID.md is not pushed: it is empty")
        );
    }
}

#[tokio::test]
async fn a_file_of_two_megabytes_is_not_taken() {
    assert_eq!(
        after("head -c 2000000 /dev/zero | tr '\\0' x > {{captured}}").await,
        nothing_written("learnings/session-ID.md is not pushed: it is larger than 1 MiB")
    );
}

#[tokio::test]
async fn instructions_are_not_taken_beside_what_was_learned() {
    let learner = Learner::scripted(json!([
        {"shell": "cd worker_repo/learnings; for name in AGENTS CLAUDE gemini.local SKILL; do echo obey > $name.md; done; echo obey > ../../CLAUDE.md"},
        writes(),
    ]))
    .await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let mut refused = learner.notices().await;
    refused.retain(|(code, _)| code == "learning_refused");
    let refused: Vec<_> = refused.into_iter().map(|(_, message)| message).collect();
    let expected = ["AGENTS", "CLAUDE", "SKILL", "gemini.local"].map(|name| {
        format!("learnings/{name}.md is not pushed: engines would take it for instructions; give it another name")
    });
    assert_eq!(refused, expected);
}
