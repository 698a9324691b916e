//! The end: what the harness is told of it, and what outlives the session.

use futures_util::StreamExt;
use tokio::sync::mpsc;
use vwm_api::harness::{Collected, EndOrder, HarnessState};
use vwm_store::{BlobHash, Learned, SessionRow};

use super::super::link::Link;
use super::super::setup;
use super::turns::order;
use super::{ActError, Runner};

/// How many pieces of what is fetched wait for the disk.
const CHUNKS: usize = 16;

impl Runner {
    /// What the harness is told of the end. The learning turn is in it also when it is over: the harness tells what came of it.
    pub(super) async fn end_order(&self, row: &SessionRow) -> Result<EndOrder, ActError> {
        let store = &self.app.store;
        let (setup, _) = setup::read(&self.app, row).await?;
        let learning = match store.learning(self.id).await? {
            // What was skipped has no turn.
            Some(record) => store.turn(record.request_id).await?,
            None => None,
        };
        Ok(EndOrder {
            setup,
            learning: learning.as_ref().map(order),
            push_for_s: self.app.config.end_deadline_s,
        })
    }

    /// Brings one thing into the blobs, bit by bit: it may be as large as the session's disk.
    async fn fetch(&self, link: &Link, kept: &Collected) -> Result<BlobHash, ActError> {
        let (sender, chunks) = mpsc::channel(CHUNKS);
        let mut stream = link.harness.collected(&kept.name).await?;
        let read = async move {
            while let Some(chunk) = stream.next().await {
                if sender.send(chunk?).await.is_err() {
                    // Whoever does not take it says why.
                    break;
                }
            }
            Ok::<(), ActError>(())
        };
        let blobs = self.app.store.blobs();
        let (read, hash) = tokio::join!(read, blobs.put_chunks(chunks, kept.bytes));
        read?;
        Ok(hash?)
    }

    /// Stores all that the harness collected, and what came of the end, before anything is removed.
    pub(super) async fn keep(&self, state: HarnessState) -> Result<(), ActError> {
        let Some(link) = &self.link else {
            return Ok(());
        };
        for kept in &state.collected {
            let hash = self.fetch(link, kept).await?;
            vwm_failpoints::pass("server.keep.blob");
            self.app
                .store
                .add_collected(self.id, &kept.kind, &kept.name, hash, kept.bytes)
                .await?;
        }
        let learned = match state.learned {
            Some(learning) => Learned::Told(learning),
            None => Learned::Lost("the harness does not tell what came of it".to_owned()),
        };
        self.app
            .store
            .set_collected(self.id, learned, state.unpushed)
            .await?;
        Ok(())
    }
}
