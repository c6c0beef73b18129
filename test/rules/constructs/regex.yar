// Regular expressions.

rule regex_literal {
  meta:
    plan = "strong"
    sample = "a regexliteral here"
  strings:
    $a = /regexliteral/
  condition:
    $a
}

rule regex_inner_literal {
  meta:
    plan = "strong"
    sample = "x12 innerliteral 99"
  strings:
    $a = /[a-z]\d+\s+innerliteral\s+\d{2,4}/
  condition:
    $a
}

rule regex_classes {
  meta:
    plan = "weak"
    sample = "key=DEADbeef42"
  strings:
    $a = /key=[0-9a-fA-F]{8,}\d\d/
    $b = /key=[^\s"']{4}beef\w\W?/
  condition:
    any of them
}

rule regex_alternation {
  meta:
    plan = "strong"
    sample = "run powershell now"
  strings:
    $a = /(powershell|cmdshell1|bashshell)( now| later)/
  condition:
    $a
}

rule regex_repeats {
  meta:
    plan = "strong"
    sample = "headabababtail-end"
  strings:
    $a = /head(ab){2,5}tail-end/
    $b = /head(ab)+tail-*end/
    $c = /head(ab)*?(cd)??tail.{0,3}?end/
  condition:
    all of them
}

rule regex_anchors {
  meta:
    plan = "strong"
    sample = "first words of all"
  strings:
    $a = /^first words/
    $b = /of all$/
    $c = /\bwords\b/
    $d = /f\Birst wo/
  condition:
    all of them
}

rule regex_nocase {
  meta:
    plan = "strong"
    sample = "MiXeD CaSe text"
  strings:
    $a = /mixed case/i
    $b = /mixed case/ nocase
    $c = /m[iy]xed ca.e TEXT/i
  condition:
    all of them
}

rule regex_wide {
  meta:
    plan = "strong"
    sample = "w\x00i\x00d\x00e\x00 \x00r\x00e\x00g\x00e\x00x\x001\x00"
  strings:
    $a = /wide regex\d/ wide
    $b = /WIDE regex\d/ wide ascii nocase
  condition:
    all of them
}

rule regex_dot_all {
  meta:
    plan = "strong"
    sample = "start1\nstop11"
  strings:
    $a = /start1.stop11/s
  condition:
    $a
}

rule regex_escapes {
  meta:
    plan = "strong"
    sample = "\x01\x02http://a.b/c?d=[e](f)\x7f"
  strings:
    $a = /\x01\x02http:\/\/a\.b\/c\?d=\[e\]\(f\)\x7f/
  condition:
    $a
}

rule regex_fullword {
  meta:
    plan = "strong"
    sample = " wordless12 "
  strings:
    $a = /wordless\d+/ fullword
  condition:
    $a
}

rule regex_flags_inside {
  meta:
    plan = "strong"
    sample = "INSIDEflags here"
  strings:
    $a = /(?i)insideFLAGS(?-i) here/
  condition:
    $a
}

rule regex_without_literal {
  meta:
    plan = "none"
    sample = "ab12cd"
  strings:
    $a = /[a-z]{2}[0-9]{2}[a-z]{2}/
  condition:
    $a
}

rule regex_in_condition {
  meta:
    plan = "none"
  condition:
    "some text" matches /s[aeiou]me/
}
