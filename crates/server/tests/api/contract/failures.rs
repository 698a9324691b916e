//! What is the server's fault: the answer has an id, the log has the cause.

use axum::body::Body;
use http::Request;
use serde_json::json;
use vwm_api::{SessionStatus, Trigger};

use crate::kit::TestApp;

#[tokio::test]
async fn a_store_that_breaks_is_told_by_the_requests_id_and_nothing_else() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    app.complete_a_prompt(session).await;
    let kept = app.app.store.blobs().put(b"{}\n".to_vec()).await;
    let kept = kept.expect("it is kept");
    let noted = app
        .app
        .store
        .add_collected(session, "transcript", "transcript.jsonl", kept, 3);
    noted.await.expect("it is noted");
    app.trigger(session, Trigger::End).await;
    app.trigger(session, Trigger::Ended).await;
    let path = format!("/sessions/{session}/transcript");
    assert_eq!(app.get(&path).await.status, 200);

    // A blob that is gone can be made again; a place where none can be looked for is broken.
    let blobs = app.folder().join("blobs");
    std::fs::remove_dir_all(&blobs).expect("it is there");
    std::fs::write(&blobs, "").expect("a file");
    for theirs in [None, Some("build-7")] {
        let mut request = Request::get(&path).header("x-api-key", &app.key);
        if let Some(id) = theirs {
            request = request.header("x-request-id", id);
        }
        let reply = app
            .raw(request.body(Body::empty()).expect("a request"))
            .await;
        let id = reply.headers["x-request-id"].to_str().expect("text");
        assert!(theirs.is_none_or(|theirs| theirs == id), "{id}");
        assert_eq!(reply.status, 500, "{reply}");
        assert_eq!(
            reply.body,
            json!({"error": "Internal error", "requestId": id})
        );
        assert_eq!(reply.headers["content-type"], "application/json");
    }
}
