//! The files of a workspace, as a client of the API reaches them while engines work, sessions sleep and transfers break off.

mod asleep;
mod calls;
mod faults;
mod hostile;
mod race;
mod transfers;

use bytes::Bytes;
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use vwm_api::{
    FileAction, FileChange, FileChangeStatus, FileEntry, FileKind, NewKey, NewSession, Role,
    SessionId, SessionStatus, TurnStatus,
};
use vwm_client::{Client, ClientError};
use vwm_tests::{Repository, World, scripted_agent, until, within};

async fn world_of_bob(differs: Value) -> World {
    let world = World::start(json!({})).await;
    let mut bob = json!({"engine": scripted_agent()});
    let (Value::Object(all), Value::Object(more)) = (&mut bob, differs) else {
        panic!("a worker is an object")
    };
    all.extend(more);
    world.worker(bob).await;
    world
}

/// Has the agent run a shell script in its workspace.
async fn agent(world: &World, id: SessionId, script: &str) {
    let steps = json!([{"shell": format!("set -e; {script}")}, {"text": "done"}]);
    let answer = world.ask(id, &format!("SCRIPT: {steps}")).await;
    assert_eq!(answer.status, TurnStatus::Complete, "{answer:?}");
}

async fn read(client: &Client, id: SessionId, path: &str) -> String {
    let bytes = within("the file", client.read_file(id, path)).await;
    let bytes = bytes.unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn write(client: &Client, id: SessionId, path: &str, text: &'static str) {
    let written = within("the file", client.write_file(id, path, text)).await;
    written.unwrap_or_else(|error| panic!("{path}: {error}"));
}

fn status<T>(answer: Result<T, ClientError>) -> u16 {
    let refused = answer.err().expect("it is refused");
    refused.status().unwrap_or_else(|| panic!("{refused}"))
}

async fn entries(client: &Client, id: SessionId, path: &str) -> Vec<(String, FileKind)> {
    let list = client.list_files(id, path).await.expect("a list");
    let entry = |entry: FileEntry| (entry.path, entry.kind);
    list.items.into_iter().map(entry).collect()
}

/// The changes once none is under way.
async fn changes(client: &Client, id: SessionId) -> Vec<FileChange> {
    until("every file change to be over", async || {
        let changes = client.file_changes(id).await.expect("a list");
        let is_over = |change: &FileChange| change.status != FileChangeStatus::Pending;
        changes.iter().all(is_over).then_some(changes)
    })
    .await
}

#[tokio::test]
async fn client_and_agent_hand_each_other_files_and_each_write_is_on_record() {
    let world = world_of_bob(json!({})).await;
    let admin = world.client();
    let new = NewSession {
        worker_name: Some("bob".into()),
        breadcrumbs: vec!["ticket-7".into()],
        ..NewSession::default()
    };
    let session = admin.create_session(&new).await.expect("a session");
    let id = world.reaches(session.id, SessionStatus::Active).await.id;
    let key = NewKey {
        name: "console".into(),
        role: Role::Session,
    };
    let key = admin.create_key(&key).await.expect("a key");
    let client = Client::new(admin.url(), &key.secret).expect("a client");

    write(&client, id, "in/data.txt", "to be shouted\n").await;
    let uploaded = client.upload_bytes(id, "in/ü 1%.bin", &b"\0\xff"[..]).await;
    uploaded.expect("it is taken");
    let shout =
        "tr a-z A-Z < in/data.txt > out.txt; printf '#!/bin/sh\\n' > run.sh; chmod 755 run.sh";
    agent(&world, id, shout).await;
    assert_eq!(read(&client, id, "out.txt").await, "TO BE SHOUTED\n");
    let download = client.download_file(id, "in/ü 1%.bin").await;
    let pieces: Vec<Bytes> = download
        .expect("a file")
        .try_collect()
        .await
        .expect("whole");
    assert_eq!(pieces.concat(), b"\0\xff");
    let found = [
        ("in/data.txt".to_owned(), FileKind::File),
        ("in/ü 1%.bin".to_owned(), FileKind::File),
    ];
    assert_eq!(entries(&client, id, "in").await, found);
    let root = entries(&client, id, "").await;
    assert!(
        root.contains(&("in".to_owned(), FileKind::Folder)),
        "{root:?}"
    );
    assert!(
        !root.iter().any(|(path, _)| path.starts_with(".vwm-")),
        "{root:?}"
    );

    // What the agent made stays its own to run.
    write(&client, id, "run.sh", "#!/bin/sh\necho ran > ran.txt\n").await;
    agent(&world, id, "./run.sh").await;
    assert_eq!(read(&client, id, "ran.txt").await, "ran\n");
    client
        .delete_file(id, "out.txt")
        .await
        .expect("it is there");
    assert_eq!(status(client.read_file(id, "out.txt").await), 404);
    assert_eq!(status(client.delete_file(id, "in").await), 400);

    let record = changes(&client, id).await;
    let worker = session.worker_id;
    for change in &record {
        assert_eq!(
            (
                change.session_id,
                change.worker_id,
                change.key_id,
                &change.breadcrumbs
            ),
            (id, worker, key.key.id, &session.breadcrumbs)
        );
    }
    let told: Vec<_> = record
        .iter()
        .map(|change| {
            (
                change.action,
                change.path.as_str(),
                change.bytes,
                change.status,
            )
        })
        .collect();
    use FileAction::{Delete, Upload, Write};
    use FileChangeStatus::{Done, Failed};
    let expected = [
        (Write, "in/data.txt", Some(14), Done),
        (Upload, "in/ü 1%.bin", Some(2), Done),
        (Write, "run.sh", Some(29), Done),
        (Delete, "out.txt", None, Done),
        (Delete, "in", None, Failed),
    ];
    assert_eq!(told, expected);
    world.end(id).await;
    assert_eq!(changes(&client, id).await, record, "it outlives the files");
    assert_eq!(status(client.read_file(id, "ran.txt").await), 409);
}

#[tokio::test]
async fn links_of_the_agent_lead_no_file_call_anywhere() {
    let world = world_of_bob(json!({})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    agent(
        &world,
        id,
        "ln -s /etc/passwd file; ln -s /etc etc; ln -s ../state up; mkfifo pipe; mkdir folder",
    )
    .await;
    for path in ["file", "etc/passwd", "up/journal", "pipe", "folder"] {
        let read = within(path, client.read_file(id, path)).await;
        assert_eq!(status(read), 400, "{path}");
    }
    for path in ["etc/vwm-test", "up/vwm-test", "folder"] {
        let written = within(path, client.write_file(id, path, "x")).await;
        assert_eq!(status(written), 400, "{path}");
    }
    assert!(!std::path::Path::new("/etc/vwm-test").exists());
    assert!(!world.volume(id).state().join("vwm-test").exists());
    // A link that stands at the name is replaced, and what it leads to is not.
    write(&client, id, "file", "mine now\n").await;
    assert_eq!(read(&client, id, "file").await, "mine now\n");
}

#[tokio::test]
async fn of_the_knowledge_base_all_is_read_and_learnings_are_written() {
    let knowledge = Repository::with(&[("COMPANY.md", "# Who we are\n"), ("a/b.md", "b\n")]);
    let world = world_of_bob(json!({"workerRepoUrl": knowledge.url()})).await;
    let id = world.session("bob", None).await.id;
    let client = world.client();
    assert_eq!(
        read(&client, id, "worker_repo/COMPANY.md").await,
        "# Who we are\n"
    );
    assert_eq!(read(&client, id, "worker_repo/a/b.md").await, "b\n");
    let root = entries(&client, id, "").await;
    assert!(
        root.contains(&("worker_repo".to_owned(), FileKind::Folder)),
        "{root:?}"
    );
    let below = entries(&client, id, "worker_repo").await;
    let company = ("worker_repo/COMPANY.md".to_owned(), FileKind::File);
    assert!(below.contains(&company), "{below:?}");
    for path in [
        "worker_repo/COMPANY.md",
        "worker_repo/new.md",
        "worker_repo/a/b.md",
    ] {
        assert_eq!(
            status(client.write_file(id, path, "x").await),
            403,
            "{path}"
        );
        assert_eq!(status(client.delete_file(id, path).await), 403, "{path}");
    }
    write(&client, id, "worker_repo/learnings/tabs.md", "Tabs.\n").await;
    agent(&world, id, "grep -q Tabs worker_repo/learnings/tabs.md").await;
    assert_eq!(
        read(&client, id, "worker_repo/learnings/tabs.md").await,
        "Tabs.\n"
    );
    let refused = changes(&client, id).await;
    let refused = refused
        .iter()
        .filter(|change| change.status == FileChangeStatus::Failed);
    assert_eq!(refused.count(), 6);
}
