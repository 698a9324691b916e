//! A journal with unreadable records in its middle: they are told as lost, what follows them is kept, and the damaged file stays
//! beside the new one as evidence.

use std::io;
use std::path::{Path, PathBuf};

use vwm_api::harness::{Entry, Happened, Record};
use vwm_api::{AgentEvent, Timestamp};

use super::file::{each_line, whole};
use super::medium::{Medium, sync_folder};

/// No record is shorter: so many of them at most are lost in so many bytes.
const SHORTEST: u64 = 64;
/// What is said in the place of each record that is lost.
const LOST: &str = "this record of the journal cannot be read any more: what it said is lost";

/// Whether an entry stands in the place of one that cannot be read.
pub(super) fn tells_of_loss(entry: &Entry) -> bool {
    match entry {
        Entry::Event {
            turn: None,
            event: Happened::Agent(AgentEvent::Notice { code, message }),
            ..
        } => code == "record_lost" && message.starts_with(LOST),
        Entry::Event { .. } | Entry::Accepted { .. } | Entry::Sent { .. } | Entry::Ended { .. } => {
            false
        }
    }
}

/// What a walk along a journal finds.
enum Found<'a> {
    /// A record, in its place.
    Record(&'a [u8]),
    /// These numbers are lost.
    Lost(i64, i64),
}

/// Writes what can be read into a new journal in the place of the damaged one.
pub(super) fn make_whole(path: &Path, damaged: &Medium, generation: i64) -> io::Result<()> {
    let evidence = evidence(path)?;
    let name = evidence.file_name().unwrap_or_default().to_string_lossy();
    let new_path = path.with_extension("new");
    let new = Medium::new(&new_path)?;
    let (mut at, mut all_lost) = (0, 0);
    let mut write = |line: &[u8]| {
        new.write_at(line, at)?;
        at += line.len() as u64;
        io::Result::Ok(())
    };
    walk(damaged, |found| match found {
        Found::Record(line) => write(line),
        Found::Lost(first, last) => {
            all_lost += last - first + 1;
            for n in first..=last {
                let mut line = serde_json::to_vec(&lost(n, generation, &name))?;
                line.push(b'\n');
                write(&line)?;
            }
            Ok(())
        }
    })?;
    new.sync()?;
    std::fs::hard_link(path, &evidence)?;
    std::fs::rename(&new_path, path)?;
    sync_folder(path)?;
    tracing::error!(
        records = all_lost,
        evidence = %evidence.display(),
        "Journal had unreadable records; they are told as lost, and the damaged file is kept"
    );
    Ok(())
}

/// Shows what is there in the order of its numbers. Lines that are no record and cost none are passed over.
fn walk(medium: &Medium, mut show: impl FnMut(Found<'_>) -> io::Result<()>) -> io::Result<()> {
    let (mut last, mut bad_bytes, mut bad_lines) = (0, 0_u64, 0);
    each_line(medium, |line| {
        let room = i64::try_from(bad_bytes / SHORTEST).unwrap_or(i64::MAX);
        let record = whole(line).filter(|record| record.n > last && record.n - last - 1 <= room);
        let Some(record) = record else {
            bad_bytes += line.len() as u64;
            bad_lines += i64::from(line.ends_with(b"\n"));
            return Ok(true);
        };
        if record.n > last + 1 {
            show(Found::Lost(last + 1, record.n - 1))?;
        }
        show(Found::Record(line))?;
        (last, bad_bytes, bad_lines) = (record.n, 0, 0);
        Ok(true)
    })?;
    if bad_lines > 0 {
        show(Found::Lost(last + 1, last + bad_lines))?;
    }
    Ok(())
}

fn lost(n: i64, generation: i64, evidence: &str) -> Record {
    let message = format!("{LOST}; the damaged journal is kept as state/{evidence}");
    Record {
        n,
        at: Timestamp::now(),
        generation,
        entry: Entry::Event {
            turn: None,
            subsession: None,
            event: Happened::Agent(AgentEvent::notice("record_lost", message)),
        },
    }
}

/// A name beside the journal that nothing has yet.
fn evidence(path: &Path) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let name = path.with_extension(format!("damaged-{number}"));
        if !name.try_exists()? {
            return Ok(name);
        }
    }
    Err(io::Error::other("there are too many damaged journals"))
}
