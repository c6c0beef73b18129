// Every field, constant and function of the module pe. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "pe"

rule pe__constants_0 {
  condition:
    for any x0 in (pe.MACHINE_UNKNOWN, pe.MACHINE_ALPHA, pe.MACHINE_ALPHA64, pe.MACHINE_AM33, pe.MACHINE_AMD64, pe.MACHINE_ARM, pe.MACHINE_ARM64, pe.MACHINE_ARM64EC, pe.MACHINE_ARM64X, pe.MACHINE_ARMNT, pe.MACHINE_AXP64, pe.MACHINE_EBC, pe.MACHINE_I386, pe.MACHINE_IA64, pe.MACHINE_LOONGARCH32, pe.MACHINE_LOONGARCH64, pe.MACHINE_M32R, pe.MACHINE_MIPS16, pe.MACHINE_MIPSFPU, pe.MACHINE_MIPSFPU16, pe.MACHINE_POWERPC, pe.MACHINE_POWERPCFP, pe.MACHINE_R3000BE, pe.MACHINE_R3000, pe.MACHINE_R4000, pe.MACHINE_R10000, pe.MACHINE_RISCV32, pe.MACHINE_RISCV64, pe.MACHINE_RISCV128, pe.MACHINE_SH3, pe.MACHINE_SH3DSP, pe.MACHINE_SH4, pe.MACHINE_SH5, pe.MACHINE_THUMB, pe.MACHINE_WCEMIPSV2, pe.SUBSYSTEM_UNKNOWN, pe.SUBSYSTEM_NATIVE, pe.SUBSYSTEM_WINDOWS_GUI, pe.SUBSYSTEM_WINDOWS_CUI, pe.SUBSYSTEM_OS2_CUI, pe.SUBSYSTEM_POSIX_CUI, pe.SUBSYSTEM_NATIVE_WINDOWS, pe.SUBSYSTEM_WINDOWS_CE_GUI, pe.SUBSYSTEM_EFI_APPLICATION, pe.SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER, pe.SUBSYSTEM_EFI_RUNTIME_DRIVER, pe.SUBSYSTEM_EFI_ROM_IMAGE, pe.SUBSYSTEM_XBOX, pe.SUBSYSTEM_WINDOWS_BOOT_APPLICATION, pe.IMAGE_NT_OPTIONAL_HDR32_MAGIC, pe.IMAGE_NT_OPTIONAL_HDR64_MAGIC, pe.IMAGE_ROM_OPTIONAL_HDR_MAGIC, pe.RESOURCE_TYPE_CURSOR, pe.RESOURCE_TYPE_BITMAP, pe.RESOURCE_TYPE_ICON, pe.RESOURCE_TYPE_MENU, pe.RESOURCE_TYPE_DIALOG, pe.RESOURCE_TYPE_STRING, pe.RESOURCE_TYPE_FONTDIR, pe.RESOURCE_TYPE_FONT) : ( x0 == filesize )
}

