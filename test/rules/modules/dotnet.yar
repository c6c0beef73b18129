// Every field, constant and function of the module dotnet. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "dotnet"

rule dotnet_is_dotnet {
  condition:
    dotnet.is_dotnet
}

rule dotnet_module_name {
  condition:
    dotnet.module_name == "mews"
}

rule dotnet_module_name__contains {
  condition:
    dotnet.module_name icontains "mews is here"
}

rule dotnet_version {
  condition:
    dotnet.version == "mews"
}

rule dotnet_version__contains {
  condition:
    dotnet.version icontains "mews is here"
}

rule dotnet_number_of_streams {
  condition:
    dotnet.number_of_streams == 7
}

rule dotnet_number_of_guids {
  condition:
    dotnet.number_of_guids == 7
}

rule dotnet_number_of_resources {
  condition:
    dotnet.number_of_resources == 7
}

rule dotnet_number_of_generic_parameters {
  condition:
    dotnet.number_of_generic_parameters == 7
}

rule dotnet_number_of_classes {
  condition:
    dotnet.number_of_classes == 7
}

rule dotnet_number_of_assembly_refs {
  condition:
    dotnet.number_of_assembly_refs == 7
}

rule dotnet_number_of_modulerefs {
  condition:
    dotnet.number_of_modulerefs == 7
}

rule dotnet_number_of_user_strings {
  condition:
    dotnet.number_of_user_strings == 7
}

rule dotnet_number_of_constants {
  condition:
    dotnet.number_of_constants == 7
}

rule dotnet_number_of_field_offsets {
  condition:
    dotnet.number_of_field_offsets == 7
}

rule dotnet_typelib {
  condition:
    dotnet.typelib == "mews"
}

rule dotnet_typelib__contains {
  condition:
    dotnet.typelib icontains "mews is here"
}

rule dotnet_streams__len {
  condition:
    dotnet.streams.len() == 7
}

rule dotnet_streams_name {
  condition:
    for any x0 in dotnet.streams : ( x0.name == "mews" )
}

rule dotnet_streams_name__contains {
  condition:
    for any x0 in dotnet.streams : ( x0.name icontains "mews is here" )
}

rule dotnet_streams_offset {
  condition:
    for any x0 in dotnet.streams : ( x0.offset == 7 )
}

rule dotnet_streams_size {
  condition:
    for any x0 in dotnet.streams : ( x0.size == 7 )
}

rule dotnet_guids__len {
  condition:
    dotnet.guids.len() == 7
}

rule dotnet_guids {
  condition:
    for any x0 in dotnet.guids : ( x0 == "mews" )
}

rule dotnet_guids__contains {
  condition:
    for any x0 in dotnet.guids : ( x0 icontains "mews is here" )
}

rule dotnet_constants__len {
  condition:
    dotnet.constants.len() == 7
}

rule dotnet_constants {
  condition:
    for any x0 in dotnet.constants : ( x0 == "mews" )
}

rule dotnet_constants__contains {
  condition:
    for any x0 in dotnet.constants : ( x0 icontains "mews is here" )
}

rule dotnet_assembly_name {
  condition:
    dotnet.assembly.name == "mews"
}

rule dotnet_assembly_name__contains {
  condition:
    dotnet.assembly.name icontains "mews is here"
}

rule dotnet_assembly_culture {
  condition:
    dotnet.assembly.culture == "mews"
}

rule dotnet_assembly_culture__contains {
  condition:
    dotnet.assembly.culture icontains "mews is here"
}

rule dotnet_assembly_version_major {
  condition:
    dotnet.assembly.version.major == 7
}

rule dotnet_assembly_version_minor {
  condition:
    dotnet.assembly.version.minor == 7
}

rule dotnet_assembly_version_build_number {
  condition:
    dotnet.assembly.version.build_number == 7
}

rule dotnet_assembly_version_revision_number {
  condition:
    dotnet.assembly.version.revision_number == 7
}

rule dotnet_assembly_refs__len {
  condition:
    dotnet.assembly_refs.len() == 7
}

rule dotnet_assembly_refs_name {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.name == "mews" )
}

rule dotnet_assembly_refs_name__contains {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.name icontains "mews is here" )
}

rule dotnet_assembly_refs_public_key_or_token {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.public_key_or_token == "mews" )
}

rule dotnet_assembly_refs_public_key_or_token__contains {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.public_key_or_token icontains "mews is here" )
}

rule dotnet_assembly_refs_version_major {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.version.major == 7 )
}

rule dotnet_assembly_refs_version_minor {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.version.minor == 7 )
}

rule dotnet_assembly_refs_version_build_number {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.version.build_number == 7 )
}

rule dotnet_assembly_refs_version_revision_number {
  condition:
    for any x0 in dotnet.assembly_refs : ( x0.version.revision_number == 7 )
}

rule dotnet_resources__len {
  condition:
    dotnet.resources.len() == 7
}

rule dotnet_resources_offset {
  condition:
    for any x0 in dotnet.resources : ( x0.offset == 7 )
}

rule dotnet_resources_length {
  condition:
    for any x0 in dotnet.resources : ( x0.length == 7 )
}

rule dotnet_resources_name {
  condition:
    for any x0 in dotnet.resources : ( x0.name == "mews" )
}

rule dotnet_resources_name__contains {
  condition:
    for any x0 in dotnet.resources : ( x0.name icontains "mews is here" )
}

rule dotnet_classes__len {
  condition:
    dotnet.classes.len() == 7
}

rule dotnet_classes_fullname {
  condition:
    for any x0 in dotnet.classes : ( x0.fullname == "mews" )
}

rule dotnet_classes_fullname__contains {
  condition:
    for any x0 in dotnet.classes : ( x0.fullname icontains "mews is here" )
}

