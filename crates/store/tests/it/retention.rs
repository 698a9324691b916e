//! What is kept how long: events, what was collected, blobs, and raw output that lies in them.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use vwm_api::{EventBody, SessionId, SessionStatus, Timestamp, Trigger, TurnStatus};
use vwm_store::{BlobHash, EventsKept, Followed, Kept, Trimmed};

use crate::kit::{Kit, accepted, ended, outcome, said};

fn newest(count: u64) -> EventsKept {
    EventsKept {
        newest: Some(count),
        ..EventsKept::default()
    }
}

/// Far enough that whatever ended so far is too old.
fn all_that_ended() -> Timestamp {
    Timestamp::from_micros(Timestamp::now().as_micros() + 60_000_000)
}

async fn end(kit: &Kit, session: SessionId) {
    kit.move_on(session, SessionStatus::Active, Trigger::End)
        .await;
    kit.move_on(session, SessionStatus::Ending, Trigger::Ended)
        .await;
}

/// Trims until nothing is left to trim, and returns the steps.
async fn trim(kit: &Kit, session: SessionId, kept: EventsKept) -> Vec<u64> {
    let mut steps = Vec::new();
    loop {
        let Trimmed { events, is_done } = kit.store.trim_events(session, kept).await.unwrap();
        steps.push(events);
        if is_done {
            return steps;
        }
    }
}

/// The numbers of a session's events, oldest first.
async fn seqs(kit: &Kit, session: SessionId) -> Vec<i64> {
    let frames = kit.store.events_after(session, 0, None, 100_000).await;
    frames.unwrap().iter().map(|frame| frame.seq).collect()
}

async fn the_oldest_events_go_and_those_of_a_turn_that_runs_stay(kit: Kit) {
    let (session, other) = (kit.active().await, kit.active().await);
    let first = kit.prompt(session).await;
    let mut records = vec![accepted(1, &first)];
    records.extend((2..=600).map(|n| said(n, &first, "word")));
    records.push(ended(601, &first, outcome(TurnStatus::Complete)));
    kit.store.store_records(session, records).await.unwrap();
    // Two of the session itself, 599 words and the end.
    assert_eq!(seqs(&kit, session).await.len(), 602);
    let due = kit.store.sessions_to_trim(newest(10)).await.unwrap();
    assert_eq!(due, [session]);
    assert_eq!(trim(&kit, session, newest(10)).await, [256, 256, 80]);
    assert_eq!(seqs(&kit, session).await, (593..=602).collect::<Vec<_>>());
    assert_eq!(kit.store.last_seq(session).await.unwrap(), 602);
    let due = kit.store.sessions_to_trim(newest(10)).await.unwrap();
    assert_eq!(due, []);

    let second = kit.prompt(session).await;
    let waiting = kit.prompt(session).await;
    let mut records = vec![accepted(602, &second)];
    records.extend((603..=652).map(|n| said(n, &second, "word")));
    kit.store.store_records(session, records).await.unwrap();
    assert_eq!(trim(&kit, session, newest(10)).await, [10]);
    assert_eq!(seqs(&kit, session).await, (603..=652).collect::<Vec<_>>());
    assert_eq!(trim(&kit, session, newest(10)).await, [0]);
    // A turn that waits has none that could be lost.
    let end = ended(653, &second, outcome(TurnStatus::Complete));
    kit.store.store_records(session, vec![end]).await.unwrap();
    assert_eq!(trim(&kit, session, newest(10)).await, [41]);
    assert!(kit.store.turn(waiting.id).await.unwrap().is_some());
    // Numbers go on as if nothing had happened.
    let next = kit.store.append_event(
        session,
        None,
        None,
        EventBody::Notice {
            code: "retry".to_owned(),
            message: "again".to_owned(),
        },
    );
    assert_eq!(next.await.unwrap(), 654);
    assert_eq!(seqs(&kit, other).await, [1, 2]);
}

async fn the_events_of_a_session_that_ended_go_and_a_reader_is_told(kit: Kit) {
    let (over, live) = (kit.active().await, kit.active().await);
    end(&kit, over).await;
    let before = EventsKept {
        ended_by: Some(Timestamp::from_micros(1_000_000)),
        ..EventsKept::default()
    };
    assert_eq!(kit.store.sessions_to_trim(before).await.unwrap(), []);
    assert_eq!(trim(&kit, over, before).await, [0]);
    let kept = EventsKept {
        ended_by: Some(all_that_ended()),
        ..EventsKept::default()
    };
    assert_eq!(kit.store.sessions_to_trim(kept).await.unwrap(), [over]);
    assert_eq!(trim(&kit, over, kept).await, [4]);
    assert_eq!(trim(&kit, live, kept).await, [0]);
    assert_eq!(kit.store.sessions_to_trim(kept).await.unwrap(), []);
    assert_eq!(seqs(&kit, over).await, Vec::<i64>::new());
    let mut reader = kit.store.follow(over, 1);
    let told = reader.next().await.unwrap();
    assert!(matches!(told, Followed::Gap { from: 2, to: 4 }), "{told:?}");
    let told = reader.next().await.unwrap();
    assert!(matches!(told, Followed::Nothing), "{told:?}");
    let mut current = kit.store.follow(over, 4);
    let told = current.next().await.unwrap();
    assert!(matches!(told, Followed::Nothing), "{told:?}");
}

fn path_of(kit: &Kit, blob: BlobHash) -> PathBuf {
    let name = blob.to_string();
    kit.folder.path().join("blobs").join(&name[..2]).join(name)
}

