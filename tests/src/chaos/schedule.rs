//! What shall happen: the lives of the sessions and the strikes against them, each a pure function of the seed.

use std::fmt::Write as _;
use std::time::Duration;

use super::Plan;
use super::chance::Chance;
use super::work::{MANNERS, Manner, Work};

/// One session from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    /// Whether it works on a repository.
    pub(super) on_repository: bool,
    /// What is done with it, in this order.
    pub(super) steps: Vec<Step>,
    /// Whether it is ended in the middle of what it does.
    pub(super) is_cut_short: bool,
}

/// One thing that a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// How long the client waits before it.
    pub(super) pause: Duration,
    /// What it does.
    pub(super) deed: Deed,
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Prompts, and waits for the answer.
    Prompt(Work),
    /// Prompts, and reads the turn's events to the last.
    Stream(Work),
    /// Prompts, and waits for nothing.
    Leave(Work),
    /// Writes a file.
    Write,
    /// Reads the file that it wrote last.
    Read,
    /// Suspends and resumes, and looks whether the workspace stays as it is.
    Suspend,
    /// Aborts all that runs and waits.
    Abort,
    /// Asks again for what did not complete.
    Retry,
    /// Does nothing for longer than the idle timeout.
    Rest,
}

/// What is done to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strike {
    /// When, from the beginning.
    pub(super) at: Duration,
    /// What.
    pub(super) kind: Kind,
    /// Whose, where it is somebody's: the next one who has such a process.
    pub(super) slot: usize,
    /// How long it lasts.
    pub(super) lasts: Duration,
}

/// A kind of strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Kills the server; the next one starts after a while.
    Server,
    /// Likewise, and kills that one while it starts.
    ServerTwice,
    /// Kills a harness.
    Harness,
    /// Kills an engine.
    Engine,
    /// Kills the server, a harness and its engine, all at once.
    All,
    /// Stops the server for a while.
    PauseServer,
    /// Stops a harness for a while.
    PauseHarness,
    /// Stops an engine for a while.
    PauseEngine,
    /// Cuts every client's connections.
    Cut,
    /// Stops the database and starts it again.
    Database,
}

/// What one life is, by who lives it and the how manieth it is.
pub(super) fn life(seed: u64, slot: usize, nth: u64) -> Life {
    let mut chance = Chance::of(seed, &[1, slot as u64, nth]);
    let on_repository = chance.below(4) == 0;
    let count = 4 + chance.below(9);
    let steps = (0..count).map(|_| step(&mut chance)).collect();
    Life {
        on_repository,
        steps,
        is_cut_short: chance.below(4) == 0,
    }
}

fn step(chance: &mut Chance) -> Step {
    let pause = chance.time(0, 700);
    let work = Work {
        manner: chance.pick(&MANNERS),
        is_aside: chance.below(5) == 0,
        pace: chance.time(2, 120),
    };
    let deed = chance.pick(&[
        (8, Deed::Prompt(work)),
        (6, Deed::Stream(work)),
        (6, Deed::Leave(work)),
        (4, Deed::Write),
        (4, Deed::Read),
        (3, Deed::Suspend),
        (2, Deed::Abort),
        (2, Deed::Retry),
        (1, Deed::Rest),
    ]);
    Step { pause, deed }
}

/// All strikes of a run, in their order.
pub(super) fn strikes(plan: &Plan) -> Vec<Strike> {
    let mut chance = Chance::of(plan.seed, &[2]);
    let databases = if plan.can_stop_database() { 2 } else { 0 };
    let mut at = Duration::from_secs(1);
    let mut strikes = Vec::new();
    loop {
        at += chance.time(400, 2_400);
        if at >= plan.lasts() {
            return strikes;
        }
        let kind = chance.pick(&[
            (26, Kind::Server),
            (6, Kind::ServerTwice),
            (26, Kind::Harness),
            (22, Kind::Engine),
            (4, Kind::All),
            (2, Kind::PauseServer),
            (4, Kind::PauseHarness),
            (4, Kind::PauseEngine),
            (6, Kind::Cut),
            (databases, Kind::Database),
        ]);
        strikes.push(Strike {
            at,
            kind,
            slot: usize::try_from(chance.below(plan.sessions as u64)).unwrap_or_default(),
            lasts: chance.time(0, 1_200),
        });
    }
}

/// The schedule in words: every strike, and of each slot the first lives.
pub(super) fn explain(plan: &Plan) -> String {
    let mut text = format!(
        "seed {}, {} s, {} sessions at a time\n",
        plan.seed, plan.seconds, plan.sessions
    );
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    for slot in 0..plan.sessions {
        for nth in 0..3 {
            let life = life(plan.seed, slot, nth);
            let steps = life.steps.iter().map(|step| in_words(step.deed));
            let steps: Vec<String> = steps.collect();
            let repository = if life.on_repository {
                " on a repository"
            } else {
                ""
            };
            let end = if life.is_cut_short {
                "is cut short"
            } else {
                "ends"
            };
            // A String takes all that is written.
            let _ = writeln!(
                text,
                "slot {slot}, life {nth}{repository}: {}, {end}",
                steps.join(", ")
            );
        }
    }
    for strike in strikes(plan) {
        let Strike {
            at,
            kind,
            slot,
            lasts,
        } = strike;
        // Likewise.
        let _ = writeln!(
            text,
            "{}: {kind:?}, slot {slot}, {}",
            seconds(at),
            seconds(lasts)
        );
    }
    text
}

fn in_words(deed: Deed) -> String {
    let of = |name: &str, work: Work| {
        let aside = if work.is_aside { " aside" } else { "" };
        let manner = match work.manner {
            Manner::Says => "says",
            Manner::Tool => "tool",
            Manner::Slow => "slow",
            Manner::Late => "late",
            Manner::Model => "model",
            Manner::Files => "files",
            Manner::Silent => "silent",
            Manner::Fails => "fails",
            Manner::Leaks => "leaks",
            Manner::Deaf => "deaf",
        };
        format!("{name} {manner}{aside}")
    };
    match deed {
        Deed::Prompt(work) => of("prompt", work),
        Deed::Stream(work) => of("stream", work),
        Deed::Leave(work) => of("leave", work),
        Deed::Write => "write".to_owned(),
        Deed::Read => "read".to_owned(),
        Deed::Suspend => "suspend".to_owned(),
        Deed::Abort => "abort".to_owned(),
        Deed::Retry => "retry".to_owned(),
        Deed::Rest => "rest".to_owned(),
    }
}
