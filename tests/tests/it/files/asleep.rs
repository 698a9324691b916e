//! Sessions that have no job when a file is asked for.

use rustix::process::Signal;
use serde_json::json;
use vwm_api::{FileKind, SessionId, SessionStatus};
use vwm_tests::{World, kill, until, within};

use super::{agent, entries, read, status, world_of_bob, write};

async fn kill_harness(world: &World, id: SessionId) {
    let harness = world.harness(id);
    kill(harness, Signal::KILL);
    world.gone(harness).await;
}

#[tokio::test]
async fn a_file_call_resumes_a_suspended_session_as_a_prompt_does() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    agent(&world, id, "echo kept > kept.txt").await;
    kill_harness(&world, id).await;
    let suspended = world.reaches(id, SessionStatus::Suspended).await;

    let client = world.client();
    let calls = (0..20).map(|_| read(&client, id, "kept.txt"));
    let read = within("all calls", futures_util::future::join_all(calls)).await;
    assert_eq!(read, vec!["kept\n"; 20]);
    let resumed = client.session(id).await.expect("it is known");
    assert_eq!(resumed.status, SessionStatus::Active);
    assert!(resumed.last_activity_at > suspended.last_activity_at);
    agent(&world, id, "cat kept.txt").await;
}

#[tokio::test]
async fn the_files_of_a_failed_session_are_served_and_it_stays_failed() {
    let world = world_of_bob(json!({})).await;
    let nowhere = format!("file://{}/nowhere.git", world.folder().display());
    let id = world.new_session_at("bob", Some(&nowhere)).await.id;
    let client = world.client();
    let failed = until("the session to fail", async || {
        let session = client.session(id).await.expect("it is known");
        (session.status == SessionStatus::Failed).then_some(session)
    })
    .await;

    write(&client, id, "attachments/late.txt", "for the record\n").await;
    let harness = world.harness(id);
    assert_eq!(
        read(&client, id, "attachments/late.txt").await,
        "for the record\n"
    );
    let root = entries(&client, id, ".").await;
    assert!(
        root.contains(&("attachments".to_owned(), FileKind::Folder)),
        "{root:?}"
    );
    client
        .delete_file(id, "attachments/late.txt")
        .await
        .expect("it is there");
    assert_eq!(world.harness(id), harness, "one job serves them all");
    let told = client.session(id).await.expect("it is known");
    assert_eq!(
        (told.status, told.status_reason),
        (SessionStatus::Failed, failed.status_reason)
    );

    // One that dies on the way is followed by another.
    kill_harness(&world, id).await;
    write(&client, id, "again.txt", "again\n").await;
    assert_eq!(read(&client, id, "again.txt").await, "again\n");
    world.end(id).await;
    assert_eq!(status(client.list_files(id, "").await), 409);
}

#[tokio::test]
async fn a_failed_session_without_its_folder_says_so() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    kill_harness(&world, id).await;
    world.reaches(id, SessionStatus::Suspended).await;
    std::fs::remove_dir_all(world.volume(id).root).expect("removes");
    // Suspended it was, and the try to resume it finds out.
    let refused = within("an answer", world.client().read_file(id, "a")).await;
    let refused = refused.expect_err("it is gone");
    assert_eq!(refused.status(), Some(409));
    assert!(refused.to_string().contains("folder is gone"), "{refused}");
}

#[tokio::test]
async fn who_asks_for_files_of_a_session_that_does_not_resume_is_told_why_and_may_ask_again() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    agent(&world, id, "echo kept > kept.txt").await;
    kill_harness(&world, id).await;
    world.reaches(id, SessionStatus::Suspended).await;
    let journal = world.volume(id).state().join("journal");
    let kept = journal.with_extension("kept");
    std::fs::rename(&journal, &kept).expect("renames");
    std::fs::create_dir(&journal).expect("makes a folder");

    let client = world.client();
    let refused = within("an answer", client.read_file(id, "kept.txt")).await;
    let refused = refused.expect_err("its journal cannot be read");
    assert_eq!(refused.status(), Some(503));
    assert!(refused.to_string().contains("does not start"), "{refused}");

    std::fs::remove_dir(&journal).expect("removes");
    std::fs::rename(&kept, &journal).expect("renames");
    assert_eq!(read(&client, id, "kept.txt").await, "kept\n");
}
