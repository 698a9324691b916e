//! Who learned something and when: the front matter of a session's own learning, for which the manager vouches.

use jiff::Timestamp;
use vwm_api::SessionId;

const FENCE: &str = "---";
/// What the worker does not say.
const OURS: [&str; 3] = ["session", "worker", "date"];
/// Words that YAML takes for something else than text.
const NO_TEXT: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// Where a learning comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provenance {
    session: SessionId,
    worker: String,
    /// The day on which the session began, in UTC; none where its id does not tell.
    date: Option<String>,
}

impl Provenance {
    /// The same whenever it is asked.
    pub(super) fn of(session: SessionId, worker: &str) -> Self {
        let began = session
            .0
            .get_timestamp()
            .and_then(|began| i64::try_from(began.to_unix().0).ok())
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        Self {
            session,
            worker: worker.to_owned(),
            date: began.map(|began| began.strftime("%Y-%m-%d").to_string()),
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("session: {}", self.session),
            format!("worker: {}", scalar(&self.worker)),
        ];
        lines.extend(self.date.iter().map(|date| format!("date: {date}")));
        lines
    }
}

/// A learning under its provenance: other keys and the body stay as they are; none where there is no body. What has its provenance
/// already is not changed.
pub(super) fn vouched(text: &str, provenance: &Provenance) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}');
    let (others, body) = split(text).unwrap_or_else(|| (Vec::new(), text));
    if body.trim().is_empty() {
        return None;
    }
    let mut lines = vec![FENCE.to_owned()];
    lines.extend(provenance.lines());
    lines.extend(others.into_iter().map(str::to_owned));
    lines.extend([FENCE.to_owned(), String::new()]);
    let mut whole = lines.join("\n");
    whole.push('\n');
    whole.push_str(without_blank_lines(body));
    if !whole.ends_with('\n') {
        whole.push('\n');
    }
    Some(whole)
}

/// The front matter's lines that are not ours to say, and the body; none where it is none: not closed, or not lines of keys.
fn split(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut rest = without_blank_lines(text);
    let mut line = next_line(&mut rest)?;
    if line != FENCE {
        return None;
    }
    let mut others = Vec::new();
    // Before the first key, nothing can be gone on with.
    let mut is_kept = None;
    loop {
        line = next_line(&mut rest)?;
        if line == FENCE || line == "..." {
            return Some((others, rest));
        }
        if !line.is_empty() && !line.starts_with('#') && !goes_on(line) {
            let key = key(line)?;
            is_kept = Some(!OURS.iter().any(|our| key.eq_ignore_ascii_case(our)));
        } else if goes_on(line) {
            is_kept?;
        }
        if is_kept.unwrap_or(true) {
            others.push(line);
        }
    }
}

/// Takes the next line, without what ends it.
fn next_line<'t>(rest: &mut &'t str) -> Option<&'t str> {
    if rest.is_empty() {
        return None;
    }
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    *rest = after;
    Some(line.trim_end())
}

/// Whether a line belongs to the key above it.
fn goes_on(line: &str) -> bool {
    line.starts_with([' ', '\t']) || line == "-" || line.starts_with("- ")
}

/// The key that a line begins with, plain or in quotes.
fn key(line: &str) -> Option<&str> {
    let at = line.find(':')?;
    let (key, value) = (line[..at].trim_end(), &line[at + 1..]);
    if !value.is_empty() && !value.starts_with([' ', '\t']) {
        return None;
    }
    let bare = ['"', '\''].into_iter().find_map(|quote| {
        let inner = key.strip_prefix(quote)?;
        inner.strip_suffix(quote)
    });
    let key = bare.unwrap_or(key);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    (!key.is_empty() && key.chars().all(is_plain)).then_some(key)
}

fn without_blank_lines(text: &str) -> &str {
    let mut rest = text;
    while let Some((line, after)) = rest.split_once('\n') {
        if !line.trim().is_empty() {
            break;
        }
        rest = after;
    }
    rest
}

/// A text as YAML reads it back.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && !NO_TEXT.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain {
        text.to_owned()
    } else {
        // Every text of JSON is one of YAML.
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Provenance, vouched};

    fn bobs() -> Provenance {
        let session = "019a0000-0000-7000-8000-000000000001";
        Provenance::of(session.parse().expect("an id"), "bob")
    }

    const OURS: &str =
        "---\nsession: 019a0000-0000-7000-8000-000000000001\nworker: bob\ndate: 2025-10-20\n";

    #[test]
    fn what_the_worker_says_of_other_things_stays_and_what_we_know_is_ours() {
        let table = [
            (
                "plain",
                "# Retry\n\nIt helps.",
                "---\n\n# Retry\n\nIt helps.\n",
            ),
            ("blank lines above", "\n \n# Retry\n", "---\n\n# Retry\n"),
            (
                "other keys",
                "---\ntitle: Retry\ntags:\n- a\n  # why\n- b\n---\nIt helps.\n",
                "title: Retry\ntags:\n- a\n  # why\n- b\n---\n\nIt helps.\n",
            ),
            (
                "wrong ones",
                "---\r\nsession: other\r\ntitle: Retry\r\nworker: >\r\n  eve\r\n\r\n  and co\r\n\"Date\" : x\r\nlevel: 1\r\n---\r\nIt helps.\r\n",
                "title: Retry\nlevel: 1\n---\n\nIt helps.\r\n",
            ),
            (
                "a mark of the bytes' order",
                "\u{feff}---\ntitle: Retry\n...\nIt helps.\n",
                "title: Retry\n---\n\nIt helps.\n",
            ),
            (
                "not closed",
                "---\nsession: other\nIt helps.\n",
                "---\n\n---\nsession: other\nIt helps.\n",
            ),
            (
                "no keys",
                "---\n{session: other}\n---\nIt helps.\n",
                "---\n\n---\n{session: other}\n---\nIt helps.\n",
            ),
            (
                "a key in disguise",
                "---\n\"sess\\u0069on\": other\n---\nIt helps.\n",
                "---\n\n---\n\"sess\\u0069on\": other\n---\nIt helps.\n",
            ),
            (
                "a rule in the text",
                "It helps.\n---\nsession: other\n---\n",
                "---\n\nIt helps.\n---\nsession: other\n---\n",
            ),
        ];
        for (what, from, to) in table {
            let whole = vouched(from, &bobs()).unwrap_or_else(|| panic!("{what}: it is empty"));
            assert_eq!(whole, format!("{OURS}{to}"), "{what}");
            assert_eq!(vouched(&whole, &bobs()), Some(whole), "{what}, again");
        }
    }

    #[test]
    fn without_a_body_there_is_nothing_to_vouch_for() {
        for text in [
            "",
            " \n\t\n",
            "---\ntitle: Retry\n---\n \n",
            "---\n---",
            "\u{feff}",
        ] {
            assert_eq!(vouched(text, &bobs()), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_that_yaml_would_misread_is_quoted_and_an_id_without_time_has_no_date() {
        let odd = Provenance::of(vwm_api::SessionId(uuid::Uuid::nil()), "Bob: \"no\" # x");
        assert_eq!(
            vouched("x", &odd).expect("it has a body"),
            "---\nsession: 00000000-0000-0000-0000-000000000000\nworker: \"Bob: \\\"no\\\" # x\"\n---\n\nx\n"
        );
        for (name, told) in [("On", "\"On\""), ("1e3", "\"1e3\""), ("bob-2", "bob-2")] {
            assert_eq!(super::scalar(name), told);
        }
    }
}
