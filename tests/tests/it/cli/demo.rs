//! `vwm demo`, with the real Claude Code and a scripted model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use serde_json::json;
use vwm_tests::{Running, Said, World, claude_code, until, vwm};

/// The folder that the engines are installed in.
fn engines() -> PathBuf {
    let engine = claude_code();
    let mut above = engine.ancestors();
    let engines = above.find(|path| path.ends_with("engines"));
    engines.expect("engines lie together").to_owned()
}

/// A demo in a folder for temporary things of its own.
fn demo(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(vwm());
    command
        .arg("demo")
        .args(args)
        .arg("--engines-dir")
        .arg(engines())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .current_dir(folder);
    command
}

/// The processes that were started for something in this folder.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("a name");
    let entries = std::fs::read_dir("/proc")
        .expect("there is /proc")
        .flatten();
    entries
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

/// What lies where a demo might leave something.
fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_demo_tells_its_story_in_order_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = Said::by(demo(folder.path(), &["--once"])).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let mut rest = said.out.as_str();
    for part in [
        "vwm demo: a worker learns, and the next session knows it",
        "The team",
        "ann, a colleague:",
        "Session one: a task, and a word about it",
        "ann: Add a health endpoint to the service",
        "→ Write session_repo/health.py ✓",
        "ann: No version in there, please.",
        "→ Write session_repo/health.py ✓",
        "The session ends, and bob learns",
        "→ Write worker_repo/learnings/session-ID.md ✓",
        "his project, on a branch for review:",
        "session-ID",
        "health.py |",
        "│ def health():",
        "his knowledge base, on a branch for review:",
        "ff-vwm/ID-ID",
        "│ title: No version in what Counter's monitor reads",
        "A person reads it, and merges it",
        "knowledge-base.git push . \\\n      ff-vwm/ID-ID:main",
        "Session two: another day, another task",
        "ann: Add a readiness endpoint to the service.",
        "│ > Counter's monitor asks every second and alarms on any change",
        "→ Write session_repo/ready.py ✓",
        "│ def ready():",
        "session two's model request held the merged learning",
        "What came of it",
        "work      health.py, ready.py, on branches for review",
        "learning  learnings/session-ID.md",
        "Everything is removed again.",
    ] {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part:?} does not follow:\n{}", said.out));
        rest = &rest[at + part.len()..];
    }
    let long = said.out.lines().find(|line| line.chars().count() >= 100);
    assert_eq!(long, None);
    assert_eq!(list(folder.path()), [""; 0]);
    assert_eq!(processes(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_demo_beside_a_running_server_does_not_touch_it_and_can_be_kept() {
    let world = World::start(json!({})).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = demo(folder.path(), &["--once", "--dir", "kept"]);
    // The caller's own server and key are not the demo's.
    command.env("VWM_URL", world.client().url());
    command.env("VWM_API_KEY", world.key());
    let said = Said::by(command).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(world.client().workers().await.expect("a list"), []);
    assert_eq!(world.model.calls(), []);
    let kept = list(&folder.path().join("kept"));
    assert_eq!(kept.len(), 1);
    let kept = list(&folder.path().join("kept").join(&kept[0]));
    for name in ["data", "knowledge-base.git", "project.git", "server.log"] {
        assert!(kept.iter().any(|it| it == name), "{name}: {kept:?}");
    }
}

#[tokio::test]
async fn a_demo_that_is_stopped_in_the_middle_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Running::start(demo(folder.path(), &[]), "").await;
    // A session has its folder: its harness and soon its engine run.
    until_a_session(folder.path()).await;
    assert_ne!(processes(folder.path()), [""; 0]);
    run.interrupt();
    let said = run.end().await;
    assert_eq!(said.code, Some(130), "{}\n{}", said.out, said.err);
    assert!(said.err.ends_with("stopped\n"), "{}", said.err);
    assert_eq!(list(folder.path()), [""; 0]);
    assert_eq!(processes(folder.path()), [""; 0]);
}

/// Waits until a session of the demo below this folder has a folder of its own.
async fn until_a_session(folder: &Path) {
    until("a session to be there", async || {
        let demo = list(folder).pop()?;
        let sessions = folder.join(demo).join("data/sessions");
        let has_session = std::fs::read_dir(sessions).ok()?.next().is_some();
        has_session.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_demo_that_is_killed_is_cleared_up_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = demo(folder.path(), &["--once"]);
    let mut run = run.spawn().expect("it starts");
    until_a_session(folder.path()).await;
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    until("everything to be gone", async || {
        let is_gone = processes(folder.path()).is_empty() && list(folder.path()).is_empty();
        is_gone.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_demo_whose_server_is_killed_says_so_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = Running::start(demo(folder.path(), &["--once"]), "").await;
    until_a_session(folder.path()).await;
    let demo = list(folder.path()).pop().expect("a demo");
    let server = folder.path().join(demo).join("data/server.json");
    let server = std::fs::read(server).expect("a server");
    let server: serde_json::Value = serde_json::from_slice(&server).expect("JSON");
    let pid = server["pid"]
        .as_i64()
        .and_then(|pid| i32::try_from(pid).ok());
    let pid = pid.and_then(rustix::process::Pid::from_raw);
    let kill = rustix::process::Signal::KILL;
    rustix::process::kill_process(pid.expect("a process"), kill).expect("it runs");
    let said = run.end().await;
    assert_eq!(said.code, Some(1), "{}\n{}", said.out, said.err);
    let told = "error: the demo's server is gone\nhint: ";
    assert!(said.err.contains(told), "{}", said.err);
    assert_eq!(list(folder.path()), [""; 0]);
    assert_eq!(processes(folder.path()), [""; 0]);
}

#[tokio::test]
async fn an_engine_that_does_not_work_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let engines = folder.path().join("engines");
    let below = claude_code();
    let below = below.strip_prefix(self::engines()).expect("it lies there");
    let program = engines.join(below);
    std::fs::create_dir_all(program.parent().expect("a folder")).expect("makes folders");
    std::fs::write(&program, "cut off").expect("writes");
    let mut command = Command::new(vwm());
    command
        .args(["demo", "--once", "--engines-dir"])
        .arg(&engines);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("TMPDIR", folder.path());
    let said = Said::by(command).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let hint = "`vwm engine install claude-code --force --engines-dir ";
    assert!(said.err.contains(hint), "{}", said.err);
    assert_eq!(list(folder.path()), ["engines"]);
}

#[tokio::test]
async fn a_story_that_is_told_says_what_to_try_and_that_works_until_it_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut command = demo(folder.path(), &["--dir", "kept"]);
    command.env("PATH", path_with_vwm());
    let shell = format!("exec \"$@\" > {}", out.display());
    let run = Running::start(in_shell(&shell, &command), "").await;
    let told = until("the story to be told", async || {
        let told = std::fs::read_to_string(&out).ok()?;
        told.contains("The server runs until Ctrl-C")
            .then_some(told)
    })
    .await;
    let commands = commands(&told);
    let next = &commands[commands.len() - 3..];
    for typed in next {
        let mut command = Command::new("sh");
        command.args(["-c", typed]).env_clear();
        command.env("PATH", path_with_vwm());
        command.env("HOME", folder.path());
        let said = Said::by(command).await;
        assert_eq!(said.code, Some(0), "{typed}\n{}\n{}", said.out, said.err);
    }
    run.interrupt();
    let said = run.end().await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(processes(folder.path()), [""; 0]);
}

/// The commands that a story shows, each as a person would copy it.
fn commands(told: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in told.lines() {
        if let Some(command) = line.strip_prefix("  $ ") {
            commands.push(command.to_owned());
        } else if goes_on {
            let last = commands.last_mut().expect("something goes on");
            *last += "\n";
            *last += line;
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

fn path_with_vwm() -> String {
    let folder = vwm().parent().expect("it lies in a folder").display();
    format!("{folder}:/usr/local/bin:/usr/bin:/bin")
}

/// The same command, with its output elsewhere.
fn in_shell(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.expect("it was set"));
    }
    let folder = command.get_current_dir().expect("it was set");
    shell.current_dir(folder);
    shell
}

#[tokio::test]
async fn a_live_demo_spends_nothing_unless_it_may() {
    let folder = tempfile::tempdir().expect("a folder");
    let without_key = Said::by(demo(folder.path(), &["--live", "--yes"])).await;
    let told = "error: --live asks Anthropic's model, and there is no key for it\nhint: set VWM_ANTHROPIC_API_KEY (no other variable is read), or leave --live out: the script needs no key\n";
    assert_eq!(without_key, Said::new(2, "", told));
    let mut command = demo(folder.path(), &["--live"]);
    command.env("ANTHROPIC_API_KEY", "sk-test");
    assert_eq!(Said::by(command).await, Said::new(2, "", told));

    let mut command = demo(folder.path(), &["--live"]);
    command.env("VWM_ANTHROPIC_API_KEY", "sk-test");
    let told = "error: --live spends money, and there is no terminal to ask on\nhint: say with --yes that it may, or leave --live out: the script costs nothing\n";
    assert_eq!(Said::by(command).await, Said::new(2, "", told));
    assert_eq!(list(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_machine_without_git_or_npm_is_told_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).expect("makes a folder");
    let mut command = demo(folder.path(), &["--once"]);
    command.env("PATH", &empty);
    let told = "error: git is not installed, and sessions work on git repositories\nhint: install git 2.34 or newer\n";
    assert_eq!(Said::by(command).await, Said::new(1, "", told));

    let git = ["/usr/local/bin/git", "/usr/bin/git"];
    let git = git.iter().find(|git| Path::new(git).exists());
    let link = empty.join("git");
    std::os::unix::fs::symlink(git.expect("git is here"), &link).expect("makes a link");
    let mut command = Command::new(vwm());
    command.args(["demo", "--once"]).env_clear();
    command.env("PATH", &empty).env("HOME", folder.path());
    command.env("TMPDIR", folder.path());
    let said = Said::by(command).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("npm"), "{}", said.err);
    assert!(said.err.contains("\nhint: "), "{}", said.err);
}

/// Takes Landlock away from this thread and from all that it starts, as on an old kernel.
fn lose_landlock() {
    const CREATE_RULESET: i64 = 444;
    const NO_SUCH_CALL: u32 = 38;
    rustix::thread::set_no_new_privs(true).expect("privileges can be given up");
    let filter = SeccompFilter::new(
        BTreeMap::from([(CREATE_RULESET, vec![])]),
        SeccompAction::Allow,
        SeccompAction::Errno(NO_SUCH_CALL),
        TargetArch::try_from(std::env::consts::ARCH).expect("a known one"),
    );
    let program = BpfProgram::try_from(filter.expect("a filter")).expect("a program");
    seccompiler::apply_filter(&program).expect("a filter can be set");
}

#[test]
fn a_machine_without_landlock_is_told_so_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = demo(folder.path(), &["--once"]);
    let said = std::thread::scope(|scope| {
        let started = scope.spawn(|| {
            lose_landlock();
            command.output().expect("it starts")
        });
        started.join().expect("it ends")
    });
    let err = String::from_utf8_lossy(&said.stderr);
    assert_eq!(
        (said.status.code(), said.stdout.len()),
        (Some(1), 0),
        "{err}"
    );
    assert!(err.contains("no wall") && err.contains("Landlock"), "{err}");
    assert!(err.contains("vwm demo --unconfined"), "{err}");
    assert_eq!(list(folder.path()), [""; 0]);
}
