//! What confines the engine is said, and a wall that can be had is used even where one may go without.

use std::collections::BTreeMap;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use serde_json::json;
use vwm_api::SessionStatus;
use vwm_tests::{World, scripted_agent};

use super::{notices, shell};

/// `landlock_create_ruleset`, on every architecture.
const CREATE_RULESET: i64 = 444;
/// What a kernel without Landlock answers.
const NO_SUCH_CALL: u32 = 38;

/// A world whose server runs as on a kernel without Landlock: a filter of its thread, and of all that it starts, refuses the call.
async fn world_without_landlock(more: &[&str]) -> World {
    // The kit's program is built before anything is taken away.
    vwm_tests::vwm();
    let mut world = World::start(json!({})).await;
    world.take_server().stop();
    std::thread::scope(|scope| {
        let started = scope.spawn(|| {
            rustix::thread::set_no_new_privs(true).expect("privileges can be given up");
            let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known one");
            let filter = SeccompFilter::new(
                BTreeMap::from([(CREATE_RULESET, vec![])]),
                SeccompAction::Allow,
                SeccompAction::Errno(NO_SUCH_CALL),
                arch,
            );
            let program = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
            seccompiler::apply_filter(&program).expect("a filter can be set");
            world.start_server(more);
        });
        started.join().expect("the server starts");
    });
    world
}

#[tokio::test]
async fn without_landlock_a_session_is_refused_with_what_to_do() {
    let world = world_without_landlock(&[]).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let session = world.new_session("bob", None).await;
    let failed = world.reaches(session.id, SessionStatus::Failed).await;
    let reason = failed.status_reason.expect("a reason");
    assert!(
        reason.contains("Landlock") && reason.contains("--unconfined"),
        "{reason}"
    );
    assert_eq!(failed.wall, None);
    world.end(session.id).await;
}

#[tokio::test]
async fn without_landlock_a_session_runs_where_a_person_chose_so_and_says_it() {
    let world = world_without_landlock(&["--unconfined"]).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let session = world.session("bob", None).await;
    assert_eq!(session.wall.as_deref(), Some("none"));
    assert_eq!(world.ask(session.id, "hello").await.response, "echo: hello");
    world.end(session.id).await;
    let told = notices(&world, session.id).await;
    let codes: Vec<_> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["unconfined"]);
}

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
