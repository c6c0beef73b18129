// Every field, constant and function of the module dex. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "dex"

rule dex__constants_0 {
  condition:
    for any x0 in (dex.TYPE_HEADER_ITEM, dex.TYPE_STRING_ID_ITEM, dex.TYPE_TYPE_ID_ITEM, dex.TYPE_PROTO_ID_ITEM, dex.TYPE_FIELD_ID_ITEM, dex.TYPE_METHOD_ID_ITEM, dex.TYPE_CLASS_DEF_ITEM, dex.TYPE_CALL_SITE_ID_ITEM, dex.TYPE_METHOD_HANDLE_ITEM, dex.TYPE_MAP_LIST, dex.TYPE_TYPE_LIST, dex.TYPE_ANNOTATION_SET_REF_LIST, dex.TYPE_ANNOTATION_SET_ITEM, dex.TYPE_CLASS_DATA_ITEM, dex.TYPE_CODE_ITEM, dex.TYPE_STRING_DATA_ITEM, dex.TYPE_DEBUG_INFO_ITEM, dex.TYPE_ANNOTATION_ITEM, dex.TYPE_ENCODED_ARRAY_ITEM, dex.TYPE_ANNOTATIONS_DIRECTORY_ITEM, dex.TYPE_HIDDENAPI_CLASS_DATA_ITEM, dex.ACC_PUBLIC, dex.ACC_PRIVATE, dex.ACC_PROTECTED, dex.ACC_STATIC, dex.ACC_FINAL, dex.ACC_SYNCHRONIZED, dex.ACC_BRIDGE, dex.ACC_VARARGS, dex.ACC_NATIVE, dex.ACC_INTERFACE, dex.ACC_ABSTRACT, dex.ACC_STRICT, dex.ACC_SYNTHETIC, dex.ACC_ANNOTATION, dex.ACC_ENUM, dex.ACC_CONSTRUCTOR, dex.ACC_DECLARED_SYNCHRONIZED, dex.ACC_VOLATILE, dex.ACC_TRANSIENT) : ( x0 == filesize )
}

rule dex_is_dex {
  condition:
    dex.is_dex
}

rule dex_header_magic {
  condition:
    dex.header.magic == 7
}

rule dex_header_version {
  condition:
    dex.header.version == 7
}

rule dex_header_checksum {
  condition:
    dex.header.checksum == 7
}

rule dex_header_signature {
  condition:
    dex.header.signature == "mews"
}

rule dex_header_signature__contains {
  condition:
    dex.header.signature icontains "mews is here"
}

rule dex_header_file_size {
  condition:
    dex.header.file_size == 7
}

rule dex_header_header_size {
  condition:
    dex.header.header_size == 7
}

rule dex_header_endian_tag {
  condition:
    dex.header.endian_tag == 7
}

rule dex_header_link_size {
  condition:
    dex.header.link_size == 7
}

rule dex_header_link_off {
  condition:
    dex.header.link_off == 7
}

rule dex_header_data_size {
  condition:
    dex.header.data_size == 7
}

rule dex_header_data_off {
  condition:
    dex.header.data_off == 7
}

rule dex_header_container_size {
  condition:
    dex.header.container_size == 7
}

rule dex_header_header_offset {
  condition:
    dex.header.header_offset == 7
}

rule dex_types__len {
  condition:
    dex.types.len() == 7
}

rule dex_types {
  condition:
    for any x0 in dex.types : ( x0 == "mews" )
}

rule dex_types__contains {
  condition:
    for any x0 in dex.types : ( x0 icontains "mews is here" )
}

rule dex_protos__len {
  condition:
    dex.protos.len() == 7
}

rule dex_protos_shorty {
  condition:
    for any x0 in dex.protos : ( x0.shorty == "mews" )
}

rule dex_protos_shorty__contains {
  condition:
    for any x0 in dex.protos : ( x0.shorty icontains "mews is here" )
}

rule dex_protos_return_type {
  condition:
    for any x0 in dex.protos : ( x0.return_type == "mews" )
}

rule dex_protos_return_type__contains {
  condition:
    for any x0 in dex.protos : ( x0.return_type icontains "mews is here" )
}

rule dex_protos_parameters_count {
  condition:
    for any x0 in dex.protos : ( x0.parameters_count == 7 )
}

rule dex_protos_parameters__len {
  condition:
    for any x0 in dex.protos : ( x0.parameters.len() == 7 )
}

rule dex_protos_parameters {
  condition:
    for any x0 in dex.protos : ( for any x1 in x0.parameters : ( x1 == "mews" ) )
}

rule dex_protos_parameters__contains {
  condition:
    for any x0 in dex.protos : ( for any x1 in x0.parameters : ( x1 icontains "mews is here" ) )
}

