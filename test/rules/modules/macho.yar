// Every field, constant and function of the module macho. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "macho"

rule macho__constants_0 {
  condition:
    for any x0 in (macho.MACOSX, macho.IPHONEOS, macho.TVOS, macho.WATCHOS, macho.MH_MAGIC, macho.MH_CIGAM, macho.MH_MAGIC_64, macho.MH_CIGAM_64, macho.FAT_MAGIC, macho.FAT_CIGAM, macho.FAT_MAGIC_64, macho.FAT_CIGAM_64, macho.CPU_ARCH_ABI64, macho.CPU_SUBTYPE_LIB64, macho.CPU_TYPE_MC680X0, macho.CPU_TYPE_X86, macho.CPU_TYPE_X86_64, macho.CPU_TYPE_MIPS, macho.CPU_TYPE_MC98000, macho.CPU_TYPE_ARM, macho.CPU_TYPE_ARM64, macho.CPU_TYPE_MC88000, macho.CPU_TYPE_SPARC, macho.CPU_TYPE_POWERPC, macho.CPU_TYPE_POWERPC64, macho.CPU_TYPE_I386, macho.CPU_SUBTYPE_INTEL_MODEL_ALL, macho.CPU_SUBTYPE_386, macho.CPU_SUBTYPE_486, macho.CPU_SUBTYPE_486SX, macho.CPU_SUBTYPE_586, macho.CPU_SUBTYPE_CELERON, macho.CPU_SUBTYPE_CELERON_MOBILE, macho.CPU_SUBTYPE_ITANIUM, macho.CPU_SUBTYPE_ITANIUM_2, macho.CPU_SUBTYPE_XEON, macho.CPU_SUBTYPE_XEON_MP, macho.CPU_SUBTYPE_I386_ALL, macho.CPU_SUBTYPE_X86_64_ALL, macho.CPU_SUBTYPE_PENT, macho.CPU_SUBTYPE_PENTPRO, macho.CPU_SUBTYPE_PENTII_M3, macho.CPU_SUBTYPE_PENTII_M5, macho.CPU_SUBTYPE_PENTIUM_3, macho.CPU_SUBTYPE_PENTIUM_3_M, macho.CPU_SUBTYPE_PENTIUM_3_XEON, macho.CPU_SUBTYPE_PENTIUM_M, macho.CPU_SUBTYPE_PENTIUM_4, macho.CPU_SUBTYPE_PENTIUM_4_M, macho.CPU_SUBTYPE_ARM_ALL, macho.CPU_SUBTYPE_ARM_V4T, macho.CPU_SUBTYPE_ARM_V6, macho.CPU_SUBTYPE_ARM_V5, macho.CPU_SUBTYPE_ARM_XSCALE, macho.CPU_SUBTYPE_ARM_V7, macho.CPU_SUBTYPE_ARM_V7F, macho.CPU_SUBTYPE_ARM_V7S, macho.CPU_SUBTYPE_ARM_V7K, macho.CPU_SUBTYPE_ARM_V6M, macho.CPU_SUBTYPE_ARM_V7M) : ( x0 == filesize )
}

rule macho__constants_1 {
  condition:
    for any x0 in (macho.CPU_SUBTYPE_ARM_V7EM, macho.CPU_SUBTYPE_ARM_V5TEJ, macho.CPU_SUBTYPE_ARM64_ALL, macho.CPU_SUBTYPE_SPARC_ALL, macho.CPU_SUBTYPE_POWERPC_ALL, macho.CPU_SUBTYPE_POWERPC_601, macho.CPU_SUBTYPE_POWERPC_602, macho.CPU_SUBTYPE_POWERPC_603, macho.CPU_SUBTYPE_POWERPC_603e, macho.CPU_SUBTYPE_POWERPC_603ev, macho.CPU_SUBTYPE_POWERPC_604, macho.CPU_SUBTYPE_POWERPC_604e, macho.CPU_SUBTYPE_POWERPC_620, macho.CPU_SUBTYPE_POWERPC_750, macho.CPU_SUBTYPE_POWERPC_7400, macho.CPU_SUBTYPE_POWERPC_7450, macho.CPU_SUBTYPE_POWERPC_970, macho.CPU_SUBTYPE_MC980000_ALL, macho.CPU_SUBTYPE_MC98601, macho.MH_OBJECT, macho.MH_EXECUTE, macho.MH_FVMLIB, macho.MH_CORE, macho.MH_PRELOAD, macho.MH_DYLIB, macho.MH_DYLINKER, macho.MH_BUNDLE, macho.MH_DYLIB_STUB, macho.MH_DSYM, macho.MH_KEXT_BUNDLE, macho.MH_NOUNDEFS, macho.MH_INCRLINK, macho.MH_DYLDLINK, macho.MH_BINDATLOAD, macho.MH_PREBOUND, macho.MH_SPLIT_SEGS, macho.MH_LAZY_INIT, macho.MH_TWOLEVEL, macho.MH_FORCE_FLAT, macho.MH_NOMULTIDEFS, macho.MH_NOFIXPREBINDING, macho.MH_PREBINDABLE, macho.MH_ALLMODSBOUND, macho.MH_SUBSECTIONS_VIA_SYMBOLS, macho.MH_CANONICAL, macho.MH_WEAK_DEFINES, macho.MH_BINDS_TO_WEAK, macho.MH_ALLOW_STACK_EXECUTION, macho.MH_ROOT_SAFE, macho.MH_SETUID_SAFE, macho.MH_NO_REEXPORTED_DYLIBS, macho.MH_PIE, macho.MH_DEAD_STRIPPABLE_DYLIB, macho.MH_HAS_TLV_DESCRIPTORS, macho.MH_NO_HEAP_EXECUTION, macho.MH_APP_EXTENSION_SAFE, macho.SG_HIGHVM, macho.SG_FVMLIB, macho.SG_NORELOC, macho.SG_PROTECTED_VERSION_1) : ( x0 == filesize )
}

