//! Sessions that learn nothing, and why; sessions that learn in spite of what their prompts did.

use serde_json::{Value, json};
use vwm_api::{Learning, Prompt, SessionStatus, SubsessionId, TelemetryRow, TurnKind, TurnStatus};
use vwm_tests::{Door, World, within};

use super::{Learner, learned, repositories, worker, writes};

fn learning() -> Value {
    json!([writes(), {"text": "written"}])
}

/// A session that was never asked, of a worker that differs so from one that learns.
async fn idle(differs: Value) -> Learner {
    Learner::idle(World::start(json!({})).await, learning(), differs).await
}

/// Why nothing was learned; that nobody was asked, and that it is told and recorded once.
async fn skipped(learner: &Learner) -> String {
    learner.world.end(learner.session).await;
    learner.is_over().await;
    let row = learner.record().await;
    let why = row.learning.clone().and_then(|learning| learning.skipped);
    let why = why.expect("nothing was learned");
    let expected = TelemetryRow {
        id: row.id,
        session_id: learner.session,
        worker_id: row.worker_id,
        subsession_id: SubsessionId::main(learner.session),
        kind: TurnKind::Learning,
        key_id: None,
        prompt: String::new(),
        response: None,
        tokens_in: None,
        tokens_out: None,
        cost_usd: None,
        model: None,
        status: TurnStatus::Cancelled,
        error: None,
        retry_of: None,
        duration_ms: None,
        artifacts: vec![],
        breadcrumbs: vec![],
        created_at: row.created_at,
        completed_at: Some(row.created_at),
        learning: Some(Learning {
            skipped: Some(why.clone()),
            ..Learning::default()
        }),
    };
    assert_eq!(row, expected);
    let mut told = learner.notices().await;
    told.retain(|(code, _)| code.ends_with("learned"));
    assert_eq!(told, [("not_learned".to_owned(), why.clone())]);
    assert_eq!(learner.asked(), 0);
    for branch in learner.knowledge.branches() {
        assert_eq!(learner.knowledge.tip(&branch), learner.base[1], "{branch}");
    }
    why
}

#[tokio::test]
async fn a_worker_that_does_not_learn_has_neither_record_nor_file_nor_turn() {
    let learner = idle(json!({"autoLearn": false})).await.at_work().await;
    learner.world.end(learner.session).await;
    learner.is_over().await;
    let kinds: Vec<_> = learner.rows().await.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [TurnKind::Prompt]);
    assert_eq!((learner.asked(), learner.proposed()), (0, vec![]));
    let told = learner.notices().await;
    assert!(told.iter().all(|(code, _)| code == "pushed"), "{told:?}");
}

#[tokio::test]
async fn a_worker_without_a_knowledge_base_is_warned_and_the_record_says_why() {
    let learner = idle(json!({"workerRepoUrl": null})).await.at_work().await;
    let client = learner.world.client();
    let warned = "without a knowledge base nothing will be learned; set `workerRepoUrl`, or turn `autoLearn` off";
    let bob = client.worker(learner.worker).await.expect("he is there");
    let session = client.session(learner.session).await.expect("it is known");
    for warnings in [bob.warnings, session.warnings] {
        let found = warnings.iter().find(|warning| warning.path == "autoLearn");
        assert_eq!(found.map(|it| it.message.as_str()), Some(warned));
    }
    assert_eq!(skipped(&learner).await, "the worker has no workerRepoUrl");
}

#[tokio::test]
async fn a_session_without_a_prompt_has_nothing_to_learn_from() {
    let learner = idle(json!({})).await;
    assert_eq!(skipped(&learner).await, "no prompt was completed");
}

#[tokio::test]
async fn a_session_whose_prompts_all_failed_has_nothing_to_learn_from() {
    let learner = idle(json!({})).await;
    let prompt = r#"SCRIPT: {"fail": "boom"}"#;
    let answer = learner.world.ask(learner.session, prompt).await;
    assert_eq!(answer.status, TurnStatus::Failed);
    assert_eq!(skipped(&learner).await, "no prompt was completed");
}

#[tokio::test]
async fn a_session_that_is_still_pending_learns_nothing() {
    let door = Door::silent();
    let learner = with_project(&door.url).await;
    let client = learner.world.client();
    let now = client.session(learner.session).await.expect("it is known");
    assert_eq!(now.status, SessionStatus::Pending);
    assert_eq!(skipped(&learner).await, "the session was not active yet");
}

#[tokio::test]
async fn a_session_that_had_failed_learns_nothing() {
    let learner = with_project("file:///nowhere/project.git").await;
    let failed = SessionStatus::Failed;
    learner.world.reaches(learner.session, failed).await;
    assert_eq!(skipped(&learner).await, "the session had failed");
}

/// A new session on a repository that may not be there.
async fn with_project(url: &str) -> Learner {
    let world = World::start(json!({})).await;
    let (project, knowledge) = repositories();
    let worker = worker(&world, &knowledge, &learning(), json!({})).await;
    let session = world.new_session_at("bob", Some(url)).await.id;
    Learner::of(world, [project, knowledge], worker, session)
}

#[tokio::test]
async fn two_who_end_a_session_at_once_make_it_learn_once() {
    let learner = idle(json!({})).await.at_work().await;
    let end = || learner.world.end(learner.session);
    tokio::join!(end(), end(), end(), end());
    assert_eq!(learner.end().await, learned(TurnStatus::Complete));
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

#[tokio::test]
async fn a_prompt_that_runs_is_cancelled_and_the_session_learns_from_earlier_ones() {
    let learner = idle(json!({})).await.at_work().await;
    let (answer, ()) = tokio::join!(learner.world.ask(learner.session, "wait"), async {
        learner.world.model.held("prompt").await;
        learner.is_asked_to_end().await;
    });
    let error = answer.error.expect("it did not complete");
    assert_eq!(
        (answer.status, error.code.as_str()),
        (TurnStatus::Cancelled, "session_ended")
    );
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
}

#[tokio::test]
async fn a_session_whose_only_prompt_runs_has_nothing_to_learn_from() {
    let learner = idle(json!({})).await;
    let (answer, ()) = tokio::join!(learner.world.ask(learner.session, "wait"), async {
        learner.world.model.held("prompt").await;
        learner.is_asked_to_end().await;
    });
    assert_eq!(answer.status, TurnStatus::Cancelled);
    assert_eq!(skipped(&learner).await, "no prompt was completed");
}

#[tokio::test]
async fn a_session_of_several_conversations_learns_once_from_all_of_them() {
    let steps = json!([{"read": vwm_api::harness::LEARNING_TRANSCRIPT}, writes()]);
    let world = World::start(json!({})).await;
    let learner = Learner::idle(world, steps, json!({})).await;
    let client = learner.world.client();
    for prompt in ["work on the first", "work on the second"] {
        let prompt = Prompt {
            subsession_id: Some(SubsessionId::new()),
            ..learner.world.prompt(prompt)
        };
        let answer = within("the answer", client.prompt(learner.session, &prompt)).await;
        assert_eq!(answer.expect("it is taken").status, TurnStatus::Complete);
    }
    assert_eq!(learner.ends().await, learned(TurnStatus::Complete));
    let read = super::told::read_by_learning(&learner).await;
    for prompt in ["work on the first", "work on the second"] {
        assert!(read.contains(prompt), "{read}");
    }
}
