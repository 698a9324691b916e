//! Random interleavings of what clients, the orchestrator and a harness do at the same time: whatever order the database gives them,
//! a session's log and its turns stay what they promise to be.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, join_all};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::Value;
use vwm_api::harness::Record;
use vwm_api::{
    AbortRequest, EndStep, SessionId, SessionStatus, SubsessionId, Trigger, TurnId, TurnStatus,
};
use vwm_store::{Learn, Learned, Turn, TurnCreated};

use crate::kit::{Kit, accepted, ended, error, learning_turn, new_turn, outcome, said, sent};

both!(whatever_comes_in_whatever_order_a_log_has_no_hole_and_a_turn_one_end,);

/// What is done at the same time with something else.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Prompt {
        aside: bool,
    },
    Abort,
    Move(Trigger),
    End {
        learns: bool,
    },
    NewJob,
    JobGone,
    EndWaiting,
    VolumeLost,
    Reason,
    /// The records behind so many that are stored already.
    Pump {
        again: usize,
    },
}

/// What the one orchestrator and the one harness do, each by itself.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The oldest turn that waits is offered, and taken.
    Take,
    /// The harness goes on with a turn.
    Work { which: usize, fails: bool },
    /// A step of the end.
    GoOnEnding,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => any::<bool>().prop_map(|aside| Deed::Prompt { aside }),
        1 => Just(Deed::Abort),
        3 => Just(Deed::Move(Trigger::Ready)),
        2 => Just(Deed::Move(Trigger::Suspend)),
        1 => Just(Deed::Move(Trigger::Break)),
        1 => Just(Deed::Move(Trigger::GiveUp)),
        1 => Just(Deed::Move(Trigger::Retry)),
        1 => any::<bool>().prop_map(|learns| Deed::End { learns }),
        2 => Just(Deed::NewJob),
        1 => Just(Deed::JobGone),
        1 => Just(Deed::EndWaiting),
        1 => Just(Deed::VolumeLost),
        1 => Just(Deed::Reason),
        6 => (0..4_usize).prop_map(|again| Deed::Pump { again }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Take),
        8 => (0..4_usize, any::<bool>()).prop_map(|(which, fails)| Step::Work { which, fails }),
        1 => Just(Step::GoOnEnding),
    ]
}

async fn whatever_comes_in_whatever_order_a_log_has_no_hole_and_a_turn_one_end(kit: Kit) {
    let config = Config {
        cases: 40,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let rounds = vec((vec(deed(), 1..4), vec(step(), 0..4)), 1..30);
    let here = tokio::runtime::Handle::current();
    let walked = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&rounds, |rounds| {
            here.block_on(Walk::whole(&kit, rounds))
                .map_err(TestCaseError::fail)
        })
    });
    if let Err(fault) = walked {
        panic!("{fault}");
    }
}

/// One session, the journal of its volume, and what was seen of both.
struct Walk<'k> {
    kit: &'k Kit,
    session: SessionId,
    journal: Vec<Record>,
    /// What the harness has taken and not ended, with how far it is.
    taken: Vec<(Turn, usize)>,
    /// How each turn that is over was seen to end.
    over: BTreeMap<TurnId, TurnStatus>,
    /// How often the harness said something of a turn, and whether it ended it.
    told: BTreeMap<TurnId, (usize, bool)>,
}

