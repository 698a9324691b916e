//! Plays recordings of engines through a dialogue: what came in is said to it as input, what came out is what it hears.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::Value;
use vwm_api::{AgentEvent, CliType, NativeId, SubsessionId, WorkerDefinition};

use super::adapter;
use crate::adapter::{Dialogue, EngineHome, Input, Opening, Said, Step};

/// The conversation of every recording.
pub(super) fn conversation() -> SubsessionId {
    "01970000-0000-7000-8000-000000000000"
        .parse()
        .expect("an id")
}

pub(super) fn opening(native: Option<&str>) -> Opening {
    Opening {
        subsession: conversation(),
        native: native.map(|id| NativeId(id.to_owned())),
        gave_up: false,
    }
}

pub(super) fn home(worker: &Value) -> EngineHome {
    let mut whole = serde_json::json!({
        "name": "bob", "runtimeId": "01970000-0000-7000-8000-00000000000a", "cliType": "claude-code",
        "workerRepoBranch": "main", "autoLearn": false, "timeout": 3600, "locked": false,
    });
    for (name, value) in worker.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    let worker: WorkerDefinition = serde_json::from_value(whole).expect("a worker");
    EngineHome {
        program: PathBuf::from("/engines/program"),
        home: PathBuf::from("/s/home/engine"),
        tmp: PathBuf::from("/s/tmp"),
        workspace: PathBuf::from("/s/workspace"),
        knowledge_base: Some(PathBuf::from("/s/kb")),
        door_url: "http://127.0.0.1:7/model/1".to_owned(),
        door_token: "door-token".to_owned(),
        worker,
    }
}

pub(super) fn dialogue(engine: CliType, opening: Opening) -> Box<dyn Dialogue> {
    let adapter = adapter(engine).expect("it is on the list");
    adapter.dialogue(&home(&Value::Null), &[opening])
}

/// A recording's lines: whether it was said to the engine, and what.
pub(super) fn recording(name: &str) -> Vec<(bool, Value)> {
    let path = format!(
        "{}/tests/recordings/{name}.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect(&path);
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).expect(name);
            (line["dir"] == "in", line["msg"].take())
        })
        .collect()
}

/// What a dialogue makes of a recording.
pub(super) fn play(engine: CliType, native: Option<&str>, name: &str) -> String {
    let mut dialogue = dialogue(engine, opening(native));
    let mut told = show(&dialogue.open());
    for (is_input, line) in recording(name) {
        let steps = if is_input {
            match input(&line) {
                Some(input) => {
                    writeln!(told, "* {}", short(&format!("{input:?}"))).expect("to a string");
                    dialogue.input(conversation(), input)
                }
                None => continue,
            }
        } else {
            dialogue.heard(Said::Line(line.to_string()))
        };
        told.push_str(&show(&steps));
    }
    told
}

fn input(line: &Value) -> Option<Input> {
    let text = |value: &Value| value.as_str().map(|text| Input::Prompt(text.to_owned()));
    match (line["type"].as_str(), line["method"].as_str()) {
        (Some("user"), _) => text(&line["message"]["content"][0]["text"]),
        (Some("control_request"), _) if line["request"]["subtype"] == "interrupt" => {
            Some(Input::Abort)
        }
        (_, Some("session/prompt")) => text(&line["params"]["prompt"][0]["text"]),
        (_, Some("session/cancel")) => Some(Input::Abort),
        _ => None,
    }
}

/// Steps as lines for people; deltas that follow each other stay apart.
pub(super) fn show(steps: &[Step]) -> String {
    let mut told = String::new();
    for step in steps {
        let line = match step {
            Step::Opened(_, resume) => format!("opened {resume:?}"),
            Step::Emit(_, event) => event_line(event),
            Step::Native(_, id) => format!("native {id}"),
            Step::Say(line) => format!("say {line}"),
            Step::Wake(after, token) => format!("wake {after:?} {token}"),
            Step::Relaunch(opening) => {
                format!(
                    "relaunch native={:?} gave_up={}",
                    opening.native, opening.gave_up
                )
            }
            Step::End(_, end) => {
                let error = end
                    .error
                    .as_ref()
                    .map(|error| {
                        format!(
                            " {} retryable={} {}",
                            error.code, error.retryable, error.message
                        )
                    })
                    .unwrap_or_default();
                format!(
                    "end {:?} {:?} in={:?} out={:?} cost={:?} model={:?}{error}",
                    end.status,
                    end.response,
                    end.tokens_in,
                    end.tokens_out,
                    end.cost_total_usd,
                    end.model
                )
            }
        };
        writeln!(told, "{}", short(&line)).expect("to a string");
    }
    told
}

fn event_line(event: &AgentEvent) -> String {
    let event = serde_json::to_value(event).expect("serializes");
    format!(
        "{} {}",
        event["type"].as_str().unwrap_or_default(),
        event["data"]
    )
}

fn short(line: &str) -> String {
    match line.char_indices().nth(420) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
