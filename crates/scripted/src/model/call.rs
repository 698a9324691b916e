//! What the model server was asked, in the order in which it was.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// How many calls keep their body, so that a benchmark does not fill the memory.
const BODIES_KEPT: usize = 1_000;

/// One request to the model server; the requests at its controls (`/__log`) are none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// Its number, from 1.
    pub n: u64,
    /// What it was.
    pub kind: CallKind,
    /// GET, HEAD, POST.
    pub method: String,
    /// The path and what follows it.
    pub path: String,
    /// What stood in front of the API's own path: `/model/42` of `/model/42/v1/messages`.
    pub prefix: String,
    /// The model that was asked for.
    pub model: Option<String>,
    /// Whether the answer was to be streamed.
    pub stream: bool,
    /// The key it came with.
    pub key: Option<String>,
    /// The last text that the user really wrote.
    pub last_user: String,
    /// Which model request after that text it is, from 0.
    pub step: usize,
    /// What the server answered or set out to answer.
    pub status: u16,
    /// The names of the tools on offer.
    pub tools: Vec<String>,
    /// How much the answer might have.
    pub max_tokens: Option<u64>,
    /// The whole body; null in all but the newest 1,000 calls.
    pub body: Value,
    /// Whether the client went away before it had the answer.
    pub client_gone: bool,
}

impl Call {
    /// Whether it belongs to a conversation: not a title, not a count of tokens, not something unknown.
    #[must_use]
    pub fn is_turn(&self) -> bool {
        match self.kind {
            CallKind::Script | CallKind::Recall | CallKind::Echo => true,
            CallKind::Utility | CallKind::Count | CallKind::Other => false,
        }
    }
}

/// What a call was, by how it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// A rule's step, or one of the prompt's own script.
    Script,
    /// `RECALL`.
    Recall,
    /// An echo.
    Echo,
    /// A request without tools: engines ask for titles and summaries so.
    Utility,
    /// A count of tokens.
    Count,
    /// Anything that is no request for a model.
    Other,
}

/// All calls; whoever waits for one hears of each change.
#[derive(Clone)]
pub(super) struct CallLog {
    calls: Arc<watch::Sender<Vec<Call>>>,
}

impl CallLog {
    pub(super) fn new() -> Self {
        Self {
            calls: Arc::new(watch::Sender::new(Vec::new())),
        }
    }

    /// Takes down a call; the number in it is given here.
    pub(super) fn add(&self, call: impl FnOnce(u64) -> Call) -> Flight {
        let mut n = 0;
        self.calls.send_modify(|calls| {
            n = calls.len() as u64 + 1;
            calls.push(call(n));
            if let Some(old) = calls.len().checked_sub(BODIES_KEPT + 1) {
                calls[old].body = Value::Null;
            }
        });
        Flight {
            log: self.clone(),
            n,
            has_landed: false,
        }
    }

    pub(super) fn after(&self, n: u64) -> Vec<Call> {
        let calls = self.calls.borrow();
        calls.iter().filter(|call| call.n > n).cloned().collect()
    }

    /// Waits until the calls are as wanted.
    pub(super) async fn wait_for(&self, wanted: impl FnMut(&Vec<Call>) -> bool) -> Vec<Call> {
        let mut news = self.calls.subscribe();
        news.wait_for(wanted)
            .await
            .expect("the sender lives in self")
            .clone()
    }
}

/// A call that is being answered; if it is dropped before it has landed, its client is gone.
pub(super) struct Flight {
    log: CallLog,
    n: u64,
    has_landed: bool,
}

impl Flight {
    pub(super) fn n(&self) -> u64 {
        self.n
    }

    /// The answer is handed over, or cut on purpose.
    pub(super) fn land(mut self) {
        self.has_landed = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.has_landed {
            return;
        }
        let n = self.n;
        self.log.calls.send_modify(|calls| {
            for call in calls.iter_mut().filter(|call| call.n == n) {
                call.client_gone = true;
            }
        });
    }
}
