//! Paths that mean harm, and traps that the agent lays: each of the six calls says no, or does what it would do with any name.

use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};
use serde_json::json;
use vwm_api::SessionId;
use vwm_tests::{Repository, World};

use super::calls::Caller;
use super::{agent, world_of_bob};

/// They leave the workspace, or are no paths at all.
const REFUSED: [&str; 34] = [
    "..",
    "../secret",
    "../../../admin.key",
    "a/../../../../admin.key",
    "./../admin.key",
    "worker_repo/..",
    "worker_repo/../../admin.key",
    "session_repo/%2e%2e/%2e%2e/state/journal",
    "%2e%2e",
    "%2e%2e/admin.key",
    "%2E%2e/admin.key",
    ".%2E/admin.key",
    "%2e%2e%2fadmin.key",
    "..%2F..%2F..%2Fadmin.key",
    "/etc/passwd",
    "//etc/passwd",
    "%2Fetc%2Fpasswd",
    "%2f%2Fetc/passwd",
    "..%5C..%5Cadmin.key",
    "..\\..\\admin.key",
    "C:%5Cwindows%5Csystem.ini",
    "a%00b",
    "a%00/../../admin.key",
    "..%00/admin.key",
    "a\0b",
    "%C0%AE%C0%AE/admin.key",
    "%C0%AE%C0%AE%C0%AFadmin.key",
    "%E0%80%AE%E0%80%AE/admin.key",
    "..%C0%AFadmin.key",
    "..%C1%9Cadmin.key",
    "%FF%FE",
    "%ED%A0%80",
    "%EF%BF%BD",
    "a/%2e%2e/%2E%2E/b",
];

/// They look so, and are names as any others.
const NAMES: [&str; 26] = [
    "%252e%252e",
    "%252e%252e%252fadmin.key",
    "%252E%252e/admin.key",
    "..%252F..%252Fadmin.key",
    "%25252e%25252e/x",
    "....//admin.key",
    "...",
    ".../x",
    "..%20",
    "..%20/x",
    "x%20",
    "%20",
    "x.",
    "..;/x",
    "%E2%80%A5/x",
    "%EF%BC%8E%EF%BC%8E/x",
    "..%E2%88%95admin.key",
    "%E2%80%AExcod.exe",
    "line%0Abreak%0D%0Ax-header:%20y",
    "%22quoted%22",
    "~/x",
    "$(id)%60id%60",
    "-rf",
    "etc/passwd",
    "Worker_Repo/x",
    "worker_repo%20/x",
];

/// What could be reached outside, and must be there at the end as it was at the beginning.
fn outside(world: &World, other: SessionId) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let data = world.data_dir();
    let theirs = world.volume(other);
    let mut files = vec![
        data.join("admin.key"),
        data.join("secret.key"),
        data.join("server.json"),
        data.join("passwd"),
        data.join("new"),
        PathBuf::from("/etc/passwd"),
        PathBuf::from("/etc/vwm-trap"),
        theirs.workspace().join("theirs.txt"),
        theirs.workspace().join("vwm-trap"),
        theirs.state().join("job.json"),
    ];
    for folder in [data.clone(), data.join("sessions"), theirs.workspace()] {
        files.extend(names(&folder));
    }
    files.sort();
    files.dedup();
    // The database changes with every call.
    files.retain(|path| !path.to_string_lossy().contains("vwm.db"));
    let content = |path: PathBuf| {
        let content = std::fs::read(&path).ok();
        (path, content)
    };
    files.into_iter().map(content).collect()
}

fn names(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it is there");
    entries.flatten().map(|entry| entry.path())
}

/// A world with two sessions of bob: the one that is asked for files, and another with a file of its own.
async fn two_sessions() -> (World, SessionId, SessionId) {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n")]);
    let world = world_of_bob(json!({"workerRepoUrl": knowledge.url()})).await;
    let own = world.session("bob", None).await.id;
    let other = world.session("bob", None).await.id;
    agent(&world, other, "echo only theirs > theirs.txt").await;
    (world, own, other)
}

