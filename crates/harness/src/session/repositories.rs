//! The session's repositories: which there are, and their preparation.

use tracing::warn;
use vwm_api::RepositoryRole;
use vwm_api::harness::{Setup, StepState};

use super::Session;
use crate::process::Host;
use crate::{git, instructions};

impl Session {
    pub(super) async fn repositories(&self, setup: &Setup) -> Result<(), String> {
        for role in [
            RepositoryRole::KnowledgeBase,
            RepositoryRole::SessionRepository,
        ] {
            let name = role.as_str();
            let Some(repo) = self.repo(setup, role) else {
                self.state
                    .step(name, StepState::Skipped, "none is configured");
                continue;
            };
            self.state
                .step(name, StepState::Running, git::masked(&repo.url));
            let host = self.git_host(setup)?;
            match repo.prepare(&self.git_context(setup, &host)).await {
                Ok(notices) => {
                    for notice in notices {
                        self.notice(notice.code, &notice.message);
                    }
                    self.state.step(name, StepState::Done, repo.branch);
                }
                Err(error) => {
                    let reason = vwm_api::chain(&error);
                    self.state.step(name, StepState::Failed, reason.clone());
                    return Err(reason);
                }
            }
        }
        Ok(())
    }

    /// Where the base branch's newest learnings are in the knowledge base, newest first; a session starts without them as well.
    pub(super) async fn newest_learnings(&self, setup: &Setup) -> Vec<String> {
        let Some(repo) = self.repo(setup, RepositoryRole::KnowledgeBase) else {
            return Vec::new();
        };
        let newest = match self.git_host(setup) {
            Ok(host) => repo
                .newest_learnings(&self.git_context(setup, &host), instructions::NEWEST)
                .await
                .map_err(|e| vwm_api::chain(&e)),
            Err(why) => Err(why),
        };
        newest.unwrap_or_else(|reason| {
            warn!(
                reason,
                "The newest learnings cannot be listed; the instructions do without"
            );
            Vec::new()
        })
    }

    /// A repository of the session, if it has one in that role.
    pub(super) fn repo(&self, setup: &Setup, role: RepositoryRole) -> Option<git::Repo> {
        let clean = self.paths.state().join("git");
        match role {
            RepositoryRole::KnowledgeBase => Some(git::Repo {
                role,
                url: setup.worker.worker_repo_url.clone()?,
                base: setup.worker.worker_repo_branch.clone(),
                branch: format!("ff-vwm/{}-{}", setup.worker_id, setup.session),
                tree: self.paths.knowledge_base(),
                clean: clean.join("knowledge_base.git"),
            }),
            RepositoryRole::SessionRepository => {
                let repository = setup.repository.clone()?;
                Some(git::Repo {
                    role,
                    url: repository.url,
                    base: repository.branch,
                    branch: format!("session-{}", setup.session),
                    tree: self.paths.workspace().join("session_repo"),
                    clean: clean.join("session.git"),
                })
            }
        }
    }

    pub(super) fn git_context<'a>(&self, setup: &Setup, host: &'a Host) -> git::Context<'a> {
        git::Context {
            host,
            patience: git::Patience::default(),
            state: self.paths.state(),
            tmp: self.paths.tmp(),
            home: self.paths.home(),
            collected: self.collected_folder(),
            session: setup.session,
            worker_name: setup.worker.name.clone(),
            local_repositories: setup.local_repositories,
            volumes: self
                .paths
                .root
                .parent()
                .unwrap_or(&self.paths.root)
                .to_owned(),
            auto_delete: setup.auto_delete_branch,
            ssh_auth_sock: None,
            // Not the door token, which the engine has and which dies with it: it must not hold up an end.
            secrets: setup
                .providers
                .values()
                .map(|provider| provider.api_key.as_bytes().to_vec())
                .collect(),
        }
    }
}
