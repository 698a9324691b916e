//! How far the harness is, step by step; whoever asks may wait for a change.

use std::time::Duration;

use tokio::sync::watch;
use vwm_api::harness::{Collected, HarnessState, Phase, Step, StepState};

/// How long a question for a newer state is held.
const HELD: Duration = Duration::from_secs(20);

/// The state that is told; the journal's part of it is filled in when it is asked for.
pub(crate) struct State {
    sender: watch::Sender<HarnessState>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            sender: watch::Sender::new(HarnessState {
                version: 1,
                phase: Phase::Blank,
                steps: Vec::new(),
                reason: None,
                wall: None,
                last_n: 0,
                collected: Vec::new(),
                open_turns: Vec::new(),
                learned: None,
                unpushed: Vec::new(),
            }),
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
            if to == StepState::Retrying {
                state.reason = Some(step.detail.clone());
            }
            match state.steps.iter_mut().find(|known| known.name == name) {
                Some(known) => *known = step,
                None => state.steps.push(step),
            }
        });
    }

    pub(crate) fn set_wall(&self, wall: &str) {
        self.change(|state| state.wall = Some(wall.to_owned()));
    }

    pub(crate) fn set_collected(&self, collected: Vec<Collected>) {
        self.change(|state| {
            state.collected = collected;
            state.phase = Phase::Collected;
            state.reason = None;
        });
    }
}
