//! What the agent says: JSON-RPC, one message per line; and which of its own questions are open.

use std::collections::HashMap;
use std::io::Write;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::inbox::Signal;

/// The agent's output, shared by all turns.
#[derive(Clone)]
pub(super) struct Voice {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    output: Box<dyn Write + Send>,
    asked: HashMap<u64, Sender<Signal>>,
    last_id: u64,
}

/// Why a request is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: i32,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl Voice {
    pub(super) fn new(output: impl Write + Send + 'static) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                output: Box::new(output),
                asked: HashMap::new(),
                last_id: 0,
            })),
        }
    }

    /// Says a line as it is.
    pub(super) fn line(&self, line: &str) {
        self.lock().line(line);
    }

    pub(super) fn answer(&self, id: &Value, answer: Result<Value, Refusal>) {
        let message = match answer {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(Refusal { code, message }) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
            }
        };
        self.line(&message.to_string());
    }

    pub(super) fn update(&self, session: &str, update: &Value) {
        let params = json!({"sessionId": session, "update": update});
        let message = json!({"jsonrpc": "2.0", "method": "session/update", "params": params});
        self.line(&message.to_string());
    }

    /// Asks the client; its reply comes as a signal.
    pub(super) fn ask(&self, method: &str, params: &Value, asker: Sender<Signal>) {
        let mut shared = self.lock();
        let id = shared.last_id;
        shared.last_id += 1;
        shared.asked.insert(id, asker);
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        shared.line(&message.to_string());
    }

    /// Hands the client's reply to whoever asked.
    pub(super) fn replied(&self, reply: Value) {
        let asked = reply["id"].as_u64();
        if let Some(asker) = asked.and_then(|id| self.lock().asked.remove(&id)) {
            // The asker's turn may be over.
            let _ = asker.send(Signal::Reply(reply));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nobody panics while speaking")
    }
}

impl Shared {
    fn line(&mut self, line: &str) {
        let written = self.output.write_all(format!("{line}\n").as_bytes());
        // An agent whose client is gone speaks to nobody; the end of the input tells it.
        let _ = written.and_then(|()| self.output.flush());
    }
}
