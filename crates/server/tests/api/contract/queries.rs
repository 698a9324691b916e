//! Queries: what nobody asked for is ignored, what is asked for is checked, and what is no query is refused.

use insta::assert_snapshot;
use serde_json::json;
use vwm_api::SessionStatus;

use crate::contract::ids::template;
use crate::kit::TestApp;

#[tokio::test]
async fn parameters_that_nobody_asked_for_are_ignored() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    app.complete_a_prompt(session).await;
    for path in [
        "/health".to_owned(),
        "/sessions".to_owned(),
        format!("/sessions/{session}"),
        format!("/sessions/{session}/telemetry"),
        format!("/sessions/{session}/stats"),
        format!("/sessions/{session}/file-changes"),
        "/admin/workers".to_owned(),
        "/admin/runtimes".to_owned(),
        "/admin/keys".to_owned(),
        "/admin/engines".to_owned(),
    ] {
        let plain = app.get(&path).await;
        for more in [
            "?x=1",
            "?",
            "?&&",
            "?=",
            "?x",
            "?force=maybe&wait=x",
            "?x=1&x=2",
            "?%20=%F0%9F%92%A1",
        ] {
            let reply = app.get(&format!("{path}{more}")).await;
            assert_eq!(
                (reply.status, &reply.body),
                (plain.status, &plain.body),
                "{path}{more}"
            );
        }
    }
}

