// Every field, constant and function of the module time. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "time"

rule time_now__0 {
  condition:
    time.now() == 7
}
