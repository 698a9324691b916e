//! Every resource from the command line: a newcomer's whole walk, leaving and coming back, settings, runtimes, and JSON for programs.

mod files;
mod login;
mod named;
mod unread;

use std::path::Path;
use std::process::Command;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vwm_api::{
    AcceptedRequest, Key, RequestView, Runtime, Session, SessionId, Setting, SettingRevision,
    TelemetryRow, Worker, WorkerRevision,
};
use vwm_client::SessionFilter;
use vwm_tests::{Running, Said, World, scripted_agent, vwm};

/// What a command prints, to the letter.
async fn prints(command: Command) -> Vec<u8> {
    let output = tokio::process::Command::from(command).output().await;
    let output = output.expect("the command runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    output.stdout
}

/// What a command tells programs, as the type that the API has for it.
async fn told<T: DeserializeOwned>(world: &World, args: &[&str]) -> T {
    let args = [args, &["--output", "json"]].concat();
    let out = prints(world.cli(&args)).await;
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

async fn line(world: &World, args: &[&str]) -> String {
    let out = prints(world.cli(args)).await;
    String::from_utf8(out).expect("text").trim_end().to_owned()
}

/// A command in a home of its own, which knows nothing of the world.
fn elsewhere(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(vwm());
    command.args(args).env_clear().env("HOME", home);
    command.current_dir(home);
    command
}

#[tokio::test]
async fn a_newcomer_makes_a_worker_talks_to_it_sees_what_it_cost_and_ends() {
    let world = World::start(json!({})).await;
    let program = vwm().display().to_string();
    let args = ["worker", "create", "bob", "--engine", "acp", "--program"];
    let more = [program.as_str(), "--arg", "scripted", "--arg", "agent"];
    let said = world.says(&[&args[..], &more].concat()).await;
    let made = "worker bob created (revision 1)\n";
    assert_eq!((said.code, said.out.as_str()), (Some(0), made));
    assert!(said.err.contains("`vwm session start bob`"), "{}", said.err);
    let again = world.says(&[&args[..], &more].concat()).await;
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""));
    assert!(again.err.contains("apply -f FILE"), "{}", again.err);

    let wrong = [
        "worker",
        "create",
        "e ve",
        "--engine",
        "acp",
        "--program",
        "./x",
    ];
    let wrong = world.says(&wrong).await;
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""));
    for option in ["\n  NAME: ", "\n  --program: "] {
        assert!(wrong.err.contains(option), "{}", wrong.err);
    }

    let args = ["session", "start", "bob", "--breadcrumb", "ticket-42"];
    let session = line(&world, &args).await;
    let id: SessionId = session.parse().expect("an id, and nothing else");
    let said = world.says(&["prompt", &session, "hello"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "echo: hello\n"));
    let last = said.err.lines().last().unwrap_or_default();
    assert!(last.starts_with("· complete · "), "{last}");
    assert!(last.ends_with(" · tokens and cost unknown"), "{last}");

    let table = world.says(&["telemetry", &session]).await.out;
    let rows: Vec<Vec<_>> = table
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    let heads = [
        "REQUEST", "KIND", "STATUS", "IN", "OUT", "COST", "TOOK", "MODEL", "ERROR",
    ];
    assert_eq!(rows[0], heads);
    assert_eq!(
        rows[1][..6],
        ["ID", "prompt", "complete", "–", "–", "unknown"]
    );
    assert_eq!(rows[2][..4], ["total", "–", "–", "unknown"]);
    let found: Vec<Session> = told(&world, &["session", "list", "--breadcrumb", "ticket-42"]).await;
    assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [id]);

    let said = world.says(&["session", "end", &session]).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "session ID ended\n")
    );
    let said = world.says(&["files", "list", &session]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("error: "), "{}", said.err);
}

#[tokio::test]
async fn one_who_leaves_comes_back_to_the_turn_from_anywhere() {
    let world = World::start(json!({})).await;
    world.allow_agents().await;
    let steps = json!([{"shell": "echo one; echo two"}, {"hold": "gate"}, {"text": "late"}]);
    let agent = world.agent(json!({"rules": [{"when": "slow", "steps": steps}, {"when": "", "steps": [{"fail": "boom"}]}]}));
    world.worker(json!({ "engine": agent })).await;
    let session = world.session("bob", None).await.id.to_string();
    let accepted: AcceptedRequest = told(&world, &["prompt", &session, "slow", "--detach"]).await;
    let turn = accepted.request_id.to_string();

    let args = ["session", "watch", &session];
    let mut first = Running::start(world.cli(&args), "").await;
    first.says("echo one; echo two").await;
    first.interrupt();
    let left = first.end().await;
    assert_eq!(left.code, Some(130), "{}", left.err);
    assert!(
        left.err.contains("`vwm session watch ID ID` comes back"),
        "{}",
        left.err
    );

    let busy = ["prompt", &session, "more", "--on-busy", "reject"];
    let said = world.says(&busy).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));

    let args = ["session", "watch", &session, &turn];
    let mut second = Running::start(world.cli(&args), "").await;
    second.says("one").await;
    world.model.release("gate");
    let said = second.end().await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), "late\n"),
        "{}",
        said.err
    );
    let expected = "→ echo one; echo two ✓\n    one\n    two\n· complete · ";
    assert!(said.err.starts_with(expected), "{}", said.err);

    let view: RequestView = told(&world, &["session", "requests", &session, &turn]).await;
    assert_eq!(view.answer.expect("it is over").response, "late");
    let failed = line(&world, &["prompt", &session, "fast", "--detach"]).await;
    let said = world.says(&["session", "watch", &session, &failed]).await;
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(1), ""),
        "{}",
        said.err
    );
    assert!(said.err.contains("boom"), "{}", said.err);
    assert!(said.err.contains("· failed · "), "{}", said.err);

    world.end(session.parse().expect("an id")).await;
    let args = ["session", "events", &session, "--output", "json"];
    let events = line(&world, &args).await;
    let events: Vec<Value> = events
        .lines()
        .map(|event| serde_json::from_str(event).expect("an event a line"))
        .collect();
    let seqs: Vec<_> = events.iter().map(|it| it["seq"].as_i64()).collect();
    assert!(seqs.is_sorted() && seqs[0].is_some(), "{seqs:?}");
    assert!(events.iter().any(|it| it["type"] == "complete"));
    let transcript = line(&world, &["session", "transcript", &session]).await;
    assert!(transcript.contains("late"), "{transcript}");
}