rule pe__constants_1 {
  condition:
    for any x0 in (pe.RESOURCE_TYPE_ACCELERATOR, pe.RESOURCE_TYPE_RCDATA, pe.RESOURCE_TYPE_MESSAGETABLE, pe.RESOURCE_TYPE_GROUP_CURSOR, pe.RESOURCE_TYPE_GROUP_ICON, pe.RESOURCE_TYPE_VERSION, pe.RESOURCE_TYPE_DLGINCLUDE, pe.RESOURCE_TYPE_PLUGPLAY, pe.RESOURCE_TYPE_VXD, pe.RESOURCE_TYPE_ANICURSOR, pe.RESOURCE_TYPE_ANIICON, pe.RESOURCE_TYPE_HTML, pe.RESOURCE_TYPE_MANIFEST, pe.IMPORT_STANDARD, pe.IMPORT_DELAYED, pe.IMPORT_ANY, pe.RELOCS_STRIPPED, pe.EXECUTABLE_IMAGE, pe.LINE_NUMS_STRIPPED, pe.LOCAL_SYMS_STRIPPED, pe.AGGRESIVE_WS_TRIM, pe.LARGE_ADDRESS_AWARE, pe.BYTES_REVERSED_LO, pe.MACHINE_32BIT, pe.DEBUG_STRIPPED, pe.REMOVABLE_RUN_FROM_SWAP, pe.NET_RUN_FROM_SWAP, pe.SYSTEM, pe.DLL, pe.UP_SYSTEM_ONLY, pe.BYTES_REVERSED_HI, pe.IMAGE_DIRECTORY_ENTRY_EXPORT, pe.IMAGE_DIRECTORY_ENTRY_IMPORT, pe.IMAGE_DIRECTORY_ENTRY_RESOURCE, pe.IMAGE_DIRECTORY_ENTRY_EXCEPTION, pe.IMAGE_DIRECTORY_ENTRY_SECURITY, pe.IMAGE_DIRECTORY_ENTRY_BASERELOC, pe.IMAGE_DIRECTORY_ENTRY_DEBUG, pe.IMAGE_DIRECTORY_ENTRY_COPYRIGHT, pe.IMAGE_DIRECTORY_ENTRY_ARCHITECTURE, pe.IMAGE_DIRECTORY_ENTRY_GLOBALPTR, pe.IMAGE_DIRECTORY_ENTRY_TLS, pe.IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, pe.IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT, pe.IMAGE_DIRECTORY_ENTRY_IAT, pe.IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, pe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, pe.SECTION_NO_PAD, pe.SECTION_CNT_CODE, pe.SECTION_CNT_INITIALIZED_DATA, pe.SECTION_CNT_UNINITIALIZED_DATA, pe.SECTION_LNK_OTHER, pe.SECTION_LNK_INFO, pe.SECTION_LNK_REMOVE, pe.SECTION_LNK_COMDAT, pe.SECTION_NO_DEFER_SPEC_EXC, pe.SECTION_GPREL, pe.SECTION_ALIGN_1BYTES, pe.SECTION_ALIGN_2BYTES, pe.SECTION_ALIGN_4BYTES) : ( x0 == filesize )
}

rule pe__constants_2 {
  condition:
    for any x0 in (pe.SECTION_ALIGN_8BYTES, pe.SECTION_ALIGN_16BYTES, pe.SECTION_ALIGN_32BYTES, pe.SECTION_ALIGN_64BYTES, pe.SECTION_ALIGN_128BYTES, pe.SECTION_ALIGN_256BYTES, pe.SECTION_ALIGN_512BYTES, pe.SECTION_ALIGN_1024BYTES, pe.SECTION_ALIGN_2048BYTES, pe.SECTION_ALIGN_4096BYTES, pe.SECTION_ALIGN_8192BYTES, pe.SECTION_ALIGN_MASK, pe.SECTION_LNK_NRELOC_OVFL, pe.SECTION_MEM_DISCARDABLE, pe.SECTION_MEM_NOT_CACHED, pe.SECTION_MEM_NOT_PAGED, pe.SECTION_MEM_SHARED, pe.SECTION_MEM_EXECUTE, pe.SECTION_MEM_READ, pe.SECTION_MEM_WRITE, pe.SECTION_SCALE_INDEX, pe.HIGH_ENTROPY_VA, pe.DYNAMIC_BASE, pe.FORCE_INTEGRITY, pe.NX_COMPAT, pe.NO_ISOLATION, pe.NO_SEH, pe.NO_BIND, pe.APPCONTAINER, pe.WDM_DRIVER, pe.GUARD_CF, pe.TERMINAL_SERVER_AWARE) : ( x0 == filesize )
}

rule pe_is_pe {
  condition:
    pe.is_pe
}

rule pe_machine {
  condition:
    pe.machine == 7
}

rule pe_subsystem {
  condition:
    pe.subsystem == 7
}

rule pe_os_version_major {
  condition:
    pe.os_version.major == 7
}

rule pe_os_version_minor {
  condition:
    pe.os_version.minor == 7
}

rule pe_subsystem_version_major {
  condition:
    pe.subsystem_version.major == 7
}

rule pe_subsystem_version_minor {
  condition:
    pe.subsystem_version.minor == 7
}

rule pe_image_version_major {
  condition:
    pe.image_version.major == 7
}

rule pe_image_version_minor {
  condition:
    pe.image_version.minor == 7
}

rule pe_linker_version_major {
  condition:
    pe.linker_version.major == 7
}

rule pe_linker_version_minor {
  condition:
    pe.linker_version.minor == 7
}

rule pe_opthdr_magic {
  condition:
    pe.opthdr_magic == 7
}

rule pe_characteristics {
  condition:
    pe.characteristics == 7
}

rule pe_dll_characteristics {
  condition:
    pe.dll_characteristics == 7
}

rule pe_timestamp {
  condition:
    pe.timestamp == 7
}

rule pe_image_base {
  condition:
    pe.image_base == 7
}

