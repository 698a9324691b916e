//! Uploads and downloads whose client, disk, session, server or harness gives up in the middle.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::{FileChangeStatus, SessionId, SessionStatus};
use vwm_tests::{Call, Disk, Told, World, kill, scripted_agent, until, within};

use super::transfers::memory;
use super::{agent, changes, read, status, world_of_bob, write};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// How soon whoever is in the middle of a call learns that it is over.
const SOON: Duration = Duration::from_secs(5);

/// An upload of that many bytes, to a path.
async fn begins(world: &World, id: SessionId, path: &str, length: u64) -> Call {
    let line = format!("POST /sessions/{id}/files/upload?path={path}");
    world.begins(&line, length).await
}

/// An upload of `file` of which the half has arrived, and whose client sends no more.
async fn half_way(world: &World, id: SessionId) -> Call {
    let mut call = begins(world, id, "file", 4 * MIB).await;
    call.send(&vec![b'x'; 2 * MIB as usize])
        .await
        .expect("it is taken");
    let harness = world.harness(id);
    until("the upload to arrive", async || {
        let arrived = nameless(harness).pop()?.1;
        // The rest waits to be worth a write.
        (arrived + (64 << 10) >= 2 * MIB).then_some(())
    })
    .await;
    call
}

/// The answer to a call, which comes soon.
async fn answer(call: Call) -> Told {
    let told = tokio::time::timeout(SOON, call.answer()).await;
    told.expect("it is answered, or cut off")
}

fn sentence(told: &Told) -> String {
    let error: Value = serde_json::from_slice(&told.body).expect("it is JSON");
    error["error"].as_str().unwrap_or_default().to_owned()
}

/// The files without a name that a process holds open, and how long they are.
fn nameless(pid: u32) -> Vec<(PathBuf, u64)> {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter();
    let open = open.flatten().flatten();
    let files = open.filter_map(|entry| {
        let name = std::fs::read_link(entry.path()).ok()?;
        let is_nameless = name.to_string_lossy().ends_with(" (deleted)");
        let length = entry.path().metadata().ok()?.len();
        is_nameless.then_some((name, length))
    });
    files.collect()
}

/// All names in a workspace's root.
fn names(world: &World, id: SessionId) -> Vec<String> {
    let entries = std::fs::read_dir(world.volume(id).workspace()).expect("it is there");
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().into_string());
    let mut names: Vec<String> = names.map(|name| name.expect("text")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_gigabyte_that_breaks_off_half_way_is_in_nobodys_memory_and_leaves_nothing() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    write(&client, id, "file", "the old one\n").await;
    let before = names(&world, id);
    let pids = [world.server_pid(), world.harness(id)];
    let memory_before = pids.map(|pid| memory(pid, "VmRSS"));

    let mut call = begins(&world, id, "file", GIB).await;
    let zeros = vec![0; MIB as usize];
    for _ in 0..512 {
        call.send(&zeros).await.expect("it is taken");
    }
    let meanwhile = read(&client, id, "file").await;
    assert!(!nameless(pids[1]).is_empty());
    drop(call);

    until("the harness to let go of it", async || {
        nameless(pids[1]).is_empty().then_some(())
    })
    .await;
    let last = changes(&client, id).await.pop().expect("it is on record");
    assert_eq!((last.status, last.bytes), (FileChangeStatus::Failed, None));
    assert_eq!(meanwhile, "the old one\n");
    assert_eq!(read(&client, id, "file").await, "the old one\n");
    assert_eq!(names(&world, id), before);
    for (pid, before) in pids.into_iter().zip(memory_before) {
        let grown = memory(pid, "VmHWM").saturating_sub(before) as u64;
        assert!(grown < 64 * MIB, "process {pid} took {} MiB", grown / MIB);
    }
}

