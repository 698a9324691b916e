//! What runs beside the engine: prepares the workspace, runs the engine behind a wall and a door, journals what happens.

pub mod adapter;
pub mod process;
