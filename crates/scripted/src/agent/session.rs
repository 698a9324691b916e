//! The protocol's requests: what each of them does, and which sessions there are.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};
use uuid::Uuid;

use super::conversation::{Conversation, Exchange, Memory};
use super::inbox::{Inbox, Signal};
use super::script::AgentScript;
use super::turn::Turn;
use super::voice::{Refusal, Voice};
use crate::prompt;

/// JSON-RPC's own codes, and the protocol's for what is not there.
const NOT_JSON: i32 = -32700;
const WRONG_REQUEST: i32 = -32600;
const NO_METHOD: i32 = -32601;
const WRONG_PARAMS: i32 = -32602;
const INTERNAL: i32 = -32603;
const NOT_FOUND: i32 = -32002;

/// What all sessions share, and the sessions.
pub(super) struct Sessions {
    stage: Arc<Stage>,
    open: HashMap<Uuid, Arc<Session>>,
    turns: Vec<JoinHandle<()>>,
}

/// What all turns need.
pub(super) struct Stage {
    pub(super) script: AgentScript,
    pub(super) memory: Memory,
    pub(super) voice: Voice,
}

/// One session that a client knows.
pub(super) struct Session {
    conversation: Mutex<Conversation>,
    /// Where the running turn hears us.
    running: Mutex<Option<Sender<Signal>>>,
}

impl Session {
    fn new(conversation: Conversation) -> Arc<Self> {
        Arc::new(Self {
            conversation: Mutex::new(conversation),
            running: Mutex::new(None),
        })
    }

    pub(super) fn conversation(&self) -> MutexGuard<'_, Conversation> {
        let locked = self.conversation.lock();
        locked.expect("nobody panics while looking at a conversation")
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Option<Sender<Signal>>> {
        let locked = self.running.lock();
        locked.expect("nobody panics while looking whether a turn runs")
    }

    fn cancel(&self) {
        if let Some(turn) = &*self.running() {
            // The turn may just have ended.
            let _ = turn.send(Signal::Cancel);
        }
    }
}

impl Sessions {
    pub(super) fn new(script: AgentScript, memory: Memory, voice: Voice) -> Self {
        Self {
            stage: Arc::new(Stage {
                script,
                memory,
                voice,
            }),
            open: HashMap::new(),
            turns: Vec::new(),
        }
    }

    /// Does what a message asks.
    pub(super) fn hear(&mut self, line: &str) {
        let voice = self.stage.voice.clone();
        let message: Value = match serde_json::from_str(line) {
            Ok(message) => message,
            Err(fault) => {
                let refusal = Refusal::new(NOT_JSON, format!("this is no JSON: {fault}"));
                return voice.answer(&Value::Null, Err(refusal));
            }
        };
        let (id, params) = (&message["id"], &message["params"]);
        let answer = match message["method"].as_str() {
            None => return voice.replied(message),
            Some("initialize") => Ok(introduction()),
            Some("authenticate") => Ok(json!({})),
            Some("session/new") => self.begin(params),
            Some("session/load") => self.load(params),
            Some("session/prompt") => match self.prompt(id, params) {
                // The turn answers when it is over.
                Ok(()) => return,
                Err(refusal) => Err(refusal),
            },
            Some("session/cancel") => self.session(params).map(|session| {
                session.cancel();
                Value::Null
            }),
            Some(other) => Err(Refusal::new(
                NO_METHOD,
                format!("there is no method {other}"),
            )),
        };
        if !id.is_null() {
            voice.answer(id, answer);
        }
    }

    /// Cancels all turns and waits for those that go on nevertheless.
    pub(super) fn finish(self) {
        for session in self.open.values() {
            session.cancel();
        }
        for turn in self.turns {
            // A turn that panicked has told so on standard error.
            let _ = turn.join();
        }
    }

    fn begin(&mut self, params: &Value) -> Result<Value, Refusal> {
        let conversation = Conversation::new(cwd(params)?);
        let id = conversation.session_id;
        self.keep(&conversation)?;
        self.open.insert(id, Session::new(conversation));
        Ok(json!({"sessionId": id}))
    }

