package intel

import (
	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
)

// maxLimit is upstream's largest page.
const maxLimit = 10_000

// schema declares what filters and sorts may name, and where it stands in the
// tables of migration 15.
func schema(d Deps) collection.Schema {
	return collection.Schema{
		Name: "intel indicator", Table: "intel", Key: "seq", ID: "id",
		Fields: append(append(ownFields(), labelFields()...), wordFields()...), Hidden: "deleted",
		Scan: "intel_scan", ScanColumns: []string{"deleted", "marker", "type", "confidence", "published", "updated"},
		DefaultSort: "_marker|asc", DefaultLimit: 100, MaxLimit: maxLimit,
		Window: d.Window, UnknownField: d.UnknownField,
	}
}

// ownFields have one value.
func ownFields() []collection.Field {
	return []collection.Field{
		{
			Name: "_marker", Column: "marker", Sortable: true, Beyond: true,
			Doc: "where the record stands in the order of changes; >= and <= leave out the record of the marker that is given",
		},
		{Name: "id", Column: "id", Indexed: true, Sortable: true, Doc: "<type>_<indicator>"},
		{
			Name: "indicator", Column: "indicator", Folded: "indicator_folded", Indexed: true, Sortable: true,
			Doc: "the hash, domain, address, URL and so on",
		},
		{Name: "type", Column: "type", Lower: true, Doc: "what it is: hash_sha256, domain, ip_address, url and so on"},
		{
			Name: "malicious_confidence", Column: "confidence", Doc: "how sure feeds are",
			Values: []string{mews.ConfidenceHigh, mews.ConfidenceMedium, mews.ConfidenceLow, mews.ConfidenceUnverified},
		},
		{Name: "published_date", Type: collection.Time, Column: "published", Sortable: true, Doc: "when it was told of first"},
		{Name: "last_updated", Type: collection.Time, Column: "updated", Sortable: true, Doc: "when the record changed last"},
		{Name: "deleted", Type: collection.Boolean, Column: "deleted", Doc: "no feed says it any more; only filters that name this field find those"},
		{Name: "_all", Child: "intel_text", Column: "text", Lower: true, Type: collection.Text, Doc: "all that stands in the record: what q searches"},
	}
}

// wordFields are the lists of words, and what is made of them.
func wordFields() []collection.Field {
	word := func(name, view, doc string, aliases ...string) collection.Field {
		return collection.Field{Name: name, Aliases: aliases, Child: view, Column: "word", Folded: "folded", Indexed: true, Doc: doc}
	}
	return []collection.Field{
		word("actors", "intel_actors", "who uses it"),
		word("reports", "intel_reports", "titles and addresses of what tells of it"),
		word("reports.slug", "intel_report_slugs", "the same, in lower case with - between words"),
		word("malware_families", "intel_malware_families", "the malware that it belongs to"),
		word("kill_chains", "intel_kill_chains", "what it is used for: delivery, c2 and so on"),
		word("domain_types", "intel_domain_types", "of a domain"),
		word("ip_address_types", "intel_ip_address_types", "of an address"),
		word("targets", "intel_targets", "whom it is used against"),
		word("threat_types", "intel_threat_types", "what kind of threat it is"),
		word("vulnerabilities", "intel_vulnerabilities", "CVE ids"),
		word("source", "intel_sources", "the feeds that stand for it", "scope"),
	}
}

func labelFields() []collection.Field {
	const table = "intel_label"
	return []collection.Field{
		{Name: "labels.name", Aliases: []string{"labels"}, Child: table, Column: "name", Folded: "folded", Indexed: true, Doc: "words that feeds put on it"},
		{Name: "labels.created_on", Child: table, Column: "created", Type: collection.Time, Doc: "since when a label holds"},
		{Name: "labels.last_valid_on", Child: table, Column: "last_valid", Type: collection.Time, Doc: "when a label was last known to hold"},
	}
}
