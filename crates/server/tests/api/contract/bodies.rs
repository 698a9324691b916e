//! Bodies of every resource: fields that are unknown, null, of the wrong type, too long or strange.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::SessionStatus;

use super::address;
use crate::kit::TestApp;

const NOTHING: &str = "01970000-0000-7000-8000-000000000000";

/// Sends, and tells in lines what is wrong with it.
async fn faults(app: &TestApp, method: Method, path: &str, body: &Value) -> String {
    let reply = app.send(method, path, &[], Some(body.clone())).await;
    let status = reply.status.as_u16();
    let Some(details) = reply.body["details"].as_array() else {
        return format!("    {status} {}\n", reply.body["error"]);
    };
    assert_eq!((status, reply.text("error")), (400, "Validation Error"));
    let line = |fault: &Value| {
        let of = |name: &str| fault[name].as_str().expect("a text").to_owned();
        format!("    {} [{}] {}\n", of("path"), of("code"), of("message"))
    };
    details.iter().map(line).collect()
}

/// Every call that takes fields, with a body that has all it needs.
async fn calls(app: &TestApp) -> Vec<(Method, String, Value)> {
    let session = app.session(SessionStatus::Active).await;
    let worker = app.worker("eve").await;
    let runtime = worker["runtimeId"].as_str().expect("an id");
    let post = |path: &str, body| (Method::POST, path.to_owned(), body);
    let put = |path: String, body| (Method::PUT, path, body);
    let of_session = |call: &str, body| post(&format!("/sessions/{session}/{call}"), body);
    vec![
        post("/sessions", json!({"workerName": "bob"})),
        of_session("prompt", json!({"prompt": "hi"})),
        of_session("stream", json!({"prompt": "hi"})),
        of_session("requests", json!({"prompt": "hi"})),
        of_session("abort", json!({})),
        post(
            "/admin/workers",
            json!({"name": "amy", "runtimeId": runtime, "cliType": "claude-code"}),
        ),
        put(address(&worker), json!({})),
        post("/admin/runtimes", json!({"name": "r", "baseImage": "i"})),
        put(format!("/admin/runtimes/{runtime}"), json!({})),
        put("/admin/settings/x".to_owned(), json!({"value": 1})),
        post("/admin/keys", json!({"name": "ci", "role": "read"})),
    ]
}