/// Makes a blob as old as one that nobody is about to name.
fn age(kit: &Kit, blob: BlobHash) {
    let file = File::options()
        .write(true)
        .open(path_of(kit, blob))
        .unwrap();
    let then = SystemTime::now() - Duration::from_secs(3601);
    file.set_modified(then).unwrap();
}

async fn a_blob_goes_with_the_last_row_that_names_it(kit: Kit) {
    let store = &kit.store;
    let (one, two) = (kit.active().await, kit.active().await);
    let shared = store.blobs().put(b"said".to_vec()).await.unwrap();
    let bundle = store.blobs().put(b"work".to_vec()).await.unwrap();
    let unnamed = store.blobs().put(b"lost".to_vec()).await.unwrap();
    let add = async |session, kind, name, hash| {
        let added = store.add_collected(session, kind, name, hash, 4).await;
        added.unwrap();
    };
    add(one, "transcript", "transcript.jsonl", shared).await;
    add(two, "transcript", "transcript.jsonl", shared).await;
    add(one, "bundle", "session.bundle", bundle).await;
    let is_there = |blob| path_of(&kit, blob).exists();

    // What was put just now may get its row in a moment.
    assert_eq!(store.sweep_blobs().await.unwrap(), 0);
    for blob in [shared, bundle, unnamed] {
        age(&kit, blob);
    }
    assert_eq!(store.sweep_blobs().await.unwrap(), 1);
    assert!(!is_there(unnamed));

    let by = all_that_ended();
    let forget = async |what| store.forget_collected(what, by).await.unwrap();
    assert_eq!(forget(Kept::Transcripts).await, 0);
    end(&kit, one).await;
    assert_eq!(forget(Kept::Transcripts).await, 1);
    assert_eq!(store.sweep_blobs().await.unwrap(), 0);
    assert!(is_there(shared) && is_there(bundle));
    assert_eq!(store.collected(one).await.unwrap().len(), 1);
    assert_eq!(forget(Kept::Workspaces).await, 1);
    assert_eq!(store.sweep_blobs().await.unwrap(), 1);
    assert!(is_there(shared) && !is_there(bundle));
    end(&kit, two).await;
    assert_eq!(forget(Kept::Transcripts).await, 1);
    // Somebody keeps the same again: it is young.
    store.blobs().put(b"said".to_vec()).await.unwrap();
    assert_eq!(store.sweep_blobs().await.unwrap(), 0);
    age(&kit, shared);
    assert_eq!(store.sweep_blobs().await.unwrap(), 1);
    assert!(!is_there(shared));
}

async fn long_raw_output_lies_in_the_blobs_and_every_reader_gets_it(kit: Kit) {
    let store = &kit.store;
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let mut whole = outcome(TurnStatus::Complete);
    whole.raw = "{\"a\":\"ä\"}\n".repeat(20_000);
    let raw = whole.raw.clone();
    let mut live = store.follow(session, 2);
    let records = vec![accepted(1, &turn), ended(2, &turn, whole)];
    store.store_records(session, records).await.unwrap();

    let blob = BlobHash(*blake3::hash(raw.as_bytes()).as_bytes());
    assert_eq!(store.blobs().get(blob).await.unwrap(), raw.as_bytes());
    let rows = "SELECT CAST(sum(length(response)) AS BIGINT) FROM requests";
    assert!(kit.count(rows).await < 1_000);
    let rows = "SELECT CAST(sum(length(body)) AS BIGINT) FROM events";
    assert!(kit.count(rows).await < 2_000);

    let told = |data: &str| {
        let event: Value = serde_json::from_str(data).unwrap();
        event["data"]["raw"]["content"].as_str().unwrap().to_owned()
    };
    let frames = store.events_after(session, 2, None, 10).await.unwrap();
    assert!(told(&frames[0].data) == raw);
    // Who listens has it as it was written, and who comes later as it is stored: to the letter the same.
    let Followed::Frames(frames_live) = live.next().await.unwrap() else {
        panic!("the turn's end is told");
    };
    let text = String::from_utf8(frames_live[0].bytes().to_vec()).unwrap();
    assert!(text == format!("id: 3\ndata: {}\n\n", frames[0].data));
    let turn = store.turn(turn.id).await.unwrap().unwrap();
    assert!(turn.answer.unwrap().raw.unwrap().content == raw);
    let turns = store.turns(session).await.unwrap();
    assert!(
        turns[0]
            .answer
            .as_ref()
            .unwrap()
            .raw
            .as_ref()
            .unwrap()
            .content
            == raw
    );
    let telemetry = store.telemetry(session, None).await.unwrap();
    let response = telemetry[0].response.clone().unwrap();
    assert!(response.raw.unwrap().content == raw);

    // It is named as long as its turn is there; where it is lost all the same, the rest of the answer is told.
    age(&kit, blob);
    assert_eq!(store.sweep_blobs().await.unwrap(), 0);
    fs::remove_file(path_of(&kit, blob)).unwrap();
    let frames = store.events_after(session, 2, None, 10).await.unwrap();
    let lost = format!("[{} bytes are not in blobs/ any more]\n", raw.len());
    assert_eq!(told(&frames[0].data), lost);
}

both!(
    the_oldest_events_go_and_those_of_a_turn_that_runs_stay,
    the_events_of_a_session_that_ended_go_and_a_reader_is_told,
    a_blob_goes_with_the_last_row_that_names_it,
    long_raw_output_lies_in_the_blobs_and_every_reader_gets_it,
);
