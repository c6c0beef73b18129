package host

import (
	"time"

	"github.com/mewshq/mews/internal/collection"
)

// Bounds of pages.
const (
	defaultLimit = 100
	maxLimit     = 5000   // also ids of a call
	maxScroll    = 10_000 // of a page of a scroll
	scrollLife   = 2 * time.Minute

	// defaultSort does not change while hosts report, so that pages fit together.
	defaultSort = "hostname|asc"
)

// schema declares the fields of a device and where they stand in the tables of
// migration 10.
func schema(d Deps) collection.Schema {
	return collection.Schema{
		Name: "device", Table: "host", Key: "seq", ID: "aid",
		Fields:      fields(),
		DefaultSort: defaultSort, DefaultLimit: defaultLimit, MaxLimit: maxLimit,
		Window: d.Window, UnknownField: d.UnknownField,
	}
}

// scrollSchema is schema with the bounds of a scroll.
func scrollSchema(d Deps) collection.Schema {
	s := schema(d)
	s.MaxLimit, s.Window = maxScroll, 0
	return s
}

func fields() []collection.Field {
	return []collection.Field{
		{Name: "device_id", Aliases: []string{"aid"}, Column: "aid", Lower: true, Indexed: true, Sortable: true, Doc: "the host's id"},
		{Name: "cid", Column: "cid", Lower: true, Doc: "the customer; always your own"},
		{Name: "hostname", Column: "hostname", Folded: "hostname_folded", Indexed: true, Sortable: true, Doc: "the host's name"},
		{Name: "status", Column: "status", Values: []string{"normal"}, Doc: "always normal: nothing contains hosts here"},
		{Name: "platform_name", Column: "platform_name", Folded: "platform_name_folded", Sortable: true, Doc: "Windows, Mac or Linux"},
		{Name: "os_version", Column: "os_version", Folded: "os_version_folded", Sortable: true, Doc: "the operating system"},
		{Name: "os_build", Column: "os_build", Doc: "its build"},
		{Name: "kernel_version", Column: "kernel_version", Doc: "its kernel"},
		{Name: "product_type", Column: "product_type", Doc: "1, 2 or 3: workstation, domain controller or server"},
		{
			Name: "product_type_desc", Column: "product_type_desc", Folded: "product_type_desc_folded", Sortable: true,
			Doc: "Workstation, Domain Controller or Server",
		},
		{Name: "agent_version", Column: "agent_version", Sortable: true, Doc: "the sensor that reports"},
		{Name: "local_ip", Type: collection.IP, Column: "local_ip", Indexed: true, Sortable: true, Doc: "the host's own address"},
		{Name: "external_ip", Type: collection.IP, Column: "external_ip", Indexed: true, Sortable: true, Doc: "the address it is seen from"},
		{Name: "mac_address", Column: "mac_address", Lower: true, Indexed: true, Doc: "with dashes: 00-1b-21-3c-4d-5e"},
		{Name: "machine_domain", Column: "machine_domain", Folded: "machine_domain_folded", Sortable: true, Doc: "the domain it belongs to"},
		{Name: "site_name", Column: "site_name", Folded: "site_name_folded", Sortable: true, Doc: "its site in the directory"},
		{Name: "ou", Child: "host_ou", Column: "ou", Folded: "ou_folded", Indexed: true, Doc: "its organisational units"},
		{Name: "tags", Child: "host_tag", Column: "tag", Folded: "tag_folded", Indexed: true, Doc: "tags that its sensor was given"},
		{Name: "groups", Column: "host_group", Doc: "always empty: nothing groups hosts here"},
		{
			Name: "system_manufacturer", Column: "system_manufacturer", Folded: "system_manufacturer_folded",
			Doc: "who made the machine",
		},
		{Name: "system_product_name", Column: "system_product_name", Folded: "system_product_name_folded", Doc: "its model"},
		{Name: "serial_number", Column: "serial_number", Folded: "serial_number_folded", Indexed: true, Doc: "its serial number"},
		{Name: "last_login_user", Column: "last_login_user", Folded: "last_login_user_folded", Doc: "who logged in last"},
		{Name: "last_reboot", Type: collection.Time, Column: "last_reboot", Doc: "when it was started last"},
		{
			Name: "first_seen", Type: collection.Time, Column: "first_seen", Sortable: true,
			Doc: "when its sensor was installed, or the first event there is of it",
		},
		{Name: "last_seen", Type: collection.Time, Column: "last_seen", Sortable: true, Doc: "the last event there is of it"},
		{
			Name: "modified_timestamp", Type: collection.Time, Column: "modified", Sortable: true,
			Doc: "when something but last_seen changed here",
		},
	}
}
