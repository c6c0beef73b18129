//! `mews-yara`: YARA-X behind a pipe.
//!
//! The program compiles one rule source, derives from the same text a
//! conservative plan for the byte index, and scans files that come through the
//! pipe. Rules and files are hostile, so it builds a sandbox around itself
//! before it reads its first byte. docs/format/worker.md defines the frames.

pub mod describe;
pub mod engine;
pub mod frame;
pub mod message;
pub mod plan;
pub mod report;
pub mod sandbox;
pub mod source;
pub mod worker;
pub mod zygote;

/// Exit code of a process that failed by itself.
pub const WORKER_FAILED: i32 = 70;
