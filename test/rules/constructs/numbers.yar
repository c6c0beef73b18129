// Sizes, integers read from the file, arithmetic and text operators.

rule size_exact {
  meta:
    plan = "metadata"
    sample = "1234567"
  condition:
    filesize == 7
}

rule size_bounds {
  meta:
    plan = "metadata"
    sample = "12345678"
  condition:
    filesize > 4 and filesize <= 1KB and filesize < 2MB and 1KB >= filesize and filesize != 9
}

rule size_with_string {
  meta:
    plan = "strong"
    sample = "small-file-string"
  strings:
    $a = "small-file-string"
  condition:
    $a and filesize < 200KB
}

rule size_or_string {
  meta:
    plan = "metadata"
    sample = "abc"
  strings:
    $a = "small-file-string"
  condition:
    $a or filesize < 4
}

rule head_mz {
  meta:
    plan = "metadata"
    sample = "MZ header"
  condition:
    uint16(0) == 0x5A4D
}

rule head_elf {
  meta:
    plan = "metadata"
    sample = "\x7fELF header"
  condition:
    uint32(0) == 0x464c457f or uint32be(0) == 0xcafebabe
}

rule head_and_string {
  meta:
    plan = "strong"
    sample = "MZ....header-string"
  strings:
    $a = "header-string"
  condition:
    uint16(0) == 0x5A4D and $a
}

rule head_bytes {
  meta:
    plan = "metadata"
    sample = "\x01\x02\x03\x04\x05\x06\x07\x08"
  condition:
    uint8(0) == 1 and uint8be(1) == 2 and uint16be(2) == 0x0304 and int8(4) == 5 and int16(5) == 0x0706 and
    int32(0) == 0x04030201 and int32be(4) == 0x05060708 and int16be(0) == 0x0102 and int8be(7) == 8
}

rule integer_elsewhere {
  meta:
    plan = "weak"
    sample = "12345678901234567890\xaa\xbb\xcc\xdd"
  condition:
    uint32(20) == 0xddccbbaa
}

rule integer_at_pointer {
  meta:
    plan = "weak"
    sample = "MZ3456789012345678901234567890123456789012345678901234567890\x40\x00\x00\x00PE\x00\x00"
  condition:
    uint32(uint32(0x3C)) == 0x00004550
}

rule arithmetic {
  meta:
    plan = "strong"
    sample = "arithmetic-string"
  strings:
    $a = "arithmetic-string"
  condition:
    $a and (1 + 2) * 3 - 4 \ 2 == 7 and 17 % 5 == 2 and -filesize < 0 and ~0 == -1 and
    (0x0f | 0xf0) == 0xff and (0xff & 0x3c) == 0x3c and (1 << 4) == 16 and (256 >> 4) == 16 and (5 ^ 1) == 4 and
    1.5 + 1 > 2.4 and 0o17 == 15 and 1KB == 1024 and 1MB == 1048576
}

rule text_operators {
  meta:
    plan = "none"
    sample = "anything"
  condition:
    "Hello World" contains "World" and "Hello" icontains "hELL" and "Hello" startswith "He" and
    "Hello" istartswith "hE" and "Hello" endswith "lo" and "Hello" iendswith "LO" and "Hello" iequals "hELLO" and
    "Hello" matches /h.llo/i and "a" < "b" and "a" != "b"
}

rule externals_are_empty {
  meta:
    plan = "strong"
    sample = "external-string"
  strings:
    $a = "external-string"
  condition:
    $a and (filename == "" or extension == "exe" or filepath contains "x" or filetype == "y" or owner == "z" or md5 == "0")
}
