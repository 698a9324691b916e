//! Model APIs: what all of them mean is here, how each of them says it is in a file of its own.

mod anthropic;

use bytes::Bytes;
use serde_json::Value;

use super::script::Usage;
use crate::capture::Held;

/// A model API. Another one is a variant here and a file beside `anthropic`; the compiler names what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// The Messages API.
    Anthropic,
}

/// What a path asks of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// An answer.
    Answer,
    /// The number of tokens that a request has.
    Count,
}

/// A model request, whatever API it came through.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ask {
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) max_tokens: Option<u64>,
    /// Every text that the user really wrote, oldest first.
    pub(super) users: Vec<String>,
    /// Every text that it holds: the system's, then all that was said, by whomever.
    pub(super) texts: Vec<String>,
    /// Which model request after the last of them it is, from 0.
    pub(super) step: usize,
    /// The names of the tools on offer.
    pub(super) tools: Vec<String>,
    /// The JSON schema that the answer must fit.
    pub(super) schema: Option<Value>,
}

impl Ask {
    pub(super) fn last_user(&self) -> &str {
        self.users.last().map_or("", String::as_str)
    }

    pub(super) fn held(&self) -> Held<'_> {
        Held {
            last: self.last_user(),
            rest: &self.texts,
        }
    }
}

/// What is answered, whatever API it goes through.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// Unlike that of any other answer, also of another server's.
    pub(super) id: String,
    pub(super) model: String,
    /// Which step of the play it is; the ids of tools carry it, so that the engine brings it back.
    pub(super) step: usize,
    pub(super) think: Option<String>,
    pub(super) text: Option<String>,
    pub(super) tools: Vec<ToolCall>,
    pub(super) usage: Usage,
    pub(super) stop: Option<String>,
    /// In how many chunks the text is streamed.
    pub(super) chunks: usize,
}

/// A use of a tool that is on offer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToolCall {
    pub(super) name: String,
    pub(super) input: Value,
}

/// A piece of an answer on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) bytes: Bytes,
    /// Whether it goes on with a text, and so may come later than the rest.
    pub(super) is_further_chunk: bool,
    /// Whether half of the answer is told with it: here it may be held or cut.
    pub(super) is_middle: bool,
}

impl Api {
    /// Returns the API, what is asked of it, and what stands in front of its own path.
    pub(super) fn find(path: &str) -> Option<(Self, Operation, &str)> {
        let (operation, prefix) = anthropic::find(path)?;
        Some((Self::Anthropic, operation, prefix))
    }

    pub(super) fn ask(self, body: &Value) -> Ask {
        match self {
            Self::Anthropic => anthropic::ask(body),
        }
    }

    /// Tells an answer: as a stream of events, or else as one document in two halves.
    pub(super) fn tell(self, answer: &Answer, stream: bool) -> Vec<Frame> {
        if stream {
            return match self {
                Self::Anthropic => anthropic::stream(answer),
            };
        }
        let document = match self {
            Self::Anthropic => anthropic::document(answer).to_string(),
        };
        let (first, second) = document.as_bytes().split_at(document.len() / 2);
        vec![
            frame(Bytes::copy_from_slice(first)).at_middle(),
            frame(Bytes::copy_from_slice(second)),
        ]
    }

    pub(super) fn count(self, tokens: u64) -> Value {
        match self {
            Self::Anthropic => anthropic::count(tokens),
        }
    }

    pub(super) fn error(self, status: u16, message: Option<&str>) -> Value {
        match self {
            Self::Anthropic => anthropic::error(status, message),
        }
    }
}

impl Frame {
    fn at_middle(self) -> Self {
        Self {
            is_middle: true,
            ..self
        }
    }
}

fn frame(bytes: Bytes) -> Frame {
    Frame {
        bytes,
        is_further_chunk: false,
        is_middle: false,
    }
}

/// The id of the `i`th tool in an answer.
fn tool_id(answer: &Answer, i: usize) -> String {
    format!("s{}_{}_{i}", answer.step, answer.id)
}

/// Returns the step that a tool's id carries; 0 for the id of a stranger.
fn step_of(tool_id: &str) -> usize {
    let mut parts = tool_id.split('_');
    parts
        .find_map(|part| part.strip_prefix('s')?.parse().ok())
        .unwrap_or(0)
}
