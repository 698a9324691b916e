//! Followers: whoever joins whenever sees each event once, and what is no longer kept is told.

use tokio::task::JoinSet;
use vwm_api::{EventBody, Seq, SessionId};
use vwm_store::{EventsKept, Follow, Followed, Store};

use crate::kit::{Kit, said};

both! {
    whoever_joins_at_any_moment_of_a_burst_sees_each_event_once,
    what_is_written_is_serialized_once_for_all_who_follow,
    what_is_no_longer_kept_is_told_once_and_then_what_is,
    a_turn_that_is_over_misses_only_what_may_have_been_its_own,
}

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The numbers in some frames.
fn ids(bytes: &[u8]) -> Vec<Seq> {
    let text = std::str::from_utf8(bytes).unwrap();
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
    ids.map(|id| id.parse().unwrap()).collect()
}

/// Reads up to an event, and returns the numbers of all that came.
async fn read_up_to(follow: &mut Follow, last: Seq) -> Vec<Seq> {
    let mut seqs: Vec<Seq> = Vec::new();
    while seqs.last() != Some(&last) {
        match follow.next().await.unwrap() {
            Followed::Frames(frames) => {
                seqs.extend(frames.iter().flat_map(|frames| ids(&frames.bytes())));
            }
            Followed::Gap { from, to } => panic!("{from} to {to} are kept"),
            Followed::Nothing => follow.changed().await,
        }
    }
    seqs
}

fn notice(store: &Store, session: SessionId) -> impl Future<Output = Seq> {
    let body = EventBody::Notice {
        code: "retry".to_owned(),
        message: "x".repeat(300),
    };
    let store = store.clone();
    async move { store.append_event(session, None, None, body).await.unwrap() }
}

async fn whoever_joins_at_any_moment_of_a_burst_sees_each_event_once(kit: Kit) {
    const RECORDS: i64 = 6_000;
    const OWN: Seq = 200;
    const LAST: Seq = 2 + RECORDS + OWN;
    let session = kit.active().await;
    let turn = kit.prompt(session).await;
    let store = kit.store.clone();
    let mut readers = JoinSet::new();
    for reader in 0..60 {
        let store = store.clone();
        readers.spawn(async move {
            let mut chance = Chance(reader);
            // Each joins when the log has come so far, and begins somewhere in what was.
            let joins = Seq::try_from(chance.below(LAST as u64 - 10)).unwrap();
            let mut watch = store.watch(session);
            while store.last_seq(session).await.unwrap() < joins {
                watch.changed().await;
            }
            let newest = store.last_seq(session).await.unwrap();
            let mut after = Seq::try_from(chance.below(newest as u64 + 1)).unwrap();
            let begin = after;
            let mut all = Vec::new();
            // And is cut a few times, and comes back with its cursor.
            for cut in 1..=4 {
                let up_to = if cut == 4 {
                    LAST
                } else {
                    after + Seq::try_from(chance.below((LAST - after) as u64 + 1)).unwrap()
                };
                let mut follow = store.follow(session, after);
                while after < up_to {
                    match follow.next().await.unwrap() {
                        Followed::Frames(frames) => {
                            let some = frames.iter().flat_map(|frames| ids(&frames.bytes()));
                            all.extend(some);
                            after = *all.last().unwrap();
                        }
                        Followed::Gap { from, to } => panic!("{from} to {to} are kept"),
                        Followed::Nothing => follow.changed().await,
                    }
                }
            }
            assert_eq!(all, (begin + 1..=LAST).collect::<Vec<_>>());
        });
    }
    let own = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..OWN {
                notice(&store, session).await;
            }
        })
    };
    let (mut chance, mut n) = (Chance(99), 0);
    while n < RECORDS {
        let size = i64::try_from(1 + chance.below(80)).unwrap();
        let batch: Vec<_> = (n + 1..=(n + size).min(RECORDS))
            .map(|n| said(n, &turn, &n.to_string()))
            .collect();
        n = store.store_records(session, batch).await.unwrap();
    }
    own.await.unwrap();
    while let Some(read) = readers.join_next().await {
        read.unwrap();
    }
    assert_eq!(store.watched_sessions(), 0);
}

async fn what_is_written_is_serialized_once_for_all_who_follow(kit: Kit) {
    let session = kit.active().await;
    let mut followers = [kit.store.follow(session, 0), kit.store.follow(session, 1)];
    for follow in &mut followers {
        read_up_to(follow, 2).await;
        assert!(matches!(follow.next().await.unwrap(), Followed::Nothing));
    }
    notice(&kit.store, session).await;
    let mut places = Vec::new();
    for follow in &mut followers {
        let Followed::Frames(frames) = follow.next().await.unwrap() else {
            panic!("there is one");
        };
        places.push(frames[0].bytes().as_ptr());
    }
    assert_eq!(places[0], places[1]);
    let [first, second] = followers;
    drop(first);
    assert_eq!(kit.store.watched_sessions(), 1);
    drop(second);
    assert_eq!(kit.store.watched_sessions(), 0);
}

async fn what_is_no_longer_kept_is_told_once_and_then_what_is(kit: Kit) {
    let session = kit.active().await;
    for _ in 0..38 {
        notice(&kit.store, session).await;
    }
    let mut behind = kit.store.follow(session, 5);
    let kept = EventsKept {
        ended_by: None,
        newest: Some(10),
    };
    kit.store.trim_events(session, kept).await.unwrap();
    let Followed::Gap { from, to } = behind.next().await.unwrap() else {
        panic!("events 6 to 30 are gone");
    };
    assert_eq!((from, to), (6, 30));
    let rest = read_up_to(&mut behind, 40).await;
    assert_eq!(rest, (31..=40).collect::<Vec<_>>());
    // One that has all of them misses nothing.
    let mut there = kit.store.follow(session, 30);
    assert_eq!(read_up_to(&mut there, 40).await, rest);
}

async fn a_turn_that_is_over_misses_only_what_may_have_been_its_own(kit: Kit) {
    let session = kit.active().await;
    for _ in 0..18 {
        notice(&kit.store, session).await;
    }
    let turn = kit.prompt(session).await;
    let records = (1..=20).map(|n| said(n, &turn, &n.to_string())).collect();
    kit.store.store_records(session, records).await.unwrap();
    let begins = kit.store.turn_begins_after(turn.id).await.unwrap().unwrap();
    assert_eq!(begins, 20);
    let read = async |after| {
        let read = kit.store.turn_frames_after(session, turn.id, after);
        let (lost, frames) = read.await.unwrap();
        (lost, frames.map(|frames| ids(&frames.bytes())))
    };
    let trim = async |newest| {
        let kept = EventsKept {
            ended_by: None,
            newest: Some(newest),
        };
        kit.store.trim_events(session, kept).await.unwrap();
    };
    trim(20).await;
    assert_eq!(read(20).await, (None, Some((21..=40).collect())));
    assert_eq!(read(40).await, (None, None));
    trim(10).await;
    assert_eq!(read(20).await, (Some((21, 30)), Some((31..=40).collect())));
    assert_eq!(read(35).await, (None, Some((36..=40).collect())));
}