#[tokio::test]
async fn a_field_that_there_is_not_is_refused_with_the_one_that_was_meant() {
    let app = TestApp::start().await;
    let mut table = String::new();
    for (method, path, body) in calls(&app).await {
        let template = crate::contract::ids::template(&path);
        table += &format!("{method} {template}\n");
        for wrong in [
            "brakeDancing",
            "Name",
            "worker_name",
            "promtp",
            "subSessionId",
            "reqestId",
            "clitype",
            "baseimage",
            "vlaue",
            "rolle",
            "__proto__",
            "",
        ] {
            let mut body = body.clone();
            body[wrong] = json!("x");
            let told = faults(&app, method.clone(), &path, &body).await;
            // What is near to nothing is told in one and the same way.
            if !told.contains("leave it out") || wrong == "brakeDancing" {
                table += &told;
            }
        }
    }
    assert_snapshot!(table, @r#"
    POST /sessions
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        worker_name [unknown_field] there is no field `worker_name`; did you mean `workerName`?
    POST /sessions/:id/prompt
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        promtp [unknown_field] there is no field `promtp`; did you mean `prompt`?
        subSessionId [unknown_field] there is no field `subSessionId`; did you mean `subsessionId`?
    POST /sessions/:id/stream
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        promtp [unknown_field] there is no field `promtp`; did you mean `prompt`?
        subSessionId [unknown_field] there is no field `subSessionId`; did you mean `subsessionId`?
    POST /sessions/:id/requests
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        promtp [unknown_field] there is no field `promtp`; did you mean `prompt`?
        subSessionId [unknown_field] there is no field `subSessionId`; did you mean `subsessionId`?
    POST /sessions/:id/abort
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        subSessionId [unknown_field] there is no field `subSessionId`; did you mean `subsessionId`?
        reqestId [unknown_field] there is no field `reqestId`; did you mean `requestId`?
    POST /admin/workers
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        Name [unknown_field] there is no field `Name`; did you mean `name`?
        clitype [unknown_field] there is no field `clitype`; did you mean `cliType`?
    PUT /admin/workers/:id
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        Name [unknown_field] there is no field `Name`; did you mean `name`?
        clitype [unknown_field] there is no field `clitype`; did you mean `cliType`?
    POST /admin/runtimes
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        Name [unknown_field] there is no field `Name`; did you mean `name`?
        baseimage [unknown_field] there is no field `baseimage`; did you mean `baseImage`?
    PUT /admin/runtimes/:id
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        Name [unknown_field] there is no field `Name`; did you mean `name`?
        baseimage [unknown_field] there is no field `baseimage`; did you mean `baseImage`?
    PUT /admin/settings/x
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        vlaue [unknown_field] there is no field `vlaue`; did you mean `value`?
    POST /admin/keys
        brakeDancing [unknown_field] there is no field `brakeDancing`; leave it out
        Name [unknown_field] there is no field `Name`; did you mean `name`?
        rolle [unknown_field] there is no field `rolle`; did you mean `role`?
    "#);
}

#[tokio::test]
async fn a_null_is_as_good_as_nothing() {
    let app = TestApp::start().await;
    let worker = app.worker("bob").await;
    let bare = app.post("/sessions", json!({"workerName": "bob"})).await;
    let nulls = json!({
        "workerName": "bob", "workerId": null, "repository": null, "sessionRepository": null, "breadcrumbs": null,
        "timeout": null, "autoDeleteBranch": null, "approvals": null,
    });
    let reply = app.post("/sessions", nulls).await;
    assert_eq!(reply.to_string(), bare.to_string());

    let id = reply.text("id").parse().expect("an id");
    app.trigger(id, vwm_api::Trigger::Ready).await;
    let nulls = json!({"prompt": "hi", "subsessionId": null, "timeout": null, "breadcrumbs": null, "onBusy": null});
    let reply = app.post(&format!("/sessions/{id}/requests"), nulls).await;
    assert_eq!(reply.status, 202, "{reply}");
    let nulls = json!({"subsessionId": null, "requestId": null});
    let reply = app.post(&format!("/sessions/{id}/abort"), nulls).await;
    assert_eq!(reply.status, 200, "{reply}");

    let mut nulls = worker.clone();
    for (name, value) in nulls.as_object_mut().expect("an object") {
        match name.as_str() {
            "name" => *value = json!("eve"),
            "runtimeId" | "cliType" => {}
            _ => *value = Value::Null,
        }
    }
    let reply = app.post("/admin/workers", nulls).await;
    assert_eq!(reply.status, 201, "{reply}");
    let mut told = reply.body;
    for name in ["id", "name", "createdAt", "updatedAt", "hash"] {
        told[name] = worker[name].clone();
    }
    assert_eq!(told, worker);

    let nulls = json!({
        "name": "r", "baseImage": "i", "description": null, "vwImage": null, "tags": null, "enginesDir": null,
        "resources": null, "nodeSelector": null, "tolerations": null, "runtimeClass": null,
    });
    let reply = app.post("/admin/runtimes", nulls).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body["tags"]),
        (201, &json!([]))
    );
}

