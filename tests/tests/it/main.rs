//! Every end-to-end test, in one program: the whole road, through real processes.

mod claude;
mod cli;
mod crashes;
mod ending;
mod hostile;
mod inputs;
mod learning;
mod lifecycle;
mod road;
