//! Large files, and those that never come to their end.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use vwm_api::{FileAction, FileChangeStatus};
use vwm_tests::{World, scripted_agent, within};

use super::{changes, entries, read, status, world_of_bob, write};

const MIB: usize = 1 << 20;

/// A number of a process's memory, in bytes: `VmRSS` now, `VmHWM` at its most.
pub(super) fn memory(pid: u32, what: &str) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find(|line| line.starts_with(what));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: usize = number.expect("it is told").parse().expect("a number");
    kib << 10
}

/// A piece of 64 KiB that no other one is like.
fn piece(n: usize) -> Bytes {
    let mut bytes = vec![(n % 251) as u8; 64 << 10];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    bytes.into()
}

#[tokio::test]
async fn a_large_file_goes_up_and_down_and_is_in_nobodys_memory() {
    const PIECES: usize = 100 * MIB / (64 << 10);
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    write(&client, id, "small", "x").await;
    let pids = [world.server_pid(), world.harness(id)];
    let before = pids.map(|pid| memory(pid, "VmRSS"));

    let content = stream::iter((0..PIECES).map(|n| Ok::<_, io::Error>(piece(n))));
    let uploaded = within("the upload", client.upload_file(id, "large.bin", content)).await;
    uploaded.expect("it is taken");
    let size = std::fs::metadata(world.volume(id).workspace().join("large.bin"));
    assert_eq!(size.expect("it is there").len(), 100 * MIB as u64);
    let mut download = client.download_file(id, "large.bin").await.expect("a file");
    let (mut n, mut rest) = (0, Vec::new());
    within("the download", async {
        while let Some(bytes) = download.next().await {
            rest.extend_from_slice(&bytes.expect("it goes on"));
            while rest.len() >= 64 << 10 {
                let left = rest.split_off(64 << 10);
                assert!(rest == piece(n), "piece {n} is another");
                (n, rest) = (n + 1, left);
            }
        }
    })
    .await;
    assert_eq!((n, rest.len()), (PIECES, 0));
    for (pid, before) in pids.into_iter().zip(before) {
        let grown = memory(pid, "VmHWM").saturating_sub(before);
        assert!(grown < 64 * MIB, "process {pid} took {} MiB", grown / MIB);
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_the_old_file_and_nothing_else() {
    let world = World::start_with(json!({}), |command| {
        command.env("VWM_UPLOAD_MAX", (64 * MIB).to_string());
    })
    .await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    write(&client, id, "report.md", "the old one\n").await;
    let before = entries(&client, id, "").await;

    let half = (0..512).map(|n| Ok(piece(n)));
    let broken = stream::iter(half.chain([Err(io::Error::other("the cable"))]));
    let uploaded = within("the upload", client.upload_file(id, "report.md", broken)).await;
    uploaded.expect_err("it broke off");
    let large = stream::iter((0..2048).map(|n| Ok::<_, io::Error>(piece(n))));
    let uploaded = within("the upload", client.upload_file(id, "report.md", large)).await;
    assert_eq!(status(uploaded), 413);

    let told: Vec<_> = changes(&client, id)
        .await
        .into_iter()
        .map(|change| (change.action, change.status, change.bytes))
        .collect();
    let expected = [
        (FileAction::Write, FileChangeStatus::Done, Some(12)),
        (FileAction::Upload, FileChangeStatus::Failed, None),
        (FileAction::Upload, FileChangeStatus::Failed, None),
    ];
    assert_eq!(told, expected);
    assert_eq!(read(&client, id, "report.md").await, "the old one\n");
    assert_eq!(entries(&client, id, "").await, before);
    let harness = world.harness(id);
    assert!(vwm_tests::is_alive(harness));
}
