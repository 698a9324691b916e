//! A disk that is full.

use std::path::Path;
use std::process::Command;

use crate::kit::{MOST, World, names, refusal, zeros};

/// A small file system of its own; dropping it takes it away.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn at(folder: &'a Path) -> Self {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(folder)
            .output()
            .expect("there is mount");
        assert!(
            mounted.status.success(),
            "a full disk needs a file system of its own; run this test as root, who may mount: {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self(folder)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // Whoever still stands in it does not keep it.
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_keeps_the_old_file_and_gets_its_space_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let volume = folder.path().join("volume");
    std::fs::create_dir(&volume).expect("a folder");
    let _mounted = Mounted::at(&volume);
    let world = World::on(folder, volume.clone());
    world.write("file", "old").await.expect("there is room");
    for _ in 0..3 {
        let error = refusal(world.client.write_file("file", MOST, zeros(8 << 20)).await);
        let sentence = "file was not written: the disk of the session is full".to_owned();
        assert_eq!(error, (507, sentence));
    }
    let large = world.client.write_file("large", MOST, zeros(1 << 20)).await;
    assert_eq!(large.expect("there is room again").bytes, 1 << 20);
    assert_eq!(world.read("file").await.expect("a file"), b"old");
    assert_eq!(names(&world.at("")), ["file", "large"]);
}
