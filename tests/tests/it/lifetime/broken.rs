//! Sessions that do not start, that do not resume, and that rest for too long.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;
use vwm_api::{SessionId, SessionStatus};
use vwm_client::ClientError;
use vwm_tests::{World, no_process_of, vwm, within};

use super::{moves, next_server, stands, told, world_of_bob};

/// A world whose worker's program may come and go.
async fn world_of_a_program() -> (World, PathBuf) {
    let world = World::start(json!({})).await;
    let program = world.folder().join("agent");
    let engine = json!({"command": program, "args": ["scripted", "agent"]});
    world.worker(json!({"engine": engine})).await;
    (world, program)
}

fn install(program: &Path) {
    symlink(vwm(), program).expect("it is not there");
}

fn missing(program: &Path) -> String {
    format!(
        "the engine's program {:?} is not on this machine; install it, or name another in engine.command",
        program.display().to_string()
    )
}

/// Asks it to resume, which comes to nothing; says where that leaves it, and why.
async fn does_not_resume(world: &World, id: SessionId) -> (SessionStatus, String) {
    let client = world.client();
    let refused = within("the resume", client.resume_session_and_wait(id)).await;
    match refused.expect_err("its program is missing") {
        ClientError::NotActive { status, reason, .. } => (status, reason.unwrap_or_default()),
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_session_whose_start_failed_is_started_again_when_that_is_mended() {
    let (world, program) = world_of_a_program().await;
    let id = world.new_session("bob", None).await.id;
    let failed = stands(&world, id, SessionStatus::Failed).await;
    assert_eq!(failed.status_reason, Some(missing(&program)));
    // As long as nothing is mended, it fails again.
    let again = does_not_resume(&world, id).await;
    assert_eq!(again, (SessionStatus::Failed, missing(&program)));
    let said = world.says(&["session", "resume", &id.to_string()]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.error().contains("mend that"), "{}", said.err);

    install(&program);
    let resumed = within("it", world.client().resume_session_and_wait(id)).await;
    let resumed = resumed.expect("its program is there");
    assert_eq!(
        (resumed.status, resumed.status_reason),
        (SessionStatus::Active, None)
    );
    assert_eq!(world.ask(id, "hello").await.response, "echo: hello");
    world.end(id).await;
    use SessionStatus::{Active, Ended, Ending, Failed, Pending};
    let events = told(&world, id).await;
    let told: Vec<_> = moves(&events).into_iter().map(|(to, _)| to).collect();
    let expected = [
        Pending, Failed, Pending, Failed, Pending, Failed, Pending, Active, Ending, Ended,
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_session_that_five_times_does_not_resume_fails_and_says_what_to_do() {
    let (world, program) = world_of_a_program().await;
    install(&program);
    let id = world.session("bob", None).await.id;
    world.ask(id, "one").await;
    let client = world.client();
    client.suspend_session(id).await.expect("nothing runs");
    std::fs::remove_file(&program).expect("it is there");
    let why = missing(&program);
    for _ in 0..4 {
        let left = does_not_resume(&world, id).await;
        assert_eq!(left, (SessionStatus::Suspended, why.clone()));
    }
    let left = does_not_resume(&world, id).await;
    let advice = "5 resumes in a row failed: mend that and ask it to resume, or end it";
    assert_eq!(left, (SessionStatus::Failed, format!("{why}; {advice}")));

    // Nothing is lost.
    install(&program);
    let resumed = within("it", client.resume_session_and_wait(id)).await;
    resumed.expect("its program is there");
    let recalled = world.ask(id, "RECALL").await.response;
    assert_eq!(recalled, r#"recall: ["one","RECALL"]"#);
}

#[tokio::test]
async fn sessions_that_rest_for_too_long_end_and_their_folders_go() {
    let mut world = world_of_bob(json!({})).await;
    let nowhere = format!("file://{}/nowhere.git", world.folder().display());
    let failed = world.new_session_at("bob", Some(&nowhere)).await.id;
    stands(&world, failed, SessionStatus::Failed).await;
    let asleep = world.session("bob", None).await.id;
    let active = world.session("bob", None).await.id;
    let client = world.client();
    client.suspend_session(asleep).await.expect("nothing runs");
    next_server(&mut world, &["--failed-keep", "1", "--suspended-keep", "1"]);
    for (id, word) in [(failed, "failed"), (asleep, "suspended")] {
        let events = told(&world, id).await;
        let reason = format!("it was {word} for 1 s, which is as long as the server keeps one");
        let ends = (SessionStatus::Ending, Some(reason.as_str()));
        assert!(moves(&events).contains(&ends), "{events:#?}");
        assert!(!world.volume(id).root.exists());
        no_process_of(id).await;
    }
    let session = world.client().session(active).await.expect("it is known");
    assert_eq!(session.status, SessionStatus::Active);
}
