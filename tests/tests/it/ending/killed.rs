//! Whatever is killed at whichever step of the end: the next ones go on, and nothing is done twice or left behind.

use std::fs::File;

use futures_util::StreamExt;
use rustix::process::Signal;
use serde_json::json;
use vwm_api::{EndStep, EventBody, Timestamp, TurnKind, TurnStatus};
use vwm_tests::{ASKED_TO_LEARN, Repository, World, kill, until, within};

use super::{Worked, is_kept, repositories, rules};

/// A session whose worker is held before it writes what it learned, and whose remotes count what is pushed.
async fn held_while_it_learns() -> Worked {
    let world = World::start(json!({})).await;
    let agent = rules(&json!("true"), &json!([{"hold": "learning"}]));
    counted(world, agent).await
}

async fn counted(world: World, agent: serde_json::Value) -> Worked {
    let repositories = repositories();
    let urls = repositories.each_ref().map(Repository::url);
    let worked = Worked::with(world, agent, repositories, urls).await;
    worked.both(Repository::count_pushes);
    worked
}

/// Holds what says that something of the session still runs, as long as it is there.
fn running(worked: &Worked) -> File {
    let path = worked.world.volume(worked.session).engines_lock();
    let file = File::open(path).expect("engines have run");
    file.lock_shared().expect("it is held with them");
    file
}

fn next_server(worked: &mut Worked) {
    worked.world.take_server().kill();
    worked.world.start_server(&[]);
}

async fn kill_harness(worked: &Worked) {
    let harness = worked.world.harness(worked.session);
    kill(harness, Signal::KILL);
    worked.world.gone(harness).await;
}

/// The session ended as if nothing had been killed.
async fn ended_well(worked: &Worked) {
    worked.world.end(worked.session).await;
    assert_eq!(worked.is_over().await, []);
    let branches = worked.branches();
    let tips = [
        worked.project.tip(&branches[0]),
        worked.knowledge.tip(&branches[1]),
    ];
    worked.is_at_the_remotes(&tips).await;
    assert_eq!(worked.remotes().map(Repository::pushes), [1, 1]);
    let rows = worked.world.client().telemetry(worked.session).await;
    let rows: Vec<_> = rows
        .expect("telemetry")
        .into_iter()
        .map(|row| (row.kind, row.status, row.response.is_some()))
        .collect();
    let expected = [
        (TurnKind::Prompt, TurnStatus::Complete, true),
        (TurnKind::Learning, TurnStatus::Complete, true),
    ];
    assert_eq!(rows, expected);
    assert!(
        is_kept(&worked.world, ASKED_TO_LEARN),
        "the transcript is whole"
    );

    let events = worked.world.client().events(worked.session, 0);
    let events = events.map(|event| event.expect("the event is one"));
    let events: Vec<_> = within("the session's last event", events.collect()).await;
    let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
    let count = i64::try_from(seqs.len()).expect("few");
    assert_eq!(seqs, (1..=count).collect::<Vec<_>>());
    let mut codes: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Notice { code, .. } => Some(code.as_str()),
            _ => None,
        })
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, ["learned", "pushed", "pushed"]);
}

#[tokio::test]
async fn a_server_that_is_killed_at_each_step_is_followed_by_one_that_goes_on() {
    let mut worked = held_while_it_learns().await;
    worked.project.hold_pushes();

    let lock = running(&worked);
    worked.is_asked_to_end().await;
    worked.reaches(EndStep::Stopping).await;
    next_server(&mut worked);
    worked.reaches(EndStep::Stopping).await;
    drop(lock);

    worked.world.model.held("learning").await;
    worked.reaches(EndStep::Learning).await;
    next_server(&mut worked);
    worked.reaches(EndStep::Learning).await;
    worked.world.model.release("learning");

    worked.project.holds().await;
    worked.reaches(EndStep::Collecting).await;
    next_server(&mut worked);
    worked.reaches(EndStep::Collecting).await;
    let lock = running(&worked);
    worked.project.release_pushes();

    worked.reaches(EndStep::Collected).await;
    next_server(&mut worked);
    worked.reaches(EndStep::Collected).await;
    drop(lock);
    ended_well(&worked).await;
}

