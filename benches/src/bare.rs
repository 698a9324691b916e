//! The agent without any host: the part of every measure that is its own.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::{ms, now_ns};
use crate::sample::{Sample, Summary};

/// What the agent costs by itself, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Bare {
    /// A prompt of one event, from its first byte to its answer.
    pub(crate) prompt: Summary,
    /// From the start of the process until an old conversation is loaded.
    pub(crate) resume: Summary,
}

/// Measures the agent over pipes.
pub(crate) fn measure(agent: &Path, quick: bool) -> Result<Bare> {
    let few = |count: usize| if quick { count / 10 } else { count };
    let mut resumes = Sample::default();
    for _ in 0..few(50) {
        let start = now_ns();
        let mut talk = Talk::start(agent)?;
        talk.ask("initialize", &json!({"protocolVersion": 1}))?;
        talk.ask("session/load", &json!({"sessionId": "bench-1"}))?;
        resumes.add(ms(now_ns() - start));
    }
    let mut talk = Talk::start(agent)?;
    talk.ask("initialize", &json!({"protocolVersion": 1}))?;
    talk.ask("session/new", &json!({}))?;
    let prompt = json!({"sessionId": "bench-1", "prompt": [{"type": "text", "text": "bench n=1"}]});
    let mut prompts = Sample::default();
    for _ in 0..few(3_000) {
        let start = now_ns();
        talk.ask("session/prompt", &prompt)?;
        prompts.add(ms(now_ns() - start));
    }
    Ok(Bare {
        prompt: prompts.summary().context("nothing was measured")?,
        resume: resumes.summary().context("nothing was measured")?,
    })
}

/// A talk with one process; dropped, the process ends.
struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    fn start(agent: &Path) -> Result<Self> {
        let mut child = Command::new(agent)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", agent.display()))?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Ok(Self {
            child,
            stdin,
            stdout,
        })
    }

    /// Asks, and reads up to the answer.
    fn ask(&mut self, method: &str, params: &Value) -> Result<()> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let stdin = self.stdin.as_mut().expect("it is open until the end");
        stdin.write_all(format!("{request}\n").as_bytes())?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stdout.read_line(&mut line)? == 0 {
                bail!("the agent ended instead of answering {method}");
            }
            if line.contains(r#""result""#) {
                return Ok(());
            }
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // The end of its input ends it; it may be gone already.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