rule pe_checksum {
  condition:
    pe.checksum == 7
}

rule pe_base_of_code {
  condition:
    pe.base_of_code == 7
}

rule pe_base_of_data {
  condition:
    pe.base_of_data == 7
}

rule pe_entry_point {
  condition:
    pe.entry_point == 7
}

rule pe_entry_point_raw {
  condition:
    pe.entry_point_raw == 7
}

rule pe_dll_name {
  condition:
    pe.dll_name == "mews"
}

rule pe_dll_name__contains {
  condition:
    pe.dll_name icontains "mews is here"
}

rule pe_export_timestamp {
  condition:
    pe.export_timestamp == 7
}

rule pe_section_alignment {
  condition:
    pe.section_alignment == 7
}

rule pe_file_alignment {
  condition:
    pe.file_alignment == 7
}

rule pe_loader_flags {
  condition:
    pe.loader_flags == 7
}

rule pe_size_of_optional_header {
  condition:
    pe.size_of_optional_header == 7
}

rule pe_size_of_code {
  condition:
    pe.size_of_code == 7
}

rule pe_size_of_initialized_data {
  condition:
    pe.size_of_initialized_data == 7
}

rule pe_size_of_uninitialized_data {
  condition:
    pe.size_of_uninitialized_data == 7
}

rule pe_size_of_image {
  condition:
    pe.size_of_image == 7
}

rule pe_size_of_headers {
  condition:
    pe.size_of_headers == 7
}

rule pe_size_of_stack_reserve {
  condition:
    pe.size_of_stack_reserve == 7
}

rule pe_size_of_stack_commit {
  condition:
    pe.size_of_stack_commit == 7
}

rule pe_size_of_heap_reserve {
  condition:
    pe.size_of_heap_reserve == 7
}

rule pe_size_of_heap_commit {
  condition:
    pe.size_of_heap_commit == 7
}

rule pe_pointer_to_symbol_table {
  condition:
    pe.pointer_to_symbol_table == 7
}

rule pe_win32_version_value {
  condition:
    pe.win32_version_value == 7
}

rule pe_number_of_symbols {
  condition:
    pe.number_of_symbols == 7
}

rule pe_number_of_rva_and_sizes {
  condition:
    pe.number_of_rva_and_sizes == 7
}

rule pe_number_of_sections {
  condition:
    pe.number_of_sections == 7
}

rule pe_number_of_imported_functions {
  condition:
    pe.number_of_imported_functions == 7
}

rule pe_number_of_delayed_imported_functions {
  condition:
    pe.number_of_delayed_imported_functions == 7
}

rule pe_number_of_resources {
  condition:
    pe.number_of_resources == 7
}

rule pe_number_of_version_infos {
  condition:
    pe.number_of_version_infos == 7
}

rule pe_number_of_imports {
  condition:
    pe.number_of_imports == 7
}

rule pe_number_of_delayed_imports {
  condition:
    pe.number_of_delayed_imports == 7
}

rule pe_number_of_exports {
  condition:
    pe.number_of_exports == 7
}

rule pe_number_of_signatures {
  condition:
    pe.number_of_signatures == 7
}

rule pe_version_info__key {
  condition:
    for any k0, x0 in pe.version_info : ( k0 == "mews" )
}

rule pe_version_info {
  condition:
    for any k0, x0 in pe.version_info : ( x0 == "mews" )
}

rule pe_version_info__contains {
  condition:
    for any k0, x0 in pe.version_info : ( x0 icontains "mews is here" )
}

rule pe_version_info_list__len {
  condition:
    pe.version_info_list.len() == 7
}

rule pe_version_info_list_key {
  condition:
    for any x0 in pe.version_info_list : ( x0.key == "mews" )
}

rule pe_version_info_list_key__contains {
  condition:
    for any x0 in pe.version_info_list : ( x0.key icontains "mews is here" )
}

rule pe_version_info_list_value {
  condition:
    for any x0 in pe.version_info_list : ( x0.value == "mews" )
}

rule pe_version_info_list_value__contains {
  condition:
    for any x0 in pe.version_info_list : ( x0.value icontains "mews is here" )
}

rule pe_rich_signature_offset {
  condition:
    pe.rich_signature.offset == 7
}

rule pe_rich_signature_length {
  condition:
    pe.rich_signature.length == 7
}

rule pe_rich_signature_key {
  condition:
    pe.rich_signature.key == 7
}

