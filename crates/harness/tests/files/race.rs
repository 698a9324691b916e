//! A name that is now a file, now a link to a secret, now a folder, now a link to a folder outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use vwm_client::ClientError;

use crate::kit::{World, names};

const ROUNDS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rounds_of_a_swapped_link_read_nothing_and_change_nothing_outside() {
    let world = World::new();
    let outside = world.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    for name in ["secret", "inner", "name"] {
        fs::write(outside.join(name), "the key").unwrap();
    }
    let before = names(&outside);
    let stop = Arc::new(AtomicBool::new(false));
    let swaps = Arc::new(AtomicU64::new(0));
    let swapper = {
        let (stop, swaps) = (Arc::clone(&stop), Arc::clone(&swaps));
        let (workspace, outside) = (world.at(""), outside.clone());
        std::thread::spawn(move || swap(&workspace, &outside, &stop, &swaps))
    };
    let (mut read, mut written, mut removed) = (0, 0, 0);
    for _ in 0..ROUNDS {
        for path in ["name", "name/inner"] {
            if let Some(content) = allowed(world.read(path).await) {
                assert!(content.is_empty() || content == b"inside" || content == b"new");
                read += 1;
            }
            let list = world.client.list_files(path).await;
            if let Some(list) = allowed(list) {
                assert!(list.items.iter().all(|it| it.name != "secret"), "{list:?}");
            }
            written += usize::from(allowed(world.write(path, "new").await).is_some());
            removed += usize::from(allowed(world.client.delete_file(path).await).is_some());
        }
    }
    stop.store(true, Ordering::Relaxed);
    swapper.join().expect("it swapped to its end");
    assert_eq!(names(&outside), before);
    for name in before {
        assert_eq!(fs::read(outside.join(name)).unwrap(), b"the key");
    }
    let left: Vec<String> = names(&world.at(""));
    assert!(left.iter().all(|name| !name.contains(".vwm-")), "{left:?}");
    let swaps = swaps.load(Ordering::Relaxed);
    assert!(
        swaps > 1000 && read > 0 && written > 0 && removed > 0,
        "{swaps} {read} {written} {removed}"
    );
}

/// Swaps by exchange, so that the name is never away for long, until it is told to stop.
fn swap(workspace: &Path, outside: &Path, stop: &AtomicBool, swaps: &AtomicU64) {
    let name = workspace.join("name");
    let stage = workspace.join("stage");
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        remove(&stage);
        match turn % 4 {
            0 => fs::write(&stage, "inside").expect("a file"),
            1 => symlink(outside.join("secret"), &stage).expect("a link"),
            2 => fs::create_dir(&stage).expect("a folder"),
            _ => symlink(outside, &stage).expect("a link"),
        }
        turn += 1;
        let exchanged = renameat_with(CWD, &stage, CWD, &name, RenameFlags::EXCHANGE);
        if exchanged.is_err() {
            // It was removed by a call meanwhile.
            let _ = fs::rename(&stage, &name);
        }
        swaps.fetch_add(1, Ordering::Relaxed);
    }
}

fn remove(path: &Path) {
    loop {
        let gone = match path.symlink_metadata() {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(_) => return,
        };
        // A call may put something into the folder just now.
        if gone.is_ok() {
            return;
        }
    }
}

/// The answer of a call that was done; none where it was refused as it may be.
#[track_caller]
fn allowed<T>(answer: Result<T, ClientError>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            let text = vwm_api::chain(&error);
            assert!(matches!(error.status(), Some(400 | 404)), "{text}");
            assert!(!text.contains("outside"), "{text}");
            None
        }
    }
}
