//! What is told while the worker learns: events in their order, steps, numbers, and the conversation it learns in.

use futures_util::StreamExt;
use serde_json::json;
use vwm_api::harness::{LEARNING_INDEX, LEARNING_TRANSCRIPT};
use vwm_api::{EndStep, Event, EventBody, Resume, SessionStatus, TurnKind, TurnStatus};
use vwm_tests::{kill, within, without_ids};

use rustix::process::Signal;

use super::{Learner, learned, writes};

impl Learner {
    /// Everything that the session told from its end on.
    pub(super) async fn told(&self) -> Vec<Event> {
        let events = self.world.client().events(self.session, 0);
        let all = events.map(|event| event.expect("the event is one"));
        let all: Vec<_> = within("the session's last event", all.collect()).await;
        let is_end = |event: &Event| {
            let to = SessionStatus::Ending;
            matches!(event.body, EventBody::Status { to: now, .. } if now == to)
        };
        all.into_iter().skip_while(|event| !is_end(event)).collect()
    }

    /// The notices from the session's end on: code and sentence.
    pub(super) async fn notices(&self) -> Vec<(String, String)> {
        let events = self.told().await.into_iter();
        let notice = |event: Event| match event.body {
            EventBody::Notice { code, message } => Some((code, without_ids(&message))),
            _ => None,
        };
        events.filter_map(notice).collect()
    }
}

/// How the conversation that learned began.
pub(super) async fn resume_of_learning(learner: &Learner) -> Resume {
    let turn = learner.record().await.id;
    let events = learner.told().await.into_iter();
    let mut resumes = events.filter_map(|event| match event.body {
        EventBody::Start(start) if start.request_id == turn => Some(start.resume),
        _ => None,
    });
    resumes.next().expect("the turn began")
}

/// All that the tools of the learning turn gave.
pub(super) async fn read_by_learning(learner: &Learner) -> String {
    let turn = learner.record().await.id;
    let mut read = String::new();
    for event in learner.told().await {
        if let EventBody::ToolResult(result) = event.body
            && event.request_id == Some(turn)
        {
            read += result.output["output"].as_str().unwrap_or_default();
            read += result.output.as_str().unwrap_or_default();
        }
    }
    read
}

/// An event of the end, in a line; whether it is of the learning turn stands before it.
fn line(event: &Event) -> String {
    let told = match &event.body {
        EventBody::Status { to, .. } => format!("status {}", to.as_str()),
        EventBody::Notice { code, message } => format!("{code}: {}", without_ids(message)),
        EventBody::Start(_) => "start".to_owned(),
        EventBody::Text(text) => format!("text {text}"),
        EventBody::Thinking(_) => "thinking".to_owned(),
        EventBody::ToolCall(_) => "call".to_owned(),
        EventBody::ToolResult(_) => "result".to_owned(),
        EventBody::Gap { .. } => "gap".to_owned(),
        EventBody::Raw(_) => "raw".to_owned(),
        EventBody::Complete(_) => "complete".to_owned(),
        EventBody::Error(error) => format!("error {}", error.code),
    };
    let whose = if event.request_id.is_some() {
        "turn: "
    } else {
        ""
    };
    format!("{whose}{told}")
}

fn pushed(branch: &str, sha: &str) -> String {
    format!("pushed: {branch} is pushed at {sha}")
}

#[tokio::test]
async fn the_stream_tells_the_turn_then_what_was_pushed_then_what_was_learned_then_the_end() {
    let learner = Learner::scripted(json!([writes(), {"text": "written"}])).await;
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let events = learner.told().await;
    let turn = learner.record().await.id;
    let of_turns: Vec<_> = events.iter().filter_map(|event| event.request_id).collect();
    assert!(of_turns.iter().all(|of| *of == turn), "{of_turns:?}");
    let mut lines: Vec<_> = events.iter().map(line).collect();
    // Both remotes are pushed to at the same time.
    let first = lines
        .iter()
        .position(|line| line.starts_with("pushed"))
        .expect("it is told");
    lines[first..first + 2].sort();
    let own = format!("session-{}", learner.session);
    let expected = [
        "status ending",
        "turn: start",
        "turn: call",
        "turn: result",
        "turn: call",
        "turn: result",
        "turn: text written",
        "turn: complete",
        &pushed("ff-vwm/ID-ID", &learner.knowledge.tip(&learner.branch())),
        &pushed("session-ID", &learner.project.tip(&own)),
        "learned: worker_repo/learnings/session-ID.md",
        "status ended",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_session_shows_its_steps_and_its_numbers_do_not_count_the_learning() {
    let learner = Learner::scripted(json!([{"hold": "learning"}, writes()])).await;
    let client = learner.world.client();
    let before = client.stats(learner.session).await.expect("stats");
    learner.is_asked_to_end().await;
    learner.world.model.held("learning").await;
    learner.reaches(EndStep::Learning).await;
    let row = learner.record().await;
    assert_eq!((row.status, row.completed_at), (TurnStatus::Running, None));
    assert_eq!(row.learning, Some(vwm_api::Learning::default()));
    learner.knowledge.go_away();
    learner.world.model.release("learning");
    learner.reaches(EndStep::Collecting).await;
    let status = client
        .session(learner.session)
        .await
        .expect("it is known")
        .status;
    assert_eq!(status, SessionStatus::Ending);
    learner.knowledge.come_back();
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let after = client.stats(learner.session).await.expect("stats");
    assert_eq!(after, before);
    assert_eq!(after.total_requests, 1);
    let kinds: Vec<_> = learner.rows().await.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [TurnKind::Prompt, TurnKind::Learning]);
}

#[tokio::test]
async fn an_engine_that_remembers_nothing_learns_from_the_transcript() {
    let learner = Learner::scripted(json!([
        {"read": LEARNING_TRANSCRIPT}, {"read": LEARNING_INDEX}, writes(),
    ]))
    .await;
    let harness = learner.world.harness(learner.session);
    kill(harness, Signal::KILL);
    learner
        .world
        .reaches(learner.session, SessionStatus::Suspended)
        .await;
    learner.world.gone(harness).await;
    let memory = learner
        .world
        .volume(learner.session)
        .home()
        .join("acp/scripted-agent");
    std::fs::remove_dir_all(memory).expect("it has a memory");
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    assert_eq!(
        resume_of_learning(&learner).await,
        Resume::FreshAfterFailedResume
    );
    let read = read_by_learning(&learner).await;
    for part in [
        "\"text\":\"work\"",
        "session_repo/notes.md",
        "done",
        "`worker_repo/COMPANY.md`: Who we are",
    ] {
        assert!(read.contains(part), "no {part} in {read}");
    }
}
