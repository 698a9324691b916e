//! What the first start makes: the runtime `local`, and an admin key.

use tracing::info;
use vwm_api::{NewRuntime, Role};
use vwm_store::Store;

use crate::admin_key::{ADMIN_KEY_FILE, AdminKey};
use crate::keys::{self, Keys};
use crate::start_error::StartError;

/// Makes what a new data directory needs. A start that was killed before the key was stored is a first start again.
pub(crate) async fn prepare(file: &AdminKey, store: &Store, keys: &Keys) -> Result<(), StartError> {
    file.settle(store, keys).await?;
    if store.has_key().await? {
        return Ok(());
    }
    if store.runtime_by_name(LOCAL).await?.is_none() {
        store.create_runtime(local_runtime()).await?;
    }
    let key = keys::new_api_key()?;
    file.write(key.as_bytes())?;
    store
        .create_key("admin", Role::Admin, keys.hash_of(&key))
        .await?;
    info!("First start: the admin key is in {ADMIN_KEY_FILE} in the data directory");
    Ok(())
}

pub(crate) const LOCAL: &str = "local";

fn local_runtime() -> NewRuntime {
    NewRuntime {
        description: Some("This machine: engines run as its processes".to_owned()),
        ..NewRuntime::new(LOCAL, LOCAL)
    }
}
