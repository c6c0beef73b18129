//! The engine behind two verbs: compile a source, scan bytes.
//!
//! Every setting whose default could move is set here. A file that was not
//! fully evaluated is never reported as `no_match`: the engine drops the hits of
//! a pattern beyond its cap in silence, so every pattern of every rule, private
//! ones too, is compared with the cap after each scan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use yara_x::errors::CompileError;
use yara_x::{Compiler, ScanError, Scanner};

use crate::frame::MAX_RESULT;
use crate::message::{
    EXTERNALS, Limits, MODULES, Outcome, PatternMatch, Problem, Reject, RuleMatch, Verdict,
};
use crate::report::{clean, place, problem};
use crate::source::{Source, dependencies};

const MAX_ERRORS: usize = 100;
const MAX_WARNINGS: usize = 1_000;
const MAX_OFFSETS_PER_PATTERN: usize = 100;
const MAX_OFFSETS_PER_FILE: usize = 1_000;
const MAX_CAPPED_NAMES: usize = 100;
/// Room for one pattern's frame of JSON, so that a RESULT stays within its bound.
const RESULT_SLACK: usize = 4_096;

/// Compiled rules and what was said about them.
pub struct Compiled {
    pub rules: yara_x::Rules,
    pub warnings: Vec<Problem>,
    /// For each rule the rules whose patterns its verdict rests on, itself
    /// included.
    depends: BTreeMap<String, BTreeSet<String>>,
}

impl Compiled {
    /// Whether the verdict of a rule rests on a rule with a capped pattern.
    fn doubtful(&self, rule: &str, bad: &BTreeSet<String>) -> bool {
        match self.depends.get(rule) {
            Some(needed) => needed.iter().any(|n| bad.contains(n)),
            None => !bad.is_empty(),
        }
    }
}

/// Compiles one source with the externals given; missing ones are empty.
pub fn compile(source: &Source<'_>, externals: &BTreeMap<String, String>) -> Result<Compiled, Reject> {
    compile_with(compiler(), source, externals)
}

/// A compiler that has seen no source. Making one is a tenth of what compiling
/// a small source costs, and can be done before there is a source.
pub fn compiler() -> Compiler<'static> {
    let mut compiler = Compiler::new();
    compiler
        .enable_includes(false)
        .relaxed_re_syntax(false)
        .error_on_slow_pattern(false)
        .error_on_slow_loop(false)
        // The optimizer moves `$` of an inner `for .. of` out of its loop, where
        // it stands for another pattern: wrong verdicts.
        .condition_optimization(false)
        .colorize_errors(false)
        .max_warnings(MAX_WARNINGS);
    compiler
}

/// Compiles one source with a fresh compiler.
pub fn compile_with(
    mut compiler: Compiler<'_>,
    source: &Source<'_>,
    externals: &BTreeMap<String, String>,
) -> Result<Compiled, Reject> {
    refuse_foreign(source)?;
    for name in EXTERNALS {
        let value = externals.get(name).map_or("", String::as_str);
        if compiler.define_global(name, value).is_err() {
            return Err(reject("limit", vec![plain("external variable refused")]));
        }
    }
    let failed = compiler.add_source(source.text).is_err();
    if failed || !compiler.errors().is_empty() {
        let errors = compiler.errors().iter().take(MAX_ERRORS).map(error).collect();
        return Err(reject("compile", errors));
    }
    let mut warnings: Vec<Problem> = compiler.warnings().iter().map(|w| problem(w, Some(w.code()))).collect();
    warnings.extend(source.external_uses().into_iter().map(|(offset, name)| {
        let (line, column) = place(source.text, offset);
        let message = format!("external variable `{name}` is empty for every file");
        Problem { code: "external_variable".into(), line, column, message }
    }));
    warnings.sort_by_key(|w| (w.line, w.column));
    warnings.truncate(MAX_WARNINGS);
    Ok(Compiled { rules: compiler.build(), warnings, depends: dependencies(source) })
}

fn error(err: &CompileError) -> Problem {
    let mut found = problem(err, Some(err.code()));
    let hint = match err {
        CompileError::EntrypointUnsupported(_) => "use `pe.entry_point` or `elf.entry_point`",
        CompileError::UnusedPattern(_) => "use it in the condition or name it `$_...`",
        _ => "",
    };
    if !hint.is_empty() && !found.message.contains(hint) {
        found.message = clean(&format!("{}; {hint}", found.message));
    }
    found
}

/// Includes and modules that are not built are refused by name, before the
/// engine says something less helpful.
fn refuse_foreign(source: &Source<'_>) -> Result<(), Reject> {
    if let Some(offset) = source.includes().next() {
        return Err(reject("include", vec![at(source, offset, "include", "include is not allowed".into())]));
    }
    let foreign: Vec<Problem> = source
        .imports()
        .filter(|(_, name)| !MODULES.contains(name))
        .take(MAX_ERRORS)
        .map(|(offset, name)| {
            let text = format!("module `{name}` is not available here; available: {}", MODULES.join(", "));
            at(source, offset, "unknown_module", text)
        })
        .collect();
    if foreign.is_empty() { Ok(()) } else { Err(reject("module", foreign)) }
}

fn at(source: &Source<'_>, offset: usize, code: &str, message: String) -> Problem {
    let (line, column) = place(source.text, offset);
    Problem { code: code.into(), line, column, message: clean(&message) }
}

fn plain(message: &str) -> Problem {
    Problem { code: "limit".into(), line: 0, column: 0, message: message.into() }
}

/// A refusal with this reason.
pub fn reject(reason: &str, errors: Vec<Problem>) -> Reject {
    Reject { reason: reason.into(), errors }
}