    /// Goes on with a conversation, after telling all that was said in it.
    fn load(&mut self, params: &Value) -> Result<Value, Refusal> {
        let id = session_id(params)?;
        if self
            .open
            .get(&id)
            .is_some_and(|session| session.running().is_some())
        {
            return Err(Refusal::new(
                WRONG_REQUEST,
                "a prompt is running in this session",
            ));
        }
        let kept = self.stage.memory.recall(id);
        let mut conversation = kept.map_err(|fault| {
            Refusal::new(NOT_FOUND, format!("there is no session {id}: {fault}"))
        })?;
        conversation.cwd = cwd(params)?;
        let voice = &self.stage.voice;
        for exchange in &conversation.exchanges {
            let content = json!({"type": "text", "text": exchange.user});
            let user = json!({"sessionUpdate": "user_message_chunk", "content": content});
            voice.update(&id.to_string(), &user);
            for update in &exchange.updates {
                voice.update(&id.to_string(), update);
            }
        }
        self.open.insert(id, Session::new(conversation));
        Ok(json!({}))
    }

    fn prompt(&mut self, request: &Value, params: &Value) -> Result<(), Refusal> {
        let session = self.session(params)?;
        let inbox = Inbox::new();
        {
            let mut running = session.running();
            if running.is_some() {
                return Err(Refusal::new(
                    WRONG_REQUEST,
                    "a prompt is running in this session; wait for its end, or cancel it",
                ));
            }
            let mut conversation = session.conversation();
            conversation.exchanges.push(Exchange {
                user: user_text(params),
                updates: Vec::new(),
            });
            self.keep(&conversation)?;
            *running = Some(inbox.sender());
        }
        let turn = Turn::new(
            Arc::clone(&self.stage),
            Arc::clone(&session),
            request.clone(),
            inbox,
        );
        self.turns.retain(|turn| !turn.is_finished());
        self.turns.push(thread::spawn(move || turn.run()));
        Ok(())
    }

    fn session(&self, params: &Value) -> Result<Arc<Session>, Refusal> {
        let id = session_id(params)?;
        let session = self.open.get(&id).cloned();
        session.ok_or_else(|| {
            let message = format!("session {id} is not open; load it, or begin a new one");
            Refusal::new(NOT_FOUND, message)
        })
    }

    fn keep(&self, conversation: &Conversation) -> Result<(), Refusal> {
        let kept = self.stage.memory.keep(conversation);
        kept.map_err(|fault| {
            Refusal::new(INTERNAL, format!("cannot keep the conversation: {fault}"))
        })
    }
}

fn introduction() -> Value {
    json!({
        "protocolVersion": 1,
        "agentCapabilities": {
            "loadSession": true,
            "promptCapabilities": {"image": false, "audio": false, "embeddedContext": false},
            "mcpCapabilities": {"http": false, "sse": false},
        },
        "agentInfo": {"name": "vwm-scripted", "title": "Scripted agent", "version": env!("CARGO_PKG_VERSION")},
        "authMethods": [],
    })
}

fn session_id(params: &Value) -> Result<Uuid, Refusal> {
    let id = params["sessionId"].as_str().unwrap_or_default();
    Uuid::parse_str(id).map_err(|_| Refusal::new(NOT_FOUND, format!("there is no session {id:?}")))
}

fn cwd(params: &Value) -> Result<PathBuf, Refusal> {
    let cwd = params["cwd"].as_str().map(PathBuf::from);
    cwd.filter(|cwd| cwd.is_absolute())
        .ok_or_else(|| Refusal::new(WRONG_PARAMS, "cwd must be an absolute path"))
}

fn user_text(params: &Value) -> String {
    let blocks = params["prompt"].as_array().into_iter().flatten();
    let texts = blocks.filter_map(|block| block["text"].as_str());
    texts
        .filter_map(prompt::real)
        .collect::<Vec<_>>()
        .join("\n")
}
