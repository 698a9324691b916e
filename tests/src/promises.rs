//! What VWM promises, checked on a session that is over, whatever happened to it: each promise that does not hold is one sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use vwm_api::{Event, EventBody, SessionId, SessionStatus, TurnId, TurnStatus};
use vwm_client::Client;

use crate::process;

/// How long a session that is over may take to be gone from the machine, and its events to be read.
const PATIENCE: Duration = Duration::from_secs(20);

/// A prompt whose tool leaves its mark, once for each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The turn that it became.
    pub turn: TurnId,
    /// The line that its tool leaves.
    pub mark: String,
}

/// What is known of a session from outside.
#[derive(Debug, Clone)]
pub struct Witnessed<'a> {
    /// The session, which has ended.
    pub session: SessionId,
    /// The server's data directory.
    pub data_dir: &'a Path,
    /// What somebody saw who watched it from the first event to the last, and came back whenever he was cut off.
    pub watched: &'a [Event],
    /// All that it was asked and that became a turn.
    pub asked: &'a [Asked],
    /// The lines that its tools left, where they outlive the session; none where nobody looks.
    pub marks: Option<&'a str>,
    /// What must not be on the disk.
    pub secrets: &'a [String],
}

/// Checks every promise; gives a sentence for each that is broken.
pub async fn check(client: &Client, it: &Witnessed<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    match stored(client, it.session).await {
        Ok(events) => {
            broken.extend(order(&events));
            broken.extend(turns(&events));
            broken.extend(moves(&events));
            if it.watched != events {
                broken.push(differs(it.watched, &events));
            }
        }
        Err(fault) => broken.push(fault),
    }
    broken.extend(runs(client, it).await);
    broken.extend(is_over(client, it).await);
    broken.extend(leaks(it.data_dir, it.secrets));
    let named = |broken: String| format!("session {}: {broken}", it.session);
    broken.into_iter().map(named).collect()
}

/// All events of a session that has ended.
async fn stored(client: &Client, session: SessionId) -> Result<Vec<Event>, String> {
    let events = client.events(session, 0).collect::<Vec<_>>();
    match tokio::time::timeout(PATIENCE, events).await {
        Ok(events) => events
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|error| format!("I1: its events cannot be read: {error}")),
        Err(_) => Err("I1, I3: its events do not end: it is not over".to_owned()),
    }
}

/// I1: events are numbered from 1, without a hole.
#[must_use]
pub fn order(events: &[Event]) -> Vec<String> {
    let wrong = events
        .iter()
        .zip(1..)
        .find(|(event, seq)| event.seq != *seq);
    let told = |(event, seq): (&Event, i64)| {
        format!(
            "I1: where event {seq} should be is {}: {event:?}",
            event.seq
        )
    };
    wrong.map(told).into_iter().collect()
}

/// I1 and I2: each turn begins at most once and has one last event, behind which nothing of it comes.
#[must_use]
pub fn turns(events: &[Event]) -> Vec<String> {
    let mut broken = Vec::new();
    let (mut begun, mut over, mut all) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for event in events {
        let Some(turn) = event.request_id else {
            continue;
        };
        all.insert(turn);
        if over.contains(&turn) {
            broken.push(format!(
                "I1: event {} comes behind the last one of turn {turn}",
                event.seq
            ));
        }
        if matches!(event.body, EventBody::Start(_)) && !begun.insert(turn) {
            broken.push(format!(
                "I2: turn {turn} begins again with event {}",
                event.seq
            ));
        }
        if event.body.ends_turn() {
            over.insert(turn);
        }
    }
    let open = all.difference(&over);
    broken.extend(open.map(|turn| format!("I1: turn {turn} has no last event")));
    broken
}

/// I3: each move of the status begins where the one before ended, and the last one is the end.
#[must_use]
pub fn moves(events: &[Event]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut stands = None;
    for event in events {
        if let EventBody::Status { from, to, .. } = &event.body {
            if *from != stands {
                broken.push(format!(
                    "I3: event {} moves from {from:?}, but the status was {stands:?}",
                    event.seq
                ));
            }
            stands = Some(*to);
        }
    }
    if stands != Some(SessionStatus::Ended) {
        broken.push(format!("I3: its last status is {stands:?}"));
    }
    broken
}

