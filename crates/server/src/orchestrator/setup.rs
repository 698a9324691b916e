//! Everything that a harness must know of its session, read from the store when it is told.

use vwm_api::harness::Setup;
use vwm_store::{SessionRow, StoreError};

use crate::app::App;
use crate::first_start::LOCAL;

const SYSTEM_AGENT_MD: &str = "system_agent_md";
const ENGINE_FOLDERS: &str = "engineFolders";

/// The settings that reach a harness, by their revisions: when these change, active sessions are told before their next turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SettingsSeen {
    pub(super) system_agent_md: i64,
    pub(super) engine_folders: i64,
}

pub(super) async fn seen(app: &App) -> Result<SettingsSeen, StoreError> {
    let revisions = app
        .store
        .setting_revisions([SYSTEM_AGENT_MD, ENGINE_FOLDERS]);
    let [system_agent_md, engine_folders] = revisions.await?;
    Ok(SettingsSeen {
        system_agent_md,
        engine_folders,
    })
}

/// Reads the setup, and which settings it holds.
pub(super) async fn read(app: &App, row: &SessionRow) -> Result<(Setup, SettingsSeen), StoreError> {
    let session = &row.session;
    let revision = app
        .store
        .worker_revision(session.worker_id, session.worker_revision)
        .await?;
    let worker = revision.ok_or(StoreError::NotFound)?.definition;
    let instructions = app.store.setting(SYSTEM_AGENT_MD).await?;
    let folders = app.store.setting(ENGINE_FOLDERS).await?;
    let seen = SettingsSeen {
        system_agent_md: instructions.as_ref().map_or(0, |setting| setting.revision),
        engine_folders: folders.as_ref().map_or(0, |setting| setting.revision),
    };
    let runtime = app.store.runtime(worker.runtime_id).await?;
    let image = runtime
        .as_ref()
        .map(|runtime| runtime.definition.base_image.clone());
    let engines_dir = runtime
        .and_then(|runtime| runtime.definition.engines_dir)
        .unwrap_or_else(|| app.config.engines_dir.to_string_lossy().into_owned());
    // The one that its engine asks, and no other's key.
    let providers = app
        .config
        .providers
        .iter()
        .filter(|(name, _)| *name == worker.provider());
    let providers = providers
        .map(|(name, provider)| (name.clone(), provider.clone()))
        .collect();
    let setup = Setup {
        session: session.id,
        worker_id: session.worker_id,
        repository: session.repository.clone(),
        system_agent_md: instructions
            .as_ref()
            .and_then(|setting| setting.value.as_str())
            .unwrap_or_default()
            .to_owned(),
        settings_revision: seen.system_agent_md,
        engines_dir,
        engine_folders: folders
            .and_then(|setting| serde_json::from_value(setting.value).ok())
            .unwrap_or_default(),
        providers,
        // The runtime that the first start makes names this machine, and no image.
        image: image.filter(|image| image != LOCAL),
        unconfined: app.config.unconfined,
        local_repositories: app.allows_local_repositories(),
        native_ids: app.store.native_ids(session.id).await?,
        auto_delete_branch: session.auto_delete_branch,
        engine_idle_s: app.config.limits.engine_idle,
        stalled_after_s: app.config.limits.stalled_after,
        worker,
    };
    Ok((setup, seen))
}
