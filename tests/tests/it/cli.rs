//! The command line as a person uses it: what it prints, and how it ends.

mod apply;
mod demo;
mod doctor;
mod help;
mod interrupts;
mod resources;
mod run;
mod walk;
