//! Where tests kill, stop or fail a process of ours, and by how much they set its clock wrong. Without the feature `failpoints` nothing
//! of it is compiled: every function is empty.

#[cfg(feature = "failpoints")]
mod config;
#[cfg(feature = "failpoints")]
mod live;
mod points;

pub use points::{POINTS, Point, Who};

#[cfg(feature = "failpoints")]
pub use live::{clock_shift_micros, environment_of, fallible, pass, pass_method, start};

/// Reads from the environment what shall happen where. A program calls it once, at its start.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn start() {}

/// A moment of the road: whoever is told to dies here.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass(_name: &'static str) {}

/// As [`pass`], where a method of the store stands: `store.<method>.<when>`. The method is known by the closure that it runs.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass_method<F>(_when: &'static str) {}

/// A moment of the road at which something may fail, as a disk that is full.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn fallible(_name: &'static str) -> std::io::Result<()> {
    Ok(())
}

/// The variables that a harness of this generation, or the program that pushes, is started with.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn environment_of(_who: impl std::fmt::Display) -> [(&'static str, String); 0] {
    []
}

/// By how much the clock is to be wrong just now.
#[cfg(not(feature = "failpoints"))]
#[inline]
#[must_use]
pub fn clock_shift_micros() -> i64 {
    0
}
