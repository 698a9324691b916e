//! Every failpoint, along the road of a session. A house rule wants each in the source once, and a test that reaches each.

/// Whose process has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The server.
    Server,
    /// A session's harness.
    Harness,
    /// The program that pushes a branch from its bundle.
    Push,
}

/// One moment of the road.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its name, in the source and in the environment.
    pub name: &'static str,
    /// Whose process passes it.
    pub who: Who,
    /// What is so at that moment.
    pub when: &'static str,
}

const fn at(name: &'static str, who: Who, when: &'static str) -> Point {
    Point { name, who, when }
}

/// All of them, in the order in which a session passes them, server and harness apart.
pub const POINTS: &[Point] = &[
    at(
        "store.create_session.written",
        Who::Server,
        "a session is written and not committed",
    ),
    at(
        "store.create_session.committed",
        Who::Server,
        "a session is committed, and whoever asked has no answer yet",
    ),
    at(
        "store.create_turn.written",
        Who::Server,
        "a turn is written and not committed",
    ),
    at(
        "store.create_turn.committed",
        Who::Server,
        "a turn is committed, and whoever asked knows nothing of it",
    ),
    at(
        "store.offer_turn.written",
        Who::Server,
        "that a turn is offered is written and not committed",
    ),
    at(
        "store.offer_turn.committed",
        Who::Server,
        "that a turn is offered is committed, and no harness has heard of it",
    ),
    at(
        "store.ask_abort.written",
        Who::Server,
        "that a turn shall stop is written and not committed",
    ),
    at(
        "store.ask_abort.committed",
        Who::Server,
        "that a turn shall stop is committed, and no harness has heard of it",
    ),
    at(
        "store.new_generation.written",
        Who::Server,
        "a new generation is written and not committed",
    ),
    at(
        "store.new_generation.committed",
        Who::Server,
        "a new generation is committed, and has no job",
    ),
    at(
        "store.store_records.written",
        Who::Server,
        "records are written and not committed",
    ),
    at(
        "store.store_records.committed",
        Who::Server,
        "records are committed, and nobody is waked",
    ),
    at(
        "store.move_session.written",
        Who::Server,
        "a move of the status is written and not committed",
    ),
    at(
        "store.move_session.committed",
        Who::Server,
        "a move of the status is committed",
    ),
    at(
        "store.suspend_session.written",
        Who::Server,
        "that a session is suspended is written and not committed",
    ),
    at(
        "store.suspend_session.committed",
        Who::Server,
        "a session is suspended, and its job is still there",
    ),
    at(
        "store.ask_resume.written",
        Who::Server,
        "that a session shall resume is written and not committed",
    ),
    at(
        "store.ask_resume.committed",
        Who::Server,
        "a session shall resume, and nobody has heard of it",
    ),
    at(
        "store.end_session.written",
        Who::Server,
        "the order to end is written and not committed",
    ),
    at(
        "store.end_session.committed",
        Who::Server,
        "the order to end is committed, and nobody has heard of it",
    ),
    at(
        "store.set_end_step.written",
        Who::Server,
        "a step of the end is written and not committed",
    ),
    at(
        "store.set_end_step.committed",
        Who::Server,
        "a step of the end is committed",
    ),
    at(
        "store.add_collected.committed",
        Who::Server,
        "one thing of the session is kept, and the next one is not",
    ),
    at(
        "store.set_collected.written",
        Who::Server,
        "what came of the end is written and not committed",
    ),
    at(
        "store.set_collected.committed",
        Who::Server,
        "what came of the end is committed, and nothing is removed",
    ),
    at(
        "server.job.numbered",
        Who::Server,
        "a job has its number and no process",
    ),
    at(
        "server.job.spawned",
        Who::Server,
        "a harness's process runs, and has not been told what to serve",
    ),
    at(
        "server.job.ensured",
        Who::Server,
        "a job is there, and nobody has looked at it",
    ),
    at(
        "server.prepare.asking",
        Who::Server,
        "a harness is to be told everything",
    ),
    at(
        "server.prepare.asked",
        Who::Server,
        "a harness was told everything",
    ),
    at(
        "server.ready",
        Who::Server,
        "a harness is ready, and its session is not active yet",
    ),
    at(
        "server.turn.giving",
        Who::Server,
        "a turn is offered and about to be given",
    ),
    at(
        "server.turn.given",
        Who::Server,
        "a turn is given, and the answer is forgotten",
    ),
    at(
        "server.abort.asking",
        Who::Server,
        "a turn is about to be stopped",
    ),
    at(
        "server.abort.asked",
        Who::Server,
        "a turn was asked to stop",
    ),
    at(
        "server.suspend",
        Who::Server,
        "a session's job is lost, and it is about to be suspended",
    ),
    at(
        "server.pump",
        Who::Server,
        "records are read and not stored",
    ),
    at(
        "server.end.asking",
        Who::Server,
        "a harness is about to be told of the end",
    ),
    at(
        "server.end.asked",
        Who::Server,
        "a harness was told of the end",
    ),
    at(
        "server.step",
        Who::Server,
        "the end is farther than the store knows",
    ),
    at(
        "server.keep.begun",
        Who::Server,
        "all is collected and nothing is kept",
    ),
    at(
        "server.keep.blob",
        Who::Server,
        "a blob is on the disk and no row names it",
    ),
    at(
        "server.remove.begun",
        Who::Server,
        "all is kept and nothing is removed",
    ),
    at(
        "server.remove.stopped",
        Who::Server,
        "the last job is stopped and its volume is there",
    ),
    at(
        "server.remove.renamed",
        Who::Server,
        "the volume has another name and is not deleted",
    ),
    at(
        "server.remove.removed",
        Who::Server,
        "the volume is gone and the store does not know",
    ),
    at(
        "server.finish",
        Who::Server,
        "all is removed, and the session has not ended",
    ),
    at(
        "harness.booted",
        Who::Harness,
        "a harness knows what to serve and holds nothing",
    ),
    at(
        "harness.locked",
        Who::Harness,
        "it holds the volume, and has read nothing",
    ),
    at(
        "harness.settled",
        Who::Harness,
        "what an older generation left is settled, and nobody is told",
    ),
    at(
        "harness.listening",
        Who::Harness,
        "it can be reached, and has said so to nobody",
    ),
    at(
        "harness.prepare.begun",
        Who::Harness,
        "preparation has begun",
    ),
    at(
        "harness.prepare.repositories",
        Who::Harness,
        "the repositories are there, and nothing else",
    ),
    at(
        "harness.prepare.done",
        Who::Harness,
        "all is prepared, and nobody knows",
    ),
    at(
        "harness.turn.accepted",
        Who::Harness,
        "a turn is journaled and no conversation has it",
    ),
    at(
        "harness.turn.opened",
        Who::Harness,
        "the engine is there and `sent` is not journaled",
    ),
    at(
        "harness.turn.sent",
        Who::Harness,
        "`sent` is journaled, and no byte has left",
    ),
    at("harness.turn.asked", Who::Harness, "the prompt has left"),
    at(
        "harness.turn.text",
        Who::Harness,
        "the first text is journaled",
    ),
    at(
        "harness.turn.tool",
        Who::Harness,
        "a tool call is journaled",
    ),
    at(
        "harness.turn.ending",
        Who::Harness,
        "the engine has ended the turn and the journal has not",
    ),
    at(
        "harness.turn.ended",
        Who::Harness,
        "the turn's end is journaled, and nobody is told",
    ),
    at(
        "harness.abort",
        Who::Harness,
        "a turn is about to be stopped",
    ),
    at("harness.end.begun", Who::Harness, "the end has begun"),
    at(
        "harness.end.stopped",
        Who::Harness,
        "nothing runs any more, and nothing is collected",
    ),
    at(
        "harness.end.first",
        Who::Harness,
        "the session's repository is brought out, and its mark stands",
    ),
    at(
        "harness.end.learning",
        Who::Harness,
        "the learning turn is over, and the branches have not gone out",
    ),
    at(
        "harness.end.collected",
        Who::Harness,
        "a branch is collected and not pushed",
    ),
    at(
        "harness.end.pushing",
        Who::Harness,
        "a branch is about to be pushed",
    ),
    at(
        "harness.end.pushed",
        Who::Harness,
        "a remote took a branch, and nobody knows",
    ),
    at(
        "harness.end.told",
        Who::Harness,
        "a push is told, and the end goes on",
    ),
    at(
        "harness.end.bundled",
        Who::Harness,
        "a branch that no remote took is kept, and nobody knows",
    ),
    at(
        "harness.end.learned",
        Who::Harness,
        "what was learned is told, and the transcript is not written",
    ),
    at(
        "harness.end.transcript",
        Who::Harness,
        "the transcript stands, and nobody is told that all is collected",
    ),
    at(
        "harness.end.over",
        Who::Harness,
        "all is collected, and the server does not know",
    ),
    at(
        "push.begun",
        Who::Push,
        "the program that pushes knows what to push",
    ),
    at(
        "push.taken",
        Who::Push,
        "a remote took the branch, and the server does not know",
    ),
];
