//! `POST /sessions/{session}/push`: what a session's end could not push is pushed from its bundles.

use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use insta::assert_snapshot;
use serde_json::json;
use tokio::sync::Semaphore;
use vwm_api::harness::{PushAnswer, PushOrder};
use vwm_api::{Learning, RepositoryRole, SessionId, SessionStatus, Trigger, Unpushed};
use vwm_jobs::{JobBackend, JobError, JobId, JobSpec, JobStatus, Volume};
use vwm_store::Learned;

use crate::kit::TestApp;

const KNOWLEDGE: &str = "ssh://git@example.com/knowledge.git";

/// A place without jobs, whose remotes are full unless they are told not to be.
#[derive(Debug, Default)]
struct Remotes {
    /// What was asked, with the bundle's content.
    asked: Mutex<Vec<(PushOrder, String)>>,
    /// Which repositories' remotes take what comes.
    taking: Mutex<Vec<RepositoryRole>>,
    /// Has no permit while a push shall wait.
    gate: Option<Semaphore>,
    /// Whether the pushing program cannot be started.
    is_broken: bool,
}

#[derive(Debug, Clone)]
struct Shared(Arc<Remotes>);

impl JobBackend for Shared {
    fn ensure<'a>(&'a self, _: &'a JobSpec) -> BoxFuture<'a, Result<(), JobError>> {
        async { Ok(()) }.boxed()
    }

    fn observe<'a>(&'a self, _: &'a JobId) -> BoxFuture<'a, Result<JobStatus, JobError>> {
        async { Ok(JobStatus::Absent) }.boxed()
    }

    fn remove<'a>(&'a self, _: &'a JobId, _: Volume) -> BoxFuture<'a, Result<(), JobError>> {
        async { Ok(()) }.boxed()
    }

    fn push<'a>(&'a self, order: &'a PushOrder) -> BoxFuture<'a, Result<PushAnswer, JobError>> {
        async move {
            let bundle = std::fs::read_to_string(&order.bundle).expect("the bundle is a file");
            let work = std::fs::read_dir(&order.scratch).expect("the scratch is a folder");
            assert_eq!(work.count(), 0, "it is empty");
            self.0
                .asked
                .lock()
                .expect("nobody panicked")
                .push((order.clone(), bundle));
            if let Some(gate) = &self.0.gate {
                gate.acquire().await.expect("it is never closed").forget();
            }
            if self.0.is_broken {
                return Err(JobError::Start {
                    program: "vwm".into(),
                    source: std::io::Error::other("no"),
                });
            }
            Ok(
                if self
                    .0
                    .taking
                    .lock()
                    .expect("nobody panicked")
                    .contains(&order.repository)
                {
                    PushAnswer::Pushed
                } else {
                    PushAnswer::Failed("the remote is full".to_owned())
                },
            )
        }
        .boxed()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), JobError>> {
        async { Ok(()) }.boxed()
    }
}

async fn start(remotes: Remotes) -> (TestApp, Arc<Remotes>) {
    let remotes = Arc::new(remotes);
    let app = TestApp::start_on(Box::new(Shared(Arc::clone(&remotes)))).await;
    (app, remotes)
}

fn unpushed(repository: RepositoryRole, branch: &str) -> Unpushed {
    Unpushed {
        repository,
        url: "https://***@example.com/masked.git".to_owned(),
        branch: branch.to_owned(),
        sha: format!("sha of {branch}"),
        bundle: format!("{branch}.bundle"),
        reason: "the remote was away".to_owned(),
    }
}

/// A session that ended with both branches left; `kept` are the bundles that there are.
async fn left(app: &TestApp, kept: &[&str]) -> SessionId {
    app.learner("bob", Some(KNOWLEDGE)).await;
    let id = app.session_of("bob", SessionStatus::Active).await;
    app.complete_a_prompt(id).await;
    app.delete(&format!("/sessions/{id}")).await;
    let store = &app.app.store;
    for branch in kept {
        let content = format!("bundle of {branch}");
        let bytes = content.len() as u64;
        let hash = store
            .blobs()
            .put(content.into_bytes())
            .await
            .expect("it is kept");
        let name = format!("{branch}.bundle");
        let added = store.add_collected(id, "bundle", &name, hash, bytes);
        added.await.expect("it is noted");
    }
    let learning = Learning {
        content: Some("Tabs.".to_owned()),
        git_committed: true,
        ..Learning::default()
    };
    let branches = vec![
        unpushed(RepositoryRole::KnowledgeBase, "ff-vwm"),
        unpushed(RepositoryRole::SessionRepository, "session"),
    ];
    let collected = store.set_collected(id, Learned::Told(learning), branches);
    assert!(collected.await.expect("a write"));
    app.trigger(id, Trigger::Ended).await;
    id
}

