//! The journal's file: one record per line, of which the last one may be torn.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use vwm_api::harness::Record;

use super::medium::{Medium, sync_folder};
use super::repair;

/// How much is read in one go when it is opened.
const READ_AHEAD: usize = 64 * 1024;

pub(super) struct JournalFile {
    path: PathBuf,
    pub(super) medium: Medium,
    /// Where record n begins, at n - 1.
    starts: Vec<u64>,
    end: u64,
    /// Whether a sync failed, or an end could not be cut off: what the disk has is not known any more.
    is_doubtful: bool,
}

impl JournalFile {
    /// Opens it, and shows every whole record; a journal may be larger than the memory that there is. What cannot be read any more
    /// is told as lost by this generation, in records of the same numbers.
    pub(super) fn open(
        path: &Path,
        generation: i64,
        mut show: impl FnMut(&Record),
    ) -> io::Result<Self> {
        let mut medium = Medium::open(path)?;
        let (starts, end) = match read(&medium, &mut show)? {
            Read::To(starts, end) => (starts, end),
            Read::Damaged => {
                repair::make_whole(path, &medium, generation)?;
                medium = Medium::open(path)?;
                // What was shown is shown once more, to who takes it as said once.
                let Read::To(starts, end) = read(&medium, &mut show)? else {
                    return Err(io::Error::other("the journal cannot be made whole"));
                };
                (starts, end)
            }
        };
        let length = medium.file.metadata()?.len();
        if end < length {
            tracing::warn!(
                kept = starts.len(),
                cut_bytes = length - end,
                "Journal ended in the middle of a record; the torn end is cut off"
            );
            medium.cut(end)?;
        }
        // What an older generation wrote without a sync must not get lost after this one has told it.
        medium.sync()?;
        Ok(Self {
            path: path.to_owned(),
            medium,
            starts,
            end,
            is_doubtful: false,
        })
    }

    pub(super) fn last_n(&self) -> i64 {
        next(&self.starts) - 1
    }

    /// Whether it has to be written anew before anything can be added.
    pub(super) fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Adds a record. One that could not be written, or not be synced, was never said.
    pub(super) fn append(&mut self, record: &Record, sync: bool) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.settle_doubt()?;
        if let Err(error) = self.medium.write_at(&line, self.end) {
            self.cut_back();
            return Err(error);
        }
        if sync && let Err(error) = self.medium.sync() {
            // The kernel may take what it could not write for written: no later sync says anything of it.
            self.is_doubtful = true;
            self.cut_back();
            return Err(error);
        }
        self.starts.push(self.end);
        self.end += line.len() as u64;
        Ok(())
    }

    /// Whatever part of a record is there must not be read.
    fn cut_back(&mut self) {
        if let Err(error) = self.medium.cut(self.end) {
            tracing::warn!(%error, "Journal's end cannot be cut off");
            self.is_doubtful = true;
        }
    }

    /// Writes all that was said into another file, and goes on in that one. It fails with `InvalidData` when the disk gives back
    /// something else than was written.
    pub(super) fn settle_doubt(&mut self) -> io::Result<()> {
        if !self.is_doubtful {
            return Ok(());
        }
        let path = self.path.with_extension("new");
        let medium = self.medium.sibling(&path)?;
        let (mut n, mut at) = (0, 0);
        let end = self.end;
        each_line(&self.medium, |line| {
            if at >= end {
                return Ok(false);
            }
            n += 1;
            if whole(line).is_none_or(|record| record.n != n) {
                return Err(lost(n));
            }
            medium.write_at(line, at)?;
            at += line.len() as u64;
            Ok(true)
        })?;
        if at != end {
            return Err(lost(n + 1));
        }
        medium.sync()?;
        std::fs::rename(&path, &self.path)?;
        sync_folder(&self.path)?;
        self.medium = medium;
        self.is_doubtful = false;
        tracing::warn!(
            records = n,
            "Journal was written anew after its disk had failed"
        );
        Ok(())
    }

    pub(super) fn read_after(&self, n: i64, bytes: usize) -> io::Result<Vec<(i64, String)>> {
        let first = usize::try_from(n.max(0)).unwrap_or(usize::MAX);
        let Some(&from) = self.starts.get(first) else {
            return Ok(Vec::new());
        };
        let limit = from + bytes as u64;
        let mut last = first;
        while self
            .starts
            .get(last + 1)
            .is_some_and(|start| *start < limit)
        {
            last += 1;
        }
        let to = self.starts.get(last + 1).copied().unwrap_or(self.end);
        let mut buffer = vec![0; usize::try_from(to - from).unwrap_or(usize::MAX)];
        self.medium.read_at(&mut buffer, from)?;
        let text = String::from_utf8(buffer).map_err(io::Error::other)?;
        Ok(text
            .lines()
            .zip(n.max(0) + 1..)
            .map(|(line, n)| (n, line.to_owned()))
            .collect())
    }
}

/// How far a journal can be read.
enum Read {
    /// To its end, but for a torn last record: where each record begins, and where the last one ends.
    To(Vec<u64>, u64),
    /// To something that is no record, and more follows.
    Damaged,
}

fn read(medium: &Medium, show: &mut impl FnMut(&Record)) -> io::Result<Read> {
    let (mut starts, mut end, mut is_torn, mut is_damaged) = (Vec::new(), 0, false, false);
    each_line(medium, |line| {
        let record = whole(line).filter(|record| record.n == next(&starts));
        let Some(record) = record.filter(|_| !is_torn) else {
            is_damaged = is_torn || line.ends_with(b"\n");
            is_torn = true;
            return Ok(!is_damaged);
        };
        starts.push(end);
        end += line.len() as u64;
        show(&record);
        Ok(true)
    })?;
    Ok(if is_damaged {
        Read::Damaged
    } else {
        Read::To(starts, end)
    })
}

fn lost(n: i64) -> io::Error {
    let why = format!("record {n} cannot be read back from the disk");
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The record that a line is; none where it is torn, or was never one.
pub(super) fn whole(line: &[u8]) -> Option<Record> {
    serde_json::from_slice(line.strip_suffix(b"\n")?).ok()
}

/// Shows one line after the other, each with its end, until there is none or `show` has seen enough.
pub(super) fn each_line(
    medium: &Medium,
    mut show: impl FnMut(&[u8]) -> io::Result<bool>,
) -> io::Result<()> {
    use std::io::Seek as _;
    let mut file = &medium.file;
    file.rewind()?;
    let (mut lines, mut line) = (BufReader::with_capacity(READ_AHEAD, file), Vec::new());
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 || !show(&line)? {
            return Ok(());
        }
    }
}

fn next(starts: &[u64]) -> i64 {
    i64::try_from(starts.len()).unwrap_or(i64::MAX - 1) + 1
}
