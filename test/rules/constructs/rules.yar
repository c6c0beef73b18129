// Rules that build on others: references, private rules, tags, metadata.

private rule ref_base {
  meta:
    plan = "strong"
    sample = "base-string"
  strings:
    $a = "base-string"
  condition:
    $a
}

rule ref_uses_base : first second {
  meta:
    plan = "strong"
    sample = "base-string"
    number = 7
    negative = -7
    flag = true
    ratio = 1.5
  condition:
    ref_base
}

rule ref_excludes_base {
  meta:
    plan = "none"
    sample = "anything"
  condition:
    not ref_base
}

rule ref_narrows_base {
  meta:
    plan = "strong"
    sample = "base-string and narrow-string"
  strings:
    $b = "narrow-string"
  condition:
    ref_base and $b
}

rule ref_any_of_rules {
  meta:
    plan = "strong"
    sample = "base-string"
  condition:
    any of (ref_base, ref_narrows_base)
}

rule ref_chain {
  meta:
    plan = "strong"
    sample = "base-string"
  condition:
    ref_uses_base and ref_any_of_rules
}
