//! What becomes of a prompt that finds its conversation busy, comes twice, or whose client hangs up.

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::{EventBody, OnBusy, Prompt, Session, TurnStatus};
use vwm_tests::{World, until};

use super::{end, events_of, recall, rule};

/// A session of an agent that holds every prompt with `wait` in it.
async fn held_session() -> (World, Session) {
    let world = World::start(json!({})).await;
    let script = rule("wait", json!([{"hold": "agent"}, {"text": "waited"}]));
    world.allow_agents().await;
    world.worker(json!({"engine": world.agent(script)})).await;
    let session = world.session("bob", None).await;
    (world, session)
}

/// Waits until so many turns are known.
async fn turns(world: &World, session: &Session, count: usize) {
    let client = world.client();
    until("the turn to be taken", async || {
        let known = client.telemetry(session.id).await.expect("telemetry");
        (known.len() >= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_busy_conversation_queues_in_order_or_rejects() {
    let (world, session) = held_session().await;
    let client = world.client();
    let script = async {
        world.model.held("agent").await;
        let reject = Prompt {
            on_busy: OnBusy::Reject,
            ..world.prompt("not now")
        };
        let refused = client
            .prompt(session.id, &reject)
            .await
            .expect_err("it is busy");
        assert_eq!(refused.status(), Some(409), "{refused}");
        let second = world.ask(session.id, "two");
        let third = async {
            turns(&world, &session, 2).await;
            world.ask(session.id, "three").await
        };
        let release = async {
            turns(&world, &session, 3).await;
            world.model.release("agent");
        };
        let (second, third, ()) = tokio::join!(second, third, release);
        (second, third)
    };
    let (first, (second, third)) = tokio::join!(world.ask(session.id, "wait"), script);
    assert_eq!(
        [first.response.as_str(), &second.response, &third.response],
        ["waited", "echo: two", "echo: three"]
    );
    assert_eq!(
        world.ask(session.id, "RECALL").await.response,
        recall(&["wait", "two", "three", "RECALL"])
    );
    let order: Vec<_> = world
        .events_until_turn_ends(session.id, 3)
        .await
        .into_iter()
        .filter(|event| matches!(event.body, EventBody::Complete(_)))
        .filter_map(|event| event.request_id)
        .collect();
    assert_eq!(
        order,
        [first.request_id, second.request_id, third.request_id]
    );
}

#[tokio::test]
async fn the_same_call_again_joins_its_turn_by_prompt_and_by_stream() {
    let (world, session) = held_session().await;
    let client = world.client().idempotent("the-same-call");
    let prompt = world.prompt("wait");
    let again = async {
        world.model.held("agent").await;
        let streamed = client
            .stream(session.id, &prompt)
            .map(|event| event.expect("an event"))
            .collect::<Vec<_>>();
        let release = async {
            turns(&world, &session, 1).await;
            world.model.release("agent");
        };
        let (streamed, prompted, ()) =
            tokio::join!(streamed, client.prompt(session.id, &prompt), release);
        (streamed, prompted.expect("the turn's answer"))
    };
    let (first, (streamed, prompted)) = tokio::join!(client.prompt(session.id, &prompt), again);
    let first = first.expect("an answer");
    assert_eq!(end(&first), (TurnStatus::Complete, None, "waited"));
    assert_eq!(prompted, first);
    assert_eq!(
        streamed,
        events_of(&world, session.id, first.request_id).await
    );

    // Also when it is long over.
    assert_eq!(
        client.prompt(session.id, &prompt).await.expect("an answer"),
        first
    );
    let replayed: Vec<_> = client
        .stream(session.id, &prompt)
        .map(|event| event.expect("an event"))
        .collect()
        .await;
    assert_eq!(replayed, streamed);
    assert_eq!(
        world
            .client()
            .telemetry(session.id)
            .await
            .expect("telemetry")
            .len(),
        1
    );
}
