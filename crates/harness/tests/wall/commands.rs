//! Programs that work in the wall: git, interpreters, and what another program starts.

use std::process::Command;
use std::time::Duration;

use vwm_harness::process::{Exit, Limits, ProcessError};

use crate::kit::{LIMITS, PATH, Session, find};

const COMMIT: &str = "
    set -e
    git init -q -b main repo
    cd repo
    git config user.name Bob
    git config user.email bob@example.org
    echo hello > file
    git add file
    git commit -q -m first
";

#[tokio::test]
async fn git_makes_a_commit_in_the_wall() {
    let session = Session::new();
    let done = session
        .run(&format!(
            "{COMMIT}\ngit log --format=%s && git status --short"
        ))
        .await;
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "first\n",
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(done.is_success());
}

#[tokio::test]
async fn interpreters_work_in_the_wall() {
    let session = Session::new();
    let scripts = [
        (
            "python3",
            "import os, ssl, subprocess; print(subprocess.check_output(['echo', 'hi']).decode().strip(), os.urandom(1) != b'')",
        ),
        (
            "node",
            "console.log(require('child_process').execSync('echo hi').toString().trim(), process.memoryUsage().rss > 0)",
        ),
    ];
    for (program, script) in scripts {
        let Some(path) = find(program) else { continue };
        let mut launch = session.shell("");
        launch.program = path;
        launch.args = vec![
            if program == "node" { "-e" } else { "-c" }.into(),
            script.into(),
        ];
        let done = session.host.run(&launch, None, LIMITS).await.unwrap();
        let said = String::from_utf8_lossy(&done.stdout).to_lowercase();
        assert_eq!(
            said,
            "hi true\n",
            "{program}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

#[tokio::test]
async fn a_command_tells_how_it_ended_and_what_it_said() {
    let session = Session::new();
    let launch = session.shell("cat; echo oh >&2; exit 7");
    let done = session
        .host
        .run(&launch, Some(b"input".to_vec()), LIMITS)
        .await
        .unwrap();
    assert_eq!(
        done.exit,
        Exit {
            code: Some(7),
            signal: None,
            leftovers: 0
        }
    );
    assert_eq!(
        (done.stdout.as_slice(), done.stderr.as_slice()),
        (&b"input"[..], &b"oh\n"[..])
    );
    let killed = session.run("kill -TERM $$").await;
    assert_eq!(
        killed.exit,
        Exit {
            code: None,
            signal: Some(15),
            leftovers: 0
        }
    );
    let left = session.run("sleep 1000 & sleep 1000 &").await;
    assert_eq!(
        left.exit,
        Exit {
            code: Some(0),
            signal: None,
            leftovers: 2
        }
    );
}

#[tokio::test]
async fn a_command_that_takes_or_says_too_much_is_stopped() {
    let session = Session::new();
    let short = Limits {
        deadline: Duration::from_millis(300),
        max_output: 10,
    };
    let late = session
        .host
        .run(&session.shell("setsid sleep 1000"), None, short)
        .await
        .unwrap_err();
    assert_eq!(
        late.to_string(),
        "/bin/sh did not end within 0.3 s and was stopped"
    );
    let limits = Limits {
        max_output: 10,
        ..LIMITS
    };
    let loud = session
        .host
        .run(&session.shell("while echo hello; do :; done"), None, limits)
        .await
        .unwrap_err();
    assert!(
        matches!(loud, ProcessError::Output { limit: 10, .. }),
        "{loud}"
    );
    // Its lock says that nothing of them lives.
    vwm_harness::supervisor::wait_for_engines(&session.host.lock, std::time::Instant::now())
        .unwrap();
}

#[tokio::test]
async fn commits_come_out_by_a_fetch_that_is_served_in_the_wall() {
    let session = Session::new();
    assert!(session.run(COMMIT).await.is_success());
    let git = find("git").expect("git is installed");
    let mut serving = session.shell("");
    serving.program = git.clone();
    serving.args = vec!["upload-pack".into()];
    let file = session.path("state/it's serving.json");
    let command = session.host.serving_command(&serving, &file).unwrap();
    let clean = session.path("state/clean.git");
    let run = |args: &[&str]| {
        let done = Command::new(&git)
            .args(args)
            .current_dir(session.path("state"))
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", session.path("state"))
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    run(&["init", "-q", "--bare", clean.to_str().unwrap()]);
    let from = session.path("workspace/repo");
    let upload = format!("--upload-pack={command}");
    run(&[
        "-C",
        clean.to_str().unwrap(),
        "fetch",
        "-q",
        &upload,
        from.to_str().unwrap(),
        "main:refs/heads/main",
    ]);
    assert_eq!(
        run(&["-C", clean.to_str().unwrap(), "log", "--format=%s", "main"]),
        "first\n"
    );
}

#[tokio::test]
async fn what_another_program_starts_is_in_the_wall_too_and_leaves_nothing_behind() {
    let session = Session::new();
    let mut launch = session.shell("cat \"$1\" 2>&1 | sed 's/.*: //'; sleep 1000 & exit 3");
    launch.args.push("sh".into());
    let command = session
        .host
        .serving_command(&launch, &session.path("state/launch.json"))
        .unwrap();
    let done = Command::new("/bin/sh")
        .args([
            "-c",
            &format!("{command} \"$0\""),
            session.path("secret").to_str().unwrap(),
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Permission denied\n");
    assert_eq!(done.status.code(), Some(3));
    vwm_harness::supervisor::wait_for_engines(&session.host.lock, std::time::Instant::now())
        .unwrap();
}
