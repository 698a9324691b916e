//! Whose database it is. A server that takes another one's would find no session's folder, and fail them all.

use crate::codec::Columns;
use crate::db::query;
use crate::writer::Written;
use crate::{Result, Store};

impl Store {
    /// Notes whose database it is, where nobody did; returns whether it is this one's.
    pub async fn belongs_to(&self, owner: [u8; 32]) -> Result<bool> {
        self.write(move |connection| {
            Box::pin(async move {
                query("INSERT INTO installation (id, owner) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
                    .bind(owner.as_slice())
                    .execute(&mut *connection)
                    .await?;
                let row = query("SELECT owner FROM installation WHERE id = 1")
                    .fetch_one(connection)
                    .await?;
                Ok(Written::silently(Columns(&row).hash("owner")? == owner))
            })
        })
        .await
    }
}
