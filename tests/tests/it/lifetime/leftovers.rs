//! Many sessions, however they went: on the machine nothing is left of them.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use rustix::process::Signal;
use serde_json::json;
use vwm_api::{Event, SessionId, SessionStatus};
use vwm_client::Client;
use vwm_tests::promises::{self, Asked, Witnessed};
use vwm_tests::{Repository, Road, World, kill, processes_of, until, within};

use super::{shell, stands, world_of_bob};

/// How many there are.
const SESSIONS: usize = 50;
/// How many of them at once.
const AT_ONCE: usize = 8;

/// How a session goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Ended,
    SuspendedThenEnded,
    HarnessKilledThenEnded,
    EndedUnderAPrompt,
    /// It is there when the server is killed: active, suspended, or without its harness.
    LeftBehind,
}

impl Way {
    fn of(n: usize) -> Self {
        match n % 5 {
            0 => Self::Ended,
            1 => Self::SuspendedThenEnded,
            2 => Self::HarnessKilledThenEnded,
            3 => Self::EndedUnderAPrompt,
            _ => Self::LeftBehind,
        }
    }
}

struct Lived {
    id: SessionId,
    way: Way,
    asked: Asked,
    watching: tokio::task::JoinHandle<Vec<Result<Event, vwm_client::ClientError>>>,
}

/// A session from its beginning to where its way leads.
async fn lives(world: &World, client: &Client, project: &Repository, n: usize) -> Lived {
    let way = Way::of(n);
    let id = world.session("bob", Some(project)).await.id;
    let watching = tokio::spawn(client.events(id, 0).collect::<Vec<_>>());
    let mark = format!("mark-{n}");
    let work = shell(&format!("echo {mark} > session_repo/marks"));
    let answer = world.ask(id, &work).await;
    assert_eq!(answer.response, "done", "{answer:?}");
    let harness = world.harness(id);
    match way {
        Way::Ended => {}
        Way::SuspendedThenEnded => {
            client.suspend_session(id).await.expect("nothing runs");
        }
        Way::HarnessKilledThenEnded => kill(harness, Signal::KILL),
        Way::EndedUnderAPrompt => {
            let turn = client.request_turn(id, &world.prompt("slow")).await;
            turn.expect("it is taken");
        }
        Way::LeftBehind if n.is_multiple_of(3) => {
            client.suspend_session(id).await.expect("nothing runs");
        }
        Way::LeftBehind if n % 3 == 1 => kill(harness, Signal::KILL),
        Way::LeftBehind => {}
    }
    if way != Way::LeftBehind {
        let ended = within("the end", client.end_session_and_wait(id)).await;
        ended.expect("it ends");
    }
    let asked = Asked {
        turn: answer.request_id,
        mark,
    };
    Lived {
        id,
        way,
        asked,
        watching,
    }
}

/// What a folder of the data directory holds.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

#[tokio::test]
async fn fifty_sessions_leave_no_process_folder_socket_job_or_local_branch() {
    let mut world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let road = Road::to(&world).await;
    let client = road.client(&world).patient(Duration::from_secs(60));
    let all = futures_util::stream::iter(0..SESSIONS)
        .map(|n| lives(&world, &client, &project, n))
        .buffer_unordered(AT_ONCE);
    let all: Vec<Lived> = all.collect().await;
    let left: Vec<SessionId> = all
        .iter()
        .filter(|lived| lived.way == Way::LeftBehind)
        .map(|lived| lived.id)
        .collect();
    let folders: usize = left
        .iter()
        .filter(|id| world.volume(**id).root.exists())
        .count();
    assert_eq!((left.len(), folders), (SESSIONS / 5, SESSIONS / 5));

    // Asked for, and on their way, when the server dies; the next one brings them to their end.
    for id in &left {
        client.end_session(*id).await.expect("it is asked");
    }
    world.take_server().kill();
    world.start_server(&[]);
    road.leads_to(&world);
    for id in &left {
        stands(&world, *id, SessionStatus::Ended).await;
    }

    for lived in all {
        let watched = within("the last event", lived.watching).await;
        let watched: Result<Vec<Event>, _> = watched.expect("no panic").into_iter().collect();
        let branch = format!("session-{}", lived.id);
        let marks = project.file(&branch, "marks").expect("its work is pushed");
        let witnessed = Witnessed {
            session: lived.id,
            data_dir: &world.data_dir(),
            watched: &watched.expect("who watches comes back"),
            asked: &[lived.asked],
            marks: Some(&marks),
            secrets: &[],
        };
        let broken = promises::check(&client, &witnessed).await;
        assert!(broken.is_empty(), "{:?}: {broken:#?}", lived.way);
        assert_eq!(processes_of(lived.id), [0; 0]);
    }
    let data_dir = world.data_dir();
    assert_eq!(names(&data_dir.join("sessions")), [""; 0]);
    let sockets = names(&data_dir.join("run"));
    assert!(
        !sockets.iter().any(|name| name.ends_with(".s")),
        "{sockets:?}"
    );
    until("no session to be counted", async || {
        let status = client.status().await.expect("a status");
        (status.sessions == vwm_api::SessionCounts::default()).then_some(())
    })
    .await;
    // Those that were pushed stay, by design.
    assert_eq!(project.branches().len(), SESSIONS + 1);
}
