//! The SDK's shapes, where things go wrong; how they go right is tested against a real server.

use axum::response::Response;
use serde_json::{Value, json};
use vwm_api::{SessionId, TurnId, WorkerId};
use vwm_client::{
    Client, ClientError, Envelope, NO_RESPONSE, SessionOptions, TurnArgs, VirtualWorker, VwSession,
    WorkspaceFile,
};

use crate::played::{Played, empty, json, text};

fn worker() -> Response {
    let worker = json!({
        "id": WorkerId::new(), "name": "bob", "description": null, "runtimeId": WorkerId::new(), "cliType": "acp", "engine": null,
        "agentMd": null, "modelConfig": null, "workerRepoUrl": null, "workerRepoBranch": "main", "gitCredential": null,
        "autoLearn": false, "timeout": 3600, "locked": false, "revision": 1, "hash": "h", "warnings": [],
        "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
    });
    json(200, worker)
}

fn session(id: SessionId) -> Response {
    let session = json!({
        "id": id, "workerId": id, "workerRevision": 1, "status": "pending", "statusReason": null, "endStep": null,
        "repository": null, "breadcrumbs": [], "timeout": 3600, "autoDeleteBranch": false, "wall": null,
        "createdAt": "2026-01-01T00:00:00Z", "lastActivityAt": "2026-01-01T00:00:00Z", "endedAt": null,
        "activeSeconds": 0, "warnings": [], "statusSince": "2026-01-01T00:00:00Z",
    });
    json(201, session)
}

fn events(events: &[Value]) -> Response {
    let frames = events.iter().enumerate();
    let frames = frames.map(|(n, data)| format!("id: {}\ndata: {data}\n\n", n + 1));
    text(frames.collect::<String>())
}

fn moved(to: &str, reason: &str) -> Value {
    json!({"type": "status", "data": {"from": null, "to": to, "reason": reason}})
}

fn reconnected(client: Client) -> VwSession {
    VirtualWorker::new(client, "bob").reconnect_session(SessionId::new())
}

/// The envelopes in short.
async fn told(turn: &mut vwm_client::Turn) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(envelope) = turn.next().await {
        told.push(match envelope {
            Envelope::Status { status, message } => format!("{}: {message}", status.as_str()),
            Envelope::Event(event) => format!("event {}", event.seq),
            Envelope::Error { message } => format!("error: {message}"),
        });
    }
    told
}

