//! API keys: found by their hash, given another secret, revoked, and never all of those that may make others.

use vwm_api::{KeyId, Role};
use vwm_store::{KeyRevocation, KeyRotation, StoreError};

use crate::kit::Kit;

async fn a_rotated_key_is_the_same_key_with_another_hash(kit: Kit) {
    let store = &kit.store;
    let key = store.create_key("ci", Role::Read, [1; 32]).await.unwrap();
    let KeyRotation::Done(rotated) = store.rotate_key(key.id, [2; 32]).await.unwrap() else {
        panic!("it is not revoked");
    };
    assert!(rotated.created_at > key.created_at);
    let same_but_for_its_time = vwm_api::Key {
        created_at: rotated.created_at,
        ..key.clone()
    };
    assert_eq!(rotated, same_but_for_its_time);
    assert_eq!(store.key_by_hash(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.key_by_hash(&[2; 32]).await.unwrap(), Some(rotated));

    let revoked = store.revoke_key(key.id).await.unwrap();
    assert_eq!(revoked, KeyRevocation::Done);
    let refused = store.rotate_key(key.id, [3; 32]).await.unwrap();
    assert_eq!(refused, KeyRotation::IsRevoked);
    assert_eq!(store.key_by_hash(&[3; 32]).await.unwrap(), None);
    let unknown = store.rotate_key(KeyId::new(), [4; 32]).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)));
}
both!(a_rotated_key_is_the_same_key_with_another_hash);

async fn a_revoked_key_stays_in_the_list_with_the_time_of_its_first_revocation(kit: Kit) {
    let store = &kit.store;
    let admin = store
        .create_key("admin", Role::Admin, [1; 32])
        .await
        .unwrap();
    let bob = store.create_key("bob", Role::Session, [2; 32]).await;
    let bob = bob.unwrap();
    store.rotate_key(admin.id, [3; 32]).await.unwrap();
    let revoke = async |id| store.revoke_key(id).await;
    assert_eq!(revoke(bob.id).await.unwrap(), KeyRevocation::Done);
    let listed = store.keys().await.unwrap();
    assert_eq!(revoke(bob.id).await.unwrap(), KeyRevocation::WasRevoked);
    assert_eq!(store.keys().await.unwrap(), listed);
    // The oldest key first, although its secret is the newest.
    let ids: Vec<_> = listed.iter().map(|key| key.id).collect();
    assert_eq!(ids, [admin.id, bob.id]);
    assert!(listed[0].revoked_at.is_none() && listed[1].revoked_at.is_some());
    let unknown = revoke(KeyId::new()).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)));
}
both!(a_revoked_key_stays_in_the_list_with_the_time_of_its_first_revocation);

async fn of_the_last_two_admin_keys_one_stays_although_both_are_revoked_at_once(kit: Kit) {
    let store = &kit.store;
    let other = store.create_key("ci", Role::Session, [9; 32]).await;
    let other = other.unwrap();
    for round in 0..20 {
        let left = store.keys().await.unwrap();
        let left = left
            .iter()
            .filter(|key| key.role == Role::Admin && key.revoked_at.is_none());
        let mut ids: Vec<_> = left.map(|key| key.id).collect();
        while ids.len() < 2 {
            let hash = [10 + round * 2 + ids.len() as u8; 32];
            let made = store.create_key("admin", Role::Admin, hash).await;
            ids.push(made.unwrap().id);
        }
        let (one, two) = tokio::join!(store.revoke_key(ids[0]), store.revoke_key(ids[1]));
        let mut became = [one.unwrap(), two.unwrap()];
        became.sort_by_key(|became| *became == KeyRevocation::IsLastAdmin);
        assert_eq!(became, [KeyRevocation::Done, KeyRevocation::IsLastAdmin]);
    }
    // Only keys that may make others are counted.
    assert_eq!(
        store.revoke_key(other.id).await.unwrap(),
        KeyRevocation::Done
    );
}
both!(of_the_last_two_admin_keys_one_stays_although_both_are_revoked_at_once);