rule pe_rich_signature_raw_data {
  condition:
    pe.rich_signature.raw_data == "mews"
}

rule pe_rich_signature_raw_data__contains {
  condition:
    pe.rich_signature.raw_data icontains "mews is here"
}

rule pe_rich_signature_clear_data {
  condition:
    pe.rich_signature.clear_data == "mews"
}

rule pe_rich_signature_clear_data__contains {
  condition:
    pe.rich_signature.clear_data icontains "mews is here"
}

rule pe_rich_signature_tools__len {
  condition:
    pe.rich_signature.tools.len() == 7
}

rule pe_rich_signature_tools_toolid {
  condition:
    for any x0 in pe.rich_signature.tools : ( x0.toolid == 7 )
}

rule pe_rich_signature_tools_version {
  condition:
    for any x0 in pe.rich_signature.tools : ( x0.version == 7 )
}

rule pe_rich_signature_tools_times {
  condition:
    for any x0 in pe.rich_signature.tools : ( x0.times == 7 )
}

rule pe_rich_signature_toolid__0 {
  condition:
    pe.rich_signature.toolid(7, 7) == 7
}

rule pe_rich_signature_toolid__1 {
  condition:
    pe.rich_signature.toolid(7) == 7
}

rule pe_rich_signature_version__0 {
  condition:
    pe.rich_signature.version(7, 7) == 7
}

rule pe_rich_signature_version__1 {
  condition:
    pe.rich_signature.version(7) == 7
}

rule pe_pdb_path {
  condition:
    pe.pdb_path == "mews"
}

rule pe_pdb_path__contains {
  condition:
    pe.pdb_path icontains "mews is here"
}

rule pe_sections__len {
  condition:
    pe.sections.len() == 7
}

rule pe_sections_name {
  condition:
    for any x0 in pe.sections : ( x0.name == "mews" )
}

rule pe_sections_name__contains {
  condition:
    for any x0 in pe.sections : ( x0.name icontains "mews is here" )
}

rule pe_sections_full_name {
  condition:
    for any x0 in pe.sections : ( x0.full_name == "mews" )
}

rule pe_sections_full_name__contains {
  condition:
    for any x0 in pe.sections : ( x0.full_name icontains "mews is here" )
}

rule pe_sections_characteristics {
  condition:
    for any x0 in pe.sections : ( x0.characteristics == 7 )
}

rule pe_sections_raw_data_size {
  condition:
    for any x0 in pe.sections : ( x0.raw_data_size == 7 )
}

rule pe_sections_raw_data_offset {
  condition:
    for any x0 in pe.sections : ( x0.raw_data_offset == 7 )
}

rule pe_sections_virtual_address {
  condition:
    for any x0 in pe.sections : ( x0.virtual_address == 7 )
}

rule pe_sections_virtual_size {
  condition:
    for any x0 in pe.sections : ( x0.virtual_size == 7 )
}

rule pe_sections_pointer_to_relocations {
  condition:
    for any x0 in pe.sections : ( x0.pointer_to_relocations == 7 )
}

rule pe_sections_pointer_to_line_numbers {
  condition:
    for any x0 in pe.sections : ( x0.pointer_to_line_numbers == 7 )
}

rule pe_sections_number_of_relocations {
  condition:
    for any x0 in pe.sections : ( x0.number_of_relocations == 7 )
}

rule pe_sections_number_of_line_numbers {
  condition:
    for any x0 in pe.sections : ( x0.number_of_line_numbers == 7 )
}

rule pe_data_directories__len {
  condition:
    pe.data_directories.len() == 7
}

rule pe_data_directories_virtual_address {
  condition:
    for any x0 in pe.data_directories : ( x0.virtual_address == 7 )
}

rule pe_data_directories_size {
  condition:
    for any x0 in pe.data_directories : ( x0.size == 7 )
}

rule pe_resource_timestamp {
  condition:
    pe.resource_timestamp == 7
}

rule pe_resource_version_major {
  condition:
    pe.resource_version.major == 7
}

rule pe_resource_version_minor {
  condition:
    pe.resource_version.minor == 7
}

rule pe_resources__len {
  condition:
    pe.resources.len() == 7
}

rule pe_resources_length {
  condition:
    for any x0 in pe.resources : ( x0.length == 7 )
}

rule pe_resources_rva {
  condition:
    for any x0 in pe.resources : ( x0.rva == 7 )
}

rule pe_resources_offset {
  condition:
    for any x0 in pe.resources : ( x0.offset == 7 )
}

