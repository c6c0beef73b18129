// for, with, and what they bind.

rule loop_strings {
  meta:
    plan = "strong"
    sample = "loop-one twice loop-one; loop-two loop-two"
  strings:
    $a = "loop-one"
    $b = "loop-two"
  condition:
    for all of ($a, $b) : ( # > 1 and @ < 100 and ! == 8 and $ in (0..filesize) )
}

rule loop_any_string {
  meta:
    plan = "strong"
    sample = "loop-two"
  strings:
    $a = "loop-one"
    $b = "loop-two"
  condition:
    for any of them : ( $ at 0 )
}

rule loop_percent {
  meta:
    plan = "strong"
    sample = "loop-one loop-two"
  strings:
    $a = "loop-one"
    $b = "loop-two"
    $c = "loop-three"
    $d = "loop-four"
  condition:
    for 50% of them : ( $ )
}

rule loop_none {
  meta:
    plan = "none"
    sample = "anything"
  strings:
    $a = "loop-one"
  condition:
    for none of them : ( $ )
}

rule loop_range {
  meta:
    plan = "strong"
    sample = "range-string"
  strings:
    $a = "range-string"
  condition:
    for any i in (1..#a) : ( @a[i] < 10 and $a )
}

rule loop_numbers {
  meta:
    plan = "strong"
    sample = "number-string"
  strings:
    $a = "number-string"
  condition:
    for all n in (0, 6) : ( n < 10 and $a ) and for 2 k in (1, 2, 3) : ( k >= 2 )
}

rule loop_texts {
  meta:
    plan = "metadata"
  condition:
    for any s in ("one", "two") : ( s == "two" and filesize == 0 )
}

rule loop_nested {
  meta:
    plan = "strong"
    sample = "nested-string nested-string"
  strings:
    $a = "nested-string"
  condition:
    for any i in (1..#a) : ( for any j in (1..#a) : ( @a[i] + 14 == @a[j] and $a ) )
}

rule with_number {
  meta:
    plan = "strong"
    sample = "with-string"
  strings:
    $a = "with-string"
  condition:
    with n = filesize : ( n > 4 and $a )
}

rule with_two {
  meta:
    plan = "strong"
    sample = "with-string-2"
  strings:
    $a = "with-string-2"
  condition:
    with low = 0, high = low + 100 : ( $a in (low..high) )
}