rule dex_fields__len {
  condition:
    dex.fields.len() == 7
}

rule dex_fields_class {
  condition:
    for any x0 in dex.fields : ( x0.class == "mews" )
}

rule dex_fields_class__contains {
  condition:
    for any x0 in dex.fields : ( x0.class icontains "mews is here" )
}

rule dex_fields_type {
  condition:
    for any x0 in dex.fields : ( x0.type == "mews" )
}

rule dex_fields_type__contains {
  condition:
    for any x0 in dex.fields : ( x0.type icontains "mews is here" )
}

rule dex_fields_name {
  condition:
    for any x0 in dex.fields : ( x0.name == "mews" )
}

rule dex_fields_name__contains {
  condition:
    for any x0 in dex.fields : ( x0.name icontains "mews is here" )
}

rule dex_methods__len {
  condition:
    dex.methods.len() == 7
}

rule dex_methods_class {
  condition:
    for any x0 in dex.methods : ( x0.class == "mews" )
}

rule dex_methods_class__contains {
  condition:
    for any x0 in dex.methods : ( x0.class icontains "mews is here" )
}

rule dex_methods_proto_shorty {
  condition:
    for any x0 in dex.methods : ( x0.proto.shorty == "mews" )
}

rule dex_methods_proto_shorty__contains {
  condition:
    for any x0 in dex.methods : ( x0.proto.shorty icontains "mews is here" )
}

rule dex_methods_proto_return_type {
  condition:
    for any x0 in dex.methods : ( x0.proto.return_type == "mews" )
}

rule dex_methods_proto_return_type__contains {
  condition:
    for any x0 in dex.methods : ( x0.proto.return_type icontains "mews is here" )
}

rule dex_methods_proto_parameters_count {
  condition:
    for any x0 in dex.methods : ( x0.proto.parameters_count == 7 )
}

rule dex_methods_proto_parameters__len {
  condition:
    for any x0 in dex.methods : ( x0.proto.parameters.len() == 7 )
}

rule dex_methods_proto_parameters {
  condition:
    for any x0 in dex.methods : ( for any x1 in x0.proto.parameters : ( x1 == "mews" ) )
}

rule dex_methods_proto_parameters__contains {
  condition:
    for any x0 in dex.methods : ( for any x1 in x0.proto.parameters : ( x1 icontains "mews is here" ) )
}

rule dex_methods_name {
  condition:
    for any x0 in dex.methods : ( x0.name == "mews" )
}

rule dex_methods_name__contains {
  condition:
    for any x0 in dex.methods : ( x0.name icontains "mews is here" )
}

rule dex_class_defs__len {
  condition:
    dex.class_defs.len() == 7
}

rule dex_class_defs_class {
  condition:
    for any x0 in dex.class_defs : ( x0.class == "mews" )
}

rule dex_class_defs_class__contains {
  condition:
    for any x0 in dex.class_defs : ( x0.class icontains "mews is here" )
}

rule dex_class_defs_access_flags {
  condition:
    for any x0 in dex.class_defs : ( x0.access_flags == 7 )
}

rule dex_class_defs_superclass {
  condition:
    for any x0 in dex.class_defs : ( x0.superclass == "mews" )
}

rule dex_class_defs_superclass__contains {
  condition:
    for any x0 in dex.class_defs : ( x0.superclass icontains "mews is here" )
}

rule dex_class_defs_source_file {
  condition:
    for any x0 in dex.class_defs : ( x0.source_file == "mews" )
}

rule dex_class_defs_source_file__contains {
  condition:
    for any x0 in dex.class_defs : ( x0.source_file icontains "mews is here" )
}

rule dex_map_list_size {
  condition:
    dex.map_list.size == 7
}

rule dex_map_list_items__len {
  condition:
    dex.map_list.items.len() == 7
}

rule dex_map_list_items_type {
  condition:
    for any x0 in dex.map_list.items : ( x0.type == 7 )
}

rule dex_map_list_items_unused {
  condition:
    for any x0 in dex.map_list.items : ( x0.unused == 7 )
}

rule dex_map_list_items_size {
  condition:
    for any x0 in dex.map_list.items : ( x0.size == 7 )
}

rule dex_map_list_items_offset {
  condition:
    for any x0 in dex.map_list.items : ( x0.offset == 7 )
}

rule dex_checksum__0 {
  condition:
    dex.checksum() == 7
}

rule dex_contains_class__0 {
  condition:
    dex.contains_class("mews")
}

rule dex_contains_method__0 {
  condition:
    dex.contains_method("mews")
}

rule dex_contains_string__0 {
  condition:
    dex.contains_string("mews")
}

rule dex_signature__0 {
  condition:
    dex.signature() == "mews"
}

rule dex_signature__0__contains {
  condition:
    dex.signature() icontains "mews is here"
}
