//! What confines the engine is said, and a wall that can be had is used even where one may go without.

use serde_json::json;
use vwm_tests::{World, scripted_agent};

use super::{notices, shell};

#[tokio::test]
async fn a_server_that_may_go_without_a_wall_still_uses_the_one_that_it_has() {
    let world = World::start_with(json!({}), |command| {
        command.arg("--unconfined");
    })
    .await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let session = world.session("bob", None).await;
    assert_eq!(session.wall.as_deref(), Some("landlock"));
    let key = world.data_dir().join("admin.key");
    let said = shell(
        &world,
        session.id,
        &format!("cat {} || true", key.display()),
    )
    .await;
    assert!(said.contains("Permission denied"), "{said}");
    let told = world
        .says(&["session", "show", &session.id.to_string()])
        .await;
    assert!(
        told.out.contains("\nwall         landlock\n"),
        "{}",
        told.out
    );
    world.end(session.id).await;
    assert_eq!(notices(&world, session.id).await, []);
}
