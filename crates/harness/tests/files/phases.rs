//! What may be read and written before, while and after a session is ready.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::json;
use tokio::time::timeout;
use vwm_api::harness::{EndOrder, Phase, Setup};
use vwm_api::{RuntimeId, WorkerId};

use crate::kit::{MOST, SOON, World, names, refusal, stuck};

/// A worker with a knowledge base, whose program is never started.
fn setup(world: &World, knowledge_base: &str) -> Setup {
    let setup = json!({
        "session": world.session,
        "workerId": WorkerId::new(),
        "worker": {
            "name": "bob",
            "runtimeId": RuntimeId::new(),
            "cliType": "acp",
            "engine": { "command": "/bin/true" },
            "env": {},
            "mcpServers": [],
            "skills": [],
            "workerRepoUrl": format!("file://{knowledge_base}"),
            "workerRepoBranch": "main",
            "autoLearn": false,
            "timeout": 3600,
            "approvals": vwm_api::Approvals::default(),
            "locked": false,
        },
        "repository": null,
        "systemAgentMd": "",
        "settingsRevision": 0,
        "enginesDir": "/nowhere",
        "engineFolders": [],
        "providers": {},
        "image": null,
        "unconfined": true,
        "localRepositories": true,
        "nativeIds": {},
        "autoDeleteBranch": false,
        "engineIdleS": 300,
        "stalledAfterS": 0,
    });
    serde_json::from_value(setup).expect("a setup")
}

async fn until(world: &World, phase: Phase) {
    let reached = async {
        let mut state = world.client.state(None).await.expect("it answers");
        while state.phase != phase {
            assert_ne!(state.phase, Phase::Failed, "{state:?}");
            state = world
                .client
                .state(Some(state.version))
                .await
                .expect("it answers");
        }
    };
    timeout(SOON, reached).await.expect("in time");
}

#[tokio::test]
async fn files_are_there_from_the_preparation_to_the_end_and_an_upload_does_not_outlast_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let volume = folder.path().join("volume");
    // Not beside the volume: nothing there is a remote.
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let remote = elsewhere.path().join("kb.git");
    fs::create_dir(&volume).unwrap();
    let made = Command::new("git")
        .args(["init", "-q", "--bare", "-b", "main"])
        .arg(&remote)
        .status();
    assert!(made.expect("there is git").success());
    let world = World::bare(folder, volume);
    let nothing = (
        409,
        "the workspace is not prepared yet; ask again once the session is active".to_owned(),
    );
    assert_eq!(refusal(world.read("file").await), nothing);
    assert_eq!(refusal(world.write("file", "x").await), nothing);
    assert_eq!(refusal(world.client.list_files("").await), nothing);
    assert!(!world.at("").exists());

    // A workspace of an older generation: what the next preparation makes is left to it.
    fs::create_dir(world.at("")).unwrap();
    world.write("file", "early").await.expect("written");
    for (path, what) in [
        ("session_repo/x", "session_repo"),
        ("worker_repo/learnings/x.md", "worker_repo"),
    ] {
        let sentence = format!("{what} is not prepared yet; ask again once the session is active");
        assert_eq!(refusal(world.write(path, "x").await), (409, sentence));
    }

    let setup = setup(&world, remote.to_str().expect("UTF-8"));
    world.client.put_session(&setup).await.expect("taken");
    until(&world, Phase::Ready).await;
    assert_eq!(world.read("file").await.expect("a file"), b"early");
    world
        .write("worker_repo/learnings/a/x.md", "new")
        .await
        .expect("written");
    assert_eq!(
        fs::read(world.volume("kb/learnings/a/x.md")).unwrap(),
        b"new"
    );
    assert_eq!(refusal(world.write("worker_repo/x.md", "x").await).0, 403);
    symlink("/etc", world.volume("kb/learnings/out")).unwrap();
    let behind = "worker_repo/learnings/out/passwd";
    assert_eq!(refusal(world.read(behind).await).0, 400);
    assert_eq!(refusal(world.write(behind, "x").await).0, 400);
    assert_eq!(refusal(world.client.delete_file(behind).await).0, 400);
    world
        .client
        .delete_file("worker_repo/learnings/out")
        .await
        .expect("removed");
    world
        .client
        .delete_file("worker_repo/learnings/a/x.md")
        .await
        .expect("removed");
    world
        .write("session_repo/x", "x")
        .await
        .expect("there is no such repository");

    let client = world.client.clone();
    let (body, is_sent) = stuck(8 << 20);
    let upload = tokio::spawn(async move { client.write_file("half", MOST, body).await });
    timeout(SOON, is_sent)
        .await
        .expect("in time")
        .expect("sent");
    let order = EndOrder {
        setup,
        learning: None,
        push_for_s: 5,
    };
    world.client.end(&order).await.expect("begins");
    let ending = (409, "the session is ending".to_owned());
    assert_eq!(refusal(upload.await.expect("it was not aborted")), ending);
    assert_eq!(refusal(world.read("file").await), ending);
    assert_eq!(refusal(world.client.delete_file("file").await), ending);
    until(&world, Phase::Collected).await;
    assert_eq!(refusal(world.client.list_files("").await), ending);
    assert!(
        names(&world.at(""))
            .iter()
            .all(|name| !name.contains("half"))
    );
}
