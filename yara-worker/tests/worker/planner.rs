//! One row per construct of the planner.

use std::collections::BTreeMap;

use mews_yara::{engine, plan, source::Source};

use crate::eval::show;

/// The plans of a source that the engine accepts too, by rule.
pub fn plans(text: &str) -> Vec<plan::RulePlan> {
    let source = Source::new(text);
    if let Err(refused) = engine::compile(&source, &BTreeMap::new()) {
        panic!("{text}: {refused:?}");
    }
    plan::rules(&source, &BTreeMap::new())
}

/// The printed plan of the last rule.
fn last(text: &str) -> String {
    show(&plans(text).last().unwrap().plan.json())
}

fn pattern(definition: &str) -> String {
    last(&format!("rule r {{ strings: $a = {definition} condition: $a }}"))
}

fn condition(expression: &str) -> String {
    last(&format!(
        "import \"pe\" import \"hash\" import \"math\" import \"string\" \
         private rule other {{ strings: $o = \"other\" condition: $o }} \
         rule r {{ strings: $_a = \"aaaa\" $_b = \"bbbb\" $_c = \"cccc\" $_s = \"s\" condition: {expression} }}"
    ))
}

fn check(rows: &[(&str, &str)], plan: fn(&str) -> String) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(input, want)| (input, want, plan(input)))
        .filter(|(_, want, got)| *want != got)
        .map(|(input, want, got)| format!("{input}\n  want {want}\n  got  {got}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn text_patterns() {
    check(
        &[
            (r#""abc""#, "'abc'"),
            (r#""ab""#, "*"),
            (r#""a\x00\n\t\"\\b""#, "61000a09225c62"),
            (r#""abc" fullword private"#, "'abc'"),
            (r#""ab" wide"#, "61006200"),
            (r#""ab" ascii wide"#, "*"),
            (r#""abc" ascii wide"#, "(610062006300 | 'abc')"),
            (r#""é" wide"#, "c300a900"),
            (r#""abcdef" nocase"#, "~'abcdef'"),
            (r#""ABCDEF1" nocase"#, "~'abcdef1'"),
            (r#""123456" nocase"#, "'123456'"),
            (r#""a1b" nocase"#, "('a1b' | 'a1B' | 'A1b' | 'A1B')"),
            (r#""ab" nocase"#, "*"),
            (r#""abc" nocase wide"#, "~610062006300"),
            (r#""abc" xor(1-2)"#, "('`cb' | 'c`a')"),
            (r#""abc" xor(32) fullword"#, "'ABC'"),
            (r#""ab" xor(1) wide"#, "60016301"),
        ],
        pattern,
    );
    let keys = plans("rule r { strings: $a = \"abcd\" xor condition: $a }");
    assert_eq!(keys[0].plan.cost().literals, 256);
}

#[test]
fn base64_patterns() {
    check(
        &[
            (r#""ipsum" base64"#, "('aXBzdW' | 'lwc3Vt' | 'pcHN1b')"),
            (r#""abc" base64"#, "('YWJj' | 'FiY' | 'hYm')"),
            (
                r#""ipsum" base64("ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba9876543210+/")"#,
                "('zCYawD' | 'odx6Eg' | 'kxSM8y')",
            ),
        ],
        pattern,
    );
    // Nine bytes after no other fill groups of four characters: searched whole.
    // The other alignments have characters to spare, so they come in pieces.
    let wide = pattern(r#""loremipsu" base64wide"#);
    assert!(wide.contains("62004700390079005a00") || wide.contains("62004700390079005a00"), "{wide}");
}

#[test]
fn hex_patterns() {
    check(
        &[
            ("{ 01 02 03 04 }", "01020304"),
            ("{ 01 02 }", "*"),
            ("{ 01 02 03 ?? 04 05 06 }", "<01 02 03 ?? 04 05 06>"),
            ("{ 01 02 03 ~41 04 05 06 }", "<01 02 03 ?? 04 05 06>"),
            ("{ 01 02 03 ~?2 04 05 06 }", "<01 02 03 ?? 04 05 06>"),
            (
                "{ 01 02 03 [4] 04 05 06 [2-8] 07 08 09 [5-] 0A 0B 0C }",
                "(<01 02 03 ?? ?? ?? ?? 04 05 06> & 070809 & 0a0b0c)",
            ),
            ("{ 01 02 03 [0x2-010] 04 05 06 }", "(010203 & 040506)"),
            ("{ 01 02 03 (04 | 05 06) 07 08 }", "(010203040708 | 01020305060708)"),
            ("{ 01 02 03 04 (05 | ??) 06 07 08 09 }", "<01 02 03 04 ?? 06 07 08 09>"),
            (
                "{ 01 02 03 04 (05 06 07 ?? 08 | 0A 0B 0C) }",
                "(<01 02 03 04 05 06 07 ?? 08> | 010203040a0b0c)",
            ),
            // Beside a strong run half a byte is not worth 16 alternatives.
            ("{ 4? 41 42 43 44 45 }", "<4? 41 42 43 44 45>"),
            ("{ 01 02 03 04 05 4? 06 07 08 }", "<01 02 03 04 05 4? 06 07 08>"),
        ],
        pattern,
    );
    let half = pattern("{ 01 02 4? 03 04 }");
    assert_eq!(half.matches(" | ").count(), 15, "{half}");
    assert!(half.contains("0102400304") && half.contains("01024f0304"));
    assert_eq!(pattern("{ 01 02 ?4 03 04 }").matches(" | ").count(), 15);
}

#[test]
fn regex_patterns() {
    check(
        &[
            ("/foobar/", "'foobar'"),
            ("/foo.*bar/", "('foo' & 'bar')"),
            ("/foo(bar|quux)/", "('foobar' | 'fooquux')"),
            ("/abcd+/", "'abcd'"),
            ("/abcd*/", "'abc'"),
            ("/abcd?e/", "('abce' | 'abcde')"),
            ("/(abc){2}/", "'abcabc'"),
            ("/x(abc){2,}y/", "('xabcabc' & 'abcabcy')"),
            ("/abc{0,3}d/", "('abd' | 'abcd' | 'abccd' | 'abcccd')"),
            ("/abc{,3}d/", "('abd' | 'abcd' | 'abccd' | 'abcccd')"),
            (r"/^foo\bbar$/", "'foobar'"),
            (r"/foo\<bar\>/", "'foo<bar>'"),
            ("/ab[cd]e/", "('abce' | 'abde')"),
            ("/abc[0-9a-z]def/", "<61 62 63 20/a0 64 65 66>"),
            ("/[Aa]bcdef/", "<~a 62 63 64 65 66>"),
            ("/abcdef/i", "~'abcdef'"),
            ("/abcdef/ nocase", "~'abcdef'"),
            ("/a1b/i", "('a1b' | 'a1B' | 'A1b' | 'A1B')"),
            ("/ab/ wide", "61006200"),
            ("/abc/ ascii wide", "(610062006300 | 'abc')"),
            ("/(?i)abcdef/", "~'abcdef'"),
            // The engine searches all of it without case.
            ("/(?-i:abcdef)[0-9]+/i", "<~a ~b ~c ~d ~e ~f 3?>"),
            (r"/abc\x00\.def/", "616263002e646566"),
            ("/a.b/", "*"),
            ("/(?u)abc[xé]def/", "('abc' & 'def')"),
        ],
        pattern,
    );
}

#[test]
fn pattern_conditions() {
    check(
        &[
            ("$_a", "'aaaa'"),
            ("$_a and $_b", "('aaaa' & 'bbbb')"),
            ("$_a or $_b", "('aaaa' | 'bbbb')"),
            ("$_a or $_s", "*"),
            ("$_a and $_s", "'aaaa'"),
            ("not $_a", "*"),
            ("$_a at 0", "('aaaa' & @0=61616161)"),
            ("$_a at @_b", "('aaaa' & 'bbbb')"),
            ("$_a in (0..@_b)", "('aaaa' & 'bbbb')"),
            ("@_a < @_b", "('aaaa' & 'bbbb')"),
            ("@_a[1] + 4 < 10", "'aaaa'"),
            ("!_a[2] != 3", "'aaaa'"),
            ("#_a > 3", "'aaaa'"),
            ("#_a", "'aaaa'"),
            ("3 < #_a", "'aaaa'"),
            ("#_a in (0..9) >= 1", "'aaaa'"),
            ("#_a == 2", "'aaaa'"),
            ("#_a != 0", "'aaaa'"),
            ("#_a == 0", "*"),
            ("#_a < 2", "*"),
            ("#_a <= 2", "*"),
            ("#_a >= 0", "*"),
            ("#_a > -1", "*"),
            ("#_a != 5", "*"),
            ("#_a > #_b", "'aaaa'"),
            ("#_a > filesize", "'aaaa'"),
        ],
        condition,
    );
}

#[test]
fn quantifiers() {
    check(
        &[
            ("any of ($_a, $_b)", "('aaaa' | 'bbbb')"),
            ("all of ($_a, $_b)", "('aaaa' & 'bbbb')"),
            ("2 of ($_a, $_b, $_c)", "2{'aaaa', 'bbbb', 'cccc'}"),
            ("2 of ($_a, $_b, $_s)", "('aaaa' | 'bbbb')"),
            ("1 of them", "*"),
            ("50% of ($_a, $_b, $_c)", "2{'aaaa', 'bbbb', 'cccc'}"),
            ("all of ($_a, $_b) in (0..10)", "('aaaa' & 'bbbb')"),
            ("any of ($_a) at 0", "('aaaa' & @0=61616161)"),
            ("2 of ($_a, $_a*, $_b)", "('aaaa' & 'bbbb')"),
            ("none of ($_a)", "*"),
            ("0 of ($_a)", "*"),
            ("#_c of ($_a)", "*"),
            ("2 of (other, $_a, filesize < 10)", "2{'other', 'aaaa', [0..9]}"),
            ("for any of ($_a, $_b) : ($)", "('aaaa' | 'bbbb')"),
            ("for all of ($_a, $_b) : (# > 2 and @ < 9)", "('aaaa' & 'bbbb')"),
            ("for none of ($_a) : ($)", "*"),
            ("for any i in (1..#_b) : (@_a[i] > 4 and $_c)", "('aaaa' & 'cccc' & 'bbbb')"),
            ("for all i in (1..#_b) : (@_a[i] > 4)", "('aaaa' & 'bbbb')"),
            ("for all i in (0..1) : (uint8(i) == 65)", "(@0=41 & @1=41)"),
            ("for any i in (0, 1) : (uint8(i) == 65)", "(@0=41 | @1=41)"),
            ("for any s in (\"x\", \"y\") : (filename == s)", "0"),
            ("for any s in pe.sections : (s.name == \".text\")", "(@0=4d5a & pe.is_pe=\"true\" & '.text')"),
            ("with x = 3, y = x + 1 : (#_a > y)", "'aaaa'"),
            ("with x = uint16(0), y = #_b : (x == 0x5A4D and y > 1)", "(@0=4d5a & 'bbbb')"),
        ],
        condition,
    );
}

#[test]
fn metadata() {
    check(
        &[
            ("true", "*"),
            ("false", "0"),
            ("$_a and 1 == 2", "0"),
            ("$_a and 2 * 3 > 5", "'aaaa'"),
            ("filesize < 10KB", "[0..10239]"),
            ("filesize <= 1MB and filesize > 100", "([0..1048576] & [101..])"),
            ("10 <= filesize", "[10..]"),
            ("filesize == 5", "[5..5]"),
            ("filesize != 5", "([0..4] | [6..])"),
            ("filesize < 0", "0"),
            ("filesize >= 0", "*"),
            ("not filesize < 10", "[10..]"),
            ("not (filesize < 10 or filesize > 20)", "([10..] & [0..20])"),
            ("not not filesize < 10", "[0..9]"),
            ("uint16(0) == 0x5A4D", "@0=4d5a"),
            ("0x5A4D == uint16(0)", "@0=4d5a"),
            ("uint32be(4) == 0x01020304", "@4=01020304"),
            ("uint8(15) == 1", "@15=01"),
            ("int16(0) == -2", "@0=feff"),
            ("uint16(0) == 0x15A4D", "0"),
            ("not uint16(0) == 0x5A4D", "@0!4d5a"),
            ("uint16(0) != 0x5A4D", "@0!4d5a"),
            ("not uint16(0) != 0x5A4D", "*"),
            ("not (uint16(0) == 0x5A4D or $_a)", "@0!4d5a"),
            ("uint16(15) == 0x5A4D", "*"),
            ("uint32(100) == 0x64636261", "'abcd'"),
            ("uint32(uint32(0x3C)) == 0x00004550", "50450000"),
            ("uint32(@_a) == 0x64636261", "('aaaa' & 'abcd')"),
            ("uint8(0) > 4", "*"),
            (
                "hash.sha256(0, filesize) == \"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\"",
                "sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            ("hash.md5(0, 10) == \"d41d8cd98f00b204e9800998ecf8427e\"", "*"),
            ("filename == \"\"", "*"),
            ("filename == \"x.exe\"", "0"),
            ("filename contains \"x\" or $_a", "'aaaa'"),
            ("not filename == \"x\" and $_a", "'aaaa'"),
            ("defined @_a", "'aaaa'"),
            ("other", "'other'"),
            ("other and $_a", "('other' & 'aaaa')"),
            ("not other", "*"),
            ("math.entropy(0, filesize) > 7.0", "*"),
            ("string.length(\"abc\") == 3", "*"),
        ],
        condition,
    );
}

#[test]
fn modules() {
    check(
        &[
            ("pe.is_pe", "(@0=4d5a & pe.is_pe=\"true\")"),
            ("not pe.is_pe", "*"),
            ("pe.machine == pe.MACHINE_AMD64", "(@0=4d5a & pe.is_pe=\"true\" & pe.machine=\"34404\")"),
            ("pe.number_of_sections == 0", "(@0=4d5a & pe.is_pe=\"true\" & pe.number_of_sections=\"0\")"),
            ("pe.sections.len() == 0", "*"),
            ("pe.sections[0].name == \"UPX0\"", "(@0=4d5a & pe.is_pe=\"true\" & 'UPX0')"),
            ("pe.exports(\"DllRegister\")", "(@0=4d5a & pe.is_pe=\"true\" & ~'dllregister')"),
            ("pe.exports(1)", "(@0=4d5a & pe.is_pe=\"true\")"),
            ("pe.exports(/foobar/)", "(@0=4d5a & pe.is_pe=\"true\")"),
            (
                "pe.imports(\"kernel32.dll\", \"VirtualAlloc\")",
                "(@0=4d5a & pe.is_pe=\"true\" & ~'kernel32.dll' & ~'virtualalloc')",
            ),
            ("pe.imports(\"kernel32.dll\")", "(@0=4d5a & pe.is_pe=\"true\" & ~'kernel32.dll')"),
            ("pe.imports(\"kernel32.dll\", 3)", "(@0=4d5a & pe.is_pe=\"true\" & ~'kernel32.dll')"),
            ("pe.imports(\"ws2_32.dll\", \"connect\")", "(@0=4d5a & pe.is_pe=\"true\" & ~'ws2_32.dll')"),
            ("pe.imports(\"some.dll\", \"ord12\")", "(@0=4d5a & pe.is_pe=\"true\" & ~'some.dll')"),
            (
                "pe.imports(pe.IMPORT_DELAYED, \"some.dll\", \"Function\")",
                "(@0=4d5a & pe.is_pe=\"true\" & ~'some.dll' & ~'function')",
            ),
            (
                "pe.signatures[0].serial == \"00:01:02:03:04:05\"",
                "(@0=4d5a & pe.is_pe=\"true\" & 0102030405 & pe.signatures.serial=\"00:01:02:03:04:05\")",
            ),
            (
                "for any s in pe.signatures : (s.issuer contains \"x\" and s.serial == \"11:22:33:44\")",
                "(@0=4d5a & pe.is_pe=\"true\" & 11223344 & pe.signatures.serial=\"11:22:33:44\")",
            ),
            ("pe.version_info[\"k\"] contains \"ab\"", "(@0=4d5a & pe.is_pe=\"true\" & 61006200)"),
            ("pe.version_info[\"k\"] icontains \"abc\"", "(@0=4d5a & pe.is_pe=\"true\" & ~610062006300)"),
            ("pe.pdb_path contains \"evil\"", "(@0=4d5a & pe.is_pe=\"true\" & 'evil')"),
            ("pe.pdb_path matches /evil/", "(@0=4d5a & pe.is_pe=\"true\")"),
            (
                "pe.imphash() == \"d41d8cd98f00b204e9800998ecf8427e\"",
                "(@0=4d5a & pe.imphash=\"d41d8cd98f00b204e9800998ecf8427e\")",
            ),
            ("pe.rich_signature.key == 1", "(@0=4d5a & pe.is_pe=\"true\")"),
        ],
        condition,
    );
}

#[test]
fn globals_join_every_rule() {
    let found = plans(
        "rule a { strings: $a = \"aaaa\" condition: $a } global rule g { condition: filesize < 100 } \
         private rule p { condition: a } rule b { condition: p }",
    );
    let shown: Vec<String> = found.iter().map(|p| format!("{} {}", p.name, show(&p.plan.json()))).collect();
    assert_eq!(shown, ["a ('aaaa' & [0..99])", "g [0..99]", "p ('aaaa' & [0..99])", "b ('aaaa' & [0..99])"]);
}