rule pe_resources_type {
  condition:
    for any x0 in pe.resources : ( x0.type == 7 )
}

rule pe_resources_id {
  condition:
    for any x0 in pe.resources : ( x0.id == 7 )
}

rule pe_resources_language {
  condition:
    for any x0 in pe.resources : ( x0.language == 7 )
}

rule pe_resources_type_string {
  condition:
    for any x0 in pe.resources : ( x0.type_string == "mews" )
}

rule pe_resources_type_string__contains {
  condition:
    for any x0 in pe.resources : ( x0.type_string icontains "mews is here" )
}

rule pe_resources_name_string {
  condition:
    for any x0 in pe.resources : ( x0.name_string == "mews" )
}

rule pe_resources_name_string__contains {
  condition:
    for any x0 in pe.resources : ( x0.name_string icontains "mews is here" )
}

rule pe_resources_language_string {
  condition:
    for any x0 in pe.resources : ( x0.language_string == "mews" )
}

rule pe_resources_language_string__contains {
  condition:
    for any x0 in pe.resources : ( x0.language_string icontains "mews is here" )
}

rule pe_import_details__len {
  condition:
    pe.import_details.len() == 7
}

rule pe_import_details_library_name {
  condition:
    for any x0 in pe.import_details : ( x0.library_name == "mews" )
}

rule pe_import_details_library_name__contains {
  condition:
    for any x0 in pe.import_details : ( x0.library_name icontains "mews is here" )
}

rule pe_import_details_number_of_functions {
  condition:
    for any x0 in pe.import_details : ( x0.number_of_functions == 7 )
}

rule pe_import_details_functions__len {
  condition:
    for any x0 in pe.import_details : ( x0.functions.len() == 7 )
}

rule pe_import_details_functions_name {
  condition:
    for any x0 in pe.import_details : ( for any x1 in x0.functions : ( x1.name == "mews" ) )
}

rule pe_import_details_functions_name__contains {
  condition:
    for any x0 in pe.import_details : ( for any x1 in x0.functions : ( x1.name icontains "mews is here" ) )
}

rule pe_import_details_functions_ordinal {
  condition:
    for any x0 in pe.import_details : ( for any x1 in x0.functions : ( x1.ordinal == 7 ) )
}

rule pe_import_details_functions_rva {
  condition:
    for any x0 in pe.import_details : ( for any x1 in x0.functions : ( x1.rva == 7 ) )
}

rule pe_delayed_import_details__len {
  condition:
    pe.delayed_import_details.len() == 7
}

rule pe_delayed_import_details_library_name {
  condition:
    for any x0 in pe.delayed_import_details : ( x0.library_name == "mews" )
}

rule pe_delayed_import_details_library_name__contains {
  condition:
    for any x0 in pe.delayed_import_details : ( x0.library_name icontains "mews is here" )
}

rule pe_delayed_import_details_number_of_functions {
  condition:
    for any x0 in pe.delayed_import_details : ( x0.number_of_functions == 7 )
}

rule pe_delayed_import_details_functions__len {
  condition:
    for any x0 in pe.delayed_import_details : ( x0.functions.len() == 7 )
}

rule pe_delayed_import_details_functions_name {
  condition:
    for any x0 in pe.delayed_import_details : ( for any x1 in x0.functions : ( x1.name == "mews" ) )
}

rule pe_delayed_import_details_functions_name__contains {
  condition:
    for any x0 in pe.delayed_import_details : ( for any x1 in x0.functions : ( x1.name icontains "mews is here" ) )
}

rule pe_delayed_import_details_functions_ordinal {
  condition:
    for any x0 in pe.delayed_import_details : ( for any x1 in x0.functions : ( x1.ordinal == 7 ) )
}

rule pe_delayed_import_details_functions_rva {
  condition:
    for any x0 in pe.delayed_import_details : ( for any x1 in x0.functions : ( x1.rva == 7 ) )
}

rule pe_export_details__len {
  condition:
    pe.export_details.len() == 7
}

rule pe_export_details_name {
  condition:
    for any x0 in pe.export_details : ( x0.name == "mews" )
}

rule pe_export_details_name__contains {
  condition:
    for any x0 in pe.export_details : ( x0.name icontains "mews is here" )
}

rule pe_export_details_ordinal {
  condition:
    for any x0 in pe.export_details : ( x0.ordinal == 7 )
}

rule pe_export_details_rva {
  condition:
    for any x0 in pe.export_details : ( x0.rva == 7 )
}

