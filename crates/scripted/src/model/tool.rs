//! Which of the offered tools does what a script wants; engines call the same thing differently.

use serde_json::{Value, json};

use super::api::ToolCall;
use super::script::Action;

/// A tool as an engine may offer it, and what it must be given.
type Known = (&'static str, fn(&[&str]) -> Value);

const WRITERS: [Known; 3] = [
    ("Write", |it| json!({"file_path": it[0], "content": it[1]})),
    (
        "write_file",
        |it| json!({"file_path": it[0], "content": it[1]}),
    ),
    ("write", |it| json!({"filePath": it[0], "content": it[1]})),
];

const SHELLS: [Known; 3] = [
    (
        "Bash",
        |it| json!({"command": it[0], "description": "Run a scripted command"}),
    ),
    (
        "bash",
        |it| json!({"command": it[0], "description": "Run a scripted command"}),
    ),
    ("run_shell_command", |it| json!({"command": it[0]})),
];

/// Returns the call that does it, or why there is none.
pub(super) fn choose(action: &Action, offered: &[String]) -> Result<ToolCall, String> {
    match action {
        Action::Write(path, content) => {
            known(&WRITERS, &[path.as_str(), content.as_str()], offered)
                .or_else(|| known(&SHELLS, &[&write_command(path, content)], offered))
                .ok_or_else(|| missing("write a file", offered))
        }
        Action::Shell(command) => known(&SHELLS, &[command.as_str()], offered)
            .ok_or_else(|| missing("run a shell command", offered)),
        Action::Tool(tool) => Ok(ToolCall {
            name: full_name(&tool.name, offered),
            input: match &tool.input {
                Value::Null => json!({}),
                input => input.clone(),
            },
        }),
    }
}

fn known(tools: &[Known], given: &[&str], offered: &[String]) -> Option<ToolCall> {
    let (name, input) = tools
        .iter()
        .find(|(name, _)| offered.iter().any(|it| it == name))?;
    Some(ToolCall {
        name: (*name).to_owned(),
        input: input(given),
    })
}

/// A tool that is not offered keeps its name: the engine is to say what it thinks of that.
fn full_name(name: &str, offered: &[String]) -> String {
    let is_end = |it: &&String| {
        it.strip_suffix(name)
            .is_some_and(|rest| rest.ends_with('_'))
    };
    let exact = offered.iter().find(|it| *it == name);
    exact
        .or_else(|| offered.iter().find(is_end))
        .map_or_else(|| name.to_owned(), Clone::clone)
}

fn write_command(path: &str, content: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    format!("printf %s {} > {}", quoted(content), quoted(path))
}

fn missing(what: &str, offered: &[String]) -> String {
    format!(
        "cannot {what}: the request offers no tool for it, but {}",
        offered.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::script::ToolUse;

    fn chosen(action: &Action, offered: &[&str]) -> Result<(String, Value), String> {
        let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
        choose(action, &offered).map(|call| (call.name, call.input))
    }

    #[test]
    fn a_tool_is_chosen_among_those_on_offer() {
        let write = Action::Write("it's".into(), "a".into());
        assert_eq!(
            chosen(&write, &["Bash", "Write"]),
            Ok(("Write".into(), json!({"file_path": "it's", "content": "a"})))
        );
        assert_eq!(
            chosen(&write, &["run_shell_command"]),
            Ok((
                "run_shell_command".into(),
                json!({"command": r"printf %s 'a' > 'it'\''s'"})
            ))
        );
        assert_eq!(
            chosen(&write, &["Read"]),
            Err("cannot write a file: the request offers no tool for it, but Read".into())
        );
        let echo = Action::Tool(ToolUse {
            name: "echo".into(),
            input: Value::Null,
        });
        assert_eq!(
            chosen(&echo, &["re-echo", "mcp__lab__echo"]),
            Ok(("mcp__lab__echo".into(), json!({})))
        );
    }
}
