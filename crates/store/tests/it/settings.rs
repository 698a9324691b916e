//! Settings keep their history, keys are found by their hash, and the store says how it is.

use serde_json::json;
use vwm_api::{KeyId, Role};
use vwm_store::StoreError;

use crate::kit::Kit;

async fn a_setting_counts_its_changes_and_only_those(kit: Kit) {
    let store = &kit.store;
    assert_eq!(store.setting("system_agent_md").await.unwrap(), None);
    let first = store
        .set_setting("system_agent_md", json!("Be kind."), None)
        .await
        .unwrap();
    assert_eq!((first.revision, &first.value), (1, &json!("Be kind.")));
    let by = Some(KeyId::new());
    let same = store
        .set_setting("system_agent_md", json!("Be kind."), by)
        .await
        .unwrap();
    assert_eq!(same, first);
    let second = store
        .set_setting("system_agent_md", json!(null), by)
        .await
        .unwrap();
    assert_eq!(second.revision, 2);
    // An older value again is a change.
    let third = store
        .set_setting("system_agent_md", json!("Be kind."), by)
        .await
        .unwrap();
    assert_eq!(third.revision, 3);
    let folders = store
        .set_setting("engineFolders", json!(["/opt"]), None)
        .await
        .unwrap();
    let revisions = store.setting_revisions(["system_agent_md", "engineFolders"]);
    assert_eq!(revisions.await.unwrap(), [third.revision, folders.revision]);
    let never = store.setting_revisions(["engineFolders", "never"]);
    assert_eq!(never.await.unwrap(), [folders.revision, 0]);
    assert_eq!(store.settings().await.unwrap(), [folders, third.clone()]);
    assert_eq!(store.setting("system_agent_md").await.unwrap(), Some(third));
}
both!(a_setting_counts_its_changes_and_only_those);

async fn a_setting_is_told_with_what_it_was_newest_first_and_no_more_than_is_asked_for(kit: Kit) {
    let store = &kit.store;
    assert_eq!(store.setting_with_history("x", 9).await.unwrap(), None);
    let by = Some(KeyId::new());
    for value in 1..=3 {
        store.set_setting("x", json!(value), by).await.unwrap();
    }
    store.set_setting("y", json!(0), by).await.unwrap();
    let told = store.setting_with_history("x", 2).await.unwrap().unwrap();
    assert_eq!((told.revision, &told.value), (3, &json!(3)));
    let history: Vec<_> = told
        .history
        .iter()
        .map(|it| (it.revision, &it.value))
        .collect();
    assert_eq!(history, [(3, &json!(3)), (2, &json!(2))]);
    assert!(told.history.iter().all(|it| it.set_by == by));
}
both!(a_setting_is_told_with_what_it_was_newest_first_and_no_more_than_is_asked_for);

async fn a_key_is_found_by_its_hash_until_it_is_revoked(kit: Kit) {
    let store = &kit.store;
    assert!(!store.has_key().await.unwrap());
    let key = store
        .create_key("console", Role::Session, [7; 32])
        .await
        .unwrap();
    assert!(store.has_key().await.unwrap());
    assert_eq!(store.key_by_hash(&[7; 32]).await.unwrap(), Some(key));
    assert_eq!(store.key_by_hash(&[8; 32]).await.unwrap(), None);
    let twice = store.create_key("other", Role::Read, [7; 32]).await;
    assert!(matches!(twice, Err(StoreError::Duplicate { .. })));
    kit.behind_its_back("UPDATE api_keys SET revoked_at = created_at")
        .await;
    assert_eq!(store.key_by_hash(&[7; 32]).await.unwrap(), None);
    assert!(!store.has_key().await.unwrap());
}
both!(a_key_is_found_by_its_hash_until_it_is_revoked);

async fn a_database_belongs_to_who_came_first(kit: Kit) {
    assert!(kit.store.belongs_to([1; 32]).await.unwrap());
    assert!(kit.store.belongs_to([1; 32]).await.unwrap());
    assert!(!kit.store.belongs_to([2; 32]).await.unwrap());
    assert!(kit.store.belongs_to([1; 32]).await.unwrap());
}
both!(a_database_belongs_to_who_came_first);

async fn a_store_answers_until_it_is_closed(kit: Kit) {
    kit.store.ping().await.unwrap();
    kit.store.close().await.unwrap();
    assert!(matches!(kit.store.ping().await, Err(StoreError::Closed)));
    // Closing is no crash: nothing is left beside the database.
    assert!(!kit.folder.path().join("vwm.db-wal").exists());
    kit.store.close().await.unwrap();
}
both!(a_store_answers_until_it_is_closed);

async fn tables_of_another_version_are_left_alone(kit: Kit) {
    kit.store.close().await.unwrap();
    kit.behind_its_back("UPDATE _sqlx_migrations SET version = version + 1")
        .await;
    let refused = kit.open_again().await.map(|_| ());
    assert!(
        matches!(refused, Err(StoreError::Migrate { .. })),
        "{refused:?}"
    );
}
both!(tables_of_another_version_are_left_alone);

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vwm.db");
    let content = "not a database, but long enough to be looked at".repeat(100);
    std::fs::write(&file, &content).unwrap();
    let refused = vwm_store::Store::open(folder.path()).await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::Open { path, .. }) if path == file));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), content);
}
