//! Files in and out of a workspace.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::json;
use vwm_api::{FileChange, FileList, SessionId};
use vwm_tests::{Said, World, scripted_agent};

use super::{elsewhere, prints, told};

#[tokio::test]
async fn files_go_in_and_out_whole_or_not_at_all() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let session = world.session("bob", None).await.id.to_string();
    let here = |name: &str| -> PathBuf { world.folder().join(name) };
    let args = ["files", "write", &session, "notes/first.md"];
    let said = Said::by_with(world.cli(&args), "Read this\n").await;
    let written = "notes/first.md is written, 10 bytes\n";
    assert_eq!(said, Said::new(0, "", written));
    let args = ["files", "read", &session, "notes/first.md"];
    assert_eq!(world.says(&args).await, Said::new(0, "Read this\n", ""));

    let large: Vec<u8> = (0..3_000_000_u32).map(|it| it.to_le_bytes()[1]).collect();
    std::fs::write(here("large.bin"), &large).expect("writes");
    let args = ["files", "upload", &session, "data/large.bin", "large.bin"];
    let said = world.says(&args).await;
    assert_eq!(
        said,
        Said::new(0, "", "data/large.bin is uploaded, 3.0 MB\n")
    );

    let download = ["files", "download", &session, "data/large.bin"];
    let said = world.says(&download).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(
        said.err.contains("large.bin is there already"),
        "{}",
        said.err
    );
    std::fs::write(here("large.bin"), "mine").expect("writes");
    let said = world.says(&[&download[..], &["--force"]].concat()).await;
    assert_eq!(said, Said::new(0, "", "large.bin is here, 3.0 MB\n"));
    assert!(std::fs::read(here("large.bin")).expect("it is there") == large);
    let piped = prints(world.cli(&[&download[..], &["-"]].concat())).await;
    assert!(piped == large);
    let said = world
        .says(&["files", "download", &session, "data/none.bin"])
        .await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("`vwm files list ID`"), "{}", said.err);
    let left: Vec<_> = std::fs::read_dir(world.folder())
        .expect("lists")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["large.bin"], "nothing half is left");

    let list: FileList = told(&world, &["files", "list", &session, "data"]).await;
    let names: Vec<_> = list
        .items
        .iter()
        .map(|it| (it.name.as_str(), it.size))
        .collect();
    assert_eq!(names, [("large.bin", Some(3_000_000))]);
    let said = world
        .says(&["files", "delete", &session, "data/large.bin"])
        .await;
    assert_eq!(said, Said::new(0, "", "data/large.bin is deleted\n"));
    let changes: Vec<FileChange> = told(&world, &["files", "changes", &session]).await;
    let calls: Vec<_> = changes
        .iter()
        .map(|it| (it.action.as_str(), it.path.as_str(), it.status.as_str()))
        .collect();
    assert_eq!(
        calls,
        [
            ("write", "notes/first.md", "done"),
            ("upload", "data/large.bin", "done"),
            ("delete", "data/large.bin", "done"),
        ]
    );
}

#[tokio::test]
async fn a_download_that_breaks_off_leaves_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut call, _) = listener.accept().expect("it is asked");
        let mut asked = [0; 4096];
        let _ = call.read(&mut asked).expect("it asks");
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it";
        call.write_all(half).expect("it takes what comes");
    });
    let session = SessionId::new().to_string();
    let args = ["files", "download", &session, "data/large.bin"];
    let mut command = elsewhere(home.path(), &args);
    command.env("VWM_URL", url).env("VWM_API_KEY", "k");
    let said = Said::by(command).await;
    server.join().expect("it answered");
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(1), ""),
        "{}",
        said.err
    );
    assert!(said.err.contains("was lost before"), "{}", said.err);
    let left = std::fs::read_dir(home.path()).expect("lists");
    assert_eq!(left.count(), 0, "nothing half is left");
}
