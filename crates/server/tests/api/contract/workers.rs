//! Workers and runtimes with every field that they can have, their aliases, and who has the name already.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::address;
use crate::kit::TestApp;

fn whole(runtime: &Value) -> Value {
    json!({
        "name": "Bob.the_builder-1", "description": "builds", "runtimeId": runtime, "cliType": "acp",
        "engine": {"command": "agent", "args": ["--acp"]}, "env": {"LANG": "C.UTF-8"}, "agentMd": "You build.",
        "modelConfig": {"provider": "anthropic", "model": "m-1", "temperature": 0.5, "maxTokens": 4096},
        "mcpServers": [{"name": "docs", "url": "https://mcp.example.com", "headers": {"x-team": "a"}}, {"name": "web", "adapter": "websearch"}],
        "skills": ["review"], "workerRepoUrl": "https://example.com/bob.git", "workerRepoBranch": "trunk", "gitCredential": "git",
        "autoLearn": true, "timeout": 60, "approvals": {"mode": "ask", "allow": ["Read"], "deny": ["Bash(rm *)"]}, "locked": true,
    })
}

#[tokio::test]
async fn a_worker_with_every_field_is_told_to_the_letter() {
    let app = TestApp::start().await;
    let runtime = app.get("/admin/runtimes/by-name/local").await.body["id"].take();
    let asked = whole(&runtime);
    let reply = app.post("/admin/workers", asked.clone()).await;
    for (name, value) in asked.as_object().expect("an object") {
        assert_eq!(&reply.body[name], value, "{name}");
    }
    assert_eq!(reply.headers["etag"], "\"1\"");
    assert_snapshot!(reply, @r#"
    201 {
      "id": "[id]",
      "name": "Bob.the_builder-1",
      "description": "builds",
      "runtimeId": "[id]",
      "cliType": "acp",
      "engine": {
        "command": "agent",
        "args": [
          "--acp"
        ]
      },
      "env": {
        "LANG": "C.UTF-8"
      },
      "agentMd": "You build.",
      "modelConfig": {
        "provider": "anthropic",
        "model": "m-1",
        "temperature": 0.5,
        "maxTokens": 4096
      },
      "mcpServers": [
        {
          "name": "docs",
          "url": "https://mcp.example.com",
          "headers": {
            "x-team": "a"
          }
        },
        {
          "name": "web",
          "adapter": "websearch"
        }
      ],
      "skills": [
        "review"
      ],
      "workerRepoUrl": "https://example.com/bob.git",
      "workerRepoBranch": "trunk",
      "gitCredential": "git",
      "autoLearn": true,
      "timeout": 60,
      "approvals": {
        "mode": "ask",
        "allow": [
          "Read"
        ],
        "deny": [
          "Bash(rm *)"
        ]
      },
      "locked": true,
      "revision": 1,
      "hash": "[hash]",
      "warnings": [
        {
          "path": "mcpServers",
          "code": "not_supported_yet",
          "message": "the agent is not given these tools yet"
        },
        {
          "path": "skills",
          "code": "not_supported_yet",
          "message": "the agent is not given these skills yet"
        },
        {
          "path": "approvals",
          "code": "not_supported_yet",
          "message": "nobody is asked and no rule is applied yet: what the agent asks permission for is refused"
        },
        {
          "path": "gitCredential",
          "code": "not_supported_yet",
          "message": "secrets cannot be stored yet: the repository must be reachable without"
        },
        {
          "path": "modelConfig",
          "code": "ignored_setting",
          "message": "an ACP agent chooses its model by itself; set it in the agent's own configuration"
        }
      ],
      "createdAt": "[time]",
      "updatedAt": "[time]"
    }
    "#);
    let revisions = app
        .get(&format!("{}/revisions", address(&reply.body)))
        .await;
    assert_snapshot!(revisions, @r#"
    200 [
      {
        "workerId": "[id]",
        "revision": 1,
        "hash": "[hash]",
        "definition": {
          "name": "Bob.the_builder-1",
          "description": "builds",
          "runtimeId": "[id]",
          "cliType": "acp",
          "engine": {
            "command": "agent",
            "args": [
              "--acp"
            ]
          },
          "env": {
            "LANG": "C.UTF-8"
          },
          "agentMd": "You build.",
          "modelConfig": {
            "provider": "anthropic",
            "model": "m-1",
            "temperature": 0.5,
            "maxTokens": 4096
          },
          "mcpServers": [
            {
              "name": "docs",
              "url": "https://mcp.example.com",
              "headers": {
                "x-team": "a"
              }
            },
            {
              "name": "web",
              "adapter": "websearch"
            }
          ],
          "skills": [
            "review"
          ],
          "workerRepoUrl": "https://example.com/bob.git",
          "workerRepoBranch": "trunk",
          "gitCredential": "git",
          "autoLearn": true,
          "timeout": 60,
          "approvals": {
            "mode": "ask",
            "allow": [
              "Read"
            ],
            "deny": [
              "Bash(rm *)"
            ]
          },
          "locked": true
        },
        "createdAt": "[time]",
        "forced": false
      }
    ]
    "#);
}

#[tokio::test]
async fn a_worker_may_be_written_in_the_words_of_the_original() {
    let app = TestApp::start().await;
    let runtime = app.get("/admin/runtimes/by-name/local").await.body["id"].take();
    let aliases = json!({
        "name": "bob", "runtimeId": runtime, "cliType": "claude-code", "instructions": "You build.", "model": "m-1",
    });
    let reply = app.post("/admin/workers", aliases).await;
    assert_eq!(
        (&reply.body["agentMd"], &reply.body["modelConfig"]),
        (&json!("You build."), &json!({"model": "m-1"})),
        "{reply}"
    );
    let path = address(&reply.body);
    let changed = app
        .put(&path, json!({"instructions": "Be terse.", "model": "m-2"}))
        .await;
    assert_eq!(
        (&changed.body["agentMd"], &changed.body["modelConfig"]),
        (&json!("Be terse."), &json!({"model": "m-2"})),
        "{changed}"
    );
    let both =
        json!({"instructions": "a", "agentMd": "b", "model": "a", "modelConfig": {"model": "b"}});
    assert_snapshot!(app.put(&path, both).await, @r#"
    400 {
      "error": "Validation Error",
      "details": [
        {
          "path": "instructions",
          "message": "`instructions` and `agentMd` are the same thing and differ; keep one",
          "code": "invalid_string"
        },
        {
          "path": "model",
          "message": "`model` and `modelConfig.model` are the same thing and differ; keep one",
          "code": "invalid_string"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn what_is_put_partially_keeps_the_rest_and_null_puts_back_the_default() {
    let app = TestApp::start().await;
    let runtime = app.get("/admin/runtimes/by-name/local").await.body["id"].take();
    let mut asked = whole(&runtime);
    asked["locked"] = json!(false);
    let before = app.post("/admin/workers", asked).await.body;
    let path = address(&before);
    let mut nulls = json!({});
    for (name, default) in [
        ("description", json!(null)),
        ("env", json!({})),
        ("agentMd", json!(null)),
        ("modelConfig", json!(null)),
        ("mcpServers", json!([])),
        ("workerRepoBranch", json!("main")),
        ("gitCredential", json!(null)),
        ("autoLearn", json!(false)),
        ("workerRepoUrl", json!(null)),
        ("timeout", json!(3600)),
        ("approvals", json!({"mode": "auto"})),
    ] {
        nulls[name] = json!(null);
        let reply = app.put(&path, json!({name: null})).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body[name]),
            (200, &default),
            "{name}: {reply}"
        );
    }
    let after = app.get(&path).await.body;
    for name in ["id", "name", "runtimeId", "cliType", "engine", "createdAt"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    for name in ["name", "runtimeId", "cliType"] {
        let reply = app.put(&path, json!({name: null})).await;
        assert_eq!(reply.faults(), [(name, "required")], "{reply}");
    }
}

#[tokio::test]
async fn a_runtime_with_every_field_is_told_to_the_letter() {
    let app = TestApp::start().await;
    let runtime = json!({
        "name": "gpu", "description": "many", "baseImage": "gpu:1", "vwImage": "vw:1", "tags": ["big"], "enginesDir": "/opt/engines",
        "resources": {"limits": {"nvidia.com/gpu": 1}}, "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "gpu"}],
        "runtimeClass": "gvisor",
    });
    let mut reply = app.post("/admin/runtimes", runtime).await;
    let warnings = reply.body["warnings"].take();
    assert_eq!(warnings.as_array().map(Vec::len), Some(4), "{warnings}");
    assert_snapshot!(reply, @r#"
    201 {
      "id": "[id]",
      "name": "gpu",
      "description": "many",
      "baseImage": "gpu:1",
      "vwImage": "vw:1",
      "tags": [
        "big"
      ],
      "enginesDir": "/opt/engines",
      "resources": {
        "limits": {
          "nvidia.com/gpu": 1
        }
      },
      "nodeSelector": {
        "disk": "ssd"
      },
      "tolerations": [
        {
          "key": "gpu"
        }
      ],
      "runtimeClass": "gvisor",
      "warnings": null,
      "createdAt": "[time]",
      "updatedAt": "[time]"
    }
    "#);
}

#[tokio::test]
async fn a_name_is_given_once_also_by_a_change() {
    let app = TestApp::start().await;
    let bob = app.worker("bob").await;
    let eve = app.worker("eve").await;
    let mut told = String::new();
    let twice = json!({"name": "bob", "runtimeId": bob["runtimeId"], "cliType": "claude-code"});
    let runtime = |name: &str| json!({"name": name, "baseImage": "x"});
    let other = app.post("/admin/runtimes", runtime("other")).await;
    let other = format!("/admin/runtimes/{}", other.text("id"));
    for reply in [
        app.post("/admin/workers", twice).await,
        app.put(&address(&eve), json!({"name": "bob"})).await,
        app.post("/admin/runtimes", runtime("local")).await,
        app.put(&other, json!({"name": "local"})).await,
    ] {
        assert_eq!(reply.status, 409);
        told += &format!("{}\n", reply.text("error"));
    }
    assert_snapshot!(told, @r#"
    worker bob exists already; choose another name, or change that one
    worker bob exists already; choose another name, or change that one
    runtime local exists already; choose another name, or change that one
    runtime local exists already; choose another name, or change that one
    "#);
    // Who is gone has no name any more.
    assert_eq!(app.delete(&address(&bob)).await.status, 204);
    let again = app.worker("bob").await;
    assert_ne!(again["id"], bob["id"]);
    assert_eq!(again["revision"], 1);
}

#[tokio::test]
async fn every_engine_is_told_with_what_it_can() {
    let app = TestApp::start().await;
    assert_snapshot!(app.get("/admin/engines").await, @r#"
    200 [
      {
        "cliType": "claude-code",
        "supported": true,
        "versions": []
      },
      {
        "cliType": "codex",
        "supported": false,
        "versions": []
      },
      {
        "cliType": "gemini",
        "supported": false,
        "versions": []
      },
      {
        "cliType": "opencode",
        "supported": false,
        "versions": []
      },
      {
        "cliType": "acp",
        "supported": true,
        "versions": []
      },
      {
        "cliType": "command",
        "supported": false,
        "versions": []
      }
    ]
    "#);
}
