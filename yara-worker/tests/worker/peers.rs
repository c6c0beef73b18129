//! Planner bugs of other systems, each with a file that they lose or a filter
//! that they drop.

use serde_json::Value;

use crate::client::Worker;
use crate::eval::{eval, show};

/// The rule's plan, after checking that it holds on a file the rule matches and
/// rejects one without the pattern.
fn plan_of(rule: &str, file: &[u8]) -> Value {
    let mut worker = Worker::start();
    let (_, ready) = worker.rules(serde_json::json!({"source": rule}));
    let plan = ready["rules"].as_array().unwrap().last().unwrap()["plan"].clone();
    assert_eq!(worker.scan(file)["outcome"], "match", "{rule}");
    assert!(eval(&plan, file), "{rule}: {}", show(&plan));
    plan
}

fn filters(rule: &str, file: &[u8]) {
    let plan = plan_of(rule, file);
    assert!(!eval(&plan, b"an unrelated file"), "{rule}: {}", show(&plan));
}

#[test]
fn mquery_base64_planned_as_plain_text() {
    let rule = "rule r { strings: $a = \"This program cannot\" base64 condition: $a }";
    let plan = plan_of(rule, b"xxVGhpcyBwcm9ncmFtIGNhbm5vdA==");
    assert!(!eval(&plan, b"This program cannot"));
}

#[test]
fn mquery_nocase_marked_degenerate() {
    filters(
        "rule r { strings: $a = \"CreateRemoteThread\" nocase condition: $a }",
        b"..createREMOTEthread..",
    );
}

#[test]
fn mquery_xor_range_ignored() {
    let rule = "rule r { strings: $a = \"abcdefgh\" xor(1-3) condition: $a }";
    let xored = |key: u8| b"abcdefgh".map(|b| b ^ key);
    let plan = plan_of(rule, &xored(2));
    assert!(eval(&plan, &xored(3)) && !eval(&plan, &xored(4)) && !eval(&plan, b"abcdefgh"));
}

#[test]
fn mquery_hex_alternatives_dropped() {
    let rule = "rule r { strings: $a = { 11 22 33 (44 | 55) 66 77 88 (99 | AA) BB CC DD } condition: $a }";
    let file = [0x11, 0x22, 0x33, 0x55, 0x66, 0x77, 0x88, 0x99, 0xBB, 0xCC, 0xDD];
    let plan = plan_of(rule, &file);
    assert!(!eval(&plan, &[0x11, 0x22, 0x33, 0x55, 0xBB, 0xCC, 0xDD]), "the middle is lost");
}

#[test]
fn mquery_negated_bytes_unknown() {
    filters("rule r { strings: $a = { 41 42 43 44 ~45 46 47 48 49 } condition: $a }", b"ABCD?FGHI");
}

#[test]
fn mquery_percentages_and_loops() {
    let strings = "strings: $a = \"alpha\" $b = \"bravo\" $c = \"charlie\" $d = \"delta\"";
    filters(&format!("rule r {{ {strings} condition: 50% of them }}"), b"alpha delta");
    filters(&format!("rule r {{ {strings} condition: for 2 of them : (# > 0) }}"), b"bravo delta");
    let none = plan_of(&format!("rule r {{ {strings} condition: none of them }}"), b"nothing");
    assert_eq!(none, "all");
}

#[test]
fn mquery_counts_demand_the_pattern() {
    for count in ["#a > -1", "#a == 0", "#a < 3", "#a >= 0"] {
        plan_of(&format!("rule r {{ strings: $a = \"alpha\" condition: {count} }}"), b"nothing");
    }
    filters("rule r { strings: $a = \"alpha\" condition: #a == 2 }", b"alpha alpha");
}

#[test]
fn mquery_counts_of_several_patterns() {
    let strings = "strings: $a = \"alpha\" $b = \"bravo\"";
    filters(&format!("rule r {{ {strings} condition: #a + #b > 1 }}"), b"alpha bravo");
    filters(&format!("rule r {{ {strings} condition: #a > #b }}"), b"alpha");
    plan_of(&format!("rule r {{ {strings} condition: #a == #b }}"), b"nothing");
}

