//! The sessions of one worker, and what breadcrumbs find.

use http::Method;
use serde_json::json;
use vwm_api::{SessionId, SessionStatus, Trigger};

use crate::kit::{Reply, TestApp};

fn ids(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{reply}");
    let items = reply.body.as_array().expect("an array");
    items
        .iter()
        .map(|item| item["id"].as_str().expect("an id"))
        .collect()
}

/// The address in `<…>` of a header `Link`.
fn next(reply: &Reply) -> String {
    let link = reply.headers["link"].to_str().expect("text");
    let (address, relation) = link.split_once(';').expect("a relation");
    assert_eq!(relation, " rel=\"next\"");
    address.trim_matches(['<', '>']).to_owned()
}

#[tokio::test]
async fn the_sessions_of_a_worker_are_listed_newest_first_and_the_link_leads_on() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await["id"].as_str().unwrap().to_owned();
    app.worker("amy").await;
    let mut made = Vec::new();
    for of in ["bob", "amy", "bob", "bob"] {
        let id = app.session_of(of, SessionStatus::Ended).await;
        if of == "bob" {
            made.insert(0, id.to_string());
        }
    }
    let path = format!("/admin/workers/{worker}/sessions");
    let all = app.get(&path).await;
    assert_eq!(ids(&all), made);
    assert!(all.headers.get("link").is_none(), "{:?}", all.headers);
    let shown = app.get(&format!("/sessions/{}", made[0])).await;
    assert_eq!(all.body[0], shown.body);

    let first = app.get(&format!("{path}?limit=2")).await;
    assert_eq!(ids(&first), made[..2]);
    let second = app.get(&next(&first)).await;
    assert_eq!(ids(&second), made[2..]);
    assert!(second.headers.get("link").is_none());
    let bad = app.get(&format!("{path}?limit=501&cursor=x")).await;
    assert_eq!(bad.faults(), [("limit", "out_of_range")]);
    let bad = app.get(&format!("{path}?cursor=x")).await;
    assert_eq!(bad.faults(), [("cursor", "invalid_string")]);

    assert_eq!(
        app.delete(&format!("/admin/workers/{worker}")).await.status,
        204
    );
    assert_eq!(ids(&app.get(&path).await), made);
    let unknown = format!("/admin/workers/{}/sessions", SessionId::new());
    assert_eq!(app.get(&unknown).await.text("error"), "Worker not found");
}

#[tokio::test]
async fn a_breadcrumb_finds_the_turns_that_carry_it_of_themselves_or_of_their_session() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let new = json!({"workerName": "bob", "breadcrumbs": ["ticket-7", "team"]});
    let made = app.post("/sessions", new).await;
    let session: SessionId = made.text("id").parse().expect("an id");
    app.trigger(session, Trigger::Ready).await;
    for own in [json!(["a b&c", "team"]), json!([])] {
        let path = format!("/sessions/{session}/requests");
        let body = Some(json!({"prompt": "hi", "breadcrumbs": own}));
        let reply = app.send(Method::POST, &path, &[], body).await;
        assert_eq!(reply.status, 202, "{reply}");
    }
    let path = format!("/sessions/{session}/telemetry");
    let all = app.get(&path).await;
    let told: Vec<_> = all.body.as_array().expect("rows").iter().collect();
    assert_eq!(told[0]["breadcrumbs"], json!(["ticket-7", "team", "a b&c"]));
    assert_eq!(told[1]["breadcrumbs"], json!(["ticket-7", "team"]));
    let own = app.get(&format!("{path}?breadcrumb=a%20b%26c")).await;
    assert_eq!(ids(&own), [told[0]["id"].as_str().expect("an id")]);
    let of_session = app.get(&format!("{path}?breadcrumb=ticket-7")).await;
    assert_eq!(of_session.body, all.body);
    assert!(ids(&app.get(&format!("{path}?breadcrumb=x")).await).is_empty());
    let nul = app.get(&format!("{path}?breadcrumb=%00")).await;
    assert_eq!(nul.faults(), [("breadcrumb", "invalid_string")]);
}
