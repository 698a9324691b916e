//! API keys in the wrong hands, or worth nothing any more.

use std::time::{Duration, Instant};

use vwm_api::{KeyWithSecret, NewKey, Role, SessionId};
use vwm_tests::{Call, Told, World};

use super::doors::{calls, request};
use super::{agent, world};

/// How soon a change of a key is felt.
const SOON: Duration = Duration::from_secs(5);

pub(super) async fn key(world: &World, role: Role) -> KeyWithSecret {
    let new = NewKey {
        name: role.as_str().into(),
        role,
    };
    world.client().create_key(&new).await.expect("a key")
}

/// A stream of a session's events, which waits for the next one.
async fn watch(world: &World, key: &str, id: SessionId) -> Call {
    let line = format!("GET /sessions/{id}/events");
    let mut stream = world.begins_with(key, &line, 0).await;
    stream.says("\"to\":\"active\"").await;
    stream.says("\n\n").await;
    stream
}

/// All of an answer but what no two answers share.
fn alike(told: &Told) -> (u16, Vec<String>, String) {
    let headers = told.headers.lines().map(str::to_owned);
    let is_own = |line: &String| line.starts_with("x-request-id") || line.starts_with("date");
    (
        told.status,
        headers.filter(|line| !is_own(line)).collect(),
        told.text(),
    )
}

#[tokio::test]
async fn an_open_stream_ends_soon_after_its_key_and_no_other_does() {
    let world = world(None).await;
    let session = world.session("bob", None).await;
    let (revoked, rotated) = (
        key(&world, Role::Read).await,
        key(&world, Role::Session).await,
    );
    let of_revoked = watch(&world, &revoked.secret, session.id).await;
    let of_rotated = watch(&world, &rotated.secret, session.id).await;
    let mut of_admin = watch(&world, &world.key(), session.id).await;
    let client = world.client();
    client.revoke_key(revoked.key.id).await.expect("it is one");
    let new = client.rotate_key(rotated.key.id).await.expect("it is one");
    for stream in [of_revoked, of_rotated] {
        let rest = tokio::time::timeout(SOON, stream.rest()).await;
        let rest = rest.expect("it ends");
        assert!(rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    }
    agent(&world, &session, "true").await;
    of_admin.says("\"type\":\"complete\"").await;
    let line = format!("GET /sessions/{}", session.id);
    for (key, status) in [
        (&revoked.secret, 401),
        (&rotated.secret, 401),
        (&new.secret, 200),
    ] {
        assert_eq!(world.calls_with(key, &line, b"").await.status, status);
    }
}

#[tokio::test]
async fn an_unknown_key_and_a_revoked_one_are_told_alike_and_as_fast() {
    const TIMES: usize = 100;
    let world = world(None).await;
    let revoked = key(&world, Role::Admin).await;
    let revoke = world.client().revoke_key(revoked.key.id).await;
    revoke.expect("it is one");
    let unknown = format!("vwm_{}", "x".repeat(revoked.secret.len() - 4));
    let mut told = Vec::new();
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..TIMES {
        for (key, took) in [&unknown, &revoked.secret].into_iter().zip(&mut took) {
            let asked = Instant::now();
            told.push(alike(
                &world.calls_with(key, "GET /admin/workers", b"").await,
            ));
            took.push(asked.elapsed());
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, 401);
    let [unknown, revoked] = took.map(|mut took| {
        took.sort();
        took[TIMES / 2]
    });
    // So near that nobody learns anything from it, and so far that a busy machine may be in between.
    assert!(
        unknown < revoked * 3 && revoked < unknown * 3,
        "{unknown:?} {revoked:?}"
    );
}

#[tokio::test]
async fn a_read_key_in_an_agents_hands_changes_nothing() {
    let world = world(None).await;
    let own = world.session("bob", None).await;
    let other = world.session("bob", None).await;
    agent(&world, &other, "echo theirs > $S/workspace/file").await;
    let found = key(&world, Role::Read).await.secret;
    let server = world.url().trim_start_matches("http://").to_owned();
    let mut lines = vec![
        "PUT /admin/settings/system_agent_md".to_owned(),
        "POST /admin/workers".to_owned(),
        "GET /admin/keys".to_owned(),
        "POST /admin/keys".to_owned(),
        "POST /sessions".to_owned(),
    ];
    for id in [own.id, other.id] {
        let calls = [
            "PUT files/file",
            "DELETE files/file",
            "POST files/upload?path=file",
        ];
        let more = [
            "POST prompt",
            "POST stream",
            "POST requests",
            "POST abort",
            "POST push",
            "DELETE ",
        ];
        for (method, path) in calls
            .iter()
            .chain(&more)
            .filter_map(|it| it.split_once(' '))
        {
            lines.push(
                format!("{method} /sessions/{id}/{path}")
                    .trim_end_matches('/')
                    .to_owned(),
            );
        }
    }
    let asked: Vec<_> = lines
        .iter()
        .map(|line| (server.clone(), request(line, &found, r#"{"prompt":"x"}"#)))
        .collect();
    let said = calls(&world, &own, &asked).await;
    for (line, said) in lines.iter().zip(&said) {
        assert!(said.contains("HTTP/1.1 403"), "{line}: {said}");
    }
    let client = world.client();
    for id in [own.id, other.id] {
        assert_eq!(client.file_changes(id).await.expect("a list"), []);
    }
    let file = client.read_file(other.id, "file").await;
    assert_eq!(file.expect("it is there"), "theirs\n");
}
