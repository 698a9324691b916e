//! Whatever is killed while the worker learns: the session ends, the record says what happened, nobody is asked twice.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::{AbortRequest, EndStep, Resume, SessionStatus, TurnStatus};
use vwm_tests::{World, kill, until};

use super::faults::TOO_LONG;
use super::told::resume_of_learning;
use super::{End, Learner, learned, nothing, rules, telling, writes};

/// What is said where the job was lost in mid-turn.
const LOST: &str = "how its turn ended is not known: the session's job was lost while it ran";

/// A session whose worker is held before it writes what it learned.
async fn held(before: Value) -> Learner {
    let mut steps = vec![json!({"shell": "echo $PPID > engine.pid"})];
    steps.extend(before.as_array().expect("steps").clone());
    steps.extend([
        json!({"hold": "learning"}),
        writes(),
        json!({"text": "done"}),
    ]);
    let learner = Learner::scripted(json!(steps)).await;
    learner.is_asked_to_end().await;
    learner.world.model.held("learning").await;
    learner
}

async fn kill_harness(learner: &Learner) {
    let harness = learner.world.harness(learner.session);
    kill(harness, Signal::KILL);
    learner.world.gone(harness).await;
}

#[tokio::test]
async fn an_engine_that_is_killed_fails_its_turn() {
    let learner = held(json!([])).await;
    let pid = learner.world.written(learner.session, "engine.pid").await;
    kill(pid.trim().parse().expect("a pid"), Signal::KILL);
    assert_eq!(
        learner.ends().await,
        nothing(
            TurnStatus::Failed,
            "its turn failed: the agent was killed by signal 9 while it worked; it said nothing on its standard error; prompt again to start it anew"
        )
    );
}

#[tokio::test]
async fn a_harness_that_is_killed_leaves_it_unknown_and_the_next_one_does_not_ask_again() {
    let learner = held(json!([])).await;
    kill_harness(&learner).await;
    assert_eq!(
        learner.ends().await,
        nothing(TurnStatus::OutcomeUnknown, LOST)
    );
}

#[tokio::test]
async fn what_was_written_before_the_harness_was_killed_is_learned() {
    let late = json!({"write": ["session_repo/late.md", "late\n"]});
    let learner = held(json!([writes(), late])).await;
    kill_harness(&learner).await;
    assert_eq!(learner.ends().await, learned(TurnStatus::OutcomeUnknown));
}