rule macho__constants_2 {
  condition:
    for any x0 in (macho.SECTION_TYPE, macho.SECTION_ATTRIBUTES, macho.S_REGULAR, macho.S_ZEROFILL, macho.S_CSTRING_LITERALS, macho.S_4BYTE_LITERALS, macho.S_8BYTE_LITERALS, macho.S_LITERAL_POINTERS, macho.S_NON_LAZY_SYMBOL_POINTERS, macho.S_LAZY_SYMBOL_POINTERS, macho.S_SYMBOL_STUBS, macho.S_MOD_INIT_FUNC_POINTERS, macho.S_MOD_TERM_FUNC_POINTERS, macho.S_COALESCED, macho.S_GB_ZEROFILL, macho.S_INTERPOSING, macho.S_16BYTE_LITERALS, macho.S_DTRACE_DOF, macho.S_LAZY_DYLIB_SYMBOL_POINTERS, macho.S_THREAD_LOCAL_REGULAR, macho.S_THREAD_LOCAL_ZEROFILL, macho.S_THREAD_LOCAL_VARIABLES, macho.S_THREAD_LOCAL_VARIABLE_POINTERS, macho.S_THREAD_LOCAL_INIT_FUNCTION_POINTERS, macho.S_ATTR_PURE_INSTRUCTIONS, macho.S_ATTR_NO_TOC, macho.S_ATTR_STRIP_STATIC_SYMS, macho.S_ATTR_NO_DEAD_STRIP, macho.S_ATTR_LIVE_SUPPORT, macho.S_ATTR_SELF_MODIFYING_CODE, macho.S_ATTR_DEBUG, macho.S_ATTR_SOME_INSTRUCTIONS, macho.S_ATTR_EXT_RELOC, macho.S_ATTR_LOC_RELOC) : ( x0 == filesize )
}

rule macho_magic {
  condition:
    macho.magic == 7
}

rule macho_cputype {
  condition:
    macho.cputype == 7
}

rule macho_cpusubtype {
  condition:
    macho.cpusubtype == 7
}

rule macho_filetype {
  condition:
    macho.filetype == 7
}

rule macho_ncmds {
  condition:
    macho.ncmds == 7
}

rule macho_sizeofcmds {
  condition:
    macho.sizeofcmds == 7
}

rule macho_flags {
  condition:
    macho.flags == 7
}

rule macho_reserved {
  condition:
    macho.reserved == 7
}

rule macho_number_of_segments {
  condition:
    macho.number_of_segments == 7
}

rule macho_dynamic_linker {
  condition:
    macho.dynamic_linker == "mews"
}

rule macho_dynamic_linker__contains {
  condition:
    macho.dynamic_linker icontains "mews is here"
}

rule macho_entry_point {
  condition:
    macho.entry_point == 7
}

rule macho_stack_size {
  condition:
    macho.stack_size == 7
}

rule macho_source_version {
  condition:
    macho.source_version == "mews"
}

rule macho_source_version__contains {
  condition:
    macho.source_version icontains "mews is here"
}

rule macho_symtab_symoff {
  condition:
    macho.symtab.symoff == 7
}

rule macho_symtab_nsyms {
  condition:
    macho.symtab.nsyms == 7
}

rule macho_symtab_stroff {
  condition:
    macho.symtab.stroff == 7
}

rule macho_symtab_strsize {
  condition:
    macho.symtab.strsize == 7
}

rule macho_symtab_entries__len {
  condition:
    macho.symtab.entries.len() == 7
}

rule macho_symtab_entries {
  condition:
    for any x0 in macho.symtab.entries : ( x0 == "mews" )
}

