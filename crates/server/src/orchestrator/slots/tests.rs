//! Who gets a slot, and when, over turns of a few workers and sessions.

use vwm_api::{SubsessionId, TurnStatus};

use super::*;

/// Turns that are named by the order in which they were asked for.
struct Table {
    slots: Slots,
    workers: [WorkerId; 2],
    turns: Vec<Turn>,
}

impl Table {
    /// Each turn's worker, and its session by a number.
    fn new(server: u64, worker: u64, turns: &[(usize, usize)]) -> Self {
        let bound = |limit: u64| (limit > 0).then_some(limit);
        let workers = [WorkerId::new(), WorkerId::new()];
        let sessions = [(); 8].map(|()| SessionId::new());
        let turn = |(at, (worker, session)): (usize, &(usize, usize))| Turn {
            id: TurnId::new(),
            session: sessions[*session],
            worker_id: workers[*worker],
            subsession: SubsessionId::new(),
            kind: TurnKind::Prompt,
            prompt: String::new(),
            timeout_s: 60,
            breadcrumbs: Vec::new(),
            status: TurnStatus::Pending,
            offered: false,
            abort_asked: false,
            retry_of: None,
            created_at: Timestamp::from_micros(at as i64),
            started_at: None,
            completed_at: None,
            answer: None,
        };
        Self {
            slots: Slots {
                limits: SlotLimits {
                    server: bound(server),
                    worker: bound(worker),
                },
                places: Mutex::default(),
            },
            workers,
            turns: turns.iter().enumerate().map(turn).collect(),
        }
    }

    fn take(&self, turn: usize) -> bool {
        self.slots.take(&self.turns[turn])
    }

    /// Settles the session of a turn, of which these are open and ready; returns the turns of the sessions that are waked.
    fn settle(&self, turn: usize, open: &[usize], is_ready: bool) -> Vec<usize> {
        let open: Vec<Turn> = open.iter().map(|turn| self.turns[*turn].clone()).collect();
        let session = self.turns[turn].session;
        let waked = self.slots.settle(session, &open, is_ready);
        let is_waked = |turn: &usize| waked.contains(&self.turns[*turn].session);
        (0..self.turns.len()).filter(is_waked).collect()
    }

    fn reason(&self, turn: usize) -> Option<WaitReason> {
        let turn = &self.turns[turn];
        self.slots.reason(turn.id, turn.created_at)
    }
}

#[test]
fn who_waits_longest_is_first_whoever_asks_again_in_between() {
    let table = Table::new(2, 0, &[(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]);
    // The fourth comes to the line before the third.
    let taken = [0, 1, 3, 2, 4].map(|turn| table.take(turn));
    assert_eq!(taken, [true, true, false, false, false]);
    assert_eq!(table.reason(2), Some(WaitReason::ServerLimit));
    assert_eq!(table.settle(0, &[0], true), Vec::<usize>::new());
    assert_eq!(table.settle(1, &[], true), [2]);
    // What was given is not taken by one who only asks more often.
    assert_eq!([4, 3, 2].map(|turn| table.take(turn)), [false, false, true]);
    assert_eq!(table.settle(0, &[], true), [3]);
    assert_eq!(table.settle(2, &[], true), [4]);
    assert_eq!((table.reason(3), table.reason(4)), (None, None));
}

#[test]
fn a_worker_at_its_own_limit_is_passed_over_and_keeps_its_place() {
    let table = Table::new(3, 1, &[(0, 0), (0, 1), (1, 2), (1, 3), (0, 4)]);
    let taken = [0, 1, 2, 3, 4].map(|turn| table.take(turn));
    assert_eq!(taken, [true, false, true, false, false]);
    assert_eq!(table.reason(1), Some(WaitReason::WorkerLimit));
    // The other worker's next one, although an older turn waits.
    assert_eq!(table.settle(2, &[], true), [3]);
    assert_eq!(table.settle(0, &[], true), [1]);
    assert_eq!(table.settle(1, &[], true), [4]);
    assert_eq!(
        table.slots.places().of_worker.get(&table.workers[0]),
        Some(&1)
    );
    let both = Table::new(1, 1, &[(0, 0), (1, 1), (0, 2)]);
    assert_eq!([0, 1, 2].map(|turn| both.take(turn)), [true, false, false]);
    let reasons = [1, 2].map(|turn| both.reason(turn));
    let expected = [WaitReason::ServerLimit, WaitReason::WorkerLimit];
    assert_eq!(reasons, expected.map(Some));
}

#[test]
fn a_session_that_is_not_ready_gives_back_what_no_harness_knows_of() {
    let mut table = Table::new(2, 0, &[(0, 0), (0, 0), (0, 1), (0, 2)]);
    assert_eq!([0, 1, 2].map(|turn| table.take(turn)), [true, true, false]);
    table.turns[0].offered = true;
    // Of the first session's two turns a harness may have one: that one stays.
    assert_eq!(table.settle(0, &[0, 1], false), [2]);
    assert!(!table.take(3));
    // It comes back to the place in the line that its age gives it.
    assert!(!table.take(1));
    assert_eq!(table.settle(2, &[], true), [0, 1]);
    // Places in the line go as well.
    assert_eq!(table.settle(3, &[3], false), Vec::<usize>::new());
    assert_eq!(table.reason(3), None);
}

#[test]
fn an_aborted_turn_leaves_the_line_and_gives_its_slot_on_unless_a_harness_has_it() {
    let mut table = Table::new(1, 0, &[(0, 0), (0, 1), (0, 2)]);
    assert_eq!([0, 1, 2].map(|turn| table.take(turn)), [true, false, false]);
    table.turns[1].abort_asked = true;
    assert_eq!(table.settle(1, &[1], true), Vec::<usize>::new());
    table.turns[0].abort_asked = true;
    table.turns[0].offered = true;
    assert_eq!(table.settle(0, &[0], true), Vec::<usize>::new());
    assert_eq!(table.settle(0, &[], true), [2]);
}

#[test]
fn after_a_restart_turns_that_run_have_theirs_also_above_the_limit() {
    let mut table = Table::new(1, 0, &[(0, 0), (0, 1), (0, 2)]);
    for turn in &mut table.turns[..2] {
        turn.offered = true;
    }
    let holder = |turn: &Turn| SlotHolder {
        id: turn.id,
        session: turn.session,
        worker_id: turn.worker_id,
    };
    table.slots.keep(&[holder(&table.turns[0])]);
    // The second one is found by its session's look: it runs all the same.
    assert_eq!([2, 1, 0].map(|turn| table.take(turn)), [false, true, true]);
    assert_eq!(table.settle(0, &[], true), Vec::<usize>::new());
    assert_eq!(table.settle(1, &[], true), [2]);
}

#[test]
fn without_a_limit_nothing_is_kept_in_mind_and_learning_is_never_counted() {
    let table = Table::new(0, 0, &[(0, 0), (0, 1)]);
    assert!(table.take(0) && table.take(1) && !table.slots.are_bounded());
    assert!(table.slots.places().held.is_empty());
    let mut table = Table::new(1, 1, &[(0, 0), (0, 1)]);
    table.turns[0].kind = TurnKind::Learning;
    assert!(table.take(0) && table.take(1));
}
