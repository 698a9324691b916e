//! API keys: their life, the file of the first one, and what becomes of a stream that a key opened.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use insta::assert_snapshot;
use serde_json::{Value, json};
use vwm_api::{Key, KeyWithSecret, SessionId, SessionStatus, Trigger};

use crate::kit::{Reply, TestApp};

/// Makes a key.
async fn made(app: &TestApp, name: &str, role: &str) -> KeyWithSecret {
    let reply = app
        .post("/admin/keys", json!({"name": name, "role": role}))
        .await;
    assert_eq!(reply.status, 201, "{reply}");
    serde_json::from_value(reply.body).expect("a key")
}

async fn listed(app: &TestApp) -> Vec<Key> {
    let reply = app.get("/admin/keys").await;
    serde_json::from_value(reply.body).expect("keys")
}

/// Whether a secret opens anything.
async fn opens(app: &TestApp, secret: &str) -> bool {
    let request = Request::get("/status").header("x-api-key", secret);
    let reply = app
        .raw(request.body(Body::empty()).expect("a request"))
        .await;
    match reply.status.as_u16() {
        200 => true,
        401 => false,
        _ => panic!("{reply}"),
    }
}

async fn rotate(app: &TestApp, key: &Key) -> Reply {
    let path = format!("/admin/keys/{}/rotate", key.id);
    app.send(Method::POST, &path, &[], None).await
}

async fn revoke(app: &TestApp, key: &Key) -> Reply {
    app.delete(&format!("/admin/keys/{}", key.id)).await
}