rule macho_symtab_entries__contains {
  condition:
    for any x0 in macho.symtab.entries : ( x0 icontains "mews is here" )
}

rule macho_symtab_nlists__len {
  condition:
    macho.symtab.nlists.len() == 7
}

rule macho_symtab_nlists_n_strx {
  condition:
    for any x0 in macho.symtab.nlists : ( x0.n_strx == 7 )
}

rule macho_symtab_nlists_n_type {
  condition:
    for any x0 in macho.symtab.nlists : ( x0.n_type == 7 )
}

rule macho_symtab_nlists_n_sect {
  condition:
    for any x0 in macho.symtab.nlists : ( x0.n_sect == 7 )
}

rule macho_symtab_nlists_n_desc {
  condition:
    for any x0 in macho.symtab.nlists : ( x0.n_desc == 7 )
}

rule macho_symtab_nlists_n_value {
  condition:
    for any x0 in macho.symtab.nlists : ( x0.n_value == 7 )
}

rule macho_dysymtab_ilocalsym {
  condition:
    macho.dysymtab.ilocalsym == 7
}

rule macho_dysymtab_nlocalsym {
  condition:
    macho.dysymtab.nlocalsym == 7
}

rule macho_dysymtab_iextdefsym {
  condition:
    macho.dysymtab.iextdefsym == 7
}

rule macho_dysymtab_nextdefsym {
  condition:
    macho.dysymtab.nextdefsym == 7
}

rule macho_dysymtab_iundefsym {
  condition:
    macho.dysymtab.iundefsym == 7
}

rule macho_dysymtab_nundefsym {
  condition:
    macho.dysymtab.nundefsym == 7
}

rule macho_dysymtab_tocoff {
  condition:
    macho.dysymtab.tocoff == 7
}

rule macho_dysymtab_ntoc {
  condition:
    macho.dysymtab.ntoc == 7
}

rule macho_dysymtab_modtaboff {
  condition:
    macho.dysymtab.modtaboff == 7
}

rule macho_dysymtab_nmodtab {
  condition:
    macho.dysymtab.nmodtab == 7
}

rule macho_dysymtab_extrefsymoff {
  condition:
    macho.dysymtab.extrefsymoff == 7
}

rule macho_dysymtab_nextrefsyms {
  condition:
    macho.dysymtab.nextrefsyms == 7
}

rule macho_dysymtab_indirectsymoff {
  condition:
    macho.dysymtab.indirectsymoff == 7
}

rule macho_dysymtab_nindirectsyms {
  condition:
    macho.dysymtab.nindirectsyms == 7
}

rule macho_dysymtab_extreloff {
  condition:
    macho.dysymtab.extreloff == 7
}

rule macho_dysymtab_nextrel {
  condition:
    macho.dysymtab.nextrel == 7
}

rule macho_dysymtab_locreloff {
  condition:
    macho.dysymtab.locreloff == 7
}

rule macho_dysymtab_nlocrel {
  condition:
    macho.dysymtab.nlocrel == 7
}

rule macho_code_signature_data_dataoff {
  condition:
    macho.code_signature_data.dataoff == 7
}

rule macho_code_signature_data_datasize {
  condition:
    macho.code_signature_data.datasize == 7
}

rule macho_segments__len {
  condition:
    macho.segments.len() == 7
}

rule macho_segments_segname {
  condition:
    for any x0 in macho.segments : ( x0.segname == "mews" )
}

rule macho_segments_segname__contains {
  condition:
    for any x0 in macho.segments : ( x0.segname icontains "mews is here" )
}

rule macho_segments_vmaddr {
  condition:
    for any x0 in macho.segments : ( x0.vmaddr == 7 )
}

rule macho_segments_vmsize {
  condition:
    for any x0 in macho.segments : ( x0.vmsize == 7 )
}

rule macho_segments_fileoff {
  condition:
    for any x0 in macho.segments : ( x0.fileoff == 7 )
}

rule macho_segments_maxprot {
  condition:
    for any x0 in macho.segments : ( x0.maxprot == 7 )
}

rule macho_segments_initprot {
  condition:
    for any x0 in macho.segments : ( x0.initprot == 7 )
}

rule macho_segments_nsects {
  condition:
    for any x0 in macho.segments : ( x0.nsects == 7 )
}

rule macho_segments_flags {
  condition:
    for any x0 in macho.segments : ( x0.flags == 7 )
}

rule macho_segments_sections__len {
  condition:
    for any x0 in macho.segments : ( x0.sections.len() == 7 )
}

rule macho_segments_sections_segname {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.segname == "mews" ) )
}

rule macho_segments_sections_segname__contains {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.segname icontains "mews is here" ) )
}

rule macho_segments_sections_sectname {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.sectname == "mews" ) )
}