fn scratches(app: &TestApp) -> usize {
    std::fs::read_dir(app.folder().join("push")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn each_branch_is_pushed_from_its_bundle_to_its_own_repository() {
    let (app, remotes) = start(Remotes::default()).await;
    let id = left(&app, &["ff-vwm", "session"]).await;
    let (session, push) = (format!("/sessions/{id}"), format!("/sessions/{id}/push"));
    let take = |role| remotes.taking.lock().unwrap().push(role);

    take(RepositoryRole::KnowledgeBase);
    let first = app.post(&push, json!({})).await;
    assert_snapshot!(first, @r#"
    200 {
      "pushed": [
        {
          "repository": "knowledge_base",
          "url": "https://***@example.com/masked.git",
          "branch": "ff-vwm",
          "sha": "sha of ff-vwm"
        }
      ],
      "unpushed": [
        {
          "repository": "session_repository",
          "url": "https://***@example.com/masked.git",
          "branch": "session",
          "sha": "sha of session",
          "bundle": "session.bundle",
          "reason": "the remote is full"
        }
      ]
    }
    "#);
    let told = app.get(&session).await;
    assert_eq!(told.body["unpushed"], first.body["unpushed"]);
    let telemetry = app.get(&format!("{session}/telemetry")).await;
    assert_eq!(telemetry.body[1]["learning"]["gitPushed"], true);
    assert_eq!(scratches(&app), 0);

    let asked = std::mem::take(&mut *remotes.asked.lock().unwrap());
    let told: Vec<_> = asked
        .iter()
        .map(|(order, bundle)| {
            let order = (
                &order.url[..],
                &order.base[..],
                &order.branch[..],
                &order.sha[..],
            );
            (order, bundle.as_str())
        })
        .collect();
    let expected = [
        (
            (KNOWLEDGE, "main", "ff-vwm", "sha of ff-vwm"),
            "bundle of ff-vwm",
        ),
        (
            (
                "https://example.com/code.git",
                "trunk",
                "session",
                "sha of session",
            ),
            "bundle of session",
        ),
    ];
    assert_eq!(told, expected);
    for (order, _) in &asked {
        assert_eq!(order.session, id);
        assert_eq!(Path::new(&order.volumes), app.folder().join("sessions"));
        assert!(order.local_repositories, "the server is on loopback");
    }

    take(RepositoryRole::SessionRepository);
    let second = app.post(&push, json!({})).await;
    assert_eq!(second.body["pushed"][0]["branch"], "session");
    assert_eq!(second.body.get("unpushed"), None);
    assert_snapshot!(app.post(&push, json!({})).await, @r#"
    409 {
      "error": "Nothing is left to push: all that the session kept is pushed"
    }
    "#);
    assert_eq!(remotes.asked.lock().unwrap().len(), 1, "only what was left");
}

#[tokio::test]
async fn a_push_is_for_a_session_that_has_ended() {
    for status in SessionStatus::ALL {
        let (app, _) = start(Remotes::default()).await;
        let id = app.session(status).await;
        let reply = app.post(&format!("/sessions/{id}/push"), json!({})).await;
        let expected = if status == SessionStatus::Ended {
            "Nothing is left to push: all that the session kept is pushed".to_owned()
        } else {
            let status = status.as_str();
            format!(
                "Session has not ended: it is {status}; its end pushes, and this is for what that could not"
            )
        };
        assert_eq!(
            (reply.status.as_u16(), reply.text("error")),
            (409, &expected[..])
        );
    }
}

#[tokio::test]
async fn one_push_of_a_session_runs_at_a_time_and_goes_on_when_its_caller_hangs_up() {
    let (app, remotes) = start(Remotes {
        gate: Some(Semaphore::new(0)),
        taking: Mutex::new(vec![
            RepositoryRole::KnowledgeBase,
            RepositoryRole::SessionRepository,
        ]),
        ..Remotes::default()
    })
    .await;
    let id = left(&app, &["ff-vwm", "session"]).await;
    let push = format!("/sessions/{id}/push");
    let mut news = app.app.store.watch(id);
    let mut first = Box::pin(app.post(&push, json!({})));
    let busy = async {
        loop {
            let second = app.post(&push, json!({})).await;
            // Whichever of the two came first, the other one is told.
            if second.status == 409 {
                return second;
            }
        }
    };
    let second = tokio::select! {
        first = &mut first => first,
        second = busy => second,
    };
    assert_snapshot!(second, @r#"
    409 {
      "error": "A push of this session is under way; ask again when it is over"
    }
    "#);
    drop(first);
    let gate = remotes.gate.as_ref().expect("there is one");
    gate.add_permits(2);
    while !app
        .app
        .store
        .session(id)
        .await
        .unwrap()
        .unwrap()
        .session
        .unpushed
        .is_empty()
    {
        news.changed().await;
    }
    assert_eq!(remotes.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_bundle_that_is_lost_or_damaged_is_told_and_keeps_no_other_from_its_remote() {
    let (app, remotes) = start(Remotes::default()).await;
    let id = left(&app, &["session"]).await;
    let store = &app.app.store;
    let kept = store.collected(id).await.unwrap().remove(0);
    let name = kept.hash.to_string();
    let blob = app.folder().join("blobs").join(&name[..2]).join(&name);
    let push = format!("/sessions/{id}/push");
    let told = async || {
        let reply = app.post(&push, json!({})).await;
        let reasons = reply.body["unpushed"].as_array().expect("a list").iter();
        let reasons: Vec<_> = reasons
            .map(|branch| branch["reason"].as_str().expect("a reason").to_owned())
            .collect();
        reasons.join("\n").replace(&name, "[hash]")
    };
    assert_snapshot!(told().await, @r"
    its bundle ff-vwm.bundle is not kept any more; restore blobs/ from a backup of the data directory
    the remote is full
    ");
    std::fs::write(&blob, "something else").unwrap();
    assert_snapshot!(told().await, @r"
    its bundle ff-vwm.bundle is not kept any more; restore blobs/ from a backup of the data directory
    its bundle session.bundle is damaged: blob [hash] holds something else; restore blobs/ from a backup of the data directory
    ");
    assert_eq!(remotes.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_push_that_breaks_leaves_all_as_it_was() {
    let (app, _) = start(Remotes {
        is_broken: true,
        ..Remotes::default()
    })
    .await;
    let id = left(&app, &["ff-vwm", "session"]).await;
    let before = app.get(&format!("/sessions/{id}")).await.body;
    let reply = app.post(&format!("/sessions/{id}/push"), json!({})).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text("error")),
        (500, "Internal error")
    );
    assert_eq!(app.get(&format!("/sessions/{id}")).await.body, before);
    assert_eq!(scratches(&app), 0);
}
