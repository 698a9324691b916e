//! Every end-to-end test, in one program: the whole road, through real processes.

mod claude;
mod cli;
mod contract;
mod crashes;
mod docs;
mod ending;
mod engines;
mod faults;
mod files;
mod hostile;
mod inputs;
mod learning;
mod lifecycle;
mod lifetime;
mod limits;
mod postgres;
mod retention;
mod road;
mod sdk;
mod stopping;
mod streams;
