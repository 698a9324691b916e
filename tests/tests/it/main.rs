//! Every end-to-end test, in one program: the whole road, through real processes.

mod road;
