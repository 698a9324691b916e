//! `vwm demo --once`, with the real Claude Code.

use serde_json::json;
use vwm_tests::{Said, World, claude_code};

#[tokio::test]
async fn the_demo_runs_twice_in_a_row_beside_a_running_server_and_leaves_nothing() {
    let engine = claude_code();
    let engines = engine
        .ancestors()
        .find(|path| path.ends_with("engines"))
        .expect("engines lie together");
    let world = World::start(json!({})).await;
    let before = list(&world);
    for _ in 0..2 {
        let mut command = world.cli(&["demo", "--once", "--engines-dir"]);
        command.arg(engines).env("TMPDIR", world.folder());
        let said = Said::by(command).await;
        assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
        assert!(said.out.contains("session-ID:health.py"), "{}", said.out);
        assert!(said.out.contains("def health():"), "{}", said.out);
        assert_eq!(list(&world), before);
    }
    assert_eq!(world.client().workers().await.expect("a list"), []);
}

/// What lies where a demo might leave something.
fn list(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.folder())
        .expect("a folder")
        .flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
