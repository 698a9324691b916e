//! What a user really wrote, as opposed to what engines put around it.

/// Paired tags whose inside an engine wrote.
const INJECTED_TAGS: [&str; 2] = ["system-reminder", "session_context"];

/// How a text begins, in lower case, that an engine wrote as a whole.
const INJECTED_STARTS: [&str; 18] = [
    "<system-reminder>",
    "<environment_context>",
    "<user_instructions>",
    "<instructions>",
    "<permissions",
    "<session_context>",
    "<hook_context>",
    "<skills_instructions>",
    "<command-",
    "<local-command",
    "<collaboration_mode>",
    "<recommended_",
    "<model_switch>",
    "<subagent",
    "<turn_aborted>",
    "# agents.md",
    "this is the gemini cli",
    "[request interrupted",
];

/// Returns the text without what was injected; none if nothing else is there.
pub(crate) fn real(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for tag in INJECTED_TAGS {
        text = without_tag(&text, tag);
    }
    let text = text.trim();
    let lower = text.to_lowercase();
    let is_injected = INJECTED_STARTS.iter().any(|start| lower.starts_with(start));
    (!text.is_empty() && !is_injected).then(|| text.to_owned())
}

/// Cuts out every `<tag>…</tag>`; a tag that is never closed stays.
fn without_tag(text: &str, tag: &str) -> String {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(&open) {
        let Some((_, after)) = inside.split_once(&close) else {
            break;
        };
        kept.push_str(before);
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_injects_is_no_text_of_the_user() {
        let reminder = "<system-reminder>\nbe\nkind</system-reminder>";
        assert_eq!(real(reminder), None);
        assert_eq!(
            real(&format!("{reminder} hi {reminder}")).as_deref(),
            Some("hi")
        );
        assert_eq!(real("[Request interrupted by user]"), None);
        assert_eq!(
            real("an <system-reminder> alone").as_deref(),
            Some("an <system-reminder> alone")
        );
    }
}
