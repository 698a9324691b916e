//! What a call does when the other side is busy, away or refuses.

use std::time::Duration;

use axum::http::HeaderValue;
use serde_json::json;
use vwm_api::{Fault, KeyId};
use vwm_client::ClientError;

use crate::played::{Played, cut, empty, json};

#[tokio::test]
async fn a_refusal_keeps_all_that_it_says() {
    let mut answer = json(
        429,
        json!({"error": "too many", "requestId": "r1", "details": [{"path": "a", "message": "no", "code": "required"}]}),
    );
    let headers = answer.headers_mut();
    headers.insert("retry-after", HeaderValue::from_static("3600"));
    let (server, client) = Played::start([answer]).await;
    // It is asked to stay away for longer than it has patience.
    let client = client.patient(Duration::from_secs(60));
    let error = client.keys().await.expect_err("it is refused");
    assert_eq!(server.asked(), ["GET /admin/keys"]);
    assert_eq!(
        (error.status(), error.retry_after()),
        (Some(429), Some(Duration::from_secs(3600)))
    );
    let body = error.body().expect("it has one");
    assert_eq!(body.error, "too many");
    assert_eq!(body.request_id.as_deref(), Some("r1"));
    assert_eq!(body.details, [Fault::new("a", "required", "no")]);
}

#[tokio::test]
async fn a_patient_client_asks_again_where_that_does_no_harm() {
    let busy = || json(503, json!({"error": "busy"}));
    let key = KeyId::new();
    let list = json(200, json!([]));
    let (server, client) = Played::start([busy(), list, busy()]).await;
    let client = client.patient(Duration::from_secs(60));
    assert_eq!(client.keys().await.expect("the second time"), []);
    let error = client.rotate_key(key).await.expect_err("it is asked once");
    assert_eq!(error.status(), Some(503));
    let rotate = format!("POST /admin/keys/{key}/rotate {{}}");
    let asked = ["GET /admin/keys", "GET /admin/keys", rotate.as_str()];
    assert_eq!(server.asked(), asked);
}

#[tokio::test]
async fn what_is_gone_after_an_answer_that_was_lost_is_deleted() {
    let gone = || json(404, json!({"error": "Key not found"}));
    let (_, client) = Played::start([cut("x"), gone(), gone()]).await;
    let client = client.patient(Duration::from_secs(60));
    client.revoke_key(KeyId::new()).await.expect("it is gone");
    let error = client.revoke_key(KeyId::new()).await;
    assert!(error.expect_err("there never was one").is_not_found());
}

#[tokio::test]
async fn a_name_reaches_the_server_to_the_letter() {
    let (server, client) = Played::start([empty(404), empty(404)]).await;
    for name in ["a/b?c#d%20", "tab\tline\n"] {
        let error = client
            .worker_by_name(name)
            .await
            .expect_err("there is none");
        assert!(matches!(error, ClientError::Api { status: 404, .. }));
    }
    let by_name = "GET /admin/workers/by-name/";
    let asked = ["a%2Fb%3Fc%23d%2520", "tab%09line%0A"].map(|it| format!("{by_name}{it}"));
    assert_eq!(server.asked(), asked);
}
