//! What the journal knows at the moment of a crash decides: taken runs once, sent never runs again.

use std::fs::File;
use std::io::Write;

use rustix::process::Signal;
use serde_json::{Value, json};
use vwm_api::harness::{Entry, Record};
use vwm_api::{AbortRequest, SessionId, Timestamp, TurnStatus};
use vwm_tests::{World, kill, within};

use super::{
    accepted, answer_of, asking, end_of, file, is_told_to_ask_again, journaled, kill_harness,
    put_file, records, texts, whole_events, world_of, world_of_late_agents,
};

/// Counts its runs in `runs`.
fn work() -> Value {
    json!([{"when": "work", "steps": [{"shell": "echo run >> runs"}, {"text": "done"}]}])
}

/// A session whose turn is in the journal, and whose engine has started and waits to begin.
async fn taken(world: &World) -> SessionId {
    let session = world.session("bob", None).await.id;
    journaled_as_taken(world, session).await;
    session
}

async fn journaled_as_taken(world: &World, session: SessionId) {
    let asked = asking(world, session, "work", "key");
    world.written(session, "starts").await;
    journaled(world, session, "the turn", |entry| {
        accepted(entry).is_some()
    })
    .await;
    asked.abort();
}

fn count_sent(world: &World, session: SessionId) -> usize {
    let records = records(world, session);
    records
        .iter()
        .filter(|record| matches!(record.entry, Entry::Sent { .. }))
        .count()
}

#[tokio::test]
async fn a_turn_that_was_taken_and_not_sent_runs_once_in_the_next_generation() {
    let world = world_of_late_agents(work()).await;
    let session = taken(&world).await;
    assert_eq!(count_sent(&world, session), 0);
    kill_harness(&world, session).await;
    put_file(&world, session, "open");

    let answer = answer_of(asking(&world, session, "work", "key")).await;
    assert_eq!(
        (answer.status, answer.response.as_str()),
        (TurnStatus::Complete, "done")
    );
    assert_eq!(file(&world, session, "runs"), "run\n");
    assert_eq!(file(&world, session, "starts"), "start\nstart\n");
    whole_events(&world, session, 1).await;
}

#[tokio::test]
async fn a_turn_that_was_aborted_before_it_was_sent_never_runs() {
    let world = world_of_late_agents(work()).await;
    let session = taken(&world).await;
    let harness = world.harness(session);
    // It cannot hear of the abort any more.
    kill(harness, Signal::STOP);
    world
        .client()
        .abort(session, &AbortRequest::default())
        .await
        .expect("it is in flight");
    put_file(&world, session, "open");
    kill(harness, Signal::KILL);
    world.gone(harness).await;

    let answer = answer_of(asking(&world, session, "work", "key")).await;
    assert_eq!(end_of(&answer), (TurnStatus::Cancelled, Some("aborted")));
    assert_eq!(file(&world, session, "starts"), "start\n");
    assert_eq!(count_sent(&world, session), 0);
    assert_eq!(file(&world, session, "runs"), "");
}

#[tokio::test]
async fn a_turn_that_was_sent_before_the_engine_heard_of_it_is_not_run_again() {
    let mut world = world_of_late_agents(work()).await;
    let session = taken(&world).await;
    world.take_server().kill();
    kill_harness(&world, session).await;
    // The moment between the record and the prompt's first byte, which nothing outside can hold.
    let known = records(&world, session);
    let turn = known
        .iter()
        .find_map(|record| accepted(&record.entry))
        .expect("it is taken");
    let last = known.last().expect("there are some");
    let sent = Record {
        n: last.n + 1,
        at: Timestamp::now(),
        generation: last.generation,
        entry: Entry::Sent { turn },
    };
    append(&world, session, &sent);
    put_file(&world, session, "open");

    world.start_server(&[]);
    let answer = answer_of(asking(&world, session, "work", "key")).await;
    assert_eq!(
        end_of(&answer),
        (TurnStatus::OutcomeUnknown, Some("outcome_unknown"))
    );
    assert_eq!(world.ask(session, "hello").await.response, "echo: hello");
    assert_eq!(file(&world, session, "runs"), "");
    whole_events(&world, session, 2).await;
}

fn append(world: &World, session: SessionId, record: &Record) {
    let path = world.volume(session).state().join("journal");
    let mut journal = File::options().append(true).open(path).expect("opens");
    let line = serde_json::to_string(record).expect("it is JSON");
    writeln!(journal, "{line}").expect("writes");
}

#[tokio::test]
async fn a_prompt_that_the_engine_has_not_read_yet_is_not_sent_again() {
    let rules = json!([
        {"when": "who", "steps": [{"shell": "echo $PPID > engine.pid"}]},
        {"when": "work", "steps": [{"shell": "echo run >> runs"}]}]);
    let world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    world.ask(session, "who").await;
    let engine = file(&world, session, "engine.pid")
        .trim()
        .parse()
        .expect("a pid");
    kill(engine, Signal::STOP);
    let asked = asking(&world, session, "work", "key");
    within("the prompt to be sent", async {
        while count_sent(&world, session) < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    kill_harness(&world, session).await;

    assert_eq!(answer_of(asked).await.status, TurnStatus::OutcomeUnknown);
    assert_eq!(world.ask(session, "hello").await.response, "echo: hello");
    assert_eq!(file(&world, session, "runs"), "");
}

/// Both die in mid-turn when the store has all that was said, and the journal loses so many bytes of its end.
async fn torn(bytes: u64) {
    let rules = json!([{"when": "talk", "steps": [
        {"shell": "echo run >> runs"}, {"text": "half"}, {"hold": "ever"}]}]);
    let mut world = world_of(rules).await;
    let session = world.session("bob", None).await.id;
    let first = asking(&world, session, "talk", "key");
    within("the agent", world.model.held("ever")).await;
    within("the text to be stored", async {
        let mut events = world.client().events(session, 0);
        use futures_util::StreamExt;
        while let Some(event) = events.next().await {
            if texts(&[event.expect("the event is one")]) == ["half"] {
                return;
            }
        }
    })
    .await;
    world.take_server().kill();
    kill_harness(&world, session).await;
    is_told_to_ask_again(first).await;
    let journal = world.volume(session).state().join("journal");
    let journal = File::options().write(true).open(journal).expect("opens");
    let length = journal.metadata().expect("it is there").len();
    journal.set_len(length - bytes).expect("it is cut");

    world.start_server(&[]);
    let answer = answer_of(asking(&world, session, "talk", "key")).await;
    assert_eq!(
        end_of(&answer),
        (TurnStatus::OutcomeUnknown, Some("outcome_unknown"))
    );
    let recalled = world.ask(session, "RECALL").await;
    assert_eq!(recalled.response, r#"recall: ["talk","RECALL"]"#);
    let events = whole_events(&world, session, 2).await;
    assert_eq!(texts(&events), ["half", r#"recall: ["talk","RECALL"]"#]);
    assert_eq!(file(&world, session, "runs"), "run\n");
    let numbers: Vec<i64> = records(&world, session)
        .iter()
        .map(|record| record.n)
        .collect();
    assert_eq!(
        numbers,
        (1..=numbers.last().copied().expect("some")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_journal_whose_last_record_is_torn_goes_on_behind_what_is_stored() {
    torn(5).await;
}

#[tokio::test]
async fn a_journal_that_lost_records_that_are_stored_goes_on_behind_them() {
    // The text and what came before it, but not what was synced.
    torn(400).await;
}
