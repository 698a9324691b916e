//! Paths that mean harm, and what each call says to them.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, Mode};

use crate::kit::{World, names, refusal};

#[tokio::test]
async fn no_hostile_path_is_listed_read_written_or_removed() {
    let world = World::new();
    let outside = world.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "the key").unwrap();
    symlink(outside.join("secret"), world.at("link")).unwrap();
    symlink(&outside, world.at("way-out")).unwrap();
    symlink("/proc/self/root", world.at("magic")).unwrap();
    symlink(world.volume("kb"), world.at("worker_repo")).unwrap();
    fs::create_dir(world.at("folder")).unwrap();
    fs::write(world.at("file"), "a file").unwrap();
    fs::create_dir(world.volume("kb/.git")).unwrap();
    fs::write(world.volume("kb/.git/config"), "ours").unwrap();
    let before = names(world.folder.path());

    let long_name = "n".repeat(256);
    let long_path = "d/".repeat(2050) + "f";
    let longest = "d/".repeat(2047) + "ff";
    let mut told = Vec::new();
    for path in [
        "/etc/passwd",
        "..",
        "../secret",
        "folder/../../outside/secret",
        "a\0b",
        "..\\secret",
        &long_name,
        &long_path,
        &longest,
        "link/x",
        "way-out/secret",
        "magic/etc/passwd",
        "file/x",
        "folder/",
        "worker_repo/../file",
        "worker_repo/.git/config",
    ] {
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for (call, answer) in every_call(&world, path).await {
            // A folder, after all.
            let Some(answer) = answer else {
                assert_eq!((call, path), ("list", "folder/"));
                continue;
            };
            match said.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, calls)) => calls.push(call),
                None => said.push((answer, vec![call])),
            }
        }
        for (answer, calls) in said {
            told.push(format!("{}: {answer}", calls.join(" ")));
        }
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    list read write delete: 400 /etc/passwd is absolute; paths are relative to the workspace
    list read write delete: 400 .. has .. in it; paths stay in the workspace
    list read write delete: 400 ../secret has .. in it; paths stay in the workspace
    list read write delete: 400 folder/../../outside/secret has .. in it; paths stay in the workspace
    list read write delete: 400 a\0b has a NUL in it
    list read write delete: 400 ..\secret has a backslash in it; folders are separated by /
    list read write delete: 400 nnnnnn has a name longer than 255 bytes in it
    list read write delete: 400 d/d/d/d/d/d/d/d/d/d/… is longer than 4095 bytes
    list read write delete: 400 d/d/d/d/d/d/d/d/d/d/… is longer than 4095 bytes
    list read write delete: 400 link/x is a link, or lies behind one; links are not followed
    list read write delete: 400 way-out/secret is a link, or lies behind one; links are not followed
    list read write delete: 400 magic/etc/passwd is a link, or lies behind one; links are not followed
    list read write delete: 400 file/x lies below something that is not a folder
    read write delete: 400 folder/ names a folder, not a file
    list read write delete: 400 worker_repo/../file has .. in it; paths stay in the workspace
    list read: 403 worker_repo/.git/config: the knowledge base's own git directory is not for reading
    write delete: 403 worker_repo/.git/config: only worker_repo/learnings/ of the knowledge base can be written
    "#);
    assert_eq!(names(world.folder.path()), before);
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"the key");
}

