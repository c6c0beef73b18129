package vuln

import (
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/scanreport"
)

// Bounds of pages.
const (
	defaultLimit = 100
	maxIDs       = 400  // of a page of ids, and of Get
	maxRecords   = 5000 // of a page of records
	tokenLife    = 2 * time.Minute

	// defaultSort does not change while scans come, so that pages fit together.
	defaultSort = "created_timestamp|asc"
)

// idSchema declares the fields of a vulnerability and where they stand in the
// tables of migration 14.
func idSchema(d Deps) collection.Schema {
	return collection.Schema{
		Name: "vulnerability", Table: "vulnerability", Key: "seq", ID: "id",
		Fields: fields(), Scan: "vulnerability_scan", ScanColumns: scanned(),
		DefaultSort: defaultSort, DefaultLimit: defaultLimit, MaxLimit: maxIDs,
		UnknownField: d.UnknownField,
	}
}

// recordSchema is idSchema with the bounds of pages of records. Its name keeps
// the tokens of the two apart.
func recordSchema(d Deps) collection.Schema {
	s := idSchema(d)
	s.Name, s.MaxLimit = "combined vulnerability", maxRecords
	return s
}

// scanned are the columns of the index vulnerability_scan beside customer and key.
func scanned() []string {
	return []string{
		"status", "severity", "base_score", "exprt", "exploit", "kev", "suppressed", "created", "updated", "closed",
	}
}

func fields() []collection.Field {
	own := append(ownFields(), cveFields()...)
	return append(append(own, hostFields()...), sourceFields()...)
}

// statuses are the states, in the order in which they usually come.
func statuses() []string {
	return []string{mews.VulnerabilityOpen, mews.VulnerabilityClosed, mews.VulnerabilityReopen, mews.VulnerabilityExpired}
}

func ownFields() []collection.Field {
	return []collection.Field{
		{Name: "id", Column: "id", Lower: true, Indexed: true, Doc: "the vulnerability on its host: <aid>_<32 hex digits>"},
		{Name: "aid", Aliases: []string{"device_id"}, Column: "aid", Lower: true, Indexed: true, Doc: "the host"},
		{Name: "cid", Column: "cid", Lower: true, Doc: "the customer; always your own"},
		{Name: "status", Column: "status", Values: statuses(), Doc: "reopen: it was closed before; expired: not scanned for long"},
		{Name: "created_timestamp", Type: collection.Time, Column: "created", Sortable: true, Doc: "when the server learned of it"},
		{Name: "updated_timestamp", Type: collection.Time, Column: "updated", Sortable: true, Doc: "when anything of it last changed here"},
		{Name: "closed_timestamp", Type: collection.Time, Column: "closed", Sortable: true, Doc: "when a scan no longer found it"},
		{Name: fieldWithin, Column: "last_seen_within", Doc: "days, as text: the host was seen within them"},
		{
			Name: "app.product_name_normalized", Aliases: []string{"apps.product_name_normalized"}, Column: "package",
			Folded: "package_folded", Indexed: true, Doc: "the package",
		},
		{Name: "apps.vendor_normalized", Column: "kind", Lower: true, Doc: "the kind of package: deb, npm, jar"},
		{Name: "suppression_info.is_suppressed", Type: collection.Boolean, Column: "suppressed", Doc: "the scanner was told to leave it out"},
		{Name: "suppression_info.reason", Column: "reason", Folded: "reason_folded", Doc: "why it was"},
	}
}

func cveFields() []collection.Field {
	return []collection.Field{
		{Name: "cve.id", Column: "cve", Folded: "cve_folded", Indexed: true, Sortable: true, Doc: "the CVE, or the scanner's id where there is none"},
		{Name: "vulnerability_id", Column: "name", Doc: "the scanner's own id"},
		{Name: "cve.severity", Column: "severity", Values: scanreport.Severities(), Doc: "by the scanner, for this package"},
		{Name: "cve.base_score", Type: collection.Number, Column: "base_score", Sortable: true, Doc: "CVSS base score"},
		{
			Name: "cve.exprt_rating", Column: "exprt", Values: ratings(),
			Doc: "how likely it is attacked, by what the scanner knows: CISA's catalog and EPSS",
		},
		{
			Name: "cve.exploit_status", Aliases: []string{"cve.exploit_status_to_include"}, Type: collection.Integer, Column: "exploit",
			Doc: "90: known to be used in attacks; 0: nothing is known",
		},
		{Name: "cve.is_cisa_kev", Type: collection.Boolean, Column: "kev", Doc: "in CISA's catalog of known exploited vulnerabilities"},
		{Name: "cve.remediation_level", Column: "remediation", Values: []string{levelFixed, levelNone}, Doc: "O: there is a fix; U: there is none"},
		{Name: "cve.types", Column: "types", Values: []string{"vulnerability"}, Doc: "always Vulnerability: configurations are not looked at"},
		{Name: "cve.published_date", Type: collection.Time, Column: "published", Doc: "when the world learned of it"},
	}
}

// hostFields stand in the table of hosts.
func hostFields() []collection.Field {
	of := func(name, column, doc string) collection.Field {
		return collection.Field{Name: "host_info." + name, Child: "vuln_host", Column: column, Folded: column + "_folded", Doc: doc}
	}
	hostname := of("hostname", "hostname", "the host's name")
	hostname.Indexed = true
	platform := of("platform_name", "platform_name", "Windows, Mac or Linux")
	platform.Aliases = []string{"host_info.platform"}
	return []collection.Field{
		hostname,
		platform,
		of("os_version", "os_version", "its operating system"),
		of("product_type_desc", "product_type_desc", "Workstation, Domain Controller or Server"),
		of("machine_domain", "machine_domain", "the domain it belongs to"),
		of("site_name", "site_name", "its site in the directory"),
		of("system_manufacturer", "system_manufacturer", "who made the machine"),
		{Name: "host_info.os_build", Child: "vuln_host", Column: "os_build", Doc: "the build of its system"},
		{Name: "host_info.local_ip", Type: collection.IP, Child: "vuln_host", Column: "local_ip", Indexed: true, Doc: "its own address"},
		{Name: "host_info.groups", Child: "vuln_host", Column: "host_group", Doc: "always empty: nothing groups hosts here"},
		{Name: "host_info.tags", Child: "vuln_host_tag", Column: "tag", Folded: "tag_folded", Indexed: true, Doc: "tags that its sensor was given"},
		{Name: "host_info.ou", Child: "vuln_host_ou", Column: "ou", Folded: "ou_folded", Indexed: true, Doc: "its organisational units"},
		{Name: fieldHostSeen, Type: collection.Time, Child: "vuln_host", Column: "last_seen", Doc: "when it was last seen"},
	}
}

// sourceFields stand in the table of scopes.
func sourceFields() []collection.Field {
	return []collection.Field{
		{
			Name: "data_providers.provider", Aliases: []string{"scan.scanner"}, Child: "vuln_source", Column: "scanner", Lower: true,
			Doc: "the scanner that found it",
		},
		{Name: "scan.format", Child: "vuln_source", Column: "format", Lower: true, Doc: "of its reports"},
		{Name: "scan.scope", Child: "vuln_source", Column: "name", Doc: "what was scanned: a path, an image"},
		{Name: "scan.target", Column: "target", Doc: "within that: a lock file"},
		{Name: "scan.last_scan", Type: collection.Time, Child: "vuln_source", Column: "scanned", Doc: "when it was last scanned"},
	}
}
