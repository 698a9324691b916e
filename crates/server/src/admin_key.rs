//! The file `admin.key`: the secret of an admin's key, for this machine's command line. It changes together with the key, also when the
//! server dies in between.

use std::sync::Arc;

use vwm_api::KeyId;
use vwm_store::Store;

use crate::data_dir::DataDir;
use crate::keys::Keys;
use crate::start_error::StartError;

/// The file. The promise: who holds it is the only one who changes keys, so that file and database change in one order.
#[derive(Debug)]
pub(crate) struct AdminKey(Arc<DataDir>);

/// The file's name.
pub(crate) const ADMIN_KEY_FILE: &str = "admin.key";
/// The secret that will stand in the file once the database knows it.
const NEXT_FILE: &str = "admin.key.next";

impl AdminKey {
    /// The file of a data directory.
    pub(crate) fn of(data_dir: &Arc<DataDir>) -> Self {
        Self(Arc::clone(data_dir))
    }

    /// Whether the file has the secret of this key.
    pub(crate) async fn is_of(
        &self,
        key: KeyId,
        store: &Store,
        keys: &Keys,
    ) -> Result<bool, StartError> {
        let Some(secret) = self.0.read(ADMIN_KEY_FILE)? else {
            return Ok(false);
        };
        let found = store.key_by_hash(&hash_of(&secret, keys)).await?;
        Ok(found.is_some_and(|found| found.id == key))
    }

    /// Writes down the secret that the database is about to know. `settle` follows, however that goes.
    pub(crate) fn announce(&self, secret: &str) -> Result<(), StartError> {
        self.0.write(NEXT_FILE, secret.as_bytes())
    }

    /// Puts an announced secret into the file if the database knows it, and forgets it otherwise.
    pub(crate) async fn settle(&self, store: &Store, keys: &Keys) -> Result<(), StartError> {
        let Some(secret) = self.0.read(NEXT_FILE)? else {
            return Ok(());
        };
        if store.key_by_hash(&hash_of(&secret, keys)).await?.is_some() {
            self.write(&secret)?;
        }
        self.0.remove(NEXT_FILE)
    }

    /// Writes the file.
    pub(crate) fn write(&self, secret: &[u8]) -> Result<(), StartError> {
        self.0.write(ADMIN_KEY_FILE, secret)
    }

    /// Removes the file.
    pub(crate) fn remove(&self) -> Result<(), StartError> {
        self.0.remove(ADMIN_KEY_FILE)
    }
}

/// A person's editor may have added a line end; what is no text is nobody's key.
fn hash_of(secret: &[u8], keys: &Keys) -> [u8; 32] {
    keys.hash_of(String::from_utf8_lossy(secret).trim())
}

#[cfg(test)]
mod tests {
    use vwm_api::Role;

    use super::*;

    struct Ground {
        folder: tempfile::TempDir,
        file: AdminKey,
        store: Store,
        keys: Keys,
        key: KeyId,
    }

    impl Ground {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let data_dir = Arc::new(DataDir::open(folder.path()).unwrap());
            let keys = Keys::open(&data_dir).unwrap();
            let store = Store::open(folder.path()).await.unwrap();
            let hash = keys.hash_of("vwm_old");
            let key = store.create_key("admin", Role::Admin, hash).await.unwrap();
            let file = AdminKey::of(&data_dir);
            file.write(b"vwm_old\n").unwrap();
            let key = key.id;
            Self {
                folder,
                file,
                store,
                keys,
                key,
            }
        }

        async fn settled(&self) -> String {
            self.file.settle(&self.store, &self.keys).await.unwrap();
            assert!(!self.folder.path().join(NEXT_FILE).exists());
            std::fs::read_to_string(self.folder.path().join(ADMIN_KEY_FILE)).unwrap()
        }
    }

    #[tokio::test]
    async fn a_server_that_died_after_the_database_knew_the_secret_puts_it_into_the_file() {
        let it = Ground::new().await;
        let is_of = it.file.is_of(it.key, &it.store, &it.keys).await;
        assert!(is_of.unwrap());
        it.file.announce("vwm_new").unwrap();
        let hash = it.keys.hash_of("vwm_new");
        it.store.rotate_key(it.key, hash).await.unwrap();
        assert_eq!(it.settled().await, "vwm_new");
        assert_eq!(it.settled().await, "vwm_new");
    }

    #[tokio::test]
    async fn a_server_that_died_before_it_forgets_the_secret() {
        let it = Ground::new().await;
        it.file.announce("vwm_new").unwrap();
        assert_eq!(it.settled().await, "vwm_old\n");
    }
}
