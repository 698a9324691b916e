//! Files that change, or never end, while they are read.

use std::fs::{self, File};
use std::time::Duration;

use futures_util::TryStreamExt;
use rustix::fs::{CWD, Mode};
use tokio::time::timeout;
use vwm_client::ClientError;

use crate::kit::{SOON, World, refusal};

/// More than all buffers between a disk and a reader hold together.
const LARGE: u64 = 64 << 20;

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_read_is_an_error_and_one_that_grows_is_read_as_long_as_it_was()
 {
    let world = World::new();
    let file = File::create(world.at("file")).unwrap();
    file.set_len(LARGE).unwrap();
    let (length, mut bytes) = world.client.read_file("file").await.expect("a file");
    assert_eq!(length, LARGE);
    bytes
        .try_next()
        .await
        .expect("the first piece")
        .expect("not the end");
    file.set_len(1).unwrap();
    let cut = bytes
        .try_fold(0, async |sum, piece| Ok(sum + piece.len()))
        .await;
    assert!(matches!(cut, Err(ClientError::Lost { .. })), "{cut:?}");

    file.set_len(LARGE).unwrap();
    let (_, bytes) = world.client.read_file("file").await.expect("a file");
    file.set_len(2 * LARGE).unwrap();
    let read = bytes
        .try_fold(0, async |sum, piece| Ok(sum + piece.len() as u64))
        .await;
    assert_eq!(read.expect("all of it"), LARGE);
}

#[tokio::test]
async fn a_pipe_holds_up_nobody_and_does_not_wake_who_waits_at_its_other_end() {
    let world = World::new();
    rustix::fs::mkfifoat(CWD, world.at("pipe"), Mode::RWXU).unwrap();
    let pipe = world.at("pipe");
    let (opened, is_opened) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let file = File::options()
            .write(true)
            .open(pipe)
            .expect("a reader came");
        opened.send(()).expect("somebody waits");
        drop(file);
    });
    let asked = async {
        for _ in 0..20 {
            let (status, sentence) = refusal(world.read("pipe").await);
            assert_eq!(
                (status, sentence.as_str()),
                (400, "pipe is a pipe, not a file")
            );
            assert_eq!(refusal(world.write("pipe", "x").await).0, 400);
        }
    };
    timeout(SOON, asked).await.expect("nothing waits");
    assert!(
        is_opened.try_recv().is_err(),
        "it was opened to find out what it is"
    );
    drop(File::open(world.at("pipe")).unwrap());
    writer.join().expect("it found its reader");
}

#[tokio::test]
async fn readers_that_stop_reading_hold_up_no_other_call() {
    let world = World::new();
    File::create(world.at("file"))
        .unwrap()
        .set_len(LARGE)
        .unwrap();
    let mut stopped = Vec::new();
    for _ in 0..40 {
        let (_, mut bytes) = world.client.read_file("file").await.expect("a file");
        bytes.try_next().await.expect("a piece");
        stopped.push(bytes);
    }
    fs::write(world.at("other"), "at once").unwrap();
    let read = timeout(Duration::from_secs(20), world.read("other")).await;
    assert_eq!(
        read.expect("nobody is in its way").expect("a file"),
        b"at once"
    );
    drop(stopped);
}
