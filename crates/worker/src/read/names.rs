//! The names that a worker may use: its own, its variables', its secrets', its branches'.

use vwm_api::Fault;

/// What is wrong with a name of `A-Za-z0-9._-`, 1 to 100 characters, as code and sentence.
pub(super) fn name(text: &str) -> Option<(&'static str, String)> {
    if text.is_empty() {
        return Some(("too_short", "a name has at least one character".to_owned()));
    }
    if text.chars().count() > 100 {
        return Some((
            "too_long",
            "a name has at most 100 characters; shorten it".to_owned(),
        ));
    }
    let stranger = text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-".contains(*c)))?;
    let message =
        format!("a name has only letters, digits, `.`, `_` and `-`; take out {stranger:?}");
    Some(("invalid_string", message))
}

/// Whether an environment can have a variable of this name.
pub(super) fn is_variable(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether HTTP can have a header of this name.
pub(super) fn is_header(text: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_token)
}

/// What is wrong with a branch's name, by git's own rules; none where nothing is.
#[must_use]
pub fn branch_fault(branch: &str, path: &str) -> Option<Fault> {
    let fault = |code: &str, message: String| Some(Fault::new(path, code, message));
    if branch.is_empty() {
        return fault(
            "too_short",
            "a branch's name has at least one character".to_owned(),
        );
    }
    if branch.len() > 200 {
        return fault(
            "too_long",
            "a branch's name has at most 200 bytes here".to_owned(),
        );
    }
    let rule = broken_rule(branch)?;
    fault(
        "invalid_string",
        format!("git allows no branch {branch:?}: {rule}"),
    )
}

fn broken_rule(branch: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    if branch == "@" || branch == "HEAD" {
        return Some("the name has a meaning of its own");
    }
    if branch.starts_with('-') {
        return Some("a name does not start with `-`");
    }
    if branch.starts_with("refs/") {
        return Some("give the branch alone, without `refs/heads/`");
    }
    if branch.contains(forbidden) {
        return Some(
            "a name has no space, control character, `~`, `^`, `:`, `?`, `*`, `[` or `\\`",
        );
    }
    if branch.contains("..") || branch.contains("@{") || branch.ends_with('.') {
        return Some("a name has no `..` and no `@{`, and does not end with `.`");
    }
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    if branch.split('/').any(bad_part) {
        return Some(
            "between slashes something must stand that does not start with `.` or end with `.lock`",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("main")]
    #[case("release/1.x")]
    #[case("ff-vwm/a-b")]
    #[case("größe")]
    #[case("a@b")]
    fn git_allows_a_branch(#[case] branch: &str) {
        assert_eq!(branch_fault(branch, "b"), None);
    }

    #[rstest]
    #[case("")]
    #[case("-f")]
    #[case("@")]
    #[case("HEAD")]
    #[case("a..b")]
    #[case("a b")]
    #[case("a\nb")]
    #[case("a/")]
    #[case("/a")]
    #[case("a//b")]
    #[case("a/.b")]
    #[case("a.lock/b")]
    #[case("a.")]
    #[case("a@{1}")]
    #[case("a:b")]
    #[case("refs/heads/main")]
    fn git_allows_no_branch(#[case] branch: &str) {
        let fault = branch_fault(branch, "workerRepoBranch").expect("it is refused");
        assert_eq!(fault.path, "workerRepoBranch");
    }
}
