//! A session as it is told in every status, what its list says, and what it may be made of.

use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{Learning, RepositoryRole, SessionId, SessionStatus, Trigger, Unpushed};
use vwm_store::Learned;

use crate::kit::TestApp;

/// What differs from a session that has just been made, by name.
fn differences(before: &Value, after: &Value) -> String {
    let fields = after.as_object().expect("an object");
    let differs = fields
        .iter()
        .filter(|(name, value)| before.get(name.as_str()) != Some(value));
    let line = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) if text.ends_with('Z') => format!("    {name}: [time]\n"),
        _ => format!("    {name}: {value}\n"),
    };
    differs.map(line).collect()
}

#[tokio::test]
async fn every_status_of_a_session_is_told_in_the_same_fields() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let mut told = String::new();
    for status in SessionStatus::ALL {
        let id = app.session_of("bob", SessionStatus::Pending).await;
        let path = format!("/sessions/{id}");
        let made = app.get(&path).await.body;
        let triggers: &[(Trigger, Option<&str>)] = match status {
            SessionStatus::Pending => &[],
            SessionStatus::Active => &[(Trigger::Ready, None)],
            SessionStatus::Suspended => &[
                (Trigger::Ready, None),
                (Trigger::Suspend, Some("it was idle")),
            ],
            SessionStatus::Ending => &[(Trigger::End, None)],
            SessionStatus::Ended => &[(Trigger::End, None), (Trigger::Ended, None)],
            SessionStatus::Failed => {
                &[(Trigger::GiveUp, Some("the repository is away; try again"))]
            }
        };
        for (trigger, reason) in triggers {
            let row = app
                .app
                .store
                .session(id)
                .await
                .expect("a read")
                .expect("the session");
            let from = row.session.status;
            let reason = reason.map(str::to_owned);
            let moved = app.app.store.move_session(id, from, *trigger, reason).await;
            assert!(moved.expect("a write").is_some());
        }
        let now = app.get(&path).await;
        assert_eq!(now.status, 200);
        let names = |value: &Value| {
            value
                .as_object()
                .expect("an object")
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&now.body), names(&made), "{status:?}");
        told += &format!("{}\n{}", status.as_str(), differences(&made, &now.body));
        let listed = app
            .get(&format!("/sessions?status={}", status.as_str()))
            .await;
        assert_eq!(
            listed.body,
            json!({"items": [now.body], "nextCursor": null})
        );
    }
    assert_snapshot!(told, @r#"
    pending
    active
        status: "active"
        statusSince: [time]
        lastActivityAt: [time]
    suspended
        status: "suspended"
        statusSince: [time]
        statusReason: "it was idle"
        lastActivityAt: [time]
    ending
        status: "ending"
        statusSince: [time]
        endStep: "stopping"
    ended
        status: "ended"
        statusSince: [time]
        endStep: "stopping"
        endedAt: [time]
    failed
        status: "failed"
        statusSince: [time]
        statusReason: "the repository is away; try again"
    "#);
}

/// A session that ended with a branch that its remote did not take.
async fn unpushed(app: &TestApp) -> SessionId {
    let id = app.session(SessionStatus::Active).await;
    app.delete(&format!("/sessions/{id}")).await;
    let branch = Unpushed {
        repository: RepositoryRole::SessionRepository,
        url: "https://example.com/code.git".to_owned(),
        branch: format!("session-{id}"),
        sha: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        bundle: "session_repository.bundle".to_owned(),
        reason: "the remote was away".to_owned(),
    };
    let learned = Learned::Told(Learning::default());
    let collected = app.app.store.set_collected(id, learned, vec![branch]);
    assert!(collected.await.expect("a write"));
    app.trigger(id, Trigger::Ended).await;
    id
}

