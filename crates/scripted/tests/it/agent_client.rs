//! A client's side of the Agent Client Protocol, over pipes, as small as it can be.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};
use tempfile::TempDir;
use vwm_scripted::{AgentScript, ScriptedError, serve_agent};

/// Where an agent lives: its home and its working folder.
pub(crate) struct House {
    folder: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a pipe with a name; opening it waits for the other side.
    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    }

    pub(crate) fn agent(&self, script: &Value) -> Agent {
        Agent::start(self.folder.path(), script)
    }
}

/// A running agent.
pub(crate) struct Agent {
    cwd: PathBuf,
    to: PipeWriter,
    from: BufReader<PipeReader>,
    runs: JoinHandle<Result<(), ScriptedError>>,
    last_id: u64,
}

impl Agent {
    fn start(home: &Path, script: &Value) -> Self {
        let script = AgentScript::parse(&script.to_string()).expect("it is a script");
        let (input, to) = pipe().unwrap();
        let (from, output) = pipe().unwrap();
        let folder = home.to_owned();
        let runs =
            thread::spawn(move || serve_agent(script, &folder, BufReader::new(input), output));
        let mut agent = Self {
            cwd: home.to_owned(),
            to,
            from: BufReader::new(from),
            runs,
            last_id: 0,
        };
        let hello = agent.call("initialize", json!({"protocolVersion": 1}));
        assert_eq!(hello["result"]["agentCapabilities"]["loadSession"], true);
        agent
    }

    /// Ends its input and waits for its end.
    pub(crate) fn end(self) {
        drop(self.to);
        self.runs.join().unwrap().unwrap();
    }

    pub(crate) fn new_session(&mut self) -> String {
        let answer = self.call("session/new", json!({"cwd": self.cwd, "mcpServers": []}));
        answer["result"]["sessionId"].as_str().unwrap().to_owned()
    }

    /// Returns what the agent tells of the session, up to its answer.
    pub(crate) fn load(&mut self, session: &str) -> Vec<Value> {
        let params = json!({"sessionId": session, "cwd": self.cwd, "mcpServers": []});
        self.send("session/load", params);
        self.updates_until_answer().0
    }

    /// Returns the updates of a turn and its result.
    pub(crate) fn prompt(&mut self, session: &str, text: &str) -> (Vec<Value>, Value) {
        self.send_prompt(session, text);
        self.updates_until_answer()
    }

    pub(crate) fn send_prompt(&mut self, session: &str, text: &str) {
        let prompt = json!([{"type": "text", "text": text}]);
        self.send(
            "session/prompt",
            json!({"sessionId": session, "prompt": prompt}),
        );
    }

    pub(crate) fn cancel(&mut self, session: &str) {
        let params = json!({"sessionId": session});
        self.say(&json!({"jsonrpc": "2.0", "method": "session/cancel", "params": params}));
    }

    pub(crate) fn say(&mut self, message: &Value) {
        writeln!(self.to, "{message}").unwrap();
    }

    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.send(method, params);
        self.hear()
    }

    pub(crate) fn hear(&mut self) -> Value {
        serde_json::from_str(&self.hear_line()).expect("the agent speaks JSON")
    }

    pub(crate) fn hear_line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn updates_until_answer(&mut self) -> (Vec<Value>, Value) {
        let mut updates = Vec::new();
        loop {
            let mut message = self.hear();
            if message["id"] == self.last_id {
                return (updates, message);
            }
            assert_eq!(message["method"], "session/update", "{message}");
            updates.push(message["params"]["update"].take());
        }
    }

    fn send(&mut self, method: &str, params: Value) {
        self.last_id += 1;
        let id = self.last_id;
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }
}

/// Puts the chunks of the answer's text together.
pub(crate) fn text(updates: &[Value]) -> String {
    let chunks = updates
        .iter()
        .filter(|it| it["sessionUpdate"] == "agent_message_chunk");
    chunks
        .filter_map(|it| it["content"]["text"].as_str())
        .collect()
}

/// Returns how each tool ended, and what came out.
pub(crate) fn results(updates: &[Value]) -> Vec<(String, String)> {
    let ended = updates
        .iter()
        .filter(|it| it["sessionUpdate"] == "tool_call_update");
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    ended
        .map(|it| {
            let content = &it["content"][0]["content"]["text"];
            (word(&it["status"]), word(content))
        })
        .collect()
}