rule pe_export_details_offset {
  condition:
    for any x0 in pe.export_details : ( x0.offset == 7 )
}

rule pe_export_details_forward_name {
  condition:
    for any x0 in pe.export_details : ( x0.forward_name == "mews" )
}

rule pe_export_details_forward_name__contains {
  condition:
    for any x0 in pe.export_details : ( x0.forward_name icontains "mews is here" )
}

rule pe_is_signed {
  condition:
    pe.is_signed
}

rule pe_signatures__len {
  condition:
    pe.signatures.len() == 7
}

rule pe_signatures_subject {
  condition:
    for any x0 in pe.signatures : ( x0.subject == "mews" )
}

rule pe_signatures_subject__contains {
  condition:
    for any x0 in pe.signatures : ( x0.subject icontains "mews is here" )
}

rule pe_signatures_issuer {
  condition:
    for any x0 in pe.signatures : ( x0.issuer == "mews" )
}

rule pe_signatures_issuer__contains {
  condition:
    for any x0 in pe.signatures : ( x0.issuer icontains "mews is here" )
}

rule pe_signatures_thumbprint {
  condition:
    for any x0 in pe.signatures : ( x0.thumbprint == "mews" )
}

rule pe_signatures_thumbprint__contains {
  condition:
    for any x0 in pe.signatures : ( x0.thumbprint icontains "mews is here" )
}

rule pe_signatures_version {
  condition:
    for any x0 in pe.signatures : ( x0.version == 7 )
}

rule pe_signatures_algorithm {
  condition:
    for any x0 in pe.signatures : ( x0.algorithm == "mews" )
}

rule pe_signatures_algorithm__contains {
  condition:
    for any x0 in pe.signatures : ( x0.algorithm icontains "mews is here" )
}

rule pe_signatures_algorithm_oid {
  condition:
    for any x0 in pe.signatures : ( x0.algorithm_oid == "mews" )
}

rule pe_signatures_algorithm_oid__contains {
  condition:
    for any x0 in pe.signatures : ( x0.algorithm_oid icontains "mews is here" )
}

rule pe_signatures_serial {
  condition:
    for any x0 in pe.signatures : ( x0.serial == "mews" )
}

rule pe_signatures_serial__contains {
  condition:
    for any x0 in pe.signatures : ( x0.serial icontains "mews is here" )
}

rule pe_signatures_not_before {
  condition:
    for any x0 in pe.signatures : ( x0.not_before == 7 )
}

rule pe_signatures_not_after {
  condition:
    for any x0 in pe.signatures : ( x0.not_after == 7 )
}

rule pe_signatures_verified {
  condition:
    for any x0 in pe.signatures : ( x0.verified )
}

rule pe_signatures_digest_alg {
  condition:
    for any x0 in pe.signatures : ( x0.digest_alg == "mews" )
}

rule pe_signatures_digest_alg__contains {
  condition:
    for any x0 in pe.signatures : ( x0.digest_alg icontains "mews is here" )
}

rule pe_signatures_digest {
  condition:
    for any x0 in pe.signatures : ( x0.digest == "mews" )
}

rule pe_signatures_digest__contains {
  condition:
    for any x0 in pe.signatures : ( x0.digest icontains "mews is here" )
}

rule pe_signatures_file_digest {
  condition:
    for any x0 in pe.signatures : ( x0.file_digest == "mews" )
}

rule pe_signatures_file_digest__contains {
  condition:
    for any x0 in pe.signatures : ( x0.file_digest icontains "mews is here" )
}

rule pe_signatures_number_of_certificates {
  condition:
    for any x0 in pe.signatures : ( x0.number_of_certificates == 7 )
}

rule pe_signatures_number_of_countersignatures {
  condition:
    for any x0 in pe.signatures : ( x0.number_of_countersignatures == 7 )
}

rule pe_signatures_signer_info_program_name {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.program_name == "mews" )
}

rule pe_signatures_signer_info_program_name__contains {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.program_name icontains "mews is here" )
}

rule pe_signatures_signer_info_more_info {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.more_info == "mews" )
}

rule pe_signatures_signer_info_more_info__contains {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.more_info icontains "mews is here" )
}

rule pe_signatures_signer_info_digest {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.digest == "mews" )
}

rule pe_signatures_signer_info_digest__contains {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.digest icontains "mews is here" )
}

rule pe_signatures_signer_info_digest_alg {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.digest_alg == "mews" )
}

