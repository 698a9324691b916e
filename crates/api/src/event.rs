//! Events: what a session tells the world, numbered by seq.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Answer, CliType, SessionStatus, SubsessionId, TurnError, TurnId};

/// The number of an event in its session; it grows by the order in which the world sees them, from 1.
pub type Seq = i64;

/// Whether a conversation went on or began anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// The engine went on with its own conversation.
    Resumed,
    /// There was none.
    Fresh,
    /// There was one, and the engine would not go on with it.
    FreshAfterFailedResume,
}

/// The first event of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// The turn.
    pub request_id: TurnId,
    /// The conversation.
    pub subsession_id: SubsessionId,
    /// The engine.
    pub engine: CliType,
    /// The model that was asked for.
    pub model: Option<String>,
    /// Which system instructions it sees; 0 when none were ever set.
    pub settings_revision: i64,
    /// Whether the conversation went on.
    pub resume: Resume,
}

/// The agent uses a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCall {
    /// Pairs it with its result.
    pub id: String,
    /// The engine's name for the tool.
    pub name: String,
    /// What the tool is given.
    pub input: Value,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ToolResult {
    /// Pairs it with its call.
    pub id: String,
    /// The tool, where the engine says it.
    pub name: Option<String>,
    /// What came out.
    pub output: Value,
    /// Whether it failed.
    pub is_error: bool,
}

/// What an agent says in the middle of a turn; an adapter makes nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The turn begins.
    Start(Start),
    /// A delta of the answer.
    Text(String),
    /// A delta of the thinking.
    Thinking(String),
    /// A tool is used.
    ToolCall(ToolCall),
    /// A tool answered.
    ToolResult(ToolResult),
    /// Something that a person may want to know; it ends nothing.
    Notice {
        /// For programs: one of [`AgentEvent::NOTICES`].
        code: String,
        /// For people.
        message: String,
    },
    /// What the adapter did not understand.
    Raw(Value),
}

impl AgentEvent {
    /// Every code of a notice; `docs/reference/errors.md` says of each what to do.
    pub const NOTICES: [&'static str; 30] = [
        "branch_restored",
        "commits_bundled",
        "commits_not_kept",
        "cut_short",
        "empty_repository",
        "files_archived",
        "history_rewritten",
        "history_unrelated",
        "ignored_setting",
        "learned",
        "learning_cleaned",
        "learning_refused",
        "leftovers_archived",
        "lfs_pointers",
        "moved_aside",
        "nested_repository",
        "not_learned",
        "not_pushed",
        "pushed",
        "record_lost",
        "retry",
        "secret_not_kept",
        "session_ending",
        "stalled",
        "submodules_not_fetched",
        "tree_gone",
        "tree_made_again",
        "tree_unusable",
        "unconfined",
        "unpushed",
    ];

    /// A notice, with a code of the list.
    pub fn notice(code: &str, message: impl Into<String>) -> Self {
        debug_assert!(Self::NOTICES.contains(&code), "{code} is not listed");
        Self::Notice {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// What an event says, as it goes over the wire: `{"type": …, "data": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    /// The turn begins.
    Start(Start),
    /// A delta of the answer.
    Text(String),
    /// A delta of the thinking.
    Thinking(String),
    /// A tool is used.
    ToolCall(ToolCall),
    /// A tool answered.
    ToolResult(ToolResult),
    /// Something that a person may want to know; it ends nothing.
    Notice {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
    /// The session moved.
    Status {
        /// From where; none when it was made.
        from: Option<SessionStatus>,
        /// To where.
        to: SessionStatus,
        /// Why.
        reason: Option<String>,
    },
    /// Events that are no longer kept.
    Gap {
        /// The first.
        #[cfg_attr(feature = "openapi", schema(value_type = i64))]
        from: Seq,
        /// The last.
        #[cfg_attr(feature = "openapi", schema(value_type = i64))]
        to: Seq,
    },
    /// What the adapter did not understand.
    Raw(Value),
    /// The turn's last event: the whole answer.
    Complete(Box<Answer>),
    /// The turn's last event: why there is no answer.
    Error(TurnError),
}

impl From<AgentEvent> for EventBody {
    fn from(event: AgentEvent) -> Self {
        match event {
            AgentEvent::Start(start) => Self::Start(start),
            AgentEvent::Text(text) => Self::Text(text),
            AgentEvent::Thinking(text) => Self::Thinking(text),
            AgentEvent::ToolCall(call) => Self::ToolCall(call),
            AgentEvent::ToolResult(result) => Self::ToolResult(result),
            AgentEvent::Notice { code, message } => Self::Notice { code, message },
            AgentEvent::Raw(value) => Self::Raw(value),
        }
    }
}

impl EventBody {
    /// Whether it is the last one of its turn.
    #[must_use]
    pub fn ends_turn(&self) -> bool {
        matches!(self, Self::Complete(_) | Self::Error(_))
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its number; the frame's `id`, not in its data.
    #[serde(skip)]
    pub seq: Seq,
    /// What it says.
    #[serde(flatten)]
    pub body: EventBody,
    /// The turn it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<TurnId>,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subsession_id: Option<SubsessionId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_flat_on_the_wire() {
        let event = Event {
            seq: 7,
            body: EventBody::Text("hi".into()),
            request_id: None,
            subsession_id: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&event).expect("serializes"), @r#"{"type":"text","data":"hi"}"#);
    }
}