#[tokio::test]
async fn a_parameter_that_is_asked_for_is_checked() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Active).await;
    let worker = app.get("/admin/workers/by-name/bob").await;
    let mut table = String::new();
    for (method, path, queries) in [
        (
            "GET",
            "/sessions".to_owned(),
            [
                "status=done",
                "status=",
                "workerId=x",
                "limit=0",
                "limit=501",
                "limit=1.5",
                "limit=x",
                "limit=",
                "limit=NaN",
                "limit=-1",
                "cursor=x",
                "cursor=",
                "breadcrumb=%00",
                "status=%ff",
                "limit=1&limit=0",
            ]
            .as_slice(),
        ),
        (
            "GET",
            format!("/admin/workers/{}/sessions", worker.text("id")),
            &["limit=0", "cursor=x"],
        ),
        (
            "GET",
            format!("/sessions/{session}/events"),
            &[
                "after=x",
                "after=-1",
                "after=3",
                "after=1.0",
                "after=9223372036854775808",
                "after=",
            ],
        ),
        (
            "GET",
            format!("/sessions/{session}/file-changes"),
            &["limit=0", "after=x"],
        ),
        (
            "GET",
            format!("/sessions/{session}/files"),
            &["path=..", "path=/etc", "path=a%00"],
        ),
        (
            "POST",
            format!("/sessions/{session}/files/upload"),
            &["", "path=", "path=..%2fx", "path=%00"],
        ),
        (
            "DELETE",
            format!("/sessions/{session}"),
            &["wait=yes", "wait=", "wait=1"],
        ),
        (
            "DELETE",
            format!("/admin/workers/{}", worker.text("id")),
            &["force=1"],
        ),
    ] {
        for query in queries {
            let method = method.parse().expect("a method");
            let uri = format!("{path}?{query}");
            let reply = app.send(method, &uri, &[], None).await;
            assert_eq!(reply.status, 400, "{uri}: {reply}");
            let fault = &reply.body["details"][0];
            let of = |name: &str| fault[name].as_str().expect("a text").to_owned();
            let (path, code) = (of("path"), of("code"));
            let place = template(uri.split('?').next().unwrap_or_default());
            table += &format!("{place}?{query}: {path} [{code}] {}\n", of("message"));
        }
    }
    assert_snapshot!(table, @r#"
    /sessions?status=done: status [invalid_enum_value] `status` is "done", and must be pending or active or suspended or ending or ended or failed
    /sessions?status=: status [invalid_enum_value] `status` is "", and must be pending or active or suspended or ending or ended or failed
    /sessions?workerId=x: workerId [invalid_string] "x" is not an id; ids are UUIDs such as 01970000-0000-7000-8000-000000000000
    /sessions?limit=0: limit [out_of_range] `limit` must be from 1 to 500, and is 0
    /sessions?limit=501: limit [out_of_range] `limit` must be from 1 to 500, and is 501
    /sessions?limit=1.5: limit [invalid_type] `limit` must be a whole number, and is 1.5
    /sessions?limit=x: limit [invalid_type] `limit` must be a whole number, and is "x"
    /sessions?limit=: limit [invalid_type] `limit` must be a whole number, and is ""
    /sessions?limit=NaN: limit [invalid_type] `limit` must be a whole number, and is NaN
    /sessions?limit=-1: limit [out_of_range] `limit` must be from 1 to 500, and is -1
    /sessions?cursor=x: cursor [invalid_string] "x" is not a cursor; use the `nextCursor` of a page, as it came
    /sessions?cursor=: cursor [invalid_string] "" is not a cursor; use the `nextCursor` of a page, as it came
    /sessions?breadcrumb=%00: breadcrumb [invalid_string] `breadcrumb` has a NUL character; leave it out
    /sessions?status=%ff: status [invalid_enum_value] `status` is "�", and must be pending or active or suspended or ending or ended or failed
    /sessions?limit=1&limit=0: limit [out_of_range] `limit` must be from 1 to 500, and is 0
    /admin/workers/:id/sessions?limit=0: limit [out_of_range] `limit` must be from 1 to 500, and is 0
    /admin/workers/:id/sessions?cursor=x: cursor [invalid_string] "x" is not a cursor; use the `nextCursor` of a page, as it came
    /sessions/:id/events?after=x: after [invalid_string] give the id of the last event that you have
    /sessions/:id/events?after=-1: after [out_of_range] the session's events go from 1 to 2, and -1 is none of them; leave it out to begin at the first
    /sessions/:id/events?after=3: after [out_of_range] the session's events go from 1 to 2, and 3 is none of them; leave it out to begin at the first
    /sessions/:id/events?after=1.0: after [invalid_string] give the id of the last event that you have
    /sessions/:id/events?after=9223372036854775808: after [invalid_string] give the id of the last event that you have
    /sessions/:id/events?after=: after [invalid_string] give the id of the last event that you have
    /sessions/:id/file-changes?limit=0: limit [out_of_range] `limit` must be from 1 to 1000, and is 0
    /sessions/:id/file-changes?after=x: after [invalid_string] "x" is not an id; ids are UUIDs such as 01970000-0000-7000-8000-000000000000
    /sessions/:id/files?path=..: path [invalid_string] the path cannot be used: it goes up with `..`; give it without
    /sessions/:id/files?path=/etc: path [invalid_string] the path cannot be used: it is absolute; give it relative to the workspace's root
    /sessions/:id/files?path=a%00: path [invalid_string] `path` has a NUL character; leave it out
    /sessions/:id/files/upload?: path [required] `path` is missing
    /sessions/:id/files/upload?path=: path [invalid_string] the path cannot be used: it is empty; name a file
    /sessions/:id/files/upload?path=..%2fx: path [invalid_string] the path cannot be used: it goes up with `..`; give it without
    /sessions/:id/files/upload?path=%00: path [invalid_string] `path` has a NUL character; leave it out
    /sessions/:id?wait=yes: wait [invalid_type] `wait` must be true or false, and is "yes"
    /sessions/:id?wait=: wait [invalid_type] `wait` must be true or false, and is ""
    /sessions/:id?wait=1: wait [invalid_type] `wait` must be true or false, and is "1"
    /admin/workers/:id?force=1: force [invalid_type] `force` must be true or false, and is "1"
    "#);
    let stands = app.get(&format!("/sessions/{session}")).await;
    assert_eq!(stands.text("status"), "active");
    assert_eq!(
        app.get("/sessions?limit=500").await.body["nextCursor"],
        json!(null)
    );
}
