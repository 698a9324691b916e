//! The end of a life: the session is ended, and what is left of it is held against what its client knows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use vwm_api::{Event, RequestView, SessionId, TelemetryRow, TurnKind, TurnStatus};
use vwm_client::Client;

use super::driver::{LOOK_AGAIN, Living, Told};
use super::ground::{Ground, PATIENCE};
use super::ledger::{Asked, Ledger};
use super::schedule::Life;
use super::{evidence, host};
use crate::promises::{self, Witnessed};

/// How long the last events may take to reach who watches, behind the end.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// Whether the end waits for what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// It waits.
    None,
    /// It comes in the middle.
    Much,
}

impl Haste {
    pub(super) fn of(life: &Life) -> Self {
        match life.is_cut_short {
            true => Self::Much,
            false => Self::None,
        }
    }
}

/// Ends the session and judges it.
pub(super) async fn end(ground: &Ground, client: &Client, living: Living, haste: Haste) {
    let Living {
        mut ledger,
        mut watched,
    } = living;
    let slot = ledger.slot;
    let session = ledger.session;
    let violation = |fault: String| {
        let what = format!("session {session} (slot {slot}): {fault}");
        ground.tally.violation(what);
        evidence::keep(ground, session);
    };
    let marks = match finish(ground, client, &mut ledger, haste).await {
        Ok(marks) => marks,
        Err(fault) => {
            watched.abort();
            return violation(fault);
        }
    };
    let events = match timeout(LAST_WORDS, &mut watched).await {
        Ok(Ok(events)) => events,
        Ok(Err(error)) => return violation(format!("its watcher failed: {error}")),
        Err(_) => {
            watched.abort();
            return violation("I1: who watches is not told of the end".to_owned());
        }
    };
    let witnessed = Witnessed {
        session,
        data_dir: &ground.data_dir,
        watched: &events,
        asked: &[],
        marks: None,
        secrets: &[],
    };
    for broken in promises::check(client, &witnessed).await {
        ground.tally.violation(broken);
    }
    match rows(client, session).await {
        Ok(rows) => {
            for fault in of_turns(ground, &ledger, &rows, &events) {
                violation(fault);
            }
        }
        Err(fault) => violation(fault),
    }
    for fault in of_marks(&ledger, marks.as_deref()) {
        violation(fault);
    }
}

/// Brings the session to its end; gives the marks that its tools left, where all of them are known.
async fn finish(
    ground: &Ground,
    client: &Client,
    ledger: &mut Ledger,
    haste: Haste,
) -> Told<Option<String>> {
    let mut marks = None;
    match haste {
        Haste::None => {
            settle(ground, client, ledger).await?;
            let ran = host::volume(&ground.data_dir, ledger.session).workspace();
            let ran = std::fs::read_to_string(ran.join(ledger.folder()).join("ran"));
            marks = Some(ran.unwrap_or_default());
        }
        Haste::Much => ledger.excuse_open(),
    }
    match timeout(PATIENCE * 2, client.end_session_and_wait(ledger.session)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(format!("it cannot be ended: {error}")),
        Err(_) => {
            let stands = client.session(ledger.session).await;
            return Err(format!("it did not end in time: {stands:?}"));
        }
    }
    settle(ground, client, ledger).await?;
    let Some(remote) = ledger.remote else {
        return Ok(marks);
    };
    let ended = client.session(ledger.session).await;
    let ended = ended.map_err(|error| format!("it cannot be read: {error}"))?;
    if !ended.unpushed.is_empty() {
        return Err(format!(
            "its work was not pushed, and its remote was there all the time: {:?}",
            ended.unpushed
        ));
    }
    let branch = format!("session-{}", ledger.session);
    let pushed = ground.remotes[remote].file(&branch, "ran");
    let pushed = pushed.unwrap_or_default();
    if marks.as_ref().is_some_and(|marks| *marks != pushed) {
        return Err(format!(
            "the marks of its tools were {marks:?} in the workspace, and {pushed:?} on {branch}"
        ));
    }
    Ok(Some(pushed))
}

