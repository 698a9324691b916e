//! A session whose engine cannot work says what to do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use vwm_api::{CliType, SessionStatus};
use vwm_harness::adapters;
use vwm_tests::World;

/// Why a session of Claude Code fails on a server that is started so.
async fn reason(change: impl FnOnce(&mut Command)) -> String {
    let world = World::start_with(json!({}), change).await;
    world.worker(json!({"cliType": "claude-code"})).await;
    let session = world.new_session("bob", None).await;
    let failed = world.reaches(session.id, SessionStatus::Failed).await;
    failed.status_reason.expect("why")
}

#[tokio::test]
async fn a_session_without_its_engine_says_how_to_get_it() {
    let engines = tempfile::tempdir().expect("a folder");
    let reason = reason(|command| {
        command.env("VWM_ENGINES_DIR", engines.path());
    })
    .await;
    let folder = engines.path().display();
    assert_eq!(
        reason,
        format!(
            "claude-code 2.1.328 is not installed in {folder}: run `vwm engine install claude-code`"
        )
    );
}

#[tokio::test]
async fn a_session_whose_engine_is_of_another_version_says_how_to_get_the_right_one() {
    let engines = tempfile::tempdir().expect("a folder");
    let install = adapters::install(CliType::ClaudeCode).expect("it is on the list");
    script(
        &engines.path().join(install.path()),
        "#!/bin/sh\necho '9.9.9 (Claude Code)'\n",
    );
    let reason = reason(|command| {
        command.env("VWM_ENGINES_DIR", engines.path());
    })
    .await;
    assert!(
        reason.contains("9.9.9") && reason.contains("2.1.328"),
        "{reason}"
    );
    assert!(
        reason.contains("`vwm engine install claude-code"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_session_on_a_server_without_a_key_says_where_to_put_one() {
    super::claude_code();
    let reason = reason(|command| {
        command.env_remove("VWM_ANTHROPIC_API_KEY");
    })
    .await;
    assert!(reason.contains("VWM_ANTHROPIC_API_KEY"), "{reason}");
}

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("makes folders");
    std::fs::write(path, text).expect("writes");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("is ours");
}
