// Every field, constant and function of the module string. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "string"

rule string_length__0 {
  condition:
    string.length("mews") == 7
}

rule string_to_int__0 {
  condition:
    string.to_int("mews", 7) == 7
}

rule string_to_int__1 {
  condition:
    string.to_int("mews") == 7
}