#[tokio::test]
async fn a_server_that_is_killed_finds_the_turn_going_on() {
    let mut learner = held(json!([])).await;
    learner.world.take_server().kill();
    learner.world.start_server(&[]);
    learner.reaches(EndStep::Learning).await;
    learner.world.model.release("learning");
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

#[tokio::test]
async fn a_server_that_is_away_for_all_of_the_turn_finds_what_was_learned() {
    let mut learner = held(json!([])).await;
    learner.world.take_server().kill();
    learner.world.model.release("learning");
    let branch = learner.branch();
    until("the branch to be pushed", async || {
        learner.knowledge.branches().contains(&branch).then_some(())
    })
    .await;
    learner.world.start_server(&[]);
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

#[tokio::test]
async fn server_and_harness_killed_together_leave_it_unknown() {
    let mut learner = held(json!([])).await;
    learner.world.take_server().kill();
    kill_harness(&learner).await;
    learner.world.start_server(&[]);
    assert_eq!(
        learner.ends().await,
        nothing(TurnStatus::OutcomeUnknown, LOST)
    );
}

#[tokio::test]
async fn a_suspended_session_learns_in_the_conversation_that_it_had() {
    let learner = Learner::scripted(json!([writes(), {"text": "done"}])).await;
    kill_harness(&learner).await;
    learner
        .world
        .reaches(learner.session, SessionStatus::Suspended)
        .await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    assert_eq!(resume_of_learning(&learner).await, Resume::Resumed);
}

#[tokio::test]
async fn a_turn_that_no_engine_has_seen_yet_runs_in_the_next_harness() {
    let learner = suspended_and_late(|_| {}).await;
    learner.is_asked_to_end().await;
    starts(&learner, 2).await;
    kill_harness(&learner).await;
    starts(&learner, 3).await;
    open(&learner);
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

#[tokio::test]
async fn a_turn_that_is_aborted_while_its_engine_starts_is_never_asked() {
    let learner = suspended_and_late(|_| {}).await;
    learner.is_asked_to_end().await;
    starts(&learner, 2).await;
    let client = learner.world.client();
    let all = AbortRequest::default();
    let aborted = client.abort(learner.session, &all).await;
    aborted.expect("it waits");
    assert_eq!(
        learner.ends().await,
        End {
            asked: 0,
            ..nothing(
                TurnStatus::Cancelled,
                "its turn was stopped: the turn was aborted"
            )
        }
    );
}

#[tokio::test]
async fn an_engine_that_does_not_start_in_time_is_not_asked() {
    let learner = suspended_and_late(|command| {
        command.env("VWM_LEARNING_TIMEOUT", "1");
    })
    .await;
    let expected = End {
        asked: 0,
        ..nothing(TurnStatus::Failed, TOO_LONG)
    };
    assert_eq!(learner.ends().await, expected);
}

/// A suspended session whose next engine waits before it begins.
async fn suspended_and_late(change: impl FnOnce(&mut Command)) -> Learner {
    let world = World::start_with(json!({}), change).await;
    let learning = json!([writes(), {"text": "done"}]);
    let engine = world.late_agent(rules(&telling(&world, &learning))).await;
    let learner = Learner::idle(world, learning, json!({"engine": engine})).await;
    open(&learner);
    let learner = learner.at_work().await;
    std::fs::remove_file(opening(&learner)).expect("it was open");
    kill_harness(&learner).await;
    let suspended = SessionStatus::Suspended;
    learner.world.reaches(learner.session, suspended).await;
    learner
}

fn opening(learner: &Learner) -> PathBuf {
    learner
        .world
        .volume(learner.session)
        .workspace()
        .join("open")
}

fn open(learner: &Learner) {
    std::fs::write(opening(learner), "").expect("writes");
}

/// Waits until the engine was started so often.
async fn starts(learner: &Learner, times: usize) {
    let path = learner
        .world
        .volume(learner.session)
        .workspace()
        .join("starts");
    until(&format!("{times} starts"), async || {
        let starts = std::fs::read_to_string(&path).unwrap_or_default();
        (starts.lines().count() >= times).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_harness_that_is_killed_while_it_pushes_tells_all_that_was_learned() {
    let learner = held(json!([])).await;
    learner.knowledge.go_away();
    learner.world.model.release("learning");
    learner.reaches(EndStep::Collecting).await;
    kill_harness(&learner).await;
    learner.knowledge.come_back();
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let row = learner.record().await;
    assert_eq!(row.response.map(|it| it.response).as_deref(), Some("done"));
}

#[tokio::test]
async fn a_project_that_is_away_is_collected_before_the_worker_learns() {
    let late = json!({"write": ["session_repo/late.md", "late\n"]});
    let learner = Learner::scripted(json!([late, writes(), {"hold": "learning"}])).await;
    learner.project.go_away();
    learner.is_asked_to_end().await;
    learner.world.model.held("learning").await;
    learner.project.come_back();
    learner.world.model.release("learning");
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

/// The moments of an end at which somebody is killed; what comes between two of them is as long as the machine is slow.
const STEPS: [EndStep; 4] = [
    EndStep::Stopping,
    EndStep::Learning,
    EndStep::Collecting,
    EndStep::Collected,
];

#[tokio::test]
async fn a_server_that_is_killed_at_any_step_of_the_end_loses_nothing_of_it() {
    let mut learner = Learner::scripted(json!([writes(), {"text": "done"}])).await;
    learner.is_asked_to_end().await;
    for step in STEPS {
        learner.world.passes_step(learner.session, step).await;
        learner.world.take_server().kill();
        learner.world.start_server(&[]);
    }
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

#[tokio::test]
async fn a_harness_that_is_killed_at_any_step_of_the_end_asks_at_most_once() {
    for step in STEPS {
        let learner = Learner::scripted(json!([writes(), {"text": "done"}])).await;
        learner.is_asked_to_end().await;
        learner.world.passes_step(learner.session, step).await;
        if let Some(harness) = learner.world.harness_if_any(learner.session) {
            kill(harness, Signal::KILL);
        }
        let end = learner.ends().await;
        assert!(end.asked <= 1, "at {step:?}: {end:?}");
        let possible = [
            learned(TurnStatus::Complete),
            learned(TurnStatus::OutcomeUnknown),
            nothing(TurnStatus::OutcomeUnknown, LOST),
            End {
                asked: 0,
                ..nothing(TurnStatus::OutcomeUnknown, LOST)
            },
        ];
        assert!(possible.contains(&end), "at {step:?}: {end:?}");
    }
}
