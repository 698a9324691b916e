//! The HTTP surface through its router, on a real store in a folder of its own; only the orchestrator is missing.

mod access;
mod ends;
mod kit;
mod life;
mod openapi;
mod prompts;
mod pushes;
mod sessions;
mod settings;
mod streams;
mod surface;
mod workers;