/// Where two readers' events part.
fn differs(watched: &[Event], stored: &[Event]) -> String {
    let at = watched.iter().zip(stored).position(|(a, b)| a != b);
    let at = at.unwrap_or_else(|| watched.len().min(stored.len()));
    format!(
        "I1: who watched saw {} events and the store has {}; they part at {:?} and {:?}",
        watched.len(),
        stored.len(),
        watched.get(at),
        stored.get(at)
    )
}

/// I2: a tool ran at most once for each prompt, and once where the prompt is answered; no turn is open.
async fn runs(client: &Client, it: &Witnessed<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for asked in it.asked {
        let Asked { turn, mark } = asked;
        let status = match client.request(it.session, *turn).await {
            Ok(view) => view.status,
            Err(error) => {
                broken.push(format!("I2: turn {turn} is not known any more: {error}"));
                continue;
            }
        };
        if !status.is_over() {
            broken.push(format!("I3: turn {turn} is still {}", status.as_str()));
        }
        let Some(marks) = it.marks else { continue };
        let count = marks.lines().filter(|line| line == mark).count();
        let may = match status {
            TurnStatus::Complete => count == 1,
            TurnStatus::Pending
            | TurnStatus::Running
            | TurnStatus::Failed
            | TurnStatus::Cancelled
            | TurnStatus::OutcomeUnknown => count <= 1,
        };
        if !may {
            let status = status.as_str();
            broken.push(format!(
                "I2: turn {turn} is {status}, and its tool ran {count} times ({mark})"
            ));
        }
    }
    broken
}

/// I3 and I4: it says that it has ended, and nothing of it runs or lies about.
async fn is_over(client: &Client, it: &Witnessed<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    match client.session(it.session).await {
        Ok(session) if session.status == SessionStatus::Ended => {}
        Ok(session) => broken.push(format!(
            "I3: it is {}: {:?}",
            session.status.as_str(),
            session.status_reason
        )),
        Err(error) => broken.push(format!("I3: it is not known any more: {error}")),
    }
    let left = || left_of(it.data_dir, it.session);
    let until = std::time::Instant::now() + PATIENCE;
    // A process that has just been waited for may be seen a moment longer.
    while !left().is_empty() && std::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let left = left();
    if !left.is_empty() {
        broken.push(format!("I4: of it is left: {}", left.join(", ")));
    }
    broken
}

/// What a machine still has of a session: processes, its folder, its socket.
fn left_of(data_dir: &Path, session: SessionId) -> Vec<String> {
    let processes = process::processes_of(session).into_iter();
    let mut left: Vec<String> = processes.map(|pid| format!("process {pid}")).collect();
    let sessions = data_dir.join("sessions");
    let places = [
        sessions.join(session.to_string()),
        sessions.join(format!(".removed-{session}")),
        data_dir
            .join("run")
            .join(format!("{}.s", session.0.simple())),
    ];
    let there = places.iter().filter(|place| place.exists());
    left.extend(there.map(|place| place.display().to_string()));
    left
}

/// I6: no byte of a secret is in the data directory, but in the one file that an admin's key is for.
#[must_use]
pub fn leaks(data_dir: &Path, secrets: &[String]) -> Vec<String> {
    let mut broken = Vec::new();
    if secrets.is_empty() {
        return broken;
    }
    for (path, bytes) in files(data_dir) {
        if path.file_name().is_some_and(|name| name == "admin.key") {
            continue;
        }
        let holds = |secret: &&String| {
            !secret.is_empty()
                && bytes
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes())
        };
        if let Some(secret) = secrets.iter().find(holds) {
            let beginning: String = secret.chars().take(7).collect();
            broken.push(format!("I6: {beginning}… is in {}", path.display()));
        }
    }
    broken
}

/// Every file below a folder, with what it holds; what goes away meanwhile is left out. Two of them are equal when the trees are (I5).
#[must_use]
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => {
                    if let Ok(bytes) = std::fs::read(&path) {
                        found.insert(path, bytes);
                    }
                }
                Ok(kind) if kind.is_symlink() => {
                    let to = std::fs::read_link(&path).unwrap_or_default();
                    found.insert(path, to.into_os_string().into_encoded_bytes());
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    found
}
