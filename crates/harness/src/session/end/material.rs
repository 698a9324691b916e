//! What the turn that learns reads: what was said in the session so far, and what the knowledge base holds.

use std::io;
use std::path::Path;

use vwm_api::TurnId;
use vwm_api::harness::{Entry, LEARNING_INDEX, LEARNING_TRANSCRIPT, Record};

use super::Session;
use crate::session::knowledge;
use crate::session::prepare::open_tree;
use crate::transcript;
use crate::workspace::Kind;

impl Session {
    /// Writes both into the workspace, before the turn begins: they are none of its artifacts.
    pub(super) fn write_material(&self, learning: TurnId) -> Result<(), String> {
        let transcript = self
            .transcript_before(learning)
            .map_err(|e| format!("the transcript cannot be read from the journal: {e}"))?;
        let known = knowledge::files(&open_tree(&self.paths.knowledge_base())?, usize::MAX);
        let index = knowledge::list(&known);
        let tree = open_tree(&self.paths.workspace())?;
        for (path, content) in [
            (LEARNING_TRANSCRIPT, transcript),
            (LEARNING_INDEX, index.into_bytes()),
        ] {
            let path = Path::new(path);
            self.clear(&tree, Kind::File, path)?;
            tree.write(path, &content)
                .map_err(|e| format!("cannot write {} in the workspace: {e}", path.display()))?;
        }
        Ok(())
    }

    fn transcript_before(&self, learning: TurnId) -> io::Result<Vec<u8>> {
        let mut records = self.journal.all()?;
        records.retain(|record| turn_of(record) != Some(learning));
        let mut text = Vec::new();
        transcript::write(&records, &mut text)?;
        Ok(text)
    }
}

fn turn_of(record: &Record) -> Option<TurnId> {
    match &record.entry {
        Entry::Accepted { order } => Some(order.turn),
        Entry::Sent { turn } | Entry::Ended { turn, .. } => Some(*turn),
        Entry::Event { turn, .. } => *turn,
    }
}
