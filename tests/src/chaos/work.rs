//! What a prompt has its agent do: a script of a few steps that leaves a mark in the workspace, and what may come of it.

use std::time::Duration;

use serde_json::{Value, json};
use vwm_api::{OnBusy, Prompt, SessionId, SubsessionId};

/// One prompt's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Work {
    /// How it is done.
    pub(super) manner: Manner,
    /// Whether it is asked in a second conversation.
    pub(super) is_aside: bool,
    /// How long its small waits are.
    pub(super) pace: Duration,
}

/// How a prompt's work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Speaks, and uses no tool.
    Says,
    /// Uses a tool, then speaks.
    Tool,
    /// Uses a tool, then speaks word by word.
    Slow,
    /// Says nothing for a while, then uses a tool that takes its time.
    Late,
    /// Has its tool ask the model behind the door.
    Model,
    /// Writes files.
    Files,
    /// Says nothing until its time is over.
    Silent,
    /// Fails.
    Fails,
    /// Prints the provider's key.
    Leaks,
    /// Does not listen when it is told to stop.
    Deaf,
}

/// How often each is wanted.
pub(super) const MANNERS: [(u64, Manner); 10] = [
    (6, Manner::Says),
    (8, Manner::Tool),
    (8, Manner::Slow),
    (6, Manner::Late),
    (14, Manner::Model),
    (5, Manner::Files),
    (1, Manner::Silent),
    (2, Manner::Fails),
    (3, Manner::Leaks),
    (1, Manner::Deaf),
];

/// Asks the model through the door with what an engine is given, for a text by which the model's log knows the turn.
const ASK: &str = "curl -sS -m 20 -o asked \"$ANTHROPIC_BASE_URL/v1/messages\" -H \"x-api-key: $ANTHROPIC_API_KEY\" -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' -d ";

impl Work {
    /// The prompt: its script, with a mark that is this prompt's alone.
    pub(super) fn prompt(
        self,
        session: SessionId,
        mark: &str,
        folder: &str,
        secret: &str,
    ) -> Prompt {
        let steps = Value::Array(self.steps(mark, folder, secret));
        Prompt {
            prompt: format!("{mark}\nSCRIPT: {steps}"),
            subsession_id: self.is_aside.then(|| aside(session)),
            timeout: (self.manner == Manner::Silent).then_some(1),
            breadcrumbs: vec![],
            on_busy: OnBusy::Queue,
        }
    }

    fn steps(self, mark: &str, folder: &str, secret: &str) -> Vec<Value> {
        let leave = format!("echo {mark} >> {folder}ran");
        let leaves = json!({"shell": leave});
        let text = json!({"text": format!("done with {mark}")});
        let pace = u64::try_from(self.pace.as_millis()).unwrap_or_default();
        match self.manner {
            Manner::Says => vec![json!({"think": "hm"}), text],
            Manner::Tool => vec![leaves, text],
            Manner::Slow => {
                let words = "one two three four five six seven eight nine ten";
                vec![
                    leaves,
                    json!({"text": words, "chunks": 10, "chunk_delay_ms": pace}),
                ]
            }
            Manner::Late => {
                let shell = format!("{leave}; sleep 0.{pace:03}");
                vec![json!({"delay_ms": pace * 4, "shell": shell}), text]
            }
            Manner::Model => {
                let body = json!({"model": "claude", "max_tokens": 16, "messages": [{"role": "user", "content": mark}]});
                vec![json!({"shell": format!("{leave}; {ASK}'{body}'")}), text]
            }
            Manner::Files => {
                let path = format!("{folder}notes/{mark}.txt");
                vec![
                    json!({"write": [path, format!("{mark}\n")]}),
                    leaves,
                    json!({"shell": format!("mkdir -p deep/er; date +%N > deep/er/{mark}; ln -sf ../ran deep/link")}),
                    text,
                ]
            }
            Manner::Silent => vec![json!({"delay_ms": 20_000}), text],
            Manner::Fails => vec![leaves, json!({"fail": "nothing to be done"})],
            Manner::Leaks => {
                let (one, other) = secret.split_at(secret.len() / 2);
                let prints = format!("{leave}; printf '%s%s\\n' {one} {other}");
                vec![json!({"shell": prints}), text]
            }
            Manner::Deaf => {
                vec![
                    leaves,
                    json!({"ignore_cancel": true, "delay_ms": 1_500}),
                    text,
                ]
            }
        }
    }

    /// Whether its tool leaves the mark.
    pub(super) fn leaves_mark(self) -> bool {
        match self.manner {
            Manner::Says | Manner::Silent => false,
            Manner::Tool
            | Manner::Slow
            | Manner::Late
            | Manner::Model
            | Manner::Files
            | Manner::Fails
            | Manner::Leaks
            | Manner::Deaf => true,
        }
    }

    /// Whether it may fail although nobody does anything to it.
    pub(super) fn may_fail(self) -> bool {
        match self.manner {
            Manner::Silent | Manner::Fails => true,
            Manner::Says
            | Manner::Tool
            | Manner::Slow
            | Manner::Late
            | Manner::Model
            | Manner::Files
            | Manner::Leaks
            | Manner::Deaf => false,
        }
    }
}

/// A session's second conversation: the same one each time.
fn aside(session: SessionId) -> SubsessionId {
    let mut id = session.to_string();
    let last = if id.pop() == Some('0') { '1' } else { '0' };
    id.push(last);
    id.parse().expect("another last digit makes another id")
}
