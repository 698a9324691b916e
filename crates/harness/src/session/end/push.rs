//! Both branches go out, each as soon as its remote takes it; what no remote took by the deadline is kept.

use std::time::Duration;

use futures_util::future::join_all;
use tracing::warn;
use vwm_api::Timestamp;
use vwm_api::harness::{EndOrder, Setup, StepState};

use super::branches::{Branch, Failure, Over};
use super::deadline::{Deadline, shown};
use super::{LONGEST_PAUSE, Session};

impl Session {
    /// Pushes every branch, again and again until the deadline; returns when each is pushed or kept.
    pub(super) async fn push_all(&self, order: &EndOrder, branches: &mut [Branch]) {
        for branch in &mut *branches {
            if !branch.repo.was_made() {
                self.state
                    .step(branch.step, StepState::Skipped, "nothing was prepared");
                branch.over = Some(Over::NothingToPush);
            }
        }
        let first = Timestamp::now();
        let mut pause = Duration::from_secs(1);
        while branches.iter().any(|branch| branch.over.is_none()) {
            let deadline = self.deadline(order.push_for_s, first);
            let open = branches.iter_mut().filter(|branch| branch.over.is_none());
            // At the same time: a remote that is away must not hold up the other one.
            join_all(open.map(|branch| self.try_push(&order.setup, branch))).await;
            let left = deadline.left(Timestamp::now());
            for branch in branches.iter_mut().filter(|branch| branch.over.is_none()) {
                if left.is_none() {
                    self.give_up(&order.setup, branch).await;
                }
                self.tell_waiting(branch, &deadline, left.is_none());
            }
            if branches.iter().any(|branch| branch.over.is_none()) {
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

    async fn try_push(&self, setup: &Setup, branch: &mut Branch) {
        let tried = self.push_once(setup, branch).await;
        branch.failure = tried.err();
    }

    async fn push_once(&self, setup: &Setup, branch: &mut Branch) -> Result<(), Failure> {
        self.bring_out(setup, branch).await?;
        let host = self.git_host(setup).map_err(Failure::Wall)?;
        let pushed = branch.repo.push(&self.git_context(setup, &host)).await?;
        let (code, over) = match pushed.sha {
            Some(_) => ("pushed", Over::Pushed),
            None => ("not_pushed", Over::NothingToPush),
        };
        self.notice(code, &pushed.detail);
        self.state.step(branch.step, StepState::Done, pushed.detail);
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