/// Waits until no turn is open, and notes how they ended.
pub(super) async fn settle(ground: &Ground, client: &Client, ledger: &mut Ledger) -> Told<()> {
    let session = ledger.session;
    let until = Instant::now() + PATIENCE;
    let slot = ledger.slot;
    for asked in ledger.open() {
        let Some(turn) = asked.turns.last().copied() else {
            continue;
        };
        loop {
            let view: RequestView = client.request(session, turn).await.map_err(|error| {
                format!("turn {turn} was acknowledged and cannot be read: {error}")
            })?;
            if view.status.is_over() {
                let Some(answer) = view.answer else {
                    return Err(format!("turn {turn} is over and has no answer"));
                };
                asked.answer = Some(answer);
                break;
            }
            if Instant::now() > until {
                return Err(format!(
                    "I3: turn {turn} ({}) is {} for too long",
                    asked.mark,
                    view.status.as_str()
                ));
            }
            sleep(LOOK_AGAIN).await;
        }
        if let Some(fault) = unexplained(ground, slot, asked) {
            return Err(fault);
        }
    }
    Ok(())
}

/// A turn that is not complete needs a reason.
fn unexplained(ground: &Ground, slot: usize, asked: &Asked) -> Option<String> {
    let answer = asked.answer.as_ref()?;
    let is_explained = match answer.status {
        TurnStatus::Complete => true,
        TurnStatus::Pending | TurnStatus::Running => false,
        TurnStatus::Cancelled => asked.is_excused,
        TurnStatus::Failed | TurnStatus::OutcomeUnknown => {
            asked.is_excused || asked.work.may_fail() || ground.was_struck(slot, asked.at)
        }
    };
    (!is_explained).then(|| {
        format!(
            "prompt {} ended as {} and nothing explains it: {:?}",
            asked.mark,
            answer.status.as_str(),
            answer.error
        )
    })
}

async fn rows(client: &Client, session: SessionId) -> Told<Vec<TelemetryRow>> {
    match timeout(PATIENCE, client.telemetry(session)).await {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(error)) => Err(format!("its telemetry cannot be read: {error}")),
        Err(_) => Err("its telemetry was not read in time".to_owned()),
    }
}

/// I2: each prompt that was acknowledged is there, once for each time it was asked; nothing else is. I1: a turn's own stream told what
/// the session's told of it.
fn of_turns(
    ground: &Ground,
    ledger: &Ledger,
    rows: &[TelemetryRow],
    events: &[Event],
) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = rows.iter().filter(|row| row.kind == TurnKind::Prompt);
    let mut left: BTreeMap<_, _> = rows.map(|row| (row.id, row)).collect();
    for asked in &ledger.asked {
        for turn in &asked.turns {
            match left.remove(turn) {
                Some(row) if row.status.is_over() => ground.tally.turn(row.status),
                Some(row) => faults.push(format!("turn {turn} is still {}", row.status.as_str())),
                None => faults.push(format!(
                    "I2: turn {turn} ({}) was acknowledged and is lost",
                    asked.mark
                )),
            }
        }
        if let Some(fault) = unexplained(ground, ledger.slot, asked) {
            faults.push(fault);
        }
        if let (Some(streamed), [turn]) = (&asked.streamed, asked.turns.as_slice()) {
            let of_session = events
                .iter()
                .filter(|event| event.request_id == Some(*turn));
            if !streamed.iter().eq(of_session.clone()) {
                let (seen, told) = (streamed.len(), of_session.count());
                faults.push(format!("I1: the stream of turn {turn} told {seen} events and the session's {told}, or others"));
            }
        }
    }
    let more = left.keys().map(|turn| {
        format!("I2: turn {turn} is there, and its prompt was refused or belongs to another")
    });
    faults.extend(more);
    faults
}

/// I2: a tool ran at most once for each try, and at least once for each try that is complete.
fn of_marks(ledger: &Ledger, marks: Option<&str>) -> Vec<String> {
    let Some(marks) = marks else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    for asked in ledger.asked.iter().filter(|asked| asked.work.leaves_mark()) {
        let count = marks.lines().filter(|line| *line == asked.mark).count();
        let is_complete = asked.status() == Some(TurnStatus::Complete);
        let (least, most) = (usize::from(is_complete), asked.turns.len());
        if !(least..=most).contains(&count) {
            faults.push(format!(
                "I2: the tool of prompt {} ran {count} times; it was tried {most} times, and the last try is {}",
                asked.mark,
                asked.status().map_or("unknown", TurnStatus::as_str)
            ));
        }
    }
    faults
}