rule macho_segments_sections_sectname__contains {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.sectname icontains "mews is here" ) )
}

rule macho_segments_sections_addr {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.addr == 7 ) )
}

rule macho_segments_sections_size {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.size == 7 ) )
}

rule macho_segments_sections_offset {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.offset == 7 ) )
}

rule macho_segments_sections_align {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.align == 7 ) )
}

rule macho_segments_sections_reloff {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.reloff == 7 ) )
}

rule macho_segments_sections_nreloc {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.nreloc == 7 ) )
}

rule macho_segments_sections_flags {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.flags == 7 ) )
}

rule macho_segments_sections_reserved1 {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.reserved1 == 7 ) )
}

rule macho_segments_sections_reserved2 {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.reserved2 == 7 ) )
}

rule macho_segments_sections_reserved3 {
  condition:
    for any x0 in macho.segments : ( for any x1 in x0.sections : ( x1.reserved3 == 7 ) )
}

rule macho_dylibs__len {
  condition:
    macho.dylibs.len() == 7
}

rule macho_dylibs_name {
  condition:
    for any x0 in macho.dylibs : ( x0.name == "mews" )
}

rule macho_dylibs_name__contains {
  condition:
    for any x0 in macho.dylibs : ( x0.name icontains "mews is here" )
}

rule macho_dylibs_timestamp {
  condition:
    for any x0 in macho.dylibs : ( x0.timestamp == 7 )
}

rule macho_dylibs_compatibility_version {
  condition:
    for any x0 in macho.dylibs : ( x0.compatibility_version == "mews" )
}

rule macho_dylibs_compatibility_version__contains {
  condition:
    for any x0 in macho.dylibs : ( x0.compatibility_version icontains "mews is here" )
}

rule macho_dylibs_current_version {
  condition:
    for any x0 in macho.dylibs : ( x0.current_version == "mews" )
}

rule macho_dylibs_current_version__contains {
  condition:
    for any x0 in macho.dylibs : ( x0.current_version icontains "mews is here" )
}

rule macho_dyld_info_rebase_off {
  condition:
    macho.dyld_info.rebase_off == 7
}

rule macho_dyld_info_rebase_size {
  condition:
    macho.dyld_info.rebase_size == 7
}

rule macho_dyld_info_bind_off {
  condition:
    macho.dyld_info.bind_off == 7
}

rule macho_dyld_info_bind_size {
  condition:
    macho.dyld_info.bind_size == 7
}

rule macho_dyld_info_weak_bind_off {
  condition:
    macho.dyld_info.weak_bind_off == 7
}

rule macho_dyld_info_weak_bind_size {
  condition:
    macho.dyld_info.weak_bind_size == 7
}

rule macho_dyld_info_lazy_bind_off {
  condition:
    macho.dyld_info.lazy_bind_off == 7
}

rule macho_dyld_info_lazy_bind_size {
  condition:
    macho.dyld_info.lazy_bind_size == 7
}

rule macho_dyld_info_export_off {
  condition:
    macho.dyld_info.export_off == 7
}

rule macho_dyld_info_export_size {
  condition:
    macho.dyld_info.export_size == 7
}

rule macho_rpaths__len {
  condition:
    macho.rpaths.len() == 7
}

rule macho_rpaths {
  condition:
    for any x0 in macho.rpaths : ( x0 == "mews" )
}

rule macho_rpaths__contains {
  condition:
    for any x0 in macho.rpaths : ( x0 icontains "mews is here" )
}

rule macho_entitlements__len {
  condition:
    macho.entitlements.len() == 7
}

rule macho_entitlements {
  condition:
    for any x0 in macho.entitlements : ( x0 == "mews" )
}

rule macho_entitlements__contains {
  condition:
    for any x0 in macho.entitlements : ( x0 icontains "mews is here" )
}

rule macho_certificates__len {
  condition:
    macho.certificates.len() == 7
}

rule macho_certificates_issuer {
  condition:
    for any x0 in macho.certificates : ( x0.issuer == "mews" )
}

rule macho_certificates_issuer__contains {
  condition:
    for any x0 in macho.certificates : ( x0.issuer icontains "mews is here" )
}

rule macho_certificates_subject {
  condition:
    for any x0 in macho.certificates : ( x0.subject == "mews" )
}

rule macho_certificates_subject__contains {
  condition:
    for any x0 in macho.certificates : ( x0.subject icontains "mews is here" )
}

rule macho_certificates_is_self_signed {
  condition:
    for any x0 in macho.certificates : ( x0.is_self_signed )
}

rule macho_uuid {
  condition:
    macho.uuid == "mews"
}

rule macho_uuid__contains {
  condition:
    macho.uuid icontains "mews is here"
}

rule macho_build_version_platform {
  condition:
    macho.build_version.platform == 7
}

