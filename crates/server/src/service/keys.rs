//! API keys: who gets one, who gets another secret, and that somebody is left who can make them.

use std::future::Future;
use std::sync::Arc;

use serde_json::Value;
use tracing::{info, warn};
use vwm_api::{Key, KeyId, KeyWithSecret, Role};
use vwm_store::{KeyRevocation, KeyRotation};

use crate::app::App;
use crate::error::{Error, Resource};
use crate::input::Input;
use crate::keys;

/// Returns every key without its secret, oldest first, also those that were revoked.
pub(crate) async fn list(app: &App) -> Result<Vec<Key>, Error> {
    Ok(app.store.keys().await?)
}

/// Makes a key. Its secret is told this once.
pub(crate) async fn create(app: &App, caller: &Key, body: Value) -> Result<KeyWithSecret, Error> {
    let mut input = Input::of_body(body);
    let name = input.required("name", |input, name| input.sized(name, 1..=100));
    let role = input.required("role", |input, name| {
        input.one_of(name, &Role::ALL.map(|role| (role.as_str(), role)))
    });
    input.close()?;
    let name = name.expect("without a name there was a fault");
    let role = role.expect("without a role there was a fault");
    let secret = keys::new_api_key().map_err(Error::internal)?;
    let hash = app.keys.hash_of(&secret);
    let key = app.store.create_key(&name, role, hash).await?;
    let (id, by, role) = (key.id, caller.id, role.as_str());
    info!(key.id = %id, by = %by, "Key {id} with the role {role} was made with key {by}");
    Ok(KeyWithSecret { key, secret })
}

/// Gives a key another secret: the old one opens nothing any more. Who hangs up aborts nothing.
pub(crate) async fn rotate(
    app: &Arc<App>,
    caller: &Key,
    id: KeyId,
) -> Result<KeyWithSecret, Error> {
    let by = caller.id;
    to_the_end(
        app,
        move |app| async move { rotate_now(&app, by, id).await },
    )
    .await
}

/// Revokes a key, unless nobody could make another one then. Who hangs up aborts nothing.
pub(crate) async fn revoke(app: &Arc<App>, caller: &Key, id: KeyId) -> Result<(), Error> {
    let by = caller.id;
    to_the_end(
        app,
        move |app| async move { revoke_now(&app, by, id).await },
    )
    .await
}

/// Database and file change together, whether somebody waits for it or not.
async fn to_the_end<T, F>(app: &Arc<App>, change: impl FnOnce(Arc<App>) -> F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let changing = app.tasks.spawn(change(Arc::clone(app)));
    changing.await.map_err(Error::internal)?
}

async fn rotate_now(app: &App, by: KeyId, id: KeyId) -> Result<KeyWithSecret, Error> {
    let file = app.admin_key.lock().await;
    let is_in_file = file.is_of(id, &app.store, &app.keys).await;
    let is_in_file = is_in_file.map_err(Error::internal)?;
    let secret = keys::new_api_key().map_err(Error::internal)?;
    if is_in_file {
        file.announce(&secret).map_err(Error::internal)?;
    }
    let hash = app.keys.hash_of(&secret);
    let rotated = app.store.rotate_key(id, hash).await;
    if let Err(error) = file.settle(&app.store, &app.keys).await {
        let cause = vwm_api::chain(&error);
        warn!(key.id = %id, "admin.key is not up to date: {cause}; the next start tries again");
    }
    match rotated.map_err(Error::of_store(Resource::Key))? {
        KeyRotation::Done(key) => {
            app.key_changes.send_replace(());
            info!(key.id = %id, by = %by, "Key {id} got another secret with key {by}");
            Ok(KeyWithSecret { key, secret })
        }
        KeyRotation::IsRevoked => Err(Error::Conflict(
            "Key is revoked: it opens nothing any more; make another one".to_owned(),
        )),
    }
}

async fn revoke_now(app: &App, by: KeyId, id: KeyId) -> Result<(), Error> {
    let file = app.admin_key.lock().await;
    let is_in_file = file.is_of(id, &app.store, &app.keys).await;
    let is_in_file = is_in_file.map_err(Error::internal)?;
    let revoked = app.store.revoke_key(id).await;
    match revoked.map_err(Error::of_store(Resource::Key))? {
        KeyRevocation::Done => {}
        KeyRevocation::WasRevoked => return Ok(()),
        KeyRevocation::IsLastAdmin => {
            return Err(Error::Conflict(
                "Key is the last one with the role admin: make another one first, or nobody can make keys any more".to_owned(),
            ));
        }
    }
    app.key_changes.send_replace(());
    info!(key.id = %id, by = %by, "Key {id} was revoked with key {by}");
    if is_in_file && let Err(error) = file.remove() {
        let cause = vwm_api::chain(&error);
        warn!(key.id = %id, "admin.key has a revoked key: {cause}; remove it");
    }
    Ok(())
}
