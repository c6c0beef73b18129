//! What is said of plans that filter little: weak patterns, and the part of a
//! condition that is to blame.

use mews_yara::frame::Kind;
use serde_json::json;

use crate::client::Worker;
use crate::planner::plans;

#[test]
fn weak_patterns_are_named() {
    let found = plans(
        "rule r { strings: $a = \"abc\" $b = \"abcd\" $c = { 01 02 ?? 03 04 } $d = /a.*b/ $e = \"abc\" base64 $ = \"x\" \
         $f = \"abcd\" xor $g = \"abcdefghijkl\" xor $h = { 41 42 43 44 ?? } $i = \"abc\" wide \
         condition: any of them }",
    );
    let weak: Vec<String> = found[0].weak.iter().map(|w| format!("{}: {}", w.pattern, w.why)).collect();
    assert_eq!(
        weak,
        [
            "$a: shorter than 4 bytes",
            "$c: no fixed run of 4 bytes",
            "$d: no fixed run of 4 bytes",
            "$e: base64 remainder shorter than 4 bytes",
            "$: shorter than 4 bytes",
            "$f: 256 alternatives from 4 bytes on",
        ]
    );
}

/// Code, column and message of the reason; nothing for a plan with something to
/// look up.
fn why(condition: &str) -> String {
    let found = plans(&format!(
        "import \"pe\" import \"math\" rule t {{ condition: true }} rule s {{ strings: $s = \"strong\" condition: $s }}\n\
         rule r {{ strings: $_a = \"strong\" $_b = \"other\" $_s = \"s\" $_t = \"abc\" condition:\n{condition} }}"
    ));
    match &found.last().unwrap().why {
        Some(p) => {
            assert_eq!(p.line, 3, "{condition}");
            format!("{} {}: {}", p.code, p.column, p.message)
        }
        None => String::new(),
    }
}

#[test]
fn the_part_to_blame_is_named() {
    let rows = [
        ("$_a", ""),
        ("$_a and not $_b", ""),
        ("s and t", ""),
        ("1 == 2", ""),
        ("2 of ($_a, $_b, $_s)", ""),
        ("true", "constant 1: `true` is always true"),
        ("$_s", "pattern 1: `$_s` needs `$_s`, which has nothing to look up"),
        ("$_t", "pattern 1: `$_t` needs `$_t`, which has too little to look up"),
        ("$_a or $_s", "pattern 8: `$_s` needs `$_s`, which has nothing to look up"),
        ("$_a or (filesize < 10 and $_s)", "pattern 27: `$_s` needs `$_s`, which has nothing to look up"),
        ("any of ($_a, $_t)", "pattern 1: `any of ($_a, $_t)` needs `$_t`, which has too little to look up"),
        ("not $_a", "negation 1: `not $_a` is negated: files without the string satisfy it"),
        ("none of ($_a)", "quantifier 1: `none of ($_a)` is true without any of them"),
        ("#_b of ($_a)", "quantifier 1: `#_b of ($_a)` asks for a number known only while scanning"),
        (
            "for any of ($_a, $_s) : ($ at 9)",
            "pattern 26: `$ at 9` needs `$_s`, which has nothing to look up",
        ),
        (
            "#_a < 3",
            "count 1: `#_a < 3` is also true without a hit, or its pattern has too little to look up",
        ),
        ("t", "rule 1: `t` is a rule that needs no string to look up"),
        ("filesize < 9", "metadata 1: `filesize < 9` filters by metadata only, not by a string to look up"),
        ("pe.imphash() == \"d41d8cd98f00b204e9800998ecf8427f\"", ""),
        ("pe.is_64bit()", "metadata 1: `pe.is_64bit()` filters by metadata only, not by a string to look up"),
        (
            "filesize < 9 and math.entropy(0, filesize) > 7.0",
            "module 18: `math.entropy(0, filesize) > 7.0` is computed from the file and not in the index",
        ),
        ("uint8(99) > 4", "expression 1: `uint8(99) > 4` says nothing about strings to look up"),
        (
            "for any x in (1, 2) : (uint8(x) == 3 or s)",
            "expression 24: `uint8(x) == 3` says nothing about strings to look up",
        ),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .map(|(condition, want)| (condition, want, why(condition)))
        .filter(|(_, want, got)| *want != got)
        .map(|(condition, want, got)| format!("{condition}\n  want {want}\n  got  {got}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_global_rule_may_make_up_for_it() {
    let text = "global rule g { strings: $g = \"global\" condition: $g } rule r { condition: true }";
    assert!(plans(text).iter().all(|p| p.why.is_none()));
}

#[test]
fn ready_carries_the_reason() {
    let source = "rule a { strings: $a = \"aaaa\" condition: $a }\nrule b { condition: filesize > 0 }";
    let (kind, ready) = Worker::start().rules(json!({"source": source}));
    assert_eq!(kind, Kind::Ready);
    assert!(ready["rules"][0].get("why").is_none());
    let why = &ready["rules"][1]["why"];
    assert_eq!((&why["code"], &why["line"], &why["column"]), (&json!("metadata"), &json!(2), &json!(21)));
}
