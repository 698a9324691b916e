//! Both branches go out, each as soon as its remote takes it; what no remote took by the deadline is kept.

use std::time::Duration;

use futures_util::future::join_all;
use tracing::warn;
use vwm_api::Timestamp;
use vwm_api::harness::{EndOrder, Setup, StepState};

use super::branches::{Branch, Failure, Over};
use super::deadline::{Deadline, shown};
use super::{LONGEST_PAUSE, Session};
use crate::git::{self, GitError};

/// What a try may take when the deadline is near or over: a remote that answers takes a branch in that.
const LEAST: Duration = Duration::from_secs(5);

impl Session {
    /// Pushes every branch, again and again until the deadline; returns when each is pushed or kept.
    pub(super) async fn push_all(&self, order: &EndOrder, branches: &mut [Branch]) {
        let first = Timestamp::now();
        // Each by itself: a remote that is away or silent must not hold up the other one, nor its next try.
        let all = branches.iter_mut();
        join_all(all.map(|branch| self.push_until_over(order, first, branch))).await;
    }

    async fn push_until_over(&self, order: &EndOrder, first: Timestamp, branch: &mut Branch) {
        if !branch.repo.was_made() {
            self.state
                .step(branch.step, StepState::Skipped, "nothing was prepared");
            branch.over = Some(Over::NothingToPush);
        }
        let mut pause = Duration::from_secs(1);
        while branch.over.is_none() {
            let deadline = self.deadline(order.push_for_s, first);
            let tried = self.push_once(&order.setup, branch, &deadline).await;
            branch.failure = tried.err();
            let left = deadline.left(Timestamp::now());
            if left.is_none() {
                self.give_up(&order.setup, branch).await;
            }
            self.tell_waiting(branch, &deadline, left.is_none());
            if branch.over.is_none() {
                tokio::time::sleep(left.map_or(pause, |left| left.min(pause))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn deadline(&self, push_for_s: u32, first: Timestamp) -> Deadline {
        Deadline::begin(&self.paths.state(), push_for_s).unwrap_or_else(|error| {
            warn!(%error, "It cannot be kept since when the end pushes; a later job would begin again");
            Deadline::of(first, push_for_s)
        })
    }

    async fn push_once(
        &self,
        setup: &Setup,
        branch: &mut Branch,
        deadline: &Deadline,
    ) -> Result<(), Failure> {
        self.bring_out(setup, branch).await?;
        let host = self.git_host(setup).map_err(Failure::Wall)?;
        let context = self.git_context(setup, &host);
        let left = deadline.left(Timestamp::now()).unwrap_or_default();
        let most = left.max(LEAST);
        // Given up, it takes its git with it: a remote may take the call and never say a word.
        vwm_failpoints::pass("harness.end.pushing");
        let pushed = tokio::time::timeout(most, branch.repo.push(&context)).await;
        let pushed = pushed.map_err(|_| GitError::TimedOut {
            doing: format!(
                "push {} to {}",
                branch.repo.branch,
                git::masked(&branch.repo.url)
            ),
            seconds: most.as_secs(),
        })??;
        vwm_failpoints::pass("harness.end.pushed");
        let (code, over) = match pushed.sha {
            Some(_) => ("pushed", Over::Pushed),
            None => ("not_pushed", Over::NothingToPush),
        };
        self.notice(code, &pushed.detail);
        self.state.step(branch.step, StepState::Done, pushed.detail);
        vwm_failpoints::pass("harness.end.told");
        branch.over = Some(over);
        Ok(())
    }

    /// Keeps what no remote took. Where that fails as well, the branch stays as it is and is tried again.
    async fn give_up(&self, setup: &Setup, branch: &mut Branch) {
        let Some(failure) = &branch.failure else {
            return;
        };
        if failure.waits_for_somebody() {
            return;
        }
        let reason = failure.reason();
        let kept = if branch.is_collected {
            self.keep_branch(setup, branch, &reason).await
        } else {
            self.keep_tree(setup, branch, reason).await
        };
        if let Err(failure) = kept {
            branch.failure = Some(failure);
        }
    }

    /// Keeps the branch as a bundle, from which it can be pushed later.
    async fn keep_branch(
        &self,
        setup: &Setup,
        branch: &mut Branch,
        reason: &str,
    ) -> Result<(), Failure> {
        let host = self.git_host(setup).map_err(Failure::Wall)?;
        let context = self.git_context(setup, &host);
        let name = &branch.repo.branch;
        let Some(unpushed) = branch.repo.keep_unpushed(&context, reason).await? else {
            let detail =
                format!("{name} is not pushed, and holds nothing that its base has not: {reason}");
            self.notice("not_pushed", &detail);
            self.state.step(branch.step, StepState::Done, detail);
            branch.over = Some(Over::NothingToPush);
            return Ok(());
        };
        vwm_failpoints::pass("harness.end.bundled");
        let detail = format!(
            "{name} is not pushed; it is kept in {}: {reason}",
            unpushed.bundle
        );
        self.notice("unpushed", &detail);
        self.state.step(branch.step, StepState::Failed, detail);
        branch.over = Some(Over::Unpushed(unpushed));
        Ok(())
    }

    /// Keeps the files of a tree that cannot be collected. What was collected of it earlier is the branch.
    async fn keep_tree(
        &self,
        setup: &Setup,
        branch: &mut Branch,
        reason: String,
    ) -> Result<(), Failure> {
        let host = self.git_host(setup).map_err(Failure::Wall)?;
        let notices = branch
            .repo
            .keep_tree(&self.git_context(setup, &host))
            .await?;
        let what = format!(
            "the working tree of {} cannot be collected: {reason}",
            branch.repo.branch
        );
        self.notice("tree_unusable", &what);
        for notice in notices {
            self.notice(notice.code, &notice.message);
        }
        branch.uncollected = Some(reason);
        branch.is_collected = true;
        Ok(())
    }

    fn tell_waiting(&self, branch: &Branch, deadline: &Deadline, is_late: bool) {
        let (None, Some(failure)) = (&branch.over, &branch.failure) else {
            return;
        };
        let reason = failure.reason();
        let name = &branch.repo.branch;
        warn!(%reason, branch = name, "Branch is not pushed yet");
        let since = shown(deadline.since);
        let when = if is_late || failure.waits_for_somebody() {
            format!("since {since}")
        } else {
            format!("since {since}, until {}", shown(deadline.until))
        };
        let detail = format!(
            "{name} is not pushed yet, nothing is removed, and it is tried again: {reason} ({when})"
        );
        self.state.step(branch.step, StepState::Retrying, detail);
    }
}
