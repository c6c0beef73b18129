//! Patterns in conditions, quantifiers, loops, names.

use super::rows;

rows! {
    // Patterns.
    pattern_itself: condition "$_a" => "'aaaa'", [b"aaaa"];
    pattern_at: condition "$_a at 100" => "'aaaa'", [[b"x".repeat(100), b"aaaa".to_vec()].concat()];
    pattern_at_the_head: condition "$_a at 3" => "('aaaa' & @3=61616161)", [b"xxxaaaa"];
    pattern_at_the_end_of_the_head: condition "$_a at 14" => "('aaaa' & @14=6161)", [b"12345678901234aaaa"];
    short_pattern_at_the_head: condition "$_mz at 0" => "@0=4d5a", [b"MZ"];
    pattern_at_an_offset: condition "$_a at @_b + 4" => "('aaaa' & 'bbbb')", [b"bbbbaaaa"];
    pattern_in_range: condition "$_a in (0..@_b)" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    pattern_offset: condition "@_a[1] + 4 < 10" => "'aaaa'", [b"aaaa"];
    pattern_offset_is_the_head: condition "@_a == 1" => "('aaaa' & @1=61616161)", [b"xaaaa"];
    pattern_offsets: condition "@_a < @_b" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    pattern_length: condition "!_a[2] != 3" => "'aaaa'", [b"aaaaaaaa"];
    count: condition "#_a > 1" => "'aaaa'", [b"aaaa aaaa"];
    count_of_one: condition "3 > #_a and #_a >= 1" => "'aaaa'", [b"aaaa"];
    count_exact: condition "#_a == 2" => "'aaaa'", [b"aaaa aaaa"];
    count_not_zero: condition "#_a != 0" => "'aaaa'", [b"aaaa"];
    count_as_truth: condition "#_a" => "'aaaa'", [b"aaaa"];
    count_in_range: condition "#_a in (0..9) >= 1" => "'aaaa'", [b"aaaa"];
    count_zero: condition "#_a == 0" => "*", [b"", b"aaa"];
    count_below: condition "#_a < 2" => "*", [b"", b"aaaa"];
    count_at_least_none: condition "#_a >= 0" => "*", [b""];
    count_above_minus_one: condition "#_a > -1" => "*", [b""];
    count_not_five: condition "#_a != 5" => "*", [b""];
    count_above_count: condition "#_a > #_b" => "'aaaa'", [b"aaaa"];
    count_equal_to_count: condition "#_a == #_b" => "*", [b""];
    count_other_than_count: condition "#_a != #_b" => "('aaaa' | 'bbbb')", [b"bbbb"];
    counts_added: condition "#_a + #_b > 1" => "('aaaa' | 'bbbb')", [b"aaaabbbb", b"aaaa aaaa"];
    counts_added_and_scaled: condition "#_a * 2 + #_b > 2 * #_c" => "('aaaa' | 'bbbb' | 'cccc')", [b"bbbb"];
    count_of_something_unknown: condition "#_a > uint8(0)" => "*", [b"\0aaaa"];
    count_through_with: condition "with n = #_a : (n > 0)" => "'aaaa'", [b"aaaa"];

    // Quantifiers.
    any_of: condition "any of ($_a, $_b)" => "('aaaa' | 'bbbb')", [b"aaaa", b"bbbb"];
    all_of: condition "all of ($_a, $_b)" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    some_of: condition "2 of ($_a, $_b, $_c)" => "2{'aaaa', 'bbbb', 'cccc'}", [b"aaaacccc"];
    some_of_with_a_weak_one: condition "2 of ($_a, $_b, $_s)" => "('aaaa' | 'bbbb')", [b"saaaa"];
    some_of_a_wildcard: condition "2 of ($_a, $_a*, $_b)" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    percent_of: condition "50% of ($_a, $_b, $_c)" => "2{'aaaa', 'bbbb', 'cccc'}", [b"aaaacccc"];
    of_in_range: condition "all of ($_a, $_b) in (0..10)" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    of_at_offset: condition "any of ($_a, $_mz) at 0" => "(('aaaa' & @0=61616161) | @0=4d5a)", [b"MZ", b"aaaa"];
    none_of: condition "none of ($_a, $_b)" => "*", [b""];
    zero_of: condition "0 of ($_a, $_b)" => "*", [b""];
    unknown_number_of: condition "#_c of ($_a, $_b)" => "*", [b"aaaacccc"];
    of_booleans: condition "2 of (other, $_a, filesize < 10)" => "2{'other', 'aaaa', [0..9]}", [b"otheraaaa"];
    of_any_boolean: condition "any of ($_a, #_b > 2)" => "('aaaa' | 'bbbb')", [b"bbbbbbbbbbbb"];

    // Loops.
    for_of: condition "for any of ($_a, $_b) : ($)" => "('aaaa' | 'bbbb')", [b"bbbb"];
    for_all_of: condition "for all of ($_a, $_b) : (# > 1 and @ < 9)" => "('aaaa' & 'bbbb')",
        [b"aaaaabbbbb"];
    for_some_of: condition "for 2 of ($_a, $_b, $_c) : (# > 0)" => "2{'aaaa', 'bbbb', 'cccc'}", [b"aaaabbbb"];
    for_of_at: condition "for any of ($_mz, $_a) : ($ at 2)" => "(('aaaa' & @2=61616161) | @2=4d5a)", [b"xxMZ"];
    for_none_of: condition "for none of ($_a) : ($)" => "*", [b""];
    for_in_range: condition "for any i in (1..#_b) : (@_a[i] > 4 and $_c)" => "('aaaa' & 'cccc' & 'bbbb')",
        [b"bbbbbaaaacccc"];
    for_all_in_range: condition "for all i in (1..#_a) : (uint8(@_a[i]) == 97)" => "'aaaa'", [b"aaaaa"];
    for_none_in_range: condition "for none i in (1..#_a) : (@_a[i] == 3)" => "'aaaa'", [b"aaaa"];
    for_percent_in_range: condition "for 50% i in (1..#_b) : (@_b[i] > 1 and $_a)" => "('bbbb' & 'aaaa')",
        [b"aaaabbbb"];
    for_in_empty_range: condition "for all i in (1..#_a) : (true) and filesize < 9" => "('aaaa' & [0..8])", [b"aaaa"];
    for_in_short_range: condition "for all i in (0..1) : (uint8(i) == 65)" => "(@0=41 & @1=41)", [b"AA"];
    for_in_numbers: condition "for any i in (0, 1) : (uint8(i) == 65)" => "(@0=41 | @1=41)", [b"xA"];
    for_in_texts: condition "for any s in (\"x\", \"\") : (filename == s and $_a)" => "'aaaa'", [b"aaaa"];
    for_in_texts_of_none: condition "for any s in (\"x\", \"y\") : (filename == s)" => "0", [];

    // Names.
    with_constant: condition "with x = 3, y = x + 1 : (#_a > y)" => "'aaaa'", [b"aaaaaaaaa"];
    with_expression: condition "with x = uint16(0), y = #_b : (x == 0x5A4D and y > 1)" => "(@0=4d5a & 'bbbb')",
        [b"MZbbbbb"];
    with_size: condition "with n = filesize : (n < 10 and $_b)" => "([0..9] & 'bbbb')", [b"bbbb"];
    with_shadowed: condition "with x = #_a : (with x = #_b : (x > 1) and x > 0)" => "('bbbb' & 'aaaa')",
        [b"aaaabbbbb"];
    rule_reference: condition "other and $_a" => "('other' & 'aaaa')", [b"otheraaaa"];
    rule_reference_negated: condition "not other" => "*", [b""];
    global_rules: source
        "global private rule g { condition: filesize < 100 } rule r { strings: $a = \"aaaa\" condition: $a }"
        => "('aaaa' & [0..99])", [b"aaaa"];
    private_rules: source
        "private rule p { strings: $a = \"aaaa\" condition: $a } rule q { condition: p } \
         rule r { strings: $b = \"bbbb\" condition: q and $b }"
        => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    external_variable: condition "filename == \"x.exe\" or $_a" => "'aaaa'", [b"aaaa"];
    external_variable_negated: condition "not filename == \"x\" and $_a" => "'aaaa'", [b"aaaa"];

    // Logic.
    conjunction: condition "$_a and $_b" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    conjunction_with_a_weak_one: condition "$_a and $_s" => "'aaaa'", [b"saaaa"];
    disjunction: condition "$_a or $_b" => "('aaaa' | 'bbbb')", [b"bbbb"];
    disjunction_with_a_weak_one: condition "$_a or $_s" => "*", [b"s"];
    negation: condition "not $_a" => "*", [b""];
    negation_of_negation: condition "not not $_a" => "'aaaa'", [b"aaaa"];
    negation_inwards: condition "not (not $_a or not $_b)" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
    defined: condition "defined @_a" => "'aaaa'", [b"aaaa"];
    defined_negated: condition "not defined @_a" => "*", [b""];
    inequality: condition "@_a != @_b" => "('aaaa' & 'bbbb')", [b"aaaabbbb"];
}
