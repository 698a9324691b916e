//! The Rust SDK's shapes against a real server: a worker by its name, turns as streams and plain, files in and out, the end.

use futures_util::StreamExt;
use serde_json::{Value, json};
use vwm_api::{EventBody, SessionStatus, TurnStatus};
use vwm_client::{
    ClientError, Envelope, SessionOptions, Turn, TurnArgs, TurnProgress, VirtualWorker,
    WorkspaceFile,
};
use vwm_tests::{Road, World, within};

/// A world with the worker `bob`, whose agent plays these rules.
async fn world_of(rules: Value) -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let engine = world.agent(json!({"rules": rules}));
    world.worker(json!({"engine": engine})).await;
    world
}

/// Counts its runs in `runs`, and is held in the middle of its text.
fn talk() -> Value {
    json!([{"when": "talk", "steps": [
        {"shell": "echo run >> runs"},
        {"text": "one two ", "chunks": 2},
        {"text": "three four", "chunks": 2, "hold": "mid"}]}])
}

/// The rest of a turn's envelopes.
async fn rest(turn: &mut Turn) -> Vec<Envelope> {
    within("the turn's end", turn.collect()).await
}

/// What the worker said in these envelopes.
fn text(envelopes: &[Envelope]) -> String {
    let texts = envelopes.iter().filter_map(|envelope| match envelope {
        Envelope::Event(event) => match &event.body {
            EventBody::Text(text) => Some(text.as_str()),
            _ => None,
        },
        Envelope::Status { .. } | Envelope::Error { .. } => None,
    });
    texts.collect()
}

fn progress(envelopes: &[Envelope]) -> Vec<TurnProgress> {
    let statuses = envelopes.iter().filter_map(|envelope| match envelope {
        Envelope::Status { status, .. } => Some(*status),
        Envelope::Event(_) | Envelope::Error { .. } => None,
    });
    statuses.collect()
}

#[tokio::test]
async fn a_worker_by_its_name_takes_files_and_gives_files_back() {
    let sum = json!([{"when": "sum up", "steps": [
        {"shell": "cat given.txt notes/today.txt > summary.md"}, {"text": "done"}]}]);
    let world = world_of(sum).await;
    let stranger = VirtualWorker::new(world.client(), "Bob");
    assert!(stranger.resolve().await.expect_err("no Bob").is_not_found());

    let worker = VirtualWorker::new(world.client(), "bob").with_options(SessionOptions {
        breadcrumbs: vec!["sdk".into()],
        initial_files: vec![WorkspaceFile::new("given.txt", "at the start\n")],
        ..SessionOptions::default()
    });
    let session = within("it", worker.start_session(SessionOptions::default()))
        .await
        .expect("it becomes active");
    let known = world.client().session(session.id()).await;
    let known = known.expect("it is known");
    assert_eq!(known.status, SessionStatus::Active);
    assert_eq!(known.breadcrumbs, ["sdk"]);
    assert_eq!(session.worker_id(), Some(known.worker_id));

    let mut turn = session
        .prompt(TurnArgs {
            prompt: "sum up".into(),
            input_files: vec![WorkspaceFile::new("notes/today.txt", "with the turn\n")],
            output_file_paths: vec!["summary.md".into(), "never.md".into()],
            ..TurnArgs::default()
        })
        .expect("it has not ended");
    let told = rest(&mut turn).await;
    assert_eq!(text(&told), "done");
    let expected = [TurnProgress::Started, TurnProgress::Completed];
    assert_eq!(progress(&told), expected);
    let result = turn.result().await.expect("it ran");
    assert_eq!(
        (result.prompt_response.response.as_str(), result.turn_index),
        ("done", 0)
    );
    let summary = WorkspaceFile::new("summary.md", "at the start\nwith the turn\n");
    assert_eq!(result.downloaded_files, [summary]);
    let missing: Vec<&str> = result
        .missing_files
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    assert_eq!(missing, ["never.md"]);

    let again = within("the answer", session.execute_prompt("sum up")).await;
    let again = again.expect("it ran");
    assert_eq!(
        (again.prompt_response.response.as_str(), again.turn_index),
        ("done", 1)
    );
    assert_eq!(session.turn_results(), [result, again]);
    session.end_and_wait().await.expect("it ends");
}

