//! Ctrl-C: the first one aborts the turn and ends the session, the second one leaves at once.

use serde_json::json;
use vwm_api::{SessionStatus, TurnStatus};
use vwm_client::SessionFilter;
use vwm_tests::{Repository, Running, World, gone, until, vwm, within};

/// A world whose agent writes a file and then waits, longer than anybody who asks it to stop.
async fn world_of_a_stubborn_agent(stubborn: bool) -> (World, Repository) {
    let world = World::start(json!({})).await;
    let steps = json!([{"write": ["session_repo/half.md", "half\n"]}, {"ignore_cancel": stubborn, "hold": "gate", "text": "late"}]);
    let script = json!({"rules": [{"when": "", "steps": steps}]});
    world.allow_agents().await;
    world.worker(json!({"engine": world.agent(script)})).await;
    (world, Repository::with(&[("a.md", "a\n")]))
}

/// Looks at what is left, and gives the branch.
async fn outcome(world: &World, project: &Repository) -> String {
    let client = world.client();
    let all = client
        .sessions(&SessionFilter::default())
        .await
        .expect("a list");
    let id = all.items[0].id;
    world.reaches(id, SessionStatus::Ended).await;
    let rows = client.telemetry(id).await.expect("telemetry");
    assert_eq!(
        rows.iter().map(|row| row.status).collect::<Vec<_>>(),
        [TurnStatus::Cancelled]
    );
    let branch = format!("session-{id}");
    assert_eq!(project.file(&branch, "half.md").as_deref(), Some("half\n"));
    branch
}

#[tokio::test]
async fn a_polite_kill_of_an_installation_stops_npm_and_leaves_nothing() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let npm = folder.path().join("npm");
    // It has a child, as the real one has.
    let script = "#!/bin/sh\nsleep 600 >&2 &\necho $! > \"$HOME/started\"\nmv \"$HOME/started\" \"$HOME/child\"\nwait\n";
    std::fs::write(&npm, script).expect("writes");
    std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).expect("changes rights");
    let engines = folder.path().join("engines");
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut command = std::process::Command::new(vwm());
    command.args(["engine", "install", "claude-code", "--engines-dir"]);
    command.arg(&engines).env_clear().env("PATH", path);
    command.env("HOME", folder.path());
    let run = Running::start(command, "").await;
    let child = until("npm to start", async || {
        let pid = std::fs::read_to_string(folder.path().join("child")).ok()?;
        pid.trim().parse::<u32>().ok()
    })
    .await;
    run.terminate();
    let said = run.end().await;
    assert_eq!(said.error(), "error: stopped; nothing was installed\n");
    assert_eq!(said.code, Some(1));
    gone(child).await;
    let left = std::fs::read_dir(engines.join("claude-code")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn an_interrupt_aborts_the_turn_and_ends_the_session() {
    let (world, project) = world_of_a_stubborn_agent(false).await;
    let url = project.url();
    let mut run = Running::start(world.cli(&["run", "bob", "wait", "--repo", &url]), "").await;
    run.says("half.md").await;
    world.model.held("gate").await;
    run.interrupt();
    let said = run.end().await;
    assert_eq!((said.code, said.out.as_str()), (Some(130), ""));
    let lines: Vec<_> = said.err.lines().collect();
    assert_eq!(
        lines[1], "· aborting the turn; Ctrl-C again leaves at once",
        "{}",
        said.err
    );
    let own = outcome(&world, &project).await;
    let tip = project.tip(&own);
    let ending = format!("· ending the session\n· session-ID is pushed at {tip} in {url}\n");
    assert!(said.err.contains(&ending), "{}", said.err);
    let last = said.err.lines().last().unwrap_or_default();
    assert!(last.starts_with("· cancelled · "), "{}", said.err);
}

#[tokio::test]
async fn a_second_interrupt_leaves_at_once_and_the_server_ends_the_session() {
    let (world, project) = world_of_a_stubborn_agent(true).await;
    let url = project.url();
    let mut run = Running::start(world.cli(&["run", "bob", "wait", "--repo", &url]), "").await;
    run.says("half.md").await;
    world.model.held("gate").await;
    run.interrupt();
    run.says("aborting the turn").await;
    run.interrupt();
    let left = std::time::Instant::now();
    let said = run.end().await;
    assert_eq!((said.code, said.out.as_str()), (Some(130), ""));
    // A stubborn agent has ten seconds; nobody at the terminal waits for them.
    assert!(
        left.elapsed() < std::time::Duration::from_secs(5),
        "{}",
        said.err
    );
    outcome(&world, &project).await;
}

#[tokio::test]
async fn an_interrupt_while_the_end_waits_is_no_success_and_the_answer_is_there() {
    let world = World::start(json!({})).await;
    let steps = json!([{"write": ["session_repo/done.md", "done\n"]}, {"text": "done"}]);
    world.allow_agents().await;
    let script = json!({"rules": [{"when": "", "steps": steps}]});
    world.worker(json!({"engine": world.agent(script)})).await;
    let project = Repository::with(&[("a.md", "a\n")]);
    project.refuse_pushes();
    let url = project.url();
    for json in [false, true] {
        let mut words = vec!["run", "bob", "do it", "--repo", &url];
        words.extend(json.then_some("--json"));
        let mut run = Running::start(world.cli(&words), "").await;
        if json {
            until("the second session to end", async || {
                let all = world.client().sessions(&SessionFilter::default()).await;
                let all = all.expect("a list").items;
                let is_ending = |it: &vwm_api::Session| it.status == SessionStatus::Ending;
                (all.len() == 2 && all.iter().all(is_ending)).then_some(())
            })
            .await;
        } else {
            run.says("it waits: ").await;
        }
        run.interrupt();
        let said = run.end().await;
        assert_eq!(said.code, Some(130), "{}", said.err);
        if json {
            let report: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
            assert_eq!(report["answer"]["response"], "done");
            let why = "left before the session's end; the server ends it";
            assert_eq!(report["error"]["message"], why);
        } else {
            assert_eq!(said.out, "done\n");
        }
    }
}

#[tokio::test]
async fn an_interrupt_before_the_session_is_ready_is_one_json_object_for_programs() {
    let world = World::start(json!({})).await;
    world.worker(json!({})).await;
    // It takes the call and never answers.
    let remote = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let remote = remote.expect("a port");
    let address = remote.local_addr().expect("an address");
    let url = format!("http://{address}/service.git");
    let args = ["run", "bob", "hello", "--json", "--repo", &url];
    let run = Running::start(world.cli(&args), "").await;
    let _call = within("git to call", remote.accept()).await;
    run.interrupt();
    let said = run.end().await;
    assert_eq!((said.code, said.err.as_str()), (Some(130), ""));
    let told: serde_json::Value = serde_json::from_str(&said.out).expect("it is JSON");
    assert_eq!(told["session"]["id"], "ID");
    assert_eq!(
        (&told["answer"], &told["branches"], &told["error"]),
        (
            &serde_json::Value::Null,
            &json!([]),
            &json!({"message": "stopped before the session was ready; the server ends it"})
        )
    );
}
