// Every field, constant and function of the module lnk. Made by
// yara-worker/tests/worker/modules.rs from what the engine says of itself.
import "lnk"

rule lnk__constants_0 {
  condition:
    for any x0 in (lnk.FILE_ATTRIBUTE_READONLY, lnk.FILE_ATTRIBUTE_HIDDEN, lnk.FILE_ATTRIBUTE_SYSTEM, lnk.RESERVED_1, lnk.FILE_ATTRIBUTE_DIRECTORY, lnk.FILE_ATTRIBUTE_ARCHIVE, lnk.RESERVED_2, lnk.FILE_ATTRIBUTE_NORMAL, lnk.FILE_ATTRIBUTE_TEMPORARY, lnk.FILE_ATTRIBUTE_SPARSE_FILE, lnk.FILE_ATTRIBUTE_REPARSE_POINT, lnk.FILE_ATTRIBUTE_COMPRESSED, lnk.FILE_ATTRIBUTE_OFFLINE, lnk.FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, lnk.FILE_ATTRIBUTE_ENCRYPTED) : ( x0 == filesize )
}

rule lnk_is_lnk {
  condition:
    lnk.is_lnk
}

rule lnk_name {
  condition:
    lnk.name == "mews"
}

rule lnk_name__contains {
  condition:
    lnk.name icontains "mews is here"
}

rule lnk_creation_time {
  condition:
    lnk.creation_time == 7
}

rule lnk_access_time {
  condition:
    lnk.access_time == 7
}

rule lnk_write_time {
  condition:
    lnk.write_time == 7
}

rule lnk_file_size {
  condition:
    lnk.file_size == 7
}

rule lnk_file_attributes {
  condition:
    lnk.file_attributes == 7
}

rule lnk_icon_location {
  condition:
    lnk.icon_location == "mews"
}

rule lnk_icon_location__contains {
  condition:
    lnk.icon_location icontains "mews is here"
}

rule lnk_icon_index {
  condition:
    lnk.icon_index == 7
}

rule lnk_show_command {
  condition:
    lnk.show_command == 7
}

rule lnk_drive_type {
  condition:
    lnk.drive_type == 7
}

rule lnk_drive_serial_number {
  condition:
    lnk.drive_serial_number == 7
}

rule lnk_volume_label {
  condition:
    lnk.volume_label == "mews"
}

rule lnk_volume_label__contains {
  condition:
    lnk.volume_label icontains "mews is here"
}

rule lnk_local_base_path {
  condition:
    lnk.local_base_path == "mews"
}

rule lnk_local_base_path__contains {
  condition:
    lnk.local_base_path icontains "mews is here"
}

rule lnk_common_path_suffix {
  condition:
    lnk.common_path_suffix == "mews"
}

rule lnk_common_path_suffix__contains {
  condition:
    lnk.common_path_suffix icontains "mews is here"
}

rule lnk_relative_path {
  condition:
    lnk.relative_path == "mews"
}

rule lnk_relative_path__contains {
  condition:
    lnk.relative_path icontains "mews is here"
}

rule lnk_working_dir {
  condition:
    lnk.working_dir == "mews"
}

rule lnk_working_dir__contains {
  condition:
    lnk.working_dir icontains "mews is here"
}

rule lnk_cmd_line_args {
  condition:
    lnk.cmd_line_args == "mews"
}

rule lnk_cmd_line_args__contains {
  condition:
    lnk.cmd_line_args icontains "mews is here"
}

rule lnk_overlay_size {
  condition:
    lnk.overlay_size == 7
}

rule lnk_overlay_offset {
  condition:
    lnk.overlay_offset == 7
}

rule lnk_tracker_data_version {
  condition:
    lnk.tracker_data.version == 7
}

rule lnk_tracker_data_machine_id {
  condition:
    lnk.tracker_data.machine_id == "mews"
}

rule lnk_tracker_data_machine_id__contains {
  condition:
    lnk.tracker_data.machine_id icontains "mews is here"
}

rule lnk_tracker_data_droid_volume_id {
  condition:
    lnk.tracker_data.droid_volume_id == "mews"
}

rule lnk_tracker_data_droid_volume_id__contains {
  condition:
    lnk.tracker_data.droid_volume_id icontains "mews is here"
}