impl<'k> Walk<'k> {
    async fn whole(kit: &'k Kit, rounds: Vec<(Vec<Deed>, Vec<Step>)>) -> Result<(), String> {
        let mut walk = Self {
            kit,
            session: kit.pending().await,
            journal: Vec::new(),
            taken: Vec::new(),
            over: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        for (deeds, steps) in rounds {
            let status = walk.status().await;
            join_all(deeds.iter().map(|deed| walk.act(*deed, status))).await;
            for step in steps {
                walk.goes_on(step).await;
            }
            walk.check().await?;
        }
        walk.act(Deed::Pump { again: 0 }, SessionStatus::Ended)
            .await;
        walk.check().await?;
        let row = kit.store.session(walk.session).await.unwrap().unwrap();
        same(
            "the records that are stored",
            row.pumped_n,
            walk.journal.len() as i64,
        )
    }

    async fn status(&self) -> SessionStatus {
        let row = self.kit.store.session(self.session).await.unwrap();
        row.unwrap().session.status
    }

    /// Does it, with what was known of the session before any of those that run beside it.
    fn act(&self, deed: Deed, status: SessionStatus) -> BoxFuture<'_, ()> {
        let (store, id) = (&self.kit.store, self.session);
        Box::pin(async move {
            match deed {
                Deed::Prompt { aside } => {
                    let mut new = new_turn(id);
                    if aside {
                        new.subsession = SubsessionId(id.0);
                    }
                    let made = store.create_turn(new, None).await.unwrap();
                    assert!(
                        matches!(made, TurnCreated::New(_) | TurnCreated::SessionIs(_)),
                        "{made:?}"
                    );
                }
                Deed::Abort => {
                    let all = AbortRequest::default();
                    store.ask_abort(id, &all).await.unwrap();
                }
                Deed::Move(trigger) => {
                    store.move_session(id, status, trigger, None).await.unwrap();
                }
                Deed::End { learns } => {
                    let learn = if learns { learning_turn(id) } else { Learn::No };
                    store.end_session(id, status, learn, None).await.unwrap();
                }
                Deed::NewJob => {
                    store.new_generation(id).await.unwrap();
                }
                Deed::JobGone => {
                    let row = store.session(id).await.unwrap().unwrap();
                    store
                        .job_gone(id, row.generation, "it was killed")
                        .await
                        .unwrap();
                }
                Deed::EndWaiting => {
                    let error = error(TurnStatus::Failed, "resume_failed");
                    store.end_waiting_turns(id, error).await.unwrap();
                }
                Deed::VolumeLost => {
                    let error = error(TurnStatus::OutcomeUnknown, "outcome_unknown");
                    store.end_open_turns(id, error).await.unwrap();
                }
                Deed::Reason => {
                    let reason = Some("a harness says more".to_owned());
                    store.set_session_reason(id, reason).await.unwrap();
                }
                Deed::Pump { again } => {
                    let row = store.session(id).await.unwrap().unwrap();
                    let stored = usize::try_from(row.pumped_n).unwrap();
                    let records = self.journal[stored.saturating_sub(again)..].to_vec();
                    store.store_records(id, records).await.unwrap();
                }
            }
        })
    }

    async fn goes_on(&mut self, step: Step) {
        let (store, id) = (&self.kit.store, self.session);
        match step {
            Step::Take => {
                let waiting = store.open_turns(id).await.unwrap();
                let is_new = |turn: &&Turn| {
                    turn.status == TurnStatus::Pending && !self.told.contains_key(&turn.id)
                };
                let Some(turn) = waiting.iter().find(is_new) else {
                    return;
                };
                // Who was offered before may be asked again; who is aborted is not.
                if turn.offered || store.offer_turn(turn.id).await.unwrap() {
                    self.journal.push(accepted(self.next_n(), turn));
                    self.taken.push((turn.clone(), 0));
                    self.told.insert(turn.id, (0, false));
                }
            }
            Step::Work { which, fails } => self.work(which, fails),
            Step::GoOnEnding => {
                let row = store.session(id).await.unwrap().unwrap();
                let step = row.session.end_step;
                match step.filter(|_| row.session.status == SessionStatus::Ending) {
                    Some(EndStep::Stopping | EndStep::Learning | EndStep::Collecting) => {
                        let why = Learned::Lost("nothing is left".to_owned());
                        store.set_collected(id, why, Vec::new()).await.unwrap();
                    }
                    Some(EndStep::Collected) => {
                        let moved = store.set_end_step(id, EndStep::Collected, EndStep::Removed);
                        assert!(moved.await.unwrap());
                    }
                    Some(EndStep::Removed) => {
                        let error = error(TurnStatus::Cancelled, "session_ended");
                        store.end_open_turns(id, error).await.unwrap();
                        let from = SessionStatus::Ending;
                        let moved = store.move_session(id, from, Trigger::Ended, None).await;
                        assert!(moved.unwrap().is_some());
                    }
                    None => {}
                }
            }
        }
    }

