//! A known secret that comes in pieces: nobody hears it.

use serde_json::json;
use vwm_api::EventBody;

use super::{events_of, steps, world};

/// The provider's key of every test's server.
const KEY: &str = "sk-test-provider-key";

#[tokio::test]
async fn a_key_that_is_said_letter_by_letter_is_in_no_event_no_answer_and_no_raw_output() {
    let world = world(&[]).await;
    let session = world.session("bob", None).await.id;
    let said = format!("it is {KEY}, or sk-test-provider-kex; also {KEY}{KEY}");
    for chunks in [1, 7, said.len()] {
        // The prompt itself says it whole: what was asked is the asker's.
        let script = steps(json!([{"text": said, "chunks": chunks}]));
        let answer = world.ask(session, &script).await;
        let clean = "it is [secret], or sk-test-provider-kex; also [secret][secret]";
        assert_eq!(answer.response, clean);
        let events = events_of(&world, session, answer.request_id).await;
        let mut together = String::new();
        for event in &events {
            if let EventBody::Text(text) = &event.body {
                together += text;
            }
        }
        assert_eq!(together, clean);
        let raw = answer.raw.expect("the engine printed something").content;
        // Put together again as a reader of the raw output would.
        let texts = raw
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|line| {
                let text = line.pointer("/params/update/content/text")?;
                text.as_str().map(str::to_owned)
            });
        let texts: String = texts.collect();
        assert!(!raw.contains(KEY) && !texts.contains(KEY), "{raw}");
    }
}
