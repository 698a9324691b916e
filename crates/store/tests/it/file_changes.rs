//! The record of what file calls changed.

use vwm_api::{FileAction, FileChange, FileChangeStatus, KeyId, SessionId};
use vwm_store::{NewSessionRow, StoreError};

use crate::kit::Kit;

async fn every_write_is_noted_with_who_asked_and_how_it_ended(kit: Kit) {
    let store = &kit.store;
    let new = NewSessionRow {
        breadcrumbs: vec!["ticket-7".to_owned()],
        ..kit.new_session()
    };
    let session = store.create_session(new, None).await.unwrap().into_inner();
    let (id, made) = (session.session.id, session.session.last_activity_at);
    let by = KeyId::new();
    let begin = async |action, path| store.begin_file_change(id, by, action, path).await.unwrap();

    let written = begin(FileAction::Write, "a.md").await;
    let refused = begin(FileAction::Upload, "worker_repo/COMPANY.md").await;
    let removed = begin(FileAction::Delete, "a.md").await;
    let lost = begin(FileAction::Delete, "b.md").await;
    store.end_file_change(written, Ok(Some(5))).await.unwrap();
    let why = "only learnings/ can be written".to_owned();
    store
        .end_file_change(refused, Err(why.clone()))
        .await
        .unwrap();
    store.end_file_change(removed, Ok(None)).await.unwrap();
    // The first end holds.
    store
        .end_file_change(removed, Err("late".into()))
        .await
        .unwrap();

    let all = store.file_changes(id, None, 100).await.unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|change| {
            let is_over = change.completed_at.is_some();
            (
                change.id,
                change.action,
                change.status,
                change.bytes,
                change.error.as_deref(),
                is_over,
            )
        })
        .collect();
    use FileAction::{Delete, Upload, Write};
    use FileChangeStatus::{Done, Failed, Pending};
    assert_eq!(
        told,
        [
            (written, Write, Done, Some(5), None, true),
            (refused, Upload, Failed, None, Some(&why[..]), true),
            (removed, Delete, Done, None, None, true),
            (lost, Delete, Pending, None, None, false),
        ]
    );
    for change in &all {
        let FileChange {
            session_id,
            worker_id,
            key_id,
            breadcrumbs,
            ..
        } = change;
        assert_eq!(
            (*session_id, *worker_id, *key_id),
            (id, kit.worker.id, by),
            "{change:?}"
        );
        assert_eq!(*breadcrumbs, ["ticket-7"]);
    }
    let touched = store.session(id).await.unwrap().unwrap();
    assert!(touched.session.last_activity_at > made);

    let some = store.file_changes(id, Some(written), 2).await.unwrap();
    assert_eq!(some, all[1..3]);
}
both!(every_write_is_noted_with_who_asked_and_how_it_ended);

async fn nothing_is_noted_of_a_session_that_there_is_not(kit: Kit) {
    let (nobody, by) = (SessionId::new(), KeyId::new());
    let begun = kit
        .store
        .begin_file_change(nobody, by, FileAction::Write, "a");
    assert!(matches!(begun.await, Err(StoreError::NotFound)));
    assert_eq!(kit.store.file_changes(nobody, None, 9).await.unwrap(), []);
}
both!(nothing_is_noted_of_a_session_that_there_is_not);
