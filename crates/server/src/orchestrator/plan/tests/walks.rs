//! Random walks: users and a hostile world do anything in any order, and from wherever that leads the plan brings the session to rest.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use vwm_api::Trigger;

use super::*;

/// More than any walk needs to come to rest in a world that is kind.
const STEPS_TO_REST: usize = 100;
/// As the orchestrator counts resumes until a session fails.
const RESUMES: u32 = 5;
const CONVERSATIONS: usize = 3;

/// What happens, but for what the plan does itself.
#[derive(Debug, Clone, Copy)]
enum Event {
    Prompt(usize),
    Abort,
    Suspend,
    Resume,
    End {
        learns: bool,
    },
    Want,
    JobDies,
    VolumeLost,
    PrepareFails,
    HarnessIsOver,
    SettingsChange,
    ServerRestarts,
    Idle,
    TimeUp,
    TimeNearlyUp,
    /// The world goes on by a step.
    World,
    /// The orchestrator looks and acts.
    Pass,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..CONVERSATIONS).prop_map(Event::Prompt),
        1 => Just(Event::Abort),
        1 => Just(Event::Suspend),
        2 => Just(Event::Resume),
        1 => any::<bool>().prop_map(|learns| Event::End { learns }),
        1 => Just(Event::Want),
        3 => Just(Event::JobDies),
        1 => Just(Event::VolumeLost),
        1 => Just(Event::PrepareFails),
        1 => Just(Event::HarnessIsOver),
        1 => Just(Event::SettingsChange),
        1 => Just(Event::ServerRestarts),
        2 => Just(Event::Idle),
        1 => Just(Event::TimeUp),
        1 => Just(Event::TimeNearlyUp),
        12 => Just(Event::World),
        20 => Just(Event::Pass),
    ]
}

/// A session and its world, as simple as they can be.
#[derive(Debug)]
struct World {
    status: SessionStatus,
    end_step: Option<EndStep>,
    conversations: [SubsessionId; CONVERSATIONS],
    turns: Vec<Turn>,
    job: Job,
    had_job: bool,
    failed_starts: u32,
    failed_resumes: u32,
    is_wanted: bool,
    resume_asked: bool,
    is_setup_current: bool,
    is_learning: bool,
    is_pumped: bool,
    due: Option<Due>,
}

impl World {
    fn new() -> Self {
        Self {
            status: SessionStatus::Pending,
            end_step: None,
            conversations: [(); CONVERSATIONS].map(|()| SubsessionId::new()),
            turns: Vec::new(),
            job: Job::Absent,
            had_job: false,
            failed_starts: 0,
            failed_resumes: 0,
            is_wanted: false,
            resume_asked: false,
            is_setup_current: false,
            is_learning: false,
            is_pumped: true,
            due: None,
        }
    }

    fn plan(&self) -> Action {
        let is_quiet = self.status == SessionStatus::Active && self.turns.is_empty();
        let due = self.due.filter(|due| match due {
            Due::Idle { .. } => is_quiet && !self.is_wanted,
            Due::TimeUp | Due::Told { .. } => true,
        });
        plan(&View {
            end_step: self.end_step,
            is_setup_current: self.is_setup_current,
            is_learning: self.is_learning,
            is_pumped: self.is_pumped,
            had_job: self.had_job,
            failed_starts: self.failed_starts,
            is_wanted: self.is_wanted,
            resume_asked: self.resume_asked,
            due,
            ..view(self.status, self.job, &self.turns)
        })
    }

    fn move_by(&mut self, trigger: Trigger) {
        if let Some(to) = self.status.after(trigger) {
            self.status = to;
            (self.due, self.resume_asked) = (None, false);
            if to == SessionStatus::Ending {
                self.end_step = Some(EndStep::Stopping);
            }
        }
    }

