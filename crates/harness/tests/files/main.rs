//! The file calls of a running harness, as its server makes them.

mod disk;
mod hostile;
mod kit;
mod phases;
mod race;
mod reads;
mod uploads;
