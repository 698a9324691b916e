//! A model server and an ACP agent that play scripts instead of thinking: for the offline demo, the end-to-end tests and the benchmarks.
//!
//! Both look at the last text that a user really wrote (what an engine injects, such as `<system-reminder>`, does not count) and do
//! the first of these that fits:
//!
//! 1. a rule of the script file whose `when` is part of that text: its `steps` are played;
//! 2. a line `SCRIPT: [{"text": "hi"}]` in that text: those steps are played;
//! 3. the word `RECALL`: `recall: ["first text", "second text", …]`, every text that the user wrote in this conversation;
//! 4. `echo: ` and that text.
//!
//! A script file for the model server; step i answers the i-th model request after the user's text:
//!
//! ```json
//! {"rules": [{"when": "launch", "steps": [
//!     {"think": "where is the checklist?", "shell": "ls"},
//!     {"write": ["checklist.md", "- fuel\n"], "hold": "before-writing"},
//!     {"text": "ready for launch"}]}]}
//! ```
//!
//! A rule can ask for more, and take something out of the request into its steps, so that an answer depends on what the engine really
//! sent: `held` is a part that must stand anywhere in the request, `capture` begins a word of it that `{{captured}}` then stands for,
//! `capture_line` is part of a line that `{{line}}` stands for (see [`Rule`]):
//!
//! ```json
//! {"rules": [{"when": "how do we", "capture_line": "Our rule:", "steps": [{"text": "As we agreed: {{line}}"}]}]}
//! ```
//!
//! [`Step`] has all that a model's step can say. A script file for the agent, which plays all steps of a rule in one prompt, has the
//! same shape, the steps of [`AgentStep`], and beside `rules` the address of a model server whose gates `hold` uses:
//! `"control": "http://127.0.0.1:PORT"`.

mod agent;
mod capture;
mod error;
mod model;
mod prompt;
mod rule;
mod text;

pub use agent::{AgentArgs, AgentScript, AgentStep, StopReason, agent_main, serve_agent};
pub use error::ScriptedError;
pub use model::{
    Action, Call, CallKind, ModelArgs, ModelServer, Script, Step, ToolUse, Usage, UsageChange,
    model_main,
};
pub use rule::Rule;
