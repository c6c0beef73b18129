//! The law, tried at random: whatever the engine says is true satisfies the
//! plan.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mews_yara::engine::{self, Scan};
use mews_yara::message::{Limits, Outcome};
use mews_yara::plan;
use mews_yara::source::Source;

use crate::eval::{eval, show};
use crate::random::{Rng, Sample, condition, number, pattern, seed, spoil};

const CASES: u64 = 1_500;
const FILES: usize = 8;
const MOST: Duration = Duration::from_secs(15);

/// Each case is one rule and a few files, and has the seed of the case before it
/// plus one. `MEWS_SEED` replays a run, `MEWS_CASES=1` its first case only;
/// `MEWS_RANDOM_SECONDS` lets it run that long, however many cases that is.
#[test]
fn every_match_satisfies_the_plan() {
    let seed = seed();
    let (cases, most) = match (number("MEWS_CASES"), number("MEWS_RANDOM_SECONDS")) {
        (Some(cases), _) => (cases, Duration::MAX),
        (None, Some(seconds)) => (u64::MAX, Duration::from_secs(seconds)),
        (None, None) => (CASES, MOST),
    };
    println!("seed={seed}");
    let started = Instant::now();
    let mut seen = Seen::default();
    for case in (0..cases).map(|n| seed.wrapping_add(n)) {
        if started.elapsed() > most {
            break;
        }
        one(&mut Rng(case), &mut seen, case);
    }
    println!("{seen:?} in {:?}", started.elapsed());
    if seen.rules >= 100 {
        assert!(seen.compiled * 10 > seen.rules * 7, "seed={seed}: too few rules compile: {seen:?}");
        assert!(seen.matches * 10 > seen.files, "seed={seed}: too few matches: {seen:?}");
        assert!(seen.refuted * 20 > seen.files, "seed={seed}: the plans filter nothing: {seen:?}");
    }
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
    let text = rule(rng, &patterns, &files[0]);
    seen.rules += 1;
    let source = Source::new(&text);
    let Ok(compiled) = engine::compile(&source, &BTreeMap::new()) else { return };
    seen.compiled += 1;
    let plan = plan::rules(&source, &BTreeMap::new()).pop().unwrap().plan.json();
    let mut scan = Scan::new(&compiled, Limits::default());
    let mut verdict = |data: &[u8]| {
        let verdict = scan.file(0, data);
        assert!(matches!(verdict.outcome, Outcome::Match | Outcome::NoMatch), "seed={seed}: {verdict:?}");
        (verdict.rules.iter().any(|m| m.name == "r"), eval(&plan, data))
    };
    for data in &files {
        let (matched, possible) = verdict(data);
        seen.files += 1;
        seen.matches += u64::from(matched);
        seen.refuted += u64::from(!possible);
        if matched && !possible {
            let least = shrink(data, |d| verdict(d) == (true, false));
            panic!("seed={seed}\n{text}\nplan {}\ndata {}", show(&plan), least.escape_ascii());
        }
    }
}

/// A rule over these patterns, and the rules around it.
fn rule(rng: &mut Rng, patterns: &[Sample], head: &[u8]) -> String {
    let strings: String =
        patterns.iter().enumerate().map(|(i, p)| format!("    $p{i} = {}\n", p.definition)).collect();
    let body = match rng.chance(30) {
        true => "any of them".into(),
        false => condition(rng, patterns.len(), 2, head),
    };
    let global = match rng.below(12) {
        0 => "global rule g { condition: filesize > 20 }\n",
        1 => "global private rule g { strings: $g = \"A\" nocase condition: #g > 1 }\n",
        _ => "",
    };
    format!(
        "{global}private rule other {{ strings: $o = \"ab\" nocase condition: #o > 2 }}\n\
         rule r {{\n  strings:\n{strings}  condition:\n    ({body}) or (all of ($p*) and false)\n}}\n"
    )
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
            if rng.chance(25) && !bytes.is_empty() {
                spoil(rng, &mut bytes);
            }
            out.extend(bytes);
        }
        noise(rng, &mut out);
    }
    out
}

/// The shortest file, found by leaving out parts, that still fails.
fn shrink(data: &[u8], mut fails: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut least = data.to_vec();
    let mut part = least.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < least.len() {
            let end = (at + part).min(least.len());
            let shorter = [&least[..at], &least[end..]].concat();
            if fails(&shorter) {
                least = shorter;
            } else {
                at = end;
            }
        }
        part /= 2;
    }
    least
}

#[test]
fn shrinking_keeps_what_fails() {
    let data = b"some noise, the needle, and more noise".repeat(3);
    assert_eq!(shrink(&data, |d| d.windows(6).any(|w| w == b"needle")), b"needle");
}
