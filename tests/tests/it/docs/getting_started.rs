//! The walk with curl, typed as it stands; each answer is what the document shows of it.

use serde_json::{Deserializer, Value};
use vwm_tests::{Block, Document, has_lines, is_like, types};

/// What stands between the output of two blocks.
const NEXT: &str = "<next block>";

/// A block of shell lines, and the blocks that show what it answers.
struct Step {
    lines: String,
    answers: Vec<Block>,
}

fn steps(document: &Document) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in document.blocks() {
        match (block.language.as_str(), steps.last_mut()) {
            ("sh", _) => steps.push(Step {
                lines: block.text,
                answers: Vec::new(),
            }),
            (_, Some(step)) => step.answers.push(block),
            (_, None) => panic!("an answer to nothing: {block:?}"),
        }
    }
    steps
}

/// Names what a document shows of an answer and the answer has not. Numbers are of this run alone.
fn faults(place: &str, shown: &Value, answer: &Value) -> Vec<String> {
    let same = match (shown, answer) {
        (Value::Object(shown), Value::Object(_)) => {
            let fields = shown.iter();
            let faults = fields.map(|(name, shown)| {
                let found = answer.get(name);
                found.map_or(vec![format!("{place}.{name} is not there")], |found| {
                    faults(&format!("{place}.{name}"), shown, found)
                })
            });
            return faults.flatten().collect();
        }
        (Value::Array(shown), Value::Array(items)) if shown.len() == items.len() => {
            let pairs = shown.iter().zip(items).enumerate();
            let faults =
                pairs.map(|(i, (shown, item))| faults(&format!("{place}[{i}]"), shown, item));
            return faults.flatten().collect();
        }
        (Value::String(shown), Value::String(text)) => is_like(shown, text),
        (Value::Number(_), Value::Number(_)) => true,
        (_, _) => shown == answer,
    };
    if same {
        return Vec::new();
    }
    vec![format!("{place} is {answer}, not {shown}")]
}

/// The last JSON value of an output; what runs behind may have said a line before it.
fn last_json(output: &str) -> Value {
    let start = output.find(['{', '[']).unwrap_or(output.len());
    let values = Deserializer::from_str(&output[start..]).into_iter::<Value>();
    let values = values.map_while(Result::ok);
    values.last().unwrap_or_default()
}

#[tokio::test]
async fn the_walk_goes_as_it_is_written_and_every_answer_is_as_it_is_shown() {
    let steps = steps(&Document::read("docs/getting-started.md"));
    let lines = steps.iter().map(|step| step.lines.as_str());
    let lines: Vec<_> = lines.collect();
    let folder = tempfile::tempdir().expect("a folder");
    let said = types(folder.path(), &lines.join(&format!("\necho '{NEXT}'\n"))).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    let outputs: Vec<&str> = said.out.split(NEXT).collect();
    assert_eq!(outputs.len(), steps.len(), "{}", said.out);
    let mut wrong = Vec::new();
    for (step, output) in steps.iter().zip(outputs) {
        for answer in &step.answers {
            let found = match answer.language.as_str() {
                "json" => {
                    let shown = serde_json::from_str(&answer.text);
                    let shown: Value = shown.unwrap_or_else(|e| panic!("{e}: {}", answer.text));
                    faults("", &shown, &last_json(output))
                }
                "text" if has_lines(&answer.text, output) => Vec::new(),
                other => vec![format!("no such {other}: {}", answer.text)],
            };
            let found = found.iter();
            wrong.extend(found.map(|fault| format!("{}{fault}", step.lines)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