rule lnk_tracker_data_droid_file_id {
  condition:
    lnk.tracker_data.droid_file_id == "mews"
}

rule lnk_tracker_data_droid_file_id__contains {
  condition:
    lnk.tracker_data.droid_file_id icontains "mews is here"
}

rule lnk_tracker_data_droid_birth_volume_id {
  condition:
    lnk.tracker_data.droid_birth_volume_id == "mews"
}

rule lnk_tracker_data_droid_birth_volume_id__contains {
  condition:
    lnk.tracker_data.droid_birth_volume_id icontains "mews is here"
}

rule lnk_tracker_data_droid_birth_file_id {
  condition:
    lnk.tracker_data.droid_birth_file_id == "mews"
}

rule lnk_tracker_data_droid_birth_file_id__contains {
  condition:
    lnk.tracker_data.droid_birth_file_id icontains "mews is here"
}

rule lnk_target_id_list__len {
  condition:
    lnk.target_id_list.len() == 7
}

rule lnk_target_id_list_item_type {
  condition:
    for any x0 in lnk.target_id_list : ( x0.item_type == 7 )
}

rule lnk_target_id_list_data {
  condition:
    for any x0 in lnk.target_id_list : ( x0.data == "mews" )
}

rule lnk_target_id_list_data__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.data icontains "mews is here" )
}

rule lnk_target_id_list_cpl_file_path {
  condition:
    for any x0 in lnk.target_id_list : ( x0.cpl_file_path == "mews" )
}

rule lnk_target_id_list_cpl_file_path__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.cpl_file_path icontains "mews is here" )
}

rule lnk_target_id_list_root_folder_id {
  condition:
    for any x0 in lnk.target_id_list : ( x0.root_folder_id == "mews" )
}

rule lnk_target_id_list_root_folder_id__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.root_folder_id icontains "mews is here" )
}

rule lnk_target_id_list_volume_name {
  condition:
    for any x0 in lnk.target_id_list : ( x0.volume_name == "mews" )
}

rule lnk_target_id_list_volume_name__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.volume_name icontains "mews is here" )
}

rule lnk_target_id_list_volume_id {
  condition:
    for any x0 in lnk.target_id_list : ( x0.volume_id == "mews" )
}

rule lnk_target_id_list_volume_id__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.volume_id icontains "mews is here" )
}

rule lnk_target_id_list_file_entry_name {
  condition:
    for any x0 in lnk.target_id_list : ( x0.file_entry_name == "mews" )
}

rule lnk_target_id_list_file_entry_name__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.file_entry_name icontains "mews is here" )
}

rule lnk_target_id_list_network_location {
  condition:
    for any x0 in lnk.target_id_list : ( x0.network_location == "mews" )
}

rule lnk_target_id_list_network_location__contains {
  condition:
    for any x0 in lnk.target_id_list : ( x0.network_location icontains "mews is here" )
}

rule lnk_ShowCommand__constants_0 {
  condition:
    for any x0 in (lnk.ShowCommand.NORMAL, lnk.ShowCommand.MAXIMIZED, lnk.ShowCommand.MIN_NO_ACTIVE) : ( x0 == filesize )
}

rule lnk_DriveType__constants_0 {
  condition:
    for any x0 in (lnk.DriveType.UNKNOWN, lnk.DriveType.NO_ROOT_DIR, lnk.DriveType.REMOVABLE, lnk.DriveType.FIXED, lnk.DriveType.REMOTE, lnk.DriveType.CDROM, lnk.DriveType.RAMDISK) : ( x0 == filesize )
}

rule lnk_ShellItemType__constants_0 {
  condition:
    for any x0 in (lnk.ShellItemType.CONTROL_PANEL_CPL, lnk.ShellItemType.CONTROL_PANEL_CATEGORY, lnk.ShellItemType.ROOT_FOLDER, lnk.ShellItemType.VOLUME, lnk.ShellItemType.FILE_ENTRY, lnk.ShellItemType.NETWORK_LOCATION, lnk.ShellItemType.COMPRESSED_FOLDER, lnk.ShellItemType.URI, lnk.ShellItemType.CONTROL_PANEL, lnk.ShellItemType.PRINTERS, lnk.ShellItemType.COMMON_PLACES_FOLDER, lnk.ShellItemType.USERS_FILES_FOLDER) : ( x0 == filesize )
}
