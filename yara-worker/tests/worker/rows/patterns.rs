//! Text and hex patterns.

use super::{rows, widened};

rows! {
    // Text.
    text: pattern r#""abc""# => "'abc'", [b"abc", b"xxabcxx"];
    text_shorter_than_three: pattern r#""ab""# => "*", [b"ab"];
    text_longer_than_a_window: pattern
        r#""0123456789012345678901234567890123456789012345678901234567890123456789""#
        => "('01234567890123456789012345678901234567890123456789012345678901234' \
            & '56789012345678901234567890123456789012345678901234567890123456789')",
        [b"0123456789012345678901234567890123456789012345678901234567890123456789"];
    text_fullword_private: pattern r#""abc" fullword private"# => "'abc'", [b"abc", b"-abc "];
    text_wide: pattern r#""ab" wide"# => "61006200", [b"a\0b\0"];
    text_wide_interleaves_bytes: pattern r#""\xc3\xa9" wide"# => "c300a900", [b"\xc3\0\xa9\0"];
    text_ascii_wide: pattern r#""abc" ascii wide"# => "(610062006300 | 'abc')", [b"abc", b"a\0b\0c\0"];
    text_nocase_from_six: pattern r#""AbcdE1" nocase"# => "~'abcde1'", [b"aBCDe1"];
    text_nocase_of_five: pattern r#""abc1 " nocase"# => "('abc1 ' | .. 8", [b"aBc1 "];
    text_nocase_of_four: pattern r#""abcd" nocase"# => "('abcd' | .. 16", [b"aBcD"];
    text_nocase_of_three: pattern r#""abc" nocase"# => "('abc' | .. 8", [b"aBC"];
    text_nocase_of_two: pattern r#""ab" nocase"# => "*", [b"aB"];
    text_nocase_without_letters: pattern r#""123456" nocase"# => "'123456'", [b"123456"];
    text_nocase_folds_ascii_only: pattern r#""\xe4bcdefg" nocase"# => "~e462636465666\
        7", [b"\xe4BCdefG"];
    text_nocase_wide: pattern r#""abc" nocase wide"# => "~610062006300", [b"A\0b\0C\0"];
    xor: pattern r#""abcd" xor"# => "('abcd' | .. 256", [b"abcd", b"`cbe"];
    xor_range: pattern r#""abcd" xor(1-2)"# => "('`cbe' | 'c`af')", [b"`cbe", b"c`af"];
    xor_of_one_key: pattern r#""abcd" xor(32)"# => "'ABCD'", [b"ABCD"];
    xor_wide: pattern r#""ab" xor(1) wide"# => "60016301", [b"\x60\x01\x63\x01"];
    xor_ascii_wide: pattern r#""abc" xor(1) ascii wide"# => "(600163016201 | '`cb')",
        [b"`cb", b"\x60\x01\x63\x01\x62\x01"];
    xor_fullword: pattern r#""abcd" xor(1-2) fullword"# => "('`cbe' | 'c`af')", [b"`cbe"];
    base64: pattern r#""ipsum" base64"# => "('aXBzdW' | 'lwc3Vt' | 'pcHN1b')",
        [b"aXBzdW0=", b"IGlwc3Vt", b"ICBpcHN1bQ=="];
    base64_of_three: pattern r#""abc" base64"# => "('YWJj' | 'FiY' | 'hYm')", [b"YWJj", b"IGFiYw==", b"ICBhYmM="];
    base64_of_wide_text: pattern r#""abc" wide base64"# => "('YQBiAGMA' | 'EAYgBjA' | 'hAGIAYw')",
        [b"YQBiAGMA"];
    base64_alphabet: pattern
        r#""ipsum" base64("ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba9876543210+/")"#
        => "('zCYawD' | 'odx6Eg' | 'kxSM8y')", [b"zCYawD9="];
    base64wide: pattern r#""loremipsu" base64wide"# =>
        "(62004700390079005a00570031007000630048004e0031 | .. 6",
        [widened("bG9yZW1pcHN1"), widened("bG9yZW1pcHN1")[..23]];
    base64_and_base64wide: pattern r#""ipsum!" base64 base64wide"# => "('aXBzdW0h' | .. 9",
        [b"aXBzdW0h", widened("aXBzdW0h")];

    // Hex.
    hex: pattern "{ 01 02 03 04 }" => "01020304", [b"\x01\x02\x03\x04"];
    hex_of_two: pattern "{ 01 02 }" => "*", [b"\x01\x02"];
    hex_wildcard: pattern "{ 01 02 03 ?? 04 05 06 }" => "<01 02 03 ?? 04 05 06>",
        [b"\x01\x02\x03\xff\x04\x05\x06"];
    hex_wildcards_between_pairs: pattern "{ 01 02 ?? 03 04 ?? 05 06 }" => "<01 02 ?? 03 04 ?? 05 06>",
        [b"\x01\x02\0\x03\x04\0\x05\x06"];
    hex_wildcards_at_the_ends: pattern "{ 01 ?? ?? 02 03 04 05 ?? 06 }" => "<01 ?? ?? 02 03 04 05 ?? 06>",
        [b"\x01\0\0\x02\x03\x04\x05\0\x06"];
    hex_negated_byte: pattern "{ 01 02 03 ~41 04 05 06 }" => "<01 02 03 ?? 04 05 06>",
        [b"\x01\x02\x03\x42\x04\x05\x06"];
    hex_negated_half_bytes: pattern "{ 01 02 03 ~?2 04 ~4? 05 06 }" => "<01 02 03 ?? 04 ?? 05 06>",
        [b"\x01\x02\x03\x43\x04\x52\x05\x06"];
    hex_half_byte_beside_a_run: pattern "{ 4? 41 42 43 44 45 }" => "<4? 41 42 43 44 45>", [b"OABCDE"];
    hex_half_byte_at_the_end: pattern "{ 41 42 43 44 45 ?6 }" => "<41 42 43 44 45 ?6>", [b"ABCDEf"];
    hex_half_byte_between_runs: pattern "{ 01 02 03 04 05 4? 06 07 08 }" => "<01 02 03 04 05 4? 06 07 08>",
        [b"\x01\x02\x03\x04\x05\x4f\x06\x07\x08"];
    hex_half_byte_between_pairs: pattern "{ 01 02 4? 03 04 }" => "(0102400304 | .. 16",
        [b"\x01\x02\x4a\x03\x04"];
    hex_low_half_byte_between_pairs: pattern "{ 01 02 ?4 03 04 }" => "(0102040304 | .. 16",
        [b"\x01\x02\xa4\x03\x04"];
    hex_half_bytes_everywhere: pattern "{ 4? 4? 4? 4? 4? 4? }" => "<4? 4? 4? 4? 4? 4?>", [b"ABCDEF"];
    hex_jump_fixed: pattern "{ 01 02 03 [2] 04 05 06 }" => "<01 02 03 ?? ?? 04 05 06>",
        [b"\x01\x02\x03\0\0\x04\x05\x06"];
    hex_jump_in_other_bases: pattern "{ 01 02 03 [0x2-0o2] 04 05 06 }" => "<01 02 03 ?? ?? 04 05 06>",
        [b"\x01\x02\x03\0\0\x04\x05\x06"];
    hex_jump_of_few_lengths: pattern "{ 01 02 03 [0-1] 04 05 06 }" => "(010203040506 | <01 02 03 ?? 04 05 06>)",
        [b"\x01\x02\x03\x04\x05\x06", b"\x01\x02\x03\0\x04\x05\x06"];
    hex_jump_between_runs: pattern "{ 01 02 03 04 05 06 07 [1-3] 08 09 0A 0B 0C 0D 0E }"
        => "(<01 02 03 04 05 06 07 ?? 08 09 0a 0b 0c 0d 0e> | <01 02 03 04 05 06 07 ?? ?? 08 09 0a 0b 0c 0d 0e> \
            | <01 02 03 04 05 06 07 ?? ?? ?? 08 09 0a 0b 0c 0d 0e>)",
        [b"\x01\x02\x03\x04\x05\x06\x07\0\x08\x09\x0a\x0b\x0c\x0d\x0e"];
    hex_jump_between_rare_runs: pattern
        "{ 30 31 32 33 34 35 36 37 38 39 61 62 [0-2] 62 61 39 38 37 36 35 34 33 32 31 30 }"
        => "('0123456789ab' & 'ba9876543210')", [b"0123456789ab!ba9876543210"];
    hex_jumps_over_the_product: pattern "{ 01 02 03 [0-3] 04 05 06 [0-3] 07 08 09 [0-3] 0A 0B 0C 0D }"
        => "((010203040506070809 | .. 16", [b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"];
    hex_half_byte_within_six: pattern "{ 01 02 03 4? 05 06 }" => "<01 02 03 4? 05 06>",
        [b"\x01\x02\x03\x4f\x05\x06"];
    hex_jump_range: pattern "{ 01 02 03 04 [4-90] 05 06 07 08 }" => "(01020304 & 05060708)",
        [b"\x01\x02\x03\x04aaaaaa\x05\x06\x07\x08"];
    hex_jump_open: pattern "{ 01 02 03 04 [4-] 05 06 07 [-] 08 09 0A }" => "(01020304 & 050607 & 08090a)",
        [b"\x01\x02\x03\x04aaaaaa\x05\x06\x07\x08\x09\x0a"];
    hex_alternatives: pattern "{ 01 02 03 (04 | 05 06) 07 08 }" => "(010203040708 | 01020305060708)",
        [b"\x01\x02\x03\x04\x07\x08", b"\x01\x02\x03\x05\x06\x07\x08"];
    hex_alternatives_nested: pattern "{ 01 ( 02 ( 03 | 04 ) | 05 ) 06 07 }"
        => "(0102030607 | 0102040607 | 01050607)", [b"\x01\x02\x04\x06\x07", b"\x01\x05\x06\x07"];
    hex_alternative_with_wildcard: pattern "{ 01 02 03 04 (05 06 ?? | 0A) 07 08 }"
        => "(<01 02 03 04 05 06 ?? 07 08> | 010203040a0708)",
        [b"\x01\x02\x03\x04\x0a\x07\x08", b"\x01\x02\x03\x04\x05\x06\0\x07\x08"];
    hex_alternative_of_any_byte: pattern "{ 01 02 03 04 (05 | ??) 06 07 }" => "<01 02 03 04 ?? 06 07>",
        [b"\x01\x02\x03\x04\x99\x06\x07"];
    hex_alternative_with_jump: pattern "{ 01 02 03 04 (05 06 07 08 [1-] 09 | 0A 0B 0C 0D) 0E 0F 10 }"
        => "(01020304 & 0e0f10 & (05060708 | 0a0b0c0d))",
        [b"\x01\x02\x03\x04\x05\x06\x07\x08\0\x09\x0e\x0f\x10"];
    hex_alternatives_over_the_product: pattern
        "{ (10 | 11 12) (20 | 21 22) (30 | 31 32) (40 | 41 42) (50 | 51 52) (60 | 61 62) (70 | 71 72) 01 02 03 04 }"
        => "((102030405060 | .. 65",
        [b"\x10\x20\x30\x40\x50\x60\x70\x01\x02\x03\x04"];
    hex_alternatives_of_one_length: pattern
        "{ (10 01|11 02) (20 01|21 02) (30 01|31 02) (40 01|41 02) (50 01|51 02) (60 01|61 02) (70 01|71 02) }"
        => "(<10 01 20 01 30 01 40 01 50 01 60 01 70/fe 00/fc> | .. 64",
        [b"\x10\x01\x20\x01\x30\x01\x40\x01\x50\x01\x60\x01\x70\x01"];
}