    fn happens(&mut self, event: Event) {
        use SessionStatus::{Active, Failed, Suspended};
        let is_open = matches!(self.status, Active | Suspended);
        match event {
            Event::Prompt(at) if is_open => {
                let turn = turn(self.conversations[at], TurnStatus::Pending);
                self.turns.push(turn);
            }
            Event::Abort => self
                .turns
                .iter_mut()
                .for_each(|turn| turn.abort_asked = true),
            Event::Suspend if self.turns.is_empty() => self.move_by(Trigger::Suspend),
            Event::Resume if self.status == Suspended => self.resume_asked = true,
            Event::Resume if self.status == Failed => {
                self.failed_starts = 0;
                self.move_by(Trigger::Retry);
            }
            Event::End { learns } => {
                if learns && is_open {
                    let mut learning = turn(self.conversations[0], TurnStatus::Pending);
                    learning.kind = TurnKind::Learning;
                    self.turns.push(learning);
                }
                self.move_by(Trigger::End);
            }
            Event::Want if is_open || self.status == Failed => self.is_wanted = true,
            Event::JobDies if matches!(self.job, Job::Pending | Job::Up(_)) => self.lose(Job::Gone),
            Event::VolumeLost if self.had_job => self.lose(Job::Absent),
            Event::PrepareFails if self.job == Job::Up(Some(Phase::Preparing)) => {
                self.job = Job::Up(Some(Phase::Failed));
            }
            Event::HarnessIsOver if self.job == Job::Up(Some(Phase::Ready)) && is_open => {
                self.job = Job::Up(Some(Phase::Collected));
            }
            Event::SettingsChange => self.is_setup_current = false,
            Event::ServerRestarts => {
                (self.failed_starts, self.is_wanted, self.is_setup_current) = (0, false, false);
            }
            Event::Idle => {
                let unused_since = Timestamp::from_micros(0);
                self.due = Some(Due::Idle { unused_since });
            }
            Event::TimeUp => self.due = Some(Due::TimeUp),
            Event::TimeNearlyUp => {
                let left = std::time::Duration::from_secs(60);
                self.due = Some(Due::Told { left });
            }
            Event::World => self.goes_on(),
            Event::Pass => self.pass(),
            Event::Prompt(_)
            | Event::Suspend
            | Event::Resume
            | Event::Want
            | Event::JobDies
            | Event::VolumeLost
            | Event::PrepareFails
            | Event::HarnessIsOver => {}
        }
    }

    fn lose(&mut self, job: Job) {
        self.job = job;
        (self.is_setup_current, self.is_learning, self.is_pumped) = (false, false, true);
    }

    /// What a kind world does by itself.
    fn goes_on(&mut self) {
        match self.job {
            Job::Pending => self.job = Job::Up(None),
            Job::Up(None) => self.job = Job::Up(Some(Phase::Blank)),
            Job::Up(Some(Phase::Preparing)) => self.job = Job::Up(Some(Phase::Ready)),
            Job::Up(Some(Phase::Ready)) => {
                let mut turns = self.turns.iter();
                let running = turns.position(|turn| turn.status == TurnStatus::Running);
                if let Some(running) = running {
                    self.turns.remove(running);
                }
            }
            Job::Up(Some(Phase::Ending)) => {
                let mut turns = self.turns.iter();
                match turns.position(|turn| turn.kind == TurnKind::Learning) {
                    Some(learning) if self.is_learning => {
                        self.turns.remove(learning);
                        self.is_learning = false;
                    }
                    Some(_) => self.is_learning = true,
                    None => {
                        (self.job, self.is_pumped) = (Job::Up(Some(Phase::Collected)), false);
                    }
                }
            }
            Job::Up(Some(Phase::Collected)) => self.is_pumped = true,
            Job::Absent | Job::Gone | Job::Up(Some(Phase::Blank | Phase::Failed)) => {}
        }
        // Files are served by any harness that answers, except while the session resumes.
        let serves = matches!(self.job, Job::Up(Some(_)));
        if serves && matches!(self.status, SessionStatus::Active | SessionStatus::Failed) {
            self.is_wanted = false;
        }
    }

    /// The orchestrator looks once, and does what the plan says; that it says nothing forbidden is checked here.
    fn pass(&mut self) {
        let action = self.plan();
        self.check(&action);
        match action {
            Action::NewJob => {
                self.failed_starts += 1;
                (self.job, self.had_job) = (Job::Pending, true);
            }
            Action::Prepare => {
                self.is_setup_current = true;
                if self.job == Job::Up(Some(Phase::Blank)) {
                    self.job = Job::Up(Some(Phase::Preparing));
                }
            }
            Action::Ready => {
                (self.failed_starts, self.failed_resumes) = (0, 0);
                self.move_by(Trigger::Ready);
            }
            Action::GiveUp => self.move_by(Trigger::GiveUp),
            Action::ResumeFailed => {
                self.lose(Job::Gone);
                self.turns.retain(|turn| turn.status == TurnStatus::Running);
                (self.failed_starts, self.is_wanted, self.resume_asked) = (0, false, false);
                self.move_by(Trigger::Suspend);
                self.failed_resumes += 1;
                if self.failed_resumes >= RESUMES {
                    self.turns.clear();
                    self.move_by(Trigger::Break);
                }
            }
            Action::Refuse => (self.failed_starts, self.is_wanted) = (0, false),
            Action::Suspend | Action::SuspendIdle { .. } => self.move_by(Trigger::Suspend),
            Action::TellEnding { .. } => self.due = None,
            Action::TimeUp => self.move_by(Trigger::End),
            Action::Break => {
                self.turns.clear();
                self.move_by(Trigger::Break);
            }
            Action::StopJob => self.lose(Job::Gone),
            Action::StartTurns(ids) => {
                self.failed_starts = 0;
                for turn in self.turns.iter_mut().filter(|turn| ids.contains(&turn.id)) {
                    turn.status = TurnStatus::Running;
                }
            }
            Action::AbortTurns(ids) => self.turns.retain(|turn| !ids.contains(&turn.id)),
            Action::End => {
                self.turns.retain(|turn| turn.kind == TurnKind::Learning);
                self.job = Job::Up(Some(Phase::Ending));
            }
            Action::Step(step) => self.end_step = Some(step),
            Action::Keep | Action::NothingToKeep => self.end_step = Some(EndStep::Collected),
            Action::Remove => {
                self.lose(Job::Absent);
                self.end_step = Some(EndStep::Removed);
            }
            Action::Finish => {
                self.turns.clear();
                self.move_by(Trigger::Ended);
            }
            Action::Wait | Action::Rest => {}
        }
    }

