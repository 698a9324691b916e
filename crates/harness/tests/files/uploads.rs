//! Files as they are written: whole, or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use vwm_client::ClientError;

use crate::kit::{MOST, SOON, World, names, refusal, stuck, zeros};

#[tokio::test]
async fn a_file_is_written_with_the_folders_above_it_and_keeps_the_mode_of_the_one_that_it_replaces()
 {
    let world = World::new();
    let written = world.write("a/b/run.sh", "one").await.expect("written");
    assert_eq!(written.bytes, 3);
    let mode = || {
        fs::metadata(world.at("a/b/run.sh"))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!(mode(), 0o600);
    fs::set_permissions(world.at("a/b/run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
    world.write("a/b/run.sh", "").await.expect("written");
    assert_eq!(mode(), 0o755);
    assert_eq!(world.read("a/b/run.sh").await.expect("a file"), b"");
    world
        .client
        .delete_file("a/b/run.sh")
        .await
        .expect("removed");
    assert_eq!(refusal(world.client.delete_file("a/b/run.sh").await).0, 404);
    assert_eq!(names(&world.at("")), ["a", "a/b"]);
}

#[tokio::test]
async fn an_upload_that_is_broken_off_leaves_the_old_file_and_nothing_else() {
    let mut world = World::new();
    world.write("file", "old").await.expect("written");
    let fails = || zeros(64 << 20).chain(stream::once(async { Err(std::io::Error::other("cut")) }));
    for path in ["file", "new/folder/file"] {
        let broken = world.client.write_file(path, MOST, fails()).await;
        assert!(
            matches!(broken, Err(ClientError::Lost { .. })),
            "{broken:?}"
        );
        let (status, sentence) = refusal(
            world
                .client
                .write_file(path, 1 << 20, zeros(64 << 20))
                .await,
        );
        let expected = format!("{path} was not written: it has more than 1048576 bytes");
        assert_eq!((status, sentence), (413, expected));
    }
    // One that was given up, and one in whose middle the harness dies.
    let half = |path: &'static str| {
        let client = world.client.clone();
        let (body, is_sent) = stuck(32 << 20);
        let upload = tokio::spawn(async move { client.write_file(path, MOST, body).await });
        (upload, is_sent)
    };
    let (given_up, is_sent) = half("file");
    timeout(SOON, is_sent)
        .await
        .expect("in time")
        .expect("sent");
    given_up.abort();
    let (killed, is_sent) = half("folder/file");
    timeout(SOON, is_sent)
        .await
        .expect("in time")
        .expect("sent");
    world.kill();
    let lost = killed.await.expect("it was not aborted");
    assert!(matches!(lost, Err(ClientError::Lost { .. })), "{lost:?}");
    assert_eq!(fs::read(world.at("file")).unwrap(), b"old");
    assert_eq!(names(&world.at("")), ["file"]);
}

#[tokio::test]
async fn what_is_refused_is_told_to_who_is_still_sending() {
    let world = World::new();
    for _ in 0..20 {
        let (status, _) = refusal(
            world
                .client
                .write_file("worker_repo/x", MOST, zeros(64 << 20))
                .await,
        );
        assert_eq!(status, 403);
        let (status, _) = refusal(
            world
                .client
                .write_file("../x", MOST, stuck(1 << 20).0)
                .await,
        );
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn of_two_uploads_of_one_file_each_is_whole_and_one_wins() {
    let world = World::new();
    let one =
        stream::iter((0..512).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[1; 8 << 10]))));
    let two =
        stream::iter((0..512).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[2; 8 << 10]))));
    let (one, two) = tokio::join!(
        world.client.write_file("file", MOST, one),
        world.client.write_file("file", MOST, two)
    );
    assert_eq!(
        (one.expect("written").bytes, two.expect("written").bytes),
        (4 << 20, 4 << 20)
    );
    let content = world.read("file").await.expect("a file");
    assert_eq!(content.len(), 4 << 20);
    assert!(content.iter().all(|byte| *byte == content[0]));
}