rule macho_build_version_minos {
  condition:
    macho.build_version.minos == "mews"
}

rule macho_build_version_minos__contains {
  condition:
    macho.build_version.minos icontains "mews is here"
}

rule macho_build_version_sdk {
  condition:
    macho.build_version.sdk == "mews"
}

rule macho_build_version_sdk__contains {
  condition:
    macho.build_version.sdk icontains "mews is here"
}

rule macho_build_version_ntools {
  condition:
    macho.build_version.ntools == 7
}

rule macho_build_version_tools__len {
  condition:
    macho.build_version.tools.len() == 7
}

rule macho_build_version_tools_tool {
  condition:
    for any x0 in macho.build_version.tools : ( x0.tool == 7 )
}

rule macho_build_version_tools_version {
  condition:
    for any x0 in macho.build_version.tools : ( x0.version == "mews" )
}

rule macho_build_version_tools_version__contains {
  condition:
    for any x0 in macho.build_version.tools : ( x0.version icontains "mews is here" )
}

rule macho_min_version_device {
  condition:
    macho.min_version.device == 7
}

rule macho_min_version_version {
  condition:
    macho.min_version.version == "mews"
}

rule macho_min_version_version__contains {
  condition:
    macho.min_version.version icontains "mews is here"
}

rule macho_min_version_sdk {
  condition:
    macho.min_version.sdk == "mews"
}

rule macho_min_version_sdk__contains {
  condition:
    macho.min_version.sdk icontains "mews is here"
}

rule macho_exports__len {
  condition:
    macho.exports.len() == 7
}

rule macho_exports {
  condition:
    for any x0 in macho.exports : ( x0 == "mews" )
}

rule macho_exports__contains {
  condition:
    for any x0 in macho.exports : ( x0 icontains "mews is here" )
}

rule macho_imports__len {
  condition:
    macho.imports.len() == 7
}

rule macho_imports {
  condition:
    for any x0 in macho.imports : ( x0 == "mews" )
}

rule macho_imports__contains {
  condition:
    for any x0 in macho.imports : ( x0 icontains "mews is here" )
}

rule macho_linker_options__len {
  condition:
    macho.linker_options.len() == 7
}

rule macho_linker_options {
  condition:
    for any x0 in macho.linker_options : ( x0 == "mews" )
}

rule macho_linker_options__contains {
  condition:
    for any x0 in macho.linker_options : ( x0 icontains "mews is here" )
}

rule macho_fat_magic {
  condition:
    macho.fat_magic == 7
}

rule macho_nfat_arch {
  condition:
    macho.nfat_arch == 7
}

rule macho_fat_arch__len {
  condition:
    macho.fat_arch.len() == 7
}

rule macho_fat_arch_cputype {
  condition:
    for any x0 in macho.fat_arch : ( x0.cputype == 7 )
}

rule macho_fat_arch_cpusubtype {
  condition:
    for any x0 in macho.fat_arch : ( x0.cpusubtype == 7 )
}

rule macho_fat_arch_offset {
  condition:
    for any x0 in macho.fat_arch : ( x0.offset == 7 )
}

rule macho_fat_arch_size {
  condition:
    for any x0 in macho.fat_arch : ( x0.size == 7 )
}

rule macho_fat_arch_align {
  condition:
    for any x0 in macho.fat_arch : ( x0.align == 7 )
}

rule macho_fat_arch_reserved {
  condition:
    for any x0 in macho.fat_arch : ( x0.reserved == 7 )
}

rule macho_file__len {
  condition:
    macho.file.len() == 7
}

rule macho_file_magic {
  condition:
    for any x0 in macho.file : ( x0.magic == 7 )
}

rule macho_file_cputype {
  condition:
    for any x0 in macho.file : ( x0.cputype == 7 )
}

rule macho_file_cpusubtype {
  condition:
    for any x0 in macho.file : ( x0.cpusubtype == 7 )
}

rule macho_file_filetype {
  condition:
    for any x0 in macho.file : ( x0.filetype == 7 )
}

rule macho_file_ncmds {
  condition:
    for any x0 in macho.file : ( x0.ncmds == 7 )
}

rule macho_file_sizeofcmds {
  condition:
    for any x0 in macho.file : ( x0.sizeofcmds == 7 )
}

rule macho_file_flags {
  condition:
    for any x0 in macho.file : ( x0.flags == 7 )
}

rule macho_file_reserved {
  condition:
    for any x0 in macho.file : ( x0.reserved == 7 )
}

rule macho_file_number_of_segments {
  condition:
    for any x0 in macho.file : ( x0.number_of_segments == 7 )
}

rule macho_file_dynamic_linker {
  condition:
    for any x0 in macho.file : ( x0.dynamic_linker == "mews" )
}

