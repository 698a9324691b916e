//! The HTTP surface through its router, on a real store in a folder of its own; only the orchestrator is missing.

mod access;
mod bad_bodies;
mod contract;
mod cors;
mod ends;
mod files;
mod keys;
mod kit;
mod life;
mod openapi;
mod openapi_examples;
mod openapi_routes;
mod prompts;
mod pushes;
mod requests;
mod runtimes;
mod sessions;
mod settings;
mod streams;
mod surface;
mod transcripts;
mod watching;
mod worker_sessions;
mod workers;
