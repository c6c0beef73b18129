//! Size, first bytes, digests, constants, and what no index can know.

use super::rows;

rows! {
    constant_true: condition "true" => "*", [b""];
    constant_false: condition "false" => "0", [];
    constant_arithmetic: condition "$_a and 7 \\ 2 == 3 and 7 % 4 == 3 and 2 * 3 - 1 == 5" => "'aaaa'", [b"aaaa"];
    constant_bits: condition "$_a and 1 << 4 == 16 and (6 & 3) == 2 and (6 | 1) == 7 and (6 ^ 2) == 4" => "'aaaa'",
        [b"aaaa"];
    constant_contradiction: condition "$_a and 1 == 2" => "0", [];
    constant_text: condition "\"abc\" contains \"b\" and \"abc\" startswith \"a\" and $_a" => "'aaaa'", [b"aaaa"];
    filesize_below: condition "filesize < 2KB" => "[0..2047]", [b""] not [[0; 2048]];
    filesize_above: condition "filesize > 20 and filesize <= 1MB" => "([21..] & [0..1048576])",
        [b"123456789012345678901"];
    filesize_reversed: condition "10 <= filesize" => "[10..]", [b"1234567890"];
    filesize_equal: condition "filesize == 5" => "[5..5]", [b"12345"];
    filesize_unequal: condition "filesize != 5" => "([0..4] | [6..])", [b""];
    filesize_negative: condition "filesize < 0" => "0", [];
    filesize_negated: condition "not (filesize < 10 or filesize > 20)" => "([10..] & [0..20])", [b"1234567890"];
    header_magic: condition "uint16(0) == 0x5A4D" => "@0=4d5a", [b"MZ"];
    header_magic_big_endian: condition "uint32be(4) == 0x01020304" => "@4=01020304", [b"0123\x01\x02\x03\x04"];
    header_magic_signed: condition "int16(0) == -2" => "@0=feff", [b"\xfe\xff"];
    header_magic_last_byte: condition "uint8(15) == 1" => "@15=01", [b"012345678901234\x01"];
    header_magic_unequal: condition "uint16(0) != 0x5A4D" => "@0!4d5a", [b"ab"] not [b"MZ"];
    header_magic_negated: condition "not uint16(0) == 0x5A4D" => "@0!4d5a", [b"ab"] not [b"MZ"];
    header_magic_or_undefined: condition "not (uint16(0) == 0x5A4D or false)" => "@0!4d5a", [b"ab", b"M", b""] not [b"MZ"];
    header_magic_too_large: condition "uint16(0) == 0x15A4D" => "0", [];
    header_magic_of_several: condition "uint32(0) == 0x04034b50 or uint16(0) == 0x5A4D" => "(@0=504b0304 | @0=4d5a)",
        [b"PK\x03\x04", b"MZ"];
    bytes_behind_the_head: condition "uint32(100) == 0x64636261" => "'abcd'",
        [[b"x".repeat(100), b"abcd".to_vec()].concat()];
    two_bytes_behind_the_head: condition "uint16(15) == 0x6261" => "*", [b"012345678901234ab"];
    bytes_at_a_pattern: condition "uint32(@_a + 4) == 0x64636261" => "('aaaa' & 'abcd')", [b"aaaaabcd"];
    pe_signature: condition "uint16(0) == 0x5A4D and uint32(uint32(0x3C)) == 0x00004550" => "(@0=4d5a & 50450000)",
        [[b"MZ".to_vec(), vec![0; 58], vec![0x40, 0, 0, 0], b"PE\0\0".to_vec()].concat()];
    bytes_compared: condition "uint8(0) > 4" => "*", [b"a"];
    digest: condition
        "hash.sha256(0, filesize) == \"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\""
        => "sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", [];
    digest_of_a_part: condition "hash.md5(0, 4) == \"74b87337454200d4d33f80c4663dc5e5\"" => "*", [b"aaaaxyz"];
    entropy: condition "math.entropy(0, filesize) < 7.0" => "*", [b"aaaa"];
    string_function: condition "string.length(\"abc\") == 3" => "*", [b""];
}
