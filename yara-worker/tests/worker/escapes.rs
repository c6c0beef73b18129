//! Planner and engine read escapes alike, byte for byte: a pattern of one
//! escaped byte between two fixed runs is tried with all 256 bytes in its place,
//! and the plan must say what the engine says.

use std::collections::BTreeMap;

use mews_yara::engine::{self, Scan};
use mews_yara::message::Limits;
use mews_yara::plan;
use mews_yara::source::Source;

use crate::eval::{eval, show};

const RULES: usize = 40;

/// Checks that each definition, alone in a rule, holds for the same bytes in the
/// eyes of engine and plan. What the engine refuses is left out; the number that
/// it takes is returned.
fn agree(definitions: &[String], file: impl Fn(u8) -> Vec<u8>) -> usize {
    let rule = |i: usize, d: &String| format!("rule r{i} {{ strings: $a = {d} condition: $a }}\n");
    let compiles = |d: &&String| engine::compile(&Source::new(&rule(0, d)), &BTreeMap::new()).is_ok();
    let taken: Vec<String> = definitions.iter().filter(compiles).cloned().collect();
    for some in taken.chunks(RULES) {
        let text: String = some.iter().enumerate().map(|(i, d)| rule(i, d)).collect();
        let source = Source::new(&text);
        let compiled = engine::compile(&source, &BTreeMap::new()).unwrap();
        let plans: Vec<_> = plan::rules(&source, &BTreeMap::new()).iter().map(|p| p.plan.json()).collect();
        let mut scan = Scan::new(&compiled, Limits::default());
        for byte in 0..=255 {
            let data = file(byte);
            let found = scan.file(0, &data).rules;
            for (i, (definition, plan)) in some.iter().zip(&plans).enumerate() {
                let matched = found.iter().any(|m| m.name == format!("r{i}"));
                assert_eq!(matched, eval(plan, &data), "{definition} and {byte:02x}: {}", show(plan));
            }
        }
    }
    taken.len()
}

fn between(byte: u8) -> Vec<u8> {
    [b"quux".as_slice(), &[byte], b"zork"].concat()
}

/// Every form of an escape: a printable character behind a backslash, and the
/// byte in hex.
fn forms() -> Vec<String> {
    let named = (0x20..0x7fu8).map(|c| format!("\\{}", c as char));
    named
        .chain((0..=255).map(|b| format!("\\x{b:02x}")))
        .chain((0..=255).map(|b| format!("\\x{b:02X}")))
        .collect()
}

#[test]
fn text() {
    let all: Vec<String> = forms().iter().map(|f| format!("\"quux{f}zork\"")).collect();
    assert!(agree(&all, between) >= 512 + 5);
    let plain: Vec<String> = (0x20..0x7fu8).map(|c| format!("\"quux{}zork\"", c as char)).collect();
    assert_eq!(agree(&plain, between), 95 - 2, "all but quote and backslash");
}

#[test]
fn text_folded_and_wide() {
    let nocase: Vec<String> = forms().iter().map(|f| format!("\"quux{f}zork\" nocase")).collect();
    assert!(agree(&nocase, between) >= 512);
    let wide: Vec<String> = forms().iter().map(|f| format!("\"quux{f}zork\" wide")).collect();
    assert!(agree(&wide, |b| between(b).iter().flat_map(|b| [*b, 0]).collect()) >= 512);
}

#[test]
fn regex() {
    // Classes are planned by their common bits, so only what is one byte, or any,
    // can be compared; the others are in the random test.
    let one: Vec<String> = forms()
        .into_iter()
        .filter(|f| !["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B"].contains(&f.as_str()))
        .map(|f| format!("/quux{f}zork/"))
        .collect();
    assert!(agree(&one, between) >= 512);
    let plain: Vec<String> = (0x20..0x7fu8)
        .filter(|c| !b".*+?|()[]{}^$\\/".contains(c))
        .map(|c| format!("/quux{}zork/", c as char))
        .collect();
    assert!(agree(&plain, between) > 70);
    let braced: Vec<String> = (0..128).map(|b| format!("/quux\\x{{{b:x}}}zork/")).collect();
    agree(&braced, between);
}

#[test]
fn regex_in_classes() {
    let alone: Vec<String> = (0..=255).map(|b| format!("/quux[\\x{b:02x}]zork/")).collect();
    assert_eq!(agree(&alone, between), 256);
    let named: Vec<String> = (0x21..0x7fu8)
        .filter(|c| !b"dDwWsSbB^]".contains(c))
        .map(|c| format!("/quux[\\{}]zork/", c as char))
        .collect();
    assert!(agree(&named, between) > 20);
}

#[test]
fn regex_folded() {
    let one: Vec<String> = (0..=255).map(|b| format!("/quux\\x{b:02x}zork/i")).collect();
    assert_eq!(agree(&one, between), 256);
}

#[test]
fn hex_bytes_and_halves() {
    let exact: Vec<String> = (0..=255).map(|b| format!("{{ 71 75 75 78 {b:02x} 7A 6f 72 6B }}")).collect();
    assert_eq!(agree(&exact, between), 256);
    let halves: Vec<String> = (0..16)
        .flat_map(|n| [format!("{n:x}?"), format!("?{n:X}")])
        .map(|h| format!("{{ 71 75 75 78 {h} 7A 6f 72 6B }}"))
        .collect();
    assert_eq!(agree(&halves, between), 32);
    let jumps: Vec<String> = ["[1]", "[0x1]", "[0o1]", "[01]", "[1-1]", "??", "?"]
        .map(|j| format!("{{ 71 75 75 78 {j} 7A 6f 72 6B }}"))
        .into();
    assert!(agree(&jumps, between) >= 4);
}

#[test]
fn numbers_of_conditions() {
    let of = |number: &str| format!("rule r {{ condition: filesize == {number} }}");
    for (number, size) in [("9", 9), ("0x1F", 31), ("0o17", 15), ("1KB", 1024)] {
        let text = of(number);
        let source = Source::new(&text);
        let compiled = engine::compile(&source, &BTreeMap::new()).unwrap();
        let plan = plan::rules(&source, &BTreeMap::new())[0].plan.json();
        let mut scan = Scan::new(&compiled, Limits::default());
        for data in [vec![0; size], vec![0; size + 1]] {
            assert_eq!(!scan.file(0, &data).rules.is_empty(), eval(&plan, &data), "{number}");
        }
        assert!(eval(&plan, &vec![0; size]), "{number}");
    }
}
