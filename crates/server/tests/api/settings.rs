//! Settings.

use insta::assert_snapshot;
use serde_json::json;
use vwm_api::Role;

use crate::kit::TestApp;

#[tokio::test]
async fn the_system_instructions_are_a_setting_with_revisions() {
    let app = TestApp::start().await;
    let path = "/admin/settings/system_agent_md";
    assert_snapshot!(app.get(path).await, @r#"
    404 {
      "error": "Setting not found: it was never set; set it with PUT"
    }
    "#);
    assert_snapshot!(app.put(path, json!({"value": "Be kind."})).await, @r#"
    200 {
      "key": "system_agent_md",
      "value": "Be kind.",
      "revision": 1,
      "setBy": "[id]",
      "updatedAt": "[time]",
      "warnings": []
    }
    "#);
    let second = app.put(path, json!({"value": "Be terse."})).await;
    assert_eq!(second.body["revision"], 2);
    assert_eq!(app.get("/admin/settings").await.body, json!([second.body]));
    assert_snapshot!(app.get(path).await, @r#"
    200 {
      "key": "system_agent_md",
      "value": "Be terse.",
      "revision": 2,
      "setBy": "[id]",
      "updatedAt": "[time]",
      "warnings": [],
      "history": [
        {
          "revision": 2,
          "value": "Be terse.",
          "setBy": "[id]",
          "createdAt": "[time]"
        },
        {
          "revision": 1,
          "value": "Be kind.",
          "setBy": "[id]",
          "createdAt": "[time]"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn of_a_long_history_the_newest_hundred_are_told() {
    let app = TestApp::start().await;
    for value in 1..=102 {
        app.app
            .store
            .set_setting("count", json!(value), None)
            .await
            .unwrap();
    }
    let told = app.get("/admin/settings/count").await.body;
    let history = told["history"].as_array().expect("a history");
    assert_eq!(
        (
            history.len(),
            &history[0]["value"],
            &history[99]["revision"]
        ),
        (100, &json!(102), &json!(3))
    );
}

#[tokio::test]
async fn a_setting_that_nothing_reads_is_kept_with_a_warning() {
    let app = TestApp::start().await;
    let path = "/admin/settings/team.colour-2";
    let set = app
        .put(path, json!({"value": {"a": [1, null, false]}}))
        .await;
    assert_snapshot!(set, @r#"
    200 {
      "key": "team.colour-2",
      "value": {
        "a": [
          1,
          null,
          false
        ]
      },
      "revision": 1,
      "setBy": "[id]",
      "updatedAt": "[time]",
      "warnings": [
        {
          "path": "key",
          "code": "unknown_setting",
          "message": "nothing reads this setting; it is kept for whoever asks for it"
        }
      ]
    }
    "#);
    let told = app.get(path).await;
    assert_eq!(told.body["value"], json!({"a": [1, null, false]}));
    assert_eq!(told.body["warnings"], set.body["warnings"]);
    let near = app
        .put("/admin/settings/system_agents_md", json!({"value": "x"}))
        .await;
    assert_eq!(
        near.body["warnings"][0]["message"],
        "nothing reads this setting; did you mean `system_agent_md`?"
    );
    let listed = app.get("/admin/settings").await.body;
    assert_eq!(listed, json!([near.body, set.body]));
}

#[tokio::test]
async fn a_setting_has_a_known_key_and_a_value_of_its_kind() {
    let app = TestApp::start().await;
    let faults = async |key: &str, body| {
        let reply = app.put(&format!("/admin/settings/{key}"), body).await;
        reply
            .faults()
            .iter()
            .map(|(path, code)| format!("{path} {code}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        faults("system_agent_md", json!({"value": 1})).await,
        ["value invalid_type"]
    );
    assert_eq!(
        faults("system_agent_md", json!({"vale": "x"})).await,
        ["value required", "vale unknown_field"]
    );
    let null = json!({"value": null});
    let null = app.put("/admin/settings/system_agent_md", null).await;
    assert_snapshot!(null, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "value",
          "message": "`value` is null; give it a value",
          "code": "required"
        }
      ]
    }
    "#);
    assert_eq!(
        faults("two%20words", json!({"value": null})).await,
        ["key invalid_string", "value required"]
    );
    let long = "k".repeat(101);
    assert_eq!(faults(&long, json!({"value": 1})).await, ["key too_long"]);
    assert_eq!(app.get("/admin/settings/two%20words").await.status, 404);
    let large = "x".repeat(256 * 1024 - 1);
    assert_eq!(
        faults("x", json!({"value": large})).await,
        ["value too_long"]
    );
    let large = json!({"value": &large[1..]});
    assert_eq!(app.put("/admin/settings/x", large).await.status, 200);
    let deep = (0..65).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(
        faults("x", json!({"value": deep})).await,
        ["value out_of_range"]
    );
    let folders = json!({"value": ["/opt/agents", "agents"]});
    assert_eq!(
        faults("engineFolders", folders).await,
        ["value[1] invalid_string"]
    );
    let folders = app
        .put(
            "/admin/settings/engineFolders",
            json!({"value": ["/opt/agents"]}),
        )
        .await;
    assert_eq!(folders.body["value"], json!(["/opt/agents"]));
}

#[tokio::test]
async fn the_role_read_reads_settings_and_writes_none_and_the_role_session_neither() {
    let mut app = TestApp::start().await;
    app.put(
        "/admin/settings/system_agent_md",
        json!({"value": "Be kind."}),
    )
    .await;
    app.key = app.key_of(Role::Read).await;
    let path = "/admin/settings/system_agent_md";
    assert_eq!(app.get(path).await.text("value"), "Be kind.");
    assert_eq!(app.put(path, json!({"value": "x"})).await.status, 403);
    app.key = app.key_of(Role::Session).await;
    assert_eq!(app.get(path).await.status, 403);
    assert_eq!(app.put(path, json!({"value": "x"})).await.status, 403);
}
