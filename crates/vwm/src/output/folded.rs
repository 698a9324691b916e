//! Tools in a few words: what a call is about, and the first of what came back.

use serde_json::Value;

use super::table::plain;

/// The widest that a folded line gets; what comes before and behind it stays below 100 columns, too.
pub(super) const WIDTH: usize = 75;
/// How many lines of a text are shown.
const LINES: usize = 4;

/// What a tool is about: the first of the fields that tell it, or all of it.
pub(super) fn gist(input: &Value) -> String {
    const TELLING: [&str; 9] = [
        "command",
        "file_path",
        "filePath",
        "path",
        "pattern",
        "query",
        "url",
        "description",
        "prompt",
    ];
    if let Some(telling) = TELLING.iter().find_map(|name| input[*name].as_str()) {
        return telling.to_owned();
    }
    match input {
        Value::Null => String::new(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        // They are shown below.
        Value::Object(fields) if fields.contains_key("todos") => String::new(),
        other => other.to_string(),
    }
}

/// What a call will do to a text or a list, below its line: a mark and a line each.
pub(super) fn details(input: &Value) -> Vec<(char, String)> {
    let mut details = Vec::new();
    for (mark, name) in [('-', "old_string"), ('+', "new_string")] {
        if let Some(text) = input[name].as_str() {
            let first = first_lines(text);
            details.extend(first.into_iter().map(|line| (mark, line)));
        }
    }
    for todo in input["todos"].as_array().into_iter().flatten() {
        let Some(content) = todo["content"].as_str() else {
            continue;
        };
        let mark = match todo["status"].as_str() {
            Some("completed") => '✓',
            Some("in_progress") => '▸',
            Some(_) | None => '·',
        };
        details.push((mark, folded(content)));
    }
    details
}

/// A result's text; engines give a string, or one in an object of its own, or parts that have texts.
pub(super) fn words(output: &Value) -> String {
    match output {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.len() == 1 => match fields.values().next() {
            Some(Value::String(text)) => text.clone(),
            _ => output.to_string(),
        },
        Value::Array(parts) if parts.iter().all(|part| part["text"].is_string()) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

/// The first lines of a text, folded; the last one says how many more there are.
pub(super) fn first_lines(text: &str) -> Vec<String> {
    let text = text.trim_matches('\n').trim_end();
    let count = text.lines().count();
    // One line more is no longer than saying that there is one.
    let shown = if count <= LINES + 1 { count } else { LINES };
    let line = |line: &str| shortened(line.trim_end());
    let mut lines: Vec<_> = text.lines().take(shown).map(line).collect();
    if count > shown {
        lines.push(format!("… {} lines more", count - shown));
    }
    lines
}

/// One line of bounded width.
pub(super) fn folded(text: &str) -> String {
    shortened(text.trim())
}

fn shortened(text: &str) -> String {
    cut(text, WIDTH)
}

/// The text on one line of at most so many characters; a longer one ends with an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= width {
        return text;
    }
    let beginning: String = text.chars().take(width - 1).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_text_is_told_by_its_first_lines() {
        assert_eq!(first_lines("\n"), [""; 0]);
        assert_eq!(first_lines("  a\nb \n\nd\ne\n"), ["  a", "b", "", "d", "e"]);
        assert_eq!(
            first_lines("1\n2\n3\n4\n5\n6\n7\n"),
            ["1", "2", "3", "4", "… 3 lines more"]
        );
    }

    #[test]
    fn an_edit_and_a_plan_are_told_line_by_line() {
        let edit = json!({"file_path": "a", "old_string": "x\n", "new_string": "y\nz"});
        let told: String = details(&edit)
            .iter()
            .map(|(mark, line)| format!("{mark}{line} "))
            .collect();
        assert_eq!((gist(&edit).as_str(), told.as_str()), ("a", "-x +y +z "));
        let plan =
            json!({"todos": [{"content": "look", "status": "completed"}, {"content": "do"}]});
        assert_eq!(
            details(&plan),
            [('✓', "look".to_owned()), ('·', "do".to_owned())]
        );
        assert_eq!(gist(&plan), "");
    }
}
