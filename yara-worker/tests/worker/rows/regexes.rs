//! Regular expressions.

use super::{rows, widened};

rows! {
    literal: pattern "/foobar/" => "'foobar'", [b"foobar"];
    gap: pattern "/foo.*bar/" => "('foo' & 'bar')", [b"foobar", b"foo__bar"];
    inner_literals: pattern "/a[^a]*needle[^a]*b/" => "'needle'", [b"a  needle  b"];
    alternatives: pattern "/foo(bar|quux)/" => "('foobar' | 'fooquux')", [b"foobar", b"fooquux"];
    alternative_without_literal: pattern "/foo(bar|.*)baz/" => "('foo' & 'baz')", [b"foobaz", b"foobarbaz"];
    one_or_more: pattern "/abcd+/" => "'abcd'", [b"abcddd"];
    at_least: pattern "/x(abc){2,}y/" => "('xabcabc' & 'abcabcy')", [b"xabcabcabcy"];
    none_or_more: pattern "/abcd*/" => "'abc'", [b"abc", b"abcdd"];
    optional: pattern "/abcd?e/" => "('abce' | 'abcde')", [b"abce", b"abcde"];
    optional_group: pattern "/foo(bar.{3})?quux/" => "(<66 6f 6f 62 61 72 ?? ?? ?? 71 75 75 78> | 'fooquux')",
        [b"fooquux", b"foobar123quux"];
    up_to: pattern "/abcde{0,9}fgh/" => "('abcd' & 'fgh')", [b"abcdfgh", b"abcdeeefgh"];
    up_to_without_lower_bound: pattern "/abcde{,9}fgh/" => "('abcd' & 'fgh')", [b"abcdfgh"];
    up_to_few: pattern "/abc{1,2}d/" => "('abcd' | 'abccd')", [b"abcd", b"abccd"];
    fixed_repeat: pattern "/(abc){2}/" => "'abcabc'", [b"abcabc"];
    dots: pattern "/abc.{3}def/" => "<61 62 63 ?? ?? ?? 64 65 66>", [b"abc123def"];
    many_dots: pattern "/abcd.{40}efgh/s" => "<61 62 63 64 ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? \
        ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? ?? 65 66 67 68>",
        [b"abcd0123456789012345678901234567890123456789efgh"];
    dots_of_open_number: pattern "/abcde.{4,9}fghij/" => "('abcde' & 'fghij')", [b"abcde12345fghij"];
    small_class: pattern "/ab[cd]e/" => "('abce' | 'abde')", [b"abce", b"abde"];
    class_beside_a_run: pattern "/abcdefgh[cd]e/" => "<61 62 63 64 65 66 67 68 60/f8 65>", [b"abcdefghce"];
    class_of_digits: pattern "/id=[0-9]{4};/" => "<69 64 3d 3? 3? 3? 3? 3b>", [b"id=2034;"];
    large_class: pattern "/abc[0-9a-z]def/" => "<61 62 63 20/a0 64 65 66>", [b"abcqdef"];
    negated_class: pattern "/abc[^x]def/" => "<61 62 63 ?? 64 65 66>", [b"abc.def"];
    class_of_both_cases: pattern "/[Aa]bcdef/" => "<~a 62 63 64 65 66>", [b"Abcdef"];
    anchors: pattern r"/^foo\bbar|foo\B_bar$/" => "('foobar' | 'foo_bar')", [b"foo_bar"];
    angles_are_characters: pattern r"/foo\<bar\>/" => "'foo<bar>'", [b"foo<bar>"];
    case_flag: pattern "/abcdef/i" => "~'abcdef'", [b"aBCdef"];
    nocase: pattern "/abcdef/ nocase" => "~'abcdef'", [b"ABCdef"];
    nocase_short: pattern "/a1b/i" => "('a1b' | 'a1B' | 'A1b' | 'A1B')", [b"A1b"];
    nocase_between_gaps: pattern "/abcd..efgh/i" =>
        "(<~a ~b ~c ~d ?? ?? ~e ~f ~g ~h> & ('abcd' | 'abcD' | 'abCd' | 'abCD' | 'aBcd' | 'aBcD' | 'aBCd' | 'aBCD' \
         | 'Abcd' | 'AbcD' | 'AbCd' | 'AbCD' | 'ABcd' | 'ABcD' | 'ABCd' | 'ABCD'))", [b"ABcd12efGH"];
    inner_case_flag: pattern "/(?i:abcdef)xyz/" => "<~a ~b ~c ~d ~e ~f 78 79 7a>", [b"ABcdefxyz"] not [b"abcdefXYZ"];
    case_of_one_letter: pattern "/[Aa]bcd/" => "('abcd' | 'Abcd')", [b"Abcd"];
    wide: pattern "/ab/ wide" => "61006200", [b"a\0b\0"];
    wide_dots: pattern "/ab.{2}cd/ wide" => "<61 00 62 00 ?? 00 ?? 00 63 00 64 00>", [b"a\0b\0x\0y\0c\0d\0"];
    wide_class: pattern r"/ab\dc/ wide" => "<61 00 62 00 3? 00 63 00>", [widened("ab8c")];
    wide_gap: pattern "/abc.+def/ wide" => "(610062006300 & 640065006600)", [b"a\0b\0c\0x\0d\0e\0f\0"];
    wide_nocase: pattern "/abc/i wide" => "~610062006300", [b"A\0b\0C\0"];
    ascii_wide: pattern "/abc/ ascii wide" => "(610062006300 | 'abc')", [b"abc", b"a\0b\0c\0"];
    escapes: pattern r"/abc\x00\.d\tef/" => "616263002e64096566", [b"abc\0.d\tef"];
    unicode: pattern "/(?u)abc[x\u{e9}]def/" => "('abc' & 'def')", [b"abcxdef"];
    no_literal: pattern "/a.b/" => "*", [b"axb"];
    words: pattern "/(alpha|bravo|charlie)[0-9]{2}/"
        => "(<61 6c 70 68 61 3? 3?> | <62 72 61 76 6f 3? 3?> | <63 68 61 72 6c 69 65 3? 3?>)",
        [b"alpha12", b"charlie99"];
    url: pattern r"/https?:\/\/[a-z]{3,12}\.example\/[0-9]{4,}/"
        => "(('http://' | 'https://') & <2e 65 78 61 6d 70 6c 65 2f 3? 3? 3? 3?>)",
        [b"http://host.example/2034", b"https://host.example/12345"];
}
