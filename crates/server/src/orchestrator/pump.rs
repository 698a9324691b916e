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
    while let Some(chunk) = records.next().await {
        let mut batch = Vec::with_capacity(chunk.len());
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
                    break;
                }
            }
        }
        if batch.is_empty() {
            return Ok(any);
        }
        any = true;
        let ends = batch.iter().any(is_news_for_the_plan);
        app.store.store_records(session, batch).await?;
        if ends {
            wake.notify_one();
        }
    }
    Ok(any)
}

fn is_news_for_the_plan(record: &Record) -> bool {
    match record.entry {
        Entry::Accepted { .. } | Entry::Ended { .. } => true,
        Entry::Sent { .. } | Entry::Event { .. } => false,
    }
}
