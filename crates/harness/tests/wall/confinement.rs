//! What a confined process can and cannot do.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::io::FdFlags;
use tokio::io::{AsyncWriteExt, BufReader};
use vwm_harness::process::ProcessError;
use vwm_harness::supervisor::{Confinement, WallLevel, leaves_open, probe};

use crate::kit::{Session, line};

#[test]
fn this_machine_gives_the_wall_that_the_tests_need() {
    let level = probe();
    assert!(
        matches!(level, WallLevel::Landlock { abi: 6.. }),
        "{level:?}"
    );
    assert_eq!(level.name(), "landlock");
    assert!(!leaves_open().is_empty());
}

#[tokio::test]
async fn a_confined_process_reaches_its_own_folders_and_no_others() {
    let session = Session::new();
    let other = std::process::id();
    let done = session
        .run(&format!(
            r##"
            can() {{ name=$1; shift; if sh -c "$1" >/dev/null 2>&1; then echo "can $name"; else echo "cannot $name"; fi; }}
            can 'read its own environment' 'cat /proc/self/environ'
            can 'write its workspace' 'echo x > $S/workspace/a && mkdir $S/workspace/b && mv $S/workspace/a $S/workspace/b/c'
            can 'write its home' 'echo x > $S/home/a'
            can 'write its tmp' 'echo x > $S/tmp/a'
            can 'run its own script' 'printf "#!/bin/sh\n" > $S/workspace/s && chmod +x $S/workspace/s && $S/workspace/s'
            can 'read the knowledge base' 'grep rules $S/kb/COMPANY.md'
            can 'write a learning' 'echo x > $S/kb/learnings/a.md && mv $S/kb/learnings/a.md $S/kb/learnings/b.md'
            can 'change the knowledge base' 'echo x > $S/kb/COMPANY.md'
            can 'truncate the knowledge base' 'truncate -s 0 $S/kb/COMPANY.md'
            can 'add to the knowledge base' 'echo x > $S/kb/b.md'
            can 'move a learning over the knowledge base' 'mv $S/kb/learnings/b.md $S/kb/COMPANY.md'
            can 'move the learnings away' 'mv $S/kb/learnings $S/workspace/learnings'
            can 'link the knowledge base' 'ln $S/kb/COMPANY.md $S/kb/learnings/c.md'
            can 'read a secret' 'cat $S/secret'
            can 'read a secret by a link' 'ln -s $S/secret $S/workspace/l && cat $S/workspace/l'
            can 'read a secret through the root of another' 'cat /proc/{other}/root/$S/secret'
            can 'list the session' 'ls $S'
            can 'write beside its folders' 'echo x > $S/a'
            can 'lock the engines' ': >> $S/state/engines'
            can 'read the environment of another' 'cat /proc/{other}/environ'
            can 'see the descriptors of another' 'cat /proc/{other}/fd/0'
            can 'kill another' 'kill -0 {other}'
            can 'kill its supervisor' "kill -0 $PPID"
            can 'limit itself' 'prlimit --nofile=64:64 true'
            can 'limit its supervisor' "prlimit --pid $PPID --nofile=64:64"
            can 'read the password hashes' 'cat /etc/shadow'
            "##
        ))
        .await;
    insta::assert_snapshot!(String::from_utf8_lossy(&done.stdout), @"
    can read its own environment
    can write its workspace
    can write its home
    can write its tmp
    can run its own script
    can read the knowledge base
    can write a learning
    cannot change the knowledge base
    cannot truncate the knowledge base
    cannot add to the knowledge base
    cannot move a learning over the knowledge base
    cannot move the learnings away
    cannot link the knowledge base
    cannot read a secret
    cannot read a secret by a link
    cannot read a secret through the root of another
    cannot list the session
    cannot write beside its folders
    cannot lock the engines
    cannot read the environment of another
    cannot see the descriptors of another
    cannot kill another
    cannot kill its supervisor
    can limit itself
    cannot limit its supervisor
    cannot read the password hashes
    ");
    assert_eq!(
        fs::read_to_string(session.path("kb/COMPANY.md")).unwrap(),
        "rules"
    );
}

#[tokio::test]
async fn a_confined_process_has_no_capability_and_no_descriptor_but_three() {
    // Inherited by whatever does not take care.
    let leak = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leak, FdFlags::empty()).unwrap();
    let session = Session::new();
    let mut launch = session.shell("");
    launch.program = "/bin/cat".into();
    launch.args.clear();
    let mut process = session.host.start(&launch).await.unwrap();
    // Once it answers, its loader is done.
    let mut stdin = process.stdin();
    stdin.write_all(b"here\n").await.unwrap();
    assert_eq!(line(&mut BufReader::new(process.stdout())).await, "here");

    let proc = format!("/proc/{}", process.pid);
    let mut descriptors: Vec<String> = fs::read_dir(format!("{proc}/fd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    descriptors.sort();
    assert_eq!(descriptors, ["0", "1", "2"]);
    let status = fs::read_to_string(format!("{proc}/status")).unwrap();
    let shown: Vec<&str> = status
        .lines()
        .filter(|line| {
            line.starts_with("Cap") || line.starts_with("NoNewPrivs") || line.starts_with("Umask")
        })
        // Without privileges the bounding set cannot be changed, and means nothing.
        .filter(|line| !line.starts_with("CapBnd") || rustix::process::geteuid().is_root())
        .filter(|line| !line.ends_with("\t0000000000000000"))
        .collect();
    assert_eq!(shown, ["Umask:\t0022", "NoNewPrivs:\t1"]);
    let stat = fs::read_to_string(format!("{proc}/stat")).unwrap();
    let group_and_session: Vec<&str> = stat.split(' ').skip(4).take(2).collect();
    let pid = process.pid.to_string();
    assert_eq!(group_and_session, [pid.as_str(), pid.as_str()]);
    process.kill().await;
}

#[tokio::test]
async fn a_sibling_cannot_forge_what_an_engine_says_or_hears() {
    let session = Session::new();
    let done = session
        .run(
            "sh -c \"echo forged > /proc/$$/fd/1\" 2>&1 | sed 's/.*: //'
             sh -c \"echo forged > /proc/$$/fd/0\" 2>&1 | sed 's/.*: //'",
        )
        .await;
    insta::assert_snapshot!(String::from_utf8_lossy(&done.stdout), @"
    No such device or address
    No such device or address
    ");
}

/// Why nothing starts in a session.
async fn refusal(session: &Session) -> String {
    let failed = session.host.start(&session.shell("true")).await;
    let told = failed.expect_err("nothing starts").to_string();
    told.replace(&session.folder.path().display().to_string(), "$S")
}

#[tokio::test]
async fn a_knowledge_base_whose_learnings_are_a_link_starts_nothing() {
    let session = Session::new();
    fs::remove_dir(session.path("kb/learnings")).unwrap();
    symlink(session.path("state"), session.path("kb/learnings")).unwrap();
    let told = refusal(&session).await;
    insta::assert_snapshot!(told, @"cannot start /bin/sh: the wall needs $S/kb/learnings itself, and it is a link; put the real folder there");
}

#[tokio::test]
async fn a_folder_of_the_session_that_is_missing_starts_nothing() {
    let session = Session::new();
    fs::remove_dir(session.path("tmp")).unwrap();
    let told = refusal(&session).await;
    insta::assert_snapshot!(told, @"cannot start /bin/sh: the wall needs $S/tmp: No such file or directory (os error 2)");
}

#[tokio::test]
async fn without_a_wall_capabilities_go_all_the_same() {
    let mut session = Session::new();
    session.host.confinement = Confinement::None;
    let done = session
        .run("cat $S/secret; echo; grep -E 'CapEff|NoNewPrivs' /proc/self/status")
        .await;
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "the key\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n"
    );
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named_with_what_to_do() {
    let session = Session::new();
    let mut told = Vec::new();
    for program in ["nowhere/engine", "workspace", "secret"].map(|name| session.path(name)) {
        let mut launch = session.shell("");
        launch.program = program;
        let failed = session.host.start(&launch).await.unwrap_err();
        assert!(matches!(failed, ProcessError::Start { .. }));
        told.push(
            failed
                .to_string()
                .replace(session.folder.path().to_str().unwrap(), "$S"),
        );
    }
    insta::assert_snapshot!(told.join("\n"), @"
    cannot start $S/nowhere/engine: there is no such file; is it installed?
    cannot start $S/workspace: it is not a file
    cannot start $S/secret: Permission denied (os error 13); it must be executable, and its folder open to the session
    ");
}
