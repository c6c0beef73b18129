// What rules ask of the modules, as they usually ask it. Every field and function
// of every module stands in ../modules.
import "pe"
import "elf"
import "macho"
import "dotnet"
import "dex"
import "lnk"
import "hash"
import "math"
import "string"
import "time"

rule pe_with_string {
  meta:
    plan = "strong"
  strings:
    $a = "string-in-a-program"
  condition:
    pe.is_pe and pe.number_of_sections > 2 and $a
}

rule pe_imphash {
  condition:
    pe.imphash() == "F34D5F2D4577ED6D9CEEC516C1F5A744"
}

rule pe_imports {
  meta:
    plan = "strong"
  condition:
    pe.imports("kernel32.dll", "VirtualAllocEx") and pe.imports("wininet.dll") and not pe.imports(/ws2/i, /connect/)
}

rule pe_exports {
  meta:
    plan = "strong"
  condition:
    pe.exports("DllRegisterServer") or pe.exports("ServiceMainOfThisLibrary")
}

rule pe_sections {
  meta:
    plan = "strong"
  condition:
    for any s in pe.sections : ( s.name == ".packedx" and s.raw_data_size == 0 and s.characteristics & pe.SECTION_MEM_EXECUTE != 0 )
}

rule pe_section_by_number {
  meta:
    plan = "strong"
  condition:
    pe.sections[0].name == ".packedx" or pe.sections[pe.section_index(".packedy") + 0].name == ".packedy"
}

rule pe_certificate {
  meta:
    plan = "strong"
  condition:
    for any sig in pe.signatures : ( sig.serial == "01:02:03:04:05:06:07:08" and sig.issuer contains "Some Authority" )
}

rule pe_version_info {
  meta:
    plan = "strong"
  condition:
    pe.version_info["CompanyName"] contains "Some Company" and pe.version_info["OriginalFilename"] == "program.exe"
}

rule pe_pdb {
  meta:
    plan = "strong"
  condition:
    pe.pdb_path icontains "\\some\\project\\release"
}

rule pe_rich_and_overlay {
  condition:
    pe.rich_signature.toolid(170, 40219) > 0 and pe.rich_signature.version(21022) > 0 and pe.overlay.size > 100
}

rule pe_numbers {
  condition:
    pe.machine == pe.MACHINE_AMD64 and pe.subsystem == pe.SUBSYSTEM_WINDOWS_GUI and pe.characteristics & pe.DLL != 0 and
    pe.entry_point == 0x1000 and pe.timestamp > 1600000000 and pe.is_dll() and pe.is_64bit() and not pe.is_32bit() and
    pe.calculate_checksum() != pe.checksum and pe.rva_to_offset(4096) == 1024 and pe.offset_to_rva(1024) == 4096
}

rule pe_resources {
  condition:
    for any r in pe.resources : ( r.type == pe.RESOURCE_TYPE_RCDATA and r.length > 1000 ) and pe.locale(0x0409) and pe.language(0x09)
}

rule elf_fields {
  condition:
    elf.type == elf.ET_EXEC and elf.machine == elf.EM_X86_64 and elf.number_of_sections > 0 and
    for any s in elf.sections : ( s.name == ".notes" and s.type == elf.SHT_PROGBITS )
}

rule elf_hashes {
  condition:
    elf.import_md5() == "0123456789abcdef0123456789abcdef" or elf.telfhash() == "t1"
}

rule macho_fields {
  condition:
    macho.filetype == macho.MH_EXECUTE or macho.has_dylib("/usr/lib/libobjc.A.dylib") or macho.has_entitlement("com.apple.x") or
    macho.has_rpath("@loader_path") or macho.has_import("_ptrace") or macho.has_export("_main") or macho.dylib_hash() == "0"
}

rule dotnet_fields {
  condition:
    dotnet.is_dotnet and dotnet.module_name == "Program.exe" and dotnet.version == "v4.0.30319" and
    for any u in dotnet.user_strings : ( u == "x" ) and for any g in dotnet.guids : ( g == "00000000-0000-0000-0000-000000000000" )
}

rule dex_fields {
  condition:
    dex.is_dex and dex.contains_string("Landroid/app/Activity;") and dex.contains_class("LMain;") and dex.contains_method("onCreate")
}

rule lnk_fields {
  condition:
    lnk.is_lnk and lnk.cmd_line_args contains "-enc" and lnk.relative_path contains "cmd.exe"
}

rule hash_of_the_file {
  meta:
    plan = "strong"
  condition:
    hash.sha256(0, filesize) == "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD" or
    hash.md5(0, filesize) == "900150983cd24fb0d6963f7d28e17f72" or
    hash.sha1(0, filesize) == "a9993e364706816aba3e25717850c26c9cd0d89d"
}

rule hash_of_a_part {
  meta:
    plan = "none"
    sample = "abcdef"
  condition:
    hash.md5(0, 3) == "900150983cd24fb0d6963f7d28e17f72" and hash.crc32(0, 3) == 0x352441c2 and hash.checksum32("abc") == 294
}

rule math_functions {
  meta:
    plan = "none"
    sample = "aaaaaaaaaabbbbbbbbbbaaaaaaaaaa"
  condition:
    math.entropy(0, filesize) < 2.0 and math.mean("abc") > 90.0 and math.deviation(0, filesize, 97.5) < 10.0 and
    math.max(1, 2) == 2 and math.min(1, 2) == 1 and math.abs(-3) == 3 and math.in_range(1.5, 1.0, 2.0) and
    math.count(0x61, 0, filesize) == 20 and math.percentage(0x62) > 0.3 and math.mode() == 0x61 and
    math.to_number(true) == 1 and math.to_string(255, 16) == "ff" and math.monte_carlo_pi(0, filesize) >= 0.0 and
    math.serial_correlation(0, filesize) >= -2.0
}

rule string_functions {
  meta:
    plan = "none"
    sample = "anything"
  condition:
    string.length("abc") == 3 and string.to_int("1234") == 1234 and string.to_int("ff", 16) == 255
}

rule time_function {
  meta:
    plan = "none"
    sample = "anything"
  condition:
    time.now() > 1600000000
}
