//! What the turn that learns reads: what was said in the session so far, and what the knowledge base holds.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use vwm_api::TurnId;
use vwm_api::harness::{Entry, LEARNING_INDEX, LEARNING_TRANSCRIPT, Record};

use super::Session;
use crate::session::knowledge;
use crate::session::prepare::open_tree;
use crate::transcript::Transcript;
use crate::workspace::{Kind, Tree};

impl Session {
    /// Writes both into the workspace, before the turn begins: they are none of its artifacts.
    pub(super) fn write_material(&self, learning: TurnId) -> Result<(), String> {
        let knowledge_base = open_tree(&self.paths.knowledge_base())?;
        let index = knowledge::list(&knowledge::index(&knowledge_base, usize::MAX));
        let tree = open_tree(&self.paths.workspace())?;
        self.put(&tree, LEARNING_TRANSCRIPT, |file| {
            let mut transcript = Transcript::new(file);
            self.journal.each(|record| {
                if turn_of(&record) == Some(learning) {
                    return Ok(());
                }
                transcript.add(&record)
            })?;
            transcript.finish()
        })?;
        self.put(&tree, LEARNING_INDEX, |file| {
            file.write_all(index.as_bytes())
        })
    }

    fn put(
        &self,
        tree: &Tree,
        path: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), String> {
        let place = Path::new(path);
        self.clear(tree, Kind::File, place)?;
        tree.write_with(place, write)
            .map_err(|e| format!("cannot write {path} in the workspace: {e}"))
    }
}

fn turn_of(record: &Record) -> Option<TurnId> {
    match &record.entry {
        Entry::Accepted { order } => Some(order.turn),
        Entry::Sent { turn } | Entry::Ended { turn, .. } => Some(*turn),
        Entry::Event { turn, .. } => *turn,
    }
}
