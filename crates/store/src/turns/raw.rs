//! Raw output: what is long lies in the blobs, and its turn's row names it there. Whoever reads an answer gets it filled in again.

use vwm_api::{Answer, Event, EventBody};

use super::Turn;
use crate::codec::{Columns, json};
use crate::db::{Row, query};
use crate::{BlobHash, Frame, Result, Store, StoreError};

/// Longer output is no row's: it would stand in the database twice, in its turn and in the turn's last event.
const LONGEST_IN_ROW: usize = 64 << 10;
/// How an answer looks in a row whose content is elsewhere.
pub(crate) const LEFT_OUT: &str = r#""content":"","#;

/// Where raw output is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawBlob {
    pub(crate) hash: BlobHash,
    pub(crate) bytes: i64,
}

impl Store {
    /// Moves raw output into the blobs where it is long. It comes before the row that names it: a blob without a row is swept, a row
    /// without its blob would be a loss.
    pub(crate) async fn move_raw(&self, raw: &mut String) -> Result<Option<RawBlob>> {
        if raw.len() <= LONGEST_IN_ROW {
            return Ok(None);
        }
        let bytes = i64::try_from(raw.len()).unwrap_or(i64::MAX);
        let hash = self.blobs.put(std::mem::take(raw).into_bytes()).await?;
        Ok(Some(RawBlob { hash, bytes }))
    }

    /// Makes a turn's answer whole.
    pub(crate) async fn fill_turn(&self, turn: &mut Turn, row: &Row) -> Result<()> {
        match &mut turn.answer {
            Some(answer) => self.fill_answer(answer, row).await,
            None => Ok(()),
        }
    }

    /// Makes an answer whole, which was read from a row with `raw_hash` and `raw_bytes`.
    pub(crate) async fn fill_answer(&self, answer: &mut Answer, row: &Row) -> Result<()> {
        let Some(raw) = &mut answer.raw else {
            return Ok(());
        };
        if let Some(blob) = named(row)? {
            raw.content = self.raw_output(blob).await?;
        }
        Ok(())
    }

    /// Makes the answers whole that end turns.
    pub(crate) async fn fill_frames(&self, frames: &mut [Frame]) -> Result<()> {
        for frame in frames.iter_mut().filter(|frame| is_left_out(frame)) {
            let Some(turn) = frame.request_id else {
                continue;
            };
            let row = query("SELECT raw_hash, raw_bytes FROM requests WHERE id = $1")
                .bind(turn.0)
                .fetch_optional(&self.readers)
                .await?;
            let Some(row) = row else { continue };
            let mut event: Event =
                serde_json::from_str(&frame.data).map_err(|error| StoreError::Corrupt {
                    what: format!("event {} of turn {turn}: {error}", frame.seq),
                })?;
            if let EventBody::Complete(answer) = &mut event.body {
                self.fill_answer(answer, &row).await?;
                frame.data = json(&event)?;
            }
        }
        Ok(())
    }

    /// What was lost with its blob is said, and keeps nobody from the rest of the answer.
    async fn raw_output(&self, blob: RawBlob) -> Result<String> {
        match self.blobs.get(blob.hash).await {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(StoreError::NotFound | StoreError::Corrupt { .. }) => {
                let hash = blob.hash;
                tracing::warn!(%hash, "Raw output {hash} is not in blobs/ any more, or is damaged");
                Ok(format!(
                    "[{} bytes are not in blobs/ any more]\n",
                    blob.bytes
                ))
            }
            Err(error) => Err(error),
        }
    }
}

/// At least so much longer a frame becomes when it is made whole.
pub(crate) fn length_elsewhere(frame: &Frame) -> usize {
    if is_left_out(frame) {
        LONGEST_IN_ROW
    } else {
        0
    }
}

fn is_left_out(frame: &Frame) -> bool {
    frame.ends_turn && frame.data.contains(LEFT_OUT)
}

fn named(row: &Row) -> Result<Option<RawBlob>> {
    let row = Columns(row);
    if row.get::<Option<&[u8]>>("raw_hash")?.is_none() {
        return Ok(None);
    }
    Ok(Some(RawBlob {
        hash: BlobHash(row.hash("raw_hash")?),
        bytes: row.get("raw_bytes")?,
    }))
}
