// Every field, constant and function of the module elf. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "elf"

rule elf__constants_0 {
  condition:
    for any x0 in (elf.ET_NONE, elf.ET_REL, elf.ET_EXEC, elf.ET_DYN, elf.ET_CORE, elf.ET_LOPROC, elf.ET_HIPROC, elf.EM_NONE, elf.EM_M32, elf.EM_SPARC, elf.EM_386, elf.EM_68K, elf.EM_88K, elf.EM_IAMCU, elf.EM_860, elf.EM_MIPS, elf.EM_S370, elf.EM_MIPS_RS3_LE, elf.EM_PARISC, elf.EM_SPARC32PLUS, elf.EM_PPC, elf.EM_PPC64, elf.EM_S390, elf.EM_MCORE, elf.EM_RCE, elf.EM_ARM, elf.EM_SH, elf.EM_SPARCV9, elf.EM_X86_64, elf.EM_ARC_COMPACT, elf.EM_AARCH64, elf.EM_BPF, elf.EM_LOONGARCH, elf.OSABI_NONE, elf.OSABI_HPUX, elf.OSABI_NETBSD, elf.OSABI_LINUX, elf.OSABI_GNU_HURD, elf.OSABI_SOLARIS, elf.OSABI_AIX, elf.OSABI_IRIX, elf.OSABI_FREE_BSD, elf.OSABI_TRU64, elf.OSABI_MODESTO, elf.OSABI_OPENBSD, elf.OSABI_OPENVMS, elf.OSABI_NSK, elf.OSABI_AROS, elf.OSABI_FENIXOS, elf.OSABI_CLOUDABI, elf.OSABI_OPENVOS, elf.OSABI_ARM_AEABI, elf.OSABI_ARM, elf.OSABI_STANDALONE, elf.SHT_NULL, elf.SHT_PROGBITS, elf.SHT_SYMTAB, elf.SHT_STRTAB, elf.SHT_RELA, elf.SHT_HASH) : ( x0 == filesize )
}

rule elf__constants_1 {
  condition:
    for any x0 in (elf.SHT_DYNAMIC, elf.SHT_NOTE, elf.SHT_NOBITS, elf.SHT_REL, elf.SHT_SHLIB, elf.SHT_DYNSYM, elf.SHT_INIT_ARRAY, elf.SHT_FINI_ARRAY, elf.PT_NULL, elf.PT_LOAD, elf.PT_DYNAMIC, elf.PT_INTERP, elf.PT_NOTE, elf.PT_SHLIB, elf.PT_PHDR, elf.PT_TLS, elf.PT_GNU_EH_FRAME, elf.PT_GNU_STACK, elf.PT_GNU_RELRO, elf.PT_GNU_PROPERTY, elf.STT_NOTYPE, elf.STT_OBJECT, elf.STT_FUNC, elf.STT_SECTION, elf.STT_FILE, elf.STT_COMMON, elf.STT_TLS, elf.STB_LOCAL, elf.STB_GLOBAL, elf.STB_WEAK, elf.STV_DEFAULT, elf.STV_INTERNAL, elf.STV_HIDDEN, elf.STV_PROTECTED, elf.DT_NULL, elf.DT_NEEDED, elf.DT_PLTRELSZ, elf.DT_PLTGOT, elf.DT_HASH, elf.DT_STRTAB, elf.DT_SYMTAB, elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, elf.DT_STRSZ, elf.DT_SYMENT, elf.DT_INIT, elf.DT_FINI, elf.DT_SONAME, elf.DT_RPATH, elf.DT_SYMBOLIC, elf.DT_REL, elf.DT_RELSZ, elf.DT_RELENT, elf.DT_PLTREL, elf.DT_DEBUG, elf.DT_TEXTREL, elf.DT_JMPREL, elf.DT_BIND_NOW, elf.DT_INIT_ARRAY) : ( x0 == filesize )
}

rule elf__constants_2 {
  condition:
    for any x0 in (elf.DT_FINI_ARRAY, elf.DT_INIT_ARRAYSZ, elf.DT_FINI_ARRAYSZ, elf.DT_RUNPATH, elf.DT_FLAGS, elf.DT_ENCODING, elf.DT_LOOS, elf.DT_HIOS, elf.DT_VALRNGLO, elf.DT_VALRNGHI, elf.DT_ADDRRNGLO, elf.DT_ADDRRNGHI, elf.DT_VERSYM, elf.DT_RELACOUNT, elf.DT_RELCOUNT, elf.DT_FLAGS_1, elf.DT_VERDEF, elf.DT_VERDEFNUM, elf.DT_VERNEED, elf.DT_VERNEEDNUM, elf.DT_LOPROC, elf.DT_HIPROC, elf.PF_X, elf.PF_W, elf.PF_R) : ( x0 == filesize )
}

rule elf_type {
  condition:
    elf.type == 7
}

rule elf_machine {
  condition:
    elf.machine == 7
}

rule elf_entry_point {
  condition:
    elf.entry_point == 7
}

rule elf_sh_offset {
  condition:
    elf.sh_offset == 7
}

rule elf_sh_entry_size {
  condition:
    elf.sh_entry_size == 7
}

rule elf_ph_offset {
  condition:
    elf.ph_offset == 7
}

