//! What a tree refuses, and what it does.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use tempfile::TempDir;
use vwm_harness::workspace::{Kind, Tree};

fn tree() -> (TempDir, Tree) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("root");
    fs::create_dir(&root).expect("a folder");
    fs::write(folder.path().join("secret"), "the key").expect("a secret");
    let tree = Tree::open(&root).expect("a tree");
    (folder, tree)
}

fn at(path: &str) -> &Path {
    Path::new(path)
}

#[test]
fn whatever_leads_out_is_refused() {
    let (folder, tree) = tree();
    let root = tree.path().to_owned();
    symlink("../secret", root.join("file")).unwrap();
    symlink("..", root.join("folder")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    fs::create_dir(root.join("own")).unwrap();
    symlink("own", root.join("inner")).unwrap();
    rustix::fs::mkfifoat(CWD, root.join("pipe"), Mode::RWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let absolute = folder.path().join("secret");
    let mut told = Vec::new();
    for path in [
        "file",
        "folder/secret",
        "../secret",
        "own/../../secret",
        "magic/etc/passwd",
        "pipe",
        "socket",
        "own",
    ] {
        told.push(tree.read(at(path), 100).unwrap_err());
    }
    told.push(tree.read(&absolute, 100).unwrap_err());
    for path in [
        "folder/new",
        "inner/new",
        "../new",
        "own/../../new",
        "file/new",
        ".",
        "own",
    ] {
        told.push(tree.write(at(path), b"x").unwrap_err());
    }
    told.push(tree.create_dir(at("folder/new")).unwrap_err());
    told.push(tree.symlink(at("x"), at("folder/new")).unwrap_err());
    told.push(tree.remove(at("folder/secret")).unwrap_err());
    told.push(tree.stat(at("folder/secret")).unwrap_err());
    let told: Vec<String> = told
        .iter()
        .map(|error| {
            error
                .to_string()
                .replace(folder.path().to_str().unwrap(), "$S")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    file is a link, or lies behind one
    folder/secret is a link, or lies behind one
    ../secret leads out of its folder
    own/../../secret leads out of its folder
    magic/etc/passwd is a link, or lies behind one
    pipe is not a regular file
    socket is not a regular file
    own is not a regular file
    $S/secret leads out of its folder
    folder is a link, or lies behind one
    inner is a link, or lies behind one
    ../new leads out of its folder
    own/../../new leads out of its folder
    file is a link, or lies behind one
    . names no file
    own: Is a directory (os error 21)
    folder/new is a link, or lies behind one
    folder is a link, or lies behind one
    folder is a link, or lies behind one
    folder/secret is a link, or lies behind one
    ");
    let mut beside: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    beside.sort();
    assert_eq!(beside, ["root", "secret"]);
}

#[test]
fn a_link_swapped_in_is_replaced_and_not_followed() {
    let (folder, tree) = tree();
    tree.write(at("a/b/file"), b"one").unwrap();
    fs::remove_file(tree.path().join("a/b/file")).unwrap();
    symlink(folder.path().join("secret"), tree.path().join("a/b/file")).unwrap();
    tree.write(at("a/b/file"), b"two").unwrap();
    assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"the key");
    assert_eq!(tree.read(at("a/b/file"), 3).unwrap(), b"two");
    assert_eq!(
        tree.read(at("a/b/file"), 2).unwrap_err().kind(),
        ErrorKind::FileTooLarge
    );
    fs::rename(tree.path().join("a"), tree.path().join("c")).unwrap();
    symlink(folder.path(), tree.path().join("a")).unwrap();
    assert_eq!(
        tree.write(at("a/b/file"), b"x").unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert!(!folder.path().join("b").exists());
    let names: Vec<String> = tree
        .walk(|_| false, 100)
        .unwrap()
        .entries
        .iter()
        .map(|entry| entry.shown())
        .collect();
    assert_eq!(
        names,
        ["a", "c", "c/b", "c/b/file"],
        "no temporary file stays"
    );
}

#[test]
fn a_link_takes_the_place_of_a_file_and_of_a_link_but_not_of_a_folder() {
    let (_folder, tree) = tree();
    tree.write(at("place"), b"x").unwrap();
    for target in ["one", "two"] {
        tree.symlink(at(target), at("place")).unwrap();
        assert_eq!(
            fs::read_link(tree.path().join("place")).unwrap(),
            at(target)
        );
    }
    assert_eq!(tree.kind(at("place")).unwrap(), Some(Kind::Link));
    assert!(tree.exists(at("place")).unwrap() && !tree.exists(at("other")).unwrap());
    tree.create_dir(at("folder/in")).unwrap();
    tree.create_dir(at("folder/in")).unwrap();
    assert_eq!(
        tree.symlink(at("x"), at("folder")).unwrap_err().kind(),
        ErrorKind::IsADirectory
    );
    assert_eq!(
        fs::read_dir(tree.path()).unwrap().count(),
        2,
        "no temporary link stays"
    );
}

#[test]
fn a_walk_sees_everything_once_and_follows_nothing() {
    let (folder, tree) = tree();
    symlink(folder.path(), tree.path().join("link")).unwrap();
    tree.write(at("dir/file"), b"four").unwrap();
    tree.write(at("dir/.git/config"), b"").unwrap();
    let odd = PathBuf::from(std::ffi::OsStr::from_bytes(b"od\xffd"));
    tree.write(&odd, b"").unwrap();
    let skip = |path: &Path| path.ends_with(".git");
    let walk = tree.walk(skip, 100).unwrap();
    let seen: Vec<_> = walk
        .entries
        .iter()
        .map(|entry| (entry.shown(), entry.kind))
        .collect();
    let expected = [
        ("dir", Kind::Dir),
        ("dir/file", Kind::File),
        ("link", Kind::Link),
        ("od\u{fffd}d", Kind::File),
    ];
    assert_eq!(seen, expected.map(|(path, kind)| (path.to_owned(), kind)));
    assert!(!walk.is_cut);
    assert_eq!(walk.entries[1], tree.stat(at("dir/file")).unwrap());
    assert_eq!(walk.entries[1].size, 4);
    assert_eq!(tree.read(&walk.entries[3].path, 1).unwrap(), b"");
    let cut = tree.walk(skip, 2).unwrap();
    assert_eq!((cut.entries.len(), cut.is_cut), (2, true));
    assert!(!tree.walk(skip, 4).unwrap().is_cut);
}

#[test]
fn a_tree_deeper_than_any_path_is_walked_and_removed() {
    let (_folder, tree) = tree();
    tree.create_dir(at("deep")).unwrap();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut below = rustix::fs::open(tree.path().join("deep"), flags, Mode::empty()).unwrap();
    for _ in 0..1000 {
        rustix::fs::mkdirat(&below, "aaaa", Mode::RWXU).unwrap();
        below = rustix::fs::openat(&below, "aaaa", flags, Mode::empty()).unwrap();
    }
    tree.write(at("deep/locked/file"), b"x").unwrap();
    fs::set_permissions(
        tree.path().join("deep/locked"),
        fs::Permissions::from_mode(0o500),
    )
    .unwrap();
    let walk = tree.walk(|_| false, 10_000).unwrap();
    assert!(walk.is_cut && walk.entries.len() > 500);
    tree.remove(at("deep")).unwrap();
    tree.remove(at("deep")).unwrap();
    assert!(!tree.exists(at("deep")).unwrap());
}

#[test]
fn a_link_is_removed_and_not_what_it_leads_to() {
    let (folder, tree) = tree();
    symlink(folder.path(), tree.path().join("link")).unwrap();
    tree.create_dir(at("folder")).unwrap();
    symlink(folder.path(), tree.path().join("folder/link")).unwrap();
    tree.remove(at("link")).unwrap();
    tree.remove(at("folder")).unwrap();
    assert!(folder.path().join("secret").exists());
    assert!(tree.walk(|_| false, 10).unwrap().entries.is_empty());
    assert!(tree.remove(at(".")).is_err());
}

#[test]
fn a_root_that_is_a_link_is_refused() {
    let (folder, tree) = tree();
    symlink(tree.path(), folder.path().join("link")).unwrap();
    assert!(Tree::open(&folder.path().join("link")).is_err());
}

#[test]
fn what_is_of_another_kind_is_moved_aside_and_kept() {
    let (folder, tree) = tree();
    tree.write(at("own/place/file"), b"kept").unwrap();
    symlink(folder.path(), tree.path().join("own/link")).unwrap();
    let aside = |wanted, path| tree.set_aside_unless(wanted, at(path));
    assert_eq!(aside(Kind::Dir, "own/place").unwrap(), None);
    assert_eq!(aside(Kind::Link, "own/link").unwrap(), None);
    assert_eq!(aside(Kind::File, "own/nothing").unwrap(), None);
    let place = aside(Kind::File, "own/place").unwrap().expect("a folder");
    let link = aside(Kind::Dir, "own/link").unwrap().expect("a link");
    assert!(!tree.exists(at("own/place")).unwrap() && !tree.exists(at("own/link")).unwrap());
    assert_eq!(tree.read(&place.join("file"), 4).unwrap(), b"kept");
    assert_eq!(tree.kind(&link).unwrap(), Some(Kind::Link));
    assert!(aside(Kind::File, "../secret").is_err());
}
