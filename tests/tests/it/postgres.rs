//! A server on PostgreSQL: it waits for it and says so, and an outage is a pause.

use std::time::Duration;

use futures_util::StreamExt;
use rustix::process::Signal;
use serde_json::json;
use vwm_api::{EventBody, SessionStatus, TurnStatus};
use vwm_client::ClientError;
use vwm_store::testing::Way;
use vwm_tests::{Server, World, free_port, kill, scratch_database, until, within};

#[tokio::test]
async fn a_server_waits_for_its_database_says_so_and_ends_by_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, port) = (folder.path().join("data"), free_port());
    let mut command = Server::command(&data, "http://127.0.0.1:9", &[]);
    command.env(
        "VWM_DATABASE_URL",
        format!("postgres://bob:s3cret@127.0.0.1:{port}/team"),
    );
    let mut server = command.spawn().expect("the server starts");
    let log = || std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
    let waits =
        format!("Waiting for PostgreSQL, database team at 127.0.0.1, port {port}, as bob: ");
    until("what it waits for", async || {
        log().contains(&waits).then_some(())
    })
    .await;
    assert!(!data.join("server.json").exists(), "it is not ready");
    kill(server.id(), Signal::TERM);
    let status = until("its end", async || {
        server.try_wait().expect("it can be waited for")
    })
    .await;
    let log = log();
    assert!(
        status.success() && log.contains("Server stops before it was ready"),
        "{log}"
    );
    assert!(!log.contains("s3cret"), "{log}");
}

#[tokio::test]
async fn a_server_that_is_not_let_in_ends_and_says_what_to_do() {
    let database = scratch_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let url = database.url();
    let (_, place) = url.split_once('@').expect("it names a role");
    let mut command = Server::command(&data, "http://127.0.0.1:9", &[]);
    command.env("VWM_DATABASE_URL", format!("postgres://bob:s3cret@{place}"));
    let Err(status) = Server::run_or_end(&data, &mut command) else {
        panic!("it was let in");
    };
    let log = std::fs::read_to_string(data.with_extension("log")).expect("a log");
    assert!(
        !status.success() && log.contains("correct name and password"),
        "{log}"
    );
    assert!(!log.contains("s3cret"), "{log}");
}

// The way to the database must go on while this thread waits for the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_in_the_middle_of_a_turn_is_a_pause_and_loses_nothing() {
    let database = scratch_database().await;
    let mut way = Way::closed(&database.url()).await;
    way.open().await;
    let world = World::start_with(json!({}), |command| {
        command.env("VWM_DATABASE_URL", way.url());
    })
    .await;
    world.allow_agents().await;
    let engine = world.agent(json!({"rules": [{"when": "talk", "steps": [
        {"text": "before "}, {"text": "and after", "hold": "mid"}]}]}));
    world.worker(json!({"engine": engine})).await;
    let session = world.session("bob", None).await.id;
    let client = world.client();
    let mut events = client.events(session, 0);
    let asking = tokio::spawn({
        let (client, prompt) = (client.clone(), world.prompt("talk"));
        async move { client.prompt(session, &prompt).await }
    });
    let mut seqs = Vec::new();
    let mut next = async || {
        let event = within("the next event", events.next()).await;
        let event = event.expect("it goes on").expect("it is an event");
        seqs.push(event.seq);
        event.body
    };
    while !matches!(next().await, EventBody::Text(_)) {}
    within("the agent", world.model.held("mid")).await;

    way.close();
    let refusal = within("a refusal", client.session(session)).await;
    let Err(ClientError::Api {
        status: 503,
        body,
        retry_after,
    }) = refusal
    else {
        panic!("{refusal:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(1)));
    assert!(
        body.error.contains("the database does not answer just now"),
        "{}",
        body.error
    );
    world.model.release("mid");
    // What the engine says meanwhile is in the journal.
    let journal = world.volume(session).state();
    until("the turn's end in the journal", async || {
        let found = std::process::Command::new("grep")
            .args(["--recursive", "--quiet", "and after"])
            .arg(&journal)
            .status();
        found.is_ok_and(|found| found.success()).then_some(())
    })
    .await;

    way.open().await;
    let answer = within("the answer", asking).await.expect("no panic");
    let answer = answer.expect("who waits is answered");
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "before and after")
    );
    while !matches!(next().await, EventBody::Complete(_)) {}
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
    world.reaches(session, SessionStatus::Active).await;
    assert!(!world.log().contains("breaks off"), "no stream ended");
    world.end(session).await;
}