#[tokio::test]
async fn a_session_that_ended_with_a_branch_left_says_which() {
    let app = TestApp::start().await;
    let id = unpushed(&app).await;
    let mut reply = app.get(&format!("/sessions/{id}")).await;
    let branch = &mut reply.body["unpushed"][0]["branch"];
    assert_eq!(*branch, json!(format!("session-{id}")));
    *branch = json!("session-[id]");
    assert_snapshot!(reply, @r#"
    200 {
      "id": "[id]",
      "workerId": "[id]",
      "workerRevision": 1,
      "status": "ended",
      "statusSince": "[time]",
      "statusReason": null,
      "endStep": "collected",
      "repository": {
        "url": "https://example.com/code.git",
        "branch": "trunk"
      },
      "breadcrumbs": [],
      "timeout": 3600,
      "autoDeleteBranch": false,
      "wall": null,
      "createdAt": "[time]",
      "lastActivityAt": "[time]",
      "endedAt": "[time]",
      "activeSeconds": 0,
      "warnings": [
        {
          "path": "modelConfig.provider",
          "code": "missing_key",
          "message": "the server has no key for anthropic, and its sessions will not start: set VWM_ANTHROPIC_API_KEY and start the server again"
        }
      ],
      "unpushed": [
        {
          "repository": "session_repository",
          "url": "https://example.com/code.git",
          "branch": "session-[id]",
          "sha": "0123456789abcdef0123456789abcdef01234567",
          "bundle": "session_repository.bundle",
          "reason": "the remote was away"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_worker_that_does_not_exist_is_an_unknown_reference() {
    let app = TestApp::start().await;
    for (field, value) in [
        ("workerId", "01970000-0000-7000-8000-000000000000"),
        ("workerName", "nobody"),
        ("workerName", ""),
        ("workerName", "%00"),
    ] {
        let reply = app.post("/sessions", json!({field: value})).await;
        assert_eq!(
            reply.faults(),
            [(field, "unknown_reference")],
            "{value}: {reply}"
        );
    }
    let reply = app.post("/sessions", json!({"workerId": "bob"})).await;
    assert_eq!(reply.faults(), [("workerId", "invalid_string")]);
}

#[tokio::test]
async fn both_names_of_the_repository_are_understood_and_not_both_at_once() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let repository = json!({"url": "https://example.com/code.git", "branch": "trunk"});
    for name in ["repository", "sessionRepository"] {
        let body = json!({"workerName": "bob", name: repository});
        let reply = app.post("/sessions", body).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["repository"]),
            (201, &repository),
            "{reply}"
        );
    }
    let both =
        json!({"workerName": "bob", "repository": repository, "sessionRepository": repository});
    let reply = app.post("/sessions", both).await;
    assert_eq!(reply.faults(), [("sessionRepository", "invalid_string")]);
    for (wrong, path, code) in [
        (json!({}), "repository.url", "required"),
        (json!({"url": ""}), "repository.url", "too_short"),
        (json!({"url": "x"}), "repository.url", "invalid_string"),
        (json!({"url": 1}), "repository.url", "invalid_type"),
        (
            json!({"url": "https://example.com/x", "branch": ""}),
            "repository.branch",
            "too_short",
        ),
        (
            json!({"url": "https://example.com/x", "branch": "-x"}),
            "repository.branch",
            "invalid_string",
        ),
        (
            json!({"url": "ext::sh -c id"}),
            "repository.url",
            "invalid_string",
        ),
        (
            json!({"url": "--upload-pack=id"}),
            "repository.url",
            "invalid_string",
        ),
        (json!("https://example.com/x"), "repository", "invalid_type"),
    ] {
        let body = json!({"workerName": "bob", "repository": wrong});
        let reply = app.post("/sessions", body).await;
        assert_eq!(reply.faults(), [(path, code)], "{wrong}: {reply}");
    }
}

#[tokio::test]
async fn the_end_of_a_session_is_asked_for_once_and_answered_as_often_as_one_likes() {
    let app = TestApp::start().await;
    let id = app.session(SessionStatus::Ended).await;
    let before = app.get(&format!("/sessions/{id}")).await.body;
    for query in ["", "?wait=true", "?wait=false", "?x=1"] {
        let reply = app.delete(&format!("/sessions/{id}{query}")).await;
        assert_eq!((reply.status.as_u16(), &reply.body), (204, &json!("")));
    }
    assert_eq!(app.get(&format!("/sessions/{id}")).await.body, before);
    let reply = app.post(&format!("/sessions/{id}/push"), json!({})).await;
    assert_snapshot!(reply, @r#"
    409 {
      "error": "Nothing is left to push: all that the session kept is pushed"
    }
    "#);
}

#[tokio::test]
async fn what_a_session_was_is_told_in_every_status_and_nothing_is_aborted_where_nothing_runs() {
    for status in SessionStatus::ALL {
        let app = TestApp::start().await;
        let id = app.session(status).await;
        for (call, empty) in [
            ("telemetry", json!([])),
            ("transcript", json!("")),
            ("file-changes", json!([])),
        ] {
            let reply = app.get(&format!("/sessions/{id}/{call}")).await;
            assert_eq!(
                (reply.status.as_u16(), &reply.body),
                (200, &empty),
                "{call} {status:?}"
            );
        }
        let stats = app.get(&format!("/sessions/{id}/stats")).await;
        assert_eq!(stats.body["totalRequests"], 0, "{status:?}");
        let reply = app.post(&format!("/sessions/{id}/abort"), json!({})).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text("error")),
            (
                409,
                "Nothing is in flight: no turn runs or waits that could be aborted"
            ),
            "{status:?}"
        );
    }
}
