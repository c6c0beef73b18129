// Every field, constant and function of the module hash. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "hash"

rule hash_checksum32__0 {
  condition:
    hash.checksum32(7, 7) == 7
}

rule hash_checksum32__1 {
  condition:
    hash.checksum32("mews") == 7
}

rule hash_crc32__0 {
  condition:
    hash.crc32(7, 7) == 7
}

rule hash_crc32__1 {
  condition:
    hash.crc32("mews") == 7
}

rule hash_md5__0 {
  condition:
    hash.md5(7, 7) == "mews"
}

rule hash_md5__0__contains {
  condition:
    hash.md5(7, 7) icontains "mews is here"
}

rule hash_md5__1 {
  condition:
    hash.md5("mews") == "mews"
}

rule hash_md5__1__contains {
  condition:
    hash.md5("mews") icontains "mews is here"
}

rule hash_sha1__0 {
  condition:
    hash.sha1(7, 7) == "mews"
}

rule hash_sha1__0__contains {
  condition:
    hash.sha1(7, 7) icontains "mews is here"
}

rule hash_sha1__1 {
  condition:
    hash.sha1("mews") == "mews"
}

rule hash_sha1__1__contains {
  condition:
    hash.sha1("mews") icontains "mews is here"
}

rule hash_sha256__0 {
  condition:
    hash.sha256(7, 7) == "mews"
}

rule hash_sha256__0__contains {
  condition:
    hash.sha256(7, 7) icontains "mews is here"
}

rule hash_sha256__1 {
  condition:
    hash.sha256("mews") == "mews"
}

rule hash_sha256__1__contains {
  condition:
    hash.sha256("mews") icontains "mews is here"
}
