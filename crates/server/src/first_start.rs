//! What the first start makes: the runtime `local`, and an admin key.

use tracing::info;
use vwm_api::{NewRuntime, Role};
use vwm_store::Store;

use crate::data_dir::DataDir;
use crate::keys::{self, Keys};
use crate::start_error::StartError;

/// Makes what a new data directory needs. A start that was killed before the key was stored is a first start again.
pub(crate) async fn prepare(
    data_dir: &DataDir,
    store: &Store,
    keys: &Keys,
) -> Result<(), StartError> {
    if store.has_key().await? {
        return Ok(());
    }
    if store.runtime_by_name(LOCAL).await?.is_none() {
        store.create_runtime(local_runtime()).await?;
    }
    let key = keys::new_api_key()?;
    data_dir.write(ADMIN_KEY_FILE, key.as_bytes())?;
    store
        .create_key("admin", Role::Admin, keys.hash_of(&key))
        .await?;
    info!("First start: the admin key is in {ADMIN_KEY_FILE} in the data directory");
    Ok(())
}

pub(crate) const LOCAL: &str = "local";
const ADMIN_KEY_FILE: &str = "admin.key";

fn local_runtime() -> NewRuntime {
    NewRuntime {
        description: Some("This machine: engines run as its processes".to_owned()),
        ..NewRuntime::new(LOCAL, LOCAL)
    }
}
