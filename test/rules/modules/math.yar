// Every field, constant and function of the module math. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "math"

rule math_abs__0 {
  condition:
    math.abs(7) == 7
}

rule math_count__0 {
  condition:
    math.count(7, 7, 7) == 7
}

rule math_count__1 {
  condition:
    math.count(7) == 7
}

rule math_deviation__0 {
  condition:
    math.deviation(7, 7, 0.5) > 0.5
}

rule math_deviation__1 {
  condition:
    math.deviation("mews", 0.5) > 0.5
}

rule math_entropy__0 {
  condition:
    math.entropy(7, 7) > 0.5
}

rule math_entropy__1 {
  condition:
    math.entropy("mews") > 0.5
}

rule math_in_range__0 {
  condition:
    math.in_range(0.5, 0.5, 0.5)
}

rule math_in_range__1 {
  condition:
    math.in_range(7, 7, 7)
}

rule math_max__0 {
  condition:
    math.max(7, 7) == 7
}

rule math_mean__0 {
  condition:
    math.mean(7, 7) > 0.5
}

rule math_mean__1 {
  condition:
    math.mean("mews") > 0.5
}

rule math_min__0 {
  condition:
    math.min(7, 7) == 7
}

rule math_mode__0 {
  condition:
    math.mode() == 7
}

rule math_mode__1 {
  condition:
    math.mode(7, 7) == 7
}

rule math_monte_carlo_pi__0 {
  condition:
    math.monte_carlo_pi(7, 7) > 0.5
}

rule math_monte_carlo_pi__1 {
  condition:
    math.monte_carlo_pi("mews") > 0.5
}

rule math_percentage__0 {
  condition:
    math.percentage(7, 7, 7) > 0.5
}

rule math_percentage__1 {
  condition:
    math.percentage(7) > 0.5
}

rule math_serial_correlation__0 {
  condition:
    math.serial_correlation(7, 7) > 0.5
}

rule math_serial_correlation__1 {
  condition:
    math.serial_correlation("mews") > 0.5
}

rule math_to_number__0 {
  condition:
    math.to_number(true) == 7
}

rule math_to_string__0 {
  condition:
    math.to_string(7, 7) == "mews"
}

rule math_to_string__0__contains {
  condition:
    math.to_string(7, 7) icontains "mews is here"
}

rule math_to_string__1 {
  condition:
    math.to_string(7) == "mews"
}

rule math_to_string__1__contains {
  condition:
    math.to_string(7) icontains "mews is here"
}
