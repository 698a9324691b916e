//! The real Claude Code, whose model or process fails while it should write down what it learned.

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::TurnStatus;
use vwm_tests::kill;

use super::faults::TOO_LONG;
use super::{End, Learner, learned, nothing, writes};

async fn end_of(learning: Value) -> End {
    Learner::claude(learning).await.ends().await
}

/// The end of a session whose turn did not complete, and what is said of it begins so.
fn failed(end: &End, why: &str) {
    let said = end.skipped.clone().unwrap_or_default();
    assert!(said.starts_with(why), "{said}");
    assert_eq!(end, &nothing(TurnStatus::Failed, &said));
}

#[tokio::test]
async fn a_model_that_refuses_the_key_fails_the_turn() {
    failed(&end_of(json!([{"error": 401}])).await, "its turn failed: ");
}

#[tokio::test]
async fn a_model_in_trouble_fails_the_turn() {
    let end = end_of(json!([{"error": 500}])).await;
    let once = End { asked: 1, ..end };
    failed(&once, "its turn failed: ");
}

#[tokio::test]
async fn a_model_that_says_nothing_is_given_up_in_time() {
    let learner = Learner::claude_with(json!([{"silent": true}]), |command| {
        command.env("VWM_LEARNING_TIMEOUT", "4");
    })
    .await;
    let end = learner.ends().await;
    // Where the machine is slow, that is over before Claude Code has begun.
    assert!(end.asked <= 1, "{end:?}");
    failed(&End { asked: 1, ..end }, TOO_LONG);
}

#[tokio::test]
async fn an_engine_that_is_killed_before_it_writes_has_learned_nothing() {
    let learner = Learner::claude(json!([{"hold": "learning", "text": "done"}])).await;
    learner.is_asked_to_end().await;
    learner.world.model.held("learning").await;
    for engine in learner.world.engines(learner.session) {
        kill(engine, Signal::KILL);
    }
    failed(&learner.ends().await, "its turn failed: ");
}

#[tokio::test]
async fn a_harness_that_is_killed_after_claude_wrote_keeps_what_it_wrote() {
    let steps = json!([writes(), {"hold": "learning", "text": "done"}]);
    let learner = Learner::claude(steps).await;
    learner.is_asked_to_end().await;
    learner.world.model.held("learning").await;
    let harness = learner.world.harness(learner.session);
    kill(harness, Signal::KILL);
    learner.world.gone(harness).await;
    assert_eq!(learner.ends().await, learned(TurnStatus::OutcomeUnknown));
}

#[tokio::test]
async fn claude_writes_nothing_of_the_knowledge_base_but_what_it_learned() {
    let learner = Learner::claude(json!([
        {"write": ["worker_repo/new.md", "mine"]},
        {"shell": "echo mine >> worker_repo/COMPANY.md"},
        {"shell": "cd session_repo && echo late > late.md && git add . && git commit --quiet -m late"},
        writes(),
        {"text": "written"},
    ]))
    .await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}