#[tokio::test]
async fn every_call_refuses_a_path_that_leaves_the_workspace_however_it_is_written() {
    let (world, id, other) = two_sessions().await;
    let caller = Caller::of(&world, id, &["only theirs"]).await;
    let before = outside(&world, other);
    let inside: Vec<_> = names(&world.volume(id).workspace()).collect();
    let long = ["n".repeat(256), "d/".repeat(2100) + "f", "../".repeat(2000)];
    let long = long.iter().map(String::as_str);
    for path in REFUSED.into_iter().chain(long) {
        assert_eq!(caller.all(path).await, [400; 6], "{path:?}");
    }
    for (path, expected) in [
        ("worker_repo/.git/config", [403; 6]),
        ("worker_repo/.git", [403; 6]),
        ("worker_repo/.GIT/config", [404, 404, 404, 403, 403, 403]),
        ("worker_repo/COMPANY.md/x", [400, 400, 400, 403, 403, 403]),
        ("worker_repo/Learnings/x", [404, 404, 404, 403, 403, 403]),
        ("worker_repo/./new", [404, 404, 404, 403, 403, 403]),
        (".git/config", [404, 404, 404, 400, 400, 400]),
        ("session_repo/.git/config", [404, 404, 404, 400, 400, 400]),
        ("%2egit/hooks/pre-commit", [404, 404, 404, 400, 400, 400]),
    ] {
        assert_eq!(caller.all(path).await, expected, "{path:?}");
    }
    assert_eq!(outside(&world, other), before);
    let after: Vec<_> = names(&world.volume(id).workspace()).collect();
    assert_eq!(after, inside);
}

#[tokio::test]
async fn a_name_that_only_looks_hostile_is_a_name_in_the_workspace() {
    let (world, id, other) = two_sessions().await;
    let caller = Caller::of(&world, id, &["only theirs"]).await;
    let before = outside(&world, other);
    for path in NAMES {
        let put = caller.call("writeFile", path).await;
        assert_eq!((put.status, put.body.len()), (204, 0), "{path:?}");
        for call in ["readFile", "downloadFile"] {
            let read = caller.call(call, path).await;
            assert_eq!(
                (read.status, read.text().as_str()),
                (200, "put"),
                "{path:?}"
            );
            let is_split = read.headers.lines().any(|it| it.starts_with("x-header"));
            assert!(!is_split, "{}", read.headers);
        }
        // As a folder it is refused; removed it is gone; and once more by the other call.
        assert_eq!(
            caller.all(path).await,
            [400, 200, 200, 204, 204, 204],
            "{path:?}"
        );
        let gone = caller.call("readFile", path).await;
        assert_eq!(gone.status, 404, "{path:?}");
    }
    assert_eq!(outside(&world, other), before);
}

/// Each trap four times, because three of the calls take what they meet: `NAME.r`, `NAME.w`, `NAME.u` and `NAME.d`.
const TRAPS: &str = r#"
lay() { for call in r w u d; do ln -s "$2" "$1.$call"; done; }
lay key $D/admin.key; lay secret $D/secret.key; lay base $D/vwm.db; lay server $D/server.json
lay data $D; lay up ../../..; lay state ../state; lay kb ../kb; lay root /
lay theirs $OTHER/workspace/theirs.txt; lay other $OTHER/workspace; lay users /etc/passwd; lay conf /etc
lay relative ../../../admin.key; lay far ./../../../../../../../../../../etc/passwd; lay job ../state/job.json
for call in r w u d; do ln -s self.$call self.$call; ln -s loop.$call pool.$call; ln -s pool.$call loop.$call; done
lay here .; lay zero /dev/zero; lay input /dev/stdin; lay magic /proc/self/root; lay env /proc/self/environ
lay fd /proc/self/fd/3; lay cwd /proc/self/cwd; lay agent /proc/$PPID/root; lay nowhere /nowhere
mkdir -p folder/deep; ln -s ../../../.. folder/deep/out; mkfifo pipe
perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("socket")) or die'
ln -s $D ../kb/learnings/out; ln -s $D/admin.key ../kb/learnings/key; rm worker_repo; ln -s $D worker_repo
for number in 1 2 3 4 5 6; do
    case $number in 1) from=$D/admin.key;; 2) from=/etc/passwd;; 3) from=$OTHER/workspace/theirs.txt;; 4) from=../state/job.json;;
        5) from=../kb/COMPANY.md;; 6) echo own > ../tmp/own; from=../tmp/own;; esac
    ln $from hard.$number 2> /dev/null || echo hard.$number >> denied