#[tokio::test]
async fn a_keys_secret_is_told_once_and_opens_until_it_is_rotated_or_revoked() {
    let app = TestApp::start().await;
    let mut reply = app
        .post("/admin/keys", json!({"name": "ci", "role": "session"}))
        .await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let first: KeyWithSecret = serde_json::from_value(reply.body.clone()).unwrap();
    assert_eq!((first.secret.len(), &first.secret[..4]), (47, "vwm_"));
    reply.body["secret"] = "[secret]".into();
    assert_snapshot!(reply, @r#"
    201 {
      "id": "[id]",
      "name": "ci",
      "role": "session",
      "createdAt": "[time]",
      "secret": "[secret]"
    }
    "#);
    assert!(opens(&app, &first.secret).await);

    let reply = rotate(&app, &first.key).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
    let second: KeyWithSecret = serde_json::from_value(reply.body).unwrap();
    assert_eq!(
        (second.key.id, &second.key.name, second.key.role),
        (first.key.id, &first.key.name, first.key.role)
    );
    assert_ne!(second.secret, first.secret);
    assert!(!opens(&app, &first.secret).await && opens(&app, &second.secret).await);

    assert_eq!(revoke(&app, &first.key).await.status, 204);
    assert!(!opens(&app, &second.secret).await);
    let after_the_first_time = listed(&app).await;
    assert_eq!(revoke(&app, &first.key).await.status, 204);
    assert_eq!(listed(&app).await, after_the_first_time);
    assert_snapshot!(rotate(&app, &first.key).await, @r#"
    409 {
      "error": "Key is revoked: it opens nothing any more; make another one"
    }
    "#);
    assert_snapshot!(app.get("/admin/keys").await, @r#"
    200 [
      {
        "id": "[id]",
        "name": "admin",
        "role": "admin",
        "createdAt": "[time]"
      },
      {
        "id": "[id]",
        "name": "ci",
        "role": "session",
        "createdAt": "[time]",
        "revokedAt": "[time]"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_key_that_there_is_not_is_not_found_and_one_that_cannot_be_is_told_why() {
    let app = TestApp::start().await;
    let unknown = format!("/admin/keys/{}", SessionId::new());
    for path in [unknown.as_str(), "/admin/keys/admin"] {
        let reply = app.delete(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text("error")),
            (404, "Key not found")
        );
        let rotate = format!("{path}/rotate");
        assert_eq!(app.send(Method::POST, &rotate, &[], None).await.status, 404);
    }
    let faults = async |body: Value| {
        let reply = app.post("/admin/keys", body).await;
        let told = reply.faults();
        told.iter()
            .map(|(path, code)| format!("{path} {code}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        faults(json!({"name": "", "role": "root", "rol": "admin"})).await,
        [
            "name too_short",
            "role invalid_enum_value",
            "rol unknown_field"
        ]
    );
    assert_eq!(faults(json!({})).await, ["name required", "role required"]);
    let long = json!({"name": "x".repeat(101), "role": null});
    assert_eq!(faults(long).await, ["name too_long", "role required"]);
    assert_eq!(listed(&app).await.len(), 1);
    // Two may have one name, and a hundred characters are no more than a hundred.
    let name = "ä".repeat(100);
    assert_ne!(
        made(&app, &name, "read").await.key.id,
        made(&app, &name, "read").await.key.id
    );
}

#[tokio::test]
async fn the_last_admin_key_stays_until_there_is_another_one() {
    let app = TestApp::start().await;
    made(&app, "ci", "session").await;
    let first = &listed(&app).await[0];
    assert_snapshot!(revoke(&app, first).await, @r#"
    409 {
      "error": "Key is the last one with the role admin: make another one first, or nobody can make keys any more"
    }
    "#);
    let second = made(&app, "other", "admin").await;
    let (one, two) = tokio::join!(revoke(&app, first), revoke(&app, &second.key));
    // The loser of the two is told so, or was shut out before it could ask.
    let loser = if one.status == 204 { two } else { one };
    assert!(
        loser.status == 409 || loser.status == 401,
        "both cannot be revoked: {loser}"
    );
    let left = [app.key.as_str(), &second.secret];
    assert_ne!(opens(&app, left[0]).await, opens(&app, left[1]).await);
}

#[tokio::test]
async fn the_file_of_the_first_key_changes_with_it_and_goes_with_it() {
    let mut app = TestApp::start().await;
    let file = app.folder().join("admin.key");
    let read = || std::fs::read_to_string(&file).unwrap();
    let first = listed(&app).await.remove(0);
    let other = made(&app, "other", "admin").await;
    rotate(&app, &other.key).await;
    assert_eq!(read(), app.key, "it is another key's");

    let rotated: KeyWithSecret =
        serde_json::from_value(rotate(&app, &first).await.body).expect("a key");
    assert_eq!(read(), rotated.secret);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    app.key = rotated.secret;

    // Many at once: whichever was the last, the file has it.
    let (one, two, three) = tokio::join!(
        rotate(&app, &first),
        rotate(&app, &first),
        rotate(&app, &first)
    );
    assert!([one, two, three].iter().any(|reply| reply.status == 200));
    assert!(opens(&app, &read()).await);
    app.key = read();

    assert_eq!(revoke(&app, &first).await.status, 204);
    assert!(!file.exists());
    let names = std::fs::read_dir(app.folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = names.filter(|name| name.contains("admin")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_stream_ends_when_its_key_opens_nothing_any_more_and_no_other_stream_does() {
    let app = TestApp::start().await;
    let session = app.session(SessionStatus::Pending).await;
    let path = format!("/sessions/{session}/events");
    let watch = async |secret: &str| {
        let request = Request::get(&path).header("x-api-key", secret);
        let mut stream = app
            .open(request.body(Body::empty()).unwrap())
            .await
            .into_body();
        // The hint and the first event: from now on it waits.
        for _ in 0..2 {
            next(&mut stream).await.expect("a frame");
        }
        stream
    };
    let revoked = made(&app, "revoked", "read").await;
    let rotated = made(&app, "rotated", "session").await;
    let mut of_revoked = watch(&revoked.secret).await;
    let mut of_rotated = watch(&rotated.secret).await;
    let mut of_admin = watch(&app.key).await;

    let (end, reply) = tokio::join!(next(&mut of_revoked), revoke(&app, &revoked.key));
    assert_eq!((end, reply.status.as_u16()), (None, 204));
    let (end, reply) = tokio::join!(next(&mut of_rotated), rotate(&app, &rotated.key));
    assert_eq!((end, reply.status.as_u16()), (None, 200));
    let (came, ()) = tokio::join!(next(&mut of_admin), app.trigger(session, Trigger::Ready));
    assert!(came.expect("what comes").starts_with("id: 2\n"));
}

async fn next(stream: &mut Body) -> Option<String> {
    let frame = tokio::time::timeout(Duration::from_secs(5), stream.frame()).await;
    let frame = frame.expect("a frame, or the end, within 5 s")?;
    let bytes = frame.expect("no error").into_data().expect("data");
    Some(String::from_utf8(bytes.into()).expect("text"))
}
