//! The pump: reads a harness's journal after what the store has, and stores it, a batch per transaction.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, warn};
use vwm_api::harness::{Entry, Happened, Record};
use vwm_api::{AgentEvent, SessionId};
use vwm_client::{ClientError, Harness, RecordStream};
use vwm_store::StoreError;

use crate::app::App;

/// The most records of one transaction.
const BATCH: usize = 512;
/// The most records that wait for a transaction to end; then the harness's journal holds them.
const WAITING: usize = 4096;
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
    let (sender, mut records) = mpsc::channel(WAITING);
    let _reading = AbortOnDropHandle::new(app.tasks.spawn(forward(
        session,
        harness.records(row.pumped_n),
        sender,
    )));
    let mut any = false;
    loop {
        let mut batch = Vec::new();
        if records.recv_many(&mut batch, BATCH).await == 0 {
            return Ok(any);
        }
        // That a harness has a turn, and that its engine has it, is written with the first thing that is said.
        let until = Instant::now() + RIDE;
        while batch.iter().all(|record| is_quiet(record)) {
            let more = records.recv_many(&mut batch, BATCH);
            match timeout_at(until, more).await {
                Ok(more) if more > 0 => {}
                Ok(_) | Err(_) => break,
            }
        }
        any = true;
        let ends = batch.iter().any(|record| is_news_for_the_plan(record));
        let batch = batch.into_iter().map(|record| *record).collect();
        vwm_failpoints::pass("server.pump");
        app.store.store_records(session, batch).await?;
        if ends {
            wake.notify_one();
        }
    }
}

/// Reads on while a transaction runs: the stream itself has one record ready at a time, and each batch costs a sync.
async fn forward(session: SessionId, mut records: RecordStream, to: mpsc::Sender<Box<Record>>) {
    while let Some(record) = records.next().await {
        match record {
            Ok(record) => {
                if to.send(Box::new(record)).await.is_err() {
                    return;
                }
            }
            // A harness that is gone is no news; one that says what cannot be read is.
            Err(error) if matches!(error, ClientError::Protocol { .. }) => {
                return warn!(session.id = %session, %error, "Record cannot be read");
            }
            Err(error) => {
                return debug!(session.id = %session, %error, "Stream of records ended");
            }
        }
    }
}

fn is_quiet(record: &Record) -> bool {
    match record.entry {
        Entry::Accepted { .. } | Entry::Sent { .. } => true,
        Entry::Event { ref event, .. } => matches!(event, Happened::Agent(AgentEvent::Start(_))),
        Entry::Ended { .. } => false,
    }
}

fn is_news_for_the_plan(record: &Record) -> bool {
    match record.entry {
        Entry::Ended { .. } => true,
        Entry::Accepted { .. } | Entry::Sent { .. } | Entry::Event { .. } => false,
    }
}