done
mknod device c 1 5 2> /dev/null || echo device >> denied
"#;

#[tokio::test]
async fn no_call_goes_through_what_an_agent_lays_in_its_way() {
    let (world, id, other) = two_sessions().await;
    let before = outside(&world, other);
    let (data, theirs) = (world.data_dir(), world.volume(other).root);
    let known = format!("D={}; OTHER={}\n", data.display(), theirs.display());
    agent(&world, id, &format!("{known}{TRAPS}")).await;
    let workspace = world.volume(id).workspace();
    let denied = std::fs::read_to_string(workspace.join("denied")).expect("some are");
    let denied: Vec<&str> = denied.lines().collect();
    assert_eq!(
        denied[..5],
        ["hard.1", "hard.2", "hard.3", "hard.4", "hard.5"]
    );
    assert_eq!(denied.last(), Some(&"device"));
    let node = Mode::from_raw_mode(0o666);
    let zero = rustix::fs::makedev(1, 5);
    let made = rustix::fs::mknodat(
        CWD,
        workspace.join("device"),
        FileType::CharacterDevice,
        node,
        zero,
    );
    // Only root may make one: an ordinary user's workspace has none, and the name is as any other.
    assert_eq!(made.is_ok(), rustix::process::geteuid().is_root());
    let device = match made {
        Ok(()) => [400; 6],
        Err(_) => [404, 404, 404, 204, 204, 204],
    };

    let caller = Caller::of(&world, id, &["only theirs"]).await;
    let links = names(&workspace).filter(|path| path.extension().is_some_and(|end| end == "r"));
    let links: Vec<String> = links
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(links.len() > 25, "{links:?}");
    for link in &links {
        for below in ["admin.key", "passwd", "vwm-trap"] {
            let told = caller.all(&format!("{link}.r/{below}")).await;
            assert_eq!(told, [400; 6], "{link}/{below}");
        }
        for call in ["listFiles", "readFile", "downloadFile"] {
            let told = caller.call(call, &format!("{link}.r")).await;
            assert_eq!(told.status, 400, "{call} {link}: {}", told.text());
        }
        // They take the link itself, and not what it leads to.
        for (call, copy) in [("writeFile", "w"), ("uploadFile", "u"), ("deleteFile", "d")] {
            let told = caller.call(call, &format!("{link}.{copy}")).await;
            assert_eq!(told.status, 204, "{call} {link}: {}", told.text());
            let left = workspace.join(format!("{link}.{copy}")).symlink_metadata();
            assert_eq!(left.is_ok_and(|left| left.is_file()), copy != "d");
        }
    }
    for (path, expected) in [
        ("pipe", [400; 6]),
        ("socket", [400; 6]),
        ("device", device),
        ("pipe/x", [400; 6]),
        ("folder", [200, 400, 400, 400, 400, 400]),
        ("folder/", [200, 400, 400, 400, 400, 400]),
        ("folder/deep/out/admin.key", [400; 6]),
        ("folder/deep/out/", [400; 6]),
        ("worker_repo/admin.key", [404, 404, 404, 403, 403, 403]),
        ("worker_repo/COMPANY.md", [400, 200, 200, 403, 403, 403]),
        ("worker_repo/learnings/out/admin.key", [400; 6]),
        ("worker_repo/learnings/out/new", [400; 6]),
        ("worker_repo/learnings/key", [400, 400, 400, 204, 204, 204]),
        (".", [200, 400, 400, 400, 400, 400]),
    ] {
        assert_eq!(caller.all(path).await, expected, "{path}");
    }
    if !denied.contains(&"hard.6") {
        // The agent's own file under a second name: it is replaced here, and not there.
        assert_eq!(caller.all("hard.6").await, [400, 200, 200, 204, 204, 204]);
        let own = std::fs::read_to_string(world.volume(id).tmp().join("own"));
        assert_eq!(own.expect("it is there"), "own\n");
    }
    assert_eq!(outside(&world, other), before);
    assert!(vwm_tests::is_alive(world.harness(id)));
}
