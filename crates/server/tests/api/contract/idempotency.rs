//! `Idempotency-Key`: which keys may be, whose they are, what they keep, and that two at once make one.

use futures_util::future::join_all;
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{Role, SessionId, SessionStatus, Trigger};

use crate::kit::{Reply, TestApp};

async fn with_key(app: &TestApp, path: &str, key: &str, body: Value) -> Reply {
    let headers = [("idempotency-key", key)];
    app.send(Method::POST, path, &headers, Some(body)).await
}

/// How many turns and sessions there are.
async fn made(app: &TestApp, session: SessionId) -> (usize, usize) {
    let turns = app.app.store.turns(session).await.expect("a read").len();
    let sessions = app.get("/sessions?limit=500").await.body;
    (turns, sessions["items"].as_array().expect("a list").len())
}

#[tokio::test]
async fn a_key_has_1_to_255_visible_characters_on_each_of_the_four_calls() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let (most, more) = ("k".repeat(255), "k".repeat(256));
    for call in ["/prompt", "/stream", "/requests", ""] {
        let (path, body) = match call {
            "" => ("/sessions".to_owned(), json!({"workerName": "bob"})),
            call => (
                format!("/sessions/{session}{call}"),
                json!({"prompt": "hi"}),
            ),
        };
        let mut told = Vec::new();
        for key in ["", &more, "schl\u{fc}ssel"] {
            let reply = with_key(&app, &path, key, body.clone()).await;
            let fault = &reply.body["details"][0];
            let words = format!("{} [{}] {}", fault["path"], fault["code"], fault["message"]);
            told.push(format!("{} {words}", reply.status.as_u16()));
        }
        insta::allow_duplicates! {
            assert_snapshot!(told.join("\n"), @r#"
            400 "Idempotency-Key" ["too_short"] "the key is empty; leave it out, or give it a value"
            400 "Idempotency-Key" ["too_long"] "a key has at most 255 characters; shorten it"
            400 "Idempotency-Key" ["invalid_string"] "use visible ASCII characters only"
            "#);
        }
    }
    assert_eq!(made(&app, session).await, (0, 1));
    let path = format!("/sessions/{session}/requests");
    for key in [most.as_str(), "!", "a b", "\"'`$(x)"] {
        let reply = with_key(&app, &path, key, json!({"prompt": "hi"})).await;
        assert_eq!(reply.status, 202, "{key}: {reply}");
        let again = with_key(&app, &path, key, json!({"prompt": "hi"})).await;
        assert_eq!(again.body, reply.body);
    }
    assert_eq!(made(&app, session).await.0, 4);
}

#[tokio::test]
async fn a_key_is_its_callers_own() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let other = app.key_of(Role::Session).await;
    let path = format!("/sessions/{session}/requests");
    let first = with_key(&app, &path, "k", json!({"prompt": "hi"})).await;
    let request = http::Request::post(&path)
        .header("x-api-key", &other)
        .header("idempotency-key", "k")
        .body(axum::body::Body::from(r#"{"prompt":"hi"}"#));
    let second = app.raw(request.expect("a request")).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202));
    assert_ne!(first.text("requestId"), second.text("requestId"));
    assert_eq!(made(&app, session).await.0, 2);
}

#[tokio::test]
async fn a_key_that_made_one_thing_makes_nothing_else() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let elsewhere = app.session_of("bob", SessionStatus::Active).await;
    let path = |id: SessionId| format!("/sessions/{id}/requests");
    let hi = json!({"prompt": "hi"});
    assert_eq!(
        with_key(&app, &path(session), "k", hi.clone()).await.status,
        202
    );
    for (path, body) in [
        (path(session), json!({"prompt": "ho"})),
        (path(session), json!({"prompt": "hi", "timeout": 60})),
        (path(elsewhere), hi),
        ("/sessions".to_owned(), json!({"workerName": "bob"})),
    ] {
        let reply = with_key(&app, &path, "k", body).await;
        insta::allow_duplicates! {
            assert_snapshot!(reply, @r#"
            422 {
              "error": "Idempotency-Key was used with another request: take a new key for a new request"
            }
            "#);
        }
    }
    assert_eq!(made(&app, session).await, (1, 2));
}

#[tokio::test]
async fn only_an_answer_that_made_something_is_kept() {
    let app = TestApp::start_with(|config| config.queue_limit = 1).await;
    let session = app.session(SessionStatus::Pending).await;
    let path = format!("/sessions/{session}/requests");
    let ask = async |key: &str, body: Value| with_key(&app, &path, key, body).await.status.as_u16();
    let hi = json!({"prompt": "hi"});
    // Not active, not understood, not now: none of them is an answer that is remembered.
    assert_eq!(ask("k1", hi.clone()).await, 409);
    assert_eq!(ask("k1", json!({"prompt": ""})).await, 400);
    app.trigger(session, Trigger::Ready).await;
    assert_eq!(ask("k1", hi.clone()).await, 202);
    assert_eq!(
        ask("k2", json!({"prompt": "hi", "onBusy": "reject"})).await,
        409
    );
    assert_eq!(ask("k2", hi.clone()).await, 202);
    assert_eq!(ask("k3", hi.clone()).await, 429);
    app.post(&format!("/sessions/{session}/abort"), json!({}))
        .await;
    assert_eq!(ask("k3", hi).await, 202);
    assert_eq!(made(&app, session).await.0, 3);

    let worker = json!({"workerName": "eve"});
    assert_eq!(
        with_key(&app, "/sessions", "s", worker.clone())
            .await
            .status,
        400
    );
    app.worker("eve").await;
    assert_eq!(with_key(&app, "/sessions", "s", worker).await.status, 201);
}

#[tokio::test]
async fn twenty_at_once_make_one() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let path = format!("/sessions/{session}/requests");
    let hi = || json!({"prompt": "hi"});
    let turns = join_all((0..20).map(|_| with_key(&app, &path, "k", hi()))).await;
    let new = || json!({"workerName": "bob"});
    let sessions = join_all((0..20).map(|_| with_key(&app, "/sessions", "s", new()))).await;
    for (replies, status, id) in [(turns, 202, "requestId"), (sessions, 201, "id")] {
        for reply in &replies {
            assert_eq!(reply.status.as_u16(), status, "{reply}");
            assert_eq!(reply.text(id), replies[0].text(id));
        }
    }
    assert_eq!(made(&app, session).await, (1, 2));
}
