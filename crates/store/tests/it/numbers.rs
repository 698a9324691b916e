//! What is told to those who watch the server.

use vwm_api::{SessionStatus, TurnKind, TurnStatus};
use vwm_store::Usage;

use crate::kit::Kit;

async fn sessions_turns_and_what_they_used_are_counted(kit: Kit) {
    let store = &kit.store;
    assert_eq!(store.session_counts().await.unwrap(), []);
    assert_eq!(store.turn_counts().await.unwrap(), []);
    assert_eq!(store.usage().await.unwrap(), Usage::default());
    assert_eq!(store.waiting_turns().await.unwrap(), 0);

    kit.pending().await;
    let active = kit.active().await;
    let done = kit.prompt(active).await;
    kit.prompt(active).await;
    kit.behind_its_back(&format!(
        "UPDATE requests SET status = 'complete', tokens_in = 7, tokens_out = 3, cost_usd = 0.25 WHERE id = {}",
        kit.sql_id(done.id.0)
    ))
    .await;
    assert_eq!(
        store.session_counts().await.unwrap(),
        [(SessionStatus::Active, 1), (SessionStatus::Pending, 1)]
    );
    assert_eq!(
        store.turn_counts().await.unwrap(),
        [
            (TurnKind::Prompt, TurnStatus::Complete, 1),
            (TurnKind::Prompt, TurnStatus::Pending, 1)
        ]
    );
    let used = Usage {
        tokens_in: 7,
        tokens_out: 3,
        cost_usd: 0.25,
    };
    assert_eq!(store.usage().await.unwrap(), used);
    assert_eq!(store.waiting_turns().await.unwrap(), 1);
    assert!(store.database_bytes().await.unwrap() >= 4096);
}
both!(sessions_turns_and_what_they_used_are_counted);
