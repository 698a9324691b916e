//! Where a session stands, as its events tell it.

use std::collections::BTreeSet;

use serde_json::json;
use vwm_api::{EventBody, SessionStatus, TurnStatus};
use vwm_tests::{World, until};

use super::{told, world_of_bob};

#[tokio::test]
async fn a_session_goes_through_its_statuses_in_order_and_its_telemetry_stays() {
    let world = world_of_bob(json!({})).await;
    let made = world.new_session("bob", None).await;
    assert_eq!(made.status, SessionStatus::Pending);
    let id = world.reaches(made.id, SessionStatus::Active).await.id;
    let hello = world.ask(id, "hello").await;
    let failed = world.ask(id, "SCRIPT: {\"fail\": \"boom\"}").await;
    let before = world.client().telemetry(id).await.expect("telemetry");
    world.end(id).await;

    let moves: Vec<_> = told(&world, id)
        .await
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::Status { from, to, .. } if from != Some(to) => Some((from, to)),
            _ => None,
        })
        .collect();
    use SessionStatus::{Active, Ended, Ending, Pending};
    let expected = [
        (None, Pending),
        (Some(Pending), Active),
        (Some(Active), Ending),
        (Some(Ending), Ended),
    ];
    assert_eq!(moves, expected);

    let client = world.client();
    let ended = client.session(id).await.expect("it is known");
    assert!(ended.ended_at.is_some_and(|at| at >= made.created_at));
    assert_eq!(ended.status_reason, None);
    assert!(!world.volume(id).root.exists());
    let telemetry = client.telemetry(id).await.expect("telemetry");
    assert_eq!(telemetry, before);
    let rows: Vec<_> = telemetry
        .iter()
        .map(|row| (row.id, row.prompt.as_str(), row.status))
        .collect();
    let expected = [
        (hello.request_id, "hello", TurnStatus::Complete),
        (
            failed.request_id,
            "SCRIPT: {\"fail\": \"boom\"}",
            TurnStatus::Failed,
        ),
    ];
    assert_eq!(rows, expected);
    let responses = telemetry
        .iter()
        .map(|row| row.response.as_ref().map(|it| it.response.as_str()));
    assert_eq!(
        responses.collect::<Vec<_>>(),
        [Some("echo: hello"), Some("")]
    );
    let stats = client.stats(id).await.expect("stats");
    assert_eq!(
        (
            stats.total_requests,
            stats.completed_requests,
            stats.failed_requests
        ),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn ending_a_session_cancels_the_turn_that_runs_and_the_one_that_waits() {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let script = json!({"rules": [{"when": "", "steps": [{"text": "half"}, {"hold": "gate"}]}]});
    world.worker(json!({"engine": world.agent(script)})).await;
    let id = world.session("bob", None).await.id;
    let ends_while_they_run = async {
        world.model.held("gate").await;
        let client = world.client();
        until("both prompts to be there", async || {
            let rows = client.telemetry(id).await.expect("telemetry");
            (rows.len() == 2).then_some(())
        })
        .await;
        world.end(id).await;
    };
    let (first, second, ()) = tokio::join!(
        world.ask(id, "first"),
        world.ask(id, "second"),
        ends_while_they_run
    );
    let told: BTreeSet<_> = [first, second]
        .into_iter()
        .map(|answer| {
            (
                answer.status.as_str(),
                answer.error.map(|error| error.message),
            )
        })
        .collect();
    let cancelled = |message: &str| ("cancelled", Some(message.to_owned()));
    let expected = [
        cancelled("the session ended before the turn ran"),
        cancelled("the session ended while the turn ran"),
    ];
    assert_eq!(told, BTreeSet::from(expected));
}
