//! A session's repositories, end to end: a real git, real remotes on this machine, an agent that runs in the wall.

mod branches;
mod faults;
mod hostile;
mod kit;
mod knowledge;
mod later;
mod nested;
mod refusals;
mod road;
