//! What a session's end says of what is left of it.

use vwm_api::{Answer, EventBody};

/// What is left of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Remains {
    /// Its branches.
    pub(crate) pushes: Vec<Push>,
    /// What came of learning; none where the worker does not learn.
    pub(crate) learned: Option<Learned>,
    /// What the worker said when it learned, and what that took.
    pub(crate) answer: Option<Box<Answer>>,
}

/// What a session's end did with a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Push {
    /// The remote has it.
    Done {
        /// Its name.
        branch: String,
        /// Where it stands.
        sha: String,
    },
    /// There was nothing to push, and why.
    Not(String),
    /// The remote does not have it, and why; its commits are kept.
    Unpushed(String),
}

/// What came of learning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Learned {
    /// It is written down there.
    At(String),
    /// Nothing was learned, and why.
    Not(String),
}

impl Remains {
    /// Takes what a notice says of it; whether it was one.
    pub(super) fn take(&mut self, body: &EventBody) -> bool {
        let EventBody::Notice { code, message } = body else {
            return false;
        };
        let push = match code.as_str() {
            "pushed" => match message.split_once(" is pushed at ") {
                Some((branch, sha)) => Push::Done {
                    branch: branch.to_owned(),
                    sha: sha.to_owned(),
                },
                None => return false,
            },
            "not_pushed" => Push::Not(message.clone()),
            "unpushed" => Push::Unpushed(message.clone()),
            "learned" => {
                self.learned = Some(Learned::At(message.clone()));
                return true;
            }
            "not_learned" => {
                self.learned = Some(Learned::Not(message.clone()));
                return true;
            }
            _ => return false,
        };
        // An end that begins anew says again what it said.
        if !self.pushes.contains(&push) {
            self.pushes.push(push);
        }
        true
    }

    /// Whether a remote lacks a branch.
    #[must_use]
    pub(crate) fn is_unpushed(&self) -> bool {
        let is_unpushed = |push: &Push| matches!(push, Push::Unpushed(_));
        self.pushes.iter().any(is_unpushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_end_says_is_kept_and_other_notices_are_not() {
        let mut remains = Remains::default();
        let mut take = |code: &str, message: &str| {
            remains.take(&EventBody::Notice {
                code: code.into(),
                message: message.into(),
            })
        };
        assert!(take("pushed", "session-1 is pushed at abc"));
        assert!(take("pushed", "session-1 is pushed at abc"));
        assert!(take("unpushed", "ff-vwm/1-1: the remote is away"));
        assert!(take("learned", "worker_repo/learnings/session-1.md"));
        assert!(!take("retry", "again"));
        assert_eq!(
            remains.pushes,
            [
                Push::Done {
                    branch: "session-1".into(),
                    sha: "abc".into()
                },
                Push::Unpushed("ff-vwm/1-1: the remote is away".into())
            ]
        );
        let path = "worker_repo/learnings/session-1.md".to_owned();
        assert_eq!(remains.learned, Some(Learned::At(path)));
        assert!(remains.is_unpushed());
    }
}
