//! What outlives a session: its transcript, and what fits into no branch.

use std::path::PathBuf;

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use vwm_api::SessionId;
use vwm_tests::World;

use super::world_of_bob;

/// The one blob that begins so.
pub(super) fn blob(world: &World, beginning: &[u8]) -> PathBuf {
    blob_that(world, |bytes| bytes.starts_with(beginning))
}

/// The one blob of which this is true.
pub(super) fn blob_that(world: &World, is_it: impl Fn(&[u8]) -> bool) -> PathBuf {
    let mut folders = vec![world.data_dir().join("blobs")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_it(&std::fs::read(&path).expect("it can be read")) {
                found.push(path);
            }
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// The transcript as the server tells it.
async fn told(world: &World, id: SessionId) -> String {
    let pieces = world.client().transcript(id).await.expect("a transcript");
    let pieces: Vec<_> = pieces.try_collect().await.expect("a whole one");
    String::from_utf8(pieces.concat()).expect("it is text")
}

#[tokio::test]
async fn the_transcript_is_kept_whole_when_the_session_is_gone() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    world.ask(id, "the first prompt").await;
    world.ask(id, "SCRIPT: [{\"think\": \"hm\"}, {\"shell\": \"echo out\"}, {\"text\": \"the last word\"}]").await;
    let made = told(&world, id).await;
    world.end(id).await;
    assert!(!world.volume(id).root.exists());
    let transcript = blob_that(&world, |bytes| {
        bytes.windows(16).any(|at| at == b"the first prompt")
    });
    let text = std::fs::read_to_string(transcript).expect("it is text");
    // What is made from the events says the same as what was made from the journal.
    assert_eq!((told(&world, id).await, made), (text.clone(), text.clone()));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert!(lines.len() >= 4, "{text}");
    for said in [
        "the first prompt",
        "echo: the first prompt",
        "hm",
        "out",
        "the last word",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}
