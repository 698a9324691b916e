//! Bodies that are too large, wait to be asked for, or come a byte at a time.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use vwm_api::SessionStatus;
use vwm_tests::{World, scripted_agent, within};

use super::{Wire, is_sane, request, world};

const MB: usize = 1_000_000;

/// A session that takes prompts.
async fn session(world: &World) -> String {
    world.worker(json!({"engine": scripted_agent()})).await;
    let session = world.session("bob", None).await;
    assert_eq!(session.status, SessionStatus::Active);
    session.id.to_string()
}

#[tokio::test]
async fn a_prompt_of_10_mb_is_refused_at_once_and_its_sender_reads_why() {
    let world = world().await;
    let id = session(&world).await;
    let body = format!("{{\"prompt\":\"{}\"}}", "x".repeat(10 * MB));
    let length = format!("content-length: {}\r\n", body.len());
    let chunks: String = body
        .as_bytes()
        .chunks(65_536)
        .map(|chunk| {
            format!(
                "{:x}\r\n{}\r\n",
                chunk.len(),
                String::from_utf8_lossy(chunk)
            )
        })
        .collect();
    let chunks = chunks + "0\r\n\r\n";
    for call in ["prompt", "stream", "requests"] {
        for (headers, body) in [
            (length.as_str(), &body),
            ("transfer-encoding: chunked\r\n", &chunks),
        ] {
            let line = format!("POST /sessions/{id}/{call}");
            let started = Instant::now();
            let mut wire = Wire::open(&world).await;
            wire.say(request(&world, &line, headers, body)).await;
            let answer = wire.answer().await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (
                    413,
                    r#"{"error":"Payload too large: a JSON body has at most 2 MiB; send less"}"#
                )
            );
            assert!(
                started.elapsed() < Duration::from_secs(5),
                "{:?}",
                started.elapsed()
            );
        }
    }
    let turns = world.client().telemetry(id.parse().expect("an id")).await;
    assert_eq!(turns.expect("it is told").len(), 0);
    is_sane(&world).await;
}

#[tokio::test]
async fn who_is_refused_for_another_reason_reads_why_however_much_he_sends() {
    let world = World::start_with(json!({}), |command| {
        command.env("VWM_UPLOAD_MAX", "1000");
    })
    .await;
    let id = session(&world).await;
    let large = "x".repeat(10 * MB);
    let length = format!("content-length: {}\r\n", large.len());
    let plain = format!("content-type: text/plain\r\n{length}");
    let keyless = format!("POST /sessions HTTP/1.1\r\nhost: vwm\r\n{length}\r\n{large}");
    let of = |line: &str, headers: &str| request(&world, line, headers, &large);
    for (what, said, status) in [
        ("no key", keyless, 401),
        (
            "no such session",
            of("POST /sessions/x/prompt", &length),
            404,
        ),
        ("no such path", of("POST /nowhere", &length), 404),
        ("no such method", of("PATCH /sessions", &length), 405),
        ("not JSON by its kind", of("POST /sessions", &plain), 415),
        (
            "a bad key",
            of("POST /sessions", &format!("idempotency-key: \r\n{length}")),
            400,
        ),
        (
            "a large file",
            of(&format!("PUT /sessions/{id}/files/a"), &length),
            413,
        ),
        (
            "a large upload",
            of(&format!("POST /sessions/{id}/files/upload?path=a"), &length),
            413,
        ),
    ] {
        let mut wire = Wire::open(&world).await;
        wire.say(said).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert!(
            answer.body.starts_with(r#"{"error":""#),
            "{what}: {}",
            answer.body
        );
    }
    is_sane(&world).await;
}

#[tokio::test]
async fn who_waits_to_be_asked_for_the_body_is_asked_or_refused_before() {
    let world = world().await;
    let expect = "expect: 100-continue\r\ncontent-length: 2\r\n";
    let mut wire = Wire::open(&world).await;
    wire.say(request(&world, "POST /admin/keys", expect, ""))
        .await;
    assert_eq!(
        wire.hears("\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    wire.say("{}").await;
    assert_eq!(wire.answer().await.status, 400);
    for (line, status) in [("POST /sessions/x/prompt", 404), ("PATCH /sessions", 405)] {
        let mut wire = Wire::open(&world).await;
        wire.say(request(&world, line, expect, "")).await;
        assert_eq!(wire.answer().await.status, status, "{line}");
    }
    is_sane(&world).await;
}

/// The server's own limit is 30 s, and this is the one test that waits for it.
#[tokio::test]
async fn a_body_that_comes_a_byte_at_a_time_is_let_go() {
    let world = world().await;
    let mut wire = Wire::open(&world).await;
    let head = request(&world, "POST /admin/keys", "content-length: 1000\r\n", "");
    wire.say(head).await;
    let trickle = async {
        let mut told = None;
        while told.is_none() {
            // Nobody waits for this: it is how slowly the sender sends.
            let answer =
                tokio::time::timeout(Duration::from_millis(500), wire.hears("\r\n\r\n")).await;
            told = answer.ok();
            if told.is_none() {
                wire.stream.write_all(b" ").await.expect("it listens");
            }
        }
        told.expect("it is told")
    };
    let head = within("the server to let go", trickle).await;
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    let body = wire.rest().await;
    assert_eq!(
        body,
        r#"{"error":"Request timeout: the body came too slowly; send it again"}"#
    );
    is_sane(&world).await;
}
