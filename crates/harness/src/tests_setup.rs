//! A setup for tests: the smallest whole one.

use std::collections::BTreeMap;

use vwm_api::harness::Setup;
use vwm_api::{CliType, RuntimeId, SessionId, WorkerDefinition, WorkerId};

pub(crate) fn setup() -> Setup {
    Setup {
        session: SessionId::new(),
        worker_id: WorkerId::new(),
        worker: WorkerDefinition {
            name: "bob".into(),
            description: None,
            runtime_id: RuntimeId::new(),
            cli_type: CliType::Acp,
            engine: None,
            env: BTreeMap::new(),
            agent_md: None,
            model_config: None,
            mcp_servers: Vec::new(),
            skills: Vec::new(),
            worker_repo_url: None,
            worker_repo_branch: "main".into(),
            git_credential: None,
            auto_learn: false,
            timeout: 3600,
            approvals: vwm_api::Approvals::default(),
            locked: false,
        },
        repository: None,
        system_agent_md: String::new(),
        settings_revision: 0,
        engines_dir: "/nowhere".into(),
        engine_folders: Vec::new(),
        providers: BTreeMap::new(),
        image: None,
        unconfined: false,
        local_repositories: true,
        native_ids: BTreeMap::new(),
        auto_delete_branch: false,
        engine_idle_s: 300,
        stalled_after_s: 300,
    }
}