#[tokio::test]
async fn a_session_that_does_not_become_active_says_why() {
    let id = SessionId::new();
    let story = [
        moved("pending", ""),
        moved("failed", "no such branch; name one"),
    ];
    let answers = [worker(), session(id), events(&story)];
    let (server, client) = Played::start(answers).await;
    let worker = VirtualWorker::new(client, "bob");
    let error = worker.start_session(SessionOptions::default()).await;
    assert_eq!(
        error.expect_err("it failed").to_string(),
        format!("session {id} is failed, not active: no such branch; name one")
    );
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_session_whose_files_cannot_be_written_is_ended_and_the_worker_asked_for_once() {
    let id = SessionId::new();
    let refused = json(403, json!({"error": "not there"}));
    let active = || events(&[moved("pending", ""), moved("active", "")]);
    let answers = [
        worker(),
        session(id),
        active(),
        refused,
        empty(204),
        session(id),
        active(),
    ];
    let (server, client) = Played::start(answers).await;
    let worker = VirtualWorker::new(client, "bob");
    let options = SessionOptions {
        initial_files: vec![WorkspaceFile::new("worker_repo/a", "x")],
        ..SessionOptions::default()
    };
    let error = worker.start_session(options).await.expect_err("no file");
    assert_eq!(error.status(), Some(403));
    assert_eq!(server.asked()[4], format!("DELETE /sessions/{id}"));
    let session = worker.start_session(SessionOptions::default()).await;
    let session = session.expect("it is active");
    assert_eq!((session.id(), session.worker_name()), (id, "bob"));
    let resolved = worker.resolve().await.expect("it is known").id;
    assert_eq!(session.worker_id(), Some(resolved));
}

#[tokio::test]
async fn a_turn_that_failed_has_a_result_without_a_response() {
    let turn = TurnId::new();
    let error = json!({"status": "failed", "message": "the key is refused; set another", "code": "model_auth", "retryable": false});
    let story = [
        json!({"type": "text", "data": "hm", "requestId": turn}),
        json!({"type": "error", "data": error, "requestId": turn}),
    ];
    let view = json!({
        "requestId": turn, "status": "failed", "subsessionId": turn, "createdAt": "2026-01-01T00:00:00Z", "answer": {
            "requestId": turn, "status": "failed", "subsessionId": turn, "response": "", "artifacts": [], "tokensIn": 7,
            "tokensOut": null, "costUsd": null, "model": null, "durationMs": null, "raw": null, "retryOf": null, "error": error,
        },
    });
    let (server, client) = Played::start([events(&story), json(200, view)]).await;
    let session = reconnected(client);
    let args = TurnArgs {
        prompt: "work".into(),
        output_file_paths: vec!["never".into()],
        ..TurnArgs::default()
    };
    let mut turn = session.prompt(args).expect("it has not ended");
    assert_eq!(
        told(&mut turn).await,
        [
            "STARTED: the turn begins",
            "event 1",
            "event 2",
            "error: the key is refused; set another",
            "FAILED: the key is refused; set another",
        ]
    );
    // As often as anybody asks.
    for _ in 0..2 {
        assert_eq!(turn.next().await, None);
    }
    let result = turn.result().await.expect("it ran");
    let answer = &result.prompt_response;
    assert_eq!(
        (answer.response.as_str(), answer.tokens_in),
        (NO_RESPONSE, Some(7))
    );
    let code = answer.error.as_ref().map(|error| error.code.as_str());
    assert_eq!(code, Some("model_auth"));
    assert_eq!(
        (session.turn_results(), session.turn_count()),
        (vec![result], 1)
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_turn_that_could_not_run_is_an_error_and_no_result() {
    let refused = json(
        409,
        json!({"error": "Session is not active: it has failed"}),
    );
    let (_, client) = Played::start([refused]).await;
    let session = reconnected(client);
    let mut turn = session.prompt("work").expect("it has not ended here");
    assert_eq!(
        told(&mut turn).await,
        [
            "STARTED: the turn begins",
            "error: Session is not active: it has failed",
            "FAILED: Session is not active: it has failed",
        ]
    );
    assert!(
        turn.result()
            .await
            .expect_err("it is refused")
            .is_conflict()
    );
    assert_eq!(session.turn_count(), 0);
}

#[tokio::test]
async fn an_end_is_asked_for_once_and_every_call_after_it_says_so() {
    let busy = json(500, json!({"error": "Internal error"}));
    let (server, client) = Played::start([busy, empty(204)]).await;
    let session = reconnected(client);
    session.end().await.expect_err("it could not be ended");
    assert!(!session.is_ended());
    session.end().await.expect("it is ended");
    session.clone().end().await.expect("again");
    assert!(session.is_ended());
    let errors = [
        session.prompt("more").err(),
        session.execute_prompt("more").await.err(),
        session.abort(None).await.err(),
        session.upload_file("a", "x").await.err(),
        session.download_file("a").await.err(),
        session.read_file("a").await.err(),
        session.write_file("a", "x").await.err(),
        session.delete_file("a").await.err(),
    ];
    for error in errors {
        let error = error.expect("it has ended");
        assert!(matches!(error, ClientError::Ended { session: id } if id == session.id()));
        assert!(error.to_string().contains("already been ended"));
    }
    assert_eq!(server.asked().len(), 2);
    assert_eq!(session.turn_results(), []);
}