#[tokio::test]
async fn of_two_uploads_to_one_path_at_once_one_is_there_and_it_is_whole() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let mut calls = Vec::new();
    for letter in [b'a', b'b'] {
        calls.push((letter, begins(&world, id, "deep/file", 2 * MIB).await));
    }
    for _ in 0..2 {
        for (letter, call) in &mut calls {
            call.send(&vec![*letter; MIB as usize])
                .await
                .expect("it is taken");
        }
    }
    for (_, call) in calls {
        assert_eq!(answer(call).await.status, 204);
    }
    let file = read(&world.client(), id, "deep/file").await;
    let whole = ["a", "b"].map(|letter| letter.repeat(2 * MIB as usize));
    assert!(whole.contains(&file), "{} bytes, mixed", file.len());
    assert_eq!(nameless(world.harness(id)), vec![]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_heals() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    agent(&world, id, "mkdir disk").await;
    let disk = Disk::at(&world.volume(id).workspace().join("disk"), 4 * MIB);
    write(&client, id, "disk/file", "the old one\n").await;
    let large = vec![1; 3 * MIB as usize];
    let filled = client.upload_bytes(id, "disk/filler", large.clone()).await;
    filled.expect("there is room");
    let unused = disk.unused();

    let refused = client.upload_bytes(id, "disk/file", large.clone()).await;
    let refused = refused.expect_err("there is no room");
    assert_eq!(refused.status(), Some(503));
    let expected = "Service unavailable: the disk of the session's workspace is full; make room, and send it again \
        (disk/file was not written: the disk of the session is full)";
    assert_eq!(refused.to_string().lines().next(), Some(expected));
    assert_eq!(disk.unused(), unused);
    assert_eq!(read(&client, id, "disk/file").await, "the old one\n");

    client
        .delete_file(id, "disk/filler")
        .await
        .expect("it is there");
    let healed = client.upload_bytes(id, "disk/file", large.clone()).await;
    healed.expect("there is room again");
    assert!(
        client
            .read_file(id, "disk/file")
            .await
            .expect("it is there")
            == large
    );
}

#[tokio::test]
async fn a_session_that_ends_waits_for_no_upload() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    let call = half_way(&world, id).await;
    let ending = Instant::now();
    let (ended, told) = tokio::join!(client.end_session_and_wait(id), answer(call));
    ended.expect("it ends");
    assert!(ending.elapsed() < 2 * SOON, "{:?}", ending.elapsed());
    assert_eq!(
        (told.status, sentence(&told).as_str()),
        (409, "the session is ending")
    );
    let last = changes(&client, id).await.pop().expect("it is on record");
    assert_eq!(last.status, FileChangeStatus::Failed);
    assert_eq!(status(client.read_file(id, "file").await), 409);
}

#[tokio::test]
async fn a_harness_that_is_killed_in_mid_upload_is_told_and_the_next_call_works() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    write(&client, id, "file", "the old one\n").await;
    let call = half_way(&world, id).await;
    kill(world.harness(id), Signal::KILL);
    let told = answer(call).await;
    let expected = "Service unavailable: the session's job was lost in the middle of the call; look at the file, and ask again";
    assert_eq!((told.status, sentence(&told).as_str()), (503, expected));
    assert_eq!(read(&client, id, "file").await, "the old one\n");
    write(&client, id, "file", "the new one\n").await;
    agent(&world, id, "grep -q new file").await;
}

#[tokio::test]
async fn a_server_that_stops_in_mid_transfer_cuts_it_off_at_its_grace_and_nothing_is_half() {
    let mut world = World::start_with(json!({}), |command| {
        command.args(["--grace", "1"]);
    })
    .await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let id = world.session("bob", None).await.id;
    let old = vec![7; 32 * MIB as usize];
    let uploaded = world.client().upload_bytes(id, "file", old.clone()).await;
    uploaded.expect("it is taken");
    let upload = half_way(&world, id).await;
    let line = format!("GET /sessions/{id}/files/download/file");
    let mut download = world.begins(&line, 0).await;
    download.says("\r\n\r\n").await;

    let stopping = Instant::now();
    let server = world.take_server();
    kill(server.pid(), Signal::TERM);
    let ended = within("the server to stop", server.ended()).await;
    assert!(ended.success(), "{ended}");
    let took = stopping.elapsed();
    assert!(took < Duration::from_secs(1) + SOON / 2, "{took:?}");
    let cut = answer(upload).await;
    assert!([0, 503].contains(&cut.status), "{cut:?}");
    let part = within("the end of it", download.rest()).await.len();
    assert!(part < old.len(), "all of it was on its way: {part}");

    world.start_server(&[]);
    world.reaches(id, SessionStatus::Active).await;
    let client = world.client();
    assert!(client.read_file(id, "file").await.expect("it is there") == old);
    until("the harness to let go of it", async || {
        nameless(world.harness(id)).is_empty().then_some(())
    })
    .await;
    write(&client, id, "file", "the new one\n").await;
}
