//! The conversation: one RULES or DESCRIBE, then FILE after FILE until BYE.

use std::io::{Read, Write};
use std::mem::{self, ManuallyDrop};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use yara_x::Compiler;

use crate::describe;
use crate::engine::{self, Compiled, Scan, reject};
use crate::frame::{self, Broken, Kind};
use crate::message::{
    ENGINE, EXTERNALS, File, Hello, Limits, MAX_SOURCE, MODULES, Outcome, PLAN, PROTOCOL, Problem, Ready,
    Reject, RuleInfo, Rules, Wall,
};
use crate::plan::{self, RulePlan};
use crate::sandbox::{Memory, cpu_time};
use crate::source::Source;

/// Buffers larger than this are given back after each file.
pub const KEEP_BUFFER: usize = 16 << 20;

/// Speaks the protocol until BYE, REJECT or a closed pipe.
pub fn serve(
    r: &mut impl Read,
    w: &mut impl Write,
    walls: Vec<Wall>,
    memory: &Memory,
    compiler: Compiler<'_>,
) -> Result<(), Broken> {
    let hello = Hello {
        protocol: PROTOCOL,
        worker: env!("CARGO_PKG_VERSION").into(),
        engine: ENGINE.into(),
        plan: PLAN.into(),
        facts: describe::version(),
        modules: MODULES.iter().map(|m| m.to_string()).collect(),
        walls,
    };
    send(w, Kind::Hello, &hello)?;
    let rules: Rules = match frame::read_header(r)? {
        None | Some((Kind::Bye, _)) => return Ok(()),
        Some((Kind::Rules, len)) => receive(r, len)?,
        Some((Kind::Describe, len)) => return describe::serve(r, w, len),
        Some(_) => return Err(Broken::Protocol("RULES or DESCRIBE expected")),
    };
    check(&rules)?;
    let (compiled, ready) = match prepare(&rules, memory, compiler) {
        // The process ends with the conversation: the kernel takes the memory back
        // at once, where dropping it would go through all of it.
        Ok((compiled, ready)) => (ManuallyDrop::new(compiled), ready),
        Err(refusal) => return send(w, Kind::Reject, &refusal),
    };
    send(w, Kind::Ready, &ready)?;
    drop(ready);
    let limits = rules.limits;
    drop(rules);
    scan_files(r, w, &compiled, limits)
}

fn check(rules: &Rules) -> Result<(), Broken> {
    if !rules.limits.valid() {
        return Err(Broken::Protocol("limit out of range"));
    }
    if rules.externals.keys().any(|k| !EXTERNALS.contains(&k.as_str())) {
        return Err(Broken::Protocol("unknown external variable"));
    }
    Ok(())
}

fn prepare(rules: &Rules, memory: &Memory, compiler: Compiler<'_>) -> Result<(Compiled, Ready), Reject> {
    if rules.source.len() > MAX_SOURCE {
        let message = format!("source is over {MAX_SOURCE} bytes");
        return Err(reject("limit", vec![Problem { code: "limit".into(), line: 0, column: 0, message }]));
    }
    let started = Instant::now();
    let source = Source::new(&rules.source);
    let compiled = engine::compile_with(compiler, &source, &rules.externals)?;
    let compile_ms = started.elapsed().as_millis() as u64;
    let started = Instant::now();
    let mut plans = if rules.plan { plan::rules(&source, &rules.externals) } else { vec![] };
    let infos: Vec<RuleInfo> = compiled.rules.iter().map(|r| info(&r, rules.plan, &mut plans)).collect();
    let ready = Ready {
        hash: hash(rules.source.as_bytes()),
        engine: ENGINE.into(),
        plan: PLAN.into(),
        patterns: infos.iter().map(|i| i.patterns).sum(),
        rules: infos,
        warnings: compiled.warnings.clone(),
        compile_ms,
        plan_ms: started.elapsed().as_millis() as u64,
        rss_bytes: memory.resident(),
    };
    Ok((compiled, ready))
}

