//! Ids in a path: what is none, and what is the id of nothing, are the same to a client.

use http::Method;
use insta::assert_snapshot;
use serde_json::json;
use vwm_api::{SessionId, SessionStatus};

use crate::kit::TestApp;
use crate::openapi::Document;

/// What may stand where an id is expected.
fn strange() -> Vec<String> {
    let long = "9".repeat(5000);
    let words = [
        "01970000-0000-7000-8000-000000000000",
        "00000000-0000-0000-0000-000000000000",
        "01970000-0000-4000-8000-000000000000",
        "01970000000070008000000000000000",
        "{01970000-0000-7000-8000-000000000000}",
        "urn:uuid:01970000-0000-7000-8000-000000000000",
        "x",
        "0",
        "-1",
        "null",
        "undefined",
        "%20",
        "%00",
        "%2e%2e",
        "%2E%2E%2f",
        "..%2f..%2fetc%2fpasswd",
        "%ff%fe",
        "%F0%9F%92%A1",
        "'%20OR%201=1--",
        "*",
        &long,
    ];
    // A brace in a request's target is no URI to begin with: only its encoded form gets that far.
    let encode = |word: &str| word.replace('{', "%7B").replace('}', "%7D");
    words.map(encode).into()
}

#[tokio::test]
async fn every_path_with_an_id_is_not_found_for_what_is_none_and_for_the_id_of_nothing() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await.to_string();
    let document = Document::of(&app).await;
    let mut table = String::new();
    for (path, method, _) in document.operations() {
        let ids = ["{session}", "{request}", "{worker}", "{runtime}", "{key}"];
        for id in ids.iter().filter(|id| path.contains(**id)) {
            // A session's part is asked of a session that there is.
            let known = match *id {
                "{session}" => "01970000-0000-7000-8000-000000000000",
                _ => &session,
            };
            let method: Method = method.to_uppercase().parse().expect("a method");
            let mut told = Vec::new();
            for word in strange() {
                let path = path
                    .replace(id, &word)
                    .replace("{session}", known)
                    .replace("{request}", known)
                    .replace("{path}", "x");
                let body = Some(json!({"prompt": "hi", "path": "x"}));
                let reply = app.send(method.clone(), &path, &[], body).await;
                assert_eq!(reply.status, 404, "{method} {path}: {reply}");
                assert_eq!(reply.body, json!({"error": reply.text("error")}));
                told.push(reply.text("error").to_owned());
            }
            told.dedup();
            table += &format!("{method} {path} of {id}: {}\n", told.join(" | "));
        }
    }
    assert_snapshot!(table, @r#"
    DELETE /admin/keys/{key} of {key}: Key not found
    POST /admin/keys/{key}/rotate of {key}: Key not found
    GET /admin/runtimes/{runtime} of {runtime}: Runtime not found
    PUT /admin/runtimes/{runtime} of {runtime}: Runtime not found
    DELETE /admin/runtimes/{runtime} of {runtime}: Runtime not found
    GET /admin/workers/{worker} of {worker}: Worker not found
    PUT /admin/workers/{worker} of {worker}: Worker not found
    DELETE /admin/workers/{worker} of {worker}: Worker not found
    GET /admin/workers/{worker}/revisions of {worker}: Worker not found
    GET /admin/workers/{worker}/sessions of {worker}: Worker not found
    GET /sessions/{session} of {session}: Session not found
    DELETE /sessions/{session} of {session}: Session not found
    POST /sessions/{session}/abort of {session}: Session not found
    GET /sessions/{session}/events of {session}: Session not found
    GET /sessions/{session}/file-changes of {session}: Session not found
    GET /sessions/{session}/files of {session}: Session not found
    GET /sessions/{session}/files/download/{path} of {session}: Session not found
    POST /sessions/{session}/files/upload of {session}: Session not found
    GET /sessions/{session}/files/{path} of {session}: Session not found
    PUT /sessions/{session}/files/{path} of {session}: Session not found
    DELETE /sessions/{session}/files/{path} of {session}: Session not found
    POST /sessions/{session}/prompt of {session}: Session not found
    POST /sessions/{session}/push of {session}: Session not found
    POST /sessions/{session}/requests of {session}: Session not found
    GET /sessions/{session}/requests/{request} of {session}: Session not found
    GET /sessions/{session}/requests/{request} of {request}: Request not found | Session not found | Request not found
    GET /sessions/{session}/requests/{request}/events of {session}: Session not found
    GET /sessions/{session}/requests/{request}/events of {request}: Request not found | Session not found | Request not found
    POST /sessions/{session}/requests/{request}/retry of {session}: Session not found
    POST /sessions/{session}/requests/{request}/retry of {request}: Request not found | Session not found | Request not found
    POST /sessions/{session}/resume of {session}: Session not found
    GET /sessions/{session}/stats of {session}: Session not found
    POST /sessions/{session}/stream of {session}: Session not found
    POST /sessions/{session}/suspend of {session}: Session not found
    GET /sessions/{session}/telemetry of {session}: Session not found
    GET /sessions/{session}/transcript of {session}: Session not found
    "#);
}

