//! Workers and runtimes: revisions, locks, preconditions, references.

use http::Method;
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::SessionStatus;

use crate::kit::TestApp;

#[tokio::test]
async fn a_worker_is_answered_whole() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    let reply = app.get(&path).await;
    assert_eq!(reply.headers["etag"], "\"1\"");
    assert_snapshot!(reply, @r#"
    200 {
      "id": "[id]",
      "name": "bob",
      "description": null,
      "runtimeId": "[id]",
      "cliType": "claude-code",
      "engine": null,
      "env": {},
      "agentMd": null,
      "modelConfig": null,
      "mcpServers": [],
      "workerRepoUrl": null,
      "workerRepoBranch": "main",
      "gitCredential": null,
      "autoLearn": false,
      "timeout": 3600,
      "approvals": {
        "mode": "auto"
      },
      "locked": false,
      "revision": 1,
      "hash": "[hash]",
      "warnings": [],
      "createdAt": "[time]",
      "updatedAt": "[time]"
    }
    "#);
    assert_eq!(app.get("/admin/workers/by-name/bob").await.body, worker);
    assert_eq!(app.get("/admin/workers").await.body, json!([worker]));
    assert_snapshot!(app.get("/admin/workers/by-name/eve").await, @r#"
    404 {
      "error": "Worker not found"
    }
    "#);
}

#[tokio::test]
async fn a_bad_worker_is_told_also_what_only_this_server_knows() {
    let app = TestApp::start_with(|config| config.listen = "0.0.0.0:0".parse().unwrap()).await;
    let body = json!({
        "name": "bob!", "cliType": "claude", "runtimeId": "01970000-0000-7000-8000-000000000000",
        "workerRepoUrl": "file:///srv/kb.git",
    });
    let reply = app.post("/admin/workers", body).await;
    let expected = [
        ("name", "invalid_string"),
        ("cliType", "invalid_enum_value"),
        ("runtimeId", "unknown_reference"),
        ("workerRepoUrl", "invalid_string"),
    ];
    assert_eq!(reply.faults(), expected, "{reply}");
    let body = json!({"name": "bob", "cliType": "claude-code", "runtimeId": "01970000-0000-7000-8000-000000000000"});
    let reply = app.post("/admin/workers", body).await;
    assert_eq!(reply.faults(), [("runtimeId", "unknown_reference")]);
}

#[tokio::test]
async fn a_change_is_a_revision_and_nothing_else_is() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    let changed = app.put(&path, json!({"description": "builds"})).await;
    assert_eq!(
        (
            changed.body["revision"].clone(),
            changed.body["name"].clone()
        ),
        (json!(2), json!("bob"))
    );
    assert_eq!(
        app.put(&path, json!({"description": "builds"})).await.body,
        changed.body
    );
    let revisions = app.get(&format!("{path}/revisions")).await;
    let numbers: Vec<_> = revisions
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["revision"].clone())
        .collect();
    assert_eq!(numbers, [json!(1), json!(2)]);
    let other = app.worker("eve").await;
    assert_snapshot!(app.put(&path, json!({"name": other["name"]})).await, @r#"
    409 {
      "error": "worker eve exists already; choose another name, or change that one"
    }
    "#);
}

#[tokio::test]
async fn what_was_answered_can_be_put_as_it_is_or_with_a_change() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    assert_eq!(app.put(&path, worker.clone()).await.body, worker);
    let mut changed = worker;
    changed["description"] = json!("builds");
    let reply = app.put(&path, changed).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["revision"]),
        (200, &json!(2)),
        "{reply}"
    );
    assert_eq!(reply.text("description"), "builds");
}

#[tokio::test]
async fn skills_are_kept_and_named_among_what_has_no_effect_yet() {
    let app = TestApp::start().await;
    let mut worker = app.worker("bob").await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    let skills = json!(["review", {"name": "deploy", "version": "1"}]);
    let reply = app.put(&path, json!({"skills": skills})).await;
    assert_eq!(reply.body["skills"], skills, "{reply}");
    assert_ne!(reply.body["hash"], worker["hash"]);
    assert_eq!(reply.body["warnings"][0]["path"], "skills");
    worker = app.put(&path, json!({"skills": null})).await.body["hash"].take();
    assert_ne!(worker, reply.body["hash"]);
    let wrong = app.put(&path, json!({"skills": "review"})).await;
    assert_eq!(wrong.faults(), [("skills", "invalid_type")]);
}