/// One rule of READY. A rule without a plan of its own gets the plan that is
/// always right.
fn info(rule: &yara_x::Rule<'_, '_>, planned: bool, plans: &mut Vec<RulePlan>) -> RuleInfo {
    let mut patterns = rule.patterns().include_private(true);
    let own = plans.iter().position(|p| p.name == rule.identifier()).map(|i| plans.swap_remove(i));
    let (plan, weak, why) = match own {
        Some(p) => (Some(p.plan.json()), Some(p.weak), p.why),
        None if planned => (Some("all".into()), Some(vec![]), None),
        None => (None, None, None),
    };
    RuleInfo {
        name: rule.identifier().into(),
        namespace: rule.namespace().into(),
        tags: rule.tags().map(|t| t.identifier().to_string()).collect(),
        private: rule.is_private(),
        global: rule.is_global(),
        patterns: patterns.by_ref().count(),
        plan,
        weak,
        why,
    }
}

fn hash(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn scan_files(
    r: &mut impl Read,
    w: &mut impl Write,
    compiled: &Compiled,
    limits: Limits,
) -> Result<(), Broken> {
    let mut scan = ManuallyDrop::new(Scan::new(compiled, limits));
    let mut data = Vec::new();
    let mut used = cpu_time();
    while let Some(id) = next_file(r, limits, &mut data)? {
        let mut verdict = scan.file(id, &data);
        // The clock is a system call: each reading ends one file and begins the next.
        let now = cpu_time();
        let cpu = now.saturating_sub(used);
        used = now;
        // Every answer is flushed: should this process end, the first file
        // without an answer is the one that it was scanning.
        match verdict.clean(cpu) {
            Some(payload) => frame::write(w, Kind::Clean, &payload)?,
            None => {
                verdict.cpu_ms = cpu.as_micros().div_ceil(1_000) as u64;
                send(w, Kind::Result, &verdict)?;
            }
        }
        if verdict.outcome == Outcome::Error {
            // A scan that was cut off leaves its scanner in an unknown state.
            let spoilt = mem::replace(&mut scan, ManuallyDrop::new(Scan::new(compiled, limits)));
            drop(ManuallyDrop::into_inner(spoilt));
        }
        data.clear();
        data.shrink_to(KEEP_BUFFER);
    }
    Ok(())
}

/// Reads the next file, which `data` then holds, and gives its id; `None` at the
/// end of the conversation.
pub fn next_file(r: &mut impl Read, limits: Limits, data: &mut Vec<u8>) -> Result<Option<u64>, Broken> {
    match frame::read_header(r)? {
        None | Some((Kind::Bye, _)) => return Ok(None),
        Some((Kind::File, len)) => frame::read_payload(r, len, data)?,
        Some(_) => return Err(Broken::Protocol("FILE expected")),
    }
    let file = File::decode(data).ok_or(Broken::Protocol("malformed FILE"))?;
    if file.size > limits.file_bytes {
        return Err(Broken::Protocol("file over file_bytes"));
    }
    data.clear();
    read_data(r, file.size as usize, data)?;
    Ok(Some(file.id))
}

fn read_data(r: &mut impl Read, size: usize, data: &mut Vec<u8>) -> Result<(), Broken> {
    data.reserve_exact(size);
    while data.len() < size {
        match frame::read_header(r)? {
            Some((Kind::Data, len)) if len > 0 && len <= size - data.len() => {
                frame::read_payload(r, len, data)?
            }
            Some((Kind::Data, _)) => return Err(Broken::Protocol("DATA of wrong length")),
            _ => return Err(Broken::Protocol("DATA expected")),
        }
    }
    Ok(())
}

/// Reads a payload of JSON.
pub fn receive<T: DeserializeOwned>(r: &mut impl Read, len: usize) -> Result<T, Broken> {
    let mut payload = Vec::new();
    frame::read_payload(r, len, &mut payload)?;
    serde_json::from_slice(&payload).map_err(|_| Broken::Protocol("malformed JSON payload"))
}

/// Writes a frame of JSON.
pub fn send(w: &mut impl Write, kind: Kind, message: &impl Serialize) -> Result<(), Broken> {
    let payload = serde_json::to_vec(message).map_err(|_| Broken::Protocol("reply cannot be encoded"))?;
    frame::write(w, kind, &payload)
}
