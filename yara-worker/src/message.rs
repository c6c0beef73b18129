//! The JSON objects inside the control frames, field by field as in
//! docs/format/worker.md.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::frame::{CLEAN_BYTES, FILE_BYTES};

/// Number of the protocol this program speaks.
pub const PROTOCOL: u32 = 2;
/// Name and version of the engine, the second part of the triple.
pub const ENGINE: &str = "yara-x 1.22.1";
/// Version of the planner, the third part of the triple. It changes whenever
/// the plan of any source may change.
pub const PLAN: &str = "4";
/// YARA modules that rules may import.
pub const MODULES: [&str; 10] =
    ["dex", "dotnet", "elf", "hash", "lnk", "macho", "math", "pe", "string", "time"];
/// External variables that every source may use.
pub const EXTERNALS: [&str; 6] = ["filename", "filepath", "extension", "filetype", "owner", "md5"];
/// Largest rule source.
pub const MAX_SOURCE: usize = 1 << 20;

/// One wall of the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wall {
    pub name: String,
    pub up: bool,
    pub detail: String,
}

/// The worker's first frame.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    pub worker: String,
    pub engine: String,
    pub plan: String,
    pub facts: String,
    pub modules: Vec<String>,
    pub walls: Vec<Wall>,
}

/// The rules of this process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub source: String,
    #[serde(default)]
    pub externals: BTreeMap<String, String>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default = "yes")]
    pub plan: bool,
}

fn yes() -> bool {
    true
}

/// Bounds of one scan; the parent's own timer stands behind them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub file_seconds: u64,
    pub match_cap: usize,
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file_seconds: 10, match_cap: 1_000_000, file_bytes: 100 << 20 }
    }
}

impl Limits {
    /// Whether every bound lies in its documented range.
    pub fn valid(&self) -> bool {
        (1..=600).contains(&self.file_seconds)
            && (1..=1_000_000).contains(&self.match_cap)
            && (1..=256 << 20).contains(&self.file_bytes)
    }
}

/// A compile error or warning; line and column count from 1, 0 when unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    pub code: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// A pattern that filters nothing or almost nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weak {
    pub pattern: String,
    pub why: String,
}

/// One rule as the engine compiled it.
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleInfo {
    pub name: String,
    pub namespace: String,
    pub tags: Vec<String>,
    pub private: bool,
    pub global: bool,
    pub patterns: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weak: Option<Vec<Weak>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Problem>,
}

/// The rules compiled.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ready {
    pub hash: String,
    pub engine: String,
    pub plan: String,
    pub rules: Vec<RuleInfo>,
    pub patterns: usize,
    pub warnings: Vec<Problem>,
    pub compile_ms: u64,
    pub plan_ms: u64,
    pub rss_bytes: u64,
}

/// The rules did not compile.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reject {
    pub reason: String,
    pub errors: Vec<Problem>,
}

/// The header of a file that follows in DATA frames. It is no JSON: there is one
/// for every file.
#[derive(Debug, PartialEq)]
pub struct File {
    pub id: u64,
    pub size: u64,
}

impl File {
    /// Reads a payload of FILE.
    pub fn decode(payload: &[u8]) -> Option<File> {
        let (id, size) = payload.split_first_chunk::<8>()?;
        let size = size.try_into().ok()?;
        Some(File { id: u64::from_le_bytes(*id), size: u64::from_le_bytes(size) })
    }

    /// The payload of FILE.
    pub fn encode(&self) -> [u8; FILE_BYTES] {
        let mut out = [0; FILE_BYTES];
        out[..8].copy_from_slice(&self.id.to_le_bytes());
        out[8..].copy_from_slice(&self.size.to_le_bytes());
        out
    }
}

/// The verdict on one file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Verdict {
    pub id: u64,
    pub outcome: Outcome,
    pub reason: String,
    pub cpu_ms: u64,
    pub rules: Vec<RuleMatch>,
    pub capped: Vec<String>,
    pub truncated: bool,
}

impl Verdict {
    /// The payload of CLEAN, which stands for a RESULT that says `no_match` and
    /// nothing else.
    pub fn clean(&self, cpu: Duration) -> Option<[u8; CLEAN_BYTES]> {
        let plain = self.outcome == Outcome::NoMatch && self.rules.is_empty() && self.capped.is_empty();
        plain.then(|| {
            let mut out = [0; CLEAN_BYTES];
            out[..8].copy_from_slice(&self.id.to_le_bytes());
            out[8..].copy_from_slice(&(cpu.as_micros().min(u32::MAX.into()) as u32).to_le_bytes());
            out
        })
    }
}

/// What the worker can decide about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Match,
    NoMatch,
    Error,
    Uncertain,
}

/// A public rule that came out true.
#[derive(Debug, Serialize, Deserialize)]
pub struct RuleMatch {
    pub name: String,
    pub namespace: String,
    pub capped: bool,
    pub patterns: Vec<PatternMatch>,
}

/// A pattern's hits; each match is offset and length.
#[derive(Debug, Serialize, Deserialize)]
pub struct PatternMatch {
    pub id: String,
    pub count: usize,
    pub capped: bool,
    pub matches: Vec<(usize, usize)>,
}
