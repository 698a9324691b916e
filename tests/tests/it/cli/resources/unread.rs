//! Standard output that nobody reads any more, and one that takes nothing.

use std::fs::File;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use vwm_api::{AcceptedRequest, RequestView, SessionStatus, TurnStatus};
use vwm_client::SessionFilter;
use vwm_tests::{Said, World, kill, scripted_agent, until, within, without_ids};

use super::told;

/// A command whose output is read so far.
struct Read {
    child: Child,
    reader: BufReader<ChildStdout>,
    out: String,
}

impl Read {
    /// Reads so many lines of what a command says.
    async fn lines(count: usize, command: Command) -> Self {
        let mut child = tokio::process::Command::from(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the command starts");
        let mut reader = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut out = String::new();
        for _ in 0..count {
            let read = within("a line", reader.read_line(&mut out)).await;
            assert!(read.is_ok_and(|read| read > 0), "it ended early: {out}");
        }
        Self { child, reader, out }
    }

    /// Leaves, and gives what was read and how the command ends then.
    async fn leaves(self) -> Said {
        drop(self.reader);
        let output = within("the command to end", self.child.wait_with_output()).await;
        let output = output.expect("it can be waited for");
        Said {
            code: output.status.code(),
            out: without_ids(&self.out),
            err: without_ids(&String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// What a command says whose reader leaves after so many lines.
async fn left_after(lines: usize, command: Command) -> Said {
    Read::lines(lines, command).await.leaves().await
}

/// A world whose agent says something, and more when it may.
async fn world_of_a_slow_agent() -> World {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let steps = json!([{"text": "one\n"}, {"hold": "gate"}, {"text": "late"}]);
    let agent = world.agent(json!({"rules": [{"when": "", "steps": steps}]}));
    world.worker(json!({ "engine": agent })).await;
    world
}

#[tokio::test]
async fn one_who_follows_leaves_when_nobody_reads_and_the_turn_goes_on() {
    let world = world_of_a_slow_agent().await;

    let session = world.session("bob", None).await.id.to_string();
    let said = left_after(1, world.cli(&["prompt", &session, "slow"])).await;
    assert_eq!(said, Said::new(141, "one\n", ""));
    let watch = ["session", "watch", &session];
    let said = left_after(1, world.cli(&watch)).await;
    assert_eq!(said, Said::new(141, "one\n", ""));
    let events = ["session", "events", &session];
    let said = left_after(1, world.cli(&events)).await;
    assert_eq!((said.code, said.out.as_str()), (Some(141), "one\n"));
    assert!(!said.err.contains("error"), "{}", said.err);
    for quiet in [watch, events] {
        let args = [&quiet[..], &["--output", "json"]].concat();
        let said = left_after(0, world.cli(&args)).await;
        assert_eq!(said, Said::new(141, "", ""), "{args:?}");
    }
    let rows = world.client().sessions(&SessionFilter::default()).await;
    for session in rows.expect("a list").items {
        let rows = world.client().telemetry(session.id).await;
        let rows = rows.expect("telemetry");
        let statuses: Vec<_> = rows.iter().map(|row| row.status).collect();
        assert_eq!(statuses, [TurnStatus::Running]);
    }
    world.model.release("gate");
    let said = world.says(&watch).await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "one\nlate\n"));
}

#[tokio::test]
async fn a_run_that_nobody_reads_goes_on_to_the_end_of_its_session() {
    let world = world_of_a_slow_agent().await;
    let read = Read::lines(1, world.cli(&["run", "bob", "slow"])).await;
    world.model.held("gate").await;
    world.model.release("gate");
    let said = read.leaves().await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "one\n"));
    let sessions = world.client().sessions(&SessionFilter::default()).await;
    let sessions = sessions.expect("a list").items;
    let statuses: Vec<_> = sessions.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [SessionStatus::Ended]);
}

#[tokio::test]
async fn an_interrupt_that_ends_the_reader_too_aborts_and_ends_as_ever() {
    let world = world_of_a_slow_agent().await;
    let read = Read::lines(1, world.cli(&["run", "bob", "slow"])).await;
    world.model.held("gate").await;
    kill(read.child.id().expect("it runs"), Signal::INT);
    let said = read.leaves().await;
    assert_eq!(said.code, Some(130), "{}", said.err);
    let begins = "· aborting the turn; Ctrl-C again leaves at once\n";
    assert!(said.err.starts_with(begins), "{}", said.err);
    let sessions = world.client().sessions(&SessionFilter::default()).await;
    let sessions = sessions.expect("a list").items;
    let statuses: Vec<_> = sessions.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [SessionStatus::Ended]);
}

#[tokio::test]
async fn a_reader_who_was_never_there_does_not_undo_what_is_asked() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let session = world.session("bob", None).await.id;
    let id = session.to_string();
    let said = left_after(0, world.cli(&["session", "list"])).await;
    assert_eq!(said, Said::new(0, "", ""));
    let args = ["prompt", &id, "hello", "--output", "json"];
    left_after(0, world.cli(&args)).await;
    let rows = until("the turn to be over", async || {
        let rows = world.client().telemetry(session).await.expect("telemetry");
        (rows.len() == 1 && rows[0].status.is_over()).then_some(rows)
    })
    .await;
    let turn = rows[0].id.to_string();
    let view: RequestView = told(&world, &["session", "requests", &id, &turn]).await;
    assert_eq!(view.answer.expect("it is over").response, "echo: hello");
}

#[tokio::test]
async fn what_cannot_be_written_is_a_failure_and_what_is_said_beside_it_is_none() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let id = world.session("bob", None).await.id.to_string();
    let full = || File::options().write(true).open("/dev/full");
    let full = || full().expect("there is a full device");
    let told_so = "error: cannot write to standard output\n  because: No space left on device (os error 28)\n";
    for args in [
        &["worker", "list"][..],
        &["completion", "bash"],
        &["prompt", &id, "hello"],
        &["session", "events", &id],
    ] {
        let mut command = tokio::process::Command::from(world.cli(args));
        let child = command.stdout(full()).stderr(Stdio::piped()).spawn();
        let child = child.expect("it starts");
        let output = within("it to end", child.wait_with_output()).await;
        let output = output.expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        assert!(err.ends_with(told_so), "{args:?}: {err}");
    }
    let args = ["prompt", &id, "hello", "--detach"];
    let accepted: AcceptedRequest = told(&world, &args).await;
    let turn = accepted.request_id.to_string();
    for (args, code) in [
        (&["prompt", &id, "hello", "--detach"][..], 0),
        (&["session", "watch", &id, &turn], 0),
        (&["session", "show", "0197"], 1),
    ] {
        let mut command = tokio::process::Command::from(world.cli(args));
        let child = command.stdout(Stdio::piped()).stderr(full()).spawn();
        let child = child.expect("it starts");
        let output = within("it to end", child.wait_with_output()).await;
        let status = output.expect("it runs").status;
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}
