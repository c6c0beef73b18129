// Conditions over strings: presence, place, count, length, sets.

rule cond_and_or_not {
  meta:
    plan = "strong"
    sample = "alpha-string only"
  strings:
    $a = "alpha-string"
    $b = "beta-string"
    $c = "gamma-string"
  condition:
    $a and not $b and (not $c or $b)
}

rule cond_or_is_as_weak_as_its_weakest {
  meta:
    plan = "none"
    sample = "alpha-string"
  strings:
    $a = "alpha-string"
    $b = "xy"
  condition:
    $a or $b
}

rule cond_not_alone {
  meta:
    plan = "none"
    sample = "anything"
  strings:
    $a = "alpha-string"
  condition:
    not $a
}

rule cond_at {
  meta:
    plan = "strong"
    sample = "....place-string"
  strings:
    $a = "place-string"
  condition:
    $a at 4
}

rule cond_in {
  meta:
    plan = "strong"
    sample = "....place-string"
  strings:
    $a = "place-string"
  condition:
    $a in (2..filesize - 4)
}

rule cond_count {
  meta:
    plan = "strong"
    sample = "count-me count-me count-me"
  strings:
    $a = "count-me"
  condition:
    #a == 3 and #a > 2 and #a >= 1 and #a != 0 and #a in (0..10) == 2 and 2 < #a
}

rule cond_count_of_none {
  meta:
    plan = "none"
    sample = "nothing here"
  strings:
    $a = "count-me"
  condition:
    #a == 0 or #a < 5 or #a <= 2
}

rule cond_offset_and_length {
  meta:
    plan = "strong"
    sample = "..off-set and off-set"
  strings:
    $a = "off-set"
    $b = /off-set( and)?/
  condition:
    @a == 2 and @a[1] == 2 and @a[2] > @a[1] and !a == 7 and !b[1] >= 7
}

rule cond_any_of_them {
  meta:
    plan = "strong"
    sample = "second-choice"
  strings:
    $a = "first-choice"
    $b = "second-choice"
  condition:
    any of them
}

rule cond_all_of_them {
  meta:
    plan = "strong"
    sample = "first-choice second-choice"
  strings:
    $a = "first-choice"
    $b = "second-choice"
  condition:
    all of them
}

rule cond_none_of_them {
  meta:
    plan = "none"
    sample = "neither"
  strings:
    $a = "first-choice"
    $b = "second-choice"
  condition:
    none of them
}

rule cond_of_prefix {
  meta:
    plan = "strong"
    sample = "pre-one pre-two"
  strings:
    $p1 = "pre-one"
    $p2 = "pre-two"
    $p3 = "pre-three"
    $q1 = "other"
  condition:
    2 of ($p*) and not $q1
}

rule cond_of_list {
  meta:
    plan = "strong"
    sample = "list-one list-three"
  strings:
    $a = "list-one"
    $b = "list-two"
    $c = "list-three"
  condition:
    2 of ($a, $b, $c) and any of ($b, $c)
}

rule cond_percent {
  meta:
    plan = "strong"
    sample = "part-one part-two"
  strings:
    $a = "part-one"
    $b = "part-two"
    $c = "part-three"
    $d = "part-four"
  condition:
    50% of them
}

rule cond_of_at_and_in {
  meta:
    plan = "strong"
    sample = "zero-place and then-some"
  strings:
    $a = "zero-place"
    $b = "then-some"
  condition:
    any of them at 0 and all of them in (0..100)
}

rule cond_min_with_weak_members {
  meta:
    plan = "strong"
    sample = "long-member-1 long-member-2 ab"
  strings:
    $a = "long-member-1"
    $b = "long-member-2"
    $c = "ab"
  condition:
    2 of them
}

rule cond_min_below_weak_members {
  meta:
    plan = "none"
    sample = "ab"
  strings:
    $a = "long-member-1"
    $b = "long-member-2"
    $c = "ab"
  condition:
    1 of them
}

rule cond_of_booleans {
  meta:
    plan = "strong"
    sample = "true-one true-two"
  strings:
    $a = "true-one"
    $b = "true-two"
  condition:
    2 of ($a, $b) and any of (false, filesize > 3, $b)
}

rule cond_anonymous {
  meta:
    plan = "strong"
    sample = "no-name-2"
  strings:
    $ = "no-name-1"
    $ = "no-name-2"
  condition:
    any of them
}

rule cond_unreferenced {
  meta:
    plan = "strong"
    sample = "referenced-string"
  strings:
    $a = "referenced-string"
    $_unused = "never-used-string"
  condition:
    $a
}

rule cond_constants {
  meta:
    plan = "strong"
    sample = "constant-folded"
  strings:
    $a = "constant-folded"
  condition:
    (false or $a) and true and 2 + 2 == 4 and not false
}

rule cond_true {
  meta:
    plan = "none"
    sample = "anything"
  condition:
    true
}

rule cond_false {
  meta:
    plan = "strong"
  condition:
    false
}

rule cond_defined {
  meta:
    plan = "none"
    sample = "anything that is long enough"
  condition:
    defined uint32(4) and not defined uint32(filesize)
}