#[tokio::test]
async fn if_match_keeps_one_from_changing_what_one_has_not_read() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    let put = async |tag: &str, description: &str| {
        let headers = [("if-match", tag)];
        app.send(
            Method::PUT,
            &path,
            &headers,
            Some(json!({"description": description})),
        )
        .await
    };
    assert_eq!(put("\"1\"", "a").await.headers["etag"], "\"2\"");
    assert_snapshot!(put("\"1\"", "b").await, @r#"
    412 {
      "error": "Precondition failed: it stands at revision 2 by now; read it again"
    }
    "#);
    assert_eq!(put("\"1\", \"2\"", "b").await.status, 200);
    assert_eq!(put("*", "c").await.body["revision"], 4);
    assert_eq!(put("W/\"3\"", "d").await.status, 412);
    assert_eq!(put("W/\"4\"", "d").await.body["revision"], 5);
    assert_eq!(put("nonsense", "d").await.status, 412);
}

#[tokio::test]
async fn a_locked_worker_is_changed_and_deleted_by_force_only_which_is_recorded() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let path = format!("/admin/workers/{}", worker["id"].as_str().unwrap());
    assert_eq!(app.put(&path, json!({"locked": true})).await.status, 200);
    assert_snapshot!(app.put(&path, json!({"locked": false})).await, @r#"
    423 {
      "error": "Worker is locked: unlock it, change or delete it with ?force=true, which is recorded"
    }
    "#);
    assert_eq!(app.delete(&path).await.status, 423);
    let forced = app
        .put(&format!("{path}?force=true"), json!({"description": "x"}))
        .await;
    assert_eq!(forced.status, 200, "{forced}");
    let revisions = app.get(&format!("{path}/revisions")).await.body;
    let forced: Vec<_> = revisions
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["forced"].clone())
        .collect();
    assert_eq!(forced, [json!(false), json!(false), json!(true)]);
    assert_eq!(
        app.delete(&format!("{path}?force=yes")).await.faults(),
        [("force", "invalid_type")]
    );
    assert_eq!(app.delete(&format!("{path}?force=true")).await.status, 204);
    assert_eq!(app.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_worker_in_use_and_a_runtime_in_use_stay() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let session = app.get(&format!("/sessions/{session}")).await;
    let worker = format!("/admin/workers/{}", session.text("workerId"));
    assert_snapshot!(app.delete(&worker).await, @r#"
    409 {
      "error": "worker bob is in use by 1 session(s) that have not ended; end them first"
    }
    "#);
    let runtime = app.get("/admin/runtimes/by-name/local").await;
    assert_snapshot!(app.delete(&format!("/admin/runtimes/{}", runtime.text("id"))).await, @r#"
    409 {
      "error": "runtime local is in use by worker bob; change or delete that first"
    }
    "#);
}

#[tokio::test]
async fn a_runtime_is_made_changed_found_and_deleted() {
    let app = TestApp::start().await;
    assert_snapshot!(app.get("/admin/runtimes/by-name/local").await, @r#"
    200 {
      "id": "[id]",
      "name": "local",
      "description": "This machine: engines run as its processes",
      "baseImage": "local",
      "vwImage": null,
      "tags": [],
      "enginesDir": null,
      "warnings": [],
      "createdAt": "[time]",
      "updatedAt": "[time]"
    }
    "#);
    let gpu = json!({"name": "gpu", "baseImage": "registry.example.com/gpu:1", "tags": ["big"]});
    let made = app.post("/admin/runtimes", gpu.clone()).await;
    assert_eq!(made.status, 201, "{made}");
    assert_snapshot!(app.post("/admin/runtimes", gpu).await, @r#"
    409 {
      "error": "runtime gpu exists already; choose another name, or change that one"
    }
    "#);
    let path = format!("/admin/runtimes/{}", made.text("id"));
    let changed = app
        .put(&path, json!({"description": "many", "tags": null}))
        .await;
    assert_eq!(
        (changed.text("name"), changed.text("description")),
        ("gpu", "many")
    );
    assert_eq!(changed.body["tags"], json!([]));
    assert_eq!(app.get("/admin/runtimes?tag=big").await.body, json!([]));
    let bad = json!({"name": "", "enginesDir": "engines", "image": "x"});
    let expected = [
        ("name", "too_short"),
        ("baseImage", "required"),
        ("enginesDir", "invalid_string"),
        ("image", "unknown_field"),
    ];
    assert_eq!(app.post("/admin/runtimes", bad).await.faults(), expected);
    assert_eq!(app.delete(&path).await.status, 204);
    assert_eq!(app.delete(&path).await.status, 404);
}
