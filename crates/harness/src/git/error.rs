//! What can go wrong between a session and its repositories, in sentences that say what to do.

use std::io;

use crate::process::ProcessError;

/// Why a repository could not be prepared, collected or pushed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The address is not one, or not allowed.
    #[error("cannot use the repository {url}: {why}")]
    Url {
        /// Without a credential.
        url: String,
        /// What to do.
        why: String,
    },
    /// Nobody knows the repository.
    #[error(
        "there is no repository at {url}, or it is not visible; check the address and who may read it"
    )]
    NoRepository {
        /// Without a credential.
        url: String,
    },
    /// The remote wants to know who asks, or refuses who asked.
    #[error(
        "the repository {url} needs a password or key; give the server one that may read and write it: {tail}"
    )]
    NeedsCredential {
        /// Without a credential.
        url: String,
        /// The last that git said.
        tail: String,
    },
    /// The base branch is not there.
    #[error("the repository {url} has no branch {branch}; it has {}", listed(.there))]
    NoBranch {
        /// Without a credential.
        url: String,
        /// What was asked for.
        branch: String,
        /// What is there.
        there: Vec<String>,
    },
    /// Nobody answers.
    #[error("cannot reach {url}; check the network and the address: {tail}")]
    Unreachable {
        /// Without a credential.
        url: String,
        /// The last that git said.
        tail: String,
    },
    /// The host of an `ssh` address is not known.
    #[error(
        "the host key of {url} is not known; connect to it once with ssh as the server's user, and try again"
    )]
    UnknownHost {
        /// Without a credential.
        url: String,
    },
    /// A local repository belongs to somebody else.
    #[error(
        "the repository {url} belongs to another user; run the server as that user, or give the repository to the server's"
    )]
    ForeignOwner {
        /// Without a credential.
        url: String,
    },
    /// The knowledge base's `learnings` is not a folder.
    #[error("learnings in the knowledge base is a {what}; make it a folder in branch {branch}")]
    LearningsIsLink {
        /// What it is: link, file, submodule.
        what: String,
        /// The base branch.
        branch: String,
    },
    /// A known secret would have left the session.
    #[error(
        "{place} holds a secret of this session, so nothing is pushed; take it out of the branch's commits"
    )]
    SecretInCommit {
        /// Which file or commit.
        place: String,
    },
    /// The remote does not take the branch.
    #[error(
        "{url} refused the branch {branch}; see what it says, change its rules or the branch: {tail}"
    )]
    PushRefused {
        /// Without a credential.
        url: String,
        /// The branch.
        branch: String,
        /// The last that git said.
        tail: String,
    },
    /// The remote wanted to take the branch and could not.
    #[error(
        "{url} could not store the branch {branch}; see to its space, its rights and what stands in the way there: {tail}"
    )]
    CannotStore {
        /// Without a credential.
        url: String,
        /// The branch.
        branch: String,
        /// The last that git said.
        tail: String,
    },
    /// Somebody else wrote to the session's branch.
    #[error(
        "{url} has other commits on the branch {branch}, and nothing is overwritten; rename or delete that branch there, and push with `vwm session push`"
    )]
    BranchTaken {
        /// Without a credential.
        url: String,
        /// The branch.
        branch: String,
    },
    /// What a bundle stands on is nowhere.
    #[error(
        "{url} no longer has the commit {commit}, on which the branch stands; push it there again, to {base} or to a branch of its own, and try again"
    )]
    BaseGone {
        /// Without a credential.
        url: String,
        /// The base branch.
        base: String,
        /// What is missing.
        commit: String,
    },
    /// It took too long and was stopped.
    #[error(
        "gave up after {seconds} s: {doing}; try again, or look at the repository's size and the network"
    )]
    TimedOut {
        /// What.
        doing: String,
        /// How long.
        seconds: u64,
    },
    /// Git said no for a reason of its own.
    #[error("cannot {doing}; git says: {tail}")]
    Failed {
        /// What.
        doing: String,
        /// The last that git said.
        tail: String,
    },
    /// Git could not be started.
    #[error("cannot start git; install git 2.34 or newer on the machine")]
    Start {
        /// Why.
        source: io::Error,
    },
    /// What runs in the session's wall did not run.
    #[error("cannot {doing} inside the session's wall")]
    Inside {
        /// What.
        doing: String,
        /// Why.
        source: ProcessError,
    },
    /// A file of the harness's own could not be read or written.
    #[error("cannot {doing}; check the volume's space and rights")]
    File {
        /// What.
        doing: String,
        /// Why.
        source: io::Error,
    },
}

impl GitError {
    /// Whether the same may go well later without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::CannotStore { .. }
            | Self::TimedOut { .. }
            | Self::File { .. } => true,
            // What the engine left in its tree can make git hang or never stop talking; it will do so again.
            Self::Inside { source, .. } => !matches!(
                source,
                ProcessError::Deadline { .. } | ProcessError::Output { .. }
            ),
            Self::Url { .. }
            | Self::NoRepository { .. }
            | Self::NeedsCredential { .. }
            | Self::NoBranch { .. }
            | Self::UnknownHost { .. }
            | Self::ForeignOwner { .. }
            | Self::LearningsIsLink { .. }
            | Self::SecretInCommit { .. }
            | Self::PushRefused { .. }
            | Self::BranchTaken { .. }
            | Self::BaseGone { .. }
            | Self::Failed { .. }
            | Self::Start { .. } => false,
        }
    }

    /// A failure of the harness's own files.
    pub(super) fn file(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::File { doing, source }
    }
}

fn listed(branches: &[String]) -> String {
    const SHOWN: usize = 10;
    match branches.len() {
        0 => "none".to_owned(),
        count if count <= SHOWN => branches.join(", "),
        count => format!(
            "{} and {} more",
            branches[..SHOWN].join(", "),
            count - SHOWN
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_branch_tells_which_there_are() {
        let error = GitError::NoBranch {
            url: "u".into(),
            branch: "dev".into(),
            there: (0..12).map(|n| format!("b{n}")).collect(),
        };
        insta::assert_snapshot!(error, @"the repository u has no branch dev; it has b0, b1, b2, b3, b4, b5, b6, b7, b8, b9 and 2 more");
    }
}