    /// Sends it, says two things, ends it.
    fn work(&mut self, which: usize, fails: bool) {
        let (n, count) = (self.next_n(), self.taken.len());
        let Some(at) = which.checked_rem(count) else {
            return;
        };
        let (turn, done) = &mut self.taken[at];
        let told = self.told.get_mut(&turn.id).unwrap();
        *done += 1;
        let record = match done {
            1 => sent(n, turn),
            2 | 3 => {
                told.0 += 1;
                said(n, turn, &format!("{} says {}", turn.id, told.0))
            }
            _ => {
                told.1 = true;
                let status = if fails {
                    TurnStatus::Failed
                } else {
                    TurnStatus::Complete
                };
                ended(n, turn, outcome(status))
            }
        };
        if told.1 {
            self.taken.remove(at);
        }
        self.journal.push(record);
    }

    fn next_n(&self) -> i64 {
        self.journal.len() as i64 + 1
    }

    async fn check(&mut self) -> Result<(), String> {
        let store = &self.kit.store;
        let turns = store.turns(self.session).await.unwrap();
        let row = store.session(self.session).await.unwrap().unwrap();
        let frames = store.events_after(self.session, 0, None, 100_000).await;
        let frames = frames.unwrap();
        let seqs: Vec<i64> = frames.iter().map(|frame| frame.seq).collect();
        same("the numbers", seqs, (1..=row.last_seq).collect())?;

        let (mut stands, mut ends, mut texts) = (Value::Null, BTreeSet::new(), BTreeSet::new());
        for frame in &frames {
            let event: Value = serde_json::from_str(&frame.data).unwrap();
            let (kind, data) = (event["type"].as_str().unwrap(), &event["data"]);
            if kind == "status" {
                same("the status before a move", &data["from"], &stands)?;
                stands = data["to"].clone();
            }
            if kind == "text" && !texts.insert(data.to_string()) {
                return Err(format!("it is told twice: {data}"));
            }
            if let Some(turn) = frame.request_id {
                let is_end = matches!(kind, "complete" | "error");
                if ends.contains(&turn) || (is_end && !ends.insert(turn)) {
                    return Err(format!("behind the end of turn {turn} comes {event}"));
                }
            }
        }
        same(
            "the status",
            stands,
            Value::from(row.session.status.as_str()),
        )?;

        let over = turns.iter().filter(|turn| turn.status.is_over());
        let over: BTreeMap<_, _> = over.map(|turn| (turn.id, turn.status)).collect();
        same(
            "the turns that are over",
            over.keys().copied().collect(),
            ends,
        )?;
        for (turn, was) in &self.over {
            same("how a turn ended", over.get(turn), Some(was))?;
        }
        for turn in &turns {
            self.is_true(turn, row.pumped_n, &texts)?;
        }
        self.over = over;
        if row.session.status == SessionStatus::Ended {
            let open = store.open_turns(self.session).await.unwrap();
            same("turns of an ended session", open, Vec::new())?;
        }
        Ok(())
    }

    /// A turn runs only where the journal says that it was taken, and is complete only where it says so, with all that was said.
    fn is_true(&self, turn: &Turn, pumped: i64, texts: &BTreeSet<String>) -> Result<(), String> {
        let told = self.told.get(&turn.id);
        if turn.status == TurnStatus::Running {
            same("it was taken", told.is_some(), true)?;
        }
        if turn.status == TurnStatus::Complete {
            same("the journal ended it", told.map(|told| told.1), Some(true))?;
            let said = (1..=2).map(|it| Value::from(format!("{} says {it}", turn.id)).to_string());
            let said: Vec<String> = said.collect();
            let missing: Vec<&String> = said.iter().filter(|it| !texts.contains(*it)).collect();
            same("what was said and is not told", missing, Vec::new())?;
        }
        let is_all_pumped = pumped == self.journal.len() as i64;
        if is_all_pumped && told.is_some_and(|told| told.1) {
            same("it is over", turn.status.is_over(), true)?;
        }
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should: T) -> Result<(), String> {
    if is == should {
        return Ok(());
    }
    Err(format!("{what}: is {is:?}, should be {should:?}"))
}
