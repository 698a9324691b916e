//! Faults, each put where it hurts most: whoever is killed, stopped or full at whichever moment, all that is promised holds.

mod clients;
mod clock;
mod full;
mod points;
mod power;
mod races;
mod sitting;
mod stopped;
mod story;
mod together;

use std::path::Path;

use vwm_api::SessionId;
use vwm_api::volume::{JobFile, VolumePaths};

/// The process of the harness that a volume's session has, or had last.
fn harness_of(data_dir: &Path, session: SessionId) -> Option<u32> {
    let volume = VolumePaths::new(data_dir.join("sessions").join(session.to_string()));
    let file = std::fs::read(volume.job_file()).ok()?;
    let job: JobFile = serde_json::from_slice(&file).ok()?;
    Some(job.pid)
}
