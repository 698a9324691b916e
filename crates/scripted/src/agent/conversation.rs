//! Conversations: what was said in each, kept in files so that a restarted agent still knows it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::ScriptedError;

/// One conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conversation {
    pub(super) session_id: Uuid,
    pub(super) cwd: PathBuf,
    pub(super) exchanges: Vec<Exchange>,
}

/// A prompt and what followed from it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) user: String,
    /// The updates as they were sent; empty until the turn is over.
    pub(super) updates: Vec<Value>,
}

impl Conversation {
    pub(super) fn new(cwd: PathBuf) -> Self {
        Self {
            session_id: Uuid::new_v4(),
            cwd,
            exchanges: Vec::new(),
        }
    }

    /// Returns every text that the user wrote, oldest first.
    pub(super) fn users(&self) -> Vec<&str> {
        let users = self.exchanges.iter();
        users.map(|exchange| exchange.user.as_str()).collect()
    }
}

/// The folder where conversations are kept.
pub(super) struct Memory {
    folder: PathBuf,
}

impl Memory {
    /// Opens `scripted-agent` in the home, and makes it if there is none.
    pub(super) fn open(home: &Path) -> Result<Self, ScriptedError> {
        let folder = home.join("scripted-agent");
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self { folder }),
            Err(source) => Err(ScriptedError::Keep { folder, source }),
        }
    }

    /// Keeps a conversation; a crash leaves the old state or the new one.
    pub(super) fn keep(&self, conversation: &Conversation) -> io::Result<()> {
        let path = self.path(conversation.session_id);
        let draft = path.with_extension("draft");
        fs::write(&draft, serde_json::to_vec(conversation)?)?;
        fs::rename(draft, path)
    }

    pub(super) fn recall(&self, id: Uuid) -> io::Result<Conversation> {
        Ok(serde_json::from_slice(&fs::read(self.path(id))?)?)
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}