#[tokio::test]
async fn only_files_are_read_and_replaced_and_what_else_stands_there_is_said() {
    let world = World::new();
    let secret = world.folder.path().join("secret");
    fs::write(&secret, "the key").unwrap();
    symlink(&secret, world.at("link")).unwrap();
    symlink("/proc/self/fd/0", world.at("descriptor")).unwrap();
    fs::create_dir(world.at("folder")).unwrap();
    fs::create_dir_all(world.at("nested/.git")).unwrap();
    rustix::fs::mkfifoat(CWD, world.at("pipe"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(world.at("socket")).unwrap();
    let mut told = Vec::new();
    for path in ["", ".", "folder", "pipe", "socket", "link", "none"] {
        told.push(format!("read: {}", shown(refusal(world.read(path).await))));
    }
    for path in [
        "",
        ".",
        "folder",
        "pipe",
        "socket",
        "nested/.git/hooks/x",
        "worker_repo",
        "worker_repo/x",
    ] {
        let written = shown(refusal(world.write(path, "x").await));
        let removed = shown(refusal(world.client.delete_file(path).await));
        assert_eq!(written, removed);
        told.push(format!("write delete: {written}"));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    read: 400 the path is missing; name a file of the workspace
    read: 400 . is a folder
    read: 400 folder is a folder
    read: 400 pipe is a pipe, not a file
    read: 400 socket is a socket, not a file
    read: 400 link is a link, or lies behind one; links are not followed
    read: 404 none is not there
    write delete: 400 the path is missing; name a file of the workspace
    write delete: 400 . is a folder
    write delete: 400 folder is a folder
    write delete: 400 pipe is a pipe, not a file
    write delete: 400 socket is a socket, not a file
    write delete: 400 nested/.git/hooks/x is one of git's own files, which are for git alone to change
    write delete: 403 worker_repo: only worker_repo/learnings/ of the knowledge base can be written
    write delete: 403 worker_repo/x: only worker_repo/learnings/ of the knowledge base can be written
    "#);
    // A link is replaced or removed itself, and what it leads to stays.
    world
        .write("link", "mine")
        .await
        .expect("it may be replaced");
    assert_eq!(world.read("link").await.expect("a file by now"), b"mine");
    world
        .client
        .delete_file("descriptor")
        .await
        .expect("it may be removed");
    assert!(world.at("descriptor").symlink_metadata().is_err());
    assert_eq!(fs::read(&secret).unwrap(), b"the key");
}

#[tokio::test]
async fn the_knowledge_base_is_a_folder_of_the_workspace_whatever_stands_in_its_place() {
    let world = World::new();
    fs::write(world.volume("kb/README.md"), "rules").unwrap();
    fs::create_dir(world.volume("kb/.git")).unwrap();
    fs::write(world.at("b.txt"), "four").unwrap();
    fs::create_dir(world.at("Worker_Repo")).unwrap();
    symlink("/etc", world.at("worker_repo")).unwrap();
    symlink("/etc/passwd", world.at("z")).unwrap();
    let listed = async |path: &str| {
        let list = world.client.list_files(path).await.expect("a folder");
        assert!(!list.truncated && list.items.iter().all(|it| it.modified_at.is_some()));
        let items = list.items.iter();
        let items = items.map(|it| format!("{} {:?} {:?}", it.path, it.kind, it.size));
        format!("{}: {}", list.path, items.collect::<Vec<_>>().join(", "))
    };
    let root = listed("").await;
    assert_eq!(root, listed("./").await);
    insta::assert_snapshot!([root, listed("worker_repo").await, listed("worker_repo/learnings/").await].join("\n"), @r#"
    .: Worker_Repo Folder None, b.txt File Some(4), worker_repo Folder None, z Link None
    worker_repo: worker_repo/README.md File Some(5), worker_repo/learnings Folder None
    worker_repo/learnings:
    "#);
    assert_eq!(
        world
            .read("./worker_repo//README.md")
            .await
            .expect("a file"),
        b"rules"
    );
    fs::remove_dir_all(world.volume("kb")).unwrap();
    let error = refusal(world.read("worker_repo/README.md").await);
    assert_eq!(
        error,
        (404, "worker_repo/README.md is not there".to_owned())
    );
    assert!(!listed(".").await.contains("worker_repo "));
}

#[tokio::test]
async fn of_a_folder_with_very_many_files_the_first_are_told() {
    let world = World::new();
    for n in 0..10_050 {
        fs::write(world.at(&format!("{n:05}")), "").unwrap();
    }
    let list = world.client.list_files("").await.expect("a folder");
    assert!(list.truncated);
    assert_eq!(list.items.len(), 10_000);
    let last = list.items.last().expect("not empty");
    assert_eq!(
        (list.items[0].name.as_str(), last.name.as_str()),
        ("00000", "09999")
    );
}

/// What each call says to a path; nothing where it does what was asked.
async fn every_call(world: &World, path: &str) -> [(&'static str, Option<String>); 4] {
    let list = world.client.list_files(path).await;
    let delete = world.client.delete_file(path).await;
    [
        ("list", list.is_err().then(|| shown(refusal(list)))),
        ("read", Some(shown(refusal(world.read(path).await)))),
        ("write", Some(shown(refusal(world.write(path, "x").await)))),
        ("delete", Some(shown(refusal(delete)))),
    ]
}

fn shown((status, sentence): (u16, String)) -> String {
    let short = sentence
        .replace(&"d/".repeat(20), "")
        .replace(&"n".repeat(50), "");
    format!("{status} {}", short.replace('\0', "\\0"))
}
