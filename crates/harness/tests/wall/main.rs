//! What the wall keeps out, what the supervisor leaves behind (nothing), and what a tree refuses.

mod commands;
mod confinement;
mod daemons;
mod kit;
mod workspace;
