//! The worker's tests: the planner against tables and against the engine, the
//! program against its protocol, its bombs and its walls.

mod bombs;
mod client;
mod describe;
mod eval;
mod files;
mod peers;
mod planner;
mod protocol;
mod random;
mod sandbox;
mod superset;
