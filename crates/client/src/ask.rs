//! One request before it is sent: what is asked, how long it may take, and whether it may be asked twice.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Url};

/// For calls that are answered from the database.
const PROMPTLY: Duration = Duration::from_secs(60);

/// One request.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Content>,
    pub(crate) idempotency_key: Option<String>,
    /// How long the whole answer may take, or the head of one that is a stream; none for those that wait for an engine.
    pub(crate) within: Option<Duration>,
    /// Whether asking twice does no more than asking once.
    pub(crate) repeatable: bool,
}

/// A body that is there as a whole.
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Bytes,
}

impl Ask {
    /// Asks to read, promptly; asking twice is the same.
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            body: None,
            idempotency_key: None,
            within: Some(PROMPTLY),
            repeatable: true,
        }
    }

    /// The answer comes when an engine is done: nothing bounds it here.
    pub(crate) fn however_long(mut self) -> Self {
        self.within = None;
        self
    }

    /// The answer may take so long.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// With a body.
    pub(crate) fn with(mut self, media_type: &'static str, bytes: Bytes) -> Self {
        self.body = Some(Content { media_type, bytes });
        self
    }

    /// Asked once: the body is gone when it was sent, or asking twice would do it twice.
    pub(crate) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }
}
