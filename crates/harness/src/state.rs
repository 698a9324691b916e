//! How far the harness is, step by step; whoever asks may wait for a change.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use vwm_api::harness::{Collected, HarnessState, Phase, RunningEngine, Step, StepState};
use vwm_api::{Learning, SubsessionId, Timestamp, Unpushed};

/// How long a question for a newer state is held; who asked knows by then whether somebody is still here.
const HELD: Duration = Duration::from_secs(10);

/// What is left of a session beyond its volume.
#[derive(Debug, Default)]
pub(crate) struct AllKept {
    /// The files.
    pub(crate) files: Vec<Collected>,
    /// What came of learning, where it was asked for.
    pub(crate) learned: Option<Learning>,
    /// The branches that no remote has.
    pub(crate) unpushed: Vec<Unpushed>,
}

/// The state that is told; the journal's part of it is filled in when it is asked for.
#[derive(Clone)]
pub(crate) struct State {
    sender: Arc<watch::Sender<HarnessState>>,
}

/// How it stands with the engine of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineIs {
    /// It has a turn.
    Busy,
    /// It has none.
    Idle,
    /// It does not run.
    Gone,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            sender: Arc::new(watch::Sender::new(HarnessState {
                version: 1,
                phase: Phase::Blank,
                steps: Vec::new(),
                reason: None,
                wall: None,
                last_n: 0,
                collected: Vec::new(),
                open_turns: Vec::new(),
                engines: Vec::new(),
                learned: None,
                unpushed: Vec::new(),
            })),
        }
    }

    fn change(&self, change: impl FnOnce(&mut HarnessState)) {
        self.sender.send_modify(|state| {
            change(state);
            state.version += 1;
        });
    }

    pub(crate) fn current(&self) -> HarnessState {
        self.sender.borrow().clone()
    }

    /// The state once its version is above this one, or as it is after a while.
    pub(crate) async fn after(&self, version: u64) -> HarnessState {
        let mut receiver = self.sender.subscribe();
        // Late is as good as changed: the asker asks again.
        let _ =
            tokio::time::timeout(HELD, receiver.wait_for(|state| state.version > version)).await;
        self.current()
    }

    /// Returns once the end has begun.
    pub(crate) async fn until_ending(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender is ours: it does not go before we do.
        let _ = receiver
            .wait_for(|state| matches!(state.phase, Phase::Ending | Phase::Collected))
            .await;
    }

    /// Enters a phase; preparation and end begin with no steps.
    pub(crate) fn enter(&self, phase: Phase, reason: Option<String>) {
        self.change(|state| {
            if matches!(phase, Phase::Preparing | Phase::Ending) {
                state.steps.clear();
            }
            state.phase = phase;
            state.reason = reason;
        });
    }

    /// Tells of one step.
    pub(crate) fn step(&self, name: &str, to: StepState, detail: impl Into<String>) {
        let step = Step {
            name: name.to_owned(),
            state: to,
            detail: detail.into(),
        };
        self.change(|state| {
            match state.steps.iter_mut().find(|known| known.name == name) {
                Some(known) => *known = step,
                None => state.steps.push(step),
            }
            if state.phase == Phase::Ending {
                state.reason = awaited(&state.steps);
            }
        });
    }

    /// Tells of one engine. That it has a turn again is known without being told.
    pub(crate) fn set_engine(&self, subsession: SubsessionId, is: EngineIs) {
        self.sender.send_if_modified(|state| {
            let engines = &mut state.engines;
            let place = engines
                .iter()
                .position(|engine| engine.subsession == subsession);
            let idle_since = (is == EngineIs::Idle).then(Timestamp::now);
            let is_news = match (is, place) {
                (EngineIs::Gone, Some(place)) => {
                    engines.remove(place);
                    true
                }
                (EngineIs::Gone, None) => false,
                (EngineIs::Busy | EngineIs::Idle, Some(place)) => {
                    engines[place].idle_since = idle_since;
                    is == EngineIs::Idle
                }
                (EngineIs::Busy | EngineIs::Idle, None) => {
                    engines.push(RunningEngine {
                        subsession,
                        idle_since,
                    });
                    true
                }
            };
            state.version += u64::from(is_news);
            is_news
        });
    }

    /// Something that is told with it has changed.
    pub(crate) fn touch(&self) {
        self.change(|_| {});
    }

    pub(crate) fn set_wall(&self, wall: &str) {
        self.change(|state| state.wall = Some(wall.to_owned()));
    }

    /// All that is kept can be fetched.
    pub(crate) fn set_collected(&self, kept: AllKept) {
        self.change(|state| {
            state.collected = kept.files;
            state.learned = kept.learned;
            state.unpushed = kept.unpushed;
            state.phase = Phase::Collected;
            state.reason = None;
        });
    }
}

/// What the end waits for; one step's wait does not hide another's.
fn awaited(steps: &[Step]) -> Option<String> {
    let waits: Vec<&str> = steps
        .iter()
        .filter(|step| step.state == StepState::Retrying)
        .map(|step| step.detail.as_str())
        .collect();
    (!waits.is_empty()).then(|| waits.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_tells_of_all_that_it_waits_for_and_of_nothing_that_is_done() {
        let state = State::new();
        state.enter(Phase::Ending, None);
        state.step("session_repository", StepState::Retrying, "one is away");
        state.step("knowledge_base", StepState::Retrying, "two is away");
        let both = "one is away\ntwo is away";
        assert_eq!(state.current().reason.as_deref(), Some(both));
        state.step("session_repository", StepState::Done, "pushed");
        assert_eq!(state.current().reason.as_deref(), Some("two is away"));
        state.step("knowledge_base", StepState::Done, "pushed");
        assert_eq!(state.current().reason, None);
    }
}