rule macho_file_dynamic_linker__contains {
  condition:
    for any x0 in macho.file : ( x0.dynamic_linker icontains "mews is here" )
}

rule macho_file_entry_point {
  condition:
    for any x0 in macho.file : ( x0.entry_point == 7 )
}

rule macho_file_stack_size {
  condition:
    for any x0 in macho.file : ( x0.stack_size == 7 )
}

rule macho_file_source_version {
  condition:
    for any x0 in macho.file : ( x0.source_version == "mews" )
}

rule macho_file_source_version__contains {
  condition:
    for any x0 in macho.file : ( x0.source_version icontains "mews is here" )
}

rule macho_file_segments__len {
  condition:
    for any x0 in macho.file : ( x0.segments.len() == 7 )
}

rule macho_file_segments_segname {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.segname == "mews" ) )
}

rule macho_file_segments_segname__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.segname icontains "mews is here" ) )
}

rule macho_file_segments_vmaddr {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.vmaddr == 7 ) )
}

rule macho_file_segments_vmsize {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.vmsize == 7 ) )
}

rule macho_file_segments_fileoff {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.fileoff == 7 ) )
}

rule macho_file_segments_maxprot {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.maxprot == 7 ) )
}

rule macho_file_segments_initprot {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.initprot == 7 ) )
}

rule macho_file_segments_nsects {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.nsects == 7 ) )
}

rule macho_file_segments_flags {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.flags == 7 ) )
}

rule macho_file_segments_sections__len {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( x1.sections.len() == 7 ) )
}

rule macho_file_segments_sections_segname {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.segname == "mews" ) ) )
}

rule macho_file_segments_sections_segname__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.segname icontains "mews is here" ) ) )
}

rule macho_file_segments_sections_sectname {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.sectname == "mews" ) ) )
}

rule macho_file_segments_sections_sectname__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.sectname icontains "mews is here" ) ) )
}

rule macho_file_segments_sections_addr {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.addr == 7 ) ) )
}

rule macho_file_segments_sections_size {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.size == 7 ) ) )
}

rule macho_file_segments_sections_offset {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.offset == 7 ) ) )
}

rule macho_file_segments_sections_align {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.align == 7 ) ) )
}

rule macho_file_segments_sections_reloff {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.reloff == 7 ) ) )
}

rule macho_file_segments_sections_nreloc {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.nreloc == 7 ) ) )
}

rule macho_file_segments_sections_flags {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.flags == 7 ) ) )
}

rule macho_file_segments_sections_reserved1 {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.reserved1 == 7 ) ) )
}

rule macho_file_segments_sections_reserved2 {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.reserved2 == 7 ) ) )
}

rule macho_file_segments_sections_reserved3 {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.segments : ( for any x2 in x1.sections : ( x2.reserved3 == 7 ) ) )
}

rule macho_file_dylibs__len {
  condition:
    for any x0 in macho.file : ( x0.dylibs.len() == 7 )
}

rule macho_file_dylibs_name {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.name == "mews" ) )
}

rule macho_file_dylibs_name__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.name icontains "mews is here" ) )
}

rule macho_file_dylibs_timestamp {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.timestamp == 7 ) )
}

rule macho_file_dylibs_compatibility_version {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.compatibility_version == "mews" ) )
}

rule macho_file_dylibs_compatibility_version__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.compatibility_version icontains "mews is here" ) )
}

rule macho_file_dylibs_current_version {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.current_version == "mews" ) )
}

rule macho_file_dylibs_current_version__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.dylibs : ( x1.current_version icontains "mews is here" ) )
}

rule macho_file_rpaths__len {
  condition:
    for any x0 in macho.file : ( x0.rpaths.len() == 7 )
}

rule macho_file_rpaths {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.rpaths : ( x1 == "mews" ) )
}

rule macho_file_rpaths__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.rpaths : ( x1 icontains "mews is here" ) )
}

rule macho_file_entitlements__len {
  condition:
    for any x0 in macho.file : ( x0.entitlements.len() == 7 )
}

rule macho_file_entitlements {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.entitlements : ( x1 == "mews" ) )
}

rule macho_file_entitlements__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.entitlements : ( x1 icontains "mews is here" ) )
}

rule macho_file_symtab_symoff {
  condition:
    for any x0 in macho.file : ( x0.symtab.symoff == 7 )
}

rule macho_file_symtab_nsyms {
  condition:
    for any x0 in macho.file : ( x0.symtab.nsyms == 7 )
}

rule macho_file_symtab_stroff {
  condition:
    for any x0 in macho.file : ( x0.symtab.stroff == 7 )
}

rule macho_file_symtab_strsize {
  condition:
    for any x0 in macho.file : ( x0.symtab.strsize == 7 )
}

rule macho_file_symtab_entries__len {
  condition:
    for any x0 in macho.file : ( x0.symtab.entries.len() == 7 )
}