#[tokio::test]
async fn an_id_is_taken_in_any_case_and_told_in_lower_case() {
    let app = TestApp::start().await;
    let session: SessionId = app.session(SessionStatus::Active).await;
    let upper = session.to_string().to_uppercase();
    let reply = app.get(&format!("/sessions/{upper}")).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text("id")),
        (200, session.to_string().as_str())
    );
}

#[tokio::test]
async fn a_path_is_taken_to_the_letter() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let mut table = String::new();
    for path in [
        "",
        "//",
        "/./",
        "/sessions/",
        "//sessions",
        "/Sessions",
        "/sessions/{id}/",
        "/sessions//{id}",
        "/sessions/{id}//stats",
        "/sessions/{id}/stats/",
        "/sessions/{id}/Stats",
        "/sessions/{id}/../{id}",
        "/sessions/%2e%2e/admin/keys",
        "/%73essions",
        "/sessions%2F{id}",
        "/admin",
        "/admin/",
        "/admin/workers/by-name",
        "/admin/workers/by-name/",
        "/v1/sessions",
        "/health/",
        "/favicon.ico",
    ] {
        let real = path.replace("{id}", &session.to_string());
        let request = http::Request::get(if real.is_empty() { "/?" } else { &real });
        let request = request.header("x-api-key", &app.key);
        let reply = app
            .raw(request.body(axum::body::Body::empty()).expect("a request"))
            .await;
        let told = reply.body["error"].as_str().unwrap_or("found");
        table += &format!("{path:30} {} {told}\n", reply.status.as_u16());
    }
    assert_snapshot!(table, @r#"
                                   200 found
    //                             404 Route not found
    /./                            404 Route not found
    /sessions/                     404 Route not found
    //sessions                     404 Route not found
    /Sessions                      404 Route not found
    /sessions/{id}/                404 Route not found
    /sessions//{id}                404 Route not found
    /sessions/{id}//stats          404 Route not found
    /sessions/{id}/stats/          404 Route not found
    /sessions/{id}/Stats           404 Route not found
    /sessions/{id}/../{id}         404 Route not found
    /sessions/%2e%2e/admin/keys    404 Route not found
    /%73essions                    404 Route not found
    /sessions%2F{id}               404 Route not found
    /admin                         404 Route not found
    /admin/                        404 Route not found
    /admin/workers/by-name         404 Worker not found
    /admin/workers/by-name/        404 Route not found
    /v1/sessions                   404 Route not found
    /health/                       404 Route not found
    /favicon.ico                   404 Route not found
    "#);
}

#[tokio::test]
async fn a_name_in_a_path_is_read_percent_encoded_in_any_script() {
    let app = TestApp::start().await;
    let name = "Größe 📦 a/b?c#d%25 ..";
    let body = json!({"name": name, "baseImage": "x"});
    let made = app.post("/admin/runtimes", body).await;
    assert_eq!(made.status, 201, "{made}");
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = app.get(&format!("/admin/runtimes/by-name/{encoded}")).await;
    assert_eq!(found.body, made.body);
    assert_eq!(found.text("name"), name);

    app.worker("a.b_c-D").await;
    let found = app.get("/admin/workers/by-name/%61.b_c%2DD").await;
    assert_eq!(found.text("name"), "a.b_c-D");
    for nobody in [
        "A.B_C-D",
        "a.b_c-D%20",
        "%00",
        "..%2f",
        "%F0%9F%92%A1",
        "a+b",
    ] {
        let reply = app.get(&format!("/admin/workers/by-name/{nobody}")).await;
        assert_eq!(reply.status, 404, "{nobody}");
        assert_eq!(reply.body, json!({"error": "Worker not found"}), "{nobody}");
    }
    let broken = app.get("/admin/workers/by-name/%FF").await;
    assert_eq!(broken.status, 404, "{broken}");

    // A name has 100 characters, however many bytes they have.
    for (length, status) in [(100, 201), (101, 400)] {
        let body = json!({"name": "ß".repeat(length), "baseImage": "x"});
        assert_eq!(app.post("/admin/runtimes", body).await.status, status);
    }
}

/// The path with its ids taken out.
pub(super) fn template(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.parse::<SessionId>() {
        Ok(_) => ":id",
        Err(_) => part,
    });
    parts.collect::<Vec<_>>().join("/")
}
