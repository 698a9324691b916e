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
    assert_eq!(app.get(path).await.body, second.body);
    assert_eq!(app.get("/admin/settings").await.body, json!([second.body]));
}

#[tokio::test]
async fn a_setting_has_a_known_key_and_a_value_of_its_kind() {
    let app = TestApp::start().await;
    assert_snapshot!(app.put("/admin/settings/colour", json!({"value": 1})).await, @r#"
    404 {
      "error": "Setting not found: the keys are system_agent_md and engineFolders"
    }
    "#);
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
