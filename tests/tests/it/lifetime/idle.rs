//! Sessions that nobody uses go to sleep; those that work do not.

use std::time::Duration;

use serde_json::json;
use vwm_api::{EventBody, SessionStatus, TurnStatus};
use vwm_tests::{is_alive, no_process_of, within};

use super::{generation, moves_to, next_server, stands, up_to, world_of_bob};

const ASLEEP: SessionStatus = SessionStatus::Suspended;

#[tokio::test]
async fn a_session_that_nobody_uses_sleeps_though_somebody_watches_and_the_next_prompt_wakes_it() {
    let mut world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    world.ask(id, "one").await;
    let (harness, job) = (world.harness(id), generation(&world, id));
    assert!(is_alive(harness));
    next_server(&mut world, &["--idle-timeout", "1"]);

    // Who watches is no user: these events come while they are read.
    let mut watching = world.client().events(id, 0);
    up_to(&mut watching, |body| moves_to(body, ASLEEP)).await;
    world.gone(harness).await;
    no_process_of(id).await;
    let asleep = world.client().session(id).await.expect("it is known");
    assert_eq!(
        (asleep.status, asleep.status_reason.as_deref()),
        (
            ASLEEP,
            Some("nobody used it for 1 s; the next prompt resumes it")
        )
    );

    let answer = world.ask(id, "RECALL two").await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, r#"recall: ["one","RECALL two"]"#)
    );
    assert!(generation(&world, id) > job);
    let woken = up_to(&mut watching, EventBody::ends_turn).await;
    assert!(moves_to(&woken[0].body, SessionStatus::Active), "{woken:?}");
    up_to(&mut watching, |body| moves_to(body, ASLEEP)).await;
}

#[tokio::test]
async fn a_session_whose_turn_runs_for_longer_sleeps_only_after_its_end() {
    let mut world = world_of_bob(json!({})).await;
    let busy = world.session("bob", None).await.id;
    let other = world.session("bob", None).await.id;
    next_server(&mut world, &["--idle-timeout", "1"]);
    let (client, prompt) = (world.client(), world.prompt("slow"));
    let mut watching = client.events(busy, 0);
    let asking = tokio::spawn(async move { client.prompt(busy, &prompt).await });
    within("the agent", world.model.held("gate")).await;
    // Twice the time goes by that an unused session has.
    for _ in 0..2 {
        assert_eq!(world.ask(other, "hello").await.response, "echo: hello");
        stands(&world, other, ASLEEP).await;
        let session = world.client().session(busy).await.expect("it is known");
        assert_eq!(session.status, SessionStatus::Active);
    }
    world.model.release("gate");
    let answer = within("the answer", asking).await.expect("no panic");
    let answer = answer.expect("it is taken");
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "late")
    );

    let asleep = stands(&world, busy, ASLEEP).await;
    let rows = world.client().telemetry(busy).await.expect("rows");
    let ended = rows[0].completed_at.expect("it is over");
    let rested = asleep.status_since.as_micros() - ended.as_micros();
    let whole = Duration::from_secs(1).as_micros();
    assert!(u128::try_from(rested).expect("later") >= whole, "{rested}");
    // It may have slept before the prompt came, and not while it ran.
    let events = up_to(&mut watching, EventBody::ends_turn).await;
    let began = events
        .iter()
        .position(|event| matches!(event.body, EventBody::Start(_)));
    let began = began.expect("the turn began");
    assert!(
        !events[began..]
            .iter()
            .any(|event| moves_to(&event.body, ASLEEP)),
        "{events:?}"
    );
}
