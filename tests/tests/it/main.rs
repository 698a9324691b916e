//! Every end-to-end test, in one program: the whole road, through real processes.

mod claude;
mod cli;
mod crashes;
mod hostile;
mod inputs;
mod lifecycle;
mod road;