rule pe_signatures_signer_info_digest_alg__contains {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.digest_alg icontains "mews is here" )
}

rule pe_signatures_signer_info_chain__len {
  condition:
    for any x0 in pe.signatures : ( x0.signer_info.chain.len() == 7 )
}

rule pe_signatures_signer_info_chain_issuer {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.issuer == "mews" ) )
}

rule pe_signatures_signer_info_chain_issuer__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.issuer icontains "mews is here" ) )
}

rule pe_signatures_signer_info_chain_subject {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.subject == "mews" ) )
}

rule pe_signatures_signer_info_chain_subject__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.subject icontains "mews is here" ) )
}

rule pe_signatures_signer_info_chain_thumbprint {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.thumbprint == "mews" ) )
}

rule pe_signatures_signer_info_chain_thumbprint__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.thumbprint icontains "mews is here" ) )
}

rule pe_signatures_signer_info_chain_version {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.version == 7 ) )
}

rule pe_signatures_signer_info_chain_algorithm {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.algorithm == "mews" ) )
}

rule pe_signatures_signer_info_chain_algorithm__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.algorithm icontains "mews is here" ) )
}

rule pe_signatures_signer_info_chain_algorithm_oid {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.algorithm_oid == "mews" ) )
}

rule pe_signatures_signer_info_chain_algorithm_oid__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.algorithm_oid icontains "mews is here" ) )
}

rule pe_signatures_signer_info_chain_serial {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.serial == "mews" ) )
}

rule pe_signatures_signer_info_chain_serial__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.serial icontains "mews is here" ) )
}

rule pe_signatures_signer_info_chain_not_before {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.not_before == 7 ) )
}

rule pe_signatures_signer_info_chain_not_after {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.signer_info.chain : ( x1.not_after == 7 ) )
}

rule pe_signatures_certificates__len {
  condition:
    for any x0 in pe.signatures : ( x0.certificates.len() == 7 )
}

rule pe_signatures_certificates_issuer {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.issuer == "mews" ) )
}

rule pe_signatures_certificates_issuer__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.issuer icontains "mews is here" ) )
}

rule pe_signatures_certificates_subject {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.subject == "mews" ) )
}

rule pe_signatures_certificates_subject__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.subject icontains "mews is here" ) )
}

rule pe_signatures_certificates_thumbprint {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.thumbprint == "mews" ) )
}

rule pe_signatures_certificates_thumbprint__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.thumbprint icontains "mews is here" ) )
}

rule pe_signatures_certificates_version {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.version == 7 ) )
}

rule pe_signatures_certificates_algorithm {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.algorithm == "mews" ) )
}

rule pe_signatures_certificates_algorithm__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.algorithm icontains "mews is here" ) )
}

rule pe_signatures_certificates_algorithm_oid {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.algorithm_oid == "mews" ) )
}

rule pe_signatures_certificates_algorithm_oid__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.algorithm_oid icontains "mews is here" ) )
}

rule pe_signatures_certificates_serial {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.serial == "mews" ) )
}

rule pe_signatures_certificates_serial__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.serial icontains "mews is here" ) )
}

rule pe_signatures_certificates_not_before {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.not_before == 7 ) )
}

rule pe_signatures_certificates_not_after {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.certificates : ( x1.not_after == 7 ) )
}

rule pe_signatures_countersignatures__len {
  condition:
    for any x0 in pe.signatures : ( x0.countersignatures.len() == 7 )
}

rule pe_signatures_countersignatures_verified {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.verified ) )
}

rule pe_signatures_countersignatures_sign_time {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.sign_time == 7 ) )
}

rule pe_signatures_countersignatures_digest_alg {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.digest_alg == "mews" ) )
}

rule pe_signatures_countersignatures_digest_alg__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.digest_alg icontains "mews is here" ) )
}

rule pe_signatures_countersignatures_chain__len {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.chain.len() == 7 ) )
}

rule pe_signatures_countersignatures_chain_issuer {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.issuer == "mews" ) ) )
}

rule pe_signatures_countersignatures_chain_issuer__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.issuer icontains "mews is here" ) ) )
}

rule pe_signatures_countersignatures_chain_subject {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.subject == "mews" ) ) )
}

rule pe_signatures_countersignatures_chain_subject__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.subject icontains "mews is here" ) ) )
}

rule pe_signatures_countersignatures_chain_thumbprint {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.thumbprint == "mews" ) ) )
}

