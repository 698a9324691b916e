//! One thing that was looked at, and how all of them are shown.

use serde::Serialize;

use crate::output::table;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Some things do not work, or soon will not.
    Warn,
    /// The server or its sessions do not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// The thing.
    pub(super) name: String,
    /// How it is.
    pub(super) state: State,
    /// What was found, in one line.
    pub(super) found: String,
    /// What to do, where something is to be done.
    pub(super) todo: Option<String>,
}

impl Check {
    /// As it should be.
    pub(super) fn ok(name: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self {
            name: name.into(),
            state: State::Ok,
            found: table::plain(found.as_ref()),
            todo: None,
        }
    }

    /// Some things do not work, or soon will not.
    pub(super) fn warn(
        name: impl Into<String>,
        found: impl AsRef<str>,
        todo: impl AsRef<str>,
    ) -> Self {
        Self {
            state: State::Warn,
            todo: Some(table::plain(todo.as_ref())),
            ..Self::ok(name, found)
        }
    }

    /// The server or its sessions do not work.
    pub(super) fn fail(
        name: impl Into<String>,
        found: impl AsRef<str>,
        todo: impl AsRef<str>,
    ) -> Self {
        Self {
            state: State::Fail,
            ..Self::warn(name, found, todo)
        }
    }
}

/// All that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// What was looked at.
    pub(super) checks: Vec<Check>,
    /// What an engine may do on this machine in spite of the wall.
    pub(super) leaves_open: Vec<&'static str>,
}

/// What stands before the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// Signs, for people.
    Signs,
    /// Words, for `grep`.
    Words,
}

impl Marks {
    /// As it suits what is written to.
    pub(super) fn fit_for(is_terminal: bool) -> Self {
        if is_terminal {
            Self::Signs
        } else {
            Self::Words
        }
    }

    fn of(self, state: State) -> &'static str {
        match (self, state) {
            (Self::Signs, State::Ok) => "✓",
            (Self::Signs, State::Warn) => "!",
            (Self::Signs, State::Fail) => "✗",
            (Self::Words, State::Ok) => "ok  ",
            (Self::Words, State::Warn) => "warn",
            (Self::Words, State::Fail) => "fail",
        }
    }

    fn arrow(self) -> &'static str {
        match self {
            Self::Signs => "→",
            Self::Words => "->",
        }
    }
}

impl Report {
    /// Whether nothing fails.
    pub(super) fn is_well(&self) -> bool {
        self.checks.iter().all(|it| it.state != State::Fail)
    }

    /// The whole of it, as a person reads it.
    pub(super) fn text(&self, marks: Marks) -> String {
        let width = self.checks.iter().map(|it| it.name.len()).max();
        let width = width.unwrap_or(0);
        let mut text = String::new();
        for check in &self.checks {
            let (mark, name) = (marks.of(check.state), &check.name);
            text += &format!("{mark}  {name:width$}  {}\n", check.found);
            if let Some(todo) = &check.todo {
                let indent = mark.chars().count() + width + 4;
                text += &format!("{:indent$}{} {todo}\n", "", marks.arrow());
            }
        }
        text += "\nWhat the wall leaves open to an engine:\n";
        for open in &self.leaves_open {
            text += &format!("  - {open}\n");
        }
        let count = |state| self.checks.iter().filter(|it| it.state == state).count();
        text += &format!(
            "\n{} checks: {} ok, {} warn, {} fail",
            self.checks.len(),
            count(State::Ok),
            count(State::Warn),
            count(State::Fail)
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_what_to_do_stands_below_what_was_found() {
        let mut report = Report {
            checks: vec![
                Check::ok("git", "2.47"),
                Check::warn("disk", "1\nGB", "make room"),
            ],
            leaves_open: vec!["wait"],
        };
        let open = "\nWhat the wall leaves open to an engine:\n  - wait\n";
        assert_eq!(
            report.text(Marks::Signs),
            format!(
                "✓  git   2.47\n!  disk  1 GB\n         → make room\n{open}\n2 checks: 1 ok, 1 warn, 0 fail"
            )
        );
        assert!(report.is_well());
        report.checks = vec![Check::fail("git", "none", "install it")];
        assert_eq!(
            report.text(Marks::Words),
            format!(
                "fail  git  none\n           -> install it\n{open}\n1 checks: 0 ok, 0 warn, 1 fail"
            )
        );
        assert!(!report.is_well());
    }
}
