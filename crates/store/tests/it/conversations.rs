//! Who may ask for a turn, and in which order turns are kept.

use vwm_api::{OnBusy, SessionId, SessionStatus, SubsessionId, Trigger, TurnId};
use vwm_store::{NewTurn, StoreError, TurnCreated};

use crate::kit::{Kit, new_turn};

async fn refusal(kit: &Kit, new: NewTurn) -> TurnCreated {
    kit.store.create_turn(new, None).await.unwrap()
}

async fn a_busy_conversation_queues_refuses_or_is_full(kit: Kit) {
    let session = kit.active().await;
    let new = |on_busy| NewTurn {
        on_busy,
        queue_limit: 2,
        ..new_turn(session)
    };
    let mut ids = Vec::new();
    // One runs, two wait.
    for _ in 0..3 {
        ids.push(kit.ask(new(OnBusy::Queue)).await.id);
    }
    assert_eq!(
        refusal(&kit, new(OnBusy::Queue)).await,
        TurnCreated::QueueFull
    );
    assert_eq!(refusal(&kit, new(OnBusy::Reject)).await, TurnCreated::Busy);
    let elsewhere = NewTurn {
        subsession: SubsessionId(TurnId::new().0),
        ..new(OnBusy::Reject)
    };
    ids.push(kit.ask(elsewhere).await.id);
    let kept: Vec<TurnId> = kit
        .store
        .turns(session)
        .await
        .unwrap()
        .iter()
        .map(|turn| turn.id)
        .collect();
    assert_eq!(kept, ids);
}
both!(a_busy_conversation_queues_refuses_or_is_full);

async fn turns_keep_the_order_in_which_they_were_asked_for_whatever_the_clock_says(kit: Kit) {
    let session = kit.active().await;
    let (earlier, later) = (TurnId::new(), TurnId::new());
    assert!(earlier < later);
    for id in [later, earlier] {
        kit.ask(NewTurn {
            id,
            ..new_turn(session)
        })
        .await;
    }
    let kept: Vec<TurnId> = kit
        .store
        .open_turns(session)
        .await
        .unwrap()
        .iter()
        .map(|turn| turn.id)
        .collect();
    assert_eq!(kept, [later, earlier]);
}
both!(turns_keep_the_order_in_which_they_were_asked_for_whatever_the_clock_says);

async fn only_a_session_that_is_active_or_can_resume_takes_prompts(kit: Kit) {
    use SessionStatus::{Active, Ended, Ending, Failed, Pending, Suspended};
    let id = kit.pending().await;
    assert_eq!(
        refusal(&kit, new_turn(id)).await,
        TurnCreated::SessionIs(Pending)
    );
    kit.move_on(id, Pending, Trigger::Ready).await;
    kit.prompt(id).await;
    kit.move_on(id, Active, Trigger::Suspend).await;
    kit.prompt(id).await;
    kit.move_on(id, Suspended, Trigger::Break).await;
    assert_eq!(
        refusal(&kit, new_turn(id)).await,
        TurnCreated::SessionIs(Failed)
    );
    kit.move_on(id, Failed, Trigger::End).await;
    assert_eq!(
        refusal(&kit, new_turn(id)).await,
        TurnCreated::SessionIs(Ending)
    );
    kit.move_on(id, Ending, Trigger::Ended).await;
    assert_eq!(
        refusal(&kit, new_turn(id)).await,
        TurnCreated::SessionIs(Ended)
    );
    let nowhere = kit
        .store
        .create_turn(new_turn(SessionId::new()), None)
        .await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)));
}
both!(only_a_session_that_is_active_or_can_resume_takes_prompts);
