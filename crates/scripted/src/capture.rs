//! What a rule takes out of a request, so that an answer can depend on what the request really held.

use serde_json::Value;

/// What stands for something that was not found.
const NOTHING: &str = "nothing";

/// What a request holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    /// The last text that the user really wrote.
    pub(crate) last: &'a str,
    /// All other texts: the system's, earlier ones, injected ones.
    pub(crate) rest: &'a [String],
}

impl<'a> Held<'a> {
    /// Whether any of its texts has this part.
    pub(crate) fn has(self, part: &str) -> bool {
        self.texts().any(|text| text.contains(part))
    }

    fn word(self, prefix: &str) -> Option<&'a str> {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
        let mut words = self.texts().flat_map(|text| text.split(is_end));
        words.find(|word| !word.is_empty() && word.starts_with(prefix))
    }

    fn line(self, part: &str) -> Option<&'a str> {
        let mut lines = self.texts().flat_map(str::lines);
        lines.find(|line| line.contains(part)).map(str::trim)
    }

    fn texts(self) -> impl Iterator<Item = &'a str> {
        [self.last]
            .into_iter()
            .chain(self.rest.iter().map(String::as_str))
    }
}

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Captured {
    word: String,
    line: String,
}

impl Captured {
    /// Takes the word that begins so and the line that has this part; what is not wanted is not found either.
    pub(crate) fn take(prefix: Option<&str>, part: Option<&str>, held: Held<'_>) -> Self {
        let or_nothing = |found: Option<&str>| found.unwrap_or(NOTHING).to_owned();
        Self {
            word: or_nothing(prefix.and_then(|prefix| held.word(prefix))),
            line: or_nothing(part.and_then(|part| held.line(part))),
        }
    }

    /// Puts it where a text names it.
    pub(crate) fn fill(&self, text: &mut String) {
        // In one go: what was taken out may itself look like a place for the other.
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("{{") {
            let (before, place) = rest.split_at(at);
            filled.push_str(before);
            let places = [("{{captured}}", &self.word), ("{{line}}", &self.line)];
            let found = places
                .into_iter()
                .find_map(|(name, value)| Some((place.strip_prefix(name)?, value.as_str())));
            let (after, value) = found.unwrap_or((&place[2..], "{{"));
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        *text = filled;
    }

    /// Likewise in every text of a value.
    pub(crate) fn fill_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.fill(text),
            Value::Array(items) => items.iter_mut().for_each(|it| self.fill_value(it)),
            Value::Object(fields) => fields.values_mut().for_each(|it| self.fill_value(it)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_word_and_the_first_line_come_from_the_last_text_before_the_rest() {
        let rest = [
            "the system says\n  keep to `kb/old.md`  \nalways".to_owned(),
            "then 'kb/older.md'".to_owned(),
        ];
        let taken = |last: &str, prefix: &str, part: &str| {
            let held = Held { last, rest: &rest };
            let captured = Captured::take(Some(prefix), Some(part), held);
            (captured.word, captured.line)
        };
        let both = |word: &str, line: &str| (word.to_owned(), line.to_owned());
        let last = "write\nto \"kb/new.md\", please";
        assert_eq!(
            taken(last, "kb/", "kb/"),
            both("kb/new.md", "to \"kb/new.md\", please")
        );
        assert_eq!(
            taken("write", "kb/", "keep"),
            both("kb/old.md", "keep to `kb/old.md`")
        );
        // It has to begin so, not only to have it.
        assert_eq!(taken(last, "new.md", "old.md "), both("nothing", "nothing"));
    }

    #[test]
    fn what_was_taken_stands_wherever_it_is_named_and_is_not_looked_into_again() {
        let captured = Captured {
            word: "{{line}}".into(),
            line: "all of it".into(),
        };
        let mut value = json!({"a": ["{{captured}} {{line}} {{other}} {{", 1], "b": true});
        captured.fill_value(&mut value);
        assert_eq!(
            value,
            json!({"a": ["{{line}} all of it {{other}} {{", 1], "b": true})
        );
    }
}