rule elf_ph_entry_size {
  condition:
    elf.ph_entry_size == 7
}

rule elf_number_of_sections {
  condition:
    elf.number_of_sections == 7
}

rule elf_number_of_segments {
  condition:
    elf.number_of_segments == 7
}

rule elf_symtab_entries {
  condition:
    elf.symtab_entries == 7
}

rule elf_dynsym_entries {
  condition:
    elf.dynsym_entries == 7
}

rule elf_dynamic_section_entries {
  condition:
    elf.dynamic_section_entries == 7
}

rule elf_sections__len {
  condition:
    elf.sections.len() == 7
}

rule elf_sections_type {
  condition:
    for any x0 in elf.sections : ( x0.type == 7 )
}

rule elf_sections_flags {
  condition:
    for any x0 in elf.sections : ( x0.flags == 7 )
}

rule elf_sections_address {
  condition:
    for any x0 in elf.sections : ( x0.address == 7 )
}

rule elf_sections_size {
  condition:
    for any x0 in elf.sections : ( x0.size == 7 )
}

rule elf_sections_offset {
  condition:
    for any x0 in elf.sections : ( x0.offset == 7 )
}

rule elf_sections_name {
  condition:
    for any x0 in elf.sections : ( x0.name == "mews" )
}

rule elf_sections_name__contains {
  condition:
    for any x0 in elf.sections : ( x0.name icontains "mews is here" )
}

rule elf_segments__len {
  condition:
    elf.segments.len() == 7
}

rule elf_segments_type {
  condition:
    for any x0 in elf.segments : ( x0.type == 7 )
}

rule elf_segments_flags {
  condition:
    for any x0 in elf.segments : ( x0.flags == 7 )
}

rule elf_segments_offset {
  condition:
    for any x0 in elf.segments : ( x0.offset == 7 )
}

rule elf_segments_virtual_address {
  condition:
    for any x0 in elf.segments : ( x0.virtual_address == 7 )
}

rule elf_segments_physical_address {
  condition:
    for any x0 in elf.segments : ( x0.physical_address == 7 )
}

rule elf_segments_file_size {
  condition:
    for any x0 in elf.segments : ( x0.file_size == 7 )
}

rule elf_segments_memory_size {
  condition:
    for any x0 in elf.segments : ( x0.memory_size == 7 )
}

rule elf_segments_alignment {
  condition:
    for any x0 in elf.segments : ( x0.alignment == 7 )
}

rule elf_symtab__len {
  condition:
    elf.symtab.len() == 7
}

rule elf_symtab_name {
  condition:
    for any x0 in elf.symtab : ( x0.name == "mews" )
}

rule elf_symtab_name__contains {
  condition:
    for any x0 in elf.symtab : ( x0.name icontains "mews is here" )
}

rule elf_symtab_value {
  condition:
    for any x0 in elf.symtab : ( x0.value == 7 )
}

rule elf_symtab_size {
  condition:
    for any x0 in elf.symtab : ( x0.size == 7 )
}

rule elf_symtab_type {
  condition:
    for any x0 in elf.symtab : ( x0.type == 7 )
}

rule elf_symtab_bind {
  condition:
    for any x0 in elf.symtab : ( x0.bind == 7 )
}

rule elf_symtab_shndx {
  condition:
    for any x0 in elf.symtab : ( x0.shndx == 7 )
}

rule elf_symtab_visibility {
  condition:
    for any x0 in elf.symtab : ( x0.visibility == 7 )
}

rule elf_dynsym__len {
  condition:
    elf.dynsym.len() == 7
}

rule elf_dynsym_name {
  condition:
    for any x0 in elf.dynsym : ( x0.name == "mews" )
}

rule elf_dynsym_name__contains {
  condition:
    for any x0 in elf.dynsym : ( x0.name icontains "mews is here" )
}

rule elf_dynsym_value {
  condition:
    for any x0 in elf.dynsym : ( x0.value == 7 )
}

rule elf_dynsym_size {
  condition:
    for any x0 in elf.dynsym : ( x0.size == 7 )
}

rule elf_dynsym_type {
  condition:
    for any x0 in elf.dynsym : ( x0.type == 7 )
}

rule elf_dynsym_bind {
  condition:
    for any x0 in elf.dynsym : ( x0.bind == 7 )
}

rule elf_dynsym_shndx {
  condition:
    for any x0 in elf.dynsym : ( x0.shndx == 7 )
}

rule elf_dynsym_visibility {
  condition:
    for any x0 in elf.dynsym : ( x0.visibility == 7 )
}

rule elf_dynamic__len {
  condition:
    elf.dynamic.len() == 7
}

rule elf_dynamic_type {
  condition:
    for any x0 in elf.dynamic : ( x0.type == 7 )
}

rule elf_dynamic_val {
  condition:
    for any x0 in elf.dynamic : ( x0.val == 7 )
}

rule elf_osabi {
  condition:
    elf.osabi == 7
}

rule elf_import_md5__0 {
  condition:
    elf.import_md5() == "mews"
}

rule elf_import_md5__0__contains {
  condition:
    elf.import_md5() icontains "mews is here"
}

rule elf_telfhash__0 {
  condition:
    elf.telfhash() == "mews"
}

rule elf_telfhash__0__contains {
  condition:
    elf.telfhash() icontains "mews is here"
}
