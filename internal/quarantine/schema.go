package quarantine

import (
	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
)

const (
	table        = "quarantine"
	defaultLimit = 100
	defaultSort  = "date_created|desc"
)

// schema declares the fields of a record: what filters, sorts, q and aggregates
// may name, and where it stands in the tables of migration 7.
func schema(d Deps) collection.Schema {
	return collection.Schema{
		Name: "quarantined file", Table: table, Key: "seq", ID: "id", Words: "quarantine_words",
		Scan: "quarantine_scan", ScanColumns: scanned(), Sheets: sheets(),
		Fields:      append(ownFields(), childFields()...),
		DefaultSort: defaultSort, DefaultLimit: defaultLimit, MaxLimit: maxIDs,
		Window: d.Window, UnknownField: d.UnknownField,
	}
}

// scanned are the columns that quarantine_scan holds.
func scanned() []string {
	return []string{
		"created", "first_behavior", "last_behavior", "max_severity", "max_confidence", "hostname_folded", "hostname", "username_folded",
		"username", "country_folded", "country", "adversary",
	}
}

// deleted is another word for the state after delete.
func deleted() map[string]string { return map[string]string{"deleted": mews.StatePurged} }

// ownFields have one value, in the noun's table.
func ownFields() []collection.Field {
	return []collection.Field{
		{Name: "id", Column: "id", Lower: true, Indexed: true, Doc: "the record: host and file, <aid>_<sha256>"},
		{
			Name: "aid", Aliases: []string{"device.device_id"}, Column: "aid", Lower: true, Indexed: true, Aggregate: true,
			Doc: "the host",
		},
		{Name: "cid", Column: "cid", Lower: true, Aggregate: true, Doc: "the customer; always your own"},
		{Name: "sha256", Column: "sha256", Lower: true, Indexed: true, Aggregate: true, InQ: true, Doc: "the file's hash"},
		{
			Name: "state", Aliases: []string{"status"}, Column: "state", Lower: true, Sortable: true, Aggregate: true, InQ: true,
			Values:   []string{mews.StateQuarantined, mews.StateReleased, mews.StatePurged},
			Synonyms: deleted(), Doc: "where the record stands",
		},
		{
			Name: "paths.state", Column: "path_state", Lower: true, Sortable: true, Aggregate: true, InQ: true,
			Values: pathStates(), Synonyms: deleted(),
			Doc: "where the host stands: the record's state, or <action>_pending until the host has answered, or error",
		},
		{
			Name: "hostname", Aliases: []string{"device.hostname"}, Column: "hostname", Folded: "hostname_folded", Indexed: true,
			Sortable: true, Aggregate: true, InQ: true, Doc: "the host's name",
		},
		{
			Name: "username", Aliases: []string{"behaviors.username"}, Column: "username", Folded: "username_folded", Indexed: true,
			Sortable: true, Aggregate: true, InQ: true, Doc: "whose file it was, or who ran it",
		},
		{
			Name: "date_created", Type: collection.Time, Column: "created", Sortable: true, Aggregate: true, InQ: true,
			Doc: "when the host took the file, by its first report",
		},
		{
			Name: "date_updated", Type: collection.Time, Column: "updated", Sortable: true, Aggregate: true, InQ: true,
			Doc: "when the record changed last",
		},
		{Name: "adversary_id", Column: "adversary", Aggregate: true, Doc: "who is behind the file"},
		{
			Name: "device.country", Aliases: []string{"country"}, Column: "country", Folded: "country_folded", Aggregate: true,
			Doc: "where the host is",
		},
		{Name: "max_severity", Type: collection.Integer, Column: "max_severity", Aggregate: true, Doc: "0..100, of its behaviors"},
		{Name: "max_confidence", Type: collection.Integer, Column: "max_confidence", Aggregate: true, Doc: "0..100, of its behaviors"},
		{Name: "first_behavior", Type: collection.Time, Column: "first_behavior", Aggregate: true, Doc: "when the first behavior was seen"},
		{Name: "last_behavior", Type: collection.Time, Column: "last_behavior", Aggregate: true, Doc: "when the last behavior was seen"},
		{Name: "extracted", Type: collection.Boolean, Column: "extracted", Aggregate: true, Doc: "it came out of an archive"},
		{Name: "primary_module", Type: collection.Boolean, Column: "primary_module", Aggregate: true, Doc: "it is a process's main program"},
		{
			Name: "is_on_removable_disk", Type: collection.Boolean, Column: "removable", Aggregate: true,
			Doc: "it lay on a removable disk",
		},
		{Name: "sandbox_report_id", Column: "sandbox_id", Doc: "its report of a sandbox"},
		{Name: "sandbox_report_state", Column: "sandbox_state", Aggregate: true, Doc: "where that report stands"},
	}
}

// childFields can have several values, each a row of a child table.
func childFields() []collection.Field {
	const (
		paths     = "quarantine_path"
		behaviors = "quarantine_behavior"
	)
	return []collection.Field{
		{
			Name: "paths.path", Child: paths, Column: "path", Folded: "path_folded", Low: "path_low", High: "path_high",
			Indexed: true, Sortable: true, Aggregate: true, InQ: true, Doc: "where the file lay",
		},
		{
			Name: "paths.filename", Child: paths, Column: "filename", Folded: "filename_folded", Indexed: true, Aggregate: true,
			Doc: "the file's name there",
		},
		{Name: "detect_ids", Child: "quarantine_detect", Column: "detect", Indexed: true, Aggregate: true, Doc: "its detections"},
		{Name: "alert_ids", Child: "quarantine_alert", Column: "alert", Indexed: true, Aggregate: true, Doc: "its alerts"},
		{Name: "behaviors.behavior_id", Child: behaviors, Column: "behavior", Indexed: true, Aggregate: true, Doc: "what was observed"},
		{
			Name: "behaviors.ioc_type", Child: behaviors, Column: "ioc_type", Lower: true, Aggregate: true,
			Doc: "what kind of indicator was seen",
		},
		{
			Name: "behaviors.ioc_value", Child: behaviors, Column: "ioc_value", Folded: "ioc_value_folded", Indexed: true, Aggregate: true,
			Doc: "the indicator",
		},
		{
			Name: "behaviors.tree_root_hash", Child: behaviors, Column: "tree_root_hash", Lower: true, Indexed: true, Aggregate: true,
			Doc: "the program at the root of its process tree",
		},
	}
}
