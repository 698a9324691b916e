//! The documents: what they let one type works, what they list is what there is, and the examples that they name run.

mod codes;
mod concepts;
mod consumers;
mod getting_started;
mod reference;
