// Hex strings: wildcards, nibbles, negation, jumps, alternatives.

rule hex_plain {
  meta:
    plan = "strong"
    sample = "\xde\xad\xbe\xef\x01\x02\x03\x04"
  strings:
    $a = { DE AD BE EF 01 02 03 04 }
  condition:
    $a
}

rule hex_in_lines_with_comments {
  meta:
    plan = "strong"
    sample = "\xde\xad\xbe\xef\x11\x12\x13\x14"
  strings:
    $a = {
      DEADBEEF // first half
      11 12 /* second */ 13 14
    }
  condition:
    $a
}

rule hex_wildcards {
  meta:
    plan = "strong"
    sample = "\xc1\xc2\xc3\xc4QQ\xc5\xc6\xc7\xc8"
  strings:
    $a = { C1 C2 C3 C4 ?? ?? C5 C6 C7 C8 }
  condition:
    $a
}

rule hex_nibbles {
  meta:
    plan = "strong"
    sample = "\xc1\xc2\xc3\xc4\x9f\xc5\xf9\xc6\xc7\xc8"
  strings:
    $a = { C1 C2 C3 C4 9? C5 ?9 C6 C7 C8 }
  condition:
    $a
}

rule hex_only_nibbles {
  meta:
    plan = "none"
    sample = "\x41\x52\x63\x74"
  strings:
    $a = { 4? 5? 6? 7? }
  condition:
    $a
}

rule hex_negated {
  meta:
    plan = "strong"
    sample = "\xa1\xa2\xa3\xa4\xa5\xa6\x00\xb1\xb2\xb3"
  strings:
    $a = { A1 A2 A3 A4 A5 A6 ~B0 B1 B2 B3 }
  condition:
    $a
}

rule hex_negated_nibble {
  meta:
    plan = "strong"
    sample = "\xa1\xa2\xa3\xa4\xa5\xa6\xc1\xb1\xb2\xb3\xb4"
  strings:
    $a = { A1 A2 A3 A4 A5 A6 ~?0 B1 B2 B3 B4 }
    $b = { A1 A2 A3 A4 A5 A6 ~D? B1 B2 B3 B4 }
  condition:
    all of them
}

rule hex_jump_fixed {
  meta:
    plan = "strong"
    sample = "\xd1\xd2\xd3\xd4\xd5....\xe1\xe2\xe3\xe4"
  strings:
    $a = { D1 D2 D3 D4 D5 [4] E1 E2 E3 E4 }
  condition:
    $a
}

rule hex_jump_range {
  meta:
    plan = "strong"
    sample = "\xd1\xd2\xd3\xd4\xd5\xd6......\xe1\xe2\xe3\xe4"
  strings:
    $a = { D1 D2 D3 D4 D5 D6 [4-8] E1 E2 E3 E4 }
  condition:
    $a
}

rule hex_jump_open {
  meta:
    plan = "strong"
    sample = "\xd1\xd2\xd3\xd4\xd5\xd6..................\xe1\xe2\xe3\xe4"
  strings:
    $a = { D1 D2 D3 D4 D5 D6 [-] E1 E2 E3 E4 }
    $b = { D1 D2 D3 D4 D5 D6 [2-] E1 E2 E3 E4 }
    $c = { D1 D2 D3 D4 D5 D6 [0-20] E1 E2 E3 E4 }
  condition:
    all of them
}

rule hex_jump_long {
  meta:
    plan = "strong"
  strings:
    $a = { D1 D2 D3 D4 D5 D6 [100-300] E1 E2 E3 E4 }
  condition:
    $a
}

rule hex_alternatives {
  meta:
    plan = "strong"
    sample = "\xf1\xf2\xf3\xf4\x51\x52\xf5\xf6\xf7"
  strings:
    $a = { F1 F2 F3 F4 ( 51 52 | 61 | 71 ?? 73 ) F5 F6 F7 }
  condition:
    $a
}

rule hex_alternatives_nested {
  meta:
    plan = "strong"
    sample = "\xf1\xf2\xf3\xf4\x71\x82\xf5\xf6\xf7"
  strings:
    $a = { F1 F2 F3 F4 ( 51 | 71 ( 81 | 82 ) ) F5 F6 F7 }
  condition:
    $a
}

rule hex_alternatives_only {
  meta:
    plan = "weak"
    sample = "\x51\x52\x53\x54"
  strings:
    $a = { ( 51 52 53 54 | 61 62 63 64 ) }
  condition:
    $a
}

rule hex_masked_runs_of_three {
  meta:
    sample = "\xa1\xa2\xa3Q\xb1\xb2\xb3Q\xc1\xc2\xc3Q\xd1\xd2\xd3"
  strings:
    $a = { A1 A2 A3 ?? B1 B2 B3 ?? C1 C2 C3 ?? D1 D2 D3 }
  condition:
    $a
}
