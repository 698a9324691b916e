//! One prompt and its answer, step by step, in a thread of its own.

use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::gate;
use super::inbox::{Cancelled, Inbox, Signal};
use super::script::{AgentStep, StopReason};
use super::session::{Session, Stage};
use super::shell;
use super::tool;
use super::voice::Refusal;
use crate::capture::Held;
use crate::rule::{Wish, wish};
use crate::text::cut;

/// The code of an error within a prompt, as real agents answer it.
const FAILED: i32 = -32603;

/// A running turn.
pub(super) struct Turn {
    stage: Arc<Stage>,
    session: Arc<Session>,
    /// The id of the client's request.
    request: Value,
    inbox: Inbox,
    session_id: String,
    cwd: PathBuf,
    users: Vec<String>,
    updates: Vec<Value>,
    calls: usize,
    stop: StopReason,
}

/// Why a turn does not come to the end of its script.
pub(super) enum Break {
    Cancelled,
    Failed(String),
}

impl From<Cancelled> for Break {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl Turn {
    /// The prompt is the conversation's last one.
    pub(super) fn new(
        stage: Arc<Stage>,
        session: Arc<Session>,
        request: Value,
        inbox: Inbox,
    ) -> Self {
        let (session_id, cwd, users) = {
            let conversation = session.conversation();
            let users = conversation.users().into_iter().map(str::to_owned);
            (
                conversation.session_id.to_string(),
                conversation.cwd.clone(),
                users.collect(),
            )
        };
        Self {
            stage,
            session,
            request,
            inbox,
            session_id,
            cwd,
            users,
            updates: Vec::new(),
            calls: 0,
            stop: StopReason::default(),
        }
    }

    pub(super) fn run(mut self) {
        let answer = match self.play() {
            Ok(()) => Ok(json!({"stopReason": self.stop})),
            Err(Break::Cancelled) => Ok(json!({"stopReason": "cancelled"})),
            Err(Break::Failed(message)) => Err(Refusal::new(FAILED, message)),
        };
        let kept = {
            let mut conversation = self.session.conversation();
            if let Some(exchange) = conversation.exchanges.last_mut() {
                exchange.updates = self.updates;
            }
            self.stage.memory.keep(&conversation)
        };
        let answer = kept
            .map_err(|fault| Refusal::new(FAILED, format!("cannot keep the conversation: {fault}")))
            .and(answer);
        // Before the answer, because the client may send the next prompt as soon as it has it.
        *self.session.running() = None;
        self.stage.voice.answer(&self.request, answer);
    }

    fn play(&mut self) -> Result<(), Break> {
        let stage = Arc::clone(&self.stage);
        let last = self.users.last().cloned().unwrap_or_default();
        let held = Held {
            last: &last,
            rest: &self.users,
        };
        match wish(&stage.script.rules, held) {
            Wish::Play { steps, .. } => {
                for step in steps.iter() {
                    self.step(step)?;
                }
                // A cancel that came with the last word still counts.
                self.inbox.check()?;
            }
            Wish::Recall => self.say(
                "agent_message_chunk",
                &format!("recall: {}", json!(self.users)),
            ),
            Wish::Echo => self.say("agent_message_chunk", &format!("echo: {last}")),
            Wish::Wrong(fault) => self.say("agent_message_chunk", &fault),
        }
        Ok(())
    }

    fn step(&mut self, step: &AgentStep) -> Result<(), Break> {
        if step.ignore_cancel {
            self.inbox.ignore_cancel();
        }
        self.inbox.pause(Duration::from_millis(step.delay_ms))?;
        if let Some(name) = &step.hold {
            gate::hold(self.stage.script.control.as_deref(), name, &mut self.inbox)?;
        }
        if let Some(think) = &step.think {
            self.say("agent_thought_chunk", think);
        }
        self.say_text(step)?;
        if let Some(line) = &step.garbage {
            self.stage.voice.line(line);
        }
        if let Some(bytes) = step.big_line {
            // Not remembered: nobody wants to read it again.
            let update = chunk("agent_message_chunk", &"x".repeat(bytes));
            self.stage.voice.update(&self.session_id, &update);
        }
        self.use_tools(step)?;
        self.ask_client(step)?;
        if let Some(message) = &step.fail {
            return Err(Break::Failed(message.clone()));
        }
        self.stop = step.stop.unwrap_or(self.stop);
        if let Some(code) = step.exit {
            process::exit(code);
        }
        Ok(())
    }

