//! A thousand calls at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::kit::TestApp;

#[tokio::test]
async fn a_thousand_sessions_are_made_at_once_and_health_is_told_meanwhile() {
    let app = TestApp::start().await;
    app.worker("bob").await;
    let making = join_all((0..1000).map(|_| app.post("/sessions", json!({"workerName": "bob"}))));
    let mut making = std::pin::pin!(making);
    let mut slowest = Duration::ZERO;
    let made = loop {
        let look = async {
            let started = Instant::now();
            assert_eq!(app.get("/health").await.status, 200);
            tokio::task::yield_now().await;
            started.elapsed()
        };
        tokio::select! {
            biased;
            made = &mut making => break made,
            took = look => slowest = slowest.max(took),
        }
    };
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(made.iter().all(|reply| reply.status == 201));
    let ids: BTreeSet<_> = made.iter().map(|reply| reply.text("id")).collect();
    assert_eq!(ids.len(), 1000);
}
