//! The journal's file: one record per line, of which the last one may be torn.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use vwm_api::harness::Record;

/// How much is read in one go when it is opened.
const READ_AHEAD: usize = 64 * 1024;

pub(super) struct JournalFile {
    file: File,
    /// Where record n begins, at n - 1.
    starts: Vec<u64>,
    end: u64,
}

impl JournalFile {
    /// Opens it, and shows every whole record; a journal may be larger than the memory that there is.
    pub(super) fn open(path: &Path, mut show: impl FnMut(&Record)) -> io::Result<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path)?;
        let length = file.metadata()?.len();
        let mut lines = BufReader::with_capacity(READ_AHEAD, &file);
        let (mut starts, mut line, mut end) = (Vec::new(), Vec::new(), 0);
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line)?;
            let whole = line.ends_with(b"\n");
            let Some(record) = serde_json::from_slice::<Record>(&line)
                .ok()
                .filter(|_| whole)
            else {
                break;
            };
            if record.n != next(&starts) {
                break;
            }
            starts.push(end);
            end += line.len() as u64;
            show(&record);
        }
        if end < length {
            tracing::warn!(
                kept = starts.len(),
                cut_bytes = length - end,
                "Journal ended in the middle of a record; the torn end is cut off"
            );
            file.set_len(end)?;
        }
        // What an older generation wrote without a sync must not get lost after this one has told it.
        file.sync_data()?;
        Ok(Self { file, starts, end })
    }

    pub(super) fn last_n(&self) -> i64 {
        next(&self.starts) - 1
    }

    pub(super) fn append(&mut self, record: &Record, sync: bool) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let written = self
            .file
            .write_all_at(&line, self.end)
            .and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        if let Err(e) = written {
            // The record was never said: whatever part of it is there must not be read.
            self.file.set_len(self.end)?;
            return Err(e);
        }
        self.starts.push(self.end);
        self.end += line.len() as u64;
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
        self.file.read_exact_at(&mut buffer, from)?;
        let text = String::from_utf8(buffer).map_err(io::Error::other)?;
        Ok(text
            .lines()
            .zip(n.max(0) + 1..)
            .map(|(line, n)| (n, line.to_owned()))
            .collect())
    }
}

fn next(starts: &[u64]) -> i64 {
    i64::try_from(starts.len()).unwrap_or(i64::MAX - 1) + 1
}