    fn say_text(&mut self, step: &AgentStep) -> Result<(), Break> {
        let text = step.text.as_deref().unwrap_or_default();
        let chunks = cut(text, step.chunks.unwrap_or(1));
        for (i, chunk) in chunks.into_iter().enumerate() {
            if i > 0 {
                self.inbox
                    .pause(Duration::from_millis(step.chunk_delay_ms))?;
            }
            self.say("agent_message_chunk", chunk);
        }
        Ok(())
    }

    fn use_tools(&mut self, step: &AgentStep) -> Result<(), Break> {
        let cwd = self.cwd.clone();
        if let Some((path, content)) = &step.write {
            let input = json!({"path": path, "content": content});
            self.tool(&format!("write {path}"), "edit", input, |_| {
                Ok(tool::write(&cwd, path, content))
            })?;
        }
        if let Some(path) = &step.read {
            let input = json!({"path": path});
            self.tool(&format!("read {path}"), "read", input, |_| {
                Ok(tool::read(&cwd, path))
            })?;
        }
        if let Some(command) = &step.shell {
            let input = json!({"command": command});
            self.tool(command, "execute", input, |inbox| {
                shell::run(&cwd, command, inbox)
            })?;
        }
        if let Some(command) = &step.daemon {
            let input = json!({"command": command});
            self.tool("daemon", "execute", input, |_| {
                Ok(shell::leave_alone(&cwd, command))
            })?;
        }
        if let Some((whom, what)) = &step.call {
            let input = json!({"whom": whom, "what": what});
            self.tool(&format!("call {whom}"), "fetch", input, |_| {
                Ok(tool::call(whom, what))
            })?;
        }
        if step.env {
            self.tool("environment", "other", json!({}), |_| {
                Ok(tool::environment())
            })?;
        }
        Ok(())
    }

    /// Tells that a tool is used, uses it, and tells what came out.
    fn tool(
        &mut self,
        title: &str,
        kind: &str,
        input: Value,
        work: impl FnOnce(&mut Inbox) -> Result<Result<String, String>, Cancelled>,
    ) -> Result<(), Break> {
        self.calls += 1;
        let id = format!("call_{}_{}", self.users.len(), self.calls);
        self.update(json!({
            "sessionUpdate": "tool_call", "toolCallId": id, "title": title, "kind": kind,
            "status": "pending", "content": [], "locations": [], "rawInput": input,
        }));
        let worked = work(&mut self.inbox);
        let (status, text) = match &worked {
            Ok(Ok(text)) => ("completed", text.as_str()),
            Ok(Err(text)) => ("failed", text.as_str()),
            Err(Cancelled) => ("failed", "killed: the turn was cancelled"),
        };
        self.update(json!({
            "sessionUpdate": "tool_call_update", "toolCallId": id, "status": status,
            "content": [{"type": "content", "content": {"type": "text", "text": text}}],
            "rawOutput": {"output": text},
        }));
        worked.map(|_| ()).map_err(Break::from)
    }

    fn ask_client(&mut self, step: &AgentStep) -> Result<(), Break> {
        let session = self.session_id.clone();
        if step.ask_permission {
            let call = json!({"toolCallId": "call_asked", "title": "launch", "kind": "execute", "status": "pending"});
            let options = json!([
                {"optionId": "yes", "name": "Allow", "kind": "allow_once"},
                {"optionId": "no", "name": "Reject", "kind": "reject_once"},
            ]);
            let params = json!({"sessionId": session, "toolCall": call, "options": options});
            self.ask("session/request_permission", &params)?;
        }
        if step.fs_read {
            let params = json!({"sessionId": session, "path": "/etc/passwd"});
            self.ask("fs/read_text_file", &params)?;
        }
        if step.terminal {
            let params = json!({"sessionId": session, "command": "id", "args": []});
            self.ask("terminal/create", &params)?;
        }
        Ok(())
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<(), Break> {
        self.stage.voice.ask(method, params, self.inbox.sender());
        let reply = self.inbox.wait(|signal| match signal {
            Signal::Reply(reply) => Some(reply),
            _ => None,
        })?;
        let said = match reply.get("error") {
            Some(error) => format!("{method} was refused: {error}"),
            None => format!("{method} was answered: {}", reply["result"]),
        };
        self.say("agent_message_chunk", &said);
        Ok(())
    }

    fn say(&mut self, kind: &str, text: &str) {
        self.update(chunk(kind, text));
    }

    fn update(&mut self, update: Value) {
        self.stage.voice.update(&self.session_id, &update);
        self.updates.push(update);
    }
}

fn chunk(kind: &str, text: &str) -> Value {
    json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}})
}