#[tokio::test]
async fn a_session_is_reached_again_by_its_id_until_it_is_ended() {
    let world = world_of(json!([])).await;
    let id = world.session("bob", None).await.id;
    let session = VirtualWorker::new(world.client(), "bob").reconnect_session(id);
    assert_eq!((session.id(), session.worker_id()), (id, None));

    // Bytes that are no text, of more than one read, under names that mean something elsewhere.
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    for path in ["a b/ü%2F#?.bin", "download/x", "upload"] {
        session.upload_file(path, bytes.clone()).await.expect(path);
        let mut pieces = session.download_file(path).await.expect(path);
        let mut got = Vec::new();
        while let Some(piece) = pieces.next().await {
            got.extend_from_slice(&piece.expect("the stream is whole"));
        }
        assert!(got == bytes, "{path} came back as {} bytes", got.len());
        session.write_file(path, "text").await.expect(path);
        assert_eq!(session.read_file(path).await.expect(path), "text");
        session.delete_file(path).await.expect(path);
        let gone = session.read_file(path).await.expect_err("it is deleted");
        assert!(gone.is_not_found(), "{gone}");
    }

    let other = session.clone();
    session.end().await.expect("it is asked to end");
    session.end().await.expect("it is, already");
    let error = other.execute_prompt("more").await.expect_err("it ended");
    assert!(matches!(error, ClientError::Ended { .. }));
    assert!(error.to_string().contains("already been ended"));
    assert!(other.is_ended());
    world.end(id).await;
}

#[tokio::test]
async fn a_turn_that_is_aborted_says_so() {
    let world = world_of(talk()).await;
    let worker = VirtualWorker::new(world.client(), "bob");
    let session = within("it", worker.start_session(SessionOptions::default())).await;
    let session = session.expect("it becomes active");
    let nothing = session.abort(None).await.expect_err("nothing runs");
    assert!(nothing.is_conflict());
    let mut turn = session.prompt("talk").expect("it has not ended");
    let mut told = Vec::new();
    while text(&told) != "one two " {
        told.extend(within("an envelope", turn.next()).await);
    }
    session.abort(None).await.expect("it runs");
    told.extend(rest(&mut turn).await);
    let expected = [TurnProgress::Started, TurnProgress::Failed];
    assert_eq!(progress(&told), expected);
    let result = turn.result().await.expect("it ran");
    let answer = result.prompt_response;
    assert_eq!(answer.status, TurnStatus::Cancelled);
    assert_eq!(answer.error.expect("it says why").code, "aborted");
}

#[tokio::test]
async fn a_turn_is_read_on_through_a_restart_of_the_server_without_loss() {
    let mut world = world_of(talk()).await;
    let road = Road::to(&world).await;
    let worker = VirtualWorker::new(road.client(&world), "bob");
    let session = within("it", worker.start_session(SessionOptions::default())).await;
    let session = session.expect("it becomes active");
    let mut turn = session.prompt("talk").expect("it has not ended");
    let mut told = Vec::new();
    while text(&told) != "one two " {
        told.extend(within("an envelope", turn.next()).await);
    }

    world.take_server().kill();
    world.start_server(&[]);
    road.leads_to(&world);
    world.model.release("mid");

    told.extend(rest(&mut turn).await);
    assert_eq!(text(&told), "one two three four");
    let events = world.events_until_turn_ends(session.id(), 1).await;
    let of_turn = events.into_iter().filter(|it| it.request_id.is_some());
    let expected: Vec<_> = of_turn.map(Envelope::Event).collect();
    told.retain(|envelope| matches!(envelope, Envelope::Event(_)));
    assert_eq!(told, expected);
    let result = turn.result().await.expect("it ran");
    assert_eq!(result.prompt_response.response, "one two three four");
    let runs = session.read_file("runs").await.expect("it is there");
    assert_eq!(runs, "run\n");
}
