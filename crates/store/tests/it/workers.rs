//! Workers, their revisions and locks, and the runtimes that they need.

use vwm_api::{KeyId, SessionStatus, Trigger, WorkerDefinition, WorkerId};
use vwm_store::StoreError;

use crate::kit::{Kit, definition, runtime};

async fn a_change_makes_a_revision_and_the_same_again_makes_none(kit: Kit) {
    let (store, id) = (&kit.store, kit.worker.id);
    let same = store
        .update_worker(
            id,
            kit.worker.definition.clone(),
            "hash-1",
            None,
            None,
            false,
        )
        .await
        .unwrap();
    assert_eq!(same, kit.worker);

    let changed = WorkerDefinition {
        description: Some("Looks after the build".to_owned()),
        ..kit.worker.definition.clone()
    };
    let updated = store
        .update_worker(id, changed.clone(), "hash-2", Some(1), None, false)
        .await
        .unwrap();
    assert_eq!(
        (updated.revision, updated.hash.as_str(), &updated.definition),
        (2, "hash-2", &changed)
    );
    assert_eq!(
        store.worker_by_name("bob").await.unwrap(),
        Some(updated.clone())
    );
    let stale = store
        .update_worker(id, changed, "hash-3", Some(1), None, false)
        .await;
    assert!(matches!(stale, Err(StoreError::Stale { current: 2 })));
    let first = store.worker_revision(id, 1).await.unwrap().unwrap();
    assert_eq!(
        (first.hash.as_str(), first.definition),
        ("hash-1", kit.worker.definition.clone())
    );
    assert_eq!(store.worker_revision(id, 3).await.unwrap(), None);
    assert_eq!(store.workers().await.unwrap(), [updated]);
}
both!(a_change_makes_a_revision_and_the_same_again_makes_none);

async fn a_lock_holds_unless_it_is_forced_which_is_written_down(kit: Kit) {
    let (store, id) = (&kit.store, kit.worker.id);
    let locked = WorkerDefinition {
        locked: true,
        ..kit.worker.definition.clone()
    };
    // Forcing where nothing is locked overrides nothing.
    store
        .update_worker(id, locked.clone(), "hash-2", None, None, true)
        .await
        .unwrap();
    let refused = store
        .update_worker(
            id,
            kit.worker.definition.clone(),
            "hash-1",
            None,
            None,
            false,
        )
        .await;
    assert!(matches!(refused, Err(StoreError::Locked)));
    assert!(matches!(
        store.delete_worker(id, false, None).await,
        Err(StoreError::Locked)
    ));
    let applied_again = store
        .update_worker(id, locked.clone(), "hash-2", None, None, false)
        .await
        .unwrap();
    assert_eq!(applied_again.revision, 2);
    let renamed = WorkerDefinition {
        name: "robert".to_owned(),
        ..locked
    };
    store
        .update_worker(id, renamed, "hash-3", None, None, true)
        .await
        .unwrap();
    let revisions = store.worker_revisions(id).await.unwrap();
    let forced: Vec<bool> = revisions.iter().map(|revision| revision.forced).collect();
    assert_eq!(forced, [false, false, true]);
    let by = KeyId::new();
    let is_forced = store.delete_worker(id, true, Some(by)).await.unwrap();
    assert!(is_forced, "it was locked");
    assert_eq!(store.worker(id).await.unwrap(), None);
    let recorded = format!(
        "SELECT count(*) FROM workers WHERE id = {} AND deleted_by = {} AND deletion_forced",
        kit.sql_id(id.0),
        kit.sql_id(by.0)
    );
    assert_eq!(kit.count(&recorded).await, 1);
}
both!(a_lock_holds_unless_it_is_forced_which_is_written_down);

async fn a_deleted_worker_frees_its_name_and_leaves_its_revisions(kit: Kit) {
    let (store, id) = (&kit.store, kit.worker.id);
    let session = kit.active().await;
    let again = || store.create_worker(kit.worker.definition.clone(), "hash-1", None);
    assert!(matches!(again().await, Err(StoreError::Duplicate { what }) if what == "worker bob"));
    let in_use = store.delete_worker(id, true, None).await;
    assert!(matches!(in_use, Err(StoreError::InUse { what, .. }) if what == "worker bob"));
    kit.move_on(session, SessionStatus::Active, Trigger::End)
        .await;
    kit.move_on(session, SessionStatus::Ending, Trigger::Ended)
        .await;
    let is_forced = store.delete_worker(id, false, None).await.unwrap();
    assert!(!is_forced, "nothing was locked");

    assert!(matches!(
        store.delete_worker(id, false, None).await,
        Err(StoreError::NotFound)
    ));
    let update = store
        .update_worker(
            id,
            kit.worker.definition.clone(),
            "hash-2",
            None,
            None,
            true,
        )
        .await;
    assert!(matches!(update, Err(StoreError::NotFound)));
    assert_eq!(store.worker_revisions(id).await.unwrap().len(), 1);
    assert!(store.session(session).await.unwrap().is_some());
    assert_ne!(again().await.unwrap().id, id);
    assert_eq!(store.worker(WorkerId::new()).await.unwrap(), None);
}
both!(a_deleted_worker_frees_its_name_and_leaves_its_revisions);

async fn a_runtime_stays_while_somebody_needs_it(kit: Kit) {
    let store = &kit.store;
    let local = store.runtime_by_name("local").await.unwrap().unwrap();
    let refused = store.delete_runtime(local.id).await;
    assert!(matches!(refused, Err(StoreError::InUse { what, .. }) if what == "runtime local"));

    // The worker goes elsewhere, and a session keeps the revision that it began with.
    let session = kit.active().await;
    let other = store.create_runtime(runtime("other")).await.unwrap();
    let moved = definition("bob", other.id);
    store
        .update_worker(kit.worker.id, moved, "hash-2", None, None, false)
        .await
        .unwrap();
    assert!(matches!(
        store.delete_runtime(local.id).await,
        Err(StoreError::InUse { .. })
    ));
    kit.move_on(session, SessionStatus::Active, Trigger::End)
        .await;
    kit.move_on(session, SessionStatus::Ending, Trigger::Ended)
        .await;
    store.delete_runtime(local.id).await.unwrap();
    assert!(matches!(
        store.delete_runtime(local.id).await,
        Err(StoreError::NotFound)
    ));

    let taken = store.create_runtime(runtime("other")).await;
    assert!(matches!(taken, Err(StoreError::Duplicate { what }) if what == "runtime other"));
    let renamed = store
        .update_runtime(other.id, runtime("third"))
        .await
        .unwrap();
    assert_eq!(
        (renamed.definition.clone(), renamed.created_at),
        (runtime("third"), other.created_at)
    );
    assert_eq!(
        store.runtime(other.id).await.unwrap(),
        Some(renamed.clone())
    );
    assert_eq!(store.runtimes().await.unwrap(), [renamed]);
    let missed = store.update_runtime(local.id, runtime("x")).await;
    assert!(matches!(missed, Err(StoreError::NotFound)));
}
both!(a_runtime_stays_while_somebody_needs_it);
