//! Settings: what holds for every worker, with its history.

use serde_json::Value;
use vwm_api::{KeyId, Setting, SettingRevision, Timestamp};

use crate::codec::{Columns, json};
use crate::db::{Row, query};
use crate::writer::Written;
use crate::{Result, Store};

const CURRENT: &str = "SELECT key, revision, value, set_by, created_at FROM system_settings s
    WHERE key = $1 ORDER BY revision DESC LIMIT 1";

impl Store {
    /// Returns a setting as it stands.
    pub async fn setting(&self, key: &str) -> Result<Option<Setting>> {
        query(CURRENT)
            .bind(key)
            .fetch_optional(&self.readers)
            .await?
            .map(|row| setting(&row))
            .transpose()
    }

    /// Returns a setting with what it was, newest first and at most so many revisions.
    pub async fn setting_with_history(&self, key: &str, limit: u32) -> Result<Option<Setting>> {
        let rows = query(
            "SELECT key, revision, value, set_by, created_at FROM system_settings
             WHERE key = $1 ORDER BY revision DESC LIMIT $2",
        )
        .bind(key)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        let Some(newest) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Setting {
            history: rows.iter().map(revision).collect::<Result<_>>()?,
            ..setting(newest)?
        }))
    }

    /// Returns the revisions of two settings; 0 for one that was never set.
    pub async fn setting_revisions(&self, keys: [&str; 2]) -> Result<[i64; 2]> {
        let row = query(
            "SELECT coalesce(max(revision) FILTER (WHERE key = $1), 0) AS one,
                 coalesce(max(revision) FILTER (WHERE key = $2), 0) AS other
             FROM system_settings WHERE key IN ($1, $2)",
        )
        .bind(keys[0])
        .bind(keys[1])
        .fetch_one(&self.readers)
        .await?;
        let row = Columns(&row);
        Ok([row.get("one")?, row.get("other")?])
    }

    /// Returns every setting as it stands, by key.
    pub async fn settings(&self) -> Result<Vec<Setting>> {
        let rows = query(
            "SELECT key, revision, value, set_by, created_at FROM system_settings s
             WHERE revision = (SELECT max(revision) FROM system_settings WHERE key = s.key)
             ORDER BY key",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(setting).collect()
    }

    /// Sets a setting; the value that it has already makes no new revision.
    pub async fn set_setting(&self, key: &str, value: Value, by: Option<KeyId>) -> Result<Setting> {
        let key = key.to_owned();
        let value = json(&value)?;
        self.write(move |connection| {
            Box::pin(async move {
                // The first revision of a setting has no row before it that could be taken.
                let all = query("LOCK TABLE system_settings IN SHARE ROW EXCLUSIVE MODE");
                connection.lock(all).await?;
                query(
                    "INSERT INTO system_settings (key, revision, value, set_by, created_at)
                     SELECT $1, coalesce(max(revision), 0) + 1, $2, $3, $4 FROM system_settings WHERE key = $1
                     HAVING $2 IS DISTINCT FROM
                         (SELECT value FROM system_settings WHERE key = $1 ORDER BY revision DESC LIMIT 1)",
                )
                .bind(&key)
                .bind(value)
                .bind(by.map(|key| key.0))
                .bind(Timestamp::now().as_micros())
                .execute(&mut *connection)
                .await?;
                let row = query(CURRENT).bind(&key).fetch_one(connection).await?;
                Ok(Written::silently(setting(&row)?))
            })
        })
        .await
    }
}

fn setting(row: &Row) -> Result<Setting> {
    let row = Columns(row);
    Ok(Setting {
        key: row.get("key")?,
        value: row.json("value")?,
        revision: row.get("revision")?,
        set_by: row.id_or_none("set_by", KeyId)?,
        updated_at: row.time("created_at")?,
        // What a value means, and what it was, is told where somebody asks for it.
        warnings: Vec::new(),
        history: Vec::new(),
    })
}

fn revision(row: &Row) -> Result<SettingRevision> {
    let row = Columns(row);
    Ok(SettingRevision {
        revision: row.get("revision")?,
        value: row.json("value")?,
        set_by: row.id_or_none("set_by", KeyId)?,
        created_at: row.time("created_at")?,
    })
}
