//! The pump: reads a harness's journal after what the store has, and stores it, a batch per transaction.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Notify;
use tracing::{debug, warn};
use vwm_api::SessionId;
use vwm_api::harness::{Entry, Record};
use vwm_client::{ClientError, Harness};
use vwm_store::StoreError;

use crate::app::App;

/// The most records of one transaction.
const BATCH: usize = 512;
/// How long what nobody sees waits for something to be written with: each transaction is synced.
const RIDE: Duration = Duration::from_millis(3);
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Pumps until it is dropped. A record that is stored twice is stored once.
pub(super) async fn run(app: &App, session: SessionId, harness: &Harness, wake: &Notify) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        match read(app, session, harness, wake).await {
            Ok(true) => pause = SHORTEST_PAUSE,
            Ok(false) => pause = (pause * 2).min(LONGEST_PAUSE),
            Err(error) => {
                warn!(session.id = %session, error = %error, "Records cannot be stored; they are read again");
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        // The harness may be gone: whoever watches over the session looks.
        wake.notify_one();
        tokio::time::sleep(pause).await;
    }
}

/// Reads one stream to its end; says whether anything came.
async fn read(
    app: &App,
    session: SessionId,
    harness: &Harness,
    wake: &Notify,
) -> Result<bool, StoreError> {
    let Some(row) = app.store.session(session).await? else {
        return Ok(false);
    };
    let mut records = harness.records(row.pumped_n).ready_chunks(BATCH);
    let mut any = false;
    loop {
        let mut batch = Vec::new();
        let mut is_over = !take(session, records.next().await, &mut batch);
        // That a harness has a turn, and that its engine has it, is written with the first thing that is said.
        if !is_over && batch.iter().all(is_quiet) {
            let more = tokio::time::timeout(RIDE, records.next()).await;
            is_over = more.is_ok_and(|more| !take(session, more, &mut batch));
        }
        if !batch.is_empty() {
            any = true;
            let ends = batch.iter().any(is_news_for_the_plan);
            app.store.store_records(session, batch).await?;
            if ends {
                wake.notify_one();
            }
        }
        if is_over {
            return Ok(any);
        }
    }
}

/// Adds a chunk of the stream to the batch; false when the stream is over.
fn take(
    session: SessionId,
    chunk: Option<Vec<Result<Record, ClientError>>>,
    batch: &mut Vec<Record>,
) -> bool {
    let Some(chunk) = chunk else {
        return false;
    };
    for record in chunk {
        match record {
            Ok(record) => batch.push(record),
            Err(error) => {
                // A harness that is gone is no news; one that says what cannot be read is.
                if matches!(error, ClientError::Protocol { .. }) {
                    warn!(session.id = %session, %error, "Record cannot be read");
                } else {
                    debug!(session.id = %session, %error, "Stream of records ended");
                }
                return false;
            }
        }
    }
    true
}

fn is_quiet(record: &Record) -> bool {
    match record.entry {
        Entry::Accepted { .. } | Entry::Sent { .. } => true,
        Entry::Event { .. } | Entry::Ended { .. } => false,
    }
}

fn is_news_for_the_plan(record: &Record) -> bool {
    match record.entry {
        Entry::Ended { .. } => true,
        Entry::Accepted { .. } | Entry::Sent { .. } | Entry::Event { .. } => false,
    }
}
