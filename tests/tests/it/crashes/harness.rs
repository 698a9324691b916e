//! The harness or its engine dies: who waits is told, nothing of them lives, and the next prompt resumes.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use vwm_api::{AbortRequest, Resume, SessionStatus, TurnStatus};
use vwm_tests::{World, descendants, is_alive, kill, within};

use super::{
    all_gone, answer_of, asking, becomes, end_of, file, is_told_to_ask_again, kill_harness, moves,
    native_ids, resumes, whole_events, world_of,
};

#[tokio::test]
async fn a_harness_killed_in_mid_tool_leaves_an_unknown_outcome_and_nothing_else() {
    let daemon = "echo $$ > daemon.pid; while :; do echo x >> daemon.log; sleep 0.02; done";
    let rules = json!([{"when": "dig", "steps": [
        {"shell": "echo $PPID > engine.pid"},
        {"daemon": daemon},
        {"shell": "while :; do echo x >> tool.log; sleep 0.02; done"}]}]);
    let world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    world.ask(session, "hello").await;
    let asked = asking(&world, session, "dig", "key");
    let daemon: u32 = world
        .written(session, "daemon.pid")
        .await
        .trim()
        .parse()
        .expect("a pid");
    let engine: u32 = world
        .written(session, "engine.pid")
        .await
        .trim()
        .parse()
        .expect("a pid");
    world.written(session, "daemon.log").await;
    world.written(session, "tool.log").await;
    let harness = world.harness(session);
    let below = descendants(harness);
    assert!(
        below.contains(&engine) && below.contains(&daemon),
        "{below:?}"
    );

    let killed = Instant::now();
    kill(harness, Signal::KILL);
    let answer = answer_of(asked).await;
    let took = killed.elapsed();
    assert_eq!(
        end_of(&answer),
        (TurnStatus::OutcomeUnknown, Some("outcome_unknown"))
    );
    assert!(took < Duration::from_secs(20), "it took {took:?}");
    assert_eq!(below.iter().filter(|pid| is_alive(**pid)).count(), 0);
    let logs = || {
        (
            file(&world, session, "daemon.log"),
            file(&world, session, "tool.log"),
        )
    };
    let left = logs();

    let recalled = world.ask(session, "RECALL").await;
    assert_eq!(recalled.response, r#"recall: ["hello","dig","RECALL"]"#);
    assert_eq!(logs(), left);
    let events = whole_events(&world, session, 3).await;
    assert_eq!(
        resumes(&events),
        [Resume::Fresh, Resume::Resumed, Resume::Resumed]
    );
    assert_eq!(native_ids(&world, session).len(), 1);
}

#[tokio::test]
async fn an_aborted_turn_whose_harness_is_killed_is_cancelled() {
    let rules = json!([{"when": "stay", "steps": [{"ignore_cancel": true}, {"hold": "ever"}]}]);
    let world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let asked = asking(&world, session, "stay", "key");
    within("the agent", world.model.held("ever")).await;
    world
        .client()
        .abort(session, &AbortRequest::default())
        .await
        .expect("it is in flight");
    kill_harness(&world, session).await;
    assert_eq!(
        end_of(&answer_of(asked).await),
        (TurnStatus::Cancelled, Some("aborted"))
    );
    assert_eq!(world.ask(session, "hello").await.response, "echo: hello");
}

#[tokio::test]
async fn a_session_whose_idle_harness_is_killed_is_suspended_until_the_next_prompt() {
    let world = world_of(json!([])).await;
    let session = world.session("bob", None).await.id;
    world.ask(session, "one").await;
    let below = descendants(world.harness(session));
    kill_harness(&world, session).await;
    world.reaches(session, SessionStatus::Suspended).await;
    all_gone(&below).await;

    let recalled = world.ask(session, "RECALL").await;
    assert_eq!(recalled.response, r#"recall: ["one","RECALL"]"#);
    let events = whole_events(&world, session, 2).await;
    use SessionStatus::{Active, Pending, Suspended};
    assert_eq!(moves(&events), [Pending, Active, Suspended, Active]);
    assert_eq!(resumes(&events), [Resume::Fresh, Resume::Resumed]);
}

#[tokio::test]
async fn a_turn_whose_engine_is_killed_fails_and_the_next_one_knows_of_it() {
    let rules = json!([{"when": "talk", "steps": [
        {"shell": "echo $PPID > engine.pid"}, {"text": "half"}, {"hold": "ever"}]}]);
    let world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let asked = asking(&world, session, "talk", "key");
    within("the agent", world.model.held("ever")).await;
    let engine = file(&world, session, "engine.pid")
        .trim()
        .parse()
        .expect("a pid");
    kill(engine, Signal::KILL);

    let answer = answer_of(asked).await;
    assert_eq!(end_of(&answer), (TurnStatus::Failed, Some("engine_failed")));
    assert_eq!(answer.response, "half");
    assert!(answer.error.expect("it failed").retryable);
    let recalled = world.ask(session, "RECALL").await;
    assert_eq!(recalled.response, r#"recall: ["talk","RECALL"]"#);
    assert_eq!(
        resumes(&whole_events(&world, session, 2).await),
        [Resume::Fresh, Resume::Resumed]
    );
}

#[tokio::test]
async fn server_and_harness_killed_together_leave_an_unknown_outcome() {
    let rules = json!([{"when": "talk", "steps": [
        {"shell": "echo run >> runs"}, {"text": "half"}, {"hold": "ever"}]}]);
    let mut world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "talk", "key");
    within("the agent", world.model.held("ever")).await;
    let below = descendants(world.harness(session));
    world.take_server().kill();
    kill_harness(&world, session).await;
    is_told_to_ask_again(first).await;
    world.start_server(&[]);

    let answer = answer_of(asking(&world, session, "talk", "key")).await;
    assert_eq!(
        end_of(&answer),
        (TurnStatus::OutcomeUnknown, Some("outcome_unknown"))
    );
    all_gone(&below).await;
    let recalled = world.ask(session, "RECALL").await;
    assert_eq!(recalled.response, r#"recall: ["talk","RECALL"]"#);
    whole_events(&world, session, 2).await;
    assert_eq!(file(&world, session, "runs"), "run\n");
}

#[tokio::test]
async fn what_waits_behind_an_unknown_outcome_goes_on() {
    let rules = json!([{"when": "stay", "steps": [{"hold": "ever"}]}]);
    let world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "stay", "one");
    within("the agent", world.model.held("ever")).await;
    let second = asking(&world, session, "hello", "two");
    within("the second to wait", async {
        while world
            .client()
            .telemetry(session)
            .await
            .expect("it is known")
            .len()
            < 2
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    kill_harness(&world, session).await;
    assert_eq!(answer_of(first).await.status, TurnStatus::OutcomeUnknown);
    assert_eq!(answer_of(second).await.response, "echo: hello");
}

#[tokio::test]
async fn an_agent_that_will_not_begin_fails_every_turn_at_once() {
    let world = World::start(json!({})).await;
    let refuse = r#"while read -r line; do echo '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"not today"}}'; done"#;
    world
        .worker(json!({"engine": {"command": "/bin/sh", "args": ["-c", refuse]}}))
        .await;
    let session = world.session("bob", None).await.id;
    for prompt in ["one", "two"] {
        let answer = world.ask(session, prompt).await;
        assert_eq!(end_of(&answer), (TurnStatus::Failed, Some("engine_failed")));
        let message = answer.error.expect("it failed").message;
        assert!(message.contains("not today"), "{message}");
    }
}

#[tokio::test]
async fn a_session_that_does_not_resume_is_left_alone_until_it_is_asked() {
    let rules = json!([{"when": "stay", "steps": [{"hold": "ever"}]}]);
    let mut world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "stay", "one");
    within("the agent", world.model.held("ever")).await;
    world.take_server().kill();
    kill_harness(&world, session).await;
    is_told_to_ask_again(first).await;
    let journal = world.volume(session).state().join("journal");
    let kept = journal.with_extension("kept");
    std::fs::rename(&journal, &kept).expect("renames");
    std::fs::create_dir(&journal).expect("makes a folder");

    world.start_server(&[]);
    let waiting = asking(&world, session, "stay", "one");
    world.reaches(session, SessionStatus::Suspended).await;
    let starts = || world.log().matches("Job started").count();
    let before = starts();
    // Not to wait for anything: for so long nothing must happen.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(starts(), before);

    std::fs::remove_dir(&journal).expect("removes");
    std::fs::rename(&kept, &journal).expect("renames");
    assert_eq!(world.ask(session, "hello").await.response, "echo: hello");
    assert_eq!(answer_of(waiting).await.status, TurnStatus::OutcomeUnknown);
}

#[tokio::test]
async fn a_session_whose_folder_is_lost_fails_and_tells_who_waits() {
    let rules = json!([{"when": "stay", "steps": [{"hold": "ever"}]}]);
    let mut world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "stay", "one");
    within("the agent", world.model.held("ever")).await;
    let below = descendants(world.harness(session));
    world.take_server().kill();
    kill_harness(&world, session).await;
    all_gone(&below).await;
    is_told_to_ask_again(first).await;
    std::fs::remove_dir_all(world.volume(session).root).expect("removes");

    world.start_server(&[]);
    let answer = answer_of(asking(&world, session, "stay", "one")).await;
    assert_eq!(
        end_of(&answer),
        (TurnStatus::OutcomeUnknown, Some("outcome_unknown"))
    );
    let failed = becomes(&world, session, "failed", |session| {
        session.status == SessionStatus::Failed
    })
    .await;
    assert_eq!(
        failed.status_reason.as_deref(),
        Some("its folder is gone, and with it the workspace: end it and start another")
    );
    world.end(session).await;
}
