//! Engines and harnesses that are stopped or deaf: what has to end ends soon, and what is awaited is told.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use vwm_api::{AbortRequest, SessionId, TurnStatus};
use vwm_tests::{World, is_alive, kill, until, within};

use super::{ask_for, end, pid, reason, steps, world};

/// How long an engine that does not obey may take until it is gone.
const SOON: Duration = Duration::from_secs(8);

async fn abort(world: &World, session: SessionId) {
    let all = AbortRequest::default();
    let aborted = world.client().abort(session, &all).await;
    aborted.expect("a turn runs");
}

#[tokio::test]
async fn a_stopped_engine_is_killed_by_its_timeout_and_by_an_abort() {
    let world = world(&[]).await;
    let session = world.session("bob", None).await.id;
    for way in ["timeout", "abort"] {
        let file = format!("{way}.pid");
        let script =
            steps(json!([{"shell": format!("echo $PPID > {file}; kill -STOP $PPID; sleep 600")}]));
        let since = Instant::now();
        let aborts = async {
            let engine = pid(&world, session, &file).await;
            if way == "abort" {
                abort(&world, session).await;
            }
            engine
        };
        let seconds = if way == "abort" { 600 } else { 2 };
        let (answer, engine) = tokio::join!(ask_for(&world, session, seconds, &script), aborts);
        let expected = match way {
            "abort" => (TurnStatus::Cancelled, Some("aborted")),
            _ => (TurnStatus::Failed, Some("timeout")),
        };
        assert_eq!(end(&answer), expected);
        assert!(since.elapsed() < SOON, "{way}: {:?}", since.elapsed());
        assert!(!is_alive(engine));
    }
    assert_eq!(world.ask(session, "again").await.response, "echo: again");
}

#[tokio::test]
async fn a_deaf_engine_is_killed_by_its_timeout_and_at_the_end_of_its_session() {
    let world = world(&[]).await;
    let session = world.session("bob", None).await.id;
    let deaf = |file: &str| {
        let script = format!("echo $PPID > {file}; trap '' HUP INT TERM; sleep 600 & wait");
        steps(json!([{"ignore_cancel": true, "shell": script}]))
    };
    let since = Instant::now();
    let answer = ask_for(&world, session, 1, &deaf("one.pid")).await;
    assert_eq!(end(&answer), (TurnStatus::Failed, Some("timeout")));
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert!(!is_alive(pid(&world, session, "one.pid").await));

    let client = world.client();
    let prompt = world.prompt(&deaf("two.pid"));
    let asked = tokio::spawn(async move { client.prompt(session, &prompt).await });
    let engine = pid(&world, session, "two.pid").await;
    let since = Instant::now();
    world.end(session).await;
    assert!(since.elapsed() < SOON * 2, "{:?}", since.elapsed());
    assert!(!is_alive(engine));
    let answer = within("the answer", asked).await.expect("it is asked");
    assert_eq!(
        end(&answer.expect("it is answered")),
        (TurnStatus::Cancelled, Some("session_ended"))
    );
}

#[tokio::test]
async fn an_abort_takes_no_time_wherever_the_turn_is() {
    let world = world(&[]).await;
    let session = world.session("bob", None).await.id;
    for pause in 0..12 {
        let client = world.client();
        let prompt = world.prompt(&steps(json!([{"shell": "sleep 600 & wait"}])));
        let asked = tokio::spawn(async move { client.prompt(session, &prompt).await });
        let client = world.client();
        until("the turn to be known", async || {
            let rows = client.telemetry(session).await.expect("it is known");
            (rows.len() == pause + 1).then_some(())
        })
        .await;
        // At any moment of its beginning.
        tokio::time::sleep(Duration::from_millis(pause as u64 * 5)).await;
        let since = Instant::now();
        abort(&world, session).await;
        let answer = within("the answer", asked).await.expect("it is asked");
        assert_eq!(
            answer.expect("it is answered").status,
            TurnStatus::Cancelled
        );
        assert!(
            since.elapsed() < Duration::from_secs(2),
            "{:?}",
            since.elapsed()
        );
    }
}

#[tokio::test]
async fn a_harness_that_is_stopped_is_told_and_goes_on_where_it_was() {
    let world = world(&[]).await;
    let session = world.session("bob", None).await.id;
    let harness = world.harness(session);
    let script = steps(
        json!([{"shell": "echo x > runs; until [ -e go ]; do sleep 0.01; done"}, {"text": "done"}]),
    );
    let stops = async {
        world.written(session, "runs").await;
        kill(harness, Signal::STOP);
        std::fs::write(world.volume(session).workspace().join("go"), "").expect("writes");
        reason(&world, session, "it to be told", |reason| {
            reason.is_some_and(|reason| reason.contains("does not answer"))
        })
        .await;
        kill(harness, Signal::CONT);
    };
    let (answer, ()) = tokio::join!(world.ask(session, &script), stops);
    assert_eq!(answer.response, "done");
    reason(&world, session, "all to be well", |reason| reason.is_none()).await;
    assert_eq!(world.harness(session), harness);
}
