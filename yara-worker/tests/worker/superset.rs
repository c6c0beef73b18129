//! The law, tried at random: whatever the engine says is true satisfies the
//! plan.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mews_yara::engine::{self, Scan};
use mews_yara::message::{Limits, Outcome};
use mews_yara::plan;
use mews_yara::source::Source;

use crate::eval::{eval, show};
use crate::random::{Rng, Sample, condition, pattern};

const CASES: u64 = 1_000;
const FILES: usize = 6;
const MOST: Duration = Duration::from_secs(20);

/// Each case is one rule and a few files; `MEWS_SEED` replays a run, `MEWS_CASES`
/// makes it longer.
#[test]
fn every_match_satisfies_the_plan() {
    let number = |name| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = number("MEWS_SEED").unwrap_or(now);
    let cases = number("MEWS_CASES").unwrap_or(CASES);
    println!("seed={seed}");
    let started = Instant::now();
    let mut seen = Seen::default();
    for case in 0..cases {
        if number("MEWS_CASES").is_none() && started.elapsed() > MOST {
            break;
        }
        one(&mut Rng(seed.wrapping_add(case)), &mut seen, seed.wrapping_add(case));
    }
    println!("{seen:?} in {:?}", started.elapsed());
    assert!(seen.compiled * 10 > seen.rules * 7, "seed={seed}: too few rules compile: {seen:?}");
    assert!(seen.matches * 10 > seen.files, "seed={seed}: too few matches: {seen:?}");
    assert!(seen.refuted * 20 > seen.files, "seed={seed}: the plans filter nothing: {seen:?}");
}

#[derive(Debug, Default)]
struct Seen {
    rules: u64,
    compiled: u64,
    files: u64,
    matches: u64,
    refuted: u64,
}

fn one(rng: &mut Rng, seen: &mut Seen, seed: u64) {
    let patterns: Vec<Sample> = (0..1 + rng.below(4)).map(|_| pattern(rng)).collect();
    let files: Vec<Vec<u8>> = (0..FILES).map(|_| file(rng, &patterns)).collect();
    let strings: String =
        patterns.iter().enumerate().map(|(i, p)| format!("    $p{i} = {}\n", p.definition)).collect();
    let body = match rng.chance(30) {
        true => "any of them".into(),
        false => condition(rng, patterns.len(), 2, &files[0]),
    };
    let global = if rng.chance(10) { "global rule g { condition: filesize > 20 }\n" } else { "" };
    let text = format!(
        "{global}private rule other {{ strings: $o = \"ab\" nocase condition: #o > 2 }}\n\
         rule r {{\n  strings:\n{strings}  condition:\n    ({body}) or (all of ($p*) and false)\n}}\n"
    );
    seen.rules += 1;
    let source = Source::new(&text);
    let Ok(compiled) = engine::compile(&source, &BTreeMap::new()) else { return };
    seen.compiled += 1;
    let plan = plan::rules(&source, &BTreeMap::new()).pop().unwrap().plan.json();
    let mut scan = Scan::new(&compiled, Limits::default());
    for data in &files {
        let verdict = scan.file(0, data);
        let possible = eval(&plan, data);
        seen.files += 1;
        assert!(matches!(verdict.outcome, Outcome::Match | Outcome::NoMatch), "seed={seed}: {verdict:?}");
        let matched = verdict.rules.iter().any(|m| m.name == "r");
        seen.matches += u64::from(matched);
        seen.refuted += u64::from(!possible);
        assert!(
            possible || !matched,
            "seed={seed}\n{text}\nplan {}\ndata {}\nverdict {verdict:?}",
            show(&plan),
            data.escape_ascii()
        );
    }
}

fn file(rng: &mut Rng, patterns: &[Sample]) -> Vec<u8> {
    let mut out = Vec::new();
    let noise = |rng: &mut Rng, out: &mut Vec<u8>| {
        let n = if rng.chance(40) { 0 } else { rng.below(40) };
        out.extend((0..n).map(|_| if rng.chance(20) { rng.next() as u8 } else { *rng.pick(b"aAbB1 \0=") }));
    };
    noise(rng, &mut out);
    for sample in patterns {
        if rng.chance(60) {
            let mut bytes = sample.witness.clone();
            if rng.chance(15) && !bytes.is_empty() {
                let at = rng.below(bytes.len() as u64) as usize;
                bytes[at] = rng.next() as u8;
            }
            out.extend(bytes);
        }
        noise(rng, &mut out);
    }
    out
}
