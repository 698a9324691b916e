//! Rules: which user's text is answered with which steps; what a step can say is each script's own.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ScriptedError;

/// What is played when the user's last text fits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule<S> {
    /// A part of the text; the empty one fits always.
    pub when: String,
    /// What is played, at least one.
    pub steps: Vec<S>,
}

/// A step that knows whether it can be played.
pub(crate) trait Check {
    /// Returns what is wrong with it.
    fn check(&self) -> Result<(), String>;
}

/// What a user's text asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Wish<'a, S: Clone> {
    /// These steps, known by a name that is the same each time.
    Play { steps: Cow<'a, [S]>, name: String },
    /// Everything that the user wrote.
    Recall,
    /// The text itself.
    Echo,
    /// Steps that cannot be understood.
    Wrong(String),
}

/// Returns what the text asks for.
pub(crate) fn wish<'a, S>(rules: &'a [Rule<S>], text: &str) -> Wish<'a, S>
where
    S: Check + Clone + DeserializeOwned,
{
    for (i, rule) in rules.iter().enumerate() {
        if text.contains(&rule.when) {
            let (steps, name) = (Cow::Borrowed(&rule.steps[..]), format!("rules[{i}]"));
            return Wish::Play { steps, name };
        }
    }
    if let Some(json) = text.lines().find_map(script_line) {
        return match in_prompt(json) {
            Ok(steps) => Wish::Play {
                steps: Cow::Owned(steps),
                name: json.to_owned(),
            },
            Err(fault) => Wish::Wrong(fault.to_string()),
        };
    }
    if text.contains("RECALL") {
        return Wish::Recall;
    }
    Wish::Echo
}

/// Reads a script file's text.
pub(crate) fn read(path: &Path) -> Result<String, ScriptedError> {
    fs::read_to_string(path).map_err(|source| ScriptedError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Understands JSON, and says where it does not.
pub(crate) fn parse<T: DeserializeOwned>(origin: &str, json: &str) -> Result<T, ScriptedError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let parsed = serde_path_to_error::deserialize(&mut reader)
        .map_err(|fault| wrong(origin, fault.path().to_string(), fault.inner()))?;
    reader
        .end()
        .map_err(|fault| wrong(origin, "its end".to_owned(), &fault))?;
    Ok(parsed)
}

/// Checks every step of every rule.
pub(crate) fn check<S: Check>(origin: &str, rules: &[Rule<S>]) -> Result<(), ScriptedError> {
    for (i, rule) in rules.iter().enumerate() {
        check_steps(origin, &format!("rules[{i}].steps"), &rule.steps)?;
    }
    Ok(())
}

fn check_steps<S: Check>(origin: &str, place: &str, steps: &[S]) -> Result<(), ScriptedError> {
    if steps.is_empty() {
        return Err(wrong(origin, place.to_owned(), "it needs a step"));
    }
    for (i, step) in steps.iter().enumerate() {
        step.check()
            .map_err(|fault| wrong(origin, format!("{place}[{i}]"), fault))?;
    }
    Ok(())
}

fn in_prompt<S: Check + DeserializeOwned>(json: &str) -> Result<Vec<S>, ScriptedError> {
    const ORIGIN: &str = "the script in the prompt";
    let steps = if json.starts_with('[') {
        parse(ORIGIN, json)?
    } else {
        vec![parse(ORIGIN, json)?]
    };
    check_steps(ORIGIN, "steps", &steps)?;
    Ok(steps)
}

/// Finds the JSON in a line like `> SCRIPT: [{"text": "hi"}].`
fn script_line(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let json = line.strip_prefix("SCRIPT:")?.trim();
    let close = if json.starts_with('[') { ']' } else { '}' };
    Some(json.rfind(close).map_or(json, |end| &json[..=end]))
}

fn wrong(origin: &str, place: String, fault: impl ToString) -> ScriptedError {
    ScriptedError::Script {
        origin: origin.to_owned(),
        place,
        fault: fault.to_string(),
    }
}
