// A global rule holds for all rules of its file.

global rule global_size {
  meta:
    plan = "strong"
    sample = "a small file with the-global-marker"
  condition:
    filesize < 1MB
}

global private rule global_marker {
  meta:
    plan = "strong"
    sample = "the-global-marker"
  strings:
    $a = "the-global-marker"
  condition:
    $a
}

rule global_helps {
  meta:
    plan = "strong"
    sample = "x: the-global-marker"
  strings:
    $a = "x"
  condition:
    $a
}

rule global_helps_a_constant {
  meta:
    plan = "strong"
    sample = "the-global-marker"
  condition:
    true
}