    fn check(&self, action: &Action) {
        if self.status == SessionStatus::Ended {
            assert_eq!(action, &Action::Rest, "an ended session is left alone");
        }
        if self.end_step >= Some(EndStep::Collected) {
            assert_ne!(action, &Action::NewJob, "all is collected: {self:?}");
        }
        match action {
            Action::StartTurns(ids) => {
                assert_eq!(self.status, SessionStatus::Active);
                assert_eq!(self.job, Job::Up(Some(Phase::Ready)));
                for id in ids {
                    let turn = self.turns.iter().find(|turn| turn.id == *id);
                    let conversation = turn.expect("it is open").subsession;
                    let mut of_it = self
                        .turns
                        .iter()
                        .filter(|turn| turn.subsession == conversation);
                    let first = of_it.next().map(|turn| (turn.id, turn.status));
                    assert_eq!(first, Some((*id, TurnStatus::Pending)), "it is its turn");
                }
            }
            Action::Break => assert_eq!(self.job, Job::Absent, "the volume is there"),
            Action::Keep => assert!(self.is_pumped, "records would be lost"),
            Action::Remove => assert_eq!(self.end_step, Some(EndStep::Collected)),
            Action::SuspendIdle { .. } | Action::Suspend => {
                assert!(
                    self.turns.is_empty(),
                    "turns would wait for a job: {self:?}"
                );
            }
            _ => {}
        }
    }

    /// Goes on in a kind world until the plan rests.
    fn comes_to_rest(&mut self) -> Result<(), String> {
        for _ in 0..STEPS_TO_REST {
            match self.plan() {
                Action::Rest => return self.is_well_at_rest(),
                Action::Wait => self.goes_on(),
                _ => self.pass(),
            }
        }
        Err(format!("{:?} again and again: {self:?}", self.plan()))
    }

    fn is_well_at_rest(&self) -> Result<(), String> {
        let has_job = matches!(self.job, Job::Pending | Job::Up(_));
        let fault = match self.status {
            SessionStatus::Pending | SessionStatus::Ending => "it is on its way",
            SessionStatus::Suspended if self.is_wanted || self.resume_asked => "somebody waits",
            SessionStatus::Suspended | SessionStatus::Ended if has_job => "it has a job",
            SessionStatus::Failed if has_job && !self.is_wanted => "it has a job",
            _ if !self.turns.is_empty() => "a turn is open",
            _ => return Ok(()),
        };
        Err(format!("at rest, and {fault}: {self:?}"))
    }
}

#[test]
fn whatever_happens_the_plan_brings_a_session_to_rest_and_breaks_no_promise() {
    let config = Config {
        cases: 400,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..Config::default()
    };
    let walked = TestRunner::new(config).run(&vec(event(), 0..80), |events| {
        let mut world = World::new();
        for event in events {
            let was_ended = world.status == SessionStatus::Ended;
            world.happens(event);
            assert!(!was_ended || world.status == SessionStatus::Ended);
        }
        world
            .comes_to_rest()
            .map_err(proptest::test_runner::TestCaseError::fail)
    });
    if let Err(fault) = walked {
        panic!("{fault}");
    }
}

#[test]
fn from_every_status_the_end_can_be_reached_and_nothing_leads_out_of_it() {
    const TRIGGERS: [Trigger; 7] = [
        Trigger::Ready,
        Trigger::Suspend,
        Trigger::Break,
        Trigger::End,
        Trigger::Ended,
        Trigger::GiveUp,
        Trigger::Retry,
    ];
    for status in SessionStatus::ALL {
        let after = |status: SessionStatus| TRIGGERS.map(|trigger| status.after(trigger));
        let mut reached = vec![status];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            let next = after(from).into_iter().flatten();
            let new: Vec<_> = next.filter(|to| !reached.contains(to)).collect();
            reached.extend(new);
            at += 1;
        }
        assert!(reached.contains(&SessionStatus::Ended), "{status:?}");
    }
    assert_eq!(TRIGGERS.map(|it| SessionStatus::Ended.after(it)), [None; 7]);
}