#[tokio::test]
async fn settings_and_runtimes_are_made_changed_and_shown() {
    let world = World::start(json!({})).await;
    let set = ["settings", "set", "system_agent_md", "--stdin"];
    for text in ["Be kind.\n", "Be kind and terse.\n"] {
        assert_eq!(Said::by_with(world.cli(&set), text).await.code, Some(0));
    }
    let said = world.says(&["settings", "get", "system_agent_md"]).await;
    assert_eq!(said, Said::new(0, "Be kind and terse.\n", ""));
    let history: Vec<SettingRevision> =
        told(&world, &["settings", "history", "system_agent_md"]).await;
    let values: Vec<_> = history.iter().map(|it| it.value.as_str()).collect();
    let expected = [Some("Be kind and terse.\n"), Some("Be kind.\n")];
    assert_eq!(values, expected);
    let wrong = ["settings", "set", "engineFolders", "not json"];
    assert_eq!(world.says(&wrong).await.code, Some(2));

    let create = ["runtime", "create", "gpu", "--base-image", "debian:13"];
    let more = ["--tag", "gpu", "--node", "disk=ssd"];
    let made: Runtime = told(&world, &[&create[..], &more].concat()).await;
    assert_eq!(made.definition.node_selector["disk"], "ssd");
    let tagged: Vec<Runtime> = told(&world, &["runtime", "list", "--tag", "gpu"]).await;
    assert_eq!(tagged, std::slice::from_ref(&made));
    let update = [
        "runtime",
        "update",
        "gpu",
        "--description",
        "fast",
        "--reset",
        "tags",
    ];
    let changed: Runtime = told(&world, &update).await;
    let definition = &changed.definition;
    assert_eq!(definition.description.as_deref(), Some("fast"));
    assert_eq!(
        (definition.tags.len(), definition.base_image.as_str()),
        (0, "debian:13")
    );
    let shown: Runtime = told(&world, &["runtime", "show", "gpu"]).await;
    assert_eq!(shown, changed);
    let said = world.says(&["runtime", "delete", "gpu"]).await;
    assert_eq!(said, Said::new(0, "runtime gpu deleted\n", ""));
    assert_eq!(world.says(&["runtime", "show", "gpu"]).await.code, Some(1));
}

#[tokio::test]
async fn what_every_list_tells_programs_are_the_apis_own_objects() {
    let world = World::start(json!({})).await;
    let worker = world.worker(json!({"engine": scripted_agent()})).await;
    let id = world.session("bob", None).await.id;
    world.ask(id, "hello").await;
    let (client, session) = (world.client(), id.to_string());

    let workers: Vec<Worker> = told(&world, &["worker", "list"]).await;
    assert_eq!(workers, std::slice::from_ref(&worker));
    let shown: Worker = told(&world, &["worker", "show", "bob"]).await;
    assert_eq!(shown, worker);
    let revisions: Vec<WorkerRevision> = told(&world, &["worker", "revisions", "bob"]).await;
    assert_eq!(revisions.len(), 1);
    let sessions: Vec<Session> = told(&world, &["worker", "sessions", "bob"]).await;
    let page = client.sessions(&SessionFilter::default()).await;
    assert_eq!(sessions, page.expect("a page").items);
    let listed: Vec<Session> = told(&world, &["session", "list"]).await;
    assert_eq!(listed, sessions);
    let rows = client.telemetry(id).await.expect("telemetry");
    for args in [
        &["telemetry", &session][..],
        &["session", "telemetry", &session],
        &["session", "requests", &session],
    ] {
        let told: Vec<TelemetryRow> = told(&world, args).await;
        assert_eq!(told, rows, "{args:?}");
    }
    let runtimes: Vec<Runtime> = told(&world, &["runtime", "list"]).await;
    assert_eq!(runtimes, client.runtimes().await.expect("a list"));
    let settings: Vec<Setting> = told(&world, &["settings", "list"]).await;
    assert_eq!(settings, client.settings().await.expect("a list"));
    let keys: Vec<Key> = told(&world, &["key", "list"]).await;
    assert_eq!(keys, client.keys().await.expect("a list"));
}