/// A scanner over compiled rules, for one file after another.
pub struct Scan<'r> {
    scanner: Scanner<'r>,
    compiled: &'r Compiled,
    cap: usize,
}

impl<'r> Scan<'r> {
    pub fn new(compiled: &'r Compiled, limits: Limits) -> Self {
        let mut scanner = Scanner::new(&compiled.rules);
        scanner
            .set_timeout(Duration::from_secs(limits.file_seconds))
            .max_matches_per_pattern(limits.match_cap)
            .fast_scan(true)
            .use_mmap(false);
        Scan { scanner, compiled, cap: limits.match_cap }
    }

    /// Decides one file. `cpu_ms` is left 0 for the caller, who owns the clock.
    pub fn file(&mut self, id: u64, data: &[u8]) -> Verdict {
        let (compiled, cap) = (self.compiled, self.cap);
        let results = match self.scanner.scan(data) {
            Ok(results) => results,
            Err(err) => return verdict(id, Outcome::Error, failure(&err)),
        };
        let mut out = verdict(id, Outcome::NoMatch, "");
        let mut bad_rules = BTreeSet::new();
        let matching = results.matching_rules().include_private(true);
        let others = results.non_matching_rules().include_private(true);
        // The engine keeps one hit per offset, so a file shorter than the cap
        // cannot reach it; with thousands of patterns the loop is what costs.
        let reachable = data.len() >= cap;
        for rule in matching.chain(others).take_while(|_| reachable) {
            for pattern in rule.patterns().include_private(true) {
                if pattern.matches().len() < cap {
                    continue;
                }
                bad_rules.insert(rule.identifier().to_string());
                if out.capped.len() < MAX_CAPPED_NAMES {
                    out.capped.push(format!("{}:{}", rule.identifier(), pattern.identifier()));
                }
            }
        }
        let mut budget = Budget { offsets: MAX_OFFSETS_PER_FILE, bytes: MAX_RESULT - RESULT_SLACK };
        for rule in results.matching_rules() {
            let doubtful = compiled.doubtful(rule.identifier(), &bad_rules);
            match rule_match(&rule, doubtful, cap, &mut budget) {
                Some((found, cut)) => {
                    out.rules.push(found);
                    out.truncated |= cut;
                }
                None => out.truncated = true,
            }
            if !doubtful {
                out.outcome = Outcome::Match;
            }
        }
        if out.outcome != Outcome::Match && !bad_rules.is_empty() {
            out.outcome = Outcome::Uncertain;
            out.reason = "match cap".into();
        }
        out
    }
}

/// The rule with as many hits as the budget allows; the flag says that some
/// were left out. `None` when not even its name fits.
fn rule_match(
    rule: &yara_x::Rule<'_, '_>,
    capped: bool,
    cap: usize,
    budget: &mut Budget,
) -> Option<(RuleMatch, bool)> {
    let mut found = RuleMatch {
        name: rule.identifier().into(),
        namespace: rule.namespace().into(),
        capped,
        patterns: vec![],
    };
    let mut cut = false;
    budget.take(100 + 2 * (found.name.len() + found.namespace.len()))?;
    for pattern in rule.patterns() {
        let count = pattern.matches().len();
        if count == 0 {
            continue;
        }
        if budget.take(100 + pattern.identifier().len()).is_none() {
            return Some((found, true));
        }
        let mut matches = Vec::new();
        for hit in pattern.matches().take(MAX_OFFSETS_PER_PATTERN) {
            if budget.offset().is_none() {
                break;
            }
            matches.push((hit.range().start, hit.range().len()));
        }
        cut |= matches.len() < count;
        found.patterns.push(PatternMatch {
            id: pattern.identifier().into(),
            count,
            capped: count >= cap,
            matches,
        });
    }
    Some((found, cut))
}

/// What is left of a RESULT's bounds.
struct Budget {
    offsets: usize,
    bytes: usize,
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }

    fn offset(&mut self) -> Option<()> {
        self.take(32)?;
        self.offsets = self.offsets.checked_sub(1)?;
        Some(())
    }
}

fn verdict(id: u64, outcome: Outcome, reason: &str) -> Verdict {
    Verdict { id, outcome, reason: reason.into(), cpu_ms: 0, rules: vec![], capped: vec![], truncated: false }
}

/// The reason of a file that could not be evaluated.
pub fn failure(err: &ScanError) -> &'static str {
    match err {
        ScanError::Timeout => "timeout",
        ScanError::ModuleError { .. } => "module error",
        _ => "scan error",
    }
}

/// An engine that has done everything once: tables, parsers, the machine that
/// runs conditions. It has started no thread.
pub struct Warm {
    scanner: Scanner<'static>,
}

impl Warm {
    pub fn new() -> Warm {
        let mut compiler = Compiler::new();
        let _ = compiler.add_source("rule warm { strings: $a = \"warm\" condition: $a and filesize > 0 }");
        // Lives as long as the process: that of a zygote, or of one worker.
        let rules = Box::leak(Box::new(compiler.build()));
        let mut scanner = Scanner::new(rules);
        let _ = scanner.scan(b"warm");
        Warm { scanner }
    }

    /// Scans with a timeout, so that the engine starts its heartbeat thread: one
    /// per process, and not where threads are forbidden.
    pub fn start_heartbeat(&mut self) {
        self.scanner.set_timeout(Duration::from_secs(1));
        let _ = self.scanner.scan(&[]);
    }
}

impl Default for Warm {
    fn default() -> Self {
        Warm::new()
    }
}
