//! A session's time: it counts while there is a job, is told before it is up, and the work is pushed when it is.

use serde_json::json;
use vwm_api::{Event, SessionId, SessionStatus, TurnStatus};
use vwm_tests::{Repository, World, within};

use super::{moves, notices, session_for, shell, stands, told, world_of_bob};

/// Enough for a start on a busy machine.
const SECONDS: u32 = 5;
const REASON: &str =
    "its time is up: it had a job for 5 s; start another, with a longer timeout where it needs one";
const NOTICE: &str = "session_ending";

/// It was told once, and then it ended for that reason.
fn ended_by_its_time(events: &[Event]) {
    let all = moves(events);
    let last: Vec<_> = all.iter().rev().take(2).rev().copied().collect();
    assert_eq!(
        last[0],
        (SessionStatus::Ending, Some(REASON)),
        "{events:#?}"
    );
    assert_eq!(last[1].0, SessionStatus::Ended);
    let told = notices(events, NOTICE);
    assert_eq!(told.len(), 1, "{told:?}");
    let is_told = |sentence: &str| {
        let rest = sentence.strip_prefix("the session's time is up in ")?;
        let (seconds, _) = rest.split_once(" s: then it ends, and its work is pushed")?;
        seconds.parse::<u32>().ok()
    };
    let seconds = is_told(&told[0]).unwrap_or_else(|| panic!("{told:?}"));
    assert!((1..=3).contains(&seconds), "{told:?}");
}

async fn is_gone(world: &World, id: SessionId) {
    let ended = stands(world, id, SessionStatus::Ended).await;
    assert!(ended.active_seconds >= i64::from(SECONDS), "{ended:?}");
    assert!(!world.volume(id).root.exists());
}

#[tokio::test]
async fn a_session_whose_time_is_up_was_told_so_pushes_its_work_and_ends() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let id = session_for(&world, SECONDS, Some(&project)).await;
    let work = shell("echo done > session_repo/work.txt");
    assert_eq!(world.ask(id, &work).await.response, "done");
    ended_by_its_time(&told(&world, id).await);
    is_gone(&world, id).await;
    let branch = format!("session-{id}");
    assert_eq!(project.file(&branch, "work.txt").as_deref(), Some("done\n"));
}

#[tokio::test]
async fn a_turn_that_runs_when_the_time_is_up_is_stopped_and_its_work_is_pushed() {
    let world = world_of_bob(json!({})).await;
    let project = Repository::with(&[("README.md", "# Project\n")]);
    let id = session_for(&world, SECONDS, Some(&project)).await;
    let (client, prompt) = (world.client(), world.prompt("slow"));
    let answer = within("the answer", client.prompt(id, &prompt)).await;
    let answer = answer.expect("it is taken");
    let error = answer.error.expect("nobody opened the gate");
    assert_eq!(
        (answer.status, error.message.as_str()),
        (
            TurnStatus::Cancelled,
            "the session ended while the turn ran"
        )
    );
    ended_by_its_time(&told(&world, id).await);
    is_gone(&world, id).await;
    let branch = format!("session-{id}");
    assert_eq!(
        project.file(&branch, "slow.txt").as_deref(),
        Some("begun\n")
    );
}

#[tokio::test]
async fn a_session_that_sleeps_does_not_age_and_one_without_a_bound_does_not_end() {
    let world = world_of_bob(json!({})).await;
    let client = world.client();
    let asleep = session_for(&world, SECONDS, None).await;
    client.suspend_session(asleep).await.expect("nothing runs");
    let endless = session_for(&world, 0, None).await;
    let other = session_for(&world, SECONDS, None).await;
    // As long as this one lives, the others are there.
    ended_by_its_time(&told(&world, other).await);

    let session = client.session(asleep).await.expect("it is known");
    assert_eq!(session.status, SessionStatus::Suspended);
    assert!(session.active_seconds < i64::from(SECONDS), "{session:?}");
    let session = client.session(endless).await.expect("it is known");
    assert_eq!(session.status, SessionStatus::Active);
    assert!(session.active_seconds >= i64::from(SECONDS), "{session:?}");

    // Its time goes on where it stood.
    assert_eq!(world.ask(asleep, "hello").await.response, "echo: hello");
    ended_by_its_time(&told(&world, asleep).await);
    is_gone(&world, asleep).await;
    assert_eq!(world.ask(endless, "hello").await.response, "echo: hello");
    world.end(endless).await;
    assert_eq!(notices(&told(&world, endless).await, NOTICE), [""; 0]);
}
