// Text strings and their modifiers. In every file of this folder, `plan` is what
// the index must be able to do for the rule, and `sample` a text that it matches.

rule text_plain {
  meta:
    plan = "strong"
    sample = "..the plain text.."
  strings:
    $a = "the plain text"
  condition:
    $a
}

rule text_four_bytes {
  meta:
    plan = "weak"
    sample = "..q7Zk.."
  strings:
    $a = "q7Zk"
  condition:
    $a
}

rule text_three_bytes {
  meta:
    plan = "none"
    sample = "..q7Z.."
  strings:
    $a = "q7Z"
  condition:
    $a
}

rule text_escapes {
  meta:
    plan = "strong"
    sample = "tab\t quote\" slash\\ bytes\x00\xff\x7f end"
  strings:
    $a = "tab\t quote\" slash\\ bytes\x00\xff\x7f end"
  condition:
    $a
}

rule text_newlines {
  meta:
    plan = "strong"
    sample = "one\r\ntwo lines"
  strings:
    $a = "one\r\ntwo lines"
  condition:
    $a
}

rule text_not_ascii {
  meta:
    plan = "strong"
    sample = "na\xc3\xafve caf\xc3\xa9"
  strings:
    $a = "naïve café"
  condition:
    $a
}

rule text_nocase {
  meta:
    plan = "strong"
    sample = "THE CaSe OF letters"
  strings:
    $a = "the case of Letters" nocase
  condition:
    $a
}

rule text_nocase_short {
  meta:
    plan = "weak"
    sample = "..aBc9.."
  strings:
    $a = "AbC9" nocase
  condition:
    $a
}

rule text_wide {
  meta:
    plan = "strong"
    sample = "w\x00i\x00d\x00e\x00 \x00t\x00e\x00x\x00t\x00"
  strings:
    $a = "wide text" wide
  condition:
    $a
}

rule text_wide_of_two {
  meta:
    plan = "weak"
    sample = "Q\x00z\x00"
  strings:
    $a = "Qz" wide
  condition:
    $a
}

rule text_ascii_wide {
  meta:
    plan = "strong"
    sample = "b\x00o\x00t\x00h\x00 \x00f\x00o\x00r\x00m\x00s\x00"
  strings:
    $a = "both forms" ascii wide
  condition:
    $a
}

rule text_wide_nocase {
  meta:
    plan = "strong"
    sample = "A\x00n\x00Y\x00 \x00C\x00a\x00S\x00e\x00"
  strings:
    $a = "any case" wide nocase
  condition:
    $a
}

rule text_fullword {
  meta:
    plan = "strong"
    sample = "a wholeword, alone"
  strings:
    $a = "wholeword" fullword
  condition:
    $a
}

rule text_fullword_wide {
  meta:
    plan = "strong"
    sample = " \x00w\x00h\x00o\x00l\x00e\x00w\x00o\x00r\x00d\x00 \x00"
  strings:
    $a = "wholeword" wide fullword
  condition:
    $a
}

rule text_private {
  meta:
    plan = "strong"
    sample = "a private string"
  strings:
    $a = "private string" private
  condition:
    $a
}

rule text_xor {
  meta:
    plan = "strong"
    sample = "\xfd\xf2\xe5\xbc\xf3\xfa\xbc\xae\xa9\xaa\xbc\xf7\xf9\xe5\xef"
  strings:
    $a = "any of 256 keys" xor
  condition:
    $a
}

rule text_xor_range {
  meta:
    plan = "strong"
    sample = "\x78\x62\x73\x7f\x6e\x6e\x65\x2b\x60\x6e\x72\x78\x2b\x64\x65\x67\x72"
  strings:
    $a = "sixteen keys only" xor(0x01-0x10)
  condition:
    $a
}

rule text_xor_one_key {
  meta:
    plan = "strong"
    sample = "\x2b\x2a\x21\x64\x2f\x21\x3d\x64\x2b\x2a\x28\x3d"
  strings:
    $a = "one key only" xor(0x44)
  condition:
    $a
}

rule text_xor_wide {
  meta:
    plan = "strong"
    sample = "\x59\x21\x4e\x21\x53\x21\x01\x21\x56\x21\x48\x21\x45\x21\x44\x21"
  strings:
    $a = "xor wide" xor(1-255) wide
  condition:
    $a
}

rule text_base64 {
  meta:
    plan = "strong"
    sample = "data: VGhpcyBpcyBlbmNvZGVkIHRleHQ="
  strings:
    $a = "This is encoded text" base64
  condition:
    $a
}

rule text_base64_shifted {
  meta:
    plan = "strong"
    sample = "eHhUaGlzIGlzIGVuY29kZWQgdGV4dHh4"
  strings:
    $a = "This is encoded text" base64
  condition:
    $a
}

rule text_base64wide {
  meta:
    plan = "strong"
    sample = "V\x00G\x00h\x00p\x00c\x00y\x00B\x00p\x00c\x00y\x00B\x00l\x00b\x00m\x00N\x00v\x00Z\x00G\x00V\x00k\x00I\x00H\x00R\x00l\x00e\x00H\x00Q\x00=\x00"
  strings:
    $a = "This is encoded text" base64wide
  condition:
    $a
}

rule text_base64_alphabet {
  meta:
    plan = "strong"
    sample = "..E&RZMi@ZMi@VLW]fI&EU(*AVO*|.."
  strings:
    $a = "This is encoded text" base64("!@#$%^&*(){}[].,|ABCDEFGHIJLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv")
  condition:
    $a
}

rule text_base64_of_wide {
  meta:
    plan = "strong"
    sample = "VABoAGkAcwAgAGkAcwAgAGUAbgBjAG8AZABlAGQA"
  strings:
    $a = "This is encoded" wide base64
  condition:
    $a
}