rule macho_file_symtab_entries {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.entries : ( x1 == "mews" ) )
}

rule macho_file_symtab_entries__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.entries : ( x1 icontains "mews is here" ) )
}

rule macho_file_symtab_nlists__len {
  condition:
    for any x0 in macho.file : ( x0.symtab.nlists.len() == 7 )
}

rule macho_file_symtab_nlists_n_strx {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.nlists : ( x1.n_strx == 7 ) )
}

rule macho_file_symtab_nlists_n_type {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.nlists : ( x1.n_type == 7 ) )
}

rule macho_file_symtab_nlists_n_sect {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.nlists : ( x1.n_sect == 7 ) )
}

rule macho_file_symtab_nlists_n_desc {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.nlists : ( x1.n_desc == 7 ) )
}

rule macho_file_symtab_nlists_n_value {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.symtab.nlists : ( x1.n_value == 7 ) )
}

rule macho_file_dysymtab_ilocalsym {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.ilocalsym == 7 )
}

rule macho_file_dysymtab_nlocalsym {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nlocalsym == 7 )
}

rule macho_file_dysymtab_iextdefsym {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.iextdefsym == 7 )
}

rule macho_file_dysymtab_nextdefsym {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nextdefsym == 7 )
}

rule macho_file_dysymtab_iundefsym {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.iundefsym == 7 )
}

rule macho_file_dysymtab_nundefsym {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nundefsym == 7 )
}

rule macho_file_dysymtab_tocoff {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.tocoff == 7 )
}

rule macho_file_dysymtab_ntoc {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.ntoc == 7 )
}

rule macho_file_dysymtab_modtaboff {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.modtaboff == 7 )
}

rule macho_file_dysymtab_nmodtab {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nmodtab == 7 )
}

rule macho_file_dysymtab_extrefsymoff {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.extrefsymoff == 7 )
}

rule macho_file_dysymtab_nextrefsyms {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nextrefsyms == 7 )
}

rule macho_file_dysymtab_indirectsymoff {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.indirectsymoff == 7 )
}

rule macho_file_dysymtab_nindirectsyms {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nindirectsyms == 7 )
}

rule macho_file_dysymtab_extreloff {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.extreloff == 7 )
}

rule macho_file_dysymtab_nextrel {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nextrel == 7 )
}

rule macho_file_dysymtab_locreloff {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.locreloff == 7 )
}

rule macho_file_dysymtab_nlocrel {
  condition:
    for any x0 in macho.file : ( x0.dysymtab.nlocrel == 7 )
}

rule macho_file_dyld_info_rebase_off {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.rebase_off == 7 )
}

rule macho_file_dyld_info_rebase_size {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.rebase_size == 7 )
}

rule macho_file_dyld_info_bind_off {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.bind_off == 7 )
}

rule macho_file_dyld_info_bind_size {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.bind_size == 7 )
}

rule macho_file_dyld_info_weak_bind_off {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.weak_bind_off == 7 )
}

rule macho_file_dyld_info_weak_bind_size {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.weak_bind_size == 7 )
}

rule macho_file_dyld_info_lazy_bind_off {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.lazy_bind_off == 7 )
}

rule macho_file_dyld_info_lazy_bind_size {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.lazy_bind_size == 7 )
}

rule macho_file_dyld_info_export_off {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.export_off == 7 )
}

rule macho_file_dyld_info_export_size {
  condition:
    for any x0 in macho.file : ( x0.dyld_info.export_size == 7 )
}

rule macho_file_code_signature_data_dataoff {
  condition:
    for any x0 in macho.file : ( x0.code_signature_data.dataoff == 7 )
}

rule macho_file_code_signature_data_datasize {
  condition:
    for any x0 in macho.file : ( x0.code_signature_data.datasize == 7 )
}

rule macho_file_certificates__len {
  condition:
    for any x0 in macho.file : ( x0.certificates.len() == 7 )
}

rule macho_file_certificates_issuer {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.certificates : ( x1.issuer == "mews" ) )
}

rule macho_file_certificates_issuer__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.certificates : ( x1.issuer icontains "mews is here" ) )
}

rule macho_file_certificates_subject {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.certificates : ( x1.subject == "mews" ) )
}

rule macho_file_certificates_subject__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.certificates : ( x1.subject icontains "mews is here" ) )
}

rule macho_file_certificates_is_self_signed {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.certificates : ( x1.is_self_signed ) )
}

rule macho_file_uuid {
  condition:
    for any x0 in macho.file : ( x0.uuid == "mews" )
}

rule macho_file_uuid__contains {
  condition:
    for any x0 in macho.file : ( x0.uuid icontains "mews is here" )
}

rule macho_file_build_version_platform {
  condition:
    for any x0 in macho.file : ( x0.build_version.platform == 7 )
}