rule dotnet_classes_name {
  condition:
    for any x0 in dotnet.classes : ( x0.name == "mews" )
}

rule dotnet_classes_name__contains {
  condition:
    for any x0 in dotnet.classes : ( x0.name icontains "mews is here" )
}

rule dotnet_classes_namespace {
  condition:
    for any x0 in dotnet.classes : ( x0.namespace == "mews" )
}

rule dotnet_classes_namespace__contains {
  condition:
    for any x0 in dotnet.classes : ( x0.namespace icontains "mews is here" )
}

rule dotnet_classes_visibility {
  condition:
    for any x0 in dotnet.classes : ( x0.visibility == "mews" )
}

rule dotnet_classes_visibility__contains {
  condition:
    for any x0 in dotnet.classes : ( x0.visibility icontains "mews is here" )
}

rule dotnet_classes_type {
  condition:
    for any x0 in dotnet.classes : ( x0.type == "mews" )
}

rule dotnet_classes_type__contains {
  condition:
    for any x0 in dotnet.classes : ( x0.type icontains "mews is here" )
}

rule dotnet_classes_abstract {
  condition:
    for any x0 in dotnet.classes : ( x0.abstract )
}

rule dotnet_classes_sealed {
  condition:
    for any x0 in dotnet.classes : ( x0.sealed )
}

rule dotnet_classes_number_of_base_types {
  condition:
    for any x0 in dotnet.classes : ( x0.number_of_base_types == 7 )
}

rule dotnet_classes_number_of_generic_parameters {
  condition:
    for any x0 in dotnet.classes : ( x0.number_of_generic_parameters == 7 )
}

rule dotnet_classes_number_of_methods {
  condition:
    for any x0 in dotnet.classes : ( x0.number_of_methods == 7 )
}

rule dotnet_classes_base_types__len {
  condition:
    for any x0 in dotnet.classes : ( x0.base_types.len() == 7 )
}

rule dotnet_classes_base_types {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.base_types : ( x1 == "mews" ) )
}

rule dotnet_classes_base_types__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.base_types : ( x1 icontains "mews is here" ) )
}

rule dotnet_classes_generic_parameters__len {
  condition:
    for any x0 in dotnet.classes : ( x0.generic_parameters.len() == 7 )
}

rule dotnet_classes_generic_parameters {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.generic_parameters : ( x1 == "mews" ) )
}

rule dotnet_classes_generic_parameters__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.generic_parameters : ( x1 icontains "mews is here" ) )
}

rule dotnet_classes_methods__len {
  condition:
    for any x0 in dotnet.classes : ( x0.methods.len() == 7 )
}

rule dotnet_classes_methods_name {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.name == "mews" ) )
}

rule dotnet_classes_methods_name__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.name icontains "mews is here" ) )
}

rule dotnet_classes_methods_visibility {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.visibility == "mews" ) )
}

rule dotnet_classes_methods_visibility__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.visibility icontains "mews is here" ) )
}

rule dotnet_classes_methods_abstract {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.abstract ) )
}

rule dotnet_classes_methods_static {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.static ) )
}

rule dotnet_classes_methods_virtual {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.virtual ) )
}

rule dotnet_classes_methods_final {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.final ) )
}

rule dotnet_classes_methods_return_type {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.return_type == "mews" ) )
}

rule dotnet_classes_methods_return_type__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.return_type icontains "mews is here" ) )
}

rule dotnet_classes_methods_number_of_generic_parameters {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.number_of_generic_parameters == 7 ) )
}

rule dotnet_classes_methods_number_of_parameters {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.number_of_parameters == 7 ) )
}

rule dotnet_classes_methods_generic_parameters__len {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.generic_parameters.len() == 7 ) )
}

rule dotnet_classes_methods_generic_parameters {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( for any x2 in x1.generic_parameters : ( x2 == "mews" ) ) )
}

rule dotnet_classes_methods_generic_parameters__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( for any x2 in x1.generic_parameters : ( x2 icontains "mews is here" ) ) )
}

rule dotnet_classes_methods_parameters__len {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( x1.parameters.len() == 7 ) )
}

rule dotnet_classes_methods_parameters_name {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( for any x2 in x1.parameters : ( x2.name == "mews" ) ) )
}

rule dotnet_classes_methods_parameters_name__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( for any x2 in x1.parameters : ( x2.name icontains "mews is here" ) ) )
}

rule dotnet_classes_methods_parameters_type {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( for any x2 in x1.parameters : ( x2.type == "mews" ) ) )
}

rule dotnet_classes_methods_parameters_type__contains {
  condition:
    for any x0 in dotnet.classes : ( for any x1 in x0.methods : ( for any x2 in x1.parameters : ( x2.type icontains "mews is here" ) ) )
}

rule dotnet_field_offsets__len {
  condition:
    dotnet.field_offsets.len() == 7
}

rule dotnet_field_offsets {
  condition:
    for any x0 in dotnet.field_offsets : ( x0 == 7 )
}

rule dotnet_user_strings__len {
  condition:
    dotnet.user_strings.len() == 7
}

rule dotnet_user_strings {
  condition:
    for any x0 in dotnet.user_strings : ( x0 == "mews" )
}

rule dotnet_user_strings__contains {
  condition:
    for any x0 in dotnet.user_strings : ( x0 icontains "mews is here" )
}

rule dotnet_modulerefs__len {
  condition:
    dotnet.modulerefs.len() == 7
}

rule dotnet_modulerefs {
  condition:
    for any x0 in dotnet.modulerefs : ( x0 == "mews" )
}

rule dotnet_modulerefs__contains {
  condition:
    for any x0 in dotnet.modulerefs : ( x0 icontains "mews is here" )
}