#[test]
fn mquery_short_runs_between_wildcards() {
    let rule = "rule r { strings: $a = { 41 42 43 ?? 45 46 47 ?? 49 4A 4B } condition: $a }";
    let plan = plan_of(rule, b"ABC?EFG?IJK");
    assert!(!eval(&plan, b"EFG ABC IJK"), "the order is lost");
}

#[test]
fn mquery_none_of_and_negations() {
    let strings = "strings: $a = \"alpha\" $b = \"bravo\"";
    filters(&format!("rule r {{ {strings} condition: $a and none of ($b) }}"), b"alpha");
    filters(&format!("rule r {{ {strings} condition: $a and not $b }}"), b"alpha");
}

#[test]
fn ursadb_wide_text_after_a_letter() {
    let mut file = b"Q".to_vec();
    file.extend("Counter".bytes().flat_map(|b| [b, 0]));
    filters("rule r { strings: $a = \"Counter\" wide condition: $a }", &file);
    filters("rule r { strings: $a = \"counter\" wide nocase condition: $a }", &file);
}

#[test]
fn ursadb_half_bytes_and_short_runs() {
    filters("rule r { strings: $a = { 41 42 4? 44 45 } condition: $a }", b"ABCDE");
    filters("rule r { strings: $a = { 41 42 (43 | 58) 44 45 } condition: $a }", b"ABXDE");
    filters("rule r { strings: $a = \"AbCd\" nocase condition: $a }", b"aBcD");
}

#[test]
fn escapes_agree_with_the_engine() {
    let rule =
        r#"rule r { strings: $a = "q\x00\xfe\t\"\\z" $b = /w\x01\.\/\\v\<u\>/ condition: all of them }"#;
    filters(rule, b"q\x00\xfe\t\"\\z w\x01./\\v<u>");
}

#[test]
fn undefined_is_not_false_under_not() {
    // Too short for uint16(0): undefined, and the `or` makes it false.
    plan_of("rule r { condition: not (uint16(0) == 0x5A4D or false) }", b"M");
    plan_of("rule r { condition: not (filesize > 10 and uint32(0) == 1) }", b"");
}

#[test]
fn base64wide_with_padding_inside() {
    // The engine skips `=` between wide characters; the plan must follow it.
    let mut found = 0;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut worker = Worker::start();
    let source = "rule r { strings: $a = \"foob\" base64wide condition: $a }";
    let (_, ready) = worker.rules(serde_json::json!({"source": source}));
    for at in 0..8 {
        for tail in alphabet {
            let mut text = b"Zm9vYg".to_vec();
            text.insert(at.min(text.len()), b'=');
            text.push(*tail);
            let file: Vec<u8> = text.iter().flat_map(|b| [*b, 0]).collect();
            if worker.scan(&file)["outcome"] == "match" {
                found += 1;
                assert!(eval(&ready["rules"][0]["plan"], &file), "{}", String::from_utf8_lossy(&text));
            }
        }
    }
    assert!(found > 0);
}

#[test]
fn base64wide_at_the_end_of_the_file() {
    // The engine decodes up to the end of the file, the last zero byte or not.
    let mut file: Vec<u8> = b"bG9yZW1pcHN1".iter().flat_map(|b| [*b, 0]).collect();
    file.pop();
    filters("rule r { strings: $a = \"loremipsu\" base64wide condition: $a }", &file);
}

#[test]
fn engine_makes_loops_over_nothing_false() {
    let strings = "strings: $a = \"alpha\"";
    for quantifier in ["all", "none", "50%"] {
        let rule = format!("rule r {{ {strings} condition: for {quantifier} i in (1..#a) : (i > 0) }}");
        assert_eq!(Worker::ready(&rule).scan(b"nothing")["outcome"], "no_match", "{quantifier}");
    }
    filters(&format!("rule r {{ {strings} condition: for none i in (1..#a) : (@a[i] > 9) }}"), b"alpha");
}

#[test]
fn engine_binds_the_pattern_of_an_inner_loop() {
    // With its condition optimizer the engine tests `$a` where `$d` is meant.
    let rule = |set: &str| {
        format!(
            "rule r {{ strings: $a = \"alpha\" $d = \"delta\" condition: \
             for any v in (1..2) : (for any of ({set}) : ($) and v > 0) and filesize > #a + #d }}"
        )
    };
    assert_eq!(Worker::ready(&rule("$d")).scan(b"alpha")["outcome"], "no_match");
    filters(&rule("$d"), b"delta");
}