rule pe_signatures_countersignatures_chain_thumbprint__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.thumbprint icontains "mews is here" ) ) )
}

rule pe_signatures_countersignatures_chain_version {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.version == 7 ) ) )
}

rule pe_signatures_countersignatures_chain_algorithm {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.algorithm == "mews" ) ) )
}

rule pe_signatures_countersignatures_chain_algorithm__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.algorithm icontains "mews is here" ) ) )
}

rule pe_signatures_countersignatures_chain_algorithm_oid {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.algorithm_oid == "mews" ) ) )
}

rule pe_signatures_countersignatures_chain_algorithm_oid__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.algorithm_oid icontains "mews is here" ) ) )
}

rule pe_signatures_countersignatures_chain_serial {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.serial == "mews" ) ) )
}

rule pe_signatures_countersignatures_chain_serial__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.serial icontains "mews is here" ) ) )
}

rule pe_signatures_countersignatures_chain_not_before {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.not_before == 7 ) ) )
}

rule pe_signatures_countersignatures_chain_not_after {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( for any x2 in x1.chain : ( x2.not_after == 7 ) ) )
}

rule pe_signatures_countersignatures_digest {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.digest == "mews" ) )
}

rule pe_signatures_countersignatures_digest__contains {
  condition:
    for any x0 in pe.signatures : ( for any x1 in x0.countersignatures : ( x1.digest icontains "mews is here" ) )
}

rule pe_signatures_valid_on__0 {
  condition:
    for any x0 in pe.signatures : ( x0.valid_on(7) )
}

rule pe_overlay_offset {
  condition:
    pe.overlay.offset == 7
}

rule pe_overlay_size {
  condition:
    pe.overlay.size == 7
}

rule pe_calculate_checksum__0 {
  condition:
    pe.calculate_checksum() == 7
}

rule pe_delayed_import_rva__0 {
  condition:
    pe.delayed_import_rva("mews", "mews") == 7
}

rule pe_delayed_import_rva__1 {
  condition:
    pe.delayed_import_rva("mews", 7) == 7
}

rule pe_exports__0 {
  condition:
    pe.exports(/mews is here/)
}

rule pe_exports__1 {
  condition:
    pe.exports("mews")
}

rule pe_exports__2 {
  condition:
    pe.exports(7)
}

rule pe_exports_index__0 {
  condition:
    pe.exports_index(/mews is here/) == 7
}

rule pe_exports_index__1 {
  condition:
    pe.exports_index("mews") == 7
}

rule pe_exports_index__2 {
  condition:
    pe.exports_index(7) == 7
}

rule pe_imphash__0 {
  condition:
    pe.imphash() == "mews"
}

rule pe_imphash__0__contains {
  condition:
    pe.imphash() icontains "mews is here"
}

rule pe_import_rva__0 {
  condition:
    pe.import_rva("mews", "mews") == 7
}

rule pe_import_rva__1 {
  condition:
    pe.import_rva("mews", 7) == 7
}

rule pe_imports__0 {
  condition:
    pe.imports(/mews is here/, /mews is here/) == 7
}

rule pe_imports__1 {
  condition:
    pe.imports("mews", "mews")
}

rule pe_imports__2 {
  condition:
    pe.imports("mews", 7) == 7
}

rule pe_imports__3 {
  condition:
    pe.imports("mews") == 7
}

rule pe_imports__4 {
  condition:
    pe.imports(7, /mews is here/, /mews is here/) == 7
}

rule pe_imports__5 {
  condition:
    pe.imports(7, "mews", "mews")
}

rule pe_imports__6 {
  condition:
    pe.imports(7, "mews", 7)
}

rule pe_imports__7 {
  condition:
    pe.imports(7, "mews") == 7
}

rule pe_is_32bit__0 {
  condition:
    pe.is_32bit()
}

rule pe_is_64bit__0 {
  condition:
    pe.is_64bit()
}

rule pe_is_dll__0 {
  condition:
    pe.is_dll()
}

rule pe_language__0 {
  condition:
    pe.language(7)
}

rule pe_locale__0 {
  condition:
    pe.locale(7)
}

rule pe_offset_to_rva__0 {
  condition:
    pe.offset_to_rva(7) == 7
}

rule pe_rva_to_offset__0 {
  condition:
    pe.rva_to_offset(7) == 7
}

rule pe_section_index__0 {
  condition:
    pe.section_index("mews") == 7
}

rule pe_section_index__1 {
  condition:
    pe.section_index(7) == 7
}