#[tokio::test]
async fn a_required_field_that_is_null_or_absent_is_named() {
    let app = TestApp::start().await;
    let mut table = String::new();
    for (method, path, body) in calls(&app).await {
        let template = crate::contract::ids::template(&path);
        for name in body.as_object().expect("an object").keys() {
            let mut absent = body.clone();
            absent.as_object_mut().expect("an object").remove(name);
            let mut null = body.clone();
            null[name] = Value::Null;
            for body in [absent, null] {
                table += &format!("{method} {template} {}\n", body);
                table += &faults(&app, method.clone(), &path, &body).await;
            }
        }
    }
    let table = table.replace(
        app.get("/admin/runtimes/by-name/local").await.text("id"),
        "[id]",
    );
    assert_snapshot!(table, @r#"
    POST /sessions {}
        workerId [required] name the worker by `workerId` or `workerName`
    POST /sessions {"workerName":null}
        workerId [required] name the worker by `workerId` or `workerName`
    POST /sessions/:id/prompt {}
        prompt [required] `prompt` is missing
    POST /sessions/:id/prompt {"prompt":null}
        prompt [required] `prompt` is null; give it a value
    POST /sessions/:id/stream {}
        prompt [required] `prompt` is missing
    POST /sessions/:id/stream {"prompt":null}
        prompt [required] `prompt` is null; give it a value
    POST /sessions/:id/requests {}
        prompt [required] `prompt` is missing
    POST /sessions/:id/requests {"prompt":null}
        prompt [required] `prompt` is null; give it a value
    POST /admin/workers {"cliType":"claude-code","runtimeId":"[id]"}
        name [required] `name` is missing; name the worker
    POST /admin/workers {"name":null,"runtimeId":"[id]","cliType":"claude-code"}
        name [required] `name` is missing; name the worker
    POST /admin/workers {"name":"amy","cliType":"claude-code"}
        runtimeId [required] `runtimeId` is missing; `GET /admin/runtimes` lists the runtimes and their ids
    POST /admin/workers {"name":"amy","runtimeId":null,"cliType":"claude-code"}
        runtimeId [required] `runtimeId` is missing; `GET /admin/runtimes` lists the runtimes and their ids
    POST /admin/workers {"name":"amy","runtimeId":"[id]"}
        cliType [required] `cliType` is missing; name the engine: `claude-code`, `acp`
    POST /admin/workers {"name":"amy","runtimeId":"[id]","cliType":null}
        cliType [required] `cliType` is missing; name the engine: `claude-code`, `acp`
    POST /admin/runtimes {"baseImage":"i"}
        name [required] `name` is missing
    POST /admin/runtimes {"name":null,"baseImage":"i"}
        name [required] `name` is null; give it a value
    POST /admin/runtimes {"name":"r"}
        baseImage [required] `baseImage` is missing
    POST /admin/runtimes {"name":"r","baseImage":null}
        baseImage [required] `baseImage` is null; give it a value
    PUT /admin/settings/x {}
        value [required] `value` is missing
    PUT /admin/settings/x {"value":null}
        value [required] `value` is null; give it a value
    POST /admin/keys {"role":"read"}
        name [required] `name` is missing
    POST /admin/keys {"name":null,"role":"read"}
        name [required] `name` is null; give it a value
    POST /admin/keys {"name":"ci"}
        role [required] `role` is missing
    POST /admin/keys {"name":"ci","role":null}
        role [required] `role` is null; give it a value
    "#);
}

#[tokio::test]
async fn a_worker_of_wrong_types_is_told_all_of_them() {
    let app = TestApp::start().await;
    let wrong = json!({
        "name": 7, "description": [], "runtimeId": 1, "cliType": true, "engine": "sh", "env": {"A": 1, "B C": "x", "D": "${secret:"},
        "agentMd": {}, "modelConfig": "opus", "mcpServers": {"name": "x"}, "skills": 1, "workerRepoUrl": 3, "workerRepoBranch": null,
        "gitCredential": [], "autoLearn": "true", "timeout": "1h", "approvals": "ask", "locked": 0,
    });
    let told = faults(&app, Method::POST, "/admin/workers", &wrong).await;
    assert_snapshot!(told, @r#"
    name [invalid_type] `name` must be a string, and is a number; write it in quotes
    description [invalid_type] `description` must be a string, and is a list
    runtimeId [invalid_type] `runtimeId` must be a string, and is a number; write it in quotes
    cliType [invalid_type] `cliType` must be a string, and is true or false; write it in quotes
    engine [invalid_type] engine must be an object of fields, and is a string
    env.A [invalid_type] `env.A` must be a string, and is a number; write it in quotes
    env.B C [invalid_string] a variable's name has only letters, digits and `_`, and does not start with a digit
    agentMd [invalid_type] `agentMd` must be a string, and is an object
    modelConfig [invalid_type] modelConfig must be an object of fields, and is a string
    mcpServers [invalid_type] `mcpServers` must be a list, and is an object
    skills [invalid_type] `skills` must be a list, and is a number
    workerRepoUrl [invalid_type] `workerRepoUrl` must be a string, and is a number; write it in quotes
    gitCredential [invalid_type] `gitCredential` must be a string, and is a list
    autoLearn [invalid_type] `autoLearn` must be true or false, and is a string
    timeout [invalid_type] `timeout` must be a whole number, and is a string
    approvals [invalid_type] approvals must be an object of fields, and is a string
    locked [invalid_type] `locked` must be true or false, and is a number
    "#);
    let inside = json!({
        "name": "x", "runtimeId": NOTHING, "cliType": "acp", "engine": {"command": "", "args": "x", "arg": []},
        "modelConfig": {"provider": "acme", "model": "", "temperature": 3, "maxTokens": 0, "top_p": 1},
        "mcpServers": [{"name": "a b"}, {"name": "x", "url": "ftp://x", "adapter": "y"}, "z", {"url": "https://x", "header": {}}],
        "workerRepoUrl": "not an address", "workerRepoBranch": "a..b", "timeout": 604_801,
        "approvals": {"mode": "never", "allow": "x", "deny": [1], "ask": []},
    });
    let told = faults(&app, Method::POST, "/admin/workers", &inside).await;
    assert_snapshot!(told, @r#"
    engine.command [too_short] `command` is empty; give it a value, or leave it out
    engine.args [invalid_type] `args` must be a list, and is a string
    engine.arg [unknown_field] there is no field `arg`; did you mean `args`?
    modelConfig.provider [invalid_enum_value] `provider` is "acme", and must be `anthropic`, `openai` or `gemini`
    modelConfig.model [too_short] `model` is empty; give it a value, or leave it out
    modelConfig.temperature [out_of_range] `temperature` must be from 0 to 2, and is 3
    modelConfig.maxTokens [out_of_range] `maxTokens` must be from 1 to 4294967295, and is 0
    modelConfig.top_p [unknown_field] there is no field `top_p`; leave it out
    mcpServers[0].name [invalid_string] a name has only letters, digits, `.`, `_` and `-`; take out ' '
    mcpServers[0].url [required] `url` is missing; give `url`, or `adapter` for one of the gateway
    mcpServers[1].url [invalid_string] the address must start with `https://` or `http://`
    mcpServers[1].adapter [invalid_string] give `url` or `adapter`, not both
    mcpServers[2] [invalid_type] mcpServers[2] must be an object of fields, and is a string
    mcpServers[3].name [required] `name` is missing; say what the agent calls this server
    mcpServers[3].header [unknown_field] there is no field `header`; did you mean `headers`?
    workerRepoUrl [invalid_string] an address has no spaces and no control characters
    workerRepoBranch [invalid_string] git allows no branch "a..b": a name has no `..` and no `@{`, and does not end with `.`
    timeout [out_of_range] `timeout` must be from 0 to 604800, and is 604801
    approvals.mode [invalid_enum_value] `mode` is "never", and must be `auto`, `ask` or `strict`
    approvals.allow [invalid_type] `allow` must be a list, and is a string
    approvals.deny[0] [invalid_type] `deny[0]` must be a string, and is a number; write it in quotes
    approvals.ask [unknown_field] there is no field `ask`; leave it out
    runtimeId [unknown_reference] there is no runtime with the id 01970000-0000-7000-8000-000000000000; `GET /admin/runtimes` lists them
    "#);
}

#[tokio::test]
async fn a_worker_that_is_not_there_yet_is_refused_by_name() {
    let app = TestApp::start().await;
    let runtime = app.get("/admin/runtimes/by-name/local").await;
    let mut table = String::new();
    for kind in [
        "claude-code",
        "codex",
        "gemini",
        "opencode",
        "acp",
        "command",
        "native",
        "cursor",
        "claude_code",
        "Claude-Code",
        "",
    ] {
        let body = json!({"name": "x", "runtimeId": runtime.body["id"], "cliType": kind});
        table += &format!("{kind:?}\n");
        table += &faults(&app, Method::POST, "/admin/workers", &body).await;
    }
    assert_snapshot!(table, @r#"
    "claude-code"
        201 null
    "codex"
        cliType [not_supported_yet] this build has no adapter for `codex` yet; choose `claude-code` or `acp`
    "gemini"
        cliType [not_supported_yet] this build has no adapter for `gemini` yet; choose `claude-code` or `acp`
    "opencode"
        cliType [not_supported_yet] this build has no adapter for `opencode` yet; choose `claude-code` or `acp`
    "acp"
        engine [required] `engine` is missing; write `engine: {command: …, args: […]}` for the program to start
    "command"
        cliType [not_supported_yet] this build has no adapter for `command` yet; choose `claude-code` or `acp`
    "native"
        cliType [not_supported_yet] this build has no adapter for `native` yet; choose `claude-code` or `acp`
    "cursor"
        cliType [invalid_enum_value] `cliType` is "cursor", and must be `claude-code` or `acp`
    "claude_code"
        cliType [invalid_enum_value] `cliType` is "claude_code", and must be `claude-code` or `acp`; did you mean `claude-code`?
    "Claude-Code"
        cliType [invalid_enum_value] `cliType` is "Claude-Code", and must be `claude-code` or `acp`; did you mean `claude-code`?
    ""
        cliType [invalid_enum_value] `cliType` is "", and must be `claude-code` or `acp`
    "#);
}

#[tokio::test]
async fn names_are_of_the_length_and_the_letters_that_the_contract_names() {
    let app = TestApp::start().await;
    let runtime = app.get("/admin/runtimes/by-name/local").await;
    let mut table = String::new();
    for name in [
        "a",
        "A.b_c-9",
        "-",
        ".",
        "..",
        "-rf",
        "by-name",
        &"x".repeat(100),
        &"x".repeat(101),
        "",
        " ",
        "a b",
        "a/b",
        "a\\b",
        "a\nb",
        "bob\u{0}",
        "größe",
        "💡",
        "a\u{202e}b",
        "a%20b",
        "../x",
        "<b>",
    ] {
        let worker =
            json!({"name": name, "runtimeId": runtime.body["id"], "cliType": "claude-code"});
        let other = json!({"name": name, "baseImage": "i"});
        let key = json!({"name": name, "role": "read"});
        let mut codes = Vec::new();
        for (path, body) in [("workers", worker), ("runtimes", other), ("keys", key)] {
            let reply = app.post(&format!("/admin/{path}"), body).await;
            codes.push(match reply.status.as_u16() {
                201 => "201".to_owned(),
                _ => reply.faults()[0].1.to_owned(),
            });
        }
        let shown: String = format!("{name:?}").chars().take(20).collect();
        table += &format!("{shown:20} {}\n", codes.join(" "));
    }
    assert_snapshot!(table, @r#"
    "a"                  201 201 201
    "A.b_c-9"            201 201 201
    "-"                  201 201 201
    "."                  201 201 201
    ".."                 201 201 201
    "-rf"                201 201 201
    "by-name"            201 201 201
    "xxxxxxxxxxxxxxxxxxx 201 201 201
    "xxxxxxxxxxxxxxxxxxx too_long too_long too_long
    ""                   too_short too_short too_short
    " "                  invalid_string 201 201
    "a b"                invalid_string 201 201
    "a/b"                invalid_string 201 201
    "a\\b"               invalid_string 201 201
    "a\nb"               invalid_string 201 201
    "bob\0"              invalid_string invalid_string invalid_string
    "größe"              invalid_string 201 201
    "💡"                  invalid_string 201 201
    "a\u{202e}b"         invalid_string 201 201
    "a%20b"              invalid_string 201 201
    "../x"               invalid_string 201 201
    "<b>"                invalid_string 201 201
    "#);
}
