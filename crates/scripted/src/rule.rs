//! Rules: which user's text is answered with which steps; what a step can say is each script's own.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ScriptedError;
use crate::capture::{Captured, Held};

/// What is played when the user's last text fits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule<S> {
    /// A part of the text; the empty one fits always.
    pub when: String,
    /// A part of anything else that the request holds; without it the rule does not fit.
    #[serde(default)]
    pub held: Option<String>,
    /// The beginning of a word, up to a blank, a quote or a backtick. The first such word in the text, else in the rest of what the
    /// request holds, stands for `{{captured}}` in what the steps say and do; `nothing` where there is none.
    #[serde(default)]
    pub capture: Option<String>,
    /// A part of a line; the first such line stands for `{{line}}`, likewise.
    #[serde(default)]
    pub capture_line: Option<String>,
    /// What is played, at least one.
    pub steps: Vec<S>,
}

/// A step that can be played.
pub(crate) trait Playable {
    /// Returns what is wrong with it.
    fn check(&self) -> Result<(), String>;

    /// Puts in what its rule took out of the request.
    fn fill(&mut self, captured: &Captured);
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

/// Returns what the user's last text asks for.
pub(crate) fn wish<'a, S>(rules: &'a [Rule<S>], held: Held<'_>) -> Wish<'a, S>
where
    S: Playable + Clone + DeserializeOwned,
{
    for (i, rule) in rules.iter().enumerate() {
        if fits(rule, held) {
            let (steps, name) = (steps(rule, held), format!("rules[{i}]"));
            return Wish::Play { steps, name };
        }
    }
    if let Some(json) = held.last.lines().find_map(script_line) {
        return match in_prompt(json) {
            Ok(steps) => Wish::Play {
                steps: Cow::Owned(steps),
                name: json.to_owned(),
            },
            Err(fault) => Wish::Wrong(fault.to_string()),
        };
    }
    if held.last.contains("RECALL") {
        return Wish::Recall;
    }
    Wish::Echo
}

fn fits<S>(rule: &Rule<S>, held: Held<'_>) -> bool {
    let is_held = |part: &String| held.has(part);
    held.last.contains(&rule.when) && rule.held.as_ref().is_none_or(is_held)
}

/// Returns the rule's steps, with what it takes out of the request.
fn steps<'a, S: Playable + Clone>(rule: &'a Rule<S>, held: Held<'_>) -> Cow<'a, [S]> {
    if rule.capture.is_none() && rule.capture_line.is_none() {
        return Cow::Borrowed(&rule.steps);
    }
    let captured = Captured::take(rule.capture.as_deref(), rule.capture_line.as_deref(), held);
    let mut steps = rule.steps.clone();
    for step in &mut steps {
        step.fill(&captured);
    }
    Cow::Owned(steps)
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
pub(crate) fn check<S: Playable>(origin: &str, rules: &[Rule<S>]) -> Result<(), ScriptedError> {
    for (i, rule) in rules.iter().enumerate() {
        check_steps(origin, &format!("rules[{i}].steps"), &rule.steps)?;
    }
    Ok(())
}

fn check_steps<S: Playable>(origin: &str, place: &str, steps: &[S]) -> Result<(), ScriptedError> {
    if steps.is_empty() {
        return Err(wrong(origin, place.to_owned(), "it needs a step"));
    }
    for (i, step) in steps.iter().enumerate() {
        step.check()
            .map_err(|fault| wrong(origin, format!("{place}[{i}]"), fault))?;
    }
    Ok(())
}

fn in_prompt<S: Playable + DeserializeOwned>(json: &str) -> Result<Vec<S>, ScriptedError> {
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
