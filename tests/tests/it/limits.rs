//! Limits of a server: prompts over theirs wait in order, sessions over theirs are refused; and what did not complete is asked again.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use vwm_api::{AbortRequest, SessionId, TurnId, TurnStatus, WaitReason};
use vwm_tests::{World, until, within};

/// A world whose server has these flags, and bob, who says each of these words once its gate is open.
async fn bounded(flags: &[&str]) -> World {
    let world = World::start_with(json!({}), |command: &mut Command| {
        command.args(flags);
    })
    .await;
    world.allow_agents().await;
    let waits =
        |word: &str| json!({"when": word, "steps": [{"hold": word, "text": format!("{word}!")}]});
    let rules = ["one", "two", "three", "four", "five"].map(waits);
    let agent = world.agent(json!({"rules": rules}));
    world.worker(json!({"engine": agent})).await;
    world
}

async fn ask(world: &World, session: SessionId, word: &str) -> TurnId {
    let prompt = world.prompt(word);
    let accepted = world.client().request_turn(session, &prompt).await;
    accepted.expect("it is taken").request_id
}

/// Waits until exactly these turns wait, in this order and for this.
async fn waiting(world: &World, wanted: &[(TurnId, WaitReason)]) {
    let client = world.client();
    until(&format!("{wanted:?} to wait"), async || {
        let status = client.status().await.expect("a status");
        let waiting = status.waiting.iter();
        let waiting: Vec<_> = waiting.map(|it| (it.request_id, it.reason)).collect();
        (waiting == wanted).then_some(())
    })
    .await;
}

async fn ends(world: &World, session: SessionId, turn: TurnId) -> TurnStatus {
    let client = world.client();
    until("the turn to end", async || {
        let view = client.request(session, turn).await.expect("it is known");
        view.status.is_over().then_some(view.status)
    })
    .await
}

#[tokio::test]
async fn prompts_over_the_limit_wait_in_the_order_in_which_they_came_also_over_a_restart() {
    let flags = ["--max-turns", "2"];
    let mut world = bounded(&flags).await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(world.session("bob", None).await.id);
    }
    let one = ask(&world, sessions[0], "one").await;
    let two = ask(&world, sessions[1], "two").await;
    for gate in ["one", "two"] {
        world.model.held(gate).await;
    }
    let three = ask(&world, sessions[2], "three").await;
    let four = ask(&world, sessions[3], "four").await;
    let five = ask(&world, sessions[0], "five").await;
    let limit = WaitReason::ServerLimit;
    let behind = (five, WaitReason::Conversation);
    waiting(&world, &[(three, limit), (four, limit), behind]).await;

    // Nobody forgets who runs, and who was first.
    world.take_server().kill();
    world.start_server(&flags);
    waiting(&world, &[(three, limit), (four, limit), behind]).await;
    world.model.release("two");
    world.model.held("three").await;
    assert_eq!(ends(&world, sessions[1], two).await, TurnStatus::Complete);
    waiting(&world, &[(four, limit), behind]).await;

    // What waits for a slot ends at once, and no harness hears of it.
    let which = AbortRequest {
        request_id: Some(four),
        ..AbortRequest::default()
    };
    let aborted = world.client().abort(sessions[3], &which).await;
    aborted.expect("it waits");
    let view = world.client().request(sessions[3], four).await;
    let answer = view.expect("it is known").answer.expect("it is over");
    let told = (answer.status, answer.duration_ms);
    assert_eq!(told, (TurnStatus::Cancelled, None));

    world.model.release("one");
    world.model.held("five").await;
    waiting(&world, &[]).await;
    for gate in ["three", "five"] {
        world.model.release(gate);
    }
    for (session, turn) in [(0, one), (0, five), (2, three)] {
        assert_eq!(
            ends(&world, sessions[session], turn).await,
            TurnStatus::Complete
        );
    }
}

#[tokio::test]
async fn a_session_over_the_limit_is_refused_and_taken_when_another_has_ended() {
    let world = bounded(&["--max-sessions", "1"]).await;
    let first = world.session("bob", None).await.id;
    let new = vwm_api::NewSession {
        worker_name: Some("bob".to_owned()),
        ..Default::default()
    };
    let refused = world.client().create_session(&new).await;
    let refused = refused.expect_err("there is one already");
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(1)));
    let sentence = refused.to_string();
    assert!(
        sentence.contains("is reached for this server (1 of 1); end one, or ask again"),
        "{sentence}"
    );

    let client = world.client().patient(Duration::from_secs(60));
    let later = tokio::spawn(async move { client.create_session(&new).await });
    world.end(first).await;
    let taken = within("the session to be taken", later).await;
    let taken = taken.expect("no panic").expect("it is taken");
    assert_ne!(taken.id, first);
}

#[tokio::test]
async fn an_aborted_prompt_is_asked_again_from_the_command_line() {
    let world = bounded(&[]).await;
    let session = world.session("bob", None).await.id;
    let earlier = ask(&world, session, "one").await;
    world.model.held("one").await;
    let all = AbortRequest::default();
    world.client().abort(session, &all).await.expect("it runs");
    assert_eq!(ends(&world, session, earlier).await, TurnStatus::Cancelled);
    world.model.release("one");

    let (id, turn) = (session.to_string(), earlier.to_string());
    let mut retry = world.cli(&["session", "retry", &id, &turn, "--output", "json"]);
    let run = tokio::task::spawn_blocking(move || retry.output());
    let output = within("the retry", run).await.expect("no panic");
    let output = output.expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let answer = &told["answer"];
    assert_eq!(answer["response"], "one!");
    assert_eq!(answer["retryOf"], turn.as_str());
    let rows = world.client().telemetry(session).await.expect("rows");
    let of: Vec<_> = rows.iter().map(|row| row.retry_of).collect();
    assert_eq!(of, [None, Some(earlier)]);

    let mut again = world.cli(&[
        "session",
        "retry",
        &id,
        answer["requestId"].as_str().unwrap_or_default(),
    ]);
    let output = tokio::task::spawn_blocking(move || again.output()).await;
    let output = output.expect("no panic").expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("it is complete; prompt anew"), "{said}");
}

#[tokio::test]
async fn a_prompt_that_takes_too_long_is_stopped_and_one_that_waits_for_it_has_all_its_time() {
    let world = bounded(&["--worker-max-turns", "1"]).await;
    let (first, second) = (
        world.session("bob", None).await.id,
        world.session("bob", None).await.id,
    );
    let prompt = |word: &str, timeout| vwm_api::Prompt {
        timeout: Some(timeout),
        ..world.prompt(word)
    };
    let client = world.client();
    let late = client.request_turn(first, &prompt("one", 2)).await;
    let late = late.expect("it is taken").request_id;
    world.model.held("one").await;
    world.model.release("two");
    let waits = client.request_turn(second, &prompt("two", 1)).await;
    let waits = waits.expect("it is taken").request_id;
    waiting(&world, &[(waits, WaitReason::WorkerLimit)]).await;
    assert_eq!(ends(&world, second, waits).await, TurnStatus::Complete);
    let view = client.request(first, late).await.expect("it is known");
    let answer = view.answer.expect("it is over: another one ran");
    let error = answer.error.expect("it did not answer");
    assert_eq!(
        (answer.status, error.code.as_str()),
        (TurnStatus::Failed, "timeout")
    );
    // The conversation goes on.
    world.model.release("three");
    assert_eq!(world.ask(first, "three").await.response, "three!");
}
