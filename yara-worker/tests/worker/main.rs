//! The worker's tests: the planner against tables and against the engine, the
//! program against its protocol, its bombs and its walls.
//!
//! The planner's law - every match satisfies the plan - is tried by `rows` on each
//! construct and by `superset` on random rules. What a random test did is fixed by
//! the seed it prints:
//!
//! ```text
//! MEWS_SEED=17952 cargo test --release --locked --test worker superset
//! MEWS_RANDOM_SECONDS=3600 cargo test --release --locked --test worker superset -- --nocapture
//! ```

mod bombs;
mod budgets;
mod client;
mod describe;
mod escapes;
mod eval;
mod files;
mod modules;
mod peers;
mod planner;
mod protocol;
mod quality;
mod random;
mod rows;
mod sandbox;
mod superset;
