//! What the housekeeping did since the server started.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    events: AtomicU64,
    blobs: AtomicU64,
    orphans: AtomicU64,
}

impl Counts {
    /// Events that were deleted.
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Blobs that were deleted.
    pub(crate) fn blobs(&self) -> u64 {
        self.blobs.load(Ordering::Relaxed)
    }

    /// Jobs, folders and sockets that nobody owned.
    pub(crate) fn orphans(&self) -> u64 {
        self.orphans.load(Ordering::Relaxed)
    }

    pub(super) fn add_events(&self, more: u64) {
        self.events.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn add_blobs(&self, more: u64) {
        self.blobs.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn add_orphans(&self, more: u64) {
        self.orphans.fetch_add(more, Ordering::Relaxed);
    }
}
