//! Bad input and missing things: a clear error that says what to do, and nothing is lost.

mod machine;
mod repositories;
mod sessions;
