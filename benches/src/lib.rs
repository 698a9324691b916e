//! The benchmarks: what VWM costs, beside what the machine itself costs and what another host of agents costs, in one run.

pub mod agent;
mod arguments;
mod bare;
mod clock;
mod config;
mod crowd;
mod floors;
mod fountain;
mod host;
mod http;
mod machine;
mod marker;
mod measure;
mod process;
mod report;
mod run;
mod sample;
mod watch;

pub use arguments::Arguments;
pub use run::run;
