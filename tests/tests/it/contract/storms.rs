//! Very many at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use vwm_api::SessionId;
use vwm_tests::{World, scripted_agent, within};

use super::{Wire, is_sane, request, world};

/// Asks for a session on a connection of its own.
async fn make(world: &World, key: usize) -> (usize, SessionId) {
    let body = r#"{"workerName":"bob"}"#;
    let length = body.len();
    let headers = format!("idempotency-key: {key}\r\ncontent-length: {length}\r\n");
    let mut wire = Wire::open(world).await;
    wire.say(request(world, "POST /sessions", &headers, body))
        .await;
    let answer = wire.answer().await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let session: Value = serde_json::from_str(&answer.body).expect("JSON");
    let id = session["id"].as_str().expect("an id");
    (key, id.parse().expect("an id"))
}

/// Each session is a process in the end, so that they are fewer than the calls: each is asked for ten times at once.
#[tokio::test]
async fn a_thousand_calls_at_once_make_a_hundred_sessions_and_the_server_answers_meanwhile() {
    let world = world().await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let client = world.client();
    let making = join_all((0..1000).map(|n| make(&world, n % 100)));
    let mut making = std::pin::pin!(making);
    let mut slowest = Duration::ZERO;
    let made = within("a thousand answers", async {
        loop {
            let look = async {
                let started = Instant::now();
                client.health().await.expect("it is healthy");
                started.elapsed()
            };
            tokio::select! {
                made = &mut making => return made,
                took = look => slowest = slowest.max(took),
            }
        }
    })
    .await;
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    let mut of_key: BTreeMap<usize, BTreeSet<SessionId>> = BTreeMap::new();
    for (key, id) in made {
        of_key.entry(key).or_default().insert(id);
    }
    assert!(of_key.values().all(|ids| ids.len() == 1), "{of_key:?}");
    let ids: BTreeSet<_> = of_key.into_values().flatten().collect();
    assert_eq!(ids.len(), 100);
    let ending = join_all(ids.iter().map(|id| client.end_session_and_wait(*id)));
    for ended in within("a hundred ends", ending).await {
        ended.expect("it ends");
    }
    is_sane(&world).await;
}
