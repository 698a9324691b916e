//! Engines that say nothing: it is told once for each silence, and ends nothing.

use vwm_api::TurnStatus;

use super::{end, events_of, notices, spoken, spoken_by};

#[tokio::test]
async fn each_silence_is_told_once_and_what_it_waits_for() {
    let tool = |update: &str| {
        format!(
            r#"say '{{"jsonrpc":"2.0","method":"session/update","params":{{"update":{{"sessionUpdate":"tool_call_update","toolCallId":"1",{update}}}}}}}'"#
        )
    };
    let script = format!(
        "sleep 2.5; text so; {}; sleep 2.5; {}; text far",
        tool(r#""title":"make","status":"in_progress""#),
        tool(r#""status":"completed""#)
    );
    let (world, session) = spoken_by(&["--stalled-after", "1"], &script).await;
    let answer = world.ask(session, "say it").await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "fardone")
    );
    let events = events_of(&world, session, answer.request_id).await;
    let told = notices(&events, "stalled");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("it still runs"), "{told:?}");
    assert!(told[1].contains("its tool make runs for"), "{told:?}");
}

#[tokio::test]
async fn an_engine_that_says_nothing_and_ends_fails_its_turn_soon() {
    let (world, session) = spoken("exit 0").await;
    let answer = world.ask(session, "say it").await;
    assert_eq!(end(&answer), (TurnStatus::Failed, Some("engine_failed")));
    assert_eq!(world.ask(session, "again").await.response, "done");
}

#[tokio::test]
async fn an_engine_that_closes_its_output_and_lives_on_fails_its_turn_and_is_gone() {
    let (world, session) = spoken("echo $$ > pid; exec >&- 2>&-; while :; do sleep 1; done").await;
    let answer = world.ask(session, "say it").await;
    assert_eq!(end(&answer), (TurnStatus::Failed, Some("engine_failed")));
    assert!(
        answer.duration_ms.is_some_and(|ms| ms < 10_000),
        "{answer:?}"
    );
    let pid = super::pid(&world, session, "pid").await;
    assert!(!vwm_tests::is_alive(pid));
    assert_eq!(world.ask(session, "again").await.response, "done");
}