/// Both, at once or alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Killed {
    Harness,
    HarnessAndServer,
}

impl Killed {
    async fn happens(self, worked: &mut Worked) {
        if self == Self::HarnessAndServer {
            worked.world.take_server().kill();
        }
        kill_harness(worked).await;
        if self == Self::HarnessAndServer {
            worked.world.start_server(&[]);
        }
    }
}

/// Kills while the work is collected, and once more while it is pushed.
async fn ends_well_in_spite_of(killed: Killed) {
    // Git asks the filter while the work is collected, in the wall.
    let holds = "set -e; cd session_repo; mkdir .git/info; echo 'notes.md filter=slow' > .git/info/attributes; : > ../holding; \
                 git config filter.slow.clean 'echo > ../collecting; while [ -e ../holding ]; do sleep 0.01; done; cat'";
    let agent = rules(&json!(holds), &json!([{"text": "well"}]));
    let mut worked = counted(World::start(json!({})).await, agent).await;
    worked.project.hold_pushes();
    worked.is_asked_to_end().await;
    let workspace = worked.world.volume(worked.session).workspace();
    worked.world.written(worked.session, "collecting").await;
    killed.happens(&mut worked).await;
    std::fs::remove_file(workspace.join("holding")).expect("it was held");

    worked.project.holds().await;
    killed.happens(&mut worked).await;
    worked.project.holds().await;
    worked.project.release_pushes();
    ended_well(&worked).await;
}

#[tokio::test]
async fn a_harness_that_is_killed_while_it_collects_and_pushes_is_followed_by_one_that_goes_on() {
    ends_well_in_spite_of(Killed::Harness).await;
}

#[tokio::test]
async fn harness_and_server_killed_together_while_it_is_collected_and_pushed_lose_nothing() {
    ends_well_in_spite_of(Killed::HarnessAndServer).await;
}

#[tokio::test]
async fn the_deadline_counts_from_the_first_try_of_all() {
    let mut worked = Worked::new("600").await;
    worked.both(Repository::go_away);
    worked.is_asked_to_end().await;
    let [branch, _] = worked.branches();
    let beginning = format!("{branch} is not pushed yet");
    let reason = worked
        .world
        .reason_that_begins(worked.session, &beginning)
        .await;
    let (_, times) = reason.rsplit_once("(since ").expect("it says since when");
    let (since, until_then) = times.split_once(", until ").expect("and until when");
    assert_eq!(until_then, format!("{})", later(since, 600)));

    worked.world.take_server().kill();
    kill_harness(&worked).await;
    worked.world.start_server(&["--end-deadline", "900"]);
    let expected = format!("(since {since}, until {})", later(since, 900));
    let client = worked.world.client();
    until("the next generation to count on", async || {
        let session = client.session(worked.session).await.expect("it is known");
        let reason = session.status_reason.unwrap_or_default();
        (reason.starts_with(&beginning) && reason.ends_with(&expected)).then_some(())
    })
    .await;

    // What is over already is over for the next one, too: it tries once, and keeps what is left.
    worked.world.take_server().kill();
    kill_harness(&worked).await;
    worked.world.start_server(&["--end-deadline", "0"]);
    worked.world.end(worked.session).await;
    let left = worked.is_over().await;
    assert_eq!(left.len(), 2, "{left:?}");
    worked.both(Repository::come_back);
    worked.is_brought_by_push(&left).await;
}

/// So many seconds after a moment.
fn later(moment: &str, seconds: i64) -> Timestamp {
    let moment: Timestamp = serde_json::from_value(json!(moment)).expect("it is a moment");
    Timestamp::from_micros(moment.as_micros() + seconds * 1_000_000)
}