rule macho_file_build_version_minos {
  condition:
    for any x0 in macho.file : ( x0.build_version.minos == "mews" )
}

rule macho_file_build_version_minos__contains {
  condition:
    for any x0 in macho.file : ( x0.build_version.minos icontains "mews is here" )
}

rule macho_file_build_version_sdk {
  condition:
    for any x0 in macho.file : ( x0.build_version.sdk == "mews" )
}

rule macho_file_build_version_sdk__contains {
  condition:
    for any x0 in macho.file : ( x0.build_version.sdk icontains "mews is here" )
}

rule macho_file_build_version_ntools {
  condition:
    for any x0 in macho.file : ( x0.build_version.ntools == 7 )
}

rule macho_file_build_version_tools__len {
  condition:
    for any x0 in macho.file : ( x0.build_version.tools.len() == 7 )
}

rule macho_file_build_version_tools_tool {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.build_version.tools : ( x1.tool == 7 ) )
}

rule macho_file_build_version_tools_version {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.build_version.tools : ( x1.version == "mews" ) )
}

rule macho_file_build_version_tools_version__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.build_version.tools : ( x1.version icontains "mews is here" ) )
}

rule macho_file_min_version_device {
  condition:
    for any x0 in macho.file : ( x0.min_version.device == 7 )
}

rule macho_file_min_version_version {
  condition:
    for any x0 in macho.file : ( x0.min_version.version == "mews" )
}

rule macho_file_min_version_version__contains {
  condition:
    for any x0 in macho.file : ( x0.min_version.version icontains "mews is here" )
}

rule macho_file_min_version_sdk {
  condition:
    for any x0 in macho.file : ( x0.min_version.sdk == "mews" )
}

rule macho_file_min_version_sdk__contains {
  condition:
    for any x0 in macho.file : ( x0.min_version.sdk icontains "mews is here" )
}

rule macho_file_exports__len {
  condition:
    for any x0 in macho.file : ( x0.exports.len() == 7 )
}

rule macho_file_exports {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.exports : ( x1 == "mews" ) )
}

rule macho_file_exports__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.exports : ( x1 icontains "mews is here" ) )
}

rule macho_file_imports__len {
  condition:
    for any x0 in macho.file : ( x0.imports.len() == 7 )
}

rule macho_file_imports {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.imports : ( x1 == "mews" ) )
}

rule macho_file_imports__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.imports : ( x1 icontains "mews is here" ) )
}

rule macho_file_linker_options__len {
  condition:
    for any x0 in macho.file : ( x0.linker_options.len() == 7 )
}

rule macho_file_linker_options {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.linker_options : ( x1 == "mews" ) )
}

rule macho_file_linker_options__contains {
  condition:
    for any x0 in macho.file : ( for any x1 in x0.linker_options : ( x1 icontains "mews is here" ) )
}

rule macho_dylib_hash__0 {
  condition:
    macho.dylib_hash() == "mews"
}

rule macho_dylib_hash__0__contains {
  condition:
    macho.dylib_hash() icontains "mews is here"
}

rule macho_entitlement_hash__0 {
  condition:
    macho.entitlement_hash() == "mews"
}

rule macho_entitlement_hash__0__contains {
  condition:
    macho.entitlement_hash() icontains "mews is here"
}

rule macho_entry_point_for_arch__0 {
  condition:
    macho.entry_point_for_arch(7, 7) == 7
}

rule macho_entry_point_for_arch__1 {
  condition:
    macho.entry_point_for_arch(7) == 7
}

rule macho_export_hash__0 {
  condition:
    macho.export_hash() == "mews"
}

rule macho_export_hash__0__contains {
  condition:
    macho.export_hash() icontains "mews is here"
}

rule macho_file_index_for_arch__0 {
  condition:
    macho.file_index_for_arch(7, 7) == 7
}

rule macho_file_index_for_arch__1 {
  condition:
    macho.file_index_for_arch(7) == 7
}

rule macho_has_dylib__0 {
  condition:
    macho.has_dylib("mews")
}

rule macho_has_entitlement__0 {
  condition:
    macho.has_entitlement("mews")
}

rule macho_has_export__0 {
  condition:
    macho.has_export("mews")
}

rule macho_has_import__0 {
  condition:
    macho.has_import("mews")
}

rule macho_has_rpath__0 {
  condition:
    macho.has_rpath("mews")
}

rule macho_import_hash__0 {
  condition:
    macho.import_hash() == "mews"
}

rule macho_import_hash__0__contains {
  condition:
    macho.import_hash() icontains "mews is here"
}

rule macho_symhash__0 {
  condition:
    macho.symhash() == "mews"
}

rule macho_symhash__0__contains {
  condition:
    macho.symhash() icontains "mews is here"
}
