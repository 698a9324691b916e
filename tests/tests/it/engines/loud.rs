//! Engines that say too much: memory is bounded, and the turn ends.

use vwm_api::{EventBody, TurnStatus};

use super::{end, events_of, peak_mib, spoken};

/// More than a harness may ever hold, MiB: the longest line a few times over, and itself.
const MOST: u64 = 220;

#[tokio::test]
async fn a_line_of_50_mb_is_cut_and_costs_a_bounded_memory() {
    let (world, session) = spoken(
        "text before
        for i in 1 2 3; do head -c 52428800 /dev/zero | tr '\\0' x; echo; done
        text after",
    )
    .await;
    let answer = world.ask(session, "say it").await;
    assert_eq!(end(&answer), (TurnStatus::Complete, None));
    assert_eq!(answer.response, "beforeafterdone");
    let peak = peak_mib(world.harness(session));
    assert!(peak < MOST, "{peak} MiB");
    let events = events_of(&world, session, answer.request_id).await;
    let raws = events
        .iter()
        .filter(|event| matches!(event.body, EventBody::Raw(_)));
    assert_eq!(raws.count(), 3);
    assert_eq!(world.ask(session, "again").await.response, "done");
}

#[tokio::test]
async fn a_flood_of_a_hundred_thousand_small_events_is_told_whole() {
    const MANY: usize = 100_000;
    let (world, session) = spoken(
        r#"awk 'BEGIN { for (i = 0; i < 100000; i++) print "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"update\":{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"" i % 10 "\"}}}}" }'"#,
    )
    .await;
    let answer = world.ask(session, "say it").await;
    assert_eq!(end(&answer), (TurnStatus::Complete, None));
    assert_eq!(answer.response, "0123456789".repeat(MANY / 10) + "done");
    let peak = peak_mib(world.harness(session));
    assert!(peak < MOST, "{peak} MiB");
    let events = events_of(&world, session, answer.request_id).await;
    let texts = events
        .iter()
        .filter(|event| matches!(event.body, EventBody::Text(_)));
    assert_eq!(texts.count(), MANY + 1, "each is an event of its own");
}

#[tokio::test]
async fn what_is_no_text_at_all_ends_nothing() {
    let (world, session) =
        spoken("head -c 300000 /dev/urandom; printf '\\377\\376\\n\\303\\n'; text after").await;
    let answer = world.ask(session, "say it").await;
    assert_eq!(end(&answer), (TurnStatus::Complete, None));
    assert!(
        answer.response.ends_with("afterdone"),
        "{}",
        answer.response
    );
}
